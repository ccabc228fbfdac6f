"""Replaces CPython's _posixsubprocess.fork_exec: the same arguments and results, without a fork.

Where CPython's child writes an error to the pipe that subprocess reads, this raises instead; subprocess then cleans up as
after a failed fork.
"""

from __future__ import annotations

import errno as errnos
import os
import subprocess
import sys

from . import _abi
from ._attr import Attr
from ._child import abandon, may_block, new_place, release_for
from ._convert import INT32, UINT32, descriptor, in_range, integer, signal_set, strings, text, timeout
from ._errors import from_c, spawn_error
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

# The number of arguments of fork_exec in each version of Python, and the position of preexec_fn.
_BY_VERSION = {(3, 9): 21, (3, 10): 21, (3, 11): 23, (3, 12): 23, (3, 13): 23, (3, 14): 22}
ARGUMENTS = _BY_VERSION.get(sys.version_info[:2])
_HAS_GROUP = ARGUMENTS != 21
_PREEXEC = 21 if _HAS_GROUP else 20
_INT_MAX = 2**31 - 1
_NO_ID = 2**32 - 1
_IDS = frozenset(("uid", "gid", "groups", "capabilities", "drop_capabilities"))

# SIGPIPE and SIGXFSZ, which Python ignores; SIGXFZ is no signal of Linux.
_RESTORED = (1 << 12) | (1 << 24)

_new, _copy, _free = lib.forkexec_attr_new, lib.forkexec_attr_copy, lib.forkexec_attr_free


def replacement(original: Callable[..., int]) -> Callable[..., int]:
    """Returns the function that replaces `original`."""

    def fork_exec(*arguments: Any) -> int:
        asked: Any = arguments[_PREEXEC] if len(arguments) == ARGUMENTS else fork_exec
        if asked is None or isinstance(asked, Attr):
            return _start(arguments, asked)
        # A preexec_fn that is a function needs a fork. Wrong arguments are for CPython to refuse.
        return original(*arguments)

    return fork_exec


def _start(arguments: tuple[Any, ...], attr: Optional[Attr]) -> int:
    args, execs, close_fds, keep, cwd, env, stdin, _, _, stdout, _, stderr, _, errpipe = arguments[:14]
    if close_fds and errpipe < 3:
        raise ValueError("errpipe_write must be >= 3")
    argv, argc = _arguments(args)
    envp, envc = (ffi.NULL, 0) if env is None else _environment(env)
    execs = [_bytes(path) for path in execs]
    path, search = _program(execs)
    _check_kept(keep)
    group = arguments[16] if _HAS_GROUP else -1
    gid, gids, uid, umask = arguments[_PREEXEC - 4 : _PREEXEC]
    place = new_place()
    try:
        start(
            place, attr, path, argv, argc, envp, envc, search, (stdin, stdout, stderr), close_fds, keep, errpipe, cwd,
            arguments[14], arguments[15], group, gid, gids, uid, umask, None, lambda: _named(args, execs),
        )  # fmt: skip
        return int(lib.forkexec_child_pid(place[0]))
    except BaseException:
        abandon(place)
        raise


def start(
    place: Any, attr: Optional[Attr], path: Any, argv: bytes, argc: int, envp: Any, envc: int, search: Any,
    streams: tuple[int, int, int], close_fds: Any, keep: Any, but: int, cwd: Any, restore_signals: Any, session: Any,
    group: int, gid: Any, gids: Any, uid: Any, umask: int, start_timeout: Optional[float], named: Callable[[], Any],
) -> None:  # fmt: skip
    """Starts a program by the arguments of subprocess and an Attr. `place` gets the child of C. The caller closes it; where
    this raises, the caller abandons it, since a signal handler may raise wherever Python runs.

    keep: descriptors that keep their numbers, except `but`. named: gives the name of the program for an error.
    """
    given = {} if attr is None else attr._given
    error = ffi.new("struct forkexec_error *")
    restored = _RESTORED if restore_signals else 0
    if restored and "signal_ignore" in given:
        restored &= ~signal_set(given["signal_ignore"])
    if "exec_fd" in given:
        path = search = ffi.NULL
    elif "search_path" in given:
        search = ffi.NULL
    made = ffi.NULL if attr is None else attr._c
    held = start_timeout is not None or may_block(given)
    if max(streams) > _INT_MAX:
        raise OverflowError(f"a stream's descriptor is out of range: {max(streams)}")
    if group != -1:
        group = in_range(INT32, group, "process_group")
    if umask != -1:
        umask = integer(umask, "umask")
    plain = cwd is None and uid is None and gid is None and gids is None and not session and group < 0 and umask < 0
    if plain and not held and (not keep or keep == (but,)):
        result = lib.python_popen(
            made, *streams, not close_fds, restored, search, path, argv, argc, envp, envc, place, error
        )
    else:
        made = _new() if attr is None else _copy(made)
        if made == ffi.NULL:
            raise MemoryError
        try:
            _descriptors(made, close_fds, keep, but, streams)
            _surroundings(made, given, cwd, restored, session, group, gid, gids, uid, umask)
            if search != ffi.NULL:
                _accept(lib.forkexec_attr_set_search_path(made, search), _abi.Stage.EXEC)
            result = lib.python_spawn(made, held, path, argv, argc, envp, envc, place, error)
        finally:
            _free(made)
    if result != 0:
        raise from_c(result, error, program=named(), cwd=cwd)
    if held:
        _release(place, start_timeout, named)


