//go:build cgo && linux

package gosandbox

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"forkexec"
)

func reap(t *testing.T, pid int) syscall.WaitStatus {
	t.Helper()
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, syscall.WALL, nil)
		if err == nil {
			return status
		}
		if err != syscall.EINTR {
			t.Fatal(err)
		}
	}
}

// run runs a shell's script by r and gives what it writes.
func run(t *testing.T, r Runner, script string) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if r.Args == nil {
		r.Args = []string{"/bin/sh", "-c", script}
	}
	if r.Env == nil {
		r.Env = []string{"PATH=/usr/bin:/bin"}
	}
	if r.Files == nil {
		r.Files = []uintptr{0, write.Fd(), write.Fd()}
	}
	pid, err := r.Start()
	write.Close()
	if err != nil {
		t.Fatalf("%s: %v: %v", script, err, errors.Unwrap(err))
	}
	out, err := io.ReadAll(read)
	if err != nil {
		t.Error(err)
	}
	if status := reap(t, pid); status.ExitStatus() != 0 {
		t.Errorf("%s: %v: %s", script, status, out)
	}
	return strings.TrimSpace(string(out))
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
}

// refused is that Start fails there.
func refused(t *testing.T, r Runner, errno syscall.Errno, location ErrorLocation, index int) {
	t.Helper()
	if r.Args == nil {
		r.Args = []string{"/bin/true"}
	}
	pid, err := r.Start()
	failure, is := err.(ChildError)
	if !is {
		t.Fatalf("%d, %v", pid, err)
	}
	if failure.Err != errno || failure.Location != location || failure.Index != index || !errors.Is(err, errno) {
		t.Errorf("%v (%v)", err, errors.Unwrap(err))
	}
}

func pointer(text string) *byte {
	bytes := append([]byte(text), 0)
	return &bytes[0]
}

// bind is what go-sandbox's builder makes of a bind mount.
func bind(source, target string, readonly, file bool) SyscallParams {
	m := SyscallParams{Source: pointer(source), Target: pointer(target), FsType: pointer(""), Data: pointer(""), MakeNod: file,
		Flags: syscall.MS_BIND | syscall.MS_NOSUID | syscall.MS_PRIVATE | syscall.MS_REC}
	if readonly {
		m.Flags |= syscall.MS_RDONLY
	}
	for i := range target {
		if i > 0 && target[i] == '/' {
			m.Prefixes = append(m.Prefixes, pointer(target[:i]))
		}
	}
	m.Prefixes = append(m.Prefixes, pointer(target))
	return m
}

// system is what a dynamic program needs.
func system() (list []SyscallParams) {
	for _, name := range []string{"/usr", "/bin", "/lib", "/lib64"} {
		if _, err := os.Stat(name); err == nil {
			list = append(list, bind(name, name[1:], true, false))
		}
	}
	return list
}

const userAndMount = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS

func TestArgsAndEnv(t *testing.T) {
	equal(t, run(t, Runner{Args: []string{"/bin/sh", "-c", "echo $0 $1 $A", "zero", "one"}, Env: []string{"A=a"}}, ""), "zero one a")
	equal(t, run(t, Runner{Args: []string{"/usr/bin/env"}, Env: []string{}}, ""), "")
	refused(t, Runner{Args: []string{"/not/there"}}, syscall.ENOENT, LocExecve, 0)
	refused(t, Runner{Args: []string{"a\x00b"}}, syscall.EINVAL, LocExecve, 0)
	refused(t, Runner{Args: []string{}}, syscall.EINVAL, LocExecve, 0)
}

func TestExecFile(t *testing.T) {
	file, err := os.Open("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := Runner{Args: []string{"name", "-c", "echo $0"}, ExecFile: file.Fd()}
	for range 2 { // go-sandbox writes to it
		equal(t, run(t, r, ""), "name")
	}
	refused(t, Runner{Args: []string{"x"}, ExecFile: 9876}, syscall.EBADF, LocExecve, 0)
}

func TestRLimits(t *testing.T) {
	limits := []RLimit{{syscall.RLIMIT_CPU, syscall.Rlimit{Cur: 3, Max: 5}}, {syscall.RLIMIT_FSIZE, syscall.Rlimit{Cur: 1024, Max: 1024}}}
	equal(t, run(t, Runner{RLimits: limits}, "ulimit -St; ulimit -Ht; ulimit -f"), "3\n5\n2")
	wrong := append(limits, RLimit{syscall.RLIMIT_CORE, syscall.Rlimit{Cur: 2, Max: 1}})
	refused(t, Runner{RLimits: wrong}, syscall.EINVAL, LocSetRlimit, 2)
}

func TestFiles(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	// Those that are not named of 0 to 2 stay this process's.
	equal(t, run(t, Runner{Files: []uintptr{0, write.Fd()}}, "test -e /proc/$$/fd/2 && echo open >&1") == "", true)
	write.Close()
	text, _ := io.ReadAll(read)
	equal(t, string(text), "open\n")
	refused(t, Runner{Files: []uintptr{0, 9876}}, syscall.EBADF, LocDup3, 0)
	pid, err := (&Runner{Args: []string{"/bin/sh", "-c", "test ! -e /proc/$$/fd/0"}, Files: []uintptr{^uintptr(0), 1, 2}}).Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, reap(t, pid).ExitStatus(), 0)
}

