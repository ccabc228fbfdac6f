//! Whose memory the child runs in, and where the program starts.

/// Whose memory the child runs in.
pub mod mode {
    pub const SHARED: u32 = 0;
    pub const FRESH: u32 = 1;
    pub const COPIED: u32 = 2;
}

/// Whether the program is the child of an init, and when that ends.
pub mod init {
    pub const NONE: u32 = 0;
    pub const ENDS_WITH_PROGRAM: u32 = 1;
    /// It ends with the last process of its namespace.
    pub const LINGERS: u32 = 2;
}

/// With whose rights the working directory is entered.
pub mod cwd_rights {
    pub const PROGRAM: u32 = 0;
    pub const CALLER: u32 = 1;
    /// The caller's, and where those are refused, the program's.
    pub const EITHER: u32 = 2;
}
