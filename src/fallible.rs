//! Allocation that may fail: what std would answer with an abort of the caller's process is `NoMemory` here.

use alloc::alloc::alloc;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ffi::CStr;
use core::mem::MaybeUninit;

/// There was no memory.
#[derive(Debug)]
pub struct NoMemory;

/// Memory for one value, allocated before the value is made. A process or a descriptor that is made first would be lost when
/// the allocation then fails.
pub struct Reserved<T>(Box<MaybeUninit<T>>);

impl<T> Reserved<T> {
    pub fn new() -> Result<Reserved<T>, NoMemory> {
        const { assert!(size_of::<T>() > 0) };
        // SAFETY: the size is not 0.
        let place: *mut MaybeUninit<T> = unsafe { alloc(Layout::new::<T>()) }.cast();
        if place.is_null() {
            return Err(NoMemory);
        }
        // SAFETY: fresh memory of the allocator's for a `T`, which is what a box has.
        Ok(Reserved(unsafe { Box::from_raw(place) }))
    }

    pub fn fill(mut self, value: T) -> Box<T> {
        self.0.write(value);
        // SAFETY: it was just written.
        unsafe { self.0.assume_init() }
    }
}

/// An empty list that takes `count` items without another allocation. Where a push may allocate, the compiler places that code
/// far away, as for a rare case.
pub fn empty_list<T>(count: usize) -> Result<Vec<T>, NoMemory> {
    let layout = Layout::array::<T>(count).ok().filter(|layout| layout.size() > 0).ok_or(NoMemory)?;
    // SAFETY: the size is not 0.
    let place: *mut T = unsafe { alloc(layout) }.cast();
    if place.is_null() {
        return Err(NoMemory);
    }
    // SAFETY: fresh memory of the allocator's for `count` items, none of which is there.
    Ok(unsafe { Vec::from_raw_parts(place, 0, count) })
}

/// `Clone` for types whose copy allocates.
pub trait Copied: Sized {
    fn copied(&self) -> Result<Self, NoMemory>;
}

/// A NUL-terminated string on the heap.
#[derive(Debug, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl Text {
    pub fn new(text: &CStr) -> Result<Text, NoMemory> {
        copy_of(text.to_bytes_with_nul()).map(Text)
    }

    pub fn as_cstr(&self) -> &CStr {
        CStr::from_bytes_with_nul(&self.0).unwrap_or(c"")
    }
}

impl Copied for Text {
    fn copied(&self) -> Result<Text, NoMemory> {
        copy_of(&self.0).map(Text)
    }
}

impl<T: Copied> Copied for Option<T> {
    fn copied(&self) -> Result<Option<T>, NoMemory> {
        self.as_ref().map(Copied::copied).transpose()
    }
}

/// A copy of a list of plain values.
pub fn copy_of<T: Copy>(items: &[T]) -> Result<Vec<T>, NoMemory> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(items.len()).map_err(|_| NoMemory)?;
    copy.extend_from_slice(items);
    Ok(copy)
}

/// A copy of a list whose items allocate when they are copied.
pub fn copy_each<T: Copied>(items: &[T]) -> Result<Vec<T>, NoMemory> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(items.len()).map_err(|_| NoMemory)?;
    for item in items {
        copy.push(item.copied()?);
    }
    Ok(copy)
}

/// Appends an item.
pub fn push<T>(items: &mut Vec<T>, item: T) -> Result<(), NoMemory> {
    items.try_reserve(1).map_err(|_| NoMemory)?;
    items.push(item);
    Ok(())
}

/// Replaces the item that is the `same`; appends where there is none.
pub fn replace_or_push<T>(items: &mut Vec<T>, item: T, same: impl Fn(&T) -> bool) -> Result<(), NoMemory> {
    match items.iter_mut().find(|old| same(old)) {
        Some(old) => {
            *old = item;
            Ok(())
        }
        None => push(items, item),
    }
}
