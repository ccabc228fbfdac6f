//! The caller's side of the channel: the page, kept for the next child when every process has left it, and how the
//! caller sleeps until the child has said something or has left.

use super::file_size;
use super::image::beside_the_standard_ones;
use super::name::Name;
use super::own;
use crate::attr::owned::Room;
use crate::page::{OWNER_DIED, PAGE, Page, Process, TID, WAITERS, kind};
use crate::sealed::Plan;
use crate::sys::abi::{
    EAGAIN, EINTR, EINVAL, ETIMEDOUT, F_ADD_SEALS, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, MFD_ALLOW_SEALING,
    MFD_CLOEXEC, MFD_NOEXEC_SEAL, O_CLOEXEC, Timespec,
};
use crate::sys::{self, Errno};
use alloc::boxed::Box;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// A page that is kept for children in the caller's user namespace, and one for the others: who got hold of a page in there
/// may write to it later, but only children that the same people may reach anyway get it again. Each is a descriptor in the
/// caller's table, so that there are no more; who makes several children at once makes the other pages anew.
static PLACES: [Place; 2] = [const { Place::new() }; 2];

struct Place {
    kept: AtomicPtr<Made>,
    /// The number of the page that is kept, or was before it was given to a child: what is made meanwhile is not kept, so
    /// that the caller has the same descriptors as before when it comes back. -1: there is none.
    number: AtomicI32,
    /// The process whose number this is.
    owner: AtomicI32,
}

/// A page, and the file by which an image maps it.
struct Made {
    page: NonNull<Page>,
    /// -1: there is no file, and a copy of the caller has the page mapped as the caller has; or the file was left to the
    /// next page, which takes its number.
    fd: AtomicI32,
    identity: [u64; 2],
    /// The process in which the page is mapped: a fork of that does not have it.
    owner: i32,
}

/// The owner of a page that is mapped nowhere: only its file is left.
const NO_PROCESS: i32 = 0;

/// The page of one child. When it is dropped, the page is kept if nobody can write to it any more.
pub struct Channel {
    made: Option<Box<Made>>,
    place: usize,
}

// SAFETY: the page is atomic words that stay mapped, and the rest does not change.
unsafe impl Send for Channel {}
// SAFETY: as above.
unsafe impl Sync for Channel {}

/// The file of a page in the caller's table.
#[derive(Clone, Copy)]
pub struct File {
    pub number: i32,
    pub identity: [u64; 2],
}

/// Why there is no page.
pub enum Unmade {
    /// A file could not be had.
    File(Errno),
    /// Memory could not be had, or not be mapped.
    Memory(Errno),
}

impl From<Errno> for Unmade {
    fn from(errno: Errno) -> Unmade {
        Unmade::File(errno)
    }
}

impl Channel {
    /// A page with a file, for a child in an image of its own. All signals are blocked, and `mask` was the mask before.
    pub fn with_file(plan: &Plan, mask: u64) -> Result<Channel, Unmade> {
        let number = place_of(plan);
        let place = PLACES.get(number).ok_or(Unmade::File(Errno(EINVAL)))?;
        let made = place.take(mask)?;
        Ok(Channel::begin(made, number))
    }

    /// A page for a child that is a copy of the caller.
    pub fn for_copy() -> Result<Channel, Unmade> {
        let room = Room::new().map_err(|_| Unmade::Memory(Errno(libc::ENOMEM)))?;
        let page = map(-1, libc::MAP_SHARED | libc::MAP_ANONYMOUS).map_err(Unmade::Memory)?;
        Ok(Channel::begin(room.fill(Made::without_file(page)), 0))
    }

    /// The page that a child has made, by its file.
    pub fn of_child(file: OwnedFd) -> Result<Channel, Errno> {
        const F_GET_SEALS: i32 = 1034;
        // Who could make it smaller could give the caller SIGBUS.
        if sys::fcntl(file.as_raw_fd(), F_GET_SEALS, 0)? & F_SEAL_SHRINK == 0 {
            return Err(Errno(EINVAL));
        }
        let room = Room::new().map_err(|_| Errno(libc::ENOMEM))?;
        let page = map(file.as_raw_fd(), libc::MAP_SHARED)?;
        let made = room.fill(Made::without_file(page));
        Ok(Channel { made: Some(made), place: 0 })
    }

