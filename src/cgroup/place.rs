//! Whether the caller may make cgroups in its own, with the controllers that limit a run.

use super::{V2, file};
use core::ffi::CStr;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat};
use nix::sys::stat::Mode;
use nix::sys::statfs::fstatfs;
use nix::unistd::{AccessFlags, faccessat};
use std::os::fd::{AsFd, OwnedFd};

/// Why not.
pub enum Trouble<'a> {
    NoCgroup2,
    /// The caller's own cgroup is not visible in the mounted file system.
    Unknown,
    Readonly,
    NotDelegated(&'a [u8]),
    /// A cgroup can be made, but without these controllers.
    Lacks(&'a [u8], [&'static str; 3]),
    NotNow(Errno),
}

/// The controllers that limit a run.
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];

/// The text is a place for the path.
pub fn own(text: &mut [u8; 4096]) -> Result<(), Trouble<'_>> {
    let top = top().ok_or(Trouble::NoCgroup2)?;
    let filled = read(c"/proc/self/cgroup", text).map_err(|_| Trouble::Unknown)?;
    // Each line becomes a string.
    text.iter_mut().take(filled).filter(|byte| **byte == b'\n').for_each(|byte| *byte = 0);
    let strings = text.get(..filled).unwrap_or_default().split_inclusive(|byte| *byte == 0);
    let path = strings.filter_map(|line| line.strip_prefix(b"0::/")).next();
    let path = path.and_then(|path| CStr::from_bytes_until_nul(path).ok()).ok_or(Trouble::Unknown)?;
    let relative = if path.is_empty() { c"." } else { path };
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let path = path.to_bytes();
    let own = match openat(&top, relative, flags, Mode::empty()) {
        Ok(own) if is_cgroup2(&own) => own,
        Err(errno @ (Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM)) => return Err(Trouble::NotNow(errno)),
        _ => return Err(Trouble::Unknown),
    };
    for name in [c".", c"cgroup.procs", c"cgroup.subtree_control"] {
        match faccessat(&own, name, AccessFlags::W_OK, AtFlags::AT_EACCESS) {
            Ok(()) => (),
            Err(Errno::EROFS) => return Err(Trouble::Readonly),
            Err(_) => return Err(Trouble::NotDelegated(path)),
        }
    }
    let is_there = |name: &str| file::lists(own.as_fd(), c"cgroup.controllers", name.as_bytes());
    let missing = CONTROLLERS.map(|name| if is_there(name) { "" } else { name });
    if missing.iter().any(|name| !name.is_empty()) { Err(Trouble::Lacks(path, missing)) } else { Ok(()) }
}

/// Where systemd mounts cgroup2.
fn top() -> Option<OwnedFd> {
    let places = [c"/sys/fs/cgroup", c"/sys/fs/cgroup/unified"];
    places.iter().find_map(|path| {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        open(*path, flags, Mode::empty()).ok().filter(is_cgroup2)
    })
}

fn is_cgroup2(directory: &OwnedFd) -> bool {
    fstatfs(directory).is_ok_and(|fs| fs.filesystem_type().0 as libc::c_long == V2)
}

fn read(path: &CStr, text: &mut [u8]) -> Result<usize, Errno> {
    let file = openat(AT_FDCWD, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let mut filled = 0;
    loop {
        let rest = text.get_mut(filled..).unwrap_or_default();
        match nix::unistd::read(&file, rest)? {
            0 => return Ok(filled),
            more => filled += more,
        }
    }
}
