//! The memory in which the child runs, the init, and the working directory.

/// The memory in which the child runs.
pub mod mode {
    pub const SHARED: u32 = 0;
    pub const FRESH: u32 = 1;
    pub const COPIED: u32 = 2;
}

/// Whether the program is the child of an init, and when that init ends.
pub mod init {
    pub const NONE: u32 = 0;
    pub const ENDS_WITH_PROGRAM: u32 = 1;
    /// The init ends with the last process of its pid namespace.
    pub const LINGERS: u32 = 2;
}

/// The credentials with which the working directory is entered.
pub mod cwd_rights {
    pub const PROGRAM: u32 = 0;
    pub const CALLER: u32 = 1;
    /// The caller's; if those are refused, the program's.
    pub const EITHER: u32 = 2;
}
