//! The numbers of what a child has used.

use crate::page::Usage;
use static_assertions::const_assert;

/// The caller's own peak of resident memory, which a child that begins in the caller's memory never shows less than. RUSAGE_THREAD
/// gives the same number as RUSAGE_SELF, for which the kernel would walk all threads. Where it is not known, no child's peak
/// counts as more.
pub fn own_peak() -> u64 {
    // SAFETY: a zeroed rusage is one.
    let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
    // SAFETY: kernel contract, man 2 getrusage.
    if unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) } == 0 { kibibytes(usage.ru_maxrss) } else { u64::MAX }
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
