/* The references: the same requests as bare system calls in the right order, without checks, signal masks or error reports.
 * Those that change ids or make a user namespace first exec a static image, as the library does: a child with other ids that
 * shares the caller's memory would give other users access to the caller. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GO = 3, REPORT = 4, FOUR_NAMESPACES = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS };

static const char two_ranges[] = "0 0 1\n1 100000 1000\n";
static char stack[32768] __attribute__((aligned(16)));
static int image = -1;
static int last_cap;

struct handover {
    enum what what;
    int go, report; /* report: -1 for none */
    char *const *argv;
};

void raw_prepare(void)
{
    char path[4096];
    struct stat st;

    find_sibling("image", path, sizeof path);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    must(from >= 0 && fstat(from, &st) == 0, path);
    int file = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    must(file >= 0 && sendfile(file, from, NULL, st.st_size) == st.st_size, "fill the image");
    must(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0, "seal the image");
    /* Above descriptors 3 and 4, which the image uses for its pipes. */
    image = fcntl(file, F_DUPFD_CLOEXEC, 10);
    must(image >= 0, "move the image");
    close(file);
    close(from);
    /* Keep 3 and 4 open, so that no pipe gets these numbers: dup3 of a descriptor to itself fails. */
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int fd = GO; fd <= REPORT; fd++)
        must(null == fd || dup3(null, fd, O_CLOEXEC) == fd, "reserve the image's descriptors");

    while (prctl(PR_CAPBSET_READ, last_cap + 1, 0, 0, 0) >= 0)
        last_cap++;
}

int raw_image(void)
{
    return image;
}

/* An exec by an unmapped id drops the new namespace's capabilities, unless they are ambient. */
static void raise_ambient(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    syscall(SYS_capget, &header, data);
    for (int i = 0; i < 2; i++)
        data[i].inheritable = data[i].permitted;
    syscall(SYS_capset, &header, data);
    for (int cap = 0; cap <= last_cap; cap++)
        syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

static int become_image(void *arg)
{
    const struct handover *handover = arg;

    if (handover->what != IDS)
        raise_ambient();
    syscall(SYS_dup3, handover->go, GO, 0);
    if (handover->report >= 0)
        syscall(SYS_dup3, handover->report, REPORT, 0);
    syscall(SYS_close_range, handover->report >= 0 ? REPORT + 1 : GO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    syscall(SYS_execveat, image, "", handover->argv, no_environ, AT_EMPTY_PATH);
    _exit(126);
}

static int execute_in_private_mounts(void *unused)
{
    (void)unused;
    if (syscall(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        execve(tiny, tiny_argv, no_environ);
    _exit(127);
}

static void write_map(pid_t pid, const char *map)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, map);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    must(fd >= 0 && write(fd, two_ranges, sizeof two_ranges - 1) > 0, path);
    close(fd);
}

/* A process that waits in its namespaces until it is killed: the image, to which no byte is sent. */
void hold_raw(enum what what, struct times *times)
{
    char *argv[] = {"image", "f", tiny, NULL};
    int go[2];

    double start = now();
    must(pipe2(go, O_CLOEXEC) == 0, "make a pipe");
    struct handover handover = {what, go[0], -1, argv};
    pid_t pid = clone(become_image, stack + sizeof stack,
                      CLONE_VM | CLONE_VFORK | SIGCHLD | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC, &handover);
    must(pid > 0, "clone the raw reference's holder");
    close(go[0]);
    write_map(pid, "uid_map");
    write_map(pid, "gid_map");
    times->returned = now() - start;
    kill(pid, SIGKILL);
    must(waitpid(pid, NULL, 0) == pid, "wait for the raw reference's holder");
    close(go[1]);
    times->total = now() - start;
}

static void through_image(enum what what, int with_report, struct times *times)
{
    int sandbox = what == SANDBOX || what == SANDBOX_NET;
    char letters[3] = {what == IDS ? 'i' : what == USER ? 'u' : sandbox ? 's' : 'f', with_report ? 'r' : 0, 0};
    char *argv[] = {"image", letters, sandbox ? "/run/tiny" : tiny, tiny_directory, NULL};
    int go[2], report[2] = {-1, -1};
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    char byte = 'x';

    if (what != IDS)
        flags |= CLONE_NEWUSER;
    if (what == FIVE || sandbox)
        flags |= FOUR_NAMESPACES;
    if (sandbox)
        flags |= CLONE_NEWCGROUP;
    if (what == SANDBOX_NET)
        flags |= CLONE_NEWNET;
    double start = now();
    must(pipe2(go, O_CLOEXEC) == 0 && (!with_report || pipe2(report, O_CLOEXEC) == 0), "make pipes");
    struct handover handover = {what, go[0], report[1], argv};
    pid_t pid = clone(become_image, stack + sizeof stack, flags, &handover);
    must(pid > 0, "clone the raw reference's child");
    close(go[0]);
    if (what != IDS) {
        write_map(pid, "uid_map");
        write_map(pid, "gid_map");
    }
    must(write(go[1], &byte, 1) == 1, "let the image go");
    close(go[1]);
    if (with_report) {
        close(report[1]);
        must(read(report[0], &byte, 1) == 0, "see the image's end closed by its exec");
        close(report[0]);
    }
    times->returned = now() - start;
    must_have_exited(pid);
    times->total = now() - start;
}

static void without_image(struct times *times)
{
    double start = now();
    pid_t pid = clone(execute_in_private_mounts, stack + sizeof stack,
                      CLONE_VM | CLONE_VFORK | SIGCHLD | FOUR_NAMESPACES, NULL);

    must(pid > 0, "clone into four namespaces");
    times->returned = now() - start;
    must_have_exited(pid);
    times->total = now() - start;
}

/* With the image this returns when the byte is sent: `returned` does not tell that the program runs. */
void spawn_raw(enum what what, struct times *times)
{
    if (what == FOUR)
        without_image(times);
    else
        through_image(what, 0, times);
}

/* The same with an answer: a second pipe, whose end of file tells that the exec was done. To know this takes at least one
 * more switch to the caller and back, and this row shows how long that is. Two pipes, since one socket pair takes longer to make
 * and to close: 1.13 of the row without an answer, where two pipes take 1.08. */
void spawn_raw_report(enum what what, struct times *times)
{
    through_image(what, 1, times);
}
