//! Signals are blocked while a child runs in the caller's memory: a handler of the caller's that ran in the child would change
//! that memory.

use crate::sys;

/// While this lives, all signals of the calling thread are blocked, also those that libc uses itself.
pub struct BlockedSignals(u64);

impl BlockedSignals {
    pub fn block() -> sys::Answer<BlockedSignals> {
        sys::set_mask(u64::MAX).map(BlockedSignals)
    }

    /// The thread's mask before.
    pub fn mask(&self) -> u64 {
        self.0
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // A seccomp filter of another thread's may refuse the call for a moment. The caller's signals must not stay blocked.
        for _ in 0..100 {
            if sys::set_mask(self.0).is_ok() {
                return;
            }
        }
    }
}
