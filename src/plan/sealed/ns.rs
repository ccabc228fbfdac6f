//! Namespaces, and the process that goes on in them.

use super::layout::Unpadded;

/// When another process goes on: in the cgroup, in the pid namespace that the child has entered, or to be measured.
pub mod clone {
    pub const NONE: u32 = 0;
    /// The image makes it at once: it is born in the cgroup, and in all namespaces that a clone makes but a user namespace,
    /// and what the kernel counts for it begins anew. Nearly all that follows is done by it.
    pub const OF_IMAGE: u32 = 1;
    /// It is the first one of a pid namespace: what follows is done in there.
    pub const EARLY: u32 = 2;
    /// Others are there, and would stand in the way of filters: before the identity changes.
    pub const LATE: u32 = 3;
    /// Others are there: it is seen by them as late as possible.
    pub const LAST: u32 = 4;
}

without_padding! {
/// Namespaces to join, and the place in the caller's list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Join {
    pub types: u64,
    pub fd: i32,
    pub index: i32,
}
}
