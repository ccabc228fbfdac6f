//! The caller's side: the clone, what is done for a waiting child, what is heard of it, and the child as the caller
//! holds it. Sees plans, never attrs.

mod cgroup;
mod channel;
mod child;
pub mod chroot;
mod confine;
mod death;
mod detach;
mod dying;
mod ends;
mod failure;
pub mod file_size;
mod handshake;
mod helper;
pub mod host;
mod image;
mod keeper;
mod launch;
mod listener;
mod message;
mod name;
mod new_root;
mod outcome;
mod own;
pub mod procfs;
mod stack;
mod strings_file;
mod starter;
mod thread_stack;
mod tree;
pub mod trial;
mod usage;
mod wait;
mod ways;
mod why;

pub use child::Child;
pub use failure::Failure;
pub use outcome::Ran;
pub use own::pid as own_pid;
pub use tree::kill_all_in_cgroup;
pub use wait::{Told, Waited, Watch};

use crate::attr::owned::Room;
use crate::plan::{self, Fault, Host, Request, Sealed};
use crate::sealed::mode;
use crate::shared;
use alloc::boxed::Box;
use cgroup::Cgroup;
use child::Begun;
use host::Quiet;
use launch::Given;
use shared::Shared;
use ways::Ways;

/// Makes the child of a request, and with it comes as far as its purpose goes: into the program, or to the hold point.
/// The room is where it stays: it is more than is worth moving.
pub fn start<C: From<Child>>(mut request: Request, room: Room<C>) -> Result<Box<C>, Failure> {
    let mut ways = Ways::first();
    loop {
        request.host = ways.on(request.host);
        let plan = Shared::new(lower_here(&mut request)?).map_err(|_| Failure::of_plan(Fault::no_memory()))?;
        match begin(&plan, Given { argv: request.argv, envp: request.envp, ways }, &request.host) {
            Ok(begun) => return Ok(room.fill(Child::new(begun, plan).into())),
            Err(failure) => ways = ways.next(&failure).ok_or(failure)?,
        }
    }
}

/// The plan, which shares no memory where that is not real: only a plan that would makes this be found out.
fn lower_here(request: &mut Request) -> Result<Sealed, Failure> {
    let plan = plan::lower(request).map_err(Failure::of_plan)?;
    if plan.mode == mode::COPIED || host::memory_is_shared().map_err(Failure::of_trial)? {
        return Ok(plan);
    }
    request.host.memory_is_shared = false;
    plan::lower(request).map_err(Failure::of_plan)
}

fn begin(plan: &Shared<Sealed>, given: Given, host: &Host) -> Result<Begun, Failure> {
    let cgroup = Cgroup::of(plan)?;
    let begun = death::launch(plan, given, host).and_then(|mut launched| {
        let start = outcome::until_ready(&mut launched, plan)?;
        launched.let_go_of_page(start.is_past_the_page());
        Ok((launched, start))
    });
    let (launched, start) = begun.map_err(|failure| cgroup::explain(cgroup.as_ref(), failure))?;
    given.ways.worked(plan, launch::table_of(plan, given.ways));
    Ok(Begun { launched, start, cgroup })
}

/// Opens what all children in images of their own use, if this process and those that it was forked from never have, and as
/// far as that can be had: the first such child tries it again.
pub fn prepare_fresh() {
    // Miri runs no system calls.
    if cfg!(miri) || image::was_made() {
        return;
    }
    if let Ok(quiet) = Quiet::begin() {
        let _ = image::file(quiet.mask());
        channel::make_ready(quiet.mask());
    }
}

/// A dry run.
pub fn describe(request: &Request, mut out: impl std::io::Write) -> Result<std::io::Result<()>, Failure> {
    let plan = plan::lower(request).map_err(Failure::of_plan)?;
    Ok(write!(out, "{}", &*plan).and_then(|()| out.flush()))
}
