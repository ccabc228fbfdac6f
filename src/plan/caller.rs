//! What a plan asks about the caller: its ids, its limits, its descriptors, its user namespace.

use super::fault::{Fault, Step};
use crate::attr::prepared::NamespaceLink;
use crate::sentences;
use crate::sys::abi::Rlimit64;
use crate::sys::{self, Errno};

/// geteuid(2)
pub fn effective_uid() -> Step<u32> {
    sys::geteuid().map_err(|Errno(code)| Fault::unresolved(sentences::ABOUT_UID.text()).code(code))
}

/// getegid(2)
pub fn effective_gid() -> Step<u32> {
    sys::getegid().map_err(|Errno(code)| Fault::unresolved(sentences::ABOUT_GID.text()).code(code))
}

/// Whether the ids of this thread survive an exec. An exec sets the saved id and the file system id to the effective id. A
/// caller that has another saved id, to go back to later, would lose it, and one with another file system id would open
/// files with other rights. If the real id differs, kernels before 6.16 clear the ambient capabilities too.
pub fn ids_outlive_exec() -> bool {
    // If the ids cannot be read, the answer is no: then the child is a copy of the caller's memory, and there is no such
    // exec.
    let (Ok(uid), Ok(gid)) = (nix::unistd::getresuid(), nix::unistd::getresgid()) else { return false };
    // SAFETY: kernel contract, man 2 setfsuid: an id that does not exist changes nothing, and asks.
    let (fsuid, fsgid) = unsafe { (libc::setfsuid(u32::MAX) as u32, libc::setfsgid(u32::MAX) as u32) };
    let uids = [uid.real.as_raw(), uid.saved.as_raw(), fsuid] == [uid.effective.as_raw(); 3];
    uids && [gid.real.as_raw(), gid.saved.as_raw(), fsgid] == [gid.effective.as_raw(); 3]
}

/// Whether this process is dumpable, so that processes with the same ids may trace it. If it is not, as after a change of
/// ids, the files in /proc of this process, and of each child that shares or copies its memory, belong to root. An error
/// counts as no. PR_GET_DUMPABLE(2const)
pub fn is_dumpable() -> bool {
    sys::prctl(libc::PR_GET_DUMPABLE, 0, 0) == Ok(1)
}

/// getrlimit(2)
pub fn limit(resource: u32) -> Step<Rlimit64> {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: kernel contract, man 2 getrlimit.
    if unsafe { libc::prlimit64(0, resource as _, core::ptr::null(), &mut limit) } < 0 {
        return Err(Fault::unresolved("set_rlimit"));
    }
    Ok(Rlimit64 { soft: limit.rlim_cur, hard: limit.rlim_max })
}

/// The flags of a descriptor of the caller. `None`: it is not open, which only EBADF tells.
pub fn flags_of(fd: i32) -> Step<Option<i32>> {
    match sys::fcntl(fd, libc::F_GETFD, 0) {
        Ok(flags) => Ok(Some(flags)),
        Err(Errno(libc::EBADF)) => Ok(None),
        Err(Errno(code)) => Err(Fault::unresolved(sentences::ABOUT_DESCRIPTORS.text()).code(code)),
    }
}

pub fn is_open(fd: i32) -> Step<bool> {
    flags_of(fd).map(|flags| flags.is_some())
}

/// The caller's user namespace: the text of its link in /proc. `None`: it cannot be read.
pub fn user_namespace() -> Option<NamespaceLink> {
    let mut link = [0u8; 32];
    let path = c"/proc/thread-self/ns/user".as_ptr().cast();
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::readlinkat(libc::AT_FDCWD, path, &mut link) }.ok().map(|_| link)
}
