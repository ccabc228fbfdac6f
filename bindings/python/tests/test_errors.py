"""What is raised where a program cannot be started."""

from __future__ import annotations

import concurrent.futures
import copy
import errno
import multiprocessing
import os
import pickle
import re
import sys
from pathlib import Path

import pytest

import forkexec
from forkexec import Attr, SpawnError, Stage
from forkexec._words import in_python


def caught(kind, function, *arguments, **keywords):
    with pytest.raises(kind) as info:
        function(*arguments, **keywords)
    assert isinstance(info.value, SpawnError) and isinstance(info.value, OSError)
    return info.value


def test_a_program_that_is_not_there():
    for program in ("/no/such", "nosuch"):
        error = caught(FileNotFoundError, forkexec.run, [program], env={"PATH": "/bin:/usr/bin"})
        assert (error.errno, error.filename, error.stage) == (errno.ENOENT, program, Stage.EXEC)
        assert str(error) == f"[Errno 2] No such file or directory: '{program}'"
        assert program in error.sentence


def test_a_program_that_may_not_be_run(tmp_path):
    (tmp_path / "file").write_text("")
    error = caught(PermissionError, forkexec.run, [tmp_path / "file"])
    assert error.filename == tmp_path / "file"
    error = caught(PermissionError, forkexec.spawn, [tmp_path / "file"])
    assert error.filename == tmp_path / "file"
    (tmp_path / "file").write_bytes(b"no program")
    (tmp_path / "file").chmod(0o755)
    assert caught(OSError, forkexec.run, [tmp_path / "file"]).errno == errno.ENOEXEC


def test_a_directory_that_is_not_there(tmp_path):
    error = caught(FileNotFoundError, forkexec.run, ["true"], cwd="/no/such")
    assert (error.filename, error.stage) == ("/no/such", Stage.CWD)
    error = caught(NotADirectoryError, forkexec.spawn, ["/bin/true"], attr=Attr(cwd="/dev/null"))
    assert (error.filename, error.stage) == ("/dev/null", Stage.CWD)
    assert caught(FileNotFoundError, forkexec.run, ["true"], cwd="").filename == ""


def test_a_step_says_which_item(tmp_path):
    actions = [forkexec.OpenFd(5, "/dev/null"), forkexec.OpenFd(6, tmp_path / "missing")]
    error = caught(FileNotFoundError, forkexec.spawn, ["/bin/true"], attr=Attr(fd_actions=actions))
    assert (error.stage, error.index, error.filename) == (Stage.FD_ACTION, 1, None)
    assert "missing" in str(error) and error.pid > 0


def test_contradictions_are_value_errors():
    error = caught(ValueError, forkexec.run, ["true"], attr=Attr(session=True, process_group=0))
    assert error.stage == Stage.VALIDATE and error.errno == errno.EINVAL
    error = caught(OSError, forkexec.run, ["true"], attr=Attr(fds={5: 987}))
    assert error.errno == errno.EBADF


def test_a_signal_before_the_program():
    # A filter that kills at execve: code is ECANCELED, and signal says which.
    import struct

    load, allow, kill = (0x20, 0, 0, 0), (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x80000000)
    number = {"x86_64": 59, "aarch64": 221}.get(__import__("os").uname().machine)
    if number is None:
        pytest.skip("the number of execve is not known here")
    program = b"".join(struct.pack("HBBI", *one) for one in (load, (0x15, 0, 1, number), kill, allow))
    error = caught(OSError, forkexec.run, ["true"], attr=Attr(seccomp=program, no_new_privs=True))
    assert (error.errno, error.signal) == (errno.ECANCELED, 31)


def test_they_can_be_sent_elsewhere():
    error = caught(FileNotFoundError, forkexec.run, ["/no/such"])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and str(copy) == str(error)
    assert (copy.stage, copy.index, copy.pid, copy.sentence) == (error.stage, error.index, error.pid, error.sentence)
    bare = SpawnError(5, "text")
    assert str(bare) == "[Errno 5] text" and bare.stage == Stage.NONE


