//! What this host allows, found out by trying. Each feature is tried by a small request to the library itself, so a spawn meets
//! the same. The reason of a no is a sentence that names a remedy.

// A reason is large because it has its text in itself, and not on the heap.
#![allow(clippy::large_enum_variant, clippy::result_large_err)]

use crate::attr::Attr;
use crate::attr::exec::mode;
use crate::attr::mount_item::flag;
use crate::attr::ns::IdRange;
use crate::attr::prepared::Prepared;
use crate::base::decimal;
use crate::cgroup::place::{self, Trouble};
use crate::errno;
use crate::fallible::Reserved;
use crate::parent::{self, Child, Failure, chroot, host, procfs, trial};
use crate::plan::{Bytes, Purpose, Request, Strings, ksm_lasts};
use crate::prepared::prepare;
use crate::sentences::{self, Sentence};
use crate::stage::Row;
use crate::sys::abi::{PR_GET_MEMORY_MERGE, PR_SCHED_CORE, PR_SCHED_CORE_CREATE};
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;
use core::fmt::{Display, Write};
use nix::errno::Errno as Number;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;

/// Why a feature is missing. The text is not on the heap, so that no memory is needed.
pub struct Reason {
    text: [u8; 400],
    length: usize,
}

impl Reason {
    fn new(text: impl Display) -> Reason {
        let mut reason = Reason { text: [0; 400], length: 0 };
        // Longer than any reason: the rest would be cut.
        let _ = write!(reason, "{text}");
        reason
    }

    pub fn as_str(&self) -> &str {
        self.text.get(..self.length).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or("")
    }
}

impl Write for Reason {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.text.get_mut(self.length..).and_then(|room| room.get_mut(..text.len()));
        room.ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

/// Why the answer is not yes.
pub enum No {
    Because(Reason),
    /// It could not be tried.
    NotNow(Number),
}

type Probed = Result<(), No>;

fn because<T>(sentence: Sentence) -> Result<T, No> {
    Err(No::Because(Reason::new(sentence)))
}

/// Whether an errno is about this moment, and says nothing about the host.
fn passes(code: i32) -> bool {
    matches!(code, libc::ENOMEM | libc::EAGAIN | libc::EMFILE | libc::ENFILE)
}

fn no_memory(_: impl Sized) -> No {
    No::NotNow(Number::ENOMEM)
}

/// A feature; the numbers are ABI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feature {
    Clone3 = 1,
    CloseRange = 2,
    Pidfd = 3,
    SharedMemory = 4,
    Image = 5,
    UserNamespace = 6,
    BirthInCgroup = 7,
    TimeNamespace = 8,
    Seccomp = 9,
    Landlock = 10,
    SeccompListener = 11,
    OwnCgroup = 12,
    OwnCore = 13,
    Utilization = 14,
    NumaPolicy = 15,
    Ksm = 16,
    LandlockUnix = 17,
    LandlockUdp = 18,
    Tun = 19,
    PreparedRoot = 20,
    Overlay = 21,
}

const FEATURES: [Feature; 21] = [
    Feature::Clone3,
    Feature::CloseRange,
    Feature::Pidfd,
    Feature::SharedMemory,
    Feature::Image,
    Feature::UserNamespace,
    Feature::BirthInCgroup,
    Feature::TimeNamespace,
    Feature::Seccomp,
    Feature::Landlock,
    Feature::SeccompListener,
    Feature::OwnCgroup,
    Feature::OwnCore,
    Feature::Utilization,
    Feature::NumaPolicy,
    Feature::Ksm,
    Feature::LandlockUnix,
    Feature::LandlockUdp,
    Feature::Tun,
    Feature::PreparedRoot,
    Feature::Overlay,
];

impl Feature {
    pub fn of(number: u32) -> Option<Feature> {
        FEATURES.into_iter().find(|feature| *feature as u32 == number)
    }

