/* Runs what an agent wrote: files in, no network, a time-out, a cap on output; the result as JSON.
 *
 * usage: code_runner [-f NAME=FILE]... [-t SECONDS] [-m BYTES] [-o BYTES] COMMAND [ARGUMENT]...
 *
 * -f puts a copy of FILE into the program's working directory as NAME, which may have folders; -t is the time that the
 * program has, -m the memory, -o how much of its output is kept. The program reads this process's standard input. Its files
 * exist in memory only: nothing is written to the host. */
#define _GNU_SOURCE
#include "collect.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { MOST_FILES = 64 };

static const char *const system_paths[] = { "/bin", "/lib", "/lib64", "/usr", "/etc/alternatives" };

struct request {
    char *files[MOST_FILES];
    size_t count;
    double seconds;
    uint64_t memory;
    size_t output;
    char **command;
};

/* The answer of a request that cannot be run at all. */
static int refuse(const char *what, const char *why, const char *stage)
{
    printf("{\"error\": \"%s%s\", \"stage\": \"%s\"}\n", what, why, stage);
    return 0;
}

/* --- sandbox */
static struct forkexec_attr *sandbox(uint64_t memory, uint64_t seconds)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET |
        FORKEXEC_NS_IPC | FORKEXEC_NS_UTS);
    forkexec_attr_map_uid(attr, 1000, geteuid(), 1);
    forkexec_attr_map_gid(attr, 1000, getegid(), 1);
    forkexec_attr_set_init(attr);
    forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
    for (size_t i = 0; i < sizeof system_paths / sizeof *system_paths; i++)
        forkexec_attr_bind_mount(attr, system_paths[i], system_paths[i],
            FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL);
    forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_tmpfs(attr, "/tmp", 64 << 20, 01777, FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_tmpfs(attr, "/box", 64 << 20, 0755,
        FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_CREATE);
    forkexec_attr_set_cwd(attr, "/box");
    forkexec_attr_set_search_path(attr, NULL);
    forkexec_attr_set_hostname(attr, "sandbox");
    forkexec_attr_set_rlimit(attr, RLIMIT_DATA, memory, memory);
    forkexec_attr_set_rlimit(attr, RLIMIT_CPU, seconds + 1, seconds + 1);
    forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, 0);
    forkexec_attr_set_rlimit(attr, RLIMIT_NPROC, 256, 256);
    forkexec_attr_set_session(attr);
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
    forkexec_attr_measure_memory(attr);
    return attr;
}
/* --- end */

/* Whether a name lies in the program's folder. A setter would refuse "..", and look nothing up outside of the root; this is
 * for who reads the answer. */
static bool is_inside(const char *name)
{
    if (name[0] == '/' || name[0] == '\0')
        return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

/* Adds one NAME=FILE; what is wrong with it, or NULL. The descriptor has to be open until the spawn has returned. */
static const char *add_file(struct forkexec_attr *attr, char *argument)
{
    char path[4096], *file = strchr(argument, '=');
    if (!file)
        return "needs NAME=FILE";
    *file++ = '\0';
    if (!is_inside(argument))
        return "does not lie in the folder";
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "cannot be read";
    snprintf(path, sizeof path, "/box/%s", argument);
    forkexec_attr_make_file_fd(attr, path, fd, 0644);
    return NULL;
}

/* JSON wants UTF-8. What is not ASCII is written as a question mark, so that no output of the program spoils the answer. */
static void print_text(const char *name, const struct output *output)
{
    printf(", \"%s\": \"", name);
    for (size_t i = 0; i < output->length; i++) {
        unsigned char c = (unsigned char)output->bytes[i];
        if (c == '\n')
            fputs("\\n", stdout);
        else if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ' || c == 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c < 0x80 ? c : '?');
    }
    putchar('"');
}

static void answer(const struct collected *collected, const struct forkexec_status *status, const struct output *outputs)
{
    printf("{\"timed_out\": %s, \"truncated\": %s", collected->timed_out ? "true" : "false",
        collected->truncated ? "true" : "false");
    if (collected->timed_out || collected->truncated)
        printf(", \"exit_code\": null");
    else
        printf(", \"exit_code\": %d", status->signal ? -status->signal : status->exit_code);
    printf(", \"seconds\": %.3f, \"memory\": %" PRIu64, (double)(status->user_ns + status->system_ns) / 1e9,
        status->max_rss_bytes);
    print_text("stdout", &outputs[0]);
    print_text("stderr", &outputs[1]);
    puts("}");
}

static int run(const struct request *request)
{
    char *const envp[] = { "PATH=/usr/bin:/bin", "HOME=/box", "LANG=C.UTF-8", NULL };
    struct forkexec_attr *attr = sandbox(request->memory, (uint64_t)request->seconds);
    struct output outputs[2];
    struct collected collected;
    struct forkexec_status status;
    struct forkexec_child *child;
    struct forkexec_error error;
    for (size_t i = 0; i < request->count; i++) {
        const char *wrong = add_file(attr, request->files[i]);
        if (wrong)
            return refuse("a file ", wrong, "validate");
    }
    if (open_output(&outputs[0]) || open_output(&outputs[1]))
        return refuse("pipe: ", strerror(errno), "none");
    forkexec_attr_map_fd(attr, outputs[0].write_end, 1);
    forkexec_attr_map_fd(attr, outputs[1].write_end, 2);
    if (forkexec_spawn(attr, request->command[0], request->command, envp, &child, &error))
        return refuse("", error.message, forkexec_stage_name(error.stage));
    forkexec_attr_free(attr);
    int failed = collect(child, outputs, request->output, (int64_t)(request->seconds * 1e9), &collected, &status);
    forkexec_close(child);
    if (failed)
        return refuse("wait: ", strerror(-failed), "none");
    answer(&collected, &status, outputs);
    free_output(&outputs[0]);
    free_output(&outputs[1]);
    return 0;
}

int main(int argc, char **argv)
{
    struct request request = { .seconds = 5, .memory = UINT64_C(512) << 20, .output = 64 << 10 };
    for (int option; (option = getopt(argc, argv, "+f:t:m:o:")) != -1;) {
        switch (option) {
        case 'f':
            if (request.count == MOST_FILES)
                return refuse("too many files", "", "validate");
            request.files[request.count++] = optarg;
            break;
        case 't': request.seconds = strtod(optarg, NULL); break;
        case 'm': request.memory = strtoull(optarg, NULL, 10); break;
        case 'o': request.output = strtoul(optarg, NULL, 10); break;
        default: return 2;
        }
    }
    request.command = argv + optind;
    if (optind == argc || !(request.seconds > 0 && request.seconds < 86400)) {
        fputs("usage: code_runner [-f NAME=FILE]... [-t SECONDS] [-m BYTES] [-o BYTES] COMMAND...\n", stderr);
        return 2;
    }
    return run(&request);
}
