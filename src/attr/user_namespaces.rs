//! The filter of `deny_user_namespaces`.

use super::instructions::{ALLOW, ARCH, EPERM, KILL, NUMBER, UNMARKED, and, answer, argument, has, is, load};
use crate::bpf::ARCHES;
use crate::sys::abi::SockFilter;

/// The flags of clone(2) and unshare(2). Their upper 32 bits make no namespace.
const FLAGS: u32 = argument(0);

/// The numbers of clone and unshare: native, which x32 shares, and of 32-bit programs. clone3 has one number everywhere.
const CLONES: [u32; 2] = [libc::SYS_clone as u32, 120];
#[cfg(target_arch = "x86_64")]
const UNSHARES: [u32; 2] = [libc::SYS_unshare as u32, 310];
#[cfg(target_arch = "aarch64")]
const UNSHARES: [u32; 2] = [libc::SYS_unshare as u32, 337];
const CLONE3: u32 = libc::SYS_clone3 as u32;

const ENOSYS: SockFilter = answer(libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32);

/// Refuses clone(2) and unshare(2) with CLONE_NEWUSER. The flags of clone3(2) are in memory, where a filter cannot see them:
/// it gets ENOSYS, after which programs use clone(2).
pub const NO_USER_NAMESPACES: [SockFilter; 20] = [
    load(ARCH),
    is(ARCHES[0], 0, 6),
    load(NUMBER),
    and(UNMARKED),
    is(CLONE3, 13, 0),
    is(CLONES[0], 8, 0),
    is(UNSHARES[0], 7, 0),
    ALLOW,
    is(ARCHES[1], 0, 10),
    load(NUMBER),
    is(CLONE3, 7, 0),
    is(CLONES[1], 2, 0),
    is(UNSHARES[1], 1, 0),
    ALLOW,
    load(FLAGS),
    has(libc::CLONE_NEWUSER as u32, 1, 0),
    ALLOW,
    EPERM,
    ENOSYS,
    KILL,
];
