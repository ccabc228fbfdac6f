//! A part of a request, which knows whether anything was asked of it.

use crate::fallible::{Copied, NoMemory};

/// One topic of a request. It knows whether anything was asked: a spawn skips a topic of which nothing was.
#[derive(Default, Clone, Copy, Debug)]
pub struct Topic<T> {
    asked: bool,
    value: T,
}

impl<T> Topic<T> {
    pub fn asked(&self) -> bool {
        self.asked
    }
}

impl<T> core::ops::Deref for Topic<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> core::ops::DerefMut for Topic<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.asked = true;
        &mut self.value
    }
}

impl<T: Copied> Copied for Topic<T> {
    fn copied(&self) -> Result<Topic<T>, NoMemory> {
        Ok(Topic { asked: self.asked, value: self.value.copied()? })
    }
}
