//! The child, from its first instruction to the exec of the program. Raw system calls over a sealed plan: no allocation, no
//! libc, no lock, no thread-local, no panic. Compiled into the library, and once more alone as the built-in image.
#![deny(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod bind;
mod caps;
mod channel;
mod channel_ends;
mod created;
mod cwd;
mod descriptors;
pub mod exec;
pub mod exit;
mod fds;
mod files;
mod filters;
mod follow_links;
mod handed;
mod ids;
mod image;
mod in_memory;
mod init;
mod init_filter;
mod landlock;
mod limits;
mod listener;
mod mount_flags;
mod mounts;
mod ns;
mod open_fds;
mod proc_files;
mod program;
mod resolve;
mod root;
mod second_process;
mod security;
mod session;
mod signals;
mod state;
mod submounts;
mod target;

pub use program::run;
