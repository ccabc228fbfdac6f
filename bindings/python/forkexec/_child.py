"""A child process of the library: releasing it, waiting for it, sending it signals, asking what became of it."""

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
    STATUS_EXIT,
    STATUS_LINGERS,
    STATUS_MEMORY_PEAK,
    STATUS_OUT_OF_MEMORY,
    STATUS_OWN_MEMORY,
    STATUS_RAN,
    STATUS_STOPPED,
    STATUS_USAGE,
    WAIT_CONTINUED,
    WAIT_PROGRAM,
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

# cffi parses a type that is given by its name at each call; these are parsed once.
_PLACE, _ERROR = ffi.typeof("struct forkexec_child **"), ffi.typeof("struct forkexec_error *")
_STATUS = ffi.typeof("struct forkexec_status *")
_STATUS_SIZE = ffi.sizeof("struct forkexec_status")
_DEFAULT = Attr()
_PIECE = 100_000_000
_LONGEST = 2**63 - 1
# signal.SIGTERM, without importing the module signal, which takes long.
_SIGTERM = 15
_ENDED = {ENDED_EXIT: "exit", ENDED_SIGNAL: "signal", ENDED_LIMIT: "limit", ENDED_MEMORY: "memory"}
_RAN = {RAN_NO: False, RAN_YES: True}
_TYPES = frozenset(_abi.Namespace.__members__.values())


class Usage(NamedTuple):
    """What the child and the descendants that it waited for have used. Times are in seconds, memory is in bytes.

    own_memory: True where max_rss is the peak of the program alone, as with measure_memory. Otherwise max_rss is never
    below max_rss_floor, the peak of this process."""

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
    """How a child ended; struct forkexec_status. A Status never changes."""

    __slots__ = ("_c",)

    _c: Any

    def __init__(self, c: Any) -> None:
        self._c = c

    @property
    def returncode(self) -> int:
        """The exit code, or -N where signal N killed the child, as in subprocess. ValueError: the child has not ended, see
        stop_signal and continued."""
        c = self._c
        if not c.valid & STATUS_EXIT:
            raise ValueError("the child has not ended: see stop_signal and continued")
        signal = c.signal
        return int(-signal if signal else c.exit_code)

    @property
    def wait_status(self) -> int:
        """The wait status, in the form of waitpid(2)."""
        return int(self._c.wait_status)

    @property
    def core_dumped(self) -> bool:
        """Whether the kernel wrote a core file."""
        return bool(self._c.core_dumped)

    @property
    def ran(self) -> Optional[bool]:
        """Whether the program ran at all. False: a signal killed the child during the exec. None: this is not known."""
        return _RAN.get(self._c.ran) if self._c.valid & STATUS_RAN else None

    @property
    def usage(self) -> Optional[Usage]:
        """What the child and the descendants that it waited for have used; None where this is not known."""
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
        """The signal that stopped the child; None where this status is not about a stop. See Child.wait."""
        return int(self._c.stop_signal) if self._c.valid & STATUS_STOPPED else None

    @property
    def continued(self) -> bool:
        """Whether this status says that the child continued after a stop. See Child.wait."""
        return bool(self._c.valid & STATUS_CONTINUED)

    @property
    def lingers(self) -> bool:
        """Whether the program has ended, and its init goes on. See Child.wait."""
        return bool(self._c.valid & STATUS_LINGERS)

    @property
    def ended(self) -> Optional[str]:
        """Why the child ended: "exit", "signal", "limit" (of processor time or of file size), or "memory". None: it has not
        ended."""
        c = self._c
        return _ENDED.get(c.ended, "signal") if c.valid & STATUS_EXIT else None

    @property
    def out_of_memory(self) -> Optional[bool]:
        """Whether the child ended because memory was short: SIGKILL killed it, and oom_kills is not 0. None: it has no cgroup
        that counts memory."""
        c = self._c
        return bool(c.out_of_memory) if c.valid & STATUS_OUT_OF_MEMORY else None

    @property
    def oom_kills(self) -> Optional[int]:
        """How many processes of the child's cgroup the OOM killer killed. None: it has no cgroup that counts memory."""
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
        if not self._c.valid & STATUS_EXIT:
            return f"Status(stop_signal={self.stop_signal}, continued={self.continued})"
        return (
            f"Status(returncode={self.returncode}, core_dumped={self.core_dumped}, ran={self.ran}, usage={self.usage})"
        )


