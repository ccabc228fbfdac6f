//! Owned strings and lists that say so when memory is short, instead of aborting the caller.

use alloc::alloc::alloc;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ffi::CStr;
use core::mem::MaybeUninit;

/// There was no memory.
#[derive(Debug)]
pub struct NoMemory;

/// Memory for a value. It is taken before the value is made, which would be lost if there were no memory for it.
pub struct Room<T>(Box<MaybeUninit<T>>);

impl<T> Room<T> {
    pub fn new() -> Result<Room<T>, NoMemory> {
        const { assert!(size_of::<T>() > 0) };
        // SAFETY: the size is not 0.
        let place: *mut MaybeUninit<T> = unsafe { alloc(Layout::new::<T>()) }.cast();
        if place.is_null() {
            return Err(NoMemory);
        }
        // SAFETY: fresh memory of the allocator's for a `T`, which is what a box has.
        Ok(Room(unsafe { Box::from_raw(place) }))
    }

    pub fn fill(mut self, value: T) -> Box<T> {
        self.0.write(value);
        // SAFETY: it was just written.
        unsafe { self.0.assume_init() }
    }
}

/// An empty list with room for some items. A push that may grow the list would be code for a rare case, which the compiler
/// places far away.
pub fn list_for<T>(count: usize) -> Result<Vec<T>, NoMemory> {
    let layout = Layout::array::<T>(count).ok().filter(|layout| layout.size() > 0).ok_or(NoMemory)?;
    // SAFETY: the size is not 0.
    let place: *mut T = unsafe { alloc(layout) }.cast();
    if place.is_null() {
        return Err(NoMemory);
    }
    // SAFETY: fresh memory of the allocator's for `count` items, none of which is there.
    Ok(unsafe { Vec::from_raw_parts(place, 0, count) })
}

/// A copy that can fail.
pub trait Copied: Sized {
    fn copied(&self) -> Result<Self, NoMemory>;
}

/// A NUL-terminated string of our own.
#[derive(Debug, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl Text {
    pub fn new(text: &CStr) -> Result<Text, NoMemory> {
        list(text.to_bytes_with_nul()).map(Text)
    }

    pub fn as_cstr(&self) -> &CStr {
        CStr::from_bytes_with_nul(&self.0).unwrap_or(c"")
    }
}

impl Copied for Text {
    fn copied(&self) -> Result<Text, NoMemory> {
        list(&self.0).map(Text)
    }
}

impl<T: Copied> Copied for Option<T> {
    fn copied(&self) -> Result<Option<T>, NoMemory> {
        self.as_ref().map(Copied::copied).transpose()
    }
}

/// A list of plain values, copied.
pub fn list<T: Copy>(items: &[T]) -> Result<Vec<T>, NoMemory> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(items.len()).map_err(|_| NoMemory)?;
    copy.extend_from_slice(items);
    Ok(copy)
}

/// A list of owned values, copied.
pub fn list_of<T: Copied>(items: &[T]) -> Result<Vec<T>, NoMemory> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(items.len()).map_err(|_| NoMemory)?;
    for item in items {
        copy.push(item.copied()?);
    }
    Ok(copy)
}

/// One more item.
pub fn push<T>(items: &mut Vec<T>, item: T) -> Result<(), NoMemory> {
    items.try_reserve(1).map_err(|_| NoMemory)?;
    items.push(item);
    Ok(())
}

/// One more item, or a new one in the place of the one that is the `same`.
pub fn put<T>(items: &mut Vec<T>, item: T, same: impl Fn(&T) -> bool) -> Result<(), NoMemory> {
    match items.iter_mut().find(|old| same(old)) {
        Some(old) => {
            *old = item;
            Ok(())
        }
        None => push(items, item),
    }
}
