"""Signals, threads, forks, interpreters and their end."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import tracemalloc

import pytest

import forkexec
from forkexec import PIPE, Attr


def python(code, *options, **keywords):
    done = subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, timeout=120, **keywords
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


class Interrupted(Exception):
    pass


@pytest.fixture
def alarm():
    """A signal that raises in whatever this thread waits in."""

    def raises(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, raises)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.1, 0.05)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def quiet():
    signal.setitimer(signal.ITIMER_REAL, 0)


def test_a_handler_that_raises_ends_a_wait(alarm):
    with forkexec.Popen(["cat"], stdin=PIPE) as process:
        for wait in (process.wait, lambda: process.wait(1000)):
            alarm()
            with pytest.raises(Interrupted):
                wait()
            quiet()
        assert process.poll() is None
    child = forkexec.start(["/bin/true"], attr=Attr(stop=True))
    alarm()
    with pytest.raises(Interrupted):
        child.release()
    quiet()
    child.close()


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


def test_control_c_is_raised_and_kills_nothing_by_itself():
    code = (
        "import forkexec, signal, os\n"
        "signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT)); signal.setitimer(0, 0.2)\n"
        "p = forkexec.Popen(['cat'], stdin=-1, start_new_session=True)\n"
        "try: p.wait()\n"
        "except KeyboardInterrupt: print('raised', p.poll())\n"
        "p.communicate(); print(p.returncode)"
    )
    assert python(code) == (0, "raised None\n0", "")


def test_threads_beside_forks():
    ends, errors = [], []

    def work():
        try:
            for _ in range(60):
                with forkexec.Popen(["/bin/cat"], stdin=PIPE, stdout=PIPE) as process:
                    ends.append(process.communicate(b"x")[0])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    while any(thread.is_alive() for thread in threads):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    [thread.join() for thread in threads]
    assert not errors and ends == [b"x"] * 480


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


def test_the_end_of_the_interpreter_with_a_child():
    code = "import forkexec; p = forkexec.Popen(['cat'], stdin=-1); q = forkexec.start(['/bin/true']); print(q.pid)"
    status, out, err = python(code)
    assert status == 0 and err == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(out), 0)


def test_development_mode_warns_as_subprocess_does():
    for end in ("", "; p.wait()"):
        warnings = []
        for module in ("subprocess", "forkexec"):
            code = f"import {module}; p = {module}.Popen(['true']){end}; p = None"
            status, _, err = python(code, "-X", "dev")
            assert status == 0
            warnings.append(err.count("ResourceWarning"))
        assert warnings[0] == warnings[1]


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


def test_nothing_grows():
    attr = Attr(nice=1)

    def once():
        forkexec.run(["/bin/true"], attr=attr, capture_output=True)
        forkexec.spawn(["/bin/true"], attr=attr).wait()
        try:
            forkexec.run(["/no/such"], attr=attr)
        except FileNotFoundError:
            pass

    for _ in range(20):
        once()
    gc.collect()
    tracemalloc.start()
    try:
        once()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        objects = len(gc.get_objects())
        for _ in range(50):
            once()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        assert len(gc.get_objects()) - objects < 50
        assert after - before < 20_000
    finally:
        tracemalloc.stop()


def test_low_descriptors_are_free():
    code = "import os, forkexec; os.close(0); os.close(1)\np = forkexec.Popen(['cat'], stdin=-1, stdout=-1)\n" \
           "os._exit(p.communicate(b'x')[0] != b'x')"  # fmt: skip
    assert python(code)[0] == 0
