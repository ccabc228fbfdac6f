//! Descriptors: the order of the moves, what the program ends up with, and what has to be closed for it.

use super::caller;
use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{self, Move, Text, action, clone, step};
use crate::attr::fds::{self as asked, Map};
use crate::fallible::{NoMemory, push};
use crate::sentences;
use crate::stage::Stage;
use crate::sys::abi::RLIMIT_NOFILE;
use alloc::vec::Vec;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.fds;
    draft.plan.spare = 3;
    if asked.asked() || !draft.needed.is_empty() {
        given(request, draft)?;
    }
    if draft.plan.terminal_streams != 0 {
        draft.plan.top = draft.plan.top.max(3);
    }
    Ok(())
}

/// The same for a child that is given descriptors.
#[inline(never)]
fn given(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.fds;
    draft.plan.inherit = asked.inherit as u32;
    let mut before = -1;
    for (index, map) in asked.maps.iter().enumerate() {
        // Standard output and error are often the same file.
        if map.source != before {
            draft.need(map.source, "map_fd").map_err(|fault| fault.at(index))?;
        }
        before = map.source;
    }
    let moves = shuffle(&asked.maps)?;
    draft.plan.moves = draft.arena.list(&moves)?;
    let ending = actions(request, draft)?;
    needed(request, draft, &ending)?;
    make_way(request, draft)
}

/// The moves in an order in which no source is overwritten before its last use. Targets differ, so what is left when no
/// move can go first are plain cycles, and one saved descriptor at a time breaks each.
pub fn shuffle(maps: &[Map]) -> Step<Vec<Move>> {
    let mut pending: Vec<Pending> = Vec::new();
    let mut moves: Vec<Move> = Vec::new();
    for (index, map) in maps.iter().enumerate() {
        let Map { source, target } = *map;
        let index = index as i32;
        if source == target {
            push(&mut moves, Move { step: step::KEEP, from: source, to: target, index })?;
        } else {
            push(&mut pending, Pending { source, target, index, uses: 0, done: false })?;
        }
    }
    pending.sort_unstable_by_key(|item| item.target);
    for i in 0..pending.len() {
        if let Some(overwritten) = find(&pending, pending.get(i).map_or(-1, |item| item.source)) {
            with(&mut pending, overwritten, |item| item.uses += 1);
        }
    }
    let mut ready: Vec<usize> = Vec::new();
    for (i, item) in pending.iter().enumerate() {
        if item.uses == 0 {
            push(&mut ready, i)?;
        }
    }
    while let Some(i) = ready.pop() {
        let source = finish(&mut pending, i, &mut moves)?;
        if let Some(freed) = find(&pending, source) {
            with(&mut pending, freed, |item| item.uses -= 1);
            if pending.get(freed).is_some_and(|item| item.uses == 0) {
                push(&mut ready, freed)?;
            }
        }
    }
    for start in 0..pending.len() {
        break_cycle(&mut pending, start, &mut moves)?;
    }
    Ok(moves)
}

/// One move that has not been put in order; `uses` counts the others that still need what its target holds.
struct Pending {
    source: i32,
    target: i32,
    index: i32,
    uses: u32,
    done: bool,
}

fn find(pending: &[Pending], target: i32) -> Option<usize> {
    pending.binary_search_by_key(&target, |item| item.target).ok()
}

fn with(pending: &mut [Pending], i: usize, change: impl FnOnce(&mut Pending)) {
    if let Some(item) = pending.get_mut(i) {
        change(item)
    }
}

/// Puts a move in order; the number it was from.
fn finish(pending: &mut [Pending], i: usize, moves: &mut Vec<Move>) -> Step<i32> {
    let Some(item) = pending.get_mut(i) else { return Ok(-1) };
    item.done = true;
    push(moves, Move { step: step::MOVE, from: item.source, to: item.target, index: item.index })?;
    Ok(item.source)
}

fn break_cycle(pending: &mut [Pending], start: usize, moves: &mut Vec<Move>) -> Step<()> {
    let Some(Pending { target: saved, index, done: false, .. }) = pending.get(start) else { return Ok(()) };
    let saved = *saved;
    push(moves, Move { step: step::SAVE, from: saved, to: -1, index: *index })?;
    let mut source = finish(pending, start, moves)?;
    while let Some(i) = find(pending, source) {
        match pending.get_mut(i) {
            Some(item) if item.source == saved => {
                item.done = true;
                return push(moves, Move { step: step::RESTORE, from: -1, to: item.target, index: item.index })
                    .map_err(Fault::from);
            }
            _ => source = finish(pending, i, moves)?,
        }
    }
    Ok(())
}

/// A set of descriptor numbers, ascending.
#[derive(Default)]
struct Numbers(Vec<i32>);

impl Numbers {
    fn has(&self, fd: i32) -> bool {
        self.0.binary_search(&fd).is_ok()
    }

    fn add(&mut self, fd: i32) -> Step<()> {
        if let Err(place) = self.0.binary_search(&fd) {
            self.0.try_reserve(1).map_err(|_| Fault::no_memory())?;
            self.0.insert(place, fd);
        }
        Ok(())
    }

