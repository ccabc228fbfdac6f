//! The program: its candidates, its vectors, and where it starts.

use super::sealed::{List, Text};
use super::{Draft, Fault, Request, Step};
use crate::attr::exec::{Cwd, Search};
use crate::attr::owned::push;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};
use core::marker::PhantomData;

/// A NULL-terminated vector of the C caller's; may be no vector at all.
#[derive(Clone, Copy)]
pub struct Strings<'a> {
    vector: *const *const c_char,
    of: PhantomData<&'a CStr>,
}

impl<'a> Strings<'a> {
    /// # Safety
    /// `vector` is NULL, or a NULL-terminated vector of NUL-terminated strings that stay for `'a`.
    pub unsafe fn new(vector: *const *const c_char) -> Strings<'a> {
        Strings { vector, of: PhantomData }
    }

    pub fn iter(self) -> impl Iterator<Item = &'a CStr> {
        let mut next = self.vector;
        core::iter::from_fn(move || {
            if next.is_null() {
                return None;
            }
            // SAFETY: C caller guarantees a NULL-terminated vector, and NULL has not been met yet.
            let text = unsafe { next.read() };
            if text.is_null() {
                return None;
            }
            // SAFETY: C caller guarantees that the vector goes on, or ends with NULL, behind a string.
            next = unsafe { next.add(1) };
            // SAFETY: C caller guarantees a NUL-terminated string.
            Some(unsafe { CStr::from_ptr(text) })
        })
    }

    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

/// The longest pid there is.
const PID_DIGITS: [u8; 10] = [0; 10];

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    if request.attr.exec.asked() {
        surroundings(request, draft)?;
    }
    if draft.plan.execs == 0 {
        return Ok(());
    }
    match request.attr.exec.fd {
        Some(fd) => draft.plan.exec_fd = draft.need(fd, "set_exec_fd")?,
        None => candidates(request, draft)?,
    }
    vectors(request, draft)
}

/// Where the program starts, and what is done around its exec.
fn surroundings(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.exec;
    draft.plan.busy_retry_ms = asked.busy_retry_ms;
    draft.plan.trace = asked.ptrace as u32;
    draft.plan.stop = asked.stop as u32;
    match &asked.cwd {
        Some(Cwd::Path(path)) => draft.plan.cwd = draft.arena.text(path.as_cstr())?,
        Some(Cwd::Fd(fd)) => draft.plan.cwd_fd = draft.need(*fd, "set_cwd_fd")?,
        None => (),
    }
    // Only a directory that was opened before the root changed can lie outside of it.
    draft.plan.cwd_check = (draft.plan.cwd_fd >= 0 && request.attr.mounts.chroot.is_some()) as u32;
    Ok(())
}

/// The paths to try, in order.
fn candidates(request: &Request, draft: &mut Draft) -> Step<()> {
    let path = request.path.unwrap_or(c"").to_bytes();
    let directories = asked_search(request).filter(|_| !path.contains(&b'/') && !path.is_empty());
    draft.plan.searched = directories.is_some() as u32;
    let mut paths: Vec<Text> = Vec::new();
    match directories {
        None => push(&mut paths, draft.arena.joined(&[path])?)?,
        Some(list) => {
            for directory in list.split(|byte| *byte == b':') {
                // An empty directory is the working directory, as POSIX has it.
                let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
                push(&mut paths, draft.arena.joined(&[directory, separator, path])?)?;
            }
        }
    }
    draft.plan.candidates = draft.arena.list(&paths)?;
    Ok(())
}

fn asked_search<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    request.attr.exec.search.as_ref().map(|search| match search {
        Search::Default => b"/bin:/usr/bin",
        Search::List(list) => list.as_cstr().to_bytes(),
    })
}

/// argv and envp: the strings, and the offsets that sealing turns into addresses.
fn vectors(request: &Request, draft: &mut Draft) -> Step<()> {
    let mut pointers: Vec<u64> = Vec::new();
    pointers.try_reserve(64).map_err(|_| Fault::no_memory())?;
    for text in request.argv.iter() {
        push(&mut pointers, draft.arena.text(text)?.offset as u64)?;
    }
    push(&mut pointers, 0)?;
    let argc = pointers.len() as u32;
    let pid_variable = request.attr.exec.pid_variable.as_ref().map(|name| name.as_cstr().to_bytes());
    for text in request.envp.iter().filter(|text| !pid_variable.is_some_and(|name| names(text, name))) {
        push(&mut pointers, draft.arena.text(text)?.offset as u64)?;
    }
    if let Some(name) = pid_variable {
        let entry = draft.arena.joined(&[name, b"=", &PID_DIGITS])?;
        draft.plan.pid_digits = List::at(entry.offset + name.len() as u32 + 1, PID_DIGITS.len() as u32);
        push(&mut pointers, entry.offset as u64)?;
    }
    push(&mut pointers, 0)?;
    draft.plan.pointers = draft.arena.list(&pointers)?;
    draft.plan.argv = draft.plan.pointers.offset;
    draft.plan.envp = draft.plan.pointers.offset.checked_add(argc * 8).ok_or(Fault::too_big())?;
    Ok(())
}

/// Whether an entry of an environment is of this name.
fn names(entry: &CStr, name: &[u8]) -> bool {
    entry.to_bytes().strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'='))
}
