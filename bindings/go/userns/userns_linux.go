package userns

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"forkexec"
)

const (
	// What is entered with, and what is of no consequence for a process of its own.
	namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID |
		syscall.CLONE_NEWNET | syscall.CLONE_NEWCGROUP | syscall.CLONE_NEWTIME
	harmless = syscall.CLONE_FS | syscall.CLONE_FILES | syscall.CLONE_SYSVSEM
)

// UnshareAfterEnterUserns makes a user namespace with the two maps, and in it the namespaces of unshareFlags; then f is
// called with the pid of a process that is in them all, and which is gone afterwards. A map is "container:host:size". The
// user namespace is owned by the host's user of uidMap. f may be nil. That the process has ended before its time is an
// error: its pid may have been another's.
//
// Two things differ from containerd's: with CLONE_NEWPID or CLONE_NEWTIME the process itself is in the new namespace, as its
// process 1; and a failure names its step: errors.As gives a *forkexec.Error.
func UnshareAfterEnterUserns(uidMap, gidMap string, unshareFlags uintptr, f func(pid int) error) (err error) {
	if unshareFlags&syscall.CLONE_NEWUSER != 0 {
		return errors.New("unshare flags should not include user namespace: there always is one")
	}
	if unshareFlags&^(namespaces|harmless) != 0 {
		return startError(syscall.EINVAL)
	}
	uids, err := parse("uid", uidMap)
	if err != nil {
		return err
	}
	gids, err := parse("gid", gidMap)
	if err != nil {
		return err
	}
	holder, err := forkexec.Hold(&forkexec.Attr{
		CreateNamespaces:   forkexec.NamespaceUser | forkexec.Namespace(unshareFlags&namespaces),
		UIDMap:             []forkexec.IDMap{uids},
		GIDMap:             []forkexec.IDMap{gids},
		AllowSetgroups:     true,
		UserNamespaceOwner: &uids.Outside,
	})
	if err != nil {
		return startError(err)
	}
	defer holder.Close() // which ends it and waits for it
	if f != nil {
		if err := f(holder.Pid()); err != nil {
			return err
		}
	}
	if err := holder.Signal(0); err != nil {
		var errno syscall.Errno
		if errors.As(err, &errno) {
			err = errno
		}
		return fmt.Errorf("failed to ensure child process is alive: %w", err)
	}
	return nil
}

// startError has the form of an os.StartProcess of this program, which containerd's callers expect.
func startError(err error) error {
	return &os.PathError{Op: "fork/exec", Path: "/proc/self/exe", Err: err}
}

// parse reads "container:host:size".
func parse(what, text string) (ids forkexec.IDMap, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return ids, fmt.Errorf("the %s map %q is not container-id:host-id:size", what, text)
	}
	for i, place := range []*int{&ids.Inside, &ids.Outside, &ids.Count} {
		if *place, err = strconv.Atoi(parts[i]); err != nil {
			return ids, fmt.Errorf("the %s map %q: %w", what, text, err)
		}
		if *place < 0 || int64(*place) > math.MaxUint32 {
			return ids, fmt.Errorf("the %s map %q: %d is no id: %w", what, text, *place, syscall.EINVAL)
		}
	}
	return ids, nil
}
