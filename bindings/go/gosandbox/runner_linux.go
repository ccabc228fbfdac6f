package gosandbox

import (
	"syscall"

	"forkexec"
)

// A Runner says what is started, as go-sandbox's forkexec.Runner does: its fields have the same names, types and meaning.
type Runner struct {
	// Args are the arguments; the first is the program's path, which is not searched. Env is taken as it is.
	Args []string
	Env  []string
	// ExecFile is a descriptor of the program, instead of the path; 0 is none.
	ExecFile uintptr
	// RLimits are set in this order.
	RLimits []RLimit
	// Files are the program's descriptors from 0 on; ^uintptr(0) is closed there. Of 0 to 2 the program keeps what is not listed.
	Files []uintptr
	// WorkDir is entered inside the new root.
	WorkDir string
	// Seccomp is a filter. It implies NoNewPrivs.
	Seccomp *syscall.SockFprog
	// CloneFlags are new namespaces; all but UnshareFlags is ignored.
	CloneFlags uintptr
	// Mounts are made in this order, in a new mount namespace.
	Mounts []SyscallParams
	// PivotRoot is a directory over which an empty root in memory is mounted; in the end it is read-only.
	PivotRoot string
	// HostName and DomainName are the names in a new UTS namespace; that they cannot be set is no failure.
	HostName, DomainName string
	// UIDMappings and GIDMappings are those of a new user namespace; nil maps user or group 0 to the caller's.
	UIDMappings []syscall.SysProcIDMap
	GIDMappings []syscall.SysProcIDMap
	// CgroupFd is the directory of the cgroup in which the program starts; 0 is none.
	CgroupFd uintptr
	// Credential are the program's ids. It implies DropCaps.
	Credential *syscall.Credential
	// SyncFunc is called with the child's pid before the child goes on to the program. Its error is Start's.
	SyncFunc func(int) error
	// Ptrace makes the program a tracee of the calling thread, which has to be locked: it stops at the exec.
	Ptrace bool
	// NoNewPrivs: no exec gives more rights from here on.
	NoNewPrivs bool
	// StopBeforeSeccomp stops the child before the filter and the exec; so do Seccomp and Ptrace together.
	StopBeforeSeccomp bool
	// GIDMappingsEnableSetgroups leaves setgroups allowed, where GIDMappings is not nil.
	GIDMappingsEnableSetgroups bool
	// DropCaps leaves the program no capabilities, and none to get by exec.
	DropCaps bool
	// UnshareCgroupAfterSync makes a new cgroup namespace after SyncFunc. That it cannot be made is a failure only where
	// CloneFlags asks for one too.
	UnshareCgroupAfterSync bool
	// CTTY makes the program's descriptor 0 its controlling terminal.
	CTTY bool
}

// An RLimit limits a resource.
type RLimit struct {
	Res  int
	Rlim syscall.Rlimit
}

// SyscallParams is a mount: the arguments of mount(2), what leads to the target, and whether the last of that is a file.
type SyscallParams struct {
	Source, Target, FsType, Data *byte
	Flags                        uintptr
	Prefixes                     []*byte
	MakeNod                      bool
}

// UnshareFlags are the namespaces that CloneFlags may ask for.
const UnshareFlags = syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID |
	syscall.CLONE_NEWUSER | syscall.CLONE_NEWUTS | syscall.CLONE_NEWCGROUP

// Start starts the program and gives its pid, which is the caller's to wait for. With a stop it comes back when the child
// has stopped. A failure in the child is a ChildError, and the child is gone.
func (r *Runner) Start() (int, error) {
	p, err := r.plan()
	if err != nil {
		return 0, err
	}
	if r.SyncFunc == nil && !r.Ptrace && !p.attr.Stop {
		child, err := p.launch(false)
		if err != nil {
			return 0, p.childError(err)
		}
		pid := child.Pid()
		child.Close()
		return pid, nil
	}
	child, err := p.launch(true)
	if err != nil {
		return 0, p.childError(err)
	}
	pid := child.Pid()
	if r.SyncFunc != nil {
		err = r.SyncFunc(pid)
	}
	if err == nil {
		err = p.letGo(child, pid)
	}
	if err != nil {
		child.Close() // which kills one that is not the program yet, and reaps it
		return 0, p.childError(err)
	}
	return pid, nil
}

// letGo lets a held child go on to its stop or to the program, and frees the handle.
func (p *plan) letGo(child *forkexec.Child, pid int) error {
	if !p.attr.Stop {
		if err := child.Release(-1); err != nil {
			return err
		}
		child.Close()
		return nil
	}
	if p.attr.CreateNamespaces&forkexec.NamespacePID != 0 {
		return child.Detach() // which is possible only now: later nobody knows what process 1 of another namespace does
	}
	err := child.Release(0)
	if timedOut(err) {
		if !stopped(pid) {
			err = child.Release(-1) // the reason why it has ended
		} else {
			// Where it cannot be detached any more the handle is given up: Close would kill the child, and reap it.
			_ = child.Detach()
			return nil
		}
	}
	if err == nil {
		child.Close()
	}
	return err
}
