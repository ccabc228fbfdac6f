//! Namespaces, and the names that are set in them. namespaces(7)

use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// unshare(2)
pub fn unshare(flags: u64) -> Answer {
    call!(UNSHARE, flags).map(drop)
}

/// setns(2)
pub fn setns(fd: i32, types: u64) -> Answer {
    call!(SETNS, fd, types).map(drop)
}

/// sethostname(2)
pub fn sethostname(name: &[u8]) -> Answer {
    call!(SETHOSTNAME, name.as_ptr(), name.len()).map(drop)
}

/// setdomainname(2)
pub fn setdomainname(name: &[u8]) -> Answer {
    call!(SETDOMAINNAME, name.as_ptr(), name.len()).map(drop)
}
