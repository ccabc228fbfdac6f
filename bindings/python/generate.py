"""Makes of include/forkexec.json what the package lists: the C declarations, the enums, the causes of errors.

usage: generate.py native DESCRIPTION OUTPUT    the C source of the extension module
       generate.py abi DESCRIPTION OUTPUT       forkexec/_abi.py, which is committed; a test compares it
"""

import json
import re
import sys
from pathlib import Path

# What C does faster than cffi: vectors of strings, from one text in which each ends with a NUL.
HELPERS_DECLARED = """
int python_spawn(const struct forkexec_attr *attr, int held, const char *path, const char *argv, size_t argc,
    const char *envp, size_t envc, struct forkexec_child **child, struct forkexec_error *error);
int python_popen(const struct forkexec_attr *attr, int32_t in, int32_t out, int32_t err, int inherit, uint64_t defaults,
    const char *search, const char *path, const char *argv, size_t argc, const char *envp, size_t envc,
    struct forkexec_child **child, struct forkexec_error *error);
int python_describe(const struct forkexec_attr *attr, const char *path, const char *argv, size_t argc,
    const char *envp, size_t envc, char *text, size_t size, struct forkexec_error *error);
int python_add_filter(struct forkexec_attr *attr, const char *program, uint32_t count, uint32_t flags);
int python_keep_fds(struct forkexec_attr *attr, const int32_t *fds, size_t count, int32_t but);
void python_close(struct forkexec_child **child);
int python_detach(struct forkexec_child **child);
void python_free_cgroup(struct forkexec_cgroup **group);
void python_free_root(struct forkexec_root **root);
"""

HELPERS = r"""
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <forkexec.h>

/* The strings of a text, one after the other, as execve(2) wants them. NULL where memory is short. */
static char **vector_of(const char *text, size_t count)
{
    char **vector = malloc((count + 1) * sizeof *vector);
    if (!vector)
        return NULL;
    for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
        vector[i] = (char *)text;
    vector[count] = NULL;
    return vector;
}

extern char **environ;

/* The caller's own environment, as a vector with its strings behind. cffi has let go of the GIL: os.environ may change it
   meanwhile, so take the GIL and a copy. */
static char **copy_environment(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    size_t size = 0, count = 0;
    for (; environ && environ[count]; count++)
        size += strlen(environ[count]) + 1;
    char **vector = malloc((count + 1) * sizeof *vector + size);
    char *place = (char *)(vector + count + 1);
    for (size_t i = 0; vector && i < count; i++) {
        vector[i] = place;
        place = stpcpy(place, environ[i]) + 1;
    }
    if (vector)
        vector[count] = NULL;
    PyGILState_Release(state);
    return vector;
}

struct call {
    char **argv, **envp;
};

/* envp NULL is the caller's own environment. */
static int begin(struct call *call, const char *argv, size_t argc, const char *envp, size_t envc)
{
    call->argv = vector_of(argv, argc);
    call->envp = envp ? vector_of(envp, envc) : copy_environment();
    return call->argv && call->envp ? 0 : -ENOMEM;
}

static int end(struct call *call, int result)
{
    free(call->argv);
    free(call->envp);
    return result;
}

static int python_spawn(const struct forkexec_attr *attr, int held, const char *path, const char *argv, size_t argc,
    const char *envp, size_t envc, struct forkexec_child **child, struct forkexec_error *error)
{
    struct call call;
    int result = begin(&call, argv, argc, envp, envc);
    if (result == 0)
        result = held ? forkexec_start(attr, path, call.argv, call.envp, child, error)
                      : forkexec_spawn(attr, path, call.argv, call.envp, child, error);
    return end(&call, result);
}

/* What nearly every Popen asks for, in one call: attr may be NULL, and so may search. A stream of -1 stays. */
static int python_popen(const struct forkexec_attr *attr, int32_t in, int32_t out, int32_t err, int inherit,
    uint64_t defaults, const char *search, const char *path, const char *argv, size_t argc, const char *envp, size_t envc,
    struct forkexec_child **child, struct forkexec_error *error)
{
    struct forkexec_attr *made = attr ? forkexec_attr_copy(attr) : forkexec_attr_new();
    int32_t streams[] = { in, out, err };
    int result = made ? 0 : -ENOMEM;
    error->stage = 0;
    if (result == 0 && inherit)
        result = forkexec_attr_inherit_fds(made);
    for (int32_t i = 0; i < 3 && result == 0; i++)
        if (streams[i] != -1)
            result = forkexec_attr_map_fd(made, streams[i], i);
    if (result == 0 && defaults)
        result = forkexec_attr_set_signal_default(made, defaults);
    if (result == 0 && search)
        result = forkexec_attr_set_search_path(made, search);
    if (result == 0)
        result = python_spawn(made, 0, path, argv, argc, envp, envc, child, error);
    forkexec_attr_free(made);
    return result;
}

static int python_describe(const struct forkexec_attr *attr, const char *path, const char *argv, size_t argc,
    const char *envp, size_t envc, char *text, size_t size, struct forkexec_error *error)
{
    struct call call;
    int result = begin(&call, argv, argc, envp, envc);
    if (result == 0)
        result = forkexec_describe_text(attr, path, call.argv, call.envp, text, size, error);
    return end(&call, result);
}

/* The bytes of a filter may lie anywhere. */
static int python_add_filter(struct forkexec_attr *attr, const char *program, uint32_t count, uint32_t flags)
{
    struct sock_filter *aligned = malloc((size_t)count * sizeof *aligned + 1);
    if (!aligned)
        return -ENOMEM;
    memcpy(aligned, program, (size_t)count * sizeof *aligned);
    int result = forkexec_attr_add_seccomp_filter(attr, aligned, count, flags);
    free(aligned);
    return result;
}

/* The place of a child owns it from the start on: the handler of a signal may raise between any two lines of Python. */
static void python_close(struct forkexec_child **child)
{
    struct forkexec_child *own = *child;
    *child = NULL;
    forkexec_close(own);
}

static int python_detach(struct forkexec_child **child)
{
    int result = forkexec_detach(*child);
    if (result == 0)
        *child = NULL;
    return result;
}

static void python_free_cgroup(struct forkexec_cgroup **group)
{
    struct forkexec_cgroup *own = *group;
    *group = NULL;
    forkexec_cgroup_free(own);
}

static void python_free_root(struct forkexec_root **root)
{
    struct forkexec_root *own = *root;
    *root = NULL;
    forkexec_root_free(own);
}

/* Each under its own number, but for one. */
static int python_keep_fds(struct forkexec_attr *attr, const int32_t *fds, size_t count, int32_t but)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        if (fds[i] != but)
            result = forkexec_attr_map_fd(attr, fds[i], fds[i]);
    return result;
}
"""

