//go:build cgo && linux

package forkexec

/*
#include <stdlib.h>
#include "forkexec.h"
*/
import "C"

import (
	"os"
	"syscall"
	"unsafe"
)

// The soft limit on descriptors after the start of the Go runtime, which raised it. The original limit is put back in the
// program only while the limit is still this one; package syscall does the same.
var (
	raised    syscall.Rlimit
	raisedErr = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &raised)
	_         = os.Args // whose package has raised it by now
)

const namespaces = Namespace(NamespaceCgroup | NamespaceUTS | NamespaceIPC | NamespaceUser | NamespacePID | NamespaceNet |
	NamespaceMount | NamespaceTime)

// sys calls the setters for a syscall.SysProcAttr, with the rules of package syscall.
func (b *builder) sys(r *request) {
	s := r.sys
	b.terminal(r, s)
	b.nofile(r)
	if s.Chroot != "" {
		b.string("Chroot", s.Chroot, func(c *C.char) C.int { return C.forkexec_attr_set_chroot(b.c, c) })
	}
	if c := s.Credential; c != nil {
		b.credential(c)
	}
	if s.Setsid {
		b.did("Setsid", C.forkexec_attr_set_session(b.c))
	}
	if s.Setpgid || s.Foreground {
		b.did("Setpgid", C.forkexec_attr_set_process_group(b.c, b.signed("Pgid", s.Pgid)))
	}
	if s.Pdeathsig != 0 {
		signal := b.signed("Pdeathsig", int(s.Pdeathsig))
		b.did("Pdeathsig", C.forkexec_attr_set_parent_death_signal(b.c, signal, C.FORKEXEC_DEATH_OF_THREAD))
	}
	b.cloneFlags(s)
	b.idMaps(s)
	if len(s.AmbientCaps) > 0 {
		var mask uint64
		for _, capability := range s.AmbientCaps {
			if capability > 63 {
				b.refuse("AmbientCaps", syscall.EINVAL, nil, "invalid argument: there is no capability %d", capability)
			}
			mask |= 1 << (capability & 63)
		}
		b.did("AmbientCaps", C.forkexec_attr_set_ambient(b.c, C.uint64_t(mask)))
	}
	if s.UseCgroupFD {
		b.did("CgroupFD", C.forkexec_attr_set_cgroup_fd(b.c, b.signed("CgroupFD", s.CgroupFD)))
	}
	if s.Ptrace {
		b.did("Ptrace", C.forkexec_attr_set_ptrace(b.c))
	}
}

func (b *builder) terminal(r *request, s *syscall.SysProcAttr) {
	switch {
	case s.Setctty && s.Foreground:
		b.refuse("Setctty", syscall.EINVAL, nil, "both Setctty and Foreground set in SysProcAttr")
	case s.Setctty && s.Ctty >= len(r.files):
		b.refuse("Setctty", syscall.EINVAL, nil, "Setctty set but Ctty not valid in child")
	case s.Setctty && (s.Ctty < 0 || r.files[s.Ctty] < 0):
		b.refuse("Setctty", syscall.EBADF, nil, "bad file descriptor: Ctty %d is not open in the child", s.Ctty)
	case s.Setctty:
		// Ctty is the child's number.
		b.did("Setctty", C.forkexec_attr_set_controlling_terminal(b.c, C.int32_t(r.files[s.Ctty])))
	case s.Foreground:
		// Ctty is the caller's number.
		b.did("Foreground", C.forkexec_attr_set_foreground(b.c, b.signed("Ctty", s.Ctty)))
	}
	if s.Noctty {
		b.did("Noctty", C.forkexec_attr_detach_terminal(b.c))
	}
}

func (b *builder) credential(c *syscall.Credential) {
	b.did("Credential", C.forkexec_attr_set_uid(b.c, C.uint32_t(c.Uid)))
	b.did("Credential", C.forkexec_attr_set_gid(b.c, C.uint32_t(c.Gid)))
	switch {
	case c.NoSetGroups:
		b.did("Credential", C.forkexec_attr_keep_groups(b.c))
	case len(c.Groups) > 0:
		groups := (*C.uint32_t)(unsafe.Pointer(unsafe.SliceData(c.Groups)))
		b.did("Credential", C.forkexec_attr_set_groups(b.c, groups, C.size_t(len(c.Groups))))
	}
}

