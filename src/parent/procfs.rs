//! A child's directory in /proc, with proof that it is the child's. The mounted /proc may show another pid namespace, in which
//! the child has another pid, and its pid may be another process's.

use super::process::Process;
use super::this_process;
use crate::base::bounded_text::BoundedText;
use crate::base::{decimal, kernel_file};
use crate::sentences::{self, Sentence};
use crate::sys::abi::{AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY, O_WRONLY, PROC_SUPER_MAGIC};
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;
use nix::errno::Errno as Number;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Why there is no directory with such a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unproven {
    pub code: i32,
    pub why: Sentence,
}

/// What is wrong with /proc, if the caller does not find itself there; otherwise the empty sentence.
#[cold]
pub fn trouble() -> Sentence {
    match proc() {
        Err(Unproven { why, .. }) => why,
        Ok(proc) => match open(&proc, c"self/ns", O_PATH | O_DIRECTORY) {
            Err(Errno(libc::ENOENT)) => sentences::BLIND_PROC,
            _ => sentences::NOTHING,
        },
    }
}

/// Whether children of this thread are born into a pid namespace that is not its own. pid_namespaces(7)
#[cold]
pub fn children_go_elsewhere() -> bool {
    let (mut own, mut for_children) = ([0; 64], [0; 64]);
    let own = read_link(c"/proc/thread-self/ns/pid", &mut own);
    // The link cannot be read before the new namespace has its first process.
    own.is_some() && own != read_link(c"/proc/thread-self/ns/pid_for_children", &mut for_children)
}

fn read_link<'a>(path: &CStr, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    // SAFETY: the path is NUL-terminated.
    let filled = unsafe { sys::readlinkat(AT_FDCWD, path.as_ptr().cast(), buffer) }.ok()?;
    buffer.get(..filled)
}

fn foreign() -> Unproven {
    Unproven { code: libc::EOPNOTSUPP, why: sentences::FOREIGN_PROC }
}

fn failed(Errno(code): Errno) -> Unproven {
    Unproven { code, why: sentences::NOTHING }
}

/// The directory of a child.
pub struct Directory {
    directory: File,
    number: i32,
}

impl Directory {
    /// The descriptor stays that of the child's directory, also when another process gets the pid.
    pub fn of(process: &Process) -> Result<Directory, Unproven> {
        if let Some(directory) = in_own_proc(process) {
            return Ok(directory);
        }
        let proc = proc()?;
        let by_pidfd = process.pidfd.as_ref().map(|pidfd| by_pidfd(&proc, pidfd.as_raw_fd()));
        match by_pidfd {
            // Before Linux 5.14 a process that is not dumpable may not read its own fdinfo.
            None | Some(Err(Unproven { code: libc::EACCES | libc::EPERM, .. })) => by_pid(&proc, process),
            Some(found) => found,
        }
    }

    /// The child's pid in this /proc.
    pub fn number(&self) -> i32 {
        self.number
    }

    pub fn open(&self, name: &CStr, flags: i32) -> Answer<File> {
        open(&self.directory, name, flags)
    }

    /// Writes a file, which the kernel takes in one write or not at all.
    pub fn write(&self, name: &CStr, bytes: &[u8]) -> Answer {
        kernel_file::write_and_close(self.open(name, O_WRONLY)?.into_raw(), bytes)
    }

    /// The beginning of a file, as much as the buffer holds.
    pub fn read<'a>(&self, name: &CStr, buffer: &'a mut [u8]) -> Answer<&'a [u8]> {
        let filled = sys::read(self.open(name, O_RDONLY)?.0, buffer)?;
        Ok(buffer.get(..filled).unwrap_or_default())
    }
}

/// A new descriptor of one of the child's namespaces.
pub fn namespace(process: &Process, kind: &CStr) -> Result<OwnedFd, Number> {
    let directory = Directory::of(process).map_err(|Unproven { code, .. }| Number::from_raw(code))?;
    let namespaces = directory.open(c"ns", O_PATH | O_DIRECTORY).map_err(|Errno(code)| Number::from_raw(code))?;
    let file = open(&namespaces, kind, O_RDONLY).map_err(|Errno(code)| Number::from_raw(code))?;
    // SAFETY: a new descriptor of our own.
    Ok(unsafe { OwnedFd::from_raw_fd(file.into_raw()) })
}

