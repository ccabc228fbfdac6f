//! Exit statuses of the child's own. The caller reaps the child, and never takes them for the program's.

/// Of a child that failed.
pub const FAILED: i32 = 127;

/// The exit status of an init whose program was killed is this and the signal.
pub const SIGNALLED: i32 = 128;
