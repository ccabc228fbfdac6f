//! What a mistake of our own does: it says where it is, and aborts. The standard library would look for a backtrace, in
//! 240 KiB of code that reads debugging information; tools/cargo-build puts these functions in the places of its own.

use core::fmt::{Display, Write};
use core::panic::PanicInfo;

/// In place of `rust_begin_unwind`, which core calls when something panics.
#[unsafe(no_mangle)]
fn libforkexec_panicked(info: &PanicInfo<'_>) -> ! {
    abort(info)
}

/// In place of `__rust_alloc_error_handler`: the caller of an infallible allocation. Ours are fallible.
#[unsafe(no_mangle)]
fn libforkexec_out_of_memory(_size: usize, _align: usize) -> ! {
    abort("out of memory")
}

fn abort(what: impl Display) -> ! {
    say(libc::STDERR_FILENO, what);
    // SAFETY: man 3 abort.
    unsafe { libc::abort() }
}

fn say(fd: i32, what: impl Display) {
    // It aborts anyway.
    let _ = writeln!(Unbuffered(fd), "libforkexec: {what}");
}

/// Without memory or a lock, which may be what is wrong.
struct Unbuffered(i32);

impl Write for Unbuffered {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        // SAFETY: kernel contract, man 2 write: the bytes are there.
        unsafe { libc::write(self.0, text.as_ptr().cast(), text.len()) };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_mistake_is_said() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        say(writer.as_raw_fd(), format_args!("panicked at {}:\n{}", "src/here.rs", 7));
        drop(writer);
        let mut said = std::string::String::new();
        reader.read_to_string(&mut said).unwrap();
        assert_eq!(said, "libforkexec: panicked at src/here.rs:\n7\n");
    }
}
