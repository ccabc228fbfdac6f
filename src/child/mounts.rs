//! The list of mounts and their kin. File systems are mounted by mount(2) with the words of the caller, onto a directory
//! that is held; trees of the caller's are brought by descriptor where the kernel can, and else by mount(2) too.

use super::At;
use super::below;
use super::channel;
use super::inside::{self, Found, go_to, look, look_for};
use super::memory;
use super::page::side;
use super::root::let_root_be;
use super::sealed::{Mount, Text, mount};
use super::sys::abi::{
    AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE, EEXIST, ENOENT, ENOSPC, ENOTDIR, ESTALE, MOUNT_ATTR_ATIME, MOUNT_ATTR_IDMAP,
    MOUNT_ATTR_NOATIME, MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NOSYMFOLLOW, MS_BIND, MS_NOATIME, MS_NODEV, MS_NODIRATIME,
    MS_NOEXEC, MS_NOSUID, MS_NOSYMFOLLOW, MS_PRIVATE, MS_RDONLY, MS_REC, MS_RELATIME, MS_REMOUNT, MS_STRICTATIME,
    MS_UNBINDABLE, MountAttr, O_CLOEXEC, O_PATH, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE, ST_NOSYMFOLLOW, ST_RELATIME,
};
use super::sys::ways::{Call, goes_on};
use super::sys::{self, Answer, Errno};
use core::ptr::null;

/// The list, in call order.
pub fn populate(at: &mut At) -> Answer {
    if at.plan.mounts.is_empty() { Ok(()) } else { make_all(at) }
}

/// Takes pages of the stack that a child without mounts does without.
#[inline(never)]
fn make_all(at: &mut At) -> Answer {
    let plan = at.plan;
    // What is made has the mode that was asked for.
    let mask = sys::umask(0)?;
    for item in plan.list(plan.mounts) {
        channel::at_stage(at, item.stage);
        at.index = item.index;
        apply(at, item)?;
    }
    inside::leave(at)?;
    sys::umask(mask).map(drop)
}

fn apply(at: &mut At, item: &Mount) -> Answer {
    match item.kind {
        mount::PLAIN => plain(at, item),
        mount::BIND => bind(at, item),
        mount::DIRECTORY => directory(at, item),
        mount::SYMLINK => symlink(at, item),
        mount::FILE => file(at, item),
        mount::DEVICE => device(at, item),
        mount::MASK => mask(at, item),
        mount::REMOUNT => remount(at, item),
        mount::MODE => mode(at, item),
        mount::OVERLAY_IN_MEMORY => memory::overlay(at, item),
        mount::FILE_IN_MEMORY => memory::file(at, item),
        mount::PLACE | mount::PLACE_OF_FILE => place(at, item),
        _ => readonly(at, item),
    }
}

pub fn maybe(at: &At, text: Text) -> *const u8 {
    at.plan.text(text).unwrap_or(null())
}

/// mount(2)
fn plain(at: &mut At, item: &Mount) -> Answer {
    let target = inside::target_for(at, item, true)?;
    let place = go_to(target)?;
    let (source, kind) = (maybe(at, item.source), maybe(at, item.file_system));
    // SAFETY: plan::lower guarantees strings that are NUL-terminated or NULL.
    unsafe { sys::mount(source, place.as_ptr(), kind, item.flags, maybe(at, item.data))? };
    sys::close(target.fd)
}

