//! Limits, scheduling and the cgroup.

use super::sealed::{Deadline, Limit, Plan, Policy, Speculation, Utilization, cgroup, clone, mode, process};
use super::{Draft, Fault, Request, Step, ids};
use crate::attr::limits::{KEEP, Raised, Scheduler, process as asked};
use crate::attr::owned::push;
use crate::base::bounded_text::BoundedText;
use crate::base::decimal::{self, Digits};
use crate::sentences;
use crate::stage::Stage;
use crate::sys::abi::{
    IOPRIO_CLASS_RT, IOPRIO_CLASS_SHIFT, RLIMIT_NOFILE as NOFILE, Rlimit64, SCHED_FLAG_RESET_ON_FORK,
};
use alloc::vec::Vec;
use core::ffi::CStr;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::sys::statfs::fstatfs;
use static_assertions::const_assert_eq;
use std::os::fd::{BorrowedFd, OwnedFd};

// The bits that are asked for are those that the child reads.
const_assert_eq!(asked::NO_THP, process::NO_THP);
const_assert_eq!(asked::MDWE, process::MDWE);
const_assert_eq!(asked::NO_TSC, process::NO_TSC);
const_assert_eq!(asked::SUBREAPER, process::SUBREAPER);
const_assert_eq!(asked::RESET_ON_FORK, process::RESET_ON_FORK);
const_assert_eq!(asked::OWN_CORE, process::OWN_CORE);
const_assert_eq!(asked::KSM, process::KSM);

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.limits;
    rlimits(request, draft)?;
    let plan = &mut draft.plan;
    plan.nice = asked.nice.into();
    match asked.scheduler {
        Some(Scheduler::Policy { policy, priority }) => plan.scheduler = Some(Policy { policy, priority }).into(),
        Some(Scheduler::Deadline { runtime, deadline, period }) => {
            // What is no process of ours any more would need the privilege again.
            let resets = asked.process_flags & process::RESET_ON_FORK != 0;
            let flags = if resets { SCHED_FLAG_RESET_ON_FORK } else { 0 };
            plan.deadline = Some(Deadline { runtime, deadline, period, flags }).into();
        }
        None => (),
    }
    plan.utilization = asked.utilization.map(|asked| Utilization { min: asked.min, max: asked.max }).into();
    plan.numa_policy = asked.numa_policy.as_ref().map(|asked| asked.mode).into();
    plan.io_priority = asked.io_priority.map(|asked| asked.class << IOPRIO_CLASS_SHIFT | asked.level).into();
    plan.timer_slack = asked.timer_slack_ns.into();
    plan.personality = asked.personality.into();
    plan.process_flags = asked.process_flags;
    plan.umask = asked.umask.into();
    if let Some(cpus) = &asked.affinity {
        draft.plan.affinity = bits(cpus, draft)?;
    }
    if let Some(policy) = &asked.numa_policy {
        draft.plan.numa_nodes = bits(&policy.nodes, draft)?;
    }
    if let Some(badness) = asked.oom_score_adj {
        let digits = BoundedText::<8>::numbered(b"", badness);
        draft.plan.oom_score_adj = draft.arena.joined(&[digits.bytes()])?;
    }
    if let Some(kinds) = asked.coredump_filter {
        draft.plan.coredump_filter = draft.arena.joined(&[b"0x", Digits::hexadecimal(u64::from(kinds)).as_bytes()])?;
    }
    let mut speculation: Vec<Speculation> = Vec::new();
    for one in &asked.speculation {
        push(&mut speculation, Speculation { feature: one.feature, control: one.control })?;
    }
    draft.plan.speculation = draft.arena.list(&speculation)?;
    if asked.process_flags & process::KSM != 0 && !ksm_lasts() {
        let fault = Fault { stage: Stage::ProcessFlags, ..Fault::invalid("", sentences::KSM_ENDS) };
        return Err(fault.code(libc::EOPNOTSUPP).at(process::KSM as usize));
    }
    let mut tolerated: Vec<u32> = Vec::new();
    // Of that one the child tells for itself what may be.
    for stage in asked.allowed_failures.iter().filter(|stage| **stage != Stage::Keyring as u32) {
        push(&mut tolerated, *stage)?;
    }
    draft.plan.tolerated = draft.arena.list(&tolerated)?;
    // In a user namespace, a new one or one that it joins, the child has no privilege over what the kernel keeps for the
    // initial one. Until it joins, the child can still write its oom_score_adj itself.
    let real_time_io = asked.io_priority.is_some_and(|asked| asked.class == IOPRIO_CLASS_RT);
    let kept = asked.nice.is_some() || asked.scheduler.is_some() || real_time_io;
    let oom = !draft.plan.oom_score_adj.is_empty() && draft.plan.is_born_in_user_namespace();
    draft.plan.privileged = (kept && in_user_namespace(request) || oom || !draft.plan.raises.is_empty()) as u32;
    draft.plan.wait |= draft.plan.privileged;
    if let Some(destination) = &asked.cgroup {
        let fd = destination.fd();
        draft.plan.cgroup_fd = draft.need(fd, destination.setter())?;
        // SAFETY: C caller guarantees that the descriptor, which was just seen open, stays so during the call.
        let way = cgroup_way(unsafe { BorrowedFd::borrow_raw(fd) });
        let way = way.map_err(|fault| Fault { what: destination.setter(), ..fault })?;
        draft.plan.cgroup_uncounted = (way == cgroup::BORN) as u32;
        draft.plan.cgroup = if request.host.born_in_cgroup { way } else { cgroup::WRITTEN };
    }
    Ok(())
}

