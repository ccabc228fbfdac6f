"""Cgroups for a run: limits, counters, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import forkexec
from forkexec import Attr, Cgroup, Feature, Stage


def find_top():
    """Where this user may make cgroups."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            own = [one[4:] for one in Path("/proc/self/cgroup").read_text().splitlines() if one.startswith("0::/")]
            for path in (Path(place), *(Path(place + one).parent for one in own)):
                if os.access(path, os.W_OK) and os.access(path / "cgroup.procs", os.W_OK):
                    return path
    return None


TOP = find_top()
needs_cgroups = pytest.mark.skipif(TOP is None, reason="no place where cgroups may be made")


@pytest.fixture
def name(request):
    return f"forkexec-python-{os.getpid()}-{request.node.originalname}"


@needs_cgroups
def test_made_used_and_removed(name):
    with Cgroup(TOP, name, {"cgroup.max.depth": 3}) as group:
        assert (TOP / name).is_dir() and group.name == name and name in repr(group)
        assert group.read("cgroup.max.depth") == "3\n" and group.number("cgroup.max.depth") == 3
        group.set("cgroup.max.depth", "max")
        assert group.number("cgroup.max.depth") is None
        assert group.counters("cgroup.events")["populated"] == 0
        done = forkexec.run(["cat", "/proc/self/cgroup"], attr=Attr(cgroup=group), stdout=-1, text=True)
        assert f"/{name}\n" in done.stdout
        assert os.path.samestat(os.stat(group.fileno()), os.stat(TOP / name))
        child = forkexec.spawn(["/bin/sleep", "1000"], attr=Attr(cgroup=group))
        assert group.counters("cgroup.events")["populated"] == 1
        assert group.read("cgroup.procs") == f"{child.pid}\n"
    assert not (TOP / name).exists() and "closed" in repr(group)
    assert child.wait().returncode == -signal.SIGKILL
    for call in (group.kill, group.remove, group.fileno, lambda: group.read("cgroup.procs")):
        with pytest.raises(ValueError, match="closed"):
            call()
    group.close()


@needs_cgroups
def test_killed_and_removed_by_hand(name):
    group = Cgroup(os.fspath(TOP), name)
    one = forkexec.spawn(["/bin/sleep", "1000"], attr=Attr(cgroup=group))
    group.kill()
    assert one.wait().returncode == -signal.SIGKILL
    other = forkexec.spawn(["/bin/sleep", "1000"], attr=Attr(cgroup=group))
    group.remove(60)
    assert not (TOP / name).exists()
    group.remove()
    with pytest.raises(FileNotFoundError, match="removed"):
        group.set("cgroup.max.depth", 3)
    assert other.wait().returncode == -signal.SIGKILL
    group.close()


@needs_cgroups
def test_removed_while_an_exception_goes_up(name):
    caught = None
    try:
        with Cgroup(TOP, name) as group:
            group.set("cgroup.max.depth", "many")
    except OSError as error:
        # With its traceback, whose frames know the cgroup.
        caught = error
    assert caught.stage == Stage.CGROUP and not (TOP / name).exists()
    with pytest.raises(OSError, match="cgroup.nothing"):
        Cgroup(TOP, name, {"cgroup.nothing": "1"})
    assert not (TOP / name).exists()


@needs_cgroups
def test_what_a_killed_process_has_left(name):
    code = (
        f"import forkexec, os, signal\ngroup = forkexec.Cgroup({os.fspath(TOP)!r}, {name!r})\n"
        "forkexec.spawn(['/bin/sleep', '1000'], attr=forkexec.Attr(cgroup=group))\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.call([sys.executable, "-c", code]) == -signal.SIGKILL
    assert (TOP / name / "cgroup.procs").read_text()
    try:
        os.getxattr(TOP / name, "user.forkexec")
    except OSError:
        (TOP / name / "cgroup.kill").write_text("1")
        pytest.skip("cgroups have no user attributes here")
    with Cgroup(TOP, name) as group:
        assert group.read("cgroup.procs") == ""
        with pytest.raises(OSError, match="lives"):
            Cgroup(TOP, name)


@needs_cgroups
def test_one_for_the_next_without_closing(name):
    group = Cgroup(TOP, name)
    del group
    Cgroup(TOP, name).close()


@needs_cgroups
@pytest.mark.parametrize("bad", ["", "..", "a/b", "a\nb"])
def test_names(name, bad):
    with Cgroup(TOP, name) as group:
        for call in (lambda: Cgroup(group, bad), lambda: group.set(bad, 1), lambda: group.read(bad)):
            with pytest.raises(ValueError) as caught:
                call()
            assert caught.value.stage == Stage.VALIDATE
        with Cgroup(group, "inner") as inner:
            assert os.stat(inner.fileno()).st_ino == os.stat(TOP / name / "inner").st_ino


def test_what_is_no_cgroup(tmp_path):
    with pytest.raises(OSError, match="cgroup file system"):
        Cgroup(tmp_path, "a")
    with pytest.raises(FileNotFoundError):
        Cgroup(tmp_path / "none", "a")
    with pytest.raises(OSError):
        Cgroup(1 << 20, "a")
    with pytest.raises(ValueError):
        Cgroup(tmp_path, "a\0b")
    with pytest.raises(TypeError, match="Cgroup"):
        Attr(cgroup=3)


@needs_cgroups
def test_values(name):
    with Cgroup(TOP, name) as group:
        for value in (True, 1.5, None):
            with pytest.raises(TypeError):
                group.set("cgroup.max.depth", value)


@needs_cgroups
def test_a_fork_only_frees(name):
    with Cgroup(TOP, name) as group:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                group.read("cgroup.procs")
            except ProcessLookupError:
                group.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert (TOP / name).exists()


@needs_cgroups
def test_closed_while_others_read(name):
    group = Cgroup(TOP, name)
    begun, errors = threading.Barrier(5), []

    def read():
        begun.wait()
        try:
            while True:
                group.read("cgroup.procs")
        except (ValueError, OSError) as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait()
    group.close()
    for thread in threads:
        thread.join()
    assert len(errors) == 4 and not (TOP / name).exists()


@needs_cgroups
def test_a_limit_of_memory(name):
    try:
        group = Cgroup(TOP, name, {"memory.max": "16M", "memory.swap.max": 0})
    except FileNotFoundError as error:
        assert "controller" in str(error) or "subtree_control" in str(error) or "no such file" in str(error)
        pytest.skip(f"no controller of memory: {error}")
    with group:
        child = forkexec.spawn([sys.executable, "-c", "b = b'x' * (1 << 28)"], attr=Attr(cgroup=group))
        status = child.wait()
        assert status.returncode == -signal.SIGKILL and status.out_of_memory
        assert group.counters("memory.events")["oom_kill"] > 0 and group.counters("cpu.stat")["usage_usec"] > 0


def test_the_probe_answers():
    has, why = forkexec.probe(Feature.OWN_CGROUP)
    assert has or why
