//! One item of the list of mounts, and the root in which the items are made.

use crate::fallible::{self, Copied, NoMemory, Text};
use alloc::vec::Vec;
use core::ffi::CStr;

/// The flags of `FORKEXEC_MOUNT_*`. The first four have mount(2)'s values.
pub mod flag {
    pub const READONLY: u32 = 1;
    pub const NOSUID: u32 = 2;
    pub const NODEV: u32 = 4;
    pub const NOEXEC: u32 = 8;
    pub const NONRECURSIVE: u32 = 0x10;
    pub const CREATE: u32 = 0x20;
    pub const FOLLOW: u32 = 0x40;
    pub const OPTIONAL: u32 = 0x80;
    pub const IN_MEMORY: u32 = 0x100;
    pub const KERNEL_READONLY: u32 = 0x200;
    pub const KERNEL_HIDDEN: u32 = 0x400;

    pub const ATTRIBUTES: u32 = READONLY | NOSUID | NODEV | NOEXEC;
    /// The flags for every file system whose root is a directory.
    pub const COMMON: u32 = ATTRIBUTES | CREATE | FOLLOW;
    pub const OF_BINDS: u32 = COMMON | NONRECURSIVE | OPTIONAL;
    pub const OF_OVERLAYS: u32 = COMMON | IN_MEMORY;
    pub const OF_REMOUNTS: u32 = ATTRIBUTES | FOLLOW;
    pub const OF_PROC: u32 = READONLY | CREATE | KERNEL_READONLY | KERNEL_HIDDEN;
}

#[derive(Debug)]
pub enum Item {
    Mount { source: Option<Text>, target: Text, kind: Option<Text>, flags: u64, data: Option<Text> },
    Bind { source: Text, target: Text, user_namespace: Option<i32>, flags: u32 },
    BindFd { fd: i32, target: Text, flags: u32 },
    Tmpfs { target: Text, size: u64, mode: u32, flags: u32 },
    Overlay { lowers: Vec<Text>, upper: Option<Upper>, target: Text, flags: u32 },
    Proc { target: Text, flags: u32 },
    Dev { target: Text, flags: u32 },
    Directory { path: Text, mode: u32 },
    Symlink { text: Text, path: Text },
    File { path: Text, bytes: Vec<u8>, mode: u32 },
    FileOfFd { path: Text, fd: i32, mode: u32 },
    FileMount { fd: i32, target: Text, mode: u32, flags: u32 },
    Mask { path: Text },
    Readonly { path: Text },
    Remount { path: Text, flags: u32 },
    Mode { path: Text, mode: u32 },
}

impl Item {
    /// The path in the new root that the item makes or changes.
    pub fn target(&self) -> &CStr {
        match self {
            Item::Mount { target, .. }
            | Item::Bind { target, .. }
            | Item::BindFd { target, .. }
            | Item::Tmpfs { target, .. }
            | Item::Overlay { target, .. }
            | Item::Proc { target, .. }
            | Item::Dev { target, .. }
            | Item::FileMount { target, .. } => target.as_cstr(),
            Item::Directory { path, .. }
            | Item::Symlink { path, .. }
            | Item::File { path, .. }
            | Item::FileOfFd { path, .. }
            | Item::Mask { path }
            | Item::Readonly { path }
            | Item::Remount { path, .. }
            | Item::Mode { path, .. } => path.as_cstr(),
        }
    }

    fn flags(&self) -> u32 {
        match self {
            Item::Bind { flags, .. }
            | Item::BindFd { flags, .. }
            | Item::Tmpfs { flags, .. }
            | Item::Overlay { flags, .. }
            | Item::Proc { flags, .. }
            | Item::Dev { flags, .. }
            | Item::FileMount { flags, .. }
            | Item::Remount { flags, .. } => *flags,
            _ => 0,
        }
    }

    /// Whether symbolic links in the target are followed.
    pub fn follows_links(&self) -> bool {
        self.flags() & flag::FOLLOW != 0
    }

    /// Whether a missing target is made.
    pub fn creates(&self) -> bool {
        self.flags() & flag::CREATE != 0
    }
}

/// The directories for the changes of an overlay.
#[derive(Debug)]
pub struct Upper {
    pub upper: Text,
    pub work: Text,
}

#[derive(Debug)]
pub struct Root {
    /// `None`: an empty root.
    pub path: Option<Text>,
    pub flags: u32,
}

/// The components of a path, without ".".
pub fn names(path: &CStr) -> impl Iterator<Item = &[u8]> {
    path.to_bytes().split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".")
}

impl Copied for Item {
    fn copied(&self) -> Result<Item, NoMemory> {
        Ok(match *self {
            Item::Mount { ref source, ref target, ref kind, flags, ref data } => Item::Mount {
                source: source.copied()?,
                target: target.copied()?,
                kind: kind.copied()?,
                flags,
                data: data.copied()?,
            },
            Item::Bind { ref source, ref target, user_namespace, flags } => {
                Item::Bind { source: source.copied()?, target: target.copied()?, user_namespace, flags }
            }
            Item::BindFd { fd, ref target, flags } => Item::BindFd { fd, target: target.copied()?, flags },
            Item::Tmpfs { ref target, size, mode, flags } => {
                Item::Tmpfs { target: target.copied()?, size, mode, flags }
            }
            Item::Overlay { ref lowers, ref upper, ref target, flags } => {
                let lowers = fallible::copy_each(lowers)?;
                Item::Overlay { lowers, upper: upper.copied()?, target: target.copied()?, flags }
            }
            Item::Proc { ref target, flags } => Item::Proc { target: target.copied()?, flags },
            Item::Dev { ref target, flags } => Item::Dev { target: target.copied()?, flags },
            Item::Directory { ref path, mode } => Item::Directory { path: path.copied()?, mode },
            Item::Symlink { ref text, ref path } => Item::Symlink { text: text.copied()?, path: path.copied()? },
            Item::File { ref path, ref bytes, mode } => {
                Item::File { path: path.copied()?, bytes: fallible::copy_of(bytes)?, mode }
            }
            Item::FileOfFd { ref path, fd, mode } => Item::FileOfFd { path: path.copied()?, fd, mode },
            Item::FileMount { fd, ref target, mode, flags } => {
                Item::FileMount { fd, target: target.copied()?, mode, flags }
            }
            Item::Mask { ref path } => Item::Mask { path: path.copied()? },
            Item::Readonly { ref path } => Item::Readonly { path: path.copied()? },
            Item::Remount { ref path, flags } => Item::Remount { path: path.copied()?, flags },
            Item::Mode { ref path, mode } => Item::Mode { path: path.copied()?, mode },
        })
    }
}

impl Copied for Upper {
    fn copied(&self) -> Result<Upper, NoMemory> {
        Ok(Upper { upper: self.upper.copied()?, work: self.work.copied()? })
    }
}

impl Copied for Root {
    fn copied(&self) -> Result<Root, NoMemory> {
        Ok(Root { path: self.path.copied()?, flags: self.flags })
    }
}
