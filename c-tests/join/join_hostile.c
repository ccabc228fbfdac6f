/* Processes in joined namespaces may attack the child. Before the child is the program, they find nothing of the caller in
 * it and no way out through it. If the namespaces end meanwhile, nothing is left behind. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif
enum { SEALS = 0xf }; /* F_SEAL_SEAL, _SHRINK, _GROW, _WRITE */

static const uint32_t inner = FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS;

static void need_join(void)
{
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    need_native();
}

static struct forkexec_child *container(uint32_t types)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_create_namespaces(attr, types));
    if (types & FORKEXEC_NS_USER)
        map_own_ids(attr, 0, 0);
    if (forkexec_hold(attr, &child, &error))
        fail_msg("%s", error.message);
    return child;
}

static struct forkexec_attr *joins(struct forkexec_child *child, uint32_t types)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(child), types));
    return attr;
}

/* What an observer could reach in a process. */
enum { EXE = 1, MAPS = 2, MEMORY = 4, ENVIRONMENT = 8, FD_LINKS = 16, TAKEN = 32, ROOT = 64, CWD = 128, TRACED = 256,
    ALL_OF_IT = 511 };

struct finding {
    int rounds, got;
    bool is_image, is_sealed, has_secret, has_caps;
    char what[160]; /* an unexpected descriptor or mapping */
};
static struct finding *finding; /* shared with the observer */
static volatile int *stop_looking;
static char secret[] = "nothing that anybody in there has to know";

static ssize_t read_link(int pid, const char *name, char *target, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    ssize_t n = readlink(path, target, size - 1);
    target[n < 0 ? 0 : n] = 0;
    return n;
}

static int open_of(int pid, const char *name, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return open(path, flags | O_CLOEXEC);
}

static void note(const char *what)
{
    if (!*finding->what)
        snprintf(finding->what, sizeof finding->what, "%.150s", what);
}

/* An open maps file shows the memory at the time of the open, also after an execve. */
static bool look_at_memory(int pid)
{
    static char bytes[1 << 16];
    char line[512];
    int fd = open_of(pid, "maps", O_RDONLY), memory = open_of(pid, "mem", O_RDONLY);
    FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
    bool is_image = false;
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx", &from, &to) != 2)
            continue;
        is_image |= strstr(line, "/memfd:forkexec") != NULL;
        for (; memory >= 0 && from < to && !strstr(line, "[v"); from += sizeof bytes / 2) {
            ssize_t n = pread(memory, bytes, to - from < sizeof bytes ? to - from : sizeof bytes, (off_t)from);
            if (n > 0 && memmem(bytes, (size_t)n, secret, sizeof secret - 1))
                finding->has_secret |= is_image;
        }
        if (is_image && strchr(line, '/') && !strstr(line, "/memfd:forkexec"))
            note(line);
    }
    finding->got |= (maps && (is_image || !finding->is_image) ? MAPS : 0) | (memory >= 0 ? MEMORY : 0);
    if (maps)
        fclose(maps);
    if (memory >= 0)
        close(memory);
    return is_image;
}

static void look_at_fds(int pid, bool is_image)
{
    char name[32], target[256];
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    for (int number = 0; number < 64; number++) {
        int taken = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
        finding->got |= taken >= 0 ? TAKEN : 0;
        close(taken);
        snprintf(name, sizeof name, "fd/%d", number);
        if (read_link(pid, name, target, sizeof target) < 0)
            continue;
        finding->got |= FD_LINKS;
        bool harmless = !strncmp(target, "pipe:", 5) || !strcmp(target, "anon_inode:[eventfd]");
        if (number > 2 && is_image && !harmless)
            note(text("fd %d: %s", number, target));
    }
    close(pidfd);
}

