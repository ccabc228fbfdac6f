//! Namespaces to create, and what is set in them.

use super::{apply, forkexec_attr};
use crate::attr::ns::MOST_PIDS;
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_char, c_int};

/// Runs the program in new namespaces.
///
/// types is one or more of FORKEXEC_NS_*. The child is born in them. Repeated calls add types.
///
/// With FORKEXEC_NS_PID the program is pid 1 there, unless set_init puts an init above it. As pid 1 it gets only
/// signals that it handles, and SIGKILL and SIGSTOP from outside: the kernel drops SIGTERM, SIGINT, SIGXCPU of a soft
/// RLIMIT_CPU, SIGXFSZ and others, and abort(3) ends it in another way than by SIGABRT.
///
/// With FORKEXEC_NS_USER a new user namespace owns the other new ones, and they need no privilege. map_uid and map_gid
/// say which ids there are in it; without them every id is the overflow id, 65534. With FORKEXEC_NS_MOUNT the mounts
/// are private, see set_mount_propagation.
///
/// Example:
///
///     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT);
///     forkexec_attr_map_uid(attr, 0, geteuid(), 1);
///     forkexec_attr_map_gid(attr, 0, getegid(), 1);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or types is 0 or has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: a type is in unshare_namespaces, too.
/// FORKEXEC_STAGE_CLONE, EPERM: CAP_SYS_ADMIN is missing, or the system forbids user namespaces.
/// FORKEXEC_STAGE_CLONE, ENOSPC: a limit of /proc/sys/user is reached.
/// FORKEXEC_STAGE_CLONE, EINVAL: the kernel does not have the type.
/// FORKEXEC_STAGE_UNSHARE, with the same errnos, for types in which a child cannot be born.
/// FORKEXEC_STAGE_CGROUP_NAMESPACE, with the same errnos.
///
/// See clone(2), unshare(2), namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_create_namespaces(attr: *mut forkexec_attr, types: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "create_namespaces", |attr| attr.ns.create_namespaces(types))
}

/// Chooses the pid of the child.
///
/// pids has n numbers: the first for the innermost pid namespace of the child, the next for the one around it, and so
/// on. The kernel chooses in namespaces that are left out. In a new pid namespace the first is 1. So a program can be
/// restored under the pid that it had. pids is copied. The last call wins.
///
/// Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespaces that own the pid namespaces, and clone3(2), see
/// FORKEXEC_PROBE_CLONE3. The first child must become the program: not with set_init, measure_memory or a joined pid
/// namespace, where another process does.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or pids is NULL, n is 0 or above 32, or a pid is below 1.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: another process becomes the program, or the first pid of a new pid namespace is not
///   1.
/// FORKEXEC_STAGE_CLONE, EEXIST: a process, a group or a session has that pid.
/// FORKEXEC_STAGE_CLONE, EPERM: the caller has no right to it.
/// FORKEXEC_STAGE_CLONE, EINVAL: there are more pids than pid namespaces, or one is above the sysctl kernel.pid_max.
/// FORKEXEC_STAGE_CLONE, ENOSYS: the kernel has no clone3(2).
///
/// See clone(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_pid(attr: *mut forkexec_attr, pids: *const i32, n: usize) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that pids is NULL or a list of n items.
    let pids = unsafe { guard::list(pids, n, MOST_PIDS, sentences::PIDS) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_pid", |attr| attr.ns.set_pid(pids?))
}

/// Lets the child enter new namespaces once it runs, instead of being born there.
///
/// types is one or more of FORKEXEC_NS_*. Repeated calls add types.
///
/// FORKEXEC_NS_CGROUP and FORKEXEC_NS_PID are entered late, after a held child was released, so that the caller can put
/// the child in a cgroup before. FORKEXEC_NS_PID is then only for the program's own children, the first of which is pid
/// 1 there; the program itself stays in the caller's. FORKEXEC_NS_USER is the same as in create_namespaces. All others
/// are entered early, before the session is set up, and before set_hostname, set_loopback, the mounts and set_chroot
/// act in them.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or types is 0 or has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: a type is in create_namespaces, too.
/// FORKEXEC_STAGE_UNSHARE, with the errnos of create_namespaces.
/// FORKEXEC_STAGE_LATE_NAMESPACES, with the errnos of create_namespaces.
///
/// See unshare(2), namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_unshare_namespaces(attr: *mut forkexec_attr, types: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "unshare_namespaces", |attr| attr.ns.unshare_namespaces(types))
}

