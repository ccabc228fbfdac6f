//! One piece of memory for the whole plan. A list or string in it is named by its offset, so the plan can be mapped at any
//! address.

use super::fault::{Fault, Step};
use super::sealed::{List, Plan, Text, Unpadded};
use crate::fallible::empty_list;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::mem::MaybeUninit;

/// Eight bytes: the alignment of everything in the arena.
type Word = u64;

const WORD: usize = size_of::<Word>();

/// Enough for the plan and the lists of a usual request.
const USUAL: usize = size_of::<Plan<()>>() + 256;

/// A plan in the making. Its first bytes are reserved for the `Plan` itself.
pub struct Arena(Vec<MaybeUninit<Word>>);

/// A finished plan, with the lists and strings behind it.
pub struct Sealed(Vec<MaybeUninit<Word>>);

impl core::ops::Deref for Sealed {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        // SAFETY: plan::lower guarantees that a sealed arena is a plan, of which every byte is written.
        unsafe { Plan::from_bytes(self.0.as_ptr().cast(), self.0.len() * WORD) }
    }
}

impl Sealed {
    /// All bytes of the plan, as they are given to the image.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: plan::lower guarantees that all that was reserved is written.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * WORD) }
    }
}

impl Arena {
    /// An arena that has the `Plan` reserved, and capacity for a usual request.
    pub fn new() -> Step<Arena> {
        let mut arena = Arena(empty_list(USUAL / WORD)?);
        arena.reserve(size_of::<Plan<()>>())?;
        Ok(arena)
    }

    /// Reserves `bytes`, which the caller of this function then writes, and returns their offset.
    fn reserve(&mut self, bytes: usize) -> Step<u32> {
        let offset = self.0.len() * WORD;
        let end = offset.checked_add(bytes).filter(|end| *end < i32::MAX as usize).ok_or_else(Fault::too_big)?;
        let words = end.div_ceil(WORD);
        self.0.try_reserve(words - self.0.len()).map_err(|_| Fault::no_memory())?;
        // SAFETY: the memory was just reserved, and may be uninitialized.
        unsafe { self.0.set_len(words) };
        // The rest of the last word is cleared: the image is given all bytes, and none may be uninitialized.
        if let Some(last) = self.0.last_mut().filter(|_| end % WORD != 0) {
            last.write(0);
        }
        Ok(offset as u32)
    }

    fn place(&mut self, offset: u32) -> *mut u8 {
        self.0.as_mut_ptr().cast::<u8>().wrapping_add(offset as usize)
    }

    /// Adds a list of plain values.
    pub fn list<T: Copy + Unpadded>(&mut self, items: &[T]) -> Step<List<T>> {
        const { assert!(align_of::<T>() <= WORD) };
        if items.is_empty() {
            return Ok(List::EMPTY);
        }
        let offset = self.reserve(size_of_val(items))?;
        // SAFETY: plan::lower guarantees the memory, which was just reserved for exactly these items.
        unsafe { self.place(offset).copy_from_nonoverlapping(items.as_ptr().cast(), size_of_val(items)) };
        Ok(List::at(offset, items.len() as u32))
    }

    /// Adds a string that is made of pieces, with a NUL behind it.
    pub fn joined(&mut self, pieces: &[&[u8]]) -> Step<Text> {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let offset = self.reserve(length + 1)?;
        let mut place = self.place(offset);
        for piece in pieces {
            // SAFETY: plan::lower guarantees the memory, which was just reserved for the sum of the pieces.
            unsafe { place.copy_from_nonoverlapping(piece.as_ptr(), piece.len()) };
            place = place.wrapping_add(piece.len());
        }
        // SAFETY: plan::lower guarantees the memory, in which one more byte was reserved.
        unsafe { place.write(0) };
        Ok(List::at(offset, length as u32))
    }

    /// Adds a string.
    pub fn text(&mut self, text: &CStr) -> Step<Text> {
        self.joined(&[text.to_bytes()])
    }

    /// Adds a string, or nothing for `None`.
    pub fn maybe_text(&mut self, text: Option<&CStr>) -> Step<Text> {
        text.map_or(Ok(List::EMPTY), |text| self.text(text))
    }

