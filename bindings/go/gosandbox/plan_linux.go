package gosandbox

import (
	"errors"
	"math"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"forkexec"
	"forkexec/internal/raw"
)

// A plan is a Runner in the library's words.
type plan struct {
	request raw.Request
	sys     syscall.SysProcAttr
	attr    forkexec.Attr
	items   []item // what the items of attr.Mounts are for
	limits  []int  // which RLimits the entries of attr.Rlimits are
}

// How long the exec of a file that is open for writing is tried again.
const busyRetry = 50 * time.Millisecond

// The kernel takes no longer names of hosts and domains.
const longestName = 64

func (r *Runner) plan() (*plan, error) {
	if len(r.Args) == 0 {
		return nil, syscall.EINVAL
	}
	for _, list := range [][]string{r.Args, r.Env, {r.WorkDir, r.HostName, r.DomainName, r.PivotRoot}} {
		for _, text := range list {
			if strings.IndexByte(text, 0) >= 0 {
				return nil, syscall.EINVAL
			}
		}
	}
	p := &plan{}
	p.attr.Session = true
	p.attr.BusyRetry = busyRetry
	p.attr.Cwd = r.WorkDir
	p.attr.NoNewPrivs = r.NoNewPrivs || r.Seccomp != nil
	p.attr.DropCapabilities = r.DropCaps || r.Credential != nil
	if r.WorkDir != "" && p.attr.DropCapabilities {
		p.attr.CwdRights = forkexec.CwdRightsEither // go-sandbox enters it before the capabilities go
	}
	p.attr.Ptrace = r.Ptrace
	p.attr.Stop = (r.StopBeforeSeccomp || r.Seccomp != nil && r.Ptrace) && (r.Ptrace || r.CloneFlags&syscall.CLONE_NEWPID == 0)
	for _, step := range []func(*Runner) error{p.filter, p.rlimits, p.namespaces, p.mounts} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	p.descriptors(r)
	return p, nil
}

func (p *plan) launch(held bool) (*forkexec.Child, error) {
	p.request.Held, p.request.Sys, p.request.Attr = held, &p.sys, &p.attr
	child, err := raw.Launch(&p.request)
	if err != nil {
		return nil, err
	}
	return child.(*forkexec.Child), nil
}

func (p *plan) descriptors(r *Runner) {
	p.request.Argv, p.request.Env = r.Args, r.Env
	if int(r.ExecFile) > 0 {
		p.request.ExecFD = int(r.ExecFile)
	} else {
		p.request.Path = r.Args[0]
	}
	for _, fd := range r.Files {
		p.request.Files = append(p.request.Files, int(fd))
	}
	if r.CTTY {
		if len(p.request.Files) == 0 {
			p.request.Files = []int{0}
		}
		p.sys.Setctty = true
	}
	if int(r.CgroupFd) > 0 {
		p.sys.UseCgroupFD, p.sys.CgroupFD = true, int(r.CgroupFd)
	}
	p.sys.Credential = r.Credential
}

func (p *plan) filter(r *Runner) error {
	if r.Seccomp == nil {
		return nil
	}
	if r.Seccomp.Len == 0 || r.Seccomp.Len > 4096 {
		return ChildError{Err: syscall.EINVAL, Location: LocSeccomp}
	}
	if r.Seccomp.Filter == nil {
		return ChildError{Err: syscall.EFAULT, Location: LocSeccomp}
	}
	// The two types have the same fields, those of struct sock_filter.
	program := unsafe.Slice((*forkexec.SockFilter)(unsafe.Pointer(r.Seccomp.Filter)), r.Seccomp.Len)
	p.attr.Seccomp = []forkexec.SeccompFilter{{Program: program}}
	return nil
}

func (p *plan) rlimits(r *Runner) error {
	places := map[int]int{}
	for i, limit := range r.RLimits {
		if limit.Res < 0 || limit.Res > 15 || limit.Rlim.Cur > limit.Rlim.Max {
			return ChildError{Err: syscall.EINVAL, Location: LocSetRlimit, Index: i}
		}
		entry := forkexec.Rlimit{Resource: limit.Res, Soft: limit.Rlim.Cur, Hard: limit.Rlim.Max}
		if place, again := places[limit.Res]; again {
			p.attr.Rlimits[place], p.limits[place] = entry, i
			continue
		}
		places[limit.Res] = len(p.limits)
		p.attr.Rlimits, p.limits = append(p.attr.Rlimits, entry), append(p.limits, i)
	}
	return nil
}

func (p *plan) namespaces(r *Runner) error {
	flags := r.CloneFlags & UnshareFlags
	if r.UnshareCgroupAfterSync {
		p.attr.UnshareNamespaces = forkexec.NamespaceCgroup
		if flags&syscall.CLONE_NEWCGROUP == 0 {
			p.attr.AllowFailure = append(p.attr.AllowFailure, forkexec.StageLateNamespaces)
		}
		flags &^= syscall.CLONE_NEWCGROUP
	}
	p.attr.CreateNamespaces = forkexec.Namespace(flags)
	if flags&syscall.CLONE_NEWUTS != 0 {
		if len(r.HostName) <= longestName {
			p.attr.Hostname = r.HostName
		}
		if len(r.DomainName) <= longestName {
			p.attr.Domainname = r.DomainName
		}
		p.attr.AllowFailure = append(p.attr.AllowFailure, forkexec.StageHostname, forkexec.StageDomainname)
	}
	if flags&syscall.CLONE_NEWUSER == 0 {
		return nil
	}
	var err error
	if p.attr.UIDMap, err = idMap(r.UIDMappings, os.Geteuid()); err != nil {
		return err
	}
	if p.attr.GIDMap, err = idMap(r.GIDMappings, os.Getegid()); err != nil {
		return err
	}
	p.attr.AllowSetgroups = r.GIDMappings != nil && r.GIDMappingsEnableSetgroups
	return nil
}

// idMap is a map; nil maps id 0 to own.
func idMap(list []syscall.SysProcIDMap, own int) ([]forkexec.IDMap, error) {
	if list == nil {
		return []forkexec.IDMap{{Inside: 0, Outside: own, Count: 1}}, nil
	}
	refused := len(list) == 0 // the kernel takes no empty map
	ids := make([]forkexec.IDMap, 0, len(list))
	for _, m := range list {
		for _, number := range []int{m.ContainerID, m.HostID, m.Size} {
			refused = refused || number < 0 || int64(number) > math.MaxUint32
		}
		ids = append(ids, forkexec.IDMap{Inside: m.ContainerID, Outside: m.HostID, Count: m.Size})
	}
	if refused {
		return nil, ChildError{Err: syscall.EINVAL, Location: LocUnshareUserRead}
	}
	return ids, nil
}

func timedOut(err error) bool {
	var failure *forkexec.Error
	return errors.As(err, &failure) && failure.Stage == forkexec.StageNone && failure.Errno == syscall.ETIMEDOUT
}

// stopped waits until the child has stopped; false: it has ended. It leaves both to be waited for.
func stopped(pid int) bool {
	const (
		byPid          = 1 // P_PID
		exited, dumped = 1, 3
	)
	var info [128]byte // siginfo_t
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPid, uintptr(pid), uintptr(unsafe.Pointer(&info)),
			syscall.WSTOPPED|syscall.WEXITED|syscall.WNOWAIT|syscall.WALL, 0, 0)
		if errno != syscall.EINTR {
			code := *(*int32)(unsafe.Pointer(&info[8])) // si_code
			return errno == 0 && !(code >= exited && code <= dumped)
		}
	}
}