    /// `Err` says why not.
    pub fn probe(self) -> Probed {
        match self {
            Feature::Clone3 => asked(trial::clone3, sentences::NO_CLONE3),
            Feature::CloseRange => asked(|| sys::close_range(u32::MAX, u32::MAX, 0), sentences::NO_CLOSE_RANGE),
            Feature::Pidfd => asked(|| sys::pidfd_open(sys::getpid()).map(drop), sentences::NO_PIDFD),
            Feature::SharedMemory => memory_is_shared(),
            Feature::BirthInCgroup => asked(trial::clone3, sentences::NO_BIRTH_IN_CGROUP),
            Feature::Image => image(),
            Feature::UserNamespace => user_namespace(),
            Feature::Seccomp => asked(
                // A kernel with seccomp answers EFAULT to a filter at NULL, and changes nothing.
                sys::has_seccomp,
                sentences::NO_SECCOMP,
            ),
            Feature::SeccompListener => {
                asked(|| yes(sys::seccomp_action_is_known(libc::SECCOMP_RET_USER_NOTIF)), sentences::NO_LISTENER)
            }
            Feature::Landlock => landlock(LANDLOCK, sentences::OLD_LANDLOCK),
            Feature::LandlockUnix => landlock(9, sentences::LANDLOCK_WITHOUT),
            Feature::LandlockUdp => landlock(10, sentences::LANDLOCK_WITHOUT),
            Feature::TimeNamespace => time_namespace(),
            Feature::OwnCgroup => own_cgroup(),
            Feature::OwnCore => {
                asked(|| sys::prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0).map(drop), sentences::NO_OWN_CORE)
            }
            Feature::Utilization => asked(|| sys::clamp_utilization(0, 1024), sentences::NO_UTILIZATION),
            Feature::Ksm if !ksm_lasts() => because(sentences::NO_KSM),
            Feature::Ksm => asked(|| sys::prctl(PR_GET_MEMORY_MERGE, 0, 0).map(drop), sentences::NO_KSM),
            Feature::NumaPolicy => asked(|| sys::set_mempolicy(0, &[]), sentences::NO_NUMA),
            Feature::Tun => asked(has_tun, sentences::NO_TUN),
            Feature::PreparedRoot => prepared_root(),
            Feature::Overlay => overlay(),
        }
    }
}

/// Nothing is made: opening /dev/net/tun makes no device yet.
fn has_tun() -> Answer {
    // SAFETY: the path is NUL-terminated.
    let fd =
        unsafe { sys::openat(libc::AT_FDCWD, c"/dev/net/tun".as_ptr().cast(), libc::O_RDWR | libc::O_CLOEXEC, 0)? };
    sys::close(fd)
}

/// Nothing is made: this only asks what may be written.
fn own_cgroup() -> Probed {
    // In a longer reason the path would be cut.
    const MOST: usize = 390;
    let mut text = [0; 4096];
    match place::own(&mut text) {
        Ok(()) => Ok(()),
        Err(Trouble::NotNow(errno)) => Err(No::NotNow(errno)),
        Err(Trouble::NoCgroup2) => because(sentences::NO_CGROUP2),
        Err(Trouble::Unknown) => because(sentences::OWN_CGROUP_UNKNOWN),
        Err(Trouble::Readonly) => because(sentences::OWN_CGROUP_READONLY),
        Err(Trouble::NotDelegated(path)) => {
            let path = Bytes(path);
            let why = sentences::OWN_CGROUP_NOT_DELEGATED;
            Err(No::Because(Reason::new(format_args!("{:.MOST$}", why.with(&[&path])))))
        }
        Err(Trouble::Lacks(path, [memory, pids, cpu])) => {
            let path = Bytes(path);
            let blank = |name: &str| if name.is_empty() { "" } else { " " };
            let lacking = format_args!("{}{memory}{}{pids}{}{cpu}", blank(memory), blank(pids), blank(cpu));
            let why = sentences::OWN_CGROUP_LACKS;
            Err(No::Because(Reason::new(format_args!("{:.MOST$}", why.with(&[&path, &lacking])))))
        }
    }
}

fn memory_is_shared() -> Probed {
    match host::memory_is_shared() {
        Ok(true) => Ok(()),
        Ok(false) => because(sentences::MEMORY_NOT_SHARED),
        Err((_, errno)) => Err(untried(errno as i32)),
    }
}

/// Asks the kernel, in a child.
fn asked(question: fn() -> Answer, why_not: Sentence) -> Probed {
    match trial::ask(question) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => because(why_not),
        Err(Errno(code)) => Err(untried(code)),
    }
}

/// The child that was to be asked could not be made.
fn untried(code: i32) -> No {
    match passes(code) {
        true => No::NotNow(Number::from_raw(code)),
        false => No::Because(Reason::new(sentences::NO_CHILD.with(&[&errno::Text(code)]))),
    }
}

/// The question, which runs in a child. 0 is yes.
fn yes(answer: bool) -> Answer {
    if answer { Ok(()) } else { Err(Errno(libc::ENOSYS)) }
}

