//! Listens to a child until it says the next word, is exec'd, or ends.

use super::channel_wait::{Listened, Woken};
use super::evidence::{Heard, has_passed_exec, stage_of, verdict};
use super::launched::Launched;
use crate::plan::Sealed;
use crate::sealed::Plan;
use crate::shared::Shared;
use crate::stage::Stage;
use core::sync::atomic::Ordering;
use std::time::Instant;

/// Listens for the next word: that the child is held, for example, or has failed.
pub fn hear_word(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Heard {
    match listen(launched, plan, false, deadline) {
        Woken::NotYet => Heard::NotYet,
        Woken::Left | Woken::Dead => verdict(launched, plan),
        Woken::Spoken => Heard::Said(launched.page().kind.load(Ordering::Acquire)),
    }
}

/// Listens until the program is exec'd, or the start has failed.
pub fn hear_exec(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Heard {
    loop {
        match listen(launched, plan, true, deadline) {
            Woken::NotYet => return Heard::NotYet,
            Woken::Spoken => (),
            Woken::Left | Woken::Dead => return verdict(launched, plan),
        }
    }
}

pub fn listen(launched: &Launched, plan: &Plan, for_exec: bool, deadline: Option<Instant>) -> Woken {
    let page = launched.page();
    let words = match (for_exec && plan.init != 0, launched.second.get()) {
        (true, _) => &page.program,
        (false, Some(_)) => &page.second,
        (false, None) => &page.first,
    };
    let heard = launched.heard.load(Ordering::Relaxed);
    let listened = Listened { page: &page, words, process: launched.process(), heard };
    // An init's program is not the caller's child, so the caller cannot tell.
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
