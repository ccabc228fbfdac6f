//! Makes references of C pointers; no other file does. What each function here says of its arguments is the C caller's promise.
//! It checks what it can: NULL, alignment, length.

use crate::attr::Refused;
use crate::fallible::Reserved;
use crate::plan::Strings;
use crate::sentences::{self, Sentence};
use alloc::boxed::Box;
use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::ptr::null_mut;

const NULL: Refused = Refused { code: libc::EINVAL, why: sentences::ARGUMENT_IS_NULL };

/// A handle to use, if it is not NULL.
///
/// # Safety
/// `handle` is NULL or came from this library and was not freed; nobody changes it meanwhile, except behind its own locks.
pub unsafe fn shared<'a, T>(handle: *const T) -> Option<&'a T> {
    // SAFETY: C caller guarantees a handle that lives and does not change during the call.
    unsafe { handle.as_ref() }
}

/// A handle to change, if it is not NULL.
///
/// # Safety
/// `handle` is NULL or came from this library and was not freed; no other thread uses it meanwhile.
pub unsafe fn exclusive<'a, T>(handle: *mut T) -> Option<&'a mut T> {
    // SAFETY: C caller guarantees a handle that lives and that nobody else uses during the call.
    unsafe { handle.as_mut() }
}

/// A string, which may not be NULL.
///
/// # Safety
/// `text` is NULL or ends with a NUL and does not change meanwhile.
pub unsafe fn string<'a>(text: *const c_char) -> Result<&'a CStr, Refused> {
    // SAFETY: C caller guarantees a string that ends and does not change during the call.
    unsafe { optional_string(text) }.ok_or(NULL)
}

/// A string, or `None` for NULL.
///
/// # Safety
/// `text` is NULL or ends with a NUL and does not change meanwhile.
pub unsafe fn optional_string<'a>(text: *const c_char) -> Option<&'a CStr> {
    if text.is_null() {
        return None;
    }
    // SAFETY: C caller guarantees a string that ends and does not change during the call.
    Some(unsafe { CStr::from_ptr(text) })
}

/// `count` items of a list, which may have at most `most`. The pointer of an empty list is not looked at.
///
/// # Safety
/// `items` is NULL or points to `count` items that do not change meanwhile.
pub unsafe fn list<'a, T>(items: *const T, count: usize, most: usize, too_long: Sentence) -> Result<&'a [T], Refused> {
    if count == 0 {
        return Ok(&[]);
    }
    if items.is_null() {
        return Err(NULL);
    }
    if count > most {
        return Err(Refused { code: libc::EINVAL, why: too_long });
    }
    if !items.is_aligned() {
        return Err(Refused { code: libc::EINVAL, why: sentences::LIST_NOT_ALIGNED });
    }
    // SAFETY: C caller guarantees `count` items that do not change during the call.
    Ok(unsafe { core::slice::from_raw_parts(items, count) })
}

/// Memory for a result, if it is not NULL.
///
/// # Safety
/// `place` is NULL or points to memory for a `T` that nobody else uses meanwhile.
pub unsafe fn out<'a, T>(place: *mut T) -> Option<&'a mut MaybeUninit<T>> {
    // SAFETY: C caller guarantees memory for a `T`, and what it holds is never read.
    unsafe { place.cast::<MaybeUninit<T>>().as_mut() }
}

/// `size` bytes for a result whose length the caller chose. For NULL, an empty slice.
///
/// # Safety
/// `place` is NULL or points to `size` bytes that nobody else uses meanwhile.
pub unsafe fn out_bytes<'a>(place: *mut u8, size: usize) -> &'a mut [MaybeUninit<u8>] {
    if place.is_null() || isize::try_from(size).is_err() {
        return &mut [];
    }
    // SAFETY: C caller guarantees `size` bytes, and what they hold is never read.
    unsafe { core::slice::from_raw_parts_mut(place.cast(), size) }
}

/// Puts a value on the heap, for the caller to hold. NULL: memory is short.
pub fn give<T>(value: T) -> *mut T {
    Reserved::new().map_or(null_mut(), |memory| Box::into_raw(memory.fill(value)))
}

/// Takes back what `give` gave, to be dropped. `None` for NULL.
///
/// # Safety
/// `value` is NULL or came from `give`, and nobody uses it any more.
pub unsafe fn take_back<T>(value: *mut T) -> Option<Box<T>> {
    if value.is_null() {
        return None;
    }
    // SAFETY: C caller guarantees that `give` gave it and that this is its last use; a box's memory is the allocator's.
    Some(unsafe { Box::from_raw(value) })
}

/// A vector of arguments or of the environment.
///
/// # Safety
/// `vector` is NULL or ends with NULL, its strings end with a NUL, and nothing of it changes meanwhile.
pub unsafe fn vector<'a>(vector: *const *mut c_char) -> Strings<'a> {
    // SAFETY: C caller guarantees the vector.
    unsafe { Strings::new(vector.cast()) }
}

unsafe extern "C" {
    static environ: *const *mut c_char;
}

/// The environment that the caller gave; for NULL, the caller's own.
///
/// # Safety
/// As for `vector`; nobody changes the caller's environment meanwhile.
pub unsafe fn environment<'a>(envp: *const *mut c_char) -> Strings<'a> {
    // SAFETY: C caller guarantees that nobody changes environ during the call; either vector ends as it must.
    unsafe { vector(if envp.is_null() { environ } else { envp }) }
}

#[cfg(test)]
#[allow(clippy::multiple_unsafe_ops_per_block)]
mod tests {
    use super::*;
    use core::ptr::null;

    #[test]
    fn null_and_length() {
        // SAFETY: NULL and lists that live.
        unsafe {
            assert!(shared::<u32>(null()).is_none());
            assert!(exclusive::<u32>(null_mut()).is_none());
            assert!(string(null()).is_err());
            assert_eq!(string(c"x".as_ptr()), Ok(c"x"));
            assert_eq!(list::<u32>(null(), 0, 8, sentences::OUT_OF_MEMORY), Ok(&[][..]));
            assert!(list::<u32>(null(), 1, 8, sentences::OUT_OF_MEMORY).is_err());
            assert_eq!(list([1u32, 2].as_ptr(), 2, 2, sentences::OUT_OF_MEMORY), Ok(&[1, 2][..]));
            assert!(list([1u32, 2].as_ptr(), 2, 1, sentences::OUT_OF_MEMORY).is_err());
            assert!(
                list([1u32, 2].as_ptr().cast::<u8>().add(1).cast::<u32>(), 1, 2, sentences::OUT_OF_MEMORY).is_err()
            );
            assert!(out_bytes(null_mut(), 3).is_empty());
            assert!(take_back::<u32>(null_mut()).is_none());
        }
    }

    #[test]
    fn what_was_given_comes_back() {
        let given = give(7u32);
        // SAFETY: `give` gave it.
        assert_eq!(unsafe { take_back(given) }.as_deref(), Some(&7));
    }
}
