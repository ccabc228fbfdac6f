//! What the caller concludes: `src/parent/{evidence,wait,child}.rs`

use super::caller::{At, Failed, Goal, Proof, Said, Start};
use super::page::{Kind, ProgramRan, Stage, Who};
use super::plan::{Mistake, Mode, Plan, Second};
use super::world::{End, Exec, ExitSignal, Life, Name, State};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ran {
    No,
    Yes,
    Unknown,
}

pub fn step(plan: &Plan, state: &mut State, at: At) -> Option<()> {
    let name = state.caller.name();
    match at {
        At::Verdict => {
            until_init_has_ended(plan, state)?;
            verdict(plan, state);
        }
        At::SecondPid => second_pid(state),
        At::SecondLook => second_look(plan, state),
        At::ReapFirst => {
            reap(state, Who::First)?;
            state.caller.at = if state.caller.closing { At::CloseKill } else { At::GoStore };
        }
        At::AskInit => {
            state.caller.left_before_init = !state.page.words[plan.init_process() as usize].died;
            conclude(state, Proof::Init);
        }
        At::AskExitSignal => {
            let is_found = state.is(name).is_there() && state.is(name).exit_signal == ExitSignal::Other;
            match is_found {
                true => did_not_run(plan, state),
                false if plan.makes(Mistake::GoneIsRunning) => conclude(state, Proof::Known),
                false => state.caller.at = At::AskWhetherThere,
            }
        }
        At::AskWhetherThere => {
            let proof = if state.is(name).is_there() { Proof::Known } else { Proof::None };
            conclude(state, proof);
        }
        At::AskEnd => match (state.is(name).life, state.is(name).end) {
            (Life::Zombie, End::Exited(_)) => conclude(state, Proof::Known),
            (Life::Zombie, End::Killed) => state.caller.at = At::AskName,
            _ => conclude(state, Proof::Name),
        },
        At::AskName => match ran_by_zombie(plan, state, name) {
            Ran::Yes => conclude(state, Proof::Known),
            Ran::No => did_not_run(plan, state),
            Ran::Unknown => conclude(state, Proof::None),
        },
        At::AskWhetherProgramRan => {
            state.caller.zombie_says = Some(ran_under_init(state));
            state.caller.at = At::WaitReap;
        }
        At::EndFirst(failed) => {
            let may_have_two = plan.second != Second::None && !state.caller.second_known;
            let is_asked = may_have_two && !plan.makes(Mistake::ForgetsSecond);
            state.caller.at =
                if is_asked && state.page.second_pid { At::EndFirstLook(failed) } else { after_first(failed) };
        }
        At::EndFirstLook(failed) => {
            state.caller.second_known = state.is(Who::Second).is_there();
            state.caller.at = after_first(failed);
            if state.caller.second_known {
                kill(state, Who::First);
                state.caller.at = At::EndFirstReap(failed);
            }
        }
        At::EndFirstReap(failed) => {
            reap(state, Who::First)?;
            state.caller.at = after_first(failed);
        }
        At::KillFailed => {
            kill(state, name);
            state.caller.at = At::ReapFailed;
        }
        At::ReapFailed => {
            reap(state, name)?;
            state.caller.said = Said::Ran(Ran::No);
            state.caller.at = At::Done;
        }
        At::WaitForFirst => wait_for_first(plan, state)?,
        At::WaitForEnd => wait_for_end(plan, state, name)?,
        At::WaitReap => wait_reap(plan, state, name)?,
        At::CloseKill => {
            kill(state, name);
            state.caller.at = At::CloseReap;
        }
        At::CloseReap => {
            reap(state, name)?;
            let leaves = plan.second != Second::None && !state.caller.second_known;
            state.caller.at = if leaves { At::SecondPid } else { At::Done };
        }
        _ => return None,
    }
    Some(())
}

/// When an init is killed, its program goes on until the kernel kills that too.
fn until_init_has_ended(plan: &Plan, state: &State) -> Option<()> {
    let init = plan.init_process();
    let goes_on = plan.init && state.page.words[init as usize].died && !state.is(init).has_ended();
    (!goes_on || plan.makes(Mistake::NoWaitForInit)).then_some(())
}

/// The word is marked, or the process has ended.
fn verdict(plan: &Plan, state: &mut State) {
    let page = &state.page;
    state.caller.at = match page.stage {
        _ if state.caller.goal == Goal::Second && !state.caller.waiting => At::SecondPid,
        _ if page.kind == Kind::Failed => return failed(state),
        Stage::Exec if plan.init => At::AskInit,
        Stage::Exec if plan.mode == Mode::Copied => At::AskExitSignal,
        Stage::Exec => At::AskEnd,
        _ => return did_not_run(plan, state),
    };
}

fn failed(state: &mut State) {
    if state.caller.waiting {
        state.caller.zombie_says = Some(Ran::No);
        state.caller.at = At::WaitReap;
    } else {
        state.caller.fail(Failed::ToReap);
    }
}

/// An init comes to its end by itself.
fn did_not_run(plan: &Plan, state: &mut State) {
    if state.caller.waiting || plan.init {
        failed(state);
    } else {
        state.caller.fail(Failed::ToKill);
    }
}

