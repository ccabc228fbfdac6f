//! Resource limits, scheduling, and the flags of the process.

use super::caller;
use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{Deadline, Limit, List, Plan, Policy, Speculation, Utilization, clone, process};
use crate::attr::limits::{KEEP, Raised, Scheduler, process as asked};
use crate::base::bounded_text::BoundedText;
use crate::base::decimal::{self, Digits};
use crate::fallible::push;
use crate::sentences;
use crate::stage::Stage;
use crate::sys::abi::{
    IOPRIO_CLASS_RT, IOPRIO_CLASS_SHIFT, RLIMIT_NOFILE as NOFILE, Rlimit64, SCHED_FLAG_RESET_ON_FORK,
};
use alloc::vec::Vec;
use static_assertions::const_assert_eq;

// `attr` and the sealed plan use the same bits.
const_assert_eq!(asked::NO_THP, process::NO_THP);
const_assert_eq!(asked::MDWE, process::MDWE);
const_assert_eq!(asked::NO_TSC, process::NO_TSC);
const_assert_eq!(asked::SUBREAPER, process::SUBREAPER);
const_assert_eq!(asked::RESET_ON_FORK, process::RESET_ON_FORK);
const_assert_eq!(asked::OWN_CORE, process::OWN_CORE);
const_assert_eq!(asked::KSM, process::KSM);

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.limits;
    rlimits(request, draft)?;
    let plan = &mut draft.plan;
    plan.nice = asked.nice.into();
    match asked.scheduler {
        Some(Scheduler::Policy { policy, priority }) => plan.scheduler = Some(Policy { policy, priority }).into(),
        Some(Scheduler::Deadline { runtime, deadline, period }) => {
            // Without it a descendant of the program would need privilege to leave the policy.
            let resets = asked.process_flags & process::RESET_ON_FORK != 0;
            let flags = if resets { SCHED_FLAG_RESET_ON_FORK } else { 0 };
            plan.deadline = Some(Deadline { runtime, deadline, period, flags }).into();
        }
        None => (),
    }
    plan.utilization = asked.utilization.map(|asked| Utilization { min: asked.min, max: asked.max }).into();
    plan.numa_policy = asked.numa_policy.as_ref().map(|asked| asked.mode).into();
    plan.io_priority = asked.io_priority.map(|asked| asked.class << IOPRIO_CLASS_SHIFT | asked.level).into();
    plan.timer_slack = asked.timer_slack_ns.into();
    plan.personality = asked.personality.into();
    plan.process_flags = asked.process_flags;
    plan.umask = asked.umask.into();
    if let Some(cpus) = &asked.affinity {
        draft.plan.affinity = bits(cpus, draft)?;
    }
    if let Some(policy) = &asked.numa_policy {
        draft.plan.numa_nodes = bits(&policy.nodes, draft)?;
    }
    if let Some(badness) = asked.oom_score_adj {
        let digits = BoundedText::<8>::numbered(b"", badness);
        draft.plan.oom_score_adj = draft.arena.joined(&[digits.bytes()])?;
    }
    if let Some(kinds) = asked.coredump_filter {
        draft.plan.coredump_filter = draft.arena.joined(&[b"0x", Digits::hexadecimal(u64::from(kinds)).as_bytes()])?;
    }
    let mut speculation: Vec<Speculation> = Vec::new();
    for one in &asked.speculation {
        push(&mut speculation, Speculation { feature: one.feature, control: one.control })?;
    }
    draft.plan.speculation = draft.arena.list(&speculation)?;
    if asked.process_flags & process::KSM != 0 && !ksm_lasts() {
        let fault = Fault { stage: Stage::ProcessFlags, ..Fault::invalid("", sentences::KSM_ENDS) };
        return Err(fault.code(libc::EOPNOTSUPP).at(process::KSM as usize));
    }
    let mut tolerated: Vec<u32> = Vec::new();
    // The child itself tells for the keyring whether the failure may be ignored.
    for stage in asked.allowed_failures.iter().filter(|stage| **stage != Stage::Keyring as u32) {
        push(&mut tolerated, *stage)?;
    }
    draft.plan.tolerated = draft.arena.list(&tolerated)?;
    // In a user namespace, new or joined, the child has no privilege over what the kernel ties to the initial one: nice, the
    // scheduling policy, real-time I/O. So the caller sets those. The child can write its oom_score_adj itself until it
    // joins.
    let real_time_io = asked.io_priority.is_some_and(|asked| asked.class == IOPRIO_CLASS_RT);
    let kept = asked.nice.is_some() || asked.scheduler.is_some() || real_time_io;
    let oom = !draft.plan.oom_score_adj.is_empty() && draft.plan.is_born_in_user_namespace();
    draft.plan.privileged = (kept && in_user_namespace(request) || oom || !draft.plan.raises.is_empty()) as u32;
    draft.plan.wait |= draft.plan.privileged;
    Ok(())
}

