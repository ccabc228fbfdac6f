"""Runs CPython's own tests of a module with and without forkexec.install(), and compares what passes, fails and skips.

usage: cpython.py [--only PATTERN] TEST... -- for example test.test_subprocess

The two run at once, each in a process and a folder of its own. Those that end differently run once more, alone, for the
tests of multiprocessing measure times, and a machine with much else to do fails some of them by chance.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

# Tests that end otherwise under install(), and why that is right: {pattern of the whole name: reason}.
EXPLAINED: dict[str, str] = {}

LONG = 1800


class Result(unittest.TextTestResult):
    """Remembers how each test ended."""

    ends: dict[str, str] = {}

    def addSuccess(self, test):
        self.ends.setdefault(test.id(), "passed")
        super().addSuccess(test)

    def addFailure(self, test, error):
        self.ends[test.id()] = "failed"
        super().addFailure(test, error)

    def addError(self, test, error):
        self.ends[test.id()] = "failed"
        super().addError(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.ends[test.id()] = "failed"
        super().addSubTest(test, subtest, error)

    def addSkip(self, test, reason):
        self.ends[test.id()] = "skipped"
        super().addSkip(test, reason)

    def addExpectedFailure(self, test, error):
        self.ends[test.id()] = "expected failure"
        super().addExpectedFailure(test, error)


def tests_of(suite):
    """The tests in their order: fixtures of classes and modules still run once."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def run_here(how: str, output: str, only: str, names: list[str]) -> None:
    """One run, in a process of its own."""
    if how == "with":
        import forkexec

        forkexec.install()
    from test import support

    support.use_resources = None
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    chosen = unittest.TestSuite(test for test in tests_of(suite) if re.search(only, test.id()))
    unittest.TextTestRunner(resultclass=Result, verbosity=2).run(chosen)
    with open(output, "w", encoding="utf-8") as file:
        json.dump(Result.ends, file)


class Run:
    """One of the two."""

    def __init__(self, folder: str, how: str, only: str, names: list[str]) -> None:
        self.how, self.names = how, names
        self.output, self.log = os.path.join(folder, how), os.path.join(folder, how + ".log")
        # In a folder of its own: the tests leave files behind, and look at what is there.
        work = os.path.join(folder, how + ".work")
        os.mkdir(work)
        with open(self.log, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), "--run", how, self.output, "--only", only, *names],
                stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=work,
                env={**os.environ, "TMPDIR": work, "TEMP": work, "TMP": work},
            )  # fmt: skip

    def ends(self) -> dict[str, str]:
        """How each test ended; exits where they did not come to an end."""
        try:
            self.process.wait(LONG)
            with open(self.output, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
            print(self.text()[-4000:])
            sys.exit(f"{' '.join(self.names)} did not come to an end {self.how} forkexec.install()")

    def text(self) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()


def compare(only: str, names: list[str], at_once: bool) -> tuple[dict[str, str], dict[str, str], str]:
    """How the tests end without and with install(), and what the latter said."""
    with tempfile.TemporaryDirectory() as folder:
        first = Run(folder, "without", only, names)
        before = {} if at_once else first.ends()
        second = Run(folder, "with", only, names)
        return before or first.ends(), second.ends(), second.text()


def different(without: dict[str, str], with_it: dict[str, str]) -> list[str]:
    """The tests that end otherwise, but for those that are explained."""
    return sorted(
        name
        for name in without.keys() | with_it.keys()
        if without.get(name) != with_it.get(name) and not any(re.fullmatch(one, name) for one in EXPLAINED)
    )


def main(only: str, names: list[str]) -> int:
    without, with_it, text = compare(only, names, True)
    differing = different(without, with_it)
    if differing:
        print(text[-20000:])
        again = compare("^(" + "|".join(re.escape(name) for name in differing) + ")$", names, False)
        for name in differing:
            print(f"{name}: {without.get(name)} without forkexec.install(), {with_it.get(name)} with it;"
                  f" again: {again[0].get(name)}, {again[1].get(name)}")  # fmt: skip
        print(again[2][-20000:])
        differing = different(*again[:2])
    kinds = list(with_it.values())
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    print(f"Python {sys.version.split()[0]}, {' '.join(names)}: {counts}; {len(differing)} different")
    return 1 if differing or not kinds else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", nargs=2)
    parser.add_argument("--only", default="")
    parser.add_argument("names", nargs="+")
    given = parser.parse_args()
    if given.run:
        run_here(*given.run, given.only, given.names)
    else:
        sys.exit(main(given.only, given.names))
