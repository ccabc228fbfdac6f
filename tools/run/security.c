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

static void apparmor_profile(struct run *run, char *profile)
{
    accept(forkexec_attr_set_apparmor_profile(run->attr, profile));
}

static void keyring_label(struct run *run, char *label)
{
    accept(forkexec_attr_set_keyring_label(run->attr, label));
}

static void keyring_permissions(struct run *run, char *bits)
{
    accept(forkexec_attr_set_keyring_permissions(run->attr, (uint32_t)parse_unsigned(bits, UINT32_MAX)));
}

static const struct option_row rows[] = {
    { "session-keyring", "[=NAME]", "the session keyring NAME, or a new one without a name", session_keyring },
    { "keyring-permissions", "BITS", "who may do what with it, as 0x3f090000; keyctl(2)", keyring_permissions },
    { "keyring-label", "LABEL", "the context of SELinux of the new session keyring", keyring_label },
    { "exec-label", "LABEL", "the context of SELinux or the profile of AppArmor to run under", exec_label },
    { "apparmor-profile", "NAME", "the profile of AppArmor, beside --exec-label for SELinux", apparmor_profile },
};
SECTION(security, "Keys and labels");
