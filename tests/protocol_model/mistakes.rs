//! The model can fail: each mistake in the protocol is found.

use super::model::{ANSWER, NOTHING_LEFT, Protocol, UNKNOWN, WOKEN};
use super::plan::{Mistake, Mode, Plan, Second};
use super::{COPIED, graph};
use stateright::{Checker, HasDiscoveries, Model};

fn must_violate(property: &'static str, mistake: Mistake, plan: Plan) {
    must_be_violated(property, Plan { mistake: Some(mistake), ..plan });
}

fn must_be_violated(property: &'static str, plan: Plan) {
    let found = HasDiscoveries::AnyOf([property].into());
    let checker = Protocol::new(plan).checker().threads(1).finish_when(found).spawn_bfs().join();
    assert!(checker.discovery(property).is_some(), "{plan:?}: nothing is found");
}

fn must_get_stuck(mistake: Mistake, plan: Plan) {
    let plan = Plan { mistake: Some(mistake), ..plan };
    let (stuck, _) = graph::first_stuck(&Protocol::new(plan));
    assert!(stuck.is_some(), "{mistake:?} is not found");
}

const JOIN: Plan = Plan { second: Second::Early, ..Plan::PLAIN };
const HELD_JOIN: Plan = Plan { second: Second::Late, hold: true, ..Plan::PLAIN };
const MAPS: Plan = Plan { wait: true, maps: true, ..Plan::PLAIN };

#[test]
fn second_runs_before_its_pid_is_in_the_page() {
    must_violate(NOTHING_LEFT, Mistake::PidAfterClone, JOIN);
}

#[test]
fn caller_does_not_look_again_before_it_sleeps() {
    must_violate(WOKEN, Mistake::NoSecondLook, Plan { hold: true, ..MAPS });
}

#[test]
fn verdict_ignores_the_name_of_the_zombie() {
    must_violate(ANSWER, Mistake::IgnoresName, Plan::PLAIN);
}

#[test]
fn child_speaks_and_wakes_nobody() {
    must_violate(WOKEN, Mistake::NoWake, MAPS);
}

#[test]
fn child_does_not_die_with_the_caller() {
    must_get_stuck(Mistake::NoParentDeathSignal, MAPS);
}

#[test]
fn child_does_not_look_for_a_caller_that_died_before() {
    must_get_stuck(Mistake::NoOrphanCheck, MAPS);
}

#[test]
fn copy_that_somebody_has_reaped_is_taken_for_running() {
    must_violate(ANSWER, Mistake::GoneIsRunning, Plan { foreign_reaper: true, ..COPIED });
}

#[test]
fn word_is_nobodys_between_init_and_program() {
    must_violate(WOKEN, Mistake::OwnsInTwoSteps, Plan { init: true, ..Plan::PLAIN });
}

#[test]
fn unheard_child_is_asked_after_it_was_reaped() {
    must_violate(UNKNOWN, Mistake::AsksAfterReaping, Plan { hold: true, ..Plan::PLAIN });
    let plan = Plan { mode: Mode::Copied, hold: true, ..Plan::PLAIN };
    must_violate(UNKNOWN, Mistake::AsksAfterReaping, plan);
}

#[test]
fn wait_forgets_the_second_of_a_first_that_was_killed() {
    must_violate(NOTHING_LEFT, Mistake::NoHandOverFromKilled, HELD_JOIN);
}

#[test]
fn wait_leaves_the_second_to_a_release() {
    must_get_stuck(Mistake::NoHandOverInWait, HELD_JOIN);
}

#[test]
fn start_forgets_a_second_that_failed_before_it_was_heard_of() {
    must_violate(NOTHING_LEFT, Mistake::ForgetsSecond, JOIN);
    must_violate(NOTHING_LEFT, Mistake::ForgetsSecond, Plan { second: Second::Late, ..Plan::PLAIN });
}

#[test]
fn init_that_was_killed_is_not_waited_for() {
    must_violate(ANSWER, Mistake::NoWaitForInit, Plan { init: true, ..Plan::PLAIN });
}

#[test]
fn child_is_killed_between_clearing_and_waking() {
    must_violate(WOKEN, Mistake::ClearsBeforeWaking, MAPS);
}

/// Not a mistake of the model's but a limit of the protocol: when this test fails because the limit is gone, the exception
/// goes too. The init does not learn of its program's exec, so that it cannot tell the caller of that before the end.
#[test]
fn program_and_then_its_init_are_killed() {
    must_be_violated(ANSWER, Plan { init: true, strict: true, ..Plan::PLAIN });
}
