//! Detaches from a child, also from one whose program does not run yet: then closing the handle does not end it.

use super::child::{Child, lock};
use super::evidence::Proof;
use super::outcome::Start;
use crate::page::{Page, go};
use crate::sealed::{Plan, clone};
use crate::sys::abi::F_SETFL;
use crate::sys::{self, Errno as Number};
use core::sync::atomic::Ordering;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

impl Child {
    /// From here on nothing that this process does or suffers ends the child. A held one goes on by itself.
    pub fn detach(&self) -> Result<(), Errno> {
        self.ours()?;
        let mut start = lock(&self.start);
        let is_reaped = lock(&self.waited).is_some();
        match (&self.plan, *start) {
            (Some(plan), Start::Held) if !is_reaped => {
                self.can_do_alone(plan)?;
                self.launched.go_on_terms(go::DETACHED)?;
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

    /// EOPNOTSUPP: the child still needs the caller for a step, or was asked to die with the caller.
    fn can_do_alone(&self, plan: &Plan) -> Result<(), Errno> {
        let needs_caller = plan.second_clone >= clone::LATE && self.launched.second.get().is_none();
        match needs_caller || plan.listener != 0 || plan.parent_death != 0 {
            true => Err(Errno::EOPNOTSUPP),
            false => Ok(()),
        }
    }

    /// For a child that was let go: until its exec it dies when this process does. Takes that back.
    fn disarm(&self, plan: &Plan) -> Result<(), Errno> {
        // The child has a parent-death signal, and only the child itself can clear it.
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

    /// The child has set O_ASYNC on its end, so that the kernel kills it when the caller's end closes. The flag belongs to the
    /// open file, and can be cleared by another descriptor of it. fcntl(2)
    fn disarm_lifeline(&self, page: &Page) -> Result<(), Errno> {
        loop {
            until_armed(page)?;
            let number = page.lifeline.load(Ordering::SeqCst);
            if let Some(lifeline) = self.fetch_lifeline(number)? {
                let cleared = sys::fcntl(lifeline.as_raw_fd(), F_SETFL, 0);
                return cleared.map(drop).map_err(|Number(errno)| Errno::from_raw(errno));
            }
            // The exec has closed it, or the child has ended; unless the child gave it another number just now.
            if page.arming.load(Ordering::SeqCst) == 0 && page.lifeline.load(Ordering::SeqCst) == number {
                return Ok(());
            }
        }
    }

    /// The child's end of the lifeline. `None`: the child has none under this number any more.
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
        // The program may have opened another file under that number.
        let childs = self.launched.ends.childs.map_or_else(|| sys::identity(own.as_raw_fd()), Ok);
        let is_ours = sys::identity(fetched.as_raw_fd()) == childs;
        Ok(is_ours.then_some(fetched))
    }
}

/// Waits while the child changes its end. That takes it a few calls, unless it was stopped by a signal meanwhile: EBUSY.
fn until_armed(page: &Page) -> Result<(), Errno> {
    for _ in 0..1000 {
        if page.arming.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    Err(Errno::EBUSY)
}
