//! The state that the three processes share at their start, and their common functions.

use super::log::{Log, Piece::*};
use super::memory::Memory;
use super::message::Message;
use crate::sys;
use crate::sys::abi::CLONE_NEWUSER;
use crate::sys::nsexec as calls;

/// The state that each of the three processes has a copy of.
pub struct Start {
    pub log: Log,
    /// The socket on which runc sends the message. Later the Go program reads from it.
    pub socket: i32,
    pub message: Message<'static>,
    pub memory: Memory,
    /// The signal mask of the caller.
    pub mask: u64,
    /// The address at which libc caches the thread id, if it does.
    pub tid: Option<*mut i32>,
    /// Socket pairs between parent and child, and between parent and init. The parent's end is the first.
    pub to_child: [i32; 2],
    pub to_init: [i32; 2],
}

/// Makes a copy of this process that is a child of runc. Returns 0 in the copy.
pub fn sibling(start: &Start) -> i32 {
    let pid = match start.tid {
        // SAFETY: `cached_tid` has found it.
        Some(tid) => unsafe { calls::clone_sibling_knowing(tid) },
        None => calls::clone_sibling(),
    };
    start.log.check(pid, &[Text("failed to clone the next process")])
}

pub fn creates_user(message: &Message) -> bool {
    message.clone_flags & CLONE_NEWUSER != 0
}

/// Sets the name that ps(1) shows. PR_SET_NAME(2const)
pub fn call_itself(name: &core::ffi::CStr) {
    // It is no error if the name cannot be set.
    let _ = sys::prctl(sys::abi::PR_SET_NAME, name.as_ptr() as usize, 0);
}
