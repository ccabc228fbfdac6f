"""What subprocess does, forkexec does: the same calls end the same way, with the same output or the same exception."""

from __future__ import annotations

import io
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

import pytest

import forkexec


def ran(module, *arguments, **keywords):
    done = module.run(*arguments, capture_output=True, **keywords)
    return done.returncode, done.stdout, done.stderr


def output(code):
    return [sys.executable, "-S", "-c", code]


# What is written for a shell, so that $0 tells how it was called.
FILES = {
    "x": ("#!/bin/sh\necho $0 $@\n", 0o755), "sub/y": ("#!/bin/sh\necho y\n", 0o755), "no-shebang": ("echo\n", 0o755),
    "no-interpreter": ("#!/no/such\n", 0o755), "crlf": ("#!/bin/sh\r\n", 0o755), "forbidden": ("#!/bin/sh\n", 0o644),
    "p0/prog/file": ("", 0o644), "p1/prog": ("", 0o644), "p2/prog": ("#!/bin/sh\necho p2\n", 0o755),
}  # fmt: skip

CASES = {
    "text": lambda m, d: ran(m, output("print('h\\u00e9\\r\\nx')"), text=True),
    "encoding": lambda m, d: ran(m, output("import sys; sys.stdout.buffer.write(b'\\xe9')"), encoding="latin-1"),
    "errors": lambda m, d: ran(m, output("import sys; sys.stdout.buffer.write(b'\\xff')"), errors="replace"),
    "universal_newlines": lambda m, d: ran(m, output("print(1)"), universal_newlines=True),
    "input": lambda m, d: ran(m, ["cat"], text=True, input="a\r\nb"),
    "input of bytes for text": lambda m, d: ran(m, ["cat"], text=True, input=b"a"),
    "input of text for bytes": lambda m, d: ran(m, ["cat"], input="a"),
    "input and stdin": lambda m, d: m.run(["true"], input=b"", stdin=m.PIPE),
    "capture_output and stdout": lambda m, d: m.run(["true"], capture_output=True, stdout=m.PIPE),
    "check": lambda m, d: m.run(["false"], check=True),
    "check, by a signal": lambda m, d: m.run(["sh", "-c", "kill -9 $$"], check=True),
    "shell": lambda m, d: ran(m, "echo $0 a; exit 3", shell=True),
    "shell with a list": lambda m, d: ran(m, ["echo $0 $1", "a", "b"], shell=True),
    "another shell": lambda m, d: ran(m, "echo $0", shell=True, executable="/bin/bash"),
    "a string": lambda m, d: ran(m, "true"),
    "a string with arguments": lambda m, d: ran(m, "true 1"),
    "a path": lambda m, d: ran(m, pathlib.Path("/bin/true")),
    "a path for a shell": lambda m, d: ran(m, pathlib.Path("/bin/true"), shell=True),
    "bytes": lambda m, d: ran(m, [b"/bin/echo", b"\xff"]),
    "a surrogate": lambda m, d: ran(m, ["/bin/echo", "\udcff"]),
    "nothing": lambda m, d: ran(m, []),
    "a number": lambda m, d: ran(m, ["echo", 5]),
    "None": lambda m, d: ran(m, None),
    "an iterator": lambda m, d: m.run(word for word in ["true"]).returncode,
    "missing": lambda m, d: ran(m, ["/no/such"]),
    "missing name": lambda m, d: ran(m, ["no-such-program"]),
    "a directory": lambda m, d: ran(m, [d]),
    "no directory on the way": lambda m, d: ran(m, ["/etc/passwd/x"]),
    "no shebang": lambda m, d: ran(m, [d + "/no-shebang"]),
    "no interpreter": lambda m, d: ran(m, [d + "/no-interpreter"]),
    "a carriage return": lambda m, d: ran(m, [d + "/crlf"]),
    "forbidden": lambda m, d: ran(m, [d + "/forbidden"]),
    "long argument": lambda m, d: ran(m, ["echo", "x" * 200000]),
    "relative to cwd": lambda m, d: ran(m, ["./x", "1"], cwd=d),
    "below cwd": lambda m, d: ran(m, ["sub/y"], cwd=d),
    "cwd is missing": lambda m, d: ran(m, ["true"], cwd="/no/such"),
    "cwd and program are missing": lambda m, d: ran(m, ["/no/such/program"], cwd="/no/such"),
    "cwd is a file": lambda m, d: ran(m, ["true"], cwd="/etc/passwd"),
    "cwd is empty": lambda m, d: ran(m, ["true"], cwd=""),
    "PATH .": lambda m, d: ran(m, ["x"], cwd=d, env={"PATH": "."}),
    "PATH with an empty entry": lambda m, d: ran(m, ["x"], cwd=d, env={"PATH": ":/bin"}),
    "PATH empty": lambda m, d: ran(m, ["x"], cwd=d, env={"PATH": ""}),
    "PATH unset": lambda m, d: ran(m, ["true"], env={}),
    "PATH relative": lambda m, d: ran(m, ["y"], cwd=d, env={"PATH": "sub"}),
    "PATH with what cannot be run": lambda m, d: ran(m, ["prog"], env={"PATH": f"{d}/p0:{d}/p1:{d}/p2"}),
    "PATH with nothing else": lambda m, d: ran(m, ["prog"], env={"PATH": f"/no:{d}/p1"}),
    "PATH with a file": lambda m, d: ran(m, ["prog"], env={"PATH": f"/etc/passwd:{d}/p2"}),
    "PATH of bytes": lambda m, d: ran(m, ["true"], env={b"PATH": b"/bin"}),
    "env": lambda m, d: ran(m, ["/usr/bin/env"], env={"A": "b", "\udcff": "x"}),
    "env empty": lambda m, d: ran(m, ["/usr/bin/env"], env={}),
    "env of a number": lambda m, d: ran(m, ["true"], env={"A": 1}),
    "executable": lambda m, d: ran(m, ["name", "a"], executable=pathlib.Path(d + "/x")),
    "executable keeps args[0]": lambda m, d: ran(m, ["name", "-c", "echo $0"], executable="/bin/bash"),
    "executable is missing": lambda m, d: ran(m, ["name"], executable="/no/such"),
    "startupinfo": lambda m, d: m.run(["true"], startupinfo=5),
    "creationflags": lambda m, d: m.run(["true"], creationflags=5),
    "bufsize": lambda m, d: m.run(["true"], bufsize="x"),
    "stdin negative": lambda m, d: m.run(["true"], stdin=-5),
    "stdin of text": lambda m, d: m.run(["true"], stdin="x"),
    "stdin without a descriptor": lambda m, d: m.run(["true"], stdin=io.StringIO("x")),
    "stderr=STDOUT": lambda m, d: m.run(["sh", "-c", "echo a; echo b >&2"], stdout=m.PIPE, stderr=m.STDOUT).stdout,
    "DEVNULL": lambda m, d: m.run(["cat"], stdin=m.DEVNULL, stdout=m.DEVNULL, stderr=m.DEVNULL).returncode,
    "one file for both": lambda m, d: one_file(m),
    "pass_fds": lambda m, d: ran(m, ["sh", "-c", "ls /proc/self/fd"], pass_fds=(0, 1, 2)),
    "pass_fds of text": lambda m, d: ran(m, ["true"], pass_fds=("a",)),
    "pass_fds and close_fds": lambda m, d: ran(m, ["true"], close_fds=False, pass_fds=()),
    "inherited": lambda m, d: inherited(m),
    "signals": lambda m, d: ran(m, ["grep", "Sig[BI]", "/proc/self/status"]),
    "signals, kept": lambda m, d: ran(m, ["grep", "Sig[BI]", "/proc/self/status"], restore_signals=False),
    "timeout": lambda m, d: m.run(["sleep", "1000"], timeout=0.05),
    "timeout of text": lambda m, d: m.run(["sleep", "0.1"], timeout="1"),
    "call": lambda m, d: m.call(["false"]),
    "check_call": lambda m, d: m.check_call(["false"]),
    "check_output": lambda m, d: m.check_output("echo a; exit 2", shell=True, text=True),
    "check_output, stdout": lambda m, d: m.check_output(["a"], stdout=1),
    "check_output, input None": lambda m, d: m.check_output(["cat"], input=None),
    "another keyword": lambda m, d: m.run(["true"], no_such=1),
    "line by line": lambda m, d: line_by_line(m),
    "closed pipes": lambda m, d: closed_pipes(m),
    "ended": lambda m, d: ended(m),
    "SIGCHLD ignored": lambda m, d: with_handler(m, signal.SIG_IGN),
    "SIGCHLD reaps": lambda m, d: with_handler(m, reap),
    "threads": lambda m, d: waited_for_by_many(m),
    **{f"without {gone}": lambda m, d, gone=gone: without(m, gone) for gone in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2))},
}  # fmt: skip


