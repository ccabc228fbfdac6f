//! The instructions that the kernel allows in a seccomp filter: seccomp_check_filter() of kernel/seccomp.c has the list.

use crate::sys::abi::SockFilter;
use libc::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    A,
    X,
}

/// The second operand of an instruction on A.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    Value(u32),
    X,
}

/// What is computed from A and the operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

/// What is asked of A and the operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    Equal,
    Greater,
    GreaterOrEqual,
    CommonBits,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// A becomes the word of `struct seccomp_data` at this offset.
    LoadWord(u32),
    Load(Register, u32),
    LoadCell(Register, u32),
    StoreCell(Register, u32),
    Compute(Operation, Operand),
    Negate,
    /// Skips so many instructions.
    Jump(u32),
    /// Skips so many instructions where the test holds, or else so many.
    Branch(Test, Operand, u8, u8),
    ReturnValue(u32),
    ReturnA,
    CopyAToX,
    CopyXToA,
}

use Instruction::*;
use Register::{A, X};

const DATA_SIZE: u32 = size_of::<seccomp_data>() as u32;
/// The source of BPF_RET: the register A.
const FROM_A: u32 = 0x10;
const TAX: u32 = 0x00;
const TXA: u32 = 0x80;
/// Of the code of an arithmetic instruction or a branch, the operation.
const OPERATION: u32 = 0xf0;

impl Instruction {
    /// `None` for what seccomp(2) does not allow. All bits of the code count.
    pub fn decode(raw: SockFilter) -> Option<Instruction> {
        let SockFilter { code, jump_true, jump_false, value } = raw;
        let code = code as u32;
        let operand = if code & BPF_X != 0 { Operand::X } else { Operand::Value(value) };
        match code {
            LOAD_WORD => Some(LoadWord(value)),
            LOAD_VALUE => Some(Load(A, value)),
            LOAD_X_VALUE => Some(Load(X, value)),
            LOAD_LENGTH => Some(Load(A, DATA_SIZE)),
            LOAD_X_LENGTH => Some(Load(X, DATA_SIZE)),
            LOAD_CELL => Some(LoadCell(A, value)),
            LOAD_X_CELL => Some(LoadCell(X, value)),
            BPF_ST => Some(StoreCell(A, value)),
            BPF_STX => Some(StoreCell(X, value)),
            NEGATE => Some(Negate),
            JUMP => Some(Jump(value)),
            RETURN_VALUE => Some(ReturnValue(value)),
            RETURN_A => Some(ReturnA),
            A_TO_X => Some(CopyAToX),
            X_TO_A => Some(CopyXToA),
            _ => match code & !(OPERATION | BPF_X) {
                BPF_ALU => Some(Compute(operation(code & OPERATION)?, operand)),
                BPF_JMP => Some(Branch(test(code & OPERATION)?, operand, jump_true, jump_false)),
                _ => None,
            },
        }
    }
}

const LOAD_WORD: u32 = BPF_LD | BPF_W | BPF_ABS;
const LOAD_VALUE: u32 = BPF_LD | BPF_IMM;
const LOAD_X_VALUE: u32 = BPF_LDX | BPF_IMM;
const LOAD_LENGTH: u32 = BPF_LD | BPF_W | BPF_LEN;
const LOAD_X_LENGTH: u32 = BPF_LDX | BPF_W | BPF_LEN;
const LOAD_CELL: u32 = BPF_LD | BPF_MEM;
const LOAD_X_CELL: u32 = BPF_LDX | BPF_MEM;
const NEGATE: u32 = BPF_ALU | BPF_NEG;
const JUMP: u32 = BPF_JMP | BPF_JA;
const RETURN_VALUE: u32 = BPF_RET | BPF_K;
const RETURN_A: u32 = BPF_RET | FROM_A;
const A_TO_X: u32 = BPF_MISC | TAX;
const X_TO_A: u32 = BPF_MISC | TXA;

fn operation(code: u32) -> Option<Operation> {
    Some(match code {
        BPF_ADD => Operation::Add,
        BPF_SUB => Operation::Subtract,
        BPF_MUL => Operation::Multiply,
        BPF_DIV => Operation::Divide,
        BPF_AND => Operation::And,
        BPF_OR => Operation::Or,
        BPF_XOR => Operation::Xor,
        BPF_LSH => Operation::ShiftLeft,
        BPF_RSH => Operation::ShiftRight,
        _ => return None,
    })
}

fn test(code: u32) -> Option<Test> {
    Some(match code {
        BPF_JEQ => Test::Equal,
        BPF_JGT => Test::Greater,
        BPF_JGE => Test::GreaterOrEqual,
        BPF_JSET => Test::CommonBits,
        _ => return None,
    })
}
