//! A cgroup of version 2 that the caller makes for one run. Its files are written and read by name. When the handle is freed, all
//! processes in the cgroup are killed, and it is removed.
//!
//! A cgroup that the library makes gets a mark and a lock. The mark is an extended attribute: the library made it. The lock is
//! a flock(2) of cgroup.kill: the process that made it, or a fork of that, still lives. So a cgroup with the mark and without
//! the lock was left behind by a caller that was killed, and can be removed. Other cgroups are never removed.

mod file;
pub mod place;
mod refusal;
mod remove;

pub use refusal::Refusal;

use crate::fallible::Text;
use crate::parent::own_pid;
use crate::sentences::{self, Sentence};
use crate::shared::Shared;
use core::ffi::CStr;
use core::time::Duration;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::sys::statfs::fstatfs;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const V1: libc::c_long = 0x27_e0eb;
const V2: libc::c_long = 0x6367_7270;

/// The extended attribute of the cgroups that the library makes.
const MARK: &CStr = c"user.forkexec";

/// How long a call without a time-out of the caller's waits for the processes of a cgroup to die. After SIGKILL a process may
/// have much memory to free, and one that waits for a broken device does not die at all.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How long is waited, a hundred times, for a process that has made a cgroup to mark it. On a busy machine it may have lost
/// the processor in between.
const UNTIL_MARKED: Duration = Duration::from_millis(2);

/// How long is waited, ten times, for a lock to be let go.
const UNTIL_LET_GO: Duration = Duration::from_micros(500);

pub struct Group {
    /// The process that made it. A fork of it has the descriptors, but may not use the handle.
    maker_pid: i32,
    above: OwnedFd,
    name: Text,
    directory: Shared<OwnedFd>,
    /// cgroup.kill, and its lock; before Linux 5.14, where there is no such file, the directory has the lock.
    kill: Option<OwnedFd>,
}

impl Group {
    pub fn create(above: i32, name: &CStr) -> Result<Group, Refusal<'_>> {
        file::check_name(name)?;
        let refused = |errno: Errno, why: Sentence| Refusal::of_kernel(name, errno, why);
        let above = duplicate(above).map_err(|errno| refused(errno, sentences::NOTHING))?;
        match fstatfs(&above).map(|fs| fs.filesystem_type().0 as libc::c_long) {
            Ok(V2) => (),
            Ok(V1) => return Err(refused(Errno::EINVAL, sentences::CGROUP_OF_VERSION_1)),
            Ok(_) => return Err(refused(Errno::EINVAL, sentences::NO_CGROUP)),
            Err(errno) => return Err(refused(errno, sentences::NOTHING)),
        }
        let own_name = Text::new(name).map_err(|_| refused(Errno::ENOMEM, sentences::NO_MEMORY_FOR_GROUP))?;
        make(above.as_fd(), name)?;
        match Group::open(&above, name) {
            Ok((directory, kill)) => Ok(Group { maker_pid: own_pid(), above, name: own_name, directory, kill }),
            Err(refusal) => {
                let _ = unlinkat(&above, name, UnlinkatFlags::RemoveDir);
                Err(refusal)
            }
        }
    }

    /// The lock and the mark of a cgroup that was just made. The lock comes first: otherwise another caller could take it for one
    /// that was left behind.
    fn open<'a>(above: &OwnedFd, name: &'a CStr) -> Result<(Shared<OwnedFd>, Option<OwnedFd>), Refusal<'a>> {
        let failed = |errno| Refusal::of_kernel(name, errno, refusal::of_making(errno));
        let directory = open_directory(above.as_fd(), name).and_then(out_of_the_way).map_err(failed)?;
        let kill = open_kill(directory.as_fd()).map_err(failed)?;
        // Another process has locked it in this moment. It may not let go soon, so this does not wait for it.
        let locked = |_| Refusal::of_kernel(name, Errno::EBUSY, sentences::CGROUP_IN_USE);
        lock(kill.as_ref().unwrap_or(&directory)).map_err(locked)?;
        mark(&directory);
        let no_memory = |_| Refusal::of_kernel(name, Errno::ENOMEM, sentences::NO_MEMORY_FOR_GROUP);
        Ok((Shared::new(directory).map_err(no_memory)?, kill))
    }

    /// Only for the process that made it.
    pub fn ours(&self) -> Result<(), Errno> {
        if own_pid() == self.maker_pid { Ok(()) } else { Err(Errno::ESRCH) }
    }

    pub fn directory(&self) -> &Shared<OwnedFd> {
        &self.directory
    }

    pub fn fd(&self) -> i32 {
        self.directory.as_raw_fd()
    }
}

