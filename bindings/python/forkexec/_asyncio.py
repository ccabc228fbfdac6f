"""Programs for asyncio: the event loop watches a pidfd; there is no thread and no child watcher."""

from __future__ import annotations

import asyncio
import errno as errnos
import signal as signals

from . import _child
from ._attr import Attr
from ._convert import integer
from ._popen import KILLED, Popen, kill_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from typing import Any, Optional, Union

    from ._child import Usage
    from ._items import Path

_LIMIT = 65536


class Process:
    """A program with the interface of asyncio.subprocess.Process (pid, returncode, stdin, stdout, stderr, wait,
    communicate, send_signal, terminate, kill), and with pidfd, status, usage, kill_tree. Where `async with` ends before the
    program, it kills the program, with its descendants where it has a group of its own."""

    def __init__(self, popen: Popen, loop: asyncio.AbstractEventLoop) -> None:
        self._popen = popen
        self._loop = loop
        self._end: asyncio.Future[int] = self._loop.create_future()
        self.stdin: Optional[asyncio.StreamWriter] = None
        self.stdout: Optional[asyncio.StreamReader] = None
        self.stderr: Optional[asyncio.StreamReader] = None
        self._transports: list[Any] = []
        self._pidfd = popen.pidfd
        self._loop.add_reader(self._pidfd, self._ended)

    def _ended(self) -> None:
        if self._popen.poll() is not None:
            self._loop.remove_reader(self._pidfd)
            if not self._end.done():
                self._end.set_result(self._popen.returncode)

    async def _connect(self, limit: int) -> None:
        popen, loop = self._popen, self._loop
        if popen.stdin is not None:
            transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, popen.stdin)
            self.stdin = asyncio.StreamWriter(transport, protocol, None, loop)
            self._transports.append(transport)
        for name in ("stdout", "stderr"):
            pipe = getattr(popen, name)
            if pipe is not None:
                reader = asyncio.StreamReader(limit=limit, loop=loop)
                self._transports.append(await _read_from(pipe, reader, loop))
                setattr(self, name, reader)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def args(self) -> Any:
        """The arguments with which the program was started."""
        return self._popen.args

    @property
    def pidfd(self) -> int:
        """A pidfd of the program, borrowed: do not close it."""
        return self._pidfd

    def listener(self, index: int = 0) -> socket.socket:
        """Socket number `index` of the Attr's `listen`, for asyncio.start_server(sock=...). It is given once."""
        listener = self._popen.listener(index)
        listener.setblocking(False)
        return listener

    def terminal_fd(self) -> int:
        """The caller's end of the Attr's `terminal`, which the caller closes. It is given once."""
        return self._popen.terminal_fd()

    def tun_fd(self) -> int:
        """The descriptor of the Attr's `tun`, which the caller closes. It is given once."""
        return self._popen.tun_fd()

    @property
    def returncode(self) -> Optional[int]:
        """The exit code, or -N where signal N killed the program; None while it runs."""
        return self._popen.returncode

    @property
    def status(self) -> Optional[_child.Status]:
        """How the program ended; None before."""
        return self._popen.status

    @property
    def usage(self) -> Optional[Usage]:
        """What the program has used, a Usage; None before its end."""
        return self._popen.usage

    async def wait(self) -> int:
        """Waits until the program has ended. Where the wait is cancelled, the program runs on."""
        return self._end.result() if self._end.done() else await asyncio.shield(self._end)

    async def _feed(self, stdin: asyncio.StreamWriter, input: Optional[bytes]) -> None:
        try:
            if input:
                stdin.write(input)
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass
        stdin.close()

    async def communicate(self, input: Optional[bytes] = None) -> tuple[Optional[bytes], Optional[bytes]]:
        """Writes `input` to the program, reads all its output, and waits for its end."""
        if input is not None and self.stdin is None:
            raise ValueError("input needs stdin=PIPE")
        if isinstance(input, str):
            raise TypeError("input must be bytes, not str")
        outputs = [stream for stream in (self.stdout, self.stderr) if stream is not None]
        work: list[Any] = [stream.read() for stream in outputs]
        if self.stdin is not None:
            work.append(self._feed(self.stdin, input))
        # Tasks cost more than what most of them have to do: one alone needs none.
        done = await asyncio.gather(*work) if len(work) > 1 else [await one for one in work]
        await self.wait()
        data = dict(zip(map(id, outputs), done))
        return data.get(id(self.stdout)), data.get(id(self.stderr))

    def send_signal(self, signal: int) -> None:
        """Sends it a signal; ProcessLookupError where it has ended, as asyncio has it."""
        if self._popen.poll() is not None:
            raise ProcessLookupError(errnos.ESRCH, "the program has ended")
        self._popen.send_signal(signal)

    def terminate(self) -> None:
        """Sends it SIGTERM."""
        self.send_signal(signals.SIGTERM)

    def kill(self) -> None:
        """Sends it SIGKILL."""
        self.send_signal(signals.SIGKILL)

    def kill_tree(self) -> None:
        """Kills it and all its descendants; see Popen.kill_tree."""
        self._popen.kill_tree()

    def _abandon(self) -> None:
        """Leaves nothing of a program whose streams could not be connected."""
        self._loop.remove_reader(self._pidfd)
        self._close()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()
        kill_all(self._popen)
        self._popen._ended(KILLED)

    def _close(self) -> None:
        for transport in self._transports:
            transport.close()

    async def __aenter__(self) -> Process:
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._popen.poll() is None:
            kill_all(self._popen)
        try:
            await self.wait()
        finally:
            self._close()

    def __repr__(self) -> str:
        return f"<Process {self.pid} {'runs' if self.returncode is None else self.returncode}>"


async def _read_from(pipe: Any, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> Any:
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader, loop=loop), pipe)
    return transport


async def open_process(
    args: Union[Path, Sequence[Path]],
    *,
    attr: Optional[Attr] = None,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    env: Optional[Mapping[Any, Any]] = None,
    limit: int = _LIMIT,
    **keywords: Any,
) -> Process:
    """Starts a program in this loop: `async with await forkexec.open_process(...) as process:`.

    stdin, stdout and stderr are as for Popen; with PIPE they are streams of asyncio, with `limit` bytes for a line.
    The other keywords are Popen's, but for those that make text of bytes. Raises SpawnError.
    """
    for name in ("text", "encoding", "errors", "universal_newlines"):
        if keywords.get(name):
            raise ValueError(f"{name} is not for open_process: its streams are of bytes")
    if keywords.pop("bufsize", 0) != 0:
        raise ValueError("bufsize is not for open_process: limit is the size of its streams' buffers")
    if integer(limit, "limit") <= 0:
        raise ValueError(f"limit must be 1 or more, not {limit}")
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError("open_process needs a running loop of asyncio; elsewhere use install(), or Popen") from None
    popen = Popen(args, bufsize=0, stdin=stdin, stdout=stdout, stderr=stderr, env=env, attr=attr, **keywords)
    process = Process(popen, loop)
    try:
        await process._connect(limit)
    except BaseException:
        process._abandon()
        raise
    return process


__all__ = ["Process", "open_process"]
