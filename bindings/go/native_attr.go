//go:build cgo && linux

package forkexec

// #include <stdlib.h>
// #include "forkexec.h"
import "C"

import (
	"errors"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

type prepared struct {
	c    *C.struct_forkexec_attr
	attr Attr // its files stay open as long as it lives
}

// Prepare makes the C attr once, for an Attr that starts many children. Later changes of the fields have no effect. Call it
// before goroutines share the Attr. An error is the one that each start would return.
func (a *Attr) Prepare() error {
	if a.prepared != nil {
		return nil
	}
	c, err := build(a)
	if err != nil {
		return err
	}
	p := &prepared{c: c, attr: *a}
	runtime.SetFinalizer(p, func(p *prepared) { C.forkexec_attr_free(p.c) })
	a.prepared = p
	return nil
}

// attrOf makes a C attr, which the caller frees.
func attrOf(a *Attr) (*C.struct_forkexec_attr, error) {
	if a == nil || a.prepared == nil {
		return build(a)
	}
	c := C.forkexec_attr_copy(a.prepared.c)
	runtime.KeepAlive(a)
	if c == nil {
		return nil, refused("Attr", syscall.ENOMEM, nil, "out of memory")
	}
	return c, nil
}

// A builder calls setters until one fails.
type builder struct {
	c   *C.struct_forkexec_attr
	err error
}

func build(a *Attr) (*C.struct_forkexec_attr, error) {
	b := &builder{c: C.forkexec_attr_new()}
	if b.c == nil {
		return nil, refused("Attr", syscall.ENOMEM, nil, "out of memory")
	}
	if a == nil {
		return b.c, nil
	}
	b.program(a)
	b.descriptors(a)
	b.signals(a)
	b.limits(a)
	b.identity(a)
	b.namespaces(a)
	b.handed(a)
	b.mounts(a)
	b.security(a)
	runtime.KeepAlive(a)
	if b.err != nil {
		C.forkexec_attr_free(b.c)
		return nil, b.err
	}
	return b.c, nil
}

// alone is for a field that asks for the same as another: the last of C's calls would count, and fields have no order.
func (b *builder) alone(field string, is bool, other string) {
	if !is {
		b.refuse(field, syscall.EINVAL, nil, "invalid argument: %s is set, too", other)
	}
}

func (b *builder) refuse(field string, errno syscall.Errno, cause error, format string, values ...any) {
	if b.err == nil {
		b.err = refused(field, errno, cause, format, values...)
	}
}

// did checks the result of a setter. The library keeps the message for the start, and a description returns it.
func (b *builder) did(field string, result C.int) {
	if result == 0 || b.err != nil {
		return
	}
	var failure C.struct_forkexec_error
	call, _ := newCall("/", []string{"/"}, nil, nil)
	defer C.free(unsafe.Pointer(call))
	if C.forkexec_describe_text(b.c, call.path, call.argv, call.envp, nil, 0, &failure) < 0 && failure.code == -result {
		b.err = errorOf(&failure)
		return
	}
	b.refuse(field, syscall.Errno(-result), nil, "%s", syscall.Errno(-result).Error())
}

// text copies a string to C memory, which done frees.
func (b *builder) text(field, text string) *C.char {
	if strings.IndexByte(text, 0) >= 0 {
		b.refuse(field, syscall.EINVAL, nil, "invalid argument: %q has a NUL in it", text)
		text = "/"
	}
	return C.CString(text)
}

// The setters that take one string.
func (b *builder) string(field, text string, set func(*C.char) C.int) {
	c := b.text(field, text)
	b.did(field, set(c))
	C.free(unsafe.Pointer(c))
}

func (b *builder) unsigned(field string, value int) C.uint32_t {
	if value < 0 || uint64(value) > math.MaxUint32 {
		b.refuse(field, syscall.EINVAL, nil, "invalid argument: %d is not from 0 to %d", value, uint32(math.MaxUint32))
		return 0
	}
	return C.uint32_t(value)
}

func (b *builder) signed(field string, value int) C.int32_t {
	if value < math.MinInt32 || value > math.MaxInt32 {
		b.refuse(field, syscall.EINVAL, nil, "invalid argument: %d has more than 32 bits", value)
		return 0
	}
	return C.int32_t(value)
}

// file returns the descriptor of an open file.
func (b *builder) file(field string, file *os.File) C.int32_t {
	if file == nil {
		b.refuse(field, syscall.EBADF, os.ErrInvalid, "bad file descriptor: the file is nil")
		return 0
	}
	fd := file.Fd()
	if int(fd) < 0 {
		b.refuse(field, syscall.EBADF, os.ErrClosed, "bad file descriptor: %s is closed", file.Name())
		return 0
	}
	return C.int32_t(fd)
}

func (b *builder) program(a *Attr) {
	if a.ExecFile != nil {
		b.did("ExecFile", C.forkexec_attr_set_exec_fd(b.c, b.file("ExecFile", a.ExecFile)))
	}
	if a.SearchPath != "" {
		b.string("SearchPath", a.SearchPath, func(s *C.char) C.int { return C.forkexec_attr_set_search_path(b.c, s) })
	}
	if a.Cwd != "" {
		b.string("Cwd", a.Cwd, func(s *C.char) C.int { return C.forkexec_attr_set_cwd(b.c, s) })
	}
	if a.CwdFile != nil {
		b.did("CwdFile", C.forkexec_attr_set_cwd_fd(b.c, b.file("CwdFile", a.CwdFile)))
	}
	if a.CwdRights != CwdRightsProgram {
		b.did("CwdRights", C.forkexec_attr_set_cwd_rights(b.c, C.uint32_t(a.CwdRights)))
	}
	if a.BusyRetry != 0 {
		// Rounded up: a little is not nothing.
		b.did("BusyRetry", C.forkexec_attr_set_busy_retry(b.c, b.unsigned("BusyRetry", int((a.BusyRetry+999999)/1e6))))
	}
	if a.PidVariable != "" {
		b.string("PidVariable", a.PidVariable, func(s *C.char) C.int { return C.forkexec_attr_set_pid_variable(b.c, s) })
	}
	if a.MemoryMode != MemoryAuto {
		b.did("MemoryMode", C.forkexec_attr_set_memory_mode(b.c, C.uint32_t(a.MemoryMode)))
	}
	if a.Ptrace {
		b.did("Ptrace", C.forkexec_attr_set_ptrace(b.c))
	}
	if a.Stop {
		b.did("Stop", C.forkexec_attr_set_stop(b.c))
	}
	if a.Init {
		b.did("Init", C.forkexec_attr_set_init(b.c))
	}
	if a.LingeringInit {
		b.alone("LingeringInit", !a.Init, "Init")
		b.did("LingeringInit", C.forkexec_attr_set_lingering_init(b.c))
	}
	if a.MeasureMemory {
		b.did("MeasureMemory", C.forkexec_attr_measure_memory(b.c))
	}
}

func (b *builder) descriptors(a *Attr) {
	for _, fd := range a.FDs {
		b.did("FDs", C.forkexec_attr_map_fd(b.c, b.file("FDs", fd.File), b.signed("FDs", fd.Target)))
	}
	if a.InheritFDs {
		b.did("InheritFDs", C.forkexec_attr_inherit_fds(b.c))
	}
	for _, action := range a.FDActions {
		b.fdAction(action)
	}
	if a.Session {
		b.did("Session", C.forkexec_attr_set_session(b.c))
	}
	if a.ProcessGroup != nil {
		b.did("ProcessGroup", C.forkexec_attr_set_process_group(b.c, b.signed("ProcessGroup", *a.ProcessGroup)))
	}
	if a.ControllingTerminal != nil {
		tty := b.file("ControllingTerminal", a.ControllingTerminal)
		b.did("ControllingTerminal", C.forkexec_attr_set_controlling_terminal(b.c, tty))
	}
	if a.Foreground != nil {
		b.did("Foreground", C.forkexec_attr_set_foreground(b.c, b.file("Foreground", a.Foreground)))
	}
	if a.DetachTerminal {
		b.did("DetachTerminal", C.forkexec_attr_detach_terminal(b.c))
	}
}

func (b *builder) fdAction(action FDAction) {
	const field = "FDActions"
	switch do := action.(type) {
	case OpenFD:
		target, flags := b.signed(field, do.Target), b.signed(field, do.Flags)
		b.string(field, do.Path, func(s *C.char) C.int {
			return C.forkexec_attr_open_fd(b.c, target, s, flags, C.uint32_t(do.Mode))
		})
	case DupFD:
		b.did(field, C.forkexec_attr_dup_fd(b.c, b.signed(field, do.Source), b.signed(field, do.Target)))
	case CloseFD:
		b.did(field, C.forkexec_attr_close_fd(b.c, b.signed(field, int(do))))
	case CloseFDsFrom:
		b.did(field, C.forkexec_attr_close_fds_from(b.c, b.signed(field, int(do))))
	case EnterDirectory:
		b.string(field, string(do), func(s *C.char) C.int { return C.forkexec_attr_enter_directory(b.c, s) })
	case EnterDirectoryFD:
		b.did(field, C.forkexec_attr_enter_directory_fd(b.c, b.signed(field, int(do))))
	default:
		b.refuse(field, syscall.EINVAL, errors.ErrUnsupported, "invalid argument: an action of the type %T", action)
	}
}

func (b *builder) signals(a *Attr) {
	if a.SignalMask != nil {
		b.did("SignalMask", C.forkexec_attr_set_signal_mask(b.c, C.uint64_t(*a.SignalMask)))
	}
	if a.SignalDefault != 0 {
		b.did("SignalDefault", C.forkexec_attr_set_signal_default(b.c, C.uint64_t(a.SignalDefault)))
	}
	if a.SignalIgnore != 0 {
		b.did("SignalIgnore", C.forkexec_attr_set_signal_ignore(b.c, C.uint64_t(a.SignalIgnore)))
	}
	if a.ParentDeathSignal != 0 {
		whose := a.DeathOf
		if whose == 0 {
			whose = DeathOfProcess
		}
		signal := b.signed("ParentDeathSignal", int(a.ParentDeathSignal))
		b.did("ParentDeathSignal", C.forkexec_attr_set_parent_death_signal(b.c, signal, C.uint32_t(whose)))
	}
}

func (b *builder) limits(a *Attr) {
	for _, limit := range a.Rlimits {
		resource := b.unsigned("Rlimits", limit.Resource)
		b.did("Rlimits", C.forkexec_attr_set_rlimit(b.c, resource, C.uint64_t(limit.Soft), C.uint64_t(limit.Hard)))
	}
	if a.Nice != nil {
		b.did("Nice", C.forkexec_attr_set_nice(b.c, b.signed("Nice", *a.Nice)))
	}
	if a.Affinity != nil {
		cpus := make([]C.uint32_t, 0, len(a.Affinity)+1)
		for _, cpu := range a.Affinity {
			cpus = append(cpus, b.unsigned("Affinity", cpu))
		}
		b.did("Affinity", C.forkexec_attr_set_affinity(b.c, unsafe.SliceData(cpus), C.size_t(len(cpus))))
	}
	if s := a.Scheduler; s != nil {
		policy, priority := b.signed("Scheduler", s.Policy), b.signed("Scheduler", s.Priority)
		b.did("Scheduler", C.forkexec_attr_set_scheduler(b.c, policy, priority))
	}
	if d := a.Deadline; d != nil {
		b.alone("Deadline", a.Scheduler == nil, "Scheduler")
		for _, duration := range []time.Duration{d.Runtime, d.Deadline, d.Period} {
			if duration < 0 {
				b.refuse("Deadline", syscall.EINVAL, nil, "invalid argument: %v is negative", duration)
			}
		}
		b.did("Deadline", C.forkexec_attr_set_deadline(b.c, C.uint64_t(d.Runtime), C.uint64_t(d.Deadline), C.uint64_t(d.Period)))
	}
	if u := a.Utilization; u != nil {
		least, most := b.unsigned("Utilization", u.Min), b.unsigned("Utilization", u.Max)
		b.did("Utilization", C.forkexec_attr_set_utilization(b.c, least, most))
	}
	if p := a.NUMAPolicy; p != nil {
		nodes := make([]C.uint32_t, 0, len(p.Nodes)+1)
		for _, node := range p.Nodes {
			nodes = append(nodes, b.unsigned("NUMAPolicy", node))
		}
		b.did("NUMAPolicy", C.forkexec_attr_set_numa_policy(b.c, C.uint32_t(p.Mode), unsafe.SliceData(nodes), C.size_t(len(nodes))))
	}
	if p := a.IOPriority; p != nil {
		class, level := b.unsigned("IOPriority", p.Class), b.unsigned("IOPriority", p.Level)
		b.did("IOPriority", C.forkexec_attr_set_io_priority(b.c, class, level))
	}
	if a.Umask != nil {
		b.did("Umask", C.forkexec_attr_set_umask(b.c, b.unsigned("Umask", *a.Umask)))
	}
	if a.Personality != nil {
		b.did("Personality", C.forkexec_attr_set_personality(b.c, C.uint32_t(*a.Personality)))
	}
	if a.OOMScoreAdj != nil {
		b.did("OOMScoreAdj", C.forkexec_attr_set_oom_score_adj(b.c, b.signed("OOMScoreAdj", *a.OOMScoreAdj)))
	}
	if a.TimerSlack != nil {
		if *a.TimerSlack < 0 {
			b.refuse("TimerSlack", syscall.EINVAL, nil, "invalid argument: %v is negative", *a.TimerSlack)
		}
		b.did("TimerSlack", C.forkexec_attr_set_timer_slack(b.c, C.uint64_t(*a.TimerSlack)))
	}
	if a.ProcessFlags != 0 {
		b.did("ProcessFlags", C.forkexec_attr_set_process_flags(b.c, C.uint32_t(a.ProcessFlags)))
	}
	if a.OwnCgroup != nil {
		b.alone("OwnCgroup", a.Cgroup == nil, "Cgroup")
		b.cgroup("OwnCgroup", a.OwnCgroup)
	}
	for feature, control := range a.Speculation {
		b.did("Speculation", C.forkexec_attr_set_speculation(b.c, C.uint32_t(feature), C.uint32_t(control)))
	}
	if a.CoredumpFilter != nil {
		b.did("CoredumpFilter", C.forkexec_attr_set_coredump_filter(b.c, C.uint32_t(*a.CoredumpFilter)))
	}
	if a.Cgroup != nil {
		b.did("Cgroup", C.forkexec_attr_set_cgroup_fd(b.c, b.file("Cgroup", a.Cgroup)))
	}
	if a.RestoreNofile {
		b.did("RestoreNofile", C.forkexec_attr_restore_nofile(b.c))
	}
	for _, stage := range a.AllowFailure {
		b.did("AllowFailure", C.forkexec_attr_allow_failure(b.c, C.uint32_t(stage)))
	}
}

func (b *builder) identity(a *Attr) {
	if a.UID != nil {
		b.did("UID", C.forkexec_attr_set_uid(b.c, b.unsigned("UID", *a.UID)))
	}
	if a.GID != nil {
		b.did("GID", C.forkexec_attr_set_gid(b.c, b.unsigned("GID", *a.GID)))
	}
	if a.Groups != nil {
		groups := make([]C.uint32_t, 0, len(a.Groups)+1)
		for _, group := range a.Groups {
			groups = append(groups, b.unsigned("Groups", group))
		}
		b.did("Groups", C.forkexec_attr_set_groups(b.c, unsafe.SliceData(groups), C.size_t(len(groups))))
	}
	if a.KeepGroups {
		b.did("KeepGroups", C.forkexec_attr_keep_groups(b.c))
	}
	for _, sets := range a.Capabilities {
		b.did("Capabilities", C.forkexec_attr_set_capabilities(b.c, C.uint32_t(sets.Sets), C.uint64_t(sets.Mask)))
	}
	if a.DropCapabilities {
		b.did("DropCapabilities", C.forkexec_attr_drop_capabilities(b.c))
	}
	if a.Ambient != nil {
		b.did("Ambient", C.forkexec_attr_set_ambient(b.c, C.uint64_t(*a.Ambient)))
	}
	if a.Securebits != nil {
		b.did("Securebits", C.forkexec_attr_set_securebits(b.c, C.uint32_t(*a.Securebits)))
	}
	if a.NoNewPrivs {
		b.did("NoNewPrivs", C.forkexec_attr_set_no_new_privs(b.c))
	}
}

func (b *builder) join(join Join) {
	switch {
	case join.Child != nil:
		fd := join.Child.pidfd()
		if fd < 0 {
			b.refuse("Joins", syscall.ESRCH, os.ErrClosed, "no such process: the child is closed")
			return
		}
		b.did("Joins", C.forkexec_attr_join_pidfd(b.c, C.int32_t(fd), C.uint32_t(join.Types)))
	case join.Pidfd != nil:
		b.did("Joins", C.forkexec_attr_join_pidfd(b.c, b.file("Joins", join.Pidfd), C.uint32_t(join.Types)))
	default:
		b.did("Joins", C.forkexec_attr_join_namespace(b.c, b.file("Joins", join.File), C.uint32_t(join.Types)))
	}
}

func (b *builder) ids(field string, list []IDMap, set func(inside, outside, count C.uint32_t) C.int) {
	for _, ids := range list {
		inside, outside, count := b.unsigned(field, ids.Inside), b.unsigned(field, ids.Outside), b.unsigned(field, ids.Count)
		b.did(field, set(inside, outside, count))
	}
}

func (b *builder) namespaces(a *Attr) {
	if a.CreateNamespaces != 0 {
		b.did("CreateNamespaces", C.forkexec_attr_create_namespaces(b.c, C.uint32_t(a.CreateNamespaces)))
	}
	if a.UnshareNamespaces != 0 {
		b.did("UnshareNamespaces", C.forkexec_attr_unshare_namespaces(b.c, C.uint32_t(a.UnshareNamespaces)))
	}
	for _, join := range a.Joins {
		b.join(join)
	}
	if a.SecondUserNamespace != nil {
		fd := b.file("SecondUserNamespace", a.SecondUserNamespace)
		b.did("SecondUserNamespace", C.forkexec_attr_join_second_user_namespace(b.c, fd))
	}
	b.ids("UIDMap", a.UIDMap, func(i, o, n C.uint32_t) C.int { return C.forkexec_attr_map_uid(b.c, i, o, n) })
	b.ids("GIDMap", a.GIDMap, func(i, o, n C.uint32_t) C.int { return C.forkexec_attr_map_gid(b.c, i, o, n) })
	if a.MapSubordinateIDs {
		b.did("MapSubordinateIDs", C.forkexec_attr_map_subordinate_ids(b.c))
	}
	if m := a.MapHelpers; m != nil {
		var users, groups *C.char
		if m.Newuidmap != "" {
			users = b.text("MapHelpers", m.Newuidmap)
		}
		if m.Newgidmap != "" {
			groups = b.text("MapHelpers", m.Newgidmap)
		}
		b.did("MapHelpers", C.forkexec_attr_set_map_helpers(b.c, users, groups))
		C.free(unsafe.Pointer(users))
		C.free(unsafe.Pointer(groups))
	}
	if a.AllowSetgroups {
		b.did("AllowSetgroups", C.forkexec_attr_allow_setgroups(b.c))
	}
	if a.UserNamespaceOwner != nil {
		owner := b.unsigned("UserNamespaceOwner", *a.UserNamespaceOwner)
		b.did("UserNamespaceOwner", C.forkexec_attr_set_user_namespace_owner(b.c, owner))
	}
	if a.MountPropagation != nil {
		b.did("MountPropagation", C.forkexec_attr_set_mount_propagation(b.c, C.uint64_t(*a.MountPropagation)))
	}
	if a.Hostname != "" {
		b.string("Hostname", a.Hostname, func(s *C.char) C.int { return C.forkexec_attr_set_hostname(b.c, s) })
	}
	if a.Domainname != "" {
		b.string("Domainname", a.Domainname, func(s *C.char) C.int { return C.forkexec_attr_set_domainname(b.c, s) })
	}
	if a.PIDs != nil {
		pids := make([]C.int32_t, 0, len(a.PIDs)+1)
		for _, pid := range a.PIDs {
			pids = append(pids, b.signed("PIDs", pid))
		}
		b.did("PIDs", C.forkexec_attr_set_pid(b.c, unsafe.SliceData(pids), C.size_t(len(pids))))
	}
	if a.Loopback {
		b.did("Loopback", C.forkexec_attr_set_loopback(b.c))
	}
	for _, o := range a.TimeOffsets {
		seconds, rest := int64(o.Offset/1e9), int64(o.Offset%1e9)
		if rest < 0 {
			seconds, rest = seconds-1, rest+1e9
		}
		clock := b.signed("TimeOffsets", o.Clock)
		b.did("TimeOffsets", C.forkexec_attr_set_time_offset(b.c, clock, C.int64_t(seconds), C.uint32_t(rest)))
	}
}
