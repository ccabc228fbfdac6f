//! The working directory of the program.

use super::state::At;
use crate::sealed::cwd_rights;
use crate::stage::Stage;
use crate::sys::abi::{EACCES, ENOENT, EPERM};
use crate::sys::{self, Answer, Errno};

/// chdir(2), fchdir(2), with the ids and capabilities that the caller has. If the
/// directory lies outside the root, the spawn fails here, before the program's ids are set.
pub fn before_ids(at: &mut At) -> Answer {
    let rights = at.plan.cwd_rights;
    if rights == cwd_rights::PROGRAM {
        return Ok(());
    }
    match go(at) {
        Err(Errno(EACCES | EPERM)) if rights == cwd_rights::EITHER => return Ok(()),
        answer => answer?,
    }
    at.stage = Stage::CwdCheck;
    check(at)?;
    at.in_cwd = true;
    Ok(())
}

/// chdir(2), fchdir(2)
pub fn enter(at: &mut At) -> Answer {
    if at.in_cwd { Ok(()) } else { go(at) }
}

fn go(at: &At) -> Answer {
    match at.plan.text(at.plan.cwd) {
        // SAFETY: plan::lower guarantees a NUL-terminated path.
        Some(path) => unsafe { sys::chdir(path) },
        None if at.plan.cwd_fd >= 0 => sys::fchdir(at.plan.cwd_fd),
        None => Ok(()),
    }
}

/// getcwd(2), of a directory that a descriptor or a link of /proc may have led out to
pub fn check(at: &mut At) -> Answer {
    if at.plan.cwd_check == 0 || at.in_cwd { Ok(()) } else { stays_inside(at) }
}

/// A directory outside the root has no path, and would be a way out of it.
pub fn stays_inside(at: &At) -> Answer {
    if at.plan.other_root == 0 {
        return Ok(());
    }
    let mut path = [0u8; 4096];
    sys::getcwd(&mut path)?;
    if path.first() == Some(&b'/') { Ok(()) } else { Err(Errno(ENOENT)) }
}
