//! The page that child and caller share: the channel between them. In it the child writes where it is and what it
//! has to say, and the kernel marks it when a process leaves its memory. robust_list is what get_robust_list(2) documents:
//! at exec and at death alike the kernel sets FUTEX_OWNER_DIED in the word of each futex that the list names, and wakes
//! who waits there. No descriptor carries this, so that a fork of the caller cannot keep it open, and no wait of the
//! caller's can take it away.

use core::mem::offset_of;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// Where the image maps the page: within the 2 MiB of its own code (src/image/image.ld), for which the kernel has a table
/// already. Elsewhere it would make tables for this page alone, and free them at the exec of the program.
pub const BESIDE_IMAGE: usize = 0x50_0000;

/// In the word of a robust futex: somebody sleeps on it. futex(2)
pub const WAITERS: u32 = 0x8000_0000;
/// In the word of a robust futex: its process has left its memory, by an exec or by its death. futex(2)
pub const OWNER_DIED: u32 = 0x4000_0000;
/// In the word of a robust futex: the thread that owns it, as it is called in its own pid namespace.
pub const TID: u32 = 0x3fff_ffff;

/// What a child says while the caller waits for its word.
pub mod kind {
    pub const NONE: u32 = 0;
    /// The step `stage` failed with `code`; the child exits.
    pub const FAILED: u32 = 1;
    /// The child is held.
    pub const HELD: u32 = 2;
    /// The user namespace is there to be mapped.
    pub const UNMAPPED: u32 = 3;
    /// The child has memory of its own, and waits.
    pub const OUTSIDE: u32 = 4;
}

/// What an init has seen of its program.
pub mod program {
    pub const UNKNOWN: u32 = 0;
    /// It was killed before its exec.
    pub const DID_NOT_RUN: u32 = 1;
    pub const RAN: u32 = 2;
}

/// The signal in `program_change`.
pub const SIGNAL: u32 = 0x7f;

/// How the program of an init has ended, and what it used: what waitid(2) tells the init. It is there once `program_ran` is.
#[repr(C)]
pub struct ProgramEnd {
    /// A `CLD_*` code, and the exit code or signal that goes with it.
    pub code: AtomicI32,
    pub status: AtomicI32,
    /// `struct rusage`, getrusage(2)
    pub usage: [AtomicU64; USAGE],
}

impl ProgramEnd {
    const fn new() -> ProgramEnd {
        ProgramEnd { code: AtomicI32::new(0), status: AtomicI32::new(0), usage: [const { AtomicU64::new(0) }; USAGE] }
    }
}

/// The numbers of a `struct rusage`: two times of two numbers, and 14 counts.
pub const USAGE: usize = 18;
pub type Usage = [u64; USAGE];

/// Which path of an item a failure is about.
pub mod side {
    /// Neither, or it is not known.
    pub const NONE: u32 = 0;
    pub const SOURCE: u32 = 1;
    pub const TARGET: u32 = 2;
}

/// On what terms the caller lets a held child go.
pub mod go {
    pub const ON: u32 = 1;
    /// The thread that made the child waits for it, however long: the child dies with that thread.
    pub const AWAITED: u32 = 2;
    /// The child is on its own, and does not die with the caller.
    pub const DETACHED: u32 = 3;
}

/// What each process of a spawn has in the page: the list that the kernel walks, with one or two entries.
#[repr(C)]
pub struct Process {
    /// `struct robust_list_head`: the first entry, from there to its word, and none that is pending.
    head: [AtomicU64; 3],
    /// `struct robust_list`: the next entry.
    entry: AtomicU64,
    pub word: AtomicU32,
    reserved: u32,
}

impl Process {
    const fn new() -> Process {
        Process {
            head: [const { AtomicU64::new(0) }; 3],
            entry: AtomicU64::new(0),
            word: AtomicU32::new(WAITERS),
            reserved: 0,
        }
    }

    /// Makes the list: this process's word, and perhaps another one that it stands for. Returns where the list begins.
    pub fn make_list(&self, also: Option<&Process>) -> *const u8 {
        let begin = (&raw const self.head).cast::<u8>();
        let own = (&raw const self.entry) as u64;
        let next = also.map_or(begin as u64, |also| {
            also.entry.store(begin as u64, Ordering::Relaxed);
            (&raw const also.entry) as u64
        });
        self.entry.store(next, Ordering::Relaxed);
        let [first, offset, pending] = &self.head;
        first.store(own, Ordering::Relaxed);
        offset.store(WORD, Ordering::Relaxed);
        pending.store(0, Ordering::Relaxed);
        begin
    }

    /// This thread owns the word from now on. In one step: who dies while nobody owns the word wakes nobody.
    pub fn own(&self, tid: u32) {
        let owned = |word: u32| Some(word & WAITERS | tid & TID);
        let _ = self.word.fetch_update(Ordering::Release, Ordering::Relaxed, owned);
    }