/// The directory of the program of an init, for pidfd_send_signal(2): of the init's children, the one whose pid in there is 2.
pub fn program_of(init: &Process) -> Option<File> {
    let of_init = Directory::of(init).ok()?;
    let mut path = numbered(b"task/", of_init.number());
    path.add(b"/children");
    let mut children = [0u8; 4096];
    let filled = sys::read(of_init.open(path.c_str()?, O_RDONLY).ok()?.0, &mut children).ok()?;
    let proc = proc().ok()?;
    children.get(..filled)?.split(|byte| *byte == b' ').filter_map(number).find_map(|pid| {
        // pidfd_send_signal(2) does not take a descriptor with O_PATH.
        let program = open(&proc, numbered(b"", pid).c_str()?, O_RDONLY | O_DIRECTORY).ok()?;
        let mut status = [0u8; 4096];
        let filled = sys::read(open(&program, c"status", O_RDONLY).ok()?.0, &mut status).ok()?;
        let status = status.get(..filled)?;
        let is_of_init = value(status, b"PPid:").and_then(number) == Some(of_init.number());
        let inside = value(status, b"NSpid:")?.split(|byte| *byte == b'\t').next_back().and_then(number);
        (is_of_init && inside == Some(2)).then_some(program)
    })
}

/// The name of a child that is not reaped, with a newline behind it. proc_pid_comm(5)
pub fn comm(process: &Process) -> Option<[u8; 24]> {
    let mut comm = [0; 24];
    Directory::of(process).ok()?.read(c"comm", &mut comm).ok()?;
    Some(comm)
}

/// Whether a process of this pid namespace is a zombie. proc_pid_stat(5)
pub fn is_zombie(pid: i32) -> bool {
    let state = || {
        let proc = proc().ok()?;
        is_of_this_namespace(&proc).ok()?;
        let stat = open(&directory_of(&proc, pid).ok()?, c"stat", O_RDONLY).ok()?;
        let mut buffer = [0; 512];
        let filled = sys::read(stat.0, &mut buffer).ok()?;
        let text = buffer.get(..filled)?;
        // The name before the state may have any bytes, also parentheses.
        text.get(text.iter().rposition(|byte| *byte == b')')?.saturating_add(2)).copied()
    };
    state() == Some(b'Z')
}

const PF_EXITING: u32 = 4;
const PF_FORKNOEXEC: u32 = 0x40;

/// Whether the kernel is about to end a child, because a signal has killed it.
pub fn is_exiting(process: &Process) -> bool {
    flags(process).is_some_and(|flags| flags & PF_EXITING != 0)
}

/// Whether a fork has exec'd something before it became a zombie. A kernel without these flags shows none.
pub fn has_execed(process: &Process) -> Option<bool> {
    flags(process).filter(|flags| flags & PF_EXITING != 0).map(|flags| flags & PF_FORKNOEXEC == 0)
}

/// The kernel's flags of a child. proc_pid_stat(5): the seventh from the state on.
fn flags(process: &Process) -> Option<u32> {
    let mut buffer = [0; 512];
    let directory = Directory::of(process).ok()?;
    let text = directory.read(c"stat", &mut buffer).ok()?;
    let state = text.get(text.iter().rposition(|byte| *byte == b')')?.saturating_add(2)..)?;
    let flags = state.split(|byte| *byte == b' ').nth(6)?;
    decimal::parse(flags)?.try_into().ok()
}

/// A descriptor that is closed by the system call alone, without libc.
pub struct File(i32);

impl AsRawFd for File {
    fn as_raw_fd(&self) -> i32 {
        self.0
    }
}

impl File {
    pub fn into_raw(self) -> i32 {
        let fd = self.0;
        core::mem::forget(self);
        fd
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // A failed close loses nothing: these files keep nothing that was written.
        let _ = sys::close(self.0);
    }
}

fn open(directory: &File, path: &CStr, flags: i32) -> Answer<File> {
    open_at(directory.0, path, flags)
}

pub fn open_at(directory: i32, path: &CStr, flags: i32) -> Answer<File> {
    // SAFETY: the path is NUL-terminated.
    unsafe { sys::openat(directory, path.as_ptr().cast(), flags | O_CLOEXEC, 0) }.map(File)
}

/// The quick way, if /proc shows the caller's pid namespace, as almost everywhere. The directory is opened by the child's pid.
/// If the child's pidfd then still tells the same pid in the same procfs, no other process had that pid meanwhile.
fn in_own_proc(process: &Process) -> Option<Directory> {
    let pidfd = process.pidfd.as_ref()?.as_raw_fd();
    let info = numbered(b"../thread-self/fdinfo/", pidfd);
    let directory = open_at(AT_FDCWD, numbered(b"/proc/", process.pid).c_str()?, O_PATH | O_DIRECTORY).ok()?;
    // No other mount ever gets this id, and a mounted procfs always shows the same pid namespace.
    let mount = sys::mount_id(directory.0).unwrap_or(0);
    if mount != 0 && mount == this_process::mount_of_proc() {
        // Fails if the child is reaped.
        sys::pidfd_send_signal(pidfd, 0, 0).ok()?;
    } else if pid_in(&open(&directory, info.c_str()?, O_RDONLY).ok()?) == Ok(process.pid) {
        this_process::set_mount_of_proc(mount);
    } else {
        return None;
    }
    Some(Directory { directory, number: process.pid })
}

