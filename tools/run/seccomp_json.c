/* Seccomp profiles. They are read when all options are, because what the program may do decides about rules. */
#define _GNU_SOURCE
#include "run.h"

#include <stdlib.h>

enum { MOST_PROFILES = 16 };
static const char *profiles[MOST_PROFILES];
static size_t count;

static void seccomp_json(struct run *run, char *path)
{
    (void)run;
    if (count == MOST_PROFILES)
        usage("these are more than %d", MOST_PROFILES);
    profiles[count++] = path;
}

#ifdef PROFILE_READER
#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* libseccomp and json-c cost a command that needs them not a third of its time, so they are in a program of their own. It
 * lies beside this one in the build folder and in a copy. */
static const char *find_reader(char *path, size_t size)
{
    const char *name = strrchr(PROFILE_READER, '/');
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    path[length > 0 ? length : 0] = 0;
    char *end = strrchr(path, '/');
    if (!end || strlen(name) >= size - (size_t)(end - path))
        return PROFILE_READER;
    strcpy(end, name);
    return access(path, X_OK) ? PROFILE_READER : path;
}

/* Starts the reader, which has the profile as descriptor 0. Returns where to read what it says. */
static int start_reader(int profile, uint64_t capabilities, struct forkexec_child **child)
{
    char place[4096], set[24];
    int ends[2];
    struct forkexec_error error;
    struct forkexec_attr *attr = forkexec_attr_new();
    if (!attr || pipe2(ends, O_CLOEXEC))
        usage("%s", strerror(attr ? errno : ENOMEM));
    snprintf(set, sizeof set, "%" PRIx64, capabilities);
    const char *path = find_reader(place, sizeof place);
    accept(forkexec_attr_map_fd(attr, profile, 0));
    accept(forkexec_attr_map_fd(attr, ends[1], 1));
    if (forkexec_spawn(attr, path, (char *[]){ (char *)path, set, NULL }, environ, child, &error))
        usage("%s cannot be started: %s", path, error.message);
    forkexec_attr_free(attr);
    close(ends[1]);
    return ends[0];
}

static void read_all(int fd, void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, (char *)to + done, size - done);
        if (n == 0)
            usage("the program that reads profiles ended too early");
        if (n < 0 && errno != EINTR)
            usage("%s", strerror(errno));
        done += n > 0 ? (size_t)n : 0;
    }
}

static void add_profile(struct run *run, const char *name)
{
    static struct sock_filter filter[MOST_INSTRUCTIONS];
    struct forkexec_child *child;
    struct forkexec_status status;
    struct profile_reply reply;
    int profile = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (profile < 0)
        usage("%s: %s", name, strerror(errno));
    int from = start_reader(profile, capabilities_of_program(run), &child);
    close(profile);
    read_all(from, &reply, sizeof reply);
    if (reply.length > MOST_INSTRUCTIONS)
        usage("the program that reads profiles is of another version");
    if (reply.is_refused) {
        char why[1024] = "";
        read_all(from, why, reply.length < sizeof why ? reply.length : sizeof why - 1);
        usage("%s", why);
    }
    read_all(from, filter, reply.length * sizeof *filter);
    close(from);
    /* Its end tells no more than what it has written. */
    forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
    forkexec_close(child);
    accept(forkexec_attr_add_seccomp_filter(run->attr, filter, reply.length, reply.flags));
}

void add_profiles(struct run *run)
{
    for (size_t i = 0; i < count; i++) {
        current_option = "seccomp-json";
        add_profile(run, profiles[i]);
        current_option = NULL;
    }
}
#else
void add_profiles(struct run *run)
{
    (void)run;
    if (!count)
        return;
    current_option = "seccomp-json";
    usage("this program was built without libseccomp and json-c");
}
#endif

static const struct option_row rows[] = {
    { "seccomp-json", "FILE", "install a filter from the profile in FILE, as Docker's or that of an OCI container",
        seccomp_json },
};
SECTION(seccomp_json, "Filters from profiles");
