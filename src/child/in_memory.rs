//! Overlays and files that are made on a tmpfs, and then moved or bound to their place in the root.

use super::bind::bind;
use super::created::{PERMISSIONS, make_directory};
use super::files::fill;
use super::resolve::{Found, among_descriptors};
use super::root::open_directory;
use super::state::At;
use super::target;
use crate::page::side;
use crate::sealed::Mount;
use crate::sys::abi::{AT_FDCWD, MS_MOVE, MS_NODEV, MS_NOSUID, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_PATH};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Answer};
use core::ffi::CStr;
use core::ptr::null;

const STICKY: u32 = 0o1000;

/// An empty file system, over the root, where it hides no path: over a target it might hide a source. When it is detached, only
/// what was taken from it keeps it.
fn lay() -> Answer<i32> {
    let (kind, words) = (c"tmpfs".as_ptr().cast(), c"mode=0700".as_ptr().cast());
    // SAFETY: NUL-terminated literals.
    unsafe { sys::mount(kind, c"/".as_ptr().cast(), kind, MS_NOSUID | MS_NODEV, words)? };
    // "/.." is the only path that leads to the mount over the root.
    open_directory(c"/..")
}

fn detach(memory: i32) -> Answer {
    sys::fchdir(memory)?;
    sys::detach()?;
    sys::close(memory)
}

/// The overlay is made in memory, and moved to its place.
pub fn overlay(at: &mut At, item: &Mount) -> Answer {
    let mode = mode_of_lower(at, item)?;
    let target = target::find_or_make(at, item, true)?;
    let memory = lay()?;
    for (name, mode) in [(c"upper", mode), (c"work", 0o700), (c"overlay", 0o700)] {
        make_directory(memory, name.as_ptr().cast(), mode)?;
    }
    sys::fchdir(memory)?;
    let (kind, place) = (at.plan.text_or_null(item.file_system), c"overlay".as_ptr().cast());
    // SAFETY: plan::lower guarantees NUL-terminated strings.
    unsafe { sys::mount(kind, place, kind, item.flags, at.plan.text_or_null(item.data))? };
    let overlay = open(memory, c"overlay", O_NOFOLLOW)?;
    move_to(overlay, target)?;
    [overlay, target.fd].into_iter().try_for_each(sys::close)?;
    detach(memory)
}

/// The file is made in memory, and bound to its place; its source is the path that leads there.
pub fn file(at: &mut At, item: &Mount) -> Answer {
    let memory = lay()?;
    fill(at, item, memory, c"file".as_ptr().cast())?;
    bind(at, &Mount { source_fd: -1, ..*item })?;
    detach(memory)
}

/// The root of the overlay looks like that of the uppermost lower directory.
fn mode_of_lower(at: &mut At, item: &Mount) -> Answer<u32> {
    at.side = side::SOURCE;
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    let lower =
        unsafe { sys::openat(AT_FDCWD, at.plan.text_or_null(item.source), O_PATH | O_DIRECTORY | O_CLOEXEC, 0)? };
    let mode = sys::kind(lower)?.mode & (PERMISSIONS | STICKY);
    sys::close(lower)?;
    Ok(mode)
}

fn open(directory: i32, name: &CStr, flags: i32) -> Answer<i32> {
    // SAFETY: the name is NUL-terminated.
    unsafe { sys::openat(directory, name.as_ptr().cast(), O_PATH | O_DIRECTORY | O_CLOEXEC | flags, 0) }
}

/// move_mount(2), or mount(2) among the descriptors in /proc.
fn move_to(mount: i32, target: Found) -> Answer {
    match sys::move_mount(mount, target.fd) {
        Err(errno) if goes_on(Call::MountTree, errno) => (),
        moved => return moved,
    }
    let from = among_descriptors(c"/proc/self/fd", mount)?;
    let to = among_descriptors(c"/proc/self/fd", target.fd)?;
    // SAFETY: both places are NUL-terminated.
    unsafe { sys::mount(from.as_ptr(), to.as_ptr(), null(), MS_MOVE, null()) }
}
