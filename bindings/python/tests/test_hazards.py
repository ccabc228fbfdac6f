"""Signals, threads, forks, interpreters and their end."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

import forkexec
from forkexec import PIPE, Attr


def python(code, *options, executable=sys.executable, **keywords):
    done = subprocess.run([executable, *options, "-c", code], capture_output=True, text=True, timeout=120, **keywords)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def quiet():
    signal.setitimer(signal.ITIMER_REAL, 0)


def test_a_handler_that_returns_does_not():
    ran = []
    before = signal.signal(signal.SIGALRM, lambda *_: ran.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        for _ in range(20):
            assert forkexec.run(["sh", "-c", "sleep 0.02; exit 3"]).returncode == 3
    finally:
        quiet()
        signal.signal(signal.SIGALRM, before)
    assert ran


def work_of_a_worker(number):
    """In a fork of a process whose other threads are in the midst of spawns."""
    return forkexec.run(["sh", "-c", f"exit {number % 7}"], attr=Attr(nice=1)).returncode


def fork_once(method):
    if method == "os.fork":
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = work_of_a_worker(5)
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    else:
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(work_of_a_worker, range(7)) == list(range(7))


@pytest.mark.once
@pytest.mark.leaves
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("method", ["os.fork", "fork", "forkserver", "spawn"])
def test_threads_beside_forks(method):
    """8 threads start programs, each in its own way, while others fork. FORKEXEC_PYTHON_SPAWNS: how many each starts."""
    spawns = int(os.environ.get("FORKEXEC_PYTHON_SPAWNS", "40"))
    ends, errors = [], []
    attr = Attr(nice=3, rlimits={resource.RLIMIT_CPU: 100}, parent_death_signal=signal.SIGKILL)

    def one(kind, number):
        if kind % 4 == 0:
            with forkexec.Popen(["/bin/cat"], stdin=PIPE, stdout=PIPE, attr=attr) as process:
                return process.communicate(b"x")[0] == b"x"
        if kind % 4 == 1:
            return forkexec.spawn(["/bin/sh", "-c", f"exit {number % 100}"]).wait().returncode == number % 100
        if kind % 4 == 2:
            with forkexec.start(["/bin/true"], attr=attr) as held:
                held.release()
                return held.wait().returncode == 0
        try:
            forkexec.run(["/no/such"])
        except FileNotFoundError:
            return True
        return False

    def work(kind):
        try:
            ends.extend(one(kind, number) for number in range(spawns))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in range(8)]
    [thread.start() for thread in threads]
    while any(thread.is_alive() for thread in threads):
        fork_once(method)
    [thread.join() for thread in threads]
    assert not errors and ends == [True] * 8 * spawns


def test_the_environment_may_change_meanwhile():
    stop = threading.Event()

    def change():
        number = 0
        while not stop.is_set():
            number += 1
            os.environ[f"FORKEXEC_TEST_{number % 50}"] = "x" * (number % 1000)
            os.environ.pop(f"FORKEXEC_TEST_{(number + 25) % 50}", None)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            assert forkexec.spawn(["/bin/true"]).wait().returncode == 0
    finally:
        stop.set()
        thread.join()
        for number in range(50):
            os.environ.pop(f"FORKEXEC_TEST_{number}", None)


def test_after_a_fork():
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = forkexec.run(["sh", "-c", "exit 4"], attr=Attr(nice=1)).returncode
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4


HELD = "held = forkexec.start(['/bin/true']); print(held.pid)"
SHUTDOWNS = {
    "a program that runs": "p = forkexec.Popen(['cat'], stdin=-1, stdout=-1); " + HELD,
    "a child of spawn": "c = forkexec.spawn(['/bin/sleep', '0.1']); " + HELD,
    "at exit": "import atexit; atexit.register(lambda: forkexec.run(['true'], attr=forkexec.Attr(nice=1))); " + HELD,
    "a module's global that is cleared late": "import sys; sys.keep = forkexec.Popen(['true']), forkexec.Attr(nice=1); "
    + HELD,
    "a thread that waits": "import threading; p = forkexec.Popen(['cat'], stdin=-1)\n"
    "threading.Thread(target=p.wait, daemon=True).start(); " + HELD,
    "a thread that starts": "import threading\n"
    "def work():\n while True: forkexec.run(['true'])\n"
    "threading.Thread(target=work, daemon=True).start(); " + HELD,
    "a loop of asyncio": "import asyncio\nasync def main():\n"
    " global p; p = await forkexec.open_process(['cat'], stdin=-1)\nasyncio.run(main()); " + HELD,
    "installed": "import subprocess; forkexec.install(); p = subprocess.Popen(['cat'], stdin=-1); " + HELD,
    "by an exception": HELD + "; raise SystemExit(0)",
}


@pytest.mark.once
@pytest.mark.parametrize("name", SHUTDOWNS)
def test_the_end_of_the_interpreter(name):
    status, out, err = python("import forkexec; " + SHUTDOWNS[name])
    assert (status, err) == (0, "")
    # A held child does not outlive its owner, nor the moment of its death.
    for _ in range(1000):
        try:
            os.kill(int(out), 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail("the held child is still there")


# With -X dev: what is left, and what subprocess warns of then.
LEFT = {
    "nothing": "p = M.Popen(['true']); p.wait()",
    "a program that runs": "p = M.Popen(['sleep', '0.1']); p = None",
    "with": "with M.Popen(['true']) as p: pass",
    "a pipe": "p = M.Popen(['true'], stdout=-1); p.wait(); p = None",
    "three pipes": "p = M.Popen(['cat'], stdin=-1, stdout=-1, stderr=-1); p.stdin.close(); p.wait(); p = None",
    "pipes that were read": "p = M.Popen(['cat'], stdin=-1, stdout=-1); p.communicate(b'x')",
    "run": "M.run(['true'], capture_output=True, text=True, input='x')",
    "run with a timeout": "try: M.run(['sleep', '100'], timeout=0.05, stdout=-1)\nexcept M.TimeoutExpired: pass",
    "check_output": "M.check_output(['true'])",
    "one that is not there": "try: M.Popen(['/no/such'], stdin=-1, stdout=-1)\nexcept OSError: pass",
    "text with a buffer of one": "M.run(['true'], bufsize=1, stdout=-1)",
}


@pytest.mark.once
@pytest.mark.parametrize("name", LEFT)
def test_development_mode_warns_as_subprocess_does(name):
    said = []
    for module in ("subprocess", "forkexec"):
        code = LEFT[name].replace("M.", module + ".")
        status, _, err = python(f"import {module}, gc\n{code}\ngc.collect()", "-X", "dev")
        assert status == 0, err
        said.append(sorted(re.sub(r"\d+|<.*>", "N", line) for line in err.splitlines() if "Warning" in line))
    assert said[0] == said[1]


def test_subinterpreters():
    names = ("_xxsubinterpreters", "_interpreters")
    for name in names:
        try:
            interpreters = __import__(name)
            break
        except ImportError:
            continue
    else:
        pytest.skip("this Python has no module for subinterpreters")
    code = (
        "import interpreters_name as i\n"
        'code = \'import forkexec\\nassert forkexec.run(["sh", "-c", "nice"], attr=forkexec.Attr(nice=5),'
        ' stdout=-1).stdout.strip() == b"5"\\nprint("ran")\'\n'
        "id = i.create('legacy') if hasattr(i, 'get_config') or MODERN else i.create(isolated=False)\n"
        "error = (i.exec if hasattr(i, 'exec') else i.run_string)(id, code)\n"
        "assert error is None, error"
    )
    code = code.replace("interpreters_name", interpreters.__name__).replace("MODERN", str(sys.version_info >= (3, 13)))
    status, out, err = python(code)
    assert (status, out) == (0, "ran"), err


# One of everything, over and over.
ROUND = """
import errno, gc, os, signal, sys
import forkexec
from forkexec import PIPE, Attr

