//! The built-in image: the child's code alone, in a memfd that is made once, and the strings it is exec'd with: the
//! program's, and wiring and plan as strings among them.

use super::blocked_signals::BlockedSignals;
use super::{file_size, memfd};
use crate::fallible::{NoMemory, Reserved, empty_list};
use crate::plan::{Sealed, Strings};
use crate::sealed::{Wiring, strings};
use crate::sys;
use crate::sys::abi::{MFD_EXEC, O_CLOEXEC};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};

static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/image"));

/// The image's file, once it is made. A fork has it too, under the same number. What this leads to is never freed, because
/// another thread may be reading it.
static MADE: AtomicPtr<Made> = AtomicPtr::new(null_mut());
/// The entries of earlier files: a list, so that checkers of memory find them.
static RETIRED: AtomicPtr<Made> = AtomicPtr::new(null_mut());

struct Made {
    file: File,
    /// The next that is retired.
    next: AtomicPtr<Made>,
}

fn retire(made: *mut Made) {
    // SAFETY: `make` published it, and nothing is ever freed.
    let Some(retired) = (unsafe { made.as_ref() }) else { return };
    let mut next = RETIRED.load(Ordering::Acquire);
    loop {
        retired.next.store(next, Ordering::Release);
        match RETIRED.compare_exchange(next, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(now) => next = now,
        }
    }
}

/// No change of the mode's execute bits; Linux 6.3.
const F_SEAL_EXEC: i32 = 0x20;

/// The descriptor of the image, and its identity, by which a child knows it again: a caller may close what is not its own.
#[derive(Clone, Copy)]
pub struct File {
    pub number: i32,
    pub identity: [u64; 2],
    /// What memfd_create(2) took for it.
    flags: u32,
}

impl File {
    /// The caller has not closed it and opened another file under its number.
    fn is_there(&self) -> bool {
        sys::identity(self.number) == Ok(self.identity)
    }
}

/// From what a child becomes the image.
pub enum Source {
    None,
    File(File),
    /// The file's number is so high that the child makes a file of its own, with these flags of memfd_create(2).
    Bytes(u32),
}

impl Source {
    /// The descriptor of the caller that the child needs; -1: none.
    pub fn number(&self) -> i32 {
        if let Source::File(file) = self { file.number } else { -1 }
    }

    /// What the child that becomes the image is told.
    pub fn wire(&self, launching: &mut Wiring) {
        match self {
            Source::None => (),
            Source::File(File { number, identity, .. }) => {
                (launching.image, launching.image_identity) = (*number, *identity)
            }
            Source::Bytes(flags) => {
                (launching.image_bytes, launching.image_length) = (IMAGE.as_ptr() as u64, IMAGE.len() as u32);
                launching.image_flags = *flags;
            }
        }
    }
}

pub fn was_made() -> bool {
    !MADE.load(Ordering::Acquire).is_null()
}

/// The file, made if there is none yet. All signals are blocked, and `mask` was the mask before.
pub fn file(mask: u64) -> Result<File, Errno> {
    // SAFETY: `make` published it, and nothing is ever freed.
    match unsafe { MADE.load(Ordering::Acquire).as_ref() } {
        Some(made) => Ok(made.file),
        None => make(mask, None),
    }
}

/// The source for a child that makes the file itself. `None`: its RLIMIT_FSIZE is too small.
pub fn source_of_bytes(file: &File) -> Option<Source> {
    file_size::allows(IMAGE.len() as u64).then_some(Source::Bytes(file.flags))
}

/// A child has found another file under the number. That one is the caller's, and stays open.
pub fn look_again() {
    let made = MADE.load(Ordering::Acquire);
    // SAFETY: as in `file`.
    let is_wrong = unsafe { made.as_ref() }.is_some_and(|made| !made.file.is_there());
    if is_wrong && MADE.compare_exchange(made, null_mut(), Ordering::AcqRel, Ordering::Relaxed).is_ok() {
        retire(made);
    }
}