    fn begin(made: Box<Made>, place: usize) -> Channel {
        // SAFETY: mapped, writable, of this size, and no child's.
        unsafe { made.page.write(Page::new()) };
        Channel { made: Some(made), place }
    }

    pub fn page(&self) -> &Page {
        static NOTHING: Page = Page::new();
        // SAFETY: it stays mapped as long as `made` is there.
        self.made.as_ref().map_or(&NOTHING, |made| unsafe { made.page.as_ref() })
    }

    pub fn file(&self) -> Option<File> {
        let made = self.made.as_ref().filter(|made| made.number() >= 0)?;
        Some(File { number: made.number(), identity: made.identity })
    }

    /// The child has mapped the page, and keeps it for long: the next child's page gets the number of its file.
    pub fn leave_file(&self) {
        let (Some(made), Some(place)) = (&self.made, PLACES.get(self.place)) else { return };
        if made.number() < 0 || made.owner != own::pid() || !place.has(made) {
            return;
        }
        // Without memory for it the file stays with its page.
        let Ok(room) = Room::new() else { return };
        let fd = AtomicI32::new(made.fd.swap(-1, Ordering::Relaxed));
        place.put(room.fill(Made { page: NonNull::dangling(), fd, identity: made.identity, owner: NO_PROCESS }));
    }

    /// The child goes on. Where a filter forbids to wake it, it looks by itself after a while.
    pub fn release(&self) {
        self.page().released.fetch_add(1, Ordering::Release);
        let _ = sys::futex_wake(&self.page().released);
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let (Some(made), Some(place)) = (self.made.take(), PLACES.get(self.place)) else { return };
        if made.owner != own::pid() {
            return;
        }
        // SAFETY: it stays mapped as long as `made` is there.
        let is_left = unsafe { made.page.as_ref() }.is_left();
        if made.number() >= 0 && place.has(&made) {
            return place.take_back(made, is_left);
        }
        made.unmake();
    }
}

impl Made {
    fn without_file(page: NonNull<Page>) -> Made {
        Made { page, fd: AtomicI32::new(-1), identity: [0; 2], owner: own::pid() }
    }

    fn number(&self) -> i32 {
        self.fd.load(Ordering::Relaxed)
    }

    /// The caller has not closed the file, and opened another under its number.
    fn has_file(&self) -> bool {
        self.number() >= 0 && sys::identity(self.number()) == Ok(self.identity)
    }

    fn unmake(&self) {
        if self.owner == own::pid() {
            // SAFETY: kernel contract, man 2 munmap: what `map` mapped; the caller of this has the last pointer to it.
            let _ = unsafe { libc::munmap(self.page.as_ptr().cast(), PAGE) };
        }
        if self.has_file() {
            let _ = sys::close(self.number());
        }
    }

    /// Gives the file another number. Whether it could: a limit of the caller's may have come to lie below it.
    fn move_to(&self, number: i32) -> bool {
        let moved = sys::dup3(self.number(), number, O_CLOEXEC).is_ok();
        if moved {
            let _ = sys::close(self.fd.swap(number, Ordering::Relaxed));
        }
        moved
    }
}

fn place_of(plan: &Plan) -> usize {
    let in_another = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || plan.unshare_user != 0;
    (in_another || !plan.joins.is_empty()) as usize
}

impl Place {
    const fn new() -> Place {
        Place { kept: AtomicPtr::new(null_mut()), number: AtomicI32::new(-1), owner: AtomicI32::new(0) }
    }

    fn taken_out(&self) -> Option<Box<Made>> {
        let made = NonNull::new(self.kept.swap(null_mut(), Ordering::AcqRel))?;
        // SAFETY: `take_back` put a box there, and who takes the pointer out has it alone.
        Some(unsafe { Box::from_raw(made.as_ptr()) })
    }

