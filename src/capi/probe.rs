//! What this host allows.

// What the caller owes is said there, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::guard;
use crate::capi::entry::Entered;
use crate::probe::{Feature, No};
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

/// Whether this host has a feature, found out by trying.
///
/// feature: a FORKEXEC_PROBE_ constant. why: where the answer is no, size bytes for a NUL-terminated sentence with
/// reason and remedy, cut where it does not fit; NULL with size 0 for none. It is emptied where the answer is yes.
///
/// Returns 1 or 0. -EINVAL: an unknown feature, or why is NULL and size is not 0. -ENOMEM, -EAGAIN, -EMFILE, -ENFILE:
/// it could not be tried now; nothing is written to why.
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
