//! What is known of this process and its kernel: plain numbers without a lock, which a fork can use.

use super::stack::Stack;
use super::{hint, trial};
use crate::plan::Host;
use crate::stage::Stage;
use crate::sys;
use crate::sys::abi::{CLONE_VFORK, CLONE_VM, SIGKILL};
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use nix::errno::Errno as Number;

/// 0: not known yet.
static MEMORY: AtomicU32 = AtomicU32::new(0);
const SHARED: u32 = 1;
const EMULATED: u32 = 2;

/// `u64::MAX`: not known. The kernel has no such limit.
static NOFILE_AT_LOAD: AtomicU64 = AtomicU64::new(u64::MAX);

/// What is known of the host without trying anything.
pub fn host() -> Host {
    Host {
        image_runs: hint::IMAGE.is_empty(),
        memory_is_shared: MEMORY.load(Ordering::Relaxed) != EMULATED,
        born_in_cgroup: true,
        last_cap: None,
        nofile_at_load: Some(NOFILE_AT_LOAD.load(Ordering::Relaxed)).filter(|soft| *soft != u64::MAX),
    }
}

/// Whether a child with CLONE_VM is in this memory. Under valgrind and qemu-user it is in a copy. Only a child can tell, and a
/// program that was started cannot be undone: so the first spawn makes a child for this question alone.
pub fn memory_is_shared() -> Result<bool, (Stage, Number)> {
    match MEMORY.load(Ordering::Relaxed) {
        0 => learn_memory(),
        known => Ok(known == SHARED),
    }
}

#[cold]
fn learn_memory() -> Result<bool, (Stage, Number)> {
    // Makes a stack, which is kept for the child.
    drop(Stack::take().map_err(|errno| (Stage::Memory, errno))?);
    for _ in 0..3 {
        let reached = AtomicBool::new(false);
        // SAFETY: `reach` stores the mark and exits; the mark is here until the child is gone.
        let end = unsafe { trial::run(CLONE_VM | CLONE_VFORK, reach, (&raw const reached).cast()) };
        let end = end.map_err(|sys::Errno(errno)| (Stage::Clone, Number::from_raw(errno)))?;
        if reached.load(Ordering::Acquire) {
            MEMORY.store(SHARED, Ordering::Relaxed);
            return Ok(true);
        }
        // A child that was killed may not have come to store the mark.
        if end.is_some_and(|end| end.status != SIGKILL) {
            MEMORY.store(EMULATED, Ordering::Relaxed);
            return Ok(false);
        }
    }
    // Not known. This spawn uses a copy, which is right everywhere.
    Ok(false)
}

unsafe extern "C" fn reach(reached: *const c_void) -> ! {
    // SAFETY: `learn_memory` guarantees the mark, and waits.
    unsafe { &*reached.cast::<AtomicBool>() }.store(true, Ordering::Release);
    sys::exit(0)
}

/// A constructor, because Go's runtime raises the soft limit before a program can call the library.
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
