//go:build linux

package gosandbox

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"forkexec"
	"forkexec/internal/inside"
)

const (
	cloneNewcgroup = 0x02000000
	rlimits        = 16 // RLIM_NLIMITS
)

// UnshareFlags are the namespaces that CloneFlags may ask for; other bits are ignored.
const UnshareFlags = syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUSER |
	syscall.CLONE_NEWUTS | cloneNewcgroup

// RLimit is go-sandbox's rlimit.RLimit.
type RLimit struct {
	Res  int
	Rlim syscall.Rlimit
}

// SyscallParams is go-sandbox's mount.SyscallParams: strings that end with a NUL, nil for none.
type SyscallParams struct {
	Source, Target, FsType, Data *byte
	Flags                        uintptr
	Prefixes                     []*byte // directories to make first
	MakeNod                      bool    // the last of Prefixes is a file
}

// A Runner is go-sandbox's forkexec.Runner; see its page. Start only reads it: it may be started again, and from several goroutines.
type Runner struct {
	// Args are the program's arguments; Args[0] is its path as well. PATH is not searched.
	Args []string
	// Env is the environment; nil is an empty one.
	Env []string
	// ExecFile is the program in the place of a path; 0 is none.
	ExecFile uintptr
	// RLimits are set in this order.
	RLimits []RLimit
	// Files are the program's descriptors from 0 on; -1 is closed. What is not named of 0 to 2 is this process's.
	Files []uintptr
	// WorkDir is entered inside the new root.
	WorkDir string
	// Seccomp is the filter; it implies NoNewPrivs.
	Seccomp *syscall.SockFprog
	// CloneFlags are CLONE_NEW flags, as in UnshareFlags.
	CloneFlags uintptr
	// Mounts are made in this order; with PivotRoot in it, where targets are relative to it or begin with it.
	Mounts []SyscallParams
	// PivotRoot is a directory in the place of which the program gets an empty, in the end read-only root.
	PivotRoot string
	// HostName and DomainName are set in a new UTS namespace; a failure is ignored.
	HostName, DomainName string
	// UIDMappings and GIDMappings are for a new user namespace; nil is id 0 for this process's effective one.
	UIDMappings, GIDMappings []syscall.SysProcIDMap
	// CgroupFd is the directory of the cgroup that the program is born in; 0 is none.
	CgroupFd uintptr
	// Credential is the program's user; all capabilities are dropped.
	Credential *syscall.Credential
	// SyncFunc is called with the pid while the child, all set up but for its user, waits. An error ends it, and is Start's.
	SyncFunc func(int) error
	// Ptrace makes the calling thread, which has to be locked, the program's tracer.
	Ptrace bool
	// NoNewPrivs sets no_new_privs.
	NoNewPrivs bool
	// StopBeforeSeccomp stops the child with SIGSTOP before its filter. Start comes back before that. In a new pid namespace it does
	// nothing.
	StopBeforeSeccomp bool
	// GIDMappingsEnableSetgroups allows setgroups in the new user namespace, if there are GIDMappings.
	GIDMappingsEnableSetgroups bool
	// DropCaps leaves the program no capabilities.
	DropCaps bool
	// UnshareCgroupAfterSync makes a new cgroup namespace after SyncFunc; a failure is ignored.
	UnshareCgroupAfterSync bool
	// CTTY makes the program's descriptor 0 its controlling terminal.
	CTTY bool
}

// Start starts the program and gives its pid, which the caller has to wait for. An error is a ChildError, SyncFunc's, or
// forkexec.ErrUnsupported.
//
// It comes back when the program runs; with Ptrace and no Seccomp when it has stopped with SIGTRAP at the exec; with
// StopBeforeSeccomp, or with Ptrace and Seccomp, when the child is about to stop with SIGSTOP: what fails later ends it with status 127.
func (r *Runner) Start() (int, error) {
	if len(r.Args) == 0 {
		return 0, ChildError{Err: syscall.EINVAL, Location: LocExecve}
	}
	attr, items, err := r.attr()
	if err != nil {
		return 0, err
	}
	request := &inside.Request{Path: r.Args[0], Argv: r.Args, Env: r.Env, Attr: attr, ExecFD: -1, CgroupFD: -1, Terminal: -1}
	for _, fd := range r.Files {
		request.Files = append(request.Files, int(fd))
	}
	if r.ExecFile > 0 {
		request.Path, request.ExecFD = "", int(r.ExecFile)
	}
	if r.CgroupFd > 0 {
		request.CgroupFD = int(r.CgroupFd)
	}
	if r.CTTY {
		request.Terminal = 0
		if len(r.Files) > 0 {
			request.Terminal = int(r.Files[0])
		}
		if request.Terminal < 0 {
			return 0, ChildError{Err: syscall.EBADF, Location: LocIoctl}
		}
	}
	request.Held = r.SyncFunc != nil || attr.Ptrace || attr.Stop
	made, err := inside.Launch(request)
	if err != nil {
		return 0, childError(err, items)
	}
	child := made.(*forkexec.Child)
	defer child.Close() // of one that was not let go, its end; of others nothing but the memory
	pid := child.Pid()
	if r.SyncFunc != nil {
		if err := r.SyncFunc(pid); err != nil {
			return 0, err
		}
	}
	switch {
	case attr.Stop:
		err = child.Detach()
	case request.Held:
		err = child.Release(-1)
	}
	if err != nil {
		return 0, childError(err, items)
	}
	return pid, nil
}

