//! Writes to files of /proc and of cgroups. The kernel reads each write as a whole text, so a text is never written in parts.

use crate::sys::abi::EIO;
use crate::sys::{self, Answer, Errno, again};

/// Writes a text by one write(2). EIO: the kernel took only a part of it.
pub fn write(file: i32, text: &[u8]) -> Answer {
    if again(|| sys::write(file, text))? == text.len() { Ok(()) } else { Err(Errno(EIO)) }
}

/// Writes a text, and closes the file.
pub fn write_and_close(file: i32, text: &[u8]) -> Answer {
    let written = write(file, text);
    sys::close(file)?;
    written
}
