//! Landlock.

use super::layout::{Text, Unpadded};

without_padding! {
/// A rule of Landlock: for a path, or if that is empty, for a port.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LandlockRule {
    pub access: u64,
    pub port: u64,
    pub path: Text,
    pub index: i32,
    pub reserved: u32,
}
}
