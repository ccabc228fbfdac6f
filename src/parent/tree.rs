//! A child with all its descendants, as far as the kernel can tell who they are.

use super::child::{Child, Tree, lock};
use super::procfs::is_zombie;
use crate::sys;
use crate::sys::abi::PIDFD_SIGNAL_PROCESS_GROUP;
use core::ffi::CStr;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

impl Child {
    /// Kills the child and all that the kernel can tell to be its descendants.
    pub fn kill_tree(&self) -> Result<(), Errno> {
        self.ours()?;
        match self.tree {
            Tree::Namespace => self.signal(libc::SIGKILL),
            Tree::Cgroup => self.kill_cgroup(),
            Tree::Group => self.signal_group(libc::SIGKILL),
            Tree::Unknown => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Sends a signal to each whom `kill_tree` would kill, as far as the kernel lists them: the members of a pid namespace are
    /// not listed, but they go with the program.
    pub fn signal_tree(&self, signal: i32) -> Result<(), Errno> {
        self.ours()?;
        match (&self.tree, &self.cgroup) {
            _ if signal == libc::SIGKILL => self.kill_tree(),
            (_, Some(cgroup)) => in_each(cgroup.directory.as_fd(), &|directory| signal_each(directory, signal)),
            _ if self.leads_group => self.signal_group(signal),
            (Tree::Namespace, _) => self.signal(signal),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Sends this signal, and kills who is left when the child has ended, or the time is up.
    pub fn terminate_tree(&self, signal: i32, grace: Duration) -> Result<(), Errno> {
        let unless_gone = |answer: Result<(), Errno>| if answer == Err(Errno::ESRCH) { Ok(()) } else { answer };
        unless_gone(self.signal_tree(signal).and_then(|()| self.until_ended_or(grace)))?;
        unless_gone(self.kill_tree())
    }

    /// A signal handler that runs meanwhile ends nothing.
    fn until_ended_or(&self, grace: Duration) -> Result<(), Errno> {
        let deadline = Instant::now().checked_add(grace);
        let is_past = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        while lock(&self.waited).is_none() && !self.launched.name().has_ended() && !is_past() {
            match self.until_ended(Some(grace), deadline) {
                Err(Errno::ETIMEDOUT | Errno::EINTR) => (),
                Err(errno) => return Err(errno),
                // Or there was no pidfd to wait by.
                Ok(()) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        Ok(())
    }

    fn kill_cgroup(&self) -> Result<(), Errno> {
        let Some(cgroup) = &self.cgroup else { return Err(Errno::EOPNOTSUPP) };
        kill_all_in_cgroup(cgroup.directory.as_fd())
    }

    /// Since Linux 6.9 the pidfd stands for the group too, even when its leader is reaped. Before, there is only the number,
    /// which is nobody else's until then.
    fn signal_group(&self, signal: i32) -> Result<(), Errno> {
        if let Some(pidfd) = self.launched.pidfd() {
            match sys::pidfd_send_signal(pidfd.as_raw_fd(), signal, PIDFD_SIGNAL_PROCESS_GROUP) {
                Err(sys::Errno(libc::EINVAL | libc::ENOSYS)) => (),
                answer => return answer.map_err(|sys::Errno(errno)| Errno::from_raw(errno)),
            }
        }
        // Reaped by somebody else?
        self.signal(0)?;
        let waited = lock(&self.waited);
        if waited.is_some() {
            return Err(Errno::ESRCH);
        }
        sys::kill(-self.launched.pid(), signal).map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    }
}

/// Kills all that are in a cgroup and in those below it.
pub fn kill_all_in_cgroup(directory: BorrowedFd) -> Result<(), Errno> {
    match openat(directory, c"cgroup.kill", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty()) {
        Ok(file) => match nix::unistd::write(&file, b"1") {
            // A threaded cgroup has no processes, only threads of them.
            Err(Errno::EOPNOTSUPP) => kill_all_in(directory),
            answer => answer.map(drop),
        },
        Err(Errno::ENOENT) => kill_all_in(directory),
        Err(errno) => Err(errno),
    }
}

/// Cgroups of version 1 have no such switch, and that of a threaded one does nothing: who is listed is killed until nobody is.
/// Whoever is killed cannot go elsewhere, so those below come last.
fn kill_all_in(directory: BorrowedFd) -> Result<(), Errno> {
    in_each(directory, &kill_each)
}

/// In this cgroup, and then in those below it.
fn in_each(directory: BorrowedFd, act: &impl Fn(BorrowedFd) -> Result<(), Errno>) -> Result<(), Errno> {
    let here = act(directory);
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut listed = Dir::openat(directory, c".", flags, Mode::empty())?;
    let mut below = Ok(());
    for entry in listed.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type() != Some(Type::Directory) || matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        below = match openat(directory, name, flags, Mode::empty()) {
            Ok(inner) => below.and(in_each(inner.as_fd(), act)),
            // Removed meanwhile.
            Err(Errno::ENOENT) => below,
            Err(errno) => Err(errno),
        };
    }
    here.and(below)
}

/// Once to each that is listed now.
fn signal_each(directory: BorrowedFd, signal: i32) -> Result<(), Errno> {
    let mut refused = Ok(());
    for_each_member(directory, |pid| {
        // 0 is somebody whom this pid namespace does not see; to kill(2) it would be ourselves.
        let answer = if pid > 0 { sys::kill(pid, signal) } else { Err(sys::Errno(libc::EPERM)) };
        match answer {
            Ok(()) | Err(sys::Errno(libc::ESRCH)) => (),
            Err(sys::Errno(errno)) => refused = Err(Errno::from_raw(errno)),
        }
    })?;
    refused
}

fn kill_each(directory: BorrowedFd) -> Result<(), Errno> {
    for _ in 0..1000 {
        let (mut left, mut refused) = (false, Ok(()));
        for_each_member(directory, |pid| {
            // 0 is somebody whom this pid namespace does not see; to kill(2) it would be ourselves.
            let answer = if pid > 0 { sys::kill(pid, libc::SIGKILL) } else { Err(sys::Errno(libc::EPERM)) };
            match answer {
                Err(sys::Errno(libc::ESRCH)) => (),
                _ if pid > 0 && is_zombie(pid) => (),
                Ok(()) => left = true,
                Err(sys::Errno(errno)) => refused = Err(Errno::from_raw(errno)),
            }
        })?;
        if !left {
            return refused;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(Errno::EAGAIN)
}

/// The processes in a cgroup; of a threaded one the threads, by each of which kill(2) reaches its process.
fn for_each_member(directory: BorrowedFd, act: impl FnMut(i32)) -> Result<(), Errno> {
    let read = |name: &CStr| {
        let file = openat(directory, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        let number = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
        std::io::read_to_string(std::fs::File::from(file)).map_err(number)
    };
    let text = match read(c"cgroup.procs") {
        Err(Errno::EOPNOTSUPP) => read(c"cgroup.threads")?,
        answer => answer?,
    };
    text.lines().filter_map(|line| line.parse().ok()).for_each(act);
    Ok(())
}
