//! The caller's side: the clone, the caller's steps for a waiting child, what is heard of it, and the handle. Sees plans, never
//! attrs.
//!
//! A file uses only files above it in this list. tests/floors.rs has the floors.

// This process, and a child by its pid: how it is waited for, signalled and reaped.
mod this_process;
mod blocked_signals;
mod stack;
mod process;
mod usage;
mod memfd;
mod confine;
mod hint;
mod thread_stack;
mod deferred_reap;
pub mod trial;
pub mod procfs;
pub mod file_size;
mod cgroup_members;
pub mod chroot;
pub mod host;
mod ways;

// What connects a child with the caller: the page, its own files, and descriptors.
mod channel;
mod channel_wait;
mod image;
mod strings_file;
mod fd_socket;
mod listener;
mod channel_ends;

// A failure, and its sentence.
mod starter;
mod new_root;
mod reason;
mod failure;
mod message;
mod cgroup;

// The clone.
mod pid_variable;
mod clone;
mod layout;
mod keeper;
mod launched;
mod launch;
mod retry;
mod parent_death;

// What becomes of the child until its program runs.
mod evidence;
mod second_process;
mod hear;
mod give_up;
mod serve;
mod outcome;

// The handle.
mod waited;
mod child;
mod wait;
mod tree;
mod detach;
mod start;
mod map_helper;

pub use cgroup_members::kill_all as kill_all_in_cgroup;
pub use child::Child;
pub use evidence::Ran;
pub use failure::Failure;
pub use start::prepare_fresh;
pub use this_process::pid as own_pid;
pub use waited::{Told, Waited, Watch};

use crate::fallible::Reserved;
use crate::plan::{self, Request};
use alloc::boxed::Box;

/// Makes the child of a request; the handle is put into `memory`.
pub fn start<C: From<Child>>(request: Request, memory: Reserved<C>) -> Result<Box<C>, Failure> {
    start::start(request, memory, map_helper::run)
}

/// A dry run.
pub fn describe(request: &Request, mut out: impl std::io::Write) -> Result<std::io::Result<()>, Failure> {
    let plan = plan::lower(request).map_err(Failure::of_plan)?;
    Ok(write!(out, "{}", &*plan).and_then(|()| out.flush()))
}
