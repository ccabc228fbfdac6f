//! The caller: how it listens, and what its calls do. `src/parent/{channel_wait,hear,launched}.rs`

use super::calls;
use super::outcome::{self, Ran};
use super::page::{Who, Word};
use super::plan::{Mistake, Mode, Plan};
use super::world::{Choice, Life, State};

/// What the caller listens for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    Unmapped,
    Second,
    Held,
    Exec,
    /// Nothing: it waits for the end of the child.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    Known,
    Name,
    Init,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    Starting,
    Held,
    LetGo,
    Running(Proof),
    Failed,
}

/// What a call has said of the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    Nothing,
    Ran(Ran),
    /// ECHILD
    ReapedByOther,
}

/// Whether the process that has failed comes to its end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failed {
    ToKill,
    ToReap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    Suspended,
    FirstReport,
    Serve,
    GoStore,
    GoWake,
    LoadWord,
    LoadSpoken,
    SetWaiters,
    Sleep,
    Asleep,
    LookForDeath,
    Heard,
    Verdict,
    SecondPid,
    SecondLook,
    ReapFirst,
    AskInit,
    AskExitSignal,
    AskWhetherThere,
    AskEnd,
    AskName,
    AskWhetherProgramRan,
    EndFirst(Failed),
    EndFirstLook(Failed),
    EndFirstReap(Failed),
    KillFailed,
    ReapFailed,
    User,
    WaitForFirst,
    WaitForEnd,
    WaitReap,
    CloseKill,
    CloseReap,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    pub alive: bool,
    pub has_memory_back: bool,
    pub at: At,
    pub goal: Goal,
    pub start: Start,
    pub said: Said,
    pub second_known: bool,
    pub left_before_init: bool,
    pub heard: u8,
    /// The word that it listens to, and the value that it has read there.
    pub listening: Who,
    pub value: Word,
    pub asleep: bool,
    /// A time-out came, and the look at the process after that: whether it has ended.
    pub timed_out: Option<bool>,
    /// The call has a deadline.
    pub timed: bool,
    pub waiting: bool,
    pub closing: bool,
    pub zombie_says: Option<Ran>,
}

impl Caller {
    pub fn new(plan: &Plan) -> Caller {
        Caller {
            alive: true,
            has_memory_back: plan.mode == Mode::Copied,
            at: At::Suspended,
            goal: Goal::Exec,
            start: Start::Starting,
            said: Said::Nothing,
            second_known: false,
            left_before_init: false,
            heard: 0,
            listening: Who::First,
            value: super::page::Page::NEW.words[0],
            asleep: false,
            timed_out: None,
            timed: false,
            waiting: false,
            closing: false,
            zombie_says: None,
        }
    }

    /// The process that the caller knows the child by.
    pub fn name(&self) -> Who {
        if self.second_known { Who::Second } else { Who::First }
    }

    pub fn is_done(&self) -> bool {
        self.at == At::Done
    }

    pub fn is_in_a_call(&self) -> bool {
        self.alive && !matches!(self.at, At::User | At::Done)
    }

    pub fn wake(&mut self, word: Who) {
        self.asleep &= self.listening != word;
    }

    pub fn dies(&mut self, plan: &Plan) {
        *self = Caller { alive: false, at: At::Done, ..Caller::new(plan) };
    }

    /// Between two calls. What only a call knows is forgotten, so that fewer states differ.
    pub fn come_back(&mut self, plan: &Plan, at: At) {
        let Caller { start, said, second_known, left_before_init, heard, .. } = *self;
        *self = Caller {
            at,
            start,
            said,
            second_known,
            left_before_init,
            heard,
            has_memory_back: true,
            ..Caller::new(plan)
        };
    }

    pub fn listen(&mut self, plan: &Plan) {
        self.at = At::LoadWord;
        self.timed_out = None;
        self.listening = if self.goal == Goal::Exec && plan.init { Who::Program } else { self.name() };
    }

