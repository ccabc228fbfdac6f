//! What a child has used.

use nix::sys::stat::Mode;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

/// The high-water mark of a cgroup's memory, if it keeps one: of all that ever ran in it.
pub fn memory_peak(cgroup: &OwnedFd) -> Option<u64> {
    let flags = nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_CLOEXEC;
    let file = [c"memory.peak", c"memory.max_usage_in_bytes"]
        .iter()
        .find_map(|name| nix::fcntl::openat(cgroup.as_fd(), *name, flags, Mode::empty()).ok())?;
    let mut text = [0u8; 24];
    let length = std::fs::File::from(file).read(&mut text).ok()?;
    core::str::from_utf8(text.get(..length)?).ok()?.trim_ascii_end().parse().ok()
}

/// The caller's own peak of resident memory: a child that began in its memory can never show less.
pub fn max_rss_floor() -> u64 {
    // SAFETY: a zeroed rusage is one.
    let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
    // SAFETY: kernel contract, man 2 getrusage.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    kibibytes(usage.ru_maxrss)
}

pub fn kibibytes(count: libc::c_long) -> u64 {
    (count as u64).saturating_mul(1024)
}

pub fn nanoseconds(time: libc::timeval) -> u64 {
    (time.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add((time.tv_usec as u64).saturating_mul(1000))
}
