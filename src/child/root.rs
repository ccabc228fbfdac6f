//! The root directory. The new root is mounted over the old one, mounts are made in it, and then pivot_root(2) makes it the root.

use super::mount_flags::{add_flags, add_flags_below};
use super::state::At;
use crate::sys::abi::{
    AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT,
    MS_UNBINDABLE, MountAttr, O_CLOEXEC, O_DIRECTORY, O_PATH, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE,
};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Answer};
use core::ptr::null;

/// mount(2)
pub fn propagation(at: &mut At) -> Answer {
    if at.plan.propagation == 0 { Ok(()) } else { sys::propagate_root(at.plan.propagation) }
}

pub fn open_directory(path: &core::ffi::CStr) -> Answer<i32> {
    // SAFETY: the path is NUL-terminated.
    unsafe { sys::openat(AT_FDCWD, path.as_ptr().cast(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0) }
}

/// Lays the new root over the old one. Until they change places, paths still begin in the old root, as they must for the
/// sources, and targets are only found by descriptor.
pub fn root(at: &mut At) -> Answer {
    if at.plan.new_root == 0 {
        if !at.plan.mounts.is_empty() {
            at.cwd = open_directory(c".")?;
            at.root = open_directory(c"/")?;
        }
        return Ok(());
    }
    if at.plan.root_tree >= 0 {
        at.root = lay_tree(at)?;
    } else {
        lay_root(at)?;
        // "/.." is the only path that leads to the mount over the root: "/" still leads to the old root.
        at.root = open_directory(c"/..")?;
    }
    if at.plan.root_flags != 0 && at.plan.root_tree < 0 {
        protect_root(at)?;
    }
    // An unbindable mount is left out when a recursive bind of the old root is made.
    let_root_be(at, MS_UNBINDABLE)
}

/// The root and what was mounted below it get their flags. The root itself is still to be built in: it becomes read-only in
/// the end.
fn protect_root(at: &At) -> Answer {
    let was_readonly = sys::fstatfs(at.root)?.flags & MS_RDONLY != 0;
    let flags = at.plan.root_flags as u64;
    let change = MountAttr { set: flags, ..MountAttr::default() };
    match sys::mount_setattr(at.root, AT_RECURSIVE, &change) {
        Err(errno) if goes_on(Call::MountTree, errno) => return protect_each(at, flags),
        changed => changed?,
    }
    if was_readonly || !at.plan.root_is_readonly() {
        return Ok(());
    }
    let change = MountAttr { clear: MOUNT_ATTR_RDONLY, ..MountAttr::default() };
    sys::mount_setattr(at.root, 0, &change)
}

/// Kernels before 5.12 change one mount at a time.
fn protect_each(at: &At, flags: u64) -> Answer {
    add_flags(at.root, flags & !MS_RDONLY)?;
    add_flags_below(at, at.root, flags)
}

/// Changes the propagation of a root that is not the caller's.
pub fn let_root_be(at: &At, propagation: u64) -> Answer {
    if at.plan.new_root == 0 {
        return Ok(());
    }
    sys::fchdir(at.root)?;
    sys::change_mount(propagation)
}

fn lay_root(at: &At) -> Answer {
    let over = c"/".as_ptr().cast();
    let Some(path) = at.plan.text(at.plan.root) else {
        let (kind, mode) = (c"tmpfs".as_ptr().cast(), c"mode=0755".as_ptr().cast());
        // SAFETY: NUL-terminated literals.
        return unsafe { sys::mount(kind, over, kind, MS_NOSUID | MS_NODEV, mode) };
    };
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    unsafe { sys::mount(path, over, null(), MS_BIND | MS_REC, null()) }
}

/// Where the tree lies in the file system that holds it.
const TREE: &core::ffi::CStr = c"root";

fn clone_tree(directory: i32, path: &core::ffi::CStr) -> Answer<i32> {
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE as u32;
    // SAFETY: the path is NUL-terminated.
    unsafe { sys::open_tree(directory, path.as_ptr().cast(), flags) }
}

/// Lays a clone of the prepared tree over the old root. open_tree(2), move_mount(2)
fn lay_tree(at: &At) -> Answer<i32> {
    let tree = clone_tree(at.plan.root_tree, TREE)?;
    let old = open_directory(c"/")?;
    sys::move_mount(tree, old)?;
    sys::close(old)?;
    Ok(tree)
}

/// A file system in memory that is in no mount namespace, and a directory to mount on in it. A tree that was cloned in one mount
/// namespace may only be cloned again from there; what is mounted here, from everywhere.
fn new_holder() -> Answer<(i32, i32)> {
    let memory = sys::detached_memory()?;
    // SAFETY: the name is a NUL-terminated literal.
    unsafe { sys::mkdirat(memory, TREE.as_ptr().cast(), 0o755)? };
    // SAFETY: the name is a NUL-terminated literal.
    let place = unsafe { sys::openat(memory, TREE.as_ptr().cast(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0)? };
    Ok((memory, place))
}

/// Does with an empty directory what will be done with the root.
pub fn try_tree(at: &mut At) -> Answer {
    if at.plan.copies_root == 0 {
        return Ok(());
    }
    let (memory, place) = new_holder()?;
    let tree = clone_tree(memory, TREE)?;
    sys::move_mount(tree, place)?;
    [tree, clone_tree(memory, TREE)?, place, memory].into_iter().try_for_each(sys::close)
}

/// Copies the root to where other children find it.
pub fn copy_root(at: &mut At) -> Answer {
    if at.plan.copies_root == 0 {
        return Ok(());
    }
    if at.plan.root_is_in_memory() {
        // Not the mount alone: a clone of it could be made writable, and what is written there would be in all clones.
        let flags = MS_REMOUNT | MS_NOSUID | MS_NODEV | at.plan.root_flags as u64;
        // SAFETY: the path is a NUL-terminated literal.
        unsafe { sys::mount(null(), c"/".as_ptr().cast(), null(), flags, null())? };
    }
    let (memory, place) = new_holder()?;
    let tree = clone_tree(AT_FDCWD, c"/")?;
    sys::move_mount(tree, place)?;
    [tree, place].into_iter().try_for_each(sys::close)?;
    at.tree = memory;
    Ok(())
}

/// pivot_root(2). Detached, the old root is out of reach of whatever runs here later.
pub fn pivot_root(at: &mut At) -> Answer {
    if at.root < 0 {
        return Ok(());
    }
    if at.plan.new_root != 0 {
        let_root_be(at, MS_PRIVATE)?;
        sys::pivot_root()?;
        sys::detach()?;
        // SAFETY: the path is a NUL-terminated literal.
        unsafe { sys::chdir(c"/".as_ptr().cast())? };
    } else {
        sys::fchdir(at.cwd)?;
        sys::close(at.cwd)?;
    }
    sys::close(at.root)
}

/// mount(2)
pub fn root_readonly(at: &mut At) -> Answer {
    if !at.plan.root_is_readonly() || at.plan.root_tree >= 0 {
        return Ok(());
    }
    let root = open_directory(c"/")?;
    add_flags(root, MS_RDONLY)?;
    sys::close(root)
}

/// chroot(2), and a working directory inside it: one outside would be a way out.
pub fn chroot(at: &mut At) -> Answer {
    let Some(root) = at.plan.text(at.plan.chroot) else { return Ok(()) };
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    unsafe { sys::chroot(root)? };
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::chdir(c"/".as_ptr().cast()) }
}
