//! User id, group id and supplementary groups.

use super::{apply, forkexec_attr};
use crate::attr::ids::MOST_GROUPS;
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::c_int;

/// Runs the program as the user uid.
///
/// The real, the effective and the saved id are set. uid is an id of the program's user namespace. Without set_groups
/// or keep_groups the supplementary groups are dropped. The last call wins.
///
/// Example:
///
///     forkexec_attr_set_gid(attr, 65534);
///     forkexec_attr_set_uid(attr, 65534);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or uid is (uid_t)-1.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: uid is not in the map of the new user namespace.
/// FORKEXEC_STAGE_UID, EPERM: CAP_SETUID is missing.
/// FORKEXEC_STAGE_UID, EINVAL: uid is not mapped in the caller's user namespace.
/// FORKEXEC_STAGE_GROUPS, EPERM: the groups may not be dropped.
/// FORKEXEC_STAGE_EXEC, EAGAIN: the user is over RLIMIT_NPROC.
///
/// See setresuid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_uid(attr: *mut forkexec_attr, uid: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_uid", |attr| attr.ids.set_uid(uid))
}

/// Runs the program with the group gid.
///
/// The real, the effective and the saved id are set. gid is an id of the program's user namespace. Without set_groups
/// or keep_groups the supplementary groups are dropped. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or gid is (gid_t)-1.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: gid is not in the map of the new user namespace.
/// FORKEXEC_STAGE_GID, EPERM: CAP_SETGID is missing.
/// FORKEXEC_STAGE_GID, EINVAL: gid is not mapped in the caller's user namespace.
/// FORKEXEC_STAGE_GROUPS, EPERM: the groups may not be dropped.
///
/// See setresgid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_gid(attr: *mut forkexec_attr, gid: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_gid", |attr| attr.ids.set_gid(gid))
}

/// Gives the program exactly the n supplementary groups of list.
///
/// With n 0 it has none, and list may be NULL. Without this call a program that changes its uid or gid has none either,
/// unless keep_groups was called. list is copied. The last call wins.
///
/// A gid map without allow_setgroups makes the kernel deny setgroups(2). Groups that are asked for are then refused;
/// without this call the groups are left as they are, as Go does. A joined user namespace may deny it too. That is no
/// failure if the child's groups, as seen there, are already those that are asked for: none, or up to 64 that are
/// mapped.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, list is NULL and n is not 0, n is above 65536, or an item is (gid_t)-1.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: keep_groups was called, or a group is not in the map of the new user namespace.
/// FORKEXEC_STAGE_VALIDATE, EPERM: the new user namespace has no allow_setgroups.
/// FORKEXEC_STAGE_GROUPS, EPERM: CAP_SETGID is missing, or the caller's or the joined user namespace denies it: call
///   keep_groups there.
/// FORKEXEC_STAGE_GROUPS, EINVAL: a group is not mapped there.
///
/// See setgroups(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_groups(attr: *mut forkexec_attr, list: *const u32, n: usize) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that list is NULL or a list of n items.
    let list = unsafe { guard::list(list, n, MOST_GROUPS, sentences::TOO_MANY_GROUPS) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_groups", |attr| attr.ids.set_groups(list?))
}

/// Keeps the caller's supplementary groups when the uid or gid changes.
///
/// set_groups contradicts this.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_groups was called.
///
/// See credentials(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_keep_groups(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "keep_groups", |attr| attr.ids.keep_groups())
}
