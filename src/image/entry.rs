//! The first instruction. The kernel has mapped the plan behind the code, where the parent said it would be.

use super::sealed::{PLAN_ADDRESS, PLAN_OFFSET, Plan, Wiring};
use super::child;
use core::arch::global_asm;

#[cfg(target_arch = "x86_64")]
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "and rsp, -16", "call {start}", "ud2", start = sym start);

#[cfg(target_arch = "aarch64")]
global_asm!(".globl _start", "_start:", "mov x29, xzr", "mov x30, xzr", "bl {start}", "brk #1", start = sym start);

unsafe extern "C" fn start() -> ! {
    // SAFETY: parent::image guarantees a wiring at the address, and a plan behind it, and seals both.
    unsafe {
        let wiring = &*(PLAN_ADDRESS as *const Wiring);
        let plan = &*((PLAN_ADDRESS + PLAN_OFFSET) as *const Plan);
        child::run(plan, wiring)
    }
}

/// The four functions that the compiler may call; there is no libc to have them.
mod memory {
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        for i in 0..count {
            // SAFETY: the compiler guarantees both ranges; volatile keeps this loop from becoming a call of itself.
            unsafe { to.add(i).write_volatile(from.add(i).read_volatile()) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        if (to as usize) <= from as usize {
            // SAFETY: the compiler guarantees both ranges; forwards never overwrites what is still to be read.
            return unsafe { memcpy(to, from, count) };
        }
        for i in (0..count).rev() {
            // SAFETY: as above, backwards.
            unsafe { to.add(i).write_volatile(from.add(i).read_volatile()) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
        for i in 0..count {
            // SAFETY: the compiler guarantees the range.
            unsafe { to.add(i).write_volatile(byte as u8) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
        for i in 0..count {
            // SAFETY: the compiler guarantees both ranges.
            let (a, b) = unsafe { (one.add(i).read_volatile(), other.add(i).read_volatile()) };
            if a != b {
                return a as i32 - b as i32;
            }
        }
        0
    }
}
