//! How it happens: the child, from its first instruction to exec. Raw system calls over a sealed plan: no allocation, no
//! libc, no lock, no thread-local, no panic. Compiled into the library, and once more alone as the built-in image.
#![deny(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod below;
mod caps;
pub mod channel;
mod ends;
pub mod exec;
pub mod fds;
mod filters;
mod follow;
mod handed;
mod ids;
pub mod init;
mod init_filter;
mod inside;
mod landlock;
mod limits;
mod listener;
mod memory;
mod mounts;
mod ns;
pub mod program;
mod root;
mod second;
mod security;
mod session;
mod signals;
mod unlisted;

use super::page::{self, Page};
use super::sealed::{self, Plan, Wiring};
use super::stage::{self, Stage};
use super::sys;

/// Where the child is: the plan, the wiring, and the little that changes on the way.
pub struct At<'a> {
    pub plan: &'a Plan,
    pub wiring: &'a Wiring,
    /// The vectors for execve.
    pub argv: *const *const u8,
    pub envp: *const *const u8,
    pub stage: Stage,
    /// The item that the running stage is at, -1 if it has none.
    pub index: i32,
    /// `page::side`: the path of the item that the running stage looks up.
    pub side: u32,
    /// What it says to the caller.
    pub page: &'a Page,
    /// Which of the processes of the spawn this is.
    pub who: channel::Who,
    /// How often the caller has let it go on.
    pub released: u32,
    /// The end of a pipe or socket whose other end closes with the caller; with it goes a listener.
    pub lifeline: i32,
    /// The eventfd with which the caller wakes a child that polls for more than that.
    pub go: i32,
    /// What becomes readable when the caller is gone.
    pub owner: i32,
    pub exec_fd: i32,
    /// The rulesets of Landlock: the caller's, out of everybody's way, and ours.
    pub ruleset: i32,
    pub own_ruleset: i32,
    /// The file for the time offsets, from its stage to theirs.
    pub time_file: i32,
    /// The child's directory of namespaces in /proc, from its stage to that of the time offsets.
    pub own_namespaces: i32,
    /// The root that mounts are made in, and the working directory meanwhile; -1 where none are.
    pub root: i32,
    pub cwd: i32,
    /// The program's working directory is entered.
    pub in_cwd: bool,
    /// The procfs by which labels are written, from its stage to that of the last.
    pub proc: i32,
    /// The session keyring that the child has got.
    pub keyring: i32,
    /// The directory of the item before.
    pub directory: i32,
    /// The tree of mounts that is copied for other children, until it is handed over.
    pub tree: i32,
    /// The network device, and both ends of the terminal, until they are handed over or become the standard streams.
    pub tun: i32,
    pub master: i32,
    pub slave: i32,
    /// The thread that made the child waits for it, whatever comes: its death is the caller's.
    pub awaited: bool,
    /// The caller has given the child up: it does not die with the caller.
    pub detached: bool,
}

/// The whole child.
pub fn run(plan: &Plan, wiring: &Wiring, argv: *const *const u8, envp: *const *const u8) -> ! {
    let Wiring { lifeline, go, owner, .. } = *wiring;
    program::run(At {
        plan,
        wiring,
        argv,
        envp,
        stage: Stage::None,
        index: -1,
        side: page::side::NONE,
        page: channel::open(wiring),
        who: channel::Who::First,
        released: 0,
        lifeline,
        go,
        owner,
        exec_fd: plan.exec_fd,
        ruleset: -1,
        own_ruleset: -1,
        time_file: -1,
        own_namespaces: -1,
        root: -1,
        cwd: -1,
        in_cwd: false,
        proc: -1,
        keyring: 0,
        directory: -1,
        tree: -1,
        tun: -1,
        master: -1,
        slave: -1,
        awaited: plan.hold == 0,
        detached: false,
    })
}
