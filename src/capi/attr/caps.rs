//! Capabilities, securebits and no_new_privs.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::c_int;

/// Makes some of the program's capability sets exactly mask.
///
/// sets names them: one or more of FORKEXEC_CAP_PERMITTED, FORKEXEC_CAP_EFFECTIVE, FORKEXEC_CAP_INHERITABLE and
/// FORKEXEC_CAP_BOUNDING. The other sets stay as they are. Bit n of mask stands for capability n. For each set the last
/// call wins.
///
/// These are the sets before the exec, which computes the program's own from them and from the file: a program that
/// does not run as root keeps only what is ambient too. A change of uid does not lose them.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or sets is 0 or has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: drop_capabilities was called, the effective or ambient set is not within the
///   permitted one, or this kernel does not know a capability.
/// FORKEXEC_STAGE_BOUNDING, EPERM: CAP_SETPCAP is missing. The error's index is the number of the capability.
/// FORKEXEC_STAGE_KEEP_CAPS, with the errno of prctl(2).
/// FORKEXEC_STAGE_EFFECTIVE, with the errno of capset(2).
/// FORKEXEC_STAGE_CAPABILITIES, EPERM: the child does not have all of them.
///
/// See capabilities(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_capabilities(attr: *mut forkexec_attr, sets: u32, mask: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_capabilities", |attr| attr.caps.set_capabilities(sets, mask))
}

/// Empties all five capability sets of the program.
///
/// These are the permitted, effective, inheritable, bounding and ambient set. With an empty bounding set the program
/// gains no capability by an exec, even as root or from its file. With set_no_new_privs no exec grants any, and a
/// caller without CAP_SETPCAP leaves the bounding set as it is. set_capabilities and set_ambient contradict this.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_capabilities or set_ambient was called.
/// FORKEXEC_STAGE_BOUNDING, EPERM: CAP_SETPCAP is missing. The error's index is the number of the capability.
/// FORKEXEC_STAGE_AMBIENT, with the errno of prctl(2).
/// FORKEXEC_STAGE_CAPABILITIES, with the errno of capset(2).
///
/// See capabilities(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_drop_capabilities(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "drop_capabilities", |attr| attr.caps.drop_capabilities())
}

/// Makes the ambient capability set of the program exactly mask.
///
/// Bit n of mask stands for capability n. A program that does not run as root, and whose file has no capabilities, has
/// the ambient ones after the exec. They are added to the permitted and inheritable sets, unless set_capabilities says
/// otherwise. 0 clears an ambient set of the caller's. The last call wins.
///
/// Example:
///
///     forkexec_attr_set_uid(attr, 1000);
///     forkexec_attr_set_ambient(attr, UINT64_C(1) << CAP_NET_BIND_SERVICE);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: drop_capabilities was called, set_capabilities asks for a permitted or inheritable
///   set without them, or this kernel does not know a capability.
/// FORKEXEC_STAGE_KEEP_CAPS, with the errno of prctl(2).
/// FORKEXEC_STAGE_AMBIENT, EPERM: the child does not have a capability, or the securebits forbid it.
///
/// See PR_CAP_AMBIENT(2const), capabilities(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_ambient(attr: *mut forkexec_attr, mask: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_ambient", |attr| attr.caps.set_ambient(mask))
}

/// Sets the securebits of the program to exactly bits.
///
/// They are SECBIT_NOROOT 1, SECBIT_NO_SETUID_FIXUP 4, SECBIT_KEEP_CAPS 16 and SECBIT_NO_CAP_AMBIENT_RAISE 64, and for
/// each the lock, which is twice its value. They are set after the ids change. The exec clears SECBIT_KEEP_CAPS. The
/// last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or bits has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SECUREBITS, EPERM: CAP_SETPCAP is missing, or a lock is set.
///
/// See PR_SET_SECUREBITS(2const), capabilities(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_securebits(attr: *mut forkexec_attr, bits: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_securebits", |attr| attr.caps.set_securebits(bits))
}

/// Keeps the program and its descendants from gaining privileges by an exec.
///
/// The bits set-user-id and set-group-id and the capabilities of files then do nothing.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NO_NEW_PRIVS, with the errno of prctl(2).
///
/// See PR_SET_NO_NEW_PRIVS(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_no_new_privs(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_no_new_privs", |attr| attr.caps.set_no_new_privs())
}
