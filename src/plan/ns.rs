//! Namespaces: which are born with the child, which it enters, and what is written for it.

use super::sealed::Text;
use super::{Draft, Fault, Request, Step};
use crate::attr::ns::IdRange;
use crate::attr::owned::Text as Owned;
use alloc::vec::Vec;
use core::fmt::Write;
use libc::{CLONE_NEWCGROUP, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER, MS_PRIVATE, MS_REC};

const CGROUP: u64 = CLONE_NEWCGROUP as u64;
const TIME: u64 = CLONE_NEWTIME as u64;
const USER: u64 = CLONE_NEWUSER as u64;
const PID: u64 = CLONE_NEWPID as u64;
const MOUNT: u64 = CLONE_NEWNS as u64;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.ns;
    let (create, unshare) = (asked.create as u64, asked.unshare as u64);
    let plan = &mut draft.plan;
    let in_cgroup = request.attr.limits.cgroup_fd.is_some();
    // A user namespace owns the others, so it comes first whoever asks. A time namespace is only entered by exec. A cgroup
    // namespace roots at the cgroup of its creator, which for a child born elsewhere is still the caller's.
    let not_at_clone = TIME | if in_cgroup { CGROUP } else { 0 };
    plan.clone_namespaces = (create | unshare & USER) & !not_at_clone;
    plan.late = unshare & (CGROUP | PID);
    plan.unshare = (unshare & !(CGROUP | PID | USER)) | create & TIME;
    plan.unshare_cgroup = (in_cgroup && create & CGROUP != 0) as u32;
    plan.propagation = match asked.propagation {
        Some(flags) => flags,
        None if (create | unshare) & MOUNT != 0 => MS_REC | MS_PRIVATE,
        None => 0,
    };
    plan.loopback = asked.loopback as u32;
    draft.plan.hostname = draft.arena.maybe_text(asked.hostname.as_ref().map(Owned::as_cstr))?;
    draft.plan.domainname = draft.arena.maybe_text(asked.domainname.as_ref().map(Owned::as_cstr))?;
    draft.plan.uid_map = map_text(draft, &asked.uid_map, "map_uid")?;
    draft.plan.gid_map = map_text(draft, &asked.gid_map, "map_gid")?;
    if !asked.gid_map.is_empty() && !asked.allow_setgroups {
        draft.plan.setgroups = draft.arena.text(c"deny")?;
    }
    let written = !asked.uid_map.is_empty() || !asked.gid_map.is_empty();
    draft.plan.wait |= written as u32;
    Ok(())
}

/// What the kernel takes in one write: less than a page.
const MAP_LIMIT: usize = 4096;

fn map_text(draft: &mut Draft, ranges: &[IdRange], what: &'static str) -> Step<Text> {
    if ranges.is_empty() {
        return Ok(Text::EMPTY);
    }
    let mut text = Lines(Vec::new());
    text.0.try_reserve_exact(MAP_LIMIT).map_err(|_| Fault::no_memory())?;
    for IdRange { inside, outside, count } in ranges {
        writeln!(text, "{inside} {outside} {count}")
            .map_err(|_| Fault::invalid(what, "the kernel takes a map of less than one page").code(libc::E2BIG))?;
    }
    draft.arena.joined(&[&text.0])
}

/// Text that ends where the kernel's patience does.
struct Lines(Vec<u8>);

impl Write for Lines {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        if self.0.len() + text.len() >= MAP_LIMIT {
            return Err(core::fmt::Error);
        }
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