func (b *builder) cloneFlags(s *syscall.SysProcAttr) {
	const harmless = syscall.CLONE_FS | syscall.CLONE_FILES | syscall.CLONE_SYSVSEM // what a child of its own has anyway
	clone, unshare := Namespace(s.Cloneflags), Namespace(s.Unshareflags)
	if uint64(s.Cloneflags)&^uint64(namespaces) != 0 {
		b.refuse("Cloneflags", syscall.EINVAL, nil, "invalid argument: %#x is no namespace", uint64(s.Cloneflags)&^uint64(namespaces))
		return
	}
	if rest := uint64(s.Unshareflags) &^ uint64(namespaces) &^ harmless; rest != 0 {
		b.refuse("Unshareflags", syscall.EINVAL, nil, "invalid argument: %#x is no namespace", rest)
		return
	}
	unshare &= namespaces
	if clone != 0 {
		b.did("Cloneflags", C.forkexec_attr_create_namespaces(b.c, C.uint32_t(clone)))
		if clone&NamespaceMount != 0 && unshare&NamespaceMount == 0 {
			b.did("Cloneflags", C.forkexec_attr_set_mount_propagation(b.c, 0)) // as Go, which makes it private with Unshareflags only
		}
	}
	if unshare != 0 {
		b.did("Unshareflags", C.forkexec_attr_unshare_namespaces(b.c, C.uint32_t(unshare)))
	}
}

func (b *builder) idMaps(s *syscall.SysProcAttr) {
	if s.UidMappings != nil && len(s.UidMappings) == 0 {
		b.refuse("UidMappings", syscall.EINVAL, nil, "invalid argument: the list is empty and not nil")
	}
	if s.GidMappings != nil && len(s.GidMappings) == 0 {
		b.refuse("GidMappings", syscall.EINVAL, nil, "invalid argument: the list is empty and not nil")
	}
	maps := func(list []syscall.SysProcIDMap) (ids []IDMap) {
		for _, m := range list {
			ids = append(ids, IDMap{m.ContainerID, m.HostID, m.Size})
		}
		return
	}
	b.ids("UidMappings", maps(s.UidMappings), func(i, o, n C.uint32_t) C.int { return C.forkexec_attr_map_uid(b.c, i, o, n) })
	b.ids("GidMappings", maps(s.GidMappings), func(i, o, n C.uint32_t) C.int { return C.forkexec_attr_map_gid(b.c, i, o, n) })
	if s.GidMappings != nil && s.GidMappingsEnableSetgroups {
		b.did("GidMappings", C.forkexec_attr_allow_setgroups(b.c))
	}
}

// nofile gives the program the limit from before the start of the Go runtime, unless it was changed since.
func (b *builder) nofile(r *request) {
	if r.attr != nil {
		if r.attr.RestoreNofile {
			return
		}
		for _, limit := range r.attr.Rlimits {
			if limit.Resource == syscall.RLIMIT_NOFILE {
				return
			}
		}
	}
	if raisedErr == nil {
		b.did("RLIMIT_NOFILE", C.forkexec_attr_restore_nofile_from(b.c, C.uint64_t(raised.Cur), C.uint64_t(raised.Max)))
	}
}

// ForkExec has the contract of syscall.ForkExec: Env and Files are taken as they are, Files that are -1 are closed in the
// child, and the caller waits for pid. Failure has more of the error than its errno. What differs from Go stands in the package's comment.
func ForkExec(argv0 string, argv []string, attr *syscall.ProcAttr, more *Attr) (pid int, err error) {
	if attr == nil {
		attr = &syscall.ProcAttr{}
	}
	child, err := forkExec(argv0, argv, attr, more)
	if err != nil {
		return 0, syscallError(attr.Dir, more, err)
	}
	defer child.Close()
	return child.Pid(), nil
}

func forkExec(argv0 string, argv []string, attr *syscall.ProcAttr, more *Attr) (*Child, error) {
	sys := attr.Sys
	if sys == nil {
		sys = &syscall.SysProcAttr{}
	}
	if sys.PidFD != nil {
		*sys.PidFD = -1
	}
	if len(argv) == 0 {
		argv = []string{""}
	}
	r := &request{path: argv0, argv: argv, env: attr.Env, attr: more, dir: attr.Dir, sys: sys, shut: true}
	r.files = make([]int, 0, max(len(attr.Files), 3))
	for _, fd := range attr.Files {
		r.files = append(r.files, int(fd))
	}
	if sys.Ptrace || (more != nil && more.Ptrace) {
		r.how = started
	}
	child, err := launch(r)
	if err == nil && r.how == started {
		if err = child.Release(-1); err != nil {
			child.Close()
		}
	}
	if err != nil {
		return nil, err
	}
	if sys.PidFD != nil {
		child.lock.RLock()
		defer child.lock.RUnlock()
		if fd := C.forkexec_child_take_pidfd(child.c); fd >= 0 {
			*sys.PidFD = int(fd)
		}
	}
	return child, nil
}
