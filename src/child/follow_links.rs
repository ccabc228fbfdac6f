//! Targets that lead through symbolic links, where the kernel does not resolve them: it has no openat2(2), or a name of the
//! path is missing and is to be made. The text of a link is taken for a path in the root, and ".." goes back to where
//! the way came from, by name and from the root on. A name is only ever looked up in a directory that was reached without a
//! link, so a link never leads out of the root, whoever changes it meanwhile.

use super::created;
use super::resolve::{self, Found};
use super::state::At;
use crate::sealed::Mount;
use crate::sys::abi::{EEXIST, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, O_CLOEXEC, O_NOFOLLOW, O_PATH, S_IFDIR, S_IFLNK};
use crate::sys::{self, Answer, Errno};

/// The most links on one way, as for the kernel. path_resolution(7)
const LINKS: u32 = 40;

/// The kernel takes no longer path: PATH_MAX.
const LONGEST: usize = 4096;

/// What is made where the last name of a path is missing; what is missing before it is made as a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Make {
    Nothing,
    Directory,
    File,
}

/// Where the way is.
struct Way {
    /// The names from the root to where the way is, each with a NUL behind it. None of them is a link.
    done: [u8; LONGEST],
    done_length: usize,
    /// The path that is still to go, from `next` to the end. It ends with a NUL.
    rest: [u8; LONGEST],
    next: usize,
}

/// What an item that follows links is about.
pub fn target(at: &At, item: &Mount, make: Make) -> Answer<Found> {
    let mut way = Way { done: [0; LONGEST], done_length: 0, rest: [0; LONGEST], next: LONGEST - 1 };
    way.begin(at.plan.bytes(item.target))?;
    let mut links = 0u32;
    let mut here = resolve::lead(at, way.done())?;
    while let Some(name) = way.name() {
        if way.is_up(name) {
            way.go_back();
            here = instead(here, resolve::lead(at, way.done())?)?;
            continue;
        }
        let is_last = way.is_at_end();
        let fd = find_or_make(
            here,
            way.pointer(name),
            if is_last || make == Make::Nothing { make } else { Make::Directory },
        )?;
        match sys::kind(fd)?.format {
            S_IFLNK => {
                links = links.saturating_add(1);
                if links > LINKS {
                    return Err(Errno(ELOOP));
                }
                way.read_link(fd)?;
                sys::close(fd)?;
                if way.is_absolute() {
                    way.done_length = 0;
                    here = instead(here, resolve::lead(at, way.done())?)?;
                }
            }
            format if is_last => {
                sys::close(here)?;
                return Ok(Found { fd, is_directory: format == S_IFDIR });
            }
            S_IFDIR => {
                way.add(name)?;
                here = instead(here, fd)?;
            }
            _ => return Err(Errno(ENOTDIR)),
        }
    }
    Ok(Found { fd: here, is_directory: true })
}

/// What is under a name, made where it is missing and may be. Somebody else may put a link there before this makes anything.
fn find_or_make(directory: i32, name: *const u8, make: Make) -> Answer<i32> {
    match (find(directory, name), make) {
        (Err(Errno(ENOENT)), Make::Directory) => {
            created::make_covered_directory(directory, name)?;
            find(directory, name)
        }
        (Err(Errno(ENOENT)), Make::File) => match created::make_file(directory, name, created::COVERED) {
            Err(Errno(EEXIST)) => find(directory, name),
            made => made,
        },
        (found, _) => found,
    }
}

/// What is under a name; of a link, the link.
fn find(directory: i32, name: *const u8) -> Answer<i32> {
    // SAFETY: the name is NUL-terminated: Way::name.
    unsafe { sys::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0) }
}

fn instead(left: i32, entered: i32) -> Answer<i32> {
    sys::close(left).map(|()| entered)
}

impl Way {
    fn begin(&mut self, path: &[u8]) -> Answer {
        let start = self.next.checked_sub(path.len()).ok_or(Errno(ENAMETOOLONG))?;
        let room = self.rest.get_mut(start..self.next).ok_or(Errno(ENAMETOOLONG))?;
        room.iter_mut().zip(path).for_each(|(to, from)| *to = *from);
        self.next = start;
        Ok(())
    }

    fn byte(&self, place: usize) -> u8 {
        self.rest.get(place).copied().unwrap_or(0)
    }

    /// The place after slashes and names that mean the directory itself.
    fn skipped(&self) -> usize {
        let mut place = self.next;
        loop {
            let after = self.byte(place.saturating_add(1));
            match self.byte(place) {
                b'/' => (),
                b'.' if after == b'/' || after == 0 => (),
                _ => return place,
            }
            place = place.saturating_add(1);
        }
    }

    fn is_at_end(&self) -> bool {
        self.byte(self.skipped()) == 0
    }

    fn is_absolute(&self) -> bool {
        self.byte(self.next) == b'/'
    }

    /// Takes the next name: the place where it begins. It has a NUL behind it until a link is read.
    fn name(&mut self) -> Option<usize> {
        let start = self.skipped();
        if self.byte(start) == 0 {
            return None;
        }
        let mut end = start;
        while ![0, b'/'].contains(&self.byte(end)) {
            end = end.saturating_add(1);
        }
        self.next = end;
        if self.byte(end) == b'/' {
            *self.rest.get_mut(end)? = 0;
            self.next = end.saturating_add(1);
        }
        Some(start)
    }

    fn pointer(&self, name: usize) -> *const u8 {
        self.rest.get(name..).map_or(c"".as_ptr().cast(), <[u8]>::as_ptr)
    }

    /// ".."
    fn is_up(&self, name: usize) -> bool {
        self.rest.get(name..).is_some_and(|rest| rest.starts_with(b"..\0"))
    }

    /// Puts the text of a link before what is still to go. The room before that is free.
    fn read_link(&mut self, link: i32) -> Answer {
        let end = self.next.saturating_sub(1);
        let room = self.rest.get_mut(..end).unwrap_or_default();
        // SAFETY: the path is a NUL-terminated literal; the descriptor is that of a link.
        let length = unsafe { sys::readlinkat(link, c"".as_ptr().cast(), room)? };
        // It may have been cut.
        if length >= room.len() {
            return Err(Errno(ENAMETOOLONG));
        }
        let start = end.saturating_sub(length);
        for place in (0..length).rev() {
            let byte = self.byte(place);
            if let Some(to) = self.rest.get_mut(start.saturating_add(place)) {
                *to = byte;
            }
        }
        if let Some(separator) = self.rest.get_mut(end) {
            *separator = b'/';
        }
        self.next = start;
        Ok(())
    }

    fn done(&self) -> impl Iterator<Item = *const u8> {
        let names = self.done.get(..self.done_length).unwrap_or_default();
        names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::as_ptr)
    }

    /// The name at this place has become a part of the way.
    fn add(&mut self, name: usize) -> Answer {
        let mut place = name;
        loop {
            let byte = self.byte(place);
            *self.done.get_mut(self.done_length).ok_or(Errno(ENAMETOOLONG))? = byte;
            self.done_length = self.done_length.saturating_add(1);
            if byte == 0 {
                return Ok(());
            }
            place = place.saturating_add(1);
        }
    }

    /// One directory up; the root is above itself.
    fn go_back(&mut self) {
        let names = self.done.get(..self.done_length.saturating_sub(1)).unwrap_or_default();
        self.done_length = names.iter().rposition(|byte| *byte == 0).map_or(0, |end| end.saturating_add(1));
    }
}