def _status_from(data: bytes) -> Status:
    c = ffi.new("struct forkexec_status *")
    ffi.buffer(c)[:] = data
    return Status(c)


class Child:
    """A child of spawn(), start() or hold(). It belongs to the process that started it: in a fork of that process each
    method raises ProcessLookupError. The end of `with`, or of the last reference, closes the Child: a child that has not
    executed the program yet is then killed, a running program is left alone.

    A method raises the OSError of the errno that its C function returns, such as PermissionError for EPERM, and ValueError
    after close()."""

    __slots__ = ("_c", "_waiting", "args", "namespaces", "__weakref__")

    def __init__(self, place: Any, args: Any, namespaces: _abi.Namespace) -> None:
        # The C child is freed with the last reference to this, which a call in another thread may hold.
        self._c = place
        # The threads that are inside wait() or release().
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
        """The process id. After the child was reaped, the kernel may give this number to another process."""
        return self._number(lib.forkexec_child_pid, "the child of another process")

    @property
    def pidfd(self) -> int:
        """A pidfd of the child, borrowed: valid until close(). It becomes readable when the child has ended."""
        return self._number(lib.forkexec_child_pidfd, "no pidfd of the child")

    def take_pidfd(self) -> int:
        """A new pidfd of the child, which the caller closes."""
        return self._number(lib.forkexec_child_take_pidfd, "no pidfd of the child")

    def namespace_fd(self, kind: _abi.Namespace) -> int:
        """A descriptor of one of the child's namespaces, which the caller closes; forkexec_child_namespace_fd.

        ProcessLookupError: the child has ended. PermissionError: it has become a user whom this process may not look into.
        FileNotFoundError: there is no /proc, or the kernel has no such namespaces."""
        if integer(kind, "the type") not in _TYPES:
            raise ValueError(f"{kind!r} is not one type of Namespace, such as Namespace.NET")
        return self._number(lib.forkexec_child_namespace_fd, "no descriptor of the namespace", kind)

    def seccomp_fd(self) -> int:
        """The seccomp listener of the filter with SeccompFlag.LISTENER, which the caller closes. It is given once.
        forkexec_child_seccomp_fd.

        FileNotFoundError: there is no such filter, or it was given already. BlockingIOError: the child is not the program
        yet."""
        return self._number(lib.forkexec_child_seccomp_fd, "no listener")

    def listen_fd(self, index: int = 0) -> int:
        """Socket number `index` of `listen`, which the caller closes. It is given once; FileNotFoundError after that.
        forkexec_child_listen_fd."""
        return listen_fd(self._open(), index)

    def listener(self, index: int = 0) -> socket.socket:
        """Socket number `index` of `listen` as a socket object, on which to accept()."""
        return listener(self._open(), index)

    def terminal_fd(self) -> int:
        """The caller's end of `terminal`, which the caller closes. It is given once; FileNotFoundError after that.
        forkexec_child_terminal_fd."""
        return terminal_fd(self._open())

    def tun_fd(self) -> int:
        """The descriptor of `tun`, which the caller closes. It is given once; FileNotFoundError after that.
        forkexec_child_tun_fd."""
        return tun_fd(self._open())

    def poll(self) -> Optional[Status]:
        """How the child ended; None while it has not ended."""
        try:
            return self.wait(0)
        except TimeoutError:
            return None

    def wait(self, timeout: Optional[float] = None, *, changes: bool = False, program: bool = False) -> Status:
        """Waits until the child has ended, and reaps it; TimeoutError after `timeout` seconds. forkexec_wait.

        ChildProcessError: somebody else has reaped the child, or this process ignores SIGCHLD. How it ended is lost.

        changes: True: also returns when the child has stopped or continued; Status.stop_signal and Status.continued tell
        which. Each change is told once.
        program: True: also returns when the program of a lingering_init has ended; Status.lingers tells whether the init
        goes on, which is then still to be waited for."""
        flags = (WAIT_STOPPED | WAIT_CONTINUED if changes else 0) | (WAIT_PROGRAM if program else 0)
        status = ffi.new(_STATUS)
        left = nanoseconds_of(timeout)
        thread = get_ident()
        try:
            self._waiting[thread] = True
            result = wait_for(self._open(), left, status, flags)
        finally:
            self._waiting.pop(thread, None)
        if result == -errnos.ETIMEDOUT:
            raise TimeoutError(errnos.ETIMEDOUT, "the child has not ended yet")
        if result < 0:
            raise os_error(result, "the child cannot be waited for")
        return Status(status)

    def release(self, timeout: Optional[float] = None) -> None:
        """Lets a child of start() execute the program, and returns when the program runs; forkexec_release.

        Raises SpawnError where the child fails. TimeoutError: the program does not run yet; call again, or close().
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
        """Sends the child a signal, and never another process that got its pid later; forkexec_signal.

        ProcessLookupError: the child was reaped. PermissionError: it has become a user whom this process may not signal."""
        self._number(lib.forkexec_signal, "the child gets no signal", in_range(INT32, signal, "a signal"))

    def kill_tree(self) -> None:
        """Kills the child and all its descendants. The child needs a pid namespace, cgroup, session or process group of its
        own; else OSError with EOPNOTSUPP. forkexec_kill_tree."""
        kill_tree(self._open())

    def signal_tree(self, signal: int) -> None:
        """Sends a signal to the child and to all processes of its cgroup or process group, which it needs as for kill_tree;
        forkexec_signal_tree."""
        signal_tree(self._open(), signal)

    def terminate_tree(self, grace: float = 2.0, signal: int = _SIGTERM) -> None:
        """Ends the child and its descendants: signal_tree, then kill_tree when the child has ended, or after `grace` seconds.
        Python's signal handlers run after that; forkexec_terminate_tree."""
        number = in_range(INT32, signal, "a signal")
        left = nanoseconds_of(grace, "grace")
        result = lib.forkexec_terminate_tree(self._open()[0], number, left if left >= 0 else _LONGEST)
        _tree(result, "the tree cannot be ended")

    def detach(self) -> None:
        """Closes this Child without killing the child, also where it is still held. forkexec_detach."""
        place = self._open()
        # From here on no wait begins. A wait in another thread would use a child that is freed here: it is looked for below.
        self._c = None
        try:
            if self._waiting:
                raise os_error(-errnos.EBUSY, "another thread waits for the child: let that call return first")
            result = lib.python_detach(place)
            if result < 0:
                raise os_error(result, "the child cannot be detached now")
        finally:
            if place[0] != ffi.NULL:
                self._c = place

    def close(self) -> None:
        """Frees the child. One that has not executed the program yet is killed and reaped; a running program is left alone."""
        self._c = None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        place = self._c
        return f"<{type(self).__name__} {'closed' if place is None else lib.forkexec_child_pid(place[0])}>"


