//! The numbers of what a child has used.

use crate::page::Usage;
use core::sync::atomic::{AtomicU64, Ordering};
use static_assertions::const_assert;

static FLOOR: AtomicU64 = AtomicU64::new(0);

/// The caller's own peak of resident memory. A child that began in the caller's memory never shows less. If a child shows exactly
/// the peak of an earlier call, the peak has not grown since. RUSAGE_THREAD gives the same number; for RUSAGE_SELF the kernel
/// would walk all threads.
pub fn max_rss_floor(shown: u64) -> u64 {
    if FLOOR.load(Ordering::Relaxed) == shown {
        return shown;
    }
    // SAFETY: a zeroed rusage is one.
    let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
    // SAFETY: kernel contract, man 2 getrusage.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
    let floor = kibibytes(usage.ru_maxrss);
    FLOOR.store(floor, Ordering::Relaxed);
    floor
}

/// The usage of an init's program, as the init has told it. Some libcs have room behind the kernel's numbers.
pub fn rusage(told: &Usage) -> libc::rusage {
    const_assert!(size_of::<libc::rusage>() >= size_of::<Usage>());
    // SAFETY: a zeroed rusage is one.
    let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
    // SAFETY: it begins with the kernel's numbers, and any numbers are a rusage.
    unsafe { (&raw mut usage).cast::<Usage>().write(*told) };
    usage
}

pub fn kibibytes(count: libc::c_long) -> u64 {
    (count as u64).saturating_mul(1024)
}

pub fn nanoseconds(time: libc::timeval) -> u64 {
    (time.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add((time.tv_usec as u64).saturating_mul(1000))
}
