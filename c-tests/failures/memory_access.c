/* Whose memory a child shows to processes that may inspect it: never the caller's. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define SECOND 1000000000LL
#define MIB (1024ul * 1024)
#define SECRET 32

/* Known to the caller, and to the attacker, which is a fork and has to recognise it. The secret is stored inverted except
 * at one address in the caller. */
struct shared {
    atomic_bool over;
    atomic_int round;      /* number of the spawn */
    atomic_long read;      /* bytes of children that the attacker could read */
    atomic_int found;      /* how often the secret was among them */
    atomic_int of_caller;  /* how often the caller itself could be reached */
};
static struct shared *shared;
static unsigned char *secret, inverted[SECRET];

static void make_secret(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    secret = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(shared != MAP_FAILED && secret != MAP_FAILED);
    must(getentropy(inverted, SECRET) == 0);
    for (int i = 0; i < SECRET; i++)
        secret[i] = (unsigned char)~inverted[i];
}

static bool is_secret(const unsigned char *bytes)
{
    for (int i = 0; i < SECRET; i++)
        if (bytes[i] != (unsigned char)~inverted[i])
            return false;
    return true;
}

/* The attacker erases the secret; only its inverse is left. */
static void forget(void)
{
    memset(secret, 0, 4096);
}

static bool search(const unsigned char *bytes, size_t length)
{
    for (const unsigned char *at = bytes, *end = bytes + length; at + SECRET <= end; at++) {
        at = memchr(at, (unsigned char)~inverted[0], (size_t)(end - at));
        if (!at || at + SECRET > end)
            return false;
        if (is_secret(at))
            return true;
    }
    return false;
}

/* Reads the memory and overwrites it where the secret would be, in all three ways. */
static void attack(pid_t pid, bool trace)
{
    static unsigned char bytes[1 << 20];
    unsigned char lie[SECRET] = { 0 };
    struct iovec here = { bytes, SECRET }, there = { secret, SECRET }, lies = { lie, SECRET };
    char path[64], line[512];
    if (trace && ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
        int status;
        waitpid(pid, &status, __WALL);
    }
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) == SECRET && is_secret(bytes))
        atomic_fetch_add(&shared->found, 1);
    if (process_vm_writev(pid, &lies, 1, &there, 1, 0) > 0)
        atomic_fetch_add(&shared->of_caller, 1);
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int mem = open(path, O_RDWR | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    while (mem >= 0 && maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char readable;
        if (sscanf(line, "%lx-%lx %c", &from, &to, &readable) != 3 || readable != 'r')
            continue;
        for (; from < to; from += sizeof bytes - SECRET) {
            size_t most = to - from < sizeof bytes ? to - from : sizeof bytes;
            ssize_t n = pread(mem, bytes, most, (off_t)from);
            if (n <= 0)
                break;
            atomic_fetch_add(&shared->read, n);
            if (search(bytes, (size_t)n))
                atomic_fetch_add(&shared->found, 1);
        }
    }
    if (maps)
        fclose(maps);
    if (mem >= 0) {
        if (pwrite(mem, lie, SECRET, (off_t)(uintptr_t)secret) > 0)
            atomic_fetch_add(&shared->of_caller, 1);
        close(mem);
    }
    /* A process that was killed meanwhile is reported to its parent only after its tracer has seen it. */
    if (trace && ptrace(PTRACE_DETACH, pid, NULL, NULL))
        waitpid(pid, NULL, __WALL);
}

static void must_become(uid_t uid)
{
    must(syscall(SYS_setgroups, 0, NULL) == 0 || errno == EPERM);
    must(setresgid(uid, uid, uid) == 0);
    must(setresuid(uid, uid, uid) == 0);
    prctl(PR_SET_DUMPABLE, 1);
}

/* Attacks the caller and all its children for as long as the caller says; or one child, once. */
static pid_t begin_attacker(uid_t uid, pid_t only)
{
    pid_t caller = getpid(), pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    forget();
    if (geteuid() == 0)
        must_become(uid);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (only) {
        attack(only, false);
        attack(only, true);
        _exit(0);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", caller, caller);
    while (!atomic_load(&shared->over)) {
        FILE *in = fopen(path, "re");
        for (int child; in && fscanf(in, "%d", &child) == 1;)
            if (child != getpid())
                attack(child, atomic_load(&shared->round) % 2);
        if (in)
            fclose(in);
    }
    _exit(0);
}

static void end_attacker(pid_t pid)
{
    atomic_store(&shared->over, true);
    must(wait_status_of(pid) == 0);
}

/* The attacker must find the secret in a plain fork of the caller, or the test could not fail. */
static void be_found_out(void *unused)
{
    (void)unused;
    make_secret();
    pid_t victim = fork();
    if (victim == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    must(wait_status_of(begin_attacker(geteuid(), victim)) == 0);
    kill(victim, SIGKILL);
    wait_status_of(victim);
    must(atomic_load(&shared->read) > 0);
    must(atomic_load(&shared->found) > 0);
    must(atomic_load(&shared->of_caller) > 0);
}

TEST(the_attack_finds_the_secret_in_a_fork)
{
    need_native();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    need(false, "the sanitizer maps more than can be searched");
#endif
    assert_in_caller(be_found_out, NULL);
}

/* Children get the attacker's user, again and again. The attacker may read them from then on. */
static void spawn_for_the_attacker(void *unused)
{
    (void)unused;
    make_secret();
    const uid_t uid = 1000;
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_uid(attr, uid) == 0 && forkexec_attr_set_gid(attr, uid) == 0);
    pid_t attacker = begin_attacker(uid, 0);
    double end = seconds() + 20;
    for (int i = 0; i < 200 || (atomic_load(&shared->read) == 0 && seconds() < end); i++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        atomic_store(&shared->round, i);
        if (i % 2) {
            must_start(forkexec_start(attr, reporter, REPORTER("sleep"), NULL, &child, &error), &error);
            must_start(forkexec_release(child, FORKEXEC_FOREVER, &error), &error);
        } else
            must_start(forkexec_spawn(attr, reporter, REPORTER("sleep"), NULL, &child, &error), &error);
        usleep(i % 4 < 2 ? 0 : 3000);
        must(forkexec_signal(child, SIGKILL) == 0);
        while (forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0) == -EINTR)
            ;
        forkexec_close(child);
    }
    end_attacker(attacker);
    printf("# the attacker could read %ld bytes of programs\n", atomic_load(&shared->read));
    must(atomic_load(&shared->read) > 0);
    must(atomic_load(&shared->found) == 0 && atomic_load(&shared->of_caller) == 0);
    must(is_secret(secret));
    must(prctl(PR_GET_DUMPABLE) == 1);
}

