//go:build cgo && linux

package forkexec

import (
	"bufio"
	"errors"
	"fmt"
	"net"
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

// What programs rely on that start children with Go's own packages.

// own maps user and group 0 of a namespace to this process's.
func own(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	return attr
}

func namespaceOf(t *testing.T, kind string) string {
	t.Helper()
	link, err := os.Readlink("/proc/self/ns/" + kind)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func TestAZeroSysProcAttrAsksForNothing(t *testing.T) {
	fields := strings.Fields(sys(t, &syscall.SysProcAttr{}, "set -- $(cat /proc/$$/stat); echo $1 $4 $5"))
	if fields[0] == itoa(os.Getpid()) || fields[1] != itoa(os.Getpid()) || fields[2] != itoa(syscall.Getpgrp()) {
		t.Errorf("pid, parent and group: %v", fields)
	}
}

func TestSetgroupsIsAllowedOnlyToWhoMayAllowIt(t *testing.T) {
	attr := own(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, GidMappingsEnableSetgroups: true})
	if os.Getuid() == 0 {
		equal(t, sys(t, attr, "whoami; cat /proc/self/setgroups"), "root\nallow")
		return
	}
	cmd := Command("/bin/true")
	cmd.SysProcAttr = attr
	if err := cmd.Run(); !errors.Is(err, syscall.EPERM) {
		t.Errorf("%v", err)
	}
}

func TestNoGroupsAreLeft(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	if os.Getenv("FORKEXEC_TEST_GROUPS") == "" {
		// From a process that has some.
		cmd.Env = append(os.Environ(), "FORKEXEC_TEST_GROUPS=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: []uint32{77, 78}}}
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s%v", said, err)
		}
		return
	}
	equal(t, sh(t, nil, "id -G"), "0 77 78")
	equal(t, sys(t, &syscall.SysProcAttr{Credential: &syscall.Credential{}}, "id -G"), "0")
	equal(t, sys(t, &syscall.SysProcAttr{Credential: &syscall.Credential{NoSetGroups: true}}, "id -G"), "0 77 78")
	allowed := own(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, GidMappingsEnableSetgroups: true, Credential: &syscall.Credential{}})
	equal(t, sys(t, allowed, "id -G"), "0")
}

func TestItsOwnIDsWithoutSetgroupsNeedNoPrivilege(t *testing.T) {
	with := &syscall.Credential{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid()), NoSetGroups: true}
	equal(t, sys(t, &syscall.SysProcAttr{Credential: with}, "id -u"), itoa(os.Getuid()))
}

func TestMountsOfAnUnsharedNamespaceStayInIt(t *testing.T) {
	needRoot(t)
	directory := filepath.Join(t.TempDir(), "proc")
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	sys(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, "mount -t proc proc "+directory+" && test -e "+directory+"/self")
	if err := os.Remove(directory); err != nil {
		t.Error(err)
	}
}

func TestMountsOfAnUnsharedNamespaceUnderAnotherRoot(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	if err := os.Mkdir(root+"/proc", 0o755); err != nil {
		t.Fatal(err)
	}
	const source = `#include <sys/mount.h>
#include <unistd.h>
int main(void) { return mount("proc", "/proc", "proc", 0, 0) || access("/proc/self", F_OK); }`
	cc := exec.Command("cc", "-static", "-o", root+"/mounts", "-x", "c", "-")
	cc.Stdin = strings.NewReader(source)
	if said, err := cc.CombinedOutput(); err != nil {
		t.Skipf("needs a C compiler and a static C library: %s%v", said, err)
	}
	cmd := Command("/mounts")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Unshareflags: syscall.CLONE_NEWNS}
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s%v", said, err)
	}
	if err := os.Remove(root + "/proc"); err != nil {
		t.Error(err)
	}
}

func TestAnUnsharedUserNamespaceMayChangeItsRoot(t *testing.T) {
	attr := own(&syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER})
	equal(t, sys(t, attr, "PATH=$PATH:/usr/sbin:/sbin; chroot / id -u"), "0")
}

func TestANewTimeNamespace(t *testing.T) {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWTIME}
	if os.Getuid() != 0 {
		attr = own(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWTIME | syscall.CLONE_NEWUSER})
	}
	if link := sys(t, attr, "readlink /proc/self/ns/time"); link == namespaceOf(t, "time") {
		t.Errorf("%s is the caller's", link)
	}
}

func TestPidFDOfAUserNamespace(t *testing.T) {
	fd := 0
	attr := own(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, PidFD: &fd})
	pid, err := ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{Sys: attr}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if _, _, errno := syscall.Syscall6(424, uintptr(fd), uintptr(syscall.SIGINT), 0, 0, 0, 0); errno != 0 { // pidfd_send_signal
		t.Error(errno)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status.Signal() != syscall.SIGINT {
		t.Errorf("%#x, %v", status, err)
	}
}

