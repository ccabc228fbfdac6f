"""Captures output up to a limit, and stops when the program has ended."""

from __future__ import annotations

import io
import os
import selectors
import subprocess
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

_PIECE = 65536


class _Taken:
    """The bytes read from one pipe, up to a limit."""

    def __init__(self, file: Any, limit: int) -> None:
        self.file = file
        self.limit = limit
        self.data = bytearray()
        self.exceeded = False

    def take(self) -> bool:
        """Reads once; False at the end of the pipe, or when the limit is exceeded."""
        try:
            piece = os.read(self.file.fileno(), _PIECE)
        except BlockingIOError:
            return True
        room = self.limit - len(self.data)
        self.data += piece[:room]
        self.exceeded = self.exceeded or len(piece) > room
        return bool(piece) and not self.exceeded


def collect(
    process: Any, input: Any, timeout: Optional[float], limit: int, kill: Callable[[Any], None]
) -> tuple[Any, Any, bool]:
    """Writes to and reads from a program until it has ended; then reads what is left in its pipes. It does not wait for
    descendants that still have the pipes open."""
    end = None if timeout is None else time.monotonic() + timeout
    outputs = [_Taken(file, limit) for file in (process.stdout, process.stderr) if file is not None]
    rest = _encoded(process, input)
    with selectors.DefaultSelector() as selector:
        selector.register(process.pidfd, selectors.EVENT_READ, "end")
        for output in outputs:
            os.set_blocking(output.file.fileno(), False)
            selector.register(output.file, selectors.EVENT_READ, output)
        if process.stdin is not None:
            if rest:
                os.set_blocking(process.stdin.fileno(), False)
                selector.register(process.stdin, selectors.EVENT_WRITE, "input")
            else:
                process.stdin.close()
        ended = False
        while not ended and not any(output.exceeded for output in outputs):
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise _expired(process, timeout, outputs)
            for key, _ in selector.select(left):
                if key.data == "end":
                    ended = True
                elif key.data == "input":
                    stdin: Any = process.stdin
                    rest = _feed(stdin, rest)
                    if not rest:
                        selector.unregister(stdin)
                        stdin.close()
                elif not key.data.take():
                    selector.unregister(key.fileobj)
    truncated = any(output.exceeded for output in outputs)
    if truncated:
        kill(process)
    process.wait(None if end is None else max(0.0, end - time.monotonic()))
    for output in outputs:
        _drain(output)
        output.file.close()
    truncated = any(output.exceeded for output in outputs)
    return (*(_text(process, file, outputs) for file in (process.stdout, process.stderr)), truncated)


def _drain(output: _Taken) -> None:
    """Reads what is in the pipe now: a descendant that has the pipe open may write for ever."""
    while not output.exceeded:
        try:
            piece = os.read(output.file.fileno(), _PIECE)
        except BlockingIOError:
            return
        if not piece:
            return
        room = output.limit - len(output.data)
        output.data += piece[:room]
        output.exceeded = len(piece) > room


def _feed(stdin: Any, rest: memoryview) -> memoryview:
    try:
        return rest[os.write(stdin.fileno(), rest[:_PIECE]) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]


def _encoded(process: Any, input: Any) -> memoryview:
    if input is None:
        return memoryview(b"")
    text = isinstance(process.stdin, io.TextIOBase)
    if text != isinstance(input, str):
        raise TypeError(
            f"input must be {'a string' if text else 'bytes, or ask for text=True'}, not {type(input).__name__}"
        )
    return memoryview(input.encode(process.stdin.encoding, process.stdin.errors) if text else input).cast("B")


def _text(process: Any, file: Any, outputs: list[_Taken]) -> Any:
    """The output of a pipe, decoded as its file object would have done it."""
    for output in outputs:
        if output.file is file:
            data = bytes(output.data)
            if isinstance(file, io.TextIOBase):
                # The limit may cut a character in two: this is no error.
                errors = "replace" if output.exceeded else file.errors or "strict"
                decoded = data.decode(file.encoding, errors)
                return decoded.replace("\r\n", "\n").replace("\r", "\n")
            return data
    return None


def _expired(process: Any, timeout: Any, outputs: list[_Taken]) -> subprocess.TimeoutExpired:
    given = {id(output.file): bytes(output.data) or None for output in outputs}
    return subprocess.TimeoutExpired(
        process.args, timeout, output=given.get(id(process.stdout)), stderr=given.get(id(process.stderr))
    )