// attr is what is asked of the library, and of each item of its list of mounts the number in Mounts.
func (r *Runner) attr() (attr *forkexec.Attr, items []int, err error) {
	flags := r.CloneFlags & UnshareFlags
	attr = &forkexec.Attr{
		Session:          true,
		Cwd:              r.WorkDir,
		CreateNamespaces: forkexec.Namespace(flags),
		BusyRetry:        50 * time.Millisecond,
		NoNewPrivs:       r.NoNewPrivs || r.Seccomp != nil,
		DropCapabilities: r.DropCaps || r.Credential != nil,
		Ptrace:           r.Ptrace,
		// Process 1 of a pid namespace does not stop itself.
		Stop: (r.StopBeforeSeccomp || r.Ptrace && r.Seccomp != nil) && flags&syscall.CLONE_NEWPID == 0,
	}
	for i, limit := range r.RLimits {
		if limit.Rlim.Cur > limit.Rlim.Max || limit.Res < 0 || limit.Res >= rlimits {
			return nil, nil, ChildError{Err: syscall.EINVAL, Location: LocSetRlimit, Index: i}
		}
		attr.Rlimits = append(attr.Rlimits, forkexec.Rlimit{Resource: limit.Res, Soft: limit.Rlim.Cur, Hard: limit.Rlim.Max})
	}
	if r.Seccomp != nil && r.Seccomp.Len > 0 && r.Seccomp.Filter != nil {
		program := unsafe.Slice((*forkexec.SockFilter)(unsafe.Pointer(r.Seccomp.Filter)), int(r.Seccomp.Len))
		attr.Seccomp = []forkexec.SeccompFilter{{Program: program}}
	} else if r.Seccomp != nil {
		return nil, nil, ChildError{Err: syscall.EINVAL, Location: LocSeccomp}
	}
	if flags&syscall.CLONE_NEWUTS != 0 {
		attr.Hostname, attr.Domainname = name(r.HostName), name(r.DomainName)
		attr.AllowFailure = append(attr.AllowFailure, forkexec.StageHostname, forkexec.StageDomainname)
	}
	if flags&syscall.CLONE_NEWUSER != 0 {
		attr.UIDMap = idMap(r.UIDMappings, os.Geteuid())
		attr.GIDMap = idMap(r.GIDMappings, os.Getegid())
		attr.AllowSetgroups = r.GIDMappings != nil && r.GIDMappingsEnableSetgroups
	}
	if r.UnshareCgroupAfterSync && flags&cloneNewcgroup == 0 {
		attr.UnshareNamespaces = forkexec.NamespaceCgroup
		attr.AllowFailure = append(attr.AllowFailure, forkexec.StageLateNamespaces)
	}
	r.credential(attr)
	items, err = r.mounts(attr)
	return attr, items, err
}

// name is a name that the kernel takes, else none.
func name(text string) string {
	const most = 64
	if len(text) > most || strings.IndexByte(text, 0) >= 0 {
		return ""
	}
	return text
}

func idMap(mappings []syscall.SysProcIDMap, id int) []forkexec.IDMap {
	if mappings == nil {
		return []forkexec.IDMap{{Inside: 0, Outside: id, Count: 1}}
	}
	var list []forkexec.IDMap
	for _, m := range mappings {
		list = append(list, forkexec.IDMap{Inside: m.ContainerID, Outside: m.HostID, Count: m.Size})
	}
	return list
}

func (r *Runner) credential(attr *forkexec.Attr) {
	c := r.Credential
	if c == nil {
		return
	}
	attr.UID, attr.GID = forkexec.To(int(c.Uid)), forkexec.To(int(c.Gid))
	switch {
	case c.NoSetGroups || r.GIDMappings != nil && !r.GIDMappingsEnableSetgroups && len(c.Groups) == 0:
		attr.KeepGroups = true
	default:
		attr.Groups = []int{}
		for _, group := range c.Groups {
			attr.Groups = append(attr.Groups, int(group))
		}
	}
}

