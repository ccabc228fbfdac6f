/* Session keyring and label. */
#include "run.h"

static void session_keyring(struct run *run, char *name)
{
    accept(forkexec_attr_set_session_keyring(run->attr, name));
}

static void exec_label(struct run *run, char *label)
{
    accept(forkexec_attr_set_exec_label(run->attr, label));
}

static const struct option_row rows[] = {
    { "session-keyring", "[=NAME]", "the session keyring NAME, or a new one without a name", session_keyring },
    { "exec-label", "LABEL", "the context of SELinux or the profile of AppArmor to run under", exec_label },
};
CHAPTER(security, "Keys and labels");
