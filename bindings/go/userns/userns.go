//go:build linux

package userns

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"forkexec"
)

// UnshareAfterEnterUserns makes a child in a new user namespace, and in new namespaces of the types unshareFlags (CLONE_NEW flags but
// CLONE_NEWUSER and CLONE_NEWPID) that belong to it, calls f with the child's pid, and ends the child. uidMap and gidMap are one range
// each, "container:host:size"; the user namespace belongs to the host id of uidMap, and setgroups is allowed in it. f may be nil.
//
// The error is f's, or says why the child could not be made, or that it has ended meanwhile: the pid may then have been another
// process's, and whoever opened a namespace by it has to try again.
//
// The child is this package's to wait for: f may kill it, but a wait for it takes __WALL.
func UnshareAfterEnterUserns(uidMap, gidMap string, unshareFlags uintptr, f func(pid int) error) error {
	if unshareFlags&syscall.CLONE_NEWUSER != 0 {
		return errors.New("unshare flags should not include user namespace")
	}
	uids, err := parse(uidMap)
	if err != nil {
		return err
	}
	gids, err := parse(gidMap)
	if err != nil {
		return err
	}
	const others = forkexec.NamespaceCgroup | forkexec.NamespaceUTS | forkexec.NamespaceIPC | forkexec.NamespaceNet |
		forkexec.NamespaceMount | forkexec.NamespaceTime
	if unshareFlags&^uintptr(others) != 0 {
		return &os.PathError{Op: "fork/exec", Path: "/proc/self/exe", Err: syscall.EINVAL}
	}
	child, err := forkexec.Hold(&forkexec.Attr{
		CreateNamespaces:   forkexec.NamespaceUser | forkexec.Namespace(unshareFlags),
		UIDMap:             []forkexec.IDMap{uids},
		GIDMap:             []forkexec.IDMap{gids},
		AllowSetgroups:     true,
		UserNamespaceOwner: forkexec.To(uids.Outside),
	})
	if err != nil {
		return err
	}
	defer child.Close()
	if f != nil {
		if err := f(child.Pid()); err != nil {
			return err
		}
	}
	if !alive(child) {
		return fmt.Errorf("failed to ensure child process is alive: %w", syscall.ESRCH)
	}
	return nil
}

// alive is whether the child neither ended nor was killed before this was called. A signal that was sent takes a moment to end it: so
// long it is pending, and then the kernel's flag says that it exits. In the few instructions between the two neither is seen.
func alive(child *forkexec.Child) bool {
	for range 2 {
		if child.Signal(0) != nil || dying(child.Pid()) {
			return false
		}
		time.Sleep(50 * time.Microsecond)
	}
	_, err := child.WaitTimeout(0)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func dying(pid int) bool {
	folder := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(folder + "/status")
	if err != nil {
		return true
	}
	for _, line := range bytes.Split(status, []byte("\n")) {
		name, value, _ := strings.Cut(string(line), ":")
		if name == "SigPnd" || name == "ShdPnd" {
			pending, _ := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			if pending&(1<<(syscall.SIGKILL-1)) != 0 {
				return true
			}
		}
	}
	stat, err := os.ReadFile(folder + "/stat")
	if err != nil {
		return true
	}
	// State, ppid, pgrp, session, tty, tpgid, flags.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 7 {
		return true
	}
	flags, _ := strconv.ParseUint(fields[6], 10, 64)
	const exits = 4 // PF_EXITING
	return flags&exits != 0 || fields[0] == "Z" || fields[0] == "X"
}

func parse(text string) (ids forkexec.IDMap, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return ids, errors.New("user namespace mappings require the format `container-id:host-id:size`")
	}
	for i, place := range []*int{&ids.Inside, &ids.Outside, &ids.Count} {
		what := []string{"container id", "host id", "size"}[i]
		if *place, err = strconv.Atoi(parts[i]); err != nil {
			return ids, fmt.Errorf("invalid %s for user namespace remapping, %w", what, err)
		}
	}
	if ids.Inside < 0 || ids.Outside < 0 || ids.Count < 0 {
		return ids, fmt.Errorf("invalid mapping %s, all IDs and size must be positive integers", text)
	}
	return ids, nil
}
