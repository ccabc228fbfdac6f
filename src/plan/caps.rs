//! Capabilities: the exact sets at every step, and how the caller's sets survive the exec of the image.

use super::caller;
use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{CapSets, Credentials, mode};
use crate::attr::mount_item::Item;
use crate::sentences;
use crate::sys::abi::{CAP_VERSION_3, CapData, CapHeader};
use crate::sys::{self, Errno};
use core::sync::atomic::{AtomicU32, Ordering};

const SETPCAP: u64 = 1 << 8;
/// To bind a port below 1024.
const NET_BIND_SERVICE: u64 = 1 << 10;
const SECBIT_NOROOT: i32 = 1;

/// The capabilities that a child, or an init, can use in a user namespace that it is born in: CHOWN, DAC_OVERRIDE,
/// DAC_READ_SEARCH, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_ADMIN, SYS_CHROOT, SYS_ADMIN and SYS_TIME. No step of
/// ours uses another.
const ON_THE_WAY: u64 = 0xff | SETPCAP | 1 << 12 | 1 << 18 | 1 << 21 | 1 << 25;
const SETFCAP: u64 = 1 << 31;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.caps;
    draft.plan.no_new_privs = asked.no_new_privs as u32;
    if draft.plan.mode == mode::SHARED { Ok(()) } else { in_own_memory(request, draft) }
}

/// The rest for a child whose credentials are not the caller's.
#[inline(never)]
fn in_own_memory(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.caps;
    let born_in_user_namespace = draft.plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0;
    let mut before =
        if born_in_user_namespace { born_with(carried(request, draft, full(request)?)) } else { of_this_thread()? };
    let enters_one = draft.plan.unshare_user != 0 || draft.plan.joins_user != 0;
    if draft.plan.mode == mode::FRESH {
        survive_image(&before, born_in_user_namespace, draft)?;
        // The caller has all capabilities. The image has them too, and the user namespace that the child enters gives all of
        // them anew.
        if enters_one && before.sets.effective == full(request)? {
            draft.plan.credentials = None.into();
        }
    }
    // The mounts are made before the second, with what the child has until then.
    let enters_one = enters_one || draft.plan.second_user_namespace >= 0;
    let in_user_namespace = born_in_user_namespace || enters_one;
    if enters_one {
        before = born_with(full(request)?);
    }
    if asked.changes() {
        let lowers = asked.bounding.is_some() || asked.drop;
        let bounded = match in_user_namespace {
            true => full(request)?,
            false if lowers => bounding_of_this_thread(full(request)?)?,
            false => 0,
        };
        change(request, &before, bounded, draft);
    }
    Ok(())
}

static LAST_CAP: AtomicU32 = AtomicU32::new(u32::MAX);

/// The set of all capabilities that the kernel knows.
pub(super) fn full(request: &Request) -> Step<u64> {
    let last = match (request.host.last_cap, LAST_CAP.load(Ordering::Relaxed)) {
        (Some(last), _) => last,
        (None, u32::MAX) => learn_last_cap()?,
        (None, last) => last,
    };
    Ok(u64::MAX >> (63 - last.min(63)))
}

/// CAP_BLOCK_SUSPEND, the last capability of Linux 3.5. Every kernel that this library runs on has it.
const OLDEST_LAST_CAP: u32 = 36;

/// The kernel answers EINVAL for a capability that does not exist, and for all above it. Any other error comes from a
/// seccomp filter, and says nothing about the kernel. Nothing is asked about the lower capabilities, which every kernel has: that
/// would be 36 system calls more.
#[cold]
fn learn_last_cap() -> Step<u32> {
    let mut last = None;
    for cap in OLDEST_LAST_CAP..64 {
        match (in_bounding_set(cap), last) {
            (Ok(_), None) => (),
            (Err(libc::EINVAL), None) if cap > OLDEST_LAST_CAP => last = Some(cap - 1),
            (Err(libc::EINVAL), Some(_)) => (),
            (Ok(_), Some(_)) => return Err(unreadable(libc::EINVAL)),
            (Err(code), _) => return Err(unreadable(code)),
        }
    }
    let last = last.unwrap_or(63);
    LAST_CAP.store(last, Ordering::Relaxed);
    Ok(last)
}

