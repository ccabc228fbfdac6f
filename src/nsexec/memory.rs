//! Memory from mmap(2): the process's allocator must not be used before its runtime starts.

use super::log::{Log, Piece::*};
use crate::sys::nsexec as calls;

pub struct Memory {
    start: *mut u8,
    length: usize,
    used: usize,
}

impl Memory {
    pub fn new(log: &Log, length: usize) -> Memory {
        // mmap(2) refuses a length of 0.
        let length = length.max(1);
        let start = log.check(calls::map(length), &[Text("failed to get "), Number(length as i64), Text(" bytes")]);
        Memory { start, length, used: length }
    }

    /// Valid until it is freed.
    pub fn bytes(&self) -> &'static [u8] {
        // SAFETY: kernel contract, man 2 mmap; `new` has asked for so much.
        unsafe { core::slice::from_raw_parts(self.start, self.used) }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; nobody else has it.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.length) }
    }

    /// Shortens the memory that `bytes` gives.
    pub fn keep(&mut self, length: usize) {
        self.used = length.min(self.length);
    }

    /// The memory as pointers. A page is aligned for them.
    pub fn pointers(&mut self) -> &mut [*const u8] {
        let count = self.length.checked_div(size_of::<*const u8>()).unwrap_or(0);
        // SAFETY: as above; all zero is the null pointer.
        unsafe { core::slice::from_raw_parts_mut(self.start.cast(), count) }
    }

    /// # Safety
    /// What `bytes` gave is not used any more.
    pub unsafe fn free(&mut self) {
        // SAFETY: the caller vouches for it.
        let _ = unsafe { calls::unmap(self.start, self.length) };
        self.length = 0;
    }
}
