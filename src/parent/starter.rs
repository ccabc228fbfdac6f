//! What a program's file says has to be there for it to run: the interpreter of a script, the loader of an ELF file. Read by
//! the caller after a failure, for its sentence only. execve(2), elf(5)

use super::procfs::File;
use crate::fallible;
use crate::sys;
use alloc::vec::Vec;
use core::ffi::CStr;
use std::os::fd::AsRawFd;

/// The bytes of a program.
pub enum Content<'a> {
    /// A regular file, open for reading.
    File(File),
    /// A descriptor of the caller's that can be read.
    Borrowed(i32),
    /// What the plan writes to a file.
    Planned(&'a [u8]),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Interpreter,
    Loader,
}

/// The file that another one takes to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Starter {
    pub kind: Kind,
    pub path: Vec<u8>,
}

/// The kernel looks no further for the end of a script's first line. BINPRM_BUF_SIZE
const HEAD: usize = 256;

/// The longest path, with its NUL.
const LONGEST: usize = 4096;

const PT_INTERP: u64 = 3;

/// The kernel follows no longer chain of interpreters.
pub const LONGEST_CHAIN: usize = 6;

/// What a file that was found takes; `None`: nothing, or it cannot be read.
pub fn starter(content: &Content) -> Option<Starter> {
    let mut head = [0u8; HEAD];
    let length = content.read(0, &mut head);
    let head = head.get(..length)?;
    match head.strip_prefix(b"#!") {
        Some(line) => Some(Starter { kind: Kind::Interpreter, path: fallible::copy_of(interpreter(line)?).ok()? }),
        None => Some(Starter { kind: Kind::Loader, path: loader(content, head)? }),
    }
}

/// The first word of a script's first line, between spaces and tabs.
fn interpreter(line: &[u8]) -> Option<&[u8]> {
    let line = line.split(|byte| [b'\n', 0].contains(byte)).next()?;
    line.split(|byte| [b' ', b'\t'].contains(byte)).find(|word| !word.is_empty())
}

/// Where ELF files of 32 and of 64 bits have what, by this machine's order of bytes.
struct Layout {
    word: usize,
    headers: u64,
    header_size: u64,
    header_count: u64,
    /// In a program header.
    offset: u64,
    size: u64,
}

const ELF32: Layout = Layout { word: 4, headers: 28, header_size: 42, header_count: 44, offset: 4, size: 16 };
const ELF64: Layout = Layout { word: 8, headers: 32, header_size: 54, header_count: 56, offset: 8, size: 32 };

/// What the program header PT_INTERP names.
fn loader(content: &Content, head: &[u8]) -> Option<Vec<u8>> {
    let layout = match head.strip_prefix(b"\x7fELF")?.first()? {
        1 => ELF32,
        2 => ELF64,
        _ => return None,
    };
    let headers = content.number(layout.headers, layout.word)?;
    let size = content.number(layout.header_size, 2)?;
    let count = content.number(layout.header_count, 2)?;
    // The kernel takes no more.
    if size * count > 65536 {
        return None;
    }
    for index in 0..count {
        let header = headers.checked_add(index * size)?;
        if content.number(header, 4)? != PT_INTERP {
            continue;
        }
        let place = content.number(header.checked_add(layout.offset)?, layout.word)?;
        let length = content.number(header.checked_add(layout.size)?, layout.word)?.min(LONGEST as u64) as usize;
        let mut path = [0u8; LONGEST];
        let room = path.get_mut(..length)?;
        let read = content.read(place, room);
        let path = CStr::from_bytes_until_nul(path.get(..read)?).ok()?.to_bytes();
        return if path.is_empty() { None } else { fallible::copy_of(path).ok() };
    }
    None
}

impl Content<'_> {
    /// How many bytes there were to be read.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let fd = match self {
            Content::File(file) => file.as_raw_fd(),
            Content::Borrowed(fd) => *fd,
            Content::Planned(bytes) => {
                let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
                return buffer.iter_mut().zip(rest).map(|(to, from)| *to = *from).count();
            }
        };
        sys::pread(fd, buffer, offset).unwrap_or(0)
    }

    fn number(&self, offset: u64, bytes: usize) -> Option<u64> {
        let mut word = [0u8; 8];
        let start = if cfg!(target_endian = "big") { word.len() - bytes } else { 0 };
        let room = word.get_mut(start..start + bytes)?;
        if self.read(offset, room) < bytes { None } else { Some(u64::from_ne_bytes(word)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Option<(Kind, Vec<u8>)> {
        starter(&Content::Planned(bytes)).map(|found| (found.kind, found.path))
    }

    #[test]
    fn scripts() {
        let named = |path: &[u8]| Some((Kind::Interpreter, path.to_vec()));
        assert_eq!(of(b"#!/bin/sh\n"), named(b"/bin/sh"));
        assert_eq!(of(b"#! \t/bin/sh -e\nx"), named(b"/bin/sh"));
        assert_eq!(of(b"#!/bin/sh\r\n"), named(b"/bin/sh\r"));
        assert_eq!(of(b"#!sh"), named(b"sh"));
        for none in [b"".as_slice(), b"#", b"#!", b"#! \n/bin/sh", b"\n#!/bin/sh", b"echo"] {
            assert_eq!(of(none), None, "{none:?}");
        }
    }

    #[test]
    fn elf_files() {
        let mut file = [0u8; 200];
        file[..5].copy_from_slice(b"\x7fELF\x02");
        file[32..40].copy_from_slice(&64u64.to_ne_bytes());
        file[54..56].copy_from_slice(&56u16.to_ne_bytes());
        file[56..58].copy_from_slice(&2u16.to_ne_bytes());
        file[64..68].copy_from_slice(&1u32.to_ne_bytes());
        file[120..124].copy_from_slice(&3u32.to_ne_bytes());
        file[128..136].copy_from_slice(&180u64.to_ne_bytes());
        file[152..160].copy_from_slice(&8u64.to_ne_bytes());
        file[180..188].copy_from_slice(b"/lib/ld\0");
        assert_eq!(of(&file), Some((Kind::Loader, b"/lib/ld".to_vec())));
        for cut in [4, 5, 58, 130, 181, 187] {
            assert_eq!(of(&file[..cut]), None, "{cut}");
        }
        // A static program, and offsets that lead nowhere.
        file[120] = 1;
        assert_eq!(of(&file), None);
        file[32..40].copy_from_slice(&u64::MAX.to_ne_bytes());
        assert_eq!(of(&file), None);
    }
}
