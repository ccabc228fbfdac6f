"""Runs many commands, 50 at once, in one thread of asyncio, and says what each took.

usage: pool.py [AT_ONCE] <COMMANDS      one command of the shell a line
"""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys

import forkexec
from forkexec import Attr

ATTR = Attr(
    session=True,
    parent_death_signal=signal.SIGKILL,
    rlimits={resource.RLIMIT_CPU: 60, resource.RLIMIT_CORE: 0},
    nice=5,
)


async def run(number: int, command: str, places: asyncio.Semaphore) -> int:
    """Runs one command when there is a place for it. Cancelling it kills all that it started."""
    async with places:
        try:
            async with await forkexec.open_process(
                ["/bin/sh", "-c", command], attr=ATTR, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
            ) as process:
                stdout, _ = await asyncio.wait_for(process.communicate(), 60)
        except (forkexec.SpawnError, asyncio.TimeoutError) as error:
            print(f"{number}: {error!r}")
            return 1
    usage = process.usage
    took = f"{(usage.user + usage.system) * 1000:.0f} ms, {usage.max_rss >> 10} KiB" if usage else "not known"
    first = (stdout or b"").decode(errors="replace").partition("\n")[0]
    print(f"{number}: exit code {process.returncode}, {took}: {first}")
    return 0 if process.returncode == 0 else 1


async def main(at_once: int, commands: list[str]) -> int:
    places = asyncio.Semaphore(at_once)
    failed = sum(await asyncio.gather(*(run(number, one, places) for number, one in enumerate(commands, 1))))
    print(f"{len(commands)} commands, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    lines = [line for line in sys.stdin.read().splitlines() if line.strip()]
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) == 2 else 50, lines)))
