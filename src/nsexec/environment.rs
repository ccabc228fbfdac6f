//! The environment: two descriptors and a log level. An empty variable counts as none. environ(7)

use super::log::{Log, Piece::*};
use crate::base::decimal;
use core::ffi::{CStr, c_char};

unsafe extern "C" {
    /// getenv(3)
    fn getenv(name: *const c_char) -> *const c_char;
}

/// The log's descriptor. Without one, only fatal errors are written, to stderr.
pub fn log(log: &mut Log) {
    if let Some(fd) = number(log, c"_LIBCONTAINER_LOGPIPE") {
        log.open(fd);
        if let Some(level) = number(log, c"_LIBCONTAINER_LOGLEVEL") {
            log.level = level;
        }
    }
}

pub fn init_socket(log: &Log) -> Option<i32> {
    number(log, c"_LIBCONTAINER_INITPIPE")
}

fn number(log: &Log, name: &CStr) -> Option<i32> {
    // SAFETY: getenv's contract: NULL or a string; nobody changes the environment meanwhile.
    let value = unsafe {
        let value = getenv(name.as_ptr());
        if value.is_null() {
            return None;
        }
        CStr::from_ptr(value).to_bytes()
    };
    if value.is_empty() {
        return None;
    }
    parse(value).or_else(|| {
        log.fatal(&[Text("not a number: "), Bytes(name.to_bytes()), Text("="), Bytes(value)], None);
    })
}

/// A decimal number that is not negative and takes the whole text, as of strtol(3). One that is too large becomes the
/// largest.
fn parse(value: &[u8]) -> Option<i32> {
    let digits = value.trim_ascii_start();
    let number = decimal::parse(digits.strip_prefix(b"+").unwrap_or(digits))?;
    Some(i32::try_from(number).unwrap_or(i32::MAX))
}
