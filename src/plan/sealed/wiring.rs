//! How caller and child are connected: the descriptors, and the places of what the image is given.

use super::layout::Unpadded;

/// How the child's descriptor table comes about.
pub mod table {
    /// Shared until the child takes a copy of the part it needs.
    pub const SHARED: u32 = 0;
    /// Copied by clone; what is not needed is closed by close_range(2).
    pub const COPIED: u32 = 1;
    /// Copied by clone; close_range(2) is missing.
    pub const LISTED: u32 = 2;
    /// Copied by clone; everything stays.
    pub const WHOLE: u32 = 3;
}

/// What a message of the child's is, in its one byte.
pub mod message {
    /// There is something to read in the page.
    pub const WORD: u8 = 0;
    /// The listener of a filter.
    pub const LISTENER: u8 = 1;
    /// All other descriptors that the caller is handed.
    pub const HANDED: u8 = 2;
}

/// The places of ends that the child makes itself, counted from the first number above all that it needs.
pub mod ends {
    /// The eventfd with which the caller lets the child go on.
    pub const GO: u32 = 0;
    /// The lifeline: the caller's end.
    pub const READER: u32 = 1;
    /// The lifeline: the child's end.
    pub const LIFELINE: u32 = 2;
    /// The page that child and caller share.
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
/// What only the launch knows: the library's own descriptors, and how the caller hears of the child.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Wiring {
    /// The page where the child says how far it is, as long as it is in the caller's memory or a copy of it; 0 in the image.
    pub page: u64,
    /// The gaps between the needed descriptors; only for a child in the caller's memory or a copy of it.
    pub gaps: u64,
    pub gaps_len: u32,
    /// The first number above all that are needed.
    pub above: u32,
    pub table: u32,
    /// The last stage that is already done.
    pub done: u32,
    /// The end of a pipe or socket whose other end closes with the caller.
    pub lifeline: i32,
    /// The eventfd with which the caller lets the child go on.
    pub go: i32,
    /// The descriptor that becomes readable when the caller has ended; -1: none.
    pub caller_gone: i32,
    pub caller_pid: i32,
    /// The child makes the ends itself, from the number `above` on.
    pub makes_ends: u32,
    /// The file of the page, by which the image finds it; its device and inode.
    pub page_fd: i32,
    pub page_identity: [u64; 2],
    /// The caller's signal mask.
    pub mask: u64,
    /// clone could not clear the handlers.
    pub reset_handlers: u32,
    /// The built-in image, if the child is to become it: the file's descriptor, device and inode, and the image's own vectors.
    pub image: i32,
    /// The vectors for execve; in the image, its own.
    pub argv: u64,
    pub envp: u64,
    pub image_identity: [u64; 2],
    /// What the file holds, where the child makes that itself too.
    pub image_bytes: u64,
    pub image_length: u32,
    pub image_flags: u32,
    pub image_argv: u64,
    pub image_envp: u64,
    /// The bytes of wiring and plan together.
    pub length: u64,
    /// The file with plan and strings, where the image does not find them among its own strings; -1: there is none. Its device
    /// and inode, its length, the length of the plan at its beginning, and where in it the vectors are.
    pub strings_fd: i32,
    pub strings_plan: u32,
    pub strings_argv: u32,
    pub strings_envp: u32,
    pub strings_length: u64,
    pub strings_identity: [u64; 2],
}
}

/// How wiring and plan become strings, which may hold every byte but 0: in pieces, each behind a key that does not occur
/// in it and exclusive-ored with that key.
pub mod strings {
    /// The bytes of a piece; the last may have fewer. Few enough that there always is a key.
    pub const PIECE: usize = 248;
    /// A piece with its key before it and the NUL behind it.
    pub const STRING: usize = PIECE + 2;
}

const _: () = assert!(size_of::<Wiring>() <= strings::PIECE);
const _: () = assert!(size_of::<Wiring>() % 8 == 0);
