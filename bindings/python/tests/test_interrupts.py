"""Ctrl-C, signal handlers and time-outs in whatever waits: it is raised in time, kills nothing by itself, and leaves nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import LONG, children

import forkexec
from forkexec import PIPE, Attr

pytestmark = pytest.mark.once

# A child that would run for ever. Whoever waits for it only goes on because of the signal.
FOREVER = ["/bin/sleep", "100000"]


class Interrupted(Exception):
    pass


@pytest.fixture
def interrupt():
    """A timer whose signal raises KeyboardInterrupt or Interrupted wherever this thread waits."""
    raised = []

    def handler(kind):
        def raises(*_):
            raised.append(1)
            # Once only: what cleans up afterwards is not to be interrupted again.
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise kind

        return raises

    before = signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)

    def arm(kind):
        signal.signal(signal.SIGALRM, handler(kind))
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.05)

    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before[0])
    signal.signal(signal.SIGINT, before[1])


def killed(pid):
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


WAITS = {
    "wait": lambda process: process.wait(),
    "wait with a timeout": lambda process: process.wait(100000),
    "communicate": lambda process: process.communicate(),
    "communicate with a timeout": lambda process: process.communicate(timeout=100000),
}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Interrupted])
@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize("pipes", [{}, {"stdout": PIPE}, {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}])
def test_what_waits_for_a_popen(interrupt, name, kind, pipes):
    with forkexec.Popen(FOREVER, **pipes) as process:
        interrupt(kind)
        with pytest.raises(kind):
            WAITS[name](process)
        # The program knows nothing of it, and can be waited for again.
        assert process.poll() is None
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("keywords", [{}, {"capture_output": True}, {"capture_output": True, "output_limit": 100},
                                      {"timeout": 100000}])  # fmt: skip
def test_run_kills_what_it_leaves(interrupt, keywords):
    interrupt(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        forkexec.run(["sh", "-c", "sleep 100000 & sleep 100000"], start_new_session=True, **keywords)


def test_leaving_with_kills(interrupt):
    with pytest.raises(KeyboardInterrupt):
        with forkexec.Popen(FOREVER) as process:
            interrupt(KeyboardInterrupt)
            time.sleep(100000)
    killed(process.pid)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Interrupted])
def test_a_child(interrupt, kind):
    child = forkexec.spawn(FOREVER)
    for timeout in (None, 100000):
        interrupt(kind)
        with pytest.raises(kind):
            child.wait(timeout)
    assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    assert child.wait().returncode == -signal.SIGKILL
    # A child that stops itself before the exec is released by nobody's time.
    for timeout in (None, 100000):
        with forkexec.start(["/bin/true"], attr=Attr(stop=True)) as child:
            pid = child.pid
            interrupt(kind)
            with pytest.raises(kind):
                child.release(timeout)
        killed(pid)


def test_a_start_with_a_time(interrupt, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # The child opens a FIFO that nobody writes to, before the exec.
    attr = Attr(fd_actions=[forkexec.OpenFd(5, fifo)])
    interrupt(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        forkexec.Popen(["/bin/true"], attr=attr, start_timeout=100000)
    with pytest.raises(subprocess.TimeoutExpired):
        forkexec.Popen(["/bin/true"], attr=attr, start_timeout=0.05)


@pytest.mark.parametrize("start", [forkexec.Popen, forkexec.run, forkexec.spawn])
def test_an_interrupt_of_a_start_that_waits_for_others(interrupt, tmp_path, start):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    attr = Attr(fd_actions=[forkexec.OpenFd(5, fifo)])
    interrupt(KeyboardInterrupt)
    # Without a handler between its steps nothing but SIGKILL would end the caller.
    rescue = forkexec.Popen(["/bin/sh", "-c", f"sleep {LONG}; exec 3<>{fifo}"], start_new_session=True)
    with pytest.raises(KeyboardInterrupt):
        start(["/bin/true"], attr=attr)
    rescue.kill_tree()
    rescue.wait()
    with pytest.raises(FileNotFoundError) as caught:
        start(["/no/such"], attr=Attr(fd_actions=[forkexec.OpenFd(5, "/dev/null")]))
    assert caught.value.filename == "/no/such"
    with pytest.raises(FileNotFoundError) as caught:
        start(["/bin/true"], attr=Attr(fd_actions=[forkexec.OpenFd(5, "/no/such")]))
    assert caught.value.stage == forkexec.Stage.FD_ACTION


def test_handlers_run_on_time_while_others_wait(interrupt):
    """A handler that does not raise: the wait goes on, and the handler has run meanwhile."""
    ran = []
    with forkexec.Popen(["cat"], stdin=PIPE) as process:

        def handler(*_):
            ran.append(1)
            if len(ran) == 3:
                signal.setitimer(signal.ITIMER_REAL, 0)
                process.stdin.close()

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        assert process.wait() == 0
    assert len(ran) == 3


def test_another_thread_waits_on():
    ends = []
    process = forkexec.Popen(["cat"], stdin=PIPE)
    thread = threading.Thread(target=lambda: ends.append(process.wait()))
    thread.start()
    with pytest.raises(forkexec.TimeoutExpired):
        process.wait(0.05)
    process.stdin.close()
    thread.join()
    assert ends == [0] and process.wait() == 0


def test_timeouts_are_kept():
    with forkexec.Popen(FOREVER, stdout=PIPE) as process:
        for wait in (process.wait, lambda left: process.communicate(timeout=left)):
            for left in (0, 0.05):
                start = time.monotonic()
                with pytest.raises(forkexec.TimeoutExpired):
                    wait(left)
                assert time.monotonic() - start >= left
        process.kill()
    for bad in (float("nan"), "1"):
        with forkexec.Popen(["true"]) as process:
            with pytest.raises((TypeError, ValueError)):
                process.wait(bad)
    for ever in (float("inf"), 1e300, 10**20):
        assert forkexec.Popen(["true"]).wait(ever) == 0
        assert forkexec.run(["true"], timeout=ever, start_timeout=ever).returncode == 0


# Ctrl-C as the terminal sends it, in a program of its own.
PROGRAM = """
import asyncio, os, signal, sys, threading, forkexec
from forkexec import PIPE, Attr, Popen
mode = sys.argv[1]
# Whoever runs the tests in the background may ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
def interrupt():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGINT)
thread = threading.Thread(target=interrupt); thread.start()
def ready():
    print("ready", flush=True)