/// Lets the child join the namespace that fd refers to.
///
/// type is that of the namespace, one of FORKEXEC_NS_*. fd is a descriptor of the caller, borrowed: it must be open
/// during each spawn. Repeated calls add namespaces of other types.
///
/// The child joins before it creates anything: first what needs the caller's privileges, then the user namespace, then
/// what needs the privileges there. No process in there can look into the child before it is the program, unless the
/// caller is root in the user namespace that they share.
///
/// With FORKEXEC_NS_PID the program is a process in there, and still the caller's child; its pid in the caller's
/// namespace is known once it was let go. With FORKEXEC_NS_USER it has all capabilities in there, and the caller's ids
/// as they are seen from there; see set_uid. With FORKEXEC_NS_MOUNT its root and working directory are those in there,
/// where paths are looked up.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or type is not one type or is joined already.
/// -EBADF: fd is negative.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: fd is no namespace of this type, or the type is to be created too.
/// FORKEXEC_STAGE_JOIN, EPERM: CAP_SYS_ADMIN over the namespace is missing.
/// FORKEXEC_STAGE_JOIN, EINVAL: the child is in this user namespace already.
/// FORKEXEC_STAGE_JOIN, EUSERS: a limit on user namespaces is reached.
/// FORKEXEC_STAGE_LAST_CLONE, ENOMEM: pid 1 of the pid namespace has ended.
/// FORKEXEC_STAGE_LAST_CLONE, EAGAIN: a limit on processes is reached; for a moment it counts two.
/// FORKEXEC_STAGE_SECOND_CLONE, ENOMEM, EAGAIN: the same, with filters and without set_no_new_privs.
///
/// The error's index is the place among the calls of join_namespace and join_pidfd, and -1 for the two clones.
///
/// See setns(2), namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_join_namespace(attr: *mut forkexec_attr, fd: i32, r#type: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "join_namespace", |attr| attr.ns.join_namespace(fd, r#type))
}

/// Lets the child join namespaces that another process is in.
///
/// types is one or more of FORKEXEC_NS_*. pidfd refers to the process, for example a child of this library that is
/// held, and keeps doing so whatever becomes of its pid. It is a descriptor of the caller, borrowed: it must be open
/// during each spawn. Needs Linux 5.8. join_namespace says what joining means.
///
/// Example:
///
///     forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(child), FORKEXEC_NS_USER | FORKEXEC_NS_NET);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or types is 0, has another bit, or has a type that is joined already.
/// -EBADF: pidfd is negative.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as join_namespace says, and as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: pidfd is no pidfd.
/// FORKEXEC_STAGE_JOIN, ESRCH: the process has ended.
/// FORKEXEC_STAGE_JOIN, EPERM: the caller may not look into the process, or it has ended and the caller has no
///   CAP_SYS_PTRACE.
///
/// See setns(2), pidfd_open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_join_pidfd(attr: *mut forkexec_attr, pidfd: i32, types: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "join_pidfd", |attr| attr.ns.join_pidfd(pidfd, types))
}

/// Lets the child join a second user namespace when its root is built.
///
/// fd refers to a user namespace below the one that the child is in: the caller's, or the one of join_namespace and
/// join_pidfd. It is a descriptor of the caller, borrowed: it must be open during each spawn. The last call wins.
///
/// The mounts, the other new namespaces and the root are made with the privileges of the first user namespace, and
/// belong to it. Then the child, or the init, enters the second: it has all capabilities in there and none over what
/// was made before, so that no mount can be undone by the program. Capabilities, ids and no_new_privs are set after
/// that, and their numbers are those of the second. What comes later and needs a privilege over another namespace, such
/// as a port below 1024, is refused.
///
/// Example:
///
///     int first = open("/run/first-userns", O_RDONLY | O_CLOEXEC);
///     int second = open("/run/second-userns", O_RDONLY | O_CLOEXEC);
///     forkexec_attr_join_namespace(attr, first, FORKEXEC_NS_USER);
///     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT);
///     forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY);
///     forkexec_attr_join_second_user_namespace(attr, second);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: fd is no user namespace, or FORKEXEC_NS_USER is to be created.
/// FORKEXEC_STAGE_SECOND_USER_NAMESPACE, EPERM: it is not below the child's, or CAP_SYS_ADMIN over it is missing.
/// FORKEXEC_STAGE_SECOND_USER_NAMESPACE, EINVAL: the child is in this user namespace already.
///
/// See setns(2), user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_join_second_user_namespace(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "join_second_user_namespace", |attr| attr.ns.join_second_user_namespace(fd))
}

