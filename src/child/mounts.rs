//! The list of mounts and their kin. File systems are mounted by mount(2) with the words of the caller, onto a directory
//! that is held; trees of the caller's are brought by descriptor where the kernel can, and else by mount(2) too.

use super::bind::{attach, bind, by_path_instead, change_covering, clone_held_tree};
use super::created::{COVERED, make_file};
use super::files::{directory, file, mode, symlink};
use super::mount_flags::add_flags;
use super::resolve::{self, Found, go_to};
use super::root::let_root_be;
use super::state::At;
use super::{channel, in_memory, target};
use crate::page::side;
use crate::sealed::{Mount, mount};
use crate::sys::abi::{ENOENT, MS_BIND, MS_PRIVATE, MS_REC, MS_UNBINDABLE};
use crate::sys::{self, Answer, Errno};
use core::ptr::null;

/// The list, in call order.
pub fn populate(at: &mut At) -> Answer {
    if at.plan.mounts.is_empty() { Ok(()) } else { make_all(at) }
}

/// Not inlined: its buffers would take pages of the stack from children without mounts.
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
    target::leave(at)?;
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
        mount::OVERLAY_IN_MEMORY => in_memory::overlay(at, item),
        mount::FILE_IN_MEMORY => in_memory::file(at, item),
        mount::PLACE | mount::PLACE_OF_FILE => place(at, item),
        _ => readonly(at, item),
    }
}

/// mount(2)
fn plain(at: &mut At, item: &Mount) -> Answer {
    let target = target::find_or_make(at, item, true)?;
    let place = go_to(target)?;
    let (source, kind) = (at.plan.text_or_null(item.source), at.plan.text_or_null(item.file_system));
    // SAFETY: plan::lower guarantees strings that are NUL-terminated or NULL.
    unsafe { sys::mount(source, place.as_ptr(), kind, item.flags, at.plan.text_or_null(item.data))? };
    sys::close(target.fd)
}

/// A device of the caller's. In a new file system that nobody else sees, a name leads to what was just made there.
fn device(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = target::parent(at, item)?;
    sys::close(make_file(parent, name, COVERED)?)?;
    sys::fchdir(parent)?;
    at.side = side::SOURCE;
    // SAFETY: plan::lower guarantees NUL-terminated paths.
    unsafe { sys::mount(at.plan.text_or_null(item.source), name, null(), MS_BIND, null())? };
    sys::close(resolve::step(parent, name, item.device)?.fd)
}

/// mkdir(2), open(2): what a mount is to cover later.
fn place(at: &mut At, item: &Mount) -> Answer {
    sys::close(target::find_or_make(at, item, item.kind == mount::PLACE)?.fd)
}

fn remount(at: &mut At, item: &Mount) -> Answer {
    let target = target::find(at, item)?;
    add_flags(target.fd, item.flags)?;
    sys::close(target.fd)
}

/// A directory under an empty file system, a file under a device that has nothing to read. What is not there need not be
/// hidden.
fn mask(at: &mut At, item: &Mount) -> Answer {
    let target = match target::find(at, item) {
        Err(Errno(ENOENT)) => return Ok(()),
        found => found?,
    };
    sys::close(target.fd)?;
    if target.is_directory { plain(at, item) } else { bind(at, &Mount { flags: 0, ..*item }) }
}

/// The tree that is there, once more over itself.
fn readonly(at: &mut At, item: &Mount) -> Answer {
    let target = match target::find(at, item) {
        Err(Errno(ENOENT)) if item.optional != 0 => return Ok(()),
        found => found?,
    };
    let_root_be(at, MS_PRIVATE)?;
    let tree = match clone_held_tree(target.fd, item) {
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
