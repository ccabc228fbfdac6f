//! Seccomp filters.

use super::sealed::{self, Plan};
use super::{Draft, Fault, Request, Step};
use crate::attr::limits::Scheduler;
use crate::attr::owned::push;
use crate::attr::user_namespaces::NO_USER_NAMESPACES;
use crate::bpf::{Answers, Call};
use crate::sentences;
use alloc::vec::Vec;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.filters;
    let mut filters: Vec<sealed::Filter> = Vec::new();
    for filter in &asked.seccomp {
        push(&mut filters, sealed::Filter { program: draft.arena.list(filter.instructions())?, flags: filter.flags })?;
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
    Ok(())
}

/// Whether a filter could kill the child before it is the program, or keep the child from ending itself.
pub fn may_kill(request: &Request, plan: &Plan<()>) -> bool {
    let asked = &request.attr.exec;
    let calls = [
        (true, Call::SignalMask),
        (true, exec_call(plan)),
        (asked.pid_variable.is_some(), Call::Getpid),
        (asked.busy_retry_ms > 0, Call::Nanosleep),
    ];
    let made = calls.iter().filter(|(made, _)| *made).all(|(_, call)| answers(request, *call).never_kill());
    let ends = answers(request, Call::ExitGroup).always_allow();
    // Put on earlier, filters rule many more calls.
    plan.filters_privileged != 0 || !(made && ends && later_filters_are_put_on(request))
}

/// Each filter, with those before it, rules the seccomp(2) of the next. The last rules none.
fn later_filters_are_put_on(request: &Request) -> bool {
    let filters = &request.attr.filters.seccomp;
    let mut together = Answers::ALLOW;
    filters.iter().take(filters.len().saturating_sub(1)).all(|filter| {
        together = together.with(filter.verdicts.on(Call::Seccomp));
        together.never_kill()
    })
}

/// Whether the filters kill every exec: a child in memory of its own ends then as if it had become the program.
pub fn kill_exec(request: &Request, plan: &Plan<()>) -> bool {
    answers(request, exec_call(plan)).always_kill()
}

fn exec_call(plan: &Plan<()>) -> Call {
    if plan.exec_fd >= 0 { Call::Execveat } else { Call::Execve }
}

/// What all filters together do with a call.
fn answers(request: &Request, call: Call) -> Answers {
    let each = request.attr.filters.seccomp.iter().map(|filter| filter.verdicts.on(call));
    each.fold(Answers::ALLOW, Answers::with)
}
