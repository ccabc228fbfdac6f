//! Capabilities: the exact sets at every step, and how they survive the exec of the image.

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
/// For a socket that is to listen.
const NET_BIND_SERVICE: u64 = 1 << 10;
const SECBIT_NOROOT: i32 = 1;

/// What a child may use on its way in a user namespace that it is born in, and an init behind it: CHOWN, DAC_OVERRIDE,
/// DAC_READ_SEARCH, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_ADMIN, SYS_CHROOT, SYS_ADMIN and SYS_TIME. Others
/// would do nothing there.
const ON_THE_WAY: u64 = 0xff | SETPCAP | 1 << 12 | 1 << 18 | 1 << 21 | 1 << 25;
const SETFCAP: u64 = 1 << 31;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.caps;
    draft.plan.no_new_privs = asked.no_new_privs as u32;
    if draft.plan.mode == mode::SHARED { Ok(()) } else { in_own_memory(request, draft) }
}

/// The same for a child whose credentials are its own.
#[inline(never)]
fn in_own_memory(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.caps;
    let born_in_user_namespace = draft.plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0;
    let mut before =
        if born_in_user_namespace { born_with(carried(request, draft, full(request)?)) } else { of_this_thread()? };
    let enters_one = draft.plan.unshare_user != 0 || draft.plan.joins_user != 0;
    if draft.plan.mode == mode::FRESH {
        survive_image(&before, born_in_user_namespace, draft)?;
        // All are effective, and so permitted: what the image has too, and what is entered gives it all anew.
        if enters_one && before.sets.effective == full(request)? {
            draft.plan.credentials = None.into();
        }
    }
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

/// All capabilities that the kernel knows.
pub(super) fn full(request: &Request) -> Step<u64> {
    let last = match (request.host.last_cap, LAST_CAP.load(Ordering::Relaxed)) {
        (Some(last), _) => last,
        (None, u32::MAX) => learn_last_cap()?,
        (None, last) => last,
    };
    Ok(u64::MAX >> (63 - last.min(63)))
}

/// The last capability that Linux 3.5 knows, CAP_BLOCK_SUSPEND. Every kernel that this library runs on has it.
const OLDEST_LAST_CAP: u32 = 36;

/// Of a capability that does not exist, and of all above it, the kernel says EINVAL. Any other error is a filter's, and tells
/// nothing of the kernel.
#[cold]
fn learn_last_cap() -> Step<u32> {
    let mut last = None;
    for cap in 0..64 {
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

/// What the first process of a user namespace takes along from there. Each that survives the exec of the image costs a
/// system call, so a holder, and a child that drops all in the end, take only those that they use. A program does not: to
/// root its exec gives what the bounding set has, and a process that gains a capability by an exec loses its parent-death
/// signal and is not dumpable. Nor does who mounts a file system that acts with what its mounter had.
fn carried(request: &Request, draft: &Draft, full: u64) -> u64 {
    let mounts = request.attr.mounts.items().any(may_act_as_mounter);
    let takes_all = draft.plan.mode != mode::FRESH || mounts || draft.plan.execs != 0 && !request.attr.caps.drop;
    // Without it the kernel lets nobody map id 0 into a second user namespace.
    let maps_inner = if draft.plan.inner_uid_map.is_empty() { 0 } else { SETFCAP };
    let binds = if draft.plan.listens.is_empty() { 0 } else { NET_BIND_SERVICE };
    if takes_all { full } else { full & (ON_THE_WAY | maps_inner | binds) }
}

/// Whether a file system that is mounted by name may act with its mounter's capabilities later, as overlayfs does. A bind, and
/// what changes the flags of one, makes no file system.
fn may_act_as_mounter(item: &Item) -> bool {
    let Item::Mount { kind, flags, .. } = item else { return matches!(item, Item::Overlay { .. }) };
    let never = [c"tmpfs", c"proc", c"sysfs", c"devpts", c"mqueue"];
    let makes_such = flags & libc::MS_REMOUNT == 0 && kind.as_ref().is_some_and(|kind| never.contains(&kind.as_cstr()));
    flags & libc::MS_BIND == 0 && !makes_such
}

/// The first process of a user namespace has everything in it, and so has whoever enters one.
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
    // An ambient capability is inheritable, so most callers have none to ask for.
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

/// Of all that the kernel knows.
fn bounding_of_this_thread(full: u64) -> Step<u64> {
    let mut bounded = 0;
    for cap in (0..64).filter(|cap| full >> cap & 1 != 0) {
        bounded |= u64::from(in_bounding_set(cap).map_err(unreadable)?) << cap;
    }
    Ok(bounded)
}

/// exec leaves root its capabilities if they are inheritable, and everybody else's if they are ambient too.
fn survive_image(before: &Credentials, in_user_namespace: bool, draft: &mut Draft) -> Step<()> {
    let CapSets { permitted, inheritable, .. } = before.sets;
    // In a new user namespace the child is nobody until it is mapped.
    let is_root = !in_user_namespace && is_root()?;
    if permitted != 0 {
        let sets = CapSets { inheritable: inheritable | permitted, ..before.sets };
        draft.plan.carry = Some(Credentials { sets, ambient: if is_root { 0 } else { permitted } }).into();
    }
    // To root the exec gives even what the caller has given up.
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
    // The real id is the effective one, or there would be no image.
    Ok(securebits & SECBIT_NOROOT == 0 && caller::effective_uid()? == 0)
}

fn change(request: &Request, before: &Credentials, bounded: u64, draft: &mut Draft) {
    let asked = &request.attr.caps;
    let plan = &mut draft.plan;
    let dropped = asked.drop.then_some(0);
    // Without privilege to lower the bounding set nothing in it can be had, once no exec grants any.
    let unreachable = asked.drop && asked.no_new_privs && before.sets.effective & SETPCAP == 0;
    if let Some(bounding) = asked.bounding.or(dropped).filter(|_| !unreachable) {
        // What is gone already needs no privilege to be dropped.
        plan.bounding_drop = bounded & !bounding;
    }
    let wanted = [asked.permitted, asked.effective, asked.inheritable, asked.ambient];
    let changes_uid = plan.uid.get().is_some();
    // Securebits are set after the change of uid, which must then leave CAP_SETPCAP, also where all is dropped in the end.
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
    // What is kept for a program that is not root is not for its files to be opened with.
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
