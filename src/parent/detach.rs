//! To give a child up without ending it, also one that is not the program yet.

use super::child::{Child, lock};
use super::handshake;
use super::outcome::{Proof, Start};
use crate::page::{Page, go};
use crate::sealed::{Plan, clone};
use crate::sys::abi::F_SETFL;
use crate::sys::{self, Errno as Number};
use core::sync::atomic::Ordering;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

impl Child {
    /// From here on nothing of this process ends the child: a held one goes on by itself.
    pub fn detach(&self) -> Result<(), Errno> {
        self.ours()?;
        let mut start = lock(&self.start);
        let is_reaped = lock(&self.waited).is_some();
        match (&self.plan, *start) {
            (Some(plan), Start::Held) if !is_reaped => {
                self.can_do_alone(plan)?;
                handshake::let_go(&self.launched, go::DETACHED)?;
            }
            (Some(plan), Start::LetGo) if !is_reaped => {
                self.can_do_alone(plan)?;
                self.disarm(plan)?;
            }
            _ => (),
        }
        if *start != Start::Failed {
            *start = Start::Running(Proof::None);
        }
        Ok(())
    }

    /// Whether all that is left to do, the child does by itself, and was not asked to die with this process.
    fn can_do_alone(&self, plan: &Plan) -> Result<(), Errno> {
        let needs_caller = plan.second_clone >= clone::LATE && self.launched.second.get().is_none();
        match needs_caller || plan.listener != 0 || plan.parent_death != 0 {
            true => Err(Errno::EOPNOTSUPP),
            false => Ok(()),
        }
    }

    /// Of a child that was let go, and dies with this process until its exec.
    fn disarm(&self, plan: &Plan) -> Result<(), Errno> {
        // The kernel would have killed it with the thread that made it, and only the child itself can change that.
        if plan.first != 0 {
            return Err(Errno::EBUSY);
        }
        let page = self.launched.page();
        let before = page.go.swap(go::DETACHED, Ordering::SeqCst);
        let disarmed = self.disarm_lifeline(&page);
        if disarmed.is_err() {
            page.go.store(before, Ordering::SeqCst);
        }
        disarmed
    }

    /// The flag belongs to the open file, and can be cleared by another descriptor of it. fcntl(2)
    fn disarm_lifeline(&self, page: &Page) -> Result<(), Errno> {
        loop {
            until_armed(page)?;
            let number = page.lifeline.load(Ordering::SeqCst);
            if let Some(lifeline) = self.fetch_lifeline(number)? {
                let cleared = sys::fcntl(lifeline.as_raw_fd(), F_SETFL, 0);
                return cleared.map(drop).map_err(|Number(errno)| Errno::from_raw(errno));
            }
            // It was closed by the exec, or the child has ended; unless it got another number in this moment.
            if page.arming.load(Ordering::SeqCst) == 0 && page.lifeline.load(Ordering::SeqCst) == number {
                return Ok(());
            }
        }
    }

    /// The child's end of the lifeline, unless it has none under this number any more.
    fn fetch_lifeline(&self, number: i32) -> Result<Option<OwnedFd>, Errno> {
        let (Some(pidfd), Some(own)) = (self.launched.pidfd(), &self.launched.ends.lifeline) else {
            return Err(Errno::ENOSYS);
        };
        let fetched = match sys::pidfd_getfd(pidfd.as_raw_fd(), number) {
            // SAFETY: kernel contract, man 2 pidfd_getfd: a new descriptor of our own.
            Ok(fd) => unsafe { OwnedFd::from_raw_fd(fd) },
            Err(Number(libc::EBADF | libc::ESRCH)) => return Ok(None),
            Err(Number(errno)) => return Err(Errno::from_raw(errno)),
        };
        // What the program has opened under that number is none of ours.
        let childs = self.launched.ends.childs.map_or_else(|| sys::identity(own.as_raw_fd()), Ok);
        let is_ours = sys::identity(fetched.as_raw_fd()) == childs;
        Ok(is_ours.then_some(fetched))
    }
}

/// Arming takes the child a few calls, unless somebody has stopped it in the middle.
fn until_armed(page: &Page) -> Result<(), Errno> {
    for _ in 0..1000 {
        if page.arming.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    Err(Errno::EBUSY)
}