# Called by the helpers above, or by nobody: Python's own words are others.
BEHIND_HELPERS = [
    "forkexec_attr_add_seccomp_filter",
    "forkexec_cgroup_free",
    "forkexec_close",
    "forkexec_describe",
    "forkexec_describe_text",
    "forkexec_detach",
    "forkexec_root_free",
    "forkexec_spawn",
    "forkexec_start",
]

# The enum of each group of constants: name, base, comment.
ENUMS = {
    "FORKEXEC_NS_": ("Namespace", "IntFlag", "Types of namespaces; namespaces(7)."),
    "FORKEXEC_CAP_": ("CapabilitySet", "IntFlag", "The sets of capabilities of a process; capabilities(7)."),
    "FORKEXEC_PROCESS_": ("ProcessFlag", "IntFlag", "Bits of a process; prctl(2)."),
    "FORKEXEC_SPECULATION_": ("Speculation", "IntEnum", "How a processor runs ahead; prctl(2)."),
    "FORKEXEC_SPECULATE_": ("Speculate", "IntEnum", "Whether it may; prctl(2)."),
    "FORKEXEC_SECCOMP_": ("SeccompFlag", "IntFlag", "Flags of a seccomp filter; seccomp(2)."),
    "FORKEXEC_LANDLOCK_FS_": ("LandlockFs", "IntFlag", "Accesses to files; landlock(7)."),
    "FORKEXEC_LANDLOCK_NET_": ("LandlockNet", "IntFlag", "Accesses to TCP ports; landlock(7)."),
    "FORKEXEC_LANDLOCK_FLAG_": (
        "LandlockFlag",
        "IntFlag",
        "Flags with which Landlock is put on; landlock_restrict_self(2).",
    ),
    "FORKEXEC_LANDLOCK_SCOPE_": ("LandlockScope", "IntFlag", "What the program keeps to itself; landlock(7)."),
    "FORKEXEC_DEATH_OF_": ("DeathOf", "IntEnum", "Whose death the program is told of."),
    "FORKEXEC_CWD_RIGHTS_": ("CwdRights", "IntEnum", "With whose rights the working directory is entered."),
    "FORKEXEC_MEMORY_": ("MemoryMode", "IntEnum", "Whose memory the child runs in until it is the program."),
    "FORKEXEC_PROBE_": ("Feature", "IntEnum", "What this host may have; see probe()."),
}
# What only the package itself uses stays a number: enums take long to make.
NUMBERS = ("FORKEXEC_MOUNT_", "FORKEXEC_ROOT_", "FORKEXEC_WAIT_", "FORKEXEC_STATUS_", "FORKEXEC_RAN_", "FORKEXEC_ENDED_",
           "FORKEXEC_RLIMIT_KEEP", "FORKEXEC_FOREVER")  # fmt: skip