    pub fn fail(&mut self, failed: Failed) {
        (self.start, self.at) = (Start::Failed, At::EndFirst(failed));
    }

    pub fn come_to(&mut self, start: Start) {
        (self.start, self.at) = (start, At::User);
    }
}

/// The next step of the caller; none if it has to wait, or has no such choice.
pub fn step(plan: &Plan, state: &mut State, choice: Choice) -> Option<()> {
    if !state.caller.alive || choice != Choice::Next && !chooses(plan, state, choice) {
        return None;
    }
    let at = state.caller.at;
    match at {
        At::Suspended => {
            let gone = state.is(Who::First).life != Life::Alive;
            (state.caller.has_memory_back || gone).then_some(())?;
            state.caller.at = At::FirstReport;
        }
        At::FirstReport => calls::first_report(plan, state),
        At::Serve => calls::serve(state, choice),
        At::GoStore => {
            state.page.released += 1;
            state.caller.at = At::GoWake;
        }
        At::GoWake => {
            state.process(Who::First).asleep = false;
            state.page.go = plan.polls() as u8;
            match state.caller.goal {
                Goal::End => state.caller.at = At::WaitForEnd,
                _ => state.caller.listen(plan),
            }
        }
        At::LoadWord => {
            state.caller.value = *state.page.word(state.caller.listening);
            state.caller.at = if state.caller.value.died { At::Verdict } else { At::LoadSpoken };
        }
        At::LoadSpoken => load_spoken(state),
        At::SetWaiters => set_waiters(plan, state),
        At::Sleep => {
            let same = *state.page.word(state.caller.listening) == state.caller.value;
            (state.caller.asleep, state.caller.at) = (same, if same { At::Asleep } else { At::LoadWord });
        }
        At::Asleep if state.caller.asleep => return None,
        At::Asleep => state.caller.at = At::LoadWord,
        At::LookForDeath => look_for_death(state, choice),
        At::Heard => calls::heard(plan, state),
        At::User => calls::user(plan, state, choice),
        At::Done => return None,
        _ => return outcome::step(plan, state, at),
    }
    Some(())
}

fn chooses(plan: &Plan, state: &State, choice: Choice) -> bool {
    let caller = &state.caller;
    match caller.at {
        At::Serve => choice == Choice::Other,
        At::LookForDeath => choice == Choice::Other && caller.timed && caller.timed_out == Some(false),
        At::User => choice == Choice::Other || plan.hold && !matches!(caller.start, Start::Running(_)),
        _ => false,
    }
}

/// A time-out of the futex.
pub fn times_out(state: &mut State) -> Option<()> {
    let caller = &mut state.caller;
    (caller.at == At::Asleep && caller.asleep).then_some(())?;
    caller.asleep = false;
    caller.timed_out = Some(state.processes[caller.name() as usize].has_ended());
    // After the look at the process comes another one at the page.
    caller.at = At::LoadWord;
    Some(())
}

fn load_spoken(state: &mut State) {
    let caller = &mut state.caller;
    caller.at = if state.page.spoken != caller.heard {
        caller.timed_out = None;
        At::Heard
    } else if !caller.value.waiters {
        At::SetWaiters
    } else if caller.timed_out == Some(true) {
        At::Verdict
    } else if caller.timed_out == Some(false) {
        At::LookForDeath
    } else {
        At::Sleep
    };
}

fn set_waiters(plan: &Plan, state: &mut State) {
    let value = state.caller.value;
    let word = state.page.word(state.caller.listening);
    if *word == value {
        word.waiters = true;
    }
    state.caller.at = At::LoadWord;
    if plan.makes(Mistake::NoSecondLook) {
        state.caller.value.waiters = true;
        state.caller.at = At::Sleep;
    }
}

fn look_for_death(state: &mut State, choice: Choice) {
    state.caller.timed_out = None;
    if choice == Choice::Other {
        state.caller.come_to(Start::LetGo);
    } else {
        state.caller.at = At::LoadWord;
    }
}