fn proc() -> Result<File, Unproven> {
    let none = |Errno(code)| Unproven {
        code,
        why: if code == libc::ENOENT { sentences::NO_PROC } else { sentences::NOTHING },
    };
    let proc = open_at(AT_FDCWD, c"/proc", O_PATH | O_DIRECTORY).map_err(none)?;
    // SAFETY: the path is NUL-terminated.
    let magic = unsafe { sys::statfs(c"/proc".as_ptr().cast()) }.map_err(failed)?.magic;
    if magic == PROC_SUPER_MAGIC {
        Ok(proc)
    } else {
        Err(Unproven { code: libc::EOPNOTSUPP, why: sentences::FALSE_PROC })
    }
}

/// The fdinfo of a pidfd has the pid of its process in the pid namespace of that procfs: 0 if the process is not visible there,
/// -1 if it is reaped. It is read before and after the directory is opened: the same pid proves that no other process got it in
/// between.
fn by_pidfd(proc: &File, pidfd: i32) -> Result<Directory, Unproven> {
    let path = numbered(b"thread-self/fdinfo/", pidfd);
    let about = open(proc, path.c_str().unwrap_or_default(), O_RDONLY).map_err(not_visible)?;
    let number = pid_in(&about)?;
    let directory = directory_of(proc, number)?;
    if pid_in(&about)? == number { Ok(Directory { directory, number }) } else { Err(failed(Errno(libc::ESRCH))) }
}

/// In a procfs of another pid namespace the caller may not find itself.
fn not_visible(Errno(code): Errno) -> Unproven {
    if code == libc::ENOENT { foreign() } else { failed(Errno(code)) }
}

fn directory_of(proc: &File, number: i32) -> Result<File, Unproven> {
    let path = numbered(b"", number);
    open(proc, path.c_str().unwrap_or_default(), O_PATH | O_DIRECTORY).map_err(|Errno(code)| match code {
        libc::ENOENT => Unproven { code: libc::ESRCH, why: sentences::NOTHING },
        code => failed(Errno(code)),
    })
}

fn pid_in(about: &File) -> Result<i32, Unproven> {
    let mut buffer = [0u8; 512];
    let filled = sys::pread(about.0, &mut buffer, 0).map_err(failed)?;
    let text = buffer.get(..filled).unwrap_or_default();
    match value(text, b"Pid:").and_then(number) {
        Some(pid @ 1..) => Ok(pid),
        Some(-1) => Err(failed(Errno(libc::ESRCH))),
        _ => Err(foreign()),
    }
}

/// Without a pidfd there is only the pid, in this process's pid namespace. It is the child's number in a procfs of the same
/// namespace, and stays the child's until the child is reaped.
fn by_pid(proc: &File, process: &Process) -> Result<Directory, Unproven> {
    is_of_this_namespace(proc)?;
    let directory = directory_of(proc, process.pid)?;
    process.is_not_reaped().map_err(|Errno(code)| match code {
        libc::ECHILD => failed(Errno(libc::ESRCH)),
        code => failed(Errno(code)),
    })?;
    Ok(Directory { directory, number: process.pid })
}

fn is_of_this_namespace(proc: &File) -> Result<(), Unproven> {
    let mut buffer = [0u8; 4096];
    let status = open(proc, c"self/status", O_RDONLY).map_err(not_visible)?;
    let filled = sys::read(status.0, &mut buffer).map_err(failed)?;
    let text = buffer.get(..filled).unwrap_or_default();
    if value(text, b"NSpid:").and_then(number) == Some(this_process::pid()) { Ok(()) } else { Err(foreign()) }
}

/// The text behind a key at the beginning of a line.
fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(key)).map(<[u8]>::trim_ascii)
}

/// One number and nothing else.
fn number(digits: &[u8]) -> Option<i32> {
    decimal::parse_signed(digits)?.try_into().ok()
}

/// A path with a number at its end. Every path here fits.
fn numbered(text: &[u8], number: i32) -> BoundedText<40> {
    BoundedText::numbered(text, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_of_a_pidfd() {
        let text = b"pos:\t0\nflags:\t02000002\nPid:\t-1\nNSpid:\t-1\n";
        assert_eq!(value(text, b"Pid:").and_then(number), Some(-1));
        assert_eq!(value(b"NSpid:\t77\n", b"Pid:"), None);
        assert_eq!(value(b"NSpid:\t77\t5\n", b"NSpid:").and_then(number), None);
        assert_eq!(value(b"NSpid:\t77\n", b"NSpid:").and_then(number), Some(77));
    }

    #[test]
    fn the_longest_path_fits() {
        let longest = numbered(b"../thread-self/fdinfo/", i32::MAX);
        assert_eq!(longest.c_str(), Some(c"../thread-self/fdinfo/2147483647"));
    }
}
