//! The bootstrap of `runc init`, as runc's Go side speaks it: a constructor calls `nsexec()` before the Go runtime is
//! there. Three processes, all of them children of runc's:
//!
//! | | | ends |
//! |---|---|---|
//! | `parent` | 0, the process that runc started | writes maps and time offsets, says which pids the others have |
//! | `child` | 1, its sibling | joins and creates namespaces |
//! | `init` | 2, first in the new pid namespace | returns to the constructor, and becomes the Go program |
//!
//! | room | what happens there |
//! |---|---|
//! | `environment` | two numbers and a level |
//! | `message` | the bytes that runc sends, as slices |
//! | `join`, `maps` | namespaces that are joined; maps of ids |
//! | `channel` | what the three say to each other |
//! | `log` | what they say to runc, and how each of them ends that fails |
//! | `start` | what the three begin with |
//! | `memory` | what there is instead of an allocator |
//!
//! As in `child`: raw system calls, no allocation, no lock, no panic; whatever fails ends all three.
#![deny(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod environment;
mod message;
mod join;
mod maps;
mod start;
mod parent;
mod child;
mod init;
mod channel;
mod log;
mod memory;

use crate::sys;
use crate::sys::abi::PR_SET_DUMPABLE;
use crate::sys::nsexec::{self as calls, SIGPIPE};
use log::{Log, Piece::*};
use start::{Start, sibling};

/// Does nothing in a process without `_LIBCONTAINER_INITPIPE`; returns in process 2 otherwise, or not at all.
#[unsafe(no_mangle)]
pub extern "C" fn nsexec() {
    let mut log = Log::silent();
    environment::log(&mut log);
    let Some(socket) = environment::init_socket(&log) else {
        return;
    };
    let mut start = prepare(log, socket);
    match sibling(&start) {
        0 => {
            child::run(&mut start);
            init::run(&mut start);
        }
        pid => parent::run(&mut start, pid),
    }
}

/// All that needs the caller's own surroundings. No process is made before the message is there: until then runc moves
/// this one into its cgroup.
fn prepare(log: Log, socket: i32) -> Start {
    // Whoever reads the log may be gone: no reason to be killed before the cause is known.
    let mask = log.check(calls::block_signal(SIGPIPE), &[Text("block SIGPIPE")]);
    log.debug(&[Text("=> nsexec container setup")]);
    log_affinity(&log);
    let memory = message::receive(&log, socket);
    let message = message::read(&log, memory.bytes());
    if let Some(value) = message.oom_score_adj {
        log.debug(&[Text("update /proc/self/oom_score_adj to '"), Bytes(message::without_nul(value)), Text("'")]);
        // Before the process stops being dumpable: from then on the file belongs to root.
        let answer = maps::write_file(c"/proc/self/oom_score_adj", value);
        log.check(answer, &[Text("failed to update /proc/self/oom_score_adj")]);
    }
    if message.paths.is_some() {
        // Whoever is in those namespaces may not trace what comes to them.
        log.check(sys::prctl(PR_SET_DUMPABLE, 0, 0), &[Text("failed to become non-dumpable")]);
    }
    let pair = || log.check(calls::socketpair(), &[Text("failed to make a socket pair")]);
    let (to_child, to_init) = (pair(), pair());
    Start { log, socket, message, memory, mask, tid: cached_tid(), to_child, to_init }
}

fn log_affinity(log: &Log) {
    if !log.is_debugging() {
        return;
    }
    let mut mask = [0u64; 128];
    match calls::sched_getaffinity(&mut mask) {
        Ok(()) => log.debug(&[Text("affinity: 0x"), Hex(mask.first().copied().unwrap_or(0))]),
        Err(errno) => log.warn(&[Text("failed to get the cpu affinity")], errno),
    }
}

/// glibc never asks again for the thread's id that it keeps in this word. musl gives the kernel the address of a lock,
/// which is another number.
fn cached_tid() -> Option<*mut i32> {
    let address = calls::tid_address().ok().filter(|address| !address.is_null())?;
    // SAFETY: kernel contract, man 2 set_tid_address: the word is libc's, and the kernel may write to it.
    if Ok(unsafe { address.read_volatile() }) == sys::gettid() { Some(address) } else { None }
}