/// Maps user ids of the new user namespace to ids outside.
///
/// count ids from inside on are the ids from outside on, as the caller's user namespace has them. Needs
/// FORKEXEC_NS_USER. Without CAP_SETUID only one id can be mapped, to the caller's own. Repeated calls add ranges: at
/// most 340, and what the kernel takes as the text of a map.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, or there are 340 ranges
///   already.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
/// FORKEXEC_STAGE_VALIDATE, E2BIG: the text of the map has a page, 4096 bytes, or more.
/// FORKEXEC_STAGE_ID_MAP, EPERM: the caller has no right to map these ids.
/// FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
/// FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or the caller is not dumpable and the child has a copy
///   of its memory.
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "map_uid", |attr| attr.ns.map_uid(inside, outside, count))
}

/// Maps group ids of the new user namespace to ids outside.
///
/// count ids from inside on are the ids from outside on, as the caller's user namespace has them. Needs
/// FORKEXEC_NS_USER. Without CAP_SETGID only one id can be mapped, to the caller's own. Unless allow_setgroups is
/// called, the namespace loses setgroups(2) for ever. Repeated calls add ranges: at most 340, and what the kernel takes
/// as the text of a map.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, or there are 340 ranges
///   already.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
/// FORKEXEC_STAGE_VALIDATE, E2BIG: the text of the map has a page, 4096 bytes, or more.
/// FORKEXEC_STAGE_ID_MAP, EPERM: the caller has no right to map these ids.
/// FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
/// FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or the caller is not dumpable and the child has a copy
///   of its memory.
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "map_gid", |attr| attr.ns.map_gid(inside, outside, count))
}

/// Maps the caller's own id to 0, and its subordinate ids from 1 on.
///
/// The caller's effective id becomes id 0 of the new user namespace. After it come all ids that /etc/subuid and
/// /etc/subgid grant to the caller's uid, or to its name in /etc/passwd, in their order and each once. Lines that
/// cannot be read are skipped. The files are read at each spawn. It takes the place of map_uid and map_gid, and needs
/// FORKEXEC_NS_USER. A caller without the right to map these ids needs set_map_helpers.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as map_uid says, and as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: map_uid or map_gid was called, or FORKEXEC_NS_USER is missing.
/// FORKEXEC_STAGE_RESOLVE, ENOENT: one of the files has nothing for the caller.
/// FORKEXEC_STAGE_RESOLVE, E2BIG: there are more than 340 ranges.
/// FORKEXEC_STAGE_RESOLVE, EACCES: the caller may not read a file.
///
/// See subuid(5), subgid(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_map_subordinate_ids(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "map_subordinate_ids", |attr| attr.ns.map_subordinate_ids())
}

/// Names programs that write id maps which the caller may not write itself.
///
/// newuidmap is for users and newgidmap for groups, as /usr/bin/newuidmap and /usr/bin/newgidmap; NULL is none. If the
/// kernel refuses a map with EPERM, the program is run with the caller's rights while the child waits. Its arguments
/// are the child's pid and each number of the map. Its environment is empty, and its descriptors 0 to 2 are /dev/null.
/// The caller gets SIGCHLD for it. It has failed unless it exits with 0 and the map is there, and, with
/// allow_setgroups, if it has denied setgroups(2). The paths are copied and not searched for. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or a path is empty.
/// -ENAMETOOLONG: a path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: there is no map.
/// FORKEXEC_STAGE_ID_MAP, EPERM: the program failed; the message says how.
/// FORKEXEC_STAGE_ID_MAP, with the errno of the program's own start.
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_map_helpers", |attr| attr.ns.set_map_helpers(uid, gid))
}

/// Leaves setgroups(2) allowed in the new user namespace.
///
/// The library then does not write "deny" before the gid map. Needs map_gid, and CAP_SETGID in the caller's user
/// namespace.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
/// FORKEXEC_STAGE_ID_MAP, EPERM: CAP_SETGID is missing.
///
/// See user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_allow_setgroups(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "allow_setgroups", |attr| attr.ns.allow_setgroups())
}