def one_file(module):
    with tempfile.TemporaryFile() as file:
        module.run(["sh", "-c", "echo a; echo b >&2"], stdout=file, stderr=file)
        file.seek(0)
        return file.read()


def inherited(module):
    fd = os.open("/etc/passwd", os.O_RDONLY)
    try:
        os.set_inheritable(fd, True)
        look = ["readlink", f"/proc/self/fd/{fd}"]
        return [ran(module, look, **how)[:2] for how in ({}, {"close_fds": False}, {"pass_fds": [fd]})]
    finally:
        os.close(fd)


def line_by_line(module):
    process = module.Popen(["cat"], stdin=module.PIPE, stdout=module.PIPE, text=True, bufsize=1)
    process.stdin.write("a\n")
    first = process.stdout.readline()
    return first, process.communicate("b\n"), process.returncode, process.args, process.poll()


def closed_pipes(module):
    process = module.Popen(["cat"], stdin=module.PIPE, stdout=module.PIPE)
    process.stdout.close()
    process.stdin.close()
    return process.wait()


def ended(module):
    process = module.Popen(["sh", "-c", "exit 3"])
    first = process.wait(), process.wait(0), process.poll()
    return first, process.send_signal(15), process.kill(), process.terminate(), process.returncode


def reap(*_):
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass


