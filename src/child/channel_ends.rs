//! The descriptors that connect child and caller, where the child makes them: in its own table it has low numbers to give.

use super::state::At;
use super::{channel, exit};
use crate::page::PAGE;
use crate::sealed::Wiring;
use crate::sealed::ends::READER;
use crate::sys::abi::{
    EAGAIN, EBADF, EINTR, EINVAL, EIO, ETIMEDOUT, F_ADD_SEALS, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE,
    MFD_ALLOW_SEALING, MFD_NOEXEC_SEAL, PR_SET_PDEATHSIG, SIGKILL, Timespec,
};
use crate::sys::{self, Answer, Errno};
use core::slice;
use core::sync::atomic::Ordering;

/// Makes them at the numbers from which the caller will fetch them. Until then only the parent-death signal tells the child
/// that the caller has ended.
pub fn make(at: &mut At) -> Answer {
    if at.wiring.makes_ends == 0 {
        return Ok(());
    }
    sys::prctl(PR_SET_PDEATHSIG, SIGKILL as usize, 0)?;
    // The kernel gives the lowest free number: in this order no descriptor takes the number of a later one.
    if at.go >= 0 {
        place(sys::eventfd()?, at.go)?;
        let [reader, lifeline] = sys::pipe()?;
        place(lifeline, at.lifeline)?;
        place(reader, number(at, READER))?;
    }
    place(make_page()?, at.wiring.page_fd)
}

/// A file of one page, whose size is sealed. If somebody made it shorter, a process that has it mapped would get SIGBUS.
fn make_page() -> Answer<i32> {
    // SAFETY: the name is a NUL-terminated literal.
    let create = |flags| unsafe { sys::memfd(c"forkexec".as_ptr().cast(), flags) };
    // Before Linux 6.3 the kernel does not know MFD_NOEXEC_SEAL.
    let fd = match create(MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) {
        Err(Errno(EINVAL)) => create(MFD_ALLOW_SEALING)?,
        made => made?,
    };
    sys::ftruncate(fd, PAGE as u64)?;
    sys::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)?;
    Ok(fd)
}

/// The caller may have closed the library's descriptor and opened another file at its number: the image must not write there.
pub fn page_is_ours(wiring: &Wiring) -> Answer {
    let is_ours = wiring.makes_ends != 0 || sys::identity(wiring.page_fd)? == wiring.page_identity;
    if is_ours { Ok(()) } else { Err(Errno(EBADF)) }
}

/// The same for the file of strings, which the image would execute.
pub fn strings_are_ours(wiring: &Wiring) -> Answer {
    let is_ours = wiring.strings_fd < 0 || sys::identity(wiring.strings_fd)? == wiring.strings_identity;
    if is_ours { Ok(()) } else { Err(Errno(EBADF)) }
}

fn number(at: &At, place: u32) -> i32 {
    at.wiring.above.saturating_add(place) as i32
}

fn place(fd: i32, number: i32) -> Answer {
    if fd == number {
        return Ok(());
    }
    sys::dup3(fd, number, 0)?;
    sys::close(fd)
}

/// How many tenths of a second the child waits for the caller.
const PATIENCE: u32 = 10;

/// Waits until the caller has its ends, but not for ever: in a new pid namespace the child cannot see whether the caller ended
/// before the parent-death signal was set. A caller that was only slow makes another child.
pub fn hand_over(at: &mut At) -> Answer {
    if at.wiring.makes_ends == 0 {
        return Ok(());
    }
    until_fetched(at)?;
    if at.go >= 0 {
        sys::close(number(at, READER))?;
    }
    sys::close(at.wiring.page_fd)?;
    sys::prctl(PR_SET_PDEATHSIG, 0, 0)?;
    channel::die_with_caller(at)
}

/// Looks every tenth of a second, should a filter forbid futex(2) to the caller.
fn until_fetched(at: &At) -> Answer {
    let moment = Timespec { seconds: 0, nanoseconds: 100_000_000 };
    for _ in 0..PATIENCE {
        if at.page.fetched.load(Ordering::Acquire) != 0 {
            return Ok(());
        }
        match sys::futex_wait(&at.page.fetched, 0, Some(&moment)) {
            Ok(()) | Err(Errno(EINTR | EAGAIN | ETIMEDOUT)) => (),
            Err(_) => sys::sleep(&moment)?,
        }
    }
    sys::exit(exit::FAILED)
}

/// A file of the image, where the caller's own has too high a number.
pub fn image(wiring: &Wiring) -> Answer<i32> {
    // SAFETY: parent::image guarantees the bytes.
    let bytes = unsafe { slice::from_raw_parts(wiring.image_bytes as *const u8, wiring.image_length as usize) };
    // SAFETY: the name is a NUL-terminated literal.
    let fd = unsafe { sys::memfd(c"forkexec".as_ptr().cast(), wiring.image_flags)? };
    let mut rest = bytes;
    while !rest.is_empty() {
        match sys::write(fd, rest)? {
            0 => return Err(Errno(EIO)),
            written => rest = rest.get(written..).unwrap_or_default(),
        }
    }
    // As the caller's own is: whoever opens /proc/PID/exe cannot change what runs.
    sys::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)?;
    Ok(fd)
}
