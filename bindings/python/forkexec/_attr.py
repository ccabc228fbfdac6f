"""Attr: what the child does between fork and exec."""

from __future__ import annotations

from ._abi import Namespace
from ._convert import environment, plain, several, strings, text
from ._errors import from_c
from ._keywords import KEYWORDS, NAMESPACE_KEYWORDS, NO_NAMESPACES
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    import signal as signals
    from collections.abc import Iterable, Mapping, Sequence
    from typing import IO, Any, NoReturn, Optional, Union

    from ._abi import (
        CapabilitySet,
        CwdRights,
        DeathOf,
        LandlockFlag,
        LandlockFs,
        LandlockNet,
        LandlockScope,
        MemoryMode,
        ProcessFlag,
        Speculate,
        Speculation,
        Stage,
    )
    from ._capability import Capability
    from ._cgroup import Cgroup
    from ._items import Address, FdAction, Filter, Listen, MountItem, Path, Root
    from ._prepared import PreparedRoot

    Fd = Union[int, IO[Any], Any]
    Signals = Union[int, signals.Signals, Iterable[Union[int, signals.Signals]]]
    Limit = Union[int, tuple[Optional[int], Optional[int]]]
    Capabilities = Union[Capability, int, Iterable[Union[Capability, int]]]

# Of C's functions the last call counts; keywords have no order.
_EITHER = (
    ("root", "prepared_root", "name the root"),
    ("cgroup", "cgroup_fd", "name the cgroup"),
    ("init", "lingering_init", "ask for an init"),
    ("scheduler", "deadline", "name the scheduling policy"),
)


