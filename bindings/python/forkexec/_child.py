"""A child as the library knows it: to let go, to wait for, to signal, to look at."""

from __future__ import annotations

import errno as errnos
import os
import time
from _thread import get_ident

from . import _abi
from ._abi import (
    ENDED_EXIT,
    ENDED_LIMIT,
    ENDED_MEMORY,
    ENDED_SIGNAL,
    RAN_NO,
    RAN_YES,
    STATUS_CONTINUED,
    STATUS_MEMORY_PEAK,
    STATUS_OUT_OF_MEMORY,
    STATUS_OWN_MEMORY,
    STATUS_RAN,
    STATUS_STOPPED,
    STATUS_USAGE,
    WAIT_CONTINUED,
    WAIT_STOPPED,
)
from ._attr import Attr, program_of
from ._convert import INT32, UINT32, environment, in_range, integer, several, strings
from ._convert import timeout as nanoseconds_of
from ._errors import from_c, os_error
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from typing import Any, NamedTuple, Optional, Union

    from ._items import Path
else:
    from ._record import NamedTuple

# Names of types take longer than types.
_PLACE, _ERROR = ffi.typeof("struct forkexec_child **"), ffi.typeof("struct forkexec_error *")
_STATUS = ffi.typeof("struct forkexec_status *")
_STATUS_SIZE = ffi.sizeof("struct forkexec_status")
_DEFAULT = Attr()
_PIECE = 100_000_000
# The module that names it takes longer than this.
_SIGTERM = 15
_ENDED = {ENDED_EXIT: "exit", ENDED_SIGNAL: "signal", ENDED_LIMIT: "limit", ENDED_MEMORY: "memory"}
_RAN = {RAN_NO: False, RAN_YES: True}
_TYPES = frozenset(_abi.Namespace.__members__.values())


class Usage(NamedTuple):
    """What a child and what it waited for have used. Times are seconds, memory is bytes.

    own_memory: whether max_rss is the program's own, as with measure_memory; otherwise it is at least max_rss_floor, the
    peak of this process."""

    user: float
    system: float
    max_rss: int
    max_rss_floor: int
    memory_peak: Optional[int]
    minor_faults: int
    major_faults: int
    block_reads: int
    block_writes: int
    voluntary_switches: int
    involuntary_switches: int
    own_memory: bool


class Status:
    """How a child ended; struct forkexec_status. It never changes."""

    __slots__ = ("_c",)

    _c: Any

    def __init__(self, c: Any) -> None:
        self._c = c

    @property
    def returncode(self) -> int:
        """The exit code, or -N for signal N, as subprocess has it."""
        c = self._c
        signal = c.signal
        return int(-signal if signal else c.exit_code)

    @property
    def wait_status(self) -> int:
        """The same as waitpid(2) has it."""
        return int(self._c.wait_status)

    @property
    def core_dumped(self) -> bool:
        """Whether a core was left."""
        return bool(self._c.core_dumped)

    @property
    def ran(self) -> Optional[bool]:
        """Whether the program ran at all: False where a signal killed the child in the middle of the exec; None where
        that is not known."""
        return _RAN.get(self._c.ran) if self._c.valid & STATUS_RAN else None

    @property
    def usage(self) -> Optional[Usage]:
        """What the child and what it waited for have used, where that is known."""
        c = self._c
        if not c.valid & STATUS_USAGE:
            return None
        return Usage(
            c.user_ns / 1e9,
            c.system_ns / 1e9,
            c.max_rss_bytes,
            c.max_rss_floor_bytes,
            c.memory_peak_bytes if c.valid & STATUS_MEMORY_PEAK else None,
            c.minor_faults,
            c.major_faults,
            c.block_reads,
            c.block_writes,
            c.voluntary_switches,
            c.involuntary_switches,
            bool(c.valid & STATUS_OWN_MEMORY),
        )

    @property
    def stop_signal(self) -> Optional[int]:
        """The signal that has stopped it, where it has not ended but stopped; see Child.wait."""
        return int(self._c.stop_signal) if self._c.valid & STATUS_STOPPED else None

    @property
    def continued(self) -> bool:
        """Whether it has not ended, but goes on after a stop; see Child.wait."""
        return bool(self._c.valid & STATUS_CONTINUED)

    @property
    def ended(self) -> str:
        """Why it ended: "exit", "signal", "limit" (of processor time or of the size of files), or "memory"."""
        return _ENDED.get(self._c.ended, "signal")

    @property
    def out_of_memory(self) -> Optional[bool]:
        """Whether the kernel killed it, or one of its cgroup, for want of memory; None where no cgroup of its counts memory."""
        c = self._c
        return bool(c.out_of_memory) if c.valid & STATUS_OUT_OF_MEMORY else None

    @property
    def oom_kills(self) -> Optional[int]:
        """How many processes of its cgroup were killed for want of memory; None where no cgroup of its counts memory."""
        c = self._c
        return int(c.oom_kills) if c.valid & STATUS_OUT_OF_MEMORY else None

    def _bytes(self) -> bytes:
        return bytes(ffi.buffer(self._c))

    def __eq__(self, other: object) -> bool:
        return self._bytes() == other._bytes() if isinstance(other, Status) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return _status_from, (self._bytes(),)

    def __repr__(self) -> str:
        return (
            f"Status(returncode={self.returncode}, core_dumped={self.core_dumped}, ran={self.ran}, usage={self.usage})"
        )


