"""The keywords of an Attr: which setters of the C library each calls, and with which arguments."""

from __future__ import annotations

import grp
import os
import pwd
from struct import pack

from . import _items as items
from ._abi import ROOT_NODEV, ROOT_NOEXEC, ROOT_NOSUID, ROOT_READONLY, CwdRights, DeathOf, MemoryMode, Namespace, Stage
from ._cgroup import Cgroup
from ._convert import (
    UINT32,
    bits,
    descriptor,
    duration,
    fields,
    in_range,
    integer,
    limits,
    nanoseconds,
    numbers,
    octets,
    pairs,
    plain,
    put,
    refuse,
    several,
    signal_set,
    text,
)  # fmt: skip
from ._native import ffi, lib
from ._prepared import PreparedRoot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


class Keyword:
    """A keyword: the setters that it stands for, and how they are called."""

    __slots__ = ("setters", "apply")

    def __init__(self, setters: tuple[str, ...], apply: Callable[[Any, Any], None]) -> None:
        self.setters = setters
        self.apply = apply


KEYWORDS: dict[str, Keyword] = {}


def _keyword(name: str, *setters: str) -> Callable[[Callable[[Any, Any], None]], Callable[[Any, Any], None]]:
    def keep(apply: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        KEYWORDS[name] = Keyword(setters or ("set_" + name,), apply)
        return apply

    return keep


def _plain(name: str, convert: Callable[[Any], Any], setter: str = "") -> None:
    """A keyword with one value for one setter."""
    setter = setter or "set_" + name

    def apply(attr: Any, value: Any) -> None:
        put(setter, attr, convert(value))

    _keyword(name, setter)(apply)


def _switch(name: str, setter: str = "") -> None:
    """A keyword that is on or off."""
    setter = setter or "set_" + name

    def apply(attr: Any, value: Any) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"it is True or False, not {value!r}")
        if value:
            put(setter, attr)

    _keyword(name, setter)(apply)


# The program.

_plain("exec_fd", descriptor)
_plain("pid_variable", text)
_plain("memory_mode", lambda value: MemoryMode(value))
_switch("ptrace")
_switch("stop")
_switch("init")
_switch("lingering_init")
_switch("measure_memory", "measure_memory")


@_keyword("search_path")
def _search_path(attr: Any, value: Any) -> None:
    if value is True:
        return put("set_search_path", attr, ffi.NULL)
    if not isinstance(value, (str, bytes, os.PathLike)):
        directories = several(value, "True, a string such as '/usr/bin:/bin', or a list of directories")
        value = b":".join(text(directory, "a directory") for directory in directories)
    put("set_search_path", attr, text(value))


@_keyword("cwd", "set_cwd", "set_cwd_fd")
def _cwd(attr: Any, value: Any) -> None:
    if isinstance(value, int) or hasattr(value, "fileno"):
        put("set_cwd_fd", attr, descriptor(value))
    else:
        put("set_cwd", attr, text(value))


_plain("cwd_rights", lambda value: CwdRights(value))


