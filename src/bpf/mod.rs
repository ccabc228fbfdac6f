//! What seccomp filters do to the system calls that the child makes under them. The answer is computed once, when a filter
//! is added, and agrees with the kernel: tests/bpf_agrees_with_the_kernel.rs holds it against seccomp(2).

mod accept;
mod answers;
mod evaluate;
mod instruction;

pub use accept::kernel_accepts;
pub use answers::Answers;
pub use evaluate::{Data, evaluate};

use crate::sys::abi::SockFilter;
use alloc::collections::TryReserveError;
use core::ffi::c_long;

/// The architecture that the kernel tells a filter for calls of this library, and that of 32-bit programs; linux/audit.h.
#[cfg(target_arch = "x86_64")]
pub const ARCHES: [u32; 2] = [0xc000_003e, 0x4000_0003];
#[cfg(target_arch = "aarch64")]
pub const ARCHES: [u32; 2] = [0xc000_00b7, 0x4000_0028];

/// The system calls that the child may have to make under its filters when they are put on last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    Seccomp,
    /// prctl(2) with PR_SET_SECCOMP.
    PrctlSeccomp,
    SignalMask,
    Execve,
    Execveat,
    Getpid,
    Nanosleep,
    ExitGroup,
    Futex,
}

/// Their numbers, in the order of `Call`.
const NUMBERS: [c_long; 9] = [
    libc::SYS_seccomp,
    libc::SYS_prctl,
    libc::SYS_rt_sigprocmask,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_getpid,
    libc::SYS_nanosleep,
    libc::SYS_exit_group,
    libc::SYS_futex,
];

/// The answers of one filter to each `Call`.
#[derive(Clone, Copy, Debug)]
pub struct Verdicts([Answers; NUMBERS.len()]);

impl Verdicts {
    /// What is no filter for this kernel may be one for a later kernel, of which nothing is known.
    pub fn of(filter: &[SockFilter]) -> Result<Verdicts, TryReserveError> {
        let mut verdicts = [Answers::ANY; NUMBERS.len()];
        if !kernel_accepts(filter)? {
            return Ok(Verdicts(verdicts));
        }
        for (verdict, number) in verdicts.iter_mut().zip(NUMBERS) {
            let mut data = Data::call(number as u32, ARCHES[0]);
            if number == libc::SYS_prctl {
                data = data.first_argument(libc::PR_SET_SECCOMP as u64);
            }
            *verdict = evaluate(filter, &data)?;
        }
        Ok(Verdicts(verdicts))
    }

    pub fn on(&self, call: Call) -> Answers {
        self.0.get(call as usize).copied().unwrap_or(Answers::ANY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::*;

    fn instruction(code: u32, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
        SockFilter { code: code as u16, jump_true, jump_false, value }
    }

    #[test]
    fn each_call_has_its_own_answer() {
        let calls = [
            (Call::Seccomp, SYS_seccomp),
            (Call::PrctlSeccomp, SYS_prctl),
            (Call::SignalMask, SYS_rt_sigprocmask),
            (Call::Execve, SYS_execve),
            (Call::Execveat, SYS_execveat),
            (Call::Getpid, SYS_getpid),
            (Call::Nanosleep, SYS_nanosleep),
            (Call::ExitGroup, SYS_exit_group),
            (Call::Futex, SYS_futex),
        ];
        assert_eq!(calls.len(), NUMBERS.len());
        for (killed, number) in calls {
            let filter = [
                instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, 4),
                instruction(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, ARCHES[0]),
                instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
                instruction(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, number as u32),
                instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW),
                instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS),
            ];
            let verdicts = Verdicts::of(&filter).expect("memory");
            for (call, _) in calls {
                assert_eq!(verdicts.on(call).always_kill(), call == killed, "{call:?}");
                assert_eq!(verdicts.on(call).always_allow(), call != killed, "{call:?}");
            }
        }
    }
}
