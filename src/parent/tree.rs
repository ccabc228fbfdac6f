//! Signals to a child and all its descendants, as far as the kernel can tell which they are.

use super::cgroup_members;
use super::child::{Child, Tree, lock};
use crate::sys;
use crate::sys::abi::PIDFD_SIGNAL_PROCESS_GROUP;
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

impl Child {
    /// Kills the child and all that the kernel can tell to be its descendants.
    pub fn kill_tree(&self) -> Result<(), Errno> {
        self.ours()?;
        match self.tree {
            Tree::Namespace => self.signal(libc::SIGKILL),
            Tree::Cgroup => cgroup_members::kill_all(self.own_cgroup()?),
            Tree::Group => self.signal_group(libc::SIGKILL),
            Tree::Unknown => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Sends a signal to each process that `kill_tree` would kill, as far as the kernel lists them. It does not list the members
    /// of a pid namespace: there only the child gets the signal.
    pub fn signal_tree(&self, signal: i32) -> Result<(), Errno> {
        self.ours()?;
        match (&self.tree, &self.cgroup) {
            _ if signal == libc::SIGKILL => self.kill_tree(),
            (_, Some(_)) => cgroup_members::signal_all(self.own_cgroup()?, signal),
            _ if self.leads_group => self.signal_group(signal),
            (Tree::Namespace, _) => self.signal(signal),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Sends this signal, and kills the processes that are left when the child has ended, or when the time is up.
    pub fn terminate_tree(&self, signal: i32, grace: Duration) -> Result<(), Errno> {
        let unless_gone = |answer: Result<(), Errno>| if answer == Err(Errno::ESRCH) { Ok(()) } else { answer };
        unless_gone(self.signal_tree(signal).and_then(|()| self.until_ended_or(grace)))?;
        unless_gone(self.kill_tree())
    }

    /// Sleeps until the child has ended, or the time is up. A signal handler that runs meanwhile does not end the sleep.
    fn until_ended_or(&self, grace: Duration) -> Result<(), Errno> {
        let deadline = Instant::now().checked_add(grace);
        let is_past = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        while lock(&self.waited).is_none() && !self.launched.process().has_ended() && !is_past() {
            match self.until_ended(Some(grace), deadline) {
                Err(Errno::ETIMEDOUT | Errno::EINTR) => (),
                Err(errno) => return Err(errno),
                // There may have been no pidfd to sleep by.
                Ok(()) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        Ok(())
    }

    /// The cgroup of the child. One that this process is in, such as the root cgroup, has members that are no descendants of the
    /// child: this process would be killed, and with the root cgroup the whole system.
    fn own_cgroup(&self) -> Result<BorrowedFd<'_>, Errno> {
        let Some(cgroup) = &self.cgroup else { return Err(Errno::EOPNOTSUPP) };
        let directory = cgroup.directory.as_fd();
        if cgroup_members::has_this_process(directory)? { Err(Errno::EOPNOTSUPP) } else { Ok(directory) }
    }

    /// Since Linux 6.9 the pidfd stands for the group too, even after its leader was reaped. Before, there is only the number,
    /// which stands for no other group until the leader is reaped.
    fn signal_group(&self, signal: i32) -> Result<(), Errno> {
        if let Some(pidfd) = self.launched.pidfd() {
            match sys::pidfd_send_signal(pidfd.as_raw_fd(), signal, PIDFD_SIGNAL_PROCESS_GROUP) {
                Err(sys::Errno(libc::EINVAL | libc::ENOSYS)) => (),
                answer => return answer.map_err(|sys::Errno(errno)| Errno::from_raw(errno)),
            }
        }
        // Fails if other code has reaped it.
        self.signal(0)?;
        let waited = lock(&self.waited);
        if waited.is_some() {
            return Err(Errno::ESRCH);
        }
        sys::kill(-self.launched.pid(), signal).map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    }
}