    fn remove_if(&mut self, out: impl Fn(i32) -> bool) {
        self.0.retain(|fd| !out(*fd));
    }
}

/// What the maps and actions lead to.
struct Ending {
    /// The numbers that the program has.
    open: Numbers,
    /// The numbers that were given another meaning on the way.
    touched: Numbers,
}

/// The actions, and what they lead to: they can be followed here, since nothing else changes the child's table.
fn actions(request: &Request, draft: &mut Draft) -> Step<Ending> {
    let asked = &request.attr.fds;
    let mut ending = Ending { open: Numbers::default(), touched: Numbers::default() };
    ending.open.0.try_reserve(8).map_err(|_| Fault::no_memory())?;
    for fd in [0, 1, 2] {
        ending.open.add(fd)?;
    }
    for map in &asked.maps {
        ending.open.add(map.target)?;
        ending.touched.add(map.target)?;
    }
    for fd in (0..3).filter(|fd| draft.plan.terminal_streams & 1 << fd != 0) {
        ending.touched.add(fd)?;
    }
    let mut lowered: Vec<sealed::Action> = Vec::new();
    for (index, item) in asked.actions.iter().enumerate() {
        follow(item, asked.inherit, &mut ending).map_err(|fault| fault.at(index))?;
        let item = lower_action(item, draft)?;
        push(&mut lowered, item)?;
    }
    draft.plan.actions = draft.arena.list(&lowered)?;
    Ok(ending)
}

fn follow(item: &asked::Action, inherit: bool, ending: &mut Ending) -> Step<()> {
    let Ending { open, touched } = ending;
    let must_be_open = |fd: i32, open: &Numbers, touched: &Numbers, what| {
        let is_programs = open.has(fd);
        // What the caller lacks may be open in the child for a while, as one of our own.
        if is_programs && touched.has(fd) || (inherit || is_programs) && caller::is_open(fd)? {
            return Ok(());
        }
        let fault = Fault::invalid(what, sentences::FD_NOT_THERE);
        Err(Fault { stage: Stage::FdAction, code: libc::EBADF, ..fault })
    };
    match *item {
        asked::Action::Open { target, .. } => {
            open.add(target)?;
            touched.add(target)?;
        }
        asked::Action::Dup { source, target } => {
            must_be_open(source, open, touched, "dup_fd")?;
            open.add(target)?;
            touched.add(target)?;
        }
        asked::Action::Close { fd } => {
            open.remove_if(|other| other == fd);
            touched.add(fd)?;
        }
        asked::Action::CloseFrom { fd } => open.remove_if(|other| other >= fd),
        asked::Action::EnterFd { fd } => must_be_open(fd, open, touched, "enter_directory_fd")?,
        asked::Action::Enter { .. } => (),
    }
    Ok(())
}

fn lower_action(item: &asked::Action, draft: &mut Draft) -> Step<sealed::Action> {
    let plain = sealed::Action { kind: action::OPEN, fd: -1, other: -1, flags: 0, mode: 0, path: Text::EMPTY };
    Ok(match item {
        asked::Action::Open { target, path, flags, mode } => {
            let path = draft.arena.text(path.as_cstr())?;
            sealed::Action { fd: *target, path, flags: *flags, mode: *mode, ..plain }
        }
        asked::Action::Dup { source, target } => {
            sealed::Action { kind: action::DUP, fd: *target, other: *source, ..plain }
        }
        asked::Action::Close { fd } => sealed::Action { kind: action::CLOSE, fd: *fd, ..plain },
        asked::Action::CloseFrom { fd } => sealed::Action { kind: action::CLOSE_FROM, fd: *fd, ..plain },
        asked::Action::Enter { path } => {
            sealed::Action { kind: action::ENTER, path: draft.arena.text(path.as_cstr())?, ..plain }
        }
        asked::Action::EnterFd { fd } => sealed::Action { kind: action::ENTER_FD, fd: *fd, ..plain },
    })
}

/// Which of the caller's descriptors the child takes along, and which of those the program does not get.
fn needed(request: &Request, draft: &mut Draft, ending: &Ending) -> Step<()> {
    let exec_fd = draft.plan.exec_fd;
    // Exec by a descriptor that the program gets anyway leaves a script something to be opened by.
    let stays = ending.open.has(exec_fd) && (!ending.touched.has(exec_fd) || is_kept(request, exec_fd));
    draft.plan.exec_fd_moves = (exec_fd >= 0 && !stays) as u32;
    for item in &request.attr.fds.actions {
        if let asked::Action::Dup { source: fd, .. } | asked::Action::EnterFd { fd } = *item {
            // Of 0 to 2, and of what is inherited, they may take what closes on exec.
            if fd < 3 || request.attr.fds.inherit {
                draft.keep_open(fd)?;
            }
        }
    }
    draft.needed.sort_unstable();
    draft.needed.dedup();
    draft.needed.retain(|fd| *fd > 2);
    if !request.attr.fds.inherit {
        let (mut closes, mut spent): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        // What only the steps before that clone need: all but the sources of the maps, the program and the ruleset.
        let is_needed_after = |fd: i32| {
            let mapped = request.attr.fds.maps.iter().any(|map| map.source == fd);
            mapped || fd == exec_fd || fd == draft.plan.ruleset_fd || draft.plan.second_clone != clone::LAST
        };
        for fd in draft.needed.iter().filter(|fd| !ending.open.has(**fd as i32)) {
            push(if is_needed_after(*fd as i32) { &mut closes } else { &mut spent }, *fd)?;
        }
        draft.plan.closes = draft.arena.list(&closes)?;
        draft.plan.spent = draft.arena.list(&spent)?;
    }
    draft.plan.needed = draft.arena.list(&draft.needed)?;
    draft.kept_open.sort_unstable();
    draft.kept_open.dedup();
    draft.plan.kept_open = draft.arena.list(&draft.kept_open)?;
    Ok(())
}