/// Whether what PR_SET_MEMORY_MERGE sets is the program's too. No call tells: the version of the kernel does.
pub fn ksm_lasts() -> bool {
    // SAFETY: numbers, of which any may be 0.
    let mut name: libc::utsname = unsafe { core::mem::zeroed() };
    // SAFETY: kernel contract, man 2 uname.
    if unsafe { libc::uname(&mut name) } < 0 {
        return false;
    }
    let release = name.release.map(|letter| letter as u8);
    let mut numbers =
        release.split(|letter| !letter.is_ascii_digit()).map(|digits| decimal::parse(digits).unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(6), Some(7))
}

/// The kernel lets no process of SCHED_DEADLINE make another, or a thread, unless that one is without the policy.
pub fn deadline(plan: &Plan<()>) -> Step<()> {
    let later_clone = !matches!(plan.second_clone, clone::NONE | clone::OF_IMAGE);
    if plan.deadline.get().is_some() && (plan.init != 0 || plan.listener != 0 || later_clone) {
        return Err(Fault::invalid("set_deadline", sentences::DEADLINE_ALONE));
    }
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

fn in_user_namespace(request: &Request) -> bool {
    let ns = &request.attr.ns;
    (ns.create | ns.unshare | ns.joined()) & libc::CLONE_NEWUSER as u32 != 0 || ns.second_user.is_some()
}

fn gives_up_privilege(request: &Request) -> bool {
    request.attr.ids.uid.is_some() || request.attr.caps.changes()
}

/// The limits with both halves known. Unset, NOFILE may still be restored.
fn rlimits(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.limits;
    let (mut limits, mut raises) = (Vec::new(), Vec::new());
    if let Some(raised) = asked.restore_nofile {
        restore_nofile(request, draft, raised)?;
    }
    for (index, asked) in asked.rlimits.iter().enumerate() {
        let now = current(asked.resource)?;
        let half = |asked, now| if asked == KEEP { now } else { asked };
        let limit = Rlimit64 { soft: half(asked.soft, now.soft), hard: half(asked.hard, now.hard) };
        if limit.soft > limit.hard {
            return Err(resolving(Fault::invalid("set_rlimit", sentences::SOFT_ABOVE_HARD_NOW)).at(index));
        }
        let item = Limit { limit, resource: asked.resource, index: index as i32 };
        // The limit on descriptors comes last in the child, when it may have no privilege left.
        let without_privilege = asked.resource == NOFILE && gives_up_privilege(request);
        if limit.hard > now.hard && (in_user_namespace(request) || without_privilege) {
            push(&mut raises, Limit { limit: Rlimit64 { soft: now.soft, hard: limit.hard }, ..item })?;
        }
        if asked.resource == NOFILE {
            draft.plan.nofile = Some(item).into();
        } else {
            push(&mut limits, item)?;
        }
    }
    draft.plan.rlimits = draft.arena.list(&limits)?;
    draft.plan.raises = draft.arena.list(&raises)?;
    Ok(())
}

/// The first limit on descriptors, while the caller's is what a runtime has made of it: another is what somebody wanted.
fn restore_nofile(request: &Request, draft: &mut Draft, raised: Raised) -> Step<()> {
    let Rlimit64 { soft: now, hard } = current(NOFILE)?;
    draft.nofile_now = Some(now);
    let is = |now, asked| asked == KEEP || asked == now;
    if !is(now, raised.soft) || !is(hard, raised.hard) {
        return Ok(());
    }
    let unknown = || resolving(Fault::invalid("restore_nofile", sentences::NOFILE_UNKNOWN).code(libc::EPERM));
    let soft = request.host.nofile_at_load.ok_or_else(unknown)?.min(hard);
    draft.plan.nofile = Some(Limit { limit: Rlimit64 { soft, hard }, resource: NOFILE, index: -1 }).into();
    Ok(())
}

/// getrlimit(2)
pub(super) fn current(resource: u32) -> Step<Rlimit64> {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: kernel contract, man 2 getrlimit.
    if unsafe { libc::prlimit64(0, resource as _, core::ptr::null(), &mut limit) } < 0 {
        return Err(Fault::unresolved("set_rlimit"));
    }
    Ok(Rlimit64 { soft: limit.rlim_cur, hard: limit.rlim_max })
}

/// Numbers as a set of bits.
fn bits(numbers: &[u32], draft: &mut Draft) -> Step<super::sealed::List<u64>> {
    let words = numbers.iter().max().map_or(0, |highest| highest / 64 + 1);
    let mut mask: Vec<u64> = Vec::new();
    mask.try_reserve_exact(words as usize).map_err(|_| Fault::no_memory())?;
    mask.extend(
        (0..words)
            .map(|word| numbers.iter().filter(|one| *one / 64 == word).fold(0, |bits, one| bits | 1 << (one % 64))),
    );
    draft.arena.list(&mask)
}

const CGROUP_V1: libc::c_long = 0x27_e0eb;
const CGROUP_V2: libc::c_long = 0x6367_7270;

/// Born in it at once, from the caller's memory, where nothing in there is a danger to the caller.
fn cgroup_way(directory: BorrowedFd) -> Step<u32> {
    let none = || Err(resolving(Fault::invalid("set_cgroup_fd", sentences::NO_CGROUP)));
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

fn resolving(fault: Fault) -> Fault {
    Fault { stage: Stage::Resolve, ..fault }
}

fn frozen_cgroup() -> Fault {
    resolving(Fault::invalid("set_cgroup_fd", sentences::CGROUP_FROZEN).code(libc::EBUSY))
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
    let caller = ids::effective_uid()?;
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
