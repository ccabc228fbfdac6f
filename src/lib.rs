//! One audited implementation of what every serious Linux program writes by hand between `fork` and `exec`.
//!
//! The product is a C ABI: `include/forkexec.h`. The modules, in the order in which a spawn passes them:
//!
//! | module | what happens there |
//! |---|---|
//! | `capi` | C pointers become references; nothing else |
//! | `attr` | what was asked: owned copies, in any order |
//! | `bpf` | what a seccomp filter does with the calls of the child, found out when it is added |
//! | `plan` | what will happen: checked, resolved, flat and sealed |
//! | `parent` | the clone, the caller's steps for the waiting child, what became of it, and the handle |
//! | `child` | how it happens: raw system calls over the sealed plan, in the order of `child::program` |
//! | `base` | what `child` and `nsexec` have in common: numbers, short texts, files of /proc, the order of joining |
//! | `image` | the same child code linked alone, for a child that must not share the caller's memory |
//! | `cgroup` | a cgroup that the caller makes for one run, and its removal |
//! | `prepared` | a root that is built once, for many spawns |
//! | `probe` | what this host allows |
//! | `shared` | a counted pointer for which memory can be short |
//! | `stage` | the order, said once: number, name and reason of every step |
//! | `errno` | what each errno is called, whichever libc there is |
//! | `sentences` | every sentence that is said to people, once |
//! | `runtime` | what a mistake of our own does: it says where it is, and aborts |
//! | `fallible` | allocation that may fail, in the place of std's, which aborts |
//! | `shorten` | text for which there is too little room |
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
