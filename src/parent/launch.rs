//! The clone.

use super::failure::Failure;
use super::host::{self, Quiet, Ways};
use super::image;
use super::listener::{self, Listening};
use super::own;
use super::stack::Stack;
use crate::attr::owned::{NoMemory, push};
use crate::child;
use crate::plan::{Sealed, Strings, gaps};
use crate::report::Report;
use crate::sealed::{Gap, Plan, Wiring, cgroup, mode, table};
use crate::stage::Stage;
use crate::sys::abi::{
    CLONE_CLEAR_SIGHAND, CLONE_FILES, CLONE_INTO_CGROUP, CLONE_PIDFD, CLONE_VFORK, CLONE_VM, CloneArgs,
};
use crate::sys::{self, Errno};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_void};
use core::ptr::null;
use nix::errno::Errno as Number;
use nix::fcntl::OFlag;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A child that was made, and the ends that the caller keeps.
pub struct Launched {
    pub pid: i32,
    pub pidfd: Option<OwnedFd>,
    pub reports: Option<OwnedFd>,
    pub go: Option<EventFd>,
    /// As long as this is open, the child knows that its owner lives.
    _alive: Option<OwnedFd>,
    /// What a child in shared memory has left behind.
    pub report: Report,
    /// The thread that made it.
    pub thread: i32,
    /// Where a filter has a listener.
    pub listening: Option<Listening>,
}

/// What connects caller and child; the child's own ends close when it is made.
struct Ends {
    reports: Option<(OwnedFd, OwnedFd)>,
    go: Option<EventFd>,
    owner: Option<OwnedFd>,
    alive: Option<OwnedFd>,
}

impl Ends {
    fn make(plan: &Plan) -> Result<Ends, Number> {
        let waits = plan.wait != 0 || plan.hold != 0;
        let asks = waits || (plan.parent_death != 0 && plan.clone_namespaces & libc::CLONE_NEWPID as u64 != 0);
        let (owner, alive) = if asks { owner()? } else { (None, None) };
        Ok(Ends {
            reports: (plan.mode != mode::SHARED).then(|| reports(plan)).transpose()?,
            go: waits.then(|| EventFd::from_flags(EfdFlags::EFD_CLOEXEC)).transpose()?,
            owner,
            alive,
        })
    }

    fn numbers(&self) -> [i32; 3] {
        let number = |fd: Option<i32>| fd.unwrap_or(-1);
        [
            number(self.reports.as_ref().map(|(_, write)| write.as_raw_fd())),
            number(self.go.as_ref().map(|go| std::os::fd::AsFd::as_fd(go).as_raw_fd())),
            number(self.owner.as_ref().map(AsRawFd::as_raw_fd)),
        ]
    }

    /// Those that are never the child's.
    fn callers(&self) -> [i32; 2] {
        let number = |fd: Option<i32>| fd.unwrap_or(-1);
        [
            number(self.reports.as_ref().map(|(read, _)| read.as_raw_fd())),
            number(self.alive.as_ref().map(AsRawFd::as_raw_fd)),
        ]
    }
}

/// Where the child reports; first the caller's end.
fn reports(plan: &Plan) -> Result<(OwnedFd, OwnedFd), Number> {
    if plan.listener != 0 { listener::socket() } else { nix::unistd::pipe2(OFlag::O_CLOEXEC) }
}

/// What becomes readable when this process is gone: its pidfd, else a pipe whose other end dies with it.
fn owner() -> Result<(Option<OwnedFd>, Option<OwnedFd>), Number> {
    match sys::pidfd_open(own::pid()) {
        // SAFETY: kernel contract, man 2 pidfd_open: a new descriptor of our own.
        Ok(fd) => Ok((Some(unsafe { OwnedFd::from_raw_fd(fd) }), None)),
        Err(_) => nix::unistd::pipe2(OFlag::O_CLOEXEC).map(|(read, write)| (Some(read), Some(write))),
    }
}

/// What the child is started with, on its new stack.
struct Start<'a> {
    plan: &'a Plan,
    wiring: &'a Wiring,
}

unsafe extern "C" fn enter(start: *const c_void) -> ! {
    // SAFETY: `launch` guarantees the start for as long as the child is in this memory.
    let start = unsafe { &*start.cast::<Start>() };
    let Wiring { argv, envp, .. } = *start.wiring;
    child::run(start.plan, start.wiring, argv as *const *const u8, envp as *const *const u8)
}

