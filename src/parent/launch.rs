//! The clone.

use super::channel::{self, Channel, Unmade};
use super::ends::{self, Ends, Kept};
use super::failure::Failure;
use super::file_size;
use super::host::Quiet;
use super::image;
use super::keeper::Keeper;
use super::listener::Listening;
use super::name::Name;
use super::own;
use super::shared::Shared;
use super::stack::Stack;
use super::strings_file::StringsFile;
use super::ways::Ways;
use crate::attr::owned::{NoMemory, push};
use crate::child;
use crate::page::{PAGE, Page, Report};
use crate::plan::{Sealed, Strings, gaps};
use crate::sealed::{Gap, Plan, Wiring, cgroup, mode, table};
use crate::sentences::{self, Sentence};
use crate::stage::Stage;
use crate::sys::abi::{
    CLONE_CLEAR_SIGHAND, CLONE_FILES, CLONE_INTO_CGROUP, CLONE_PIDFD, CLONE_VFORK, CLONE_VM, CloneArgs,
};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Errno};
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_void};
use core::ops::Deref;
use core::ptr::null;
use core::sync::atomic::{AtomicBool, AtomicU32};
use nix::errno::Errno as Number;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A child that was made, and what the caller keeps of it.
pub struct Launched {
    pub first: Name,
    /// The process that it left the rest to.
    pub second: OnceLock<Name>,
    /// Tells the keeper thread of the second process.
    pub keeper: Option<Keeper>,
    pub ends: Kept,
    /// The page, for a child that has memory of its own.
    pub channel: Mutex<Option<Shared<Channel>>>,
    /// How often the child has spoken, as far as it was heard.
    pub heard: AtomicU32,
    /// The program of an init left its memory before the init did.
    pub left_before_init: AtomicBool,
    /// Where page and ends are to be fetched from the child.
    pub to_fetch: Option<u32>,
    /// What a child that had no page but the caller's memory has left behind.
    pub report: Report,
    /// The thread that made it.
    pub thread: i32,
    /// Where the child sends descriptors: the listener of a filter, or others of what is inside.
    pub listening: Option<Listening>,
    /// An exec changes its exit signal, which tells of the exec.
    pub exit_signal_tells: bool,
}

impl Launched {
    pub fn name(&self) -> &Name {
        self.second.get().unwrap_or(&self.first)
    }

    pub fn pid(&self) -> i32 {
        self.name().pid
    }

    pub fn pidfd(&self) -> Option<&OwnedFd> {
        self.name().pidfd.as_ref()
    }

    /// An empty one where the child has none.
    pub fn page(&self) -> PageOf {
        PageOf(self.lock_channel().clone())
    }

    pub fn lock_channel(&self) -> MutexGuard<'_, Option<Shared<Channel>>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the child has mapped by now is kept for it only as long as there is something to be read.
    pub fn let_go_of_page(&self, is_read: bool) {
        let mut channel = self.lock_channel();
        if is_read {
            channel.take();
        } else if let Some(channel) = channel.as_ref() {
            channel.leave_file();
        }
    }

    /// The thread that lives for the child now lives for this process.
    pub fn tell_keeper(&self, name: &Name) {
        if let Some(keeper) = &self.keeper {
            keeper.waits_for(name.pid);
        }
    }
}

/// The page of a child, as long as somebody looks at it.
pub struct PageOf(Option<Shared<Channel>>);

impl Deref for PageOf {
    type Target = Page;