/// Makes the directory. If a cgroup of this name was left behind by a caller that was killed, it is removed first.
fn make<'a>(above: BorrowedFd, name: &'a CStr) -> Result<(), Refusal<'a>> {
    // More than once only if other processes make and remove it meanwhile, or if it has no mark.
    let mut was_marked = false;
    for _ in 0..100 {
        match mkdirat(above, name, Mode::from_bits_truncate(0o755)) {
            Ok(()) => return Ok(()),
            Err(Errno::EEXIST) => (),
            Err(errno) => return Err(Refusal::of_kernel(name, errno, refusal::of_making(errno))),
        }
        if remove_leftover(above, name)? {
            was_marked = true;
        } else {
            std::thread::sleep(UNTIL_MARKED);
        }
    }
    let (errno, why) = if was_marked {
        (Errno::EBUSY, sentences::CGROUP_IN_USE)
    } else {
        (Errno::EEXIST, sentences::CGROUP_IS_OTHERS)
    };
    Err(Refusal::of_kernel(name, errno, why))
}

/// False: it has no mark. Another process may have made it in this moment, and be about to mark it.
fn remove_leftover<'a>(above: BorrowedFd, name: &'a CStr) -> Result<bool, Refusal<'a>> {
    let refused = |errno, why| Err(Refusal::of_kernel(name, errno, why));
    let directory = match open_directory(above, name) {
        Ok(directory) => directory,
        Err(Errno::ENOENT) => return Ok(true),
        Err(Errno::ENOTDIR | Errno::ELOOP) => return refused(Errno::EEXIST, sentences::CGROUP_NAME_OF_FILE),
        Err(errno) => return refused(errno, refusal::of_making(errno)),
    };
    if !is_marked(&directory) {
        return Ok(false);
    }
    let kill = match open_kill(directory.as_fd()) {
        Ok(kill) => kill,
        Err(Errno::ENODEV) => return Ok(true),
        Err(errno) => return refused(errno, refusal::of_making(errno)),
    };
    if !is_let_go(kill.as_ref().unwrap_or(&directory)) {
        return refused(Errno::EBUSY, sentences::CGROUP_IN_USE);
    }
    let leftover = remove::Removal { above, name, directory: directory.as_fd(), kill: kill.as_ref().map(AsFd::as_fd) };
    leftover.remove(Some(PATIENCE), false).map(|()| true).or_else(|errno| refused(errno, refusal::of_removing(errno)))
}

fn open_directory(above: BorrowedFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(above, name, flags, Mode::empty())
}

/// None where the kernel has no such file.
fn open_kill(directory: BorrowedFd) -> Result<Option<OwnedFd>, Errno> {
    match openat(directory, c"cgroup.kill", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty()) {
        Ok(file) => out_of_the_way(file).map(Some),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// A number above 2. A caller that has closed 0, 1 or 2 would pass this file on to its programs.
fn out_of_the_way(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    duplicate(fd.as_raw_fd())
}

/// Not as one of the standard descriptors.
fn duplicate(fd: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: kernel contract, man 2 fcntl: it takes no pointer, and says so where there is no such descriptor.
    let duplicate = Errno::result(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) });
    // With a limit of three descriptors.
    let duplicate = duplicate.map_err(|errno| if errno == Errno::EINVAL { Errno::EMFILE } else { errno })?;
    // SAFETY: the kernel has just made it.
    Ok(unsafe { OwnedFd::from_raw_fd(duplicate) })
}

fn lock(file: &OwnedFd) -> Result<(), Errno> {
    // SAFETY: kernel contract, man 2 flock: it takes no pointer.
    Errno::result(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }).map(drop)
}

/// Locks it. A child of a caller that was killed has the lock for a moment, until its exec is over.
fn is_let_go(file: &OwnedFd) -> bool {
    for _ in 0..10 {
        if lock(file).is_ok() {
            return true;
        }
        std::thread::sleep(UNTIL_LET_GO);
    }
    false
}

/// Before Linux 5.7 a cgroup has no such attributes: then no cgroup counts as left behind.
fn mark(directory: &OwnedFd) {
    let value = b"1";
    // SAFETY: kernel contract, man 2 fsetxattr: a NUL-terminated name and a value of this length.
    unsafe { libc::fsetxattr(directory.as_raw_fd(), MARK.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
}

fn is_marked(directory: &OwnedFd) -> bool {
    // SAFETY: kernel contract, man 2 fgetxattr: without room for it only the length is told.
    unsafe { libc::fgetxattr(directory.as_raw_fd(), MARK.as_ptr(), core::ptr::null_mut(), 0) >= 0 }
}
