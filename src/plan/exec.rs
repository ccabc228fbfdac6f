//! The program: the paths to try, and the directory in which it starts.

use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{Text, init};
use crate::attr::exec::{Cwd, Init, Search};
use crate::fallible::{Text as Owned, push};
use crate::sentences;
use crate::stage::Stage;
use alloc::vec::Vec;
use nix::fcntl::readlink;
use nix::sys::stat::{FileStat, stat};
use std::os::unix::ffi::OsStrExt;

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
    let variable = request.attr.exec.pid_variable.as_ref();
    draft.plan.pid_variable = draft.arena.maybe_text(variable.map(Owned::as_cstr))?;
    Ok(())
}

/// The working directory, and what is done just before the exec.
fn surroundings(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.exec;
    draft.plan.busy_retry_ms = asked.busy_retry_ms;
    draft.plan.trace = asked.ptrace as u32;
    draft.plan.stop = asked.stop as u32;
    draft.plan.init = match asked.init {
        None => init::NONE,
        Some(Init::EndsWithProgram) => init::ENDS_WITH_PROGRAM,
        Some(Init::Lingers) => init::LINGERS,
    };
    match &asked.cwd {
        Some(Cwd::Path(path)) => draft.plan.cwd = draft.arena.text(path.as_cstr())?,
        Some(Cwd::Fd(fd)) => draft.plan.cwd_fd = draft.need(*fd, "set_cwd_fd")?,
        None => (),
    }
    draft.plan.cwd_rights = asked.cwd_rights;
    draft.plan.cwd_check = (asked.cwd.is_some() && draft.plan.other_root != 0) as u32;
    Ok(())
}

/// The paths to try for a name without a slash, in order.
fn candidates(request: &Request, draft: &mut Draft) -> Step<()> {
    let path = request.path.unwrap_or(c"").to_bytes();
    let directories = asked_search(request).filter(|_| !path.contains(&b'/') && !path.is_empty());
    draft.plan.searched = directories.is_some() as u32;
    let Some(directories) = directories else {
        let only = draft.arena.joined(&[path])?;
        draft.plan.candidates = draft.arena.list(&[only])?;
        return Ok(());
    };
    let mut paths: Vec<Text> = Vec::new();
    for directory in directories.split(|byte| *byte == b':') {
        // POSIX: an empty directory in the list is the working directory.
        let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
        push(&mut paths, draft.arena.joined(&[directory, separator, path])?)?;
    }
    draft.plan.candidates = draft.arena.list(&paths)?;
    Ok(())
}

/// With `/proc/self/exe` the caller means its own program, but in the image that link leads to the image. So the child gets
/// the path of the caller's file. The link also gives a path if the file was replaced or deleted; that is an error.
pub fn own_file(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = request.path.unwrap_or(c"").to_bytes();
    let is_own = matches!(asked, b"/proc/self/exe" | b"/proc/thread-self/exe") && request.attr.exec.fd.is_none();
    if draft.plan.execs == 0 || !is_own {
        return Ok(());
    }
    if draft.plan.other_root != 0 {
        return Err(Fault::invalid(sentences::ABOUT_PROGRAM.text(), sentences::OWN_FILE_OUTSIDE));
    }
    let path = readlink(asked).map_err(|_| Fault::unresolved(sentences::ABOUT_PROGRAM.text()))?;
    let is_there = matches!((stat(asked), stat(path.as_bytes())), (Ok(own), Ok(there)) if same_file(&own, &there));
    if !is_there {
        let gone = Fault::invalid(sentences::ABOUT_PROGRAM.text(), sentences::OWN_FILE_GONE);
        return Err(Fault { stage: Stage::Resolve, ..gone }.code(libc::ENOENT));
    }
    let only = draft.arena.joined(&[path.as_bytes()])?;
    draft.plan.candidates = draft.arena.list(&[only])?;
    Ok(())
}

fn same_file(one: &FileStat, other: &FileStat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

fn asked_search<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    request.attr.exec.search.as_ref().map(|search| match search {
        Search::Default => b"/bin:/usr/bin",
        Search::List(list) => list.as_cstr().to_bytes(),
    })
}
