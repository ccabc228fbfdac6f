//! The keeper: a thread that makes a child and then sleeps as long as the child lives. The kernel sends the parent-death signal
//! when the thread ends that made the child. The calling thread makes the keeper at that spawn, so both have the same
//! credentials and seccomp filters.
//!
//! It is made by clone(2), with a small stack, and libc does not know it. A thread of libc's needs more memory, installs libc's
//! signal handler in the caller, and keeps a process alive whose main thread calls pthread_exit(3).
//!
//! This thread has the thread pointer of the thread that made it. So it runs no code of libc or std, and uses nothing that is
//! thread-local.

use super::clone::{Made, Ready};
use super::thread_stack::{self, ThreadStack};
use super::{confine, this_process};
use crate::page::{LIST_HEAD, PAGE, Page};
use crate::sys::abi::{EINTR, Timespec};
use crate::sys::{self, Answer, Errno};
use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize, Ordering};

/// The words by which the thread and the others talk, at the top of the thread's stack. The thread unmaps them when it ends:
/// that is, when the maker has `taken` what it needs, and `Keeper` has written `second`.
#[repr(C, align(16))]
struct Words {
    /// The kernel clears it if the thread is killed. CLONE_CHILD_CLEARTID
    alive: AtomicI32,
    /// Futex: whether the child was made, or could not be.
    done: AtomicU32,
    pid: AtomicI32,
    pidfd: AtomicI32,
    errno: AtomicI32,
    /// Futex: whether the maker is done with these words; one of the three constants below.
    taken: AtomicU32,
    /// Futex: the pid of the second process of the spawn, or one of the two constants below.
    second: AtomicU32,
    /// The capabilities that the thread keeps. `None`: it gives up nothing.
    keeps: Option<u64>,
    /// What the thread makes the child with. Valid until `done` is set.
    ready: *const Ready<'static>,
    /// `struct robust_list_head`: an empty list, and a word that the kernel marks all the same when the thread ends.
    last_word: [AtomicUsize; 3],
}

const NOT_TAKEN: u32 = 0;
/// Not taken yet, and the thread sleeps until it is.
const AWAITED: u32 = 1;
const TAKEN: u32 = 2;

/// There may still be a second process.
const UNKNOWN: u32 = 0;
const NONE: u32 = u32::MAX;

/// After this time a sleeper looks at its word again, in case a seccomp filter keeps others from waking it.
const TICK: Timespec = Timespec { seconds: 0, nanoseconds: 100_000_000 };

/// Tells the thread of the second process of the spawn; or, when this is dropped, that there is none.
pub struct Keeper {
    words: NonNull<Words>,
    /// The process that has the thread. A fork of it has neither the thread nor the words.
    pid: i32,
    /// The thread was told, and its memory may be gone.
    has_told: AtomicBool,
}

// SAFETY: the words are atomic, and used once.
unsafe impl Send for Keeper {}
// SAFETY: as above.
unsafe impl Sync for Keeper {}

impl Keeper {
    pub fn waits_for(&self, pid: i32) {
        self.tell(pid as u32);
    }

    fn tell(&self, second: u32) {
        if self.pid != this_process::pid() || self.has_told.swap(true, Ordering::AcqRel) {
            return;
        }
        // SAFETY: the thread does not end before it knows of the second process, which is told once.
        let word = unsafe { &raw const (*self.words.as_ptr()).second };
        // SAFETY: as above.
        unsafe { &*word }.store(second, Ordering::Release);
        // The thread may have unmapped the word by now. For the kernel it is then an address on which no thread sleeps.
        sys::futex_wake_address(word.cast());
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.tell(NONE);
    }
}