/// Makes another user than the caller the owner of the new user namespace.
///
/// Processes of uid can enter the namespace with all capabilities in it, and it counts in that user's limits. uid is an
/// id of the caller's user namespace. Needs FORKEXEC_NS_USER. The child becomes uid before it makes the namespace; the
/// caller is not changed. The maps are still written with the caller's rights. In the namespace the child is the id
/// that uid is mapped to, with the caller's groups, until set_uid and set_gid. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or uid is (uid_t)-1.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
/// FORKEXEC_STAGE_NAMESPACE_OWNER, EPERM: CAP_SETUID is missing.
/// FORKEXEC_STAGE_NAMESPACE_OWNER, EINVAL: uid is not mapped in the caller's user namespace.
/// FORKEXEC_STAGE_UNSHARE_USER, with the errnos of create_namespaces.
/// FORKEXEC_STAGE_ID_MAP, EPERM: CAP_SYS_ADMIN is missing.
/// FORKEXEC_STAGE_ID_MAP, EACCES: the caller is not root.
///
/// See user_namespaces(7), NS_GET_OWNER_UID(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_user_namespace_owner(attr: *mut forkexec_attr, uid: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_user_namespace_owner", |attr| attr.ns.set_user_namespace_owner(uid))
}

/// Chooses how mounts propagate between the new mount namespace and the caller's.
///
/// flags is one of MS_PRIVATE, MS_SLAVE, MS_SHARED and MS_UNBINDABLE, with MS_REC for the whole tree, and is applied to
/// "/". 0 leaves it as it is: under systemd, mounts then reach the caller. Without this call it is MS_REC | MS_PRIVATE
/// in a new mount namespace. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or flags is another.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_MOUNT is missing.
/// FORKEXEC_STAGE_PROPAGATION, EINVAL: "/" is no mount point.
///
/// See mount(2), mount_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_mount_propagation(attr: *mut forkexec_attr, flags: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_mount_propagation", |attr| attr.ns.set_mount_propagation(flags))
}

/// Sets the host name in the new UTS namespace.
///
/// Needs FORKEXEC_NS_UTS, so the caller's name never changes. name has at most 64 bytes and is copied. The last call
/// wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or name is NULL, or name has more than 64 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_UTS is missing.
/// FORKEXEC_STAGE_HOSTNAME, with the errno of sethostname(2). allow_failure lets this pass.
///
/// See sethostname(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_hostname(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_hostname", |attr| attr.ns.set_hostname(name?))
}

/// Sets the NIS domain name in the new UTS namespace.
///
/// Needs FORKEXEC_NS_UTS, so the caller's name never changes. name has at most 64 bytes and is copied. The last call
/// wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or name is NULL, or name has more than 64 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_UTS is missing.
/// FORKEXEC_STAGE_DOMAINNAME, with the errno of setdomainname(2). allow_failure lets this pass.
///
/// See setdomainname(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_domainname(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_domainname", |attr| attr.ns.set_domainname(name?))
}

/// Brings up the loopback interface of the new network namespace.
///
/// Needs FORKEXEC_NS_NET.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_NET is missing.
/// FORKEXEC_STAGE_LOOPBACK, with the errno of the kernel. allow_failure lets this pass.
///
/// See netdevice(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_loopback(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_loopback", |attr| attr.ns.set_loopback())
}

/// Sets a clock of the new time namespace ahead of the caller's.
///
/// clock is CLOCK_MONOTONIC or CLOCK_BOOTTIME. seconds may be negative. nanoseconds, below 1000000000, are added. The
/// raw, coarse and alarm clocks go with theirs. The program and its children see the new time. Needs FORKEXEC_NS_TIME,
/// CAP_SYS_TIME in the user namespace that owns the time namespace, which a new user namespace gives, and the caller's
/// /proc. For each clock the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, clock is another, or nanoseconds is a second or more.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_TIME is missing.
/// FORKEXEC_STAGE_TIME_FILE, ENOENT: there is no /proc, the caller is not in it, or the kernel, before Linux 5.6, has
///   no time namespaces.
/// FORKEXEC_STAGE_TIME_FILE, EOPNOTSUPP: /proc is no proc file system.
/// FORKEXEC_STAGE_TIME_OFFSETS, ERANGE: the clock would be below 0 or beyond 146 years.
/// FORKEXEC_STAGE_TIME_OFFSETS, EPERM: CAP_SYS_TIME is missing.
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_time_offset", |attr| attr.ns.set_time_offset(clock, seconds, nanoseconds))
}
