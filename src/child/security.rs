//! The session keyring, and the label of the program.

use super::proc_files::is_of_proc;
use super::state::At;
use crate::base::kernel_file;
use crate::sealed::{Text, keyring};
use crate::sys::abi::{
    AT_FDCWD, ENOSYS, EOPNOTSUPP, O_CLOEXEC, O_DIRECTORY, O_PATH, O_WRONLY, OpenHow, PROC_ROOT_INO, RESOLVE_BENEATH,
    RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV,
};
use crate::sys::{self, Answer, Errno};

/// keyctl(2)
pub fn session_keyring(at: &mut At) -> Answer {
    if at.plan.keyring == keyring::NONE {
        return Ok(());
    }
    let name = at.plan.text(at.plan.keyring_name).unwrap_or(core::ptr::null());
    // SAFETY: plan::lower guarantees a NUL-terminated name, or none.
    match unsafe { sys::join_session_keyring(name) } {
        Err(Errno(ENOSYS)) if at.plan.keyring == keyring::IF_THERE_ARE => Ok(()),
        answer => {
            at.keyring = answer?;
            Ok(())
        }
    }
}

/// keyctl(2)
pub fn keyring_permissions(at: &mut At) -> Answer {
    match at.plan.keyring_permissions.get() {
        Some(permissions) if at.keyring > 0 => sys::set_key_permissions(at.keyring, permissions),
        _ => Ok(()),
    }
}

/// Opens the caller's procfs, to which the label and inner id maps are written later, before others can mount something else
/// at its path. The inode of its root shows that this is the root of a procfs, and not a directory in one.
pub fn hold_proc(at: &mut At) -> Answer {
    if at.plan.needs_proc == 0 {
        return Ok(());
    }
    let path = c"/proc".as_ptr().cast();
    // SAFETY: the path is a NUL-terminated literal.
    at.proc = unsafe { sys::openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)? };
    is_of_proc(at.proc)?;
    let [_, inode] = sys::identity(at.proc)?;
    if inode == PROC_ROOT_INO { Ok(()) } else { Err(Errno(EOPNOTSUPP)) }
}

/// proc_pid_attr(5)
pub fn exec_label(at: &mut At) -> Answer {
    label(at, at.plan.text(at.plan.label_path), at.plan.label)
}

/// proc_pid_attr(5)
pub fn apparmor_profile(at: &mut At) -> Answer {
    label(at, at.plan.text(at.plan.profile_path), at.plan.profile)
}

/// proc_pid_attr(5). The last of the labels.
pub fn keyring_label(at: &mut At) -> Answer {
    label(at, Some(c"self/attr/keycreate".as_ptr().cast()), at.plan.keyring_label)?;
    if at.proc < 0 {
        return Ok(());
    }
    sys::close(core::mem::replace(&mut at.proc, -1))
}

/// Written by a path of `self`, since the process may be another one by now, and never to a file that is mounted over it.
fn label(at: &At, path: Option<*const u8>, label: Text) -> Answer {
    let (Some(path), false) = (path, label.is_empty()) else { return Ok(()) };
    let resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
    let how = OpenHow { flags: (O_WRONLY | O_CLOEXEC) as u64, mode: 0, resolve };
    // SAFETY: plan::lower guarantees a NUL-terminated path, or it is a literal.
    let file = unsafe { sys::openat2(at.proc, path, &how)? };
    kernel_file::write_and_close(file, at.plan.bytes(label))
}