func TestWorkDir(t *testing.T) {
	equal(t, run(t, Runner{WorkDir: "/usr"}, "pwd"), "/usr")
	refused(t, Runner{WorkDir: "/not/there"}, syscall.ENOENT, LocChdir, 0)
}

func TestASessionAlways(t *testing.T) {
	equal(t, run(t, Runner{}, "set -- $(cat /proc/$$/stat); test $6 = $$ && echo leader"), "leader")
}

// unameFails is a filter that gives uname(2) EPERM.
func unameFails(action uint32) *syscall.SockFprog {
	number := uint32(63)
	if runtime.GOARCH == "arm64" {
		number = 160
	}
	filter := []syscall.SockFilter{{Code: 0x20, K: 0}, {Code: 0x15, Jf: 1, K: number}, {Code: 6, K: action}, {Code: 6, K: 0x7fff0000}}
	return &syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
}

func TestSeccompImpliesNoNewPrivs(t *testing.T) {
	out := run(t, Runner{Seccomp: unameFails(0x50001)}, "uname 2>/dev/null || echo refused; grep NoNewPrivs /proc/self/status")
	equal(t, out, "refused\nNoNewPrivs:\t1")
	refused(t, Runner{Seccomp: &syscall.SockFprog{}}, syscall.EINVAL, LocSeccomp, 0)
	wrong := []syscall.SockFilter{{Code: 0xffff}}
	refused(t, Runner{Seccomp: &syscall.SockFprog{Len: 1, Filter: &wrong[0]}}, syscall.EINVAL, LocSeccomp, 0)
	// A filter that kills: the child is dead before it is the program.
	execs := []syscall.SockFilter{{Code: 6, K: 0x80000000}}
	refused(t, Runner{Seccomp: &syscall.SockFprog{Len: 1, Filter: &execs[0]}}, syscall.ECANCELED, LocSeccomp, 0)
}

func TestCloneFlags(t *testing.T) {
	for name, flag := range map[string]uintptr{"ipc": syscall.CLONE_NEWIPC, "net": syscall.CLONE_NEWNET, "uts": syscall.CLONE_NEWUTS,
		"mnt": syscall.CLONE_NEWNS, "cgroup": cloneNewcgroup, "user": 0} {
		mine, err := os.Readlink("/proc/self/ns/" + name)
		if err != nil {
			t.Fatal(err)
		}
		out := run(t, Runner{CloneFlags: flag | syscall.CLONE_NEWUSER | syscall.CLONE_PARENT}, "readlink /proc/self/ns/"+name)
		if !strings.HasPrefix(out, name+":[") || out == mine {
			t.Errorf("%s: %s, and here %s", name, out, mine)
		}
	}
	equal(t, run(t, Runner{CloneFlags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID}, "echo $$"), "1")
}

func TestMappings(t *testing.T) {
	read := "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups"
	uid, gid := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
	out := strings.Join(strings.Fields(run(t, Runner{CloneFlags: syscall.CLONE_NEWUSER}, read)), " ")
	equal(t, out, "0 "+uid+" 1 0 "+gid+" 1 deny")
	of := func(inside, outside int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: inside, HostID: outside, Size: 1}}
	}
	r := Runner{CloneFlags: syscall.CLONE_NEWUSER, UIDMappings: of(7, os.Geteuid()), GIDMappings: of(8, os.Getegid())}
	out = strings.Join(strings.Fields(run(t, r, read)), " ")
	equal(t, out, "7 "+uid+" 1 8 "+gid+" 1 deny")
	if os.Getuid() == 0 {
		r.GIDMappingsEnableSetgroups = true
		equal(t, strings.HasSuffix(run(t, r, read), "allow"), true)
	}
	r.UIDMappings = of(0, -5)
	refused(t, r, syscall.EINVAL, LocUnshareUserRead, 0)
}