def new_place() -> Any:
    """A pointer that a C function sets to the child. The child is closed when the pointer is collected."""
    return ffi.gc(ffi.new(_PLACE), lib.python_close)


def wait_for(place: Any, left: int, status: Any, flags: int = 0) -> int:
    """forkexec_wait, called again after each signal: between two calls Python's signal handlers run."""
    end = time.monotonic() + left / 1e9 if left > 0 else 0.0
    while True:
        result = lib.forkexec_wait(place[0], left, flags, status, _STATUS_SIZE)
        if result != -errnos.EINTR:
            return int(result)
        if left > 0:
            left = max(0, int((end - time.monotonic()) * 1e9))


def release_for(place: Any, left: int, error: Any) -> int:
    """forkexec_release, which no signal interrupts. It is called with a time-out of a tenth of a second, again and again,
    so that Python's signal handlers run in between."""
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
    """forkexec_kill_tree. It is no error that no process is left."""
    _tree(lib.forkexec_kill_tree(place[0]), "the tree cannot be killed")


def signal_tree(place: Any, signal: int) -> None:
    """forkexec_signal_tree. It is no error that no process is left."""
    _tree(lib.forkexec_signal_tree(place[0], in_range(INT32, signal, "a signal")), "the tree gets no signal")


def _tree(result: int, what: str) -> None:
    if result == -errnos.EOPNOTSUPP:
        raise os_error(result, "give the child a group to kill: start_new_session=True, or an Attr with session, "
                       "process_group, cgroup or create_namespaces=Namespace.PID")  # fmt: skip
    if result < 0 and result != -errnos.ESRCH:
        raise os_error(result, what)