    fn deref(&self) -> &Page {
        static NOTHING: Page = Page::new();
        self.0.as_ref().map_or(&NOTHING, |channel| channel.page())
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
    /// How the child is made.
    pub ways: Ways,
}

/// Makes the child of a plan. With CLONE_VFORK this returns when it has left this memory.
pub fn launch(plan: &Shared<Sealed>, given: Given) -> Result<Launched, Failure> {
    launch_by(plan, given, &mut |ready| ready.make())
}

/// The same, where it is said who makes the child. All signals are blocked meanwhile.
pub fn launch_by(
    plan: &Shared<Sealed>,
    given: Given,
    make: &mut dyn FnMut(&Ready) -> Result<Made, Errno>,
) -> Result<Launched, Failure> {
    // A handler that ran in the child would run in this memory.
    let quiet = Quiet::begin().map_err(|Errno(errno)| Failure::at(Stage::Clone, Number::from_raw(errno), plan))?;
    let mask = quiet.mask();
    let failed = |stage| move |errno| Failure::at(stage, errno, plan);
    let no_memory = |_| failed(Stage::Memory)(Number::ENOMEM);
    let ways = given.ways;
    let ends = (plan.mode != mode::SHARED).then(|| Ends::make(plan, ways)).transpose().map_err(failed(Stage::Pipe))?;
    let channel = channel_of(plan, mask).transpose().map_err(|unmade| no_page(unmade, plan))?;
    let stack = Stack::take().map_err(failed(Stage::Memory))?;
    let image = (plan.mode == mode::FRESH).then(|| image::file(mask)).transpose().map_err(failed(Stage::Image))?;
    let with_pid = WithPid::new(plan, given.envp).map_err(no_memory)?;
    let given = Given { envp: with_pid.as_ref().map_or(given.envp, WithPid::strings), ..given };
    let strings = image.filter(|_| ways.strings_in_file).map(|_| StringsFile::make(plan, given.argv, given.envp, mask));
    let strings = strings.transpose().map_err(|Errno(errno)| failed(Stage::Image)(Number::from_raw(errno)))?;
    let layout = match &ends {
        Some(ends) => {
            let files = Files { image, page: channel.as_ref().and_then(Channel::file), strings: strings.as_ref() };
            Layout::new(plan, ways, ends, files)
        }
        None => Layout::without_ends(plan, ways),
    };
    let layout = layout.map_err(no_memory)?;
    let here = Page::new();
    // Asked for only where its death matters.
    let thread = if plan.parent_death != 0 || plan.hold != 0 { nix::unistd::gettid().as_raw() } else { 0 };
    let mut wiring = wire(plan, ways, &layout, mask);
    let channel = channel.filter(|_| !layout.makes_ends).map(Shared::new).transpose().map_err(no_memory)?;
    wiring.page = channel.as_ref().map_or(&raw const here, |channel| channel.page()) as u64;
    (wiring.gaps, wiring.gaps_len) = (layout.gaps.as_ptr() as u64, layout.gaps.len() as u32);
    (wiring.argv, wiring.envp) = (given.argv.as_ptr() as u64, given.envp.as_ptr() as u64);
    let vectors = image.map(|_| {
        let mut in_image = Wiring { done: Stage::Image as u32, ..wire(plan, ways, &layout, mask) };
        match &strings {
            Some(strings) => {
                strings.wire(&mut in_image);
                image::Vectors::with_file(&in_image)
            }
            None => image::Vectors::new(&in_image, plan, given.argv, given.envp),
        }
    });
    let vectors = vectors.transpose().map_err(no_memory)?;
    if let Some(vectors) = &vectors {
        vectors.wire(&mut wiring);
        layout.image.wire(&mut wiring);
    }
    if let Some(strings) = &strings {
        strings.wire(&mut wiring);
    }
    let ends = if layout.makes_ends { None } else { ends };
    let sends = plan.listener != 0 || plan.handed != 0;
    let listening = sends.then(|| Listening::new(plan)).transpose().map_err(no_memory)?;
    let by_clone = Wiring { reset_handlers: 1, ..wiring };
    let [start, start_by_clone] = [&Start { plan, wiring: &wiring }, &Start { plan, wiring: &by_clone }];
    let ready = Ready { plan, ways, stack: &stack, start, start_by_clone };
    let made = make(&ready).map_err(|Errno(errno)| Failure::of_clone(Number::from_raw(errno), plan));
    let Made { pid, pidfd } = made?;
    // SAFETY: kernel contract, man 2 clone: a new descriptor of our own. Kernels before 5.2 ignore the flag.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    Ok(Launched {
        first: Name::new(pid, pidfd),
        second: OnceLock::new(),
        keeper: None,
        ends: ends.map(Ends::keep).unwrap_or_default(),
        channel: Mutex::new(channel),
        heard: AtomicU32::new(0),
        left_before_init: AtomicBool::new(false),
        to_fetch: layout.makes_ends.then_some(layout.above),
        report: here.report(),
        thread,
        listening,
        exit_signal_tells: ways.exit_signal,
    })
}

