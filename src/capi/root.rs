//! A root that is built once, for many spawns.

// What the caller owes is said there, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::attr::forkexec_attr;
use super::error::forkexec_error;
use super::guard;
use super::spawn::answer;
use crate::attr::Refused;
use crate::attr::prepared::Prepared;
use crate::capi::entry::Entered;
use crate::parent::Failure;
use crate::prepared::prepare;
use crate::sentences;
use crate::shared::Shared;
use core::ffi::c_int;
use nix::errno::Errno;

/// A root that was built once, with the mounts in it: a tree of mounts that is in no mount namespace, of which each spawn
/// gets a clone. A fork of the process that made it may use it, too.
#[allow(non_camel_case_types)]
pub struct forkexec_root(pub(crate) Shared<Prepared>);

/// Builds the root that attr asks for with set_root, and the mounts in it, once. forkexec_attr_set_prepared_root then gives
/// each program a clone, which takes the kernel one call instead of several for each mount. Of attr only these count, and
/// the user and mount namespaces with their maps: a process of the library's own builds the root in such namespaces, and has
/// ended when this returns. attr stays as it is and may be freed. open_tree(2), move_mount(2).
///
/// No program may write to what others have, too. An empty root has to be FORKEXEC_MOUNT_READONLY, and is then read-only as
/// a file system, whatever flags a program takes from its mounts; so is what mount_dev mounts with that flag. The tree has
/// binds, overlays without an upper directory, read-only dev, directories, links, files, and masked and read-only paths.
/// Each spawn makes anew, in its clone: mount_tmpfs, mount_proc, mount_file_fd, overlays that are written to, dev without
/// FORKEXEC_MOUNT_READONLY (of a read-only one pts and shm), add_mount of anything but binds, and what has to come after one of
/// these: what lies in it, covers it, or follows links. Their descriptors and relative paths count at each spawn;
/// those of the tree count now. Where they have FORKEXEC_MOUNT_CREATE, what they are mounted on is in the tree.
///
/// Before Linux 6.15 (FORKEXEC_PROBE_PREPARED_ROOT), or where a filter forbids the calls, nothing is built now: what was asked
/// for is kept, and each spawn builds it. Mounts that the caller gets later do not appear in the tree
/// (but by propagation, with MS_SLAVE). The tree keeps its file systems busy until *root and all attrs with it are
/// freed, and the programs that have clones have ended.
///
/// Returns 0, or the negative of error->code. -EINVAL: attr or root is NULL (stage 0); there is no set_root, or an
/// empty one without FORKEXEC_MOUNT_READONLY, no new mount namespace, a user namespace that is joined, or what was set
/// contradicts itself (FORKEXEC_STAGE_VALIDATE). -ENOMEM. Otherwise the errno of the step that error->stage names, as for
/// forkexec_hold; FORKEXEC_STAGE_ROOT_TREE and FORKEXEC_STAGE_ROOT_COPY: the tree cannot be copied (ENOSPC: it has more
/// mounts than /proc/sys/fs/mount-max allows); FORKEXEC_STAGE_HAND_OVER (EMFILE: too many descriptors).
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_root_new(
    attr: *const forkexec_attr,
    root: *mut *mut forkexec_root,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours that nobody changes meanwhile.
    let attr = unsafe { guard::attr(attr) };
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

/// Frees root; NULL is fine. Attrs that have it keep the tree, and so do the programs that have clones of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_root_free(root: *mut forkexec_root) {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a root of ours, and that this is its last use.
    drop(unsafe { guard::take_back(root) });
}

/// Gives the program a clone of a root of forkexec_root_new. This takes the place of set_root and of all mounts that attr
/// asked for before: attr may be the one that root was made of. Mounts that it asks for afterwards are made in the
/// clone, and have to find what they are mounted on, where the root is read-only. attr keeps the tree: root may be freed. As
/// for set_root, attr has a new mount namespace; and it has the user namespace and maps that root was made with. The
/// last call of this and set_root wins. In forkexec_error the index of a mount counts those of root first.
/// Returns 0; -EINVAL: attr or root is NULL.
/// Fails later as FORKEXEC_STAGE_VALIDATE (EINVAL: no new mount namespace, also set_chroot, or another user namespace or other maps
/// than root was made with; EBADF: the caller has closed the descriptor of the tree), FORKEXEC_STAGE_ROOT (as set_root; ENOSPC: more
/// mounts than /proc/sys/fs/mount-max allows), and as the mounts that each spawn makes anew; index -1 or theirs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_prepared_root(
    attr: *mut forkexec_attr,
    root: *const forkexec_root,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a root that lives during the call.
    let root = unsafe { guard::root(root) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    super::attr::apply(attr, "set_prepared_root", |attr| {
        let root = root.ok_or(Refused { code: libc::EINVAL, why: sentences::ARGUMENT_IS_NULL })?;
        attr.mounts.set_prepared_root(root.clone())
    })
}