fn has_time_namespaces() -> Answer {
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::openat(libc::AT_FDCWD, c"/proc/self/ns/time".as_ptr().cast(), libc::O_PATH | libc::O_CLOEXEC, 0) }
        .map(drop)
}

/// The Landlock version that knows all accesses which are denied by default, and the scopes.
const LANDLOCK: i32 = 6;

fn landlock(needed: i32, too_old: Sentence) -> Probed {
    // No version is as high as this number, so it is not taken for one.
    const VERSIONS: i32 = 4096;
    let version = || sys::landlock_version().and_then(|version| Err(Errno(VERSIONS + version as i32)));
    let answer = match trial::ask(version) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(Errno(answer))) => answer,
        Err(Errno(code)) => return Err(untried(code)),
    };
    match answer - VERSIONS {
        version if version >= needed => Ok(()),
        version @ 0.. => Err(No::Because(Reason::new(too_old.with(&[&version])))),
        _ if answer == libc::EOPNOTSUPP => because(sentences::LANDLOCK_OFF),
        _ => because(sentences::LANDLOCK_MISSING),
    }
}

/// Tries to make a holder.
fn hold(attr: &Attr) -> Result<(), Failure> {
    // SAFETY: NULL is no vector at all.
    let none = unsafe { Strings::new(core::ptr::null()) };
    let host = host::host();
    let request = Request { attr, path: None, argv: none, envp: none, purpose: Purpose::Hold, host };
    let memory = Reserved::<Child>::new().map_err(|_| Failure::not_now(Number::ENOMEM, sentences::NOTHING))?;
    parent::start(request, memory).map(drop)
}

/// Whether a seccomp filter kills the process that makes a system call which a spawn makes: it would kill the caller.
fn is_deadly() -> bool {
    let calls = || {
        let _ = trial::clone3();
        let _ = trial::clone_user_namespace();
        // SAFETY: the name is a NUL-terminated literal.
        let _ = unsafe { sys::memfd(c"forkexec".as_ptr().cast(), libc::MFD_CLOEXEC) };
        let _ = sys::pidfd_open(sys::getpid());
        let _ = sys::pipe();
        let _ = sys::eventfd();
        Ok(())
    };
    trial::ask(calls) == Ok(Err(Errno(libc::ECANCELED)))
}

fn image() -> Probed {
    if is_deadly() {
        return because(sentences::DEADLY_FILTER);
    }
    let mut attr = Attr::default();
    attr.exec.memory_mode = mode::FRESH;
    match hold(&attr) {
        Ok(()) => Ok(()),
        Err(Failure { code, .. }) if passes(code) => Err(No::NotNow(Number::from_raw(code))),
        _ => because(sentences::NO_IMAGE),
    }
}

fn user_namespace() -> Probed {
    if is_deadly() {
        return because(sentences::DEADLY_FILTER);
    }
    let mut attr = Attr::default();
    // AppArmor may allow the namespace, but permit nothing in it: so the child does something in there.
    if restricted_by_apparmor() {
        attr.ns.create = libc::CLONE_NEWUTS as u32;
        attr.ns.set_hostname(c"probe").map_err(no_memory)?;
    }
    with_user_namespace(&mut attr)?;
    tried(hold(&attr))
}

/// A user namespace in which the caller's ids are 0.
fn with_user_namespace(attr: &mut Attr) -> Probed {
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    attr.ns.create |= libc::CLONE_NEWUSER as u32;
    let ns = &mut *attr.ns;
    let maps = [(&mut ns.uid_map, uid), (&mut ns.gid_map, gid)];
    for (map, id) in maps {
        crate::fallible::push(map, IdRange { inside: 0, outside: id, count: 1 }).map_err(no_memory)?;
    }
    Ok(())
}

/// A holder that has entered a new time namespace. If the caller has no privilege for that, in a new user namespace.
fn time_namespace() -> Probed {
    if is_deadly() {
        return because(sentences::DEADLY_FILTER);
    }
    let trouble = procfs::trouble();
    if !trouble.is_empty() {
        return Err(No::Because(Reason::new(sentences::TIME_WITHOUT_PROC.with(&[&trouble]))));
    }
    asked(has_time_namespaces, sentences::NO_TIME)?;
    let mut attr = Attr::default();
    attr.ns.create = libc::CLONE_NEWTIME as u32;
    match hold(&attr) {
        Err(Failure { code: libc::EPERM, .. }) => {
            with_user_namespace(&mut attr)?;
            tried(hold(&attr))
        }
        held => tried(held),
    }
}

