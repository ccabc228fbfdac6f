//! Runs helpers that map the ids which the kernel does not let the caller map: newuidmap(1), newgidmap(1).

use super::child::Child;
use super::failure::Failure;
use super::host;
use super::process::End;
use super::start::start;
use crate::attr::{Accepted, Attr};
use crate::base::bounded_text::BoundedText;
use crate::fallible::{NoMemory, Reserved, push};
use crate::plan::{Purpose, Request, Strings};
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};
use core::ptr::null;
use nix::errno::Errno;

/// Runs a helper for a process and waits for its end. `None`: other code of this process has reaped it.
pub fn run(path: &CStr, pid: i32, map: &[u8]) -> Result<Option<End>, Errno> {
    let no_memory = |_| Errno::ENOMEM;
    let arguments = arguments(pid, map).map_err(no_memory)?;
    let mut vector: Vec<*const c_char> = Vec::new();
    let each = arguments.split_inclusive(|byte| *byte == 0).map(|text| text.as_ptr().cast());
    [path.as_ptr()]
        .into_iter()
        .chain(each)
        .chain([null()])
        .try_for_each(|text| push(&mut vector, text))
        .map_err(no_memory)?;
    let mut attr = Attr::default();
    ask(&mut attr).map_err(|refused| Errno::from_raw(refused.code))?;
    let nothing = [null()];
    // SAFETY: a vector of our own that ends with NULL, of strings that end with NUL.
    let argv = unsafe { Strings::new(vector.as_ptr()) };
    // SAFETY: a vector of our own that ends with NULL.
    let envp = unsafe { Strings::new(nothing.as_ptr()) };
    let host = host::host();
    let request = Request { attr: &attr, path: Some(path), argv, envp, purpose: Purpose::Spawn, host };
    let memory: Reserved<Child> = Reserved::new().map_err(no_memory)?;
    let child = start(request, memory, run).map_err(|Failure { code, .. }| Errno::from_raw(code))?;
    let mut end = None;
    loop {
        match child.wait(None, true, |waited| end = Some(End { code: waited.code, status: waited.status })) {
            Err(Errno::EINTR) => (),
            Err(Errno::ECHILD) | Ok(()) => return Ok(end),
            Err(errno) => return Err(errno),
        }
    }
}

/// The helper has no input and no output, and the default actions for signals.
fn ask(attr: &mut Attr) -> Accepted {
    (0..3).try_for_each(|fd| attr.fds.open_fd(fd, c"/dev/null", libc::O_RDWR, 0))?;
    attr.signals.set_signal_default(u64::MAX)?;
    attr.signals.set_signal_mask(0)
}

/// The pid and each number of the map, each with a NUL behind it.
fn arguments(pid: i32, map: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut text = Vec::new();
    text.try_reserve_exact(16 + map.len()).map_err(|_| NoMemory)?;
    text.extend_from_slice(BoundedText::<12>::numbered(b"", pid).bytes());
    text.push(0);
    text.extend(map.iter().map(|byte| if byte.is_ascii_digit() { *byte } else { 0 }));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_an_argument() {
        let text = arguments(77, b"0 1000 1\n1 100000 65536\n").expect("memory");
        assert_eq!(text, b"77\x000\x001000\x001\x001\x00100000\x0065536\x00");
    }
}
