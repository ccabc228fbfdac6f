//! Writing a file of /proc or of a cgroup: the kernel takes the whole text in one write, or it is another text.

use crate::sys::abi::EIO;
use crate::sys::{self, Answer, Errno, again};

/// Writes to a file that was opened, and closes it.
pub fn write_and_close(file: i32, text: &[u8]) -> Answer {
    let written = again(|| sys::write(file, text));
    sys::close(file)?;
    if written? == text.len() { Ok(()) } else { Err(Errno(EIO)) }
}
