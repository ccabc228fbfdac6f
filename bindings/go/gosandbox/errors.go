//go:build linux

package gosandbox

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"forkexec"
)

// An ErrorLocation is the step at which a start failed.
type ErrorLocation int

// The locations of go-sandbox.
const (
	LocClone ErrorLocation = iota + 1
	LocCloseWrite
	LocUnshareUserRead
	LocGetPid
	LocKeepCapability
	LocSetGroups
	LocSetGid
	LocSetUid
	LocDup3
	LocFcntl
	LocSetSid
	LocIoctl
	LocMountRoot
	LocMountTmpfs
	LocMountChdir
	LocMount
	LocMountMkdir
	LocPivotRoot
	LocUmount
	LocUnlink
	LocMountRootReadonly
	LocChdir
	LocSetRlimit
	LocSetNoNewPrivs
	LocDropCapability
	LocSetCap
	LocPtraceMe
	LocStop
	LocSeccomp
	LocSyncWrite
	LocSyncRead
	LocExecve
)

var locationNames = []string{"unknown", "clone", "close_write", "unshare_user_read", "getpid", "keep_capability", "setgroups", "setgid",
	"setuid", "dup3", "fcntl", "setsid", "ioctl", "mount(root)", "mount(tmpfs)", "mount(chdir)", "mount", "mount(mkdir)", "pivot_root",
	"umount", "unlink", "mount(readonly)", "chdir", "setrlimt", "set_no_new_privs", "drop_capability", "set_cap", "ptrace_me", "stop",
	"seccomp", "sync_write", "sync_read", "execve"}

func (e ErrorLocation) String() string {
	if e > 0 && int(e) < len(locationNames) {
		return locationNames[e]
	}
	return locationNames[0]
}

// A ChildError is why a Runner's Start failed. Index is of RLimits or Mounts.
type ChildError struct {
	Err      syscall.Errno
	Location ErrorLocation
	Index    int

	failure *forkexec.Error
}

func (e ChildError) Error() string {
	if e.Index > 0 {
		return fmt.Sprintf("%s(%d): %s", e.Location, e.Index, e.Err.Error())
	}
	return fmt.Sprintf("%s: %s", e.Location, e.Err.Error())
}

// Unwrap is the *forkexec.Error, or where there was none the errno.
func (e ChildError) Unwrap() error {
	if e.failure != nil {
		return e.failure
	}
	return e.Err
}

// The location of each stage; all others are LocSyncRead: of the way by which the child reaches them, which go-sandbox has not.
var locations = map[forkexec.Stage]ErrorLocation{
	forkexec.StageClone:               LocClone,
	forkexec.StageMemory:              LocClone,
	forkexec.StageCgroupBirth:         LocClone,
	forkexec.StageUnshare:             LocClone,
	forkexec.StageCgroupNamespace:     LocClone,
	forkexec.StageIDMap:               LocUnshareUserRead,
	forkexec.StageWait:                LocUnshareUserRead,
	forkexec.StageKeepCaps:            LocKeepCapability,
	forkexec.StageSecurebits:          LocDropCapability,
	forkexec.StageGroups:              LocSetGroups,
	forkexec.StageGID:                 LocSetGid,
	forkexec.StageUID:                 LocSetUid,
	forkexec.StageFDTable:             LocDup3,
	forkexec.StageFDInternal:          LocDup3,
	forkexec.StageFDMap:               LocDup3,
	forkexec.StageFDAction:            LocDup3,
	forkexec.StageFDFlags:             LocFcntl,
	forkexec.StageSession:             LocSetSid,
	forkexec.StageControllingTerminal: LocIoctl,
	forkexec.StagePropagation:         LocMountRoot,
	forkexec.StageRoot:                LocMountTmpfs,
	forkexec.StageMount:               LocMount,
	forkexec.StageBind:                LocMount,
	forkexec.StageDirectory:           LocMountMkdir,
	forkexec.StageFile:                LocMountMkdir,
	forkexec.StagePivotRoot:           LocPivotRoot,
	forkexec.StageRootReadonly:        LocPivotRoot,
	forkexec.StageCwd:                 LocChdir,
	forkexec.StageCwdCheck:            LocChdir,
	forkexec.StageRlimit:              LocSetRlimit,
	forkexec.StageNoNewPrivs:          LocSetNoNewPrivs,
	forkexec.StageBounding:            LocSetCap,
	forkexec.StageCapabilities:        LocSetCap,
	forkexec.StageTrace:               LocPtraceMe,
	forkexec.StageStop:                LocStop,
	forkexec.StageSeccomp:             LocSeccomp,
	forkexec.StagePrivilegedSeccomp:   LocSeccomp,
	forkexec.StageExec:                LocExecve,
}

// What was refused before there was a child has the location at which go-sandbox's child would have met it: by the name in
// "validate (name): ...", which is a setter's or a field's.
var refusals = map[string]ErrorLocation{
	"set_rlimit": LocSetRlimit, "Rlimits": LocSetRlimit,
	"map_fd": LocDup3, "Files": LocDup3,
	"set_cwd": LocChdir, "Cwd": LocChdir,
	"add_mount": LocMount, "bind_mount": LocMount, "Mounts": LocMount,
	"make_directory": LocMountMkdir, "make_file": LocMountMkdir,
	"set_root":                 LocMountTmpfs,
	"add_seccomp_filter":       LocSeccomp,
	"set_controlling_terminal": LocIoctl, "CTTY": LocIoctl,
	"set_groups": LocSetGroups, "set_gid": LocSetGid, "set_uid": LocSetUid,
	"map_uid": LocUnshareUserRead, "map_gid": LocUnshareUserRead, "UIDMap": LocUnshareUserRead, "GIDMap": LocUnshareUserRead,
	"set_ptrace": LocPtraceMe, "set_stop": LocStop,
	"set_exec_fd": LocExecve, "ExecFile": LocExecve, "argv": LocExecve, "path": LocExecve, "env": LocExecve,
}

// childError is what go-sandbox makes of it. items has the number in Mounts of each item of the list of mounts.
func childError(err error, items []int) error {
	var failure *forkexec.Error
	if !errors.As(err, &failure) {
		return err
	}
	made := ChildError{Err: failure.Errno, Location: LocSyncRead, failure: failure}
	if location, found := locations[failure.Stage]; found {
		made.Location = location
	}
	if failure.Stage == forkexec.StageValidate {
		made.Location = LocClone
		_, rest, _ := strings.Cut(failure.Message, "(")
		name, _, _ := strings.Cut(rest, ")")
		if location, found := refusals[name]; found {
			made.Location = location
		}
	}
	switch made.Location {
	case LocSetRlimit:
		made.Index = max(failure.Index, 0)
	case LocMount, LocMountMkdir:
		if failure.Index >= 0 && failure.Index < len(items) {
			made.Index = items[failure.Index]
		}
	}
	return made
}
