//! New processes and threads. clone(2), fork(2)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{self, nr, syscall6};
use core::ffi::c_void;

/// fork(2), by clone(2). Returns 0 in the new process, which continues with a copy of all memory.
pub fn fork(exit_signal: i32) -> Answer<i32> {
    call!(CLONE, exit_signal, 0, 0, 0, 0).map(|pid| pid as i32)
}

/// clone(2) with flags that the kernel refuses together: nothing is made.
pub fn clone_in_vain(flags: u64) -> Answer {
    call!(CLONE, flags, 0, 0, 0, 0).map(drop)
}

/// clone3(2) with arguments of size 0: nothing is made.
pub fn clone3_in_vain() -> Answer {
    call!(CLONE3, 0, 0).map(drop)
}

/// clone(2): makes another process with the same parent, which continues from here; this one then leaves. The kernel writes
/// the new pid before the new process runs.
pub fn leave_to_sibling(flags: u64, pid: *mut i32) -> Answer {
    let words = arch::clone_args((CLONE_PARENT | CLONE_PARENT_SETTID | flags) as usize, 0, pid);
    // SAFETY: kernel contract, man 2 clone.
    answer(unsafe { arch::clone_and_leave(nr::CLONE, words) }).map(drop)
}

/// clone3(2): the same, with these arguments. The pid is written to `parent_tid`.
pub fn leave_to_sibling_of(args: CloneArgs) -> Answer {
    let args = CloneArgs { flags: args.flags | CLONE_PARENT | CLONE_PARENT_SETTID, ..args };
    let words = [&raw const args as usize, size_of::<CloneArgs>(), 0, 0, 0];
    // SAFETY: kernel contract, man 2 clone: without a stack of its own the child goes on on this one.
    answer(unsafe { arch::clone_and_leave(nr::CLONE3, words) }).map(drop)
}

/// clone3(2): the child calls `entry(argument)`.
///
/// # Safety
/// `args` names a stack that is the child's alone; `entry` never returns.
pub unsafe fn clone3(
    args: &CloneArgs,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer<i32> {
    let words = [args as *const CloneArgs as usize, size_of::<CloneArgs>(), 0, 0, 0];
    // SAFETY: kernel contract, man 2 clone; the caller vouches for the stack and the entry.
    answer(unsafe { arch::clone_call(nr::CLONE3, words, entry, argument) }).map(|pid| pid as i32)
}

/// clone(2): the child calls `entry(argument)`. Its exit signal is 0.
///
/// # Safety
/// As for `clone3`.
pub unsafe fn clone(
    flags: u64,
    stack_top: usize,
    pidfd: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer<i32> {
    let words = arch::clone_args(flags as usize, stack_top, pidfd);
    // SAFETY: kernel contract, man 2 clone; the caller vouches for the stack and the entry.
    answer(unsafe { arch::clone_call(nr::CLONE, words, entry, argument) }).map(|pid| pid as i32)
}

/// clone(2): makes a thread, which calls `entry(argument)`. The kernel clears the word when the thread has ended.
///
/// # Safety
/// Stack, word and argument are there until then; `entry` never returns.
pub unsafe fn clone_thread(
    stack_top: usize,
    clears: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer {
    let flags = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID;
    // SAFETY: as this function's.
    unsafe { clone_thread_with(flags, stack_top, clears, entry, argument) }
}

/// The same for a thread that shares everything with this one, as threads of libc do. But it has no thread-local storage:
/// its register still points to that of this thread.
///
/// # Safety
/// As for `clone_thread`; the thread uses nothing that is thread-local, and so nothing of libc.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub unsafe fn clone_thread_sharing_all(
    stack_top: usize,
    clears: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer {
    let flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
    // SAFETY: as this function's.
    unsafe { clone_thread_with(flags, stack_top, clears, entry, argument) }
}

/// # Safety
/// As for `clone_thread`.
unsafe fn clone_thread_with(
    flags: u64,
    stack_top: usize,
    clears: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer {
    let words = arch::thread_args(flags as usize, stack_top, clears);
    // SAFETY: kernel contract, man 2 clone; the caller vouches for the stack and the entry.
    answer(unsafe { arch::clone_call(nr::CLONE, words, entry, argument) }).map(drop)
}
