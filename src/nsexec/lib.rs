//! libforkexec-nsexec: the bootstrap alone, without a Rust runtime and with two calls of libc.
#![no_std]
#![allow(dead_code)]

#[path = "../base/mod.rs"]
mod base;
#[path = "mod.rs"]
mod nsexec;
#[path = "../sys/mod.rs"]
mod sys;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    sys::exit(1)
}
