//! Seccomp filters.

use super::layout::{List, Unpadded};
use crate::sys::abi::SockFilter;

without_padding! {
/// One seccomp filter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Filter {
    pub program: List<SockFilter>,
    pub flags: u32,
    /// An earlier filter refuses seccomp(2), and lets prctl(2) load this one.
    pub by_prctl: u32,
}
}