/// The vectors for execve.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub argv: Strings<'a>,
    pub envp: Strings<'a>,
}

/// Makes the child of a plan. With CLONE_VFORK this returns when it has left this memory.
pub fn launch(plan: &Arc<Sealed>, given: Given) -> Result<Launched, Failure> {
    let quiet = Quiet::begin();
    launch_with(plan, given, quiet.mask())
}

/// The same, where all signals are blocked already, and this was the mask before.
pub fn launch_with(plan: &Arc<Sealed>, given: Given, mask: u64) -> Result<Launched, Failure> {
    let failed = |stage| move |errno| Failure::at(stage, errno, plan);
    let ways = host::ways().map_err(failed(Stage::Memory))?;
    let ends = Ends::make(plan).map_err(failed(Stage::Pipe))?;
    let stack = Stack::take().map_err(failed(Stage::Memory))?;
    let image = (plan.mode == mode::FRESH).then(image::file).transpose().map_err(failed(Stage::Image))?;
    let internal = ends.numbers();
    let (gaps, above) = unneeded(plan, ways, &ends, image).map_err(|_| failed(Stage::Memory)(Number::ENOMEM))?;
    let mut report = Report::default();
    // Asked for only where its death matters.
    let thread = if plan.parent_death != 0 || plan.hold != 0 { nix::unistd::gettid().as_raw() } else { 0 };
    let no_memory = |_| failed(Stage::Memory)(Number::ENOMEM);
    let with_pid = WithPid::new(plan, given.envp).map_err(no_memory)?;
    let given = Given { envp: with_pid.as_ref().map_or(given.envp, WithPid::strings), ..given };
    let mut wiring = wire(plan, ways, internal, mask);
    let in_image = Wiring { done: Stage::Image as u32, ..wiring };
    wiring.report = if plan.mode == mode::COPIED { 0 } else { (&raw mut report) as u64 };
    (wiring.gaps, wiring.gaps_len, wiring.above) = (gaps.as_ptr() as u64, gaps.len() as u32, above);
    (wiring.argv, wiring.envp) = (given.argv.as_ptr() as u64, given.envp.as_ptr() as u64);
    let vectors = match image {
        Some(image::File { number, identity }) => {
            (wiring.image, wiring.image_identity) = (number, identity);
            Some(image::Vectors::new(&in_image, plan, given.argv, given.envp).map_err(no_memory)?)
        }
        None => None,
    };
    if let Some(vectors) = &vectors {
        vectors.wire(&mut wiring);
    }
    let made = clone(plan, ways, &stack, &Start { plan, wiring: &wiring });
    let (pid, pidfd) = made.map_err(|Errno(errno)| failed(Stage::Clone)(Number::from_raw(errno)))?;
    // SAFETY: parent::launch's own report; volatile, since the writer was another process.
    let report = unsafe { (&raw const report).read_volatile() };
    let reports = ends.reports.map(|(read, _)| read);
    let listening = (plan.listener != 0).then(Listening::default);
    Ok(Launched { pid, pidfd, reports, go: ends.go, _alive: ends.alive, report, thread, listening })
}

/// The environment with the variable for the program's pid in the first place, and room for its digits.
struct WithPid {
    _entry: Vec<u8>,
    vector: Vec<*const c_char>,
}

impl WithPid {
    fn new(plan: &Plan, envp: Strings) -> Result<Option<WithPid>, NoMemory> {
        if plan.text(plan.pid_variable).is_none() {
            return Ok(None);
        }
        let name = plan.bytes(plan.pid_variable);
        let mut entry = Vec::new();
        entry.try_reserve_exact(name.len() + 2 + child::exec::PID_DIGITS).map_err(|_| NoMemory)?;
        entry.extend_from_slice(name);
        entry.push(b'=');
        // A string that keeps its room when it is copied: the digits are written over it.
        entry.extend_from_slice(&[b'0'; child::exec::PID_DIGITS]);
        entry.push(0);
        let mut vector = Vec::new();
        push(&mut vector, entry.as_ptr().cast())?;
        let others = envp.iter().filter(|text| !names(text, name));
        others.map(CStr::as_ptr).chain([null()]).try_for_each(|text| push(&mut vector, text))?;
        Ok(Some(WithPid { _entry: entry, vector }))
    }

