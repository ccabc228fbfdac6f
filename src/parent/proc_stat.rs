//! What /proc tells of a process.

use super::name::Name;
use crate::sys;
use crate::sys::abi::{AT_FDCWD, O_CLOEXEC, O_RDONLY};
use core::fmt::Write;

/// The name of a zombie, which nobody has reaped: of a process that is ours.
pub fn name_of_zombie(name: &Name) -> Option<[u8; 16]> {
    let mut comm = [0; 16];
    read(name.pid, "comm", &mut comm)?;
    Some(comm)
}

/// Whether it is a zombie. proc_pid_stat(5)
pub fn is_zombie(pid: i32) -> bool {
    let mut stat = [0; 512];
    let Some(length) = read(pid, "stat", &mut stat) else { return false };
    let stat = stat.get(..length).unwrap_or_default();
    // The name before the state may have any bytes.
    let end = stat.iter().rposition(|byte| *byte == b')');
    end.and_then(|end| stat.get(end.saturating_add(2))) == Some(&b'Z')
}

fn read(pid: i32, file: &str, text: &mut [u8]) -> Option<usize> {
    let mut path = Path { bytes: [0; 48], length: 0 };
    write!(path, "/proc/{pid}/{file}").ok()?;
    // SAFETY: the last byte is never written, so that it stays NUL.
    let fd = unsafe { sys::openat(AT_FDCWD, path.bytes.as_ptr(), O_RDONLY | O_CLOEXEC, 0) }.ok()?;
    let got = sys::read(fd, text);
    let _ = sys::close(fd);
    got.ok().filter(|got| *got > 0)
}

struct Path {
    bytes: [u8; 48],
    length: usize,
}

impl Write for Path {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        self.bytes
            .get_mut(self.length..end)
            .filter(|_| end < 48)
            .ok_or(core::fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
