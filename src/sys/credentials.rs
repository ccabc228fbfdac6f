//! Ids, capabilities and keyrings. credentials(7), capabilities(7), keyrings(7)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// geteuid(2)
#[cfg(not(forkexec_image))]
pub fn geteuid() -> Answer<u32> {
    call!(GETEUID).map(|uid| uid as u32)
}

/// getegid(2)
#[cfg(not(forkexec_image))]
pub fn getegid() -> Answer<u32> {
    call!(GETEGID).map(|gid| gid as u32)
}

/// getgroups(2): returns how many groups there are. EINVAL: more than fit. With an empty slice they are only counted.
pub fn getgroups(groups: &mut [u32]) -> Answer<usize> {
    call!(GETGROUPS, groups.len(), groups.as_mut_ptr())
}

/// setgroups(2)
pub fn setgroups(groups: &[u32]) -> Answer {
    call!(SETGROUPS, groups.len(), groups.as_ptr()).map(drop)
}

/// setresuid(2)
pub fn setresuid(real: u32, effective: u32, saved: u32) -> Answer {
    call!(SETRESUID, real, effective, saved).map(drop)
}

/// setresgid(2)
pub fn setresgid(real: u32, effective: u32, saved: u32) -> Answer {
    call!(SETRESGID, real, effective, saved).map(drop)
}

/// capset(2): sets all three sets.
pub fn capset(effective: u64, permitted: u64, inheritable: u64) -> Answer {
    let header = CapHeader { version: CAP_VERSION_3, pid: 0 };
    let word = |shift: u32| CapData {
        effective: (effective >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let data = [word(0), word(32)];
    call!(CAPSET, &header as *const CapHeader, data.as_ptr()).map(drop)
}

/// capget(2): the effective and the permitted set of the calling thread.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn capabilities() -> Answer<[u64; 2]> {
    let header = CapHeader { version: CAP_VERSION_3, pid: 0 };
    let mut data = [0u32; 6];
    call!(CAPGET, &header as *const CapHeader, data.as_mut_ptr())?;
    let [effective, permitted, _, effective_high, permitted_high, _] = data.map(u64::from);
    Ok([effective_high << 32 | effective, permitted_high << 32 | permitted])
}

/// keyctl(2), KEYCTL_JOIN_SESSION_KEYRING
///
/// # Safety
/// `name` is NULL or NUL-terminated.
pub unsafe fn join_session_keyring(name: *const u8) -> Answer<i32> {
    call!(KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0).map(|key| key as i32)
}

/// keyctl(2), KEYCTL_SETPERM
pub fn set_key_permissions(key: i32, permissions: u32) -> Answer {
    call!(KEYCTL, KEYCTL_SETPERM, key, permissions, 0, 0).map(drop)
}
