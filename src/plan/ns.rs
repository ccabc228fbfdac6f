//! Namespaces: which are made by the clone, which the child makes or joins later, and what is written for them.

use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{self, Plan, Text, cgroup, clone, mode};
use super::{caller, check, subordinate};
use crate::attr::ns::{IdRange, Join, TimeOffset};
use crate::base::bounded_text::BoundedText;
use crate::base::decimal::Digits;
use crate::fallible::{Text as Owned, push};
use crate::sentences;
use alloc::vec::Vec;
use libc::{CLONE_NEWCGROUP, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER, CLONE_VM, MS_PRIVATE, MS_REC};

const CGROUP: u64 = CLONE_NEWCGROUP as u64;
const TIME: u64 = CLONE_NEWTIME as u64;
const USER: u64 = CLONE_NEWUSER as u64;
const PID: u64 = CLONE_NEWPID as u64;
const MOUNT: u64 = CLONE_NEWNS as u64;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.ns;
    let (create, unshare) = (asked.create as u64, asked.unshare as u64);
    let plan = &mut draft.plan;
    let in_cgroup = request.attr.cgroup.destination.is_some();
    // The user namespace owns the other new ones, so it is always made first. A time namespace is entered only by an exec or
    // setns(2). A new cgroup namespace has the cgroup of its creator as its root; at the clone that is still the caller's,
    // if the child moves to another cgroup later.
    let not_at_clone = TIME | if in_cgroup { CGROUP } else { 0 };
    let at_clone = (create | unshare & USER) & !not_at_clone;
    // Namespaces are joined before new ones are made: in a new user namespace the child may have lost the right to join. So
    // with joins, nothing is made by the clone.
    let joined = asked.joined() as u64;
    // The process that makes a user namespace owns it by its effective uid. For another owner the child makes it, after it
    // has changed its uid.
    let owner = match asked.owner {
        Some(uid) if uid != caller::effective_uid()? => Some(uid),
        _ => None,
    };
    let later = !asked.joins.is_empty() || owner.is_some();
    plan.clone_namespaces = if later { 0 } else { at_clone };
    plan.namespace_owner = owner.into();
    plan.unshare_user = (later && at_clone & USER != 0) as u32;
    plan.late_namespaces = unshare & (CGROUP | PID);
    plan.unshare = (unshare & !(CGROUP | PID | USER)) | create & TIME | if later { at_clone & !USER } else { 0 };
    // After unshare(2), only children and, since Linux 6.2, an exec enter the new time namespace. A process that joins by a
    // pidfd in between would join the old one. And a process whose time namespace differs from that of its children cannot
    // use CLONE_VM. So the child enters it by setns(2).
    plan.enters_time = (plan.unshare & TIME != 0) as u32;
    plan.unshare_cgroup = (in_cgroup && create & CGROUP != 0) as u32;
    plan.first = (create & PID != 0) as u32;
    plan.other_pid_namespace = ((create | joined) & PID != 0) as u32;
    plan.joins_user = (joined & USER != 0) as u32;
    plan.second_clone = match (later, create & PID != 0, joined & PID != 0) {
        (true, true, _) => clone::EARLY,
        (true, _, true) => clone::LAST,
        _ => clone::NONE,
    };
    // With a joined user namespace the second process shares the memory of the first, which is cheaper: the memory belongs
    // to the caller's user namespace, and no capability in the joined one gives access to it. Without one, a process that
    // can trace the second process would reach the first as well, which is still outside the pid namespace.
    plan.second_shares = if joined & USER != 0 { CLONE_VM as u64 } else { 0 };
    plan.propagation = match asked.propagation {
        Some(flags) => flags,
        None if (create | unshare) & MOUNT != 0 => MS_REC | MS_PRIVATE,
        None => 0,
    };
    plan.loopback = asked.loopback as u32;
    let mut pids: Vec<u32> = Vec::new();
    for pid in &asked.pids {
        push(&mut pids, *pid as u32)?;
    }
    draft.plan.pids = draft.arena.list(&pids)?;
    draft.plan.hostname = draft.arena.maybe_text(asked.hostname.as_ref().map(Owned::as_cstr))?;
    draft.plan.domainname = draft.arena.maybe_text(asked.domainname.as_ref().map(Owned::as_cstr))?;
    draft.plan.time_offsets = offsets_text(draft, &asked.time_offsets)?;
    if asked.subordinate {
        let found = subordinate::maps()?;
        check::mapped(request, &found.uids, &found.gids)?;
        maps(request, draft, &found.uids, &found.gids)?;
    } else if needs_id_0(request) {
        inner_maps(request, draft)?;
    } else {
        maps(request, draft, &asked.uid_map, &asked.gid_map)?;
    }
    lower_joins(request, draft)
}