    fn take(&self, mask: u64) -> Result<Box<Made>, Unmade> {
        if self.owner.swap(own::pid(), Ordering::AcqRel) != own::pid() {
            self.number.store(-1, Ordering::Relaxed);
        }
        let before = match self.taken_out() {
            Some(made) if made.owner == own::pid() => return Ok(made),
            // A child has the page, or this is a fork of the process that made it: only the number is of use.
            before => before.filter(|before| before.has_file()),
        };
        let made = match make(mask) {
            Ok(made) => made,
            Err(errno) => {
                before.into_iter().for_each(|before| self.put(before));
                return Err(errno);
            }
        };
        if let Some(before) = before {
            if made.move_to(before.number()) {
                self.number.store(made.number(), Ordering::Relaxed);
            } else {
                self.put(before);
            }
        }
        let _ = self.number.compare_exchange(-1, made.number(), Ordering::Relaxed, Ordering::Relaxed);
        Ok(made)
    }

    /// It is the one that is kept here when no child has it.
    fn has(&self, made: &Made) -> bool {
        self.number.load(Ordering::Relaxed) == made.number()
    }

    /// The page that is to be kept comes back; unless somebody may still write to it.
    fn take_back(&self, made: Box<Made>, is_left: bool) {
        if is_left {
            return self.put(made);
        }
        self.number.store(-1, Ordering::Relaxed);
        made.unmake();
    }

    fn put(&self, made: Box<Made>) {
        let made = Box::into_raw(made);
        if self.kept.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            // SAFETY: the box from above, which no other thread has seen.
            unsafe { Box::from_raw(made) }.unmake();
        }
    }
}

/// Makes a page for the first child in the caller's user namespace, if there is none. All signals are blocked, and `mask`
/// was the mask before.
pub fn make_ready(mask: u64) {
    if let Some(Ok(made)) = PLACES.first().map(|place| place.take(mask)) {
        drop(Channel::begin(made, 0));
    }
}

/// The caller closed a descriptor that is not its own, and a child has found something else under the number.
pub fn look_again() {
    for place in &PLACES {
        if let Some(made) = place.taken_out() {
            place.number.store(-1, Ordering::Relaxed);
            made.unmake();
        }
    }
}

#[cold]
fn make(mask: u64) -> Result<Box<Made>, Unmade> {
    let room = Room::new().map_err(|_| Unmade::Memory(Errno(libc::ENOMEM)))?;
    let (file, _) = memfd()?;
    let file = beside_the_standard_ones(file).map_err(|errno| Unmade::File(Errno(errno as i32)))?;
    file_size::extend(file.as_raw_fd(), PAGE as u64, mask)?;
    // With a size that may change, who changes it gives the caller SIGBUS.
    sys::fcntl(file.as_raw_fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)?;
    let identity = sys::identity(file.as_raw_fd())?;
    let page = map(file.as_raw_fd(), libc::MAP_SHARED).map_err(Unmade::Memory)?;
    // A fork has the file, but nothing of what is said.
    // SAFETY: kernel contract, man 2 madvise: the page just mapped.
    unsafe { libc::madvise(page.as_ptr().cast(), PAGE, libc::MADV_DONTFORK) };
    let fd = AtomicI32::new(file.into_raw_fd());
    Ok(room.fill(Made { page, fd, identity, owner: own::pid() }))
}

/// The file, and the flags that the kernel took: before Linux 6.3 it does not know MFD_NOEXEC_SEAL.
fn memfd() -> Result<(OwnedFd, u32), Errno> {
    let old = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    // SAFETY: the name is a NUL-terminated literal.
    let create = |flags| unsafe { sys::memfd(c"forkexec".as_ptr().cast(), flags) }.map(|fd| (fd, flags));
    let (fd, flags) = match create(old | MFD_NOEXEC_SEAL) {
        Err(Errno(EINVAL)) => create(old)?,
        made => made?,
    };
    // SAFETY: kernel contract, man 2 memfd_create: a new descriptor of our own.
    Ok((unsafe { OwnedFd::from_raw_fd(fd) }, flags))
}

fn map(fd: i32, flags: i32) -> Result<NonNull<Page>, Errno> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: kernel contract, man 2 mmap: new memory of our own.
    let place = unsafe { libc::mmap(null_mut(), PAGE, access, flags, fd, 0) };
    match NonNull::new(place.cast()) {
        Some(page) if place != libc::MAP_FAILED => Ok(page),
        _ => Err(Errno(nix::errno::Errno::last_raw())),
    }
}

