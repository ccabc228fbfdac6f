//! The namespaces to join, in runc's form `kind:path,kind:path`.

use super::log::{Log, Piece::*};
use super::message::without_nul;
use crate::base::bounded_text::BoundedText;
use crate::base::join_order;
use crate::base::namespaces::NAMESPACES;
use crate::sys::abi::{AT_FDCWD, CLONE_NEWUSER, EPERM, O_CLOEXEC, O_RDONLY};
use crate::sys::{self, Errno, again};
use core::cell::Cell;

/// The most entries. A kind may occur more than once.
const MOST: usize = 64;
/// PATH_MAX, with its NUL.
const PATH: usize = 4096;

#[derive(Clone)]
struct Join<'a> {
    kind: &'a [u8],
    path: &'a [u8],
    types: u64,
    fd: i32,
    done: Cell<bool>,
}

/// Joins what the present privileges allow, then the user namespace, then the rest.
pub fn enter_all(log: &Log, paths: &[u8]) {
    let paths = without_nul(paths);
    if paths.is_empty() {
        log.fatal(&[Text("ns paths are empty")], None);
    }
    let mut joins = [const { Join { kind: &[], path: &[], types: 0, fd: -1, done: Cell::new(true) } }; MOST];
    open_all(log, &mut joins, paths);
    let joined = join_order::in_order(&joins, |join| join.types, |join, _, _| Ok(enter(log, join)));
    log.check(joined, &[Text("failed to join namespaces")]);
    name_what_is_left(log, &joins);
    for join in joins.iter().filter(|join| join.fd >= 0) {
        let _ = sys::close(join.fd);
    }
}

/// Opens all before the first join: after it a path may lead to another file.
fn open_all<'a>(log: &Log, joins: &mut [Join<'a>; MOST], paths: &'a [u8]) {
    let mut places = joins.iter_mut();
    for entry in paths.split(|byte| *byte == b',') {
        let Some(colon) = entry.iter().position(|byte| *byte == b':') else {
            log.fatal(&[Text("no kind in namespace path "), Bytes(entry)], None);
        };
        let (kind, path) = (entry.get(..colon).unwrap_or(&[]), entry.get(colon.saturating_add(1)..).unwrap_or(&[]));
        let Some(namespace) = NAMESPACES.iter().find(|namespace| namespace.file.to_bytes() == kind) else {
            log.fatal(&[Text("unknown kind of namespace: "), Bytes(kind)], None);
        };
        let Some(place) = places.next() else {
            log.fatal(&[Text("too many namespace paths")], None);
        };
        *place = Join { kind, path, types: namespace.flag, fd: open(log, path), done: Cell::new(false) };
    }
}

fn open(log: &Log, path: &[u8]) -> i32 {
    let mut bounded = BoundedText::<PATH>::new();
    bounded.add(path);
    let Some(ended) = bounded.c_str() else {
        log.fatal(&[Text("namespace path is too long: "), Bytes(path)], None);
    };
    // SAFETY: the path is NUL-terminated.
    let file = again(|| unsafe { sys::openat(AT_FDCWD, ended.as_ptr().cast(), O_RDONLY | O_CLOEXEC, 0) });
    log.check(file, &[Text("failed to open namespace "), Bytes(path)])
}

/// Joins a namespace. Returns whether it worked: after EPERM it is tried again in the user namespace.
fn enter(log: &Log, join: &Join) -> bool {
    let namespace = |text| [Text(text), Bytes(join.kind), Text(" namespace (with path "), Bytes(join.path), Text(")")];
    match sys::setns(join.fd, join.types) {
        Ok(()) => log.debug(&namespace("joined ")),
        Err(Errno(EPERM)) if join.types & CLONE_NEWUSER == 0 => {
            log.debug(&namespace("not yet allowed to join "));
            return false;
        }
        Err(errno) => log.fatal(&namespace("failed to join "), Some(errno)),
    }
    join.done.set(true);
    if join.types & CLONE_NEWUSER != 0 {
        // Becomes root in the user namespace. With an id that is not mapped there, processes in it could trace this one.
        log.check(sys::setresuid(0, 0, 0), &[Text("failed to become root in the user namespace")]);
    }
    true
}

fn name_what_is_left(log: &Log, joins: &[Join; MOST]) {
    let mut names = BoundedText::<PATH>::new();
    for join in joins.iter().filter(|join| !join.done.get()) {
        for part in [b" ", join.kind, b" (with path ", join.path, b")"] {
            names.add(part);
        }
    }
    if !names.bytes().is_empty() {
        log.fatal(&[Text("failed to join namespaces:"), Bytes(names.bytes())], Some(Errno(EPERM)));
    }
}
