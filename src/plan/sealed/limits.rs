//! Resource limits, scheduling and the cgroup.

use super::layout::Unpadded;
use crate::sys::abi::{Rlimit64, SCHED_DEADLINE, SchedAttr};

/// Flags that the process sets for itself just before it becomes the program.
pub mod process {
    pub const NO_THP: u32 = 1;
    pub const MDWE: u32 = 2;
    pub const NO_TSC: u32 = 4;
    pub const SUBREAPER: u32 = 8;
    pub const RESET_ON_FORK: u32 = 16;
    pub const OWN_CORE: u32 = 32;
    pub const KSM: u32 = 64;
}

/// In which way the child gets into its cgroup.
pub mod cgroup {
    pub const NONE: u32 = 0;
    /// The first clone makes it there.
    pub const BORN: u32 = 1;
    /// The first process leaves the caller's memory by the exec of the image. The image makes a second process in the
    /// cgroup.
    pub const BORN_OF_IMAGE: u32 = 2;
    /// The first process leaves the caller's memory too. Then the caller writes the child's pid into cgroup.procs.
    pub const WRITTEN: u32 = 3;
}

without_padding! {
/// One resource limit and its place in the caller's list.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Limit {
    pub limit: Rlimit64,
    pub resource: u32,
    pub index: i32,
}
}

without_padding! {
/// sched_setscheduler(2).
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Policy {
    pub policy: i32,
    pub priority: i32,
}
}

without_padding! {
/// SCHED_DEADLINE: in nanoseconds, with flags of sched_setattr(2).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Deadline {
    pub runtime: u64,
    pub deadline: u64,
    pub period: u64,
    pub flags: u64,
}
}

impl Deadline {
    pub fn attr(&self) -> SchedAttr {
        let Deadline { runtime, deadline, period, flags } = *self;
        let size = size_of::<SchedAttr>() as u32;
        SchedAttr { size, policy: SCHED_DEADLINE as u32, flags, runtime, deadline, period, ..SchedAttr::default() }
    }
}

without_padding! {
/// PR_SET_SPECULATION_CTRL(2const)
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Speculation {
    pub feature: u32,
    pub control: u32,
}
}

without_padding! {
/// Bounds for the utilization that the scheduler assumes, of 1024.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Utilization {
    pub min: u32,
    pub max: u32,
}
}
