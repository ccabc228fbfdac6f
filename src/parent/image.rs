//! The built-in image: the child's code alone, in a memfd that is made once, and the strings it is exec'd with: the
//! program's, and wiring and plan as strings among them.

use crate::attr::owned::{NoMemory, list_for};
use crate::plan::{Sealed, Strings};
use crate::sealed::{Wiring, strings};
use crate::sys;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};
use core::ptr::null;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/image"));

/// The memfd, -1 before there is one. A fork has it too, under the same number.
static NUMBER: AtomicI32 = AtomicI32::new(-1);
/// Its device and inode.
static IDENTITY: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
/// What the kernel took for it: kernels before 6.3 do not know MFD_EXEC, and execute every memfd.
static FLAGS: AtomicU32 = AtomicU32::new(0);
/// No change of the mode's execute bits; Linux 6.3.
const F_SEAL_EXEC: i32 = 0x20;
static MAKING: Mutex<()> = Mutex::new(());

/// The descriptor of the image, and its identity, by which a child knows it again: a caller may close what is not its own.
#[derive(Clone, Copy)]
pub struct File {
    pub number: i32,
    pub identity: [u64; 2],
}

/// What a child becomes the image from.
pub enum Source {
    None,
    File(File),
    /// The file's number is so high that the child rather makes one of its own.
    Bytes,
}

impl Source {
    /// The number that the child needs of the caller's.
    pub fn number(&self) -> i32 {
        if let Source::File(file) = self { file.number } else { -1 }
    }

    /// What the child that becomes the image is told.
    pub fn wire(&self, launching: &mut Wiring) {
        match self {
            Source::None => (),
            Source::File(File { number, identity }) => {
                (launching.image, launching.image_identity) = (*number, *identity)
            }
            Source::Bytes => {
                (launching.image_bytes, launching.image_length) = (IMAGE.as_ptr() as u64, IMAGE.len() as u32);
                launching.image_flags = FLAGS.load(Ordering::Relaxed);
            }
        }
    }
}

pub fn file() -> Result<File, Errno> {
    let number = match NUMBER.load(Ordering::Acquire) {
        -1 => make()?,
        file => file,
    };
    Ok(File { number, identity: IDENTITY.each_ref().map(|half| half.load(Ordering::Relaxed)) })
}

/// A child has found something else under the number. What is there now is not ours to close.
pub fn look_again() {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let identity = IDENTITY.each_ref().map(|half| half.load(Ordering::Relaxed));
    if sys::identity(NUMBER.load(Ordering::Acquire)) != Ok(identity) {
        NUMBER.store(-1, Ordering::Release);
    }
}

/// Somebody has the image open for writing, by /proc/PID/exe of a child: nobody can write to it, but nor can it be executed as
/// long as it stays open. The next child gets another one.
#[cold]
pub fn renew() {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let identity = IDENTITY.each_ref().map(|half| half.load(Ordering::Relaxed));
    let number = NUMBER.load(Ordering::Acquire);
    if sys::identity(number) == Ok(identity) {
        NUMBER.store(-1, Ordering::Release);
        // A child of another thread that was told this number finds something else there by its identity, and is made again.
        let _ = sys::close(number);
    }
}

#[cold]
fn make() -> Result<i32, Errno> {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let there = NUMBER.load(Ordering::Acquire);
    if there >= 0 {
        return Ok(there);
    }
    let made = sealed()?;
    let identity = sys::identity(made.as_raw_fd()).map_err(|sys::Errno(errno)| Errno::from_raw(errno))?;
    IDENTITY.iter().zip(identity).for_each(|(place, half)| place.store(half, Ordering::Relaxed));
    let number = made.into_raw_fd();
    NUMBER.store(number, Ordering::Release);
    Ok(number)
}

/// Nobody can change it, so what is exec'd is what was built. Whoever is root in a root of its own may open it by
/// /proc/PID/exe: neither its bytes can be written nor, since Linux 6.3, its mode changed.
fn sealed() -> Result<OwnedFd, Errno> {
    let old = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let flags = old | MFdFlags::from_bits_retain(libc::MFD_EXEC);
    let (made, flags) = match memfd_create(c"forkexec", flags) {
        Err(Errno::EINVAL) => (memfd_create(c"forkexec", old), old),
        made => (made, flags),
    };
    FLAGS.store(flags.bits(), Ordering::Relaxed);
    let mut file = std::fs::File::from(beside_the_standard_ones(made?)?);
    file.write_all(IMAGE).map_err(|_| Errno::ENOSPC)?;
    let seals = SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE;
    match fcntl(file.as_fd(), FcntlArg::F_ADD_SEALS(seals | SealFlag::from_bits_retain(F_SEAL_EXEC))) {
        Err(Errno::EINVAL) => fcntl(file.as_fd(), FcntlArg::F_ADD_SEALS(seals))?,
        sealed => sealed?,
    };
    Ok(OwnedFd::from(file))
}

/// A caller that lacks one of 0 to 2 goes on to open it, and its program is not to get ours there.
fn beside_the_standard_ones(made: OwnedFd) -> Result<OwnedFd, Errno> {
    if made.as_raw_fd() > 2 {
        return Ok(made);
    }
    let moved = fcntl(made.as_fd(), FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: kernel contract, man 2 F_DUPFD: a new descriptor of our own.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

/// The vectors of an image, and the strings in them that are ours.
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

    /// What the child that becomes the image is told.
    pub fn wire(&self, launching: &mut Wiring) {
        launching.image_argv = self.argv.as_ptr() as u64;
        launching.image_envp = self.envp.as_ptr() as u64;
    }
}

/// Strings of our own, and behind them the program's.
fn vector(own: impl Iterator<Item = *const c_char> + Clone, strings: Strings) -> Result<Vec<*const c_char>, NoMemory> {
    let mut vector = list_for(own.clone().count() + strings.pointers().count() + 1)?;
    vector.extend(own.chain(strings.pointers()).chain([null()]));
    Ok(vector)
}

/// Wiring and plan as strings.
fn encode(wiring: &Wiring, plan: &Sealed) -> Result<Vec<u8>, NoMemory> {
    // SAFETY: a wiring has no padding.
    let wiring = unsafe { core::slice::from_raw_parts((&raw const *wiring).cast::<u8>(), size_of::<Wiring>()) };
    let plan = plan.as_bytes();
    let mut encoded = Vec::new();
    let length = wiring.len() + plan.len();
    encoded.try_reserve_exact(length + 2 * length.div_ceil(strings::PIECE)).map_err(|_| NoMemory)?;
    let (first, rest) = plan.split_at(plan.len().min(strings::PIECE - wiring.len()));
    piece(&mut encoded, &[wiring, first]);
    rest.chunks(strings::PIECE).for_each(|bytes| piece(&mut encoded, &[bytes]));
    Ok(encoded)
}

fn piece(encoded: &mut Vec<u8>, parts: &[&[u8]]) {
    // Fewer bytes than there are keys; small numbers are the most frequent.
    let key = (1..=255u8).rev().find(|key| !parts.iter().any(|part| part.contains(key))).unwrap_or(255);
    encoded.push(key);
    parts.iter().for_each(|part| encoded.extend(part.iter().map(|byte| byte ^ key)));
    encoded.push(0);
}
