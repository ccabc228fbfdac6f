//! Whose memory the child runs in, and where the program starts.

/// Whose memory the child runs in.
pub mod mode {
    pub const SHARED: u32 = 0;
    pub const FRESH: u32 = 1;
    pub const COPIED: u32 = 2;
}

/// With whose rights the working directory is entered.
pub mod cwd_rights {
    pub const PROGRAM: u32 = 0;
    pub const CALLER: u32 = 1;
    /// The caller's, and where those are refused, the program's.
    pub const EITHER: u32 = 2;
}
