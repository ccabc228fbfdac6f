//! What will happen: the request, checked against itself and the process, flat, resolved and sealed. One file a chapter,
//! named as in `attr` and `child`. Nothing here clones, and nothing stays behind when it fails.

pub mod arena;
mod caps;
mod check;
mod exec;
mod fds;
mod filters;
mod handed;
mod ids;
mod landlock;
mod limits;
mod mounts;
mod ns;
pub mod sealed;
mod security;
mod session;
mod describe;
mod signals;
mod subordinate;

pub use arena::Sealed;
pub use describe::{Bytes, Item};
pub use exec::Strings;
pub use fds::gaps;
#[doc(hidden)] // for tests/fds_shuffle.rs
pub use fds::shuffle;
pub use ids::is_dumpable;
pub use limits::ksm_lasts;

use crate::attr::Attr;
use crate::attr::fds::Action;
use crate::attr::limits::process;
use crate::attr::owned::push;
use crate::attr::prepared::UserNamespace;
use crate::sentences::{self, Sentence};
use crate::stage::Stage;
use crate::sys;
use alloc::vec::Vec;
use arena::Arena;
use core::ffi::CStr;
use sealed::{Plan, cgroup, clone, cwd_rights, mode};

/// Why there is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub stage: Stage,
    pub code: i32,
    pub index: i32,
    /// What it is about, if not the whole request: a setter's name.
    pub what: &'static str,
    /// Half a sentence that says what to change.
    pub why: Sentence,
}

impl Fault {
    #[cold]
    pub fn no_memory() -> Fault {
        Fault { stage: Stage::Memory, code: libc::ENOMEM, index: -1, what: "", why: sentences::NOTHING }
    }

    #[cold]
    pub fn too_big() -> Fault {
        Fault {
            stage: Stage::Validate,
            code: libc::E2BIG,
            index: -1,
            what: sentences::ABOUT_STRINGS.text(),
            why: sentences::NOTHING,
        }
    }

    /// A contradiction in the request.
    #[cold]
    pub fn invalid(what: &'static str, why: Sentence) -> Fault {
        Fault { stage: Stage::Validate, code: libc::EINVAL, index: -1, what, why }
    }

    /// The process could not be looked at.
    #[cold]
    pub fn unresolved(what: &'static str) -> Fault {
        Fault { stage: Stage::Resolve, code: nix::errno::Errno::last_raw(), index: -1, what, why: sentences::NOTHING }
    }

    pub fn code(self, code: i32) -> Fault {
        Fault { code, ..self }
    }

    pub fn at(self, index: usize) -> Fault {
        Fault { index: index as i32, ..self }
    }
}

impl From<crate::attr::owned::NoMemory> for Fault {
    #[cold]
    fn from(_: crate::attr::owned::NoMemory) -> Fault {
        Fault::no_memory()
    }
}

/// What a step of lowering answers.
pub type Step<T> = Result<T, Fault>;

/// What the child is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To run a program.
    Spawn,
    /// To run a program when it is released.
    Start,
    /// To keep namespaces alive.
    Hold,
    /// To build a root that others get clones of.
    Root,
}

/// What is known of this process and its kernel.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// The built-in image can be executed.
    pub image_runs: bool,
    /// A child can really share memory.
    pub memory_is_shared: bool,
    /// clone can put a child into a cgroup.
    pub born_in_cgroup: bool,
    /// The highest capability that the kernel knows; `None`: to be found out where a request needs it.
    pub last_cap: Option<u32>,
    /// The soft limit on descriptors when the library was loaded, if it could be read.
    pub nofile_at_load: Option<u64>,
}

/// A request, and what it is asked with.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub attr: &'a Attr,
    pub path: Option<&'a CStr>,
    pub argv: Strings<'a>,
    pub envp: Strings<'a>,
    pub purpose: Purpose,
    pub host: Host,
}

