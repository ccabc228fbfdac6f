//go:build cgo && linux

package forkexec

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// What Go's own tests of syscall, os, os/exec and os/signal show of children, in our words.

func ownMaps() (uids, gids []syscall.SysProcIDMap) {
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}, []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
}

func TestSetgroupsIsAllowedOnlyToWhoMay(t *testing.T) {
	uids, gids := ownMaps()
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: uids, GidMappings: gids, GidMappingsEnableSetgroups: true}
	if os.Getuid() == 0 {
		equal(t, sys(t, attr, "cat /proc/self/setgroups"), "allow")
		return
	}
	cmd := Command("/bin/true")
	cmd.SysProcAttr = attr
	if err := cmd.Run(); !errors.Is(err, syscall.EPERM) || !os.IsPermission(err) {
		t.Errorf("%v", err)
	}
}

func TestMountsOfAnUnsharedNamespaceStayThere(t *testing.T) {
	uids, gids := ownMaps()
	dir := t.TempDir()
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		attr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, UidMappings: uids, GidMappings: gids}
	}
	equal(t, sys(t, attr, "mount -t tmpfs tmpfs "+dir+" && : >"+dir+"/file && ls "+dir), "file")
	if err := os.Remove(dir); err != nil {
		t.Errorf("the mount is here too: %v", err)
	}
}

func TestChrootInAnUnsharedNamespace(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	for _, name := range []string{"usr", "bin", "lib", "lib64"} {
		real, err := filepath.EvalSymlinks("/" + name)
		if err != nil {
			continue
		}
		if err := os.Symlink(real, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing real is in it: the program is missing there.
	cmd := Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Chroot: root}
	if err := cmd.Run(); !os.IsNotExist(err) && !errors.Is(err, syscall.ELOOP) {
		t.Errorf("%v", err)
	}
	static := filepath.Join(root, "static")
	text, err := os.ReadFile("../../build/check/main/bench/tiny")
	if err != nil {
		t.Skipf("no program without libraries: %v", err)
	}
	if err := os.WriteFile(static, text, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd = Command("/static")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Chroot: root}
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

func TestAUserMayChrootInHisOwnNamespace(t *testing.T) {
	uids, gids := ownMaps()
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, UidMappings: uids, GidMappings: gids, Chroot: "/"}
	equal(t, sys(t, attr, "id -u"), "0")
}

func TestUseCgroupFD(t *testing.T) {
	needRoot(t)
	// Wherever it is mounted.
	mounts, _ := os.ReadFile("/proc/self/mounts")
	_, rest, found := strings.Cut(string(mounts), "cgroup2 ")
	if !found {
		t.Skip("no cgroups of version 2")
	}
	folder := strings.Fields(rest)[0] + "/forkexec-go-" + itoa(os.Getpid())
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Skip(err)
	}
	defer os.Remove(folder)
	fd, err := syscall.Open(folder, syscall.O_DIRECTORY|syscall.O_CLOEXEC|0x200000 /* O_PATH */, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	out := sys(t, &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}, "cat /proc/self/cgroup")
	if !strings.Contains(out, filepath.Base(folder)) {
		t.Error(out)
	}
}

func TestTimeNamespace(t *testing.T) {
	needRoot(t)
	mine, err := os.Readlink("/proc/self/ns/time")
	if err != nil {
		t.Skip(err)
	}
	for _, attr := range []*syscall.SysProcAttr{{Cloneflags: syscall.CLONE_NEWTIME}, {Unshareflags: syscall.CLONE_NEWTIME}} {
		if out := sys(t, attr, "readlink /proc/self/ns/time"); out == mine || !strings.HasPrefix(out, "time:[") {
			t.Error(out)
		}
	}
}

func TestAmbientCapabilitiesOfBothWords(t *testing.T) {
	const sysTime, syslog = 25, 34
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: []uintptr{sysTime, syslog}}
	if os.Getuid() != 0 {
		attr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, AmbientCaps: []uintptr{sysTime, syslog},
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Getgid(), Size: 1}}}
	}
	equal(t, sys(t, attr, "grep CapEff /proc/self/status"), "CapEff:\t0000000402000000")
}