func TestMountsAndPivotRoot(t *testing.T) {
	root, data := t.TempDir(), t.TempDir()
	file := filepath.Join(data, "file")
	if err := os.WriteFile(file, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := Runner{CloneFlags: userAndMount, PivotRoot: root, WorkDir: "/w", Mounts: append(system(),
		bind(data, "w", false, false), bind(data, "ro/deep", true, false), bind(file, "a/file", true, true),
		SyscallParams{Source: pointer("tmpfs"), Target: pointer("tmp"), FsType: pointer("tmpfs"), Prefixes: []*byte{pointer("tmp")},
			Data: pointer("size=4k")})}
	out := run(t, r, "pwd; cat /a/file /ro/deep/file; echo; echo new >/w/new; (echo >/ro/deep/x) 2>&- || echo ro; (echo >/x) 2>&- || echo root; ls /")
	equal(t, strings.Join(strings.Fields(out), " "), "/w texttext ro root a bin lib lib64 ro tmp usr w")
	if _, err := os.Stat(filepath.Join(data, "new")); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(root); len(list) != 0 {
		t.Errorf("%v", list)
	}
	// Targets that begin with the root.
	r.Mounts = append(system(), bind(data, root+"/w", false, false))
	r.Mounts[len(r.Mounts)-1].Prefixes = []*byte{pointer(root + "/w")}
	equal(t, run(t, r, "cat /w/file"), "text")
	r.PivotRoot = "/not/there"
	refused(t, r, syscall.ENOENT, LocMountTmpfs, 0)
	r.PivotRoot = file
	refused(t, r, syscall.ENOTDIR, LocMountTmpfs, 0)
}

func TestMountsWithoutPivotRoot(t *testing.T) {
	target, data := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "file"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{target, link, link + "/below"} {
		m := bind(data, to, true, false)
		m.Prefixes = m.Prefixes[len(m.Prefixes)-1:]
		equal(t, run(t, Runner{CloneFlags: userAndMount, Mounts: []SyscallParams{m}}, "cat "+to+"/file"), "text")
	}
	if _, err := os.Stat(filepath.Join(target, "file")); err == nil {
		t.Error("the mount is here too")
	}
}

// The index counts Mounts, whatever directories each of them needs.
func TestTheIndexOfAMount(t *testing.T) {
	list := append(system(), bind("/not/there", "a/b/c", false, false))
	r := Runner{CloneFlags: userAndMount, PivotRoot: t.TempDir(), Mounts: list}
	refused(t, r, syscall.ENOENT, LocMount, len(list)-1)
	list[1].Target, list[1].Prefixes = pointer("../x"), nil
	refused(t, r, syscall.EINVAL, LocMount, 1)
	refused(t, Runner{CloneFlags: userAndMount, Mounts: []SyscallParams{{Source: pointer("NOT_EXISTS"), Target: pointer(""), Prefixes: []*byte{pointer("")}}}},
		syscall.ENOENT, LocMountMkdir, 0)
	list[1] = bind("/usr", "usr/inside/of/what/is/read-only", false, false)
	_, err := (&Runner{Args: []string{"/bin/true"}, CloneFlags: userAndMount, PivotRoot: r.PivotRoot, Mounts: list}).Start()
	if failure, is := err.(ChildError); !is || failure.Location != LocMountMkdir || failure.Index != 1 {
		t.Errorf("%v", err)
	}
}

func TestNames(t *testing.T) {
	r := Runner{CloneFlags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWUTS, HostName: "judge", DomainName: "contest"}
	equal(t, run(t, r, "hostname; cat /proc/sys/kernel/domainname"), "judge\ncontest")
	r.HostName = strings.Repeat("x", 65)
	equal(t, run(t, r, "cat /proc/sys/kernel/domainname"), "contest")
	before, _ := os.Hostname()
	r.CloneFlags, r.HostName = 0, "stranger"
	equal(t, run(t, r, "hostname"), before)
}

func TestCgroupFd(t *testing.T) {
	needRoot(t)
	mounts, _ := os.ReadFile("/proc/self/mounts")
	_, rest, found := strings.Cut(string(mounts), "cgroup2 ")
	if !found {
		t.Skip("no cgroups of version 2")
	}
	folder := strings.Fields(rest)[0] + "/forkexec-gosandbox-" + strconv.Itoa(os.Getpid())
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Skip(err)
	}
	defer os.Remove(folder)
	file, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := run(t, Runner{CgroupFd: file.Fd()}, "cat /proc/self/cgroup")
	if !strings.Contains(out, filepath.Base(folder)) {
		t.Error(out)
	}
	_, err = (&Runner{Args: []string{"/bin/true"}, CgroupFd: 9876}).Start()
	if failure, is := err.(ChildError); !is || failure.Location != LocClone || failure.Err != syscall.EBADF {
		t.Errorf("%v", err)
	}
}

