//! Trees of the caller's, bound to a place in the root: by descriptor where the kernel can, and else by mount(2).

use super::mount_flags::{add_flags, add_flags_below};
use super::resolve::{go_to, look, look_for};
use super::state::At;
use super::target;
use crate::page::side;
use crate::sealed::Mount;
use crate::sys::abi::{
    AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE, ENOENT, ENOTDIR, ESTALE, MOUNT_ATTR_ATIME, MOUNT_ATTR_IDMAP,
    MOUNT_ATTR_NOATIME, MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NOSYMFOLLOW, MS_BIND, MS_NOATIME, MS_NODEV, MS_NODIRATIME,
    MS_NOEXEC, MS_NOSUID, MS_NOSYMFOLLOW, MS_RDONLY, MS_REC, MountAttr, O_CLOEXEC, O_PATH, OPEN_TREE_CLOEXEC,
    OPEN_TREE_CLONE,
};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Answer, Errno};
use core::ptr::null;

pub fn bind(at: &mut At, item: &Mount) -> Answer {
    at.side = side::SOURCE;
    let cloned = if item.source_fd < 0 {
        clone_tree(AT_FDCWD, at.plan.text_or_null(item.source), item)
    } else {
        clone_held(at, item)
    };
    let tree = match cloned {
        Err(Errno(ENOENT)) if item.optional != 0 => return Ok(()),
        Err(errno) if by_path_instead(item, errno) => return bind_by_path(at, item),
        tree => tree?,
    };
    let source = look_for(tree, item.device)?;
    let target = target::find_or_make(at, item, source.is_directory)?;
    // As mount(2) says it.
    if target.is_directory != source.is_directory {
        return Err(Errno(ENOTDIR));
    }
    let attached = attach(tree, target.fd, item)?;
    sys::close(target.fd)?;
    if attached { Ok(()) } else { bind_by_path(at, item) }
}

/// What a descriptor of the caller's refers to. That is mounted in another mount namespace by now, from which nothing can be
/// cloned: it is looked for by its path, and known by its device and inode.
fn clone_held(at: &At, item: &Mount) -> Answer<i32> {
    match clone_tree(AT_FDCWD, at.plan.text(item.source).ok_or(Errno(ESTALE))?, item) {
        Ok(tree) if !is_held(tree, item)? => sys::close(tree).and(Err(Errno(ESTALE))),
        Err(Errno(ENOENT)) => Err(Errno(ESTALE)),
        cloned => cloned,
    }
}

fn is_held(found: i32, item: &Mount) -> Answer<bool> {
    Ok(item.source_fd < 0 || sys::identity(found)? == sys::identity(item.source_fd)?)
}

/// Whether mount(2) is tried after a call for trees has failed. It cannot map ids.
pub fn by_path_instead(item: &Mount, errno: Errno) -> bool {
    item.user_namespace < 0 && goes_on(Call::MountTree, errno)
}

/// open_tree(2)
fn clone_tree(directory: i32, path: *const u8, item: &Mount) -> Answer<i32> {
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive(item) as u32;
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    unsafe { sys::open_tree(directory, path, flags) }
}

fn recursive(item: &Mount) -> i32 {
    if item.flags & MS_REC != 0 { AT_RECURSIVE } else { 0 }
}

/// Gives a tree its attributes while nobody can see it, and then its place. Where that is refused and mount(2) may still do
/// it, the tree is dissolved, and the answer is no.
pub fn attach(tree: i32, target: i32, item: &Mount) -> Answer<bool> {
    let change = change_of(item);
    let changed =
        if change.set | change.clear == 0 { Ok(()) } else { sys::mount_setattr(tree, recursive(item), &change) };
    let attached = changed.and_then(|()| sys::move_mount(tree, target));
    sys::close(tree)?;
    match attached {
        Err(errno) if by_path_instead(item, errno) => Ok(false),
        attached => attached.map(|()| true),
    }
}

/// mount_setattr(2)
fn change_of(item: &Mount) -> MountAttr {
    let has = |flag| item.flags & flag != 0;
    // The first four are the same numbers in both worlds.
    let mut change =
        MountAttr { set: item.flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC), ..MountAttr::default() };
    if has(MS_NOATIME) {
        change.set |= MOUNT_ATTR_NOATIME;
        change.clear |= MOUNT_ATTR_ATIME;
    }
    if has(MS_NODIRATIME) {
        change.set |= MOUNT_ATTR_NODIRATIME;
    }
    if has(MS_NOSYMFOLLOW) {
        change.set |= MOUNT_ATTR_NOSYMFOLLOW;
    }
    if item.user_namespace >= 0 {
        change.set |= MOUNT_ATTR_IDMAP;
        change.userns_fd = item.user_namespace as u64;
    }
    change
}

/// The same where trees cannot be held. mount(2)
fn bind_by_path(at: &mut At, item: &Mount) -> Answer {
    at.side = side::SOURCE;
    let path = at.plan.text(item.source).ok_or(Errno(ESTALE))?;
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    let source = match unsafe { sys::openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0) } {
        Err(Errno(ENOENT)) if item.optional != 0 => return Ok(()),
        Err(Errno(ENOENT)) if item.source_fd >= 0 => return Err(Errno(ESTALE)),
        opened => look(opened?)?,
    };
    if !is_held(source.fd, item)? {
        return Err(Errno(ESTALE));
    }
    let target = target::find_or_make(at, item, source.is_directory)?;
    let place = go_to(target)?;
    // SAFETY: plan::lower guarantees NUL-terminated paths.
    unsafe { sys::mount(path, place.as_ptr(), null(), MS_BIND | item.flags & MS_REC, null())? };
    sys::close(target.fd)?;
    change_covering(at, item, source.fd)
}

/// What now lies over the target gets its flags, if it is what was seen before: paths may have come to lead elsewhere.
pub fn change_covering(at: &mut At, item: &Mount, seen: i32) -> Answer {
    let covering = target::find(at, item)?.fd;
    if sys::identity(covering)? != sys::identity(seen)? {
        return Err(Errno(ESTALE));
    }
    sys::close(seen)?;
    look_for(covering, item.device)?;
    let flags = item.flags & !MS_REC;
    if flags != 0 {
        add_flags(covering, flags)?;
    }
    if flags != 0 && item.flags & MS_REC != 0 {
        add_flags_below(at, covering, flags)?;
    }
    sys::close(covering)
}

/// open_tree(2), of what a descriptor refers to
pub fn clone_held_tree(target: i32, item: &Mount) -> Answer<i32> {
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive(item) | AT_EMPTY_PATH) as u32;
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::open_tree(target, c"".as_ptr().cast(), flags) }
}
