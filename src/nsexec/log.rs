//! The log for runc, a line of JSON for each message, and the way in which a process that fails ends.

use crate::base::bounded_text::BoundedText;
use crate::base::decimal;
use crate::sys::abi::SIGKILL;
use crate::sys::{self, Answer, Errno};
use core::ffi::{CStr, c_char};

unsafe extern "C" {
    /// strerror(3)
    fn strerror(errno: i32) -> *const c_char;
}

const FATAL: i32 = 1;
const WARNING: i32 = 3;
const DEBUG: i32 = 5;

/// Three processes write to one pipe. Lines up to PIPE_BUF bytes do not mix, pipe(7).
const LINE: usize = 4096;

/// A part of a message.
pub enum Piece<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Number(i64),
    Hex(u64),
}

#[derive(Clone)]
pub struct Log {
    fd: i32,
    pub level: i32,
    stage: &'static str,
    /// The processes that are killed when this one fails.
    pub siblings: [i32; 2],
}

impl Log {
    pub fn silent() -> Log {
        Log { fd: -1, level: DEBUG, stage: "nsexec", siblings: [0; 2] }
    }

    pub fn open(&mut self, fd: i32) {
        self.fd = fd;
    }

    /// Notes which of the three processes this one is.
    pub fn enter(&mut self, stage: &'static str) {
        self.stage = stage;
        self.siblings = [0; 2];
    }

    pub fn is_debugging(&self) -> bool {
        self.fd >= 0 && self.level >= DEBUG
    }

    pub fn debug(&self, text: &[Piece]) {
        self.write(DEBUG, "debug", text, None);
    }

    pub fn warn(&self, text: &[Piece], errno: Errno) {
        self.write(WARNING, "warning", text, Some(errno));
    }

    pub fn check<T>(&self, answer: Answer<T>, text: &[Piece]) -> T {
        match answer {
            Ok(value) => value,
            Err(errno) => self.fatal(text, Some(errno)),
        }
    }

    pub fn fatal(&self, text: &[Piece], errno: Option<Errno>) -> ! {
        for pid in self.siblings {
            // kill(2) of 0 or a negative number would reach a process group or all processes.
            if pid > 0 {
                let _ = sys::kill(pid, SIGKILL);
            }
        }
        if self.fd < 0 {
            to_stderr(text, errno)
        } else {
            self.write(FATAL, "fatal", text, errno)
        }
        sys::exit(1)
    }

    fn write(&self, level: i32, name: &str, text: &[Piece], errno: Option<Errno>) {
        if self.fd < 0 || level > self.level {
            return;
        }
        let mut line = Line::new();
        line.add(b"{\"level\":\"");
        line.add(name.as_bytes());
        line.add(b"\", \"msg\": \"");
        line.add(self.stage.as_bytes());
        line.add(b"[");
        line.number(i64::from(sys::getpid()));
        line.add(b"]: ");
        let end = b"\"}\n";
        say(&mut line, end.len(), text, errno, escape);
        line.reserve(0);
        line.add(end);
        // It is no error that nobody reads the log.
        let _ = sys::write(self.fd, line.bytes());
    }
}

type Line = BoundedText<LINE>;

fn to_stderr(text: &[Piece], errno: Option<Errno>) {
    let mut line = Line::new();
    line.add(b"FATAL: ");
    say(&mut line, 1, text, errno, |line, byte| line.add(&[byte]));
    line.reserve(0);
    line.add(b"\n");
    let _ = sys::write(2, line.bytes());
}

/// Writes the message as far as it fits, and the reason, for which space is kept.
fn say(line: &mut Line, end: usize, text: &[Piece], errno: Option<Errno>, put: fn(&mut Line, u8) -> bool) {
    let reason = match errno {
        // SAFETY: strerror's contract: a string that is good until the next call.
        Some(Errno(errno)) => unsafe { CStr::from_ptr(strerror(errno)) }.to_bytes(),
        None => &[],
    };
    let colon: &[u8] = if errno.is_some() { b": " } else { b"" };
    line.reserve(end.saturating_add(colon.len()).saturating_add(reason.len()));
    for piece in text {
        let mut number = BoundedText::<24>::new();
        let bytes = match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Bytes(bytes) => bytes,
            Piece::Number(value) => {
                number.number(*value);
                number.bytes()
            }
            Piece::Hex(value) => {
                number.hex(*value);
                number.bytes()
            }
        };
        let _ = bytes.iter().all(|byte| put(line, *byte));
    }
    line.reserve(end);
    let _ = colon.iter().chain(reason).all(|byte| put(line, *byte));
}

/// Writes a byte of a JSON string.
fn escape(line: &mut Line, byte: u8) -> bool {
    match byte {
        b'"' | b'\\' => line.add(&[b'\\', byte]),
        0x08 => line.add(b"\\b"),
        b'\t' => line.add(b"\\t"),
        b'\n' => line.add(b"\\n"),
        0x0c => line.add(b"\\f"),
        b'\r' => line.add(b"\\r"),
        0..0x20 | 0x7f => {
            line.add(&[b'\\', b'u', b'0', b'0', decimal::digit(byte.wrapping_shr(4)), decimal::digit(byte & 15)])
        }
        _ => line.add(&[byte]),
    }
}
