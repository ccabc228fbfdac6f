//! The C ABI: pointers become references, results become numbers. No logic of its own.

mod answer;
pub mod attr;
pub mod cgroup;
pub mod status;
pub mod child;
pub mod child_fds;
pub mod constants;
mod entry;
pub mod error;
mod guard;
pub mod probe;
pub mod root;
pub mod spawn;
