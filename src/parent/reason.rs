//! Why a step failed, where the errno alone does not tell and the caller can find out: every sentence that is made of a
//! look-up. What is returned is decided before. A sentence says what is known, or what was seen.

use super::new_root::{self, Seen};
use super::starter::{Content, Kind, LONGEST_CHAIN, Starter, starter};
use crate::base::decimal;
use crate::page::side;
use crate::plan::{Bytes, is_dumpable};
use crate::sealed::{List, Mount, Plan, Text, action, mode, mount};
use crate::sentences::{self, Sentence};
use crate::stage::Stage;
use crate::sys;
use crate::sys::abi::{O_CREAT, S_IFREG};
use alloc::vec::Vec;
use core::fmt::{self, Display, Formatter};

pub enum Reason<'a> {
    Said(Sentence),
    /// Of the child's ids these are not in the map.
    Unmapped {
        uid: Option<Unmapped>,
        gid: Option<Unmapped>,
    },
    MaybeUnmapped {
        uid: u32,
        gid: u32,
    },
    /// The directories of a search, in none of which there is such a file.
    NotFound(Directories<'a>),
    NothingToRun(Directories<'a>),
    StarterMissing {
        starter: Starter,
        of: Option<Vec<u8>>,
    },
    StarterUnknown {
        starter: Starter,
        of: Option<Vec<u8>>,
    },
}

/// The precision is the number of bytes that there is room for.
impl Display for Reason<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Reason::Said(sentence) => sentence.fmt(f),
            Reason::Unmapped { uid, gid } => unmapped(f, uid.as_ref(), gid.as_ref()),
            Reason::MaybeUnmapped { uid, gid } => sentences::MAYBE_UNMAPPED.with(&[uid, gid]).fmt(f),
            Reason::NotFound(directories) => sentences::NOT_FOUND.with(&[directories]).fmt(f),
            Reason::NothingToRun(directories) => sentences::NOTHING_TO_RUN.with(&[directories]).fmt(f),
            Reason::StarterMissing { starter, of: None } => {
                sentences::STARTER_MISSING.with(&[&starter.kind, &path(starter)]).fmt(f)
            }
            Reason::StarterMissing { starter, of: Some(of) } => {
                sentences::STARTER_OF_MISSING.with(&[&starter.kind, &path(starter), &Bytes(of)]).fmt(f)
            }
            Reason::StarterUnknown { starter, of: None } => {
                sentences::STARTER_UNKNOWN.with(&[&starter.kind, &path(starter)]).fmt(f)
            }
            Reason::StarterUnknown { starter, of: Some(of) } => {
                sentences::STARTER_OF_UNKNOWN.with(&[&starter.kind, &path(starter), &Bytes(of)]).fmt(f)
            }
        }
    }
}

fn path(starter: &Starter) -> Bytes<'_> {
    Bytes(&starter.path)
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(match self {
            Kind::Interpreter => "interpreter",
            Kind::Loader => "loader",
        })
    }
}

/// An id that is not in its map.
pub struct Unmapped {
    kind: &'static str,
    id: u32,
    map_is_empty: bool,
}

impl Display for Unmapped {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// What is to be added.
struct Remedy<'a>(&'a Unmapped);

impl Display for Remedy<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let Unmapped { kind, id, map_is_empty } = self.0;
        match map_is_empty {
            true => write!(f, "map_{kind}(0, {id}, 1)"),
            false => sentences::OUTSIDE_ID.with(&[id, kind]).fmt(f),
        }
    }
}

fn unmapped(f: &mut Formatter, uid: Option<&Unmapped>, gid: Option<&Unmapped>) -> fmt::Result {
    match (uid, gid) {
        (Some(uid), Some(gid)) => sentences::UNMAPPED_BOTH.with(&[uid, gid, &Remedy(uid), &Remedy(gid)]).fmt(f),
        (Some(id), None) | (None, Some(id)) => sentences::UNMAPPED.with(&[id, &Remedy(id)]).fmt(f),
        (None, None) => Ok(()),
    }
}

/// The directories of a search, as PATH has them.
pub struct Directories<'a>(&'a Plan);

impl Display for Directories<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        for (place, path) in self.0.list(self.0.candidates).iter().enumerate() {
            let path = self.0.bytes(*path);
            let end = path.iter().rposition(|byte| *byte == b'/');
            let directory = match end {
                None => b".".as_slice(),
                Some(0) => b"/",
                Some(end) => path.get(..end).unwrap_or_default(),
            };
            write!(f, "{}{}", if place > 0 { ":" } else { "" }, Bytes(directory))?;
        }
        Ok(())
    }
}