/// A plan in the making.
pub struct Draft {
    pub arena: Arena,
    pub plan: Plan<()>,
    /// The caller's descriptors that the child needs.
    pub needed: Vec<u32>,
    /// Those of them that close on exec.
    pub survivors: Vec<u32>,
    /// The caller's soft limit on descriptors, where it was asked for.
    pub nofile_now: Option<u64>,
}

/// PROC_USER_INIT_INO, which is the same on every kernel.
const INITIAL_USER_NAMESPACE: &[u8] = b"user:[4026531837]\0";

impl Draft {
    /// The child needs this descriptor of the caller's, which must be open.
    pub fn need(&mut self, fd: i32, what: &'static str) -> Step<i32> {
        if !self.survive(fd)? {
            return Err(Fault::invalid(what, sentences::FD_NOT_OPEN).code(libc::EBADF));
        }
        push(&mut self.needed, fd as u32)?;
        Ok(fd)
    }

    /// Whether the child's user namespace is not the initial one: there an overlay may not keep what it knows as trusted
    /// extended attributes. What the caller's is, its /proc tells; without one, it is taken for the initial one.
    pub fn has_other_users(&self) -> bool {
        let is_new = self.plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || self.plan.unshare_user != 0;
        is_new
            || self.plan.joins_user != 0
            || callers_users().is_some_and(|users| !users.starts_with(INITIAL_USER_NAMESPACE))
    }

    /// If it is open, the change of image leaves it so; whether it is.
    pub fn survive(&mut self, fd: i32) -> Step<bool> {
        let Some(flags) = fds::flags_of(fd)? else { return Ok(false) };
        if flags & libc::FD_CLOEXEC != 0 {
            push(&mut self.survivors, fd as u32)?;
        }
        Ok(true)
    }
}

/// The caller's user namespace, as its link in /proc reads.
pub fn callers_users() -> Option<UserNamespace> {
    let mut link = [0u8; 32];
    let path = c"/proc/thread-self/ns/user".as_ptr().cast();
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::readlinkat(libc::AT_FDCWD, path, &mut link) }.ok().map(|_| link)
}

/// The plan for a request.
pub fn lower(request: &Request) -> Step<Sealed> {
    check::check(request)?;
    let arena = Arena::new()?;
    let mut draft = Draft { arena, plan: Plan::nothing(), needed: Vec::new(), survivors: Vec::new(), nofile_now: None };
    draft.plan.hold = (request.purpose != Purpose::Spawn) as u32;
    draft.plan.execs = matches!(request.purpose, Purpose::Spawn | Purpose::Start) as u32;
    let attr = request.attr;
    let more = attr.asks_more();
    if more {
        chapters(request, &mut draft)?;
    }
    exec::lower(request, &mut draft)?;
    fds::lower(request, &mut draft)?;
    draft.plan.mode = mode_of(request, &draft.plan)?;
    if draft.plan.mode == mode::FRESH {
        exec::own_file(request, &mut draft)?;
    }
    limits::second_of_image(request, &mut draft.plan);
    limits::deadline(&draft.plan)?;
    ns::pids(request, &draft.plan)?;
    ns::how_it_waits(&mut draft.plan);
    draft.plan.exec_is_killed = (!draft.plan.filters.is_empty() && filters::kill_exec(request, &draft.plan)) as u32;
    // A FIFO opens when somebody comes to its other end; behind a path may be whatever serves a file system.
    let opens = request.attr.fds.actions.iter().any(|item| matches!(item, Action::Open { .. }));
    let may_block = opens || draft.plan.new_root != 0 || !draft.plan.mounts.is_empty();
    draft.plan.guarded = may_block as u32;
    draft.plan.nondumpable = (draft.plan.mode != mode::SHARED && nondumpable(request, &draft.plan)) as u32;
    caps::lower(request, &mut draft)?;
    if !more && draft.plan.mode == mode::SHARED {
        draft.plan.leaves_off_at = Stage::Carry as u32;
        draft.plan.goes_on_at = goes_on_at(attr) as u32;
    }
    Ok(draft.arena.seal(&draft.plan))
}