/// Another process has the image open for writing, by /proc/PID/exe of a child. It is sealed against writes, but cannot be
/// executed as long as it is open so. The next child gets another image.
#[cold]
pub fn renew() {
    let made = MADE.swap(null_mut(), Ordering::AcqRel);
    retire(made);
    // SAFETY: as in `file`.
    let Some(before) = (unsafe { made.as_ref() }).map(|made| made.file).filter(File::is_there) else { return };
    // The next gets the same number. A child of another thread that was told the old file sees by the identity that it is
    // another, and is made again.
    let again = BlockedSignals::block().map_err(from_raw).and_then(|quiet| make(quiet.mask(), Some(before.number)));
    if again.is_err() {
        let _ = sys::close(before.number);
    }
}

#[cold]
fn make(mask: u64, number: Option<i32>) -> Result<File, Errno> {
    let memory = Reserved::new().map_err(|_| Errno::ENOMEM)?;
    let (mut made, flags) = sealed(mask)?;
    if let Some(number) = number {
        sys::dup3(made.as_raw_fd(), number, O_CLOEXEC).map_err(from_raw)?;
        // SAFETY: kernel contract, man 2 dup: what was there was ours, and is this file now.
        made = unsafe { OwnedFd::from_raw_fd(number) };
    }
    let identity = sys::identity(made.as_raw_fd()).map_err(from_raw)?;
    let file = File { number: made.as_raw_fd(), identity, flags };
    let place = Box::into_raw(memory.fill(Made { file, next: AtomicPtr::new(null_mut()) }));
    match MADE.compare_exchange(null_mut(), place, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            let _ = made.into_raw_fd();
            Ok(file)
        }
        // Another thread was faster; `made` is closed.
        Err(theirs) => {
            // SAFETY: the box from above, which nobody else has seen.
            drop(unsafe { Box::from_raw(place) });
            // SAFETY: as in `file`.
            Ok(unsafe { &*theirs }.file)
        }
    }
}

fn from_raw(sys::Errno(errno): sys::Errno) -> Errno {
    Errno::from_raw(errno)
}

/// Nobody can change it: a program that is root in a root directory of its own may open it by /proc/PID/exe, but can write
/// none of its bytes, nor, since Linux 6.3, change its mode.
fn sealed(mask: u64) -> Result<(OwnedFd, u32), Errno> {
    let (file, flags) = memfd::create(MFD_EXEC).map_err(from_raw)?;
    file_size::fill(file.as_raw_fd(), IMAGE, mask).map_err(from_raw)?;
    let seals = SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE;
    match fcntl(file.as_fd(), FcntlArg::F_ADD_SEALS(seals | SealFlag::from_bits_retain(F_SEAL_EXEC))) {
        Err(Errno::EINVAL) => fcntl(file.as_fd(), FcntlArg::F_ADD_SEALS(seals))?,
        sealed => sealed?,
    };
    Ok((file, flags))
}

/// The vectors for the exec of the image, and the library's own strings in them.
pub struct Vectors {
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
    _pieces: Vec<u8>,
}

/// The image's own name, and room before the first piece, for the plan to begin at an aligned address below it.
const ROOM: &CStr = c"forkexec";

impl Vectors {
    pub fn new(wiring: &Wiring, plan: &Sealed, argv: Strings, envp: Strings) -> Result<Vectors, NoMemory> {
        let pieces = encode(wiring, plan)?;
        let coded = pieces.chunks(strings::STRING).map(|piece| piece.as_ptr().cast());
        let argv = vector([ROOM.as_ptr()].into_iter(), argv)?;
        let envp = vector([ROOM.as_ptr()].into_iter().chain(coded), envp)?;
        Ok(Vectors { argv, envp, _pieces: pieces })
    }

    /// The same if the plan and the program's strings are in a file, which the wiring names.
    pub fn with_file(wiring: &Wiring) -> Result<Vectors, NoMemory> {
        let wiring = Wiring { length: size_of::<Wiring>() as u64, ..*wiring };
        let mut pieces = Vec::new();
        pieces.try_reserve_exact(strings::STRING).map_err(|_| NoMemory)?;
        // The image takes a whole piece for the first.
        let room = [0; strings::PIECE - size_of::<Wiring>()];
        piece(&mut pieces, &[as_bytes(&wiring), &room]);
        let (mut argv, mut envp) = (empty_list(2)?, empty_list(3)?);
        argv.extend([ROOM.as_ptr(), null()]);
        envp.extend([ROOM.as_ptr(), pieces.as_ptr().cast(), null()]);
        Ok(Vectors { argv, envp, _pieces: pieces })
    }

