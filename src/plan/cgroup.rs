//! The cgroup: in which way the child gets there.

use super::caller;
use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{Plan, cgroup, clone, mode};
use crate::sentences;
use core::ffi::CStr;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::sys::statfs::fstatfs;
use std::os::fd::{BorrowedFd, OwnedFd};

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let Some(destination) = &request.attr.limits.cgroup else { return Ok(()) };
    let fd = destination.fd();
    draft.plan.cgroup_fd = draft.need(fd, destination.setter())?;
    // SAFETY: C caller guarantees that the descriptor, which was just seen open, stays so during the call.
    let way = cgroup_way(unsafe { BorrowedFd::borrow_raw(fd) });
    let way = way.map_err(|fault| Fault { what: destination.setter(), ..fault })?;
    draft.plan.cgroup_uncounted = (way == cgroup::BORN) as u32;
    draft.plan.cgroup = if request.host.born_in_cgroup { way } else { cgroup::WRITTEN };
    Ok(())
}

/// Whether the image makes a second process, and how the child gets to its cgroup, now that it is known in whose memory it
/// runs. An init measures its program, which is another process anyway.
pub fn second_of_image(request: &Request, plan: &mut Plan<()>) {
    // A user namespace's first process becomes the image in there: only then may its owner look into it. And there is room
    // for one second process.
    let born_elsewhere = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || plan.second_clone != clone::NONE;
    // The first process is the one whose pid is chosen.
    let born_elsewhere = born_elsewhere || !plan.pids.is_empty();
    match (plan.cgroup, plan.mode) {
        // A copy has memory of its own from the beginning.
        (cgroup::BORN_OF_IMAGE, mode::COPIED) => plan.cgroup = cgroup::BORN,
        (cgroup::BORN_OF_IMAGE, _) if born_elsewhere => plan.cgroup = cgroup::WRITTEN,
        (cgroup::BORN_OF_IMAGE, _) => plan.second_clone = clone::OF_IMAGE,
        _ => (),
    }
    if request.attr.exec.measure_memory && plan.second_clone == clone::NONE && plan.init == 0 {
        plan.second_clone = clone::OF_IMAGE;
    }
    plan.wait |= (plan.cgroup == cgroup::WRITTEN) as u32;
}

const CGROUP_V1: libc::c_long = 0x27_e0eb;
const CGROUP_V2: libc::c_long = 0x6367_7270;

/// Born in it at once, from the caller's memory, where nothing in there is a danger to the caller.
fn cgroup_way(directory: BorrowedFd) -> Step<u32> {
    let none = || Err(Fault::invalid("set_cgroup_fd", sentences::NO_CGROUP).resolving());
    let own = fstat(directory).map_err(unresolved)?;
    if own.st_mode & libc::S_IFMT != libc::S_IFDIR {
        return none();
    }
    match fstatfs(directory).map_err(unresolved)?.filesystem_type().0 as libc::c_long {
        CGROUP_V2 if is_dangerous(directory, &own)? => Ok(cgroup::BORN_OF_IMAGE),
        CGROUP_V2 => Ok(cgroup::BORN),
        // Here it tells of those above too.
        CGROUP_V1 if is_frozen_v1(directory)? => Err(frozen_cgroup()),
        CGROUP_V1 => Ok(cgroup::WRITTEN),
        _ => none(),
    }
}

#[cold]
fn unresolved(errno: Errno) -> Fault {
    Fault::unresolved("set_cgroup_fd").code(errno as i32)
}

fn frozen_cgroup() -> Fault {
    Fault::invalid("set_cgroup_fd", sentences::CGROUP_FROZEN).code(libc::EBUSY).resolving()
}

/// Not every hierarchy has the file.
fn is_frozen_v1(directory: BorrowedFd) -> Step<bool> {
    let Some(file) = open(directory, c"freezer.state")? else { return Ok(false) };
    let mut state = [0u8; 64];
    Ok(read(&file, &mut state)? == b"FROZEN")
}

