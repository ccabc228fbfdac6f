//! Why a setter refuses its arguments, and the checks that many setters have in common.

use crate::fallible::{NoMemory, Text};
use crate::sentences::{self, Sentence};
use core::ffi::CStr;

/// Why a setter has refused its arguments: a positive errno, and half a sentence that tells the user what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub code: i32,
    pub why: Sentence,
}

impl From<NoMemory> for Refused {
    fn from(_: NoMemory) -> Refused {
        Refused { code: libc::ENOMEM, why: sentences::OUT_OF_MEMORY }
    }
}

/// The result of a setter.
pub type Accepted = Result<(), Refused>;

/// Refuses an argument with EINVAL.
pub fn invalid(why: Sentence) -> Accepted {
    Err(Refused { code: libc::EINVAL, why })
}

/// Refuses a negative descriptor with EBADF.
pub fn check_fd(fd: i32) -> Accepted {
    if fd < 0 { Err(Refused { code: libc::EBADF, why: sentences::FD_NEGATIVE }) } else { Ok(()) }
}

/// The longest path that the kernel takes, without its NUL.
const LONGEST_PATH: usize = 4095;

/// Copies a path, unless it is empty or too long.
pub fn copy_path(path: &CStr) -> Result<Text, Refused> {
    if path.is_empty() {
        return Err(Refused { code: libc::EINVAL, why: sentences::PATH_EMPTY });
    }
    if path.to_bytes().len() > LONGEST_PATH {
        return Err(Refused { code: libc::ENAMETOOLONG, why: sentences::PATH_TOO_LONG });
    }
    Ok(Text::new(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    #[test]
    fn paths() {
        assert_eq!(copy_path(c"").map_err(|refused| refused.code), Err(libc::EINVAL));
        let longest = CString::new(alloc::vec![b'a'; LONGEST_PATH]).expect("no NUL");
        assert_eq!(copy_path(&longest).map(|text| text.as_cstr() == &*longest), Ok(true));
        let longer = CString::new(alloc::vec![b'a'; LONGEST_PATH + 1]).expect("no NUL");
        assert_eq!(copy_path(&longer).map_err(|refused| refused.code), Err(libc::ENAMETOOLONG));
    }
}
