//go:build cgo && linux

package forkexec

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// What programs rely on that start children with Go's own packages.

// own maps user and group 0 of a namespace to this process's.
func own(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	return attr
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

func TestPidFDOfAUserNamespace(t *testing.T) {
	fd := 0
	attr := own(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, PidFD: &fd})
	pid, err := ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{Sys: attr}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if _, _, errno := syscall.Syscall6(424, uintptr(fd), uintptr(syscall.SIGKILL), 0, 0, 0, 0); errno != 0 { // pidfd_send_signal
		t.Error(errno)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status.Signal() != syscall.SIGKILL {
		t.Errorf("%#x, %v", status, err)
	}
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
