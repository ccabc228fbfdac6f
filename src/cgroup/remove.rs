//! Removes a cgroup: kills the processes in it, and removes it and all cgroups below it, which the program may have made.

use super::{Group, PATIENCE};
use crate::base::kernel_file;
use crate::parent::kill_all_in_cgroup;
use crate::sys;
use core::ffi::CStr;
use core::time::Duration;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::{UnlinkatFlags, Whence, lseek, unlinkat};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Instant;

impl Group {
    pub fn kill(&self) -> Result<(), Errno> {
        self.ours()?;
        self.removal().kill()
    }

    /// Without a time-out this waits until all processes have died.
    pub fn remove(&self, timeout: Option<Duration>) -> Result<(), Errno> {
        self.ours()?;
        self.removal().remove(timeout, true)
    }

    pub fn is_gone(&self) -> bool {
        self.removal().is_gone()
    }

    fn removal(&self) -> Removal<'_> {
        Removal {
            above: self.above.as_fd(),
            name: self.name.as_cstr(),
            directory: self.directory.as_fd(),
            kill: self.kill.as_ref().map(AsFd::as_fd),
        }
    }
}

impl Drop for Group {
    /// In a fork of the process that made it, this only closes the fork's descriptors.
    fn drop(&mut self) {
        if self.ours().is_ok() {
            let _ = self.removal().remove(Some(PATIENCE), false);
        }
    }
}

/// A cgroup that is to be removed.
pub struct Removal<'a> {
    pub above: BorrowedFd<'a>,
    pub name: &'a CStr,
    pub directory: BorrowedFd<'a>,
    pub kill: Option<BorrowedFd<'a>>,
}

impl Removal<'_> {
    /// Whether another process has removed it. A new cgroup may have its name by now.
    fn is_gone(&self) -> bool {
        // The descriptor that was opened before tells that more quickly.
        let file = if self.kill.is_some() { c"cgroup.kill" } else { c"cgroup.procs" };
        fstatat(self.directory, file, AtFlags::AT_SYMLINK_NOFOLLOW) == Err(Errno::ENOENT)
    }

    pub fn kill(&self) -> Result<(), Errno> {
        let killed = match self.kill.map(|file| kernel_file::write(file.as_raw_fd(), b"1")) {
            Some(Ok(())) => Ok(()),
            // A threaded cgroup lists no processes, only threads.
            Some(Err(sys::Errno(libc::EOPNOTSUPP))) | None => kill_all_in_cgroup(self.directory),
            Some(Err(sys::Errno(code))) => Err(Errno::from_raw(code)),
        };
        // A cgroup that was removed has no processes.
        if killed.is_err() && self.is_gone() { Ok(()) } else { killed }
    }

    /// -EINTR only where it `may_be_interrupted`.
    pub fn remove(&self, timeout: Option<Duration>, may_be_interrupted: bool) -> Result<(), Errno> {
        // A time that the clock's numbers cannot hold is without limit.
        let mut until = None;
        let mut is_last = false;
        loop {
            if self.is_gone() {
                return Ok(());
            }
            match unlinkat(self.above, self.name, UnlinkatFlags::RemoveDir) {
                Ok(()) | Err(Errno::ENOENT) => return Ok(()),
                Err(Errno::EBUSY) if is_last => return Err(Errno::ETIMEDOUT),
                Err(Errno::EBUSY) => (),
                Err(errno) => return Err(errno),
            }
            // It has processes, or cgroups below it. Most end without a look at the clock.
            until = until.or_else(|| timeout.and_then(|timeout| Instant::now().checked_add(timeout)));
            self.kill()?;
            match self.wait_until_empty(until) {
                Err(Errno::EINTR) if !may_be_interrupted => (),
                answer => answer?,
            }
            remove_below(self.directory, until)?;
            is_last = until.is_some_and(|until| Instant::now() >= until);
        }
    }

    /// Comes back when no process is in it or below it, when the time is up, or after a moment: another process may have been
    /// moved there since all were killed.
    fn wait_until_empty(&self, until: Option<Instant>) -> Result<(), Errno> {
        const MOMENT: Duration = Duration::from_millis(100);
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let events = match openat(self.directory, c"cgroup.events", flags, Mode::empty()) {
            Err(Errno::ENOENT | Errno::ENODEV) => return Ok(()),
            events => events?,
        };
        let moment = Instant::now() + MOMENT;
        let until = until.map_or(moment, |until| until.min(moment));
        while is_populated(&events) {
            // Waits for a change since the file was read. Rounded up, so that it waits at all.
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let timeout = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::ZERO);
            poll(&mut [PollFd::new(events.as_fd(), PollFlags::POLLPRI)], timeout)?;
        }
        Ok(())
    }
}

