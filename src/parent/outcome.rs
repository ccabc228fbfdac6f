//! Waits until a child that was made holds, runs its program, or has failed.

use super::channel_ends;
use super::channel_wait::Woken;
use super::evidence::{Heard, Proof, by_exit_signal, stage_of, verdict};
use super::failure::Failure;
use super::give_up::{failure_of, given_up};
use super::hear::{hear_exec, hear_word, listen};
use super::launched::Launched;
use super::process::End;
use super::second_process::take_over;
use super::serve::{self, RunHelper};
use crate::page::kind;
use crate::plan::Sealed;
use crate::sealed::{clone, mode};
use crate::shared::Shared;
use crate::stage::Stage;
use nix::errno::Errno;
use std::time::Instant;

/// How far a start has come, as far as the caller has heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Held,
    LetGo,
    /// The program runs. The proof tells at its end whether that is so.
    Running(Proof),
    Failed,
}

impl Start {
    /// Nothing will be read from the page any more.
    pub fn is_past_the_page(self) -> bool {
        matches!(self, Start::Running(Proof::Known | Proof::Name | Proof::Fork { .. } | Proof::None))
    }
}

/// Comes back when the program runs, or the child is held.
pub fn until_ready(launched: &mut Launched, plan: &Shared<Sealed>, run_helper: RunHelper) -> Result<Start, Failure> {
    if plan.mode == mode::SHARED {
        return shared(launched, plan).map(Start::Running);
    }
    until_served(launched, plan, run_helper)
}

/// The same for a child in memory of its own, which may have to wait for the caller's steps.
#[inline(never)]
fn until_served(launched: &mut Launched, plan: &Shared<Sealed>, run_helper: RunHelper) -> Result<Start, Failure> {
    let said = if launched.to_fetch.is_some() { launched.report } else { launched.page().report() };
    if said.kind == kind::FAILED {
        return Err(failure_of(Heard::Failed(said), launched, plan));
    }
    if let Some(above) = launched.to_fetch {
        fetch(launched, plan, above)?;
    }
    if plan.second_clone == clone::OF_IMAGE {
        until_second(launched, plan, None)?;
    }
    if let Err(failure) = serve::serve(launched, plan, run_helper) {
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
        heard => Err(failure_of(heard, launched, plan)),
    }
}

/// A child that was in the caller's memory, and has left it.
fn shared(launched: &Launched, plan: &Shared<Sealed>) -> Result<Proof, Failure> {
    let report = launched.report;
    let heard = match report.kind {
        kind::FAILED => Heard::Failed(report),
        _ if report.stage == Stage::Exec as u32 => by_exit_signal(&launched.first),
        _ => Heard::Died(stage_of(report)),
    };
    match heard {
        Heard::Running(proof) => Ok(proof),
        heard => Err(failure_of(heard, launched, plan)),
    }
}

/// Fetches the page and the other ends of a child that has made them itself.
#[cold]
fn fetch(launched: &mut Launched, plan: &Shared<Sealed>, above: u32) -> Result<(), Failure> {
    match channel_ends::fetch(plan, &launched.first, above) {
        Ok((channel, kept)) => {
            let channel = Shared::new(channel).map_err(|_| Failure::at(Stage::Memory, Errno::ENOMEM, plan))?;
            (*launched.lock_channel(), launched.ends) = (Some(channel), kept);
            Ok(())
        }
        // Without the ends nothing can be heard of the child. It may have died, or have stopped to wait for this.
        Err(errno) => {
            launched.first.kill();
            let signal = End::signal_of(launched.first.reap());
            Err(match errno {
                Errno::ESRCH if signal == 0 => Failure::at(Stage::Pipe, Errno::ETIMEDOUT, plan),
                Errno::ESRCH => Failure::killed(None, signal, launched.pid(), plan),
                _ => Failure::at(Stage::Pipe, errno, plan),
            })
        }
    }
}

/// Comes back when the program of a child that is not held runs, or when the time is up.
pub fn until_running(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Result<Start, Failure> {
    let late = plan.second_clone >= clone::LATE && launched.second.get().is_none();
    if late && !until_second(launched, plan, deadline)? {
        return Ok(Start::LetGo);
    }
    match hear_exec(launched, plan, deadline) {
        Heard::NotYet => Ok(Start::LetGo),
        Heard::Running(proof) => Ok(Start::Running(proof)),
        heard => Err(failure_of(heard, launched, plan)),
    }
}

/// Comes back when the child has left the rest to a second process, or when the time is up: false.
fn until_second(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Result<bool, Failure> {
    let heard = loop {
        match listen(launched, plan, false, deadline) {
            Woken::NotYet => return Ok(false),
            // An earlier word does not matter any more.
            Woken::Spoken => (),
            Woken::Left | Woken::Dead => break verdict(launched, plan),
        }
    };
    match take_over(launched) {
        None => Err(failure_of(heard, launched, plan)),
        Some(Ok(())) => Ok(true),
        // The second process would wait for ever.
        Some(Err(errno)) => {
            launched.process().kill();
            launched.process().reap();
            Err(Failure::at(Stage::SecondClone, errno, plan))
        }
    }
}
