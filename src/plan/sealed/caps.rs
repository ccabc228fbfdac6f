//! Capabilities.

use super::layout::Unpadded;

without_padding! {
/// The three capability sets that capset(2) sets together.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct CapSets {
    pub effective: u64,
    pub permitted: u64,
    pub inheritable: u64,
}
}

without_padding! {
/// The capability sets of a process, as the caller's are put back in the image.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Credentials {
    pub sets: CapSets,
    pub ambient: u64,
}
}