// text is a string of C's.
func text(bytes *byte) string {
	if bytes == nil {
		return ""
	}
	length := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(bytes), length)) != 0 {
		length++
	}
	return string(unsafe.Slice(bytes, length))
}

// What a bind mount that is remounted read-only gets besides; on others mount(2) ignores it.
const (
	ofBinds  = syscall.MS_BIND | syscall.MS_REC
	ofRemade = ofBinds | syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC | syscall.MS_NOATIME | syscall.MS_NODIRATIME
)

func (r *Runner) mounts(attr *forkexec.Attr) (items []int, err error) {
	if r.PivotRoot != "" {
		if info, err := os.Stat(r.PivotRoot); err != nil || !info.IsDir() {
			errno := syscall.ENOTDIR
			if err != nil {
				errno = err.(*os.PathError).Err.(syscall.Errno)
			}
			return nil, ChildError{Err: errno, Location: LocMountTmpfs}
		}
		attr.Root = &forkexec.Root{Flags: forkexec.RootReadonly}
	}
	for i, m := range r.Mounts {
		add := func(item forkexec.MountItem) {
			attr.Mounts, items = append(attr.Mounts, item), append(items, i)
		}
		target, err := r.target(text(m.Target))
		if err != nil {
			location := LocMount
			if len(m.Prefixes) > 0 {
				location = LocMountMkdir
			}
			return nil, ChildError{Err: err.(syscall.Errno), Location: location, Index: i}
		}
		file := false
		for j, prefix := range m.Prefixes {
			path, err := r.target(text(prefix))
			if err != nil {
				return nil, ChildError{Err: err.(syscall.Errno), Location: LocMountMkdir, Index: i}
			}
			if file = m.MakeNod && j == len(m.Prefixes)-1; !file {
				add(forkexec.Directory{Path: path, Mode: 0o755})
			}
		}
		add(r.mount(m, target, file))
	}
	return items, nil
}

// mount is the mount itself. file is whether its target has to be made first, a file.
func (r *Runner) mount(m SyscallParams, target string, file bool) forkexec.MountItem {
	flags := m.Flags
	if flags&syscall.MS_BIND != 0 && flags&syscall.MS_REMOUNT == 0 {
		flags &= ofRemade
		if flags&syscall.MS_RDONLY == 0 {
			flags &= ofBinds
		}
		if file {
			made := forkexec.MountCreate
			for _, pair := range []struct {
				from uintptr
				to   forkexec.MountFlags
			}{{syscall.MS_RDONLY, forkexec.MountReadonly}, {syscall.MS_NOSUID, forkexec.MountNosuid},
				{syscall.MS_NODEV, forkexec.MountNodev}, {syscall.MS_NOEXEC, forkexec.MountNoexec}} {
				if flags&pair.from != 0 {
					made |= pair.to
				}
			}
			return forkexec.BindMount{Source: text(m.Source), Target: target, Flags: made}
		}
		return forkexec.Mount{Source: text(m.Source), Target: target, Flags: uint64(flags)}
	}
	return forkexec.Mount{Source: text(m.Source), Target: target, Type: text(m.FsType), Flags: uint64(flags), Data: text(m.Data)}
}

// target is a path inside the root that the library makes, or inside this process's, without symbolic links.
func (r *Runner) target(path string) (string, error) {
	switch {
	case path == "":
		return "", syscall.ENOENT
	case r.PivotRoot != "" && !filepath.IsAbs(path):
		return inRoot("/" + path)
	case r.PivotRoot != "":
		root := filepath.Clean(r.PivotRoot)
		rest, found := strings.CutPrefix(filepath.Clean(path), strings.TrimSuffix(root, "/")+"/")
		if !found {
			return "", syscall.EINVAL // it would be mounted on what is out of reach in the end
		}
		return inRoot("/" + rest)
	}
	if !filepath.IsAbs(path) {
		cwd, err := os.Getwd()
		if err != nil {
			return "", syscall.ENOENT
		}
		path = filepath.Join(cwd, path)
	}
	// What is missing yet is made by Prefixes.
	for rest := ""; ; {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(real, rest), nil
		}
		if path == "/" {
			return rest, nil
		}
		rest = filepath.Join("/", filepath.Base(path), rest)
		path = filepath.Dir(path)
	}
}

// inRoot refuses what leads out of it.
func inRoot(path string) (string, error) {
	for _, name := range strings.Split(path, "/") {
		if name == ".." {
			return "", syscall.EINVAL
		}
	}
	return filepath.Clean(path), nil
}
