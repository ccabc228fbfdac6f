"""Runs CPython's own tests of a module with and without forkexec.install(), and compares what passes, fails and skips.

usage: cpython.py TEST... -- for example test.test_subprocess
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest


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


def run_here(how: str, output: str, names: list[str]) -> None:
    """One run, in a process of its own."""
    if how == "with":
        import forkexec

        forkexec.install()
    from test import support

    support.use_resources = None
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    unittest.TextTestRunner(resultclass=Result, verbosity=2).run(suite)
    with open(output, "w", encoding="utf-8") as file:
        json.dump(Result.ends, file)


def main(names: list[str]) -> int:
    ends = {}
    with tempfile.TemporaryDirectory() as folder:
        for how in ("without", "with"):
            output, log = os.path.join(folder, how), os.path.join(folder, how + ".log")
            with open(log, "w", encoding="utf-8") as file:
                # In a folder of its own: the tests leave files behind, and look at what is there.
                os.mkdir(os.path.join(folder, how + ".cwd"))
                subprocess.run(
                    [sys.executable, os.path.abspath(__file__), "--run", how, output, *names],
                    stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=os.path.join(folder, how + ".cwd"),
                )  # fmt: skip
            try:
                with open(output, encoding="utf-8") as file:
                    ends[how] = json.load(file)
            except OSError:
                with open(log, encoding="utf-8", errors="replace") as file:
                    print(file.read()[-4000:])
                print(f"{' '.join(names)} did not come to an end {how} forkexec.install()")
                return 1
            if how == "with" and ends["with"] != ends["without"]:
                with open(log, encoding="utf-8", errors="replace") as file:
                    print(file.read()[-20000:])
    different = sorted(
        name
        for name in ends["with"].keys() | ends["without"].keys()
        if ends["with"].get(name) != ends["without"].get(name)
    )
    for name in different:
        print(f"{name}: {ends['without'].get(name)} without forkexec.install(), {ends['with'].get(name)} with it")
    kinds = list(ends["with"].values())
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    print(f"Python {sys.version.split()[0]}, {' '.join(names)}: {counts}; {len(different)} different")
    return 1 if different or not kinds else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_here(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        sys.exit(main(sys.argv[1:]))
