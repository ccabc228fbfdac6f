//! The signal for the parent's death follows the thread that cloned. For the death of the process, that has to be a
//! thread that lives as long as the child: one made from the calling thread at that spawn, so that it is as confined.

use super::failure::Failure;
use super::host::Quiet;
use super::launch::{self, Given, Launched};
use super::shared::Shared;
use crate::plan::Sealed;
use crate::stage::Stage;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// Enough for a launch, and what the library that makes threads takes for itself.
const STACK: usize = 64 * 1024;

/// Launches a plan on the thread whose death is to be told.
pub fn launch(plan: &Shared<Sealed>, given: Given) -> Result<Launched, Failure> {
    if plan.parent_death == 0 || plan.parent_death_process == 0 {
        return launch::launch(plan, given);
    }
    launch_aside(plan, given)
}

#[inline(never)]
fn launch_aside(plan: &Shared<Sealed>, given: Given) -> Result<Launched, Failure> {
    let not_made = || Failure::at(Stage::Memory, Errno::EAGAIN, plan);
    let (tell, told) = channel();
    let theirs = plan.clone();
    // SAFETY: C caller guarantees the vectors for the length of the call, which is until the launch is told of.
    let lent = Lent(unsafe { core::mem::transmute::<Given<'_>, Given<'static>>(given) });
    let quiet = Quiet::begin();
    let mask = quiet.mask();
    let made = thread::Builder::new().stack_size(STACK).spawn(move || live(theirs, lent, mask, tell));
    drop(quiet);
    made.map_err(|_| not_made())?;
    told.recv().map_err(|_| not_made())?
}

/// The caller's vectors, for the thread that launches while the caller waits.
struct Lent(Given<'static>);

// SAFETY: C caller guarantees that nobody changes the vectors during the call.
unsafe impl Send for Lent {}

/// The thread: a launch, and then nothing but to be there.
fn live(plan: Shared<Sealed>, lent: Lent, mask: u64, tell: Sender<Result<Launched, Failure>>) {
    let mut launched = launch::launch_with(&plan, lent.0, mask);
    let (heir, heirs) = channel();
    match &mut launched {
        Ok(launched) if plan.second_clone != crate::sealed::clone::NONE => launched.heir = Some(heir),
        _ => drop(heir),
    }
    let pidfd = launched.as_ref().ok().and_then(|launched| launched.pidfd()?.try_clone().ok());
    drop(plan);
    let pid = launched.as_ref().map_or(0, |launched| launched.pid());
    let _ = tell.send(launched);
    until_gone(pidfd, pid);
    while let Ok(pidfd) = heirs.recv() {
        until_gone(Some(pidfd), 0);
    }
}

fn until_gone(pidfd: Option<OwnedFd>, pid: i32) {
    match pidfd {
        Some(pidfd) => {
            let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
            while poll(&mut fds, PollTimeout::NONE) == Err(Errno::EINTR) {}
        }
        None if pid > 0 => {
            use crate::sys::{self, abi};
            let mut info = abi::WaitInfo::EMPTY;
            let _ = sys::waitid(abi::P_PID, pid, &mut info, abi::WEXITED | abi::WNOWAIT | abi::WALL);
        }
        None => (),
    }
}
