//go:build cgo && linux

package forkexec

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// forked starts a program by ForkExec and waits for it.
func forked(t *testing.T, attr *syscall.ProcAttr, argv ...string) syscall.WaitStatus {
	t.Helper()
	pid, err := ForkExec(argv[0], argv, attr, nil)
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	for {
		if _, err = syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestForkExecTakesNil(t *testing.T) {
	pid, err := ForkExec("/bin/true", nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
		t.Fatal(err)
	}
}

func TestFewerThanThreeFilesCloseTheRest(t *testing.T) {
	status := forked(t, &syscall.ProcAttr{Files: []uintptr{0}}, "/bin/sh", "-c", "test ! -e /proc/$$/fd/1 -a ! -e /proc/$$/fd/2")
	equal(t, status.ExitStatus(), 0)
}

func TestMinusOneClosesAFile(t *testing.T) {
	status := forked(t, &syscall.ProcAttr{Files: []uintptr{^uintptr(0), 1, 2}}, "/bin/sh", "-c", "test ! -e /proc/$$/fd/0")
	equal(t, status.ExitStatus(), 0)
	_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Files: []uintptr{^uintptr(1)}}, nil)
	if !errors.Is(err, syscall.EBADF) {
		t.Errorf("-2: %v", err)
	}
	_, err = ForkExec("/bin/true", nil, &syscall.ProcAttr{Files: []uintptr{987}}, nil)
	if !errors.Is(err, syscall.EBADF) {
		t.Errorf("one that is not open: %v", err)
	}
}

// Under Go it reaches the child.
func TestDescriptorsThatNobodyAskedForAreClosed(t *testing.T) {
	fd, err := syscall.Open("/", syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	script := "test -e /proc/$$/fd/" + itoa(fd) + " && echo there || echo closed"
	equal(t, sh(t, nil, script), "closed")
	equal(t, sh(t, &Attr{InheritFDs: true}, script), "there")
}

func TestSetsidSetpgidAndPgid(t *testing.T) {
	equal(t, sys(t, &syscall.SysProcAttr{Setsid: true}, "set -- $(cat /proc/$$/stat); test $6 = $$ && echo yes"), "yes")
	equal(t, sys(t, &syscall.SysProcAttr{Setpgid: true}, "set -- $(cat /proc/$$/stat); test $5 = $$ && echo yes"), "yes")
	first := Command("/bin/sleep", "1000")
	first.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	pgid := first.Process.Pid
	got := sys(t, &syscall.SysProcAttr{Setpgid: true, Pgid: pgid}, "set -- $(cat /proc/$$/stat); echo $5")
	equal(t, got, itoa(pgid))
	_ = first.Process.Kill()
	_ = first.Wait()
}

func TestCredentialDropsTheGroups(t *testing.T) {
	needRoot(t)
	equal(t, sys(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1000, Gid: 1001}}, "id -u; id -g; id -G"), "1000\n1001\n1001")
	with := &syscall.Credential{Uid: 1000, Gid: 1001, Groups: []uint32{7, 8}}
	equal(t, sys(t, &syscall.SysProcAttr{Credential: with}, "id -G"), "1001 7 8")
}

// Go writes 1 -> 0 here: the memory that parent and child share is no more dumpable.
func TestCredentialLeavesTheCallerDumpable(t *testing.T) {
	needRoot(t)
	// Another test's os/exec may have cleared it.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 1, 0); errno != 0 {
		t.Fatal(errno)
	}
	_ = sys(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1000, Gid: 1000}}, "true")
	dumpable, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	equal(t, dumpable, uintptr(1))
}

func TestUserNamespaceWithMaps(t *testing.T) {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	equal(t, sys(t, attr, "id -u; cat /proc/self/setgroups"), "0\ndeny")
	attr.Credential = &syscall.Credential{}
	equal(t, sys(t, attr, "id -u"), "0")
	attr.Credential = &syscall.Credential{Uid: 5}
	cmd := Command("/bin/true")
	cmd.SysProcAttr = attr
	if err := cmd.Run(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a user that is not mapped: %v", err)
	}
}

