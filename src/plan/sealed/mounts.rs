//! Mounts, and what is made in the root.

use super::layout::{List, Text, Unpadded};
use crate::stage::Stage;

without_padding! {
/// One step on the list of mounts. What was asked for as one item may take several.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Mount {
    /// The stage of the item, and its place in the caller's list.
    pub stage: Stage,
    pub index: i32,
    pub kind: u32,
    /// The mode of what is made.
    pub mode: u32,
    /// A target that is missing is made.
    pub create: u32,
    /// It lies in the directory of the step before.
    pub beside: u32,
    /// Links in the target are followed, inside the root.
    pub follow: u32,
    /// The device that the source must be the node of; 0: whatever.
    pub device: u32,
    /// The user namespace that maps ids; -1: none.
    pub user_namespace: i32,
    /// Where its source is missing, or what it is about, the step is left out.
    pub optional: u32,
    /// The descriptor that the source must be what it refers to, or whose file is copied; -1: none.
    pub source_fd: i32,
    pub reserved: u32,
    /// As mount(2) has them.
    pub flags: u64,
    pub source: Text,
    pub target: Text,
    /// The names that make up the target.
    pub names: List<Text>,
    pub file_system: Text,
    /// What the file system is told, or the bytes of a file.
    pub data: Text,
}
}

/// The kinds of `Mount`.
pub mod mount {
    /// mount(2), as it is.
    pub const PLAIN: u32 = 0;
    pub const BIND: u32 = 1;
    pub const DIRECTORY: u32 = 2;
    pub const SYMLINK: u32 = 3;
    pub const FILE: u32 = 4;
    pub const MASK: u32 = 5;
    pub const READONLY: u32 = 6;
    /// A device in a directory where nobody else is.
    pub const DEVICE: u32 = 7;
    /// An overlay, and a file system in memory for what is written to it.
    pub const OVERLAY_IN_MEMORY: u32 = 8;
    /// Flags for what is mounted there already.
    pub const REMOUNT: u32 = 9;
    pub const MODE: u32 = 10;
    /// A file in memory that is bound to its target.
    pub const FILE_IN_MEMORY: u32 = 11;
    /// A directory to mount on later, where it is missing.
    pub const PLACE: u32 = 12;
    pub const PLACE_OF_FILE: u32 = 13;
}
