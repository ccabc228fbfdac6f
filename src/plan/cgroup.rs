//! The cgroup: in which way the child gets into it, and whether a second process is needed for that.

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
    let Some(destination) = &request.attr.cgroup.destination else { return Ok(()) };
    let (fd, setter) = (destination.fd(), destination.setter());
    if caller::flags_of(fd)?.is_none() {
        return Err(Fault::invalid(setter, sentences::FD_NOT_OPEN).code(libc::EBADF));
    }
    draft.plan.cgroup_fd = fd;
    // SAFETY: C caller guarantees that the descriptor, which was just seen open, stays so during the call.
    let way = cgroup_way(unsafe { BorrowedFd::borrow_raw(fd) });
    let way = way.map_err(|fault| Fault { what: setter, ..fault })?;
    draft.plan.cgroup_uncounted = (way == cgroup::BORN) as u32;
    draft.plan.cgroup = if request.host.born_in_cgroup { way } else { cgroup::WRITTEN };
    // Otherwise the caller uses it, and the child does not have it.
    if draft.plan.cgroup == cgroup::BORN_OF_IMAGE {
        draft.need(fd, setter)?;
    }
    Ok(())
}

/// Decides how the child gets into its cgroup, and whether the image makes a second process: to be born in the cgroup, or so
/// that the kernel's memory figures count the program alone. An init starts its program as another process anyway.
pub fn second_of_image(request: &Request, plan: &mut Plan<()>) {
    // The first process of a new user namespace becomes the image inside it, so that processes outside the namespace cannot
    // trace it before. And only one second process is possible.
    let makes_no_second = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || plan.second_clone != clone::NONE;
    // A chosen pid is given to the first process.
    let makes_no_second = makes_no_second || !plan.pids.is_empty();
    match (plan.cgroup, plan.mode) {
        // A copy has its own memory from the beginning.
        (cgroup::BORN_OF_IMAGE, mode::COPIED) => plan.cgroup = cgroup::BORN,
        (cgroup::BORN_OF_IMAGE, _) if makes_no_second => plan.cgroup = cgroup::WRITTEN,
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

/// The way for this cgroup: the child is born in it out of the caller's memory, or only where that is dangerous, as a second
/// process, or is written to cgroup.procs.
fn cgroup_way(directory: BorrowedFd) -> Step<u32> {
    let none = || Err(Fault::invalid("set_cgroup_fd", sentences::NO_CGROUP).resolving());
    let own = fstat(directory).map_err(unresolved)?;
    if own.st_mode & libc::S_IFMT != libc::S_IFDIR {
        return none();
    }
    match fstatfs(directory).map_err(unresolved)?.filesystem_type().0 as libc::c_long {
        CGROUP_V2 if is_dangerous(directory, &own)? => Ok(cgroup::BORN_OF_IMAGE),
        CGROUP_V2 => Ok(cgroup::BORN),
        // In a cgroup of version 1 the file tells of frozen ancestors as well.
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

/// Only the hierarchy of the freezer has the file.
fn is_frozen_v1(directory: BorrowedFd) -> Step<bool> {
    let Some(file) = open(directory, c"freezer.state")? else { return Ok(false) };
    let mut state = [0u8; 64];
    Ok(read(&file, &mut state)? == b"FROZEN")
}

/// Whether the memory controller is available in this cgroup. Without the file, it is assumed to be.
fn has_memory_controller(directory: BorrowedFd, name: &CStr) -> Step<bool> {
    let Some(file) = open(directory, name)? else { return Ok(true) };
    let mut controllers = [0u8; 256];
    Ok(read(&file, &mut controllers)?.split(u8::is_ascii_whitespace).any(|name| name == b"memory"))
}

/// Opens a file of a cgroup. `None`: there is no such file.
fn open(directory: BorrowedFd, name: &CStr) -> Step<Option<OwnedFd>> {
    match nix::fcntl::openat(directory, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()) {
        Err(Errno::ENOENT) => Ok(None),
        file => file.map(Some).map_err(unresolved),
    }
}

/// Reads the beginning of a file, without the white space at its end.
fn read<'a>(file: &OwnedFd, buffer: &'a mut [u8]) -> Step<&'a [u8]> {
    let filled = nix::unistd::read(file, buffer).map_err(unresolved)?;
    Ok(buffer.get(..filled).unwrap_or_default().trim_ascii_end())
}

/// Whether a member of this cgroup that shares the caller's memory endangers the caller. It does where somebody other than
/// root and the caller can write to this cgroup or one above it, and freeze the child: the caller waits for it. It also does
/// where there is a memory controller: with memory.oom.group, which systemd and Kubernetes set, the out-of-memory killer
/// kills all members, and with each of them all processes that share its memory. That setting, and the controllers of an
/// ancestor, may change at any moment. So there is no danger only if the root of the whole hierarchy is visible and does not
/// have the controller. A frozen cgroup on the way is an error.
fn is_dangerous(directory: BorrowedFd, own: &FileStat) -> Step<bool> {
    let caller = caller::effective_uid()?;
    let mut others = is_others(own, caller);
    let mut above = Above::new();
    loop {
        // The root cgroup has no cgroup.freeze, and no parent.
        let Some(freeze) = open(directory, above.file(c"cgroup.freeze")?)? else {
            return Ok(others || has_memory_controller(directory, above.file(c"cgroup.controllers")?)?);
        };
        let mut state = [0u8; 8];
        if read(&freeze, &mut state)? == b"1" {
            return Err(frozen_cgroup());
        }
        others |= is_others(&fstat(&freeze).map_err(unresolved)?, caller);
        // The path is too long: the ancestors are unknown.
        let Some(parent) = above.go_up() else { return Ok(true) };
        let parent = fstatat(directory, parent, AtFlags::empty()).map_err(unresolved)?;
        // The parent is on another file system: the cgroups above are not visible.
        if parent.st_dev != own.st_dev {
            return Ok(true);
        }
        others |= is_others(&parent, caller);
    }
}

/// Paths of the ancestors of a directory and of their files, relative to the directory.
struct Above {
    name: [u8; Above::LEVELS * 3 + 32],
    levels: usize,
}

impl Above {
    const LEVELS: usize = 64;

    fn new() -> Above {
        Above { name: [0; Above::LEVELS * 3 + 32], levels: 0 }
    }

    /// Goes one level up. Returns the path of that directory.
    fn go_up(&mut self) -> Option<&CStr> {
        if self.levels == Above::LEVELS {
            return None;
        }
        self.levels += 1;
        self.named(b"../\0", self.levels - 1)
    }

    /// The path of a file in the directory that was reached.
    fn file(&mut self, name: &CStr) -> Step<&CStr> {
        let name = self.named(name.to_bytes_with_nul(), self.levels);
        name.ok_or_else(|| unresolved(Errno::ENAMETOOLONG))
    }

    /// Writes a name, which ends with NUL, behind this many "../".
    fn named(&mut self, end: &[u8], levels: usize) -> Option<&CStr> {
        self.name.get_mut(levels * 3..levels * 3 + end.len())?.copy_from_slice(end);
        CStr::from_bytes_until_nul(&self.name).ok()
    }
}

fn is_others(file: &FileStat, caller: u32) -> bool {
    let owner_is_ours = file.st_uid == 0 || file.st_uid == caller;
    !owner_is_ours || file.st_mode & 0o022 != 0
}