try:
    if mode == "wait":
        process = Popen(["sleep", "100000"], stdin=-3, start_new_session=True); print(process.pid); ready(); process.wait()
    elif mode == "communicate":
        process = Popen(["sleep", "100000"], stdin=-3, stdout=PIPE, start_new_session=True); print(process.pid); ready()
        process.communicate()
    elif mode == "release":
        held = forkexec.start(["/bin/true"], attr=Attr(stop=True)); print(held.pid); ready(); held.release()
    elif mode == "asyncio":
        async def main():
            async with await forkexec.open_process(["sleep", "100000"], stdin=-3, start_new_session=True) as process:
                print(process.pid); ready()
                await process.wait()
        asyncio.run(main())
except KeyboardInterrupt:
    print("raised", flush=True)
    thread.join()
    if mode in ("wait", "communicate"):
        print(process.poll()); process.kill(); process.communicate()
    os._exit(0)
"""


@pytest.mark.parametrize("mode", ["wait", "communicate", "release", "asyncio"])
def test_control_c(mode):
    with subprocess.Popen([sys.executable, "-c", PROGRAM, mode], stdin=PIPE, stdout=PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        assert process.stdout.readline() == "ready\n"
        out, _ = process.communicate("\n", timeout=120)
        assert out.splitlines() == ["raised", "None"] if mode in ("wait", "communicate") else ["raised"]
        assert process.returncode == 0
    # What a with-block or a held child has left is killed; it may take the last moments of its owner.
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.01)
    else:
        pytest.fail("the child is still there")


def test_asyncio_cancels():
    async def main():
        process = None

        async def run():
            nonlocal process
            async with await forkexec.open_process(FOREVER, stdout=PIPE) as process:
                await process.communicate()

        task = asyncio.ensure_future(run())
        while process is None:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert process.returncode == -signal.SIGKILL

    asyncio.run(main())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_amid_a_start_leaves_nothing(interrupt):
    """A handler may raise wherever Python runs: between the start in C and the assignment of the child, too."""
    starts = (
        lambda: forkexec.Popen(FOREVER, start_new_session=True),
        lambda: forkexec.Popen(FOREVER, attr=Attr(nice=1), start_timeout=100000, start_new_session=True),
        lambda: forkexec.spawn(FOREVER),
        lambda: forkexec.start(FOREVER),
    )
    before = children()
    for number in range(200):
        made = None
        signal.signal(signal.SIGALRM, raises_interrupted)
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.00005 + number * 0.00001)
                made = starts[number % 4]()
                while True:
                    time.sleep(0.01)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except Interrupted:
            pass
        if made is not None:
            if isinstance(made, forkexec.Popen):
                made.kill()
                made.wait()
            else:
                made.send_signal(signal.SIGKILL)
                made.wait()
    made = None
    left = children() - before
    for pid in left:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    # It may also raise when the call has come back and nobody has its result yet, of subprocess as well.
    assert len(left) <= 2


def raises_interrupted(*_):
    raise Interrupted
