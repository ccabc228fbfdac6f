//! Overlays that are written to in memory.

use super::At;
use super::inside::{self, Found};
use super::mounts::maybe;
use super::page::side;
use super::root::open_directory;
use super::sealed::Mount;
use super::sys::abi::{AT_FDCWD, MS_MOVE, MS_NODEV, MS_NOEXEC, MS_NOSUID, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_PATH};
use super::sys::ways::{Call, goes_on};
use super::sys::{self, Answer};
use core::ffi::CStr;
use core::ptr::null;

const STICKY: u32 = 0o1000;

/// The overlay is made in the file system in memory, and moved to its place. That file system lies over the root, where it hides
/// no path, as it would over the target, which may be or hold a lower directory; when it is detached the overlay alone has it.
pub fn in_memory(at: &mut At, item: &Mount) -> Answer {
    let mode = mode_of_lower(at, item)?;
    let target = inside::target_for(at, item, true)?;
    let (kind, words) = (c"tmpfs".as_ptr().cast(), c"mode=0700".as_ptr().cast());
    // SAFETY: NUL-terminated literals.
    unsafe { sys::mount(kind, c"/".as_ptr().cast(), kind, MS_NOSUID | MS_NODEV | MS_NOEXEC, words)? };
    // Of all paths this alone goes over what lies on the root.
    let memory = open_directory(c"/..")?;
    for (name, mode) in [(c"upper", mode), (c"work", 0o700), (c"overlay", 0o700)] {
        inside::make_directory(memory, name.as_ptr().cast(), mode)?;
    }
    sys::fchdir(memory)?;
    let (kind, place) = (maybe(at, item.file_system), c"overlay".as_ptr().cast());
    // SAFETY: plan::lower guarantees NUL-terminated strings.
    unsafe { sys::mount(kind, place, kind, item.flags, maybe(at, item.data))? };
    let overlay = open(memory, c"overlay", O_NOFOLLOW)?;
    move_to(overlay, target)?;
    sys::fchdir(memory)?;
    sys::detach()?;
    [overlay, target.fd, memory].into_iter().try_for_each(sys::close)
}

/// The root of the overlay looks like that of the uppermost lower directory.
fn mode_of_lower(at: &mut At, item: &Mount) -> Answer<u32> {
    at.side = side::SOURCE;
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    let lower = unsafe { sys::openat(AT_FDCWD, maybe(at, item.source), O_PATH | O_DIRECTORY | O_CLOEXEC, 0)? };
    let mode = sys::kind(lower)?.mode & (inside::PERMISSIONS | STICKY);
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
    let from = inside::among_descriptors(c"/proc/self/fd", mount)?;
    let to = inside::among_descriptors(c"/proc/self/fd", target.fd)?;
    // SAFETY: both places are NUL-terminated.
    unsafe { sys::mount(from.as_ptr(), to.as_ptr(), null(), MS_MOVE, null()) }
}
