//! What a filter returns for a call of which only some is known. Filters only jump forwards, so one pass from the first
//! instruction to the last follows every way through it: where two ways meet, what differs between them is not known.

use super::answers::Answers;
use super::instruction::{Instruction, Operand, Operation, Register, Test};
use crate::sys::abi::SockFilter;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;

/// The words of the `struct seccomp_data` of a call; `None`: not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Data(pub [Option<u32>; size_of::<libc::seccomp_data>() / 4]);

impl Data {
    /// A call of which only the number and the architecture are known.
    pub fn call(number: u32, arch: u32) -> Data {
        let mut data = Data::default();
        let [first, second, ..] = &mut data.0;
        (*first, *second) = (Some(number), Some(arch));
        data
    }

    /// Of the call's arguments the first is known, too.
    pub fn first_argument(mut self, value: u64) -> Data {
        // Both architectures are little-endian: the lower half comes first.
        let [_, _, _, _, low, high, ..] = &mut self.0;
        (*low, *high) = (Some(value as u32), Some((value >> 32) as u32));
        self
    }
}

/// The answers that a filter may give to a call. What the kernel would not accept as a filter may give any.
pub fn evaluate(filter: &[SockFilter], data: &Data) -> Result<Answers, TryReserveError> {
    let mut reached: Vec<Option<State>> = Vec::new();
    reached.try_reserve_exact(filter.len())?;
    reached.resize(filter.len(), None);
    let mut answers = Answers::NONE;
    if !arrive(&mut reached, 0, State::START) {
        return Ok(Answers::ANY);
    }
    for (at, raw) in filter.iter().enumerate() {
        let Some(mut state) = reached.get_mut(at).and_then(Option::take) else { continue };
        let Some(step) = Instruction::decode(*raw).and_then(|instruction| state.step(instruction, data)) else {
            return Ok(Answers::ANY);
        };
        let mut go = |skipped: u32| arrive(&mut reached, (at + 1).saturating_add(skipped as usize), state);
        let inside = match step {
            Step::Skip(skipped) => go(skipped),
            Step::SkipEither(yes, no) => go(yes) && go(no),
            Step::MayReturn(answer) => {
                answers = answers.or(answer);
                go(0)
            }
            Step::Return(answer) => {
                answers = answers.or(answer);
                true
            }
        };
        if !inside {
            return Ok(Answers::ANY);
        }
    }
    Ok(answers)
}

/// One more way leads to an instruction; whether it lies in the filter.
fn arrive(reached: &mut [Option<State>], at: usize, state: State) -> bool {
    let Some(there) = reached.get_mut(at) else { return false };
    *there = Some(there.map_or(state, |other| other.or(state)));
    true
}

const CELLS: usize = libc::BPF_MEMWORDS as usize;

/// The registers and the memory; `None`: not known.
#[derive(Clone, Copy)]
struct State {
    a: Option<u32>,
    x: Option<u32>,
    cells: [Option<u32>; CELLS],
}

/// Where one instruction leads to.
enum Step {
    /// Over so many instructions.
    Skip(u32),
    /// Over so many, or so many.
    SkipEither(u32, u32),
    /// To the next, unless the filter ends here.
    MayReturn(Answers),
    Return(Answers),
}

const NEXT: Step = Step::Skip(0);

impl State {
    /// The kernel clears the registers. It makes sure that no cell is read before it is written.
    const START: State = State { a: Some(0), x: Some(0), cells: [None; CELLS] };

    /// What is known of either of two states.
    fn or(self, other: State) -> State {
        let same = |a: Option<u32>, b: Option<u32>| if a == b { a } else { None };
        let mut cells = self.cells;
        cells.iter_mut().zip(other.cells).for_each(|(cell, other)| *cell = same(*cell, other));
        State { a: same(self.a, other.a), x: same(self.x, other.x), cells }
    }

    /// `None` if an offset or a cell lies outside.
    fn step(&mut self, instruction: Instruction, data: &Data) -> Option<Step> {
        match instruction {
            Instruction::LoadWord(offset) => self.a = *data.0.get(offset as usize / 4)?,
            Instruction::Load(register, value) => *self.register(register) = Some(value),
            Instruction::LoadCell(register, cell) => *self.register(register) = *self.cells.get(cell as usize)?,
            Instruction::StoreCell(register, cell) => {
                let value = *self.register(register);
                *self.cells.get_mut(cell as usize)? = value;
            }
            Instruction::Compute(operation, operand) => return Some(self.compute(operation, operand)),
            Instruction::Negate => self.a = self.a.map(u32::wrapping_neg),
            Instruction::Jump(skipped) => return Some(Step::Skip(skipped)),
            Instruction::Branch(test, operand, yes, no) => {
                return Some(self.branch(test, operand, yes.into(), no.into()));
            }
            Instruction::ReturnValue(value) => return Some(Step::Return(Answers::of(value))),
            Instruction::ReturnA => return Some(Step::Return(self.a.map_or(Answers::ANY, Answers::of))),
            Instruction::CopyAToX => self.x = self.a,
            Instruction::CopyXToA => self.a = self.x,
        }
        Some(NEXT)
    }

