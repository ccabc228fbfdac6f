/* Privileges. */
#define _GNU_SOURCE
#include "run.h"

static void caps(struct run *run, char *text)
{
    static const struct word sets[] = { { "permitted", FORKEXEC_CAP_PERMITTED }, { "effective", FORKEXEC_CAP_EFFECTIVE },
        { "inheritable", FORKEXEC_CAP_INHERITABLE }, { "bounding", FORKEXEC_CAP_BOUNDING }, { NULL, 0 } };
    char *list = cut_required(text, '=');
    uint32_t which = (uint32_t)parse_words(text, sets, "a set of capabilities");
    accept(forkexec_attr_set_capabilities(run->attr, which, parse_capabilities(list)));
}

static void ambient(struct run *run, char *list)
{
    accept(forkexec_attr_set_ambient(run->attr, parse_capabilities(list)));
}

static void drop_caps(struct run *run, char *none)
{
    (void)none;
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
    accept(forkexec_attr_set_securebits(run->attr, (uint32_t)value));
}

static void no_new_privs(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_set_no_new_privs(run->attr));
}

static const struct option_row rows[] = {
    { "caps", "SETS=CAPS", "make these of permitted, effective, inheritable and bounding exactly CAPS", caps },
    { "ambient", "CAPS", "the capabilities that a command has which is not run as root", ambient },
    { "drop-caps", NULL, "have none, and gain none by the exec", drop_caps },
    { "securebits", "BITS", "names or a number; see capabilities(7)", securebits },
    { "no-new-privs", NULL, "gain no privileges by any exec", no_new_privs },
};
CHAPTER(caps, "Capabilities: names or numbers with commas between, a mask in hexadecimal, all, or none");