def _status_from(data: bytes) -> Status:
    c = ffi.new("struct forkexec_status *")
    ffi.buffer(c)[:] = data
    return Status(c)


class Child:
    """A child of spawn(), start() or hold(). It belongs to the process that made it: a fork of it gets
    ProcessLookupError. Leaving `with`, or the last reference going, closes it: a child that is not the program yet is
    then killed, a running program is left alone."""

    __slots__ = ("_c", "_waiting", "args", "namespaces", "__weakref__")

    def __init__(self, place: Any, args: Any, namespaces: _abi.Namespace) -> None:
        # The last reference frees it, which may be that of a call in another thread.
        self._c = place
        # The threads that are in a call that can take long.
        self._waiting: dict[int, bool] = {}
        self.args: Any = args
        self.namespaces: _abi.Namespace = namespaces

    def _open(self) -> Any:
        place = self._c
        if place is None:
            raise ValueError("the child is closed")
        return place

    def _number(self, function: Any, what: str, *arguments: Any) -> int:
        place = self._open()
        result = int(function(place[0], *arguments))
        if result < 0:
            raise os_error(result, what)
        return result

    @property
    def pid(self) -> int:
        """Its process id; another's once it was reaped."""
        return self._number(lib.forkexec_child_pid, "the child of another process")

    @property
    def pidfd(self) -> int:
        """A pidfd of it, borrowed: good until close(). It is readable when the child has ended."""
        return self._number(lib.forkexec_child_pidfd, "no pidfd of the child")

    def take_pidfd(self) -> int:
        """A pidfd of it that is the caller's to close; each call gives another."""
        return self._number(lib.forkexec_child_take_pidfd, "no pidfd of the child")

    def namespace_fd(self, kind: _abi.Namespace) -> int:
        """A descriptor of one of its namespaces, the caller's to close; forkexec_child_namespace_fd."""
        if integer(kind, "the type") not in _TYPES:
            raise ValueError(f"{kind!r} is not one type of Namespace, such as Namespace.NET")
        return self._number(lib.forkexec_child_namespace_fd, "no descriptor of the namespace", kind)

    def seccomp_fd(self) -> int:
        """The listener of the filter with SeccompFlag.LISTENER, the caller's to close; there is only one."""
        return self._number(lib.forkexec_child_seccomp_fd, "no listener")

    def listen_fd(self, index: int = 0) -> int:
        """The so many-th socket of `listen`, the caller's to close, handed over once; forkexec_child_listen_fd."""
        return listen_fd(self._open(), index)

    def listener(self, index: int = 0) -> socket.socket:
        """The same, as a socket to accept by."""
        return listener(self._open(), index)

    def terminal_fd(self) -> int:
        """The other end of `terminal`, the caller's to close, handed over once; forkexec_child_terminal_fd."""
        return terminal_fd(self._open())

    def tun_fd(self) -> int:
        """The descriptor of `tun`, the caller's to close, handed over once; forkexec_child_tun_fd."""
        return tun_fd(self._open())

    def poll(self) -> Optional[Status]:
        """How it ended; None while it has not."""
        try:
            return self.wait(0)
        except TimeoutError:
            return None

    def wait(self, timeout: Optional[float] = None, *, changes: bool = False) -> Status:
        """Waits until it has ended, at most `timeout` seconds (else TimeoutError), and reaps it; forkexec_wait.

        changes: also until it has stopped, or goes on, which Status.stop_signal and continued tell, each time once."""
        status = ffi.new(_STATUS)
        left = nanoseconds_of(timeout)
        thread = get_ident()
        try:
            self._waiting[thread] = True
            result = wait_for(self._open(), left, status, WAIT_STOPPED | WAIT_CONTINUED if changes else 0)
        finally:
            self._waiting.pop(thread, None)
        if result == -errnos.ETIMEDOUT:
            raise TimeoutError(errnos.ETIMEDOUT, "the child has not ended yet")
        if result < 0:
            raise os_error(result, "the child cannot be waited for")
        return Status(status)

    def release(self, timeout: Optional[float] = None) -> None:
        """Lets a child of start() go, and comes back when it is the program; forkexec_release.

        Raises SpawnError where it does not become the program. TimeoutError: it is not yet there; call again, or close.
        """
        error = ffi.new(_ERROR)
        left = nanoseconds_of(timeout)
        thread = get_ident()
        try:
            self._waiting[thread] = True
            result = release_for(self._open(), left, error)
        finally:
            self._waiting.pop(thread, None)
        if result == -errnos.ETIMEDOUT and error.stage == 0:
            raise TimeoutError(errnos.ETIMEDOUT, "the child is not the program yet")
        if result == -errnos.EINVAL and error.stage == 0:
            raise ValueError("only a child of start() that was not released can be released")
        if result < 0:
            raise from_c(result, error, program=program_name(self.args))

    def send_signal(self, signal: int) -> None:
        """Sends it a signal, and never to a process that got its pid later; forkexec_signal."""
        self._number(lib.forkexec_signal, "the child gets no signal", in_range(INT32, signal, "a signal"))

    def kill_tree(self) -> None:
        """Kills it and all its descendants; needs a pid namespace, cgroup, session or process group of its own."""
        kill_tree(self._open())

    def signal_tree(self, signal: int) -> None:
        """Sends a signal to it and those of its cgroup or process group, where it has one of its own as for kill_tree;
        forkexec_signal_tree."""
        signal_tree(self._open(), signal)

    def terminate_tree(self, grace: float = 2.0, signal: int = _SIGTERM) -> None:
        """Ends it and its descendants: signal_tree, then kill_tree when it has ended, or after `grace` seconds. Handlers
        of signals run afterwards; forkexec_terminate_tree."""
        number = in_range(INT32, signal, "a signal")
        result = lib.forkexec_terminate_tree(self._open()[0], number, nanoseconds_of(grace, "grace"))
        _tree(result, "the tree cannot be ended")

    def detach(self) -> None:
        """Gives it up without killing it, also while it is held; then it is closed. forkexec_detach."""
        place = self._open()
        # No wait begins from here on; one that is on its way would go on with a child that is freed.
        self._c = None
        try:
            if self._waiting:
                raise os_error(-errnos.EBUSY, "somebody waits for the child: let the call come back first")
            result = lib.python_detach(place)
            if result < 0:
                raise os_error(result, "the child cannot be given up now")
        finally:
            if place[0] != ffi.NULL:
                self._c = place

    def close(self) -> None:
        """Frees it. One that is not the program yet is killed and reaped; a running program is left alone."""
        self._c = None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        place = self._c
        return f"<{type(self).__name__} {'closed' if place is None else lib.forkexec_child_pid(place[0])}>"