class Attr:
    """What the child does between fork and exec. Each keyword asks for one thing; without keywords it does nothing more.

    An Attr never changes; `replace` makes another one. Any number of threads may start children from the same Attr at the
    same time. Two Attrs are equal only if they are the same object.

    Values of a wrong type or out of range raise TypeError, ValueError or OverflowError here, before there is a process.
    Keywords that contradict each other raise SpawnError (also a ValueError) at the start, and so does what the kernel
    refuses, with the stage that failed. A file object may stand for its descriptor. Descriptors are borrowed: they must be
    open at each start. Each keyword calls the C function forkexec_attr_set_NAME, or those in brackets.

    The program:
      exec_fd: a descriptor of the program, instead of a path.
      search_path: directories in which to search a program without a slash: "a:b", a sequence, or True for
        "/bin:/usr/bin".
      cwd: the working directory, a path or a descriptor (set_cwd, set_cwd_fd).
      cwd_rights: with whose rights cwd is entered, a CwdRights. The cwd= of Popen is entered with the caller's.
      busy_retry: seconds in which to try the exec again while the program's file is open for writing.
      pid_variable: the name of an environment variable that tells the program its pid.
      memory_mode: whether the child uses the memory of this process until the exec, a MemoryMode.
      ptrace: True: this thread traces the child; only with start().
      stop: True: the child stops before the exec until SIGCONT; only with start().
      init: True: a small init becomes process 1 of the new pid namespace, and the program process 2.
      lingering_init: True: as init, but the init goes on until the last process in there ends. See Child.wait.
      measure_memory: True: usage.max_rss is the program's own peak, and not at least this process's
        (measure_memory).

    Descriptors:
      fds: {the program's number: the caller's descriptor}; all others but 0 to 2 are closed (map_fd).
      inherit_fds: True: keep what is not close-on-exec, instead of closing it (inherit_fds).
      fd_actions: OpenFd, DupFd, CloseFd, CloseFdsFrom and EnterDirectory, in this order (open_fd, dup_fd, close_fd,
        close_fds_from, enter_directory, enter_directory_fd).

    Session and terminal:
      session: True: a new session; setsid.
      process_group: this process group; 0 makes one of its own.
      controlling_terminal: a descriptor of the terminal that the new session is to control.
      foreground: a descriptor of a terminal; the program's process group becomes its foreground group.
      detach_terminal: True: the program has no controlling terminal (detach_terminal).

    Signals:
      signal_mask: exactly these signals are blocked, one or several.
      signal_default: these get the default action.
      signal_ignore: these are ignored.
      parent_death_signal: a signal that the program gets when the caller's process ends, or (signal, DeathOf).

    Limits and scheduling:
      rlimits: {resource.RLIMIT_CPU: 2} or {...: (soft, hard)} in the resource's unit; None leaves a half as it is
        (set_rlimit).
      nice: the nice value itself, -20 to 19.
      affinity: the numbers of the processors that it may use.
      scheduler: a policy such as os.SCHED_BATCH, or (policy, priority).
      deadline: SCHED_DEADLINE, as (runtime, deadline) or (runtime, deadline, period) in seconds; the place of scheduler.
      utilization: (least, most) of 1024: bounds for how busy the scheduler takes the program to be.
      numa_policy: a mode of set_mempolicy(2), or (mode, nodes).
      io_priority: a class, or (class, level from 0 to 7).
      umask: the file mode creation mask.
      personality: the execution domain; personality(2).
      oom_score_adj: -1000 to 1000.
      timer_slack: seconds.
      process_flags: a ProcessFlag.
      speculation: {Speculation.STORE_BYPASS: Speculate.DISABLE}.
      coredump_filter: bits of core(5): which kinds of memory a core holds.
      cgroup: a Cgroup in which the program runs.
      cgroup_fd: a descriptor of the directory of a cgroup in which the program runs.
      restore_nofile: True: the soft limit on descriptors that this process was started with; a soft limit, or a pair of
        soft and hard: only while the limits are still these (restore_nofile, restore_nofile_from).
      allow_failure: a Stage that may fail, such as Stage.NICE, or several (allow_failure).

    Identity:
      uid: a number or a name.
      gid: a number or a name.
      groups: exactly these supplementary groups, numbers or names.
      keep_groups: True: the caller's supplementary groups (keep_groups).
      capabilities: {CapabilitySet: Capability, or several}.
      drop_capabilities: True: no capabilities, and no exec gives any (drop_capabilities).
      ambient: a Capability, or several, that the program keeps over the exec.
      securebits: the bits of prctl(2)'s PR_SET_SECUREBITS.
      no_new_privs: True: no exec gives more rights, as by a set-user-ID file; prctl(2).

    Namespaces:
      create_namespaces: the Namespace types that are new from the start (create_namespaces).
      unshare_namespaces: the Namespace types that the child makes by unshare(2); CGROUP and PID only after release()
        (unshare_namespaces).
      join_namespaces: {Namespace: descriptor} (join_namespace).
      join: a held child, or (pidfd, Namespace types), or a list of these (join_pidfd).
      join_second_user_namespace: the descriptor of a user namespace that is joined after the mounts
        (join_second_user_namespace).
      uid_map: [(first inside, first outside, count)] (map_uid).
      gid_map: [(first inside, first outside, count)] (map_gid).
      map_subordinate_ids: True: user 0 is the caller, and the ids of /etc/subuid follow (map_subordinate_ids).
      map_helpers: (path of newuidmap, path of newgidmap); None for the usual one.
      allow_setgroups: True: setgroups is not denied in the new user namespace (allow_setgroups).
      user_namespace_owner: the uid that owns the new user namespace.
      mount_propagation: MS_ flags of mount(2).
      hostname: the new UTS namespace's host name.
      domainname: its NIS domain name.
      pid: the pid in the innermost pid namespace, or a list of it and those in the namespaces around it.
      loopback: True: the new network namespace's `lo` is brought up.
      time_offsets: {time.CLOCK_MONOTONIC: seconds} for a new time namespace (set_time_offset).

    Inside, and handed to the caller:
      listen: (host, port), a path, an abstract name, a Listen, or a list of these; Child.listener gives the socket
        (listen).
      terminal: (rows, columns), an os.terminal_size, or True: a new terminal; Child.terminal_fd gives the other end.
      tun: the name of a new network device, or (name, flags), or True for any name; Child.tun_fd gives its descriptor
        (open_tun).

    Mounts:
      prepared_root: a PreparedRoot, instead of root; mounts come on top of its own.
      mounts: Bind, Tmpfs, Overlay, Proc, Dev, Directory, Symlink, File, MountFile, Mask, ReadOnly,
        Remount, Mode and Mount, in this order (bind_mount, bind_mount_fd, bind_mount_idmapped, mount_tmpfs, mount_overlay,
        mount_proc, mount_dev, make_directory, make_symlink, make_file, make_file_fd, mount_file_fd,
        mask_path, make_readonly, remount, change_mode, add_mount).
      root: the new root: a path, or Root(path, readonly, nosuid, nodev, noexec); Root() is an empty one in memory.
      chroot: a path; chroot(2).

    Security:
      session_keyring: the name of a new session keyring, or True for one without a name.
      keyring_permissions: who may do what with it, as 0x3f090000; keyctl(2).
      keyring_label: its context of SELinux.
      exec_label: the label that SELinux or AppArmor give the program.
      apparmor_profile: the profile of AppArmor, where exec_label is for SELinux.
      seccomp: the bytes of a filter, 8 for each instruction, or Filter(bytes, flags), or a list (add_seccomp_filter).
      deny_terminal_injection: True: a filter that refuses TIOCSTI and TIOCLINUX (deny_terminal_injection).
      deny_user_namespaces: True: the program and its descendants cannot make user namespaces (deny_user_namespaces).
      landlock_ruleset: a descriptor of a ruleset.
      landlock_paths: {path: LandlockFs} (add_landlock_path).
      landlock_ports: {port of TCP or UDP: LandlockNet} (add_landlock_port).
      landlock_handled: (LandlockFs, LandlockNet): what is refused where no path and no port allows it.
      landlock_scopes: a LandlockScope.
      landlock_flags: a LandlockFlag, or bits that only a newer kernel knows.
      allow_partial_landlock: True: ignore the rules that this kernel's Landlock is too old for (allow_partial_landlock).
    """

    __slots__ = {
        "_given": None,
        "_c": None,
        "namespaces": "The types of namespaces that the child gets new ones of.",
        "__weakref__": None,
    }

    _given: dict[str, Any]
    _c: Any
    namespaces: Namespace

    def __init__(
        self,
        *,
        exec_fd: Optional[Fd] = None,
        search_path: Union[bool, Path, Sequence[Path], None] = None,
        cwd: Union[Path, Fd, None] = None,
        cwd_rights: Optional[CwdRights] = None,
        busy_retry: Optional[float] = None,
        pid_variable: Optional[str] = None,
        memory_mode: Optional[MemoryMode] = None,
        ptrace: bool = False,
        stop: bool = False,
        init: bool = False,
        lingering_init: bool = False,
        measure_memory: bool = False,
        fds: Optional[Mapping[int, Fd]] = None,
        inherit_fds: bool = False,
        fd_actions: Optional[Iterable[FdAction]] = None,
        session: bool = False,
        process_group: Optional[int] = None,
        controlling_terminal: Optional[Fd] = None,
        foreground: Optional[Fd] = None,
        detach_terminal: bool = False,
        signal_mask: Optional[Signals] = None,
        signal_default: Optional[Signals] = None,
        signal_ignore: Optional[Signals] = None,
        parent_death_signal: Union[int, tuple[int, DeathOf], None] = None,
        rlimits: Optional[Mapping[int, Limit]] = None,
        nice: Optional[int] = None,
        affinity: Optional[Iterable[int]] = None,
        scheduler: Union[int, tuple[int, int], None] = None,
        deadline: Union[tuple[float, float], tuple[float, float, float], None] = None,
        utilization: Optional[tuple[int, int]] = None,
        numa_policy: Union[int, tuple[int, Iterable[int]], None] = None,
        io_priority: Union[int, tuple[int, int], None] = None,
        umask: Optional[int] = None,
        personality: Optional[int] = None,
        oom_score_adj: Optional[int] = None,
        timer_slack: Optional[float] = None,
        process_flags: Optional[ProcessFlag] = None,
        speculation: Union[Mapping[Speculation, Speculate], Iterable[tuple[Speculation, Speculate]], None] = None,
        coredump_filter: Optional[int] = None,
        cgroup: Optional[Cgroup] = None,
        cgroup_fd: Optional[Fd] = None,
        restore_nofile: Union[bool, int, tuple[Optional[int], Optional[int]]] = False,
        allow_failure: Union[Stage, Iterable[Stage], None] = None,
        uid: Union[int, str, None] = None,
        gid: Union[int, str, None] = None,
        groups: Optional[Iterable[Union[int, str]]] = None,
        keep_groups: bool = False,
        capabilities: Optional[Mapping[CapabilitySet, Capabilities]] = None,
        drop_capabilities: bool = False,
        ambient: Optional[Capabilities] = None,
        securebits: Optional[int] = None,
        no_new_privs: bool = False,
        create_namespaces: Optional[Namespace] = None,
        unshare_namespaces: Optional[Namespace] = None,
        join_namespaces: Optional[Mapping[Namespace, Fd]] = None,
        join: Any = None,
        join_second_user_namespace: Optional[Fd] = None,
        uid_map: Optional[Iterable[tuple[int, int, int]]] = None,
        gid_map: Optional[Iterable[tuple[int, int, int]]] = None,
        map_subordinate_ids: bool = False,
        map_helpers: Optional[tuple[Optional[Path], Optional[Path]]] = None,
        allow_setgroups: bool = False,
        user_namespace_owner: Optional[int] = None,
        mount_propagation: Optional[int] = None,
        hostname: Optional[str] = None,
        domainname: Optional[str] = None,
        pid: Union[int, Iterable[int], None] = None,
        loopback: bool = False,
        time_offsets: Optional[Mapping[int, float]] = None,
        listen: Union[Address, Listen, Iterable[Union[Address, Listen]], None] = None,
        terminal: Union[bool, tuple[int, int], os.terminal_size, None] = None,
        tun: Union[bool, str, tuple[Optional[str], int], None] = None,
        prepared_root: Optional[PreparedRoot] = None,
        mounts: Optional[Iterable[MountItem]] = None,
        root: Union[Path, Root, None] = None,
        chroot: Optional[Path] = None,
        session_keyring: Union[bool, str, None] = None,
        keyring_permissions: Optional[int] = None,
        keyring_label: Optional[str] = None,
        exec_label: Optional[str] = None,
        apparmor_profile: Optional[str] = None,
        seccomp: Union[bytes, Filter, Iterable[Union[bytes, Filter]], None] = None,
        deny_terminal_injection: bool = False,
        deny_user_namespaces: bool = False,
        landlock_ruleset: Optional[Fd] = None,
        landlock_paths: Optional[Mapping[Path, LandlockFs]] = None,
        landlock_ports: Optional[Mapping[int, LandlockNet]] = None,
        landlock_handled: Optional[tuple[LandlockFs, LandlockNet]] = None,
        landlock_scopes: Optional[LandlockScope] = None,
        landlock_flags: Optional[LandlockFlag] = None,
        allow_partial_landlock: bool = False,
    ) -> None:
        values = locals()
        given = {name: values[name] for name in KEYWORDS if values[name] is not None and values[name] is not False}
        made = lib.forkexec_attr_new()
        if made == ffi.NULL:
            raise MemoryError
        made = ffi.gc(made, lib.forkexec_attr_free)
        for one, other, why in _EITHER:
            if one in given and other in given:
                raise ValueError(f"{one} and {other} both {why}: replace({one}=None, {other}=...)")
        for name, value in given.items():
            given[name] = value = _own(value)
            _apply(name, made, value)
        object.__setattr__(self, "_given", given)
        object.__setattr__(self, "_c", made)
        object.__setattr__(self, "namespaces", _namespaces_of(given))

    def replace(self, **changes: Any) -> Attr:
        """A new Attr with some keywords changed; None or False removes a keyword."""
        return type(self)(**{**self._given, **changes})

    def describe(
        self,
        args: Union[Path, Sequence[Path]] = ("true",),
        *,
        executable: Optional[Path] = None,
        env: Optional[Mapping[Any, Any]] = None,
    ) -> str:
        """The steps of a start, one a line, without starting anything; forkexec_describe_text.

        Raises SpawnError where a start would fail before there is a child. The text is for people and changes
        between versions.
        """
        if not isinstance(args, (str, bytes)) and not hasattr(args, "__fspath__"):
            several(args, "a list of strings, bytes or paths, or one of them", "args")
        argv, argc = strings(args, "args")
        envp, envc = environment(env)
        path = program_of(self, argv, executable)
        error = ffi.new("struct forkexec_error *")

        def tell(place: Any, size: int) -> int:
            result = lib.python_describe(self._c, path, argv, argc, envp, envc, place, size, error)
            if result < 0:
                raise from_c(result, error, program=path or None)
            return int(result)

        size = tell(ffi.NULL, 0) + 1
        while True:
            place = ffi.new("char[]", size)
            length = tell(place, size)
            if length < size:
                return bytes(ffi.buffer(place, length)).decode(errors="replace")
            size = length + 1

    def __call__(self) -> NoReturn:
        """Raises RuntimeError: subprocess calls this for preexec_fn=Attr(...) where install() was not called."""
        raise RuntimeError("preexec_fn=Attr(...) needs forkexec.install(); or call forkexec.Popen with attr=")

    def __repr__(self) -> str:
        return f"Attr({', '.join(f'{name}={value!r}' for name, value in self._given.items())})"

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"an Attr does not change: use replace({name}=...)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an Attr does not change: use replace({name}=None)")

    def __getattr__(self, name: str) -> Any:
        if name in KEYWORDS:
            return self._given.get(name)
        raise AttributeError(f"Attr has no keyword {name!r}")

    def __copy__(self) -> Attr:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._given,)