def _release(place: Any, seconds: Optional[float], named: Callable[[], Any]) -> None:
    """Lets a held child execute the program, and raises where that takes too long."""
    error = ffi.new("struct forkexec_error *")
    result = release_for(place, timeout(seconds), error)
    if result == -errnos.ETIMEDOUT and error.stage == 0:
        assert seconds is not None
        raise subprocess.TimeoutExpired(named(), seconds)
    if result != 0:
        raise from_c(result, error, program=named())


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


def _check_kept(keep: Any) -> None:
    if not isinstance(keep, tuple):
        raise TypeError(f"fork_exec() argument 4 must be tuple, not {type(keep).__name__}")
    last = -1
    for fd in keep:
        if not isinstance(fd, int) or not last < fd <= _INT_MAX:
            raise ValueError("bad value(s) in fds_to_keep")
        last = fd


def _descriptors(made: Any, close_fds: Any, keep: Any, but: int, streams: tuple[int, int, int]) -> None:
    result = 0
    if not close_fds:
        result = lib.forkexec_attr_inherit_fds(made)
    elif keep and keep != (but,):
        result = lib.python_keep_fds(made, keep, len(keep), but)
    for target, source in enumerate(streams):
        if source != -1 and result == 0:
            result = lib.forkexec_attr_map_fd(made, source, target)
    _accept(result, _abi.Stage.FD_MAP)


def _surroundings(
    made: Any, given: dict[str, Any], cwd: Any, restored: int, session: Any, group: int, gid: Any, gids: Any, uid: Any,
    umask: int,
) -> None:  # fmt: skip
    ids = uid is not None or gid is not None or gids is not None
    result = 0
    if cwd is not None:
        if isinstance(cwd, int) or hasattr(cwd, "fileno"):
            result = lib.forkexec_attr_set_cwd_fd(made, in_range(INT32, descriptor(cwd, "cwd"), "cwd"))
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
    if restored:
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
    """With whose rights to enter the working directory. CPython enters it before it changes ids: with the caller's. In a new
    or joined user namespace those are lost, and the program's own rights may be the ones that suffice."""
    spaces = _abi.Namespace(0)
    for name in ("create_namespaces", "unshare_namespaces"):
        spaces |= given.get(name, 0)
    joins = any(name in given for name in ("join", "join_namespaces", "join_second_user_namespace"))
    outside = not joins and not spaces & _abi.Namespace.USER
    return _abi.CwdRights.CALLER if outside else _abi.CwdRights.EITHER


def _identity(made: Any, uid: Any, gid: Any, gids: Any, given: dict[str, Any]) -> None:
    result = 0
    if gids is not None:
        if not isinstance(gids, list):
            raise TypeError("setgroups argument must be a list")
        if len(gids) > 65536:
            raise ValueError("too many extra_groups")
        if any(not isinstance(one, int) or not 0 <= one < _NO_ID for one in gids):
            raise ValueError("invalid group id")
        result = lib.forkexec_attr_set_groups(made, gids, len(gids))
    elif "groups" not in given:
        result = lib.forkexec_attr_keep_groups(made)
    if gid is not None:
        result = result or lib.forkexec_attr_set_gid(made, _id(gid, "group"))
    if uid is not None:
        result = result or lib.forkexec_attr_set_uid(made, _id(uid, "user"))
    _accept(result, _abi.Stage.UID)


def _id(number: Any, what: str) -> int:
    # The kernel takes this number for "no change".
    if in_range(UINT32, number, what) == _NO_ID:
        raise ValueError(f"{what}: {number} is no id")
    return int(number)


def _accept(result: int, stage: _abi.Stage) -> None:
    if result == -errnos.ENOMEM:
        raise MemoryError
    if result < 0:
        raise spawn_error(-result, None, {"stage": stage, "sentence": os.strerror(-result)})


def _program(execs: list[bytes]) -> tuple[bytes, Any]:
    """The path for C and the directories to search: subprocess gives one path for each directory."""
    if len(execs) == 1:
        return execs[0], ffi.NULL
    heads, name = [], b""
    for path in execs:
        head, slash, name = path.rpartition(b"/")
        heads.append(head or slash)
    return name, b":".join(heads)


def _named(args: Any, execs: list[bytes]) -> Any:
    """The name that the caller gave the program, where it can be found out."""
    name = execs[-1] if len(execs) == 1 else execs[-1].rpartition(b"/")[2]
    try:
        first = args[0]
        if os.fsencode(first) == name:
            return first
    except (TypeError, IndexError, KeyError):
        pass
    return os.fsdecode(name)
