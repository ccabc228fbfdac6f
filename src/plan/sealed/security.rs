//! The session keyring.

/// Whether the program gets another session keyring.
pub mod keyring {
    pub const NONE: u32 = 0;
    pub const NEEDED: u32 = 1;
    /// Not where the kernel has no keyrings.
    pub const IF_THERE_ARE: u32 = 2;
}