/// What the caller has woken up for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// The child has said something.
    Spoken,
    /// The process has left its memory: it was exec'd, or it is dead.
    Left,
    /// The process is dead, and the kernel has marked nothing.
    Dead,
    NotYet,
}

/// The process that the caller listens to.
pub struct Listened<'a> {
    pub page: &'a Page,
    pub process: &'a Process,
    /// Whose death ends it.
    pub name: &'a Name,
    /// How often the child had spoken before.
    pub heard: u32,
}

/// For how long the caller sleeps at a time: while the child has not reached its page, or nobody marks it, its death is
/// noticed only by a look at it. The other is for a page to which somebody else has written.
const UNMARKED: Duration = Duration::from_millis(5);
const MARKED: Duration = Duration::from_millis(100);

impl Listened<'_> {
    /// What there is to hear at this moment; else the value of the word to sleep on.
    pub fn look(&self) -> Result<Woken, u32> {
        let word = &self.process.word;
        loop {
            let value = word.load(Ordering::Acquire);
            if value & OWNER_DIED != 0 {
                return Ok(Woken::Left);
            }
            if self.page.spoken.load(Ordering::Acquire) != self.heard {
                return Ok(Woken::Spoken);
            }
            if value & WAITERS != 0 {
                return Err(value);
            }
            // The child wakes who has said so. It may have spoken meanwhile, so this looks once more.
            let _ = word.compare_exchange(value, value | WAITERS, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    /// For how long to sleep on a value of the word.
    pub fn patience(&self, value: u32) -> Duration {
        if value & TID == 0 || self.is_unmarked() { UNMARKED } else { MARKED }
    }

    fn is_unmarked(&self) -> bool {
        self.page.unmarked.load(Ordering::Acquire) != 0
    }

    /// After a while in which nothing woke the caller.
    pub fn look_for_death(&self, has_been_execed: impl Fn() -> bool) -> Option<Woken> {
        // In this order: what a child says, it says before it dies.
        let dead = self.name.has_ended();
        match self.look() {
            Ok(woken) => Some(woken),
            Err(_) if dead => Some(Woken::Dead),
            Err(_)
                if self.is_unmarked()
                    && self.page.kind.load(Ordering::Acquire) != kind::FAILED
                    && has_been_execed() =>
            {
                Some(Woken::Left)
            }
            Err(_) => None,
        }
    }

    /// Sleeps until there is something to hear, or time is up.
    pub fn listen(&self, deadline: Option<Instant>, has_been_execed: impl Fn() -> bool) -> Woken {
        let mut looked = Instant::now();
        loop {
            let value = match self.look() {
                Ok(woken) => return woken,
                Err(value) => value,
            };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let patience = self.patience(value).min(left.unwrap_or(Duration::MAX));
            // A caller whose handlers run again and again never sleeps for so long at a time.
            if !sleep(&self.process.word, value, patience) && looked.elapsed() < patience {
                continue;
            }
            looked = Instant::now();
            if let Some(woken) = self.look_for_death(&has_been_execed) {
                return woken;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Woken::NotYet;
            }
        }
    }
}

/// futex(2). Whether the time has passed. Where a filter forbids it, ppoll(2) or nanosleep(2) serve, for a moment.
fn sleep(word: &AtomicU32, value: u32, time: Duration) -> bool {
    let timespec =
        |time: Duration| Timespec { seconds: time.as_secs() as i64, nanoseconds: time.subsec_nanos() as i64 };
    match sys::futex_wait(word, value, Some(&timespec(time))) {
        Ok(()) | Err(Errno(EINTR | EAGAIN)) => false,
        Err(Errno(ETIMEDOUT)) => true,
        Err(_) => {
            let moment = timespec(time.min(Duration::from_micros(200)));
            if sys::poll(&mut [], Some(&moment)).is_err() && sys::sleep(&moment).is_err() {
                std::thread::yield_now();
            }
            true
        }
    }
}