func TestPidFDOutlivesTheWait(t *testing.T) {
	fd := 0
	process, err := StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{Sys: &syscall.SysProcAttr{PidFD: &fd}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := process.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, _, errno := syscall.Syscall6(424, uintptr(fd), 0, 0, 0, 0, 0); errno != syscall.ESRCH {
		t.Errorf("it is closed: %v", errno)
	}
	syscall.Close(fd)
}

func TestAmbientCapabilitiesOfBothWords(t *testing.T) {
	needRoot(t)
	const time, syslog = 25, 34
	for name, attr := range map[string]*syscall.SysProcAttr{
		"of another user": {Credential: &syscall.Credential{Uid: 65534, Gid: 65534}},
		"of a user namespace": {Cloneflags: syscall.CLONE_NEWUSER, Credential: &syscall.Credential{Uid: 65534, Gid: 65534},
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 65534, HostID: 0, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 65534, HostID: 0, Size: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			attr.AmbientCaps = []uintptr{time, syslog}
			equal(t, sys(t, attr, "grep CapEff /proc/self/status"), fmt.Sprintf("CapEff:\t%016x", 1<<time|1<<syslog))
		})
	}
}

// terminal is a new pseudoterminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs a pseudoterminal: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	var number, unlocked int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlocked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(argument))); errno != 0 {
			t.Fatal(errno)
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs a pseudoterminal: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
	return
}

func TestForegroundOfATerminal(t *testing.T) {
	if os.Getenv("FORKEXEC_TEST_TERMINAL") == "" {
		_, slave := terminal(t)
		cmd := Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "FORKEXEC_TEST_TERMINAL=1")
		cmd.Stdin = slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // Ctty is the child's 0
		said, err := cmd.Output()
		if err != nil || !strings.Contains(string(said), "--- PASS") {
			t.Errorf("%s%v", said, err)
		}
		return
	}
	signals := make(chan os.Signal, 9)
	signal.Notify(signals, syscall.SIGTTIN, syscall.SIGTTOU)
	const mine = "set -- $(cat /proc/$$/stat); test $5 = $$ && test $8 = $$ && echo mine"
	equal(t, sys(t, &syscall.SysProcAttr{Foreground: true}, mine), "mine") // Ctty is the caller's 0
	select {
	case got := <-signals:
		t.Errorf("the caller got %v", got)
	default:
	}
}

func TestTheDeathOfItsParentReachesWhoChangedTheUser(t *testing.T) {
	needRoot(t)
	if os.Getenv("FORKEXEC_TEST_DEATH") != "" {
		runtime.LockOSThread()
		cmd := Command("/bin/sh", "-c", "trap 'echo told; exit' USR1; echo ready; while :; do sleep 0.01; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGUSR1, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "FORKEXEC_TEST_DEATH=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	equal(t, lines.Text(), "ready")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	lines.Scan()
	equal(t, lines.Text(), "told")
	_ = cmd.Wait()
}

func TestOnlyTheFilesThatWereGivenAreOpen(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // and with it the runtime's epoll
	if err != nil {
		t.Skipf("needs a loopback: %v", err)
	}
	defer listener.Close()
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := Command("/bin/sh", "-c", "ls /proc/$$/fd; readlink /proc/$$/fd/3")
	cmd.ExtraFiles = []*os.File{file}
	said, err := cmd.Output()
	if err != nil || string(said) != "0\n1\n2\n3\n/dev/null\n" {
		t.Errorf("%s%v", said, err)
	}
}

func TestCommandsDoNotGetEachOthersFiles(t *testing.T) {
	var group sync.WaitGroup
	for i := range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			file, err := os.Create(filepath.Join(t.TempDir(), itoa(i)))
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			cmd := Command("/bin/sh", "-c", "ls /proc/$$/fd; readlink /proc/$$/fd/3")
			cmd.ExtraFiles = []*os.File{file}
			if said, err := cmd.Output(); err != nil || string(said) != "0\n1\n2\n3\n"+file.Name()+"\n" {
				t.Errorf("%s%v", said, err)
			}
		}()
	}
	group.Wait()
}

func TestOneChildIsOneSIGCHLD(t *testing.T) {
	one := func() {
		process, err := StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := process.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	one() // what the library tries once
	signals := make(chan os.Signal, 9)
	signal.Notify(signals, syscall.SIGCHLD)
	defer signal.Stop(signals)
	one()
	select {
	case <-signals:
	case <-time.After(20 * time.Second):
		t.Fatal("no SIGCHLD")
	}
	one()
	<-signals
	select {
	case <-signals:
		t.Error("one more")
	default:
	}
}

func TestAStopIsNoEnd(t *testing.T) {
	child, err := Spawn("/bin/sleep", []string{"sleep", "1000"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	for _, one := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := child.Signal(one); err != nil {
			t.Fatal(err)
		}
		if status, err := child.WaitTimeout(20 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v: %v, %v", one, status, err)
		}
	}
	_ = child.Signal(syscall.SIGKILL)
	if status, err := child.WaitTimeout(20 * time.Second); err != nil || status.Signal != syscall.SIGKILL {
		t.Errorf("%v, %v", status, err)
	}
}

func TestANULIsRefused(t *testing.T) {
	for _, cmd := range []*Cmd{{Path: "/bin/true", Env: []string{"A=\x00"}}, {Path: "/bin/true", Args: []string{"\x00"}},
		{Path: "/bin/\x00"}, {Path: "/bin/true", Dir: "/\x00"}} {
		if err := cmd.Run(); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%+v: %v", cmd, err)
		}
	}
}

func TestAProgramThatIsSearchedInVainLeavesNothingOpen(t *testing.T) {
	before := openFDs(t)
	for range 10 {
		cmd := Command("forkexec-no-such-program")
		cmd.Stdin = strings.NewReader("input")
		if _, err := cmd.StdoutPipe(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); !errors.Is(err, exec.ErrNotFound) {
			t.Fatal(err)
		}
	}
	equal(t, openFDs(t), before)
}