/// The first stage that a request for a program and descriptors alone may have something for.
fn goes_on_at(attr: &Attr) -> Stage {
    if attr.exec.cwd_rights != cwd_rights::PROGRAM {
        Stage::CwdBeforeIds
    } else if attr.exec.asked() {
        Stage::Cwd
    } else if attr.fds.asked() {
        Stage::FdInternal
    } else {
        // Handlers are reset here where clone cannot.
        Stage::SignalActions
    }
}

/// The chapters besides the program and its descriptors.
#[inline(never)]
fn chapters(request: &Request, draft: &mut Draft) -> Step<()> {
    let attr = request.attr;
    if attr.session.asked() {
        session::lower(request, draft)?;
    }
    if attr.signals.asked() {
        signals::lower(request, draft);
    }
    if attr.ns.asked() {
        ns::lower(request, draft)?;
    }
    if attr.mounts.asked() {
        mounts::lower(request, draft)?;
    }
    if attr.limits.asked() {
        limits::lower(request, draft)?;
    }
    if attr.ids.asked() {
        ids::lower(request, draft)?;
    }
    if attr.security.asked() {
        security::lower(request, draft)?;
    }
    if attr.filters.asked() {
        filters::lower(request, draft)?;
    }
    if attr.landlock.asked() {
        landlock::lower(request, draft)?;
    }
    if attr.handed.asked() {
        handed::lower(request, draft)?;
    }
    // Put on with privilege, filters would have to allow the clone; what they have to say comes from one process only.
    let before_filters = !draft.plan.filters.is_empty() && draft.plan.filters_privileged != 0;
    if draft.plan.second_clone == clone::LAST && before_filters {
        draft.plan.second_clone = clone::LATE;
    }
    let joined = attr.ns.joined() & libc::CLONE_NEWNS as u32 != 0;
    draft.plan.other_root = (joined || attr.mounts.has_root() || attr.mounts.chroot.is_some()) as u32;
    Ok(())
}

/// Only in memory of its own: in shared memory the flag is the caller's too, and the child is nothing the caller is not.
/// A child that stops is there to be looked into, and as long as it stays what the caller is, the caller's equals may.
fn nondumpable(request: &Request, plan: &Plan<()>) -> bool {
    let same = plan.uid.get().is_none() && plan.gid.get().is_none() && plan.groups.get().is_none();
    let same = same && !request.attr.caps.changes() && plan.clone_namespaces & libc::CLONE_NEWUSER as u64 == 0;
    let same = same && !plan.joins_any();
    !(plan.stop != 0 && same)
}

