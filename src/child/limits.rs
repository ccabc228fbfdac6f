//! Limits and scheduling.

use super::proc_files;
use super::state::At;
use crate::sealed::process;
use crate::sys::abi::{
    AT_FDCWD, IOPRIO_WHO_PROCESS, PR_MDWE_REFUSE_EXEC_GAIN, PR_SCHED_CORE, PR_SCHED_CORE_CREATE,
    PR_SET_CHILD_SUBREAPER, PR_SET_MDWE, PR_SET_MEMORY_MERGE, PR_SET_SPECULATION_CTRL, PR_SET_THP_DISABLE,
    PR_SET_TIMERSLACK, PR_SET_TSC, PR_TSC_SIGSEGV, PRIO_PROCESS, SCHED_RESET_ON_FORK,
};
use crate::sys::{self, Answer};

/// /proc/self/oom_score_adj
pub fn oom_score_adj(at: &mut At) -> Answer {
    let digits = at.plan.bytes(at.plan.oom_score_adj);
    // The caller writes it where the child has not the privilege.
    if digits.is_empty() || at.plan.is_born_in_user_namespace() {
        return Ok(());
    }
    proc_files::write(AT_FDCWD, c"/proc/self/oom_score_adj", digits)
}

/// /proc/self/coredump_filter
pub fn coredump_filter(at: &mut At) -> Answer {
    let digits = at.plan.bytes(at.plan.coredump_filter);
    if digits.is_empty() { Ok(()) } else { proc_files::write(AT_FDCWD, c"/proc/self/coredump_filter", digits) }
}

/// prlimit(2)
pub fn rlimits(at: &mut At) -> Answer {
    at.plan.list(at.plan.rlimits).iter().try_for_each(|item| {
        at.index = item.index;
        sys::set_rlimit(0, item.resource, &item.limit)
    })
}

/// prlimit(2)
pub fn nofile(at: &mut At) -> Answer {
    let Some(item) = at.plan.nofile.get() else { return Ok(()) };
    at.index = item.index;
    sys::set_rlimit(0, item.resource, &item.limit)
}

/// sched_setaffinity(2)
pub fn affinity(at: &mut At) -> Answer {
    if at.plan.affinity.is_empty() { Ok(()) } else { sys::sched_setaffinity(0, at.plan.list(at.plan.affinity)) }
}

/// setpriority(2)
pub fn nice(at: &mut At) -> Answer {
    at.plan.nice.get().map_or(Ok(()), |nice| sys::setpriority(PRIO_PROCESS, 0, nice))
}

/// set_mempolicy(2)
pub fn numa_policy(at: &mut At) -> Answer {
    at.plan.numa_policy.get().map_or(Ok(()), |mode| sys::set_mempolicy(mode, at.plan.list(at.plan.numa_nodes)))
}

/// sched_setscheduler(2), sched_setattr(2)
pub fn scheduler(at: &mut At) -> Answer {
    if let Some(asked) = at.plan.deadline.get() {
        // The kernel asks for the privilege again, and so what the caller has set is left alone.
        return if at.plan.privileged != 0 { Ok(()) } else { sys::sched_setattr(0, &asked.attr()) };
    }
    at.plan.scheduler.get().map_or(Ok(()), |asked| sys::sched_setscheduler(0, asked.policy, asked.priority))
}

/// sched_setattr(2)
pub fn utilization(at: &mut At) -> Answer {
    at.plan.utilization.get().map_or(Ok(()), |asked| sys::clamp_utilization(asked.min, asked.max))
}

/// ioprio_set(2). The kernel asks for the privilege again where nothing changes, so what the caller has set is left alone.
pub fn io_priority(at: &mut At) -> Answer {
    if at.plan.privileged != 0 {
        return Ok(());
    }
    at.plan.io_priority.get().map_or(Ok(()), |priority| sys::ioprio_set(IOPRIO_WHO_PROCESS, 0, priority))
}

/// PR_SET_TIMERSLACK(2const)
pub fn timer_slack(at: &mut At) -> Answer {
    at.plan.timer_slack.get().map_or(Ok(()), |slack| sys::prctl(PR_SET_TIMERSLACK, slack as usize, 0).map(drop))
}

/// prctl(2): each flag, and the call that makes it so.
const PROCESS_FLAGS: [(u32, i32, usize); 6] = [
    (process::NO_THP, PR_SET_THP_DISABLE, 1),
    (process::MDWE, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN),
    (process::NO_TSC, PR_SET_TSC, PR_TSC_SIGSEGV),
    (process::SUBREAPER, PR_SET_CHILD_SUBREAPER, 1),
    (process::OWN_CORE, PR_SCHED_CORE, PR_SCHED_CORE_CREATE),
    (process::KSM, PR_SET_MEMORY_MERGE, 1),
];

pub fn process_flags(at: &mut At) -> Answer {
    for (flag, operation, value) in PROCESS_FLAGS {
        if at.plan.process_flags & flag != 0 {
            at.index = flag as i32;
            sys::prctl(operation, value, 0)?;
        }
    }
    if at.plan.process_flags & process::RESET_ON_FORK != 0 {
        at.index = process::RESET_ON_FORK as i32;
        reset_on_fork()?;
    }
    Ok(())
}

/// sched_setscheduler(2): the policy stays as it is, and goes to no child of this process. So it comes after the last fork.
fn reset_on_fork() -> Answer {
    let policy = sys::sched_getscheduler()?;
    if policy & SCHED_RESET_ON_FORK != 0 {
        return Ok(());
    }
    sys::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, sys::sched_getparam()?)
}

/// PR_SET_SPECULATION_CTRL(2const)
pub fn speculation(at: &mut At) -> Answer {
    at.plan.list(at.plan.speculation).iter().try_for_each(|asked| {
        at.index = asked.feature as i32;
        sys::prctl(PR_SET_SPECULATION_CTRL, asked.feature as usize, asked.control as usize).map(drop)
    })
}

/// personality(2)
pub fn personality(at: &mut At) -> Answer {
    at.plan.personality.get().map_or(Ok(()), sys::personality)
}

/// umask(2)
pub fn umask(at: &mut At) -> Answer {
    at.plan.umask.get().map_or(Ok(()), |mask| sys::umask(mask).map(drop))
}
