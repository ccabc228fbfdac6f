//! Session, process group and terminal. All signals are blocked, so no terminal can stop the child here.

use super::state::At;
use crate::sys::abi::{AT_FDCWD, ENOTTY, O_CLOEXEC, O_NOCTTY, O_RDWR, TIOCNOTTY, TIOCSCTTY, TIOCSPGRP};
use crate::sys::{self, Answer, Errno};

/// By /dev/tty, which is the controlling terminal; else by whichever standard stream is.
pub fn detach_terminal(at: &mut At) -> Answer {
    if at.plan.detach_terminal == 0 {
        return Ok(());
    }
    // SAFETY: the path is a NUL-terminated literal.
    let tty = unsafe { sys::openat(AT_FDCWD, c"/dev/tty".as_ptr().cast(), O_RDWR | O_NOCTTY | O_CLOEXEC, 0) };
    if let Ok(tty) = tty {
        let detached = sys::ioctl(tty, TIOCNOTTY, 0);
        sys::close(tty)?;
        return detached;
    }
    if (0..3).any(|fd| sys::ioctl(fd, TIOCNOTTY, 0).is_ok()) { Ok(()) } else { Err(Errno(ENOTTY)) }
}

/// setsid(2)
pub fn session(at: &mut At) -> Answer {
    if at.plan.session == 0 { Ok(()) } else { sys::setsid() }
}

/// setpgid(2)
pub fn process_group(at: &mut At) -> Answer {
    at.plan.group.get().map_or(Ok(()), |group| sys::setpgid(0, group))
}

/// TIOCSCTTY(2const): taken from another session where privilege allows
pub fn controlling_terminal(at: &mut At) -> Answer {
    if at.plan.terminal < 0 { Ok(()) } else { sys::ioctl(at.plan.terminal, TIOCSCTTY, 1) }
}

/// TIOCSPGRP(2const)
pub fn foreground(at: &mut At) -> Answer {
    if at.plan.foreground < 0 {
        return Ok(());
    }
    let mut group = match at.plan.group.get() {
        Some(group) if group > 0 => group,
        _ => sys::getpid(),
    };
    sys::ioctl_with(at.plan.foreground, TIOCSPGRP, &mut group)
}
