/* Starts a program in a container of runc, by `runc exec`. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char place[64], root[80], bundle[80], program[128], pid_file[96], name[32];
static pid_t maker;

/* The first process of the container is never started: it waits, and that keeps the container. */
static const char config[] =
    "{\"ociVersion\": \"1.0.2\", \"hostname\": \"bench\", \"root\": {\"path\": \"rootfs\", \"readonly\": true},\n"
    " \"process\": {\"user\": {\"uid\": 0, \"gid\": 0}, \"args\": [\"/tiny\"], \"cwd\": \"/\", \"noNewPrivileges\": true,\n"
    "  \"capabilities\": {\"bounding\": [\"CAP_KILL\"], \"permitted\": [\"CAP_KILL\"], \"effective\": [\"CAP_KILL\"]},\n"
    "  \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 1024, \"hard\": 1024}]},\n"
    " \"mounts\": [{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"}],\n"
    " \"linux\": {\"namespaces\": [{\"type\": \"user\"}, {\"type\": \"pid\"}, {\"type\": \"network\"},\n"
    "   {\"type\": \"ipc\"}, {\"type\": \"uts\"}, {\"type\": \"mount\"}],\n"
    "  \"uidMappings\": [{\"containerID\": 0, \"hostID\": 0, \"size\": 65536}],\n"
    "  \"gidMappings\": [{\"containerID\": 0, \"hostID\": 0, \"size\": 65536}]}}\n";

static pid_t started(char *const argv[])
{
    pid_t pid;

    errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
    must(errno == 0, argv[0]);
    return pid;
}

/* Forks of this process run this too, when they exit with an error. */
static void delete_container(void)
{
    if (getpid() != maker)
        return;
    must_have_exited(started((char *[]){"runc", "--root", root, "delete", "--force", name, NULL}));
    must_have_exited(started((char *[]){"rm", "-r", place, NULL}));
}

static void write_config(void)
{
    char path[96];

    snprintf(path, sizeof path, "%s/config.json", bundle);
    FILE *file = fopen(path, "w");
    must(file && fputs(config, file) >= 0 && fclose(file) == 0, path);
}

static void make_container(void)
{
    const char *tmp = getenv("TMPDIR");
    char rootfs[96];

    maker = getpid();
    snprintf(name, sizeof name, "forkexec-bench-%d", maker);
    snprintf(place, sizeof place, "%s/container-XXXXXX", tmp && strlen(tmp) < 24 ? tmp : "/tmp");
    must(mkdtemp(place) != NULL, "make a directory for the container");
    snprintf(root, sizeof root, "%s/runc", place);
    snprintf(bundle, sizeof bundle, "%s/bundle", place);
    snprintf(rootfs, sizeof rootfs, "%s/rootfs", bundle);
    snprintf(program, sizeof program, "%s/tiny", rootfs);
    snprintf(pid_file, sizeof pid_file, "%s/pid", place);
    must(mkdir(bundle, 0755) == 0 && mkdir(rootfs, 0755) == 0, "make a bundle");
    must_have_exited(started((char *[]){"cp", tiny, program, NULL}));
    write_config();
    atexit(delete_container);
    must_have_exited(started((char *[]){"runc", "--root", root, "create", "--bundle", bundle, "--pid-file", pid_file,
        name, NULL}));
}

/* Returns the pidfd of the container's first process. */
int runc_container(void)
{
    static int pidfd = -1;
    int pid;

    if (pidfd >= 0)
        return pidfd;
    make_container();
    FILE *file = fopen(pid_file, "r");
    must(file && fscanf(file, "%d", &pid) == 1 && fclose(file) == 0, pid_file);
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    must(pidfd >= 0, "open the container's first process");
    fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    return pidfd;
}

void spawn_runc(enum what what, struct times *times)
{
    (void)what;
    runc_container();
    /* runc's threads may use every processor, as they do elsewhere. */
    unpin_thread();
    double start = now();
    pid_t pid = started((char *[]){"runc", "--root", root, "exec", name, "/tiny", NULL});
    times->returned = now() - start;
    must_have_exited(pid);
    times->total = now() - start;
    pin_thread(pinned_cpu());
}