    /// What the child that becomes the image is told.
    pub fn wire(&self, launching: &mut Wiring) {
        launching.image_argv = self.argv.as_ptr() as u64;
        launching.image_envp = self.envp.as_ptr() as u64;
    }
}

/// The library's own strings, and behind them the program's.
fn vector(own: impl Iterator<Item = *const c_char> + Clone, strings: Strings) -> Result<Vec<*const c_char>, NoMemory> {
    let mut vector = empty_list(own.clone().count() + strings.pointers().count() + 1)?;
    vector.extend(own.chain(strings.pointers()).chain([null()]));
    Ok(vector)
}

/// Wiring and plan as strings.
fn encode(wiring: &Wiring, plan: &Sealed) -> Result<Vec<u8>, NoMemory> {
    let wiring = as_bytes(wiring);
    let plan = plan.as_bytes();
    let mut encoded = Vec::new();
    let length = wiring.len() + plan.len();
    encoded.try_reserve_exact(length + 2 * length.div_ceil(strings::PIECE)).map_err(|_| NoMemory)?;
    let (first, rest) = plan.split_at(plan.len().min(strings::PIECE - wiring.len()));
    piece(&mut encoded, &[wiring, first]);
    rest.chunks(strings::PIECE).for_each(|bytes| piece(&mut encoded, &[bytes]));
    Ok(encoded)
}

fn as_bytes(wiring: &Wiring) -> &[u8] {
    // SAFETY: a wiring has no padding.
    unsafe { core::slice::from_raw_parts((&raw const *wiring).cast::<u8>(), size_of::<Wiring>()) }
}

/// The parts are whole words.
fn piece(encoded: &mut Vec<u8>, parts: &[&[u8]]) {
    let start = encoded.len();
    encoded.push(0);
    parts.iter().for_each(|part| encoded.extend_from_slice(part));
    let Some((first, bytes)) = encoded.get_mut(start..).and_then(<[u8]>::split_first_mut) else { return };
    // Fewer bytes than there are keys; small numbers are the most frequent.
    let key = (1..=255u8).rev().find(|key| !words(bytes).any(|word| has_zero(word ^ repeated(*key)))).unwrap_or(255);
    *first = key;
    for bytes in bytes.chunks_exact_mut(WORD) {
        if let Ok(word) = <&mut [u8; WORD]>::try_from(bytes) {
            *word = (u64::from_ne_bytes(*word) ^ repeated(key)).to_ne_bytes();
        }
    }
    encoded.push(0);
}

const WORD: usize = size_of::<u64>();

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(WORD).filter_map(|bytes| bytes.try_into().ok().map(u64::from_ne_bytes))
}

const fn repeated(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD])
}

/// Whether one of its bytes is 0: the subtraction borrows from such a one, and sets its highest bit, which was not set.
fn has_zero(word: u64) -> bool {
    word.wrapping_sub(repeated(1)) & !word & repeated(0x80) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_is_seen_at_every_place_and_nothing_else_is_one() {
        for place in 0..WORD {
            for others in [1, 0x7f, 0x80, 0x81, 0xff] {
                let mut bytes = [others; WORD];
                assert!(!has_zero(u64::from_ne_bytes(bytes)));
                bytes[place] = 0;
                assert!(has_zero(u64::from_ne_bytes(bytes)));
            }
        }
    }

    /// Whatever bytes they are, the piece is a string, and its key gives them back.
    #[test]
    fn a_piece_is_a_string() {
        for missing in 0..=255u8 {
            let bytes: Vec<u8> = (0..=255).filter(|byte| *byte != missing).take(strings::PIECE).collect();
            let (one, other) = bytes.split_at(2 * WORD);
            let mut encoded = Vec::new();
            piece(&mut encoded, &[one, other]);
            assert_eq!(encoded.iter().position(|byte| *byte == 0), Some(strings::STRING - 1));
            let key = encoded[0];
            let decoded: Vec<u8> = encoded[1..strings::STRING - 1].iter().map(|byte| byte ^ key).collect();
            assert_eq!(decoded, bytes);
        }
    }
}