def new_place() -> Any:
    """Where a call leaves its child, which lives as long as the place does."""
    return ffi.gc(ffi.new(_PLACE), lib.python_close)


def wait_for(place: Any, left: int, status: Any, flags: int = 0) -> int:
    """forkexec_wait, which lets Python's signal handlers run whenever a signal comes in between."""
    end = time.monotonic() + left / 1e9 if left > 0 else 0.0
    while True:
        result = lib.forkexec_wait(place[0], left, flags, status, _STATUS_SIZE)
        if result != -errnos.EINTR:
            return int(result)
        if left > 0:
            left = max(0, int((end - time.monotonic()) * 1e9))


def release_for(place: Any, left: int, error: Any) -> int:
    """forkexec_release, which no signal interrupts: by pieces of a tenth of a second, between which Python's signal
    handlers run."""
    end = time.monotonic() + left / 1e9 if left >= 0 else None
    while True:
        piece = _PIECE if left < 0 else min(left, _PIECE)
        result = lib.forkexec_release(place[0], piece, error)
        if result != -errnos.ETIMEDOUT or error.stage != 0:
            return int(result)
        if end is not None:
            left = int((end - time.monotonic()) * 1e9)
            if left <= 0:
                return int(result)


def _handed(fd: int, what: str) -> int:
    if fd < 0:
        raise os_error(fd, what)
    return fd


