"""install(): the standard subprocess without fork."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys

import pytest

import forkexec
from forkexec import Attr

SCRIPT = "nice; grep NoNewPrivs /proc/self/status"
ATTR = Attr(nice=5, no_new_privs=True)


def test_preexec_fn_is_understood():
    with forkexec.install():
        assert forkexec.installed()
        done = subprocess.run(["sh", "-c", SCRIPT], preexec_fn=ATTR, capture_output=True, text=True)
        assert done.stdout.split() == ["5", "NoNewPrivs:", "1"]
        with pytest.raises(forkexec.SpawnError) as caught:
            subprocess.run(["true"], preexec_fn=Attr(hostname="x"))
        assert caught.value.stage == forkexec.Stage.VALIDATE
        with pytest.raises(FileNotFoundError) as caught:
            subprocess.run(["/no/such"])
        assert isinstance(caught.value, forkexec.SpawnError) and caught.value.filename == "/no/such"
    assert not forkexec.installed()


def test_other_functions_go_the_old_way():
    with forkexec.install():
        done = subprocess.run(["sh", "-c", "umask"], preexec_fn=lambda: os.umask(0o27), capture_output=True)
        assert done.stdout.strip() == b"0027"


def test_without_it_an_attr_is_refused():
    with pytest.raises(subprocess.SubprocessError):
        subprocess.run(["true"], preexec_fn=ATTR)
    with pytest.raises(RuntimeError, match="install"):
        ATTR()


def test_asyncio_hands_it_on():
    async def main():
        process = await asyncio.create_subprocess_exec("sh", "-c", SCRIPT, preexec_fn=ATTR, stdout=-1)
        return (await process.communicate())[0].split()

    with forkexec.install():
        assert asyncio.run(main()) == [b"5", b"NoNewPrivs:", b"1"]


def test_it_nests_and_is_undone():
    import _posixsubprocess

    before = _posixsubprocess.fork_exec
    with forkexec.install():
        with forkexec.install():
            pass
        assert _posixsubprocess.fork_exec is not before and forkexec.installed()
    assert _posixsubprocess.fork_exec is before
    with pytest.raises(RuntimeError, match="without install"):
        forkexec.uninstall()


def test_who_comes_later_is_not_undone(monkeypatch):
    import _posixsubprocess

    forkexec.install()
    ours = _posixsubprocess.fork_exec
    monkeypatch.setattr(_posixsubprocess, "fork_exec", lambda *a: ours(*a))
    with pytest.raises(RuntimeError, match="replaced"):
        forkexec.uninstall()
    monkeypatch.undo()
    forkexec.uninstall()


def test_a_python_that_is_not_known():
    code = (
        "import forkexec._install as i; i.ARGUMENTS = None\n"
        "try: i.install()\nexcept RuntimeError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "does not know the subprocess" in done.stdout, done.stderr


def test_subclasses_and_popen_of_ones_own():
    class Own(subprocess.Popen):
        pass

    with forkexec.install():
        with Own(["sh", "-c", "nice"], preexec_fn=ATTR, stdout=-1) as process:
            assert process.communicate()[0].strip() == b"5"


@pytest.mark.leaves
def test_multiprocessing_spawn():
    with forkexec.install():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]
