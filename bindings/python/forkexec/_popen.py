"""Popen and the functions around it."""

from __future__ import annotations

import errno as errnos
import os
import signal as signals
import subprocess
import sys

from . import _child
from ._attr import Attr
from ._child import abandon, new_place
from ._collect import collect
from ._convert import INT32, environment, fields, in_range, integer, strings, text
from ._convert import timeout as nanoseconds_of
from ._errors import os_error
from ._fork_exec import start
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Optional, Union

    from ._child import Usage

    _Popen = subprocess.Popen[Any]
    _CompletedProcess = subprocess.CompletedProcess[Any]
else:
    _Popen, _CompletedProcess = subprocess.Popen, subprocess.CompletedProcess

CalledProcessError = subprocess.CalledProcessError
SubprocessError = subprocess.SubprocessError
TimeoutExpired = subprocess.TimeoutExpired


# What subprocess calls its own _execute_child with; process_group is there from Python 3.11 on.
_ARGUMENTS = (
    "args", "executable", "preexec_fn", "close_fds", "pass_fds", "cwd", "env", "startupinfo", "creationflags", "shell",
    "p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite", "restore_signals", "gid", "gids", "uid", "umask",
    "start_new_session", "process_group",
)  # fmt: skip


def _known() -> bool:
    code = getattr(getattr(subprocess.Popen, "_execute_child", None), "__code__", None)
    names = () if code is None else code.co_varnames[1 : code.co_argcount]
    return names in (_ARGUMENTS, _ARGUMENTS[:-1])


if not _known():
    raise ImportError("forkexec does not know the subprocess of this Python: a newer forkexec may")

# How long a killed program may take to end, in nanoseconds: the kernel may have to finish a write to a disk first.
KILLED = 5_000_000_000
_INT_MAX = 2**31 - 1


