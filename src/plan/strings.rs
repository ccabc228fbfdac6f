//! The C caller's vectors: argv and envp.

use core::ffi::{CStr, c_char};
use core::marker::PhantomData;

/// A NULL-terminated vector of the C caller. It may be NULL, which counts as empty.
#[derive(Clone, Copy)]
pub struct Strings<'a> {
    vector: *const *const c_char,
    of: PhantomData<&'a CStr>,
}

impl<'a> Strings<'a> {
    /// # Safety
    /// `vector` is NULL, or a NULL-terminated vector of NUL-terminated strings that stay for `'a`.
    pub unsafe fn new(vector: *const *const c_char) -> Strings<'a> {
        Strings { vector, of: PhantomData }
    }

    pub fn iter(self) -> impl Iterator<Item = &'a CStr> {
        // SAFETY: C caller guarantees NUL-terminated strings.
        self.pointers().map(|text| unsafe { CStr::from_ptr(text) })
    }

    /// Pointers to the strings, which are not read.
    pub fn pointers(self) -> impl Iterator<Item = *const c_char> {
        let mut next = self.vector;
        core::iter::from_fn(move || {
            if next.is_null() {
                return None;
            }
            // SAFETY: C caller guarantees a NULL-terminated vector, and NULL has not been met yet.
            let text = unsafe { next.read() };
            if text.is_null() {
                return None;
            }
            // SAFETY: C caller guarantees that the vector goes on, or ends with NULL, behind a string.
            next = unsafe { next.add(1) };
            Some(text)
        })
    }

    /// The vector itself, which may be NULL.
    pub fn as_ptr(self) -> *const *const c_char {
        self.vector
    }

    pub fn is_empty(self) -> bool {
        self.pointers().next().is_none()
    }
}
