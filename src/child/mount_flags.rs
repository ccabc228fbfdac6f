//! Flags for what is mounted already. mount(2) changes one mount at a time, and sets all flags at once.

use super::resolve::{go_to, look};
use super::state::At;
use super::submounts;
use crate::sys::abi::{
    MS_BIND, MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_NOSYMFOLLOW, MS_RDONLY, MS_RELATIME,
    MS_REMOUNT, MS_STRICTATIME, ST_NOSYMFOLLOW, ST_RELATIME,
};
use crate::sys::{self, Answer};
use core::ptr::null;

/// The flags that are the same numbers for statfs(2) and for mount(2).
const SAME: u64 = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;

/// Those that are there stay: some may not be taken away.
pub fn add_flags(fd: i32, flags: u64) -> Answer {
    let now = sys::fstatfs(fd)?.flags;
    let mut kept = now & SAME;
    if (now | flags) & MS_NOATIME == 0 {
        kept |= if now & ST_RELATIME != 0 { MS_RELATIME } else { MS_STRICTATIME };
    }
    if now & ST_NOSYMFOLLOW != 0 {
        kept |= MS_NOSYMFOLLOW;
    }
    let place = go_to(look(fd)?)?;
    // SAFETY: the place is NUL-terminated.
    unsafe { sys::mount(null(), place.as_ptr(), null(), MS_REMOUNT | MS_BIND | kept | flags, null()) }
}

/// The same for every mount below the one whose root the descriptor is.
pub fn add_flags_below(at: &At, root: i32, flags: u64) -> Answer {
    submounts::each(at, root, |mount| add_flags(mount, flags))
}
