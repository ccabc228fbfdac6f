//! Namespaces, and the second process that continues in them.

use super::layout::Unpadded;

/// When a second process continues in the place of the first: in the cgroup, in the pid namespace that the child has
/// entered, or to be measured alone.
pub mod clone {
    pub const NONE: u32 = 0;
    /// The image makes it at its start, in the cgroup and in all new namespaces but the user namespace. The kernel counts
    /// its resources from 0. It does nearly all later steps.
    pub const OF_IMAGE: u32 = 1;
    /// It is process 1 of a new pid namespace, and does all later steps in there.
    pub const EARLY: u32 = 2;
    /// Other processes are in the pid namespace. It is made before the ids change, since filters that come later might
    /// refuse the clone.
    pub const LATE: u32 = 3;
    /// Other processes are in the pid namespace. It is made as late as possible, so that they see it for as short a time as
    /// possible.
    pub const LAST: u32 = 4;
}

without_padding! {
/// Namespaces to join, and the index in the caller's list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Join {
    pub types: u64,
    pub fd: i32,
    pub index: i32,
}
}
