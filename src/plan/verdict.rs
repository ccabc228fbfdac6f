//! What a seccomp filter says of a call whose arguments nobody knows yet. Filters only jump forwards, so to follow one
//! takes as many steps as it has instructions at most.

use crate::sys::abi::SockFilter;
use libc::*;

/// What is sure to become of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Done,
    /// The caller of it lives, but it may not be done.
    Refused,
    Dies,
    /// It depends on the arguments.
    Unknown,
}

/// The verdict of one filter on a call of this architecture.
pub fn of(filter: &[SockFilter], number: c_long, arch: u32) -> Verdict {
    match (Machine { number: number as u32, arch, a: None, x: None, memory: [None; 16] }).run(filter) {
        None => Verdict::Unknown,
        Some(answer) => match answer & SECCOMP_RET_ACTION_FULL {
            SECCOMP_RET_ALLOW | SECCOMP_RET_LOG => Verdict::Done,
            SECCOMP_RET_TRACE | SECCOMP_RET_USER_NOTIF | SECCOMP_RET_ERRNO => Verdict::Refused,
            // What the kernel does not know kills, too.
            _ => Verdict::Dies,
        },
    }
}

/// The registers; `None`: not known.
struct Machine {
    number: u32,
    arch: u32,
    a: Option<u32>,
    x: Option<u32>,
    memory: [Option<u32>; 16],
}

const OPERATION: u32 = 0xf0;
/// `BPF_A`, the answer of a BPF_RET.
const ACCUMULATOR: u32 = 0x10;

impl Machine {
    /// The answer, if it can be known. What the kernel would not take as a filter has none.
    fn run(&mut self, filter: &[SockFilter]) -> Option<u32> {
        let mut at = 0usize;
        loop {
            let SockFilter { code, jump_true, jump_false, value } = *filter.get(at)?;
            let code = code as u32;
            at += 1;
            match code & 7 {
                BPF_LD if code & 0xe0 == BPF_ABS => self.a = self.word(value),
                BPF_LD => self.a = self.load(code, value)?,
                BPF_LDX => self.x = self.load(code, value)?,
                BPF_ST => *self.memory.get_mut(value as usize)? = self.a,
                BPF_STX => *self.memory.get_mut(value as usize)? = self.x,
                BPF_ALU => self.a = self.operand(code, value).and_then(|by| compute(code, self.a?, by)),
                BPF_JMP if code & OPERATION == BPF_JA => at = at.checked_add(value as usize)?,
                BPF_JMP => {
                    let holds = compare(code, self.a?, self.operand(code, value)?)?;
                    at += if holds { jump_true } else { jump_false } as usize;
                }
                BPF_RET => return if code & 0x18 == ACCUMULATOR { self.a } else { Some(value) },
                _ if code & 0xf8 == 0 => self.x = self.a,
                _ => self.a = self.x,
            }
        }
    }

    /// A word of `struct seccomp_data`.
    fn word(&self, offset: u32) -> Option<u32> {
        match offset {
            0 => Some(self.number),
            4 => Some(self.arch),
            _ => None,
        }
    }

    fn load(&self, code: u32, value: u32) -> Option<Option<u32>> {
        match code & 0xe0 {
            BPF_IMM => Some(Some(value)),
            BPF_MEM => self.memory.get(value as usize).copied(),
            BPF_LEN => Some(Some(size_of::<seccomp_data>() as u32)),
            _ => None,
        }
    }

    fn operand(&self, code: u32, value: u32) -> Option<u32> {
        if code & BPF_X != 0 { self.x } else { Some(value) }
    }
}

fn compute(code: u32, a: u32, by: u32) -> Option<u32> {
    Some(match code & OPERATION {
        BPF_ADD => a.wrapping_add(by),
        BPF_SUB => a.wrapping_sub(by),
        BPF_MUL => a.wrapping_mul(by),
        BPF_DIV => a.checked_div(by)?,
        BPF_AND => a & by,
        BPF_OR => a | by,
        BPF_XOR => a ^ by,
        BPF_LSH => a.checked_shl(by)?,
        BPF_RSH => a.checked_shr(by)?,
        BPF_NEG => a.wrapping_neg(),
        _ => return None,
    })
}

fn compare(code: u32, a: u32, with: u32) -> Option<bool> {
    Some(match code & OPERATION {
        BPF_JEQ => a == with,
        BPF_JGT => a > with,
        BPF_JGE => a >= with,
        BPF_JSET => a & with != 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARCH: u32 = 0xc000_003e;

    fn op(code: u32, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
        SockFilter { code: code as u16, jump_true, jump_false, value }
    }

    fn answer(value: u32) -> SockFilter {
        op(BPF_RET | BPF_K, 0, 0, value)
    }

    const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
    const IS: u32 = BPF_JMP | BPF_JEQ | BPF_K;

    #[test]
    fn numbers_and_architectures() {
        let filter = [
            op(LOAD, 0, 0, 4),
            op(IS, 0, 3, ARCH),
            op(LOAD, 0, 0, 0),
            op(BPF_JMP | BPF_JGE | BPF_K, 1, 0, 100),
            answer(SECCOMP_RET_ALLOW),
            answer(SECCOMP_RET_KILL_PROCESS),
        ];
        assert_eq!(of(&filter, 99, ARCH), Verdict::Done);
        assert_eq!(of(&filter, 100, ARCH), Verdict::Dies);
        assert_eq!(of(&filter, 99, 1), Verdict::Dies);
    }

    #[test]
    fn arguments_are_not_known() {
        let filter = [
            op(LOAD, 0, 0, 0),
            op(IS, 1, 0, 7),
            answer(SECCOMP_RET_ERRNO),
            op(LOAD, 0, 0, 16),
            op(BPF_ALU | BPF_AND | BPF_K, 0, 0, 1),
            op(IS, 1, 0, 1),
            answer(SECCOMP_RET_ALLOW),
            answer(SECCOMP_RET_TRAP),
        ];
        assert_eq!(of(&filter, 1, ARCH), Verdict::Refused);
        assert_eq!(of(&filter, 7, ARCH), Verdict::Unknown);
    }

    #[test]
    fn memory_and_arithmetic() {
        let filter = [
            op(LOAD, 0, 0, 0),
            op(BPF_ST, 0, 0, 3),
            op(BPF_LD | BPF_IMM, 0, 0, 5),
            op(BPF_MISC, 0, 0, 0),
            op(BPF_LD | BPF_MEM, 0, 0, 3),
            op(BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0),
            op(BPF_ALU | BPF_LSH | BPF_K, 0, 0, 16),
            op(BPF_RET | ACCUMULATOR, 0, 0, 0),
        ];
        // 0x7ffa + 5 is SECCOMP_RET_ALLOW's upper half, less does not mean anything.
        assert_eq!(of(&filter, 0x7ffa, ARCH), Verdict::Done);
        assert_eq!(of(&filter, 1, ARCH), Verdict::Dies);
    }

    #[test]
    fn what_is_no_filter() {
        assert_eq!(of(&[], 1, ARCH), Verdict::Unknown);
        assert_eq!(of(&[op(BPF_JMP | BPF_JA, 0, 0, u32::MAX)], 1, ARCH), Verdict::Unknown);
        assert_eq!(of(&[op(BPF_ST, 0, 0, 16), answer(SECCOMP_RET_ALLOW)], 1, ARCH), Verdict::Unknown);
    }
}
