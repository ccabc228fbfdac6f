"""Runs what an agent wrote: files in, no network, a time-out, a cap on output; the result as JSON.

usage: code_runner.py <REQUEST.json

The request: {"files": {"main.py": "print(1)"}, "command": ["python3", "main.py"], "stdin": "", "timeout": 5,
"memory": bytes, "output": bytes}; all but files and command may be left away. The files exist in memory only: nothing is
written to the host.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any

import forkexec
from forkexec import Attr, Bind, Namespace

# The system's programs, and this Python where it is installed elsewhere.
PATHS = [path for path in ("/bin", "/lib", "/lib64", "/usr", "/etc/alternatives") if os.path.exists(path)]
if not sys.base_prefix.startswith("/usr"):
    PATHS.append(sys.base_prefix)
ENVIRONMENT = {"PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin", "HOME": "/box", "LANG": "C.UTF-8"}


def inside(name: str) -> str:
    """The path of a file in the sandbox; one that leads out of its folder is refused."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{name!r} does not lie in the folder")
    return f"/box/{path}"


def sandbox(files: dict[str, str], memory: int, seconds: float) -> Attr:
    folders = {str(PurePosixPath(inside(name)).parent) for name in files} - {"/box"}
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
            *(Bind(path, path, readonly=True, create=True) for path in PATHS),
            forkexec.Dev(create=True),
            forkexec.Proc(create=True),
            forkexec.Tmpfs("/tmp", size=64 << 20, create=True),
            forkexec.Tmpfs("/box", size=64 << 20, create=True, nosuid=True, nodev=True),
            *(forkexec.Directory(folder) for folder in sorted(folders)),
            *(forkexec.File(inside(name), contents) for name, contents in files.items()),
        ],
        cwd="/box",
        hostname="sandbox",
        rlimits={
            resource.RLIMIT_DATA: memory,
            resource.RLIMIT_CPU: int(seconds) + 1,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_NPROC: 256,
        },
        session=True,
        parent_death_signal=signal.SIGKILL,
        drop_capabilities=True,
        no_new_privs=True,
    )


def ran(request: dict[str, Any]) -> dict[str, Any]:
    """Runs a request."""
    seconds = float(request.get("timeout", 5))
    result: dict[str, Any] = {"timed_out": False, "truncated": False, "returncode": None}
    try:
        attr = sandbox(request["files"], int(request.get("memory", 512 << 20)), seconds)
        done = forkexec.run(
            request["command"],
            attr=attr,
            env=ENVIRONMENT,
            input=request.get("stdin", "").encode(),
            capture_output=True,
            timeout=seconds,
            output_limit=int(request.get("output", 64 << 10)),
        )
    except subprocess.TimeoutExpired as expired:
        result["timed_out"] = True
        stdout, stderr = expired.stdout, expired.stderr
    except (forkexec.SpawnError, TypeError, ValueError, KeyError) as error:
        return {"error": str(error), "stage": getattr(error, "stage", forkexec.Stage.NONE).name.lower()}
    else:
        result.update(returncode=done.returncode, truncated=done.truncated)
        stdout, stderr = done.stdout, done.stderr
        if done.usage:
            result.update(seconds=done.usage.user + done.usage.system, memory=done.usage.max_rss)
    result["stdout"] = (stdout or b"").decode(errors="replace")
    result["stderr"] = (stderr or b"").decode(errors="replace")
    return result


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    print(json.dumps(ran(json.load(sys.stdin)), indent=1))
