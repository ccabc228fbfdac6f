//! The bootstrap of `runc init`, with the protocol of runc's Go side. A constructor calls `nsexec()` before the Go runtime
//! starts. There are three processes, all of them children of runc:
//!
//! | | | ends |
//! |---|---|---|
//! | `parent` | 0, the process that runc started | writes maps and time offsets, says which pids the others have |
//! | `child` | 1, its sibling | joins and creates namespaces |
//! | `init` | 2, first in the new pid namespace | returns to the constructor, and becomes the Go program |
//!
//! | file | what it holds |
//! |---|---|
//! | `environment` | two descriptors and a log level |
//! | `message` | the message of runc, parsed |
//! | `join`, `maps` | namespaces that are joined; maps of ids |
//! | `channel` | messages between the three processes |
//! | `log` | the log for runc, and the end after a failure |
//! | `start` | the common state of the three |
//! | `memory` | memory without an allocator |
//!
//! As in `child`: raw system calls, no allocation, no lock, no panic. A failure ends all three processes.
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

/// Everything that is done with the caller's credentials and /proc. No process is made before the whole message was read:
/// until then runc moves this process into its cgroup.
fn prepare(log: Log, socket: i32) -> Start {
    // If nobody reads the log any more, SIGPIPE must not kill this process before it has reported the error.
    let mask = log.check(calls::block_signal(SIGPIPE), &[Text("block SIGPIPE")]);
    log.debug(&[Text("=> nsexec container setup")]);
    log_affinity(&log);
    let memory = message::receive(&log, socket);
    let message = message::read(&log, memory.bytes());
    if let Some(value) = message.oom_score_adj {
        log.debug(&[Text("update /proc/self/oom_score_adj to '"), Bytes(message::without_nul(value)), Text("'")]);
        // Written before the process stops being dumpable: after that, the file belongs to root.
        let answer = maps::write_file(c"/proc/self/oom_score_adj", value);
        log.check(answer, &[Text("failed to update /proc/self/oom_score_adj")]);
    }
    if message.paths.is_some() {
        // Processes in the namespaces that are joined must not be able to trace this one.
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

/// glibc caches the thread id in this word, and never asks the kernel again. musl registers the address of a lock, whose
/// value is not the thread id.
fn cached_tid() -> Option<*mut i32> {
    let address = calls::tid_address().ok().filter(|address| !address.is_null())?;
    // SAFETY: kernel contract, man 2 set_tid_address: the word is libc's, and the kernel may write to it.
    if Ok(unsafe { address.read_volatile() }) == sys::gettid() { Some(address) } else { None }
}