#[cold]
fn unreadable(code: i32) -> Fault {
    Fault::unresolved(sentences::ABOUT_BOUNDING.text()).code(code)
}

/// PR_CAPBSET_READ(2const)
fn in_bounding_set(cap: u32) -> Result<bool, i32> {
    sys::prctl(libc::PR_CAPBSET_READ, cap as usize, 0).map(|set| set != 0).map_err(|Errno(code)| code)
}

/// Which of its capabilities the first process of a user namespace carries through the exec of the image. Each costs a
/// system call, so a holder, and a child whose program gets none, carry only those that they use. For a program all are
/// carried: the exec of a program by root gives it what the bounding set has, and a process that gains a capability by an
/// exec loses its parent-death signal and is not dumpable. All are carried as well for a mount whose file system acts later
/// with the capabilities of the process that mounted it.
fn carried(request: &Request, draft: &Draft, full: u64) -> u64 {
    let mounts = request.attr.mounts.items().any(may_act_as_mounter);
    let takes_all = draft.plan.mode != mode::FRESH || mounts || draft.plan.execs != 0 && !request.attr.caps.drop;
    // Without CAP_SETFCAP the kernel does not let a process map id 0 into a second user namespace.
    let maps_inner = if draft.plan.inner_uid_map.is_empty() { 0 } else { SETFCAP };
    let binds = if draft.plan.listens.is_empty() { 0 } else { NET_BIND_SERVICE };
    if takes_all { full } else { full & (ON_THE_WAY | maps_inner | binds) }
}

/// Whether a file system may act later with the capabilities of the process that mounted it, as overlayfs does. A bind
/// mount, and a change of its flags, makes no file system.
fn may_act_as_mounter(item: &Item) -> bool {
    let Item::Mount { kind, flags, .. } = item else { return matches!(item, Item::Overlay { .. }) };
    let never = [c"tmpfs", c"proc", c"sysfs", c"devpts", c"mqueue"];
    let makes_such = flags & libc::MS_REMOUNT == 0 && kind.as_ref().is_some_and(|kind| never.contains(&kind.as_cstr()));
    flags & libc::MS_BIND == 0 && !makes_such
}

/// The sets of the first process of a user namespace, and of a process that enters one: everything in that namespace.
fn born_with(full: u64) -> Credentials {
    Credentials { sets: CapSets { effective: full, permitted: full, inheritable: 0 }, ambient: 0 }
}

/// capget(2), PR_CAP_AMBIENT_IS_SET
fn of_this_thread() -> Step<Credentials> {
    let header = CapHeader { version: CAP_VERSION_3, pid: 0 };
    let mut words = [CapData::default(); 2];
    // SAFETY: kernel contract, man 2 capget: version 3 fills two words.
    if unsafe { libc::syscall(libc::SYS_capget, &header, words.as_mut_ptr()) } < 0 {
        return Err(Fault::unresolved("capget"));
    }
    let [low, high] = words;
    let join = |low: u32, high: u32| low as u64 | (high as u64) << 32;
    let sets = CapSets {
        effective: join(low.effective, high.effective),
        permitted: join(low.permitted, high.permitted),
        inheritable: join(low.inheritable, high.inheritable),
    };
    // An ambient capability is always inheritable as well. Most callers have no inheritable one, and so there is nothing to
    // ask.
    let mut ambient = 0;
    for cap in (0..64).filter(|cap| sets.inheritable >> cap & 1 != 0) {
        match sys::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET as usize, cap) {
            Ok(set) => ambient |= u64::from(set != 0) << cap,
            // Kernels before 4.3 have no ambient set.
            Err(Errno(libc::EINVAL)) => (),
            Err(Errno(code)) => return Err(Fault::unresolved(sentences::ABOUT_AMBIENT.text()).code(code)),
        }
    }
    Ok(Credentials { sets, ambient })
}

