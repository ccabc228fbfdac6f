//! Descriptors that the child hands to the caller.

use super::layout::{Text, Unpadded};

without_padding! {
/// A socket that listens for the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Listen {
    /// A whole sockaddr.
    pub address: Text,
    pub kind: i32,
    pub backlog: i32,
}
}
