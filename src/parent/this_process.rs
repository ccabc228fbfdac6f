//! The pid of this process without a system call each time. It is kept in a page that the kernel wipes in a fork.

use core::num::NonZeroUsize;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};

use crate::sys;

const PAGE: usize = 4096;

/// The page. In a fork it has zeros.
struct Known {
    pid: AtomicI32,
    mount_of_proc: AtomicU64,
}

static WIPED: AtomicPtr<Known> = AtomicPtr::new(null_mut());

/// This process's pid.
pub fn pid() -> i32 {
    let Some(page) = known() else { return remember() };
    match page.pid.load(Ordering::Relaxed) {
        0 => {
            let pid = sys::getpid();
            page.pid.store(pid, Ordering::Relaxed);
            pid
        }
        pid => pid,
    }
}

/// The id of the mount of /proc that is known to show this process's pid namespace. 0: not known. A fork may be in another
/// namespace.
pub fn mount_of_proc() -> u64 {
    known().map_or(0, |page| page.mount_of_proc.load(Ordering::Relaxed))
}

pub fn set_mount_of_proc(mount: u64) {
    if let Some(page) = known() {
        page.mount_of_proc.store(mount, Ordering::Relaxed);
    }
}

fn known() -> Option<&'static Known> {
    // SAFETY: `remember` published a page of ours that is never unmapped.
    unsafe { WIPED.load(Ordering::Acquire).as_ref() }
}

/// Makes the page. If there can be none, each call asks the kernel.
#[cold]
fn remember() -> i32 {
    let pid = sys::getpid();
    if let Some(page) = wiped_on_fork() {
        // SAFETY: new memory of our own, zeroed and aligned.
        unsafe { page.cast::<Known>().as_ref() }.pid.store(pid, Ordering::Relaxed);
        let place = page.cast().as_ptr();
        if WIPED.compare_exchange(null_mut(), place, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: kernel contract, man 2 munmap: mapped above, and another thread's is used instead.
            let _ = unsafe { munmap(page.cast(), PAGE) };
        }
    }
    pid
}

/// `None`: Linux before 4.14 does not know the advice. qemu-user before 8.1 accepts any advice and does nothing; a kernel refuses
/// this one for shared memory, so that tells the two apart.
fn wiped_on_fork() -> Option<NonNull<u8>> {
    let page = advised(MapFlags::MAP_PRIVATE)?;
    let Some(shared) = advised(MapFlags::MAP_SHARED) else { return Some(page) };
    unmap(shared);
    unmap(page);
    None
}

/// A new page for which the kernel has taken the advice to wipe it in a fork.
fn advised(kind: MapFlags) -> Option<NonNull<u8>> {
    let flags = kind | MapFlags::MAP_ANONYMOUS;
    // SAFETY: kernel contract, man 2 mmap: new memory of our own.
    let page =
        unsafe { mmap_anonymous(None, NonZeroUsize::new(PAGE)?, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) };
    let page = page.ok()?.cast();
    // SAFETY: kernel contract, man 2 madvise: the page just mapped.
    match unsafe { madvise(page.cast(), PAGE, MmapAdvise::MADV_WIPEONFORK) } {
        Ok(()) => Some(page),
        Err(_) => {
            unmap(page);
            None
        }
    }
}

fn unmap(page: NonNull<u8>) {
    // SAFETY: kernel contract, man 2 munmap: `advised` mapped it, and nobody has it.
    let _ = unsafe { munmap(page.cast(), PAGE) };
}