/// Prepares an empty root; without privilege for that, in a user namespace.
fn prepared_root() -> Probed {
    if is_deadly() {
        return because(sentences::DEADLY_FILTER);
    }
    let mut attr = Attr::default();
    attr.ns.create = libc::CLONE_NEWNS as u32;
    attr.mounts.set_root(None, flag::READONLY).map_err(no_memory)?;
    let mut made = prepare(&attr);
    if made.as_ref().is_err_and(|failure| failure.code == libc::EPERM) {
        with_user_namespace(&mut attr)?;
        made = prepare(&attr);
    }
    match made {
        Ok(Prepared { tree: None, .. }) => because(sentences::NO_TREE),
        made => tried(made.map(drop)),
    }
}

/// A holder with an overlay in memory, in a new user namespace.
fn overlay() -> Probed {
    if is_deadly() {
        return because(sentences::DEADLY_FILTER);
    }
    // A directory with a mount below it cannot be in an overlay there.
    let lower = if is_directory(c"/usr") { c"/usr" } else { c"/" };
    let mut attr = Attr::default();
    with_user_namespace(&mut attr)?;
    attr.ns.create |= libc::CLONE_NEWNS as u32;
    attr.mounts.set_root(None, 0).map_err(no_memory)?;
    let flags = flag::CREATE | flag::IN_MEMORY;
    let lowers = core::iter::once(Ok(lower));
    attr.mounts.mount_overlay(lowers, (None, None), c"/overlay", flags).map_err(no_memory)?;
    tried(hold(&attr))
}

fn is_directory(path: &CStr) -> bool {
    openat(AT_FDCWD, path, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()).is_ok()
}

/// The result of a request, with a new user namespace if it fails without one.
fn tried(held: Result<(), Failure>) -> Probed {
    match held {
        Ok(()) => Ok(()),
        Err(Failure { code, .. }) if passes(code) => Err(No::NotNow(Number::from_raw(code))),
        // The user namespace was had.
        Err(failure) if failure.stage.is_of_mounts() => Err(No::Because(Reason::new(failure))),
        Err(failure) => {
            let Failure { stage, code, .. } = failure;
            let step = Row::of(stage as u32).map_or("", Row::plain_name);
            let (errno, why, remedy) = (errno::Text(code), failure.why(), restriction(code));
            let colon = if why.is_empty() { "" } else { ": " };
            let semicolon = if remedy.is_empty() { "" } else { "; " };
            Err(No::Because(Reason::new(format_args!("{step}: {errno}{colon}{why}{semicolon}{remedy}"))))
        }
    }
}

/// What is known to forbid user namespaces. Two of the sysctls and AppArmor are about callers without CAP_SYS_ADMIN.
fn restriction(code: i32) -> Sentence {
    match code {
        libc::ENOSPC if sysctl(c"/proc/sys/user/max_user_namespaces") == Some(0) => sentences::MAX_USER_NAMESPACES,
        libc::ENOSPC | libc::EUSERS => sentences::TOO_MANY_USER_NAMESPACES,
        libc::EPERM | libc::EACCES => forbidden(),
        _ => sentences::NOTHING,
    }
}

/// CAP_SYS_ADMIN
const SYS_ADMIN: u32 = 21;

#[cold]
fn forbidden() -> Sentence {
    let privileged = sys::capabilities().is_ok_and(|[effective, _]| effective >> SYS_ADMIN & 1 != 0);
    if chroot::is_found() {
        sentences::CALLER_IN_CHROOT
    } else if !privileged && sysctl(c"/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        sentences::USERNS_CLONE
    } else if !privileged && restricted_by_apparmor() {
        sentences::APPARMOR_USERNS
    } else if is_filtered() {
        sentences::FILTER_USERNS
    } else if !procfs::trouble().is_empty() {
        sentences::UNKNOWN_WITHOUT_PROC
    } else {
        sentences::UNKNOWN_USERNS
    }
}

fn sysctl(path: &CStr) -> Option<u64> {
    let file = openat(AT_FDCWD, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 24];
    let length = nix::unistd::read(&file, &mut text).ok()?;
    decimal::parse(text.get(..length)?.trim_ascii_end())
}

fn restricted_by_apparmor() -> bool {
    sysctl(c"/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1)
}

fn is_filtered() -> bool {
    // SAFETY: kernel contract, PR_GET_SECCOMP(2const): it takes no pointer; without filters there is no answer but 0.
    let mode = unsafe { libc::prctl(libc::PR_GET_SECCOMP) };
    mode == libc::SECCOMP_MODE_FILTER as i32
}
