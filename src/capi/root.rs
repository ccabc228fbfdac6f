//! A root that is built once, for many spawns.

// What the caller owes is said there, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::answer::answer;
use super::attr::forkexec_attr;
use super::error::forkexec_error;
use super::guard;
use crate::attr::Refused;
use crate::attr::prepared::Prepared;
use crate::capi::entry::Entered;
use crate::parent::Failure;
use crate::prepared::prepare;
use crate::sentences;
use crate::shared::Shared;
use core::ffi::c_int;
use nix::errno::Errno;

/// A root that was built once, with the mounts in it: a tree of mounts that is in no mount namespace, of which each
/// spawn gets a clone. A fork of the process that made it can use it, too.
#[allow(non_camel_case_types)]
pub struct forkexec_root(pub(crate) Shared<Prepared>);

/// Builds once the root that attr asks for with set_root, and the mounts in it.
///
/// forkexec_attr_set_prepared_root then gives each program a clone, which takes the kernel one call instead of several
/// for each mount. A process of the library's own builds the root, in a mount namespace and, if attr asks for one, a
/// user namespace with its maps; it has ended when this returns. Nothing else of attr counts. attr does not change and
/// may be freed. *root is to be freed with forkexec_root_free.
///
/// Programs must not see what other programs write. So an empty root needs FORKEXEC_ROOT_READONLY, and its file system
/// is then read-only, whatever a program does to its mounts; the same holds for mount_dev with FORKEXEC_MOUNT_READONLY.
/// The tree has the binds, the overlays without an upper directory, read-only dev, directories, links, files, and masked
/// and read-only paths. Each spawn makes the rest in its clone: mount_tmpfs, mount_proc, mount_file_fd, overlays that
/// are written to, dev without FORKEXEC_MOUNT_READONLY (of a read-only one pts and shm), what add_mount mounts other
/// than binds, and all that has to come after one of these, because it lies in it, covers it, or follows links. The tree
/// has what they are mounted on, if they have FORKEXEC_MOUNT_CREATE. Descriptors and relative paths of what is in the
/// tree are looked up now, others at each spawn.
///
/// Before Linux 6.15, or where a filter forbids the calls, nothing is built now: the request is kept, and each spawn
/// builds its root. FORKEXEC_PROBE_PREPARED_ROOT says which it is. The tree does not get mounts that the caller makes
/// later, unless they propagate (MS_SLAVE). Its file systems stay in use until root and all attrs with it are freed and
/// the programs in clones have ended.
///
/// Example:
///
///     forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
///     forkexec_attr_bind_mount(attr, "/usr", "/usr", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY);
///     if (forkexec_root_new(attr, &root, &error) == 0)
///         forkexec_attr_set_prepared_root(attr, root);
///
/// Returns 0, or the negative of error->code, as forkexec_hold does, and with stage 0:
/// -EINVAL: attr or root is NULL.
/// -ENOMEM: memory is short.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_root was not called, an empty root is not read-only, there is no new mount
///   namespace, a user namespace is joined, or attr has a prepared root already.
/// FORKEXEC_STAGE_ROOT_TREE, FORKEXEC_STAGE_ROOT_COPY, ENOSPC: the tree has more mounts than /proc/sys/fs/mount-max
///   allows.
/// FORKEXEC_STAGE_HAND_OVER, EMFILE: too many descriptors are open.
///
/// See open_tree(2), move_mount(2).
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_root_new(
    attr: *const forkexec_attr,
    root: *mut *mut forkexec_root,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours that nobody changes meanwhile.
    let attr = unsafe { guard::shared(attr) };
    // SAFETY: C caller guarantees that root is NULL or memory for a pointer.
    let place = unsafe { guard::out(root) };
    let no_memory = || Failure::not_now(Errno::ENOMEM, sentences::NO_MEMORY_FOR_HANDLE);
    let made = match (attr, place) {
        (None, _) => Err(Failure::not_now(Errno::EINVAL, sentences::ATTR_NULL)),
        (_, None) => Err(Failure::not_now(Errno::EINVAL, sentences::ROOT_PLACE_NULL)),
        (Some(attr), Some(place)) => prepare(&attr.0).and_then(|prepared| {
            let handle = guard::give(forkexec_root(Shared::new(prepared).map_err(|_| no_memory())?));
            if handle.is_null() {
                return Err(no_memory());
            }
            place.write(handle);
            Ok(())
        }),
    };
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(made, error) }
}

/// Frees root. NULL is allowed.
///
/// Attrs that have it keep the tree, and so do the programs that have clones of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_root_free(root: *mut forkexec_root) {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a root of ours, and that this is its last use.
    drop(unsafe { guard::take_back(root) });
}

/// Gives the program a clone of a root of forkexec_root_new.
///
/// It takes the place of set_root and of all mounts that attr has asked for: attr may be the one that root was made of.
/// Mounts that attr asks for afterwards are made in the clone; where that is read-only, what they are mounted on has to
/// be there. attr keeps the tree, so root may be freed. attr needs a new mount namespace, and the user namespace and
/// maps that root was made with. The last call of this and set_root wins. The error's index of a mount counts those of
/// root first.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or root is NULL.
///
/// A spawn can fail later as the mounts that each spawn makes, and as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new mount namespace, the user namespace or its maps are others than root
///   was made with, or set_chroot was called.
/// FORKEXEC_STAGE_VALIDATE, EBADF: the caller has closed the descriptor of the tree.
/// FORKEXEC_STAGE_ROOT, ENOSPC: there are more mounts than /proc/sys/fs/mount-max allows.
/// FORKEXEC_STAGE_ROOT, EPERM: CAP_SYS_ADMIN is missing.
///
/// See open_tree(2), move_mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_prepared_root(
    attr: *mut forkexec_attr,
    root: *const forkexec_root,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a root that lives during the call.
    let root = unsafe { guard::shared(root) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    super::attr::apply(attr, "set_prepared_root", |attr| {
        let forkexec_root(root) = root.ok_or(Refused { code: libc::EINVAL, why: sentences::ARGUMENT_IS_NULL })?;
        attr.mounts.set_prepared_root(root.clone())
    })
}
