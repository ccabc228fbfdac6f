//! Everything that there is: the page, the processes, the caller; and what the kernel does to them.

use super::caller::Caller;
use super::page::{ALL, Page, Who};
use super::plan::{Mistake, Mode, Plan, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Life {
    Absent,
    Alive,
    /// Its memory is gone, and the kernel has marked its words.
    Exiting,
    Zombie,
    Reaped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    Other,
    Image,
    Program,
}

/// The signal that the parent gets at the end: with none, and with another than SIGCHLD, only `__WCLONE` waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitSignal {
    Other,
    Child,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    Exited(u8),
    Killed,
}

/// Whether the program was exec'd. In between, the process is in execve behind the point of no return, and may still be
/// killed before the first instruction of the program: either answer is right then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exec {
    NotPassed,
    Between,
    Passed,
}

/// The step of a process that has failed: it says so, and leaves.
pub const SAYS_FAILED: u8 = 100;
pub const LEAVES_FAILED: u8 = 101;
/// An init that has reaped its program.
pub const SAYS_DID_NOT_RUN: u8 = 102;
pub const SAYS_RAN: u8 = 103;
pub const LEAVES_AFTER_PROGRAM: u8 = 104;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub life: Life,
    pub at: u8,
    pub name: Name,
    pub exit_signal: ExitSignal,
    pub end: End,
    pub exec: Exec,
    /// The kernel knows its robust list.
    pub listed: bool,
    pub heard_released: u8,
    pub dies_with_caller: bool,
    pub asleep: bool,
    pub reaped_by_other: bool,
    /// An init's: a child of it has ended since it looked last.
    pub signal_pending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub page: Page,
    pub processes: [Process; 3],
    pub caller: Caller,
    pub kills_left: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The next step of a process.
    Step(Who),
    Fails(Who),
    /// The next step of the caller; where the caller's user has a choice, this one.
    Caller(Choice),
    TimesOut,
    Kill(Who),
    CallerDies,
    ForeignReaps(Who),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Next,
    Other,
    Third,
}

impl Action {
    /// Nobody can rely on these.
    pub fn is_fault(self) -> bool {
        matches!(self, Action::Fails(_) | Action::Kill(_) | Action::CallerDies | Action::ForeignReaps(_))
    }
}

impl Process {
    const ABSENT: Process = Process {
        life: Life::Absent,
        at: 0,
        name: Name::Other,
        exit_signal: ExitSignal::Other,
        end: End::Exited(0),
        exec: Exec::NotPassed,
        listed: false,
        heard_released: 0,
        dies_with_caller: false,
        asleep: false,
        reaped_by_other: false,
        signal_pending: false,
    };

    pub fn has_ended(&self) -> bool {
        matches!(self.life, Life::Zombie | Life::Reaped)
    }

    /// What waitid(2) finds with `__WALL`.
    pub fn is_there(&self) -> bool {
        !matches!(self.life, Life::Absent | Life::Reaped)
    }
}

impl State {
    pub fn new(plan: &Plan) -> State {
        let mut state = State {
            page: Page::NEW,
            processes: [Process::ABSENT; 3],
            caller: Caller::new(plan),
            kills_left: plan.kills,
        };
        let first = state.process(Who::First);
        first.life = Life::Alive;
        // A copy that becomes an init never execs.
        if plan.mode == Mode::Copied && plan.init && plan.init_process() == Who::First {
            first.exit_signal = ExitSignal::Child;
        }
        state
    }

    pub fn process(&mut self, who: Who) -> &mut Process {
        &mut self.processes[who as usize]
    }

    pub fn is(&self, who: Who) -> &Process {
        &self.processes[who as usize]
    }

    /// A new process of the same memory: name and counts are copied, what prctl(2) asked for and the list are not.
    pub fn fork(&mut self, from: Who, to: Who, exit_signal: ExitSignal) {
        let from = *self.is(from);
        *self.process(to) = Process {
            life: Life::Alive,
            name: from.name,
            heard_released: from.heard_released,
            exit_signal,
            ..Process::ABSENT
        };
    }

    /// At exec and at death the kernel marks the words of the list, of those that the process owns, and wakes.
    pub fn mark(&mut self, who: Who) {
        if !self.is(who).listed {
            return;
        }
        self.process(who).listed = false;
        for listed in ALL {
            let word = self.page.word(listed);
            if word.owner == Some(who) {
                (word.owner, word.died) = (None, true);
                if word.waiters {
                    self.caller.wake(listed);
                }
            }
        }
    }

    pub fn end(&mut self, who: Who, end: End) {
        self.mark(who);
        // What only a process that runs knows is forgotten, so that fewer states differ.
        let Process { name, exit_signal, exec, .. } = *self.is(who);
        *self.process(who) = Process { life: Life::Exiting, end, name, exit_signal, exec, ..Process::ABSENT };
    }

    /// An exiting process becomes a zombie; an init first ends all others of its pid namespace.
    pub fn finish(&mut self, plan: &Plan, who: Who) {
        if plan.init && who == plan.init_process() {
            match self.is(Who::Program).life {
                Life::Alive => return self.end(Who::Program, End::Killed),
                Life::Exiting => return self.finish_program(plan),
                Life::Zombie => return self.process(Who::Program).life = Life::Reaped,
                Life::Absent | Life::Reaped => (),
            }
        }
        if who == Who::Program {
            return self.finish_program(plan);
        }
        self.process(who).life = Life::Zombie;
    }

    fn finish_program(&mut self, plan: &Plan) {
        self.process(Who::Program).life = Life::Zombie;
        self.process(plan.init_process()).signal_pending = true;
    }

    pub fn caller_dies(&mut self, plan: &Plan) {
        self.caller.dies(plan);
        for who in ALL {
            let process = self.is(who);
            if process.life == Life::Alive && process.dies_with_caller {
                self.end(who, End::Killed);
            }
        }
    }

    /// The lifeline, or the caller's pidfd, tells a child that polls that nobody will let it go.
    pub fn tells_of_the_end(&self, plan: &Plan) -> bool {
        !self.caller.alive || plan.second != super::plan::Second::None && self.caller.is_done()
    }

    /// The process that is to become the program.
    pub fn program(&self, plan: &Plan) -> Who {
        if plan.init {
            Who::Program
        } else if self.is(Who::Second).life != Life::Absent {
            Who::Second
        } else {
            Who::First
        }
    }

    pub fn step_of(&self, steps: &[Vec<Step>; 3], who: Who) -> Option<Step> {
        steps[who as usize].get(self.is(who).at as usize).copied()
    }

    /// A process that asks whether the caller is gone, before it waits for it.
    pub fn is_waiting(&self, steps: &[Vec<Step>; 3], who: Who) -> bool {
        let waits = matches!(self.step_of(steps, who), Some(Step::SleepUntilReleased | Step::PollUntilReleased));
        self.is(who).life == Life::Alive && waits
    }

    pub fn makes_pid_late(plan: &Plan) -> bool {
        plan.makes(Mistake::PidAfterClone)
    }
}