/// Whether the mounts need a first user namespace in which the child has id 0. devpts(5) cannot be mounted where id 0 is not
/// mapped. If the caller maps exactly its own ids, the child does the mounts as id 0, and then makes a second user namespace
/// that maps id 0 to the ids of the request. With other maps the kernel refuses the mount: nobody in the first namespace
/// could write the maps of the second.
fn needs_id_0(request: &Request) -> bool {
    let asked = &request.attr.ns;
    let (&[uid], &[gid]) = (&asked.uid_map[..], &asked.gid_map[..]) else { return false };
    let is_new = (asked.create | asked.unshare) as u64 & USER != 0;
    let are_own = caller::effective_uid() == Ok(uid.outside) && caller::effective_gid() == Ok(gid.outside);
    let differ = (uid.inside, gid.inside) != (0, 0) && (uid.count, gid.count) == (1, 1);
    let plain = !asked.allow_setgroups && asked.owner.is_none();
    is_new && are_own && differ && plain && request.attr.mounts.mount_terminals()
}

fn inner_maps(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.ns;
    let as_0 = |ranges: &[IdRange]| ranges.first().map(|range| IdRange { inside: 0, ..*range });
    let of_0 = |ranges: &[IdRange]| ranges.first().map(|range| IdRange { outside: 0, ..*range });
    maps(request, draft, as_0(&asked.uid_map).as_slice(), as_0(&asked.gid_map).as_slice())?;
    draft.plan.inner_uid_map = map_text(draft, of_0(&asked.uid_map).as_slice(), "map_uid")?;
    draft.plan.inner_gid_map = map_text(draft, of_0(&asked.gid_map).as_slice(), "map_gid")?;
    draft.plan.needs_proc = 1;
    Ok(())
}

/// Only the first process can have a chosen pid.
pub fn pids(request: &Request, plan: &Plan<()>) -> Step<()> {
    let Some(first) = request.attr.ns.pids.first() else { return Ok(()) };
    if plan.init != 0 || plan.second_clone != clone::NONE {
        return Err(Fault::invalid("set_pid", sentences::PID_OF_ANOTHER));
    }
    if plan.first != 0 && *first != 1 {
        return Err(Fault::invalid("set_pid", sentences::PID_OF_FIRST));
    }
    Ok(())
}

fn maps(request: &Request, draft: &mut Draft, uids: &[IdRange], gids: &[IdRange]) -> Step<()> {
    let asked = &request.attr.ns;
    draft.plan.uid_map = map_text(draft, uids, "map_uid")?;
    draft.plan.gid_map = map_text(draft, gids, "map_gid")?;
    if !gids.is_empty() && !asked.allow_setgroups {
        draft.plan.setgroups = draft.arena.text(c"deny")?;
    }
    draft.plan.uid_helper = draft.arena.maybe_text(asked.uid_helper.as_ref().map(Owned::as_cstr))?;
    draft.plan.gid_helper = draft.arena.maybe_text(asked.gid_helper.as_ref().map(Owned::as_cstr))?;
    let written = !uids.is_empty() || !gids.is_empty();
    draft.plan.wait |= written as u32;
    Ok(())
}

