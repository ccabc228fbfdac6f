//! What became of a child: did the exec happen, and if not, what failed? This file alone answers that, from evidence that
//! no other code of the caller's process can take away.
//!
//! | evidence | conclusion |
//! |---|---|
//! | the page says `FAILED` | failed, at that stage with that errno |
//! | a child in the caller's memory has left, and its stage is not exec | killed at that stage |
//! | the same at stage exec, and waitid(2) with `__WCLONE` finds it | killed in execve: an exec would have changed its exit signal |
//! | the same, and it finds nobody, but `__WALL` does | it runs, or did |
//! | the same, and nothing finds it: somebody else has reaped it | unknown |
//! | dead, and it never owned its word in the page | killed on the way to its image, or the image's exit status is an errno |
//! | the word is marked, and the stage is not exec | killed at that stage |
//! | the word is marked at stage exec, of a copy of the caller | as in the caller's memory: `__WCLONE` tells |
//! | no exit signal of 0 is to be had (qemu-user), and setpgid(2) answers EACCES | it runs, or did |
//! | the same, and another errno, in the caller's session | it was not exec'd |
//! | the same, in another session | as for an image, whose name it has; without /proc its end of the lifeline tells |
//! | the word is marked at stage exec, of an image | it runs, unless it was killed in execve: its end will tell |
//! | ... and it ended with an exit status | it ran: an image that fails says so first |
//! | ... and a signal killed it, and it is a second process, or a copy: a fork | the kernel's flag of a fork that never exec'd |
//! | ... and a signal killed it, and its zombie has the image's name | killed in execve, which names a process anew |
//! | ... and a signal killed it, and its zombie has another name | it ran |
//! | ... and a signal killed it, and somebody else has reaped it, or there is no /proc | unknown |
//! | the program of an init: its word is marked at stage exec | it runs; the init tells whether it was killed in execve |
//! | ... and the init was killed after that | it ran: the kernel ends an init's memory before it kills the others |
//!
//! The last line is wrong where somebody kills the program in execve, and its init before that has told.

use super::channel::{Listened, Woken};
use super::ends;
use super::failure::Failure;
use super::handshake;
use super::launch::{Launched, denied};
use super::listener::Listening;
use super::name::{End, Name, Passed, Seen};
use super::procfs;
use super::shared::Shared;
use crate::page::{IMAGE_NAME, OWNER_DIED, Page, Process, Report, Usage, kind, program};
use crate::plan::Sealed;
use crate::sealed::{Plan, clone, mode};
use crate::stage::{Row, Stage};
use crate::sys;
use crate::sys::abi::{PollFd, Timespec};
use core::sync::atomic::Ordering;
use nix::errno::Errno as Number;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Instant;

/// How far a start has come, as far as it was heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Held,
    LetGo,
    /// In the program, by this proof.
    Running(Proof),
    Failed,
}

impl Start {
    /// Nothing will be read from the page any more.
    pub fn is_past_the_page(self) -> bool {
        matches!(self, Start::Running(Proof::Known | Proof::Name | Proof::Fork { .. } | Proof::None))
    }
}

/// What tells at the end whether the program ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// It is known already: it did.
    Known,
    /// Where a signal has killed it, the name of the zombie.
    Name,
    /// Where a signal has killed it, the kernel's flag that this fork has never exec'd; or the name, if it is the image's.
    Fork { named: bool },
    /// The init, which has reaped it.
    Init,
    /// Nothing, where a signal has killed it.
    None,
}

/// Whether the program ran at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ran {
    No,
    Yes,
    /// A signal has killed it at its exec or later, and nothing is left to ask.
    Unknown,
}

/// Comes back when the child is in the program, or at its hold point.
pub fn until_ready(launched: &mut Launched, plan: &Shared<Sealed>) -> Result<Start, Failure> {
    if plan.mode == mode::SHARED {
        return shared(launched, plan).map(Start::Running);
    }
    let said = if launched.to_fetch.is_some() { launched.report } else { launched.page().report() };
    if said.kind == kind::FAILED {
        return Err(Heard::Failed(said).into_failure(launched, plan));
    }
    if let Some(above) = launched.to_fetch {
        fetch(launched, plan, above)?;
    }
    if plan.second_clone == clone::OF_IMAGE {
        until_second(launched, plan, None)?;
    }
    if let Err(failure) = handshake::serve(launched, plan) {
        // It may be that the child was killed, and that this is why it cannot be served.
        return Err(given_up(launched, plan, failure));
    }
    if plan.second_clone == clone::EARLY {
        until_second(launched, plan, None)?;
    }
    if plan.hold == 0 {
        return until_running(launched, plan, None);
    }
    match hear_word(launched, plan, None) {
        Heard::Said(kind::HELD) => Ok(Start::Held),
        heard => Err(heard.into_failure(launched, plan)),
    }
}

