//! What is known of this process and its kernel: learnt once, and as true in a process that it forks.

use crate::plan::Host;
use crate::sys::abi::{CLONE_CLEAR_SIGHAND, CLONE_FILES, CLONE_PIDFD, CLONE_VFORK, CLONE_VM, CloneArgs};
use crate::sys::{self, Errno};
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use nix::errno::Errno as Number;
use std::sync::OnceLock;

use super::name::Name;
use super::stack::Stack;

/// How children are made here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ways {
    /// clone3(2), with everything this library asks of it.
    pub clone3: bool,
    /// A child with CLONE_VM is in this memory, and not in an emulator's copy of it.
    pub memory_is_shared: bool,
    /// close_range(2)
    pub close_range: bool,
    /// open_tree(2), move_mount(2), mount_setattr(2)
    pub mount_trees: bool,
    /// openat2(2)
    pub openat2: bool,
}

static WAYS: OnceLock<Ways> = OnceLock::new();
static IMAGE_FORBIDDEN: AtomicBool = AtomicBool::new(false);
static FETCHING_FORBIDDEN: AtomicBool = AtomicBool::new(false);
/// The kernel knows no such limit as the first value: the number of descriptors is limited in any case.
static NOFILE_AT_LOAD: AtomicU64 = AtomicU64::new(u64::MAX);

/// Found out by a child that does nothing else.
pub fn ways() -> Result<Ways, Number> {
    match WAYS.get() {
        Some(ways) => Ok(*ways),
        None => learn().map(|ways| *WAYS.get_or_init(|| ways)),
    }
}

pub fn host() -> Result<Host, Number> {
    let Ways { clone3, memory_is_shared, mount_trees, openat2, .. } = ways()?;
    Ok(Host {
        image_runs: !IMAGE_FORBIDDEN.load(Ordering::Relaxed),
        memory_is_shared,
        born_in_cgroup: clone3,
        mount_trees,
        openat2,
        last_cap: None,
        nofile_at_load: Some(NOFILE_AT_LOAD.load(Ordering::Relaxed)).filter(|soft| *soft != u64::MAX),
    })
}

/// The kernel does not execute memfds here, or a policy forbids it.
pub fn image_does_not_run() {
    IMAGE_FORBIDDEN.store(true, Ordering::Relaxed);
}

/// Whether a child's descriptors can be fetched from it, as far as is known.
pub fn fetches() -> bool {
    !FETCHING_FORBIDDEN.load(Ordering::Relaxed)
}

/// The kernel does not know pidfd_getfd(2), or a policy forbids it.
pub fn does_not_fetch() {
    FETCHING_FORBIDDEN.store(true, Ordering::Relaxed);
}

/// pidfd_open(2)
pub fn has_pidfd() -> bool {
    sys::pidfd_open(sys::getpid()).and_then(sys::close).is_ok()
}

/// Go raises the soft limit before its first call gets here; a constructor is earlier.
extern "C" fn at_load() {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: kernel contract, man 2 getrlimit.
    if unsafe { libc::getrlimit64(libc::RLIMIT_NOFILE, &mut limit) } == 0 {
        NOFILE_AT_LOAD.store(limit.rlim_cur, Ordering::Relaxed);
    }
}

#[used]
// Miri knows no constructors of this kind.
#[cfg_attr(not(miri), unsafe(link_section = ".init_array"))]
static AT_LOAD: extern "C" fn() = at_load;

/// clone3 comes with what newer kernels give; without it, only a child can tell whether memory is really shared.
#[cold]
fn learn() -> Result<Ways, Number> {
    let close_range = sys::close_range(u32::MAX, u32::MAX, 0).is_ok();
    let trial = Trial { stack: Stack::take()?, reached: AtomicBool::new(false) };
    let (clone3, pid) = match trial.clone3() {
        Ok(pid) => (true, pid),
        Err(_) => (false, trial.clone().map_err(|Errno(errno)| Number::from_raw(errno))?),
    };
    // With CLONE_VFORK the child is gone by now; reaped, it is nobody's surprise.
    Name::new(pid, None).reap();
    let memory_is_shared = trial.reached.load(Ordering::Acquire);
    let (mount_trees, openat2) = (sys::has_mount_trees(), sys::has_openat2());
    Ok(Ways { clone3, memory_is_shared, close_range, mount_trees, openat2 })
}

struct Trial {
    stack: Stack,
    reached: AtomicBool,
}

impl Trial {
    fn clone3(&self) -> Result<i32, Errno> {
        let mut pidfd = -1;
        let args = CloneArgs {
            flags: CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_CLEAR_SIGHAND | CLONE_PIDFD,
            pidfd: (&raw mut pidfd) as u64,
            stack: self.stack.bottom() as u64,
            stack_size: self.stack.size() as u64,
            ..CloneArgs::default()
        };
        let quiet = Quiet::begin()?;
        // SAFETY: plan::lower has no part in this; the stack is the trial's, and `reach` never returns.
        let pid = unsafe { sys::clone3(&args, reach, (&raw const self.reached).cast()) };
        drop(quiet);
        if pidfd >= 0 {
            let _ = sys::close(pidfd);
        }
        pid
    }

    /// Only the flags that every emulator knows.
    fn clone(&self) -> Result<i32, Errno> {
        let _quiet = Quiet::begin()?;
        // SAFETY: as above.
        unsafe {
            sys::clone(
                CLONE_VM | CLONE_VFORK,
                self.stack.top(),
                core::ptr::null_mut(),
                reach,
                (&raw const self.reached).cast(),
            )
        }
    }
}

unsafe extern "C" fn reach(reached: *const c_void) -> ! {
    // SAFETY: `Trial` guarantees the flag, and waits.
    unsafe { &*reached.cast::<AtomicBool>() }.store(true, Ordering::Release);
    sys::exit(0)
}

/// All signals blocked, libc's own included, as long as it lives: a handler that ran in a child would run in our memory.
pub struct Quiet(u64);

impl Quiet {
    pub fn begin() -> Result<Quiet, Errno> {
        sys::set_mask(u64::MAX).map(Quiet)
    }

    /// The mask before.
    pub fn mask(&self) -> u64 {
        self.0
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // What went well before may fail for a moment; the caller's signals must not stay blocked.
        for _ in 0..100 {
            if sys::set_mask(self.0).is_ok() {
                return;
            }
        }
    }
}
