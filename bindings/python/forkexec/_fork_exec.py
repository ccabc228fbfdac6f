"""What takes the place of CPython's _posixsubprocess.fork_exec: the same arguments and results, without a fork.

It raises where CPython writes to the pipe that subprocess reads; subprocess then cleans up as after a failed fork.
"""

from __future__ import annotations

import errno as errnos
import os
import subprocess
import sys
from typing import Any, Callable, Optional

from . import _abi
from ._attr import Attr
from ._child import release_for
from ._convert import descriptor, strings, text, timeout
from ._errors import from_c, spawn_error
from ._native import ffi, lib

# How many arguments subprocess gives it, and where the last ones stand.
_BY_VERSION = {(3, 9): 21, (3, 10): 21, (3, 11): 23, (3, 12): 23, (3, 13): 23, (3, 14): 22}
ARGUMENTS = _BY_VERSION.get(sys.version_info[:2])
_HAS_GROUP = ARGUMENTS != 21
_PREEXEC = 21 if _HAS_GROUP else 20
_INT_MAX = 2**31 - 1
_IDS = frozenset(("uid", "gid", "groups", "capabilities", "drop_capabilities"))

# SIGPIPE and SIGXFSZ, which Python ignores; SIGXFZ is no signal of Linux.
_RESTORED = (1 << 12) | (1 << 24)

_new, _copy, _free = lib.forkexec_attr_new, lib.forkexec_attr_copy, lib.forkexec_attr_free


class Request:
    """What forkexec.Popen sends through preexec_fn: what it asks for, and the place for the child."""

    __slots__ = ("attr", "start_timeout", "child")

    def __init__(self, attr: Optional[Attr], start_timeout: Optional[float]) -> None:
        self.attr = attr
        self.start_timeout = start_timeout
        self.child: Any = None


def replacement(original: Callable[..., int]) -> Callable[..., int]:
    """The function for a subprocess module whose own function is `original`."""

    def fork_exec(*arguments: Any) -> int:
        asked: Any = arguments[_PREEXEC] if len(arguments) == ARGUMENTS else fork_exec
        if asked is None:
            return _start(arguments, None, None)
        if type(asked) is Request:
            return _start(arguments, asked.attr, asked)
        if isinstance(asked, Attr):
            return _start(arguments, asked, None)
        # A function to call in the child, which takes a fork; or arguments that CPython refuses itself.
        return original(*arguments)

    return fork_exec


def _start(arguments: tuple[Any, ...], attr: Optional[Attr], request: Optional[Request]) -> int:
    args, execs, env = arguments[0], arguments[1], arguments[5]
    argv, argc = _arguments(args)
    envp, envc = (ffi.NULL, 0) if env is None else _environment(env)
    execs = [_bytes(path) for path in execs]
    given = {} if attr is None else attr._given
    made = _new() if attr is None else _copy(attr._c)
    if made == ffi.NULL:
        raise MemoryError
    try:
        _descriptors(made, arguments)
        _surroundings(made, arguments, given, request)
        path = _program(made, execs, given)
        place, error = ffi.new("struct forkexec_child **"), ffi.new("struct forkexec_error *")
        held = request is not None and request.start_timeout is not None
        result = lib.python_spawn(made, held, path, argv, argc, envp, envc, place, error)
    finally:
        _free(made)
    if result != 0:
        raise from_c(result, error, program=_named(args, execs), cwd=arguments[4])
    if request is None:
        pid = lib.forkexec_child_pid(place[0])
        lib.forkexec_close(place[0])
        return int(pid)
    request.child = ffi.gc(place[0], lib.forkexec_close)
    if held:
        _release(request, args, execs)
    return int(lib.forkexec_child_pid(request.child))


def _release(request: Request, args: Any, execs: list[bytes]) -> None:
    """Lets a held child become the program, in time."""
    child, error = request.child, ffi.new("struct forkexec_error *")
    try:
        result = release_for(child, timeout(request.start_timeout), error)
    except BaseException:
        request.child = None
        raise
    if result == 0:
        return
    request.child = None
    if result == -errnos.ETIMEDOUT and error.stage == 0:
        raise subprocess.TimeoutExpired(args, request.start_timeout or 0.0)
    raise from_c(result, error, program=_named(args, execs))


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"expected bytes, {type(value).__name__} found")
    if b"\0" in value:
        raise ValueError("embedded null byte")
    return value


def _arguments(args: Any) -> tuple[bytes, int]:
    # As CPython: a sequence, which is read as often as it has items, and each is a path.
    return strings(args if isinstance(args, (list, tuple)) else list(args), "args")


def _environment(env: Any) -> tuple[bytes, int]:
    return strings([_bytes(line) for line in env], "the environment")


def _descriptors(made: Any, arguments: tuple[Any, ...]) -> None:
    close_fds, keep = arguments[2], arguments[3]
    _, stdin, _, _, stdout, _, stderr = arguments[5], *(arguments[i] for i in (6, 7, 8, 9, 10, 11))
    errpipe_write = arguments[13]
    if close_fds and errpipe_write < 3:
        raise ValueError("errpipe_write must be >= 3")
    if not isinstance(keep, tuple):
        raise TypeError(f"fork_exec() argument 4 must be tuple, not {type(keep).__name__}")
    last = -1
    for fd in keep:
        if not isinstance(fd, int) or not last < fd <= _INT_MAX:
            raise ValueError("bad value(s) in fds_to_keep")
        last = fd
    result = 0
    if not close_fds:
        result = lib.forkexec_attr_inherit_fds(made)
    elif len(keep) > 1 or keep and keep[0] != errpipe_write:
        result = lib.python_keep_fds(made, keep, len(keep), errpipe_write)
    for source, target in ((stdin, 0), (stdout, 1), (stderr, 2)):
        if source != -1 and result == 0:
            result = lib.forkexec_attr_map_fd(made, source, target)
    _accept(result, _abi.Stage.FD_MAP)


