//! The files of a cgroup, by name: each is set by one write.

use super::Group;
use super::refusal::{Refusal, of_reading, of_writing};
use crate::base::kernel_file;
use crate::sentences;
use crate::sys;
use core::ffi::CStr;
use core::mem::MaybeUninit;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};

/// One component of a path, which stays in its directory. A newline in a name would make /proc/PID/cgroup ambiguous.
pub fn check_name(name: &CStr) -> Result<(), Refusal<'_>> {
    let bytes = name.to_bytes();
    let stays = !bytes.is_empty() && bytes.len() <= 255 && !matches!(bytes, b"." | b"..");
    if stays && !bytes.iter().any(|byte| matches!(byte, b'/' | b'\n')) {
        return Ok(());
    }
    Err(Refusal::of_argument(name, sentences::CGROUP_NAME))
}

impl Group {
    pub fn set<'a>(&self, name: &'a CStr, value: &CStr) -> Result<(), Refusal<'a>> {
        check_name(name)?;
        if value.is_empty() {
            return Err(Refusal::of_argument(name, sentences::CGROUP_VALUE_EMPTY));
        }
        let file = self.open_file(name, OFlag::O_WRONLY).map_err(|errno| of_writing(self, name, errno, true))?;
        let written = kernel_file::write_and_close(file.into_raw_fd(), value.to_bytes());
        written.map_err(|sys::Errno(code)| of_writing(self, name, Errno::from_raw(code), false))
    }

    /// Writes as much of a file's text as there is room for, with a NUL behind it. Returns the length of the whole text.
    pub fn read<'a>(&self, name: &'a CStr, room: &mut [MaybeUninit<u8>]) -> Result<usize, Refusal<'a>> {
        check_name(name)?;
        let failed = |errno| of_reading(self, name, errno);
        let file = self.open_file(name, OFlag::O_RDONLY).map_err(failed)?;
        let mut piece = [0; 1024];
        let mut length = 0;
        loop {
            let filled = without_signals(|| nix::unistd::read(&file, &mut piece)).map_err(failed)?;
            if filled == 0 {
                break;
            }
            let places = room.get_mut(length..).unwrap_or_default();
            places.iter_mut().zip(piece.iter().take(filled)).for_each(|(place, byte)| *place = MaybeUninit::new(*byte));
            length += filled;
        }
        let end = length.min(room.len().saturating_sub(1));
        room.get_mut(end).into_iter().for_each(|place| *place = MaybeUninit::new(0));
        Ok(length)
    }

    fn open_file(&self, name: &CStr, flags: OFlag) -> Result<OwnedFd, Errno> {
        openat(self.directory.as_fd(), name, flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW, Mode::empty())
    }
}

/// Repeats the call as long as a signal handler of the caller interrupts it.
fn without_signals<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => (),
            answer => return answer,
        }
    }
}

/// The beginning of a file of a cgroup, with zeros behind it.
pub fn beginning(directory: BorrowedFd, name: &CStr) -> Option<[u8; 256]> {
    let file = openat(directory, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 256];
    nix::unistd::read(&file, &mut text).ok()?;
    Some(text)
}

/// Whether a file that lists controllers has this one.
pub fn lists(directory: BorrowedFd, name: &CStr, controller: &[u8]) -> bool {
    let text = beginning(directory, name);
    text.is_some_and(|text| text.split(|byte| matches!(byte, b' ' | b'\n' | 0)).any(|word| word == controller))
}
