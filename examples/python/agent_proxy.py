"""Runs a program that reaches one host and nothing else: it has no network but a proxy, which is this process.

usage: agent_proxy.py HOST[:PORT] COMMAND...

The program is in a network namespace with nothing in it but `lo`. What it connects to at 127.0.0.1:3128 there, this process
accepts here: the listening socket was made inside and handed over. So nothing else is needed: no interface, no relay program,
no second namespace. http_proxy and https_proxy tell the program of it; a program that ignores them reaches nobody. Unix
sockets that have a path are files: give the program a root of its own where there are some, as build_sandbox.py does.
"""

from __future__ import annotations

import asyncio
import os
import sys
from urllib.parse import urlsplit

import forkexec
from forkexec import Attr, Namespace

PORT, TIMEOUT, LONGEST = 3128, 30.0, 1 << 16
WEB = {80, 443}


def sandbox() -> Attr:
    return Attr(
        create_namespaces=Namespace.USER | Namespace.NET | Namespace.PID | Namespace.IPC,
        uid_map=[(os.geteuid(), os.geteuid(), 1)],
        gid_map=[(os.getegid(), os.getegid(), 1)],
        init=True,
        loopback=True,
        listen=("127.0.0.1", PORT),
        drop_capabilities=True,
        no_new_privs=True,
    )


class Proxy:
    """HTTP's CONNECT and plain requests, for one host."""

    def __init__(self, allowed: str) -> None:
        host, colon, port = allowed.rpartition(":")
        self.host, self.ports = (host, {int(port)}) if colon and port.isdigit() else (allowed, WEB)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
            await self.answer(head, reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()

    async def answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, _, headers = head.partition(b"\r\n")
        method, target, version = line.decode("ascii").split(" ")
        is_tunnel = method == "CONNECT"
        url = urlsplit(f"//{target}" if is_tunnel else target)
        port = url.port or (443 if is_tunnel else 80)
        if (url.hostname or "").lower() != self.host.lower() or port not in self.ports:
            print(f"refused: {method} {target}", file=sys.stderr, flush=True)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        there, back = await asyncio.wait_for(asyncio.open_connection(self.host, port), TIMEOUT)
        if is_tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            # One request a connection: another one might be for another host. So might a Host of the program's own be, where
            # one server has many hosts.
            dropped = (b"connection:", b"host:", b"proxy-")
            kept = [one for one in headers.split(b"\r\n") if not one.lower().startswith(dropped)]
            path = url._replace(scheme="", netloc="").geturl() or "/"
            host = url.netloc.rpartition("@")[2]
            first = f"{method} {path} {version}\r\nHost: {host}\r\nConnection: close\r\n".encode("ascii")
            back.write(first + b"\r\n".join(kept))
        try:
            await asyncio.gather(copy(reader, back), copy(there, writer))
        finally:
            back.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(LONGEST):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def main(allowed: str, command: list[str]) -> int:
    address = f"http://127.0.0.1:{PORT}"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    env = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    try:
        process = await forkexec.open_process(command, attr=sandbox(), env={**env, **dict.fromkeys(names, address)})
    except forkexec.SpawnError as error:
        print(f"agent_proxy: {error}", file=sys.stderr)
        return 125
    async with process:
        server = await asyncio.start_server(Proxy(allowed).serve, sock=process.listener(), limit=LONGEST)
        code = await process.wait()
        server.close()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
