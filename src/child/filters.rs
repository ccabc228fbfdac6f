//! Seccomp filters.

use super::At;
use super::sys::abi::SECCOMP_FILTER_FLAG_NEW_LISTENER;
use super::sys::{self, Answer};
use super::{channel, listener};

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