# Why a setter refuses, in the words of Attr's keywords, where the header's are C's. {setter: {errno: what to change}}
_NEGATIVE = {"EBADF": "a descriptor is 0 or more"}
_NO_ID = "4294967295 is no id"
_NAMESPACES = {"EINVAL": "name at least one Namespace, and only Namespace types"}
_RANGE = {"EINVAL": "a range has at least one id and ends below 4294967296, and there are at most 340 of them"}
_INSIDE = "must be an absolute path inside the new root, without .."
_MODE = "and the mode is at most 0o7777"
CAUSES = {
    "set_search_path": {"EINVAL": "name at least one directory"},
    "set_cwd": {"EINVAL": "the path is empty"},
    "set_pid_variable": {"EINVAL": "a variable's name is not empty and has no ="},
    "map_fd": _NEGATIVE, "dup_fd": _NEGATIVE, "close_fd": _NEGATIVE, "close_fds_from": _NEGATIVE,
    "enter_directory_fd": _NEGATIVE,
    "open_fd": {"EINVAL": f"the path is not empty, {_MODE}", **_NEGATIVE},
    "set_process_group": {"EINVAL": "a group's number is positive, or 0 for one of its own"},
    "set_signal_ignore": {"EINVAL": "SIGKILL and SIGSTOP cannot be ignored"},
    "set_parent_death_signal": {"EINVAL": "signals are 1 to 64"},
    "set_rlimit": {"EINVAL": "the resource is one of resource.RLIMIT_*, and the soft limit is at most the hard one"},
    "set_affinity": {"EINVAL": "name at least one processor, and at most 8192; their numbers are 0 to 8191"},
    "set_scheduler": {"EINVAL": "it is os.SCHED_OTHER, os.SCHED_BATCH or os.SCHED_IDLE, with priority 0, or (os.SCHED_FIFO or "
                                "os.SCHED_RR, priority), with 1 to 99"},
    "set_deadline": {"EINVAL": "the runtime is at least 1024 nanoseconds, at most the deadline, and that at most the period"},
    "set_utilization": {"EINVAL": "the least is at most the most, and that at most 1024"},
    "set_numa_policy": {"EINVAL": "there are at most 1024 nodes, and their numbers are 0 to 1023"},
    "set_speculation": {"EINVAL": "a Speculation, and what it may do: a Speculate"},
    "set_coredump_filter": {"EINVAL": "it has the bits 0 to 8 of core(5)"},
    "set_pid": {"EINVAL": "there are 1 to 32 pids, and each is 1 or more"},
    "set_keyring_permissions": {"EINVAL": "the permissions of a key are the bits 0x3f3f3f3f"},
    "set_io_priority": {"EINVAL": "the class is 0 to 3 and the level 0 to 7; class 0 has level 0 only"},
    "set_umask": {"EINVAL": "a mask is 0 to 0o777"},
    "set_oom_score_adj": {"EINVAL": "it is -1000 to 1000"},
    "set_nice": {"EINVAL": "it is -20 to 19"},
    "allow_failure": {"EINVAL": "this stage may not fail: what comes after it relies on it"},
    "set_uid": {"EINVAL": _NO_ID}, "set_gid": {"EINVAL": _NO_ID}, "set_user_namespace_owner": {"EINVAL": _NO_ID},
    "set_groups": {"EINVAL": f"there are at most 65536 groups, and {_NO_ID}"},
    "set_capabilities": {"EINVAL": "the sets are one CapabilitySet, or several joined by |"},
    "set_securebits": {"EINVAL": "a bit that prctl(2) does not have for PR_SET_SECUREBITS"},
    "create_namespaces": _NAMESPACES, "unshare_namespaces": _NAMESPACES,
    "join_namespace": {"EINVAL": "each is one Namespace type, and is named once", **_NEGATIVE},
    "join_pidfd": {"EINVAL": _NAMESPACES["EINVAL"] + ", each once", **_NEGATIVE},
    "join_second_user_namespace": _NEGATIVE,
    "map_uid": _RANGE, "map_gid": _RANGE,
    "set_mount_propagation": {"EINVAL": "it is MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, with or without MS_REC, or 0"},
    "set_time_offset": {"EINVAL": "the clock is time.CLOCK_MONOTONIC or time.CLOCK_BOOTTIME"},
    "listen": {"EINVAL": "an address is (host, port), an absolute path of at most 107 bytes, or an abstract name; the type is SOCK_STREAM "
                         "or SOCK_DGRAM, or SOCK_SEQPACKET for a path or name; a backlog is not negative; there are at most 32",
               "EAFNOSUPPORT": "the family is AF_INET, AF_INET6 or AF_UNIX"},
    "open_tun": {"EINVAL": "a name has at most 15 bytes, and no slash or space; the flags have one of IFF_TUN and IFF_TAP, and 16 bits"},
    "bind_mount": {"EINVAL": f"the source is not empty, and the target {_INSIDE}"},
    "bind_mount_fd": {"EINVAL": f"the target {_INSIDE}, and a descriptor is not optional", **_NEGATIVE},
    "bind_mount_idmapped": {"EINVAL": f"the source is not empty, and the target {_INSIDE}", **_NEGATIVE},
    "mount_tmpfs": {"EINVAL": f"the target {_INSIDE}, {_MODE}"},
    "mount_overlay": {"EINVAL": "there is a lower directory, at most 500, and two where nothing is written; upper and work go together, "
                                f"and without in_memory; the target {_INSIDE}"},
    "mount_proc": {"EINVAL": f"the target {_INSIDE}"}, "mount_dev": {"EINVAL": f"the target {_INSIDE}"},
    "make_directory": {"EINVAL": f"the path {_INSIDE}, {_MODE}"},
    "make_symlink": {"EINVAL": f"the contents are not empty, and the path {_INSIDE}"},
    "make_file": {"EINVAL": f"the contents are at most 65536 bytes, the path {_INSIDE}, {_MODE}"},
    "make_file_fd": {"EINVAL": f"the path {_INSIDE}, {_MODE}", **_NEGATIVE},
    "mount_file_fd": {"EINVAL": f"the target {_INSIDE}, {_MODE}", **_NEGATIVE},
    "mask_path": {"EINVAL": f"the path {_INSIDE}"}, "make_readonly": {"EINVAL": f"the path {_INSIDE}"},
    "remount": {"EINVAL": f"the path {_INSIDE}, and there is a flag to add"},
    "change_mode": {"EINVAL": f"the path {_INSIDE}, {_MODE}"},
    "set_root": {"EINVAL": "the path is empty: Root() is an empty root in memory"},
    "add_seccomp_filter": {"EINVAL": "a filter has 1 to 4096 instructions of 8 bytes each; flags are SeccompFlag, of which TSYNC and "
                                     "LISTENER exclude each other"},
    "add_landlock_path": {"EINVAL": "the path is not empty, and the accesses are one LandlockFs, or several joined by |"},
    "add_landlock_port": {"EINVAL": "the accesses are one LandlockNet, or several joined by |"},
}  # fmt: skip