def with_handler(module, handler):
    old = signal.signal(signal.SIGCHLD, handler)
    try:
        return module.run(["sh", "-c", "exit 3"]).returncode in (0, 3)
    finally:
        signal.signal(signal.SIGCHLD, old)


def waited_for_by_many(module):
    process = module.Popen(["sh", "-c", "read x; exit 5"], stdin=module.PIPE)
    ends = []
    threads = [threading.Thread(target=lambda: ends.append(process.wait())) for _ in range(5)]
    for thread in threads:
        thread.start()
    process.stdin.close()
    for thread in threads:
        thread.join()
    return ends


def without(module, gone):
    """In a process that has closed some of its first three descriptors, where pipes get their numbers."""
    code = f"""
import os, sys, {module.__name__} as m
told = os.dup(1)
for fd in {gone}:
    os.close(fd)
def ran(*arguments, **keywords):
    done = m.run(*arguments, capture_output=True, **keywords)
    return done.returncode, done.stdout, done.stderr
found = [ran(["cat"], input=b"in"), ran(["sh", "-c", "echo a; echo b >&2; ls /proc/self/fd"]), m.run(["true"]).returncode]
os.write(told, repr(found).encode())
"""
    return subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE).stdout


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as folder:
        for name, (text, mode) in FILES.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            path.chmod(mode)
        yield folder


def end(function, module, folder):
    """What it gives, or of its exception what programs ask for."""
    try:
        return repr(function(module, folder))
    except (Exception, subprocess.SubprocessError) as error:
        kinds = [kind for kind in type(error).__mro__ if not kind.__module__.startswith("forkexec")]
        return kinds[0], getattr(error, "errno", None), getattr(error, "filename", None), getattr(error, "cmd", None)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", CASES)
def test_the_same_as_subprocess(name, folder):
    assert end(CASES[name], forkexec, folder) == end(CASES[name], subprocess, folder)
