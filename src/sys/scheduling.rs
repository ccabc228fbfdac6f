//! Scheduling, processors, priorities and limits of a process. sched(7), getrlimit(2)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// sched_setscheduler(2)
pub fn sched_setscheduler(pid: i32, policy: i32, priority: i32) -> Answer {
    call!(SCHED_SETSCHEDULER, pid, policy, &priority as *const i32).map(drop)
}

/// sched_setaffinity(2)
pub fn sched_setaffinity(pid: i32, mask: &[u64]) -> Answer {
    call!(SCHED_SETAFFINITY, pid, size_of_val(mask), mask.as_ptr()).map(drop)
}

/// ioprio_set(2)
pub fn ioprio_set(which: i32, who: i32, priority: u32) -> Answer {
    call!(IOPRIO_SET, which, who, priority).map(drop)
}

/// sched_getscheduler(2) of the calling thread
pub fn sched_getscheduler() -> Answer<i32> {
    call!(SCHED_GETSCHEDULER, 0).map(|policy| policy as i32)
}

/// sched_getparam(2) of the calling thread
pub fn sched_getparam() -> Answer<i32> {
    let mut priority = 0;
    call!(SCHED_GETPARAM, 0, &mut priority as *mut i32).map(|_| priority)
}

/// sched_setattr(2)
pub fn sched_setattr(pid: i32, attr: &SchedAttr) -> Answer {
    call!(SCHED_SETATTR, pid, attr as *const SchedAttr, 0).map(drop)
}

/// sched_setattr(2) of the calling thread: keeps its policy and priority.
pub fn clamp_utilization(min: u32, max: u32) -> Answer {
    sched_setattr(
        0,
        &SchedAttr {
            size: size_of::<SchedAttr>() as u32,
            flags: SCHED_FLAG_KEEP_ALL | SCHED_FLAG_UTIL_CLAMP,
            utilization_min: min,
            utilization_max: max,
            ..SchedAttr::default()
        },
    )
}

/// set_mempolicy(2). The kernel reads one bit less than `maxnode` says.
pub fn set_mempolicy(mode: u32, nodes: &[u64]) -> Answer {
    if nodes.is_empty() {
        return call!(SET_MEMPOLICY, mode, 0, 0).map(drop);
    }
    call!(SET_MEMPOLICY, mode, nodes.as_ptr(), size_of_val(nodes) * 8 + 1).map(drop)
}

/// setpriority(2)
pub fn setpriority(which: i32, who: i32, nice: i32) -> Answer {
    call!(SETPRIORITY, which, who, nice).map(drop)
}

/// prlimit(2) of this process.
pub fn get_rlimit(resource: u32) -> Answer<Rlimit64> {
    let mut limit = Rlimit64::default();
    call!(PRLIMIT64, 0, resource, 0, &mut limit as *mut Rlimit64).map(|_| limit)
}

/// prlimit(2)
pub fn set_rlimit(pid: i32, resource: u32, limit: &Rlimit64) -> Answer {
    call!(PRLIMIT64, pid, resource, limit as *const Rlimit64, 0).map(drop)
}