def declared(kind, name):
    return f"{kind}{name}" if kind.endswith("*") else f"{kind} {name}"


def cdef(description):
    """What cffi reads."""
    lines = []
    for struct in description["structs"]:
        if struct["opaque"]:
            lines.append(f"struct {struct['name']};")
            continue
        lines.append(f"struct {struct['name']} {{")
        for field in struct["fields"]:
            count = "" if field["count"] is None else f"[{field['count']}]"
            lines.append(f"    {declared(field['type'], field['name'])}{count};")
        lines.append("};")
    for function in description["functions"]:
        if function["name"] in BEHIND_HELPERS:
            continue
        arguments = ", ".join(declared(a["type"], a["name"]) for a in function["arguments"]) or "void"
        lines.append(f"{declared(function['result'], function['name'])}({arguments});")
    return "\n".join(lines) + HELPERS_DECLARED


def checks(description):
    """The compiler compares offsets and sizes with the description."""
    lines = []
    for struct in description["structs"]:
        name = struct["name"]
        if struct["opaque"]:
            continue
        lines.append(f'_Static_assert(sizeof(struct {name}) == {struct["size"]}, "{name}");')
        for field in struct["fields"]:
            offset = f"__builtin_offsetof(struct {name}, {field['name']})"
            lines.append(f'_Static_assert({offset} == {field["offset"]}, "{name}.{field["name"]}");')
    return "\n".join(lines) + "\n"