func TestUnshareOfTheNetwork(t *testing.T) {
	needRoot(t)
	equal(t, sys(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}, "tail -n +3 /proc/net/dev | grep -vc lo:; true"), "0")
}

func TestAmbientCapabilities(t *testing.T) {
	needRoot(t)
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: []uintptr{10}}
	equal(t, sys(t, attr, "grep CapAmb /proc/self/status"), "CapAmb:\t0000000000000400")
}

// The last two hang under Go, or start a child that nobody meant.
func TestWhatIsRefusedBeforeThereIsAProcess(t *testing.T) {
	maps := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	for name, attr := range map[string]*syscall.SysProcAttr{
		"Setctty and Foreground": {Setctty: true, Foreground: true},
		"Ctty":                   {Setctty: true, Setsid: true, Ctty: 3},
		"negative Ctty":          {Setctty: true, Setsid: true, Ctty: -1},
		"CLONE_IO":               {Unshareflags: 0x80000000},
		"CLONE_PARENT":           {Cloneflags: syscall.CLONE_PARENT},
		"CLONE_VM":               {Cloneflags: syscall.CLONE_VM},
		"empty maps":             {Cloneflags: syscall.CLONE_NEWUSER, UidMappings: []syscall.SysProcIDMap{}},
		"capability 64":          {AmbientCaps: []uintptr{64}},
		"Setsid and Setpgid":     {Setsid: true, Setpgid: true},
		"maps without namespace": {UidMappings: maps},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := Command("/bin/true")
			cmd.SysProcAttr = attr
			err := cmd.Run()
			var failure *Error
			if !errors.As(err, &failure) || failure.Stage != StageValidate || failure.Pid != 0 {
				t.Errorf("%v", err)
			}
			if !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EBADF) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPidFD(t *testing.T) {
	fd := 5
	pid, err := ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{PidFD: &fd}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, errno := syscall.Syscall6(424, uintptr(fd), uintptr(syscall.SIGKILL), 0, 0, 0, 0); errno != 0 {
		t.Error(errno)
	}
	syscall.Close(fd)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status.Signal() != syscall.SIGKILL {
		t.Errorf("%v, %v", status, err)
	}
	if _, err := ForkExec("/not/there", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{PidFD: &fd}}, nil); err == nil || fd != -1 {
		t.Errorf("%v, %d", err, fd)
	}
}

func TestPtraceStopsAtTheExec(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() || status.StopSignal() != syscall.SIGTRAP {
		t.Errorf("%v, %v", status, err)
	}
	_ = syscall.PtraceCont(pid, 0)
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || !status.Exited() {
		t.Errorf("%v, %v", status, err)
	}
}

func TestPdeathsigFollowsTheThread(t *testing.T) {
	path := t.TempDir() + "/pid"
	var start func()
	start = func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if syscall.Gettid() == os.Getpid() {
			go start() // the first thread never ends: keep it until there is another
			pidIn(t, path)
			runtime.UnlockOSThread()
			return
		}
		cmd := Command("/bin/sh", "-c", "echo $$ > "+path+"; exec sleep 1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Error(err)
			return
		}
		pidIn(t, path)
		go func() { _ = cmd.Wait() }()
	}
	go start()
	pid := pidIn(t, path)
	eventually(t, "the end of the child", func() bool { return gone(pid) })
}

func TestLimitOfDescriptorsIsThatBeforeGo(t *testing.T) {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		t.Fatal(err)
	}
	// An outer shell sets the limit that Go then raises.
	script := "ulimit -Sn 100; FORKEXEC_TEST_NOFILE=1 exec /proc/" + itoa(os.Getpid()) + "/exe -test.run=TestLimitOfDescriptorsIsThatBeforeGo"
	if os.Getenv("FORKEXEC_TEST_NOFILE") == "" {
		out := sh(t, nil, script)
		if !strings.Contains(out, "first:100\n") || !strings.Contains(out, "then:90\n") {
			t.Errorf("%s", out)
		}
		return
	}
	os.Stdout.WriteString("first:" + sh(t, nil, "ulimit -Sn") + "\n")
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 90, Max: now.Max}); err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("then:" + sh(t, nil, "ulimit -Sn") + "\n")
}
