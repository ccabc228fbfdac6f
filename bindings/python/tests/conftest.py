"""What all tests share."""

from __future__ import annotations

import gc
import os
import sys
import warnings

import pytest

import forkexec

# An alarm ends what hangs: no test waits for time.
LONG = 120


def open_descriptors() -> set[str]:
    """The descriptors of this process, but for the one that looks."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
        except OSError:
            pass
    return found


def children() -> set[int]:
    """The children of all threads of this process."""
    found: set[int] = set()
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                found.update(int(word) for word in file.read().split())
        except OSError:
            pass
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(request):
    """No descriptor, no child and no warning is left by a test."""
    # What the library itself keeps open, at most three descriptors, is there from now on.
    forkexec.spawn(["/bin/true"], attr=forkexec.Attr(memory_mode=forkexec.MemoryMode.FRESH)).wait()
    gc.collect()
    descriptors, before = open_descriptors(), children()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield
        gc.collect()
    if "leaves" in request.keywords:
        return
    more = {one for one in open_descriptors() - descriptors if "memfd:" not in one}
    assert not more, f"descriptors are left: {more}"
    assert not children() - before, "children are left"


def pytest_collection_finish(session):
    # What pytest and hypothesis keep is looked through no more: the tests collect garbage twice each.
    gc.collect()
    gc.freeze()


def pytest_configure(config):
    config.addinivalue_line("markers", "leaves: the test's own process has more descriptors afterwards")
    config.addinivalue_line("markers", "root: needs root")
    config.addinivalue_line("markers", "once: takes long, and one Python is enough where there are many")


def pytest_collection_modifyitems(items):
    for item in items:
        if "root" in item.keywords and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.fixture(scope="session")
def inside():
    """Runs a Python program under an Attr, and gives what it prints."""

    def run(code, attr=None, **keywords):
        done = forkexec.run(
            [sys.executable, "-S", "-E", "-c", code],
            attr=attr,
            capture_output=True,
            text=True,
            timeout=LONG,
            **keywords,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