class Popen(_Popen):
    """subprocess.Popen without fork. It takes all keywords of subprocess.Popen, and

    attr: an Attr. cwd may be a descriptor of a directory.
    start_timeout: seconds after which a program that does not run yet is given up: subprocess.TimeoutExpired is raised,
      and the child is killed.

    preexec_fn is an Attr or None. A program that cannot be started raises SpawnError. Leaving `with` by an exception
    kills the child, with all its descendants where it has a group of its own.
    """

    _c: Any = None
    _end: Any = None
    _attr: Optional[Attr] = None
    _start_timeout: Optional[float] = None

    def __init__(
        self,
        args: Any,
        *positional: Any,
        attr: Optional[Attr] = None,
        start_timeout: Optional[float] = None,
        **keywords: Any,
    ) -> None:
        if len(positional) > 5:
            keywords["preexec_fn"], positional = positional[5], (*positional[:5], None, *positional[6:])
        asked = keywords.pop("preexec_fn", None)
        if asked is not None:
            if attr is not None:
                raise ValueError("attr and preexec_fn both give an Attr: leave preexec_fn out")
            attr = asked
        if attr is not None and not isinstance(attr, Attr):
            name = "preexec_fn" if asked is not None else "attr"
            raise TypeError(
                f"{name} must be a forkexec.Attr, not {attr!r}: nothing of Python runs between fork and exec"
            )
        if start_timeout is not None:
            nanoseconds_of(start_timeout, "start_timeout")
            self._start_timeout = start_timeout
        self._attr = attr
        super().__init__(args, *positional, **keywords)

    def _execute_child(
        self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, pass_fds: Any, cwd: Any, env: Any,
        startupinfo: Any, creationflags: Any, shell: Any, p2cread: int, p2cwrite: int, c2pread: int, c2pwrite: int,
        errread: int, errwrite: int, restore_signals: Any, gid: Any, gids: Any, uid: Any, umask: int, session: Any,
        group: int = -1,
    ) -> None:  # fmt: skip
        """Replaces the method of subprocess.Popen that forks. What comes before and after it is subprocess's own code."""
        if type(args) is list:
            args = args.copy()
        elif isinstance(args, (str, bytes)):
            args = [args]
        elif isinstance(args, os.PathLike):
            if shell:
                raise TypeError("path-like args is not allowed when shell is true")
            args = [args]
        else:
            args = list(args)
        if shell:
            args = [executable or "/bin/sh", "-c", *args]
        if executable is None:
            executable = args[0]
        sys.audit("subprocess.Popen", executable, args, cwd, env)
        argv, argc = strings(args, "args")
        envp, envc = environment(env)
        path, search = text(executable, "executable"), ffi.NULL
        if b"/" not in path:
            # An empty PATH is the working directory, as the path without a search is.
            search = b":".join([text(directory) for directory in os.get_exec_path(env)]) or ffi.NULL
        keep = tuple(sorted(set(map(int, pass_fds)))) if pass_fds else ()
        if keep and not 0 <= keep[0] <= keep[-1] <= _INT_MAX:
            raise ValueError(f"pass_fds has what is no descriptor: {pass_fds!r}")
        place = new_place()
        try:
            start(
                place, self._attr, path, argv, argc, envp, envc, search, (p2cread, c2pwrite, errwrite), close_fds, keep, -1, cwd,
                restore_signals, session, group, gid, gids, uid, umask, self._start_timeout, lambda: executable,
            )  # fmt: skip
            setattr(self, "pid", int(lib.forkexec_child_pid(place[0])))
            self._c = place
        except BaseException as error:
            abandon(place)
            if isinstance(error, TimeoutExpired):
                error.cmd = args
            raise
        self._child_created = True
        if p2cread == c2pwrite == errwrite == -1:
            setattr(self, "_closed_child_pipe_fds", True)
        else:
            self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]

    def _ended(self, left: int, _wait_for: Any = _child.wait_for, _new: Any = ffi.new) -> Optional[int]:
        """The return code; None while the program runs."""
        if self.returncode is None:
            if self._c is None:
                self.returncode = 0
                return self.returncode
            c = _new("struct forkexec_status *")
            result = _wait_for(self._c, left, c)
            if result == 0:
                self._end = c
                self.returncode = -c.signal if c.signal else c.exit_code
            elif result != -110 and self.returncode is None:
                # Other code has reaped the child, or this is a fork of the process that started it: subprocess says 0.
                self.returncode = 0
        return self.returncode

    def _internal_poll(self, *ignored: Any, **also: Any) -> Optional[int]:
        return self._ended(0)

    def _wait(self, timeout: Optional[float]) -> Any:
        if self._ended(nanoseconds_of(timeout)) is None:
            assert timeout is not None
            raise TimeoutExpired(self.args, timeout)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Sends the program a signal, and never another process that got its pid later. Does nothing where it has ended."""
        if self.poll() is not None:
            return
        result = lib.forkexec_signal(self._c[0], in_range(INT32, sig, "a signal"))
        if result < 0 and result != -errnos.ESRCH:
            raise os_error(result, "the program gets no signal")

    def kill_tree(self) -> None:
        """Kills the program and all its descendants, by SIGKILL. It needs a group of its own: start_new_session=True, or
        an Attr with session, process_group, cgroup or create_namespaces=Namespace.PID; else OSError. forkexec_kill_tree."""
        _child.kill_tree(self._c)

    def signal_tree(self, signal: int) -> None:
        """Sends a signal to the program and to all processes of its cgroup or process group, which it needs as for kill_tree;
        forkexec_signal_tree."""
        _child.signal_tree(self._c, signal)

    def terminate_tree(self, grace: float = 2.0) -> int:
        """Sends SIGTERM as signal_tree does, and calls kill_tree when the program has ended, or after `grace` seconds. Returns
        the return code."""
        nanoseconds_of(grace, "grace")
        _end(self, signals.SIGTERM, grace, strict=True)
        return int(self.wait())

    def listener(self, index: int = 0) -> socket.socket:
        """Socket number `index` of the Attr's `listen`, on which to accept(). It is given once."""
        return _child.listener(self._c, index)

    def terminal_fd(self) -> int:
        """The caller's end of the Attr's `terminal`, which the caller closes. It is given once."""
        return _child.terminal_fd(self._c)

    def tun_fd(self) -> int:
        """The descriptor of the Attr's `tun`, which the caller closes. It is given once."""
        return _child.tun_fd(self._c)

    @property
    def pidfd(self) -> int:
        """A pidfd of the program, borrowed: do not close it. It becomes readable when the program has ended."""
        result = lib.forkexec_child_pidfd(self._c[0])
        if result < 0:
            raise os_error(result, "no pidfd of the program")
        return int(result)

    @property
    def status(self) -> Optional[_child.Status]:
        """How the program ended, a Status; None before its end, and where other code has reaped it."""
        return None if self._end is None else _child.Status(self._end)

    @property
    def usage(self) -> Optional[Usage]:
        """What the program and the descendants that it waited for have used, a Usage; None before its end."""
        status = self.status
        return None if status is None else status.usage

    @property
    def ran(self) -> Optional[bool]:
        """Whether the program ran at all. False: a signal killed the child during the exec. None: this is not known, or the
        child has not ended."""
        status = self.status
        return None if status is None else status.ran

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if kind is not None and self.returncode is None:
            kill_all(self)
        try:
            super().__exit__(kind, value, traceback)
        finally:
            if kind is not None and self.returncode is None:
                # After a KeyboardInterrupt subprocess does not wait. The killed program ends within moments: wait for it here.
                self._ended(KILLED)


def kill_all(process: Any) -> None:
    """Kills the program and its descendants; the program alone where it has no group of its own."""
    result = lib.forkexec_kill_tree(process._c[0])
    if result < 0 and result != -errnos.ESRCH:
        process.kill()


