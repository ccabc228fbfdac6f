//! One audited implementation of what every serious Linux program writes by hand between `fork` and `exec`.
//!
//! The product is a C ABI: `include/forkexec.h`. The modules, in the order in which a spawn passes them:
//!
//! | module | what happens there |
//! |---|---|
//! | `capi` | the C interface: C pointers become references, and results become numbers |
//! | `attr` | the request: copies of everything that was set, in any order of calls |
//! | `bpf` | the answers of a seccomp filter to the child's own system calls, found out when the filter is added |
//! | `plan` | the plan of a spawn: checked, resolved, in one flat piece of memory |
//! | `parent` | the caller's side: the clone, its steps for a waiting child, the outcome, and the handle |
//! | `child` | the child's side: raw system calls by the sealed plan, in the order of `child::program` |
//! | `base` | functions that `child` and `nsexec` share: numbers, short texts, files of /proc, the order of joins |
//! | `image` | the code of the child as a program of its own, for a child that must not share the caller's memory |
//! | `cgroup` | a cgroup for a run, and its removal |
//! | `prepared` | builds a prepared root, of which many spawns get clones |
//! | `probe` | what this host supports and permits |
//! | `shared` | a counted pointer for which memory can be short |
//! | `stage` | the order of all steps: number, name and reason of each |
//! | `errno` | the names and texts of errnos, the same with every libc |
//! | `sentences` | the table of all messages |
//! | `runtime` | what a panic does: it writes where it happened, and aborts |
//! | `fallible` | allocation that may fail, instead of std's, which aborts |
//! | `shorten` | shortens a text to a number of bytes |
//! | `page` | the page that child and caller share |
//! | `sys` | the system calls |
//! | `nsexec` | a library of its own: the bootstrap that runc's Go side expects, by the same system calls |
#![no_std]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

extern crate alloc;
extern crate std;

#[cfg(not(any(panic = "abort", debug_assertions)))]
compile_error!("a panic may not unwind into a C caller: build with panic = \"abort\"");

pub mod capi;
pub mod attr;
#[doc(hidden)] // for tests/bpf_agrees_with_the_kernel.rs
pub mod bpf;
pub mod plan;
mod errno;
mod prepared;
mod probe;
mod runtime;
mod sentences;
mod fallible;
mod shorten;
mod parent;
mod cgroup;
mod shared;
mod child;
mod base;
mod stage;
mod page;
mod sys;
// Here only to be checked with the rest: tools/nsexec-build compiles it.
#[cfg(test)]
mod nsexec;

use plan::sealed;