pub fn bind(at: &mut At, item: &Mount) -> Answer {
    at.side = side::SOURCE;
    let cloned =
        if item.source_fd < 0 { clone_tree(AT_FDCWD, maybe(at, item.source), item) } else { clone_held(at, item) };
    let tree = match cloned {
        Err(Errno(ENOENT)) if item.optional != 0 => return Ok(()),
        Err(errno) if by_path_instead(item, errno) => return bind_by_path(at, item),
        tree => tree?,
    };
    let source = look_for(tree, item.device)?;
    let target = inside::target_for(at, item, source.is_directory)?;
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
fn by_path_instead(item: &Mount, errno: Errno) -> bool {
    item.user_namespace < 0 && goes_on(Call::MountTree, errno)
}

/// A device of the caller's. In a new file system that nobody else sees, a name leads to what was just made there.
fn device(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = inside::parent(at, item)?;
    sys::close(inside::make_file(parent, name, inside::COVERED)?)?;
    sys::fchdir(parent)?;
    at.side = side::SOURCE;
    // SAFETY: plan::lower guarantees NUL-terminated paths.
    unsafe { sys::mount(maybe(at, item.source), name, null(), MS_BIND, null())? };
    sys::close(inside::step(parent, name, item.device)?.fd)
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
fn attach(tree: i32, target: i32, item: &Mount) -> Answer<bool> {
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
    let target = inside::target_for(at, item, source.is_directory)?;
    let place = go_to(target)?;
    // SAFETY: plan::lower guarantees NUL-terminated paths.
    unsafe { sys::mount(path, place.as_ptr(), null(), MS_BIND | item.flags & MS_REC, null())? };
    sys::close(target.fd)?;
    change_covering(at, item, source.fd)
}

/// What now lies over the target gets its flags, if it is what was seen before: paths may have come to lead elsewhere.
fn change_covering(at: &mut At, item: &Mount, seen: i32) -> Answer {
    let covering = inside::target(at, item)?.fd;
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
        below::each(at, covering, |root| add_flags(root, flags))?;
    }
    sys::close(covering)
}

/// The flags that are the same numbers for statfs(2) and for mount(2).
const SAME: u64 = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;

/// Those that are there stay: some may not be taken away.
pub fn add_flags(fd: i32, flags: u64) -> Answer {
    let now = sys::fstatfs(fd)?.flags;
    let mut kept = now & SAME;
    if (now | flags) & MS_NOATIME == 0 {
        kept |= if now & ST_RELATIME != 0 { MS_RELATIME } else { MS_STRICTATIME };
    }
    if now & ST_NOSYMFOLLOW != 0 {
        kept |= MS_NOSYMFOLLOW;
    }
    let place = go_to(look(fd)?)?;
    // SAFETY: the place is NUL-terminated.
    unsafe { sys::mount(null(), place.as_ptr(), null(), MS_REMOUNT | MS_BIND | kept | flags, null()) }
}

fn remount(at: &mut At, item: &Mount) -> Answer {
    let target = inside::target(at, item)?;
    add_flags(target.fd, item.flags)?;
    sys::close(target.fd)
}

/// mkdir(2), open(2): what a mount is to cover later.
fn place(at: &mut At, item: &Mount) -> Answer {
    sys::close(inside::target_for(at, item, item.kind == mount::PLACE)?.fd)
}

/// chmod(2)
fn mode(at: &mut At, item: &Mount) -> Answer {
    let target = inside::target(at, item)?;
    let place = go_to(target)?;
    // SAFETY: the place is NUL-terminated.
    inside::has_mode(target.fd, item.mode, |_, mode| unsafe { sys::chmod(place.as_ptr(), mode) })?;
    sys::close(target.fd)
}

/// The setuid and the setgid bit.
const SET_IDS: u32 = 0o6000;

/// mkdir(2); one that is there may stay.
fn directory(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = inside::parent(at, item)?;
    // The mode is changed through the directory, which its owner has to be able to enter.
    let first = if item.mode & SET_IDS != 0 { item.mode | 0o700 } else { item.mode };
    let is_new = match inside::make_directory(parent, name, first) {
        Err(Errno(EEXIST)) => false,
        made => made.map(|()| true)?,
    };
    let made = inside::target(at, item)?;
    if !made.is_directory {
        return Err(Errno(ENOTDIR));
    }
    if is_new {
        inside::directory_has_mode(made.fd, first, item.mode)?;
    }
    sys::close(made.fd)
}

/// symlink(2); the same link may be there already.
fn symlink(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = inside::parent(at, item)?;
    // SAFETY: plan::lower guarantees NUL-terminated strings.
    let made = unsafe { sys::symlinkat(maybe(at, item.data), parent, name) };
    made.or_else(
        |errno| if errno == Errno(EEXIST) { is_link_to(parent, name, at.plan.bytes(item.data)) } else { Err(errno) },
    )
}

fn is_link_to(parent: i32, name: *const u8, text: &[u8]) -> Answer {
    let mut buffer = [0u8; 4096];
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    let length = unsafe { sys::readlinkat(parent, name, &mut buffer) }.map_err(|_| Errno(EEXIST))?;
    if buffer.iter().take(length).eq(text) { Ok(()) } else { Err(Errno(EEXIST)) }
}

fn file(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = inside::parent(at, item)?;
    fill(at, item, parent, name)
}

/// A new file, with the bytes of the plan, or those of a descriptor's file. open(2), write(2), pread(2)
pub fn fill(at: &At, item: &Mount, parent: i32, name: *const u8) -> Answer {
    let made = inside::make_file(parent, name, item.mode & inside::PERMISSIONS)?;
    if item.source_fd < 0 {
        write_all(made, at.plan.bytes(item.data))?;
    } else {
        copy(item.source_fd, made)?;
    }
    // Last: a write by somebody without CAP_FSETID clears the setuid and setgid bits.
    inside::has_mode(made, item.mode, sys::fchmod)?;
    sys::close(made)
}

fn write_all(file: i32, bytes: &[u8]) -> Answer {
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = sys::write(file, rest)?;
        if written == 0 {
            return Err(Errno(ENOSPC));
        }
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// From the start, and without a change of the offset, which the caller and others may have in common.
#[inline(never)]
fn copy(from: i32, to: i32) -> Answer {
    let mut buffer = [0u8; 8192];
    let mut offset = 0u64;
    loop {
        let filled = sys::pread(from, &mut buffer, offset)?;
        if filled == 0 {
            return Ok(());
        }
        write_all(to, buffer.get(..filled).unwrap_or_default())?;
        offset = offset.saturating_add(filled as u64);
    }
}

/// A directory under an empty file system, a file under a device that has nothing to read. What is not there need not be
/// hidden.
fn mask(at: &mut At, item: &Mount) -> Answer {
    let target = match inside::target(at, item) {
        Err(Errno(ENOENT)) => return Ok(()),
        found => found?,
    };
    sys::close(target.fd)?;
    if target.is_directory { plain(at, item) } else { bind(at, &Mount { flags: 0, ..*item }) }
}

/// The tree that is there, once more over itself.
fn readonly(at: &mut At, item: &Mount) -> Answer {
    let target = match inside::target(at, item) {
        Err(Errno(ENOENT)) if item.optional != 0 => return Ok(()),
        found => found?,
    };
    let_root_be(at, MS_PRIVATE)?;
    let tree = match clone_tree_of(target.fd, item) {
        Err(errno) if by_path_instead(item, errno) => return readonly_by_path(at, item, target),
        tree => tree?,
    };
    let_root_be(at, MS_UNBINDABLE)?;
    if attach(tree, target.fd, item)? {
        return sys::close(target.fd);
    }
    let_root_be(at, MS_PRIVATE)?;
    readonly_by_path(at, item, target)
}

/// The same by mount(2). The root can be bound at the moment.
fn readonly_by_path(at: &mut At, item: &Mount, target: Found) -> Answer {
    let place = go_to(target)?;
    // SAFETY: the place is NUL-terminated.
    unsafe { sys::mount(place.as_ptr(), place.as_ptr(), null(), MS_BIND | MS_REC, null())? };
    let_root_be(at, MS_UNBINDABLE)?;
    change_covering(at, item, target.fd)
}

fn clone_tree_of(target: i32, item: &Mount) -> Answer<i32> {
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive(item) | AT_EMPTY_PATH) as u32;
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::open_tree(target, c"".as_ptr().cast(), flags) }
}