/// Makes a child on a thread of its own, which gets the stack, and returns when the child has been made. With a `Keeper`, if
/// the spawn may have a second process. All signals are blocked, and stay so in the thread.
pub fn make(
    ready: &Ready,
    stack: ThreadStack,
    keeps: Option<u64>,
    with_second: bool,
) -> Answer<(Made, Option<Keeper>)> {
    let place = stack.place::<Words>();
    let words = Words {
        alive: AtomicI32::new(1),
        done: AtomicU32::new(0),
        pid: AtomicI32::new(0),
        pidfd: AtomicI32::new(-1),
        errno: AtomicI32::new(0),
        taken: AtomicU32::new(NOT_TAKEN),
        second: AtomicU32::new(if with_second { UNKNOWN } else { NONE }),
        keeps,
        ready: (&raw const *ready).cast(),
        last_word: [const { AtomicUsize::new(0) }; 3],
    };
    // SAFETY: memory of the stack's, which is this thread's alone, aligned and large enough.
    unsafe { place.write(words) };
    let top = place.as_ptr() as usize;
    // SAFETY: as above.
    let alive = unsafe { &raw mut (*place.as_ptr()).alive };
    // SAFETY: the thread unmaps its stack itself; `keep` never returns, and uses nothing of libc.
    unsafe { sys::clone_thread_sharing_all(top, alive.cast(), keep, place.as_ptr().cast()) }?;
    let place = stack.hand_over::<Words>();
    // SAFETY: the thread waits until these words are taken.
    let (made, is_gone) = until_made(unsafe { place.as_ref() });
    if is_gone {
        // SAFETY: the thread is gone, and was not told that it may unmap the stack.
        drop(unsafe { ThreadStack::of_place(place) });
        return made.map(|made| (made, None));
    }
    // SAFETY: the thread waits until these words are taken, which is said here and only here.
    unsafe { take(place) };
    made.map(|made| {
        (made, with_second.then(|| Keeper { words: place, pid: this_process::pid(), has_told: AtomicBool::new(false) }))
    })
}

/// Lets the thread end when its child has ended.
///
/// # Safety
/// Called once, by the maker, which does not use the words afterwards.
unsafe fn take(words: NonNull<Words>) {
    // SAFETY: the thread has not been told yet that it may unmap them.
    let word = unsafe { &raw const (*words.as_ptr()).taken };
    // SAFETY: as above.
    if unsafe { &*word }.swap(TAKEN, Ordering::AcqRel) == AWAITED {
        // The thread may have unmapped the word by now. For the kernel it is then an address on which no thread sleeps.
        sys::futex_wake_address(word.cast());
    }
}

/// The calling thread waits until the keeper has made the child. A seccomp filter of the caller may keep the keeper from waking
/// it, or may kill the keeper. The second value: the keeper is gone.
fn until_made(words: &Words) -> (Answer<Made>, bool) {
    loop {
        let is_gone = words.alive.load(Ordering::Acquire) == 0;
        let is_done = words.done.load(Ordering::Acquire) != 0;
        let pid = words.pid.load(Ordering::Acquire);
        if pid > 0 && (is_done || is_gone) {
            return (Ok(Made { pid, pidfd: words.pidfd.load(Ordering::Acquire) }), is_gone);
        }
        if is_done {
            return (Err(Errno(words.errno.load(Ordering::Acquire))), is_gone);
        }
        if is_gone {
            return (Err(Errno(libc::EPERM)), is_gone);
        }
        match sys::futex_wait(&words.done, 0, Some(&TICK)) {
            Ok(()) | Err(Errno(libc::EAGAIN | libc::EINTR | libc::ETIMEDOUT)) => (),
            Err(_) => drop(sys::sleep(&Timespec { seconds: 0, nanoseconds: 1_000_000 })),
        }
    }
}

/// The keeper thread.
unsafe extern "C" fn keep(words: *const c_void) -> ! {
    let place = words.cast::<Words>();
    // SAFETY: `make` wrote the words, and only this thread unmaps them.
    let words = unsafe { &*place };
    // SAFETY: `make` waits as long as this is used.
    let ready = unsafe { &*words.ready };
    let noted = ready
        .page
        .filter(|_| ready.plan.other_pid_namespace != 0)
        .and_then(|page| EndNoted::in_page(page, &words.last_word));
    let made = ready.make();
    let has_child = made.is_ok();
    match made {
        Ok(Made { pid, pidfd }) => {
            words.pidfd.store(pidfd, Ordering::Release);
            words.pid.store(pid, Ordering::Release);
            if let Some(keeps) = words.keeps {
                confine::give_up_all_but(keeps);
            }
            told(words);
            until_gone(pid);
        }
        Err(Errno(errno)) => {
            words.errno.store(errno, Ordering::Release);
            told(words);
        }
    }
    // Without a child there is no second process.
    let is_unused = (!has_child || until_second_gone(words)) && until_taken(words);
    let is_unused = noted.is_none_or(EndNoted::give_back) && is_unused;
    match NonNull::new(place.cast_mut()) {
        // SAFETY: the maker has taken what it needs, and `Keeper` has told.
        Some(place) if is_unused => unsafe { thread_stack::unmap_and_exit(place) },
        _ => thread_stack::exit(),
    }
}