/// Whether the number, which the program has, is mapped to itself and no action puts anything else there.
fn is_kept(request: &Request, fd: i32) -> bool {
    let kept = request.attr.fds.maps.iter().any(|map| map.source == fd && map.target == fd);
    kept && !request.attr.fds.actions.iter().any(|item| match *item {
        asked::Action::Open { target, .. } | asked::Action::Dup { target, .. } => target == fd,
        _ => false,
    })
}

/// How many descriptors of our own may have to move: reports, go, owner, program, ruleset, and the one that breaks a cycle.
const INTERNAL: u64 = 6;

/// The same, with the new terminal.
fn internal(draft: &Draft) -> u64 {
    INTERNAL + draft.plan.makes_terminal as u64
}

/// Where our own descriptors go so that no target meets them.
fn make_way(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.fds;
    let maps = asked.maps.iter().map(|map| map.target);
    let actions = asked.actions.iter().filter_map(|item| match *item {
        asked::Action::Open { target, .. } => Some(target),
        asked::Action::Dup { source, target } => Some(source.max(target)),
        asked::Action::Close { fd } | asked::Action::EnterFd { fd } => Some(fd),
        _ => None,
    });
    if asked.maps.is_empty() && asked.actions.is_empty() {
        return Ok(());
    }
    // Where a seccomp filter does not let it be read, the child's calls tell what is above it.
    let now = || caller::limit(RLIMIT_NOFILE).map_or(u64::MAX, |limit| limit.soft);
    let limit = draft.nofile_now.unwrap_or_else(now);
    // No descriptor of ours can be at a number above the limit: what is asked of one is answered by the child's calls.
    let highest = maps.chain(actions).filter(|fd| (*fd as u64) < limit).max();
    draft.plan.top = highest.map_or(0, |fd| fd.saturating_add(1));
    draft.plan.spare = draft.plan.top.max(3);
    let Some(highest) = highest else { return Ok(()) };
    if highest as u64 + internal(draft) >= limit {
        // Without a hole the child says so, if it needs one.
        draft.plan.spare = hole_below(request, draft, limit)?.unwrap_or(draft.plan.top);
    }
    Ok(())
}

/// Room between the numbers that have a meaning, where the limit leaves none above them.
fn hole_below(request: &Request, draft: &Draft, limit: u64) -> Step<Option<i32>> {
    let asked = &request.attr.fds;
    let mut taken = Numbers::default();
    for map in &asked.maps {
        taken.add(map.source)?;
        taken.add(map.target)?;
    }
    for fd in &draft.needed {
        taken.add(*fd as i32)?;
    }
    for item in &asked.actions {
        if let asked::Action::Open { target, .. } | asked::Action::Dup { target, .. } = *item {
            taken.add(target)?;
        }
    }
    if asked.inherit {
        for fd in 0..limit as i32 {
            if caller::is_open(fd)? {
                taken.add(fd)?;
            }
        }
    }
    // Twice the room: some of it may be where our own are now.
    let room = 2 * internal(draft) as i32;
    let ends = taken.0.iter().copied().chain([limit as i32]).map(|end| end.min(limit as i32));
    let mut first = 3;
    for end in ends {
        if end - first >= room {
            return Ok(Some(first));
        }
        first = first.max(end + 1);
    }
    Ok(None)
}

/// The gaps between descriptors that are needed, ascending, and the first number above them all. 0 to 2 stay as they are.
pub fn gaps(needed: &[u32], internal: &[i32]) -> Result<(Vec<sealed::Gap>, u32), NoMemory> {
    let (mut kept, mut gaps) = (Vec::new(), Vec::new());
    if needed.is_empty() && internal.iter().all(|fd| *fd < 3) {
        return Ok((gaps, 3));
    }
    let internal = internal.iter().filter(|fd| **fd >= 3).map(|fd| *fd as u32);
    for fd in needed.iter().copied().chain(internal) {
        push(&mut kept, fd)?;
    }
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept {
        if first < fd {
            push(&mut gaps, sealed::Gap { first, last: fd - 1 })?;
        }
        first = fd + 1;
    }
    Ok((gaps, first))
}
