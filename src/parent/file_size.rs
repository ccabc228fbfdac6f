//! Makes files in memory larger than RLIMIT_FSIZE allows the caller. The kernel sends SIGXFSZ, which kills, to a process that
//! makes a file larger than its soft limit, and a memfd is a file. Here the caller's limit may be small: the files are made if
//! the hard limit allows it, and the caller gets no signal.

use super::trial;
use crate::sys::abi::{CLONE_FILES, CLONE_VFORK, CLONE_VM, EFBIG, EINTR, ENOSPC, RLIMIT_FSIZE, Rlimit64, SIGXFSZ};
use crate::sys::{self, Errno};
use core::ffi::c_void;

/// SIGXFSZ in a set of signals.
const EXCEEDED: u64 = 1 << (SIGXFSZ - 1);

/// Whether this process may make a file of so many bytes, as far as its limit can be read.
pub fn allows(bytes: u64) -> bool {
    sys::get_rlimit(RLIMIT_FSIZE).map_or(true, |limit| bytes <= limit.soft)
}

/// Gives an empty file its size. All signals are blocked, and `mask` was the mask before. EFBIG: neither
/// the limit nor what the process may raise it to allows the size.
pub fn extend(fd: i32, bytes: u64, mask: u64) -> Result<(), Errno> {
    make(&Order { fd, bytes, content: &[] }, mask)
}

/// The same with its content.
pub fn fill(fd: i32, content: &[u8], mask: u64) -> Result<(), Errno> {
    make(&Order { fd, bytes: content.len() as u64, content }, mask)
}

/// A file that is to have a size, and content, if there is any.
struct Order<'a> {
    fd: i32,
    bytes: u64,
    content: &'a [u8],
}