func TestCredentialDropsCapabilities(t *testing.T) {
	needRoot(t)
	r := Runner{Credential: &syscall.Credential{Uid: 10000, Gid: 10001, Groups: []uint32{5}}}
	equal(t, run(t, r, "id -u; id -g; id -G; grep CapBnd /proc/self/status"), "10000\n10001\n10001 5\nCapBnd:\t0000000000000000")
	r.Credential = &syscall.Credential{Uid: 0, Gid: 0}
	equal(t, run(t, r, "id -G; grep CapEff /proc/self/status"), "0\nCapEff:\t0000000000000000")
	r = Runner{CloneFlags: syscall.CLONE_NEWUSER, Credential: &syscall.Credential{Uid: 9}}
	refused(t, r, syscall.EINVAL, LocSetUid, 0)
}

func TestNoNewPrivsAndDropCaps(t *testing.T) {
	equal(t, run(t, Runner{NoNewPrivs: true}, "grep NoNewPrivs /proc/self/status"), "NoNewPrivs:\t1")
	out := run(t, Runner{CloneFlags: syscall.CLONE_NEWUSER, DropCaps: true}, "grep -E 'Cap(Eff|Prm|Inh|Bnd)' /proc/self/status")
	if strings.Trim(strings.Join(strings.Fields(out), ""), "CapEfPrmInhBd:0") != "" {
		t.Error(out)
	}
}