def listen_fd(place: Any, index: int) -> int:
    number = in_range(UINT32, index, "the index")
    return _handed(int(lib.forkexec_child_listen_fd(place[0], number)), "no such socket, or handed over already")


def listener(place: Any, index: int) -> socket.socket:
    import socket

    return socket.socket(fileno=listen_fd(place, index))


def terminal_fd(place: Any) -> int:
    return _handed(int(lib.forkexec_child_terminal_fd(place[0])), "no terminal, or handed over already")


def tun_fd(place: Any) -> int:
    return _handed(int(lib.forkexec_child_tun_fd(place[0])), "no network device, or handed over already")


def kill_tree(place: Any) -> None:
    """forkexec_kill_tree; that nobody is left is no error."""
    _tree(lib.forkexec_kill_tree(place[0]), "the tree cannot be killed")


def signal_tree(place: Any, signal: int) -> None:
    """forkexec_signal_tree; that nobody is left is no error."""
    _tree(lib.forkexec_signal_tree(place[0], in_range(INT32, signal, "a signal")), "the tree gets no signal")


def _tree(result: int, what: str) -> None:
    if result == -errnos.EOPNOTSUPP:
        raise os_error(result, "give the child a group to kill: start_new_session=True, or an Attr with session, "
                       "process_group, cgroup or create_namespaces=Namespace.PID")  # fmt: skip
    if result < 0 and result != -errnos.ESRCH:
        raise os_error(result, what)


def abandon(place: Any) -> None:
    """Kills, reaps and frees the child, if there is one, of a start that somebody's signal handler has interrupted."""
    if place[0] != ffi.NULL:
        if lib.forkexec_kill_tree(place[0]) < 0:
            lib.forkexec_signal(place[0], 9)
        lib.forkexec_wait(place[0], 5_000_000_000, 0, ffi.NULL, 0)
        lib.python_close(place)


def may_block(given: dict[str, Any]) -> bool:
    """Whether the steps of the child may wait for others, as opening a FIFO does. No signal interrupts a spawn: it is
    then a start and a release, which Python's signal handlers do."""
    return "fd_actions" in given and "stop" not in given and "ptrace" not in given


