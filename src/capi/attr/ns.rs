//! Namespaces to create, and what is set in them.

use super::{apply, forkexec_attr};
use crate::attr::ns::MOST_PIDS;
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_char, c_int};

/// Runs the program in new namespaces of the types, one or more of FORKEXEC_NS_*.
///
/// With FORKEXEC_NS_PID it is process 1 there, unless set_init leaves an init behind: the kernel then drops every
/// signal that the program does not handle, as SIGTERM, SIGINT, SIGXCPU of a soft RLIMIT_CPU and SIGXFSZ, from inside
/// and from outside, but for SIGKILL and SIGSTOP from outside; abort(3) ends it otherwise than by SIGABRT. With
/// FORKEXEC_NS_USER it is in a new user namespace that owns the other new ones; no privilege is then needed for them,
/// and map_uid and map_gid say which ids there are: without them all ids are the overflow id, 65534. With
/// FORKEXEC_NS_MOUNT its mounts are private; see set_mount_propagation. Repeated calls add types.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, types is 0 or has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: a type also in unshare_namespaces.
/// FORKEXEC_STAGE_CLONE.
/// FORKEXEC_STAGE_UNSHARE or.
/// FORKEXEC_STAGE_CGROUP_NAMESPACE, EPERM: no CAP_SYS_ADMIN, or user namespaces are forbidden.
/// FORKEXEC_STAGE_CGROUP_NAMESPACE, ENOSPC: over a limit of /proc/sys/user.
/// FORKEXEC_STAGE_CGROUP_NAMESPACE, EINVAL: the kernel does not have the type.
///
/// See clone(2), unshare(2), namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_create_namespaces(attr: *mut forkexec_attr, types: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "create_namespaces", |attr| attr.ns.create_namespaces(types))
}

/// Chooses the child's pid: pids are n numbers, the first for the innermost pid namespace that the child is in, the
/// following for those around it, outwards; in those that are left out the kernel chooses.
///
/// In a new pid namespace the first is 1. So a program, or a holder, comes back under the pid that it had. Needs
/// CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespace that owns each of the pid namespaces, and clone3(2)
/// (FORKEXEC_PROBE_CLONE3). The child that is made first must become the program: no set_init, whose program is another
/// process, no measure_memory, no pid namespace that is joined. pids is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or pids is NULL, n is 0 or above 32, a pid is below 1.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: another process becomes the program.
/// FORKEXEC_STAGE_VALIDATE: the first of a new pid namespace is not 1.
/// FORKEXEC_STAGE_CLONE, EEXIST: there is a process, a group or a session of that pid.
/// FORKEXEC_STAGE_CLONE, EPERM: no right to it.
/// FORKEXEC_STAGE_CLONE, EINVAL: more pids than pid namespaces, or above the sysctl kernel.pid_max.
/// FORKEXEC_STAGE_CLONE, ENOSYS: no clone3(2).
///
/// See clone(2), set_tid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_pid(attr: *mut forkexec_attr, pids: *const i32, n: usize) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that pids is NULL or a list of n items.
    let pids = unsafe { guard::list(pids, n, MOST_PIDS, sentences::PIDS) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_pid", |attr| attr.ns.set_pid(pids?))
}

/// Lets the child enter new namespaces of the types by itself, once it runs, instead of being born in them.
///
/// FORKEXEC_NS_CGROUP and FORKEXEC_NS_PID are entered late, after a held child was released, so that the caller may put
/// it in a cgroup before; FORKEXEC_NS_PID is then for the program's own children only, the first of which is process 1
/// there: the program itself stays in the caller's. FORKEXEC_NS_USER is the same as in create_namespaces. All others
/// are entered early: before the session is set up, and before set_hostname, set_loopback, the mounts and set_chroot
/// act in them. Repeated calls add types.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, types is 0 or has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: a type also in create_namespaces.
/// FORKEXEC_STAGE_UNSHARE or.
/// FORKEXEC_STAGE_LATE_NAMESPACES: as create_namespaces.
///
/// See unshare(2), namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_unshare_namespaces(attr: *mut forkexec_attr, types: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "unshare_namespaces", |attr| attr.ns.unshare_namespaces(types))
}

