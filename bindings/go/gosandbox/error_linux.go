package gosandbox

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"forkexec"
)

// An ErrorLocation is the step at which a child failed.
type ErrorLocation int

// A ChildError says why and where a child failed. Index is the place in Mounts or RLimits.
type ChildError struct {
	Err      syscall.Errno
	Location ErrorLocation
	Index    int
}

// The locations, in go-sandbox's order. LocCloseWrite, LocGetPid, LocMountChdir, LocUmount, LocUnlink and
// LocMountRootReadonly cannot fail here: they are part of another.
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

var locationNames = strings.Fields("clone close_write unshare_user_read getpid keep_capability setgroups setgid setuid dup3 " +
	"fcntl setsid ioctl mount(root) mount(tmpfs) mount(chdir) mount mount(mkdir) pivot_root umount unlink mount(readonly) " +
	"chdir setrlimt set_no_new_privs drop_capability set_cap ptrace_me stop seccomp sync_write sync_read execve")

func (e ErrorLocation) String() string {
	if e >= LocClone && e <= LocExecve {
		return locationNames[e-1]
	}
	return "unknown"
}

func (e ChildError) Error() string {
	if e.Index > 0 {
		return fmt.Sprintf("%s(%d): %s", e.Location, e.Index, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Location, e.Err)
}

// Unwrap gives the errno, for errors.Is.
func (e ChildError) Unwrap() error { return e.Err }

// Where the library's stages are among go-sandbox's locations.
var locations = map[forkexec.Stage]ErrorLocation{
	forkexec.StageIDMap: LocUnshareUserRead, forkexec.StageWait: LocUnshareUserRead, forkexec.StageWaitMaps: LocUnshareUserRead,
	forkexec.StageSession: LocSetSid, forkexec.StageControllingTerminal: LocIoctl,
	forkexec.StagePropagation: LocMountRoot, forkexec.StageRoot: LocMountTmpfs, forkexec.StagePivotRoot: LocPivotRoot,
	forkexec.StageRootReadonly: LocPivotRoot,
	forkexec.StageRlimit:       LocSetRlimit, forkexec.StageNofile: LocSetRlimit,
	forkexec.StageHold: LocSyncRead, forkexec.StageCwdBeforeIds: LocChdir, forkexec.StageCwd: LocChdir,
	forkexec.StageCwdCheck: LocChdir,
	forkexec.StageKeepCaps: LocKeepCapability, forkexec.StageGroups: LocSetGroups, forkexec.StageGID: LocSetGid,
	forkexec.StageUID: LocSetUid, forkexec.StageBounding: LocDropCapability, forkexec.StageSecurebits: LocDropCapability,
	forkexec.StageEffective: LocSetCap, forkexec.StageAmbient: LocSetCap, forkexec.StageCapabilities: LocSetCap,
	forkexec.StageFDInternal: LocDup3, forkexec.StageFDMap: LocDup3, forkexec.StageFDAction: LocDup3,
	forkexec.StageFDClose: LocDup3, forkexec.StageNoNewPrivs: LocSetNoNewPrivs, forkexec.StageTrace: LocPtraceMe,
	forkexec.StageStop: LocStop, forkexec.StageSeccomp: LocSeccomp, forkexec.StagePrivilegedSeccomp: LocSeccomp,
	forkexec.StageSignalActions: LocExecve, forkexec.StageSignalMask: LocExecve, forkexec.StageExec: LocExecve,
	forkexec.StageLateNamespaces: LocClone, forkexec.StageFDTable: LocDup3, forkexec.StageFDFlags: LocFcntl,
	forkexec.StagePipe: LocSyncRead, forkexec.StageImage: LocSyncRead,
}

// What is refused before there is a child is named by what asks for it: the sentence begins with "validate (set_uid)".
var setters = map[string]ErrorLocation{
	"set_uid": LocSetUid, "set_gid": LocSetGid, "set_groups": LocSetGroups, "keep_groups": LocSetGroups,
	"Credential": LocSetUid, "map_fd": LocDup3, "close_fd": LocDup3, "Files": LocDup3, "set_exec_fd": LocExecve,
	"ExecFile": LocExecve, "path": LocExecve, "argv": LocExecve, "set_controlling_terminal": LocIoctl, "Setctty": LocIoctl,
	"set_rlimit": LocSetRlimit, "Rlimits": LocSetRlimit, "map_uid": LocUnshareUserRead, "map_gid": LocUnshareUserRead,
	"UIDMap": LocUnshareUserRead, "GIDMap": LocUnshareUserRead, "allow_setgroups": LocUnshareUserRead,
	"set_root": LocMountTmpfs, "mounts": LocMount, "add_mount": LocMount, "bind_mount": LocMount, "make_directory": LocMountMkdir, "set_cwd": LocChdir, "Cwd": LocChdir, "add_seccomp_filter": LocSeccomp,
	"Seccomp": LocSeccomp, "set_ptrace": LocPtraceMe, "set_stop": LocStop,
}

// childError says an error of the library in go-sandbox's words. Others stay as they are.
func (p *plan) childError(err error) error {
	var failure *forkexec.Error
	if !errors.As(err, &failure) {
		return err
	}
	told := ChildError{Err: failure.Errno, Location: LocClone}
	if location, found := locations[failure.Stage]; found {
		told.Location = location
	} else if failure.Stage == forkexec.StageValidate || failure.Stage == forkexec.StageResolve {
		_, name, _ := strings.Cut(failure.Message, "(")
		name, _, _ = strings.Cut(name, ")")
		if location, found := setters[name]; found {
			told.Location = location
		}
	}
	index := failure.Index
	ofMounts := failure.Stage >= forkexec.StageMount && failure.Stage <= forkexec.StageMode ||
		told.Location == LocMount || told.Location == LocMountMkdir
	switch {
	case ofMounts && index >= 0 && index < len(p.items):
		told.Location, told.Index = p.items[index].location, p.items[index].mount
	case told.Location == LocSetRlimit && index >= 0 && index < len(p.limits):
		told.Index = p.limits[index]
	}
	return told
}
