//! What every function of the C ABI does first.

use core::ffi::c_int;
use core::ptr::null_mut;

#[cfg(not(miri))]
unsafe extern "C" {
    /// pthread_setcancelstate(3); the libc crate does not have it.
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// Miri does not know the function, and cancels no threads.
#[cfg(miri)]
unsafe fn pthread_setcancelstate(_: c_int, _: *mut c_int) -> c_int {
    0
}

/// In glibc and in musl.
const PTHREAD_CANCEL_DISABLE: c_int = 1;

/// The thread cannot be cancelled as long as this lives. The functions of libc that are called in between, such as open,
/// close, read, poll and waitid, are cancellation points. If a thread were cancelled in one of them, descriptors, children and
/// locks would be left behind. A cancellation that comes meanwhile stays pending until the caller's next cancellation point.
///
/// It is the first statement of every exported function (tests/entry_is_guarded.rs), so it is dropped last.
pub struct Entered(c_int);

impl Entered {
    #[inline]
    pub fn now() -> Entered {
        let mut old = 0;
        // SAFETY: man 3 pthread_setcancelstate: the old state is written; this state cannot be refused.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mut old) };
        Entered(old)
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: man 3 pthread_setcancelstate: the state that it has told itself.
        unsafe { pthread_setcancelstate(self.0, null_mut()) };
    }
}
