//! The page that a child and the caller share. When every process has left it, it is kept for the next child.

use super::{file_size, memfd, this_process};
use crate::fallible::Reserved;
use crate::page::{PAGE, Page};
use crate::sealed::Plan;
use crate::sys::abi::{EINVAL, F_ADD_SEALS, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, MFD_NOEXEC_SEAL, O_CLOEXEC};
use crate::sys::{self, Errno};
use alloc::boxed::Box;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};

/// One page is kept for children in the caller's user namespace, and one for all others. A process in another user namespace
/// may keep a page mapped and write to it later; then it reaches only children that it could reach in any case. Each page is
/// a descriptor in the caller's table, so no more are kept: a caller that makes several children at once makes further pages
/// anew.
static PLACES: [Place; 2] = [const { Place::new() }; 2];

struct Place {
    kept: AtomicPtr<Made>,
    /// The descriptor of the page that is kept, or that a child has now: a page that is made meanwhile is not kept, so that
    /// the caller has the same descriptors as before when the first comes back. -1: there is none.
    number: AtomicI32,
    /// The process in which the descriptor has this number.
    pid: AtomicI32,
}

/// A page, and the file by which an image maps it.
struct Made {
    page: NonNull<Page>,
    /// -1: there is no file, and a copy of the caller has the page mapped as the caller has; or the file was left to the
    /// next page, which takes its number.
    fd: AtomicI32,
    identity: [u64; 2],
    /// The process in which the page is mapped; a fork of that does not have it.
    pid: i32,
}

/// The `pid` of a page that is mapped nowhere: only its file is left.
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
        let memory = Reserved::new().map_err(|_| Unmade::Memory(Errno(libc::ENOMEM)))?;
        let page = map(-1, libc::MAP_SHARED | libc::MAP_ANONYMOUS).map_err(Unmade::Memory)?;
        Ok(Channel::begin(memory.fill(Made::without_file(page)), 0))
    }

    /// The page that a child has made, by its file.
    pub fn of_child(file: OwnedFd) -> Result<Channel, Errno> {
        const F_GET_SEALS: i32 = 1034;
        // A file that can be made smaller could give the caller SIGBUS.
        if sys::fcntl(file.as_raw_fd(), F_GET_SEALS, 0)? & F_SEAL_SHRINK == 0 {
            return Err(Errno(EINVAL));
        }
        let memory = Reserved::new().map_err(|_| Errno(libc::ENOMEM))?;
        let page = map(file.as_raw_fd(), libc::MAP_SHARED)?;
        let made = memory.fill(Made::without_file(page));
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

    /// The child has mapped the page, and keeps it for long. The file is not needed any more, and its descriptor is left to the
    /// next child's page.
    pub fn leave_file(&self) {
        let (Some(made), Some(place)) = (&self.made, PLACES.get(self.place)) else { return };
        if made.number() < 0 || made.pid != this_process::pid() || !place.has(made) {
            return;
        }
        // Without memory for it the file stays with its page.
        let Ok(memory) = Reserved::new() else { return };
        let fd = AtomicI32::new(made.fd.swap(-1, Ordering::Relaxed));
        place.put(memory.fill(Made { page: NonNull::dangling(), fd, identity: made.identity, pid: NO_PROCESS }));
    }

    /// Lets the waiting child go on. Where a seccomp filter forbids to wake it, it looks by itself after a while.
    pub fn release(&self) {
        self.page().released.fetch_add(1, Ordering::Release);
        let _ = sys::futex_wake(&self.page().released);
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let (Some(made), Some(place)) = (self.made.take(), PLACES.get(self.place)) else { return };
        if made.pid != this_process::pid() {
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
        Made { page, fd: AtomicI32::new(-1), identity: [0; 2], pid: this_process::pid() }
    }

    fn number(&self) -> i32 {
        self.fd.load(Ordering::Relaxed)
    }

    /// The caller has not closed the file, and opened another under its number.
    fn has_file(&self) -> bool {
        self.number() >= 0 && sys::identity(self.number()) == Ok(self.identity)
    }

    fn unmake(&self) {
        if self.pid == this_process::pid() {
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
    (in_another || plan.joins_any()) as usize
}

impl Place {
    const fn new() -> Place {
        Place { kept: AtomicPtr::new(null_mut()), number: AtomicI32::new(-1), pid: AtomicI32::new(0) }
    }

    fn taken_out(&self) -> Option<Box<Made>> {
        let made = NonNull::new(self.kept.swap(null_mut(), Ordering::AcqRel))?;
        // SAFETY: `put` put a box there, and the thread that takes the pointer out has it alone.
        Some(unsafe { Box::from_raw(made.as_ptr()) })
    }

    fn take(&self, mask: u64) -> Result<Box<Made>, Unmade> {
        if self.pid.swap(this_process::pid(), Ordering::AcqRel) != this_process::pid() {
            self.number.store(-1, Ordering::Relaxed);
        }
        let before = match self.taken_out() {
            Some(made) if made.pid == this_process::pid() => return Ok(made),
            // A child has the page, or this is a fork of the process that mapped it: only the descriptor's number is of use.
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

    /// It is the page that is kept here while no child has it.
    fn has(&self, made: &Made) -> bool {
        self.number.load(Ordering::Relaxed) == made.number()
    }

    /// The child's page comes back. If a process may still write to it, it is not kept.
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
            // SAFETY: the box from above; no other thread has seen it.
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

/// The caller has closed a descriptor of the library's, and a child has found another file under the number. Drops the pages
/// that are kept.
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
    let memory = Reserved::new().map_err(|_| Unmade::Memory(Errno(libc::ENOMEM)))?;
    let (file, _) = memfd::create(MFD_NOEXEC_SEAL)?;
    file_size::extend(file.as_raw_fd(), PAGE as u64, mask)?;
    // A process that made the file smaller would give the caller SIGBUS.
    sys::fcntl(file.as_raw_fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)?;
    let identity = sys::identity(file.as_raw_fd())?;
    let page = map(file.as_raw_fd(), libc::MAP_SHARED).map_err(Unmade::Memory)?;
    // A fork of the caller has the file, but does not share the page with this child.
    // SAFETY: kernel contract, man 2 madvise: the page just mapped.
    unsafe { libc::madvise(page.as_ptr().cast(), PAGE, libc::MADV_DONTFORK) };
    let fd = AtomicI32::new(file.into_raw_fd());
    Ok(memory.fill(Made { page, fd, identity, pid: this_process::pid() }))
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
