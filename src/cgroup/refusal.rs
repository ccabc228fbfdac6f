//! Why a call about a cgroup has failed: the file, the errno, and what to change.

use super::{Group, file};
use crate::errno;
use crate::plan::Bytes;
use crate::sentences::{self, Sentence};
use crate::shorten::{Shortened, length};
use crate::stage::{Row, Stage};
use core::ffi::CStr;
use core::fmt::{self, Display, Formatter};
use nix::errno::Errno;
use std::os::fd::AsFd;

pub struct Refusal<'a> {
    pub stage: Stage,
    pub code: i32,
    /// The name of the file or of the cgroup.
    about: &'a CStr,
    why: Sentence,
    /// The words that fill in the sentence.
    controller: &'a [u8],
}

impl<'a> Refusal<'a> {
    /// The handle is NULL, or this process may not use it.
    pub fn of_handle(errno: Errno, why: Sentence) -> Refusal<'a> {
        Refusal { stage: Stage::None, code: errno as i32, about: c"", why, controller: b"" }
    }

    pub fn of_argument(about: &'a CStr, why: Sentence) -> Refusal<'a> {
        Refusal { stage: Stage::Validate, code: libc::EINVAL, about, why, controller: b"" }
    }

    pub fn of_kernel(about: &'a CStr, errno: Errno, why: Sentence) -> Refusal<'a> {
        Refusal { stage: Stage::Cgroup, code: errno as i32, about, why, controller: b"" }
    }
}

/// The precision is the number of bytes that there is room for.
impl Display for Refusal<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let how = errno::Text(self.code);
        let controller = Bytes(self.controller);
        let parts: [&dyn Display; 1] = [&controller];
        let has_part = !self.controller.is_empty();
        let why = self.why.with(if has_part { &parts } else { &[] });
        let separator = if self.why.is_empty() { "" } else { ": " };
        if self.stage == Stage::None {
            return write!(f, "{how}{separator}{why}");
        }
        let step = Row::of(self.stage as u32).map_or("", Row::plain_name);
        let fixed = length(format_args!("{step} (): {how}{separator}{why}"));
        let about = Bytes(self.about.to_bytes());
        let room = f.precision().map_or(usize::MAX, |room| room.saturating_sub(fixed));
        write!(f, "{step} ({}): {how}{separator}{why}", Shortened { text: about, room })
    }
}

/// A failure before there is a cgroup.
pub fn of_making(errno: Errno) -> Sentence {
    match errno {
        Errno::EACCES | Errno::EPERM => sentences::CGROUP_NOT_DELEGATED,
        Errno::EROFS => sentences::CGROUPS_READONLY,
        Errno::ENOENT | Errno::ENODEV => sentences::CGROUP_ABOVE_GONE,
        Errno::EAGAIN => sentences::CGROUP_TOO_MANY,
        _ => sentences::NOTHING,
    }
}

pub fn of_removing(errno: Errno) -> Sentence {
    match errno {
        Errno::ETIMEDOUT => sentences::CGROUP_STILL_ALIVE,
        Errno::EACCES | Errno::EPERM => sentences::CGROUP_BELOW_OF_OTHERS,
        _ => sentences::NOTHING,
    }
}

impl Group {
    /// `call` is about this cgroup as a whole.
    pub fn failed(&self, errno: Errno) -> Refusal<'_> {
        match errno {
            Errno::ESRCH => Refusal::of_handle(errno, sentences::CGROUP_OF_OTHER_PROCESS),
            _ => Refusal::of_kernel(self.name.as_cstr(), errno, of_removing(errno)),
        }
    }
}

pub fn of_reading<'a>(group: &Group, name: &'a CStr, errno: Errno) -> Refusal<'a> {
    match errno {
        Errno::ENOENT | Errno::ENODEV => of_missing(group, name, errno),
        Errno::EACCES => Refusal::of_kernel(name, errno, sentences::CGROUP_FILE_DENIED),
        _ => Refusal::of_kernel(name, errno, sentences::NOTHING),
    }
}

/// `opening`: the file could not be opened.
pub fn of_writing<'a>(group: &Group, name: &'a CStr, errno: Errno, opening: bool) -> Refusal<'a> {
    let enables = name == c"cgroup.subtree_control";
    let why = match errno {
        Errno::ENOENT if enables && !opening && !group.is_gone() => sentences::CONTROLLER_ABOVE_FIRST,
        Errno::ENOENT | Errno::ENODEV => return of_missing(group, name, errno),
        Errno::EACCES | Errno::EPERM => sentences::CGROUP_FILE_DENIED,
        Errno::EBUSY if enables => sentences::CGROUP_HAS_PROCESSES,
        Errno::EOPNOTSUPP => sentences::CGROUP_THREADED,
        Errno::EINVAL | Errno::ERANGE => sentences::CGROUP_VALUE_REFUSED,
        _ => sentences::NOTHING,
    };
    Refusal::of_kernel(name, errno, why)
}

/// Why there is no such file: a controller's files exist only if the cgroup above enables the controller for those below it.
#[cold]
fn of_missing<'a>(group: &Group, name: &'a CStr, errno: Errno) -> Refusal<'a> {
    if group.is_gone() {
        return Refusal::of_kernel(name, errno, sentences::CGROUP_REMOVED);
    }
    let above = group.above.as_fd();
    let mut parts = name.to_bytes().splitn(2, |byte| *byte == b'.');
    let (controller, is_dotted) = (parts.next().unwrap_or_default(), parts.next().is_some());
    let why = if !is_dotted || controller == b"cgroup" || file::lists(above, c"cgroup.subtree_control", controller) {
        return Refusal::of_kernel(name, errno, sentences::CGROUP_NO_SUCH_FILE);
    } else if file::lists(above, c"cgroup.controllers", controller) {
        sentences::CONTROLLER_NOT_ENABLED
    } else {
        sentences::CONTROLLER_NOT_THERE
    };
    Refusal { controller, ..Refusal::of_kernel(name, errno, why) }
}
