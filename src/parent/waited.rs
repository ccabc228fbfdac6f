//! How a child ended, and what it used; what a wait tells.

use super::evidence::Ran;
use super::usage;
use crate::sys::abi::SIGKILL;

/// How a child ended, and what it used.
#[derive(Clone, Copy)]
pub struct Waited {
    /// A `CLD_*` code, and the exit code or signal that goes with it.
    pub code: i32,
    pub status: i32,
    pub ran: Ran,
    pub usage: libc::rusage,
    /// The peak of memory is the program's own. Otherwise it is at least `max_rss_floor`, the caller's own peak.
    pub own_memory: bool,
    pub max_rss_floor: u64,
    pub memory_peak: Option<u64>,
    /// How many processes of the cgroup the out-of-memory killer has killed since the child was made.
    pub oom_kills: Option<u64>,
}

impl Waited {
    /// Whether a signal ended it, and it was SIGKILL.
    pub fn killed(&self) -> bool {
        self.code != libc::CLD_EXITED && self.status == SIGKILL
    }

    pub fn user_ns(&self) -> u64 {
        usage::nanoseconds(self.usage.ru_utime)
    }

    pub fn system_ns(&self) -> u64 {
        usage::nanoseconds(self.usage.ru_stime)
    }

    pub fn max_rss(&self) -> u64 {
        usage::kibibytes(self.usage.ru_maxrss)
    }
}

/// What a wait tells.
pub enum Told<'a> {
    Ended(&'a Waited),
    /// The program of a lingering init has ended, and the init has not.
    ProgramEnded(Waited),
    /// By this signal.
    Stopped(i32),
    Continued,
}

/// What to wait for besides the end.
#[derive(Clone, Copy)]
pub struct Watch {
    /// The next wait does not tell the same again.
    pub reap: bool,
    /// WSTOPPED and WCONTINUED of waitid(2).
    pub changes: i32,
    /// The end of the program of a lingering init.
    pub program: bool,
}