def program_name(args: Any) -> Any:
    """What the caller named the program."""
    if isinstance(args, (str, bytes, os.PathLike)):
        return args
    return next(iter(args), None) if args is not None else None


def _make(args: Any, attr: Optional[Attr], executable: Any, env: Any, held: bool) -> Child:
    attr = _DEFAULT if attr is None else attr
    if not isinstance(attr, Attr):
        raise TypeError(f"attr must be an Attr, not {type(attr).__name__}")
    if type(args) is not list and not isinstance(args, (str, bytes, os.PathLike)):
        args = list(several(args, "a list of strings, bytes or paths, or one of them", "args"))
    argv, argc = strings(args, "args")
    envp, envc = environment(env)
    path = program_of(attr, argv, executable)
    two_steps = not held and may_block(attr._given)
    place, error = new_place(), ffi.new(_ERROR)
    try:
        result = lib.python_spawn(attr._c, held or two_steps, path, argv, argc, envp, envc, place, error)
        if two_steps and result == 0:
            result = release_for(place, _abi.FOREVER, error)
        if result < 0:
            program = executable if executable is not None else program_name(args)
            raise from_c(result, error, program=program, cwd=attr._given.get("cwd"))
        return Child(place, args, attr.namespaces)
    except BaseException:
        abandon(place)
        raise


def spawn(
    args: Union[Path, Sequence[Path]],
    *,
    attr: Optional[Attr] = None,
    executable: Optional[Path] = None,
    env: Optional[Mapping[Any, Any]] = None,
) -> Child:
    """Starts a program, and comes back when it runs; the least that a start can cost. forkexec_spawn.

    The path is not searched for, unless attr has a search_path. env None is the caller's own environment. Raises
    SpawnError.
    """
    return _make(args, attr, executable, env, False)


def start(
    args: Union[Path, Sequence[Path]],
    *,
    attr: Optional[Attr] = None,
    executable: Optional[Path] = None,
    env: Optional[Mapping[Any, Any]] = None,
) -> Child:
    """The first half of spawn(): the child is held, its namespaces, root and limits set up, until release().

    `with forkexec.start(...) as held: held.pid; held.release()`. forkexec_start.
    """
    return _make(args, attr, executable, env, True)


def hold(attr: Attr) -> Child:
    """A child that only holds namespaces, and ends when it is closed; forkexec_hold. `Attr(join=held)` joins them."""
    if not isinstance(attr, Attr):
        raise TypeError(f"attr must be an Attr, not {type(attr).__name__}")
    place, error = new_place(), ffi.new(_ERROR)
    result = lib.forkexec_hold(attr._c, place, error)
    if result < 0:
        raise from_c(result, error)
    return Child(place, None, attr.namespaces)


def probe(feature: _abi.Feature) -> tuple[bool, str]:
    """Whether this host has a feature, and where not, why and what helps; found out by trying. forkexec_probe."""
    place = ffi.new("char[]", 1024)
    result = lib.forkexec_probe(integer(feature), place, 1024)
    if result < 0:
        raise (
            ValueError(f"{feature} is no feature")
            if result == -errnos.EINVAL
            else os_error(result, "cannot be tried now")
        )
    from ._words import in_python

    return result == 1, in_python(ffi.string(place).decode(errors="replace"))


def version() -> str:
    """The version of the library inside; forkexec_version."""
    return str(ffi.string(lib.forkexec_version()).decode())


def version_info() -> tuple[int, int, int]:
    """The same as numbers that can be compared; forkexec_version_number."""
    number = lib.forkexec_version_number()
    return number >> 16, number >> 8 & 0xFF, number & 0xFF


def stage_name(stage: int) -> str:
    """The short name of a stage, with which its sentences begin; "unknown" for none. forkexec_stage_name."""
    number = integer(stage, "a stage")
    return str(ffi.string(lib.forkexec_stage_name(number if 0 <= number < 2**32 else 2**32 - 1)).decode())