@_keyword("busy_retry")
def _busy_retry(attr: Any, value: Any) -> None:
    put("set_busy_retry", attr, -(-duration(value) // 1_000_000))


# Descriptors.


@_keyword("fds", "map_fd")
def _fds(attr: Any, value: Any) -> None:
    for target, source in pairs(value, "fds"):
        put("map_fd", attr, descriptor(source, "the caller's descriptor"), integer(target, "the program's descriptor"))


_switch("inherit_fds", "inherit_fds")


@_keyword("fd_actions", "open_fd", "dup_fd", "close_fd", "close_fds_from", "enter_directory", "enter_directory_fd")
def _fd_actions(attr: Any, value: Any) -> None:
    for action in several(value, "a list of actions"):
        if isinstance(action, items.OpenFd):
            flags, mode = integer(action.flags, "flags"), integer(action.mode, "mode")
            put("open_fd", attr, action.fd, text(action.path, "the path"), flags, mode)
        elif isinstance(action, items.DupFd):
            put("dup_fd", attr, action.source, action.fd)
        elif isinstance(action, items.CloseFd):
            put("close_fd", attr, action.fd)
        elif isinstance(action, items.CloseFdsFrom):
            put("close_fds_from", attr, action.fd)
        elif isinstance(action, items.EnterDirectory) and isinstance(action.directory, int):
            put("enter_directory_fd", attr, action.directory)
        elif isinstance(action, items.EnterDirectory):
            put("enter_directory", attr, text(action.directory))
        else:
            raise TypeError(f"an action is OpenFd, DupFd, CloseFd, CloseFdsFrom or EnterDirectory, not {action!r}")


# Session and terminal.

_switch("session")
_plain("process_group", integer)
_plain("controlling_terminal", descriptor)
_plain("foreground", descriptor)
_switch("detach_terminal", "detach_terminal")

# Signals.

_plain("signal_mask", signal_set)
_plain("signal_default", signal_set)
_plain("signal_ignore", signal_set)


@_keyword("parent_death_signal")
def _parent_death_signal(attr: Any, value: Any) -> None:
    both = isinstance(value, (tuple, list))
    signal, whose = fields(value, 2, "a signal, or (signal, DeathOf)") if both else (value, DeathOf.PROCESS)
    put("set_parent_death_signal", attr, integer(signal, "the signal"), DeathOf(whose))


# Limits and scheduling.


@_keyword("rlimits", "set_rlimit")
def _rlimits(attr: Any, value: Any) -> None:
    for resource, limit in pairs(value, "rlimits"):
        put("set_rlimit", attr, integer(resource, "a resource"), *limits(limit))


_plain("nice", integer)


@_keyword("affinity")
def _affinity(attr: Any, value: Any) -> None:
    put("set_affinity", attr, *numbers(value, "a list of processors", lambda cpu: integer(cpu, "a processor")))


@_keyword("scheduler")
def _scheduler(attr: Any, value: Any) -> None:
    both = isinstance(value, (tuple, list))
    policy, priority = fields(value, 2, "a policy, or (policy, priority)") if both else (value, 0)
    put("set_scheduler", attr, integer(policy, "the policy"), integer(priority, "the priority"))


@_keyword("deadline")
def _deadline(attr: Any, value: Any) -> None:
    both = isinstance(value, (tuple, list)) and len(value) == 2
    times = fields((*value, 0) if both else value, 3, "(runtime, deadline) or (runtime, deadline, period)")
    put("set_deadline", attr, *map(duration, times))


@_keyword("utilization")
def _utilization(attr: Any, value: Any) -> None:
    least, most = fields(value, 2, "(least, most), of 1024")
    put("set_utilization", attr, integer(least, "the least"), integer(most, "the most"))


@_keyword("numa_policy")
def _numa_policy(attr: Any, value: Any) -> None:
    both = isinstance(value, (tuple, list))
    mode, nodes = fields(value, 2, "a mode, or (mode, nodes)") if both else (value, ())
    nodes = numbers(nodes, "a list of nodes", lambda node: integer(node, "a node"))
    put("set_numa_policy", attr, integer(mode, "the mode"), *nodes)


@_keyword("io_priority")
def _io_priority(attr: Any, value: Any) -> None:
    both = isinstance(value, (tuple, list))
    io_class, level = fields(value, 2, "a class, or (class, level)") if both else (value, 0)
    put("set_io_priority", attr, integer(io_class, "the class"), integer(level, "the level"))


_plain("umask", integer)
_plain("personality", integer)
_plain("oom_score_adj", integer)
_plain("process_flags", integer)
_plain("coredump_filter", integer)


@_keyword("speculation")
def _speculation(attr: Any, value: Any) -> None:
    for feature, control in pairs(value, "speculation"):
        put("set_speculation", attr, integer(feature, "a Speculation"), integer(control, "a Speculate"))


@_keyword("timer_slack")
def _timer_slack(attr: Any, value: Any) -> None:
    put("set_timer_slack", attr, duration(value))


@_keyword("cgroup")
def _cgroup(attr: Any, value: Any) -> None:
    if not isinstance(value, Cgroup):
        raise TypeError("it must be a Cgroup; a descriptor is for cgroup_fd")
    result = value._call(lambda group: lib.forkexec_attr_set_cgroup(attr, group))
    if result != 0:
        refuse("set_cgroup", result)


_plain("cgroup_fd", descriptor)


@_keyword("restore_nofile", "restore_nofile", "restore_nofile_from")
def _restore_nofile(attr: Any, value: Any) -> None:
    if value is True:
        put("restore_nofile", attr)
    elif value is not False:
        put("restore_nofile_from", attr, *limits(value if isinstance(value, (tuple, list)) else (value, None)))


@_keyword("allow_failure", "allow_failure")
def _allow_failure(attr: Any, value: Any) -> None:
    for stage in [value] if isinstance(value, int) else several(value, "a Stage, or a list of them"):
        put("allow_failure", attr, Stage(stage))


# Identity.


@_keyword("uid")
def _uid(attr: Any, value: Any) -> None:
    put("set_uid", attr, _id_of(value, "user", pwd.getpwnam) if isinstance(value, str) else integer(value))


def _id_of(name: str, what: str, find: Callable[[str], Any]) -> int:
    try:
        return int(find(text(name).decode(errors="surrogateescape"))[2])
    except KeyError:
        raise ValueError(f"there is no {what} {name!r}") from None


def _gid_of(value: Any) -> int:
    return _id_of(value, "group", grp.getgrnam) if isinstance(value, str) else integer(value, "a group")


_plain("gid", _gid_of)


@_keyword("groups")
def _groups(attr: Any, value: Any) -> None:
    put("set_groups", attr, *numbers(value, "a list of groups", _gid_of))


_switch("keep_groups", "keep_groups")


@_keyword("capabilities")
def _capabilities(attr: Any, value: Any) -> None:
    for sets, capabilities in pairs(value, "capabilities"):
        put("set_capabilities", attr, integer(sets, "the sets"), bits(capabilities, "capability"))


_switch("drop_capabilities", "drop_capabilities")
_plain("ambient", lambda value: bits(value, "capability"))
_plain("securebits", integer)
_switch("no_new_privs")

# Namespaces.

_plain("create_namespaces", integer, "create_namespaces")
_plain("unshare_namespaces", integer, "unshare_namespaces")


@_keyword("join_namespaces", "join_namespace")
def _join_namespaces(attr: Any, value: Any) -> None:
    for kind, fd in pairs(value, "join_namespaces"):
        put("join_namespace", attr, descriptor(fd), integer(kind, "the type"))


@_keyword("join", "join_pidfd")
def _join(attr: Any, value: Any) -> None:
    for member in value if isinstance(value, list) else [value]:
        if isinstance(member, tuple):
            process, types = fields(member, 2, "a held child, or (pidfd, Namespace types)")
        else:
            process, types = member, getattr(member, "namespaces", None)
        if types is None:
            raise TypeError("join is a held child, or (pidfd, Namespace types), or a list of these")
        if integer(types, "the types") == 0:
            raise ValueError("there is no Namespace to join: name its types, as in (pidfd, Namespace.NET)")
        pidfd = process.pidfd if hasattr(process, "pidfd") else process
        put("join_pidfd", attr, descriptor(pidfd, "the pidfd"), integer(types, "the types"))


_plain("join_second_user_namespace", descriptor, "join_second_user_namespace")


def _id_map(name: str, setter: str) -> None:
    @_keyword(name, setter)
    def apply(attr: Any, value: Any) -> None:
        for one in several(value, "a list of (first inside, first outside, count)"):
            inside, outside, count = fields(one, 3, "a list of (first inside, first outside, count)")
            put(setter, attr, integer(inside, "inside"), integer(outside, "outside"), integer(count, "count"))


_id_map("uid_map", "map_uid")
_id_map("gid_map", "map_gid")
_switch("map_subordinate_ids", "map_subordinate_ids")


@_keyword("map_helpers")
def _map_helpers(attr: Any, value: Any) -> None:
    helpers = fields(value, 2, "(path of newuidmap, path of newgidmap)")
    users, groups = (ffi.NULL if path is None else text(path, "a path") for path in helpers)
    put("set_map_helpers", attr, users, groups)


_switch("allow_setgroups", "allow_setgroups")
_plain("user_namespace_owner", integer)
_plain("mount_propagation", integer)
_plain("hostname", text)
_plain("domainname", text)


@_keyword("pid")
def _pid(attr: Any, value: Any) -> None:
    pids = [value] if isinstance(value, int) else several(value, "a pid, or a list of them")
    found = [integer(pid, "a pid") for pid in pids]
    put("set_pid", attr, ffi.new("int32_t[]", found), len(found))


_switch("loopback")


@_keyword("time_offsets", "set_time_offset")
def _time_offsets(attr: Any, value: Any) -> None:
    for clock, seconds in pairs(value, "time_offsets"):
        whole, part = divmod(nanoseconds(seconds, "an offset"), 1_000_000_000)
        put("set_time_offset", attr, integer(clock, "a clock"), whole, part)


# Made inside, and handed to the caller.


def _address(value: Any) -> bytes:
    """The sockaddr of an address, as bytes."""
    if not isinstance(value, tuple):
        data = os.fsencode(value) if isinstance(value, (str, bytes, os.PathLike)) else b""
        return pack("=H", _AF_UNIX) + (data if data[:1] == b"\0" else text(value, "an address") + b"\0")
    import socket

    if len(value) not in (2, 4):
        raise TypeError(f"an address is (host, port) or a path, not {value!r}")
    host, port, *rest = value
    flow, scope = rest or (0, 0)
    if not 0 <= integer(port, "the port") <= 0xFFFF:
        raise OverflowError(f"the port: {port} is out of range: 0 to 65535")
    for family, form in ((socket.AF_INET, "=H2s4s8x"), (socket.AF_INET6, "=H2sI16sI")):
        try:
            host_bytes = socket.inet_pton(family, host)
        except OSError:
            continue
        of_six = (flow, host_bytes, scope) if family == socket.AF_INET6 else (host_bytes,)
        return pack(form, family, port.to_bytes(2, "big"), *of_six)
    raise ValueError(f"{host!r} is no address of IPv4 or IPv6: names are not looked up")


_AF_UNIX = 1


@_keyword("listen", "listen")
def _listen(attr: Any, value: Any) -> None:
    alone = isinstance(value, (str, bytes, os.PathLike, tuple, items.Listen))
    for item in [value] if alone else several(value, "an address, a Listen, or a list of these"):
        item = item if isinstance(item, items.Listen) else items.Listen(item)
        address = _address(item.address)
        put("listen", attr, item.type, ffi.from_buffer(address), len(address), item.backlog)


@_keyword("terminal")
def _terminal(attr: Any, value: Any) -> None:
    if value is True:
        rows, columns = 0, 0
    elif isinstance(value, os.terminal_size):
        rows, columns = value.lines, value.columns
    else:
        rows, columns = fields(value, 2, "True, or (rows, columns)")
    put("set_terminal", attr, integer(rows, "rows"), integer(columns, "columns"))


@_keyword("tun", "open_tun")
def _tun(attr: Any, value: Any) -> None:
    name, flags = fields(value, 2, "a name, or (name, flags)") if isinstance(value, tuple) else (value, _TUN_NO_PI)
    put("open_tun", attr, ffi.NULL if name in (None, True) else text(name, "the name"), integer(flags, "flags"))


# IFF_TUN | IFF_NO_PI
_TUN_NO_PI = 0x1001

# Mounts and the root.


def _nullable(value: Any) -> Any:
    return ffi.NULL if value is None else text(value)


def _is_descriptor(value: Any) -> bool:
    return isinstance(value, int) or hasattr(value, "fileno")


def _mount_item(attr: Any, item: Any) -> None:
    flags = items.flags_of(item)
    if isinstance(item, items.Mount):
        source, fstype, data = (_nullable(value) for value in (item.source, item.fstype, item.data))
        put("add_mount", attr, source, text(item.target), fstype, integer(item.flags, "flags"), data)
    elif isinstance(item, items.Bind) and _is_descriptor(item.source):
        if item.userns is not None:
            raise ValueError("ids are mapped for a source that is a path")
        put("bind_mount_fd", attr, descriptor(item.source), text(item.target), flags)
    elif isinstance(item, items.Bind) and item.userns is not None:
        userns = descriptor(item.userns)
        put("bind_mount_idmapped", attr, text(item.source), text(item.target), userns, flags)
    elif isinstance(item, items.Bind):
        put("bind_mount", attr, text(item.source), text(item.target), flags)
    elif isinstance(item, items.Tmpfs):
        put("mount_tmpfs", attr, text(item.target), item.size, item.mode, flags)
    elif isinstance(item, items.Overlay):
        paths = [ffi.new("char[]", text(lower)) for lower in several(item.lowers, "a list of paths, which lowers is")]
        lowers = ffi.new("char *[]", paths)
        upper, work = _nullable(item.upper), _nullable(item.work)
        put("mount_overlay", attr, lowers, len(paths), upper, work, text(item.target), flags)
    elif isinstance(item, items.Proc):
        put("mount_proc", attr, text(item.target), flags)
    elif isinstance(item, items.Dev):
        put("mount_dev", attr, text(item.target), flags)
    elif isinstance(item, items.Directory):
        put("make_directory", attr, text(item.path), item.mode)
    elif isinstance(item, items.Symlink):
        put("make_symlink", attr, text(item.contents), text(item.path))
    elif isinstance(item, items.File) and _is_descriptor(item.contents):
        put("make_file_fd", attr, text(item.path), descriptor(item.contents), item.mode)
    elif isinstance(item, items.MountFile):
        put("mount_file_fd", attr, descriptor(item.source), text(item.target), item.mode, flags)
    elif isinstance(item, items.File):
        contents = item.contents.encode() if isinstance(item.contents, str) else octets(item.contents, "contents")
        put("make_file", attr, text(item.path), ffi.from_buffer("uint8_t[]", contents), len(contents), item.mode)
    elif isinstance(item, items.Mask):
        put("mask_path", attr, text(item.path))
    elif isinstance(item, items.ReadOnly):
        put("make_readonly", attr, text(item.path))
    elif isinstance(item, items.Remount):
        put("remount", attr, text(item.path), flags)
    elif isinstance(item, items.Mode):
        put("change_mode", attr, text(item.path), item.mode)
    else:
        raise TypeError(f"a mount is one of forkexec's Mount, Bind, Tmpfs and so on, not {item!r}")


@_keyword("prepared_root")
def _prepared_root(attr: Any, value: Any) -> None:
    if not isinstance(value, PreparedRoot):
        raise TypeError("it must be a PreparedRoot")
    result = value._set(attr)
    if result != 0:
        refuse("set_prepared_root", result)


# After prepared_root, which takes the place of what was asked for before.
@_keyword(
    "mounts",
    "add_mount", "bind_mount", "bind_mount_fd", "bind_mount_idmapped", "mount_tmpfs", "mount_overlay", "mount_proc", "mount_dev", "make_directory",
    "make_symlink", "make_file", "make_file_fd", "mount_file_fd", "mask_path", "make_readonly", "remount", "change_mode",
)  # fmt: skip
def _mounts(attr: Any, value: Any) -> None:
    for index, item in enumerate(several(value, "a list of Mount, Bind, Tmpfs and so on")):
        try:
            _mount_item(attr, item)
        except (TypeError, ValueError, OverflowError) as error:
            raise plain(error)(f"item {index}, {item!r}: {error}") from None


@_keyword("root")
def _root(attr: Any, value: Any) -> None:
    root = value if isinstance(value, items.Root) else items.Root(value)
    flags = (
        (ROOT_READONLY, root.readonly),
        (ROOT_NOSUID, root.nosuid),
        (ROOT_NODEV, root.nodev),
        (ROOT_NOEXEC, root.noexec),
    )
    put("set_root", attr, _nullable(root.path), sum(bit for bit, is_set in flags if is_set))


_plain("chroot", text)

# Security.


@_keyword("session_keyring")
def _session_keyring(attr: Any, value: Any) -> None:
    put("set_session_keyring", attr, ffi.NULL if value is True else text(value))


_plain("keyring_permissions", integer)
_plain("keyring_label", text)
_plain("exec_label", text)
_plain("apparmor_profile", text)


@_keyword("seccomp", "add_seccomp_filter")
def _seccomp(attr: Any, value: Any) -> None:
    alone = isinstance(value, (bytes, bytearray, memoryview, items.Filter))
    for item in [value] if alone else several(value, "the bytes of a filter, a Filter, or a list of these"):
        own, flags = (item.program, item.flags) if isinstance(item, items.Filter) else (item, 0)
        program = octets(own, "a filter")
        count, rest = divmod(len(program), 8)
        if rest:
            raise ValueError(f"the instructions of a filter have 8 bytes each, and it has {len(program)}")
        in_range(UINT32, flags)
        result = lib.python_add_filter(attr, program, count, flags)
        if result != 0:
            refuse("add_seccomp_filter", result)


_switch("deny_terminal_injection", "deny_terminal_injection")
_switch("deny_user_namespaces", "deny_user_namespaces")
_plain("landlock_ruleset", descriptor)


@_keyword("landlock_paths", "add_landlock_path")
def _landlock_paths(attr: Any, value: Any) -> None:
    for path, access in pairs(value, "landlock_paths"):
        put("add_landlock_path", attr, text(path), integer(access, "the accesses"))


@_keyword("landlock_ports", "add_landlock_port")
def _landlock_ports(attr: Any, value: Any) -> None:
    for port, access in pairs(value, "landlock_ports"):
        put("add_landlock_port", attr, integer(port, "a port"), integer(access, "the accesses"))


@_keyword("landlock_handled")
def _landlock_handled(attr: Any, value: Any) -> None:
    files, net = fields(value, 2, "(LandlockFs, LandlockNet)")
    put("set_landlock_handled", attr, integer(files), integer(net))


_plain("landlock_scopes", integer)
_plain("landlock_flags", integer)
_switch("allow_partial_landlock", "allow_partial_landlock")

# Those that make namespaces.
NAMESPACE_KEYWORDS = ("create_namespaces", "unshare_namespaces")
NO_NAMESPACES = Namespace(0)
