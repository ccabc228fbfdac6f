//! Prepares all that a child needs, and has it made.

use super::blocked_signals::BlockedSignals;
use super::channel::{Channel, Unmade};
use super::channel_ends::Ends;
use super::clone::{Made, Ready, Start, table_of};
use super::failure::{Failure, mapping_denied};
use super::launched::Launched;
use super::layout::{Files, Layout};
use super::listener::Listening;
use super::pid_variable::WithPid;
use super::process::Process;
use super::stack::Stack;
use super::strings_file::StringsFile;
use super::ways::Ways;
use super::{image, this_process};
use crate::fallible::NoMemory;
use crate::page::Page;
use crate::plan::{Sealed, Strings};
use crate::sealed::{Plan, Wiring, mode};
use crate::sentences;
use crate::shared::Shared;
use crate::stage::Stage;
use crate::sys::Errno;
use core::sync::atomic::{AtomicBool, AtomicU32};
use nix::errno::Errno as Number;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::{Mutex, OnceLock};

/// The vectors for execve.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub argv: Strings<'a>,
    pub envp: Strings<'a>,
    /// How the child is made.
    pub ways: Ways,
}

/// Makes the child of a plan. If the child is in this memory, this returns when it has left it.
pub fn launch(plan: &Shared<Sealed>, given: Given) -> Result<Launched, Failure> {
    launch_by(plan, given, &mut |ready| ready.make())
}

/// The same, where `make` makes the child. All signals are blocked meanwhile.
pub fn launch_by(
    plan: &Shared<Sealed>,
    given: Given,
    make: &mut dyn FnMut(&Ready) -> Result<Made, Errno>,
) -> Result<Launched, Failure> {
    let signals = BlockedSignals::block().map_err(|Errno(errno)| not_blocked(errno, plan))?;
    let mask = signals.mask();
    let failed = |stage| move |errno| Failure::at(stage, errno, plan);
    let no_memory = |_| failed(Stage::Memory)(Number::ENOMEM);
    let ways = given.ways;
    let (ends, channel) = match plan.mode {
        mode::SHARED => (None, None),
        _ => ends_and_channel(plan, ways, mask)?,
    };
    let stack = Stack::take().map_err(failed(Stage::Memory))?;
    let image = (plan.mode == mode::FRESH).then(|| image::file(mask)).transpose().map_err(failed(Stage::Image))?;
    let with_pid = WithPid::new(plan, given.envp).map_err(no_memory)?;
    let given = Given { envp: with_pid.as_ref().map_or(given.envp, WithPid::strings), ..given };
    let strings =
        image.filter(|_| !ways.strings_in_image).map(|_| StringsFile::make(plan, given.argv, given.envp, mask));
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
    // Only where the thread's death matters, to save the call.
    let thread = if plan.parent_death != 0 || plan.hold != 0 { nix::unistd::gettid().as_raw() } else { 0 };
    let mut wiring = wire(plan, ways, &layout, mask);
    let channel = channel.filter(|_| !layout.makes_ends).map(Shared::new).transpose().map_err(no_memory)?;
    wiring.page = channel.as_ref().map_or(&raw const here, |channel| channel.page()) as u64;
    (wiring.gaps, wiring.gaps_len) = (layout.gaps.as_ptr() as u64, layout.gaps.len() as u32);
    (wiring.argv, wiring.envp) = (given.argv.as_ptr() as u64, given.envp.as_ptr() as u64);
    let vectors = match image {
        Some(_) => {
            let in_image = Wiring { done: Stage::Image as u32, ..wire(plan, ways, &layout, mask) };
            Some(vectors(in_image, plan, given, strings.as_ref()).map_err(no_memory)?)
        }
        None => None,
    };
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
    let page = channel.as_ref().map(|channel| channel.page());
    let ready = Ready { plan, ways, stack: &stack, start, start_by_clone, page };
    let made = make(&ready).map_err(|Errno(errno)| Failure::of_clone(Number::from_raw(errno), plan));
    let Made { pid, pidfd } = made?;
    // SAFETY: kernel contract, man 2 clone: a new descriptor of our own. Kernels before 5.2 ignore the flag.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    Ok(Launched {
        first: Process::new(pid, pidfd),
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

/// A seccomp filter refuses rt_sigprocmask(2). Then no child can be made in any way.
#[cold]
fn not_blocked(errno: i32, plan: &Shared<Sealed>) -> Failure {
    Failure::at(Stage::Clone, Number::from_raw(errno), plan).because(sentences::BLOCKING_DENIED)
}

/// The ends and the channel between the caller and a child with memory of its own.
#[inline(never)]
fn ends_and_channel(plan: &Shared<Sealed>, ways: Ways, mask: u64) -> Result<(Option<Ends>, Option<Channel>), Failure> {
    let ends = Ends::make(plan, ways).map_err(|errno| Failure::at(Stage::Pipe, errno, plan))?;
    let channel = channel_of(plan, mask).transpose().map_err(|unmade| no_page(unmade, plan))?;
    Ok((Some(ends), channel))
}

/// The vectors for the exec of the image.
#[inline(never)]
fn vectors(
    mut in_image: Wiring,
    plan: &Sealed,
    given: Given,
    strings: Option<&StringsFile>,
) -> Result<image::Vectors, NoMemory> {
    match strings {
        Some(strings) => {
            strings.wire(&mut in_image);
            image::Vectors::with_file(&in_image)
        }
        None => image::Vectors::new(&in_image, plan, given.argv, given.envp),
    }
}

/// A page for an image needs a file. If there can be none, the failure is the image's, and a copy of the caller is tried, whose
/// page needs none.
#[cold]
fn no_page(unmade: Unmade, plan: &Shared<Sealed>) -> Failure {
    let failed = |stage, Errno(errno)| Failure::at(stage, Number::from_raw(errno), plan);
    match unmade {
        Unmade::File(errno) => failed(Stage::Image, errno),
        Unmade::Memory(errno) if plan.mode == mode::COPIED => failed(Stage::Memory, errno),
        Unmade::Memory(errno) => failed(Stage::Image, errno).because(mapping_denied(errno.0)),
    }
}

/// The page of a child with memory of its own.
fn channel_of(plan: &Plan, mask: u64) -> Option<Result<Channel, Unmade>> {
    match plan.mode {
        mode::FRESH => Some(Channel::with_file(plan, mask)),
        mode::COPIED => Some(Channel::for_copy()),
        _ => None,
    }
}

fn wire(plan: &Sealed, ways: Ways, layout: &Layout, mask: u64) -> Wiring {
    let [lifeline, go, caller_gone] = layout.numbers;
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
        caller_gone,
        caller_pid: this_process::pid(),
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
