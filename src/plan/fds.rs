//! Descriptors: the order in which they move, which the program gets, and which have to be closed.

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

/// The rest for a child that gets or needs descriptors.
#[inline(never)]
fn given(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.fds;
    draft.plan.inherit = asked.inherit as u32;
    let mut before = -1;
    for (index, map) in asked.maps.iter().enumerate() {
        // Standard output and standard error are often the same descriptor: it is looked at once.
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

/// Puts the moves in an order in which no source is overwritten before its last use. All targets differ. So if no move can
/// go first, only cycles are left, and each is broken by saving one descriptor.
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

/// A move that has no place in the order yet. `uses` counts the other moves whose source is this move's target.
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

/// Gives a move its place in the order. Returns its source.
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

/// The descriptors of the program after all maps and actions.
struct Ending {
    /// The numbers that are open in the program.
    open: Numbers,
    /// The numbers to which a map or an action has given another file.
    touched: Numbers,
}

/// Lowers the actions and follows what they do. That is possible here, because nothing else changes the child's descriptor
/// table.
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
        // A number that is closed in the caller may be open in the child for a while, as one of the library's own
        // descriptors. The action must not use that.
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

/// Decides which descriptors of the caller the child keeps, and which of those are closed before the program runs.
fn needed(request: &Request, draft: &mut Draft, ending: &Ending) -> Step<()> {
    let exec_fd = draft.plan.exec_fd;
    // If the program itself gets the descriptor that is executed, it stays at its number: the interpreter of a script opens
    // the script by it.
    let stays = ending.open.has(exec_fd) && (!ending.touched.has(exec_fd) || is_kept(request, exec_fd));
    draft.plan.exec_fd_moves = (exec_fd >= 0 && !stays) as u32;
    for item in &request.attr.fds.actions {
        if let asked::Action::Dup { source: fd, .. } | asked::Action::EnterFd { fd } = *item {
            // An action may use 0 to 2 and every inherited descriptor, even if it is close-on-exec.
            if fd < 3 || request.attr.fds.inherit {
                draft.keep_open(fd)?;
            }
        }
    }
    draft.needed.sort_unstable();
    draft.needed.dedup();
    draft.needed.retain(|fd| *fd > 2);
    if !request.attr.fds.inherit {
        let (mut closes, mut first_only): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        // Before the last clone, descriptors that no later step needs are closed. Later steps need the sources of the maps,
        // the program and the ruleset.
        let is_needed_after = |fd: i32| {
            let mapped = request.attr.fds.maps.iter().any(|map| map.source == fd);
            mapped || fd == exec_fd || fd == draft.plan.ruleset_fd || draft.plan.second_clone != clone::LAST
        };
        for fd in draft.needed.iter().filter(|fd| !ending.open.has(**fd as i32)) {
            push(if is_needed_after(*fd as i32) { &mut closes } else { &mut first_only }, *fd)?;
        }
        draft.plan.closes = draft.arena.list(&closes)?;
        draft.plan.first_process_only = draft.arena.list(&first_only)?;
    }
    draft.plan.needed = draft.arena.list(&draft.needed)?;
    draft.kept_open.sort_unstable();
    draft.kept_open.dedup();
    draft.plan.kept_open = draft.arena.list(&draft.kept_open)?;
    Ok(())
}

/// Whether this number is mapped to itself, and no action puts another file there.
fn is_kept(request: &Request, fd: i32) -> bool {
    let kept = request.attr.fds.maps.iter().any(|map| map.source == fd && map.target == fd);
    kept && !request.attr.fds.actions.iter().any(|item| match *item {
        asked::Action::Open { target, .. } | asked::Action::Dup { target, .. } => target == fd,
        _ => false,
    })
}

/// The most descriptors of the library that may have to move: the lifeline, the eventfd, the one that tells of the caller's
/// end, the program, the ruleset, and the one that breaks a cycle.
const INTERNAL: u64 = 6;

/// The same for this plan: a new terminal is one more.
fn internal(draft: &Draft) -> u64 {
    INTERNAL + draft.plan.makes_terminal as u64
}

/// Chooses the numbers to which the library's own descriptors move, so that no map or action overwrites them.
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
    // If a seccomp filter refuses prlimit64(2), a number above the limit fails in the child.
    let now = || caller::limit(RLIMIT_NOFILE).map_or(u64::MAX, |limit| limit.soft);
    let limit = draft.nofile_now.unwrap_or_else(now);
    // The library's own descriptors are below the limit. A target above it fails in the child, with the kernel's errno.
    let highest = maps.chain(actions).filter(|fd| (*fd as u64) < limit).max();
    draft.plan.top = highest.map_or(0, |fd| fd.saturating_add(1));
    draft.plan.spare = draft.plan.top.max(3);
    let Some(highest) = highest else { return Ok(()) };
    if highest as u64 + internal(draft) >= limit {
        // If there is no gap, the child's fcntl(2) fails, provided that it has to move one.
        draft.plan.spare = hole_below(request, draft, limit)?.unwrap_or(draft.plan.top);
    }
    Ok(())
}

/// A gap between the numbers of the request. It is needed where RLIMIT_NOFILE leaves no numbers above them.
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
    // Twice as many as needed: the library's own descriptors may be in the gap already.
    let enough = 2 * internal(draft) as i32;
    let ends = taken.0.iter().copied().chain([limit as i32]).map(|end| end.min(limit as i32));
    let mut first = 3;
    for end in ends {
        if end - first >= enough {
            return Ok(Some(first));
        }
        first = first.max(end + 1);
    }
    Ok(None)
}

/// The gaps between the needed descriptors, ascending, and the first number above all of them. 0 to 2 stay as they are.
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
