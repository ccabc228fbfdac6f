//! A counted pointer like `Arc`, for which memory can be short: `Arc::new` would abort the caller.

use crate::fallible::{NoMemory, Reserved};
use alloc::boxed::Box;
use core::fmt::{self, Debug, Formatter};
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};

struct Counted<T> {
    pointers: AtomicUsize,
    value: T,
}

/// One of the pointers to a value. The value is dropped with the last of them.
pub struct Shared<T>(NonNull<Counted<T>>);

// SAFETY: like `Arc`: all threads get `&T` alone, and the last pointer may drop the value in any of them.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub fn new(value: T) -> Result<Shared<T>, NoMemory> {
        let counted = Reserved::new()?.fill(Counted { pointers: AtomicUsize::new(1), value });
        Ok(Shared(NonNull::from(Box::leak(counted))))
    }

    fn counted(&self) -> &Counted<T> {
        // SAFETY: `new` made it, and it lives as long as a pointer to it, which `self` is.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        // A new pointer comes from one that exists: nothing has to be seen in order. A plan has a few, never 2^63.
        self.counted().pointers.fetch_add(1, Ordering::Relaxed);
        Shared(self.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T: Debug> Debug for Shared<T> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        if self.counted().pointers.fetch_sub(1, Ordering::Release) > 1 {
            return;
        }
        // Whatever other threads did with the value comes before its end.
        fence(Ordering::Acquire);
        // SAFETY: `new` leaked a box, and this was the last pointer to it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;

    #[test]
    fn the_last_pointer_drops_the_value() {
        let witness = Arc::new(());
        let first = Shared::new(witness.clone()).expect("memory");
        let second = first.clone();
        drop(first);
        assert_eq!(Arc::strong_count(&second), 2);
        let other = std::thread::spawn(move || drop(second));
        other.join().expect("no panic");
        assert_eq!(Arc::strong_count(&witness), 1);
    }
}
