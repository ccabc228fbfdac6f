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

#ifdef WITH_SECCOMP_JSON
#include "profile.h"

void add_profiles(struct run *run)
{
    enum { MOST = 4096 };
    static struct sock_filter filter[MOST];
    for (size_t i = 0; i < count; i++) {
        struct profile profile;
        current_option = "seccomp-json";
        read_profile(&profile, profiles[i], capabilities_of_program(run));
        size_t length = build_filter(&profile, filter, MOST);
        accept(forkexec_attr_add_seccomp_filter(run->attr, filter, (uint32_t)length, profile.flags));
        free_profile(&profile);
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
    { "seccomp-json", "FILE", "put on a filter from the profile in FILE, as Docker's or that of an OCI container",
        seccomp_json },
};
CHAPTER(seccomp_json, "Filters from profiles");
