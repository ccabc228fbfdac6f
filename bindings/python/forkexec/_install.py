"""install(): the standard module subprocess starts its programs by this library."""

from __future__ import annotations

import _posixsubprocess
import subprocess
import sys
import threading

from ._fork_exec import ARGUMENTS, replacement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_lock = threading.Lock()
_depth = 0
_before: dict[str, Any] = {}
_ours: Any = None


class Installed:
    """The result of install(): `with forkexec.install(): ...` calls uninstall() at the end."""

    def __enter__(self) -> Installed:
        return self

    def __exit__(self, *exception: object) -> None:
        uninstall()


def install() -> Installed:
    """Makes the standard module subprocess, and all that is built on it, start programs by this library.

    `preexec_fn=Attr(...)` is then accepted, and takes no fork; any other preexec_fn is still called after a fork. asyncio,
    trio, anyio, plumbum, sh and multiprocessing (spawn) are built on subprocess. Calls nest: each uninstall() undoes one.
    Raises RuntimeError on a Python whose subprocess this package does not know.
    """
    global _depth, _ours
    with _lock:
        if _depth == 0:
            if ARGUMENTS is None or not hasattr(_posixsubprocess, "fork_exec"):
                raise RuntimeError(
                    f"forkexec.install() does not know the subprocess of Python {sys.version_info[0]}."
                    f"{sys.version_info[1]}: use forkexec.Popen, or a newer forkexec"
                )
            original = _posixsubprocess.fork_exec
            _ours = replacement(original)
            _before.update(module=original, use_posix_spawn=getattr(subprocess, "_USE_POSIX_SPAWN", False))
            if hasattr(subprocess, "_fork_exec"):
                _before["name"] = getattr(subprocess, "_fork_exec")
                setattr(subprocess, "_fork_exec", _ours)
            _posixsubprocess.fork_exec = _ours
            setattr(subprocess, "_USE_POSIX_SPAWN", False)
        _depth += 1
    return Installed()


def uninstall() -> None:
    """Undoes one install(). RuntimeError: there was none, or another module has replaced the function since then."""
    global _depth, _ours
    with _lock:
        if _depth == 0:
            raise RuntimeError("forkexec.uninstall() without install()")
        if _depth == 1:
            names = [_posixsubprocess.fork_exec]
            if "name" in _before:
                names.append(getattr(subprocess, "_fork_exec"))
            if any(name is not _ours for name in names):
                raise RuntimeError(
                    "somebody has replaced subprocess's fork_exec after forkexec.install(): undo that first"
                )
            _posixsubprocess.fork_exec = _before["module"]
            if "name" in _before:
                setattr(subprocess, "_fork_exec", _before["name"])
            setattr(subprocess, "_USE_POSIX_SPAWN", _before["use_posix_spawn"])
            _before.clear()
            _ours = None
        _depth -= 1


def installed() -> bool:
    """Whether there was an install() that is not undone."""
    return _depth > 0
