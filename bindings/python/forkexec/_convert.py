"""Turns Python's values into those of C. A value that C would cut off or wrap around is refused with a message."""

from __future__ import annotations

import errno as errnos
import operator
import os
from collections.abc import Iterable, Mapping

from . import _abi
from ._errors import os_error
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_NO_LIMIT = 2**64 - 1
# The longest time in seconds that fits into 64 bits as nanoseconds.
_LIFETIME = 2**62 / 1e9
INT32, UINT32 = ffi.typeof("int32_t"), ffi.typeof("uint32_t")


def integer(value: Any, what: str = "") -> int:
    """An integer; bool and float are refused."""
    if isinstance(value, bool):
        raise TypeError(f"{what or 'it'} must be an integer, not {value!r}")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{what or 'it'} must be an integer, not {type(value).__name__}") from None


def text(value: Any, what: str = "") -> bytes:
    """A string or path as bytes. A NUL byte is refused: C would take it for the end."""
    try:
        data = os.fsencode(value)
    except TypeError:
        raise TypeError(f"{what or 'it'} must be a string, bytes or path, not {type(value).__name__}") from None
    if b"\0" in data:
        raise ValueError(f"{what or 'it'} has an embedded null byte: {value!r}")
    return data


def descriptor(value: Any, what: str = "descriptor") -> int:
    """The number of a descriptor: an integer, or the fileno() of a file."""
    if not isinstance(value, int) and hasattr(value, "fileno"):
        value = value.fileno()
    number = integer(value, what)
    if number < 0:
        raise ValueError(f"{what} is negative: {number}")
    return number


def signal_set(value: Any) -> int:
    """One or several signals as a bit mask."""
    signals = (
        [value] if isinstance(value, int) else several(value, "a signal such as signal.SIGTERM, or a list of them")
    )
    mask = 0
    for signal in signals:
        number = integer(signal, "a signal")
        if not 1 <= number <= 64:
            raise ValueError(f"{number} is no signal: signals are 1 to 64")
        mask |= 1 << (number - 1)
    return mask


def several(value: Any, what: str, name: str = "it") -> Any:
    """An iterable that is no string: a string would be taken for a list of letters."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be {what}, not {value!r}")
    return value


def fields(value: Any, count: int, what: str, name: str = "it") -> Any:
    """A tuple of `count` values."""
    if not isinstance(value, (tuple, list)) or len(value) != count:
        raise TypeError(f"{name} must be {what}, not {value!r}")
    return value


def octets(value: Any, what: str) -> bytes:
    """The bytes of a bytes-like object. A number is refused: bytes(n) would make n zeros."""
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"{what} must be bytes, not {value!r}") from None


def bits(values: Any, what: str) -> int:
    """Numbers from 0 to 63 as a bit mask."""
    mask = 0
    for value in [values] if isinstance(values, int) else several(values, f"a {what}, or a list of them"):
        number = integer(value, what)
        if not 0 <= number <= 63:
            raise ValueError(f"{number} is no {what}")
        mask |= 1 << number
    return mask


def limits(value: Any) -> tuple[int, int]:
    """Soft and hard limit: one number for both, or a pair in which None leaves a half as it is."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"a limit is a number or (soft, hard), not {value!r}")
    halves = []
    for half in pair:
        if half is None:
            halves.append(_abi.RLIMIT_KEEP)
            continue
        number = integer(half, "a limit")
        if number == -1:
            number = _NO_LIMIT
        if number < 0 or number == _abi.RLIMIT_KEEP or number > _NO_LIMIT:
            raise ValueError(f"a limit is 0 or more, or RLIM_INFINITY, not {half}")
        halves.append(number)
    return halves[0], halves[1]