def test_bad_arguments():
    for bad in ([], [b"a\0b"], ["a\0b"]):
        with pytest.raises((ValueError, OSError, IndexError)):
            forkexec.run(bad)
        with pytest.raises((ValueError, OSError)):
            forkexec.spawn(bad)
    with pytest.raises(TypeError):
        forkexec.spawn([1])
    with pytest.raises(TypeError):
        forkexec.spawn(["/bin/true"], attr=3)
    with pytest.raises(TypeError):
        forkexec.hold(None)
    with pytest.raises(ValueError):
        forkexec.spawn(["x"], executable="/bin/true", attr=Attr(exec_fd=0))


def fails(kind):
    """In a worker: what it raises is pickled and raised again in the caller."""
    if kind == "exec":
        forkexec.run(["/no/such"])
    elif kind == "validate":
        forkexec.run(["true"], attr=Attr(hostname="x"))
    else:
        forkexec.run(["true"], attr=Attr(fd_actions=[forkexec.OpenFd(5, "/no/such")]))


@pytest.mark.once
@pytest.mark.leaves
def test_they_come_out_of_workers():
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        for kind, classes, stage in (
            ("exec", (FileNotFoundError, OSError, SpawnError), Stage.EXEC),
            ("validate", (ValueError, OSError, SpawnError), Stage.VALIDATE),
            ("action", (FileNotFoundError, SpawnError), Stage.FD_ACTION),
        ):
            error = pool.submit(fails, kind).exception()
            assert all(isinstance(error, one) for one in classes) and error.stage == stage and error.sentence
            again = copy.deepcopy(error)
            assert (type(again), str(again), again.args, again.__dict__) == (
                type(error), str(error), error.args, error.__dict__,
            )  # fmt: skip
    assert error.index == 0


def test_each_errno_has_pythons_class():
    from forkexec._errors import spawn_error

    for number in errno.errorcode:
        for stage in (Stage.EXEC, Stage.VALIDATE, Stage.CWD):
            error = spawn_error(number, "file", {"stage": stage, "sentence": "so it was"})
            stock = OSError(number, os.strerror(number), "file")
            assert isinstance(error, SpawnError) and isinstance(error, type(stock))
            assert isinstance(error, ValueError) == (number == errno.EINVAL and stage == Stage.VALIDATE)
            assert str(error) == str(stock) and (error.errno, error.filename) == (number, "file")
            assert type(error).__name__ == type(pickle.loads(pickle.dumps(error))).__name__ == "SpawnError"
            bare = spawn_error(number, None, {"stage": stage, "sentence": "so it was"})
            assert str(bare) == f"[Errno {number}] so it was" and bare.filename is None


def test_what_cannot_be_encoded_leaves_nothing():
    for function in (forkexec.run, forkexec.spawn, forkexec.start):
        for bad in (["/bin/true", "\ud800"], ["/bin/true\ud800"]):
            with pytest.raises(UnicodeEncodeError):
                function(bad)
        with pytest.raises(UnicodeEncodeError):
            function(["/bin/true"], env={"A": "\ud800"})
        with pytest.raises(OSError) as info:
            function(["/bin/true", "x" * (1 << 22)]) if function is not forkexec.start else function(
                ["/bin/true", "x" * (1 << 22)]
            ).release()
        assert info.value.errno == errno.E2BIG and info.value.stage == Stage.EXEC


def test_the_dead_and_the_closed():
    # Not one that the next pipe would get.
    closed = 987
    for keywords in (dict(attr=Attr(fds={5: closed})), dict(pass_fds=[closed]), dict(stdout=closed),
                     dict(attr=Attr(exec_fd=closed)), dict(attr=Attr(cgroup_fd=closed)), dict(cwd=closed)):  # fmt: skip
        error = caught(OSError, forkexec.run, ["true"], **keywords)
        assert error.errno == errno.EBADF, keywords
    child = forkexec.spawn(["/bin/true"])
    child.wait()
    with pytest.raises(ProcessLookupError):
        child.send_signal(15)
    with pytest.raises(ValueError):
        child.release()
    child.close()
    for name in ("wait", "poll", "kill_tree", "detach", "take_pidfd"):
        with pytest.raises(ValueError, match="closed"):
            getattr(child, name)()
    with forkexec.Popen(["true"]) as process:
        process.wait()
    process.send_signal(9)
    process.kill()
    process.terminate()