/// An image needs a page with a file: where there is none, a copy of the caller may do with one that has none.
#[cold]
fn no_page(unmade: Unmade, plan: &Shared<Sealed>) -> Failure {
    let failed = |stage, Errno(errno)| Failure::at(stage, Number::from_raw(errno), plan);
    match unmade {
        Unmade::File(errno) => failed(Stage::Image, errno),
        Unmade::Memory(errno) if plan.mode == mode::COPIED => failed(Stage::Memory, errno),
        Unmade::Memory(errno) => failed(Stage::Image, errno).because(denied(errno)),
    }
}

/// What the errno of a mapping does not tell.
pub fn denied(Errno(errno): Errno) -> Sentence {
    if matches!(errno, libc::EPERM | libc::EACCES) { sentences::MAPPING_DENIED } else { sentences::NOTHING }
}

/// The page of a child with memory of its own.
fn channel_of(plan: &Plan, mask: u64) -> Option<Result<Channel, Unmade>> {
    match plan.mode {
        mode::FRESH => Some(Channel::with_file(plan, mask)),
        mode::COPIED => Some(Channel::for_copy()),
        _ => None,
    }
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

fn wire(plan: &Sealed, ways: Ways, layout: &Layout, mask: u64) -> Wiring {
    let [lifeline, go, owner] = layout.numbers;
    let (page_fd, page_identity) = layout.page.map_or((-1, [0; 2]), |file| (file.number, file.identity));
    Wiring {
        page: 0,
        gaps: 0,
        gaps_len: 0,
        above: layout.above,
        table: table_of(plan, ways),
        done: 0,
        lifeline,
        go,
        owner,
        owner_pid: own::pid(),
        makes_ends: layout.makes_ends as u32,
        page_fd,
        page_identity,
        mask,
        reset_handlers: 0,
        image: -1,
        argv: 0,
        envp: 0,
        image_identity: [0; 2],
        image_bytes: 0,
        image_length: 0,
        image_flags: 0,
        image_argv: 0,
        image_envp: 0,
        length: (size_of::<Wiring>() + plan.as_bytes().len()) as u64,
        strings_fd: -1,
        strings_plan: 0,
        strings_argv: 0,
        strings_envp: 0,
        strings_length: 0,
        strings_identity: [0; 2],
    }
}

/// The caller's files that a child takes into its image.
struct Files<'a> {
    image: Option<image::File>,
    page: Option<channel::File>,
    strings: Option<&'a StringsFile>,
}

/// Where in the child's table everything is.
struct Layout {
    /// What the child closes first.
    gaps: Vec<Gap>,
    /// The first number above all that it needs.
    above: u32,
    numbers: ends::Numbers,
    makes_ends: bool,
    page: Option<channel::File>,
    image: image::Source,
}

impl Layout {
    fn without_ends(plan: &Plan, ways: Ways) -> Result<Layout, NoMemory> {
        let whole = table_of(plan, ways) == table::WHOLE;
        let (gaps, above) = if whole { (Vec::new(), 0) } else { gaps(plan.list(plan.needed), &[])? };
        Ok(Layout { gaps, above, numbers: [-1; 3], makes_ends: false, page: None, image: image::Source::None })
    }

    #[inline(never)]
    fn new(plan: &Plan, ways: Ways, ends: &Ends, files: Files) -> Result<Layout, NoMemory> {
        let Files { image, page, strings } = files;
        let table = table_of(plan, ways);
        let needed = plan.list(plan.needed);
        let far = needed.last().map_or(3, |fd| fd.saturating_add(1)).saturating_add(ends::FAR);
        let is_far = |fd: i32| plan.mode == mode::FRESH && table == table::SHARED && fd > far as i32;
        let image = match image {
            Some(file) => {
                let own = is_far(file.number).then(|| image::source_of_bytes(&file)).flatten();
                own.unwrap_or(image::Source::File(file))
            }
            None => image::Source::None,
        };
        let page_number = page.map_or(-1, |file| file.number);
        let own = ends.numbers().into_iter().chain([page_number]);
        let ends_are_far = own.into_iter().any(|fd| is_far(fd.saturating_sub(ends::ROOM)));
        let makes_ends =
            ends_are_far && ends::can_be_made_by_child(plan) && ways.fetch && file_size::allows(PAGE as u64);
        let [lifeline, go, owner] = if makes_ends { [-1; 3] } else { ends.numbers() };
        let page_number = if makes_ends { -1 } else { page_number };
        let strings = strings.map_or(-1, StringsFile::number);
        let surviving = [lifeline, go, owner, page_number, image.number(), strings];
        let (mut gaps, above) = if table == table::WHOLE { (Vec::new(), 0) } else { gaps(needed, &surviving)? };
        // Among it is the caller's end also where it got a number that is otherwise left as it is.
        let callers = ends.callers();
        if callers >= 0 && (table == table::WHOLE || callers < 3) {
            push(&mut gaps, Gap { first: callers as u32, last: callers as u32 })?;
        }
        let numbers = if makes_ends { ends::made_by_child(plan, above) } else { [lifeline, go, owner] };
        let made = channel::File { number: ends::page_made_by_child(above), identity: [0; 2] };
        Ok(Layout { gaps, above, numbers, makes_ends, page: if makes_ends { Some(made) } else { page }, image })
    }
}