/// Why a child failed. `None`: there is nothing to say that the errno does not.
pub fn of(plan: &Plan, stage: Stage, code: i32, index: i32, side: u32) -> Option<Reason<'_>> {
    match stage {
        Stage::IdMap | Stage::OomScore if code == libc::EACCES && plan.mode == mode::COPIED && !is_dumpable() => {
            Some(Reason::Said(sentences::NOT_DUMPABLE))
        }
        Stage::Exec if [libc::ENOENT, libc::ENOTDIR].contains(&code) => exec(plan, code),
        Stage::FdAction if code == libc::EOVERFLOW => {
            let action = plan.list(plan.actions).get(usize::try_from(index).ok()?)?;
            let makes = action.kind == action::OPEN && action.flags & O_CREAT != 0;
            if makes { ids(plan, plan.uid.get().is_some(), plan.gid.get().is_some()) } else { None }
        }
        stage if stage.is_of_mounts() => {
            let step = plan.list(plan.mounts).iter().find(|step| step.index == index)?;
            of_mount(plan, step, code, side)
        }
        _ => None,
    }
}

fn of_mount<'a>(plan: &'a Plan, step: &Mount, code: i32, side: u32) -> Option<Reason<'a>> {
    let takes_flags = step.kind == mount::FILE_IN_MEMORY
        || [Stage::Bind, Stage::Tmpfs, Stage::Overlay, Stage::Remount].contains(&step.stage);
    Some(match (side, code) {
        (side::SOURCE, libc::ENOENT) => match step.stage {
            Stage::Dev => Reason::Said(sentences::DEVICE_MISSING),
            Stage::Mask | Stage::Proc => Reason::Said(sentences::NULL_MISSING),
            _ if dangles(plan, step) => Reason::Said(sentences::SOURCE_DANGLES),
            _ => Reason::Said(sentences::SOURCE_MISSING),
        },
        (side::SOURCE, libc::ESTALE) if step.source_fd >= 0 => Reason::Said(sentences::SOURCE_IS_ANOTHER),
        (side::SOURCE, libc::EACCES) => Reason::Said(sentences::SOURCE_OUT_OF_REACH),
        (side::SOURCE, libc::ENOTDIR) => Reason::Said(sentences::SOURCE_NO_DIRECTORY),
        (side::SOURCE, libc::ELOOP) => Reason::Said(sentences::SOURCE_LOOPS),
        (side::TARGET, libc::ENOENT) if step.create != 0 => return None,
        (side::TARGET, libc::ENOENT) if step.kind == mount::FILE_IN_MEMORY => {
            Reason::Said(sentences::TARGET_MISSING_MAY_CREATE)
        }
        (side::TARGET, libc::ENOENT) => match step.stage {
            Stage::Mount => Reason::Said(sentences::TARGET_MISSING),
            Stage::Bind | Stage::Tmpfs | Stage::Proc | Stage::Dev | Stage::Overlay => {
                Reason::Said(sentences::TARGET_MISSING_MAY_CREATE)
            }
            _ => return None,
        },
        (side::TARGET, libc::EACCES) => Reason::Said(sentences::TARGET_OUT_OF_REACH),
        (side::TARGET, libc::ENOTDIR) => Reason::Said(sentences::TARGET_NO_DIRECTORY),
        (side::TARGET, libc::EOVERFLOW) => return ids(plan, false, false),
        (side::NONE, libc::ENOENT) if step.stage == Stage::Overlay => Reason::Said(sentences::OVERLAY_MISSING),
        (side::NONE, libc::ENOTDIR) if step.stage == Stage::Overlay => Reason::Said(sentences::OVERLAY_NO_DIRECTORY),
        (side::NONE, libc::ELOOP) if step.stage == Stage::Overlay => Reason::Said(sentences::OVERLAY_WITHIN),
        (side::NONE, libc::ENOTDIR) if [mount::BIND, mount::FILE_IN_MEMORY].contains(&step.kind) => {
            Reason::Said(sentences::ONE_IS_A_DIRECTORY)
        }
        (_, libc::ELOOP) if step.follow != 0 => Reason::Said(sentences::TARGET_LOOPS),
        (_, libc::ELOOP) if takes_flags => Reason::Said(sentences::LINK_MAY_BE_FOLLOWED),
        (_, libc::ELOOP) => Reason::Said(sentences::LINK_ON_THE_WAY),
        _ => return None,
    })
}

/// The source is a link, and what it leads to is missing, as the caller sees it.
fn dangles(plan: &Plan, step: &Mount) -> bool {
    let Some(path) = plan.text(step.source).filter(|_| !new_root::joins_mounts(plan)) else { return false };
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    let link = unsafe { sys::readlinkat(libc::AT_FDCWD, path, &mut [0]) };
    link.is_ok()
}

