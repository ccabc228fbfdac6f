//! Mappings. mmap(2)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// mmap(2): maps a file, shared, to read and write. At this address, if nothing is mapped there.
pub fn map_shared(address: usize, fd: i32, length: usize) -> Answer<*mut u8> {
    call!(MMAP, address, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0).map(|place| place as *mut u8)
}

/// mmap(2): maps a private copy of the file.
#[cfg(forkexec_image)]
#[cfg(not(forkexec_nsexec))]
pub fn map_copy(fd: i32, length: usize) -> Answer<*mut u8> {
    call!(MMAP, 0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0).map(|place| place as *mut u8)
}

/// mremap(2): maps what a shared mapping shows a second time.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn map_again(shared: *const u8, length: usize) -> Answer<*mut u8> {
    call!(MREMAP, shared, 0, length, MREMAP_MAYMOVE).map(|place| place as *mut u8)
}

/// munmap(2)
///
/// # Safety
/// Nobody uses this memory any more.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub unsafe fn unmap(start: *mut u8, length: usize) -> Answer {
    call!(MUNMAP, start, length).map(drop)
}

/// Private memory of zeros, and behind it a guard that cannot be read. The guard holds a page of any size.
#[cfg(not(forkexec_nsexec))]
pub struct BeforeGuard {
    start: usize,
    /// The first address of the guard.
    pub end: usize,
}

#[cfg(not(forkexec_nsexec))]
const GUARD: usize = 64 * 1024;

/// mmap(2), mprotect(2). The length is a multiple of the guard's.
#[cfg(not(forkexec_nsexec))]
pub fn map_before_guard(length: usize) -> Answer<BeforeGuard> {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    let start = call!(MMAP, 0, length.saturating_add(GUARD), PROT_READ | PROT_WRITE, flags, usize::MAX, 0)?;
    let memory = BeforeGuard { start, end: start.saturating_add(length) };
    match call!(MPROTECT, memory.end, GUARD, PROT_NONE) {
        Ok(_) => Ok(memory),
        Err(errno) => unmap_before_guard(memory).and(Err(errno)),
    }
}

/// munmap(2)
#[cfg(not(forkexec_nsexec))]
pub fn unmap_before_guard(memory: BeforeGuard) -> Answer {
    call!(MUNMAP, memory.start, memory.end.saturating_sub(memory.start).saturating_add(GUARD)).map(drop)
}