/// How the child waits for the caller. The memory in which it runs must be known. During the exec of the image the child is
/// as dumpable as the caller, and a copy of the caller stays so: while the caller is not dumpable, the child's files in
/// /proc belong to root.
pub fn how_it_waits(plan: &mut Plan<()>) {
    let born_there = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0;
    let early = plan.wait != 0 && born_there && plan.mode == mode::FRESH && !caller::is_dumpable();
    plan.tells_own_memory = (plan.cgroup == cgroup::WRITTEN || early) as u32;
    // With another owner, that user could trace the child, which may hold secrets of the caller.
    let may = plan.unshare_user != 0 && plan.namespace_owner.get().is_none();
    plan.may_be_dumpable = (may && (plan.mode == mode::FRESH || caller::is_dumpable())) as u32;
}

fn lower_joins(request: &Request, draft: &mut Draft) -> Step<()> {
    let mut joins: Vec<sealed::Join> = Vec::new();
    for (index, join) in request.attr.ns.joins.iter().enumerate() {
        let setter = if join.of_process { "join_pidfd" } else { "join_namespace" };
        draft.need(join.fd, setter).map_err(|fault| fault.at(index))?;
        is_what_it_should_be(join, setter).map_err(|fault| fault.at(index))?;
        push(&mut joins, sealed::Join { types: join.types as u64, fd: join.fd, index: index as i32 })?;
    }
    draft.plan.joins = draft.arena.list(&joins)?;
    if let Some(fd) = request.attr.ns.second_user {
        let setter = "join_second_user_namespace";
        draft.plan.second_user_namespace = draft.need(fd, setter)?;
        is_what_it_should_be(&Join { fd, types: USER as u32, of_process: false }, setter)?;
    }
    Ok(())
}

/// Checks that a descriptor is a namespace of the right type. For a pidfd only setns(2) can tell. ioctl_nsfs(2)
fn is_what_it_should_be(join: &Join, setter: &'static str) -> Step<()> {
    const NS_GET_NSTYPE: libc::Ioctl = 0xb703;
    if join.of_process {
        return Ok(());
    }
    // SAFETY: kernel contract, man 2 ioctl_nsfs.
    match unsafe { libc::ioctl(join.fd, NS_GET_NSTYPE) } {
        kind if kind as u32 == join.types => Ok(()),
        -1 if nix::errno::Errno::last_raw() != libc::ENOTTY => Err(Fault::unresolved(setter)),
        -1 => Err(Fault::invalid(setter, sentences::NO_NAMESPACE)),
        _ => Err(Fault::invalid(setter, sentences::OTHER_NAMESPACE)),
    }
}

/// The kernel takes less than a page in one write to a map.
const MAP_LIMIT: usize = 4096;

/// Lines of a file in /proc.
type Lines = BoundedText<{ MAP_LIMIT - 1 }>;

/// Adds a line of three words. `false`: it does not fit.
fn add_line(lines: &mut Lines, [first, second, third]: [&[u8]; 3]) -> bool {
    [first, b" ", second, b" ", third, b"\n"].iter().all(|part| lines.add(part))
}

fn map_text(draft: &mut Draft, ranges: &[IdRange], what: &'static str) -> Step<Text> {
    if ranges.is_empty() {
        return Ok(Text::EMPTY);
    }
    let mut lines = Lines::new();
    for IdRange { inside, outside, count } in ranges {
        let [inside, outside, count] = [*inside, *outside, *count].map(|number| Digits::of(number.into()));
        if !add_line(&mut lines, [inside.as_bytes(), outside.as_bytes(), count.as_bytes()]) {
            return Err(Fault::invalid(what, sentences::MAP_TOO_LONG).code(libc::E2BIG));
        }
    }
    draft.arena.joined(&[lines.bytes()])
}

fn offsets_text(draft: &mut Draft, offsets: &[TimeOffset]) -> Step<Text> {
    let mut lines = Lines::new();
    for TimeOffset { clock, seconds, nanoseconds } in offsets {
        let clock: &[u8] = if *clock == libc::CLOCK_MONOTONIC { b"monotonic" } else { b"boottime" };
        let (mut whole, parts) = (BoundedText::<24>::new(), Digits::of((*nanoseconds).into()));
        whole.number(*seconds);
        // There are two clocks, and each has one offset.
        add_line(&mut lines, [clock, whole.bytes(), parts.as_bytes()]);
    }
    if offsets.is_empty() { Ok(Text::EMPTY) } else { draft.arena.joined(&[lines.bytes()]) }
}
