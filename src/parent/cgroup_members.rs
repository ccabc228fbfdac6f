//! The processes in a cgroup and in those below it: kills them, and signals them.

use super::procfs::is_zombie;
use crate::base::kernel_file;
use crate::sys;
use core::cell::Cell;
use core::ffi::CStr;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};
use std::time::Duration;

/// Whether this process is in a cgroup, or in one below it, as all processes are in the root cgroup.
pub fn has_this_process(directory: BorrowedFd) -> Result<bool, Errno> {
    let found = Cell::new(false);
    in_each(directory, &|directory| {
        for_each_member(directory, |id| {
            // 0 is a process of another pid namespace, and no thread of this one. Where a filter refuses tgkill(2), each may be.
            found.set(found.get() || sys::has_thread(id).unwrap_or(true));
        })
    })?;
    Ok(found.get())
}

/// Kills all processes in a cgroup and in those below it.
pub fn kill_all(directory: BorrowedFd) -> Result<(), Errno> {
    match openat(directory, c"cgroup.kill", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty()) {
        Ok(file) => match kernel_file::write_and_close(file.into_raw_fd(), b"1") {
            // A threaded cgroup has no processes, only threads of them.
            Err(sys::Errno(libc::EOPNOTSUPP)) => kill_listed(directory),
            answer => answer.map_err(|sys::Errno(code)| Errno::from_raw(code)),
        },
        Err(Errno::ENOENT) => kill_listed(directory),
        Err(errno) => Err(errno),
    }
}

/// Cgroups of version 1 have no cgroup.kill, and that of a threaded cgroup does nothing: the listed processes are killed until
/// none is listed. A cgroup comes before those below it: a process may move from it down, but a killed one moves no more.
fn kill_listed(directory: BorrowedFd) -> Result<(), Errno> {
    in_each(directory, &kill_each)
}

/// Acts on this cgroup, and then on those below it.
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
            // It has been removed meanwhile.
            Err(Errno::ENOENT) => below,
            Err(errno) => Err(errno),
        };
    }
    here.and(below)
}

/// Sends a signal to all processes in a cgroup and in those below it, once to each that is listed now.
pub fn signal_all(directory: BorrowedFd, signal: i32) -> Result<(), Errno> {
    in_each(directory, &|directory| signal_each(directory, signal))
}

fn signal_each(directory: BorrowedFd, signal: i32) -> Result<(), Errno> {
    let mut refused = Ok(());
    for_each_member(directory, |pid| {
        // 0 is a process that this pid namespace does not see. For kill(2), 0 is the caller's own process group.
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
            // 0 is a process that this pid namespace does not see. For kill(2), 0 is the caller's own process group.
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
