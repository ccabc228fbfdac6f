"""What the pages and docstrings say is so."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import forkexec
from forkexec import Feature
from forkexec._keywords import KEYWORDS

pytestmark = pytest.mark.once

HERE = Path(__file__).resolve().parents[1]
DOCS = HERE.parents[1] / "docs/python"


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


@pytest.mark.leaves
def test_the_tutorial():
    has, why = forkexec.probe(Feature.USER_NAMESPACE)
    if not has:
        pytest.skip(f"no user namespaces: {why}")
    text = "\n\n".join(blocks((DOCS / "tutorial.md").read_text(), "pycon"))
    examples = doctest.DocTestParser().get_doctest(text, {}, "tutorial", "tutorial.md", 0)
    assert len(examples.examples) > 30
    runner = doctest.DocTestRunner(verbose=False)
    said = []
    runner.run(examples, out=said.append)
    assert runner.failures == 0, "".join(said)


def test_the_readme(tmp_path):
    has, why = forkexec.probe(Feature.USER_NAMESPACE)
    if not has:
        pytest.skip(f"no user namespaces: {why}")
    (tmp_path / "untrusted").write_text("#!/bin/sh\necho $(ulimit -t)\n")
    (tmp_path / "untrusted").chmod(0o755)
    for page in (HERE / "README.md", DOCS / "index.md"):
        for block in blocks(page.read_text(), "python"):
            code = block + "\nassert done.stdout == b'2\\n' and done.returncode == 0, done\n"
            done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, (page, done.stderr)


def test_the_table_of_preexec_fn_names_keywords():
    rows = re.findall(r"^\| (.*?) \| (.*) \|$", (DOCS / "preexec_fn.md").read_text(), re.M)[1:]
    named = {word for _, right in rows for word in re.findall(r"\b([a-z_]+)=", right)}
    assert named - KEYWORDS.keys() == {"env"}, "the table names what is no keyword of Attr"
    left = "\n".join(left for left, _ in rows)
    for call in ("setsid", "setpgrp", "setrlimit", "prctl", "nice", "SIG_IGN", "pthread_sigmask", "sched_setaffinity",
                 "TIOCSCTTY", "setuid", "setgid", "initgroups", "chroot", "unshare", "umask", "oom_score_adj", "ioprio_set",
                 "seccomp", "os.close", "dup2"):  # fmt: skip
        assert call in left, f"the table has no line for {call}"


def test_help_tells_every_keyword_with_its_setters():
    setters = {setter for keyword in KEYWORDS.values() for setter in keyword.setters}
    told, name = {}, None
    for line in inspect.getdoc(forkexec.Attr).splitlines():
        found = re.match(r"  ([a-z_]+): (.+)", line)
        if found:
            name = found[1]
            told[name] = found[2]
        elif name and line.startswith("    "):
            told[name] += " " + line.strip()
        assert len(line) <= 120
    assert list(told) == list(inspect.signature(forkexec.Attr).parameters)
    for name, text in told.items():
        brackets = re.search(r"\(([a-z_, ]+)\)\.$", text)
        given = tuple(brackets[1].split(", ")) if brackets else ()
        if not given or not set(given) <= setters:
            given = (f"set_{name}",)
        assert set(given) == set(KEYWORDS[name].setters), name


def test_every_argument_has_a_default_that_asks_for_nothing():
    for parameter in inspect.signature(forkexec.Attr).parameters.values():
        assert parameter.default in (None, False)
    assert forkexec.Attr().describe(["/bin/true"]) and os.path.exists(HERE / "forkexec/py.typed")