func TestSyncFunc(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "marker")
	var pid int
	r := Runner{Args: []string{"/bin/sh", "-c", ": >" + marker}, SyncFunc: func(child int) error {
		pid = child
		if _, err := os.Stat(marker); err == nil {
			t.Error("it runs already")
		}
		return syscall.Kill(child, 0)
	}}
	got, err := r.Start()
	if err != nil || got != pid {
		t.Fatalf("%d, %d, %v", got, pid, err)
	}
	reap(t, got)
	if _, err := os.Stat(marker); err != nil {
		t.Error(err)
	}
	os.Remove(marker)
	mine := errors.New("mine")
	r.SyncFunc = func(child int) error { pid = child; return mine }
	if _, err := r.Start(); err != mine {
		t.Errorf("%v", err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("the child is still there: %v", err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("it ran")
	}
	// What fails before is no reason to call it, and what fails after it is an error of its own.
	called := false
	r.SyncFunc = func(int) error { called = true; return nil }
	r.Args = []string{"/not/there"}
	refused(t, r, syscall.ENOENT, LocExecve, 0)
	equal(t, called, true)
	called = false
	r.RLimits = []RLimit{{syscall.RLIMIT_CORE, syscall.Rlimit{Cur: 2, Max: 1}}}
	refused(t, r, syscall.EINVAL, LocSetRlimit, 0)
	equal(t, called, false)
}

func TestPtraceStopsAtTheExec(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, err := (&Runner{Args: []string{"/bin/true"}, Ptrace: true}).Start()
	if err != nil {
		t.Fatal(err)
	}
	status := reap(t, pid)
	equal(t, status.Stopped() && status.StopSignal() == syscall.SIGTRAP, true)
	if err := syscall.PtraceCont(pid, 0); err != nil {
		t.Error(err)
	}
	equal(t, reap(t, pid).Exited(), true)
}

// Start comes back before the child stops; the tracer then sees the events of the filter.
func TestPtraceWithSeccompStopsBeforeTheFilter(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	synced := false
	r := Runner{Args: []string{"/bin/uname"}, Ptrace: true, Seccomp: unameFails(0x7ff00000 | 77), SyncFunc: func(int) error { synced = true; return nil }}
	pid, err := r.Start()
	if err != nil || !synced {
		t.Fatal(err)
	}
	status := reap(t, pid)
	if !status.Stopped() || status.StopSignal() != syscall.SIGSTOP {
		t.Fatalf("%#x", status)
	}
	const traceSeccomp, exitKill = 0x80, 0x100000
	if err := syscall.PtraceSetOptions(pid, traceSeccomp|exitKill|syscall.PTRACE_O_TRACEEXEC); err != nil {
		t.Fatal(err)
	}
	var events []int
	for _ = syscall.PtraceCont(pid, 0); ; {
		status = reap(t, pid)
		if !status.Stopped() {
			break
		}
		if status.StopSignal() == syscall.SIGTRAP {
			events = append(events, int(status)>>16)
		}
		_ = syscall.PtraceCont(pid, 0)
	}
	const seccomp = 7
	if len(events) < 2 || events[0] != syscall.PTRACE_EVENT_EXEC || events[1] != seccomp {
		t.Errorf("%v", events)
	}
}

func TestStopBeforeSeccomp(t *testing.T) {
	pid, err := (&Runner{Args: []string{"/bin/sh", "-c", "exit 9"}, StopBeforeSeccomp: true}).Start()
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	for {
		if _, err = syscall.Wait4(pid, &status, syscall.WUNTRACED|syscall.WALL, nil); err != syscall.EINTR {
			break
		}
	}
	if err != nil || !status.Stopped() || status.StopSignal() != syscall.SIGSTOP {
		t.Fatalf("%v, %#x", err, status)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	equal(t, reap(t, pid).ExitStatus(), 9)
	// In a new pid namespace it does nothing, as with go-sandbox.
	pid, err = (&Runner{Args: []string{"/bin/true"}, StopBeforeSeccomp: true, CloneFlags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID}).Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, reap(t, pid).ExitStatus(), 0)
}

func TestUnshareCgroupAfterSync(t *testing.T) {
	mine, err := os.Readlink("/proc/self/ns/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	inSync := ""
	r := Runner{CloneFlags: syscall.CLONE_NEWUSER, UnshareCgroupAfterSync: true, DropCaps: true, SyncFunc: func(pid int) (err error) {
		inSync, err = os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/cgroup")
		return err
	}}
	if out := run(t, r, "readlink /proc/self/ns/cgroup"); out == mine {
		t.Error(out)
	}
	equal(t, inSync, mine)
	// Who may not make one goes on without.
	equal(t, run(t, Runner{UnshareCgroupAfterSync: true}, "echo ran"), "ran")
}

func TestCTTY(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer master.Close()
	name, err := terminal(master)
	if err != nil {
		t.Skip(err)
	}
	slave, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer slave.Close()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	r := Runner{Args: []string{"/bin/sh", "-c", ": </dev/tty && echo tty"}, Env: []string{"PATH=/bin:/usr/bin"}, CTTY: true,
		Files: []uintptr{slave.Fd(), write.Fd(), write.Fd()}}
	pid, err := r.Start()
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := io.ReadAll(read)
	equal(t, strings.TrimSpace(string(out)), "tty")
	reap(t, pid)
	refused(t, Runner{CTTY: true, Files: []uintptr{^uintptr(0)}}, syscall.EBADF, LocIoctl, 0)
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	refused(t, Runner{CTTY: true, Files: []uintptr{null.Fd(), 1, 2}}, syscall.ENOTTY, LocIoctl, 0)
}

// A program that is written while others are started is tried again.
func TestABusyProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "busy")
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, Runner{Args: []string{path}}, syscall.ETXTBSY, LocExecve, 0)
	refused(t, Runner{Args: []string{path}, ExecFile: file.Fd()}, syscall.ETXTBSY, LocExecve, 0)
	timer := time.AfterFunc(10*time.Millisecond, func() { file.Close() })
	defer timer.Stop()
	pid, err := (&Runner{Args: []string{path}}).Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, reap(t, pid).ExitStatus(), 0)
}

func TestNamesOfLocations(t *testing.T) {
	equal(t, ChildError{Err: syscall.EPERM, Location: LocMount, Index: 2}.Error(), "mount(2): operation not permitted")
	equal(t, ChildError{Err: syscall.EPERM, Location: LocExecve}.Error(), "execve: operation not permitted")
	equal(t, ErrorLocation(99).String(), "unknown")
	equal(t, int(LocExecve), 32)
	_, err := (&Runner{Args: []string{"/not/there"}}).Start()
	if failure := forkexec.Failure(err); failure == nil || failure.Stage != forkexec.StageExec {
		t.Errorf("%v", err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	_, _ = (&Runner{Args: []string{"/not/there"}, CloneFlags: userAndMount}).Start()
	before := count()
	for range 10 {
		_, _ = (&Runner{Args: []string{"/not/there"}, CloneFlags: userAndMount, SyncFunc: func(int) error { return nil }}).Start()
		_, _ = (&Runner{Args: []string{"/bin/true"}, SyncFunc: func(int) error { return io.EOF }}).Start()
	}
	equal(t, count(), before)
	if out, err := exec.Command("/bin/true").CombinedOutput(); err != nil {
		t.Errorf("%s, %v", out, err)
	}
}
