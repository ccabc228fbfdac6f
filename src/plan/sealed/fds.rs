//! Descriptors.

use super::layout::{Text, Unpadded};

without_padding! {
/// One step of moving the descriptors of the map to their targets.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Move {
    pub step: u32,
    pub from: i32,
    pub to: i32,
    pub index: i32,
}
}

/// The steps of `Move`.
pub mod step {
    /// `from` is duplicated to a number above all targets, which breaks a cycle.
    pub const SAVE: u32 = 0;
    /// `from` is duplicated to `to`.
    pub const MOVE: u32 = 1;
    /// The saved descriptor is duplicated to `to`.
    pub const RESTORE: u32 = 2;
    /// `from` and `to` are the same: the descriptor only loses its close-on-exec flag.
    pub const KEEP: u32 = 3;
}

without_padding! {
/// One descriptor action.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Action {
    pub kind: u32,
    pub fd: i32,
    pub other: i32,
    pub flags: i32,
    pub mode: u32,
    pub path: Text,
}
}

/// The kinds of `Action`.
pub mod action {
    pub const OPEN: u32 = 0;
    pub const DUP: u32 = 1;
    pub const CLOSE: u32 = 2;
    pub const CLOSE_FROM: u32 = 3;
    pub const ENTER: u32 = 4;
    pub const ENTER_FD: u32 = 5;
}
