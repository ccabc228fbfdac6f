//! The caller's side: the clone, what is done for a waiting child, what is heard of it, and the child as the caller
//! holds it. Sees plans, never attrs.

mod channel;
mod child;
mod confine;
mod death;
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
mod name;
mod outcome;
mod own;
mod procfs;
mod shared;
mod stack;
mod thread_stack;
mod tree;
mod trial;
mod usage;
mod wait;

pub use child::Child;
pub use failure::Failure;
pub use outcome::Ran;
pub use wait::Waited;

use crate::attr::owned::Room;
use crate::plan::{self, Host, Request, Sealed};
use crate::sealed::{Mount, Plan, cgroup, mount};
use crate::stage::Stage;
use alloc::boxed::Box;
use child::Begun;
use launch::Given;
use shared::Shared;

/// Makes the child of a request, and with it comes as far as its purpose goes: into the program, or to the hold point.
/// The room is where it stays: it is more than is worth moving.
pub fn start<C: From<Child>>(mut request: Request, room: Room<C>) -> Result<Box<C>, Failure> {
    // Each way once, and an image that somebody keeps closing not for ever.
    let mut ways_left = 4;
    loop {
        let plan = plan::lower(&request).and_then(|plan| Ok(Shared::new(plan)?)).map_err(Failure::of_plan)?;
        match begin(&plan, Given { argv: request.argv, envp: request.envp }, &request.host) {
            Ok(begun) => return Ok(room.fill(Child::new(begun, plan).into())),
            Err(failure) if ways_left > 0 => request.host = another_way(&failure, request.host).ok_or(failure)?,
            Err(failure) => return Err(failure),
        }
        ways_left -= 1;
    }
}

fn begin(plan: &Shared<Sealed>, given: Given, host: &Host) -> Result<Begun, Failure> {
    let cgroup = child::cgroup(plan)?;
    let mut launched = death::launch(plan, given, host)?;
    let start = outcome::until_ready(&mut launched, plan)?;
    if start.is_past_the_page() {
        launched.lock_channel().take();
    }
    Ok(Begun { launched, start, cgroup })
}

/// What the plan should not rely on next time, if that is why it failed.
#[cold]
fn another_way(failure: &Failure, host: Host) -> Option<Host> {
    let forbidden = matches!(failure.code, libc::EACCES | libc::EPERM | libc::ENOSYS | libc::ENOEXEC);
    match failure.stage {
        Stage::Image if forbidden && host.image_runs => {
            host::image_does_not_run();
            Some(Host { image_runs: false, ..host })
        }
        // The program's strings fit into an exec, but not ours beside them; or RLIMIT_FSIZE is smaller than the image.
        Stage::Image if matches!(failure.code, libc::E2BIG | libc::EFBIG) && host.image_runs => {
            Some(Host { image_runs: false, ..host })
        }
        Stage::Image if failure.code == libc::EBADF => {
            image::look_again();
            channel::look_again();
            Some(host)
        }
        Stage::Image if failure.code == libc::ETXTBSY => {
            image::renew();
            Some(host)
        }
        // Ends that cannot be fetched from a child are made for it.
        Stage::Pipe if forbidden && host::fetches() => {
            host::does_not_fetch();
            Some(host)
        }
        Stage::Pipe if failure.code == libc::ETIMEDOUT => Some(host),
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
        stage if in_a_tree(stage) && matches!(failure.code, libc::EPERM | libc::ENOSYS) && host.mount_trees => {
            // Not what mount(2) cannot do either, nor what would find a file of its own already made.
            let again = |plan: &Plan| {
                let made = |step: &Mount| step.kind == mount::FILE && step.index < failure.index;
                plan.list(plan.mounts).iter().all(|step| step.user_namespace < 0 && !made(step))
            };
            failure.plan_is(again).then_some(Host { mount_trees: false, ..host })
        }
        _ => None,
    }
}

/// Whether trees are brought by descriptor at this stage, which a policy may forbid when it allows mount(2).
fn in_a_tree(stage: Stage) -> bool {
    matches!(stage, Stage::Root | Stage::Mount | Stage::Bind | Stage::Dev | Stage::Mask | Stage::Readonly)
}

/// A dry run.
pub fn describe(request: &Request, mut out: impl std::io::Write) -> Result<std::io::Result<()>, Failure> {
    let plan = plan::lower(request).map_err(Failure::of_plan)?;
    Ok(write!(out, "{}", &*plan).and_then(|()| out.flush()))
}