TEST(children_that_get_another_user_do_not_show_the_callers_memory)
{
    need_native();
    need_root();
    assert_in_caller(spawn_for_the_attacker, NULL);
}

/* Held children, one for each attribute that gives another user access to them. */

static void must_hide(struct forkexec_attr *attr, uid_t uid)
{
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    must(child);
    atomic_store(&shared->read, 0);
    must(wait_status_of(begin_attacker(uid, forkexec_child_pid(child))) == 0);
    must(atomic_load(&shared->found) == 0 && atomic_load(&shared->of_caller) == 0);
    must(atomic_load(&shared->read) == 0);
    must(is_secret(secret));
    must(forkexec_signal(child, SIGKILL) == 0);
    forkexec_close(child);
}

static void hold_for_the_attacker(void *unused)
{
    (void)unused;
    make_secret();
    const uid_t uid = 1000;
    struct forkexec_attr *ids = new_attr(), *mapped = new_attr(), *both = new_attr();
    must(forkexec_attr_set_uid(ids, uid) == 0);
    must(forkexec_attr_create_namespaces(mapped, FORKEXEC_NS_USER) == 0);
    must(forkexec_attr_map_uid(mapped, 0, uid, 1) == 0 && forkexec_attr_map_gid(mapped, 0, uid, 1) == 0);
    must(forkexec_attr_create_namespaces(both, FORKEXEC_NS_USER | FORKEXEC_NS_PID) == 0);
    must(forkexec_attr_map_uid(both, 0, uid, 1) == 0 && forkexec_attr_map_gid(both, 0, uid, 1) == 0);
    must(forkexec_attr_set_uid(both, 0) == 0 && forkexec_attr_set_gid(both, 0) == 0);
    must_hide(ids, uid);
    must_hide(mapped, uid);
    must_hide(both, uid);
    /* The attacker now owns the user namespace, and may do everything to processes in it. It finds an image, and not the
     * caller. */
    must(syscall(SYS_setresuid, 0, uid, 0) == 0);
    prctl(PR_SET_DUMPABLE, 1);
    struct forkexec_attr *owned = new_attr();
    must(forkexec_attr_create_namespaces(owned, FORKEXEC_NS_USER) == 0);
    struct forkexec_child *child = start_held(owned, REPORTER("sleep"));
    must(child);
    must(syscall(SYS_setresuid, 0, 0, 0) == 0);
    prctl(PR_SET_DUMPABLE, 1);
    atomic_store(&shared->read, 0);
    must(wait_status_of(begin_attacker(uid, forkexec_child_pid(child))) == 0);
    printf("# the attacker could read %ld bytes of an image\n", atomic_load(&shared->read));
    must(atomic_load(&shared->found) == 0 && atomic_load(&shared->of_caller) == 0);
    must(is_secret(secret));
    forkexec_close(child);
}

TEST(held_children_do_not_show_the_callers_memory)
{
    need_native();
    need_root();
    need_user_namespaces();
    assert_in_caller(hold_for_the_attacker, NULL);
}

/* An undumpable caller has children in user namespaces, which belong to its own user. */
static void hide_from_ones_own_kind(void *unused)
{
    (void)unused;
    make_secret();
    if (geteuid() == 0)
        must_become(1000);
    prctl(PR_SET_DUMPABLE, 0);
    struct forkexec_attr *owned = new_attr();
    struct forkexec_child *child = NULL;
    must(forkexec_attr_create_namespaces(owned, FORKEXEC_NS_USER) == 0);
    must(forkexec_hold(owned, &child, NULL) == 0);
    pid_t pid = forkexec_child_pid(child), attacker = fork();
    if (attacker == 0) {
        forget();
        attack(getppid(), false);
        must(atomic_load(&shared->read) == 0);
        attack(pid, false);
        attack(pid, true);
        _exit(0);
    }
    must(wait_status_of(attacker) == 0);
    must(atomic_load(&shared->found) == 0 && atomic_load(&shared->of_caller) == 0);
    must(is_secret(secret));
    must(prctl(PR_GET_DUMPABLE) == 0);
    forkexec_close(child);
}

TEST(children_do_not_show_the_memory_of_an_undumpable_caller)
{
    need_native();
    need_user_namespaces();
    assert_in_caller(hide_from_ones_own_kind, NULL);
}