/// Whether the setting of PR_SET_MEMORY_MERGE survives an exec. No system call tells, so the version of the kernel decides.
pub fn ksm_lasts() -> bool {
    // SAFETY: numbers, of which any may be 0.
    let mut name: libc::utsname = unsafe { core::mem::zeroed() };
    // SAFETY: kernel contract, man 2 uname.
    if unsafe { libc::uname(&mut name) } < 0 {
        return false;
    }
    let release = name.release.map(|letter| letter as u8);
    let mut numbers =
        release.split(|letter| !letter.is_ascii_digit()).map(|digits| decimal::parse(digits).unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(6), Some(7))
}

/// The kernel does not let a process with SCHED_DEADLINE make another process or thread, unless that one leaves the policy.
pub fn deadline(plan: &Plan<()>) -> Step<()> {
    let later_clone = !matches!(plan.second_clone, clone::NONE | clone::OF_IMAGE);
    if plan.deadline.get().is_some() && (plan.init != 0 || plan.listener != 0 || later_clone) {
        return Err(Fault::invalid("set_deadline", sentences::DEADLINE_ALONE));
    }
    Ok(())
}

fn in_user_namespace(request: &Request) -> bool {
    let ns = &request.attr.ns;
    (ns.create | ns.unshare | ns.joined()) & libc::CLONE_NEWUSER as u32 != 0 || ns.second_user.is_some()
}

fn gives_up_privilege(request: &Request) -> bool {
    request.attr.ids.uid.is_some() || request.attr.caps.changes()
}

/// Resource limits with both halves filled in. RLIMIT_NOFILE may be restored even if it was not set.
fn rlimits(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.limits;
    let (mut limits, mut raises) = (Vec::new(), Vec::new());
    if let Some(raised) = asked.restore_nofile {
        restore_nofile(request, draft, raised)?;
    }
    for (index, asked) in asked.rlimits.iter().enumerate() {
        let now = caller::limit(asked.resource)?;
        let half = |asked, now| if asked == KEEP { now } else { asked };
        let limit = Rlimit64 { soft: half(asked.soft, now.soft), hard: half(asked.hard, now.hard) };
        if limit.soft > limit.hard {
            return Err(Fault::invalid("set_rlimit", sentences::SOFT_ABOVE_HARD_NOW).resolving().at(index));
        }
        let item = Limit { limit, resource: asked.resource, index: index as i32 };
        // The child sets RLIMIT_NOFILE last, when it may have no privilege left.
        let without_privilege = asked.resource == NOFILE && gives_up_privilege(request);
        if limit.hard > now.hard && (in_user_namespace(request) || without_privilege) {
            push(&mut raises, Limit { limit: Rlimit64 { soft: now.soft, hard: limit.hard }, ..item })?;
        }
        if asked.resource == NOFILE {
            draft.plan.nofile = Some(item).into();
        } else {
            push(&mut limits, item)?;
        }
    }
    draft.plan.rlimits = draft.arena.list(&limits)?;
    draft.plan.raises = draft.arena.list(&raises)?;
    Ok(())
}

/// Restores the RLIMIT_NOFILE that the process was started with, if the caller's runtime has raised it to exactly this
/// value. Any other value was set by somebody on purpose.
fn restore_nofile(request: &Request, draft: &mut Draft, raised: Raised) -> Step<()> {
    let Rlimit64 { soft: now, hard } = caller::limit(NOFILE)?;
    draft.nofile_now = Some(now);
    let is = |now, asked| asked == KEEP || asked == now;
    if !is(now, raised.soft) || !is(hard, raised.hard) {
        return Ok(());
    }
    let unknown = || Fault::invalid("restore_nofile", sentences::NOFILE_UNKNOWN).code(libc::EPERM).resolving();
    let soft = request.host.nofile_at_load.ok_or_else(unknown)?.min(hard);
    draft.plan.nofile = Some(Limit { limit: Rlimit64 { soft, hard }, resource: NOFILE, index: -1 }).into();
    Ok(())
}

/// A list of numbers as a bit set.
fn bits(numbers: &[u32], draft: &mut Draft) -> Step<List<u64>> {
    let words = numbers.iter().max().map_or(0, |highest| highest / 64 + 1);
    let mut mask: Vec<u64> = Vec::new();
    mask.try_reserve_exact(words as usize).map_err(|_| Fault::no_memory())?;
    mask.extend(
        (0..words)
            .map(|word| numbers.iter().filter(|one| *one / 64 == word).fold(0, |bits, one| bits | 1 << (one % 64))),
    );
    draft.arena.list(&mask)
}