func TestAnEmptySysProcAttrChangesNothing(t *testing.T) {
	want := itoa(syscall.Getpgrp())
	equal(t, sys(t, &syscall.SysProcAttr{}, "set -- $(cat /proc/$$/stat); echo $5"), want)
}

// A terminal: its two ends.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	var number, unlocked uint32
	for _, call := range []struct {
		request uintptr
		place   *uint32
	}{{syscall.TIOCSPTLCK, &unlocked}, {syscall.TIOCGPTN, &number}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), call.request, uintptr(unsafe.Pointer(call.place))); errno != 0 {
			t.Skip(errno)
		}
	}
	slave, err = os.OpenFile("/dev/pts/"+itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

func TestSetcttyTakesTheChildsNumber(t *testing.T) {
	_, slave := terminal(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := Command("/bin/sh", "-c", ": </dev/tty && echo tty >&4")
	cmd.ExtraFiles = []*os.File{slave, write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	err = cmd.Run()
	write.Close()
	out, _ := io.ReadAll(read)
	if err != nil || string(out) != "tty\n" {
		t.Errorf("%v: %q", err, out)
	}
}

// In a session of its own, whose terminal it is: a child is put in the foreground, and the parent is neither stopped nor told.
func TestForeground(t *testing.T) {
	const variable = "FORKEXEC_TEST_FOREGROUND"
	if os.Getenv(variable) == "" {
		_, slave := terminal(t)
		cmd := Command("/proc/self/exe", "-test.run=^TestForeground$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"=1")
		cmd.Stdin = slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan os.Signal, 8)
	signal.Notify(heard, syscall.SIGTTIN, syscall.SIGTTOU)
	cmd := Command("/bin/sh", "-c", "set -- $(cat /proc/$$/stat); test $5 = $$ && test $8 = $$ && echo foreground")
	cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: int(tty.Fd())}
	out, err := cmd.Output()
	if err != nil || string(out) != "foreground\n" {
		t.Errorf("%v: %q", err, out)
	}
	signal.Ignore(syscall.SIGTTOU) // the group in front is gone: whoever writes is told
	back := int32(syscall.Getpgrp())
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TIOCSPGRP, uintptr(unsafe.Pointer(&back))); errno != 0 {
		t.Error(errno)
	}
	select {
	case s := <-heard:
		t.Errorf("the parent got %v", s)
	default:
	}
}

// The kernel clears the signal with the change of user: it is set after that.
func TestPdeathsigOfAnotherUser(t *testing.T) {
	needRoot(t)
	started, ended := make(chan bool), make(chan error)
	var start func()
	start = func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if syscall.Gettid() == os.Getpid() {
			go start() // the first thread never ends: keep it until there is another
			<-started
			runtime.UnlockOSThread()
			started <- true
			return
		}
		cmd := Command("/bin/sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, Pdeathsig: syscall.SIGUSR1}
		err := cmd.Start()
		started <- err == nil
		if err != nil {
			t.Error(err)
			ended <- err
			return
		}
		go func() { ended <- cmd.Wait() }()
	}
	go start()
	<-started
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGUSR1 {
		t.Errorf("%v", err)
	}
}

func TestThePidfdIsGoodAfterTheWait(t *testing.T) {
	fd := -1
	process, err := StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{Sys: &syscall.SysProcAttr{PidFD: &fd}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if _, err := process.Wait(); err != nil {
		t.Fatal(err)
	}
	const sendSignal = 424
	if _, _, errno := syscall.Syscall6(sendSignal, uintptr(fd), 0, 0, 0, 0, 0); errno != syscall.ESRCH {
		t.Errorf("%v", errno)
	}
	if err := process.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("%v", err)
	}
}

// Two commands at a time have their own files.
func TestExtraFilesOfTwoCommands(t *testing.T) {
	for i := 0; i < 20; i++ {
		var group sync.WaitGroup
		for _, name := range []string{"a", "b"} {
			group.Add(1)
			go func() {
				defer group.Done()
				var files []*os.File
				for range 10 {
					file, err := os.CreateTemp(t.TempDir(), name)
					if err != nil {
						t.Error(err)
						return
					}
					defer file.Close()
					files = append(files, file)
				}
				cmd := Command("/bin/sh", "-c", "for n in 3 4 5 6 7 8 9 10 11 12; do readlink /proc/$$/fd/$n; done")
				cmd.ExtraFiles = files
				out, err := cmd.Output()
				if lines := strings.Fields(string(out)); err != nil || len(lines) != 10 {
					t.Errorf("%v: %s", err, out)
				} else {
					for n, line := range lines {
						if line != files[n].Name() {
							t.Errorf("%s and not %s", line, files[n].Name())
						}
					}
				}
			}()
		}
		group.Wait()
	}
}

func TestOwnCredentialsWithoutSetgroups(t *testing.T) {
	mine := &syscall.Credential{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid()), NoSetGroups: true}
	equal(t, sys(t, &syscall.SysProcAttr{Credential: mine}, "id -u"), itoa(os.Getuid()))
}

func TestOneSIGCHLDForAChild(t *testing.T) {
	const variable = "FORKEXEC_TEST_SIGCHLD"
	if os.Getenv(variable) == "" {
		cmd := Command("/proc/self/exe", "-test.run=^TestOneSIGCHLDForAChild$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	heard := make(chan os.Signal, 16)
	signal.Notify(heard, syscall.SIGCHLD)
	for _, attr := range []*Attr{nil, {CreateNamespaces: NamespaceUser}} {
		cmd := Command("/bin/true")
		cmd.Attr = attr
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
		case <-time.After(20 * time.Second):
			t.Error("no signal")
		}
		if cmd = Command("/not/there"); cmd.Run() == nil { // a child that was never the program is nobody's business
			t.Error("it ran")
		}
		select {
		case <-heard:
			t.Error("another signal")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestAStopIsNoEnd(t *testing.T) {
	cmd := Command("/bin/sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
	eventually(t, "the stop", func() bool {
		stat, _ := os.ReadFile("/proc/" + itoa(cmd.Process.Pid) + "/stat")
		return strings.Contains(string(stat), ") T ")
	})
	select {
	case err := <-ended:
		t.Errorf("%v", err)
	case <-time.After(20 * time.Millisecond):
	}
	_ = cmd.Process.Signal(syscall.SIGCONT)
	_ = cmd.Process.Kill()
	if err := <-ended; err == nil {
		t.Error("no error of a kill")
	}
}

// A limit that somebody has set since Go's start is passed on, and not the one from before it.
func TestALimitThatWasSetIsPassedOn(t *testing.T) {
	const variable = "FORKEXEC_TEST_PRLIMIT"
	if os.Getenv(variable) == "" {
		cmd := Command("/proc/self/exe", "-test.run=^TestALimitThatWasSetIsPassedOn$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		t.Fatal(err)
	}
	// By prlimit(2) from outside, of which Go knows nothing.
	if out, err := exec.Command("prlimit", "--nofile=77:"+itoa(int(now.Max)), "--pid", itoa(os.Getpid())).CombinedOutput(); err != nil {
		t.Skipf("%v: %s", err, out)
	}
	equal(t, sys(t, &syscall.SysProcAttr{}, "ulimit -Sn"), "77")
	equal(t, sh(t, &Attr{Rlimits: []Rlimit{{syscall.RLIMIT_NOFILE, 66, RlimitKeep}}}, "ulimit -Sn"), "66")
}

func TestFilesInAnyOrder(t *testing.T) {
	dir := t.TempDir()
	var fds []uintptr
	for _, name := range []string{"a", "b", "c"} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fds = append(fds, file.Fd())
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	script := "for n in 3 4 5 6; do readlink /proc/$$/fd/$n || echo none; done >&7"
	files := []uintptr{0, 1, 2, fds[2], fds[0], ^uintptr(0), fds[0], write.Fd()}
	status := forked(t, &syscall.ProcAttr{Env: os.Environ(), Files: files}, "/bin/sh", "-c", script)
	write.Close()
	out, _ := io.ReadAll(read)
	equal(t, status.ExitStatus(), 0)
	equal(t, strings.Join(strings.Fields(strings.ReplaceAll(string(out), dir+"/", "")), " "), "c a none a")
}

func TestBadInputIsRefusedBeforeThereIsAProcess(t *testing.T) {
	for name, c := range map[string]struct {
		start func() error
		errno syscall.Errno
	}{
		"NUL in path": {func() error { _, err := Spawn("/bin/tr\x00ue", nil, nil, nil); return err }, syscall.EINVAL},
		"NUL in argv": {func() error { _, err := Spawn("/bin/true", []string{"a\x00"}, nil, nil); return err }, syscall.EINVAL},
		"NUL in env":  {func() error { _, err := Spawn("/bin/true", nil, []string{"A=\x00"}, nil); return err }, syscall.EINVAL},
		"NUL in Dir":  {func() error { _, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Dir: "\x00"}, nil); return err }, syscall.EINVAL},
		"NUL in Chroot": {func() error {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Chroot: "\x00"}}, nil)
			return err
		}, syscall.EINVAL},
		"nil item of Mounts":    {func() error { _, err := Spawn("/bin/true", nil, nil, &Attr{Mounts: []MountItem{nil}}); return err }, syscall.EINVAL},
		"nil item of FDActions": {func() error { _, err := Spawn("/bin/true", nil, nil, &Attr{FDActions: []FDAction{nil}}); return err }, syscall.EINVAL},
		"empty Join":            {func() error { _, err := Spawn("/bin/true", nil, nil, &Attr{Joins: []Join{{}}}); return err }, syscall.EBADF},
		"nil Join": {func() error {
			_, err := Spawn("/bin/true", nil, nil, &Attr{Joins: []Join{{Child: new(Child), Types: NamespaceUTS}}})
			return err
		}, syscall.ESRCH},
		"negative Ctty": {func() error {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Foreground: true, Ctty: -1}}, nil)
			return err
		}, syscall.EBADF},
		"CgroupFD": {func() error {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: -1}}, nil)
			return err
		}, syscall.EBADF},
		"a signal": {func() error {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Pdeathsig: 99}}, nil)
			return err
		}, syscall.EINVAL},
		"stages":    {func() error { _, err := Spawn("/bin/true", nil, nil, &Attr{AllowFailure: []Stage{99999}}); return err }, syscall.EINVAL},
		"uid 1<<40": {func() error { _, err := Spawn("/bin/true", nil, nil, &Attr{UID: To(1 << 40)}); return err }, syscall.EINVAL},
		"a file number": {func() error {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Files: []uintptr{1 << 40}}, nil)
			return err
		}, syscall.EINVAL},
		"a clock": {func() error {
			_, err := Spawn("/bin/true", nil, nil, &Attr{CreateNamespaces: NamespaceUser | NamespaceTime, TimeOffsets: []TimeOffset{{Clock: 5}}})
			return err
		}, syscall.EINVAL},
		"an empty filter":    {func() error { _, err := Spawn("/bin/true", nil, nil, &Attr{Seccomp: []SeccompFilter{{}}}); return err }, syscall.EINVAL},
		"negative BusyRetry": {func() error { _, err := Spawn("/bin/true", nil, nil, &Attr{BusyRetry: -time.Second}); return err }, syscall.EINVAL},
		"CLONE_IO": {func() error {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: 0x80000000}}, nil)
			return err
		}, syscall.EINVAL},
		"CLONE_THREAD": {func() error {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Unshareflags: 0x10000}}, nil)
			return err
		}, syscall.EINVAL},
		"a map that overflows": {func() error {
			_, err := Spawn("/bin/true", nil, nil, &Attr{CreateNamespaces: NamespaceUser, UIDMap: []IDMap{{0, 1<<32 - 1, 5}}})
			return err
		}, syscall.EINVAL},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.start()
			failure := Failure(err)
			if failure == nil || failure.Pid != 0 || !errors.Is(err, c.errno) || len(err.Error()) < 15 {
				t.Errorf("%v: %+v", err, failure)
			}
		})
	}
	if _, err := Spawn("", nil, nil, nil); err == nil {
		t.Error("no path")
	}
	if _, err := StartProcess("", nil, nil, nil); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
	var child Child
	if _, err := child.Wait(context.Background()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v", err)
	}
	if child.Close() == nil || child.Release(-1) == nil || child.Signal(0) == nil || child.KillTree() == nil || child.Detach() == nil {
		t.Error("what is done with no child")
	}
}
