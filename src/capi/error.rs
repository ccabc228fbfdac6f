//! What a failed spawn says, the names of its steps, and the version that says it.

use crate::capi::entry::Entered;
use crate::stage::{Row, Stage};
use core::ffi::c_char;
use core::fmt::{self, Write};
use static_assertions::{const_assert, const_assert_eq};

/// Why a call failed.
///
/// It is filled on failure and cleared on success. Every function that takes a pointer to one also takes NULL. It
/// has 256 bytes for ever, without padding.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy)]
pub struct forkexec_error {
    /// The step that failed, an enum forkexec_stage. 0: none.
    pub stage: u32,
    /// The errno, positive. 0: none.
    pub code: i32,
    /// Which item of the list that the stage is about, counted from 0. -1: none.
    pub index: i32,
    /// The child that failed, if there was one, else 0. It is reaped already, by the library or by a wait of the
    /// caller's own.
    pub pid: i32,
    /// The signal that killed the child before it was the program, with ECANCELED in code; else 0.
    pub signal: i32,
    /// Zero.
    pub reserved: [u32; 3],
    /// The whole sentence, which ends with a NUL: "fd action 3 (/dev/tty): No such device or address".
    pub message: [c_char; 224],
}

const_assert_eq!(size_of::<forkexec_error>(), 256);
const_assert_eq!(align_of::<forkexec_error>(), 4);
const_assert_eq!(core::mem::offset_of!(forkexec_error, stage), 0);
const_assert_eq!(core::mem::offset_of!(forkexec_error, code), 4);
const_assert_eq!(core::mem::offset_of!(forkexec_error, index), 8);
const_assert_eq!(core::mem::offset_of!(forkexec_error, pid), 12);
const_assert_eq!(core::mem::offset_of!(forkexec_error, signal), 16);
const_assert_eq!(core::mem::offset_of!(forkexec_error, reserved), 20);
const_assert_eq!(core::mem::offset_of!(forkexec_error, message), 32);

impl forkexec_error {
    /// No failure.
    pub const fn none() -> forkexec_error {
        forkexec_error {
            stage: Stage::None as u32,
            code: 0,
            index: -1,
            pid: 0,
            signal: 0,
            reserved: [0; 3],
            message: [0; 224],
        }
    }

    /// The sentence; what does not fit is cut off.
    pub fn say(&mut self, sentence: fmt::Arguments<'_>) {
        self.message = [0; 224];
        // The last byte is never handed out: it stays the NUL. A writer that is full is no failure.
        let room = self.message.split_last_mut().map_or(Default::default(), |(_, room)| room);
        let _ = Sentence { room: room.iter_mut() }.write_fmt(sentence);
    }
}

/// Writes whole characters, as long as there is room.
struct Sentence<'a> {
    room: core::slice::IterMut<'a, c_char>,
}

impl Write for Sentence<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            if letter.len_utf8() > self.room.len() {
                return Err(fmt::Error);
            }
            let mut bytes = [0; 4];
            for (byte, place) in letter.encode_utf8(&mut bytes).bytes().zip(self.room.by_ref()) {
                *place = c_char::from_ne_bytes([byte]);
            }
        }
        Ok(())
    }
}

/// Gives the short name of a stage, for example "fd map".
///
/// The name of stage 0 is "none"; that of a number which is no stage of this version is "unknown".
///
/// Returns a static string, which is never NULL and not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn forkexec_stage_name(stage: u32) -> *const c_char {
    let _entered = Entered::now();
    Row::of(stage).map_or(c"unknown".as_ptr(), |row| row.name.as_ptr().cast())
}

/// The major version of this header; it changes only with the soname.
pub const FORKEXEC_VERSION_MAJOR: u32 = 1;
/// The minor version: it grows when functions or stages are added.
pub const FORKEXEC_VERSION_MINOR: u32 = 0;
/// The patch version.
pub const FORKEXEC_VERSION_PATCH: u32 = 0;
/// The version of this header as one number that grows: major * 65536 + minor * 256 + patch.
pub const FORKEXEC_VERSION_NUMBER: u32 = 0x010000;

const_assert!(FORKEXEC_VERSION_MAJOR == number(env!("CARGO_PKG_VERSION_MAJOR")));
const_assert!(FORKEXEC_VERSION_MINOR == number(env!("CARGO_PKG_VERSION_MINOR")));
const_assert!(FORKEXEC_VERSION_PATCH == number(env!("CARGO_PKG_VERSION_PATCH")));
const_assert!(
    FORKEXEC_VERSION_NUMBER == FORKEXEC_VERSION_MAJOR << 16 | FORKEXEC_VERSION_MINOR << 8 | FORKEXEC_VERSION_PATCH
);

/// A decimal number, when the library is compiled; `u32::MAX` is never a version.
const fn number(digits: &str) -> u32 {
    match u32::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => u32::MAX,
    }
}

/// Gives the version of the loaded library, for example "1.0.0".
///
/// Returns a static string, which is not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn forkexec_version() -> *const c_char {
    let _entered = Entered::now();
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Gives the version of the loaded library as a number.
///
/// Returns a number like FORKEXEC_VERSION_NUMBER, which is that of the header.
#[unsafe(no_mangle)]
pub extern "C" fn forkexec_version_number() -> u32 {
    let _entered = Entered::now();
    FORKEXEC_VERSION_NUMBER
}

#[cfg(test)]
#[allow(clippy::multiple_unsafe_ops_per_block)]
mod tests {
    use super::*;
    use core::ffi::CStr;

    /// The sentence of an error.
    fn message(error: &forkexec_error) -> &CStr {
        // SAFETY: the last byte is a NUL.
        unsafe { CStr::from_ptr(error.message.as_ptr()) }
    }

    #[test]
    fn a_sentence_is_cut_between_characters() {
        let mut error = forkexec_error::none();
        error.say(format_args!("{} {}", "mount", 3));
        assert_eq!(message(&error), c"mount 3");
        error.say(format_args!("{}é", "a".repeat(222)));
        assert_eq!(message(&error).to_bytes(), "a".repeat(222).as_bytes());
        error.say(format_args!("{}é", "a".repeat(221)));
        assert_eq!(message(&error).to_bytes().len(), 223);
        error.say(format_args!(""));
        assert_eq!(message(&error), c"");
    }

    #[test]
    fn names() {
        // SAFETY: static strings.
        unsafe {
            assert_eq!(CStr::from_ptr(forkexec_stage_name(0)), c"none");
            assert_eq!(CStr::from_ptr(forkexec_stage_name(Stage::IdMap as u32)), c"id map");
            assert_eq!(CStr::from_ptr(forkexec_stage_name(1)), c"unknown");
            assert_eq!(CStr::from_ptr(forkexec_version()).to_str(), Ok(env!("CARGO_PKG_VERSION")));
        }
    }
}
