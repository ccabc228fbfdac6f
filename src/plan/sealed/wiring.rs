//! The connection between caller and child: its descriptors, and the addresses of what the image is given.

use super::layout::Unpadded;

/// How the child gets a descriptor table of its own.
pub mod table {
    /// It shares the caller's table, until it copies the part that it needs.
    pub const SHARED: u32 = 0;
    /// clone(2) copies the table; close_range(2) closes the descriptors that are not needed.
    pub const COPIED: u32 = 1;
    /// clone(2) copies the table; without close_range(2), each is closed by itself.
    pub const LISTED: u32 = 2;
    /// clone(2) copies the table, and nothing is closed.
    pub const WHOLE: u32 = 3;
}

/// The one byte of a message tells its kind.
pub mod message {
    /// There is news in the page.
    pub const WORD: u8 = 0;
    /// The listener of a filter.
    pub const LISTENER: u8 = 1;
    /// All other descriptors that are handed to the caller.
    pub const HANDED: u8 = 2;
}

/// Numbers of the ends that the child itself makes, counted from the first number above all that it needs.
pub mod ends {
    /// The eventfd with which the caller lets the child go on.
    pub const GO: u32 = 0;
    /// The caller's end of the lifeline.
    pub const READER: u32 = 1;
    /// The child's end of the lifeline.
    pub const LIFELINE: u32 = 2;
    /// The file of the page that child and caller share.
    pub const PAGE: u32 = 3;
}

without_padding! {
/// Numbers from `first` to `last`.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Gap {
    pub first: u32,
    pub last: u32,
}
}

without_padding! {
/// Known only when the child is launched: the library's own descriptors, and how the child tells the caller what it does.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Wiring {
    /// The address of the page in which the child tells its stage, while it is in the caller's memory or a copy of it. 0 in
    /// the image.
    pub page: u64,
    /// The gaps between the needed descriptors; only for a child in the caller's memory or a copy of it.
    pub gaps: u64,
    pub gaps_len: u32,
    /// The first number above all that are needed.
    pub above: u32,
    pub table: u32,
    /// The last stage that the process before has done.
    pub done: u32,
    /// The end of a pipe or socket whose other end closes with the caller.
    pub lifeline: i32,
    /// The eventfd with which the caller lets the child go on.
    pub go: i32,
    /// The descriptor that becomes readable when the caller has ended; -1: none.
    pub caller_gone: i32,
    pub caller_pid: i32,
    /// The child itself makes the ends, at numbers from `above` on.
    pub makes_ends: u32,
    /// The file of the page, which the image maps; its device and inode.
    pub page_fd: i32,
    pub page_identity: [u64; 2],
    /// The caller's signal mask.
    pub mask: u64,
    /// The clone could not reset the signal handlers.
    pub reset_handlers: u32,
    /// The built-in image, if the child is to become it: the file's descriptor, device and inode, and the image's own vectors.
    pub image: i32,
    /// The vectors for execve; in the image, its own.
    pub argv: u64,
    pub envp: u64,
    pub image_identity: [u64; 2],
    /// The content of the image's file, if the child makes the file itself.
    pub image_bytes: u64,
    pub image_length: u32,
    pub image_flags: u32,
    pub image_argv: u64,
    pub image_envp: u64,
    /// The length of wiring and plan together, in bytes.
    pub length: u64,
    /// The file with the plan and strings, if they are not among the image's own strings. -1: there is none. Its device and
    /// inode, its length, the length of the plan at its beginning, and the offsets of the vectors in it.
    pub strings_fd: i32,
    pub strings_plan: u32,
    pub strings_argv: u32,
    pub strings_envp: u32,
    pub strings_length: u64,
    pub strings_identity: [u64; 2],
}
}

/// The encoding of wiring and plan as strings of an exec, which may hold every byte but 0. They are cut into pieces. Before
/// each piece is a key, a byte that does not occur in it, with which the piece is exclusive-ored.
pub mod strings {
    /// The length of a piece; the last may be shorter. With fewer than 255 bytes there always is a key.
    pub const PIECE: usize = 248;
    /// A piece with its key and a NUL.
    pub const STRING: usize = PIECE + 2;
}

const _: () = assert!(size_of::<Wiring>() <= strings::PIECE);
const _: () = assert!(size_of::<Wiring>() % 8 == 0);
