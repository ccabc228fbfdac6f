//! What this host allows.

// The comments have the C caller's duties, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::guard;
use crate::capi::entry::Entered;
use crate::probe::{Feature, No};
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

/// Says whether this host has a feature, by trying it.
///
/// feature is a FORKEXEC_PROBE_ constant. Where the answer is no, a sentence with the reason and the remedy is written
/// to why, which has size bytes: it ends with a NUL and is cut where it does not fit. Where the answer is yes, why
/// becomes empty. why may be NULL with size 0.
///
/// Example:
///
///     char why[256];
///     if (forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why) == 0)
///         printf("no user namespaces: %s\n", why);
///
/// Returns 1 for yes and 0 for no, or a negative errno; why is then not written:
/// -EINVAL: there is no such feature, or why is NULL and size is not 0.
/// -ENOMEM, -EAGAIN, -EMFILE, -ENFILE: it could not be tried now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_probe(feature: u32, why: *mut c_char, size: usize) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees `size` bytes.
    let place = unsafe { guard::out_bytes(why.cast(), size) };
    let (Some(feature), true) = (Feature::of(feature), place.len() == size) else {
        return -libc::EINVAL;
    };
    let answer = feature.probe();
    let sentence = match &answer {
        Ok(()) => "",
        Err(No::Because(reason)) => reason.as_str(),
        Err(No::NotNow(errno)) => return -(*errno as i32),
    };
    let most = size.saturating_sub(1).min(sentence.len());
    let fits = (0..=most).rfind(|end| sentence.is_char_boundary(*end)).unwrap_or(0);
    let bytes = sentence.bytes().take(fits).chain([0]);
    place.iter_mut().zip(bytes).for_each(|(to, byte)| *to = MaybeUninit::new(byte));
    answer.is_ok() as c_int
}
