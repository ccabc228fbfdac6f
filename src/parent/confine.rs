//! The keeper thread (parent/keeper.rs) gives up its privileges. libc's setuid(2) changes all threads that libc knows, and it
//! does not know this one. If the caller gives up root, this thread would stay root's in the same memory, and an attacker who
//! takes over the caller could use it. So the thread gives up its capabilities, and a seccomp filter forbids it all system
//! calls that it does not need.

use crate::plan::Host;
use crate::sys::abi::{PR_SET_NO_NEW_PRIVS, SockFilter};
use crate::sys::arch::nr;
use crate::sys::{self, Answer, Errno};

/// The capability that stays. When the thread ends, the kernel checks whether it may signal the child. The filter forbids
/// kill(2), so the capability is of no other use.
const CAP_KILL: u64 = 1 << 5;

/// The capabilities that stay when the thread gives up its privileges. `None`: it has none to give up.
///
/// That is a process without capabilities whose user ids are all the same and not root's: no set-id call can take anything
/// from it. There the filter would only do harm: while a thread has a filter of its own, SECCOMP_FILTER_FLAG_TSYNC fails in
/// the whole process. seccomp(2)
pub fn needed(host: &Host) -> Result<Option<u64>, Errno> {
    // An emulator makes further system calls on its threads.
    if !host.memory_is_shared {
        return Ok(None);
    }
    let [effective, permitted] = sys::capabilities()?;
    if permitted == 0 && has_one_id_of_a_user() {
        return Ok(None);
    }
    // Asked now, because a child that was made cannot be undone.
    sys::has_seccomp().map(|()| Some(effective & CAP_KILL))
}

fn has_one_id_of_a_user() -> bool {
    let same = |ids: nix::unistd::ResUid| ids.real == ids.effective && ids.effective == ids.saved;
    nix::unistd::getresuid().is_ok_and(|ids| same(ids) && !ids.real.is_root())
}

/// Runs on the keeper thread: no libc, nothing thread-local.
///
/// If a seccomp filter of the caller refuses one of these calls now, the thread goes on with the privileges that it has: the
/// child exists already, and if the thread ended, the child would get the parent-death signal.
pub fn give_up_all_but(kept: u64) {
    let given_up = || -> Answer<i32> {
        sys::prctl(PR_SET_NO_NEW_PRIVS, 1, 0)?;
        sys::capset(kept, kept, 0)?;
        sys::set_filter(&FILTER, 0)
    };
    let _ = given_up();
}

const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const fn instruction(code: u16, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
    SockFilter { code, jump_true, jump_false, value }
}

const fn allow_if(call: usize, allow_is_ahead: u8) -> SockFilter {
    instruction(JUMP_IF_EQUAL, allow_is_ahead, 0, call as u32)
}

/// linux/audit.h
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// The kernel continues a sleep by restart_syscall(2) when the process was stopped meanwhile. The last calls of the thread are
/// set_robust_list(2), set_tid_address(2), munmap(2) of the page and of its own stack, and exit(2).
static FILTER: [SockFilter; 13] = [
    instruction(LOAD_WORD, 0, 0, core::mem::offset_of!(libc::seccomp_data, arch) as u32),
    instruction(JUMP_IF_EQUAL, 0, 9, ARCHITECTURE),
    instruction(LOAD_WORD, 0, 0, core::mem::offset_of!(libc::seccomp_data, nr) as u32),
    allow_if(nr::WAITID, 8),
    allow_if(nr::FUTEX, 7),
    allow_if(nr::NANOSLEEP, 6),
    allow_if(nr::RESTART_SYSCALL, 5),
    allow_if(nr::SET_ROBUST_LIST, 4),
    allow_if(nr::SET_TID_ADDRESS, 3),
    allow_if(nr::MUNMAP, 2),
    allow_if(nr::EXIT, 1),
    instruction(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
    instruction(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
];
