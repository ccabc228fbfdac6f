//! What lies at a path of the program's root. The child is gone when the caller asks, and its mounts with it; but the plan
//! says what of the caller's was put where, and what was made. For the sentence of a failure only: the caller sees with its
//! own rights, and a moment later.

use super::procfs::{self, File};
use super::starter::Content;
use crate::base::bounded_text::BoundedText;
use crate::fallible::{self, NoMemory, push};
use crate::sealed::{Mount, Plan, action, mount};
use crate::sys::abi::{ENOENT, ENOTDIR, O_NOFOLLOW, O_PATH, O_RDONLY, S_IFDIR, S_IFLNK, S_IFREG};
use crate::sys::{self, Errno};
use alloc::vec::Vec;
use core::ffi::CStr;
use libc::O_NONBLOCK;
use std::os::fd::AsRawFd;

/// What was seen at a path.
pub enum Seen<'a> {
    Program(Content<'a>),
    /// Something that is there, and is no file or may not be read.
    Something,
    Missing,
    /// The plan does not tell.
    Unknown,
}

/// The most links on one way. path_resolution(7)
const LINKS: u32 = 40;

/// The propagation that mount(2) changes, of a mount that stays.
const CHANGES: u64 = libc::MS_REMOUNT | libc::MS_SHARED | libc::MS_PRIVATE | libc::MS_SLAVE | libc::MS_UNBINDABLE;

/// What the plan has at a path without links.
enum Place<'a> {
    /// A path of the caller's. Of a link at its end, what it leads to.
    Callers {
        path: Vec<u8>,
        follows: bool,
    },
    Directory,
    Link(&'a [u8]),
    File(&'a [u8]),
    Missing,
    Unknown,
}

/// What lies at a path, which begins where the program does if it has no slash at its beginning.
pub fn look<'a>(plan: &'a Plan, path: &[u8]) -> Seen<'a> {
    match absolute(plan, path) {
        Ok(Some(path)) if is_callers(plan) => at_callers(&path, true).unwrap_or(Seen::Unknown),
        Ok(Some(path)) => walk(plan, path).unwrap_or(Seen::Unknown),
        Ok(None) | Err(NoMemory) => Seen::Unknown,
    }
}

/// The root is the caller's, with nothing in it that the caller does not see.
pub fn is_callers(plan: &Plan) -> bool {
    plan.new_root == 0 && plan.text(plan.chroot).is_none() && plan.mounts.is_empty() && !joins_mounts(plan)
}

/// The child's mounts, and so the sources of its binds, are not the caller's.
pub fn joins_mounts(plan: &Plan) -> bool {
    plan.list(plan.joins).iter().any(|join| join.types & libc::CLONE_NEWNS as u64 != 0)
}

/// A path from the root on; `None`: it is not known where it begins.
fn absolute(plan: &Plan, path: &[u8]) -> Result<Option<Vec<u8>>, NoMemory> {
    let begins = |path: &[u8]| path.first() == Some(&b'/');
    if begins(path) {
        return fallible::copy_of(path).map(Some);
    }
    let cwd = plan.bytes(plan.cwd);
    let moves = |kind| [action::ENTER, action::ENTER_FD].contains(&kind);
    if path.is_empty() || plan.cwd_fd >= 0 || plan.list(plan.actions).iter().any(|action| moves(action.kind)) {
        return Ok(None);
    }
    let mut start = [0u8; 4096];
    let start = if begins(cwd) || plan.other_root != 0 {
        b"".as_slice()
    } else {
        let length = sys::getcwd(&mut start).unwrap_or(0);
        start.get(..length.saturating_sub(1)).unwrap_or_default()
    };
    if start.first().is_some_and(|first| *first != b'/') {
        return Ok(None);
    }
    let mut whole = Vec::new();
    for part in [start, b"/", cwd, b"/", path] {
        part.iter().try_for_each(|byte| push(&mut whole, *byte))?;
    }
    Ok(Some(whole))
}