    fn strings(&self) -> Strings<'_> {
        // SAFETY: a vector of our own entry and the C caller's, which ends with NULL.
        unsafe { Strings::new(self.vector.as_ptr()) }
    }
}

/// Whether an entry of an environment is of this name.
fn names(entry: &CStr, name: &[u8]) -> bool {
    entry.to_bytes().strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'='))
}

fn wire(plan: &Sealed, ways: Ways, [reports, go, owner]: [i32; 3], mask: u64) -> Wiring {
    Wiring {
        report: 0,
        gaps: 0,
        gaps_len: 0,
        above: 0,
        table: table_of(plan, ways),
        table_limit: table_limit(ways),
        done: 0,
        reports,
        go,
        owner,
        owner_pid: own::pid(),
        mask,
        reset_handlers: !ways.clone3 as u32,
        argv: 0,
        envp: 0,
        image: -1,
        reserved: 0,
        image_identity: [0; 2],
        image_argv: 0,
        image_envp: 0,
        length: (size_of::<Wiring>() + plan.as_bytes().len()) as u64,
    }
}

/// What the child closes first, and the first number above all that it needs. The caller's ends are among it also where
/// they got numbers that are otherwise left as they are.
fn unneeded(plan: &Plan, ways: Ways, ends: &Ends, image: Option<image::File>) -> Result<(Vec<Gap>, u32), NoMemory> {
    let whole = table_of(plan, ways) == table::WHOLE;
    let [reports, go, owner] = ends.numbers();
    let surviving = [reports, go, owner, image.map_or(-1, |image| image.number)];
    let (mut unneeded, above) = if whole { (Vec::new(), 0) } else { gaps(plan.list(plan.needed), &surviving)? };
    for fd in ends.callers().into_iter().filter(|fd| *fd >= 0 && (whole || *fd < 3)) {
        push(&mut unneeded, Gap { first: fd as u32, last: fd as u32 })?;
    }
    Ok((unneeded, above))
}

fn table_of(plan: &Plan, ways: Ways) -> u32 {
    if plan.inherit != 0 {
        table::WHOLE
    } else if !ways.close_range {
        table::LISTED
    } else if plan.mode == mode::COPIED {
        // The caller goes on at once, and closes the child's ends of the pipes in its own table.
        table::COPIED
    } else {
        table::SHARED
    }
}

/// Descriptors above a lowered limit exist; only without close_range and /proc does this matter.
fn table_limit(ways: Ways) -> u32 {
    if ways.close_range {
        return 0;
    }
    nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        .map_or(1 << 16, |(_, hard)| hard.min(1 << 20) as u32)
}

fn clone(plan: &Plan, ways: Ways, stack: &Stack, start: &Start) -> Result<(i32, Option<OwnedFd>), Errno> {
    let memory = if plan.mode == mode::COPIED { 0 } else { CLONE_VM | CLONE_VFORK };
    let files = if table_of(plan, ways) == table::SHARED { CLONE_FILES } else { 0 };
    let flags = memory | files | CLONE_PIDFD | plan.clone_namespaces;
    // A child says that it has ended by the signal that its exec gives it; but this one never execs.
    let exit_signal = if plan.mode == mode::COPIED && plan.init != 0 { libc::SIGCHLD as u64 } else { 0 };
    let argument = (start as *const Start).cast();
    let mut pidfd = -1;
    let pid = if ways.clone3 {
        let born = if plan.cgroup == cgroup::BORN { CLONE_INTO_CGROUP } else { 0 };
        let args = CloneArgs {
            flags: flags | CLONE_CLEAR_SIGHAND | born,
            pidfd: (&raw mut pidfd) as u64,
            stack: stack.bottom() as u64,
            stack_size: stack.size() as u64,
            exit_signal,
            cgroup: if born != 0 { plan.cgroup_fd as u64 } else { 0 },
            ..CloneArgs::default()
        };
        // SAFETY: the stack is this launch's alone, and `enter` never returns.
        unsafe { sys::clone3(&args, enter, argument) }?
    } else {
        // SAFETY: as above.
        unsafe { sys::clone(flags | exit_signal, stack.top(), &mut pidfd, enter, argument) }?
    };
    // SAFETY: kernel contract, man 2 clone: a new descriptor of our own. Kernels before 5.2 ignore the flag.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    Ok((pid, pidfd))
}
