//! Stacks for children in the caller's memory. They are kept for the next children, since mapping one takes longer than all
//! other steps of a launch.

use core::num::NonZeroUsize;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};
use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// As large as the largest page size.
pub const GUARD: usize = 64 * 1024;
const USABLE: usize = 32 * 1024;
const SIZE: usize = GUARD + USABLE;

/// How many stacks are kept. If more children are made at once, the others map theirs anew.
const KEPT: usize = 16;

static SPARE: [AtomicPtr<u8>; KEPT] = [const { AtomicPtr::new(null_mut()) }; KEPT];

/// A stack with guard pages below it, for one child at a time.
pub struct Stack(NonNull<u8>);

impl Stack {
    pub fn take() -> Result<Stack, Errno> {
        let kept = SPARE.iter().find_map(|place| NonNull::new(place.swap(null_mut(), Ordering::AcqRel)));
        kept.map_or_else(Stack::map, |stack| Ok(Stack(stack)))
    }

    fn map() -> Result<Stack, Errno> {
        let size = NonZeroUsize::new(SIZE).ok_or(Errno::EINVAL)?;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_STACK | MapFlags::MAP_NORESERVE;
        // SAFETY: kernel contract, man 2 mmap: new memory of our own.
        let stack = unsafe { mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags)? };
        let owned = Stack(stack.cast());
        // SAFETY: kernel contract, man 2 mprotect: the lower part of what was just mapped.
        unsafe { mprotect(stack, GUARD, ProtFlags::PROT_NONE)? };
        Ok(owned)
    }

    /// The lowest address, as clone3(2) takes it.
    pub fn bottom(&self) -> usize {
        self.0.as_ptr() as usize + GUARD
    }

    pub const fn size(&self) -> usize {
        USABLE
    }

    pub fn top(&self) -> usize {
        self.bottom() + USABLE
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let stack = self.0.as_ptr();
        let is_kept = |place: &AtomicPtr<u8>| {
            place.compare_exchange(null_mut(), stack, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        if !SPARE.iter().any(is_kept) {
            // SAFETY: kernel contract, man 2 munmap: what `map` mapped, and no child uses it any more.
            let _ = unsafe { munmap(self.0.cast(), SIZE) };
        }
    }
}
