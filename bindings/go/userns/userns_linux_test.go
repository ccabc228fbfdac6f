//go:build cgo

package userns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"forkexec"
)

// maps is a map of some ids for root, and of the user's own for others.
func maps() (uid, gid string) {
	if os.Getuid() == 0 {
		return "0:1000:10", "0:1000:10"
	}
	return fmt.Sprintf("0:%d:1", os.Getuid()), fmt.Sprintf("0:%d:1", os.Getgid())
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: setgroups stays allowed, which is no other's to give")
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func inode(t *testing.T, pid int, kind string) uint64 {
	t.Helper()
	info, err := os.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

func file(t *testing.T, pid int, name string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNewNamespacesAreSeenByTheFunction(t *testing.T) {
	needRoot(t)
	called := 0
	err := UnshareAfterEnterUserns("0:1000:10", "0:1000:10", syscall.CLONE_NEWIPC|syscall.CLONE_NEWNET, func(pid int) error {
		called = pid
		for kind, differs := range map[string]bool{"net": true, "user": true, "ipc": true, "pid": false, "uts": false} {
			if (inode(t, pid, kind) != inode(t, os.Getpid(), kind)) != differs {
				t.Errorf("%s: whether it is another should be %v", kind, differs)
			}
		}
		equal(t, file(t, pid, "uid_map"), "         0       1000         10\n")
		equal(t, file(t, pid, "gid_map"), "         0       1000         10\n")
		equal(t, file(t, pid, "setgroups"), "allow\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, syscall.Kill(called, 0), error(syscall.ESRCH))
}

func TestTheMappedUserOwnsTheNamespace(t *testing.T) {
	needRoot(t)
	err := UnshareAfterEnterUserns("0:1000:1", "0:1000:1", syscall.CLONE_NEWIPC, func(pid int) error {
		namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", pid))
		if err != nil {
			return err
		}
		defer namespace.Close()
		const getOwner = 0xb704 // NS_GET_OWNER_UID
		var owner uint32
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, namespace.Fd(), getOwner, uintptr(unsafe.Pointer(&owner))); errno != 0 {
			return errno
		}
		equal(t, owner, uint32(1000))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, os.Geteuid(), 0)
}

func TestAUserNamespaceIsNotAskedForTwice(t *testing.T) {
	err := UnshareAfterEnterUserns("0:1000:1", "0:1000:1", syscall.CLONE_NEWUSER|syscall.CLONE_NEWIPC, nil)
	if err == nil || !strings.Contains(err.Error(), "unshare flags should not include user namespace") {
		t.Errorf("%v", err)
	}
}

func TestOtherFlagsAreInvalid(t *testing.T) {
	for _, flag := range []uintptr{syscall.CLONE_IO, syscall.CLONE_THREAD, syscall.CLONE_VM} {
		err := UnshareAfterEnterUserns("0:1000:1", "0:1000:1", flag, nil)
		if err == nil || !strings.Contains(err.Error(), "fork/exec /proc/self/exe: invalid argument") || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%#x: %v", flag, err)
		}
	}
}

func TestMapsThatAreNone(t *testing.T) {
	for _, wrong := range []string{"", "0:1000", "0:1000:1:1", "a:1000:1", "0:a:1", "0:1000:a", "-1:1000:1", "0:-1:1", "0:1000:-1", "0:99999999999:1"} {
		called := func(int) error { t.Error("called"); return nil }
		if err := UnshareAfterEnterUserns(wrong, "0:1000:1", 0, called); err == nil || !strings.Contains(err.Error(), "uid map") {
			t.Errorf("%q: %v", wrong, err)
		}
		if err := UnshareAfterEnterUserns("0:1000:1", wrong, 0, called); err == nil || !strings.Contains(err.Error(), "gid map") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if err := UnshareAfterEnterUserns("0:1000:0", "0:1000:1", 0, nil); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("no ids: %v", err)
	}
}

func TestTheErrorOfTheFunctionIsReturned(t *testing.T) {
	needRoot(t)
	uid, gid := maps()
	err := UnshareAfterEnterUserns(uid, gid, syscall.CLONE_NEWIPC|syscall.CLONE_NEWNET, func(pid int) error {
		ends(t, pid)
		_, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestAProcessThatIsGoneIsAnError(t *testing.T) {
	needRoot(t)
	uid, gid := maps()
	err := UnshareAfterEnterUserns(uid, gid, syscall.CLONE_NEWIPC, func(pid int) error { ends(t, pid); return nil })
	if err == nil || !strings.Contains(err.Error(), "failed to ensure child process is alive: no such process") ||
		!errors.Is(err, syscall.ESRCH) {
		t.Errorf("%v", err)
	}
}

// ends kills and reaps a process, as a function that is asked in its own way would.
func ends(t *testing.T, pid int) {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := process.Wait(); err != nil {
		t.Error(err)
	}
}

func TestAUserMayNotLeaveSetgroupsAllowed(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("needs a user without privileges")
	}
	uid, gid := maps()
	err := UnshareAfterEnterUserns(uid, gid, 0, nil)
	var failure *forkexec.Error
	if !errors.Is(err, syscall.EPERM) || !errors.As(err, &failure) || failure.Stage != forkexec.StageIDMap {
		t.Errorf("%v", err)
	}
}

func TestEveryNamespaceMayBeAskedFor(t *testing.T) {
	needRoot(t)
	kinds := map[string]uintptr{"mnt": syscall.CLONE_NEWNS, "uts": syscall.CLONE_NEWUTS, "ipc": syscall.CLONE_NEWIPC,
		"pid": syscall.CLONE_NEWPID, "net": syscall.CLONE_NEWNET, "cgroup": syscall.CLONE_NEWCGROUP, "time": syscall.CLONE_NEWTIME}
	for kind, flag := range kinds {
		err := UnshareAfterEnterUserns("0:1000:1", "0:1000:1", flag|syscall.CLONE_FS, func(pid int) error {
			if inode(t, pid, kind) == inode(t, os.Getpid(), kind) {
				t.Errorf("%s is the caller's", kind)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestManyAtOnceLeaveNothingBehind(t *testing.T) {
	needRoot(t)
	uid, gid := maps()
	if err := UnshareAfterEnterUserns(uid, gid, 0, nil); err != nil { // what the library opens once
		t.Fatal(err)
	}
	count := func() int { entries, _ := os.ReadDir("/proc/self/fd"); return len(entries) }
	before, done := count(), make(chan error)
	for i := range 8 {
		go func() {
			done <- UnshareAfterEnterUserns(strconv.Itoa(i)+":1000:1", gid, syscall.CLONE_NEWIPC, func(int) error { return nil })
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	equal(t, count(), before)
}