/* Inspects one process of which nothing is known. If it is the image, everything found there is a leak of the caller's. */
static void look_at(int pid)
{
    char target[256], line[256];
    bool is_image = read_link(pid, "exe", target, sizeof target) >= 0 && strstr(target, "memfd:forkexec");
    finding->got |= *target ? EXE : 0;
    finding->is_image |= is_image;
    if (is_image) {
        int exe = open_of(pid, "exe", O_RDONLY);
        finding->is_sealed = exe < 0 || (fcntl(exe, F_GET_SEALS) & SEALS) == SEALS;
        close(exe);
    }
    is_image |= look_at_memory(pid);
    int environment = open_of(pid, "environ", O_RDONLY);
    finding->got |= environment >= 0 && read(environment, line, sizeof line) > 0 ? ENVIRONMENT : 0;
    close(environment);
    look_at_fds(pid, is_image);
    finding->got |= read_link(pid, "root", target, sizeof target) >= 0 ? ROOT : 0;
    finding->got |= read_link(pid, "cwd", target, sizeof target) >= 0 ? CWD : 0;
    if (!ptrace(PTRACE_SEIZE, pid, 0, 0)) {
        finding->got |= TRACED;
        /* Only a process that has stopped can be detached from. */
        if (!ptrace(PTRACE_INTERRUPT, pid, 0, 0) && waitpid(pid, NULL, __WALL) == pid)
            ptrace(PTRACE_DETACH, pid, 0, 0);
    }
    uint64_t caps = strtoull(status_of(pid, "CapEff"), NULL, 16); /* 0 for a process that is gone */
    finding->has_caps |= is_image && caps;
}

/* The observer is root in the namespaces, with all capabilities there. */
struct observer {
    int pidfd;
    uint32_t types;
    bool for_ever;
};

static void look_around(int first_own)
{
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        int pid = atoi(entry->d_name);
        if (pid > 1 && pid != first_own && pid != getpid())
            look_at(pid);
    }
    if (dir)
        closedir(dir);
    finding->rounds++;
}

