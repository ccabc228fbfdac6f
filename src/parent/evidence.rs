//! What became of a child: did the exec happen, and if not, what failed? This file alone answers that, from evidence that
//! no other code of the caller's process can take away.
//!
//! | evidence | conclusion |
//! |---|---|
//! | the page says `FAILED` | failed, at that stage with that errno |
//! | a child in the caller's memory has left, and its stage is not exec | killed at that stage |
//! | the same at stage exec, and waitid(2) with `__WCLONE` finds it | killed in execve: an exec would have changed its exit signal |
//! | the same, and it finds nobody, but `__WALL` does | it runs, or did |
//! | the same, and nothing finds it: other code has reaped it | unknown |
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
//! | ... and a signal killed it, and other code has reaped it, or there is no /proc | unknown |
//! | the program of an init: its word is marked at stage exec | it runs; the init tells whether it was killed in execve |
//! | ... and the init was killed after that | it ran: the kernel ends an init's memory before it kills the others |
//!
//! The last line is wrong if the program is killed in execve, and its init is killed before it has told.

use super::launched::Launched;
use super::process::{End, Passed, Process, Seen};
use super::procfs;
use crate::page::{self, IMAGE_NAME, OWNER_DIED, Page, Report, Usage, kind, program};
use crate::sealed::{Plan, mode};
use crate::stage::{Row, Stage};
use crate::sys;
use crate::sys::abi::{PollFd, Timespec};
use core::sync::atomic::Ordering;
use std::os::fd::AsRawFd;

/// What the caller has heard of a child whose start is not complete.
pub enum Heard {
    /// A word after which the child waits to be let go on: a constant of `page::kind`.
    Said(u32),
    Running(Proof),
    Failed(Report),
    /// Killed at this stage, if that is known.
    Died(Option<Stage>),
    NotYet,
}

/// What will tell, at the child's end, whether the program ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// It is known already that it did.
    Known,
    /// If a signal kills the child, the name of the zombie.
    Name,
    /// If a signal kills the child, the kernel's flag that this fork has never exec'd. `named`: or its name, if the child had
    /// the image's.
    Fork { named: bool },
    /// The init, which reaps the program.
    Init,
    /// Nothing, if a signal kills the child.
    None,
}

/// Whether the program ran at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ran {
    No,
    Yes,
    /// A signal has killed the child at its exec or later, and nothing tells which.
    Unknown,
}

/// A child has left its memory at stage exec. An exec would have changed its exit signal.
pub fn by_exit_signal(process: &Process) -> Heard {
    match process.passed_exec() {
        Passed::No => Heard::Died(Some(Stage::Exec)),
        Passed::Yes => Heard::Running(Proof::Known),
        Passed::Unknown => Heard::Running(Proof::None),
    }
}

/// Whether a child at stage exec has been exec'd, where the kernel does not mark its word in the page.
pub fn has_passed_exec(launched: &Launched) -> bool {
    if launched.exit_signal_tells {
        return launched.process().passed_exec() != Passed::No;
    }
    match launched.process().passed_exec_by_group() {
        Passed::Yes => true,
        Passed::No => false,
        Passed::Unknown if launched.page().named.load(Ordering::Relaxed) == 0 => has_closed_lifeline(launched),
        Passed::Unknown => has_another_name(launched).unwrap_or_else(|| has_closed_lifeline(launched)),
    }
}

/// Whether a child that had the image's name has got another one, as each exec gives. `None`: there is no /proc.
fn has_another_name(launched: &Launched) -> Option<bool> {
    let name = procfs::comm(launched.process())?;
    Some(!name.starts_with(IMAGE_NAME.to_bytes()))
}

/// Whether the child's end of the lifeline is closed, as an exec does. A fork of the caller may keep it open for longer.
fn has_closed_lifeline(launched: &Launched) -> bool {
    let Some(lifeline) = &launched.ends.lifeline else { return false };
    let mut fds = [PollFd { fd: lifeline.as_raw_fd(), events: 0, revents: 0 }];
    sys::poll(&mut fds, Some(&Timespec { seconds: 0, nanoseconds: 0 })).is_ok_and(|ready| ready != 0)
}

