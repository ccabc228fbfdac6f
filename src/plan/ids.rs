//! Ids.

use super::{Draft, Fault, Request, Step};
use crate::attr::ids::Ids;
use crate::base::decimal;
use crate::sentences;
use crate::sys::{self, Errno};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::read;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.ids;
    draft.plan.uid = asked.uid.into();
    draft.plan.gid = asked.gid.into();
    if let Some(groups) = groups_of(asked).filter(|_| !is_denied(request)) {
        draft.plan.groups = Some(draft.arena.list(groups)?).into();
        if draft.plan.ends_in_joined_user_namespace() && !groups.is_empty() {
            draft.plan.unmapped_gid = unmapped_gid().into();
        }
    }
    Ok(())
}

/// The overflow gid, proc_sys_kernel(5). Without it groups cannot be compared, and the child does not.
fn unmapped_gid() -> Option<u32> {
    let mut text = [0u8; 16];
    let file = open(c"/proc/sys/kernel/overflowgid", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    let length = read(&file, &mut text).ok()?;
    decimal::parse(text.get(..length)?.trim_ascii_end())?.try_into().ok()
}

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
pub fn outlive_exec() -> bool {
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

/// New ids without a word on groups drop them all: they are the old identity's.
fn groups_of(asked: &Ids) -> Option<&[u32]> {
    match &asked.groups {
        Some(groups) => Some(groups),
        None if asked.keep_groups => None,
        None => (asked.uid.is_some() || asked.gid.is_some()).then_some(&[]),
    }
}

/// In a user namespace that denies setgroups(2) there is nothing to drop with; `plan::check` refuses groups there.
fn is_denied(request: &Request) -> bool {
    let ns = &request.attr.ns;
    ns.maps_gids() && !ns.allow_setgroups
}
