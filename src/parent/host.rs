//! What is known of this process and its kernel, in numbers that a fork finds as they were and never locked.

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

/// The kernel knows no such limit as the first value: the number of descriptors is limited in any case.
static NOFILE_AT_LOAD: AtomicU64 = AtomicU64::new(u64::MAX);

/// The host as far as it is known without trying anything.
pub fn host() -> Host {
    Host {
        image_runs: hint::IMAGE.is_empty(),
        memory_is_shared: MEMORY.load(Ordering::Relaxed) != EMULATED,
        born_in_cgroup: true,
        last_cap: None,
        nofile_at_load: Some(NOFILE_AT_LOAD.load(Ordering::Relaxed)).filter(|soft| *soft != u64::MAX),
    }
}

/// Whether a child with CLONE_VM is in this memory, and not in an emulator's copy of it, as under valgrind and qemu-user.
/// Only a child can tell, and a program that ran in an emulator's copy could not be called back: the first spawn makes a
/// child that does nothing else.
pub fn memory_is_shared() -> Result<bool, (Stage, Number)> {
    match MEMORY.load(Ordering::Relaxed) {
        0 => learn_memory(),
        known => Ok(known == SHARED),
    }
}

#[cold]
fn learn_memory() -> Result<bool, (Stage, Number)> {
    // It is kept for the child.
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
        // Not where it may have been killed before it could store the mark.
        if end.is_some_and(|end| end.status != SIGKILL) {
            MEMORY.store(EMULATED, Ordering::Relaxed);
            return Ok(false);
        }
    }
    // For this spawn: a copy is right everywhere.
    Ok(false)
}

unsafe extern "C" fn reach(reached: *const c_void) -> ! {
    // SAFETY: `learn_memory` guarantees the mark, and waits.
    unsafe { &*reached.cast::<AtomicBool>() }.store(true, Ordering::Release);
    sys::exit(0)
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
