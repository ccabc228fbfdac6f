//! A file with the plan and the program's strings, for an image that cannot have them among its own strings. The kernel limits the
//! strings of an exec: the program's may fit alone, but not together with the plan.

use super::{file_size, memfd};
use crate::fallible::empty_list;
use crate::plan::{Sealed, Strings};
use crate::sealed::Wiring;
use crate::sys::abi::{F_ADD_SEALS, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE};
use crate::sys::{self, Errno};
use core::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};

/// The file, and the offsets in it. It is sealed, and closed in the caller when the child has been made.
pub struct StringsFile {
    file: OwnedFd,
    identity: [u64; 2],
    plan: u32,
    argv: u32,
    envp: u32,
    length: u64,
}

const WORD: usize = size_of::<u64>();

impl StringsFile {
    /// All signals are blocked, and `mask` was the mask before.
    pub fn make(plan: &Sealed, argv: Strings, envp: Strings, mask: u64) -> Result<StringsFile, Errno> {
        let vectors = [argv, envp].map(|strings| strings.iter().count() + 1);
        let bytes =
            [argv, envp].map(|strings| strings.iter().map(|text| text.to_bytes_with_nul().len()).sum::<usize>());
        let plan = plan.as_bytes();
        let begin = plan.len().next_multiple_of(WORD);
        let text = begin + vectors.iter().sum::<usize>() * WORD;
        let length = text + bytes.iter().sum::<usize>();
        let mut content = empty_list(length).map_err(|_| Errno(libc::ENOMEM))?;
        content.extend_from_slice(plan);
        content.resize(begin, 0);
        let mut next = text;
        for strings in [argv, envp] {
            let place = |text: &CStr| {
                let place = next as u64;
                next += text.to_bytes_with_nul().len();
                place
            };
            strings.iter().map(place).chain([0]).for_each(|place| content.extend_from_slice(&place.to_ne_bytes()));
        }
        argv.iter().chain(envp.iter()).for_each(|text| content.extend_from_slice(text.to_bytes_with_nul()));
        let too_big = |_| Errno(libc::E2BIG);
        let place = |offset: usize| u32::try_from(offset).map_err(too_big);
        let envp = place(begin + vectors.first().map_or(0, |words| words * WORD))?;
        let (plan, argv) = (place(plan.len())?, place(begin)?);
        let file = sealed(&content, mask)?;
        let identity = sys::identity(file.as_raw_fd())?;
        Ok(StringsFile { file, identity, plan, argv, envp, length: length as u64 })
    }

    pub fn number(&self) -> i32 {
        self.file.as_raw_fd()
    }

    /// Fills in the wiring of the child, and that of the image.
    pub fn wire(&self, wiring: &mut Wiring) {
        (wiring.strings_fd, wiring.strings_identity) = (self.number(), self.identity);
        (wiring.strings_plan, wiring.strings_length) = (self.plan, self.length);
        (wiring.strings_argv, wiring.strings_envp) = (self.argv, self.envp);
    }
}

fn sealed(content: &[u8], mask: u64) -> Result<OwnedFd, Errno> {
    let (file, _) = memfd::create(0)?;
    file_size::fill(file.as_raw_fd(), content, mask)?;
    let seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    sys::fcntl(file.as_raw_fd(), F_ADD_SEALS, seals)?;
    Ok(file)
}
