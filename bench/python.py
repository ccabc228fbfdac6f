"""Measures the Python package against the standard subprocess.

usage: python.py PROGRAM [--seconds S] [--json OUT] [--plot OUT.svg] [--only CASE]

PROGRAM only exits, and has no libc: BUILD/bench/tiny. The subjects take turns, one call each a round; a figure is the median
of a round's ratios to stock `subprocess`. All runs on one processor, as in bench.c: to wake an idle one in a virtual machine
takes longer than a spawn. tools/python bench runs it where the package is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time

import forkexec
from forkexec import Attr

MIB = 1 << 20
LIMITS = {resource.RLIMIT_CPU: (2, 2), resource.RLIMIT_NOFILE: (64, 64), resource.RLIMIT_CORE: (0, 0)}
ATTR = Attr(rlimits=LIMITS, parent_death_signal=signal.SIGKILL)
USER = 65534 if os.geteuid() == 0 else os.geteuid()
# What each must reach.
TARGETS = {
    ("plain", "forkexec.Popen"): 1.0, ("plain", "forkexec.spawn"): 0.75, ("limits", "forkexec.run"): 0.15,
    ("limits, 1 GiB", "forkexec.run"): 0.003, ("user", "forkexec.run"): 0.3, ("user, 1 GiB", "forkexec.run"): 0.005,
    ("asyncio, 50 at once", "forkexec.open_process"): 0.8,
}  # fmt: skip


def limits():
    """A preexec_fn that asks for the same, by ctypes."""
    for one, values in LIMITS.items():
        resource.setrlimit(one, values)
    libc.prctl(1, signal.SIGKILL)


def cases(program):
    """{case: {subject: function}}; the others are compared with the first subject."""
    argv = [program]

    def installed():
        subprocess.Popen(argv).wait()

    return {
        "plain": {
            "subprocess.Popen": lambda: subprocess.Popen(argv).wait(),
            "forkexec.Popen": lambda: forkexec.Popen(argv).wait(),
            "forkexec.spawn": lambda: forkexec.spawn(argv).wait(),
            "install()": with_install(installed),
        },
        "run, captured": {
            "subprocess.run": lambda: subprocess.run(argv, capture_output=True),
            "forkexec.run": lambda: forkexec.run(argv, capture_output=True),
        },
        "limits": {
            "preexec_fn": lambda: subprocess.run(argv, preexec_fn=limits),
            "forkexec.run": lambda: forkexec.run(argv, attr=ATTR),
            "install()": with_install(lambda: subprocess.run(argv, preexec_fn=ATTR)),
            "subprocess.run without limits": lambda: subprocess.run(argv),
        },
        "user": {
            "subprocess.run": lambda: subprocess.run(argv, user=USER),
            "forkexec.run": lambda: forkexec.run(argv, user=USER),
        },
    }


def with_install(function):
    """The function is timed without what install() itself takes."""

    def timed():
        with forkexec.install():
            start = time.perf_counter()
            function()
            return time.perf_counter() - start

    timed.own_time = True
    return timed


def once(function):
    if getattr(function, "own_time", False):
        return function()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(subjects, seconds):
    """{subject: (median in us, median ratio to the first)}"""
    times = {name: [] for name in subjects}
    names = list(subjects)
    for function in subjects.values():
        once(function)
    gc.collect()
    gc.disable()
    end = time.monotonic() + seconds
    number = 0
    while number < 15 or time.monotonic() < end:
        # Each round begins with another one.
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            # One call before, not timed: after a fork each write to a page is a fault, which would count for the next subject.
            # With 1 GiB the first call after one takes thirty times as long, and only the seventh no longer.
            for _ in range(2 if name == names[0] else 8):
                once(subjects[name])
            times[name].append(once(subjects[name]))
        number += 1
    gc.enable()
    first = times[names[0]]
    return {
        name: (statistics.median(own) * 1e6, statistics.median(a / b for a, b in zip(own, first)))
        for name, own in times.items()
    }


def resident_now():
    """Resident memory of this process in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Ballast:
    """That much more memory, as a Python program has it: objects on the interpreter's own heap, whose pages are small.

    What a fork costs goes with the number of pages, whatever is in them; huge pages, which only programs get that ask for
    them where /sys/kernel/mm/transparent_hugepage/enabled is `madvise`, would make it cheap.
    """

    def __init__(self, mebibytes):
        self.rows = []
        end = resident_now() + mebibytes * MIB
        gc.disable()
        while mebibytes and resident_now() < end:
            self.rows += [{"number": number, "name": f"row {number}"} for number in range(20000)]
        # The collections of measure() leave it alone, as those of the oldest generation do for nearly all the time.
        gc.freeze()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        gc.unfreeze()
        self.rows.clear()
        gc.enable()