fn is_populated(events: &OwnedFd) -> bool {
    let mut text = [0; 128];
    let filled = sys::pread(events.as_raw_fd(), &mut text, 0).unwrap_or(0);
    let text = text.get(..filled).unwrap_or_default();
    text.split(|byte| *byte == b'\n').any(|line| line == b"populated 1")
}

/// Removes the cgroups below one that has no processes, at any depth, with two descriptors and without memory. If it cannot go
/// on, the caller looks again which processes are in there.
fn remove_below(top: BorrowedFd, until: Option<Instant>) -> Result<(), Errno> {
    let mut here = open_here(top, c".")?;
    let mut depth = 0;
    while until.is_none_or(|until| Instant::now() < until) {
        match remove_each(&here)? {
            Below::Inner(inner) => {
                here = inner;
                depth += 1;
            }
            Below::Nothing if depth > 0 => match open_here(here.as_fd(), c"..") {
                Ok(up) => {
                    here = up;
                    depth -= 1;
                }
                // A directory that was removed meanwhile has no parent to go back to.
                Err(_) => return Ok(()),
            },
            Below::Nothing | Below::Member => return Ok(()),
        }
    }
    Ok(())
}

enum Below {
    Nothing,
    /// A cgroup with others below it, which are to be removed first.
    Inner(OwnedFd),
    /// A cgroup with processes.
    Member,
}

/// Removes the cgroups in a directory that have none below them.
fn remove_each(directory: &OwnedFd) -> Result<Below, Errno> {
    let mut found = Ok(Below::Nothing);
    for_each_below(directory, |name| {
        match unlinkat(directory, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => return true,
            Err(Errno::EBUSY) => (),
            Err(errno) => {
                found = Err(errno);
                return false;
            }
        }
        let Ok(inner) = open_here(directory.as_fd(), name) else { return true };
        let mut is_leaf = true;
        let listed = for_each_below(&inner, |_| {
            is_leaf = false;
            false
        });
        found = listed.map(|()| if is_leaf { Below::Member } else { Below::Inner(inner) });
        false
    })?;
    found
}

fn open_here(directory: BorrowedFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(directory, name, flags, Mode::empty())
}

/// Each directory in this one, until `act` has enough.
fn for_each_below(directory: &OwnedFd, mut act: impl FnMut(&CStr) -> bool) -> Result<(), Errno> {
    let mut buffer = [0u8; 4096];
    // The descriptor may have been read before.
    lseek(directory, 0, Whence::SeekSet)?;
    loop {
        let filled = sys::getdents64(directory.as_raw_fd(), &mut buffer);
        let filled = match filled.map_err(|sys::Errno(errno)| Errno::from_raw(errno)) {
            // The directory was removed meanwhile.
            Ok(0) | Err(Errno::ENOENT) => return Ok(()),
            filled => filled?,
        };
        let mut rest = buffer.get(..filled).unwrap_or_default();
        while let Some((kind, name, next)) = first_entry(rest) {
            let is_below = kind == libc::DT_DIR && !matches!(name.to_bytes(), b"." | b"..");
            if is_below && !act(name) {
                return Ok(());
            }
            rest = next;
        }
    }
}

/// The type and the name of the first directory entry, and the entries after it. getdents(2)
fn first_entry(entries: &[u8]) -> Option<(u8, &CStr, &[u8])> {
    let length = u16::from_ne_bytes(entries.get(16..18)?.try_into().ok()?) as usize;
    let name = CStr::from_bytes_until_nul(entries.get(19..length)?).ok()?;
    Some((*entries.get(18)?, name, entries.get(length..)?))
}