/// Process by name, since every link begins anew in the root. `None`: there is no memory.
fn walk(plan: &Plan, path: Vec<u8>) -> Option<Seen<'_>> {
    let (mut rest, mut done) = (path, Vec::new());
    let mut links = 0;
    loop {
        let start = rest.iter().position(|byte| *byte != b'/').unwrap_or(rest.len());
        let name = rest.get(start..)?.split(|byte| *byte == b'/').next()?;
        let behind = fallible::copy_of(rest.get(start + name.len()..)?).ok()?;
        match name {
            b"" => return Some(Seen::Something),
            b"." => (),
            b".." => done.truncate(done.iter().rposition(|byte| *byte == b'/').unwrap_or(0)),
            name => {
                let parent = done.len();
                push(&mut done, b'/').ok()?;
                name.iter().try_for_each(|byte| push(&mut done, *byte)).ok()?;
                match seen_at(place(plan, &done).ok()?)? {
                    At::Link(text) if links < LINKS => {
                        links += 1;
                        done.truncate(if text.first() == Some(&b'/') { 0 } else { parent });
                        rest = text;
                        push(&mut rest, b'/').ok()?;
                        behind.iter().try_for_each(|byte| push(&mut rest, *byte)).ok()?;
                        continue;
                    }
                    At::Link(_) => return Some(Seen::Unknown),
                    At::Directory => (),
                    At::Found(seen) if is_end(&behind) => return Some(seen),
                    At::Found(Seen::Unknown) => return Some(Seen::Unknown),
                    At::Found(_) => return Some(Seen::Missing),
                }
            }
        }
        rest = behind;
    }
}

fn is_end(path: &[u8]) -> bool {
    path.iter().all(|byte| *byte == b'/')
}

/// What one step of the walk comes to.
enum At<'a> {
    Directory,
    Link(Vec<u8>),
    Found(Seen<'a>),
}

fn seen_at(place: Place) -> Option<At> {
    Some(match place {
        Place::Directory => At::Directory,
        Place::Link(text) => At::Link(fallible::copy_of(text).ok()?),
        Place::File(bytes) => At::Found(Seen::Program(Content::Planned(bytes))),
        Place::Missing => At::Found(Seen::Missing),
        Place::Unknown => At::Found(Seen::Unknown),
        Place::Callers { path, follows } => return step_of_callers(&path, follows),
    })
}

fn at_callers(path: &[u8], follows: bool) -> Option<Seen<'static>> {
    match step_of_callers(path, follows)? {
        At::Found(seen) => Some(seen),
        _ => Some(Seen::Something),
    }
}

fn step_of_callers(path: &[u8], follows: bool) -> Option<At<'static>> {
    let mut whole = fallible::copy_of(path).ok()?;
    push(&mut whole, 0).ok()?;
    let path = CStr::from_bytes_with_nul(&whole).ok()?;
    let found = match procfs::open_at(libc::AT_FDCWD, path, O_PATH | if follows { 0 } else { O_NOFOLLOW }) {
        Ok(found) => found,
        Err(Errno(ENOENT | ENOTDIR)) => return Some(At::Found(Seen::Missing)),
        Err(_) => return Some(At::Found(Seen::Unknown)),
    };
    Some(match sys::kind(found.as_raw_fd()).ok()?.format {
        S_IFDIR => At::Directory,
        S_IFLNK => At::Link(link_of(&found)?),
        S_IFREG => {
            At::Found(readable(found.as_raw_fd()).map_or(Seen::Something, |file| Seen::Program(Content::File(file))))
        }
        _ => At::Found(Seen::Something),
    })
}

fn link_of(link: &File) -> Option<Vec<u8>> {
    let mut text = [0u8; 4096];
    // SAFETY: the path is a NUL-terminated literal.
    let length = unsafe { sys::readlinkat(link.as_raw_fd(), c"".as_ptr().cast(), &mut text) }.ok()?;
    fallible::copy_of(text.get(..length)?).ok()
}

/// The regular file that a descriptor refers to, once more and to be read: never by its name, under which something else
/// may lie by now that does not bear to be opened.
pub fn readable(fd: i32) -> Option<File> {
    let path = BoundedText::<32>::numbered(b"/proc/self/fd/", fd);
    let file = procfs::open_at(libc::AT_FDCWD, path.c_str()?, O_RDONLY | O_NONBLOCK).ok()?;
    let same = sys::identity(file.as_raw_fd()).ok()? == sys::identity(fd).ok()?;
    same.then_some(file)
}