    /// Writes the plan to the start. From then on it is read-only.
    pub fn seal(mut self, plan: &Plan<()>) -> Sealed {
        // SAFETY: the start was reserved for the plan, and is aligned as every word.
        unsafe { self.0.as_mut_ptr().cast::<Plan<()>>().copy_from_nonoverlapping(plan, 1) };
        Sealed(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sealed::{CapSets, Join, Limit, Move};
    use super::*;

    #[test]
    fn strings_of_all_lengths_end() {
        let mut arena = Arena::new().expect("memory");
        // Fresh memory need not be 0.
        arena.0.spare_capacity_mut().fill(MaybeUninit::new(MaybeUninit::new(u64::MAX)));
        let texts: Vec<Text> = (0..20).map(|length| arena.joined(&[&b"x".repeat(length)]).expect("memory")).collect();
        let sealed = arena.seal(&Plan::nothing());
        for (length, text) in texts.iter().enumerate() {
            // SAFETY: the text just made.
            let text = unsafe { CStr::from_ptr(sealed.text(*text).expect("a text").cast()) };
            assert_eq!(text.to_bytes().len(), length);
        }
    }

    /// Lists are behind the plan, and no byte of the whole is uninitialized. Miri checks both.
    #[test]
    fn lists_are_found_and_every_byte_is_known() {
        let mut arena = Arena::new().expect("memory");
        arena.0.spare_capacity_mut().fill(MaybeUninit::uninit());
        let mut plan = Plan::nothing();
        plan.signal_mask = Some(1u64 << 63).into();
        plan.umask = Some(0o77).into();
        plan.group = Some(-1).into();
        plan.capabilities = Some(CapSets::default()).into();
        plan.candidates = {
            let texts = [c"/bin/true", c"", c"x"].map(|text| arena.text(text).expect("memory"));
            arena.list(&texts).expect("memory")
        };
        plan.needed = arena.list(&[3, 4, 5]).expect("memory");
        plan.affinity = arena.list(&[u64::MAX]).expect("memory");
        plan.moves = arena.list(&[Move { step: 1, from: 2, to: 3, index: 4 }]).expect("memory");
        plan.joins = arena.list(&[Join { types: 1, fd: 2, index: 3 }]).expect("memory");
        plan.rlimits = arena.list(&[Limit { resource: 7, ..Limit::default() }]).expect("memory");
        let sealed = arena.seal(&plan);
        let texts: Vec<&[u8]> = sealed.list(sealed.candidates).iter().map(|text| sealed.bytes(*text)).collect();
        assert_eq!(texts, [&b"/bin/true"[..], b"", b"x"]);
        assert_eq!(sealed.list(sealed.needed), [3, 4, 5]);
        assert_eq!(sealed.list(sealed.affinity), [u64::MAX]);
        assert_eq!(sealed.list(sealed.moves).first().map(|item| item.to), Some(3));
        assert_eq!(sealed.list(sealed.joins).first().map(|join| join.types), Some(1));
        assert_eq!(sealed.list(sealed.rlimits).first().map(|limit| limit.resource), Some(7));
        assert!(sealed.list(sealed.kept_open).is_empty() && sealed.text(sealed.cwd).is_none());
        assert_eq!((sealed.signal_mask.get(), sealed.umask.get(), sealed.uid.get()), (Some(1 << 63), Some(0o77), None));
        // Miri reports the addition of an uninitialized byte.
        let sum: u64 = sealed.as_bytes().iter().map(|byte| *byte as u64).sum();
        assert!(sum > 0);
        // A copy of the bytes at another address is the same plan.
        let copy: Vec<u64> = sealed.as_bytes().chunks_exact(WORD).map(word).collect();
        // SAFETY: a copy of a sealed plan.
        let copy = unsafe { Plan::from_bytes(copy.as_ptr(), copy.len() * WORD) };
        assert_eq!(copy.list(copy.needed), sealed.list(sealed.needed));
    }

    fn word(bytes: &[u8]) -> Word {
        Word::from_ne_bytes(bytes.try_into().expect("eight bytes"))
    }
}
