//! The system call that makes the child.

use super::stack::Stack;
use super::ways::Ways;
use crate::child;
use crate::page::Page;
use crate::sealed::{Plan, Wiring, cgroup, mode, table};
use crate::sys::abi::{
    CLONE_CLEAR_SIGHAND, CLONE_FILES, CLONE_INTO_CGROUP, CLONE_PIDFD, CLONE_VFORK, CLONE_VM, CloneArgs,
};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Errno};
use core::ffi::c_void;

/// How the child gets its table of descriptors.
pub fn table_of(plan: &Plan, ways: Ways) -> u32 {
    if plan.inherit != 0 {
        table::WHOLE
    } else if !ways.own_table {
        table::LISTED
    } else if plan.mode == mode::COPIED {
        // The caller does not wait, and closes the child's ends in its own table: the two cannot share one.
        table::COPIED
    } else {
        table::SHARED
    }
}

/// What `enter` gets, on the child's new stack.
pub struct Start<'a> {
    pub plan: &'a Plan,
    pub wiring: &'a Wiring,
}

unsafe extern "C" fn enter(start: *const c_void) -> ! {
    // SAFETY: `launch` keeps the start as long as the child is in this memory.
    let start = unsafe { &*start.cast::<Start>() };
    let Wiring { argv, envp, .. } = *start.wiring;
    child::run(start.plan, start.wiring, argv as *const *const u8, envp as *const *const u8)
}

/// All that the clone needs.
pub struct Ready<'a> {
    pub plan: &'a Plan,
    pub ways: Ways,
    pub stack: &'a Stack,
    pub start: &'a Start<'a>,
    /// For a child that is made by clone(2): it has to reset the signal handlers itself.
    pub start_by_clone: &'a Start<'a>,
    /// Shared with the child, where it is the caller's.
    pub page: Option<&'a Page>,
}

/// The child that was made. -1: there is no pidfd.
pub struct Made {
    pub pid: i32,
    pub pidfd: i32,
}

impl Ready<'_> {
    /// clone3(2), or clone(2) where the first is refused. Also the keeper thread runs this: no libc, nothing thread-local.
    pub fn make(&self) -> Result<Made, Errno> {
        let Ready { plan, ways, stack, start, start_by_clone, page: _ } = *self;
        let memory = if plan.mode == mode::COPIED { 0 } else { CLONE_VM | CLONE_VFORK };
        let files = if table_of(plan, ways) == table::SHARED { CLONE_FILES } else { 0 };
        let is_fork = plan.mode == mode::COPIED && !ways.exit_signal;
        let pidfd_flag = if is_fork { 0 } else { CLONE_PIDFD };
        let flags = memory | files | pidfd_flag | plan.namespaces_of_first();
        // An exec makes the exit signal SIGCHLD. An init never execs.
        let never_execs = plan.mode == mode::COPIED && plan.init != 0;
        let exit_signal = if is_fork || never_execs { libc::SIGCHLD as u64 } else { 0 };
        let mut pidfd = -1;
        let born = if plan.cgroup == cgroup::BORN { CLONE_INTO_CGROUP } else { 0 };
        let args = CloneArgs {
            flags: flags | CLONE_CLEAR_SIGHAND | born,
            pidfd: (&raw mut pidfd) as u64,
            stack: stack.bottom() as u64,
            stack_size: stack.size() as u64,
            exit_signal,
            cgroup: if born != 0 { plan.cgroup_fd as u64 } else { 0 },
            set_tid: if plan.pids.is_empty() { 0 } else { plan.list(plan.pids).as_ptr() as u64 },
            set_tid_size: plan.pids.len as u64,
            ..CloneArgs::default()
        };
        // SAFETY: no other child has the stack, and `enter` never returns.
        let made = unsafe { sys::clone3(&args, enter, (&raw const *start).cast()) };
        let pid = match made {
            // A cgroup or a pid of one's choice cannot be had by clone(2).
            Err(errno) if born == 0 && plan.pids.is_empty() && goes_on(Call::Clone3, errno) => {
                let start = (&raw const *start_by_clone).cast();
                // SAFETY: as above.
                unsafe { sys::clone(flags | exit_signal, stack.top(), &mut pidfd, enter, start) }?
            }
            made => made?,
        };
        // qemu-user makes no pidfd with these flags.
        Ok(Made { pid, pidfd: if is_fork { sys::pidfd_open(pid).unwrap_or(-1) } else { pidfd } })
    }
}