/// What the plan has at a path without links, from the root on.
fn place<'a>(plan: &'a Plan, path: &[u8]) -> Result<Place<'a>, NoMemory> {
    let steps = plan.list(plan.mounts);
    // A mount that moved, and a target behind links, are where the plan does not tell.
    let moves = |step: &Mount| step.kind == mount::PLAIN && step.flags & libc::MS_MOVE != 0;
    if joins_mounts(plan) || steps.iter().any(|step| moves(step) || step.follow != 0) {
        return Ok(Place::Unknown);
    }
    let mut place = match plan.text(plan.chroot) {
        Some(_) if !steps.is_empty() => Place::Unknown,
        Some(_) => callers(plan.bytes(plan.chroot), path, false)?,
        None if plan.root_tree >= 0 => Place::Unknown,
        None if plan.new_root == 0 => callers(b"", path, false)?,
        None if plan.text(plan.root).is_some() => callers(plan.bytes(plan.root), path, false)?,
        None => Place::Missing,
    };
    for step in steps {
        place = after(plan, step, path, place)?;
    }
    Ok(place)
}

fn callers(above: &[u8], path: &[u8], follows: bool) -> Result<Place<'static>, NoMemory> {
    let mut whole = fallible::copy_of(above)?;
    path.iter().try_for_each(|byte| push(&mut whole, *byte))?;
    Ok(Place::Callers { path: whole, follows })
}

/// What a step of the list makes of a place.
fn after<'a>(plan: &'a Plan, step: &Mount, path: &[u8], before: Place<'a>) -> Result<Place<'a>, NoMemory> {
    let mut rest = path;
    for name in plan.list(step.names) {
        let name = plan.bytes(*name);
        match rest.strip_prefix(b"/").and_then(|rest| rest.strip_prefix(name)) {
            Some(behind) if behind.is_empty() || behind.first() == Some(&b'/') => rest = behind,
            // The target lies below the path, or elsewhere.
            _ if rest.is_empty() && leads(plan, step) => return Ok(if_missing(before, Place::Directory)),
            _ => return Ok(before),
        }
    }
    let is_target = rest.is_empty();
    Ok(match step.kind {
        // What was mounted before may cover the source.
        mount::BIND if plan.new_root == 0 && step.index > 0 => Place::Unknown,
        mount::BIND if step.source.is_empty() => Place::Unknown,
        mount::BIND if step.optional != 0 && is_missing(plan, step) => before,
        mount::BIND if is_target || step.flags & libc::MS_REC != 0 => {
            callers(plan.bytes(step.source), rest, is_target)?
        }
        mount::BIND => Place::Unknown,
        mount::PLAIN if step.flags & CHANGES != 0 => before,
        mount::PLAIN if plan.bytes(step.file_system) != b"tmpfs" => Place::Unknown,
        mount::PLAIN if is_target => Place::Directory,
        mount::PLAIN => Place::Missing,
        mount::MASK if matches!(before, Place::Missing) => before,
        mount::MASK | mount::DEVICE | mount::OVERLAY_IN_MEMORY | mount::FILE_IN_MEMORY => Place::Unknown,
        mount::DIRECTORY if is_target => if_missing(before, Place::Directory),
        mount::SYMLINK if is_target => if_missing(before, Place::Link(plan.bytes(step.data))),
        mount::FILE if is_target && step.source_fd >= 0 => Place::Unknown,
        mount::FILE if is_target => Place::File(plan.bytes(step.data)),
        _ => before,
    })
}

/// Whether the source of a step does not exist, as the caller sees it.
fn is_missing(plan: &Plan, step: &Mount) -> bool {
    let Some(path) = plan.text(step.source) else { return false };
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    match unsafe { sys::openat(libc::AT_FDCWD, path, O_PATH | libc::O_CLOEXEC, 0) } {
        Ok(fd) => sys::close(fd).is_err(),
        Err(errno) => errno == Errno(ENOENT),
    }
}

/// Whether a step makes the directories above its target.
fn leads(plan: &Plan, step: &Mount) -> bool {
    let makes = [mount::DIRECTORY, mount::SYMLINK, mount::FILE, mount::DEVICE].contains(&step.kind);
    makes || step.create != 0 && !(step.optional != 0 && is_missing(plan, step))
}

fn if_missing<'a>(place: Place<'a>, made: Place<'a>) -> Place<'a> {
    if matches!(place, Place::Missing) { made } else { place }
}