def _end(process: Any, signal: int, grace: float, strict: bool = False) -> None:
    """Sends the signal, and kills what is left after `grace` seconds."""
    if process.poll() is not None:
        if strict:
            process.kill_tree()
        return
    try:
        process.signal_tree(signal)
    except OSError as failure:
        if failure.errno != errnos.EOPNOTSUPP:
            raise
        process.send_signal(signal)
    try:
        process.wait(grace)
    except TimeoutExpired:
        pass
    if strict:
        process.kill_tree()
    else:
        kill_all(process)


class CompletedProcess(_CompletedProcess):
    """subprocess.CompletedProcess with four more attributes:

    status: how the program ended, a Status; None where other code has reaped it. `status.ended` is why, in one word.
    usage: what the program and the descendants that it waited for have used, a Usage.
    ran: whether the program ran at all; see Popen.ran.
    truncated: whether output was cut off at output_limit.
    """

    status: Optional[_child.Status] = None
    usage: Optional[Usage] = None
    ran: Optional[bool] = None
    truncated: bool = False


def run(
    *popenargs: Any,
    input: Any = None,
    capture_output: bool = False,
    timeout: Optional[float] = None,
    check: bool = False,
    output_limit: Optional[int] = None,
    terminate: Union[tuple[int, float], None] = None,
    **keywords: Any,
) -> CompletedProcess:
    """subprocess.run without fork. It takes the keywords of subprocess.run and of Popen, and

    output_limit: how many bytes are kept of stdout, and of stderr. A program that writes more is killed, and `truncated`
    is True. The capture ends when the program ends, also where a descendant keeps the pipe open.
    terminate: (signal, seconds of grace) for a program that exceeds its timeout; without it, the program is killed at
    once. Either way its descendants are killed too, where it has a group of its own.
    """
    if input is not None:
        if keywords.get("stdin") is not None:
            raise ValueError("stdin and input arguments may not both be used.")
        keywords["stdin"] = subprocess.PIPE
    if capture_output:
        if keywords.get("stdout") is not None or keywords.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        keywords["stdout"] = keywords["stderr"] = subprocess.PIPE
    if output_limit is not None and integer(output_limit, "output_limit") < 0:
        raise ValueError("output_limit is negative")
    if terminate is not None:
        signal, grace = fields(terminate, 2, "(signal, seconds of grace)", "terminate")
        if not 1 <= integer(signal, "terminate's signal") <= 64:
            raise ValueError(f"terminate: {signal} is no signal: signals are 1 to 64")
        nanoseconds_of(grace, "terminate's grace")
    truncated = False
    with Popen(*popenargs, **keywords) as process:
        try:
            if output_limit is None:
                stdout, stderr = process.communicate(input, timeout=timeout)
            else:
                stdout, stderr, truncated = collect(process, input, timeout, output_limit, kill_all)
        except TimeoutExpired as expired:
            # Where no pipe was read, subprocess has set the time that was left: the caller's timeout is told instead.
            expired.timeout = timeout or 0.0
            if terminate is not None:
                _end(process, *terminate)
            else:
                kill_all(process)
            process.wait()
            raise
        except BaseException:
            kill_all(process)
            raise
        returncode = process.poll()
    assert returncode is not None
    if check and returncode:
        raise CalledProcessError(returncode, process.args, output=stdout, stderr=stderr)
    done = CompletedProcess(process.args, returncode, stdout, stderr)
    done.status, done.usage, done.ran, done.truncated = process.status, process.usage, process.ran, truncated
    return done


def call(*popenargs: Any, timeout: Optional[float] = None, **keywords: Any) -> int:
    """subprocess.call without fork; the keywords are Popen's."""
    with Popen(*popenargs, **keywords) as process:
        return int(process.wait(timeout=timeout))


def check_call(*popenargs: Any, **keywords: Any) -> int:
    """subprocess.check_call without fork; the keywords are Popen's."""
    returncode = call(*popenargs, **keywords)
    if returncode:
        command = keywords.get("args")
        raise CalledProcessError(returncode, popenargs[0] if command is None else command)
    return 0


def check_output(*popenargs: Any, timeout: Optional[float] = None, **keywords: Any) -> Any:
    """subprocess.check_output without fork; the keywords are run's."""
    for name in ("stdout", "check"):
        if name in keywords:
            raise ValueError(f"{name} argument not allowed, it will be overridden.")
    if "input" in keywords and keywords["input"] is None:
        text = keywords.get("text") or keywords.get("universal_newlines") or keywords.get("encoding")
        keywords["input"] = "" if text or keywords.get("errors") else b""
    return run(*popenargs, stdout=subprocess.PIPE, timeout=timeout, check=True, **keywords).stdout