static void observe(void *with)
{
    const struct observer *observer = with;
    must(setns(observer->pidfd, (int)observer->types) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        must(unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
        must(mount("proc", "/proc", "proc", 0, NULL) == 0);
        do
            look_around(getpid());
        while (observer->for_ever && !*stop_looking);
        _exit(0);
    }
    int status = -1;
    must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void begin_to_look(void)
{
    if (!finding)
        finding = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(finding, MAP_FAILED);
    stop_looking = (volatile int *)((char *)finding + 4096);
    memset(finding, 0, sizeof *finding);
    *stop_looking = 0;
}

static void look_from(struct forkexec_child *box, uint32_t types)
{
    begin_to_look();
    struct observer observer = { forkexec_child_pidfd(box), types, false };
    assert_in_caller(observe, &observer);
    assert_int_equal(finding->rounds, 1);
}

/* A child that has come to one of its last steps: it is visible in the namespaces, and waits for a FIFO. */
static struct forkexec_child *stuck(struct forkexec_attr *attr, const char *fifo)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(mkfifo(fifo, 0666));
    OK(chmod(fifo, 0666));
    OK(forkexec_attr_open_fd(attr, 5, fifo, O_RDONLY, 0));
    if (forkexec_start(attr, reporter, REPORTER("sleep"), (char *[]){ "A=B", NULL }, &child, &error))
        fail_msg("%s", error.message);
    pid_t first = forkexec_child_pid(child);
    for (double end = seconds() + 10; forkexec_child_pid(child) == first && seconds() < end;)
        assert_int_equal(forkexec_release(child, 10000000, &error), -ETIMEDOUT);
    assert_int_not_equal(forkexec_child_pid(child), first);
    /* The steps after the second clone take hardly any time. */
    for (double end = seconds() + 10; seconds() < end; usleep(1000)) {
        char at[64] = "";
        FILE *in = fopen(text("/proc/%d/syscall", forkexec_child_pid(child)), "re");
        bool opens = in && fgets(at, sizeof at, in) && atoi(at) == SYS_openat;
        if (in)
            fclose(in);
        if (opens || geteuid())
            break;
    }
    if (geteuid())
        usleep(100000);
    return child;
}

static void unstick(struct forkexec_child *child, const char *fifo)
{
    struct forkexec_error error;
    int fd = open(fifo, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    if (forkexec_release(child, FORKEXEC_FOREVER, &error))
        fail_msg("%s", error.message);
    close(fd);
}

TEST(the_child_cannot_be_inspected_from_a_user_namespace)
{
    need_join();
    setenv("SECRET", secret, 1);
    const char *fifo = scratch_path("fifo");
    uint32_t types = inner | FORKEXEC_NS_USER;
    struct forkexec_child *box = container(types);
    struct forkexec_child *child = stuck(joins(box, types), fifo);
    look_from(box, types);
    assert_int_equal(finding->got, 0);
    unstick(child, fifo);
    /* The program belongs to them: every observer can inspect it. */
    assert_true(is_the_reporter(forkexec_child_pid(child)));
    look_from(box, types);
    assert_int_equal(finding->got, ALL_OF_IT);
    assert_false(finding->is_image);
    forkexec_signal(child, SIGKILL);
    finish(child);
    forkexec_close(child);
    forkexec_close(box);
    unsetenv("SECRET");
}

/* Where the observer is the caller's root, nothing protects the child from inspection, but there is nothing in it. */
TEST(root_finds_nothing_in_the_child)
{
    need_join();
    need_root();
    setenv("SECRET", secret, 1);
    const char *fifo = scratch_path("fifo");
    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct forkexec_child *box = container(inner);
    struct forkexec_attr *attr = joins(box, inner);
    OK(forkexec_attr_drop_capabilities(attr));
    OK(forkexec_attr_set_cwd_fd(attr, directory));
    OK(forkexec_attr_set_cwd(attr, "/"));
    struct forkexec_child *child = stuck(attr, fifo);
    look_from(box, inner);
    assert_int_equal(finding->got, ALL_OF_IT);
    assert_true(finding->is_image);
    assert_true(finding->is_sealed);
    assert_false(finding->has_secret);
    assert_false(finding->has_caps);
    assert_string_equal(finding->what, "");
    unstick(child, fifo);
    forkexec_signal(child, SIGKILL);
    finish(child);
    forkexec_close(child);
    forkexec_close(box);
    close(directory);
    unsetenv("SECRET");
}

/* Many children start and end while an observer looks without a pause. */
static void race(uint32_t types, int children)
{
    setenv("SECRET", secret, 1);
    struct forkexec_child *box = container(types);
    struct forkexec_attr *attr = joins(box, types);
    OK(forkexec_attr_drop_capabilities(attr));
    begin_to_look();
    struct observer observer = { forkexec_child_pidfd(box), types, true };
    pid_t pid = fork_caller(observe, &observer);
    for (double end = seconds() + 10; !finding->rounds && seconds() < end; usleep(1000))
        ;
    for (int i = 0; i < children; i++)
        assert_int_equal(finish(start(attr, reporter, REPORTER("exit", "3"), (char *[]){ NULL })).exit_code, 3);
    *stop_looking = 1;
    assert_int_equal(wait_status_of(pid), 0);
    assert_true(finding->rounds > 1);
    forkexec_close(box);
    unsetenv("SECRET");
}

TEST(an_observer_in_a_user_namespace_is_never_fast_enough)
{
    need_join();
    race(inner | FORKEXEC_NS_USER, 200);
    assert_false(finding->is_image);
    assert_string_equal(finding->what, "");
}

TEST(root_is_fast_enough_and_finds_nothing)
{
    need_join();
    need_root();
    race(inner, 200);
    assert_true(!finding->is_image || finding->is_sealed);
    assert_false(finding->has_secret);
    assert_false(finding->has_caps);
    assert_string_equal(finding->what, "");
}

/* A container with a root of its own, which contains the reporter. */
static struct forkexec_child *rooted_container(void)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_create_namespaces(attr, inner | FORKEXEC_NS_USER));
    map_own_ids(attr, 0, 0);
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, reporter, "/reporter", FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
    if (forkexec_hold(attr, &child, &error))
        fail_msg("%s", error.message);
    return child;
}