def _surroundings(made: Any, arguments: tuple[Any, ...], given: dict[str, Any], request: Optional[Request]) -> None:
    cwd, restore_signals, session = arguments[4], arguments[14], arguments[15]
    group = arguments[16] if _HAS_GROUP else -1
    gid, gids, uid, umask = arguments[_PREEXEC - 4 : _PREEXEC]
    ids = uid is not None or gid is not None or gids is not None
    result = 0
    if cwd is not None:
        if request is not None and (isinstance(cwd, int) or hasattr(cwd, "fileno")):
            result = lib.forkexec_attr_set_cwd_fd(made, descriptor(cwd, "cwd"))
        else:
            result = lib.forkexec_attr_set_cwd(made, text(cwd, "cwd"))
            if result == -errnos.EINVAL:
                # chdir("") is what CPython does.
                raise spawn_error(errnos.ENOENT, cwd, {"stage": _abi.Stage.CWD, "sentence": "cwd is empty"})
            if result < 0:
                raise spawn_error(-result, cwd, {"stage": _abi.Stage.CWD, "sentence": "cwd is too long"})
        if "cwd_rights" not in given and (ids or not _IDS.isdisjoint(given)):
            result = result or lib.forkexec_attr_set_cwd_rights(made, _rights(given))
    if umask >= 0:
        result = result or lib.forkexec_attr_set_umask(made, umask & 0o777)
    if restore_signals:
        ignored = given.get("signal_ignore")
        restored = _RESTORED if ignored is None else _RESTORED & ~_signal_bits(ignored)
        result = result or lib.forkexec_attr_set_signal_default(made, restored)
    if session:
        if group >= 0:
            # CPython asks for both, and the kernel refuses.
            sentence = "start_new_session and process_group contradict each other: leave one away"
            raise spawn_error(errnos.EPERM, None, {"stage": _abi.Stage.PROCESS_GROUP, "sentence": sentence})
        result = result or lib.forkexec_attr_set_session(made)
    if group >= 0:
        result = result or lib.forkexec_attr_set_process_group(made, group)
    _accept(result, _abi.Stage.VALIDATE)
    if ids:
        _identity(made, uid, gid, gids, given)


def _rights(given: dict[str, Any]) -> int:
    """CPython enters the directory before it changes ids. The caller's rights end at a new or joined user namespace:
    there the program's own, which are all that is left, may be the better ones."""
    spaces = _abi.Namespace(0)
    for name in ("create_namespaces", "unshare_namespaces"):
        spaces |= given.get(name, 0)
    outside = "join" not in given and "join_namespaces" not in given and not spaces & _abi.Namespace.USER
    return _abi.CwdRights.CALLER if outside else _abi.CwdRights.EITHER


def _identity(made: Any, uid: Any, gid: Any, gids: Any, given: dict[str, Any]) -> None:
    result = 0
    if gids is not None:
        if not isinstance(gids, list):
            raise TypeError("setgroups argument must be a list")
        if len(gids) > 65536:
            raise ValueError("too many extra_groups")
        if any(not isinstance(one, int) or not 0 <= one < 2**32 for one in gids):
            raise ValueError("invalid group id")
        result = lib.forkexec_attr_set_groups(made, gids, len(gids))
    elif "groups" not in given:
        result = lib.forkexec_attr_keep_groups(made)
    if gid is not None:
        result = result or lib.forkexec_attr_set_gid(made, gid)
    if uid is not None:
        result = result or lib.forkexec_attr_set_uid(made, uid)
    # The one id that is none, -1, which the kernel would take for "leave it".
    _accept(result, _abi.Stage.UID)


def _signal_bits(signals: Any) -> int:
    from ._convert import signal_set

    return signal_set(signals)


def _accept(result: int, stage: _abi.Stage) -> None:
    if result == -errnos.ENOMEM:
        raise MemoryError
    if result < 0:
        raise spawn_error(-result, None, {"stage": stage, "sentence": os.strerror(-result)})


def _program(made: Any, execs: list[bytes], given: dict[str, Any]) -> Any:
    """The path for C, and the directories to search it in: subprocess gives one path a directory."""
    if "exec_fd" in given:
        return ffi.NULL
    if len(execs) == 1:
        return execs[0]
    heads, name = [], b""
    for path in execs:
        head, slash, name = path.rpartition(b"/")
        heads.append(head or slash)
    if "search_path" not in given:
        _accept(lib.forkexec_attr_set_search_path(made, b":".join(heads)), _abi.Stage.EXEC)
    return name


def _named(args: Any, execs: list[bytes]) -> Any:
    """The program as its user named it, if that can be told."""
    name = execs[-1] if len(execs) == 1 else execs[-1].rpartition(b"/")[2]
    try:
        first = args[0]
        if os.fsencode(first) == name:
            return first
    except (TypeError, IndexError, KeyError):
        pass
    return os.fsdecode(name)
