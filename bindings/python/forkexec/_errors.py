"""SpawnError, and how the errors of C become exceptions."""

from __future__ import annotations

import errno as errnos
import os

from . import _abi
from ._native import ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CWD_STAGES = (_abi.Stage.CWD_BEFORE_IDS, _abi.Stage.CWD)
_classes: dict[tuple[type, ...], type] = {}


class SpawnError(OSError):
    """A program could not be started. No process, mount or cgroup of it is left.

    A SpawnError is also an instance of the class that Python has for its errno: FileNotFoundError for ENOENT,
    PermissionError for EPERM and EACCES, and so on. Where keywords contradict each other (Stage.VALIDATE) it is a
    ValueError, too.

    errno, strerror: as of every OSError.
    filename: the program where it is the exec that failed, the directory where it is the working directory; else None.
    stage: the step that failed.
    index: which item of the list that the stage is about, counted from 0; -1: none.
    signal: the signal that killed the child before it was the program (errno is then ECANCELED); else 0.
    pid: the child that failed, if there was one; it is reaped already. Else 0.
    sentence: the whole message on one line.
    """

    stage: _abi.Stage = _abi.Stage.NONE
    index: int = -1
    signal: int = 0
    pid: int = 0
    sentence: str = ""

    def __str__(self) -> str:
        if self.filename is not None or not self.sentence:
            return super().__str__()
        return f"[Errno {self.errno}] {self.sentence}"

    def __reduce__(self) -> Any:
        if not isinstance(self.errno, int):
            return super().__reduce__()
        details = {name: getattr(self, name) for name in ("stage", "index", "signal", "pid", "sentence")}
        return spawn_error, (self.errno, self.filename, details)


def _class_of(errno: int, stage: int) -> type[SpawnError]:
    kinds: list[type] = []
    builtin = type(OSError(errno, ""))
    if builtin is not OSError:
        kinds.append(builtin)
    if stage == _abi.Stage.VALIDATE and errno == errnos.EINVAL:
        kinds.append(ValueError)
    if not kinds:
        return SpawnError
    key = tuple(kinds)
    found = _classes.get(key)
    if found is None:
        found = type(
            "SpawnError", (SpawnError, *kinds), {"__module__": SpawnError.__module__, "__doc__": SpawnError.__doc__}
        )
        _classes[key] = found
    return found


def spawn_error(errno: int, filename: Any, details: dict[str, Any]) -> SpawnError:
    """A SpawnError with all its fields."""
    kind = _class_of(errno, details.get("stage", 0))
    text = os.strerror(errno)
    error = kind(errno, text) if filename is None else kind(errno, text, filename)
    error.__dict__.update(details)
    return error


def stage_of(number: int) -> _abi.Stage:
    """The Stage of a number; Stage.NONE for a number that this package does not know."""
    try:
        return _abi.Stage(number)
    except ValueError:
        return _abi.Stage.NONE


def from_c(result: int, error: Any, program: Any = None, cwd: Any = None) -> BaseException:
    """The exception for the result and the struct forkexec_error of a C function."""
    if result == -errnos.ENOMEM and error.stage == 0:
        return MemoryError()
    stage = stage_of(error.stage)
    filename = program if stage == _abi.Stage.EXEC else cwd if stage in _CWD_STAGES else None
    details = {
        "stage": stage,
        "index": error.index,
        "signal": error.signal,
        "pid": error.pid,
        "sentence": _in_python(ffi.string(error.message).decode(errors="replace")),
    }
    return spawn_error(-result, filename, details)


def _in_python(sentence: str) -> str:
    try:
        from ._words import in_python
    except ImportError:
        # The module cannot be imported, as in a chroot without this package.
        return sentence
    return in_python(sentence)


def os_error(result: int, sentence: str) -> OSError:
    """The exception for a C function that has no struct forkexec_error."""
    return OSError(-result, f"{os.strerror(-result)}: {sentence}" if sentence else os.strerror(-result))