/// Which of the child's ids have no place where it makes files. Ids that were asked for are in the maps.
fn ids(plan: &Plan, has_uid: bool, has_gid: bool) -> Option<Reason<'_>> {
    let uid = plan.namespace_owner.get().map_or_else(sys::geteuid, Ok).ok()?;
    let gid = sys::getegid().ok()?;
    let is_new = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || plan.unshare_user != 0;
    let lacks = |map: Text, kind, id: u32| {
        let lacks = is_new && !maps(plan.bytes(map), id);
        lacks.then_some(Unmapped { kind, id, map_is_empty: map.is_empty() })
    };
    let unmapped =
        (lacks(plan.uid_map, "uid", uid).filter(|_| !has_uid), lacks(plan.gid_map, "gid", gid).filter(|_| !has_gid));
    Some(match unmapped {
        (None, None) => Reason::MaybeUnmapped { uid, gid },
        (uid, gid) => Reason::Unmapped { uid, gid },
    })
}

/// Whether a map, of lines of three numbers, has an id of the caller's.
fn maps(map: &[u8], id: u32) -> bool {
    map.split(|byte| *byte == b'\n').any(|line| {
        let mut numbers = line.split(|byte| *byte == b' ').filter_map(number);
        let [_, outside, count] = [numbers.next(), numbers.next(), numbers.next()];
        let (outside, count) = (outside.unwrap_or(0), count.unwrap_or(0));
        (outside..outside.saturating_add(count)).contains(&u64::from(id))
    })
}

fn number(digits: &[u8]) -> Option<u64> {
    decimal::parse(digits)
}

/// Where nothing was found to be run: it may be that a program was, and what starts it was not.
fn exec(plan: &Plan, code: i32) -> Option<Reason<'_>> {
    if plan.exec_fd >= 0 {
        return if code == libc::ENOENT { Some(by_descriptor(plan)) } else { None };
    }
    let (mut missing, mut seen) = (true, false);
    for path in plan.list(plan.candidates) {
        match new_root::look(plan, plan.bytes(*path)) {
            Seen::Missing => continue,
            Seen::Program(content) => match missing_starter(plan, content) {
                Some(why) => return Some(why),
                None => seen = true,
            },
            Seen::Something => seen = true,
            Seen::Unknown => (),
        }
        missing = false;
    }
    match (plan.searched != 0, code) {
        (true, _) if missing => Some(Reason::NotFound(Directories(plan))),
        (true, _) => Some(Reason::NothingToRun(Directories(plan))),
        (false, libc::ENOENT) if seen => Some(Reason::Said(sentences::NO_INTERPRETER)),
        (false, libc::ENOENT) if missing && is_outside(plan) => Some(Reason::Said(sentences::ONLY_OUTSIDE)),
        _ => None,
    }
}

/// The only candidate would be there in the caller's root.
fn is_outside(plan: &Plan) -> bool {
    let path = plan.list(plan.candidates).first().copied().unwrap_or(List::EMPTY);
    let is_absolute = plan.bytes(path).first() == Some(&b'/');
    let Some(path) = plan.text(path).filter(|_| is_absolute && !new_root::is_callers(plan)) else { return false };
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    unsafe { sys::openat(libc::AT_FDCWD, path, libc::O_PATH | libc::O_CLOEXEC, 0) }
        .is_ok_and(|fd| sys::close(fd).is_ok())
}

/// What a program takes to run, or what that takes, and is not there.
fn missing_starter<'a>(plan: &Plan, program: Content) -> Option<Reason<'a>> {
    let mut of = None;
    let mut content = program;
    for _ in 0..LONGEST_CHAIN {
        let starter = starter(&content)?;
        match new_root::look(plan, &starter.path) {
            Seen::Missing if starter.path.last() == Some(&b'\r') => {
                return Some(Reason::Said(sentences::CARRIAGE_RETURN));
            }
            Seen::Missing => return Some(Reason::StarterMissing { starter, of }),
            Seen::Unknown => return Some(Reason::StarterUnknown { starter, of }),
            Seen::Something => return None,
            Seen::Program(next) => (content, of) = (next, Some(starter.path)),
        }
    }
    None
}

/// The descriptor need not be open any more when a held child is let go. It closes on exec unless the program gets it.
fn by_descriptor<'a>(plan: &Plan) -> Reason<'a> {
    let closes = plan.exec_fd_moves != 0;
    let unknown =
        if closes { Reason::Said(sentences::MAYBE_SCRIPT_BY_FD) } else { Reason::Said(sentences::NO_INTERPRETER) };
    let Some(content) = (if plan.hold == 0 { content_of(plan.exec_fd) } else { None }) else { return unknown };
    match starter(&content).map(|starter| starter.kind) {
        Some(Kind::Interpreter) if closes => Reason::Said(sentences::SCRIPT_BY_FD),
        Some(_) => missing_starter(plan, content).unwrap_or(Reason::Said(sentences::NO_INTERPRETER)),
        None => unknown,
    }
}

fn content_of<'a>(fd: i32) -> Option<Content<'a>> {
    if sys::kind(fd).ok()?.format != S_IFREG {
        return None;
    }
    match sys::pread(fd, &mut [0], 0) {
        Ok(_) => Some(Content::Borrowed(fd)),
        // It may be good for paths alone, or for writing.
        Err(_) => new_root::readable(fd).map(Content::File),
    }
}