def nanoseconds(seconds: Any, what: str) -> int:
    """Seconds as nanoseconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{what} must be a number of seconds, not {type(seconds).__name__}")
    if seconds != seconds or abs(seconds) > _LIFETIME:
        raise ValueError(f"{what} is not a number of seconds that can be waited for: {seconds}")
    return round(seconds * 1_000_000_000)


def duration(seconds: Any) -> int:
    """Seconds as nanoseconds, from 0 on."""
    if nanoseconds(seconds, "it") < 0:
        raise ValueError(f"it is negative: {seconds}")
    return nanoseconds(seconds, "it")


def timeout(seconds: Any, what: str = "timeout") -> int:
    """A time-out in nanoseconds. None, and a time that does not fit into 64 bits, mean for ever; a negative one is 0."""
    if seconds is None or (isinstance(seconds, (int, float)) and seconds > _LIFETIME):
        return _abi.FOREVER
    return max(0, nanoseconds(seconds, what))


def pairs(value: Any, what: str) -> Iterable[tuple[Any, Any]]:
    """The pairs of a mapping or of a sequence of pairs."""
    items = value.items() if isinstance(value, Mapping) else several(value, "a dict")
    for item in items:
        if not isinstance(item, tuple) or len(item) != 2:
            raise TypeError(f"{what} must be a dict, or a list of pairs")
        yield item


def strings(values: Any, what: str) -> tuple[bytes, int]:
    """Strings in one buffer, each with a NUL after it, and their number."""
    try:
        # For a list of str, the usual case, one join and one encode are the fastest.
        whole = "\0".join(values) + "\0" if type(values) is list and values else ""
    except TypeError:
        whole = ""
    if whole:
        count = len(values)
        if whole.count("\0") != count:
            raise ValueError(f"{what} has an embedded null byte")
        return os.fsencode(whole), count
    if isinstance(values, (str, bytes, os.PathLike)):
        values = [values]
    encoded = [value if type(value) is bytes else os.fsencode(value) for value in values]
    if not encoded:
        return b"\0", 0
    encoded.append(b"")
    joined = b"\0".join(encoded)
    count = len(encoded) - 1
    if joined.count(b"\0") != count:
        raise ValueError(f"{what} has an embedded null byte")
    return joined, count


def environment(env: Any) -> tuple[Any, int]:
    """A mapping as NAME=value strings; None means the environment of this process."""
    if env is None:
        return ffi.NULL, 0
    if not hasattr(env, "items"):
        raise TypeError(f"env must be a dict, not {type(env).__name__}")
    lines = []
    for name, value in env.items():
        name = os.fsencode(name)
        if b"=" in name:
            raise ValueError(f"illegal environment variable name: {os.fsdecode(name)!r}")
        lines.append(name + b"=" + os.fsencode(value))
    return strings(lines, "the environment")


def plain(error: Exception) -> type[Exception]:
    """The class with which to raise the same error with another message. UnicodeError itself needs more arguments."""
    kinds = (OverflowError, ValueError, TypeError)
    return next(kind for kind in kinds if isinstance(error, kind))


def put(setter: str, attr: Any, *arguments: Any) -> None:
    """Calls a setter of C, and raises where it refuses."""
    function = getattr(lib, "forkexec_attr_" + setter)
    try:
        result = function(attr, *arguments)
    except (OverflowError, TypeError):
        for kind, value in zip(ffi.typeof(function).args[1:], arguments):
            if kind.kind == "primitive":
                in_range(kind, value)
        raise
    if result != 0:
        refuse(setter, result)


def in_range(kind: Any, value: Any, what: str = "") -> int:
    """The number, where it fits into the type of C; else OverflowError with the range."""
    width = 8 * ffi.sizeof(kind)
    low, high = (0, 2**width - 1) if kind.cname.startswith("u") else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
    number = integer(value, what or "a number")
    if not low <= number <= high:
        raise OverflowError(f"{what + ': ' if what else ''}{number} is out of range: {low} to {high}")
    return number


def numbers(values: Any, what: str, one: Callable[[Any], int]) -> tuple[Any, int]:
    """An array of C and its length."""
    found = [one(value) for value in several(values, what)]
    for number in found:
        in_range(UINT32, number)
    return ffi.new("uint32_t[]", found), len(found)


def refuse(setter: str, result: int) -> None:
    """Raises the exception for what a setter returned."""
    if result == -errnos.ENOMEM:
        raise MemoryError
    why = _abi.REFUSALS.get(setter, {}).get(errnos.errorcode.get(-result, ""), "")
    if result in (-errnos.EINVAL, -errnos.EBADF):
        raise ValueError(f"{why or 'not accepted'} (forkexec_attr_{setter})")
    raise os_error(result, f"{why} (forkexec_attr_{setter})")