/// Whether the controller can be enabled below the root cgroup. Without the file nothing is known.
fn has_memory_controller(directory: BorrowedFd, name: &CStr) -> Step<bool> {
    let Some(file) = open(directory, name)? else { return Ok(true) };
    let mut controllers = [0u8; 256];
    Ok(read(&file, &mut controllers)?.split(u8::is_ascii_whitespace).any(|name| name == b"memory"))
}

/// A file of a cgroup; none if there is no such file.
fn open(directory: BorrowedFd, name: &CStr) -> Step<Option<OwnedFd>> {
    match nix::fcntl::openat(directory, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()) {
        Err(Errno::ENOENT) => Ok(None),
        file => file.map(Some).map_err(unresolved),
    }
}

/// The beginning of a file, without the space at its end.
fn read<'a>(file: &OwnedFd, buffer: &'a mut [u8]) -> Step<&'a [u8]> {
    let filled = nix::unistd::read(file, buffer).map_err(unresolved)?;
    Ok(buffer.get(..filled).unwrap_or_default().trim_ascii_end())
}

/// Whether a member that shares the caller's memory would be a danger to the caller: anybody but root and the caller can
/// write here or anywhere above, and freeze it; or there is a memory controller, whose out-of-memory killer takes all
/// members at once where memory.oom.group is set (systemd and Kubernetes do), and with each of them all who share its memory.
/// That setting may change at any moment, as may what an ancestor enables for its children. So there is no danger only where
/// the root of the whole hierarchy is in sight, and does not have the controller. What is frozen on the way is an error.
fn is_dangerous(directory: BorrowedFd, own: &FileStat) -> Step<bool> {
    let caller = caller::effective_uid()?;
    let mut others = is_others(own, caller);
    let mut above = Above::new();
    loop {
        // The root cgroup has no such file, and nothing above it.
        let Some(freeze) = open(directory, above.file(c"cgroup.freeze")?)? else {
            return Ok(others || has_memory_controller(directory, above.file(c"cgroup.controllers")?)?);
        };
        let mut state = [0u8; 8];
        if read(&freeze, &mut state)? == b"1" {
            return Err(frozen_cgroup());
        }
        others |= is_others(&fstat(&freeze).map_err(unresolved)?, caller);
        // So far up nobody looks: the same as out of sight.
        let Some(parent) = above.go_up() else { return Ok(true) };
        let parent = fstatat(directory, parent, AtFlags::empty()).map_err(unresolved)?;
        // Of another file system: what is above is out of sight.
        if parent.st_dev != own.st_dev {
            return Ok(true);
        }
        others |= is_others(&parent, caller);
    }
}

/// Names of what lies above a directory, from there.
struct Above {
    name: [u8; Above::LEVELS * 3 + 32],
    levels: usize,
}

impl Above {
    const LEVELS: usize = 64;

    fn new() -> Above {
        Above { name: [0; Above::LEVELS * 3 + 32], levels: 0 }
    }

    /// The directory one level further up.
    fn go_up(&mut self) -> Option<&CStr> {
        if self.levels == Above::LEVELS {
            return None;
        }
        self.levels += 1;
        self.named(b"../\0", self.levels - 1)
    }

    /// A file in the directory that it has come to.
    fn file(&mut self, name: &CStr) -> Step<&CStr> {
        let name = self.named(name.to_bytes_with_nul(), self.levels);
        name.ok_or_else(|| unresolved(Errno::ENAMETOOLONG))
    }

    /// A name that ends with NUL, behind so many levels.
    fn named(&mut self, end: &[u8], levels: usize) -> Option<&CStr> {
        self.name.get_mut(levels * 3..levels * 3 + end.len())?.copy_from_slice(end);
        CStr::from_bytes_until_nul(&self.name).ok()
    }
}

fn is_others(file: &FileStat, caller: u32) -> bool {
    let owner_is_ours = file.st_uid == 0 || file.st_uid == caller;
    !owner_is_ours || file.st_mode & 0o022 != 0
}
