/* A seccomp profile, between its JSON (profile.c) and the instructions it becomes (profile_filter.c); and what
 * forkexec-run hears of forkexec-run-profile, which reads it. */
#ifndef PROFILE_H
#define PROFILE_H
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum comparison { EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, MASKED_EQUAL };

/* Of MASKED_EQUAL value is the mask, and value_two what has to be left of the argument. */
struct condition {
    unsigned index;
    enum comparison comparison;
    uint64_t value, value_two;
};

/* What is answered to a call whose arguments meet all conditions. */
struct rule {
    char *name;             /* owned */
    uint32_t answer;        /* SECCOMP_RET_ with its data */
    struct condition conditions[6];
    size_t count;
    int place;              /* in the list of the profile, for messages */
};

struct profile {
    uint32_t answer;        /* to all that no rule is about */
    uint32_t flags;         /* FORKEXEC_SECCOMP_ */
    uint32_t arches[16];    /* as libseccomp numbers them; the native one first */
    size_t arch_count;
    struct rule *rules;     /* owned */
    size_t rule_count;
};

/* What forkexec-run-profile writes first. Then come that many instructions, or bytes of the sentence that says what is wrong. */
struct profile_reply {
    uint32_t is_refused;
    uint32_t flags;         /* FORKEXEC_SECCOMP_ */
    uint32_t length;
};
enum { MOST_INSTRUCTIONS = 4096 };

/* Reads the profile for a program with these capabilities, and closes fd; what is wrong with it ends this program. */
void read_profile(struct profile *profile, int fd, uint64_t capabilities);
void free_profile(struct profile *profile);
/* Writes the filter, and returns its length; what is wrong ends this program. */
size_t build_filter(const struct profile *profile, struct sock_filter *filter, size_t most);
/* Whether the call goes on. */
bool lets_pass(uint32_t answer);
#endif