/// Lets the child join the namespace that fd refers to, of the given type, one of FORKEXEC_NS_*.
///
/// With FORKEXEC_NS_PID the program is a process in there, still the caller's child; its pid in the caller's namespace
/// is known when it was let go. With FORKEXEC_NS_USER it has all capabilities in there, and the caller's ids as they
/// are seen from there: see set_uid. With FORKEXEC_NS_MOUNT root and working directory are those in there, and paths
/// are looked up there. All that is joined is joined before anything is created, first what needs the caller's
/// privileges, then the user namespace, then what needs its. Nobody in there can look into the child before it is the
/// program, unless root's own user namespace is shared with it. fd is the caller's number, borrowed: it must be open
/// during each spawn. Repeated calls add one of another type.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, type is not one type or is joined already.
/// -EBADF: fd is negative.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: not a namespace of this type, the type is created too.
/// FORKEXEC_STAGE_JOIN, EPERM: no CAP_SYS_ADMIN over it.
/// FORKEXEC_STAGE_JOIN, EINVAL: it is the child's own user namespace.
/// FORKEXEC_STAGE_JOIN, EUSERS.
///
/// The error's index is the place among the calls of join_namespace and join_pidfd. Of a pid namespace also as
/// FORKEXEC_STAGE_LAST_CLONE, or FORKEXEC_STAGE_SECOND_CLONE with filters that no set_no_new_privs goes with (ENOMEM:
/// its first process is gone; EAGAIN: a limit on processes, against which two count meanwhile); index -1.
///
/// See setns(2), namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_join_namespace(attr: *mut forkexec_attr, fd: i32, r#type: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "join_namespace", |attr| attr.ns.join_namespace(fd, r#type))
}

/// The same for the namespaces that a process is in, of the types, one or more of FORKEXEC_NS_*: of a child of this
/// library that is held, too, the new ones.
///
/// Whatever has become of its pid, pidfd is that process. It is the caller's number, borrowed: it must be open during
/// each spawn. setns(2), Linux 5.8. Returns as join_namespace does.
///
/// A spawn can fail later as: ?? join_namespace does, and as
/// FORKEXEC_STAGE_VALIDATE, EINVAL: not a pidfd.
/// FORKEXEC_STAGE_JOIN, ESRCH: the process is gone.
/// FORKEXEC_STAGE_JOIN, EPERM: it may not be looked into, or is gone and the caller has no CAP_SYS_PTRACE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_join_pidfd(attr: *mut forkexec_attr, pidfd: i32, types: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "join_pidfd", |attr| attr.ns.join_pidfd(pidfd, types))
}

/// Maps count user ids of the new user namespace, from inside on, to those from outside on of the caller's.
///
/// Needs FORKEXEC_NS_USER. Without CAP_SETUID only one id can be mapped, to the caller's own. Repeated calls add
/// ranges, up to 340, or what the kernel takes as the text of a map.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, there are 340 ranges
///   already.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
/// FORKEXEC_STAGE_VALIDATE, E2BIG: the map's text is not less than a page, 4096 bytes.
/// FORKEXEC_STAGE_ID_MAP, EPERM: no right to these ids.
/// FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
/// FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or a copy of a caller that is not dumpable.
/// FORKEXEC_STAGE_ID_MAP, EROFS: /proc is read-only.
///
/// See user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_map_uid(
    attr: *mut forkexec_attr,
    inside: u32,
    outside: u32,
    count: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "map_uid", |attr| attr.ns.map_uid(inside, outside, count))
}

