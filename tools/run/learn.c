/* Watches what a program does with files and ports, by a seccomp filter that asks us, and lets all of it go on. What it
 * asks about it may change meanwhile, and of what io_uring does for it nothing is seen: a help, and no boundary. */
#define _GNU_SOURCE
#include "run.h"

#include "learn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE 0
#endif

enum form { LANDLOCK, BIND, SECCOMP };
static const char *output;
static enum form form;
static int listener = -1;
static char start_directory[PATH_MAX];

static void learn(struct run *run, char *text)
{
    static const struct word forms[] = { { "landlock", LANDLOCK }, { "bind", BIND }, { "seccomp", SECCOMP }, { NULL, 0 } };
    form = text ? (enum form)parse_word(text, forms, "a form of what is learnt") : LANDLOCK;
    output = next_argument();
    (void)run;
    if (!NATIVE)
        usage("the calls of this machine are not known here");
    if (form == SECCOMP && !knows_calls())
        usage("this program was built without libseccomp, which knows the names of calls");
}

/* Since Linux 5.19 a signal waits until a call is answered. */
static uint32_t listener_flags(void)
{
    struct utsname is;
    unsigned long major = 0, minor = 0;
    bool is_new = !uname(&is) && sscanf(is.release, "%lu.%lu", &major, &minor) == 2 && (major > 5 || (major == 5 && minor >= 19));
    return FORKEXEC_SECCOMP_LISTENER | (is_new ? FORKEXEC_SECCOMP_KILLABLE : 0);
}

void prepare_learning(struct run *run)
{
    uint32_t numbers[MOST_KNOWN];
    struct sock_filter filter[MOST_KNOWN + 8];
    size_t known = form == SECCOMP ? 0 : known_calls(numbers);
    uint16_t n = 0;
    if (!output)
        return;
    if (!getcwd(start_directory, sizeof start_directory))
        fail(errno, "the current directory");
    /* Opened here, so that what is wrong with it is known before the program runs. */
    int fd = open(output, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
    current_option = "learn";
    if (fd < 0)
        usage("%s: %s", output, strerror(errno));
    close(fd);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < known; i++)
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], (uint8_t)(known - i), 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, form == SECCOMP ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    accept(forkexec_attr_set_no_new_privs(run->attr));
    accept(forkexec_attr_add_seccomp_filter(run->attr, filter, n, listener_flags()));
    current_option = NULL;
}

/* The file that is run, which is not asked about: without a slash it is looked for as the library does. */
static void see_command(const char *path)
{
    char candidate[2 * PATH_MAX + 2];
    const char *dirs = getenv("PATH");
    if (strchr(path, '/') || !dirs) {
        snprintf(candidate, sizeof candidate, "%s%s%s", *path == '/' ? "" : start_directory, *path == '/' ? "" : "/", path);
        saw_program(candidate);
        return;
    }
    for (; *dirs; dirs += strcspn(dirs, ":"), dirs += *dirs == ':') {
        snprintf(candidate, sizeof candidate, "%.*s/%s", (int)strcspn(dirs, ":"), dirs, path);
        if (*candidate == '/' && !access(candidate, X_OK)) {
            saw_program(candidate);
            return;
        }
    }
    saw_nothing("which file the command itself is");
}

void begin_learning(const struct forkexec_child *child, const char *path)
{
    if (!output)
        return;
    if ((listener = forkexec_child_seccomp_fd(child)) < 0)
        fail(-listener, "what the command does cannot be watched");
    if (path)
        see_command(path);
}

int learning_fd(void)
{
    return listener;
}

static void see(const struct seccomp_notif *asked)
{
    if (asked->data.arch != NATIVE)
        saw_nothing("calls of another architecture than the machine's own");
    else if (form == SECCOMP)
        saw_call((uint32_t)asked->data.nr);
    else
        see_call(&asked->data, (int32_t)asked->pid);
}

/* Looks at the next call, and lets it go on. False: there is nobody left who could make one. */
bool learn_next(void)
{
    static union { struct seccomp_notif is; char room[1024]; } asked;
    static union { struct seccomp_notif_resp is; char room[1024]; } answer;
    struct pollfd ready = { listener, POLLIN, 0 };
    if (poll(&ready, 1, 0) <= 0)
        return true;
    if (!(ready.revents & POLLIN))
        return false;
    memset(&asked, 0, sizeof asked);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
        return true;
    see(&asked.is);
    memset(&answer, 0, sizeof answer);
    answer.is.id = asked.is.id;
    answer.is.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    return true;
}

void end_learning(void)
{
    if (!output)
        return;
    FILE *out = fopen(output, "we");
    if (!out)
        fail(errno, output);
    if (form == LANDLOCK)
        print_landlock(out);
    else if (form == BIND)
        print_binds(out, start_directory);
    else
        print_calls(out);
    if (fclose(out))
        fail(errno, output);
}

static const struct option_row rows[] = {
    { "learn", "[=FORM] FILE", "write to FILE what the command would have to be granted, seen from what it does: as options of "
        "landlock or of bind, for --config, or as a profile of seccomp; a help, and no boundary", learn },
};
SECTION(learn, "Learning");
