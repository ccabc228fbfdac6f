//! The ends that connect child and caller, where the child makes them itself: in its own table they get low numbers.

use super::sealed::Wiring;
use super::sealed::ends::{FETCHED, READER};
use super::sys::abi::{
    EINTR, EIO, F_ADD_SEALS, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE, POLLIN, PR_SET_PDEATHSIG, PollFd,
    SIGKILL, Timespec,
};
use super::sys::{self, Answer, Errno};
use super::{At, program, talk};
use core::slice;

/// Puts them where the caller will fetch them. Until it has, no end of its own tells the child of the caller's death.
pub fn make(at: &mut At) -> Answer {
    if at.wiring.makes_ends == 0 {
        return Ok(());
    }
    sys::prctl(PR_SET_PDEATHSIG, SIGKILL as usize, 0)?;
    place(sys::eventfd()?, at.go)?;
    place(sys::eventfd()?, number(at, FETCHED))?;
    let [reader, reports] = sys::pipe()?;
    // In this order neither is in the other's way: the kernel gave the lowest numbers there were.
    place(reports, at.reports)?;
    place(reader, number(at, READER))
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

/// Waits until the caller has its ends. That it died before the child asked to be told cannot be seen from a new pid
/// namespace, so this does not wait for ever; a caller that was only slow makes another child.
pub fn hand_over(at: &mut At) -> Answer {
    if at.wiring.makes_ends == 0 {
        return Ok(());
    }
    let mut fetched = [PollFd { fd: number(at, FETCHED), events: POLLIN, revents: 0 }];
    loop {
        match sys::poll(&mut fetched, Some(&Timespec { seconds: 1, nanoseconds: 0 })) {
            Err(Errno(EINTR)) => continue,
            Ok(0) => sys::exit(program::FAILED),
            answer => drop(answer?),
        }
        break;
    }
    sys::close(number(at, FETCHED))?;
    sys::close(number(at, READER))?;
    sys::prctl(PR_SET_PDEATHSIG, 0, 0)?;
    talk::die_with_caller(at)
}

/// A file of the image, where the caller's own has too high a number.
pub fn image(wiring: &Wiring) -> Answer<i32> {
    // SAFETY: parent::image guarantees the bytes.
    let bytes = unsafe { slice::from_raw_parts(wiring.image_bytes as *const u8, wiring.image_length as usize) };
    // SAFETY: the name is a NUL-terminated literal.
    let fd = unsafe { sys::memfd(c"forkexec".as_ptr().cast(), wiring.image_flags)? };
    if sys::write(fd, bytes)? != bytes.len() {
        return Err(Errno(EIO));
    }
    // As the caller's own is: whoever opens /proc/PID/exe cannot change what runs.
    sys::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)?;
    Ok(fd)
}
