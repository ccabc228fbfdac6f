//! The 16 bytes that cross from the child to the caller.

/// What a report says.
pub mod kind {
    /// The step `stage` failed with `code`; the child exits.
    pub const FAILED: u32 = 1;
    /// The child is held.
    pub const HELD: u32 = 2;
    /// The next thing is exec: a failure follows, or the end of the stream.
    pub const EXEC: u32 = 3;
    /// A death without a further word is the stage's doing.
    pub const BLAMED: u32 = 4;
    /// With it comes the listener of a filter.
    pub const LISTENER: u32 = 5;
    /// It is another process that goes on, and the one before has nothing more to do.
    pub const SECOND: u32 = 6;
    /// The user namespace is there to be mapped.
    pub const UNMAPPED: u32 = 7;
}

/// One report. Written whole to memory that caller and child share, or written whole to a pipe.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Report {
    pub kind: u32,
    pub stage: u32,
    pub code: i32,
    pub index: i32,
}

const _: () = assert!(core::mem::size_of::<Report>() == 16);

impl Report {
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: a report is 16 bytes without padding.
        unsafe { core::slice::from_raw_parts((&raw const *self).cast::<u8>(), size_of::<Report>()) }
    }
}
