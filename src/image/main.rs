//! The built-in image: the child's code and nothing else, a static program of a few kilobytes. It finds the plan
//! among its strings, and goes on where the child that became it stopped.
#![no_std]
#![no_main]
#![allow(dead_code)]

#[path = "../base/mod.rs"]
mod base;
#[path = "../child/mod.rs"]
mod child;
mod entry;
#[path = "../page.rs"]
mod page;
#[path = "../plan/sealed/mod.rs"]
mod sealed;
#[path = "../stage.rs"]
mod stage;
#[path = "../sys/mod.rs"]
mod sys;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    sys::exit(child::exit::FAILED)
}