/// Whose memory the child runs in. It shares the caller's only while whoever may trace, signal, freeze or
/// out-of-memory-kill it by what it becomes could already do that to the caller.
fn mode_of(request: &Request, plan: &Plan<()>) -> Step<u32> {
    let attr = request.attr;
    // The new identity's processes may signal it, and stop it in the middle of our memory.
    let other_identity = plan.uid.get().is_some() || plan.gid.get().is_some() || plan.groups.get().is_some();
    // Credentials of its own would clear the caller's dumpable flag, or lack what guards it.
    let other_privileges = attr.caps.changes();
    // The neighbours of the namespace's owner may trace into it.
    let user_namespace = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || plan.unshare_user != 0;
    // Whoever is in there is nobody of the caller's.
    let joins = plan.joins_any();
    // It outlives the call, or is stopped by others: nobody may have to wait for it in our memory.
    let waits =
        plan.hold != 0 || plan.wait != 0 || plan.trace != 0 || plan.stop != 0 || plan.listener != 0 || plan.init != 0;
    // Who can freeze it would freeze the caller with it, and what kills it together with others there would kill the caller.
    let dangerous_cgroup = !matches!(plan.cgroup, cgroup::NONE | cgroup::BORN);
    // Only a descriptor of the caller tells its death in there, and only an image is given one.
    let blind = plan.parent_death != 0 && plan.foreign != 0;
    // Killed by its own filter it leaves a core of our memory, and kernels before 5.16 then kill all who share it.
    let filtered = !plan.filters.is_empty() && filters::may_kill(request, plan);
    // The kernel keeps them with the memory, which would be the caller's.
    let other_memory = plan.process_flags & process::OF_MEMORY != 0 || !plan.coredump_filter.is_empty();
    let exposed = exposes_own_file(request, plan);
    let fresh = filtered || other_identity || other_privileges || user_namespace || joins || waits || dangerous_cgroup;
    // A file of /proc of its own, which in the memory of a caller that is not dumpable belongs to root.
    let not_its_own = !plan.oom_score_adj.is_empty() && !ids::is_dumpable();
    // setns(2) into a time namespace takes memory of its own.
    // A copy has in its own memory all that the caller has.
    let measured = attr.exec.measure_memory;
    let fresh = fresh || blind || exposed || not_its_own || plan.enters_time != 0 || measured || other_memory;
    // What it hands over goes by its end of a socket, and only an image or a copy is given one.
    let fresh = fresh || plan.handed != 0;
    let asked = attr.exec.memory_mode;
    if asked == mode::COPIED || !request.host.memory_is_shared {
        return if exposed || measured { Err(needs_image(asked, exposed)) } else { Ok(mode::COPIED) };
    }
    if !fresh && asked != mode::FRESH {
        return Ok(mode::SHARED);
    }
    // Where nothing but an image will do it is tried in any case, so that the reason why it fails is told.
    let needed = exposed || measured || asked == mode::FRESH;
    if !request.host.image_runs && !needed {
        return Ok(mode::COPIED);
    }
    match ids::outlive_exec() {
        true => Ok(mode::FRESH),
        false if needed => Err(ids_lost(exposed, measured)),
        false => Ok(mode::COPIED),
    }
}

/// Whether processes that are not the caller's may open `/proc/PID/exe` of the child before it is the program: in a root or
/// mount namespace that is not the caller's, where a script may name `/proc/self/exe` as its interpreter, and in a pid
/// namespace that others are in. In the image this link leads to a sealed memfd. In the caller's memory, or a copy of it, it
/// leads to the caller's own file, which whoever has it open can overwrite when the caller has ended (CVE-2019-5736).
fn exposes_own_file(request: &Request, plan: &Plan<()>) -> bool {
    plan.other_root != 0 || request.attr.ns.joined() & libc::CLONE_NEWPID as u32 != 0
}

#[cold]
fn needs_image(asked: u32, exposed: bool) -> Fault {
    match (asked == mode::COPIED, exposed) {
        (true, true) => Fault::invalid("set_memory_mode", sentences::ROOT_NEEDS_IMAGE),
        (true, false) => Fault::invalid("measure_memory", sentences::COPY_HAS_CALLERS_MEMORY),
        (false, true) => not_shared(sentences::ABOUT_ROOT.text(), sentences::ROOT_UNDER_EMULATOR),
        (false, false) => not_shared("measure_memory", sentences::COPY_UNDER_EMULATOR),
    }
}

#[cold]
fn not_shared(what: &'static str, why: Sentence) -> Fault {
    Fault { stage: Stage::Image, ..Fault::invalid(what, why) }.code(libc::EOPNOTSUPP)
}

#[cold]
fn ids_lost(exposed: bool, measured: bool) -> Fault {
    let (what, why) = match (exposed, measured) {
        (true, _) => (sentences::ABOUT_ROOT.text(), sentences::ROOT_LOSES_IDS),
        (false, true) => ("measure_memory", sentences::MEASURED_LOSES_IDS),
        (false, false) => ("set_memory_mode", sentences::FRESH_LOSES_IDS),
    };
    Fault { stage: Stage::Image, ..Fault::invalid(what, why) }.code(libc::EPERM)
}