/// A child that has left the caller's memory.
fn shared(launched: &Launched, plan: &Shared<Sealed>) -> Result<Proof, Failure> {
    let report = launched.report;
    let heard = match stage_of(report) {
        _ if report.kind == kind::FAILED => Heard::Failed(report),
        Some(Stage::Exec) => by_exit_signal(&launched.first),
        stage => Heard::Died(stage),
    };
    match heard {
        Heard::Running(proof) => Ok(proof),
        heard => Err(heard.into_failure(launched, plan)),
    }
}

/// A child that has left at stage exec, and whose exit signal an exec would have changed.
fn by_exit_signal(name: &Name) -> Heard {
    match name.passed_exec() {
        Passed::No => Heard::Died(Some(Stage::Exec)),
        Passed::Yes => Heard::Running(Proof::Known),
        Passed::Unknown => Heard::Running(Proof::None),
    }
}

/// The page and the other ends of a child that has made them itself.
#[cold]
fn fetch(launched: &mut Launched, plan: &Shared<Sealed>, above: u32) -> Result<(), Failure> {
    match ends::fetch(plan, launched.first.pidfd.as_ref(), above) {
        Ok((channel, kept)) => {
            let channel = Shared::new(channel).map_err(|_| Failure::at(Stage::Memory, Number::ENOMEM, plan))?;
            (*launched.lock_channel(), launched.ends) = (Some(channel), kept);
            Ok(())
        }
        // Without the ends nothing can be heard of it. That it died may be the reason, or that it did not wait any longer.
        Err(errno) => {
            launched.first.kill();
            let signal = launched.first.reap().map_or(0, |end| end.signal());
            Err(match errno {
                Number::ESRCH if signal == 0 => Failure::at(Stage::Pipe, Number::ETIMEDOUT, plan),
                Number::ESRCH => Failure::killed(None, signal, launched.pid(), plan),
                _ => Failure::at(Stage::Pipe, errno, plan),
            })
        }
    }
}

