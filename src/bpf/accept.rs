//! Whether the kernel accepts a filter: what bpf_check_classic() and seccomp_check_filter() look at.

use super::instruction::{Instruction, Operand, Operation};
use crate::sys::abi::SockFilter;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;

const DATA_SIZE: u32 = size_of::<libc::seccomp_data>() as u32;
/// Bits of a word, which a shift by a value must not reach.
const BITS: u32 = 32;

/// Whether the kernel takes this for a seccomp filter. Where it does not, seccomp(2) fails with EINVAL.
pub fn kernel_accepts(filter: &[SockFilter]) -> Result<bool, TryReserveError> {
    let size = (1..=libc::BPF_MAXINSNS as usize).contains(&filter.len());
    let last = filter.last().and_then(|last| Instruction::decode(*last));
    let ends = matches!(last, Some(Instruction::ReturnValue(_) | Instruction::ReturnA));
    let each = || filter.iter().enumerate().all(|(at, raw)| is_allowed(*raw, filter.len() - at));
    Ok(size && ends && each() && reads_only_what_was_stored(filter)?)
}

/// Whether an instruction may stand in a filter of which so many are left, with itself.
fn is_allowed(raw: SockFilter, left: usize) -> bool {
    let inside = |skipped: u32| (skipped as usize) < left - 1;
    match Instruction::decode(raw) {
        None => false,
        Some(Instruction::LoadWord(offset)) => offset < DATA_SIZE && offset % 4 == 0,
        Some(Instruction::LoadCell(_, cell) | Instruction::StoreCell(_, cell)) => cell < libc::BPF_MEMWORDS as u32,
        Some(Instruction::Compute(Operation::Divide, Operand::Value(by))) => by != 0,
        Some(Instruction::Compute(Operation::ShiftLeft | Operation::ShiftRight, Operand::Value(by))) => by < BITS,
        Some(Instruction::Jump(skipped)) => inside(skipped),
        Some(Instruction::Branch(_, _, yes, no)) => inside(yes.into()) && inside(no.into()),
        Some(_) => true,
    }
}

/// A cell may only be read where each way to the instruction has stored something in it: check_load_and_stores(). As in
/// the kernel, what follows a return counts as reached with what was stored before the return.
fn reads_only_what_was_stored(filter: &[SockFilter]) -> Result<bool, TryReserveError> {
    const ALL: u16 = u16::MAX;
    let mut stored_at: Vec<u16> = Vec::new();
    stored_at.try_reserve_exact(filter.len())?;
    stored_at.resize(filter.len(), ALL);
    let mut stored = 0;
    for (at, raw) in filter.iter().enumerate() {
        stored &= stored_at.get(at).copied().unwrap_or(0);
        let mut jump = |skipped: u32| {
            if let Some(there) = stored_at.get_mut((at + 1).saturating_add(skipped as usize)) {
                *there &= stored;
            }
        };
        match Instruction::decode(*raw) {
            Some(Instruction::StoreCell(_, cell)) => stored |= 1u16.wrapping_shl(cell),
            Some(Instruction::LoadCell(_, cell)) if stored & 1u16.wrapping_shl(cell) == 0 => return Ok(false),
            Some(Instruction::Jump(skipped)) => {
                jump(skipped);
                stored = ALL;
            }
            Some(Instruction::Branch(_, _, yes, no)) => {
                jump(yes.into());
                jump(no.into());
                stored = ALL;
            }
            _ => (),
        }
    }
    Ok(true)
}
