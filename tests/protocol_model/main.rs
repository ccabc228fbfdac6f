//! A model of what caller and child do with each other, and of what may go wrong around them: every order of their steps,
//! and a SIGKILL at each of them. It is a picture of src/page.rs, src/child/{channel,second_process,init}.rs and
//! src/parent/{channel_wait,hear,evidence,serve,outcome,wait,child}.rs: who changes the protocol there changes it here.

mod caller;
mod calls;
mod graph;
mod mistakes;
mod model;
mod outcome;
mod page;
mod plan;
mod process;
mod world;

use model::Protocol;
use plan::{Mode, Plan, Second};
use stateright::{Checker, Model};

/// Goes through all states, with and without somebody else in the caller's process who reaps its children.
fn must_hold(plan: Plan) {
    for foreign_reaper in [false, true] {
        let plan = Plan { foreign_reaper, ..plan };
        let begun = std::time::Instant::now();
        let checker = Protocol::new(plan).checker().threads(1).spawn_bfs().join();
        let states = checker.unique_state_count();
        if let Some((name, path)) = checker.discoveries().into_iter().next() {
            let state = *path.last_state();
            panic!("{plan:?}\nviolated: {name}\n{:?}\n{state:#?}", path.into_actions());
        }
        let (stuck, count) = graph::first_stuck(&Protocol::new(plan));
        if let Some(stuck) = stuck {
            panic!("{plan:?}\nnever ends: {:?}\n{:#?}", stuck.path, stuck.state);
        }
        assert_eq!(count, states);
        println!("{states} states in {:?}, foreign reaper: {foreign_reaper}", begun.elapsed());
    }
}

const COPIED: Plan = Plan { mode: Mode::Copied, ..Plan::PLAIN };

#[test]
fn plain_child() {
    must_hold(Plan::PLAIN);
}

#[test]
fn held_child() {
    must_hold(Plan { hold: true, ..Plan::PLAIN });
}

#[test]
fn child_with_maps() {
    must_hold(Plan { wait: true, maps: true, ..Plan::PLAIN });
}

#[test]
fn held_child_with_maps() {
    must_hold(Plan { wait: true, maps: true, hold: true, ..Plan::PLAIN });
}

#[test]
fn early_second_process() {
    must_hold(Plan { second: Second::Early, ..Plan::PLAIN });
}

#[test]
fn held_early_second_process() {
    must_hold(Plan { second: Second::Early, hold: true, ..Plan::PLAIN });
}

#[test]
fn early_second_process_with_maps() {
    must_hold(Plan { second: Second::Early, wait: true, maps: true, ..Plan::PLAIN });
}

#[test]
fn late_second_process_with_maps() {
    must_hold(Plan { second: Second::Late, wait: true, maps: true, ..Plan::PLAIN });
}

#[test]
fn late_second_process() {
    must_hold(Plan { second: Second::Late, ..Plan::PLAIN });
}

#[test]
fn held_late_second_process() {
    must_hold(Plan { second: Second::Late, hold: true, ..Plan::PLAIN });
}

#[test]
fn init() {
    must_hold(Plan { init: true, ..Plan::PLAIN });
}

#[test]
fn held_init() {
    must_hold(Plan { init: true, hold: true, ..Plan::PLAIN });
}

#[test]
fn init_that_is_the_second_process() {
    must_hold(Plan { init: true, second: Second::Early, ..Plan::PLAIN });
}

#[test]
fn copied_child() {
    must_hold(COPIED);
}

#[test]
fn held_copied_child() {
    must_hold(Plan { hold: true, ..COPIED });
}

#[test]
fn copied_child_with_maps() {
    must_hold(Plan { wait: true, maps: true, ..COPIED });
}

#[test]
fn copied_late_second_process() {
    must_hold(Plan { second: Second::Late, hold: true, ..COPIED });
}

#[test]
fn copied_init() {
    must_hold(Plan { init: true, ..COPIED });
}
