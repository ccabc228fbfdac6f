//! Mounts, and files and directories that are made in the root.

use super::layout::{List, Text, Unpadded};
use crate::stage::Stage;

without_padding! {
/// One step of the list of mounts. One item of the request may take several steps.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Mount {
    /// The stage of the item, and its place in the caller's list.
    pub stage: Stage,
    pub index: i32,
    pub kind: u32,
    /// The mode of the file or directory that is made.
    pub mode: u32,
    /// A missing target is made.
    pub create: u32,
    /// The target is in the same directory as that of the step before.
    pub in_same_directory: u32,
    /// Symbolic links in the target are followed, inside the root.
    pub follow: u32,
    /// The source must be the node of this device. 0: it may be anything.
    pub device: u32,
    /// The user namespace of an idmapped mount. -1: none.
    pub user_namespace: i32,
    /// If the source, or the file to change, is missing, the step is skipped.
    pub optional: u32,
    /// A descriptor: the source must be the file that it refers to, or the file is copied from it. -1: none.
    pub source_fd: i32,
    pub reserved: u32,
    /// Flags of mount(2).
    pub flags: u64,
    pub source: Text,
    pub target: Text,
    /// The components of the target.
    pub names: List<Text>,
    pub file_system: Text,
    /// The options of the file system, or the content of a file.
    pub data: Text,
}
}

/// The kinds of `Mount`.
pub mod mount {
    /// mount(2) with these arguments.
    pub const PLAIN: u32 = 0;
    pub const BIND: u32 = 1;
    pub const DIRECTORY: u32 = 2;
    pub const SYMLINK: u32 = 3;
    pub const FILE: u32 = 4;
    pub const MASK: u32 = 5;
    pub const READONLY: u32 = 6;
    /// A bind mount of a device, in a directory that no other process can change.
    pub const DEVICE: u32 = 7;
    /// An overlay, and a tmpfs for its changes.
    pub const OVERLAY_IN_MEMORY: u32 = 8;
    /// A change of the flags of a mount that is there already.
    pub const REMOUNT: u32 = 9;
    pub const MODE: u32 = 10;
    /// A file on a tmpfs, with a bind mount at the target.
    pub const FILE_IN_MEMORY: u32 = 11;
    /// A directory to be mounted on later. It is made if it is missing.
    pub const PLACE: u32 = 12;
    pub const PLACE_OF_FILE: u32 = 13;
}
