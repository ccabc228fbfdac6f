"""The package reaches all of the library, and lists what the library lists."""

from __future__ import annotations

import ctypes
import importlib.util
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import forkexec
from forkexec import _abi
from forkexec._keywords import KEYWORDS

HERE = Path(__file__).resolve().parents[1]
DESCRIPTION = HERE.parents[1] / "include/forkexec.json"

# Functions for which Python has another way to the same.
OTHER_WAYS = {"forkexec_describe": "forkexec_describe_text"}


def functions() -> list[str]:
    return [function["name"] for function in json.loads(DESCRIPTION.read_text())["functions"]]


def test_every_setter_has_a_keyword():
    setters = {name[len("forkexec_attr_") :] for name in functions() if name.startswith("forkexec_attr_")}
    reached = {setter for keyword in KEYWORDS.values() for setter in keyword.setters}
    assert setters - {"new", "copy", "free"} - reached == set(), "setters without a keyword"
    assert reached - setters == set(), "keywords without a setter"


def test_every_keyword_is_in_the_signature_and_told():
    parameters = list(inspect.signature(forkexec.Attr).parameters.values())
    assert {parameter.name for parameter in parameters} == set(KEYWORDS)
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    words = set(re.findall(r"\w+", forkexec.Attr.__doc__))
    assert set(KEYWORDS) - words == set(), "keywords that help(forkexec.Attr) does not tell"


def test_every_function_is_reached():
    code = "".join(path.read_text() for path in [*(HERE / "forkexec").glob("_[a-z]*.py"), HERE / "generate.py"]
                   if path.name != "_abi.py")  # fmt: skip
    setters = {f"forkexec_attr_{setter}" for keyword in KEYWORDS.values() for setter in keyword.setters}
    for name in functions():
        used = re.search(rf"\blib\.{name}\b|\b{name}\(", code)
        assert name in setters or name in OTHER_WAYS or used, f"the Python package does not reach {name}"


def test_every_field_of_a_status_is_reached():
    code = (HERE / "forkexec/_child.py").read_text()
    status = next(one for one in json.loads(DESCRIPTION.read_text())["structs"] if one["name"] == "forkexec_status")
    for field in status["fields"]:
        name = field["name"]
        assert name.startswith("reserved") or re.search(rf"\bc\.{name}\b|_c\.{name}\b", code), f"Status lacks {name}"


def test_lists_are_current(tmp_path):
    spec = importlib.util.spec_from_file_location("generate", HERE / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    generate.main("abi", str(DESCRIPTION), str(tmp_path / "_abi.py"))
    committed = (HERE / "forkexec/_abi.py").read_text()
    command = "generate.py abi ../../include/forkexec.json forkexec/_abi.py"
    assert committed == (tmp_path / "_abi.py").read_text(), f"forkexec/_abi.py differs: {command}"
    groups = tuple(generate.ENUMS)
    for constant in json.loads(DESCRIPTION.read_text())["constants"]:
        known = constant["name"].startswith((*groups, *generate.NUMBERS, "FORKEXEC_VERSION_"))
        assert known, f"Python has no place for {constant['name']}"


def test_meson_lists_every_module():
    listed = re.findall(r"^modules \+?= '(.*)'$", (HERE / "meson.build").read_text(), re.M)
    modules = sorted(path.stem for path in (HERE / "forkexec").glob("*.py"))
    assert sorted(" ".join(listed).split()) == modules


def test_enums_are_linux_own():
    assert forkexec.Namespace.NET == 0x40000000
    assert forkexec.Stage.EXEC == 799 and forkexec.stage_name(799) == "exec" and forkexec.stage_name(3) == "unknown"
    assert all(forkexec.stage_name(stage) != "unknown" for stage in forkexec.Stage)
    assert forkexec.Capability.CHECKPOINT_RESTORE == 40
    assert set(_abi.FUNCTIONS) == set(functions())


def test_versions_agree():
    assert ".".join(map(str, forkexec.version_info())) == forkexec.version() == forkexec.__version__


def test_everything_named_is_there_and_documented():
    for name in forkexec.__all__:
        thing = getattr(forkexec, name)
        assert isinstance(thing, int) or inspect.getdoc(thing), name
    assert (HERE / "forkexec/py.typed").exists()


def test_import_is_fast_and_touches_nothing():
    code = (
        "import subprocess, _posixsubprocess as p; before = (subprocess.Popen, subprocess.run, p.fork_exec); import sys\n"
        "import forkexec; assert before == (subprocess.Popen, subprocess.run, p.fork_exec); print('asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_the_command():
    def command(*arguments):
        done = subprocess.run([sys.executable, "-m", "forkexec", *arguments], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    status, out, _ = command("--probe")
    assert status == 0 and f"libforkexec {forkexec.version()}" in out and "user namespaces" in out
    assert command("--version") == (0, forkexec.version() + "\n", "")
    assert command("run", "--nice", "7", "--", "sh", "-c", "nice; exit 3") == (3, "7\n", "")
    status, _, err = command("run", "--no-such-option")
    assert status == 125 and "--no-such-option" in err
    assert command("--help")[0] == 0 and "run --help" in command("--help")[1]
    assert command("nonsense")[0] == 2


def test_other_systems_are_told():
    code = "import sys; sys.platform = 'darwin'\ntry: import forkexec\nexcept ImportError as error: print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "only for Linux" in done.stdout


def test_the_ctypes_example_of_the_pages():
    try:
        ctypes.CDLL("libforkexec.so.1")
    except OSError as error:
        pytest.skip(f"the shared library is not there: {error}")
    if not forkexec.probe(forkexec.Feature.USER_NAMESPACE)[0]:
        pytest.skip("no user namespaces")
    page = (HERE.parents[1] / "docs/other-languages.md").read_text()
    example = next(code for code in re.findall(r"^```python[^\n]*\n(.*?)^```", page, re.M | re.S) if "ctypes" in code)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("I am process 1 with 2097152 KiB\nexit code 3\n", "")


def test_nothing_is_imported_later_than_its_names():
    """A program that has entered a chroot, or given up the right to read its libraries, cannot import any more."""
    code = """
import sys
from forkexec import PIPE, Attr, SpawnError, install, run, spawn
sys.meta_path.clear()
sys.path.clear()
assert run(["true"], stdout=PIPE, attr=Attr(nice=19), timeout=1000, output_limit=5).usage.user >= 0
assert spawn(["/bin/true"]).wait().usage.max_rss > 0
for wrong in (lambda: run(["/no/such"]), lambda: spawn(["/no/such"]), lambda: run(["true"], attr=Attr(hostname="x"))):
    try:
        wrong()
    except SpawnError as error:
        assert error.sentence
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_it_imports_neither_subprocess_nor_typing():
    code = (
        "import sys, forkexec; print([one for one in ('subprocess', 'typing', 're', 'asyncio') if one in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-I", "-S", "-c", CODE_PATH + code], text=True) == "[]\n"


CODE_PATH = f"import sys; sys.path.append({str(Path(forkexec.__file__).parents[1])!r}); "
