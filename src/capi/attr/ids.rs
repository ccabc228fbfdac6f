//! User id, group id and supplementary groups.

use super::{apply, forkexec_attr};
use crate::attr::ids::MOST_GROUPS;
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::c_int;

/// Runs the program as the user uid: real, effective and saved id.
///
/// uid is one of the program's user namespace. Without set_groups and keep_groups the supplementary groups are dropped;
/// see set_groups. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, uid is (uid_t)-1.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: not in the map of the new user namespace.
/// FORKEXEC_STAGE_UID, EPERM: no CAP_SETUID.
/// FORKEXEC_STAGE_UID, EINVAL: not mapped in the caller's user namespace.
/// FORKEXEC_STAGE_GROUPS, EPERM: no right to drop the groups.
/// FORKEXEC_STAGE_EXEC, EAGAIN: over RLIMIT_NPROC.
///
/// See setresuid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_uid(attr: *mut forkexec_attr, uid: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_uid", |attr| attr.ids.set_uid(uid))
}

/// Runs the program with the group gid: real, effective and saved id.
///
/// gid is one of the program's user namespace. Without set_groups and keep_groups the supplementary groups are dropped;
/// see set_groups. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, gid is (gid_t)-1.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: not in the map of the new user namespace.
/// FORKEXEC_STAGE_GID, EPERM: no CAP_SETGID.
/// FORKEXEC_STAGE_GID, EINVAL: not mapped in the caller's user namespace.
/// FORKEXEC_STAGE_GROUPS, EPERM: no right to drop the groups.
///
/// See setresgid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_gid(attr: *mut forkexec_attr, gid: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_gid", |attr| attr.ids.set_gid(gid))
}

/// Gives the program exactly the n supplementary groups of list; with n 0 none, and list may be NULL.
///
/// Without this call a program that changes its uid or gid has none either; keep_groups keeps the caller's. One
/// exception, Go's: where there is a gid map without allow_setgroups, the kernel denies setgroups, and no groups asked
/// for means that nothing is done; groups asked for are then refused. A user namespace that is joined may deny it too:
/// that is no failure where the groups, as they are seen in there, are as asked already: none, or up to 64 that are
/// mapped. list is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, list is NULL and n is not 0, n is above 65536, an item is (gid_t)-1.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: with keep_groups.
/// FORKEXEC_STAGE_VALIDATE: not in the map of the new user namespace.
/// FORKEXEC_STAGE_VALIDATE, EPERM: a new user namespace without allow_setgroups.
/// FORKEXEC_STAGE_GROUPS, EPERM: no CAP_SETGID, or denied in the caller's or the joined user namespace: keep_groups is
///   the way there.
/// FORKEXEC_STAGE_GROUPS, EINVAL: not mapped there.
///
/// See setgroups(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_groups(attr: *mut forkexec_attr, list: *const u32, n: usize) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that list is NULL or a list of n items.
    let list = unsafe { guard::list(list, n, MOST_GROUPS, sentences::TOO_MANY_GROUPS) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_groups", |attr| attr.ids.set_groups(list?))
}

/// Keeps the caller's supplementary groups when uid or gid change.
///
/// Contradicts set_groups.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: with set_groups.
///
/// See credentials(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_keep_groups(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "keep_groups", |attr| attr.ids.keep_groups())
}
