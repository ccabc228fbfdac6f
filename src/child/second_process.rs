//! The second process. A pid namespace that was entered holds only what is made from then on. A cgroup whose members the
//! out-of-memory killer may take together must not have one that shares the caller's memory: it would take the caller too.
//! And the kernel counts the caller's memory among what a process has used that was in it.

use super::channel;
use super::state::{At, Who};
use crate::sealed::{cgroup, clone};
use crate::stage::Stage;
use crate::sys::abi::{CLONE_INTO_CGROUP, CLONE_VM, CloneArgs};
use crate::sys::{self, Answer};

/// This process is the image already, so the caller's memory is not shared with what is born in the cgroup, and the peak of
/// that memory, which the kernel keeps for a process over an exec, is not the second's. This process leaves at once, so the
/// two may share the image's. The caller's credentials are put back: they are what decides whether the cgroup may be entered.
pub fn born_of_image(at: &mut At) -> Answer {
    if at.plan.second_clone != clone::OF_IMAGE {
        return Ok(());
    }
    if let Err(errno) = leave_image(at) {
        // The same stage as where the first clone puts the child into the cgroup.
        at.stage = Stage::Clone;
        return Err(errno);
    }
    go_on_as_second(at)?;
    channel::die_with_caller(at)
}

/// clone3(2) where there is a cgroup, and else clone(2)
fn leave_image(at: &At) -> Answer {
    let flags = CLONE_VM | at.plan.namespaces_of_second();
    let pid = at.page.second_pid.as_ptr();
    if at.plan.cgroup != cgroup::BORN_OF_IMAGE {
        return sys::leave_to_sibling(flags, pid);
    }
    sys::leave_to_sibling_of(CloneArgs {
        flags: flags | CLONE_INTO_CGROUP,
        parent_tid: pid as u64,
        cgroup: at.plan.cgroup_fd as u64,
        ..CloneArgs::default()
    })
}

/// clone(2), into a pid namespace with other processes, before filters are loaded that may refuse clone(2)
pub fn second_clone(at: &mut At) -> Answer {
    if at.plan.second_clone == clone::LATE { go_on_among_others(at) } else { Ok(()) }
}

/// clone(2), into a pid namespace with other processes
pub fn last_clone(at: &mut At) -> Answer {
    if at.plan.second_clone == clone::LAST { go_on_among_others(at) } else { Ok(()) }
}

/// Closes the descriptors that are not needed any more: in the pid namespace they could lead other processes out of it.
fn go_on_among_others(at: &mut At) -> Answer {
    at.plan.list(at.plan.first_process_only).iter().try_for_each(|fd| sys::close(*fd as i32))?;
    go_on_as_another(at)?;
    // F_SETOWN named the first process; it has to name this one.
    channel::still_die_with_caller(at)
}

/// clone(2), into a pid namespace that has no process yet
pub fn first_process(at: &mut At) -> Answer {
    if at.plan.second_clone != clone::EARLY {
        return Ok(());
    }
    go_on_as_another(at)?;
    channel::die_with_caller(at)
}

/// Another process goes on from here, and waits until the caller knows it. The kernel writes its pid into the page before
/// it runs, so that the caller knows it also where both are killed at once.
fn go_on_as_another(at: &mut At) -> Answer {
    sys::leave_to_sibling(at.plan.second_shares, at.page.second_pid.as_ptr())?;
    go_on_as_second(at)
}

fn go_on_as_second(at: &mut At) -> Answer {
    channel::own_word(at, Who::Second)?;
    channel::until_released(at)
}
