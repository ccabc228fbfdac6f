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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use libc::*;

    fn op(code: u32, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
        SockFilter { code: code as u16, jump_true, jump_false, value }
    }

    const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
    const LOAD_CELL: u32 = BPF_LD | BPF_MEM;
    const IS: u32 = BPF_JMP | BPF_JEQ | BPF_K;
    const JUMP: u32 = BPF_JMP | BPF_JA;

    fn end() -> SockFilter {
        op(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW)
    }

    fn is_accepted(filter: &[SockFilter]) -> bool {
        kernel_accepts(filter).expect("memory")
    }

    /// The instruction, and two ends after it.
    fn may_begin(first: SockFilter) -> bool {
        is_accepted(&[first, end(), end()])
    }

    #[test]
    fn sizes_and_ends() {
        let most = BPF_MAXINSNS as usize;
        assert!(!is_accepted(&[]) && is_accepted(&[end()]));
        assert!(is_accepted(&vec![end(); most]) && !is_accepted(&vec![end(); most + 1]));
        assert!(is_accepted(&[op(BPF_RET | 0x10, 0, 0, 0)]));
        assert!(!is_accepted(&[op(LOAD, 0, 0, 0)]) && !is_accepted(&[end(), op(LOAD, 0, 0, 0)]));
        assert!(!may_begin(op(BPF_ALU | BPF_MOD | BPF_K, 0, 0, 3)));
    }

    #[test]
    fn operands_at_their_borders() {
        for (offset, is) in [(0, true), (2, false), (60, true), (62, false), (64, false)] {
            assert_eq!(may_begin(op(LOAD, 0, 0, offset)), is, "{offset}");
        }
        assert!(may_begin(op(BPF_ST, 0, 0, 15)) && !may_begin(op(BPF_ST, 0, 0, 16)));
        for (operation, value, is) in [
            (BPF_DIV, 1, true),
            (BPF_DIV, 0, false),
            (BPF_ADD, 0, true),
            (BPF_LSH, 31, true),
            (BPF_LSH, 32, false),
            (BPF_RSH, 31, true),
            (BPF_RSH, 32, false),
            (BPF_OR, 32, true),
        ] {
            assert_eq!(may_begin(op(BPF_ALU | operation | BPF_K, 0, 0, value)), is, "{operation:#x} {value}");
        }
        assert!(may_begin(op(JUMP, 0, 0, 1)) && !may_begin(op(JUMP, 0, 0, 2)) && !may_begin(op(JUMP, 0, 0, u32::MAX)));
        assert!(may_begin(op(IS, 1, 1, 0)) && !may_begin(op(IS, 2, 1, 0)) && !may_begin(op(IS, 1, 2, 0)));
    }

    #[test]
    fn a_cell_is_stored_before_it_is_read() {
        let store = |cell| op(BPF_ST, 0, 0, cell);
        let load = |cell| op(LOAD_CELL, 0, 0, cell);
        assert!(!may_begin(load(3)) && is_accepted(&[store(3), load(3), end()]));
        assert!(!is_accepted(&[store(3), load(4), end()]));
        assert!(is_accepted(&[store(3), store(4), store(3), load(3), load(4), end()]));
        // By both ways, by one of them, and by none.
        let branch = |before, yes, no| [before, op(IS, 0, 2, 0), yes, op(JUMP, 0, 0, 1), no, load(3), end()];
        let nothing = op(LOAD, 0, 0, 0);
        assert!(is_accepted(&branch(nothing, store(3), store(3))));
        assert!(is_accepted(&branch(store(3), nothing, nothing)));
        assert!(!is_accepted(&branch(nothing, store(3), nothing)));
        assert!(!is_accepted(&branch(nothing, nothing, store(3))));
        assert!(!is_accepted(&branch(store(4), store(3), nothing)));
        // What is jumped over is not stored; what nothing leads to may read anything.
        assert!(!is_accepted(&[op(JUMP, 0, 0, 1), store(3), load(3), end()]));
        assert!(is_accepted(&[op(JUMP, 0, 0, 1), load(3), end()]));
        // As in the kernel, what follows a return is reached with what was stored before.
        assert!(!is_accepted(&[end(), load(3), end()]));
    }
}
