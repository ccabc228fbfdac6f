//! What this host allows, found out by trying: every feature is a small request to the library itself, so the answer
//! cannot differ from what a spawn would meet. Reasons are sentences that name a remedy.

// A reason is large because it lies in no memory that could be short.
#![allow(clippy::large_enum_variant, clippy::result_large_err)]

use crate::attr::Attr;
use crate::attr::exec::mode;
use crate::attr::ns::IdRange;
use crate::attr::owned::Room;
use crate::parent::{self, Child, Failure, chroot, host, procfs, trial};
use crate::plan::{Purpose, Request, Strings};
use crate::stage::Row;
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;
use core::fmt::{Arguments, Write};
use nix::errno::Errno as Number;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;

/// Why a feature is not there: text in a place of its own, so that no memory is needed.
pub struct Reason {
    text: [u8; 400],
    length: usize,
}

impl Reason {
    fn new(text: Arguments) -> Reason {
        let mut reason = Reason { text: [0; 400], length: 0 };
        // Longer than any of them: what does not fit would be cut.
        let _ = reason.write_fmt(text);
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

fn because<T>(text: Arguments) -> Result<T, No> {
    Err(No::Because(Reason::new(text)))
}

/// Whether an errno says nothing about the host.
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
}

const FEATURES: [Feature; 11] = [
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
];

impl Feature {
    pub fn of(number: u32) -> Option<Feature> {
        FEATURES.into_iter().find(|feature| *feature as u32 == number)
    }

    /// `Err` says why not.
    pub fn probe(self) -> Probed {
        let kernel = |has: bool, why: &str| if has { Ok(()) } else { because(format_args!("{why}")) };
        match self {
            Feature::Clone3 => kernel(
                trial::ask(trial::clone3).is_ok(),
                "clone3(2) is missing or filtered: Linux 5.5 has it, and container runtimes whose seccomp profile \
                 refuses it have newer profiles; clone(2) is used instead",
            ),
            Feature::CloseRange => kernel(
                trial::ask(|| sys::close_range(u32::MAX, u32::MAX, 0)).is_ok(),
                "close_range(2) is missing or filtered: Linux 5.9 has it; descriptors are closed one by one instead",
            ),
            Feature::Pidfd => kernel(
                trial::ask(|| sys::pidfd_open(sys::getpid()).map(drop)).is_ok(),
                "pidfd_open(2) is missing or filtered: Linux 5.3 has it; a pipe tells the owner's death instead",
            ),
            Feature::SharedMemory => kernel(
                memory_is_shared()?,
                "a child does not share memory here, as under valgrind or qemu-user: the caller's memory is copied instead",
            ),
            Feature::BirthInCgroup => kernel(
                trial::ask(trial::clone3).is_ok(),
                "clone3(2) is missing or filtered, so children are written into their cgroup after birth, which is slow",
            ),
            Feature::Image => image(),
            Feature::UserNamespace => user_namespace(),
            Feature::Seccomp => kernel(
                // A kernel that has them finds no filter at NULL, and nothing is changed.
                trial::ask(sys::has_seccomp).is_ok(),
                "seccomp(2) is missing or filtered: Linux 3.17 has it, if it is built with CONFIG_SECCOMP_FILTER",
            ),
            Feature::SeccompListener => kernel(
                trial::ask(|| yes(sys::seccomp_action_is_known(libc::SECCOMP_RET_USER_NOTIF))).is_ok(),
                "seccomp(2) is missing, filtered, or without SECCOMP_RET_USER_NOTIF: Linux 5.5 has all that is needed",
            ),
            Feature::Landlock => landlock(),
            Feature::TimeNamespace => time_namespace(),
        }
    }
}

fn memory_is_shared() -> Result<bool, No> {
    host::memory_is_shared().map_err(|errno| match passes(errno as i32) {
        true => No::NotNow(errno),
        false => No::Because(Reason::new(format_args!("no child can be made: {}", errno.desc()))),
    })
}

/// What is asked in a child: 0 is yes.
fn yes(answer: bool) -> Answer {
    if answer { Ok(()) } else { Err(Errno(libc::ENOSYS)) }
}

fn has_time_namespaces() -> Answer {
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::openat(libc::AT_FDCWD, c"/proc/self/ns/time".as_ptr().cast(), libc::O_PATH | libc::O_CLOEXEC, 0) }
        .map(drop)
}

/// The version of Landlock that knows all that can be asked for here.
const LANDLOCK: i32 = 6;

fn landlock() -> Probed {
    // No version is as high as this, so it is told from an errno.
    const VERSIONS: i32 = 4096;
    let version = || sys::landlock_version().and_then(|version| Err(Errno(VERSIONS + version as i32)));
    let Err(Errno(answer)) = trial::ask(version) else { return Ok(()) };
    match answer - VERSIONS {
        LANDLOCK.. => Ok(()),
        version @ 0.. => because(format_args!(
            "Landlock has version {version} here: ports come with version 4 (Linux 6.7), the last access to files with 5 \
             (6.10), scopes with {LANDLOCK} (6.12); set_landlock_handled asks for less"
        )),
        _ if answer == libc::EOPNOTSUPP => {
            because(format_args!("Landlock is in this kernel and off: add it to the boot parameter lsm"))
        }
        _ => because(format_args!(
            "Landlock is missing or filtered: Linux 5.13 has it, if it is built with CONFIG_SECURITY_LANDLOCK",
        )),
    }
}

/// Tries to make a holder.
fn hold(attr: &Attr) -> Result<(), Failure> {
    // SAFETY: NULL is no vector at all.
    let none = unsafe { Strings::new(core::ptr::null()) };
    let host = host::host();
    let request = Request { attr, path: None, argv: none, envp: none, purpose: Purpose::Hold, host };
    let room = Room::<Child>::new().map_err(|_| Failure::not_now(Number::ENOMEM, ""))?;
    parent::start(request, room).map(drop)
}

