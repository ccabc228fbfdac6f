"""The two steps, holders, and what a child can be asked."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import sys
import threading

import pytest

import forkexec
from forkexec import Attr, Feature, Namespace

USER_NAMESPACES, WHY = forkexec.probe(Feature.USER_NAMESPACE)
needs_user_namespaces = pytest.mark.skipif(not USER_NAMESPACES, reason=f"no user namespaces: {WHY}")


def test_spawn_is_the_least():
    child = forkexec.spawn(["/bin/sh", "-c", "exit 7"])
    status = child.wait()
    assert (status.returncode, status.ran, os.WEXITSTATUS(status.wait_status)) == (7, True, 7)
    assert child.wait() == status and child.poll() == status
    assert pickle.loads(pickle.dumps(status)) == status and hash(status) == hash(child.poll())
    assert "returncode=7" in repr(status) and status.usage.max_rss > 0 and not status.core_dumped
    assert status.out_of_memory in (None, False) and status.oom_kills in (None, 0)
    child = forkexec.spawn("/bin/true", env={})
    assert child.wait().returncode == 0
    with pytest.raises(FileNotFoundError):
        forkexec.spawn(["true"])


def test_a_tree_is_signalled_and_terminated():
    group = Attr(process_group=0)
    script = "sleep 1000 & sleep 1000 & echo; wait"

    def started(script):
        pipe, end = os.pipe()
        child = forkexec.spawn(["/bin/sh", "-c", script], attr=group.replace(fds={1: end}))
        os.close(end)
        assert os.read(pipe, 1)
        return child, open(pipe, "rb")

    child, output = started(script)
    child.signal_tree(signal.SIGUSR1)
    with output:  # it ends with the last of them
        assert output.read() == b"" and child.wait().returncode == -signal.SIGUSR1
    child, output = started("trap '' TERM; " + script)
    child.terminate_tree(0.05)
    with output:
        assert output.read() == b"" and child.wait().returncode == -signal.SIGKILL
    child.terminate_tree(0)
    child, output = started(script)
    child.terminate_tree(float("inf"))
    with output:
        assert output.read() == b"" and child.wait().returncode == -signal.SIGTERM
    child = forkexec.spawn(["/bin/sleep", "1000"])
    for call in (lambda: child.signal_tree(0), lambda: child.terminate_tree(0)):
        with pytest.raises(OSError, match="a group to kill"):
            call()
    child.send_signal(9)
    child.wait()


def test_stops_are_told():
    child = forkexec.spawn(["/bin/sleep", "1000"])
    with pytest.raises(TimeoutError):
        child.wait(0, changes=True)
    child.send_signal(signal.SIGSTOP)
    status = child.wait(20, changes=True)
    assert status.stop_signal == signal.SIGSTOP and not status.continued and os.WIFSTOPPED(status.wait_status)
    assert status.ended is None and repr(status) == "Status(stop_signal=19, continued=False)"
    with pytest.raises(ValueError, match="has not ended"):
        assert status.returncode
    child.send_signal(signal.SIGCONT)
    status = child.wait(changes=True)
    assert status.stop_signal is None and status.continued and os.WIFCONTINUED(status.wait_status)
    child.send_signal(signal.SIGKILL)
    status = child.wait(changes=True)
    assert status.stop_signal is None and not status.continued and status.returncode == -signal.SIGKILL


def test_memory_of_its_own():
    weight = bytearray(64 << 20)
    usage = forkexec.spawn(["/bin/true"], attr=Attr(measure_memory=True)).wait().usage
    assert usage.own_memory and usage.max_rss < 16 << 20 and usage.max_rss_floor == 0
    usage = forkexec.spawn(["/bin/true"]).wait().usage
    assert not usage.own_memory and usage.max_rss_floor >= len(weight)


@needs_user_namespaces
def test_the_end_under_an_init():
    given = Attr(
        create_namespaces=Namespace.USER | Namespace.PID,
        uid_map=[(0, os.getuid(), 1)],
        gid_map=[(0, os.getgid(), 1)],
        init=True,
    )
    ends = [forkexec.spawn(["/bin/sh", "-c", script], attr=given).wait() for script in ("exit 139", "kill -SEGV $$")]
    assert [end.ended for end in ends] == ["exit", "signal"]
    assert [end.returncode for end in ends] == [139, -signal.SIGSEGV] and all(end.usage.own_memory for end in ends)


def test_a_held_child_is_no_program_yet():
    with forkexec.start(["/bin/sh", "-c", "exit 7"]) as held:
        assert held.pid > 0 and held.poll() is None
        os.kill(held.pid, 0)
        with pytest.raises(TimeoutError):
            held.wait(0.01)
        held.release()
        assert held.wait().returncode == 7
        with pytest.raises(ValueError):
            held.release()
    with pytest.raises(ValueError, match="closed"):
        held.pid
    with forkexec.start(["/bin/true"]) as held:
        pid = held.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_held_child_that_fails():
    with forkexec.start(["/no/such"]) as held:
        with pytest.raises(FileNotFoundError) as caught:
            held.release()
        assert caught.value.filename == "/no/such"


def test_pidfds():
    with forkexec.start(["/bin/sleep", "1000"]) as held:
        own = held.take_pidfd()
        assert held.pidfd != own
        held.release(60)
        held.send_signal(signal.SIGKILL)
        assert held.wait(60).returncode == -signal.SIGKILL
        os.close(own)


@needs_user_namespaces
def test_namespaces_are_held_and_joined():
    held = forkexec.hold(Attr(create_namespaces=Namespace.USER | Namespace.UTS, uid_map=[(0, os.geteuid(), 1)],
                              gid_map=[(0, os.getegid(), 1)], hostname="judge"))  # fmt: skip
    with held:
        fd = held.namespace_fd(Namespace.UTS)
        assert os.fstat(fd).st_ino == os.stat(f"/proc/{held.pid}/ns/uts").st_ino
        os.close(fd)
        code = "import os; print(os.uname().nodename)"
        done = forkexec.run([sys.executable, "-S", "-c", code], attr=Attr(join=held), stdout=-1, text=True)
        assert done.stdout == "judge\n"
        done = forkexec.run(
            [sys.executable, "-S", "-c", code], attr=Attr(join=(held.pidfd, held.namespaces)), stdout=-1
        )
        assert done.stdout == b"judge\n"


@needs_user_namespaces
def test_a_pid_namespace_dies_as_a_tree():
    attr = Attr(create_namespaces=Namespace.USER | Namespace.PID, init=True)
    with forkexec.Popen(["sh", "-c", "sleep 1000 & echo $$; wait"], attr=attr, stdout=-1) as process:
        assert process.stdout.readline() == b"2\n"
        process.kill_tree()
        assert process.wait() == -signal.SIGKILL


def test_detach():
    reader, writer = os.pipe()
    held = forkexec.start(["/bin/sh", "-c", "echo here >&5"], attr=Attr(fds={5: writer}))
    pid = held.pid
    held.detach()
    os.close(writer)
    assert os.read(reader, 100) == b"here\n"
    os.close(reader)
    assert os.waitpid(pid, 0) == (pid, 0)


def test_closing_while_another_thread_waits():
    child = forkexec.spawn(["/bin/cat"], attr=Attr(fds={0: (pipe := os.pipe())[0]}))
    os.close(pipe[0])
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(child.wait()))
    thread.start()
    child.close()
    os.close(pipe[1])
    thread.join()
    if not statuses:
        pytest.skip("the thread came too late to wait")
    assert statuses[0].returncode == 0


def test_a_fork_has_no_part_in_it():
    child = forkexec.spawn(["/bin/sleep", "1000"])
    pid = os.fork()
    if pid == 0:
        try:
            try:
                child.send_signal(signal.SIGKILL)
                os._exit(1)
            except ProcessLookupError:
                child.close()
                os._exit(forkexec.run(["sh", "-c", "exit 3"]).returncode)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    assert child.wait().returncode == -signal.SIGKILL


def test_ptrace_and_stop_need_two_steps():
    with pytest.raises(forkexec.SpawnError):
        forkexec.run(["true"], attr=Attr(stop=True))
    with forkexec.start(["/bin/true"], attr=Attr(stop=True)) as held:
        with pytest.raises(TimeoutError):
            held.release(0.1)
        os.kill(held.pid, signal.SIGCONT)
        held.release(60)
        assert held.wait().returncode == 0


def test_probe():
    for feature in Feature:
        has, why = forkexec.probe(feature)
        assert has == (why == "")
    with pytest.raises(ValueError):
        forkexec.probe(9999)


def test_detach_while_somebody_waits():
    """The wait would go on with a child that is freed."""
    with forkexec.spawn(["/bin/sleep", "1000"]) as child:
        pid = child.pid
        found = []

        def handler(*_):
            with pytest.raises(OSError, match="another thread waits") as caught:
                child.detach()
            found.append(caught.value.errno)
            os.kill(pid, signal.SIGKILL)

        old = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            assert child.wait().returncode == -signal.SIGKILL
        finally:
            signal.signal(signal.SIGALRM, old)
        assert found == [errno.EBUSY]
    child = forkexec.start(["/bin/true"])
    try:
        child.wait(0)
    except TimeoutError:
        # The exception has the frames of a call that has come back.
        pid = child.pid
        child.detach()
    with pytest.raises(ValueError, match="closed"):
        child.detach()
    os.waitpid(pid, 0)
