//! What is spawned, what may go wrong around it, and the steps of each process that follow from it.

use super::page::{Kind, Stage, Who};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An image of its own, `mode::FRESH`.
    Fresh,
    /// A copy of the caller, `mode::COPIED`.
    Copied,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    None,
    Early,
    Late,
}

/// A mistake in the protocol, made on purpose: the properties have to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The second process runs before its pid is in the page.
    PidAfterClone,
    /// The caller sleeps after it has set WAITERS, and does not look at `spoken` again.
    NoSecondLook,
    /// A zombie is taken for the program's whatever its name is.
    IgnoresName,
    /// The child says that it has spoken, but wakes nobody.
    NoWake,
    /// The child takes WAITERS away itself, and only then has the kernel wake.
    ClearsBeforeWaking,
    /// The child does not ask to die with the caller.
    NoParentDeathSignal,
    /// The child asks to die with the caller, and does not look whether the caller was dead before.
    NoOrphanCheck,
    /// A copy that `__WCLONE` does not find was exec'd, even if nobody else finds it either.
    GoneIsRunning,
    /// The program takes its word over from the init in two steps, between which nobody owns it.
    OwnsInTwoSteps,
    /// Whether a child that was let go unheard has run is asked after it was reaped.
    AsksAfterReaping,
    /// A wait does not take over from a first process that was killed.
    NoHandOverFromKilled,
    /// A wait leaves the second process to a later release.
    NoHandOverInWait,
    /// A start that fails does not ask for a second process that the caller has not heard of.
    ForgetsSecond,
    /// The verdict on a program is not put off until its init, which was killed, has ended.
    NoWaitForInit,
}

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub mode: Mode,
    /// The child waits for what the caller does on its behalf.
    pub wait: bool,
    /// It waits once more, for the maps of its user namespace.
    pub maps: bool,
    pub hold: bool,
    pub second: Second,
    pub init: bool,
    /// Another thread of the caller reaps every child that it finds.
    pub foreign_reaper: bool,
    /// The caller's process may die.
    pub caller_dies: bool,
    /// How many processes somebody else kills.
    pub kills: u8,
    pub mistake: Option<Mistake>,
    /// The properties hold without the known exception, see `is_beyond_knowing`.
    pub strict: bool,
}

impl Plan {
    pub const PLAIN: Plan = Plan {
        mode: Mode::Fresh,
        wait: false,
        maps: false,
        hold: false,
        second: Second::None,
        init: false,
        foreign_reaper: false,
        caller_dies: true,
        kills: 2,
        mistake: None,
        strict: false,
    };

    pub fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// The child waits on an eventfd beside a descriptor that tells of the caller's end; else on the page.
    pub fn polls(&self) -> bool {
        self.hold || self.second != Second::None
    }

    /// The process that becomes the init.
    pub fn init_process(&self) -> Who {
        if self.second == Second::None { Who::First } else { Who::Second }
    }

    pub fn steps(&self) -> [Vec<Step>; 3] {
        let mut first = Vec::new();
        if self.mode == Mode::Fresh {
            first.extend([Step::Stage(Stage::Image), Step::ExecImage, Step::TakeImageName]);
        }
        self.own(Who::First, &mut first);
        if self.wait {
            first.push(Step::Stage(Stage::Wait));
            self.wait_for_release(&mut first);
        }
        if self.maps {
            first.push(Step::Stage(Stage::WaitMaps));
            say(Kind::Unmapped, &mut first);
            self.wait_for_release(&mut first);
        }
        let mut second = Vec::new();
        if self.second == Second::Early {
            first.push(Step::Stage(Stage::FirstProcess));
            self.leave_to_second(&mut first, &mut second);
        }
        let last = if self.second == Second::Early { &mut second } else { &mut first };
        last.extend([Step::Stage(Stage::Mount), Step::MayFail]);
        if self.hold {
            last.push(Step::Stage(Stage::Hold));
            say(Kind::Held, last);
            last.push(Step::PollUntilReleased);
        }
        if self.second == Second::Late {
            first.push(Step::Stage(Stage::SecondClone));
            self.leave_to_second(&mut first, &mut second);
        }
        let last = if self.second == Second::None { &mut first } else { &mut second };
        let mut program = Vec::new();
        if self.init {
            last.extend([Step::Stage(Stage::Init), Step::ForkProgram, Step::InitIsReady, Step::WakeProgram]);
            last.extend([Step::ReapBeforeExec, Step::ReapAfterExec, Step::AwaitSignal]);
            self.own(Who::Program, &mut program);
            program.push(Step::SleepUntilReady);
        }
        let last = if self.init { &mut program } else { last };
        last.extend([Step::Stage(Stage::Exec), Step::MayFail]);
        last.extend([Step::ExecSetsExitSignal, Step::ExecMarks, Step::ExecRenames, Step::RunProgram]);
        [first, second, program]
    }

    fn own(&self, who: Who, steps: &mut Vec<Step>) {
        steps.push(Step::SetRobustList);
        if who == Who::Program && self.makes(Mistake::OwnsInTwoSteps) {
            steps.push(Step::Disown(who));
        }
        steps.push(Step::Own(who));
        if self.init && who == self.init_process() {
            steps.push(Step::Own(Who::Program));
        }
    }

    fn wait_for_release(&self, steps: &mut Vec<Step>) {
        if self.polls() {
            steps.push(Step::PollUntilReleased);
        } else {
            steps.extend([Step::DieWithCaller, Step::LeaveIfOrphan, Step::SleepUntilReleased]);
        }
    }

    fn leave_to_second(&self, first: &mut Vec<Step>, second: &mut Vec<Step>) {
        first.push(Step::CloneSecond);
        if self.makes(Mistake::PidAfterClone) {
            first.push(Step::WriteSecondPid);
        }
        first.push(Step::Leave);
        self.own(Who::Second, second);
        // Its wait may fail, too.
        second.extend([Step::MayFail, Step::PollUntilReleased]);
    }
}

fn say(what: Kind, steps: &mut Vec<Step>) {
    steps.extend([Step::SayKind(what), Step::SaySpoken, Step::SayLookForWaiters, Step::SayWake]);
}

/// What a process does at once, as far as others can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Stage(Stage),
    /// The image's exec: the caller goes on from vfork.
    ExecImage,
    TakeImageName,
    SetRobustList,
    Disown(Who),
    Own(Who),
    MayFail,
    DieWithCaller,
    LeaveIfOrphan,
    SleepUntilReleased,
    PollUntilReleased,
    SayKind(Kind),
    SaySpoken,
    SayLookForWaiters,
    SayWake,
    CloneSecond,
    WriteSecondPid,
    Leave,
    ForkProgram,
    InitIsReady,
    WakeProgram,
    ReapBeforeExec,
    ReapAfterExec,
    AwaitSignal,
    SleepUntilReady,
    /// The point of no return: from here on execve only returns into the program, or kills.
    ExecSetsExitSignal,
    ExecMarks,
    ExecRenames,
    RunProgram,
}