    fn register(&mut self, register: Register) -> &mut Option<u32> {
        match register {
            Register::A => &mut self.a,
            Register::X => &mut self.x,
        }
    }

    fn operand(&self, operand: Operand) -> Option<u32> {
        match operand {
            Operand::Value(value) => Some(value),
            Operand::X => self.x,
        }
    }

    /// A division by zero ends the filter, whatever is divided.
    fn compute(&mut self, operation: Operation, operand: Operand) -> Step {
        let by = self.operand(operand);
        let divides = operation == Operation::Divide;
        if divides && by == Some(0) {
            return Step::Return(Answers::KILL_THREAD);
        }
        self.a = self.a.zip(by).and_then(|(a, by)| compute(operation, a, by));
        if divides && by.is_none() { Step::MayReturn(Answers::KILL_THREAD) } else { NEXT }
    }

    fn branch(&self, test: Test, operand: Operand, yes: u32, no: u32) -> Step {
        match self.a.zip(self.operand(operand)).map(|(a, with)| holds(test, a, with)) {
            Some(true) => Step::Skip(yes),
            Some(false) => Step::Skip(no),
            None => Step::SkipEither(yes, no),
        }
    }
}

fn compute(operation: Operation, a: u32, by: u32) -> Option<u32> {
    Some(match operation {
        Operation::Add => a.wrapping_add(by),
        Operation::Subtract => a.wrapping_sub(by),
        Operation::Multiply => a.wrapping_mul(by),
        Operation::Divide => return a.checked_div(by),
        Operation::And => a & by,
        Operation::Or => a | by,
        Operation::Xor => a ^ by,
        // The kernel and the processors that it compiles for take the distance modulo 32, as these do.
        Operation::ShiftLeft => a.wrapping_shl(by),
        Operation::ShiftRight => a.wrapping_shr(by),
    })
}

