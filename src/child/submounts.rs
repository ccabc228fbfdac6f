//! The mounts below a mount, for kernels that cannot change a whole tree at once. /proc/self/mountinfo lists them, each with
//! its own number and that of its parent, and each is looked up name by name.

use super::proc_files;
use super::resolve::{self, among_descriptors};
use super::state::At;
use crate::base::decimal;
use crate::sys::abi::{AT_FDCWD, EOPNOTSUPP, EOVERFLOW, O_CLOEXEC, O_RDONLY};
use crate::sys::{self, Answer, Errno};

/// Numbers of mounts; the kernel gives the lowest that is free.
struct Numbers([u64; 1024]);

impl Numbers {
    fn has(&self, number: u64) -> bool {
        self.0.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    fn add(&mut self, number: u64) -> Answer {
        let word = self.0.get_mut((number / 64) as usize).ok_or(Errno(EOVERFLOW))?;
        *word |= 1 << (number % 64);
        Ok(())
    }
}

/// A line of mountinfo as far as it was read. proc_pid_mountinfo(5)
struct Line {
    field: u32,
    number: u64,
    parent: u64,
    /// The names of the mount point, each with a NUL behind it.
    point: [u8; 4096],
    length: usize,
    /// The octal digits of an unusual byte, and what they come to.
    digits: u32,
    unusual: u8,
}

impl Line {
    /// The next line.
    fn begin(&mut self) {
        (self.field, self.number, self.parent, self.length) = (0, 0, 0, 0);
    }

    fn take(&mut self, byte: u8) -> Answer {
        match (byte, self.field) {
            (b' ', _) => self.field = self.field.saturating_add(1),
            (_, 0) => self.number = decimal::append(self.number, byte).ok_or(Errno(EOVERFLOW))?,
            (_, 1) => self.parent = decimal::append(self.parent, byte).ok_or(Errno(EOVERFLOW))?,
            (_, 4) => self.take_of_point(byte)?,
            _ => (),
        }
        Ok(())
    }

    fn take_of_point(&mut self, byte: u8) -> Answer {
        if byte == b'\\' {
            (self.digits, self.unusual) = (3, 0);
            return Ok(());
        }
        if self.digits == 0 {
            return self.add(if byte == b'/' { 0 } else { byte });
        }
        self.digits = self.digits.saturating_sub(1);
        self.unusual = self.unusual << 3 | (byte & 7);
        if self.digits == 0 { self.add(self.unusual) } else { Ok(()) }
    }

    fn add(&mut self, byte: u8) -> Answer {
        *self.point.get_mut(self.length).ok_or(Errno(EOVERFLOW))? = byte;
        self.length = self.length.saturating_add(1);
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = *const u8> {
        let point = self.point.get(..self.length).unwrap_or_default();
        point.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::as_ptr)
    }
}

/// Does something to the root of every mount below the one that `top` is the root of.
pub fn each(at: &At, top: i32, act: impl Fn(i32) -> Answer) -> Answer {
    let mut tree = Numbers([0; 1024]);
    tree.add(number_of(top)?)?;
    let path = c"/proc/self/mountinfo".as_ptr().cast();
    // SAFETY: the path is a NUL-terminated literal.
    let list = unsafe { sys::openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) }.map_err(|_| Errno(EOPNOTSUPP))?;
    proc_files::is_of_proc(list)?;
    let mut line = Line { field: 0, number: 0, parent: 0, point: [0; 4096], length: 0, digits: 0, unusual: 0 };
    bytes_of(list, |byte| {
        if byte != b'\n' {
            return line.take(byte);
        }
        // A mount is listed after the one that it is on.
        if tree.has(line.parent) {
            tree.add(line.number)?;
            line.add(0)?;
            let root = resolve::lead(at, line.names())?;
            act(root)?;
            sys::close(root)?;
        }
        line.begin();
        Ok(())
    })?;
    sys::close(list)
}

fn bytes_of(file: i32, mut take: impl FnMut(u8) -> Answer) -> Answer {
    let mut buffer = [0u8; 1024];
    loop {
        let filled = sys::read(file, &mut buffer)?;
        if filled == 0 {
            return Ok(());
        }
        buffer.iter().take(filled).try_for_each(|byte| take(*byte))?;
    }
}

/// The number of the mount that a descriptor is in: the line "mnt_id:" of its fdinfo.
fn number_of(fd: i32) -> Answer<u64> {
    let place = among_descriptors(c"/proc/self/fdinfo", fd)?;
    // SAFETY: the place is NUL-terminated.
    let about = unsafe { sys::openat(AT_FDCWD, place.as_ptr(), O_RDONLY | O_CLOEXEC, 0)? };
    let mut buffer = [0u8; 256];
    let filled = sys::read(about, &mut buffer)?;
    sys::close(about)?;
    let text = buffer.get(..filled).unwrap_or_default();
    let line = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"mnt_id:\t"));
    line.and_then(decimal::parse).ok_or(Errno(EOPNOTSUPP))
}
