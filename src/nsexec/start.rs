//! What the three processes begin with, and what each of them does in the same way.

use super::log::{Log, Piece::*};
use super::memory::Memory;
use super::message::Message;
use crate::sys;
use crate::sys::abi::CLONE_NEWUSER;
use crate::sys::nsexec as calls;

/// What the three processes have in common when they part.
pub struct Start {
    pub log: Log,
    /// The socket on which runc sends the message, and later what Go reads.
    pub socket: i32,
    pub message: Message<'static>,
    pub memory: Memory,
    /// The signal mask of the caller.
    pub mask: u64,
    /// Where libc keeps the thread's id, if it does.
    pub tid: Option<*mut i32>,
    /// Between parent and child, and between parent and init; the parent's end first.
    pub to_child: [i32; 2],
    pub to_init: [i32; 2],
}

/// A copy of this process, made a child of runc's; 0 in the copy.
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

/// PR_SET_NAME(2const): what ps(1) shows.
pub fn call_itself(name: &core::ffi::CStr) {
    // No name is no failure.
    let _ = sys::prctl(sys::abi::PR_SET_NAME, name.as_ptr() as usize, 0);
}
