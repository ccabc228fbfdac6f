//! What a child has used.

use core::sync::atomic::{AtomicU64, Ordering};
use nix::sys::stat::Mode;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

/// The high-water mark of a cgroup's memory, if it keeps one: of all that ever ran in it.
#[cold]
pub fn memory_peak(cgroup: &OwnedFd) -> Option<u64> {
    let flags = nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_CLOEXEC;
    let file = [c"memory.peak", c"memory.max_usage_in_bytes"]
        .iter()
        .find_map(|name| nix::fcntl::openat(cgroup.as_fd(), *name, flags, Mode::empty()).ok())?;
    let mut text = [0u8; 24];
    let length = std::fs::File::from(file).read(&mut text).ok()?;
    core::str::from_utf8(text.get(..length)?).ok()?.trim_ascii_end().parse().ok()
}

static FLOOR: AtomicU64 = AtomicU64::new(0);

/// The caller's own peak of resident memory: a child that began in its memory can never show less. A child that shows
/// exactly what the peak was before says that it has not grown. Asked for the thread, which has the same memory: for the
/// process the kernel would walk all threads.
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

pub fn kibibytes(count: libc::c_long) -> u64 {
    (count as u64).saturating_mul(1024)
}

pub fn nanoseconds(time: libc::timeval) -> u64 {
    (time.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add((time.tv_usec as u64).saturating_mul(1000))
}