TEST_BOTH(no_directory_leads_out)
{
    need_join();
    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const uint32_t types = inner | FORKEXEC_NS_USER;
    struct forkexec_child *box = rooted_container();
    struct forkexec_attr *attr = joins(box, types);
    char *argv[] = { "reporter", NULL };
    OK(forkexec_attr_set_cwd(attr, "/proc"));
    struct view *view = run_reporter(attr, .path = "/reporter", .argv = argv);
    assert_saw(view, "cwd", "/proc");
    assert_saw(view, "fds", "0 1 2");
    OK(forkexec_attr_set_cwd_fd(attr, directory));
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD_CHECK, ENOENT, -1);
    attr = joins(box, types);
    OK(forkexec_attr_map_fd(attr, directory, 40));
    /* In there the root user is not mapped. */
    OK(forkexec_attr_set_cwd(attr, text("/proc/self/fd/%d", directory)));
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD, ENOENT, -1);
    attr = joins(box, types);
    OK(forkexec_attr_map_fd(attr, directory, 40));
    OK(forkexec_attr_enter_directory(attr, "/proc/self/fd/40"));
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FD_ACTION, ENOENT, 0);
    attr = joins(box, types);
    OK(forkexec_attr_map_fd(attr, directory, 40));
    OK(forkexec_attr_enter_directory_fd(attr, 40));
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FD_ACTION, ENOENT, 0);
    forkexec_close(box);
    close(directory);
}

/* The container's processes are gone, and its pid namespace with them. Its other namespaces last as long as their
 * descriptors. */
TEST_BOTH(a_container_that_has_ended)
{
    need_join();
    static const uint32_t kinds[] = { FORKEXEC_NS_USER, FORKEXEC_NS_PID, FORKEXEC_NS_IPC };
    struct forkexec_child *box = container(inner | FORKEXEC_NS_USER);
    struct forkexec_attr *attr = new_attr();
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = forkexec_child_namespace_fd(box, kinds[i]);
        OK(forkexec_attr_join_namespace(attr, fds[i], kinds[i]));
    }
    assert_int_equal(reporter_exits(attr, "exit", "4"), 4);
    OK(forkexec_signal(box, SIGKILL));
    assert_true(ends(forkexec_child_pid(box)));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LAST_CLONE, ENOMEM, -1);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    forkexec_close(box);
}

TEST(a_container_that_ends_while_the_child_is_held)
{
    need_join();
    struct forkexec_child *box = container(inner | FORKEXEC_NS_USER);
    struct forkexec_child *child = start_held(joins(box, inner | FORKEXEC_NS_USER), REPORTER("sleep"));
    struct forkexec_error error;
    assert_non_null(child);
    OK(forkexec_signal(box, SIGKILL));
    assert_true(ends(forkexec_child_pid(box)));
    assert_int_equal(forkexec_release(child, FORKEXEC_FOREVER, &error), -ENOMEM);
    assert_int_equal(error.stage, FORKEXEC_STAGE_LAST_CLONE);
    forkexec_close(child);
    forkexec_close(box);
}

TEST(a_container_that_ends_with_the_child_in_it)
{
    need_join();
    struct forkexec_child *box = container(inner | FORKEXEC_NS_USER);
    struct forkexec_child *child = stuck(joins(box, inner | FORKEXEC_NS_USER), scratch_path("fifo"));
    struct forkexec_error error;
    OK(forkexec_signal(box, SIGKILL));
    assert_int_equal(forkexec_release(child, FORKEXEC_FOREVER, &error), -ECANCELED);
    assert_int_equal(error.signal, SIGKILL);
    assert_true(ends(error.pid));
    forkexec_close(child);
    forkexec_close(box);
}

/* All eight types. A time namespace is entered only at execve, so the namespaces of a program are joined. */
TEST_BOTH(all_eight_types)
{
    need_join();
    need(exists("/proc/self/ns/time"), "needs time namespaces");
    static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };
    const uint32_t eight = inner | FORKEXEC_NS_USER | FORKEXEC_NS_NET | FORKEXEC_NS_CGROUP | FORKEXEC_NS_TIME;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, eight));
    map_own_ids(attr, 0, 0);
    struct forkexec_child *box = start_reporter(attr, "sleep");
    struct forkexec_child *child = start_reporter(joins(box, eight), "sleep");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *is = namespace_of(forkexec_child_pid(child), names[i]);
        assert_string_equal(is, namespace_of(forkexec_child_pid(box), names[i]));
        assert_string_not_equal(is, namespace_of(getpid(), names[i]));
    }
    OK(forkexec_signal(box, SIGKILL));
    /* The first process of a pid namespace ends only after all others are reaped. */
    assert_int_equal(finish(child).signal, SIGKILL);
    finish(box);
}
