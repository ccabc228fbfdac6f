"""Builds sources that nobody has read: they are read-only, there is no network, and nothing but OUTPUT can be written.

usage: build_sandbox.py SOURCES OUTPUT COMMAND...      in the sandbox these are /sources and /output, the working directory

Whoever builds the same twice gets the same: the environment, the host's name, the user and the paths are always the same.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import forkexec
from forkexec import Attr, Bind, Namespace

SYSTEM = [path for path in ("/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc/alternatives") if os.path.exists(path)]
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LC_ALL": "C", "TZ": "UTC", "SOURCE_DATE_EPOCH": "1"}


def sandbox(sources: str, output: str) -> Attr:
    return Attr(
        create_namespaces=Namespace.USER
        | Namespace.PID
        | Namespace.MOUNT
        | Namespace.NET
        | Namespace.IPC
        | Namespace.UTS,
        uid_map=[(1000, os.geteuid(), 1)],
        gid_map=[(1000, os.getegid(), 1)],
        init=True,
        root=forkexec.Root(readonly=True),
        mounts=[
            *(Bind(path, path, readonly=True, create=True) for path in SYSTEM),
            forkexec.Dev(create=True),
            forkexec.Proc(create=True),
            forkexec.Tmpfs("/tmp", create=True),
            Bind(sources, "/sources", readonly=True, nosuid=True, nodev=True, create=True),
            Bind(output, "/output", nosuid=True, nodev=True, create=True),
            forkexec.File("/etc/passwd", "builder:x:1000:1000::/tmp:/bin/sh\n"),
        ],
        cwd="/output",
        hostname="builder",
        domainname="(none)",
        umask=0o022,
        rlimits={resource.RLIMIT_CORE: 0, resource.RLIMIT_NPROC: 4096},
        session=True,
        parent_death_signal=signal.SIGKILL,
        drop_capabilities=True,
        no_new_privs=True,
    )


def main(sources: str, output: str, command: list[str]) -> int:
    try:
        done = forkexec.run(
            command, attr=sandbox(sources, output), env=ENVIRONMENT, stdin=subprocess.DEVNULL, timeout=3600
        )
    except (forkexec.SpawnError, subprocess.TimeoutExpired) as error:
        print(f"build_sandbox: {error}", file=sys.stderr)
        return 125
    if done.usage:
        print(f"exit code {done.returncode}, {done.usage.user + done.usage.system:.1f} s", file=sys.stderr)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2]), sys.argv[3:]))
