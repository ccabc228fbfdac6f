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

/// Whether an exec leaves the ids of this thread as they are: it makes the saved and the file system id the effective one.
/// What could be taken back before could not be afterwards, and files would be opened with another right. Where the real
/// id is another, kernels before 6.16 take the ambient capabilities too.
pub fn ids_outlive_exec() -> bool {
    // What cannot be asked for counts as another id: the child then gets a copy of the caller's memory, without such an exec.
    let (Ok(uid), Ok(gid)) = (nix::unistd::getresuid(), nix::unistd::getresgid()) else { return false };
    // SAFETY: kernel contract, man 2 setfsuid: an id that does not exist changes nothing, and asks.
    let (fsuid, fsgid) = unsafe { (libc::setfsuid(u32::MAX) as u32, libc::setfsgid(u32::MAX) as u32) };
    let uids = [uid.real.as_raw(), uid.saved.as_raw(), fsuid] == [uid.effective.as_raw(); 3];
    uids && [gid.real.as_raw(), gid.saved.as_raw(), fsgid] == [gid.effective.as_raw(); 3]
}

/// Whether this thread's memory may be looked into by its equals. Where not, as after ids have changed, files of /proc of
/// whoever shares or copies the memory belong to root. PR_GET_DUMPABLE(2const); what cannot be asked counts as no.
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

/// The flags of a descriptor of the caller's; `None` where it is not open, which only EBADF says.
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

/// The caller's user namespace, as its link in /proc reads.
pub fn user_namespace() -> Option<NamespaceLink> {
    let mut link = [0u8; 32];
    let path = c"/proc/thread-self/ns/user".as_ptr().cast();
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::readlinkat(libc::AT_FDCWD, path, &mut link) }.ok().map(|_| link)
}
