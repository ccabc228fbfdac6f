//! A child that runs one function and nothing else. It makes a call that the caller must not make itself, because a limit or
//! a seccomp filter of the caller may kill the process that makes it.

use super::blocked_signals::BlockedSignals;
use super::process::{End, Process};
use super::stack::Stack;
use crate::sys::abi::{CLONE_CLEAR_SIGHAND, CLONE_FILES, CLONE_NEWUSER, CLONE_PIDFD, CLONE_VFORK, CloneArgs};
use crate::sys::{self, Answer, Errno, abi};
use core::ffi::c_void;
use core::num::NonZeroUsize;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// A child was refused an exit signal of 0, and made with SIGCHLD.
static ONLY_SIGCHLD: AtomicBool = AtomicBool::new(false);

/// Whether this is an emulator that makes children with SIGCHLD alone, as far as is known so far. It makes no namespaces either.
pub fn only_sigchld() -> bool {
    ONLY_SIGCHLD.load(Ordering::Relaxed)
}

/// Makes the child with these flags of clone(2), waits until it is gone, and says how it ended. `None`: other code of this
/// process has reaped it. Its exit signal is 0, so that the caller gets no SIGCHLD, unless an emulator knows no other signal.
///
/// # Safety
/// `act` makes system calls, exits, and never returns. It may change what `argument` leads to only in a way that another
/// thread might.
pub unsafe fn run(
    flags: u64,
    act: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Result<Option<End>, Errno> {
    let stack = Stack::take().map_err(|errno| Errno(errno as i32))?;
    let quiet = BlockedSignals::block()?;
    // SAFETY: the stack is this child's alone until it is gone; the caller of `run` vouches for the rest.
    let clone = |flags| unsafe { sys::clone(flags, stack.top(), null_mut(), act, argument) };
    let pid = match clone(flags) {
        // qemu-user takes these flags with SIGCHLD alone, and makes a copy, as fork(2) does.
        Err(Errno(libc::EINVAL)) => {
            let pid = clone(flags | libc::SIGCHLD as u64)?;
            ONLY_SIGCHLD.store(true, Ordering::Relaxed);
            pid
        }
        made => made?,
    };
    let end = Process::new(pid, None).reap();
    drop(quiet);
    Ok(end)
}

/// The answer of `question` in a copy of this process; ECANCELED if that was killed. The outer error: there is no such copy.
pub fn ask(question: fn() -> Answer) -> Result<Answer, Errno> {
    let asked = Asked { question, page: Page::map()? };
    // SAFETY: `answer` makes system calls and exits, in memory of its own but for the page.
    unsafe { run(CLONE_VFORK, answer, (&raw const asked).cast()) }?;
    // The answer is in the page, since other code may have reaped the copy.
    match asked.page.word().load(Ordering::Acquire) {
        NO_ANSWER => Ok(Err(Errno(libc::ECANCELED))),
        0 => Ok(Ok(())),
        errno => Ok(Err(Errno(errno))),
    }
}

struct Asked {
    question: fn() -> Answer,
    page: Page,
}

const NO_ANSWER: i32 = -1;

unsafe extern "C" fn answer(asked: *const c_void) -> ! {
    // SAFETY: `ask` passes this, and the child has a copy.
    let asked = unsafe { &*asked.cast::<Asked>() };
    // If a seccomp filter kills it, it leaves no core.
    let _ = sys::prctl(abi::PR_SET_DUMPABLE, 0, 0);
    let errno = (asked.question)().map_or_else(|Errno(errno)| errno, |()| 0);
    asked.page.word().store(errno, Ordering::Release);
    sys::exit(0)
}

/// A page that a copy of this process shares with it.
struct Page(NonNull<c_void>);

const PAGE: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

impl Page {
    fn map() -> Result<Page, Errno> {
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS;
        // SAFETY: kernel contract, man 2 mmap: new memory of our own.
        let page = unsafe { mmap_anonymous(None, PAGE, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) };
        let page = Page(page.map_err(|errno| Errno(errno as i32))?);
        page.word().store(NO_ANSWER, Ordering::Relaxed);
        Ok(page)
    }

    fn word(&self) -> &AtomicI32 {
        // SAFETY: `map` has mapped it, aligned and zeroed.
        unsafe { self.0.cast().as_ref() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: kernel contract, man 2 munmap: what `map` mapped.
        let _ = unsafe { munmap(self.0, PAGE.get()) };
    }
}

/// For `ask`: makes a child that exits at once, by clone3(2) with the flags that a spawn uses.
pub fn clone3() -> Answer {
    let mut pidfd = -1;
    let args = CloneArgs {
        flags: CLONE_VFORK | CLONE_FILES | CLONE_CLEAR_SIGHAND | CLONE_PIDFD,
        pidfd: (&raw mut pidfd) as u64,
        ..CloneArgs::default()
    };
    // SAFETY: without a stack, and without CLONE_VM, the child has a copy of this one; `leave` never returns.
    let pid = unsafe { sys::clone3(&args, leave, null_mut()) }?;
    reap(pid)
}

/// For `ask`: the same by clone(2), in a user namespace.
pub fn clone_user_namespace() -> Answer {
    // SAFETY: as above.
    let pid = unsafe { sys::clone(CLONE_NEWUSER, 0, null_mut(), leave, null_mut()) }?;
    reap(pid)
}

unsafe extern "C" fn leave(_: *const c_void) -> ! {
    sys::exit(0)
}

fn reap(pid: i32) -> Answer {
    Process::new(pid, None).reap().map(drop).ok_or(Errno(libc::ECHILD))
}
