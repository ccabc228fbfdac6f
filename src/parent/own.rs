//! Which process this is, without asking the kernel each time: a page that a fork finds wiped.

use core::num::NonZeroUsize;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};

use crate::sys;

const PAGE: usize = 4096;

static WIPED: AtomicPtr<AtomicI32> = AtomicPtr::new(null_mut());

/// This process's pid.
pub fn pid() -> i32 {
    // SAFETY: `remember` published a page of ours that is never unmapped.
    let Some(page) = (unsafe { WIPED.load(Ordering::Acquire).as_ref() }) else { return remember() };
    match page.load(Ordering::Relaxed) {
        0 => {
            let pid = sys::getpid();
            page.store(pid, Ordering::Relaxed);
            pid
        }
        pid => pid,
    }
}

/// Makes the page; where there can be none, the kernel is asked again next time.
#[cold]
fn remember() -> i32 {
    let pid = sys::getpid();
    if let Some(page) = wiped_on_fork() {
        // SAFETY: new memory of our own, zeroed and aligned.
        unsafe { page.cast::<AtomicI32>().as_ref() }.store(pid, Ordering::Relaxed);
        let place = page.cast().as_ptr();
        if WIPED.compare_exchange(null_mut(), place, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: kernel contract, man 2 munmap: mapped above, and another thread's is used instead.
            let _ = unsafe { munmap(page.cast(), PAGE) };
        }
    }
    pid
}

fn wiped_on_fork() -> Option<NonNull<u8>> {
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
    // SAFETY: kernel contract, man 2 mmap: new memory of our own.
    let page =
        unsafe { mmap_anonymous(None, NonZeroUsize::new(PAGE)?, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) };
    let page = page.ok()?;
    // SAFETY: kernel contract, man 2 madvise: the page just mapped. Kernels before 4.14 do not know the advice.
    match unsafe { madvise(page, PAGE, MmapAdvise::MADV_WIPEONFORK) } {
        Ok(()) => Some(page.cast()),
        Err(_) => {
            // SAFETY: kernel contract, man 2 munmap: the page just mapped.
            let _ = unsafe { munmap(page, PAGE) };
            None
        }
    }
}