    /// Nobody ever owned it, or the kernel has marked it: who owned it does not write to the page any more.
    pub fn has_left(&self) -> bool {
        let word = self.word.load(Ordering::Acquire);
        word & OWNER_DIED != 0 || word & TID == 0
    }
}

/// From an entry to its word.
const WORD: u64 = (offset_of!(Process, word) - offset_of!(Process, entry)) as u64;

/// The size of `struct robust_list_head`.
pub const LIST_HEAD: usize = 24;

/// The page.
#[repr(C)]
pub struct Page {
    /// The process that the caller made, the one that it left the rest to, and the program of an init.
    pub first: Process,
    pub second: Process,
    pub program: Process,
    /// The keeper, as it is called in its own pid namespace. The kernel sets OWNER_DIED when it ends, before it hands the
    /// child to another parent. 0: no keeper made the child, or the kernel could not be asked for that.
    pub keeper: AtomicU32,
    /// How often the child has said something that the caller waits for.
    pub spoken: AtomicU32,
    /// How often the caller has let the child go on: a futex that the child sleeps on.
    pub released: AtomicU32,
    /// `go`: on what terms a held child is let go.
    pub go: AtomicU32,
    /// The stage that the child is at. A death without a word is a death at this stage.
    pub stage: AtomicU32,
    /// `kind`, and what belongs to a failure.
    pub kind: AtomicU32,
    pub code: AtomicI32,
    pub index: AtomicI32,
    /// `side`
    pub side: AtomicU32,
    /// The second process, written by the kernel before it runs. CLONE_PARENT_SETTID, clone(2)
    pub second_pid: AtomicI32,
    /// `program`: what an init has seen.
    pub program_ran: AtomicU32,
    pub program_end: ProgramEnd,
    /// What an init has last seen of its program's stops: 128 for each change so far, and the signal that stopped it, or 0 if
    /// it was continued. A futex that the caller sleeps on.
    pub program_change: AtomicU32,
    /// What came of the init's giving up of its privileges: a futex that the program sleeps on. 0: not yet; 1: done; else
    /// the errno and 1.
    pub init_ready: AtomicU32,
    /// The image bears the name by which a death inside execve is told from a later one.
    pub named: AtomicU32,
    /// The kernel marks nothing here: it has no robust lists, or a filter forbids them.
    pub unmarked: AtomicU32,
    /// The child's number of the descriptor that kills it with the caller; -1: it has none.
    pub lifeline: AtomicI32,
    /// The caller has fetched page and ends from the child that made them: a futex that the child sleeps on.
    pub fetched: AtomicU32,
    /// The child is in the middle of arming it, or of giving it another number.
    pub arming: AtomicU32,
}

impl Page {
    pub const fn new() -> Page {
        Page {
            first: Process::new(),
            second: Process::new(),
            program: Process::new(),
            keeper: AtomicU32::new(0),
            spoken: AtomicU32::new(0),
            released: AtomicU32::new(0),
            go: AtomicU32::new(0),
            stage: AtomicU32::new(0),
            kind: AtomicU32::new(kind::NONE),
            code: AtomicI32::new(0),
            index: AtomicI32::new(-1),
            side: AtomicU32::new(side::NONE),
            second_pid: AtomicI32::new(0),
            program_ran: AtomicU32::new(program::UNKNOWN),
            program_end: ProgramEnd::new(),
            program_change: AtomicU32::new(0),
            init_ready: AtomicU32::new(0),
            named: AtomicU32::new(0),
            unmarked: AtomicU32::new(0),
            lifeline: AtomicI32::new(-1),
            fetched: AtomicU32::new(0),
            arming: AtomicU32::new(0),
        }
    }

    /// What is said at this moment, read once: the child may write to the page while the caller looks.
    pub fn report(&self) -> Report {
        Report {
            kind: self.kind.load(Ordering::Acquire),
            stage: self.stage.load(Ordering::Acquire),
            code: self.code.load(Ordering::Relaxed),
            index: self.index.load(Ordering::Relaxed),
            side: self.side.load(Ordering::Relaxed),
        }
    }

    /// Every process that had a word here has left: nobody writes to the page any more.
    pub fn is_left(&self) -> bool {
        let second_is_known =
            self.second_pid.load(Ordering::Acquire) == 0 || self.second.word.load(Ordering::Acquire) & !WAITERS != 0;
        second_is_known && [&self.first, &self.second, &self.program].into_iter().all(Process::has_left)
    }
}

/// A page is what a memfd of one page has room for.
pub const PAGE: usize = 4096;
const _: () = assert!(size_of::<Page>() <= PAGE);

/// One report, read from the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub kind: u32,
    pub stage: u32,
    pub code: i32,
    pub index: i32,
    /// `side`
    pub side: u32,
}

/// The name of the image. An exec names a process after a file, which has no slash in its name.
pub const IMAGE_NAME: &core::ffi::CStr = c"forkexec/child";
