//! The protocol as a model that stateright goes through, and what must hold in every state of it.

use super::caller::{self, Said};
use super::caller::{At, Start};
use super::outcome::Ran;
use super::page::{ALL, Who};
use super::plan::{Plan, Step};
use super::process;
use super::world::{Action, Choice, End, Exec, Life, SAYS_FAILED, State};
use stateright::{Model, Property};

pub struct Protocol {
    pub plan: Plan,
    pub steps: [Vec<Step>; 3],
}

impl Protocol {
    pub fn new(plan: Plan) -> Protocol {
        Protocol { steps: plan.steps(), plan }
    }

    fn act(&self, state: &mut State, action: Action) -> Option<()> {
        let caller_is_there = state.caller.alive;
        match action {
            Action::Step(who) => process::step(&self.plan, &self.steps, state, who)?,
            Action::Fails(who) => {
                let alive = state.is(who).life == Life::Alive;
                (alive && process::may_fail(state.step_of(&self.steps, who))).then_some(())?;
                state.process(who).at = SAYS_FAILED;
            }
            Action::Caller(choice) => {
                caller::step(&self.plan, state, choice)?;
                if matches!(state.caller.at, At::User | At::Done) {
                    state.caller.come_back(&self.plan, state.caller.at);
                }
            }
            Action::TimesOut => caller::times_out(state)?,
            Action::Kill(who) => {
                (state.kills_left > 0 && state.is(who).life == Life::Alive).then_some(())?;
                state.kills_left -= 1;
                state.end(who, End::Killed);
            }
            Action::CallerDies => {
                (self.plan.caller_dies && caller_is_there && !state.caller.is_done()).then_some(())?;
                state.caller_dies(&self.plan);
            }
            // When the caller is dead, the system's init does.
            Action::ForeignReaps(who) => {
                let reaps = self.plan.foreign_reaper || !caller_is_there;
                (reaps && who != Who::Program && state.is(who).life == Life::Zombie).then_some(())?;
                state.process(who).life = Life::Reaped;
                state.process(who).reaped_by_other = true;
            }
        }
        Some(())
    }

    /// Whom nothing will wake although there is something to hear: for it only a time-out is left.
    fn sleeps_in_vain(&self, state: &State) -> bool {
        self.caller_sleeps_in_vain(state) || ALL.into_iter().any(|who| self.child_sleeps_in_vain(state, who))
    }

    fn caller_sleeps_in_vain(&self, state: &State) -> bool {
        let caller = &state.caller;
        let word = &state.page.words[caller.listening as usize];
        // Before anybody owned the word, and after a process is killed on its way to that, the caller looks often.
        let Some(owner) = word.owner.or(caller.value.owner) else { return caller.asleep && word.died };
        let about_to_wake = ALL.into_iter().any(|who| {
            let step = state.step_of(&self.steps, who);
            state.is(who).life == Life::Alive && matches!(step, Some(Step::SayLookForWaiters | Step::SayWake))
        });
        let is_unheard = state.page.spoken != caller.heard && !about_to_wake;
        let owner_is_gone = state.is(owner).has_ended();
        caller.asleep && (word.died || is_unheard || owner_is_gone)
    }

    fn child_sleeps_in_vain(&self, state: &State, who: Who) -> bool {
        let process = state.is(who);
        if process.life != Life::Alive || !process.asleep {
            return false;
        }
        match state.step_of(&self.steps, who) {
            Some(Step::SleepUntilReleased) => {
                let is_released = state.page.released != process.heard_released;
                is_released && state.caller.at != At::GoWake || !state.caller.alive
            }
            Some(Step::SleepUntilReady) => {
                let init = self.plan.init_process();
                let wakes = state.step_of(&self.steps, init) == Some(Step::WakeProgram);
                state.is(init).life == Life::Alive && state.page.init_ready && !wakes
            }
            _ => false,
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.plan)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for who in ALL {
            match state.is(who).life {
                Life::Alive => actions.extend([Action::Step(who), Action::Fails(who), Action::Kill(who)]),
                Life::Exiting => actions.push(Action::Step(who)),
                Life::Zombie => actions.push(Action::ForeignReaps(who)),
                Life::Absent | Life::Reaped => (),
            }
        }
        actions.extend([Choice::Next, Choice::Other, Choice::Third].map(Action::Caller));
        actions.extend([Action::TimesOut, Action::CallerDies]);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = *state;
        self.act(&mut next, action)?;
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Protocol>> {
        vec![
            Property::always(ANSWER, |model: &Protocol, state| model.answer_is_right(state)),
            Property::always(UNKNOWN, |model: &Protocol, state| model.unknown_has_a_reason(state)),
            Property::always(NOTHING_LEFT, |model: &Protocol, state| model.nothing_is_left(state)),
            Property::always(WOKEN, |model: &Protocol, state| !model.sleeps_in_vain(state)),
        ]
    }
}

pub const ANSWER: &str = "the caller is told the truth about whether the program ran";
pub const UNKNOWN: &str = "the caller is told that nothing is known only where nothing can be known";
pub const NOTHING_LEFT: &str = "after the last call nobody is left whom the caller does not know";
pub const WOKEN: &str = "nobody sleeps who has been spoken to";

impl Protocol {
    fn answer_is_right(&self, state: &State) -> bool {
        let program = state.is(state.program(&self.plan));
        match state.caller.said {
            Said::Ran(Ran::Yes) => program.exec != Exec::NotPassed || self.is_beyond_knowing(state),
            Said::Ran(Ran::No) => program.exec != Exec::Passed,
            _ => true,
        }
    }

    /// The one answer that may be wrong: somebody kills the program in execve, and then its init before that has told the
    /// caller. The caller believes that the kernel killed the program with the init, and so after its exec.
    fn is_beyond_knowing(&self, state: &State) -> bool {
        let is_killed = |who: Who| state.is(who).end == End::Killed && state.is(who).life != Life::Alive;
        self.plan.init && !self.plan.strict && is_killed(Who::Program) && is_killed(self.plan.init_process())
    }

    /// Somebody else has reaped the child, or an init was killed before it could tell.
    fn unknown_has_a_reason(&self, state: &State) -> bool {
        let child = state.is(state.caller.name());
        let killed = child.end == End::Killed && child.life != Life::Alive;
        match state.caller.said {
            Said::Ran(Ran::Unknown) if state.caller.is_done() || !self.plan.init => {
                child.reaped_by_other || killed && self.plan.init
            }
            Said::ReapedByOther => child.reaped_by_other,
            _ => true,
        }
    }

    fn nothing_is_left(&self, state: &State) -> bool {
        if !state.caller.is_done() || !state.caller.alive {
            return true;
        }
        // A program that runs is its user's to wait for.
        let runs = matches!(state.caller.start, Start::Running(_));
        let known = |who| runs && who == state.caller.name();
        let direct = [Who::First, Who::Second].into_iter().all(|who| known(who) || !state.is(who).is_there());
        let programs_init = state.is(self.plan.init_process());
        direct && (!state.is(Who::Program).is_there() || programs_init.is_there())
    }

    /// Nobody is in a call, and no child waits for a caller that is dead.
    pub fn has_come_to_an_end(&self, state: &State) -> bool {
        let waits = ALL.into_iter().any(|who| state.is_waiting(&self.steps, who));
        !state.caller.is_in_a_call() && (state.caller.alive || !waits)
    }
}
