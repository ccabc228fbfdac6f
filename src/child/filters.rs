//! Seccomp filters.

use super::state::At;
use super::{channel, listener, signals};
use crate::stage::Stage;
use crate::sys::abi::{
    CLONE_FS, CLONE_NEWUSER, CLONE_VFORK, ENOSYS, EOPNOTSUPP, EPERM, SECCOMP_FILTER_FLAG_NEW_LISTENER, SockFilter,
};
use crate::sys::ways::{Call, goes_on};
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
    if at.plan.mask_before_filters != 0 {
        mask_before(at)?;
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
    load(program)?;
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
        let program = at.plan.list(filter.program);
        if filter.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER != 0 {
            listener::put_on(at, filter)?;
        } else if filter.by_prctl != 0 {
            sys::set_filter_by_prctl(program)?;
        } else if filter.flags == 0 {
            load(program)?;
        } else {
            sys::set_filter(program, filter.flags)?;
        }
    }
    Ok(())
}

/// seccomp(2), or prctl(2) where a filter of the caller's lets nobody use it
pub fn load(program: &[SockFilter]) -> Answer {
    match sys::set_filter(program, 0) {
        Err(errno) if goes_on(Call::Filter, errno) => sys::set_filter_by_prctl(program).map_err(|_| errno),
        answer => answer.map(drop),
    }
}

/// rt_sigprocmask(2), which the filters may refuse. Whatever signal arrives now finds no handler of the caller's
fn mask_before(at: &mut At) -> Answer {
    channel::at_stage(at, Stage::SignalMask);
    signals::mask(at)?;
    channel::at_stage(at, Stage::Seccomp);
    Ok(())
}
