/* Privileges. */
#define _GNU_SOURCE
#include "run.h"

#include "host.h"

#include <stdlib.h>
#include <unistd.h>

static void caps(struct run *run, char *text)
{
    static const struct word sets[] = { { "permitted", FORKEXEC_CAP_PERMITTED }, { "effective", FORKEXEC_CAP_EFFECTIVE },
        { "inheritable", FORKEXEC_CAP_INHERITABLE }, { "bounding", FORKEXEC_CAP_BOUNDING }, { NULL, 0 } };
    char *list = cut_required(text, '=');
    uint32_t which = (uint32_t)parse_words(text, sets, "a set of capabilities");
    uint64_t set = parse_capabilities(list);
    accept(forkexec_attr_set_capabilities(run->attr, which, set));
    if (which & FORKEXEC_CAP_BOUNDING) {
        run->has_bounding = true;
        run->bounding = set;
    }
}

static void ambient(struct run *run, char *list)
{
    run->has_ambient = true;
    run->ambient = parse_capabilities(list);
    accept(forkexec_attr_set_ambient(run->attr, run->ambient));
}

static void drop_caps(struct run *run, char *none)
{
    (void)none;
    run->drops_caps = true;
    accept(forkexec_attr_drop_capabilities(run->attr));
}

static void securebits(struct run *run, char *text)
{
    static const struct word bits[] = { { "noroot", 1 }, { "noroot-locked", 2 }, { "no-setuid-fixup", 4 },
        { "no-setuid-fixup-locked", 8 }, { "keep-caps", 16 }, { "keep-caps-locked", 32 }, { "no-cap-ambient-raise", 64 },
        { "no-cap-ambient-raise-locked", 128 }, { NULL, 0 } };
    uint64_t value;
    if (*text >= '0' && *text <= '9')
        value = parse_unsigned(text, 255);
    else
        value = parse_words(text, bits, "a number or secure bit");
    run->securebits = (uint32_t)value;
    accept(forkexec_attr_set_securebits(run->attr, run->securebits));
}

static void no_new_privs(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_set_no_new_privs(run->attr));
}

static uint64_t own_set(const char *key)
{
    char text[64];
    return read_status(key, text, sizeof text) ? strtoull(text, NULL, 16) : 0;
}

/* Root has all of the bounding set after its exec, another user the ambient ones; a new user namespace begins with all. */
uint64_t capabilities_of_program(const struct run *run)
{
    bool is_new = run->create & FORKEXEC_NS_USER;
    int64_t uid = run->uid >= 0 ? run->uid : is_new ? run->uid_inside : run->joins_user ? -1 : (int64_t)geteuid();
    if (run->drops_caps)
        return 0;
    if (uid == 0 && !(run->securebits & 1))
        return run->has_bounding ? run->bounding : is_new || run->joins_user ? all_capabilities() : own_set("CapBnd");
    return run->has_ambient ? run->ambient : is_new || run->joins_user ? 0 : own_set("CapAmb");
}

static const struct option_row rows[] = {
    { "caps", "SETS=CAPS", "make these of permitted, effective, inheritable and bounding exactly CAPS", caps },
    { "ambient", "CAPS", "the capabilities that a command has which is not run as root", ambient },
    { "drop-caps", NULL, "have none, and gain none by the exec", drop_caps },
    { "securebits", "BITS", "names or a number; see capabilities(7)", securebits },
    { "no-new-privs", NULL, "gain no privileges by any exec", no_new_privs },
};
SECTION(caps, "Capabilities: names or numbers with commas between, a mask in hexadecimal, all, or none");
