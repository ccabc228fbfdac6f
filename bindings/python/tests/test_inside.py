"""Every keyword, seen from inside by a program."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

import forkexec
from forkexec import (
    Attr,
    Capability,
    CapabilitySet,
    CwdRights,
    DeathOf,
    Feature,
    LandlockFs,
    MemoryMode,
    Namespace,
    Stage,
)
from forkexec._keywords import KEYWORDS

SEEN: set[str] = set()
ROOT = os.geteuid() == 0
USER_NAMESPACES = forkexec.probe(Feature.USER_NAMESPACE)[0]
needs_root = pytest.mark.skipif(not ROOT, reason="needs root")
needs_namespaces = pytest.mark.skipif(not USER_NAMESPACES, reason="no user namespaces")
NS = Namespace.USER | Namespace.MOUNT


def attr(**keywords):
    SEEN.update(keywords)
    return Attr(**keywords)


def mapped(**keywords):
    """In a user namespace in which the caller is root."""
    types = keywords.pop("create_namespaces", Namespace(0)) | Namespace.USER
    return attr(create_namespaces=types, uid_map=[(0, os.geteuid(), 1)], gid_map=[(0, os.getegid(), 1)], **keywords)


@contextlib.contextmanager
def open_directory(path):
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def status(field, given):
    """A line of its own /proc/self/status; every user may run this program."""
    script = f'while read name value; do [ "$name" = "{field}:" ] && echo "$value"; done </proc/self/status'
    done = forkexec.run(["/bin/sh", "-c", script], attr=given, stdout=-1, restore_signals=False)
    return done.stdout.strip().decode()


def shell(script, given, **keywords):
    done = forkexec.run(["/bin/sh", "-c", script], attr=given, capture_output=True, text=True, **keywords)
    assert done.returncode == 0, done
    return done.stdout.strip()


@needs_root
def test_a_directory_is_entered_before_the_ids_change(tmp_path):
    tmp_path.chmod(0o700)
    # The program can be executed, but its working directory can only be entered by root.
    see = ["/bin/sh", "-c", "readlink /proc/self/cwd"]
    for keywords in ({"user": 65534}, {"group": 65534, "extra_groups": [], "user": 65534}):
        assert forkexec.run(see, cwd=tmp_path, capture_output=True, text=True, **keywords).stdout.strip() == str(
            tmp_path
        )
        with forkexec.install():
            done = subprocess.run(see, cwd=tmp_path, capture_output=True, text=True, **keywords)
            assert done.stdout.strip() == str(tmp_path)
    given = Attr(uid=65534, gid=65534, keep_groups=True)
    assert forkexec.run(see, cwd=tmp_path, attr=given, stdout=-1).stdout.decode().strip() == str(tmp_path)
    with open_directory(tmp_path) as fd:
        assert forkexec.run(see, cwd=fd, attr=given, stdout=-1).stdout.decode().strip() == str(tmp_path)
    ids = dict(uid=65534, gid=65534, keep_groups=True, cwd=tmp_path)
    for rights in (CwdRights.CALLER, CwdRights.EITHER):
        assert shell("readlink /proc/self/cwd", attr(cwd_rights=rights, **ids)) == str(tmp_path)
    for rights in (None, CwdRights.PROGRAM):
        with pytest.raises(PermissionError) as caught:
            forkexec.spawn(["/bin/true"], attr=Attr(cwd_rights=rights, **ids))
        assert caught.value.stage == Stage.CWD and caught.value.filename == tmp_path
    with pytest.raises(PermissionError) as caught:
        forkexec.run(see, cwd=tmp_path, user=65534, attr=Attr(cwd_rights=CwdRights.PROGRAM))
    with pytest.raises(FileNotFoundError) as caught:
        forkexec.run(see, cwd="/no/such", user=65534)
    assert caught.value.stage == Stage.CWD_BEFORE_IDS and caught.value.filename == "/no/such"


def test_program(tmp_path):
    with open("/bin/sh", "rb") as file:
        assert shell("echo $0", attr(exec_fd=file)) == "/bin/sh"
    (tmp_path / "program").write_text("#!/bin/sh\necho found\n")
    (tmp_path / "program").chmod(0o755)
    child = forkexec.spawn(["program"], attr=attr(search_path=f"/nowhere:{tmp_path}", fds={1: 2}))
    assert child.wait().returncode == 0
    assert forkexec.spawn(["true"], attr=attr(search_path=True)).wait().returncode == 0
    assert shell("pwd", attr(cwd="/", cwd_rights=CwdRights.EITHER)) == "/"
    with open(tmp_path / "program", "r+"):
        started = time.monotonic()
        with pytest.raises(OSError) as caught:
            forkexec.spawn([tmp_path / "program"], attr=attr(busy_retry=0.2))
        assert caught.value.errno == errno.ETXTBSY and time.monotonic() - started >= 0.2
    assert shell("[ $ME = $$ ] && echo same", attr(pid_variable="ME")) == "same"
    for mode in MemoryMode:
        assert shell("echo ran", attr(memory_mode=mode)) == "ran"


def test_trace():
    with forkexec.start(["/bin/true"], attr=attr(ptrace=True)) as held:
        held.release()
        _, how = os.waitpid(held.pid, 0)
        assert os.WIFSTOPPED(how) and os.WSTOPSIG(how) == signal.SIGTRAP
        ctypes.CDLL(None).ptrace(7, held.pid, None, None)  # PTRACE_CONT
        assert held.wait().returncode == 0
    with forkexec.start(["/bin/true"], attr=attr(stop=True)) as held:
        with pytest.raises(TimeoutError):
            held.release(0.2)


def test_descriptors(tmp_path):
    with open(tmp_path / "file", "w+") as file:
        file.write("text")
        file.flush()
        file.seek(0)
        assert shell("cat <&9", attr(fds={9: file})) == "text"
        os.set_inheritable(file.fileno(), True)
        file.seek(0)
        assert shell(f"cat /proc/self/fd/{file.fileno()}", attr(inherit_fds=True)) == "text"
    actions = [
        forkexec.OpenFd(5, tmp_path / "file"), forkexec.DupFd(5, 6), forkexec.CloseFd(5),
        forkexec.OpenFd(7, tmp_path, os.O_RDONLY | os.O_DIRECTORY), forkexec.EnterDirectory(7),
        forkexec.EnterDirectory(tmp_path), forkexec.CloseFdsFrom(7),
    ]  # fmt: skip
    out = shell(
        "cat <&6; pwd; [ -e /proc/self/fd/5 ] || [ -e /proc/self/fd/7 ] || echo closed", attr(fd_actions=actions)
    )
    assert out.split("\n") == [f"text{tmp_path.resolve()}", "closed"]


def test_session_and_terminal():
    code = "import os; print(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid())"

    def python(given):
        return forkexec.run([sys.executable, "-S", "-c", code], attr=given, stdout=-1, text=True).stdout.strip()

    assert python(attr(session=True)) == "True True"
    assert python(attr(process_group=0)) == "False True"
    main, terminal = os.openpty()
    try:
        given = attr(session=True, controlling_terminal=terminal, foreground=terminal, fds={0: terminal})
        code = "import os; print(os.ttyname(0) != '', os.tcgetpgrp(0) == os.getpgrp())"
        assert python(given) == "True True"
    finally:
        os.close(main)
        os.close(terminal)
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
        assert shell("echo gone", attr(detach_terminal=True)) == "gone"
    except OSError:
        with pytest.raises(forkexec.SpawnError) as caught:
            shell("true", attr(detach_terminal=True))
        assert caught.value.stage == Stage.DETACH_TERMINAL


def test_signals():
    bit = 1 << (signal.SIGUSR1 - 1)
    assert int(status("SigBlk", attr(signal_mask=[signal.SIGUSR1])), 16) == bit
    assert int(status("SigIgn", attr(signal_ignore=signal.SIGUSR1)), 16) & bit
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        assert int(status("SigIgn", None), 16) & bit
        assert not int(status("SigIgn", attr(signal_default={signal.SIGUSR1})), 16) & bit
    finally:
        signal.signal(signal.SIGUSR1, before)
    code = "import ctypes; n = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(n)); print(n.value)"
    for value in (signal.SIGTERM, (signal.SIGTERM, DeathOf.THREAD)):
        done = forkexec.run([sys.executable, "-S", "-c", code], attr=attr(parent_death_signal=value), stdout=-1)
        assert value is not signal.SIGTERM or done.stdout.strip() in (b"15", b"0")
        assert isinstance(value, int) or done.stdout.strip() == b"15"


def test_limits():
    given = attr(rlimits={resource.RLIMIT_CPU: 7, resource.RLIMIT_CORE: (0, None), resource.RLIMIT_NOFILE: (64, 128)})
    assert shell("ulimit -t; ulimit -c; ulimit -n; ulimit -H -n", given).split() == ["7", "0", "64", "128"]
    nice = min(19, os.nice(0) + 2)
    assert shell("nice", attr(nice=nice)) == str(nice)
    cpu = min(os.sched_getaffinity(0))
    code = "import os; print(os.sched_getaffinity(0), os.sched_getscheduler(0))"
    done = forkexec.run(
        [sys.executable, "-S", "-c", code], attr=attr(affinity=[cpu], scheduler=os.SCHED_BATCH), stdout=-1
    )
    assert done.stdout.decode().strip() == f"{{{cpu}}} {os.SCHED_BATCH}"
    code = "import ctypes; print(ctypes.CDLL(None).syscall({'x86_64': 252}.get(__import__('os').uname().machine, 31), 1, 0))"
    done = forkexec.run([sys.executable, "-S", "-c", code], attr=attr(io_priority=(2, 5)), stdout=-1)
    assert int(done.stdout) == 2 << 13 | 5
    assert shell("umask", attr(umask=0o31)) == "0031"
    assert shell("cat /proc/self/personality", attr(personality=0x0040000)) == "00040000"
    assert shell("cat /proc/self/oom_score_adj", attr(oom_score_adj=500)) == "500"
    code = "import ctypes; print(ctypes.CDLL(None).prctl(30))"
    done = forkexec.run([sys.executable, "-S", "-c", code], attr=attr(timer_slack=0.000123), stdout=-1)
    assert int(done.stdout) == 123_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        now = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert shell("ulimit -n", attr(restore_nofile=True)) == str(soft)
        assert shell("ulimit -n", attr(restore_nofile=now[0])) == str(soft)
        assert shell("ulimit -n", attr(restore_nofile=now)) == str(soft)
        assert shell("ulimit -n", attr(restore_nofile=(now[0] - 1, None))) == str(now[0])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert shell("echo on", attr(oom_score_adj=0, allow_failure=[Stage.OOM_SCORE, Stage.NICE])) == "on"
    with open("/dev/null") as file, pytest.raises(forkexec.SpawnError) as caught:
        forkexec.run(["true"], attr=attr(cgroup_fd=file))
    assert caught.value.stage == Stage.RESOLVE
    # test_cgroup.py runs programs in one.
    with pytest.raises(TypeError, match="Cgroup"):
        attr(cgroup="/sys/fs/cgroup")


@needs_root
def test_identity():
    assert shell("id -u; id -g; id -G", attr(uid="nobody", gid=65534, groups=[7, 8])).split()[:2] == ["65534", "65534"]
    groups = os.getgroups()
    os.setgroups([3, 4])
    try:
        assert shell("id -G", attr(gid=65534, keep_groups=True)) == "65534 3 4"
        assert shell("id -G", attr(gid=65534)) == "65534"
    finally:
        os.setgroups(groups)
    given = attr(capabilities={CapabilitySet.BOUNDING | CapabilitySet.PERMITTED: [Capability.KILL],
                               CapabilitySet.EFFECTIVE: [Capability.KILL]})  # fmt: skip
    assert int(status("CapBnd", given), 16) == 1 << Capability.KILL
    assert int(status("CapEff", attr(drop_capabilities=True)), 16) == 0
    given = attr(uid=65534, ambient=[Capability.NET_BIND_SERVICE])
    assert int(status("CapAmb", given), 16) == 1 << Capability.NET_BIND_SERVICE
    code = "import ctypes; print(ctypes.CDLL(None).prctl(27))"
    done = forkexec.run([sys.executable, "-S", "-c", code], attr=attr(securebits=1), stdout=-1)
    assert int(done.stdout) == 1


def test_no_new_privs():
    assert status("NoNewPrivs", attr(no_new_privs=True)) == "1"


@needs_namespaces
def test_namespaces():
    given = mapped(create_namespaces=Namespace.UTS | Namespace.NET, hostname="judge", domainname="court", loopback=True)
    code = "import os, socket; print(os.uname().nodename, os.getuid()); socket.create_server(('127.0.0.1', 0))"
    done = forkexec.run([sys.executable, "-S", "-c", code], attr=given, stdout=-1, text=True)
    assert done.stdout.split() == ["judge", "0"] and done.returncode == 0
    given = mapped(unshare_namespaces=Namespace.UTS, allow_failure=Stage.HOSTNAME, hostname="late")
    assert shell("uname -n", given) == "late"
    assert given.namespaces == Namespace.UTS | Namespace.USER
    given = mapped(create_namespaces=Namespace.PID, init=True, measure_memory=True)
    assert shell("echo $$", given) == "2"
    given = mapped(create_namespaces=Namespace.PID, lingering_init=True)
    child = forkexec.spawn(["/bin/sh", "-c", "sleep 1000 & exit 3"], attr=given)
    told = child.wait(program=True)
    assert told.returncode == 3 and told.lingers
    child.kill_tree()
    # Not for the program, which has ended: for the init, which may take a moment to die.
    told = child.wait()
    assert told.returncode == 3 and not told.lingers
    with forkexec.hold(mapped(create_namespaces=Namespace.UTS, hostname="held")) as held:
        assert shell("uname -n", attr(join=held)) == "held"
        if ROOT:
            fd = held.namespace_fd(Namespace.UTS)
            assert shell("uname -n", attr(join_namespaces={Namespace.UTS: fd})) == "held"
            os.close(fd)
    if forkexec.probe(Feature.TIME_NAMESPACE)[0]:
        given = mapped(create_namespaces=Namespace.TIME, time_offsets={time.CLOCK_MONOTONIC: 100000.5})
        code = "import time; print(time.monotonic())"
        done = forkexec.run([sys.executable, "-S", "-c", code], attr=given, stdout=-1)
        assert float(done.stdout) > time.monotonic() + 99000
    # MS_REC | MS_SLAVE
    assert shell("echo slave", mapped(create_namespaces=Namespace.MOUNT, mount_propagation=0x4000 | 0x80000)) == "slave"


@needs_root
@needs_namespaces
def test_maps():
    given = attr(create_namespaces=Namespace.USER, uid_map=[(0, 1000, 2)], gid_map=[(0, 1000, 2)], allow_setgroups=True,
                 groups=[1], uid=0, gid=0, user_namespace_owner=1000)  # fmt: skip
    assert shell("id -u; id -G; cat /proc/self/uid_map", given).split() == ["0", "0", "1", "0", "1000", "2"]
    given = attr(create_namespaces=Namespace.USER, map_subordinate_ids=True, map_helpers=(None, "/usr/bin/newgidmap"))
    try:
        assert shell("id -u", given) == "0"
    except forkexec.SpawnError as error:
        assert error.stage == Stage.RESOLVE


@needs_namespaces
def test_second_user_namespace():
    with forkexec.hold(attr(create_namespaces=Namespace.USER, uid_map=[(7, os.geteuid(), 1)])) as holder:
        second = holder.namespace_fd(Namespace.USER)
        assert shell("id -u", attr(join_second_user_namespace=second)) == "7"
        with pytest.raises(forkexec.SpawnError) as raised:
            shell("true", attr(join=(holder.pidfd, Namespace.USER), join_second_user_namespace=second))
        assert raised.value.stage == Stage.SECOND_USER_NAMESPACE
        os.close(second)


@needs_namespaces
def test_listeners():
    code = """if True:
        import socket, sys
        for address in [("127.0.0.1", 80), "\\0inside"]:
            to = socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX)
            to.connect(address)
            print(to.recv(99).decode(), end=" ")
        sys.stdout.flush()
    """
    addresses = [("127.0.0.1", 80), "\0inside", forkexec.Listen(("127.0.0.1", 53), socket.SOCK_DGRAM)]
    given = mapped(create_namespaces=Namespace.NET, loopback=True, listen=addresses)
    with forkexec.Popen([sys.executable, "-S", "-c", code], attr=given, stdout=-1) as process:
        for index, said in enumerate((b"by port", b"by name")):
            with process.listener(index) as listener:
                assert not listener.get_inheritable()
                with listener.accept()[0] as peer:
                    peer.sendall(said)
        with process.listener(2) as bound:
            assert bound.type == socket.SOCK_DGRAM and bound.getsockname() == ("127.0.0.1", 53)
        with pytest.raises(FileNotFoundError):
            process.listener(2)
        with pytest.raises(OverflowError):
            process.listener(-1)
        assert process.communicate()[0] == b"by port by name "
    with forkexec.hold(mapped(create_namespaces=Namespace.NET, loopback=True, listen=("::1", 4000))) as holder:
        with holder.listener() as listener:
            assert listener.getsockname()[:2] == ("::1", 4000)
        with pytest.raises(FileNotFoundError):
            holder.listen_fd()


def read_all(fd):
    said = b""
    with contextlib.suppress(OSError):
        while piece := os.read(fd, 4096):
            said += piece
    os.close(fd)
    return said


def test_a_terminal():
    for size, told in (((24, 80), b"24 80"), (os.terminal_size((81, 25)), b"25 81"), (True, b"0 0")):
        with forkexec.Popen(["/bin/sh", "-c", "stty size; tty"], attr=attr(terminal=size)) as process:
            lines = read_all(process.terminal_fd()).split(b"\r\n")
            assert lines[0] == told and lines[1].startswith(b"/dev/pts/")
            with pytest.raises(FileNotFoundError):
                process.terminal_fd()
    with forkexec.start(["/bin/sh", "-c", "read line; echo got $line"], attr=attr(terminal=True)) as child:
        terminal = child.terminal_fd()
        os.write(terminal, b"word\n")
        child.release()
        assert read_all(terminal).endswith(b"got word\r\n")
        child.wait()


@needs_namespaces
def test_a_network_device():
    given = mapped(create_namespaces=Namespace.NET, tun="proxy0")
    if not forkexec.probe(Feature.TUN)[0]:
        with pytest.raises(forkexec.SpawnError) as caught:
            forkexec.run(["true"], attr=given)
        assert caught.value.stage == Stage.TUN
        return
    with forkexec.spawn(["/bin/cat", "/proc/self/net/dev"], attr=given) as child:
        os.close(child.tun_fd())
        with pytest.raises(FileNotFoundError):
            child.tun_fd()
        child.wait()
    assert "proxy0:" in shell("cat /proc/self/net/dev", given)
    assert "tap0:" in shell("cat /proc/self/net/dev", mapped(create_namespaces=Namespace.NET, tun=(None, 2)))
    with forkexec.Popen(["true"], attr=given) as process:
        os.close(process.tun_fd())


@needs_namespaces
def test_mounts(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_text("bound")
    system = [forkexec.Bind(path, path, readonly=True, create=True)
              for path in ("/bin", "/lib", "/lib64", "/usr") if os.path.exists(path)]  # fmt: skip
    held = os.open(tmp_path / "source/file", os.O_PATH)
    source = open(tmp_path / "source/file", "rb")
    items = [
        *system, forkexec.Bind(held, "/held", create=True, readonly=True), forkexec.Tmpfs("/tmp", size=1 << 20, mode=0o1777, create=True), forkexec.Directory("/work", 0o700),
        forkexec.Bind(tmp_path / "source", "/bound", create=True, readonly=True, nosuid=True),
        forkexec.Bind(tmp_path / "none", "/none", create=True, optional=True),
        forkexec.Symlink("/bound/file", "/link"), forkexec.File("/greeting", "hello"), forkexec.Directory("/hidden"),
        forkexec.File("/hidden/secret"), forkexec.Mask("/hidden"), forkexec.ReadOnly("/tmp"),
        forkexec.File("/copy", source), forkexec.MountFile(source, "/mounted", create=True, readonly=True),
        forkexec.Dev(create=True), forkexec.Remount("/dev/shm", noexec=True), forkexec.Mode("/greeting", 0o640),
        forkexec.Mount("none", "/work", "tmpfs", 0, "size=64k"),
    ]  # fmt: skip
    given = mapped(create_namespaces=Namespace.MOUNT, root=forkexec.Root(readonly=True), mounts=items)
    script = (
        "ls -d /none 2>/dev/null; cat /bound/file /greeting /link /held; echo; ls /hidden; "
        "touch /tmp/x /bound/x 2>/dev/null || echo readonly; pwd; stat -c %a /greeting; cat /copy; cat /mounted"
    )
    assert shell(script, given).split() == ["boundhelloboundbound", "readonly", "/", "640", "boundbound"]
    os.close(held)
    source.close()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file").write_text("below")
    overlay = forkexec.Overlay([tmp_path / "source", tmp_path / "other"], "/over", in_memory=True, create=True)
    given = mapped(create_namespaces=Namespace.MOUNT, root=forkexec.Root(), mounts=[*system, overlay])
    overlays, why_not = forkexec.probe(Feature.OVERLAY)
    assert overlays == (why_not == "")
    try:
        assert shell("cat /over/file; echo new > /over/file; cat /over/file", given) == "boundnew"
        assert (tmp_path / "source/file").read_text() == "bound"
    except forkexec.SpawnError as error:
        # The kernel has none, or the file system cannot be one's lower directory.
        assert (error.stage, error.errno in (errno.ENODEV, errno.EINVAL)) == (Stage.OVERLAY, True)
    proc = forkexec.Proc("/proc", create=True, kernel_readonly=True, kernel_hidden=True)
    kinds = Namespace.MOUNT | Namespace.PID
    given = mapped(create_namespaces=kinds, root=forkexec.Root(), mounts=[*system, proc])
    try:
        assert shell("grep -c ' /proc/sys proc ro' /proc/self/mounts; cat /proc/interrupts", given) == "1"
    except forkexec.SpawnError as error:
        assert (error.stage, error.errno) == (Stage.PROC, errno.EPERM)
    given = mapped(create_namespaces=Namespace.MOUNT | Namespace.PID, root="/", mounts=[forkexec.Proc("/proc")])
    try:
        assert shell("ls /proc | grep -c '^[0-9]'", given) in ("1", "2", "3")
    except forkexec.SpawnError as error:
        # A container's own /proc is covered in parts.
        assert (error.stage, error.errno) == (Stage.PROC, errno.EPERM)
    assert shell("ls /", mapped(chroot="/")) == shell("ls /", None)


@needs_namespaces
def test_prepared_root():
    system = [forkexec.Bind(path, path, readonly=True, create=True)
              for path in ("/bin", "/lib", "/lib64", "/usr") if os.path.exists(path)]  # fmt: skip
    items = [*system, forkexec.Directory("/place"), forkexec.Tmpfs("/tmp", mode=0o1777, create=True)]
    built = mapped(create_namespaces=Namespace.MOUNT, root=forkexec.Root(readonly=True), mounts=items)
    with forkexec.PreparedRoot(built) as root:
        SEEN.add("prepared_root")
        given = built.replace(root=None, mounts=None, prepared_root=root)
        on_top = given.replace(mounts=[forkexec.Tmpfs("/place", create=True)])
        assert given.prepared_root is root and "PreparedRoot" in repr(root)
    assert "closed" in repr(root)
    script = "touch /tmp/x; ls /tmp /place; touch /x 2>/dev/null || echo readonly"
    for _ in range(2):
        assert shell(script, given).split() == ["/place:", "/tmp:", "x", "readonly"]
    assert shell("touch /place/x && ls /place", on_top) == "x"
    cloned, why = forkexec.probe(Feature.PREPARED_ROOT)
    assert ("a clone of the prepared tree" in given.describe()) == cloned, why
    with pytest.raises(ValueError, match="root and prepared_root"):
        built.replace(prepared_root=root)
    with pytest.raises(ValueError, match="closed"):
        Attr(prepared_root=root)
    with pytest.raises(TypeError):
        Attr(prepared_root="/")
    with pytest.raises(TypeError):
        forkexec.PreparedRoot(None)
    with pytest.raises(forkexec.SpawnError, match="readonly=True") as failed:
        forkexec.PreparedRoot(built.replace(root=forkexec.Root()))
    assert failed.value.stage == Stage.VALIDATE


def test_filters():
    machine = os.uname().machine
    number = {"x86_64": 95, "aarch64": 166}.get(machine)
    if number is None:
        pytest.skip("the number of umask is not known here")
    rows = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | errno.ENOSYS), (0x06, 0, 0, 0x7FFF0000)]
    program = b"".join(struct.pack("HBBI", *row) for row in rows)
    code = "import ctypes; print(ctypes.CDLL(None, use_errno=True).umask(0))"
    given = attr(seccomp=[program, forkexec.Filter(program)], no_new_privs=True, deny_terminal_injection=True)
    done = forkexec.run([sys.executable, "-S", "-c", code], attr=given, stdout=-1)
    assert int(done.stdout) in (-1, -errno.ENOSYS)
    assert status("Seccomp_filters", given) == "3"


def test_deadline_and_utilization():
    given = attr(deadline=(0.001, 0.002), utilization=(10, 500))
    described = given.describe()
    assert "scheduler: deadline, 1000000 ns in the first 2000000 of every 2000000" in described
    assert "utilization: 10 to 500 of 1024" in described
    described = attr(deadline=(0.001, 0.002, 0.003)).describe()
    assert "1000000 ns in the first 2000000 of every 3000000" in described


def test_numa_policy():
    if not forkexec.probe(forkexec.Feature.NUMA_POLICY)[0]:
        pytest.skip("the kernel has no NUMA")
    seen = forkexec.run(["grep", "-c", "bind:0", "/proc/self/numa_maps"], attr=attr(numa_policy=(2, [0])), stdout=-1)
    assert int(seen.stdout) > 0
    assert "numa policy: mode 4, nodes []" in attr(numa_policy=4).describe()


def test_what_a_core_holds():
    seen = forkexec.run(["cat", "/proc/self/coredump_filter"], attr=attr(coredump_filter=0x21), stdout=-1)
    assert seen.stdout == b"00000021\n"


def test_speculation():
    given = attr(speculation={forkexec.Speculation.L1D_FLUSH: forkexec.Speculate.DISABLE})
    assert "speculation 2: feature 2, control 4" in given.describe()


def test_pid():
    given = attr(create_namespaces=forkexec.Namespace.USER | forkexec.Namespace.PID, pid=[1])
    assert forkexec.run(["sh", "-c", "echo $$"], attr=given, stdout=-1).stdout == b"1\n"
    assert "clone: pid [1, 4711]" in attr(pid=[1, 4711]).describe()


def test_keyring_and_labels():
    given = attr(
        session_keyring=True, keyring_permissions=0x3F090000, keyring_label="a", exec_label="b", apparmor_profile="c"
    )
    described = given.describe()
    for line in ("exec label: b", "apparmor profile: exec c", "keyring label: a", "keyring permissions: 0x3f090000"):
        assert line in described


def test_process_flags():
    code = "import ctypes; print(ctypes.CDLL(None).prctl(42, 0, 0, 0, 0))"  # PR_GET_THP_DISABLE
    given = attr(process_flags=forkexec.ProcessFlag.NO_THP | forkexec.ProcessFlag.SUBREAPER)
    assert forkexec.run([sys.executable, "-S", "-c", code], attr=given, stdout=-1).stdout == b"1\n"


def test_no_user_namespaces():
    code = "import ctypes, os; print(ctypes.CDLL(None, use_errno=True).unshare(0x10000000), ctypes.get_errno())"
    given = attr(no_new_privs=True, deny_user_namespaces=True)
    assert forkexec.run([sys.executable, "-S", "-c", code], attr=given, stdout=-1).stdout == b"-1 1\n"


def test_landlock(tmp_path):
    if not forkexec.probe(Feature.LANDLOCK)[0]:
        with pytest.raises(forkexec.SpawnError):
            forkexec.run(["true"], attr=attr(no_new_privs=True, landlock_paths={"/": LandlockFs.EXECUTE}))
        assert shell("echo on", attr(no_new_privs=True, landlock_paths={"/": LandlockFs.EXECUTE | LandlockFs.READ_FILE},
                                     allow_partial_landlock=True)) in ("on", "")  # fmt: skip
    (tmp_path / "secret").write_text("secret")
    read = LandlockFs.EXECUTE | LandlockFs.READ_FILE | LandlockFs.READ_DIR
    given = attr(
        no_new_privs=True, allow_partial_landlock=True, landlock_scopes=forkexec.LandlockScope.SIGNAL,
        landlock_flags=forkexec.LandlockFlag.LOG_NEW_EXEC_ON,
        landlock_paths={path: read for path in ("/bin", "/lib", "/lib64", "/usr", "/etc") if os.path.exists(path)},
        landlock_ports={80: forkexec.LandlockNet.CONNECT_TCP}, landlock_handled=(read, forkexec.LandlockNet.CONNECT_TCP),
    )  # fmt: skip
    done = forkexec.run(["cat", tmp_path / "secret"], attr=given, capture_output=True)
    assert (done.returncode != 0) == forkexec.probe(Feature.LANDLOCK)[0]
    with open("/dev/null") as file, pytest.raises(forkexec.SpawnError) as caught:
        forkexec.run(["true"], attr=attr(landlock_ruleset=file, no_new_privs=True))
    assert caught.value.stage == Stage.LANDLOCK


def test_security_modules():
    try:
        assert shell("echo on", attr(session_keyring=True)) == "on"
    except forkexec.SpawnError as error:
        assert error.stage == Stage.KEYRING
    with pytest.raises(forkexec.SpawnError) as caught:
        forkexec.run(["true"], attr=attr(exec_label="no such label"))
    assert caught.value.stage in (Stage.EXEC_LABEL, Stage.EXEC)


def test_every_keyword_was_seen():
    if not ROOT or not USER_NAMESPACES:
        pytest.skip("needs root and user namespaces")
    assert set(KEYWORDS) - SEEN == set()
