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
    /// The caller's descriptors that the child needs.
    pub needed: Vec<u32>,
    /// Those of them that close on exec.
    pub kept_open: Vec<u32>,
    /// The caller's soft limit on descriptors, where it was asked for.
    pub nofile_now: Option<u64>,
}

/// PROC_USER_INIT_INO, which is the same on every kernel.
const INITIAL_USER_NAMESPACE: &[u8] = b"user:[4026531837]\0";

impl Draft {
    /// The child needs this descriptor of the caller's, which must be open.
    pub fn need(&mut self, fd: i32, what: &'static str) -> Step<i32> {
        if !self.keep_open(fd)? {
            return Err(Fault::invalid(what, sentences::FD_NOT_OPEN).code(libc::EBADF));
        }
        push(&mut self.needed, fd as u32)?;
        Ok(fd)
    }

    /// Whether the child's user namespace is not the initial one: there an overlay may not keep what it knows as trusted
    /// extended attributes. What the caller's is, its /proc tells; without one, it is taken for the initial one.
    pub fn has_other_users(&self) -> bool {
        let is_new = self.plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || self.plan.unshare_user != 0;
        is_new
            || self.plan.joins_user != 0
            || caller::user_namespace().is_some_and(|users| !users.starts_with(INITIAL_USER_NAMESPACE))
    }

    /// If it is open, the change of image leaves it so; whether it is.
    pub fn keep_open(&mut self, fd: i32) -> Step<bool> {
        let Some(flags) = caller::flags_of(fd)? else { return Ok(false) };
        if flags & libc::FD_CLOEXEC != 0 {
            push(&mut self.kept_open, fd as u32)?;
        }
        Ok(true)
    }
}
