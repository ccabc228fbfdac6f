//go:build cgo

package gosandbox

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

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

func TestCTTYIsDescriptor0(t *testing.T) {
	_, slave := terminal(t)
	r := script("read -r line </proc/self/stat; set -- $line; test $7 != 0 && : </dev/tty")
	r.Files = []uintptr{slave.Fd(), 1, 2}
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	if wait(t, pid).ExitStatus() == 0 {
		t.Error("it has a terminal without CTTY")
	}
	r.CTTY = true
	if pid, err = r.Start(); err != nil {
		t.Fatal(err)
	}
	equal(t, wait(t, pid).ExitStatus(), 0)
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	r.Files = []uintptr{null.Fd()}
	fails(t, r, ChildError{syscall.ENOTTY, LocIoctl, 0})
	r.Files = []uintptr{^uintptr(0)}
	fails(t, r, ChildError{syscall.EBADF, LocIoctl, 0})
}

// group makes a cgroup of version 2, wherever that is mounted.
func group(t *testing.T) (directory *os.File, name string) {
	t.Helper()
	needRoot(t)
	const fsopen, fsconfig, fsmount, create = 430, 431, 432, 6
	context, _, errno := syscall.Syscall(fsopen, uintptr(unsafe.Pointer(c("cgroup2"))), 1, 0)
	if errno != 0 {
		t.Skipf("needs cgroup2: %v", errno)
	}
	defer syscall.Close(int(context))
	if _, _, errno := syscall.Syscall6(fsconfig, context, create, 0, 0, 0, 0); errno != 0 {
		t.Skipf("needs cgroup2: %v", errno)
	}
	mount, _, errno := syscall.Syscall(fsmount, context, 1, 0)
	if errno != 0 {
		t.Skipf("needs cgroup2: %v", errno)
	}
	t.Cleanup(func() { syscall.Close(int(mount)) })
	name = fmt.Sprintf("gosandbox-%d-%s", os.Getpid(), t.Name())
	if err := syscall.Mkdirat(int(mount), name, 0o755); err != nil {
		t.Skipf("needs a cgroup2 to make groups in: %v", err)
	}
	t.Cleanup(func() {
		path := c(name)
		const removeDirectory = 0x200 // AT_REMOVEDIR
		eventually(t, "the cgroup is empty", func() bool {
			_, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, mount, uintptr(unsafe.Pointer(path)), removeDirectory)
			return errno == 0
		})
	})
	fd, err := syscall.Openat(int(mount), name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	directory = os.NewFile(uintptr(fd), name)
	t.Cleanup(func() { directory.Close() })
	return
}

func TestCgroupFdIsEntered(t *testing.T) {
	directory, name := group(t)
	r := script("grep ^0: /proc/self/cgroup")
	r.CgroupFd = directory.Fd()
	contains(t, says(t, r), "/"+name)
	r.UnshareCgroupAfterSync = true
	if text := says(t, r); strings.Contains(text, name) {
		t.Errorf("%s: its cgroup is not the root of its namespace", text)
	}
}

func TestWhatIsNoCgroupIsRefused(t *testing.T) {
	r := script("")
	r.CgroupFd = 1000
	fails(t, r, ChildError{syscall.EBADF, LocClone, 0})
}