impl Order<'_> {
    /// Continues where an earlier attempt has stopped.
    fn carry_out(&self) -> Result<(), Errno> {
        if self.content.is_empty() {
            return sys::ftruncate(self.fd, self.bytes);
        }
        let mut rest = self.content.get(sys::size(self.fd)? as usize..).unwrap_or_default();
        while !rest.is_empty() {
            match sys::write(self.fd, rest) {
                Ok(0) => return Err(Errno(ENOSPC)),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno(EINTR)) => (),
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

fn make(order: &Order, mask: u64) -> Result<(), Errno> {
    if allows(order.bytes) {
        match make_here(order, mask) {
            // Another thread has lowered the limit meanwhile, or the limit could not be read.
            Err(Errno(EFBIG)) => (),
            answer => return answer,
        }
    }
    make_in_child(order)
}

fn make_here(order: &Order, mask: u64) -> Result<(), Errno> {
    // A signal that the caller blocks may be pending already. That one is the caller's, and stays.
    let callers = mask & EXCEEDED != 0 && sys::pending_signals().map_or(true, |pending| pending & EXCEEDED != 0);
    let answer = order.carry_out();
    if answer == Err(Errno(EFBIG)) && !callers {
        // The kernel sent it to this thread, where it is blocked.
        let _ = sys::take_pending(EXCEEDED);
    }
    answer
}

/// Each process has its own limits: a child that shares memory and descriptors raises its own, and makes the file.
fn make_in_child(order: &Order) -> Result<(), Errno> {
    // SAFETY: `raise_and_make` makes system calls and exits; it only reads the order, which outlives it.
    unsafe { trial::run(CLONE_VM | CLONE_VFORK | CLONE_FILES, raise_and_make, (&raw const *order).cast()) }?;
    // The size tells whether it was done; other code may have reaped the child.
    if sys::size(order.fd)? == order.bytes { Ok(()) } else { Err(Errno(EFBIG)) }
}

unsafe extern "C" fn raise_and_make(order: *const c_void) -> ! {
    // SAFETY: `make_in_child` guarantees the order until this child is gone.
    let order = unsafe { &*order.cast::<Order>() };
    let raised = sys::get_rlimit(RLIMIT_FSIZE).and_then(|Rlimit64 { soft, hard }| {
        let limit = Rlimit64 { soft: soft.max(order.bytes), hard: hard.max(order.bytes) };
        sys::set_rlimit(0, RLIMIT_FSIZE, &limit)
    });
    let _ = raised.and_then(|()| order.carry_out());
    sys::exit(0)
}

#[cfg(test)]
mod tests {
    use super::super::blocked_signals::BlockedSignals;
    use super::*;

    fn in_fork(body: fn()) {
        // SAFETY: kernel contract, man 2 fork; the body makes system calls, and a failed assertion aborts.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            body();
            sys::exit(0);
        }
        let mut status = -1;
        // SAFETY: kernel contract, man 2 waitpid.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(status, 0);
    }

    fn file() -> i32 {
        // SAFETY: a NUL-terminated literal.
        unsafe { sys::memfd(c"test".as_ptr().cast(), 0) }.expect("a memfd")
    }

    #[test]
    fn a_small_soft_limit_is_no_obstacle_and_stays() {
        in_fork(|| {
            let before = sys::get_rlimit(RLIMIT_FSIZE).expect("a limit");
            let limit = Rlimit64 { soft: 100, hard: before.hard };
            sys::set_rlimit(0, RLIMIT_FSIZE, &limit).expect("lower");
            assert!(allows(100) && !allows(101));
            let fd = file();
            let quiet = BlockedSignals::block().expect("quiet");
            assert_eq!(extend(fd, 4096, quiet.mask()), if before.hard >= 4096 { Ok(()) } else { Err(Errno(EFBIG)) });
            assert_eq!(sys::pending_signals().expect("pending") & EXCEEDED, 0);
            assert_eq!(sys::get_rlimit(RLIMIT_FSIZE).expect("a limit").soft, 100);
        });
    }

    #[test]
    fn a_file_is_filled_whatever_part_was_written_before() {
        in_fork(|| {
            let before = sys::get_rlimit(RLIMIT_FSIZE).expect("a limit");
            sys::set_rlimit(0, RLIMIT_FSIZE, &Rlimit64 { soft: 100, hard: before.hard }).expect("lower");
            let (fd, content) = (file(), [7u8; 4096]);
            let quiet = BlockedSignals::block().expect("quiet");
            let order = Order { fd, bytes: 4096, content: &content };
            assert_eq!(make_here(&order, quiet.mask()), Err(Errno(EFBIG)));
            assert_eq!(sys::size(fd), Ok(100));
            if before.hard >= 4096 {
                assert_eq!(fill(fd, &content, quiet.mask()), Ok(()));
                assert_eq!(sys::size(fd), Ok(4096));
                let (fd, quiet) = (file(), BlockedSignals::block().expect("quiet"));
                assert_eq!(extend(fd, 4096, quiet.mask()), Ok(()));
                assert_eq!(sys::size(fd), Ok(4096));
            }
        });
    }

    #[test]
    fn the_signal_is_taken_away_unless_it_is_the_callers() {
        in_fork(|| {
            sys::set_rlimit(0, RLIMIT_FSIZE, &Rlimit64 { soft: 100, hard: 100 }).expect("lower");
            let fd = file();
            let quiet = BlockedSignals::block().expect("quiet");
            assert_eq!(make_here(&Order { fd, bytes: 4096, content: &[] }, quiet.mask()), Err(Errno(EFBIG)));
            assert_eq!(sys::pending_signals().expect("pending") & EXCEEDED, 0);
            // SAFETY: kernel contract, man 3 raise: blocked here.
            unsafe { libc::raise(SIGXFSZ) };
            assert_eq!(make_here(&Order { fd, bytes: 4096, content: &[] }, EXCEEDED), Err(Errno(EFBIG)));
            assert_eq!(sys::pending_signals().expect("pending") & EXCEEDED, EXCEEDED);
            assert_eq!(sys::take_pending(EXCEEDED), Ok(SIGXFSZ));
        });
    }
}