/// How the child's table of descriptors comes about.
pub fn table_of(plan: &Plan, ways: Ways) -> u32 {
    if plan.inherit != 0 {
        table::WHOLE
    } else if !ways.own_table {
        table::LISTED
    } else if plan.mode == mode::COPIED {
        // The caller goes on at once, and closes the child's ends of the pipes in its own table.
        table::COPIED
    } else {
        table::SHARED
    }
}

/// A clone of which all is prepared.
pub struct Ready<'a> {
    plan: &'a Plan,
    ways: Ways,
    stack: &'a Stack,
    start: &'a Start<'a>,
    /// For a child that is made by clone(2), which cannot clear the handlers.
    start_by_clone: &'a Start<'a>,
}

/// The child that was made, as the kernel tells of it: -1 is no pidfd.
pub struct Made {
    pub pid: i32,
    pub pidfd: i32,
}

impl Ready<'_> {
    /// clone3(2), or clone(2) where the first is refused: what that answers counts. Runs on the keeper thread too: no libc,
    /// nothing thread-local.
    pub fn make(&self) -> Result<Made, Errno> {
        let Ready { plan, ways, stack, start, start_by_clone } = *self;
        let memory = if plan.mode == mode::COPIED { 0 } else { CLONE_VM | CLONE_VFORK };
        let files = if table_of(plan, ways) == table::SHARED { CLONE_FILES } else { 0 };
        let is_fork = plan.mode == mode::COPIED && !ways.exit_signal;
        let pidfd_flag = if is_fork { 0 } else { CLONE_PIDFD };
        let flags = memory | files | pidfd_flag | plan.namespaces_of_first();
        // A child says that it has ended by the signal that its exec gives it; but an init never execs.
        let never_execs = plan.mode == mode::COPIED && plan.init != 0;
        let exit_signal = if is_fork || never_execs { libc::SIGCHLD as u64 } else { 0 };
        let mut pidfd = -1;
        let born = if plan.cgroup == cgroup::BORN { CLONE_INTO_CGROUP } else { 0 };
        let args = CloneArgs {
            flags: flags | CLONE_CLEAR_SIGHAND | born,
            pidfd: (&raw mut pidfd) as u64,
            stack: stack.bottom() as u64,
            stack_size: stack.size() as u64,
            exit_signal,
            cgroup: if born != 0 { plan.cgroup_fd as u64 } else { 0 },
            set_tid: if plan.pids.is_empty() { 0 } else { plan.list(plan.pids).as_ptr() as u64 },
            set_tid_size: plan.pids.len as u64,
            ..CloneArgs::default()
        };
        // SAFETY: the stack is this launch's alone, and `enter` never returns.
        let made = unsafe { sys::clone3(&args, enter, (&raw const *start).cast()) };
        let pid = match made {
            // What only clone3 does is not left out.
            Err(errno) if born == 0 && plan.pids.is_empty() && goes_on(Call::Clone3, errno) => {
                let start = (&raw const *start_by_clone).cast();
                // SAFETY: as above.
                unsafe { sys::clone(flags | exit_signal, stack.top(), &mut pidfd, enter, start) }?
            }
            made => made?,
        };
        // qemu-user has taken no flag besides the signal.
        Ok(Made { pid, pidfd: if is_fork { sys::pidfd_open(pid).unwrap_or(-1) } else { pidfd } })
    }
}
