//! Seccomp filters.

use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{self, Plan};
use crate::attr::filters::Filter;
use crate::attr::limits::Scheduler;
use crate::attr::user_namespaces::NO_USER_NAMESPACES;
use crate::bpf::{Answers, Call};
use crate::fallible::push;
use crate::sentences;
use alloc::vec::Vec;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.filters;
    let mut filters: Vec<sealed::Filter> = Vec::new();
    for (index, filter) in asked.seccomp.iter().enumerate() {
        let program = draft.arena.list(filter.instructions())?;
        let by_prctl = (loaded_by(&asked.seccomp, index) == Call::PrctlSeccomp) as u32;
        push(&mut filters, sealed::Filter { program, flags: filter.flags, by_prctl })?;
    }
    draft.plan.filters = draft.arena.list(&filters)?;
    if asked.no_user_namespaces {
        draft.plan.no_user_namespaces = draft.arena.list(&NO_USER_NAMESPACES)?;
    }
    draft.plan.listener = asked.seccomp.iter().any(|filter| filter.has_listener()) as u32;
    draft.plan.futex_allowed = answers(request, Call::Futex).always_allow() as u32;
    let real_time = matches!(request.attr.limits.scheduler, Some(Scheduler::Policy { priority: 1.., .. }));
    if draft.plan.listener != 0 && real_time && draft.plan.futex_allowed == 0 {
        return Err(Fault::invalid("add_seccomp_filter", sentences::LISTENER_NEEDS_FUTEX));
    }
    draft.plan.filters_privileged = !request.attr.caps.no_new_privs as u32;
    let is_refused = !answers(request, Call::SignalMask).always_allow();
    draft.plan.mask_before_filters = (is_refused && request.attr.caps.no_new_privs) as u32;
    Ok(())
}

/// Whether a filter could kill the child before the exec of the program, or keep it from ending by exit_group(2).
pub fn may_kill(request: &Request, plan: &Plan<()>) -> bool {
    let asked = &request.attr.exec;
    let calls = [
        (true, exec_call(plan)),
        (asked.pid_variable.is_some(), Call::Getpid),
        (asked.busy_retry_ms > 0, Call::Nanosleep),
    ];
    let made = calls.iter().filter(|(made, _)| *made).all(|(_, call)| answers(request, *call).never_kill());
    let ends = answers(request, Call::ExitGroup).always_allow();
    // Filters that are installed early, with privilege, apply to many more system calls.
    plan.filters_privileged != 0 || !(made && ends && loading_never_kills(&request.attr.filters.seccomp))
}

/// Loading a filter is a system call, to which the filters before it apply. No call loads anything after the last filter.
fn loading_never_kills(filters: &[Filter]) -> bool {
    (0..filters.len()).all(|index| before(filters, index, loaded_by(filters, index)).never_kill())
}

/// The system call that loads a filter: seccomp(2), or prctl(2) if the filters before it surely allow prctl(2) but not
/// seccomp(2). prctl(2) takes no flags.
fn loaded_by(filters: &[Filter], index: usize) -> Call {
    let allow = |call| before(filters, index, call).always_allow();
    let has_flags = filters.get(index).is_some_and(|filter| filter.flags != 0);
    if !has_flags && !allow(Call::Seccomp) && allow(Call::PrctlSeccomp) { Call::PrctlSeccomp } else { Call::Seccomp }
}

/// The answers of the filters before this one to a system call.
fn before(filters: &[Filter], index: usize, call: Call) -> Answers {
    together(filters.get(..index).unwrap_or(filters), call)
}

/// Whether the filters kill every exec. A child in memory of its own then ends as if it had become the program.
pub fn kill_exec(request: &Request, plan: &Plan<()>) -> bool {
    answers(request, exec_call(plan)).always_kill()
}

fn exec_call(plan: &Plan<()>) -> Call {
    if plan.exec_fd >= 0 { Call::Execveat } else { Call::Execve }
}

/// The answers of all filters together to a system call.
fn answers(request: &Request, call: Call) -> Answers {
    together(&request.attr.filters.seccomp, call)
}

fn together(filters: &[Filter], call: Call) -> Answers {
    filters.iter().map(|filter| filter.verdicts.on(call)).fold(Answers::ALLOW, Answers::with)
}