def many_at_once(program, number=50):
    async def stock():
        async def one():
            process = await asyncio.create_subprocess_exec(program, stdout=subprocess.PIPE)
            await process.communicate()

        await asyncio.gather(*(one() for _ in range(number)))

    async def own():
        async def one():
            async with await forkexec.open_process([program], stdout=subprocess.PIPE) as process:
                await process.communicate()

        await asyncio.gather(*(one() for _ in range(number)))

    return {"asyncio": lambda: asyncio.run(stock()), "forkexec.open_process": lambda: asyncio.run(own())}


def imports():
    """Milliseconds of an import in a new interpreter. The least of many: other processes only add to it."""
    found = {}
    for name, before, timed in (
        ("import forkexec", "", "import forkexec"),
        ("import forkexec, after subprocess", "import subprocess", "import forkexec"),
        ("from forkexec import Popen, after subprocess", "import subprocess", "from forkexec import Popen"),
    ):
        code = f"{before}\nimport time; t = time.perf_counter(); {timed}; print(time.perf_counter() - t)"
        runs = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(21)]
        found[name] = min(runs) * 1e3
    return found


def resident(program, seconds, sizes=(0, 64, 256, 512, 1024)):
    """[(subject, MiB, us)] for the plot."""
    subjects = {
        "preexec_fn": lambda: subprocess.run([program], preexec_fn=limits),
        "subprocess": lambda: subprocess.run([program]),
        "forkexec": lambda: forkexec.run([program], attr=ATTR),
        "forkexec user": lambda: forkexec.run([program], user=USER),
    }
    rows = []
    for size in sizes:
        with Ballast(size):
            rows += [(name, size, value) for name, (value, _) in measure(subjects, seconds).items()]
    return rows


SERIES = [
    ("preexec_fn", "preexec_fn: limits", "#c0392b", ""),
    ("subprocess", "subprocess, no limits", "#7f8c8d", ""),
    ("forkexec", "forkexec, limits", "#1f6fb2", ""),
    ("forkexec user", "forkexec, user=", "#1f6fb2", "6 4"),
]


def plot(rows, target):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from plot import draw

    points = {}
    for name, size, value in rows:
        points.setdefault(name, []).append((size, value))
    title = "Python: run(), by the interpreter's resident memory"
    subtitle = f"median, logarithmic; a static program that only exits; Python {sys.version.split()[0]}"
    with open(target, "w", encoding="utf-8") as file:
        file.write(draw(points, SERIES, title, subtitle))
    print(f"plot: {target}")


def show(case, rows, results):
    for name, (value, ratio) in rows.items():
        target = TARGETS.get((case, name))
        note = "" if target is None else f"   at most {target}: {'yes' if ratio <= target else 'NO'}"
        print(f"{case:22} {name:32} {value:10.1f} us {ratio:8.4f}{note}", flush=True)
        results.append({"case": case, "subject": name, "us": value, "ratio": ratio, "target": target})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--json")
    parser.add_argument("--plot")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    program = os.path.abspath(given.program)
    results = []
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    everything = cases(program)
    for case, subjects in everything.items():
        if given.only in case:
            show(case, measure(subjects, given.seconds), results)
    for case in ("plain", "limits", "user"):
        if given.only in case:
            with Ballast(1024):
                show(f"{case}, 1 GiB", measure(everything[case], given.seconds), results)
    if given.only in "asyncio":
        show("asyncio, 50 at once", measure(many_at_once(program), given.seconds), results)
    if given.only in "import":
        for name, value in imports().items():
            print(f"{name:55} {value:10.1f} ms   at most 10: {'yes' if value <= 10 else 'NO'}")
            results.append({"case": "import", "subject": name, "us": value * 1e3, "ratio": None, "target": None})
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    if given.plot:
        plot(resident(program, given.seconds / 2), given.plot)


if __name__ == "__main__":
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    main()
