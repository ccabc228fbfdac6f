//! What the processes of a spawn do, one step after the other: `src/child`.

use super::page::{Kind, ProgramRan, Who};
use super::plan::{Mistake, Plan, Step};
use super::world::{
    End, Exec, ExitSignal, LEAVES_AFTER_PROGRAM, LEAVES_FAILED, Life, Name, SAYS_DID_NOT_RUN, SAYS_FAILED, SAYS_RAN,
    State,
};

/// Whether the next step of a process is one that may fail.
pub fn may_fail(step: Option<Step>) -> bool {
    matches!(step, Some(Step::MayFail | Step::ExecImage | Step::CloneSecond))
}

/// The next step of a process; none if it has to wait.
pub fn step(plan: &Plan, steps: &[Vec<Step>; 3], state: &mut State, who: Who) -> Option<()> {
    match state.is(who).life {
        Life::Alive if state.is(who).at >= SAYS_FAILED => come_to_an_end(state, who),
        Life::Alive => {
            run(plan, state, who, state.step_of(steps, who)?)?;
            state.process(who).at += state.is(who).goes_on();
        }
        Life::Exiting => state.finish(plan, who),
        Life::Absent | Life::Zombie | Life::Reaped => return None,
    }
    Some(())
}

/// A process that is done with its steps.
fn come_to_an_end(state: &mut State, who: Who) {
    match state.is(who).at {
        SAYS_FAILED => {
            state.page.kind = Kind::Failed;
            state.process(who).at = LEAVES_FAILED;
        }
        SAYS_DID_NOT_RUN => say_whether_run(state, who, ProgramRan::DidNotRun),
        SAYS_RAN => say_whether_run(state, who, ProgramRan::Ran),
        LEAVES_AFTER_PROGRAM => state.end(who, End::Exited(0)),
        _ => state.end(who, End::Exited(127)),
    }
}

fn run(plan: &Plan, state: &mut State, who: Who, step: Step) -> Option<()> {
    match step {
        Step::Stage(stage) => state.page.stage = stage,
        Step::ExecImage => {
            state.process(who).exit_signal = ExitSignal::Child;
            state.process(who).name = Name::Other;
            state.caller.has_memory_back = true;
        }
        Step::TakeImageName => state.process(who).name = Name::Image,
        Step::SetRobustList => state.process(who).listed = true,
        Step::Disown(word) => state.page.word(word).owner = None,
        Step::Own(word) => state.page.word(word).owner = Some(who),
        Step::WriteSecondPid => state.page.second_pid = true,
        Step::MayFail => (),
        Step::DieWithCaller => state.process(who).dies_with_caller = !plan.makes(Mistake::NoParentDeathSignal),
        Step::LeaveIfOrphan => {
            if !state.caller.alive && !plan.makes(Mistake::NoOrphanCheck) {
                state.end(who, End::Exited(127));
            }
        }
        Step::SleepUntilReleased => sleep_until_released(state, who)?,
        Step::PollUntilReleased => poll_until_released(plan, state, who)?,
        Step::SayKind(kind) => state.page.kind = kind,
        Step::SaySpoken => state.page.spoken += 1,
        Step::SayLookForWaiters => look_for_waiters(plan, state, who),
        Step::SayWake => {
            if state.process(who).signal_pending && !plan.makes(Mistake::NoWake) {
                state.page.word(who).waiters = false;
                state.caller.wake(who);
            }
            state.process(who).signal_pending = false;
        }
        Step::CloneSecond => {
            // CLONE_PARENT gives it the exit signal of the first.
            let exit_signal = state.is(Who::First).exit_signal;
            state.fork(Who::First, Who::Second, exit_signal);
            state.page.second_pid |= !State::makes_pid_late(plan);
        }
        Step::Leave => state.end(who, End::Exited(0)),
        Step::ForkProgram => state.fork(who, Who::Program, ExitSignal::Other),
        Step::InitIsReady => state.page.init_ready = true,
        Step::WakeProgram => state.process(Who::Program).asleep = false,
        Step::ReapBeforeExec => reap_program(state, who, ExitSignal::Other, SAYS_DID_NOT_RUN),
        Step::ReapAfterExec => reap_program(state, who, ExitSignal::Child, SAYS_RAN),
        Step::AwaitSignal => await_signal(state, who)?,
        Step::SleepUntilReady => {
            if !state.page.init_ready || state.is(who).asleep {
                return fall_asleep(state, who);
            }
        }
        Step::ExecSetsExitSignal => {
            state.process(who).exit_signal = ExitSignal::Child;
            state.process(who).exec = Exec::Between;
        }
        Step::ExecMarks => state.mark(who),
        Step::ExecRenames => {
            state.process(who).name = Name::Program;
            state.process(who).exec = Exec::Passed;
        }
        Step::RunProgram => state.end(who, End::Exited(0)),
    }
    Some(())
}

/// futex(2): an atomic look and sleep. `asleep` is taken away by who wakes it, or by a time-out.
fn fall_asleep(state: &mut State, who: Who) -> Option<()> {
    if state.is(who).asleep {
        return None;
    }
    state.process(who).asleep = true;
    Some(())
}

fn sleep_until_released(state: &mut State, who: Who) -> Option<()> {
    if state.page.released == state.is(who).heard_released {
        return fall_asleep(state, who);
    }
    if state.is(who).asleep {
        return None;
    }
    let process = state.process(who);
    process.heard_released += 1;
    process.dies_with_caller = false;
    Some(())
}

fn poll_until_released(plan: &Plan, state: &mut State, who: Who) -> Option<()> {
    if state.tells_of_the_end(plan) {
        state.end(who, End::Exited(127));
    } else if state.page.go > 0 {
        state.page.go = 0;
    } else {
        return None;
    }
    Some(())
}

/// The processes that say something are not inits yet: the flag says whether to wake.
fn look_for_waiters(plan: &Plan, state: &mut State, who: Who) {
    let word = state.page.word(who);
    let waited = word.waiters;
    word.waiters &= !plan.makes(Mistake::ClearsBeforeWaking);
    state.process(who).signal_pending = waited;
}

fn reap_program(state: &mut State, init: Who, exit_signal: ExitSignal, says: u8) {
    let program = *state.is(Who::Program);
    if program.life == Life::Zombie && program.exit_signal == exit_signal {
        state.process(Who::Program).life = Life::Reaped;
        state.process(init).at = says;
    }
}

fn say_whether_run(state: &mut State, init: Who, ran: ProgramRan) {
    state.page.program_ran = ran;
    state.process(init).at = LEAVES_AFTER_PROGRAM;
}

fn await_signal(state: &mut State, who: Who) -> Option<()> {
    let process = state.process(who);
    if !process.signal_pending {
        return None;
    }
    process.signal_pending = false;
    // Back to the first of the two looks.
    process.at -= 3;
    Some(())
}

impl super::world::Process {
    /// How far a step goes: not where it fell asleep, has ended, or went elsewhere.
    fn goes_on(&self) -> u8 {
        let moves = self.life == Life::Alive && !self.asleep && self.at < SAYS_FAILED;
        moves as u8
    }
}
