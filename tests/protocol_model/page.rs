//! The page that caller and child share, as `src/page.rs` has it, and the futex in it.

/// The processes of a spawn. The program is one of its own only under an init.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    First,
    Second,
    Program,
}

pub const ALL: [Who; 3] = [Who::First, Who::Second, Who::Program];

/// A robust futex: who owns it (TID), whether somebody sleeps on it (WAITERS), and the mark of the kernel (OWNER_DIED).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    pub owner: Option<Who>,
    pub waiters: bool,
    pub died: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    None,
    Failed,
    Held,
    Unmapped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    None,
    Image,
    Wait,
    WaitMaps,
    FirstProcess,
    Mount,
    Hold,
    SecondClone,
    Init,
    Exec,
}

/// What an init says of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramRan {
    Unknown,
    DidNotRun,
    Ran,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    pub words: [Word; 3],
    pub spoken: u8,
    pub released: u8,
    pub stage: Stage,
    pub kind: Kind,
    pub second_pid: bool,
    pub program_ran: ProgramRan,
    pub init_ready: bool,
    /// The eventfd beside the page, which a child that polls reads.
    pub go: u8,
}

impl Page {
    pub const NEW: Page = Page {
        words: [Word { owner: None, waiters: true, died: false }; 3],
        spoken: 0,
        released: 0,
        stage: Stage::None,
        kind: Kind::None,
        second_pid: false,
        program_ran: ProgramRan::Unknown,
        init_ready: false,
        go: 0,
    };

    pub fn word(&mut self, who: Who) -> &mut Word {
        &mut self.words[who as usize]
    }
}
