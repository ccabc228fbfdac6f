//! The types of namespaces and their names. namespaces(7)

use crate::sys::abi::{
    CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWUTS,
};
use core::ffi::CStr;

pub struct Namespace {
    /// The flag of clone(2), unshare(2) and setns(2).
    pub flag: u64,
    /// The file in /proc/PID/ns.
    pub file: &'static CStr,
    /// In a sentence.
    pub word: &'static str,
}

const fn namespace(flag: u64, file: &'static CStr, word: &'static str) -> Namespace {
    Namespace { flag, file, word }
}

/// A user namespace owns the others, and comes first.
pub static NAMESPACES: [Namespace; 8] = [
    namespace(CLONE_NEWUSER, c"user", "user"),
    namespace(CLONE_NEWNS, c"mnt", "mount"),
    namespace(CLONE_NEWPID, c"pid", "pid"),
    namespace(CLONE_NEWNET, c"net", "net"),
    namespace(CLONE_NEWIPC, c"ipc", "ipc"),
    namespace(CLONE_NEWUTS, c"uts", "uts"),
    namespace(CLONE_NEWCGROUP, c"cgroup", "cgroup"),
    namespace(CLONE_NEWTIME, c"time", "time"),
];
