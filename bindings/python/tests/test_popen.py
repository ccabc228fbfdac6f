"""Popen and run: the same as subprocess's, and what they have more."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

import forkexec
from forkexec import PIPE, Attr, Popen, run


def test_it_is_a_popen():
    with Popen(["cat"], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert isinstance(process, subprocess.Popen)
        assert process.communicate("hello") == ("hello", None)
    assert process.returncode == 0 and process.ran is True and process.usage.user >= 0


def test_the_functions_around_it():
    done = run("echo out; echo err >&2; exit 3", shell=True, capture_output=True, text=True)
    assert isinstance(done, subprocess.CompletedProcess)
    assert (done.returncode, done.stdout, done.stderr, done.truncated) == (3, "out\n", "err\n", False)
    assert done.usage.max_rss > 0 and done.ran and done.status.ended == "exit"
    assert forkexec.run(["sh", "-c", "kill -KILL $$"]).status.ended == "signal"
    assert forkexec.call(["false"]) == 1 and forkexec.check_call(["true"]) == 0
    assert forkexec.check_output(["cat"], input=b"in") == b"in"
    assert forkexec.check_output(["cat"], input=None) == b""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        forkexec.check_call(["false"])
    assert caught.value.returncode == 1 and caught.value.cmd == ["false"]
    with pytest.raises(subprocess.CalledProcessError):
        run(["false"], check=True)
    with pytest.raises(ValueError):
        forkexec.check_output(["true"], stdout=PIPE)
    with pytest.raises(ValueError):
        run(["true"], input=b"", stdin=PIPE)


def test_nothing_of_python_runs_in_the_child():
    for positional in ((), (-1, None, None, None, None)):
        with pytest.raises(TypeError, match="between fork and exec"):
            Popen(
                ["true"], *positional, *([print] if positional else []), **({} if positional else {"preexec_fn": print})
            )
    with pytest.raises(TypeError, match="attr"):
        Popen(["true"], attr=print)
    with pytest.raises(ValueError, match="leave preexec_fn out"):
        Popen(["true"], attr=Attr(), preexec_fn=Attr())
    assert run(["sh", "-c", "nice"], preexec_fn=Attr(nice=7), capture_output=True).stdout.strip() == b"7"


def test_attr_and_keywords_together(tmp_path):
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        done = run(["sh", "-c", "pwd; nice; umask; echo $A"], attr=Attr(nice=4, umask=0o22, cwd="/"), umask=0o27,
                   cwd=directory, env={"A": "b", "PATH": os.environ["PATH"]}, capture_output=True, text=True)  # fmt: skip
    finally:
        os.close(directory)
    assert done.stdout.split() == [str(tmp_path.resolve()), "4", "0027", "b"]


def test_descriptors_of_both(tmp_path):
    (tmp_path / "file").write_text("seven")
    with open(tmp_path / "file") as file, open("/dev/null") as null:
        done = run(["sh", "-c", f"cat <&7; [ -e /proc/self/fd/{null.fileno()} ] && echo kept"], attr=Attr(fds={7: file}),
                   pass_fds=[null.fileno()], stdout=PIPE, text=True)  # fmt: skip
    assert done.stdout == "sevenkept\n"


def test_ignored_signals_of_the_attr_stay_ignored():
    code = "grep SigIgn /proc/self/status"
    done = run(["sh", "-c", code], attr=Attr(signal_ignore=[signal.SIGPIPE]), stdout=PIPE, text=True)
    assert int(done.stdout.split()[1], 16) >> (signal.SIGPIPE - 1) & 1
    done = run(["sh", "-c", code], stdout=PIPE, text=True)
    assert not int(done.stdout.split()[1], 16) >> (signal.SIGPIPE - 1) & 1


def test_a_program_by_descriptor():
    with open("/bin/sh", "rb") as file:
        assert run(["anything", "-c", "exit 5"], attr=Attr(exec_fd=file)).returncode == 5


def test_search_path_of_the_attr(tmp_path):
    (tmp_path / "program").write_text("#!/bin/sh\nexit 6\n")
    (tmp_path / "program").chmod(0o755)
    assert run(["program"], attr=Attr(search_path=[tmp_path])).returncode == 6
    assert run(["program"], env={"PATH": str(tmp_path)}).returncode == 6


def test_timeouts():
    with Popen(["cat"], stdin=PIPE) as process:
        before = time.monotonic()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
        assert time.monotonic() - before >= 0.05
        assert process.poll() is None and process.usage is None and process.status is None
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        run(["sleep", "1000"], stdout=PIPE, timeout=0.3)
    assert caught.value.timeout == 0.3


def test_a_timeout_kills_all_that_are_in_the_group(tmp_path):
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    started = threading.Event()
    code = f"(echo $$ > {ready}; exec sleep 1000) & sleep 1000"

    def look():
        with open(ready) as file:
            file.read()
        started.set()

    thread = threading.Thread(target=look)
    thread.start()
    with Popen(["sh", "-c", code], start_new_session=True) as process:
        assert started.wait(60)
        process.kill_tree()
        assert process.wait() == -signal.SIGKILL
    thread.join()
    with pytest.raises(ProcessLookupError):
        while True:
            os.killpg(process.pid, 0)
            time.sleep(0.01)


def test_kill_tree_says_what_it_needs():
    with Popen(["cat"], stdin=PIPE) as process:
        with pytest.raises(OSError, match="start_new_session"):
            process.kill_tree()


def test_terminate_tree():
    code = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done"
    with Popen(["sh", "-c", code], stdout=PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == b"ready\n"
        assert process.terminate_tree(60) == 9
    code = "trap '' TERM; echo ready; while :; do sleep 0.01; done"
    with Popen(["sh", "-c", code], stdout=PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == b"ready\n"
        assert process.terminate_tree(0.1) == -signal.SIGKILL


def test_grace_at_a_timeout():
    code = "trap 'echo caught; exit 9' TERM; while :; do sleep 0.01; done"
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sh", "-c", code], timeout=0.5, terminate=(signal.SIGTERM, 60), stdout=PIPE, start_new_session=True)


def test_leaving_early_kills():
    with pytest.raises(KeyError):
        with Popen(["sh", "-c", "sleep 1000 & sleep 1000"], start_new_session=True) as process:
            raise KeyError
    assert process.returncode == -signal.SIGKILL


def test_output_has_a_limit():
    done = run(["sh", "-c", "yes"], stdout=PIPE, output_limit=1000, start_new_session=True)
    assert (len(done.stdout), done.truncated, done.returncode) == (1000, True, -signal.SIGKILL)
    done = run(["sh", "-c", "printf 12345; printf 678 >&2"], capture_output=True, output_limit=5, text=True)
    assert (done.stdout, done.stderr, done.truncated, done.returncode) == ("12345", "678", False, 0)
    done = run(["cat"], input=b"x" * 300000, stdout=PIPE, output_limit=300000)
    assert (len(done.stdout), done.truncated) == (300000, False)
    done = run(["true"], input=b"x" * 300000, stdout=PIPE, output_limit=1)
    assert (done.stdout, done.truncated) == (b"", False)
    done = run(["printf", "\\303\\251\\303\\251"], stdout=PIPE, output_limit=3, text=True, encoding="utf-8")
    assert done.stdout == "é\ufffd" and done.truncated
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        run(["sh", "-c", "echo before; exec sleep 1000"], stdout=PIPE, output_limit=100, timeout=1)
    assert caught.value.stdout in (b"before\n", None)


def test_capture_ends_although_a_grandchild_keeps_the_pipe():
    reader, writer = os.pipe()
    try:
        done = run(["sh", "-c", "cat & echo done"], stdin=reader, stdout=PIPE, output_limit=100, timeout=60)
        assert done.stdout == b"done\n"
    finally:
        os.close(writer)
        os.close(reader)


def test_a_start_has_a_time_limit(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # Opening a FIFO that nobody writes to never comes back.
    attr = Attr(fd_actions=[forkexec.OpenFd(0, fifo)])
    with pytest.raises(subprocess.TimeoutExpired):
        Popen(["true"], attr=attr, start_timeout=0.2)
    assert run(["true"], start_timeout=60).returncode == 0
    with pytest.raises(FileNotFoundError):
        Popen(["/no/such/program"], start_timeout=60)
    with pytest.raises(TypeError):
        Popen(["true"], start_timeout="1")


def test_signals_reach_it():
    with Popen(["cat"], stdin=PIPE) as process:
        process.send_signal(0)
        process.terminate()
        assert process.wait() == -signal.SIGTERM
        process.send_signal(signal.SIGKILL)
    with Popen(["cat"], stdin=PIPE) as process:
        with pytest.raises(OSError):
            process.send_signal(1000)


def test_somebody_else_reaps():
    process = Popen(["true"])
    os.waitpid(process.pid, 0)
    assert process.wait() == 0 and process.status is None


def test_usage_and_pidfd():
    with Popen([sys.executable, "-S", "-E", "-c", "for i in range(10**6): pass"]) as process:
        assert os.readlink(f"/proc/self/fd/{process.pidfd}").startswith("anon_inode:")
    assert process.usage.user + process.usage.system > 0
    assert process.status.returncode == 0 and os.WIFEXITED(process.status.wait_status)


def test_standard_streams_in_all_orders():
    # The shuffles of descriptors that subprocess is known for.
    for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2), (2, 1, 0)):
        code = (
            "import os, sys, forkexec\n"
            f"r, w = os.pipe(); order = {order}\n"
            "for fd in range(3): os.dup2(w if order[fd] else r, fd)\n"
            "p = forkexec.Popen(['sh', '-c', 'ls -l /proc/self/fd/0 /proc/self/fd/1 >/dev/null; exit 0'],"
            " stdin=order[0], stdout=order[1], stderr=order[2])\n"
            "os._exit(p.wait())"
        )
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_user_and_groups():
    if os.geteuid() != 0:
        pytest.skip("needs root")
    done = run(
        ["sh", "-c", "id -u; id -g; id -G"], user=65534, group=65534, extra_groups=[1, 2], stdout=PIPE, text=True
    )
    assert done.stdout.split() == ["65534", "65534", "65534", "1", "2"]
    with pytest.raises(forkexec.SpawnError) as caught:
        run(["true"], attr=Attr(uid=65534, create_namespaces=forkexec.Namespace.USER, uid_map=[(0, 0, 1)]))
    assert caught.value.stage == forkexec.Stage.VALIDATE


def test_environments():
    big = {f"V{i}": "x" * 1000 for i in range(1000)}
    assert run(["sh", "-c", "echo ${#V999}"], env={**big, "PATH": "/bin:/usr/bin"}, stdout=PIPE).stdout == b"1000\n"
    with pytest.raises(OSError) as caught:
        run(["true"], env={"A": "x" * (1 << 22)})
    assert caught.value.errno == errno.E2BIG
    with pytest.raises(ValueError):
        run(["true"], env={"A=B": "c"})
    with pytest.raises(ValueError):
        run(["true"], env={"A": "b\0c"})
    assert run(["sh", "-c", "echo $A"], env={"A": "\udcff"}, stdout=PIPE).stdout == b"\xff\n"


def test_limits_of_the_example():
    done = run(["sh", "-c", "while :; do :; done"], attr=Attr(rlimits={resource.RLIMIT_CPU: 1}), timeout=100)
    assert done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    assert done.usage.user + done.usage.system > 0.5