/// Has the kernel mark the word `keeper` of the page when this thread ends. A child in another pid namespace sees by it whether
/// the parent-death signal came too late: where several threads of the caller are killed, the kernel gives the child to
/// another process as soon as this thread is gone, while the others may keep the caller's descriptors open for long.
/// set_robust_list(2)
struct EndNoted {
    /// The page may be another child's when this thread ends, so it has the page mapped a second time.
    page: *mut u8,
}

impl EndNoted {
    fn in_page(page: &Page, list: &[AtomicUsize; 3]) -> Option<EndNoted> {
        let noted = EndNoted { page: sys::map_again((&raw const *page).cast(), PAGE).ok()? };
        let Ok(tid) = noted.begin(list) else {
            let _ = noted.unmap();
            return None;
        };
        page.keeper.store(tid as u32, Ordering::SeqCst);
        Some(noted)
    }

    fn begin(&self, list: &[AtomicUsize; 3]) -> Answer<i32> {
        // SAFETY: the page, which stays mapped until `unmap`.
        let word = unsafe { &raw const (*self.page.cast::<Page>()).keeper };
        let tid = sys::gettid()?;
        let [first, offset, pending] = list;
        first.store(list.as_ptr() as usize, Ordering::Relaxed);
        offset.store(0, Ordering::Relaxed);
        pending.store(word as usize, Ordering::Relaxed);
        sys::set_robust_list(list.as_ptr().cast(), LIST_HEAD)?;
        Ok(tid)
    }

    /// Whether the kernel has forgotten the list: if not, it will look at it when this thread ends.
    fn give_back(self) -> bool {
        let is_forgotten = sys::set_robust_list(core::ptr::null(), LIST_HEAD).is_ok();
        is_forgotten && self.unmap().is_ok()
    }

    fn unmap(&self) -> Answer {
        // SAFETY: mapped by `in_page`; nothing uses it any more.
        unsafe { sys::unmap(self.page, PAGE) }
    }
}

fn told(words: &Words) {
    words.done.store(1, Ordering::Release);
    let _ = sys::futex_wake(&words.done);
}

/// Sleeps until a child has ended. Also where it cannot wait for the child, this thread must not end first: the child would get
/// the parent-death signal.
fn until_gone(pid: i32) {
    loop {
        match sys::wait_for_end(pid) {
            Ok(()) | Err(Errno(libc::ECHILD)) => return,
            Err(Errno(EINTR)) => continue,
            Err(_) => match sys::sleep(&TICK) {
                Ok(()) | Err(Errno(EINTR)) => continue,
                // It cannot sleep either.
                Err(_) => return,
            },
        }
    }
}

/// Sleeps until the second process has ended, if there is one. `false`: this thread cannot sleep until `Keeper` has told.
fn until_second_gone(words: &Words) -> bool {
    loop {
        match words.second.load(Ordering::Acquire) {
            UNKNOWN if sleep_while(&words.second, UNKNOWN) => (),
            UNKNOWN => return false,
            NONE => return true,
            pid => {
                until_gone(pid as i32);
                return true;
            }
        }
    }
}

/// Sleeps until the maker is done with the words, which is usually before the child ends. The maker wakes this thread only if
/// it sleeps.
fn until_taken(words: &Words) -> bool {
    let awaited = words.taken.compare_exchange(NOT_TAKEN, AWAITED, Ordering::AcqRel, Ordering::Acquire);
    if awaited.is_err() {
        return true;
    }
    while words.taken.load(Ordering::Acquire) != TAKEN {
        if !sleep_while(&words.taken, AWAITED) {
            return false;
        }
    }
    true
}

/// Sleeps until the word may have changed. `false`: it cannot sleep.
fn sleep_while(word: &AtomicU32, value: u32) -> bool {
    match sys::futex_wait(word, value, Some(&TICK)) {
        Ok(()) | Err(Errno(libc::EAGAIN | EINTR | libc::ETIMEDOUT)) => true,
        Err(_) => matches!(sys::sleep(&TICK), Ok(()) | Err(Errno(EINTR))),
    }
}