fn conclude(state: &mut State, proof: Proof) {
    let ran = match proof {
        Proof::Known => Ran::Yes,
        Proof::Init if state.caller.waiting => return state.caller.at = At::AskWhetherProgramRan,
        Proof::Name if state.caller.waiting => Ran::Unknown,
        Proof::Name | Proof::Init => return state.caller.come_to(Start::Running(proof)),
        Proof::None => Ran::Unknown,
    };
    if state.caller.waiting {
        state.caller.zombie_says = Some(ran);
        state.caller.at = At::WaitReap;
    } else {
        state.caller.said = Said::Ran(ran);
        state.caller.come_to(Start::Running(proof));
    }
}

fn second_pid(state: &mut State) {
    match state.page.second_pid {
        true => state.caller.at = At::SecondLook,
        false => no_second(state),
    }
}

fn second_look(plan: &Plan, state: &mut State) {
    match state.is(Who::Second).is_there() {
        true => {
            let goal = match plan.second {
                _ if state.caller.waiting => Goal::End,
                Second::Early if plan.hold => Goal::Held,
                _ => Goal::Exec,
            };
            state.caller.goal = goal;
            state.caller.second_known = true;
            state.caller.at = At::ReapFirst;
        }
        false => no_second(state),
    }
}

fn no_second(state: &mut State) {
    if state.caller.closing {
        state.caller.at = At::Done;
    } else if state.caller.waiting {
        state.caller.at = At::WaitForEnd;
    } else if state.page.kind == Kind::Failed {
        failed(state);
    } else {
        state.caller.fail(Failed::ToKill);
    }
}

/// Of a second process, a flag tells that this fork was never exec'd.
fn ran_by_zombie(plan: &Plan, state: &State, who: Who) -> Ran {
    match (state.is(who).life, state.is(who).name) {
        (Life::Reaped, _) => Ran::Unknown,
        _ if who == Who::Second && state.is(who).exec != Exec::Passed => Ran::No,
        _ if who == Who::Second => Ran::Yes,
        (_, Name::Image) if !plan.makes(Mistake::IgnoresName) => Ran::No,
        _ => Ran::Yes,
    }
}

fn ran_under_init(state: &State) -> Ran {
    match state.page.program_ran {
        ProgramRan::Ran => Ran::Yes,
        ProgramRan::DidNotRun => Ran::No,
        ProgramRan::Unknown if state.caller.left_before_init => Ran::Yes,
        ProgramRan::Unknown => Ran::Unknown,
    }
}

fn after_first(failed: Failed) -> At {
    match failed {
        Failed::ToKill => At::KillFailed,
        Failed::ToReap => At::ReapFailed,
    }
}

fn kill(state: &mut State, who: Who) {
    if state.is(who).life == Life::Alive {
        state.end(who, End::Killed);
    }
}

/// Waits for the end of a process and reaps it, unless somebody else does.
fn reap(state: &mut State, who: Who) -> Option<()> {
    match state.is(who).life {
        Life::Zombie => state.process(who).life = Life::Reaped,
        Life::Reaped => (),
        _ => return None,
    }
    Some(())
}

/// Of a child that was let go and not heard of since, the first process may have left the rest to a second one.
fn wait_for_first(plan: &Plan, state: &mut State) -> Option<()> {
    let first = *state.is(Who::First);
    first.has_ended().then_some(())?;
    let left = first.life == Life::Zombie && first.end == End::Exited(0);
    state.caller.at = match left {
        // Until somebody calls forkexec_release.
        true if plan.makes(Mistake::NoHandOverInWait) => return None,
        false if plan.makes(Mistake::NoHandOverFromKilled) => At::WaitForEnd,
        _ => At::SecondPid,
    };
    Some(())
}

/// What only a zombie can tell is asked before it is reaped.
fn wait_for_end(plan: &Plan, state: &mut State, name: Who) -> Option<()> {
    let asks = match state.caller.start {
        Start::Running(proof) => proof == Proof::Name,
        _ => !plan.makes(Mistake::AsksAfterReaping),
    };
    if !asks {
        state.caller.at = At::WaitReap;
        return Some(());
    }
    match state.is(name).life {
        Life::Zombie if state.caller.start == Start::LetGo => state.caller.at = At::Verdict,
        Life::Zombie => state.caller.at = At::AskEnd,
        Life::Reaped => reaped_by_other(state),
        _ => return None,
    }
    Some(())
}

fn reaped_by_other(state: &mut State) {
    state.caller.said = Said::ReapedByOther;
    state.caller.at = if state.caller.start == Start::LetGo { At::CloseKill } else { At::Done };
    (state.caller.waiting, state.caller.closing) = (false, true);
}

fn wait_reap(plan: &Plan, state: &mut State, name: Who) -> Option<()> {
    match state.is(name).life {
        Life::Zombie => state.process(name).life = Life::Reaped,
        Life::Reaped if state.is(name).reaped_by_other => {
            reaped_by_other(state);
            return Some(());
        }
        Life::Reaped => (),
        _ => return None,
    }
    let ran = match (state.caller.zombie_says, state.caller.start) {
        (Some(ran), _) => ran,
        (None, Start::Running(Proof::Known)) => Ran::Yes,
        (None, Start::Running(Proof::Init)) => ran_under_init(state),
        (None, Start::Running(_)) => {
            if state.is(name).end == End::Killed {
                Ran::Unknown
            } else {
                Ran::Yes
            }
        }
        // It asks the page and the child that it has just reaped, and comes back here.
        (None, _) => {
            verdict(plan, state);
            return Some(());
        }
    };
    state.caller.said = Said::Ran(ran);
    state.caller.at = At::Done;
    Some(())
}
