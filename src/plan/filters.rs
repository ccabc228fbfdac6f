//! Seccomp filters.

use super::sealed::{self, Plan};
use super::verdict::{self, Verdict};
use super::{Draft, Request, Step};
use crate::attr::filters::Filter;
use crate::attr::owned::push;
use crate::sys::abi::SockFilter;
use alloc::vec::Vec;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let mut filters: Vec<sealed::Filter> = Vec::new();
    for (program, flags) in request.attr.filters.seccomp.iter().map(program) {
        push(&mut filters, sealed::Filter { program: draft.arena.list(program)?, flags })?;
    }
    draft.plan.filters = draft.arena.list(&filters)?;
    draft.plan.listener = request.attr.filters.seccomp.iter().any(Filter::has_listener) as u32;
    draft.plan.filters_privileged = !request.attr.caps.no_new_privs as u32;
    Ok(())
}

/// Whether a filter could kill the child before it is the program, or keep it from its own end.
pub fn may_kill(request: &Request, plan: &Plan) -> bool {
    let asked = &request.attr.exec;
    let late = [
        (true, libc::SYS_rt_sigprocmask),
        (true, exec_call(plan)),
        (asked.pid_variable.is_some(), libc::SYS_getpid),
        (asked.busy_retry_ms > 0, libc::SYS_nanosleep),
    ];
    let lives = |verdict| matches!(verdict, Verdict::Done | Verdict::Refused);
    // The last rules no other that is put on after it.
    let others = request.attr.filters.seccomp.len().saturating_sub(1);
    let put_on = verdicts(request, libc::SYS_seccomp).take(others).all(lives);
    let goes = late.iter().filter(|(does, _)| *does).all(|(_, call)| verdicts(request, *call).all(lives));
    let ends = verdicts(request, libc::SYS_exit_group).all(|verdict| verdict == Verdict::Done);
    // Where they come earlier, they rule many more calls.
    plan.filters_privileged != 0 || !(put_on && goes && ends)
}

/// Whether no exec can come of it: where the child's memory is its own, only this tells a filter's death from the program's.
pub fn kills_exec(request: &Request, plan: &Plan) -> bool {
    verdicts(request, exec_call(plan)).any(|verdict| verdict == Verdict::Dies)
}

fn exec_call(plan: &Plan) -> libc::c_long {
    if plan.exec_fd >= 0 { libc::SYS_execveat } else { libc::SYS_execve }
}

fn verdicts(request: &Request, call: libc::c_long) -> impl Iterator<Item = Verdict> {
    let programs = request.attr.filters.seccomp.iter().map(program);
    programs.map(move |(program, _)| verdict::of(program, call, ARCHES[0]))
}

/// The instructions and the flags.
fn program(filter: &Filter) -> (&[SockFilter], u32) {
    match filter {
        Filter::Given { program, flags } => (program, *flags),
        Filter::TerminalInjection => (&TERMINAL_INJECTION, 0),
    }
}

/// The instructions of linux/bpf_common.h that a filter of ours needs.
mod bpf {
    use super::SockFilter;
    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};

    /// A word of `struct seccomp_data`.
    pub const fn load(offset: u32) -> SockFilter {
        SockFilter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jump_true: 0, jump_false: 0, value: offset }
    }

    pub const fn and(value: u32) -> SockFilter {
        SockFilter { code: (BPF_ALU | BPF_AND | BPF_K) as u16, jump_true: 0, jump_false: 0, value }
    }

    /// Skips so many instructions where the word is, or is not, the value.
    pub const fn is(value: u32, jump_true: u8, jump_false: u8) -> SockFilter {
        SockFilter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jump_true, jump_false, value }
    }

    pub const fn answer(value: u32) -> SockFilter {
        SockFilter { code: (BPF_RET | BPF_K) as u16, jump_true: 0, jump_false: 0, value }
    }
}

const NUMBER: u32 = core::mem::offset_of!(libc::seccomp_data, nr) as u32;
const ARCH: u32 = core::mem::offset_of!(libc::seccomp_data, arch) as u32;
/// The lower half: the kernel takes an `unsigned int`, and who puts something above it must not get past.
const REQUEST: u32 = core::mem::offset_of!(libc::seccomp_data, args) as u32 + size_of::<u64>() as u32;

const ALLOW: SockFilter = bpf::answer(libc::SECCOMP_RET_ALLOW);
const EPERM: SockFilter = bpf::answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
const KILL: SockFilter = bpf::answer(libc::SECCOMP_RET_KILL_PROCESS);

/// The architecture of this kernel, and of the 32-bit programs it also runs; linux/audit.h.
#[cfg(target_arch = "x86_64")]
const ARCHES: [u32; 2] = [0xc000_003e, 0x4000_0003];
#[cfg(target_arch = "aarch64")]
const ARCHES: [u32; 2] = [0xc000_00b7, 0x4000_0028];

/// The numbers of ioctl: here, by way of x32 (the same again where there is none), and of 32-bit programs.
#[cfg(target_arch = "x86_64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, 514, 54];
#[cfg(target_arch = "aarch64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, libc::SYS_ioctl as u32, 54];

/// All bits of a number but x32's mark, with which and without which old kernels take its calls.
const UNMARKED: u32 = !0x4000_0000;

/// TIOCSTI puts bytes into the input of a terminal as if they were typed, TIOCLINUX pastes them into a console's.
const TERMINAL_INJECTION: [SockFilter; 16] = [
    bpf::load(ARCH),
    bpf::is(ARCHES[0], 0, 5),
    bpf::load(NUMBER),
    bpf::and(UNMARKED),
    bpf::is(IOCTLS[0], 5, 0),
    bpf::is(IOCTLS[1], 4, 0),
    ALLOW,
    bpf::is(ARCHES[1], 0, 7),
    bpf::load(NUMBER),
    bpf::is(IOCTLS[2], 0, 3),
    bpf::load(REQUEST),
    bpf::is(libc::TIOCSTI as u32, 2, 0),
    bpf::is(libc::TIOCLINUX as u32, 1, 0),
    ALLOW,
    EPERM,
    KILL,
];
