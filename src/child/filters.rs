//! Seccomp filters.

use super::state::At;
use super::{channel, listener};
use crate::sys::abi::{
    CLONE_FS, CLONE_NEWUSER, CLONE_VFORK, ENOSYS, EOPNOTSUPP, EPERM, SECCOMP_FILTER_FLAG_NEW_LISTENER,
};
use crate::sys::{self, Answer, Errno};

/// seccomp(2)
pub fn privileged_seccomp(at: &mut At) -> Answer {
    if at.plan.filters_privileged == 0 || at.plan.filters.is_empty() {
        return Ok(());
    }
    channel::still_die_with_caller(at)?;
    install(at)
}

/// seccomp(2)
pub fn seccomp(at: &mut At) -> Answer {
    if at.plan.filters_privileged != 0 || at.plan.filters.is_empty() {
        return Ok(());
    }
    install(at)
}

/// seccomp(2), and then the calls themselves: with what no kernel takes, so that nothing is made where the filter is not at
/// work, as behind a filter of the caller's that answers for seccomp(2).
pub fn user_namespaces(at: &mut At) -> Answer {
    let program = at.plan.list(at.plan.no_user_namespaces);
    if program.is_empty() {
        return Ok(());
    }
    sys::set_filter(program, 0)?;
    let unshares = sys::unshare(CLONE_NEWUSER | CLONE_VFORK);
    let (clones, clones3) = (sys::clone_in_vain(CLONE_NEWUSER | CLONE_FS), sys::clone3_in_vain());
    match (unshares, clones, clones3) {
        (Err(Errno(EPERM)), Err(Errno(EPERM)), Err(Errno(ENOSYS))) => Ok(()),
        _ => Err(Errno(EOPNOTSUPP)),
    }
}

fn install(at: &mut At) -> Answer {
    for (index, filter) in at.plan.list(at.plan.filters).iter().enumerate() {
        at.index = index as i32;
        if filter.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER != 0 {
            listener::put_on(at, filter)?;
        } else {
            sys::set_filter(at.plan.list(filter.program), filter.flags)?;
        }
    }
    Ok(())
}
