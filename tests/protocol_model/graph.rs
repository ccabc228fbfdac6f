//! All states at once, with the steps between them: what can be reached from each of them. stateright tells only what
//! holds in each state, or on each path without a cycle; and a caller that times out and looks again goes in a cycle.

use super::model::Protocol;
use super::world::{Action, State};
use stateright::Model;
use std::collections::HashMap;

pub struct Stuck {
    pub path: Vec<Action>,
    pub state: State,
}

/// The first state from which nothing leads to an end, unless something else goes wrong. And the number of all states.
pub fn first_stuck(model: &Protocol) -> (Option<Stuck>, usize) {
    let mut numbers: HashMap<State, usize> = HashMap::new();
    let mut states = Vec::new();
    let mut came_from: Vec<Option<(usize, Action)>> = Vec::new();
    let mut leads_here: Vec<Vec<usize>> = Vec::new();
    for state in model.init_states() {
        numbers.insert(state, states.len());
        states.push(state);
        came_from.push(None);
        leads_here.push(Vec::new());
    }
    let mut actions = Vec::new();
    let mut number = 0;
    while let Some(&state) = states.get(number) {
        actions.clear();
        model.actions(&state, &mut actions);
        for &action in &actions {
            let Some(next) = model.next_state(&state, action) else { continue };
            let reached = *numbers.entry(next).or_insert(states.len());
            if reached == states.len() {
                states.push(next);
                came_from.push(Some((number, action)));
                leads_here.push(Vec::new());
            }
            if !action.is_fault() {
                leads_here[reached].push(number);
            }
        }
        number += 1;
    }
    let mut ends: Vec<bool> = states.iter().map(|state| model.has_come_to_an_end(state)).collect();
    let mut open: Vec<usize> = (0..states.len()).filter(|&number| ends[number]).collect();
    while let Some(number) = open.pop() {
        for &before in &leads_here[number] {
            if !ends[before] {
                ends[before] = true;
                open.push(before);
            }
        }
    }
    let stuck = ends.iter().position(|ends| !ends);
    (stuck.map(|number| Stuck { path: path(&came_from, number), state: states[number] }), states.len())
}

fn path(came_from: &[Option<(usize, Action)>], mut number: usize) -> Vec<Action> {
    let mut path = Vec::new();
    while let Some((before, action)) = came_from[number] {
        path.push(action);
        number = before;
    }
    path.reverse();
    path
}
