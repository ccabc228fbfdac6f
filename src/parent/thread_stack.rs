//! The stack of a keeper thread (parent/keeper.rs). The thread unmaps it itself when it ends, so that no other thread has to
//! find out when that is. A fork of the caller does not have it.

use super::stack::GUARD;
use crate::sys::{self, Errno, arch};
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use nix::errno::Errno as Number;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};

const USABLE: usize = 16 * 1024;
const SIZE: usize = GUARD + USABLE;

/// A stack for a thread that does not run yet. When it is dropped, it is unmapped.
pub struct ThreadStack(NonNull<u8>);

impl ThreadStack {
    pub fn map() -> Result<ThreadStack, Number> {
        let size = NonZeroUsize::new(SIZE).ok_or(Number::EINVAL)?;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_STACK | MapFlags::MAP_NORESERVE;
        // SAFETY: kernel contract, man 2 mmap: new memory of our own.
        let stack = Self(unsafe { mmap_anonymous(None, size, ProtFlags::PROT_NONE, flags)? }.cast());
        // SAFETY: kernel contract, man 2 madvise: what was just mapped. Where it is refused, a fork has a copy, which it
        // does not use.
        let _ = unsafe { madvise(stack.0.cast(), SIZE, MmapAdvise::MADV_DONTFORK) };
        // SAFETY: inside of what was mapped.
        let usable = unsafe { stack.0.add(GUARD) };
        // SAFETY: kernel contract, man 2 mprotect: the upper part of what was just mapped.
        unsafe { mprotect(usable.cast(), USABLE, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)? };
        Ok(stack)
    }

    /// The place for a value at the top. The thread's stack begins below it.
    pub fn place<T>(&self) -> NonNull<T> {
        const { assert!(size_of::<T>() % 16 == 0 && align_of::<T>() <= 16 && size_of::<T>() <= 512) };
        // SAFETY: inside of what was mapped.
        unsafe { self.0.add(SIZE - size_of::<T>()).cast() }
    }

    /// Gives the stack to a thread, which ends with `unmap_and_exit`.
    pub fn hand_over<T>(self) -> NonNull<T> {
        let place = self.place();
        core::mem::forget(self);
        place
    }

    /// Takes back a stack that was handed over.
    ///
    /// # Safety
    /// `hand_over` gave the place; the thread is gone or was never made, and has not unmapped the stack.
    pub unsafe fn of_place<T>(place: NonNull<T>) -> ThreadStack {
        // SAFETY: inside of what was mapped.
        ThreadStack(unsafe { place.cast::<u8>().sub(SIZE - size_of::<T>()) })
    }
}

impl Drop for ThreadStack {
    fn drop(&mut self) {
        // SAFETY: kernel contract, man 2 munmap: what `map` mapped, and no thread runs on it.
        let _ = unsafe { munmap(self.0.cast(), SIZE) };
    }
}

/// Unmaps the stack of the calling thread, and ends the thread.
///
/// # Safety
/// `hand_over` gave the place to this thread, and nobody uses the memory any more.
pub unsafe fn unmap_and_exit<T>(place: NonNull<T>) -> ! {
    // Otherwise the kernel would write to the word after it was unmapped, perhaps into memory that was mapped there since.
    // If this call is refused, the stack stays mapped.
    let size = match sys::set_tid_address(core::ptr::null_mut()) {
        Ok(()) => SIZE,
        Err(Errno(_)) => 0,
    };
    let base = place.as_ptr() as usize - (SIZE - size_of::<T>());
    // SAFETY: the whole mapping of this thread's stack, which nobody else uses.
    unsafe { arch::unmap_and_exit(base, size) }
}

/// Ends the calling thread. Its stack stays mapped.
pub fn exit() -> ! {
    // SAFETY: munmap(2) of no bytes does nothing.
    unsafe { arch::unmap_and_exit(0, 0) }
}