def test_sentences_name_keywords_and_not_setters():
    text = (Path(__file__).resolve().parents[3] / "src/sentences.rs").read_text()
    sentences = re.findall(r'^    [A-Z_0-9]+: "(.*)",$', text.replace("\\\n        ", ""), re.M)
    assert len(sentences) > 200
    for sentence in sentences:
        assert not re.search(r"FORKEXEC_|forkexec_|\bset_", in_python(sentence)), sentence
    with pytest.raises(SpawnError, match=r"\(hostname\): .*: add Namespace.UTS"):
        forkexec.run(["true"], attr=Attr(hostname="x"))
    with pytest.raises(SpawnError, match="add create_namespaces=Namespace.PID"):
        forkexec.run(["true"], attr=Attr(init=True))
    assert in_python("exec (/tmp/set_cwd/set_uid.sh): No such file") == "exec (/tmp/set_cwd/set_uid.sh): No such file"


@pytest.mark.parametrize("error, keywords, sentence", [
    (TypeError, dict(process_group="x"), "process_group must be an integer"),
    (OverflowError, dict(process_group=2**40), "process_group: 1099511627776 is out of range"),
    (TypeError, dict(umask="022"), "umask must be an integer"),
    (OverflowError, dict(user=2**40), "user: 1099511627776 is out of range"),
    (ValueError, dict(user=2**32 - 1), "is no id"),
    (ValueError, dict(group=2**32 - 1), "is no id"),
    (OverflowError, dict(stdin=2**40), "out of range"),
    (OverflowError, dict(cwd=2**40), "cwd: 1099511627776 is out of range"),
    (TypeError, dict(env=5), "env must be a dict"),
    (TypeError, dict(start_timeout="x"), "start_timeout must be a number of seconds"),
    (TypeError, dict(terminate=5), r"terminate must be \(signal, seconds of grace\)"),
    (ValueError, dict(terminate=(99, 1)), "signals are 1 to 64"),
    (TypeError, dict(terminate=(15, "x")), "grace must be a number of seconds"),
    (TypeError, dict(input="x", output_limit=5), "input must be bytes"),
    (TypeError, dict(input=b"x", output_limit=5, text=True), "input must be a string"),
])  # fmt: skip
def test_bad_keywords_of_a_run(error, keywords, sentence):
    if "process_group" in keywords and sys.version_info < (3, 11):
        pytest.skip("the subprocess of this Python has no process_group")
    with pytest.raises(error, match=sentence):
        forkexec.run(["true"], **keywords)


def test_bad_arguments_of_a_child():
    for wrong in (None, 5):
        with pytest.raises(TypeError, match="args must be a list"):
            forkexec.spawn(wrong)
        with pytest.raises(TypeError, match="args must be a list"):
            Attr().describe(wrong)
    with forkexec.spawn(["/bin/sleep", "1000"]) as child:
        with pytest.raises(OverflowError, match="a signal: 1099511627776 is out of range"):
            child.send_signal(2**40)
        for wrong in (5, forkexec.Namespace.NET | forkexec.Namespace.UTS):
            with pytest.raises(ValueError, match="one type of Namespace"):
                child.namespace_fd(wrong)
        child.send_signal(9)
        child.wait(float("inf"))
    assert forkexec.stage_name(-1) == forkexec.stage_name(2**40) == "unknown"


def test_an_error_of_ones_own_can_be_pickled():
    for error in (SpawnError("x"), SpawnError(2, "x", "f"), SpawnError()):
        again = pickle.loads(pickle.dumps(error))
        assert isinstance(again, SpawnError) and (again.errno, again.filename) == (error.errno, error.filename)


def test_of_two_keywords_for_the_same_thing_none_counts_less():
    """C's setters have an order, and the last one counts."""
    for one, other, values in (
        ("cgroup_fd", "cgroup", (0, 0)),
        ("init", "lingering_init", (True, True)),
        ("scheduler", "deadline", (os.SCHED_BATCH, (0.01, 0.1))),
    ):
        for names in ((one, other), (other, one)):
            with pytest.raises(ValueError, match=f"({one}|{other}) and ({one}|{other}) both"):
                Attr(**{name: values[(one, other).index(name)] for name in names})
        assert Attr(**{one: values[0], other: None}) is not None
