//go:build cgo && linux

package userns

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// maps are those of the caller's own ids, for who is not root, else of others.
func maps() (uids, gids string, owner int) {
	if os.Getuid() != 0 {
		return "0:" + strconv.Itoa(os.Getuid()) + ":1", "0:" + strconv.Itoa(os.Getgid()) + ":1", os.Getuid()
	}
	return "0:1000:10", "0:1000:10", 1000
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: setgroups is allowed")
	}
}

func namespace(t *testing.T, pid int, name string) string {
	t.Helper()
	text, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/" + name)
	if err != nil {
		t.Error(err)
	}
	return text
}

func TestTheNamespacesAreNewAndMapped(t *testing.T) {
	needRoot(t)
	uids, gids, _ := maps()
	held := 0
	err := UnshareAfterEnterUserns(uids, gids, syscall.CLONE_NEWIPC|syscall.CLONE_NEWNET, func(pid int) error {
		held = pid
		for _, name := range []string{"user", "ipc", "net"} {
			if namespace(t, pid, name) == namespace(t, os.Getpid(), name) {
				t.Error(name)
			}
		}
		for _, name := range []string{"pid", "mnt", "uts"} {
			if namespace(t, pid, name) != namespace(t, os.Getpid(), name) {
				t.Error(name)
			}
		}
		for name, want := range map[string]string{"uid_map": "0 1000 10", "gid_map": "0 1000 10", "setgroups": "allow"} {
			text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + name)
			if got := strings.Join(strings.Fields(string(text)), " "); err != nil || got != want {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(held, 0); err != syscall.ESRCH {
		t.Errorf("the child is still there: %v", err)
	}
	if err := UnshareAfterEnterUserns(uids, gids, syscall.CLONE_NEWIPC, nil); err != nil {
		t.Error(err)
	}
}

func TestTheOwnerIsTheMappedUser(t *testing.T) {
	needRoot(t)
	uids, gids, owner := maps()
	err := UnshareAfterEnterUserns(uids, gids, syscall.CLONE_NEWIPC, func(pid int) error {
		file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/ns/user")
		if err != nil {
			return err
		}
		defer file.Close()
		const getOwner = 0xb704 // NS_GET_OWNER_UID
		var uid uint32
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), getOwner, uintptr(unsafe.Pointer(&uid))); errno != 0 {
			return errno
		}
		if int(uid) != owner {
			t.Errorf("%d", uid)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAChildThatWasKilledIsTold(t *testing.T) {
	needRoot(t)
	uids, gids, _ := maps()
	for range 50 {
		err := UnshareAfterEnterUserns(uids, gids, syscall.CLONE_NEWIPC, func(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) })
		if !errors.Is(err, syscall.ESRCH) || !strings.Contains(err.Error(), "failed to ensure child process is alive: no such process") {
			t.Fatalf("%v", err)
		}
	}
	mine := errors.New("mine")
	if err := UnshareAfterEnterUserns(uids, gids, 0, func(int) error { return mine }); err != mine {
		t.Errorf("%v", err)
	}
	err := UnshareAfterEnterUserns(uids, gids, syscall.CLONE_NEWNET, func(pid int) error {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return err
		}
		for {
			if file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/ns/net"); err != nil {
				return err
			} else {
				file.Close()
			}
		}
	})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct {
		uids, gids string
		flags      uintptr
		says       string
	}{
		{"0:1000:1", "0:1000:1", syscall.CLONE_NEWUSER | syscall.CLONE_NEWIPC, "unshare flags should not include user namespace"},
		{"0:1000:1", "0:1000:1", syscall.CLONE_IO, "fork/exec /proc/self/exe: invalid argument"},
		{"0:1000:1", "0:1000:1", syscall.CLONE_NEWPID, "fork/exec /proc/self/exe: invalid argument"},
		{"0:1000", "0:1000:1", 0, "require the format"},
		{"x:1000:1", "0:1000:1", 0, "invalid container id"},
		{"0:1000:1", "0:y:1", 0, "invalid host id"},
		{"0:1000:1", "0:0:z", 0, "invalid size"},
		{"0:-1:1", "0:1000:1", 0, "must be positive"},
		{"0:1000:0", "0:1000:1", 0, "argument"},
	} {
		called := false
		err := UnshareAfterEnterUserns(c.uids, c.gids, c.flags, func(int) error { called = true; return nil })
		if err == nil || called || !strings.Contains(strings.ToLower(err.Error()), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestManyAtATime(t *testing.T) {
	needRoot(t)
	uids, gids, _ := maps()
	before, _ := os.ReadDir("/proc/self/fd")
	errs := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 20 {
				err = errors.Join(err, UnshareAfterEnterUserns(uids, gids, syscall.CLONE_NEWUTS, func(int) error { return nil }))
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	// The library keeps a few files open from its first child on.
	if after, _ := os.ReadDir("/proc/self/fd"); len(after) > len(before)+4 {
		t.Errorf("%d descriptors, and %d before", len(after), len(before))
	}
}