def abandon(place: Any) -> None:
    """Kills, reaps and frees the child, if there is one, after a signal handler raised an exception in the start."""
    if place[0] != ffi.NULL:
        if lib.forkexec_kill_tree(place[0]) < 0:
            lib.forkexec_signal(place[0], 9)
        lib.forkexec_wait(place[0], 5_000_000_000, 0, ffi.NULL, 0)
        lib.python_close(place)


def may_block(given: dict[str, Any]) -> bool:
    """Whether a step of the child may wait for another process, as opening a FIFO does. No signal interrupts a spawn.
    So such a spawn is made of start() and release(), between which Python's signal handlers run."""
    return "fd_actions" in given and "stop" not in given and "ptrace" not in given


def program_name(args: Any) -> Any:
    """The name that the caller gave the program."""
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
    """Starts a program, and returns when it runs. This is the fastest way to start one. forkexec_spawn.

    args[0] (or executable) is a path; it is searched for only where attr has a search_path. env: None means the
    environment of this process. Raises SpawnError.
    """
    return _make(args, attr, executable, env, False)


def start(
    args: Union[Path, Sequence[Path]],
    *,
    attr: Optional[Attr] = None,
    executable: Optional[Path] = None,
    env: Optional[Mapping[Any, Any]] = None,
) -> Child:
    """The first half of spawn(): the child sets up its namespaces, root and limits, and waits for release().

    `with forkexec.start(...) as held: held.pid; held.release()`. forkexec_start.
    """
    return _make(args, attr, executable, env, True)


def hold(attr: Attr) -> Child:
    """A child that runs no program: it keeps namespaces until it is closed. `Attr(join=held)` joins them. forkexec_hold."""
    if not isinstance(attr, Attr):
        raise TypeError(f"attr must be an Attr, not {type(attr).__name__}")
    place, error = new_place(), ffi.new(_ERROR)
    result = lib.forkexec_hold(attr._c, place, error)
    if result < 0:
        raise from_c(result, error)
    return Child(place, None, attr.namespaces)


def probe(feature: _abi.Feature) -> tuple[bool, str]:
    """Whether this host has a feature, found out by trying; where not, also why and what helps. forkexec_probe."""
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
    """The version of the library in this package; forkexec_version."""
    return str(ffi.string(lib.forkexec_version()).decode())


def version_info() -> tuple[int, int, int]:
    """The version of the library as three numbers, which can be compared; forkexec_version_number."""
    number = lib.forkexec_version_number()
    return number >> 16, number >> 8 & 0xFF, number & 0xFF


def stage_name(stage: int) -> str:
    """The short name of a stage, as error messages begin with it; "unknown" for other numbers. forkexec_stage_name."""
    number = integer(stage, "a stage")
    return str(ffi.string(lib.forkexec_stage_name(number if 0 <= number < 2**32 else 2**32 - 1)).decode())
