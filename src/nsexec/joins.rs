//! `kind:path,kind:path`: namespaces that are there already.

use super::log::{Log, Piece::*};
use super::maps::without_nul;
use super::sys::abi::{
    AT_FDCWD, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER,
    CLONE_NEWUTS, EPERM, O_CLOEXEC, O_RDONLY,
};
use super::sys::{self, Errno};
use super::talk::again;
use super::text;

const KINDS: [(&[u8], u64); 8] = [
    (b"cgroup", CLONE_NEWCGROUP),
    (b"ipc", CLONE_NEWIPC),
    (b"mnt", CLONE_NEWNS),
    (b"net", CLONE_NEWNET),
    (b"pid", CLONE_NEWPID),
    (b"time", CLONE_NEWTIME),
    (b"user", CLONE_NEWUSER),
    (b"uts", CLONE_NEWUTS),
];

/// More than there are kinds: each may be named again.
const MOST: usize = 64;
/// PATH_MAX, with its NUL.
const PATH: usize = 4096;

#[derive(Clone, Copy)]
struct Join<'a> {
    kind: &'a [u8],
    path: &'a [u8],
    types: u64,
    fd: i32,
    done: bool,
}

/// What the present privileges reach, then the user namespace, then the rest.
pub fn enter_all(log: &Log, paths: &[u8]) {
    let paths = without_nul(paths);
    if paths.is_empty() {
        log.fatal(&[Text("ns paths are empty")], None);
    }
    let mut joins = [Join { kind: &[], path: &[], types: 0, fd: -1, done: true }; MOST];
    open_all(log, &mut joins, paths);
    for join in joins.iter_mut().filter(|join| join.types & CLONE_NEWUSER == 0) {
        enter(log, join);
    }
    for join in joins.iter_mut().filter(|join| join.types & CLONE_NEWUSER != 0) {
        enter(log, join);
        if join.done {
            // Its root: whoever is unmapped in there is theirs to trace.
            log.check(sys::setresuid(0, 0, 0), &[Text("failed to become root in the user namespace")]);
        }
    }
    for join in joins.iter_mut() {
        enter(log, join);
    }
    name_what_is_left(log, &joins);
    for join in joins.iter().filter(|join| join.fd >= 0) {
        let _ = sys::close(join.fd);
    }
}

/// All of them first: the paths may lead elsewhere behind the first join.
fn open_all<'a>(log: &Log, joins: &mut [Join<'a>; MOST], paths: &'a [u8]) {
    let mut places = joins.iter_mut();
    for entry in paths.split(|byte| *byte == b',') {
        let Some(colon) = entry.iter().position(|byte| *byte == b':') else {
            log.fatal(&[Text("no kind in namespace path "), Bytes(entry)], None);
        };
        let (kind, path) = (entry.get(..colon).unwrap_or(&[]), entry.get(colon.saturating_add(1)..).unwrap_or(&[]));
        let Some((_, types)) = KINDS.iter().find(|(name, _)| *name == kind) else {
            log.fatal(&[Text("unknown kind of namespace: "), Bytes(kind)], None);
        };
        let Some(place) = places.next() else {
            log.fatal(&[Text("too many namespace paths")], None);
        };
        *place = Join { kind, path, types: *types, fd: open(log, path), done: false };
    }
}

fn open(log: &Log, path: &[u8]) -> i32 {
    let mut ended = text::Text::<PATH>::new();
    if !ended.add(path) || !ended.add(b"\0") {
        log.fatal(&[Text("namespace path is too long: "), Bytes(path)], None);
    }
    // SAFETY: the NUL was added.
    let file = again(|| unsafe { sys::openat(AT_FDCWD, ended.bytes().as_ptr(), O_RDONLY | O_CLOEXEC, 0) });
    log.check(file, &[Text("failed to open namespace "), Bytes(path)])
}

/// EPERM may be another answer once the user namespace is entered.
fn enter(log: &Log, join: &mut Join) {
    if join.done {
        return;
    }
    match sys::setns(join.fd, join.types) {
        Ok(()) => {
            log.debug(&[
                Text("joined "),
                Bytes(join.kind),
                Text(" namespace (with path "),
                Bytes(join.path),
                Text(")"),
            ]);
            join.done = true;
        }
        Err(Errno(EPERM)) if join.types & CLONE_NEWUSER == 0 => (),
        Err(errno) => log.fatal(
            &[Text("failed to join "), Bytes(join.kind), Text(" namespace (with path "), Bytes(join.path), Text(")")],
            Some(errno),
        ),
    }
}

fn name_what_is_left(log: &Log, joins: &[Join; MOST]) {
    let mut names = text::Text::<512>::new();
    for join in joins.iter().filter(|join| !join.done) {
        names.add(b" ");
        names.add(join.kind);
    }
    if !names.bytes().is_empty() {
        log.fatal(&[Text("failed to join namespaces:"), Bytes(names.bytes())], Some(Errno(EPERM)));
    }
}