def once():
    attr = Attr(nice=1, fds={5: 2}, rlimits={0: 100}, mounts=[forkexec.Tmpfs("/tmp")]).replace(mounts=None, umask=0o22)
    forkexec.run(["/bin/true"], attr=attr, capture_output=True)
    forkexec.run(["/bin/cat"], input=b"x" * 1000, stdout=PIPE, output_limit=10)
    forkexec.spawn(["/bin/true"], attr=attr, env={"A": "b"}).wait()
    with forkexec.start(["/bin/true"]) as held:
        held.release()
        held.wait()
    with forkexec.start(["/bin/true"]):
        pass
    attr.describe(["/bin/true"])
    for bad in (lambda: forkexec.run(["/no/such"], attr=attr), lambda: Attr(nice=100), lambda: Attr(fds={1: "x"}),
                lambda: forkexec.run(["true"], attr=Attr(session=True, process_group=0)),
                lambda: forkexec.run(["sleep", "10"], timeout=0), lambda: forkexec.spawn([b"a\\0"])):
        try:
            bad()
        except (OSError, ValueError, TypeError, forkexec.TimeoutExpired):
            pass
        else:
            raise AssertionError(bad)
"""


def test_nothing_grows():
    space = {}
    exec(ROUND, space)
    once = space["once"]
    for _ in range(10):
        once()
    gc.collect()
    tracemalloc.start()
    try:
        once()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        objects, references = len(gc.get_objects()), sys.getrefcount(None)
        for _ in range(30):
            once()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        assert len(gc.get_objects()) - objects < 30
        # None is immortal from 3.12 on.
        assert sys.getrefcount(None) - references < 30
        assert after - before < 20_000
    finally:
        tracemalloc.stop()


def test_no_reference_is_left():
    """sys.gettotalrefcount, where a debug build of a Python that can load the package is here."""
    names = [f"python3.{minor}{end}" for minor in range(9, 14) for end in ("-dbg", "d", "-debug")]
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no debug build of Python: python3.11-dbg or such")
    # cffi's own module has its version in its name.
    minor = subprocess.run(
        [found, "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True, text=True
    )
    if minor.stdout.strip() != "{}.{}".format(*sys.version_info[:2]):
        pytest.skip(f"the debug build is of Python {minor.stdout.strip()}")
    import cffi

    folders = [Path(forkexec.__file__).parents[1], Path(cffi.__file__).parents[1]]
    code = (
        ROUND + "for _ in range(10): once()\n"
        "counts = []\n"
        "for _ in range(6):\n"
        "    for _ in range(5): once()\n"
        "    gc.collect(); counts.append(sys.gettotalrefcount())\n"
        "print(counts)"
    )
    env = {**os.environ, "PYTHONPATH": ":".join(map(str, folders)), "PYTHONHASHSEED": "0"}
    status, out, err = python(code, env=env, executable=found)
    assert status == 0, err
    counts = eval(out)
    # 5 rounds each: one lost reference a round would be 5 more each time.
    assert min(after - before for before, after in zip(counts, counts[1:])) < 5, counts


def test_low_descriptors_are_free():
    code = "import os, forkexec; os.close(0); os.close(1)\np = forkexec.Popen(['cat'], stdin=-1, stdout=-1)\n" \
           "os._exit(p.communicate(b'x')[0] != b'x')"  # fmt: skip
    assert python(code)[0] == 0