/// Whether a seccomp filter kills whoever makes one of the calls of a spawn, as the caller itself would then be killed.
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
    trial::ask(calls) == Err(Errno(libc::ECANCELED))
}

const DEADLY: &str = "a seccomp filter kills the caller for a system call that this takes";

fn image() -> Probed {
    if is_deadly() {
        return because(format_args!("{DEADLY}"));
    }
    let mut attr = Attr::default();
    attr.exec.memory_mode = mode::FRESH;
    match hold(&attr) {
        Ok(()) => Ok(()),
        Err(Failure { code, .. }) if passes(code) => Err(No::NotNow(Number::from_raw(code))),
        _ => because(format_args!(
            "memfds cannot be executed: see the sysctl vm.memfd_noexec and the security policy; the caller's memory is \
             copied where it must not be shared, which is slow in large callers",
        )),
    }
}

fn user_namespace() -> Probed {
    if is_deadly() {
        return because(format_args!("{DEADLY}"));
    }
    let mut attr = Attr::default();
    // AppArmor lets anybody make one, in which nothing is then permitted: so something is done in it.
    if restricted_by_apparmor() {
        attr.ns.create = libc::CLONE_NEWUTS as u32;
        attr.ns.set_hostname(c"probe").map_err(no_memory)?;
    }
    with_user_namespace(&mut attr)?;
    tried(hold(&attr))
}

/// One in which the own ids are 0.
fn with_user_namespace(attr: &mut Attr) -> Probed {
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    attr.ns.create |= libc::CLONE_NEWUSER as u32;
    let ns = &mut *attr.ns;
    let maps = [(&mut ns.uid_map, uid), (&mut ns.gid_map, gid)];
    for (map, id) in maps {
        crate::attr::owned::push(map, IdRange { inside: 0, outside: id, count: 1 }).map_err(no_memory)?;
    }
    Ok(())
}

/// A holder of a time namespace, which it has entered; without privilege for that one, of a user namespace too.
fn time_namespace() -> Probed {
    if is_deadly() {
        return because(format_args!("{DEADLY}"));
    }
    let trouble = procfs::trouble();
    if !trouble.is_empty() {
        return because(format_args!("time namespaces are entered by way of /proc: {trouble}"));
    }
    if trial::ask(has_time_namespaces).is_err() {
        return because(format_args!(
            "time namespaces are not in this kernel: Linux 5.6 has them, if it is built with CONFIG_TIME_NS"
        ));
    }
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

/// What came of a request that makes a user namespace, or does without where it can.
fn tried(held: Result<(), Failure>) -> Probed {
    match held {
        Ok(()) => Ok(()),
        Err(Failure { code, .. }) if passes(code) => Err(No::NotNow(Number::from_raw(code))),
        Err(failure) => {
            let Failure { stage, code, .. } = failure;
            let step = Row::of(stage as u32).map_or("", Row::plain_name);
            let colon = if failure.why().is_empty() { "" } else { ": " };
            let reason = format_args!("{step}: {}{colon}{}", Number::from_raw(code).desc(), failure.why());
            because(format_args!("{reason}{}", restriction(code)))
        }
    }
}

/// What is known to forbid user namespaces. Two of the sysctls and AppArmor are about callers without CAP_SYS_ADMIN.
fn restriction(code: i32) -> &'static str {
    match code {
        libc::ENOSPC if sysctl(c"/proc/sys/user/max_user_namespaces") == Some(0) => {
            "; raise the sysctl user.max_user_namespaces"
        }
        libc::ENOSPC | libc::EUSERS => {
            "; there are too many of them, or of those in which this one would be: see the sysctl user.max_user_namespaces"
        }
        libc::EPERM | libc::EACCES => forbidden(),
        _ => "",
    }
}

/// CAP_SYS_ADMIN
const SYS_ADMIN: u32 = 21;

#[cold]
fn forbidden() -> &'static str {
    let privileged = sys::capabilities().is_ok_and(|[effective, _]| effective >> SYS_ADMIN & 1 != 0);
    if chroot::is_found() {
        "; the caller is in a chroot, where the kernel makes no user namespaces: enter the root by pivot_root(2) instead"
    } else if !privileged && sysctl(c"/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        "; set the sysctl kernel.unprivileged_userns_clone to 1"
    } else if !privileged && restricted_by_apparmor() {
        "; give the program an AppArmor profile with the rule userns, or set the sysctl \
         kernel.apparmor_restrict_unprivileged_userns to 0"
    } else if is_filtered() {
        "; a seccomp filter is on, as container runtimes put it on: their profile has to allow clone(2) with CLONE_NEWUSER"
    } else if !procfs::trouble().is_empty() {
        "; what forbids it cannot be told without the sysctls of /proc: in a chroot the kernel does, and a policy may"
    } else {
        "; what forbids it cannot be told: in a chroot the kernel does, and a policy may"
    }
}

fn sysctl(path: &CStr) -> Option<u64> {
    let file = openat(AT_FDCWD, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 24];
    let length = nix::unistd::read(&file, &mut text).ok()?;
    core::str::from_utf8(text.get(..length)?).ok()?.trim_ascii_end().parse().ok()
}

fn restricted_by_apparmor() -> bool {
    sysctl(c"/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1)
}

fn is_filtered() -> bool {
    // SAFETY: kernel contract, PR_GET_SECCOMP(2const): it takes no pointer; without filters there is no answer but 0.
    let mode = unsafe { libc::prctl(libc::PR_GET_SECCOMP) };
    mode == libc::SECCOMP_MODE_FILTER as i32
}
