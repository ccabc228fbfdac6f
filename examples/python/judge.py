"""A judge of programs that nobody trusts: compiles a C program and runs it against tests, each in a sandbox of its own.

usage: judge.py SOURCE.c TESTS          TESTS holds 1.in and 1.out, 2.in and 2.out, and so on

Verdicts: accepted, wrong answer, runtime error, time limit, memory limit, output limit, compile error.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import forkexec
from forkexec import Attr, Bind, Namespace

SECONDS, MEMORY, OUTPUT = 2, 64 << 20, 1 << 20
PATHS = [path for path in ("/bin", "/lib", "/lib64", "/usr", "/etc/alternatives") if os.path.exists(path)]
SYSTEM = [Bind(path, path, readonly=True, create=True) for path in PATHS]


def sandbox(work: Path, seconds: int, memory: int, readonly: bool = False) -> Attr:
    """An empty root in memory with the system's programs and one directory; no network, no other processes, no host."""
    return Attr(
        create_namespaces=Namespace.USER
        | Namespace.PID
        | Namespace.MOUNT
        | Namespace.NET
        | Namespace.IPC
        | Namespace.UTS,
        uid_map=[(1000, os.geteuid(), 1)],
        gid_map=[(1000, os.getegid(), 1)],
        # Process 1 ignores SIGXCPU and SIGABRT: an init takes that place.
        init=True,
        root=forkexec.Root(readonly=True),
        mounts=[
            *SYSTEM,
            forkexec.Dev(create=True),
            forkexec.Tmpfs("/tmp", size=64 << 20, create=True),
            Bind(work, "/box", create=True, nosuid=True, nodev=True, readonly=readonly),
        ],
        cwd="/box",
        hostname="judge",
        rlimits={
            resource.RLIMIT_CPU: (seconds, seconds + 1),
            resource.RLIMIT_DATA: memory,
            resource.RLIMIT_FSIZE: 16 << 20,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_NPROC: 64,
        },
        session=True,
        parent_death_signal=signal.SIGKILL,
        drop_capabilities=True,
        no_new_privs=True,
    )


def compiled(source: Path, work: Path) -> str:
    """Compiles it; what the compiler has to say, or nothing."""
    (work / "program.c").write_bytes(source.read_bytes())
    done = forkexec.run(
        ["cc", "-O2", "-o", "program", "program.c", "-lm"],
        attr=sandbox(work, 10, 1 << 30),
        env={"PATH": "/bin:/usr/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        output_limit=OUTPUT,
        timeout=30,
    )
    return "" if done.returncode == 0 else done.stderr or "the compiler failed"


def judged(work: Path, given: bytes, expected: bytes) -> tuple[str, str]:
    """Runs it once: the verdict, and what it took."""
    try:
        done = forkexec.run(
            ["/box/program"],
            attr=sandbox(work, SECONDS, MEMORY, readonly=True),
            env={},
            input=given,
            capture_output=True,
            output_limit=OUTPUT,
            timeout=2 * SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "time limit", f"{2 * SECONDS} s asleep"
    took = f"{done.usage.user + done.usage.system:.2f} s, {done.usage.max_rss >> 20} MiB" if done.usage else ""
    if done.truncated:
        return "output limit", took
    if done.returncode in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
        return "time limit", took
    if done.returncode:
        if done.usage and done.usage.max_rss > MEMORY * 9 // 10:
            return "memory limit", took
        return "runtime error", f"{done.returncode}, {took}"
    return ("accepted" if done.stdout.split() == expected.split() else "wrong answer"), took


def main(source: Path, tests: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        complaint = compiled(source, work)
        if complaint:
            print(f"compile error\n{complaint}")
            return 1
        verdicts = []
        for given in sorted(tests.glob("*.in"), key=lambda path: (len(path.name), path.name)):
            verdict, took = judged(work, given.read_bytes(), given.with_suffix(".out").read_bytes())
            print(f"test {given.stem}: {verdict} ({took})")
            verdicts.append(verdict)
    return 0 if set(verdicts) == {"accepted"} else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