/// Comes back when a child that nothing holds is in the program, or when time is up.
pub fn until_running(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Result<Start, Failure> {
    let late = plan.second_clone >= clone::LATE && launched.second.get().is_none();
    if late && !until_second(launched, plan, deadline)? {
        return Ok(Start::LetGo);
    }
    match hear_exec(launched, plan, deadline) {
        Heard::NotYet => Ok(Start::LetGo),
        Heard::Running(proof) => Ok(Start::Running(proof)),
        heard => Err(heard.into_failure(launched, plan)),
    }
}

/// Comes back when the child has left the rest to a second process, or when time is up; whether it has.
fn until_second(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Result<bool, Failure> {
    let heard = loop {
        match listen(launched, plan, false, deadline) {
            Woken::NotYet => return Ok(false),
            // What it had to say before is not of interest any more.
            Woken::Spoken => (),
            Woken::Left | Woken::Dead => break verdict(launched, plan),
        }
    };
    match take_over(launched) {
        None => Err(heard.into_failure(launched, plan)),
        Some(Ok(())) => Ok(true),
        // It would wait for ever.
        Some(Err(errno)) => {
            launched.name().kill();
            launched.name().reap();
            Err(Failure::at(Stage::SecondClone, errno, plan))
        }
    }
}

/// The first process has ended: from now on the child is the second one, if there is one, and it goes on.
pub fn take_over(launched: &Launched) -> Option<Result<(), Number>> {
    second(launched)?;
    // Not before the second is known: whoever waits for the child meanwhile finds one or the other.
    launched.first.reap();
    Some(handshake::go(launched))
}

/// From now on the child is the second process, if there is one, which waits. The kernel has written its pid before it ran.
pub fn second(launched: &Launched) -> Option<()> {
    let pid = launched.page().second_pid.load(Ordering::Acquire);
    if pid <= 0 {
        return None;
    }
    // SAFETY: kernel contract, man 2 pidfd_open: a new descriptor of our own, of a child that nobody has reaped.
    let pidfd = sys::pidfd_open(pid).ok().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    let name = Name::new(pid, pidfd);
    // Who has power over it in there has power over the page, too, but not to make it name anybody who is not ours.
    if name.look() == Seen::NotThere {
        return None;
    }
    launched.tell_keeper(&name);
    launched.second.set(name).ok()
}

/// What is heard of a child on its way.
pub enum Heard {
    /// A word for which it waits to be let go on. `page::kind`
    Said(u32),
    Running(Proof),
    Failed(Report),
    /// It was killed at this stage, if that is known.
    Died(Option<Stage>),
    NotYet,
}

/// Listens for the next word: that the child is held, say, or failed on the way.
pub fn hear_word(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Heard {
    match listen(launched, plan, false, deadline) {
        Woken::NotYet => Heard::NotYet,
        Woken::Left | Woken::Dead => verdict(launched, plan),
        Woken::Spoken => Heard::Said(launched.page().kind.load(Ordering::Acquire)),
    }
}

/// Listens until the program is exec'd, or will not be.
fn hear_exec(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Heard {
    loop {
        match listen(launched, plan, true, deadline) {
            Woken::NotYet => return Heard::NotYet,
            Woken::Spoken => (),
            Woken::Left | Woken::Dead => return verdict(launched, plan),
        }
    }
}

fn listen(launched: &Launched, plan: &Plan, for_exec: bool, deadline: Option<Instant>) -> Woken {
    let page = launched.page();
    let process = match (for_exec && plan.init != 0, launched.second.get()) {
        (true, _) => &page.program,
        (false, Some(_)) => &page.second,
        (false, None) => &page.first,
    };
    let heard = launched.heard.load(Ordering::Relaxed);
    let listened = Listened { page: &page, process, name: launched.name(), heard };
    // Of an init's program this process cannot tell.
    let has_been_execed =
        || plan.init == 0 && stage_of(page.report()) == Some(Stage::Exec) && has_passed_exec(launched);
    let woken = match (&launched.listening, &launched.ends.lifeline) {
        (Some(listening), Some(socket)) if plan.listener != 0 => listening.listen(&listened, socket, deadline),
        _ => listened.listen(deadline, has_been_execed),
    };
    if woken == Woken::Spoken {
        launched.heard.store(page.spoken.load(Ordering::Acquire), Ordering::Relaxed);
    }
    woken
}

/// Whether a child that is at stage exec, and of which the kernel marks nothing, has been exec'd.
fn has_passed_exec(launched: &Launched) -> bool {
    if launched.exit_signal_tells {
        return launched.name().passed_exec() != Passed::No;
    }
    match launched.name().passed_exec_by_group() {
        Passed::Yes => true,
        Passed::No => false,
        Passed::Unknown if launched.page().named.load(Ordering::Relaxed) == 0 => has_closed_lifeline(launched),
        Passed::Unknown => has_another_name(launched).unwrap_or_else(|| has_closed_lifeline(launched)),
    }
}

/// Whether a child that had the image's name has got another one, which an exec gives; `None` where there is no /proc.
fn has_another_name(launched: &Launched) -> Option<bool> {
    let name = procfs::comm(launched.name())?;
    Some(!name.starts_with(IMAGE_NAME.to_bytes()))
}

/// Whether nobody has the child's end of the lifeline any more, which closes at an exec. A fork of the caller's may keep it.
fn has_closed_lifeline(launched: &Launched) -> bool {
    let Some(lifeline) = &launched.ends.lifeline else { return false };
    let mut fds = [PollFd { fd: lifeline.as_raw_fd(), events: 0, revents: 0 }];
    sys::poll(&mut fds, Some(&Timespec { seconds: 0, nanoseconds: 0 })).is_ok_and(|ready| ready != 0)
}

fn stage_of(report: Report) -> Option<Stage> {
    Row::of(report.stage).map(|row| row.stage).filter(|stage| *stage > Stage::Child)
}

/// What the page says of a child that has left it, or is dead.
fn verdict(launched: &Launched, plan: &Plan) -> Heard {
    // When an init is killed, its program goes on for the moment until the kernel kills that too.
    if plan.init != 0 && process(launched, &launched.page()).word.load(Ordering::Acquire) & OWNER_DIED != 0 {
        launched.name().until_ended();
    }
    // Its zombie tells whether it was killed in time.
    if refused(launched).is_some() {
        launched.name().until_ended();
    }
    let report = launched.page().report();
    match stage_of(report) {
        _ if report.kind == kind::FAILED => Heard::Failed(report),
        Some(Stage::Exec) if plan.exec_is_killed == 0 => after_exec(launched, plan),
        stage => Heard::Died(stage),
    }
}

/// The child has left at stage exec.
fn after_exec(launched: &Launched, plan: &Plan) -> Heard {
    if plan.init != 0 {
        note_who_left_first(launched);
        return Heard::Running(Proof::Init);
    }
    // A tracer waits for its tracees whatever their exit signal, and only by that could an exec be told.
    if plan.mode == mode::COPIED && plan.trace == 0 && plan.stop == 0 && launched.exit_signal_tells {
        return by_exit_signal(launched.name());
    }
    if !launched.exit_signal_tells {
        match launched.name().passed_exec_by_group() {
            Passed::Yes => return Heard::Running(Proof::Known),
            Passed::No => return Heard::Died(Some(Stage::Exec)),
            Passed::Unknown => (),
        }
    }
    let named = launched.page().named.load(Ordering::Relaxed) != 0;
    let proof = match (plan.mode == mode::COPIED || launched.second.get().is_some(), named) {
        (true, named) => Proof::Fork { named },
        (false, true) => Proof::Name,
        (false, false) => Proof::None,
    };
    match launched.name().look() {
        Seen::Ended(end) => match ran(launched, proof, end) {
            Ran::No => Heard::Died(Some(Stage::Exec)),
            Ran::Yes => Heard::Running(Proof::Known),
            // There may be no descriptor to read the name by, either. It had not left when it was killed.
            Ran::Unknown if refused(launched).is_some() => Heard::Died(Some(Stage::Exec)),
            Ran::Unknown => Heard::Running(Proof::None),
        },
        _ => Heard::Running(proof),
    }
}

/// Whether the program ran, now that the child has ended and nobody has reaped it yet.
pub fn ran(launched: &Launched, proof: Proof, end: End) -> Ran {
    match proof {
        Proof::Known => Ran::Yes,
        Proof::Init => ran_under_init(launched),
        _ if end.signal() == 0 => Ran::Yes,
        Proof::None => Ran::Unknown,
        Proof::Name => ran_by_name(launched),
        Proof::Fork { named } => match procfs::has_execed(launched.name()) {
            Some(true) => Ran::Yes,
            Some(false) => Ran::No,
            None if named => ran_by_name(launched),
            None => Ran::Unknown,
        },
    }
}

fn ran_by_name(launched: &Launched) -> Ran {
    match has_another_name(launched) {
        Some(true) => Ran::Yes,
        Some(false) => Ran::No,
        None => Ran::Unknown,
    }
}

/// The proof for a child that was let go, and of which nobody has heard since; none: it did not come to its exec.
pub fn proof_of_silent(launched: &Launched, plan: &Plan) -> Option<Proof> {
    match verdict(launched, plan) {
        Heard::Running(proof) => Some(proof),
        _ => None,
    }
}

fn ran_under_init(launched: &Launched) -> Ran {
    let page = launched.page();
    match page.program_ran.load(Ordering::Acquire) {
        program::RAN => Ran::Yes,
        program::DID_NOT_RUN => Ran::No,
        _ if launched.left_before_init.load(Ordering::Relaxed) => Ran::Yes,
        _ => Ran::Unknown,
    }
}

/// How the program of an init ended, and what it used, if the init has told before it ended itself.
pub fn end_of_program(launched: &Launched, has_init: bool) -> Option<(End, Usage)> {
    if !has_init || launched.page().program_ran.load(Ordering::Acquire) == program::UNKNOWN {
        return None;
    }
    let page = launched.page();
    let told = &page.program_end;
    let end = End { code: told.code.load(Ordering::Relaxed), status: told.status.load(Ordering::Relaxed) };
    Some((end, core::array::from_fn(|at| told.usage.get(at).map_or(0, |used| used.load(Ordering::Relaxed)))))
}

/// What the child has in the page; where there is an init, the init.
fn process<'a>(launched: &Launched, page: &'a Page) -> &'a Process {
    if launched.second.get().is_some() { &page.second } else { &page.first }
}

/// The program of an init has left its memory. If the init has not left its own, the kernel was not at killing all.
fn note_who_left_first(launched: &Launched) {
    let page = launched.page();
    let is_alive = process(launched, &page).word.load(Ordering::Acquire) & OWNER_DIED == 0;
    launched.left_before_init.store(is_alive, Ordering::Relaxed);
}

impl Heard {
    /// The failure that a child has come to; it is reaped.
    pub fn into_failure(self, launched: &Launched, plan: &Shared<Sealed>) -> Failure {
        end_first(launched, plan);
        match self {
            Heard::Failed(report) => {
                // It may be the second that has failed, before the caller knew of it.
                if plan.second_clone != clone::NONE && launched.second.get().is_none() && second(launched).is_some() {
                    launched.first.reap();
                }
                // By its listener, which is ours, it might never come to its end.
                if plan.listener != 0 {
                    launched.name().kill();
                }
                launched.name().reap();
                Failure::reported(report, launched.pid(), plan)
            }
            Heard::Died(stage) => killed(launched, plan, stage),
            _ => {
                launched.name().kill();
                killed(launched, plan, None)
            }
        }
    }
}

/// The second process may have failed before the caller has heard of it. It is the caller's child too, and is the one to be
/// reaped; the first, which has nothing left to do, is reaped here.
fn end_first(launched: &Launched, plan: &Plan) {
    let may_have_two = plan.second_clone != clone::NONE && launched.second.get().is_none();
    if may_have_two && second(launched).is_some() {
        launched.first.kill();
        launched.first.reap();
    }
}

/// A child that died without a word. An init comes to its end by itself, and tells of the program's.
fn killed(launched: &Launched, plan: &Shared<Sealed>, stage: Option<Stage>) -> Failure {
    let by_itself = plan.init != 0 || plan.exec_is_killed != 0 && stage == Some(Stage::Exec);
    if !by_itself {
        launched.name().kill();
    }
    let end = launched.name().reap();
    // It may have been killed before it had a word for the kernel to mark: nobody writes to the page any more.
    if launched.second.get().is_some() {
        launched.page().second.word.fetch_or(OWNER_DIED, Ordering::AcqRel);
    }
    if let Some(errno) = refused(launched) {
        return Failure::at(stage_of_filters(plan), errno, plan).of_child(launched.pid());
    }
    let unowned =
        launched.page().first.has_left() && stage_of(launched.page().report()).is_none_or(|at| at <= Stage::Image);
    match end {
        // The image could not even open the page.
        Some(End { code: libc::CLD_EXITED, status }) if unowned && status != 0 && plan.mode == mode::FRESH => {
            let failure = Failure::at(Stage::Image, Number::from_raw(status), plan);
            failure.because(denied(sys::Errno(status))).of_child(launched.pid())
        }
        end => {
            let end = end_of_program(launched, plan.init != 0).map(|(end, _)| end).or(end);
            let signal = end.map_or(0, |end| end.signal());
            Failure::killed(cause(plan, stage, signal), signal, launched.pid(), plan)
        }
    }
}

/// Why the listener of the child could not be received, where the child was killed for that.
fn refused(launched: &Launched) -> Option<Number> {
    launched.listening.as_ref().and_then(Listening::refused)
}

fn stage_of_filters(plan: &Plan) -> Stage {
    if plan.filters_privileged != 0 { Stage::PrivilegedSeccomp } else { Stage::Seccomp }
}

/// A filter that kills for a call of the library's own is the cause, wherever that call is made.
fn cause(plan: &Plan, stage: Option<Stage>, signal: i32) -> Option<Stage> {
    let put_on = stage_of_filters(plan);
    let by_filter = signal == libc::SIGSYS && !plan.filters.is_empty();
    stage.map(|stage| if by_filter && stage > put_on && stage < Stage::Exec { put_on } else { stage })
}

/// A child that the caller could not serve. A death that is not of our making is the reason why.
fn given_up(launched: &Launched, plan: &Shared<Sealed>, failure: Failure) -> Failure {
    // Between the death of a process and its end as others see it, /proc does not show it any more to who is not root.
    let left = process(launched, &launched.page()).word.load(Ordering::Acquire) & OWNER_DIED != 0;
    let dead = left || procfs::is_exiting(launched.name()) || launched.name().has_ended();
    end_first(launched, plan);
    launched.name().kill();
    let signal = launched.name().reap().map_or(0, |end| end.signal());
    let report = launched.page().report();
    match report.kind {
        kind::FAILED => Failure::reported(report, launched.pid(), plan),
        _ if signal != 0 && (dead || signal != libc::SIGKILL) => {
            Failure::killed(stage_of(report), signal, launched.pid(), plan)
        }
        _ => failure,
    }
}
