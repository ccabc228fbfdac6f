"""An Attr: what it refuses, and what it is."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import resource
import signal
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forkexec
from forkexec import Attr
from forkexec._keywords import KEYWORDS

BAD = [
    (ValueError, dict(nice=20), "-20 to 19"),
    (ValueError, dict(nice=-21), "nice=-21"),
    (OverflowError, dict(nice=2**31), "nice"),
    (TypeError, dict(nice=1.0), "nice=1.0"),
    (TypeError, dict(nice=True), "nice=True"),
    (TypeError, dict(nice="1"), "nice='1'"),
    (OverflowError, dict(uid=-1), "uid=-1"),
    (ValueError, dict(uid=2**32 - 1), "uid"),
    (OverflowError, dict(uid=2**32), "uid"),
    (ValueError, dict(uid="no such user"), "no such user"),
    (ValueError, dict(gid="no such group"), "no such group"),
    (ValueError, dict(groups=[0] * 65537), "65536"),
    (ValueError, dict(cwd=""), "path is empty"),
    (ValueError, dict(cwd="a\0b"), "null byte"),
    (ValueError, dict(cwd=-1), "negative"),
    (OSError, dict(cwd="x" * 4096), "4095"),
    (TypeError, dict(cwd=1.5), "cwd"),
    (ValueError, dict(cwd="/", cwd_rights=3), "3 is not a valid"),
    (ValueError, dict(cwd="\ud800"), "surrogates"),
    (ValueError, dict(fds={3: -1}), "negative"),
    (ValueError, dict(fds={-1: 3}), "0 or more"),
    (TypeError, dict(fds=[3]), "pairs"),
    (TypeError, dict(fds={3: None}), "integer"),
    (ValueError, dict(rlimits={99: 1}), "resource.RLIMIT_*"),
    (ValueError, dict(rlimits={0: (2, 1)}), "at most the hard one"),
    (ValueError, dict(rlimits={0: -2}), "RLIM_INFINITY"),
    (ValueError, dict(rlimits={0: 2**64}), "RLIM_INFINITY"),
    (ValueError, dict(rlimits={0: 2**64 - 2}), "RLIM_INFINITY"),
    (ValueError, dict(rlimits={0: (1, 2, 3)}), "(soft, hard)"),
    (TypeError, dict(rlimits={0: 1.5}), "integer"),
    (ValueError, dict(umask=0o1000), "0o777"),
    (ValueError, dict(oom_score_adj=1001), "-1000 to 1000"),
    (ValueError, dict(signal_mask=[0]), "signals are 1 to 64"),
    (ValueError, dict(signal_mask=[65]), "signals are 1 to 64"),
    (ValueError, dict(signal_ignore=signal.SIGKILL), "cannot be ignored"),
    (ValueError, dict(parent_death_signal=65), "1 to 64"),
    (ValueError, dict(parent_death_signal=(9, 7)), "7"),
    (ValueError, dict(affinity=[]), "at least one processor"),
    (ValueError, dict(affinity=[8192]), "8191"),
    (ValueError, dict(deadline=(1e-7, 1)), "1024 nanoseconds"),
    (TypeError, dict(deadline=1.0), "(runtime, deadline)"),
    (ValueError, dict(utilization=(2, 1)), "1024"),
    (ValueError, dict(keyring_permissions=0x40000000), "0x3f3f3f3f"),
    (ValueError, dict(pid=0), "1 to 32"),
    (ValueError, dict(pid=[]), "1 to 32"),
    (ValueError, dict(speculation={0: 16}), "Speculate"),
    (TypeError, dict(speculation=4), "a dict"),
    (ValueError, dict(coredump_filter=0x200), "core(5)"),
    (ValueError, dict(numa_policy=(2, [1024])), "1023"),
    (ValueError, dict(busy_retry=float("nan")), "busy_retry"),
    (TypeError, dict(busy_retry="1"), "seconds"),
    (ValueError, dict(hostname="x" * 65), "64"),
    (ValueError, dict(create_namespaces=0x1), "only Namespace types"),
    (ValueError, dict(uid_map=[(0, 0, 0)]), "at least one id"),
    (ValueError, dict(mounts=[forkexec.Tmpfs("relative")]), "item 0"),
    (ValueError, dict(mounts=[forkexec.Bind("/a", "/b/../c")]), "item 0"),
    (TypeError, dict(mounts=["/a"]), "item 0"),
    (ValueError, dict(mounts=[forkexec.File("/a", -1)]), "descriptor is negative"),
    (ValueError, dict(mounts=[forkexec.MountFile(0, "a")]), "an absolute path"),
    (ValueError, dict(mounts=[forkexec.Remount("/a")]), "a flag to add"),
    (ValueError, dict(mounts=[forkexec.Mode("/a", 0o10000)]), "at most 0o7777"),
    (ValueError, dict(mounts=[forkexec.Overlay(["/a"], "/b")]), "two where nothing is written"),
    (TypeError, dict(mounts=[forkexec.Overlay("/a", "/b")]), "a list of paths"),
    (ValueError, dict(mounts=[forkexec.Bind(0, "/b", userns=0)]), "a source that is a path"),
    (ValueError, dict(mounts=[forkexec.Bind(-1, "/b")]), "descriptor is negative"),
    (ValueError, dict(mounts=[forkexec.Bind(0, "/b", optional=True)]), "not optional"),
    (ValueError, dict(mounts=[forkexec.File("/a", b"x" * 65537)]), "65536"),
    (ValueError, dict(listen=("localhost", 80)), "names are not looked up"),
    (ValueError, dict(listen="relative"), "absolute path"),
    (ValueError, dict(listen="/" + "x" * 107), "at most 107 bytes"),
    (ValueError, dict(listen="/a\0b"), "null byte"),
    (ValueError, dict(listen=forkexec.Listen("/a", backlog=-1)), "a backlog"),
    (ValueError, dict(listen=forkexec.Listen(("::1", 1), 5)), "SOCK_SEQPACKET"),
    (ValueError, dict(listen=["/a"] * 33), "at most 32"),
    (OverflowError, dict(listen=("127.0.0.1", 65536)), "65535"),
    (TypeError, dict(listen=80), "an address"),
    (TypeError, dict(listen=[80]), "must be a string"),
    (TypeError, dict(listen=("127.0.0.1", 80, 1)), "(host, port)"),
    (TypeError, dict(terminal=24), "(rows, columns)"),
    (OverflowError, dict(terminal=(24, 65536)), "65535"),
    (ValueError, dict(tun="x" * 16), "15 bytes"),
    (ValueError, dict(tun=("tun0", 0)), "IFF_TAP"),
    (ValueError, dict(seccomp=b"1234567"), "8 bytes"),
    (ValueError, dict(seccomp=b""), "1 to 4096"),
    (ValueError, dict(landlock_paths={"/": 0}), "one LandlockFs"),
    (OverflowError, dict(landlock_ports={65536: 1}), "landlock_ports"),
    (ValueError, dict(capabilities={forkexec.CapabilitySet.BOUNDING: [64]}), "64"),
    (ValueError, dict(allow_failure=forkexec.Stage.UID), "may not fail"),
    (ValueError, dict(pid_variable="A=B"), "="),
    (ValueError, dict(time_offsets={99: 1}), "CLOCK_BOOTTIME"),
    (TypeError, dict(session=1), "True or False"),
    (TypeError, dict(join=3), "held child"),
    (TypeError, dict(fd_actions=[3]), "an action is"),
    (TypeError, dict(no_such_keyword=1), "no_such_keyword"),
    # What Python would take for something else: a number of zeros, the letters of a string.
    (TypeError, dict(mounts=[forkexec.File("/a", 5.0)]), "contents must be bytes"),
    (TypeError, dict(seccomp=[8]), "a filter must be bytes"),
    (TypeError, dict(seccomp=8), "the bytes of a filter"),
    (TypeError, dict(map_helpers="ab"), "path of newuidmap"),
    (TypeError, dict(groups="root"), "a list of groups"),
    (TypeError, dict(signal_mask="SIGTERM"), "signal.SIGTERM"),
    # Not Python's own words about how it takes a value apart.
    (TypeError, dict(parent_death_signal=(9,)), "(signal, DeathOf)"),
    (TypeError, dict(scheduler=(1, 2, 3)), "(policy, priority)"),
    (TypeError, dict(uid_map=[(0, 0)]), "(first inside, first outside, count)"),
    (TypeError, dict(landlock_handled=5), "(LandlockFs, LandlockNet)"),
    (TypeError, dict(mounts=forkexec.Proc()), "a list of Mount"),
    (TypeError, dict(fd_actions=forkexec.CloseFd(3)), "a list of actions"),
    (TypeError, dict(fd_actions=[forkexec.DupFd("a", 1)]), "must be an integer, not str"),
    (TypeError, dict(rlimits=5), "a dict"),
    (ValueError, dict(uid="no such user"), "there is no user"),
    (ValueError, dict(groups=["no such group"]), "there is no group"),
    # Nor cffi's about C's types.
    (OverflowError, dict(umask=-1), "-1 is out of range: 0 to 4294967295"),
    (OverflowError, dict(affinity=[2**40]), "1099511627776 is out of range"),
    (OverflowError, dict(groups=[-1]), "-1 is out of range"),
    (OverflowError, dict(process_group=2**70), "is out of range"),
    (OverflowError, dict(mounts=[forkexec.Tmpfs("/a", size=2**70)]), "is out of range"),
    (OverflowError, dict(seccomp=forkexec.Filter(b"12345678", 2**40)), "is out of range"),
    (ValueError, dict(timer_slack=-1), "negative"),
    (OSError, dict(cwd="x" * 5000), "cwd="),
]


@pytest.mark.parametrize("error, keywords, sentence", BAD)
def test_bad_values_are_refused_before_there_is_a_child(error, keywords, sentence):
    with pytest.raises(error) as caught:
        Attr(**keywords)
    assert sentence in str(caught.value)
    assert next(iter(keywords)) in str(caught.value) or isinstance(caught.value, OSError)


def test_it_does_not_change():
    attr = Attr(nice=3)
    with pytest.raises(AttributeError, match="replace"):
        attr.nice = 4
    with pytest.raises(AttributeError, match="replace"):
        del attr.nice
    assert attr.nice == 3 and attr.umask is None
    with pytest.raises(AttributeError, match="no_such"):
        attr.no_such


def test_it_is_equal_to_itself_alone():
    one, other = Attr(nice=3), Attr(nice=3)
    assert one == one and one != other and len({one, other}) == 2


def test_replace():
    attr = Attr(nice=3, umask=0o77)
    other = attr.replace(nice=4, umask=None, session=True)
    assert (other.nice, other.umask, other.session) == (4, None, True)
    assert (attr.nice, attr.umask, attr.session) == (3, 0o77, None)
    with pytest.raises(TypeError):
        attr.replace(nonsense=1)


def test_iterators_are_read_once():
    attr = Attr(affinity=iter([0]), uid_map=iter([(0, 1, 1)]))
    assert attr.replace(nice=1).affinity == [0]


def test_repr_and_pickle():
    attr = Attr(nice=3, rlimits={resource.RLIMIT_CPU: 2}, mounts=[forkexec.Tmpfs("/tmp")])
    assert repr(attr).startswith("Attr(rlimits={") and "nice=3" in repr(attr)
    assert repr(pickle.loads(pickle.dumps(attr))) == repr(attr)


def test_describe():
    attr = Attr(nice=3, rlimits={resource.RLIMIT_CPU: (1, 2)}, search_path="/a:/b")
    lines = attr.describe(["program"]).splitlines()
    assert lines[0].startswith("a child in ")
    assert "500 rlimit 0: cpu 1 of 2" in lines and "520 nice: 3" in lines
    assert "799 exec 0: /a/program" in lines and "799 exec 1: /b/program" in lines
    assert "é" in Attr().describe(["/é"])


def test_describe_finds_contradictions():
    with pytest.raises(forkexec.SpawnError, match="hostname") as caught:
        Attr(hostname="judge").describe()
    assert caught.value.stage == forkexec.Stage.VALIDATE and isinstance(caught.value, ValueError)


def test_threads_share_one():
    attr = Attr(nice=1, rlimits={resource.RLIMIT_CORE: 0})
    ends = []

    def work():
        ends.extend(forkexec.spawn(["/bin/true"], attr=attr).wait().returncode for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert ends == [0] * 80


NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.integers(-3, 100))
ANYTHING = st.recursive(
    st.one_of(NUMBERS, st.none(), st.booleans(), st.floats(), st.text(max_size=8), st.binary(max_size=16)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(NUMBERS, st.text(max_size=4)), inner, max_size=3),
    ),
    max_leaves=6,
)


@pytest.mark.once
@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(KEYWORDS)), ANYTHING, max_size=4))
def test_anything_is_taken_or_refused_with_a_sentence(keywords):
    try:
        attr = Attr(**keywords)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        assert str(error)
        return
    try:
        assert attr.describe(["/bin/true"]).startswith("a child in ")
    except forkexec.SpawnError as error:
        assert error.sentence


@settings(max_examples=25, deadline=None)
@given(
    soft=st.integers(1, 2**40), nice=st.integers(0, 19), umask=st.integers(0, 0o777),
    ignored=st.sets(st.integers(1, 31).filter(lambda one: one not in (9, 19)), max_size=5),
)  # fmt: skip
def test_what_is_asked_is_what_the_program_sees(inside, soft, nice, umask, ignored):
    attr = Attr(rlimits={resource.RLIMIT_CORE: (0, None), resource.RLIMIT_FSIZE: (soft, None)}, nice=nice, umask=umask,
                signal_ignore=ignored)  # fmt: skip
    code = "import os,resource,signal;print(resource.getrlimit(1)[0],os.nice(0),os.umask(0)," \
           "[l for l in open('/proc/self/status') if l.startswith('SigIgn')][0].split()[1])"  # fmt: skip
    if resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY:
        pytest.skip("the caller is limited itself")
    if os.geteuid() != 0 and nice < os.nice(0):
        nice = os.nice(0)
        attr = attr.replace(nice=nice)
    limit, nice_inside, umask_inside, ignored_inside = inside(code, attr, restore_signals=False).split()
    assert (int(limit), int(nice_inside), int(umask_inside)) == (soft, nice, umask)
    mask = int(ignored_inside, 16)
    assert all(mask >> (one - 1) & 1 for one in ignored)


def test_items_are_values():
    bind = forkexec.Bind("/a", target="/b", readonly=True)
    assert repr(bind) == "Bind(source='/a', target='/b', readonly=True)"
    assert bind == forkexec.Bind("/a", "/b", True) != forkexec.Bind("/a", "/b") and bind != 1
    assert len({bind, forkexec.Bind("/a", "/b", True)}) == 1
    assert pickle.loads(pickle.dumps(bind)) == bind == copy.copy(bind) and bind.__replace__(source="/c").source == "/c"
    assert (bind.recursive, bind.userns) == (True, None)
    for bad, why in ((lambda: setattr(bind, "source", "/c"), "does not change"),
                     (lambda: delattr(bind, "source"), "does not change")):  # fmt: skip
        with pytest.raises(AttributeError, match=why):
            bad()
    for bad, why in ((lambda: forkexec.Bind("/a"), "needs target"), (lambda: forkexec.Proc(1, 2, 3, 4, 5, 6), "at most 5"),
                     (lambda: forkexec.Bind("/a", "/b", writable=1), "no argument 'writable'"),
                     (lambda: forkexec.Mask("/a", path="/b"), "twice")):  # fmt: skip
        with pytest.raises(TypeError, match=why):
            bad()
    assert str(inspect.signature(forkexec.Directory)) == "(path: 'Path', mode: 'int' = 493)"


def test_what_an_attr_was_given_may_change_afterwards():
    limits, groups, program = {resource.RLIMIT_CPU: 5}, [1, 2], bytearray(b"12345678")
    attr = Attr(rlimits=limits, groups=groups, seccomp=program)
    limits.clear()
    groups.append(3)
    program.clear()
    assert (attr.rlimits, attr.groups, attr.seccomp) == ({resource.RLIMIT_CPU: 5}, [1, 2], b"12345678")
    assert attr.replace(nice=1).describe() != attr.describe()