def write_native(description, output):
    import cffi

    builder = cffi.FFI()
    builder.cdef(cdef(description))
    builder.set_source("forkexec._native", HELPERS + checks(description), py_limited_api=True)
    builder.emit_c_code(output)


def sentence(comment):
    """A comment on one line, without what C alone says."""
    return re.sub(r"FORKEXEC_[A-Z]+_([A-Z])", r"\1", " ".join(comment.split()))


def errnos(function):
    """Errno names and causes, those of Python's callers only."""
    own = CAUSES.get(function["name"][len("forkexec_attr_") :], {})
    causes = {}
    for errno in function["errnos"]:
        # "attr, source or target is NULL" is one cause, not three.
        plain = re.sub(r"\b[a-z_]+(, [a-z_]+)*( or [a-z_]+)? is NULL(?! and)(, or |, | or )?", "", errno["cause"])
        plain = re.sub(r"\b[a-z]+ is NULL and [a-z]+ is not 0, ", "", plain)
        plain = re.sub(r"FORKEXEC_[A-Z]+_(?=[A-Z])", "", plain)
        # Short memory is nothing that a caller can change in its arguments.
        if plain.strip() and errno["name"] != "ENOMEM":
            causes[errno["name"]] = plain.strip()
    return {**causes, **own}


def write_abi(description, output):
    lines = [
        '"""What the C ABI lists: generated by generate.py from include/forkexec.json; a test compares it."""',
        "",
        "from __future__ import annotations",
        "",
        "from enum import IntEnum, IntFlag",
        "",
    ]
    names = []
    for prefix, (name, base, doc) in ENUMS.items():
        members = [c for c in description["constants"] if c["name"].startswith(prefix)]
        lines += ["", f"class {name}({base}):", f'    """{doc}"""', ""]
        for member in members:
            lines += [
                f"    # {sentence(member['comment'])}",
                f"    {member['name'][len(prefix) :]} = {member['value']}",
            ]
        lines.append("")
        names.append(name)
    lines += ["", "class Stage(IntEnum):", '    """A step of a spawn: where it failed."""', ""]
    for stage in description["stages"]:
        lines += [
            f"    # {sentence(stage['comment'])}",
            f"    {stage['constant'][len('FORKEXEC_STAGE_') :]} = {stage['number']}",
        ]
    lines += ["", ""]
    for constant in description["constants"]:
        if constant["name"].startswith(NUMBERS):
            lines += [f"{constant['name'][len('FORKEXEC_') :]} = {constant['value']}"]
    lines += ["", "# What the names of C's constants begin with, and the enum for them.", "PREFIXES = {"]
    lines += [
        f'    "{prefix}": "{name}",' for prefix, (name, _, _) in {**ENUMS, "FORKEXEC_STAGE_": ("Stage", "", "")}.items()
    ]
    lines += ["}", "", "# Every function of the library.", "FUNCTIONS = ("]
    lines += [f'    "{function["name"]}",' for function in description["functions"]]
    lines += [")", "", "# What each setter refuses at once, and why.", "REFUSALS: dict[str, dict[str, str]] = {"]
    for function in description["functions"]:
        causes = errnos(function)
        if function["name"].startswith("forkexec_attr_") and causes:
            lines.append(f'    "{function["name"][len("forkexec_attr_") :]}": {{')
            lines += [f"        {json.dumps(name)}: {json.dumps(text)}," for name, text in causes.items()]
            lines.append("    },")
    lines += ["}", ""]
    Path(output).write_text("\n".join(lines), encoding="utf-8")


def main(what, description, output):
    description = json.loads(Path(description).read_text(encoding="utf-8"))
    {"native": write_native, "abi": write_abi}[what](description, output)


if __name__ == "__main__":
    main(*sys.argv[1:])
