//! Capabilities, securebits and no_new_privs.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::c_int;

/// Makes each of the sets, one or more of FORKEXEC_CAP_PERMITTED, FORKEXEC_CAP_EFFECTIVE, FORKEXEC_CAP_INHERITABLE and
/// FORKEXEC_CAP_BOUNDING, exactly mask, in which bit n stands for the capability n; the other sets stay as they are.
///
/// These are the sets before the exec, which computes the program's own from them and from the file: a program that is
/// not run as root keeps only what is also ambient. They survive a change of uid. For each set the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, sets is 0 or has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: with drop_capabilities.
/// FORKEXEC_STAGE_VALIDATE: effective or ambient not within permitted.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: a capability that this kernel does not know.
/// FORKEXEC_STAGE_BOUNDING, EPERM: no CAP_SETPCAP.
/// FORKEXEC_STAGE_KEEP_CAPS.
/// FORKEXEC_STAGE_EFFECTIVE or.
/// FORKEXEC_STAGE_CAPABILITIES, EPERM: more than the child has.
///
/// The error's index is -1, for FORKEXEC_STAGE_BOUNDING the number of the capability.
///
/// See capabilities(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_capabilities(attr: *mut forkexec_attr, sets: u32, mask: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_capabilities", |attr| attr.caps.set_capabilities(sets, mask))
}

/// Empties all five sets: permitted, effective, inheritable, bounding and ambient.
///
/// With the bounding set empty, a program that is run as root, or whose file has capabilities, gains none by the exec.
/// With set_no_new_privs no exec grants any: a caller without CAP_SETPCAP then leaves the bounding set as it is.
/// Contradicts set_capabilities and set_ambient.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: a contradiction.
/// FORKEXEC_STAGE_BOUNDING, EPERM: no CAP_SETPCAP.
/// FORKEXEC_STAGE_AMBIENT or.
/// FORKEXEC_STAGE_CAPABILITIES.
///
/// The error's index is -1, for FORKEXEC_STAGE_BOUNDING the number of the capability.
///
/// See capabilities(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_drop_capabilities(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "drop_capabilities", |attr| attr.caps.drop_capabilities())
}

/// Makes the ambient set exactly mask, in which bit n stands for the capability n: what a program that is not run as
/// root and whose file has no capabilities has after the exec.
///
/// What it needs in the permitted and inheritable sets is added to them where set_capabilities does not say otherwise.
/// 0 clears an ambient set that the caller has. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: with drop_capabilities.
/// FORKEXEC_STAGE_VALIDATE: not within the permitted or inheritable set that was asked for.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: a capability that this kernel does not know.
/// FORKEXEC_STAGE_KEEP_CAPS or.
/// FORKEXEC_STAGE_AMBIENT, EPERM: the child does not have it, or securebits forbid it.
///
/// See PR_CAP_AMBIENT(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_ambient(attr: *mut forkexec_attr, mask: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_ambient", |attr| attr.caps.set_ambient(mask))
}

/// Sets the securebits to exactly bits, of the lowest eight: SECBIT_NOROOT 1, SECBIT_NO_SETUID_FIXUP 4,
/// SECBIT_KEEP_CAPS 16, SECBIT_NO_CAP_AMBIENT_RAISE 64, and for each the lock that is twice its value.
///
/// They are set after the change of ids. The exec clears SECBIT_KEEP_CAPS. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SECUREBITS, EPERM: no CAP_SETPCAP, or a lock.
///
/// See PR_SET_SECUREBITS(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_securebits(attr: *mut forkexec_attr, bits: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_securebits", |attr| attr.caps.set_securebits(bits))
}

/// Lets neither the program nor its descendants gain privileges by an exec: set-user-id and set-group-id bits and file
/// capabilities then do nothing.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NO_NEW_PRIVS.
///
/// See PR_SET_NO_NEW_PRIVS(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_no_new_privs(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_no_new_privs", |attr| attr.caps.set_no_new_privs())
}