/// Maps count group ids of the new user namespace, from inside on, to those from outside on of the caller's.
///
/// Needs FORKEXEC_NS_USER. Without CAP_SETGID only one id can be mapped, to the caller's own. A gid map takes the right
/// to setgroups(2) away from the namespace for ever, unless allow_setgroups is called. Repeated calls add ranges, up to
/// 340, or what the kernel takes as the text of a map.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, there are 340 ranges
///   already.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
/// FORKEXEC_STAGE_VALIDATE, E2BIG: the map's text is not less than a page, 4096 bytes.
/// FORKEXEC_STAGE_ID_MAP, EPERM: no right to these ids.
/// FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
/// FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or a copy of a caller that is not dumpable.
/// FORKEXEC_STAGE_ID_MAP, EROFS: /proc is read-only.
///
/// See user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_map_gid(
    attr: *mut forkexec_attr,
    inside: u32,
    outside: u32,
    count: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "map_gid", |attr| attr.ns.map_gid(inside, outside, count))
}

/// Maps id 0 of the new user namespace to the caller's own effective id, and the ids from 1 on to its subordinate ones:
/// all that /etc/subuid and /etc/subgid grant to its uid, or to the name that /etc/passwd has for it, in their order
/// and each id once.
///
/// Other lines are passed by. The files are read at each spawn. Takes the place of map_uid and map_gid, and needs
/// FORKEXEC_NS_USER; who has not the right to map these ids needs set_map_helpers.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: with map_uid or map_gid, without FORKEXEC_NS_USER.
/// FORKEXEC_STAGE_RESOLVE (ENOENT: there are none for the caller in one of the files; E2BIG: more than 340 ranges;
///   EACCES) or as map_uid.
///
/// See subuid(5), subgid(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_map_subordinate_ids(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "map_subordinate_ids", |attr| attr.ns.map_subordinate_ids())
}

/// Names the programs that write the maps of ids which the kernel refuses the caller with EPERM: newuidmap for users
/// and newgidmap for groups, as /usr/bin/newuidmap and /usr/bin/newgidmap; NULL is none.
///
/// Such a program is run with the caller's rights while the child waits, with the child's pid and each number of the
/// map as its arguments, an empty environment and /dev/null as its descriptors 0 to 2. The caller gets its SIGCHLD. It
/// has failed unless it exits with 0 and the map is there; with allow_setgroups also if it has denied setgroups(2).
/// Paths are copied; they are not searched for. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, a path is empty.
/// -ENAMETOOLONG.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without a map.
/// FORKEXEC_STAGE_ID_MAP, EPERM: the program failed, and the sentence says how.
/// FORKEXEC_STAGE_ID_MAP: otherwise why it could not be run.
///
/// See newuidmap(1), newgidmap(1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_map_helpers(
    attr: *mut forkexec_attr,
    newuidmap: *const c_char,
    newgidmap: *const c_char,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that newuidmap is NULL or a string.
    let uid = unsafe { guard::optional_string(newuidmap) };
    // SAFETY: C caller guarantees that newgidmap is NULL or a string.
    let gid = unsafe { guard::optional_string(newgidmap) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_map_helpers", |attr| attr.ns.set_map_helpers(uid, gid))
}

/// Leaves setgroups(2) allowed in the new user namespace: the library does not write "deny" before the gid map.
///
/// Needs map_gid, and CAP_SETGID in the caller's user namespace.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
/// FORKEXEC_STAGE_ID_MAP, EPERM: no CAP_SETGID.
///
/// See user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_allow_setgroups(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "allow_setgroups", |attr| attr.ns.allow_setgroups())
}

