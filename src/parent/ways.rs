//! The ways in which one spawn makes its child. The best are tried first; `retry` says which are tried after a failure.

use super::hint::{EXIT_SIGNAL, FETCH, IMAGE, OWN_TABLE};
use super::trial;
use crate::plan::{Host, Sealed};
use crate::sealed::{mode, table};

#[derive(Clone, Copy)]
pub struct Ways {
    /// The built-in image is executed.
    pub image: bool,
    /// The image gets the plan and the program's strings among its own strings, and not in a file.
    pub strings_in_image: bool,
    /// clone3(2) puts the child into its cgroup.
    pub into_cgroup: bool,
    /// The child takes a copy of the part of the table of descriptors that it needs.
    pub own_table: bool,
    /// The caller fetches the channel's ends from a child that makes them.
    pub fetch: bool,
    /// A copy of the caller has no exit signal until its exec.
    pub exit_signal: bool,
    /// How often the spawn may still be tried again in the same ways.
    pub tries_left: u32,
}

impl Ways {
    /// The ways to begin with.
    pub fn first() -> Ways {
        Ways {
            image: IMAGE.is_worth_trying(),
            strings_in_image: true,
            into_cgroup: true,
            own_table: OWN_TABLE.is_worth_trying(),
            fetch: FETCH.is_worth_trying(),
            exit_signal: !trial::only_sigchld() && EXIT_SIGNAL.is_worth_trying(),
            tries_left: 3,
        }
    }

    /// The host as a plan for these ways takes it.
    pub fn on(&self, host: Host) -> Host {
        Host { image_runs: self.image, born_in_cgroup: self.into_cgroup, ..host }
    }

    /// A spawn has succeeded in these ways.
    pub fn worked(&self, plan: &Sealed, table: u32) {
        if plan.mode == mode::FRESH {
            IMAGE.works();
        }
        if table == table::SHARED {
            OWN_TABLE.works();
        }
    }
}