def _namespaces_of(given: dict[str, Any]) -> Namespace:
    types = NO_NAMESPACES
    for name in NAMESPACE_KEYWORDS:
        if name in given:
            types |= Namespace(given[name])
    return types


def _rebuild(given: dict[str, Any]) -> Attr:
    return Attr(**given)


def _own(value: Any) -> Any:
    """A copy of a value that the caller could change later. An iterator can be read only once: its items are kept. A file
    object is an iterator too, but stands for its descriptor."""
    if hasattr(value, "__next__") and not hasattr(value, "fileno"):
        return list(value)
    if isinstance(value, memoryview):
        return bytes(value)
    return value.copy() if isinstance(value, (list, dict, set, bytearray)) else value


def _apply(name: str, attr: Any, value: Any) -> None:
    try:
        KEYWORDS[name].apply(attr, value)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} ({name}={_short(value)})") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise plain(error)(f"{name}={_short(value)}: {error}") from None


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 120 else shown[:117] + "..."


def program_of(attr: Optional[Attr], argv: bytes, executable: Optional[Path]) -> Any:
    """The path of the program for C; NULL where exec_fd names the program."""
    if attr is not None and "exec_fd" in attr._given:
        if executable is not None:
            raise ValueError("executable and exec_fd both name the program")
        return ffi.NULL
    path = argv.partition(b"\0")[0] if executable is None else text(executable, "executable")
    return path
