//! System calls. Each has one line and names its manual page; the answer is a `Result`. No libc, no errno variable, no
//! allocation. A file holds the calls of one family of manual pages.

pub mod abi;
#[macro_use]
mod answer;
pub mod arch;
#[cfg(not(forkexec_image))]
mod pinned;

pub use answer::{Answer, Errno, again};

mod clone;
pub use clone::*;
mod credentials;
pub use credentials::*;
mod descriptors;
pub use descriptors::*;
mod files;
pub use files::*;
#[cfg(not(forkexec_nsexec))]
mod futex;
#[cfg(not(forkexec_nsexec))]
pub use futex::*;
#[cfg(not(forkexec_nsexec))]
mod landlock;
#[cfg(not(forkexec_nsexec))]
pub use landlock::*;
#[cfg(not(forkexec_nsexec))]
mod memory;
#[cfg(not(forkexec_nsexec))]
pub use memory::*;
#[cfg(not(forkexec_nsexec))]
mod mounts;
#[cfg(not(forkexec_nsexec))]
pub use mounts::*;
mod namespaces;
pub use namespaces::*;
mod processes;
pub use processes::*;
#[cfg(not(forkexec_nsexec))]
mod scheduling;
#[cfg(not(forkexec_nsexec))]
pub use scheduling::*;
#[cfg(not(forkexec_nsexec))]
mod seccomp;
#[cfg(not(forkexec_nsexec))]
pub use seccomp::*;
mod signals;
pub use signals::*;
#[cfg(not(forkexec_nsexec))]
mod sockets;
#[cfg(not(forkexec_nsexec))]
pub use sockets::*;
mod wait;
pub use wait::*;
#[cfg(not(forkexec_nsexec))]
pub mod ways;
#[cfg(any(forkexec_nsexec, test))]
pub mod nsexec;
