//! Open descriptors, found without close_range(2) and without /proc: poll(2) tells which of a block of numbers are not
//! open, and select(2) tells where the table ends, so that no number is asked for that cannot be open.

use crate::sys::abi::{EFAULT, EINTR, POLLNVAL, PollFd, RLIMIT_NOFILE, Timespec};
use crate::sys::{self, Answer, Errno};

/// How many numbers one poll(2) asks for.
const BLOCK: usize = 256;
/// No table is larger by default: fs.nr_open.
const USUAL_END: u32 = 1 << 20;
/// No number is higher, whatever fs.nr_open is: sysctl_nr_open_max.
const LAST_END: u32 = i32::MAX as u32;

/// Closes what is open and unneeded, in a table that is this process's own.
pub fn close(unneeded: &impl Fn(u32) -> bool) -> Answer {
    let end = end_of_table();
    // poll(2) takes no more descriptors than this limit has room for.
    let soft = sys::get_rlimit(RLIMIT_NOFILE).map_or(0, |limit| limit.soft);
    let block = BLOCK.min(soft.min(BLOCK as u64) as usize);
    let mut first = 0;
    while first < end {
        first = match close_block(first, end, block, unneeded) {
            Some(next) => next,
            // Where poll(2) is not to be had, each number is tried.
            None => {
                (first..end).filter(|fd| unneeded(*fd)).for_each(close_whatever_it_is);
                end
            }
        };
    }
    Ok(())
}

/// Closes what is open and unneeded of a block, and returns the number after it; `None` where nothing can be asked.
fn close_block(first: u32, end: u32, block: usize, unneeded: &impl Fn(u32) -> bool) -> Option<u32> {
    const NOTHING: PollFd = PollFd { fd: -1, events: 0, revents: 0 };
    let mut fds = [NOTHING; BLOCK];
    let fds = fds.get_mut(..block).filter(|fds| !fds.is_empty())?;
    let mut next = first;
    for place in fds.iter_mut() {
        // A negative number is one that poll(2) passes over.
        place.fd = if next < end { next as i32 } else { -1 };
        next = next.saturating_add(1);
    }
    loop {
        match sys::poll(fds, Some(&NOW)) {
            Err(Errno(EINTR)) => (),
            Err(_) => return None,
            Ok(_) => break,
        }
    }
    let is_open = |place: &&PollFd| place.fd >= 0 && place.revents & POLLNVAL == 0;
    let unneeded = fds.iter().filter(is_open).filter(|place| unneeded(place.fd as u32));
    unneeded.for_each(|place| close_whatever_it_is(place.fd as u32));
    Some(next.min(end))
}

/// An error of close(2) is of what was behind the descriptor, which is closed all the same.
fn close_whatever_it_is(fd: u32) {
    let _ = sys::close(fd as i32);
}

const NOW: Timespec = Timespec { seconds: 0, nanoseconds: 0 };

/// The number after the last that may be open. A table is not larger than twice the highest number that was open when this
/// process got it. Where that cannot be learnt, the limit tells, though there may be descriptors above a lowered one.
fn end_of_table() -> u32 {
    let known = [1 << 22, LAST_END].into_iter().find_map(|most| end_of_table_below(most).ok().flatten());
    known.unwrap_or_else(|| {
        let hard = sys::get_rlimit(RLIMIT_NOFILE).map_or(USUAL_END as u64, |limit| limit.hard);
        hard.clamp(USUAL_END as u64, LAST_END as u64) as u32
    })
}

/// select(2) takes the number of descriptors to look at for that of the table, where that is smaller, and then reads a bit
/// for each. Behind the end of readable memory it can do so only if the table is small enough. `None`: it is larger.
fn end_of_table_below(most: u32) -> Answer<Option<u32>> {
    const WORD: usize = 8;
    let length = (most as usize).div_ceil(64).saturating_mul(WORD);
    let memory = sys::map_before_guard(length)?;
    let mut bytes = WORD;
    let found = loop {
        if bytes > length {
            break Ok(None);
        }
        // SAFETY: these are the last bytes of the memory just mapped.
        match unsafe { sys::select_all(memory.end.wrapping_sub(bytes) as *mut u8, &NOW) } {
            Err(Errno(EINTR)) => (),
            Err(Errno(EFAULT)) => bytes = bytes.saturating_mul(2),
            // EBADF cannot be, for no bit is set, and would tell the same: that the bits were read.
            Ok(()) => break Ok(Some((bytes.saturating_mul(8)).min(LAST_END as usize) as u32)),
            Err(errno) => break Err(errno),
        }
    };
    sys::unmap_before_guard(memory)?;
    found
}
