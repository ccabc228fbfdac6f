/* Signals. */
#define _GNU_SOURCE
#include "run.h"

#include <string.h>

static void signal_mask(struct run *run, char *list)
{
    accept(forkexec_attr_set_signal_mask(run->attr, parse_signals(list)));
}

static void signal_default(struct run *run, char *list)
{
    uint64_t set = parse_signals(list);
    run->defaults |= set;
    accept(forkexec_attr_set_signal_default(run->attr, set));
}

static void signal_ignore(struct run *run, char *list)
{
    accept(forkexec_attr_set_signal_ignore(run->attr, parse_signals(list)));
}

static void parent_death(struct run *run, char *text)
{
    static const struct word whose[] = { { "process", FORKEXEC_DEATH_OF_PROCESS }, { "thread", FORKEXEC_DEATH_OF_THREAD },
        { NULL, 0 } };
    char *of = cut(text, ',');
    accept(forkexec_attr_set_parent_death_signal(run->attr, parse_signal(text),
        of ? (uint32_t)parse_word(of, whose, "whose death") : FORKEXEC_DEATH_OF_PROCESS));
}

static const struct option_row rows[] = {
    { "signal-mask", "SIGNALS", "block exactly these; default: what the caller blocks", signal_mask },
    { "signal-default", "SIGNALS", "give these their default action, also where the caller ignores them", signal_default },
    { "signal-ignore", "SIGNALS", "ignore these", signal_ignore },
    { "parent-death", "SIGNAL[,WHOSE]", "send the command SIGNAL when forkexec-run dies; WHOSE is process or thread",
        parent_death },
};
SECTION(signals, "Signals: names or numbers with commas between, all, or none");
