//! The caller's side: the clone, what is done for a waiting child, what is heard of it, and the child as the caller
//! holds it. Sees plans, never attrs.

mod child;
mod death;
mod failure;
mod handshake;
pub mod host;
mod image;
mod launch;
mod listener;
mod own;
mod settle;
mod stack;
mod usage;

pub use child::{Child, Ran, Waited};
pub use failure::Failure;

use crate::plan::{self, Host, Purpose, Request};
use crate::sealed::cgroup;
use crate::stage::Stage;
use alloc::sync::Arc;
use launch::Given;

/// Makes the child of a request, and with it comes as far as its purpose goes: into the program, or to the hold point.
pub fn start(request: &Request) -> Result<Child, Failure> {
    let mut host = request.host;
    // Each way once, and an image that somebody keeps closing not for ever.
    let mut ways_left = 4;
    loop {
        let plan = plan::lower(&Request { host, ..*request }).map_err(Failure::of_plan)?;
        let given = Given { argv: request.argv, envp: request.envp };
        match begin(Arc::new(plan), given, request.purpose) {
            Err(failure) if ways_left > 0 => host = another_way(&failure, host).ok_or(failure)?,
            child => return child,
        }
        ways_left -= 1;
    }
}

fn begin(plan: Arc<plan::Sealed>, given: Given, purpose: Purpose) -> Result<Child, Failure> {
    let launched = death::launch(&plan, given)?;
    let child = settle::until_ready(launched, plan)?;
    if purpose == Purpose::Spawn {
        child.until_running()?;
    }
    Ok(child)
}

/// What the plan should not rely on next time, if that is why it failed.
fn another_way(failure: &Failure, host: Host) -> Option<Host> {
    let forbidden = matches!(failure.code, libc::EACCES | libc::EPERM | libc::ENOSYS | libc::ENOEXEC);
    match failure.stage {
        Stage::Image if forbidden && host.image_runs => {
            host::image_does_not_run();
            Some(Host { image_runs: false, ..host })
        }
        // The program's strings fit into an exec, but not ours beside them.
        Stage::Image if failure.code == libc::E2BIG && host.image_runs => Some(Host { image_runs: false, ..host }),
        Stage::Image if failure.code == libc::EBADF => {
            image::look_again();
            Some(host)
        }
        // Not every caller can hand its capabilities over an exec.
        Stage::Carry if host.image_runs => Some(Host { image_runs: false, ..host }),
        // Since 6.14 the kernel kills whoever is born in a cgroup that was ever killed as a whole, and takes those put there.
        Stage::Child if host.born_in_cgroup && failure.signal == libc::SIGKILL => {
            failure.plan_is(|plan| plan.cgroup == cgroup::BORN).then_some(Host { born_in_cgroup: false, ..host })
        }
        Stage::Clone if host.born_in_cgroup && failure.plan_is(|plan| plan.cgroup == cgroup::BORN) => {
            let unknown = matches!(failure.code, libc::E2BIG | libc::EINVAL | libc::ENOSYS);
            unknown.then_some(Host { born_in_cgroup: false, ..host })
        }
        _ => None,
    }
}

/// A dry run.
pub fn describe(request: &Request, mut out: impl std::io::Write) -> Result<std::io::Result<()>, Failure> {
    let plan = plan::lower(request).map_err(Failure::of_plan)?;
    Ok(write!(out, "{}", *plan).and_then(|()| out.flush()))
}
