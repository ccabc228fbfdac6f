//! The order in which the caller's calls listen, serve and let go: `src/parent/{serve,outcome,child}.rs`

use super::caller::{At, Failed, Goal, Start};
use super::page::Kind;
use super::plan::{Plan, Second};
use super::world::{Choice, State};

pub fn first_report(plan: &Plan, state: &mut State) {
    let caller = &mut state.caller;
    caller.goal = if plan.maps { Goal::Unmapped } else { after_serving(plan) };
    if state.page.kind == Kind::Failed {
        caller.fail(Failed::ToReap);
    } else if plan.wait {
        caller.at = At::Serve;
    } else {
        caller.listen(plan);
    }
}

fn after_serving(plan: &Plan) -> Goal {
    match plan.second {
        Second::Early => Goal::Second,
        _ if plan.hold => Goal::Held,
        second => until_running(second),
    }
}

fn until_running(second: Second) -> Goal {
    if second == Second::Late { Goal::Second } else { Goal::Exec }
}

/// What only the caller may write for the child; the write may fail, also because the child is dead.
pub fn serve(state: &mut State, choice: Choice) {
    if choice == Choice::Other {
        state.caller.fail(Failed::ToKill);
    } else {
        state.caller.at = At::GoStore;
    }
}

/// The child has spoken.
pub fn heard(plan: &Plan, state: &mut State) {
    let kind = state.page.kind;
    let caller = &mut state.caller;
    caller.heard = state.page.spoken;
    match (caller.goal, kind) {
        (Goal::Unmapped, Kind::Unmapped) => {
            (caller.goal, caller.at) = (after_serving(plan), At::Serve);
        }
        (Goal::Held, Kind::Held) => caller.come_to(Start::Held),
        (Goal::Unmapped | Goal::Held, _) => caller.fail(Failed::ToKill),
        _ => caller.listen(plan),
    }
}

/// What the caller's user does next.
pub fn user(plan: &Plan, state: &mut State, choice: Choice) {
    let caller = &mut state.caller;
    let goal = if caller.second_known { Goal::Exec } else { until_running(plan.second) };
    match (caller.start, choice) {
        // forkexec_release
        (Start::Held, Choice::Next | Choice::Other) => {
            (caller.timed, caller.goal) = (choice == Choice::Other, goal);
            (caller.start, caller.at) = (Start::LetGo, At::GoStore);
        }
        (Start::LetGo, Choice::Other) => {
            (caller.timed, caller.goal) = (false, goal);
            caller.listen(plan);
        }
        // forkexec_wait
        (Start::LetGo | Start::Running(_), Choice::Next) => {
            caller.waiting = true;
            let unheard = plan.hold && plan.second == Second::Late && !caller.second_known;
            caller.at = if unheard { At::WaitForFirst } else { At::WaitForEnd };
        }
        // forkexec_close
        (Start::Held | Start::LetGo, Choice::Third) => (caller.closing, caller.at) = (true, At::CloseKill),
        _ => caller.at = At::Done,
    }
}