/// The bounding set of this thread, as far as the kernel knows the capabilities.
fn bounding_of_this_thread(full: u64) -> Step<u64> {
    let mut bounded = 0;
    for cap in (0..64).filter(|cap| full >> cap & 1 != 0) {
        bounded |= u64::from(in_bounding_set(cap).map_err(unreadable)?) << cap;
    }
    Ok(bounded)
}

/// Plans how the caller's capabilities survive the exec of the image: those of root survive if they are inheritable, those
/// of all others only if they are ambient too.
fn survive_image(before: &Credentials, in_user_namespace: bool, draft: &mut Draft) -> Step<()> {
    let CapSets { permitted, inheritable, .. } = before.sets;
    // In a new user namespace the child has the overflow uid until it is mapped.
    let is_root = !in_user_namespace && is_root()?;
    if permitted != 0 {
        let sets = CapSets { inheritable: inheritable | permitted, ..before.sets };
        draft.plan.carry = Some(Credentials { sets, ambient: if is_root { 0 } else { permitted } }).into();
    }
    // An exec by root also gives back what the caller had given up: so the caller's sets are restored in the image.
    if permitted != 0 || is_root {
        draft.plan.credentials = Some(*before).into();
    }
    Ok(())
}

/// Whether exec treats this thread as root.
fn is_root() -> Step<bool> {
    // SAFETY: kernel contract, man 2const PR_GET_SECUREBITS.
    let securebits = unsafe { libc::prctl(libc::PR_GET_SECUREBITS) };
    if securebits < 0 {
        return Err(Fault::unresolved("securebits"));
    }
    // The real uid equals the effective one: otherwise there is no image, see `caller::ids_outlive_exec`.
    Ok(securebits & SECBIT_NOROOT == 0 && caller::effective_uid()? == 0)
}

fn change(request: &Request, before: &Credentials, bounded: u64, draft: &mut Draft) {
    let asked = &request.attr.caps;
    let plan = &mut draft.plan;
    let dropped = asked.drop.then_some(0);
    // Without CAP_SETPCAP the bounding set cannot be lowered. It need not be: with no_new_privs and no capability left, no
    // exec grants one.
    let unreachable = asked.drop && asked.no_new_privs && before.sets.effective & SETPCAP == 0;
    if let Some(bounding) = asked.bounding.or(dropped).filter(|_| !unreachable) {
        // A capability that is not in the bounding set any more needs no privilege to be dropped.
        plan.bounding_drop = bounded & !bounding;
    }
    let wanted = [asked.permitted, asked.effective, asked.inheritable, asked.ambient];
    let changes_uid = plan.uid.get().is_some();
    // The securebits are set after the change of uid, which therefore must leave CAP_SETPCAP, even if all capabilities are
    // dropped at the end.
    let any_set = !asked.drop && wanted.iter().any(Option::is_some);
    let keeps = changes_uid && (asked.securebits.is_some() || any_set);
    let mut now = before.sets;
    if keeps {
        plan.keep_caps = 1;
        now.effective = now.permitted;
        plan.regain = Some(now).into();
    }
    plan.securebits = asked.securebits.into();
    if let Some(ambient) = asked.ambient {
        now = CapSets { inheritable: now.inheritable | ambient, ..now };
        plan.ambient = Some(Credentials { sets: now, ambient }).into();
    }
    // Capabilities that were only kept over the change of uid are not effective later: a program that is not root would open
    // its files with them.
    let only_kept = keeps && plan.uid.get() != Some(0);
    if asked.drop || only_kept || wanted.iter().take(3).any(Option::is_some) {
        let permitted = asked.permitted.or(dropped).unwrap_or(now.permitted);
        let stays = if only_kept { asked.ambient.unwrap_or(0) } else { now.effective };
        let sets = CapSets {
            permitted,
            effective: asked.effective.or(dropped).unwrap_or(stays & permitted),
            inheritable: asked.inheritable.or(dropped).unwrap_or(now.inheritable),
        };
        plan.capabilities = Some(sets).into();
    }
}