/// Lets the user uid own the new user namespace, which FORKEXEC_NS_USER has to ask for, instead of the caller: its
/// processes may enter the namespace with all capabilities there, and it counts against its limits.
///
/// uid is one of the caller's user namespace. The child takes it as its own before it makes the namespace, the caller
/// is not changed; the maps are still written with the caller's rights. In the namespace the child is then whoever uid
/// is mapped to, with the caller's groups, until set_uid and set_gid. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, uid is (uid_t)-1.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
/// FORKEXEC_STAGE_NAMESPACE_OWNER, EPERM: no CAP_SETUID.
/// FORKEXEC_STAGE_NAMESPACE_OWNER, EINVAL: not mapped in the caller's user namespace.
/// FORKEXEC_STAGE_UNSHARE_USER: as create_namespaces.
/// FORKEXEC_STAGE_ID_MAP, EPERM: no CAP_SYS_ADMIN.
/// FORKEXEC_STAGE_ID_MAP, EACCES: not root.
///
/// See user_namespaces(7), NS_GET_OWNER_UID(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_user_namespace_owner(attr: *mut forkexec_attr, uid: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_user_namespace_owner", |attr| attr.ns.set_user_namespace_owner(uid))
}

/// Says how mounts and unmounts propagate between the new mount namespace and the caller's: one of MS_PRIVATE,
/// MS_SLAVE, MS_SHARED and MS_UNBINDABLE, with MS_REC for the whole tree, is applied to "/"; 0 leaves it as it is,
/// which with systemd means that mounts reach the caller.
///
/// Without this call it is MS_REC | MS_PRIVATE where there is a new mount namespace. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, other flags.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_MOUNT.
/// FORKEXEC_STAGE_PROPAGATION, EINVAL: "/" is no mount point.
///
/// See mount(2), mount_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_mount_propagation(attr: *mut forkexec_attr, flags: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_mount_propagation", |attr| attr.ns.set_mount_propagation(flags))
}

/// Sets the host name in the new FORKEXEC_NS_UTS, which it needs: the caller's is never changed.
///
/// name is copied and has at most 64 bytes; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or name is NULL, name has more than 64 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_UTS.
/// FORKEXEC_STAGE_HOSTNAME , unless allowed.
///
/// See sethostname(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_hostname(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_hostname", |attr| attr.ns.set_hostname(name?))
}

/// Sets the NIS domain name in the new FORKEXEC_NS_UTS, which it needs: the caller's is never changed.
///
/// name is copied and has at most 64 bytes; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or name is NULL, name has more than 64 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_UTS.
/// FORKEXEC_STAGE_DOMAINNAME.
///
/// See setdomainname(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_domainname(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_domainname", |attr| attr.ns.set_domainname(name?))
}

/// Brings the loopback interface of the new FORKEXEC_NS_NET up, which it needs.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_NET.
/// FORKEXEC_STAGE_LOOPBACK , unless allowed.
///
/// See netdevice(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_loopback(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_loopback", |attr| attr.ns.set_loopback())
}

/// Sets the clock of the new FORKEXEC_NS_TIME, which it needs, ahead of the caller's: clock is CLOCK_MONOTONIC or
/// CLOCK_BOOTTIME, seconds may be negative, nanoseconds are added to them and are below 1000000000.
///
/// The raw, coarse and alarm clocks go with theirs. The program and its children see the new time, the caller does not.
/// Needs CAP_SYS_TIME in the user namespace that owns the time namespace, which a new user namespace gives, and a /proc
/// of the caller's. The last call for a clock wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, another clock, nanoseconds is not below a second.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_TIME.
/// FORKEXEC_STAGE_TIME_FILE, ENOENT: no /proc, one in which the caller is not to be found, or the kernel, before Linux
///   5.6, has no time namespaces.
/// FORKEXEC_STAGE_TIME_FILE, EOPNOTSUPP: something else lies there.
/// FORKEXEC_STAGE_TIME_OFFSETS, ERANGE: the clock would be below 0 or beyond 146 years.
/// FORKEXEC_STAGE_TIME_OFFSETS, EPERM: no CAP_SYS_TIME.
///
/// See time_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_time_offset(
    attr: *mut forkexec_attr,
    clock: i32,
    seconds: i64,
    nanoseconds: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_time_offset", |attr| attr.ns.set_time_offset(clock, seconds, nanoseconds))
}
