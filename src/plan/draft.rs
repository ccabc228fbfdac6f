//! A plan in the making.

use super::arena::Arena;
use super::caller;
use super::fault::{Fault, Step};
use super::sealed::Plan;
use crate::fallible::push;
use crate::sentences;
use alloc::vec::Vec;

/// A plan in the making.
pub struct Draft {
    pub arena: Arena,
    pub plan: Plan<()>,
    /// The descriptors of the caller that the child needs.
    pub needed: Vec<u32>,
    /// Those of them that are close-on-exec, and that the exec of the image must not close.
    pub kept_open: Vec<u32>,
    /// The caller's soft RLIMIT_NOFILE, if it was read.
    pub nofile_now: Option<u64>,
}

/// PROC_USER_INIT_INO in the kernel's sources: the same number on every kernel.
const INITIAL_USER_NAMESPACE: &[u8] = b"user:[4026531837]\0";

impl Draft {
    /// Notes that the child needs this descriptor of the caller. It must be open.
    pub fn need(&mut self, fd: i32, what: &'static str) -> Step<i32> {
        if !self.keep_open(fd)? {
            return Err(Fault::invalid(what, sentences::FD_NOT_OPEN).code(libc::EBADF));
        }
        push(&mut self.needed, fd as u32)?;
        Ok(fd)
    }

    /// Whether the child's user namespace is not the initial one. In another one an overlay cannot use trusted extended
    /// attributes for its own data. Without /proc, the caller's is taken for the initial one.
    pub fn has_other_users(&self) -> bool {
        let is_new = self.plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || self.plan.unshare_user != 0;
        is_new
            || self.plan.joins_user != 0
            || caller::user_namespace().is_some_and(|users| !users.starts_with(INITIAL_USER_NAMESPACE))
    }

    /// Plans that the exec of the image leaves the descriptor open. Returns whether it is open now.
    pub fn keep_open(&mut self, fd: i32) -> Step<bool> {
        let Some(flags) = caller::flags_of(fd)? else { return Ok(false) };
        if flags & libc::FD_CLOEXEC != 0 {
            push(&mut self.kept_open, fd as u32)?;
        }
        Ok(true)
    }
}
