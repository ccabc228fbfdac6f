//! Makes the child of a request, and has it come as far as its purpose says: into the program, or to the hold point.

use super::blocked_signals::BlockedSignals;
use super::cgroup::{self, Cgroup};
use super::child::{Begun, Child};
use super::failure::Failure;
use super::launch::Given;
use super::serve::RunHelper;
use super::ways::Ways;
use super::{channel, clone, host, image, outcome, parent_death, retry};
use crate::fallible::Reserved;
use crate::plan::{self, Fault, Host, Request, Sealed};
use crate::sealed::mode;
use crate::shared::Shared;
use alloc::boxed::Box;

/// Puts the handle into `memory`, which is large, so that it is never moved.
pub fn start<C: From<Child>>(
    mut request: Request,
    memory: Reserved<C>,
    run_helper: RunHelper,
) -> Result<Box<C>, Failure> {
    let mut ways = Ways::first();
    loop {
        request.host = ways.on(request.host);
        let plan = Shared::new(lower_here(&mut request)?).map_err(|_| Failure::of_plan(Fault::no_memory()))?;
        match begin(&plan, Given { argv: request.argv, envp: request.envp, ways }, &request.host, run_helper) {
            Ok(begun) => return Ok(memory.fill(Child::new(begun, plan).into())),
            Err(failure) => ways = retry::after(&failure, ways).ok_or(failure)?,
        }
    }
}

/// The plan. If it is to share the caller's memory, this finds out whether a child can.
fn lower_here(request: &mut Request) -> Result<Sealed, Failure> {
    let plan = plan::lower(request).map_err(Failure::of_plan)?;
    if plan.mode == mode::COPIED || host::memory_is_shared().map_err(Failure::of_trial)? {
        return Ok(plan);
    }
    request.host.memory_is_shared = false;
    plan::lower(request).map_err(Failure::of_plan)
}

fn begin(plan: &Shared<Sealed>, given: Given, host: &Host, run_helper: RunHelper) -> Result<Begun, Failure> {
    let cgroup = Cgroup::of(plan)?;
    let begun = parent_death::launch(plan, given, host).and_then(|mut launched| {
        let start = outcome::until_ready(&mut launched, plan, run_helper)?;
        launched.let_go_of_page(start.is_past_the_page());
        Ok((launched, start))
    });
    let (launched, start) = begun.map_err(|failure| cgroup::explain(cgroup.as_ref(), failure))?;
    given.ways.worked(plan, clone::table_of(plan, given.ways));
    Ok(Begun { launched, start, cgroup })
}

/// Opens the files that all children in images of their own use, unless this process or one that it was forked from has done
/// so. Where this fails, the first such child tries it again.
pub fn prepare_fresh() {
    // Miri runs no system calls.
    if cfg!(miri) || image::was_made() {
        return;
    }
    if let Ok(signals) = BlockedSignals::block() {
        let _ = image::file(signals.mask());
        channel::make_ready(signals.mask());
    }
}
