//! The parent-death signal. The kernel sends it when the thread ends that made the child. Where it is to be sent only when the
//! process ends, a keeper thread makes the child.

use super::failure::Failure;
use super::launch::{self, Given};
use super::launched::Launched;
use super::thread_stack::ThreadStack;
use super::{confine, keeper};
use crate::plan::{Host, Sealed};
use crate::sealed::clone;
use crate::sentences;
use crate::shared::Shared;
use crate::stage::Stage;
use crate::sys::Errno;
use nix::errno::Errno as Number;

/// Makes the child of a plan, by the thread whose death is to be told.
pub fn launch(plan: &Shared<Sealed>, given: Given, host: &Host) -> Result<Launched, Failure> {
    if plan.parent_death == 0 || plan.parent_death_process == 0 {
        return launch::launch(plan, given);
    }
    launch_by_keeper(plan, given, host)
}

#[inline(never)]
fn launch_by_keeper(plan: &Shared<Sealed>, given: Given, host: &Host) -> Result<Launched, Failure> {
    let unconfined = |Errno(errno)| {
        Failure::at(Stage::ParentDeath, Number::from_raw(errno), plan)
            .item(-1, sentences::KEEPER_KEEPS_PRIVILEGE.text())
    };
    let keeps = confine::needed(host).map_err(unconfined)?;
    let mut stack = Some(ThreadStack::map().map_err(|errno| Failure::at(Stage::Memory, errno, plan))?);
    let mut keeper = None;
    let mut launched = launch::launch_by(plan, given, &mut |ready| {
        let stack = stack.take().ok_or(Errno(libc::EINVAL))?;
        let (made, its_keeper) = keeper::make(ready, stack, keeps, plan.second_clone != clone::NONE)?;
        keeper = its_keeper;
        Ok(made)
    })?;
    launched.keeper = keeper;
    // None of the caller's own threads has made it.
    launched.thread = 0;
    Ok(launched)
}
