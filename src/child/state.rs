//! The state of the child between its steps: the plan, and what has been opened, moved or learnt so far.

use crate::page::{self, Page};
use crate::sealed::{Plan, Wiring};
use crate::stage::Stage;

/// Which of the processes of a spawn this one is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    First,
    Second,
    Program,
}

/// The plan, the wiring, and what the steps of the child change.
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
    /// The page through which the child tells the caller what it does.
    pub page: &'a Page,
    /// Which of the processes of the spawn this is.
    pub who: Who,
    /// How often the caller has let the child go on.
    pub released: u32,
    /// The end of a pipe or socket whose other end closes with the caller. Over a socket, descriptors are sent to the caller.
    pub lifeline: i32,
    /// The eventfd with which the caller wakes a child that polls for its death as well.
    pub go: i32,
    /// The descriptor that becomes readable when the caller has ended.
    pub caller_gone: i32,
    pub exec_fd: i32,
    /// The rulesets of Landlock: the caller's, at a number that no target has, and the one that this child makes.
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
    /// The thread that made the child waits for it: if that thread dies, the child dies too.
    pub awaited: bool,
    /// The caller has detached the child, which therefore does not die with the caller.
    pub detached: bool,
}

impl<'a> At<'a> {
    /// At the first instruction of the child.
    pub fn start(
        plan: &'a Plan,
        wiring: &'a Wiring,
        page: &'a Page,
        argv: *const *const u8,
        envp: *const *const u8,
    ) -> At<'a> {
        let Wiring { lifeline, go, caller_gone, .. } = *wiring;
        At {
            plan,
            wiring,
            argv,
            envp,
            stage: Stage::None,
            index: -1,
            side: page::side::NONE,
            page,
            who: Who::First,
            released: 0,
            lifeline,
            go,
            caller_gone,
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
        }
    }
}