pub fn stage_of(report: Report) -> Option<Stage> {
    Row::of(report.stage).map(|row| row.stage).filter(|stage| *stage > Stage::Child)
}

/// What the page says of a child that has left its memory, or is dead.
pub fn verdict(launched: &Launched, plan: &Plan) -> Heard {
    // When an init is killed, its program goes on for the moment until the kernel kills that too.
    if plan.init != 0 && words(launched, &launched.page()).word.load(Ordering::Acquire) & OWNER_DIED != 0 {
        launched.process().until_ended();
    }
    // The child was killed because its listener could not be received. Its zombie tells whether that was before the exec.
    if launched.listener_refused().is_some() {
        launched.process().until_ended();
    }
    let report = launched.page().report();
    match stage_of(report) {
        _ if report.kind == kind::FAILED => Heard::Failed(report),
        Some(Stage::Exec) if plan.exec_is_killed == 0 => after_exec(launched, plan),
        stage => Heard::Died(stage),
    }
}

/// The child has left its memory at stage exec.
fn after_exec(launched: &Launched, plan: &Plan) -> Heard {
    if plan.init != 0 {
        note_who_left_first(launched);
        return Heard::Running(Proof::Init);
    }
    // Not a tracee: its tracer finds it by any kind of wait, so its exit signal cannot be told.
    if plan.mode == mode::COPIED && plan.trace == 0 && plan.stop == 0 && launched.exit_signal_tells {
        return by_exit_signal(launched.process());
    }
    if !launched.exit_signal_tells {
        match passed_exec_or_died(launched.process()) {
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
    match launched.process().look() {
        Seen::Ended(end) => match ran(launched, proof, end) {
            Ran::No => Heard::Died(Some(Stage::Exec)),
            Ran::Yes => Heard::Running(Proof::Known),
            // The caller may have no descriptor left to read the name by. The child was killed before it had left its memory.
            Ran::Unknown if launched.listener_refused().is_some() => Heard::Died(Some(Stage::Exec)),
            Ran::Unknown => Heard::Running(Proof::None),
        },
        _ => Heard::Running(proof),
    }
}

/// The child has left its memory at stage exec. The kernel changes what setpgid(2) answers a moment later, so a living child
/// that has not been exec'd is in between.
fn passed_exec_or_died(process: &Process) -> Passed {
    loop {
        let is_alive = process.look() == Seen::Alive;
        match process.passed_exec_by_group() {
            Passed::No if is_alive => std::thread::yield_now(),
            passed => return passed,
        }
    }
}

/// Whether the program ran. The child has ended, and is not reaped yet.
pub fn ran(launched: &Launched, proof: Proof, end: End) -> Ran {
    match proof {
        Proof::Known => Ran::Yes,
        Proof::Init => ran_under_init(launched),
        _ if end.signal() == 0 => Ran::Yes,
        Proof::None => Ran::Unknown,
        Proof::Name => ran_by_name(launched),
        Proof::Fork { named } => match procfs::has_execed(launched.process()) {
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

/// The proof for a child that was let go and not listened to since. `None`: it did not come to its exec.
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

/// How the program of an init ended, and what it used. `None`: the init was killed before it could tell.
pub fn end_of_program(launched: &Launched, has_init: bool) -> Option<(End, Usage)> {
    if !has_init || launched.page().program_ran.load(Ordering::Acquire) == program::UNKNOWN {
        return None;
    }
    let page = launched.page();
    let told = &page.program_end;
    let end = End { code: told.code.load(Ordering::Relaxed), status: told.status.load(Ordering::Relaxed) };
    Some((end, core::array::from_fn(|at| told.usage.get(at).map_or(0, |used| used.load(Ordering::Relaxed)))))
}

/// The child's words in the page; if there is an init, the init's.
pub fn words<'a>(launched: &Launched, page: &'a Page) -> &'a page::Process {
    if launched.second.get().is_some() { &page.second } else { &page.first }
}

/// The program of an init has left its memory. If the init has not left its own by now, the program was not killed with it.
fn note_who_left_first(launched: &Launched) {
    let page = launched.page();
    let is_alive = words(launched, &page).word.load(Ordering::Acquire) & OWNER_DIED == 0;
    launched.left_before_init.store(is_alive, Ordering::Relaxed);
}
