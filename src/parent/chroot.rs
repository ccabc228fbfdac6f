//! Whether the caller is in a chroot. There the kernel makes no user namespaces, and says EPERM as for any other reason
//! (user_namespaces(7)). No call tells it, so it is found out by looking.

use super::trial;
use crate::sys::abi::{AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH};
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;

/// Whether the caller's root is for sure not that of its mount namespace: it is no mount. Costs one call.
pub fn is_certain() -> bool {
    directory(c"/").and_then(|root| sys::is_mount_root(root.0)) == Ok(Some(false))
}

/// The same, found out also where the root is a mount, if the caller has CAP_SYS_CHROOT: in a copy of this process, which
/// leaves its root by the way that is always open to that capability. false: no, or it cannot be told.
pub fn is_found() -> bool {
    is_certain() || trial::ask(leave_root) == Ok(Ok(()))
}

struct Fd(i32);

impl Drop for Fd {
    fn drop(&mut self) {
        // Nothing was written to it that a close could fail to keep.
        let _ = sys::close(self.0);
    }
}

fn directory(path: &CStr) -> Answer<Fd> {
    // SAFETY: the path is NUL-terminated.
    unsafe { sys::openat(AT_FDCWD, path.as_ptr().cast(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0) }.map(Fd)
}

/// For a copy of this process: in a root below the old one, which is then above it, the way up from the old root ends at the
/// root of the mount namespace. Succeeds if that is another directory.
fn leave_root() -> Answer {
    let old = directory(c"/")?;
    let before = sys::place(old.0)?;
    let below = [c"proc", c"dev", c"etc", c"usr", c"tmp", c"bin", c"lib", c"sys", c"var", c"run", c"home", c"root"];
    sys::fchdir(old.0)?;
    // SAFETY: the names are NUL-terminated.
    below.iter().find_map(|name| unsafe { sys::chroot(name.as_ptr().cast()) }.ok()).ok_or(Errno(libc::EPERM))?;
    let mut here = before;
    for _ in 0..4096 {
        // SAFETY: the name is NUL-terminated.
        unsafe { sys::chdir(c"..".as_ptr().cast())? };
        let above = sys::place(directory(c".")?.0)?;
        if above == here {
            break;
        }
        here = above;
    }
    if here == before { Err(Errno(libc::ENOENT)) } else { Ok(()) }
}
