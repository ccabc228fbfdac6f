//! Owned strings and lists that say so when memory is short, instead of aborting the caller.

use alloc::vec::Vec;
use core::ffi::CStr;

/// There was no memory.
#[derive(Debug)]
pub struct NoMemory;

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
