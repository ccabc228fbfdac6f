"""Runs a program inside a container that is there already, as `docker exec` does.

usage: container_exec.py PID COMMAND...        PID is any process of the container

The program joins those namespaces of PID that are not the caller's, and becomes user 0 in them. Its working directory is the
container's root. Descriptors above 2, the environment and the terminal of the caller stay outside.
"""

from __future__ import annotations

import os
import signal
import sys

import forkexec
from forkexec import Attr, Namespace

# The name of a link in /proc/PID/ns for each type.
LINKS = {
    Namespace.USER: "user", Namespace.PID: "pid_for_children", Namespace.MOUNT: "mnt", Namespace.NET: "net",
    Namespace.IPC: "ipc", Namespace.UTS: "uts", Namespace.CGROUP: "cgroup",
}  # fmt: skip


def differing(pid: int) -> Namespace:
    """The types of namespaces that are not the caller's."""
    types = Namespace(0)
    for kind, name in LINKS.items():
        if os.stat(f"/proc/{pid}/ns/{name}").st_ino != os.stat(f"/proc/self/ns/{name}").st_ino:
            types |= kind
    return types


def main(pid: int, command: list[str]) -> int:
    types = differing(pid)
    if not types:
        print(f"container_exec: {pid} is in no container: all its namespaces are the caller's", file=sys.stderr)
        return 125
    # A pidfd is this process for ever, and no other that gets its number later.
    pidfd = os.pidfd_open(pid)
    attr = Attr(
        join=(pidfd, types),
        uid=0,
        gid=0,
        groups=[],
        cwd="/",
        search_path=True,
        session=True,
        deny_terminal_injection=True,
        no_new_privs=True,
        parent_death_signal=signal.SIGKILL,
    )
    try:
        child = forkexec.spawn(
            command, attr=attr, env={"PATH": "/usr/bin:/bin", "TERM": os.environ.get("TERM", "dumb")}
        )
    except forkexec.SpawnError as error:
        print(f"container_exec: {error}", file=sys.stderr)
        return 125
    finally:
        os.close(pidfd)
    status = child.wait()
    return status.returncode if status.returncode >= 0 else 128 - status.returncode


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