fn holds(test: Test, a: u32, with: u32) -> bool {
    match test {
        Test::Equal => a == with,
        Test::Greater => a > with,
        Test::GreaterOrEqual => a >= with,
        Test::CommonBits => a & with != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::*;

    const ARCH: u32 = super::super::ARCHES[0];

    fn op(code: u32, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
        SockFilter { code: code as u16, jump_true, jump_false, value }
    }

    fn answer(value: u32) -> SockFilter {
        op(BPF_RET | BPF_K, 0, 0, value)
    }

    fn of(filter: &[SockFilter], number: u32) -> Answers {
        evaluate(filter, &Data::call(number, ARCH)).expect("memory")
    }

    const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
    const IS: u32 = BPF_JMP | BPF_JEQ | BPF_K;
    const RETURN_A: u32 = BPF_RET | 0x10;
    const REFUSED: Answers = Answers::ANY;

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
        assert!(of(&filter, 99).always_allow());
        assert!(of(&filter, 100).always_kill());
        assert!(evaluate(&filter, &Data::call(99, 1)).expect("memory").always_kill());
    }

    #[test]
    fn both_ways_of_an_argument() {
        let by_argument = |yes: u32, no: u32| {
            [
                op(LOAD, 0, 0, 0),
                op(IS, 1, 0, 7),
                answer(SECCOMP_RET_ERRNO),
                op(LOAD, 0, 0, 16),
                op(BPF_ALU | BPF_AND | BPF_K, 0, 0, 1),
                op(IS, 1, 0, 1),
                answer(no),
                answer(yes),
            ]
        };
        let filter = by_argument(SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW);
        assert_eq!(of(&filter, 1), Answers::of(SECCOMP_RET_ERRNO));
        assert_eq!(of(&filter, 7), Answers::ALLOW.or(Answers::KILL_THREAD));
        assert!(of(&by_argument(SECCOMP_RET_TRAP, SECCOMP_RET_KILL_PROCESS), 7).always_kill());
        assert!(of(&by_argument(SECCOMP_RET_LOG, SECCOMP_RET_ERRNO), 7).never_kill());
    }

    #[test]
    fn where_ways_meet_only_what_is_the_same_is_known() {
        let meet = |x_of_one: u32, cell_of_other: u32| {
            [
                op(BPF_LD | BPF_IMM, 0, 0, SECCOMP_RET_ALLOW),
                op(BPF_ST, 0, 0, 2),
                op(BPF_LDX | BPF_IMM, 0, 0, 3),
                op(LOAD, 0, 0, 16),
                op(IS, 0, 1, 1),
                op(BPF_LDX | BPF_IMM, 0, 0, x_of_one),
                op(LOAD, 0, 0, 24),
                op(IS, 2, 0, 1),
                op(BPF_LD | BPF_IMM, 0, 0, cell_of_other),
                op(BPF_ST, 0, 0, 2),
                op(BPF_LD | BPF_IMM, 0, 0, 6),
                op(BPF_ALU | BPF_DIV | BPF_X, 0, 0, 0),
                op(IS, 0, 2, 2),
                op(BPF_LD | BPF_MEM, 0, 0, 2),
                op(RETURN_A, 0, 0, 0),
                answer(SECCOMP_RET_ERRNO),
            ]
        };
        assert_eq!(of(&meet(3, SECCOMP_RET_ALLOW), 0), Answers::ALLOW);
        assert_eq!(of(&meet(3, SECCOMP_RET_ERRNO), 0), Answers::ANY);
        let errno = Answers::of(SECCOMP_RET_ERRNO);
        assert_eq!(of(&meet(4, SECCOMP_RET_ALLOW), 0), Answers::KILL_THREAD.or(errno).or(Answers::ALLOW));
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
            op(RETURN_A, 0, 0, 0),
        ];
        // 0x7ffa + 5 is the upper half of SECCOMP_RET_ALLOW. What is less is an action that the kernel does not know.
        assert_eq!(of(&filter, 0x7ffa), Answers::ALLOW);
        assert!(of(&filter, 1).always_kill());
    }

    #[test]
    fn divisions() {
        let divide =
            |x: SockFilter| [x, op(LOAD, 0, 0, 16), op(BPF_ALU | BPF_DIV | BPF_X, 0, 0, 0), answer(SECCOMP_RET_ALLOW)];
        let copied = op(BPF_MISC, 0, 0, 0);
        // The registers are 0 at first.
        assert_eq!(of(&divide(copied), 1), Answers::KILL_THREAD);
        assert_eq!(of(&divide(op(BPF_LDX | BPF_IMM, 0, 0, 0)), 1), Answers::KILL_THREAD);
        assert_eq!(of(&divide(op(BPF_LDX | BPF_IMM, 0, 0, 2)), 1), Answers::ALLOW);
        let by_argument =
            [op(LOAD, 0, 0, 16), copied, op(BPF_ALU | BPF_DIV | BPF_X, 0, 0, 0), answer(SECCOMP_RET_ALLOW)];
        assert_eq!(of(&by_argument, 1), Answers::ALLOW.or(Answers::KILL_THREAD));
    }

    #[test]
    fn tests_at_their_borders() {
        for (a, with, equal, greater) in [(4, 5, false, false), (5, 5, true, false), (6, 5, false, true)] {
            assert_eq!(holds(Test::Equal, a, with), equal);
            assert_eq!(holds(Test::Greater, a, with), greater);
            assert_eq!(holds(Test::GreaterOrEqual, a, with), equal || greater);
        }
        assert!(holds(Test::CommonBits, 6, 3) && holds(Test::CommonBits, 3, 3));
        assert!(!holds(Test::CommonBits, 6, 9) && !holds(Test::CommonBits, 0, 1));
    }

    #[test]
    fn operations() {
        for (operation, is) in [
            (Operation::Add, 17),
            (Operation::Subtract, 7),
            (Operation::Multiply, 60),
            (Operation::Divide, 2),
            (Operation::And, 4),
            (Operation::Or, 13),
            (Operation::Xor, 9),
            (Operation::ShiftLeft, 384),
            (Operation::ShiftRight, 0),
        ] {
            assert_eq!(compute(operation, 12, 5), Some(is));
        }
        assert_eq!(compute(Operation::Divide, 12, 0), None);
    }

    #[test]
    fn shifts_by_more_than_a_word() {
        let shift = |by: u32| {
            [
                op(BPF_LDX | BPF_IMM, 0, 0, by),
                op(BPF_LD | BPF_IMM, 0, 0, SECCOMP_RET_ALLOW >> 1),
                op(BPF_ALU | BPF_LSH | BPF_X, 0, 0, 0),
                op(RETURN_A, 0, 0, 0),
            ]
        };
        assert_eq!(of(&shift(33), 1), Answers::ALLOW);
        assert_ne!(of(&shift(32), 1), Answers::ALLOW);
    }

    #[test]
    fn what_is_no_filter() {
        assert_eq!(of(&[], 1), REFUSED);
        assert_eq!(of(&[op(BPF_JMP | BPF_JA, 0, 0, u32::MAX)], 1), REFUSED);
        assert_eq!(of(&[op(BPF_ST, 0, 0, 16), answer(SECCOMP_RET_ALLOW)], 1), REFUSED);
        assert_eq!(of(&[op(BPF_LD | BPF_W | BPF_ABS, 0, 0, 64), answer(SECCOMP_RET_ALLOW)], 1), REFUSED);
        assert_eq!(of(&[op(BPF_ALU | BPF_MOD | BPF_K, 0, 0, 3), answer(SECCOMP_RET_ALLOW)], 1), REFUSED);
        assert_eq!(of(&[op(BPF_LD | BPF_IMM, 0, 0, 64)], 1), REFUSED);
    }
}
