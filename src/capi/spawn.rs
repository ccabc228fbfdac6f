//! To spawn, to start, to hold, and to say what would happen.

// What the caller owes is said there, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::answer::answer;
use super::attr::forkexec_attr;
use super::child::forkexec_child;
use super::error::forkexec_error;
use super::guard;
use crate::attr::owned::Room;
use crate::capi::entry::Entered;
use crate::parent::{self, Failure, host};
use crate::plan::{Purpose, Request};
use crate::sentences;
use alloc::boxed::Box;
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr::null;
use nix::errno::Errno;
use std::io::Write;
use std::os::fd::BorrowedFd;

/// The pointers of a call, as the caller gave them.
struct Call {
    attr: *const forkexec_attr,
    path: *const c_char,
    argv: *const *mut c_char,
    envp: *const *mut c_char,
    purpose: Purpose,
}

impl Call {
    /// # Safety
    /// The C caller guarantees the pointers for the length of the call.
    unsafe fn request<T>(&self, then: impl FnOnce(Request) -> Result<T, Failure>) -> Result<T, Failure> {
        // SAFETY: C caller guarantees that attr is NULL or one of ours that nobody changes meanwhile.
        let attr = unsafe { guard::shared(self.attr) };
        let attr = &attr.ok_or(Failure::not_now(Errno::EINVAL, sentences::ATTR_NULL))?.0;
        // SAFETY: C caller guarantees the string.
        let path = unsafe { guard::optional_string(self.path) };
        // SAFETY: C caller guarantees the vector.
        let argv = unsafe { guard::vector(self.argv) };
        // SAFETY: C caller guarantees the vector.
        let envp = unsafe { guard::environment(self.envp) };
        then(Request { attr, path, argv, envp, purpose: self.purpose, host: host::host() })
    }

    /// # Safety
    /// The C caller guarantees the pointers for the length of the call.
    unsafe fn child(&self, place: *mut *mut forkexec_child, error: *mut forkexec_error) -> c_int {
        // SAFETY: C caller guarantees that child is NULL or memory for a pointer.
        let made = match unsafe { guard::out(place) } {
            Some(place) => Room::new()
                .map_err(|_| Failure::not_now(Errno::ENOMEM, sentences::NO_MEMORY_FOR_HANDLE))
                // SAFETY: C caller guarantees the pointers of the call.
                .and_then(|room| unsafe { self.request(|request| parent::start(request, room)) })
                .map(|child| {
                    place.write(Box::into_raw(child));
                }),
            None => Err(Failure::not_now(Errno::EINVAL, sentences::PLACE_NULL)),
        };
        // SAFETY: C caller guarantees that error is NULL or memory for one.
        unsafe { answer(made, error) }
    }
}

/// Starts a program and comes back when it runs, or with the reason why it does not; a failed child is reaped, and
/// nothing of it stays behind. execve(2).
///
/// path is the program; it is not searched for, unless forkexec_attr_set_search_path was called. It may be NULL only
/// with forkexec_attr_set_exec_fd, and must be then. argv and envp end with NULL; envp NULL is the caller's environ,
/// which nobody may change meanwhile. All of it, and attr, may go when the call returns.
/// *child is to be closed with forkexec_close; whoever only wants the program to run may close it at once.
///
/// When it returns 0 the exec cannot fail any more: it has passed the point of no return of execve(2). The kernel may still be
/// a few microseconds away from the program; until then /proc may show the caller's or the library's own. A SIGKILL in the
/// middle of execve may be seen only by forkexec_wait, whose status.ran then is FORKEXEC_RAN_NO.
///
/// Returns 0, or the negative of error->code. -EINVAL: attr, child, path or argv is NULL, argv is empty, or what was set
/// contradicts itself (FORKEXEC_STAGE_VALIDATE). -E2BIG: argv and envp are more than the kernel takes (FORKEXEC_STAGE_EXEC,
/// whatever memory the child is in: strings of the library's own do not count), or what attr holds is more than 2 GiB
/// (FORKEXEC_STAGE_VALIDATE). -ECANCELED: a signal killed the child before it was the program; error->signal. Otherwise the
/// errno of the step that error->stage names. May be called from any thread at any time.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_spawn(
    attr: *const forkexec_attr,
    path: *const c_char,
    argv: *const *mut c_char,
    envp: *const *mut c_char,
    child: *mut *mut forkexec_child,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    let call = Call { attr, path, argv, envp, purpose: Purpose::Spawn };
    // SAFETY: C caller guarantees the pointers for the length of the call.
    unsafe { call.child(child, error) }
}

/// The first half of forkexec_spawn: comes back when the child is held. Its namespaces, root, session and limits are set
/// up; its identity, descriptors and filters are not yet (the stages after FORKEXEC_STAGE_HOLD). It has left the caller's
/// memory and may be kept as long as the caller lives; should the caller die, it ends. forkexec_release lets it go.
///
/// Arguments, results and errors as for forkexec_spawn; the descriptors that attr names need not be open any more when
/// this returns.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_start(
    attr: *const forkexec_attr,
    path: *const c_char,
    argv: *const *mut c_char,
    envp: *const *mut c_char,
    child: *mut *mut forkexec_child,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    let call = Call { attr, path, argv, envp, purpose: Purpose::Start };
    // SAFETY: C caller guarantees the pointers for the length of the call.
    unsafe { call.child(child, error) }
}

/// Makes a child that only holds its namespaces, and never runs a program. It ends when it is closed, or when the caller
/// dies. namespaces(7); forkexec_child_namespace_fd gives descriptors of what it holds.
///
/// All in its pid namespace are killed with it, and it has ended when they are reaped. If own children are among them that
/// are still to be waited for, forkexec_close comes back without it, after 0.2 s, and it is reaped with one of the next
/// children that are closed.
///
/// What lies after the hold point cannot be asked of it: an attr with a program, descriptors, ids, capabilities or
/// signals is -EINVAL (FORKEXEC_STAGE_VALIDATE). Results and errors otherwise as for forkexec_spawn.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_hold(
    attr: *const forkexec_attr,
    child: *mut *mut forkexec_child,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    let call = Call { attr, path: null(), argv: null(), envp: null(), purpose: Purpose::Hold };
    // SAFETY: C caller guarantees the pointers for the length of the call.
    unsafe { call.child(child, error) }
}

/// Writes to fd, as text, every step that a spawn of attr would take, without taking any: one line a step, with its
/// number in enum forkexec_stage. A dry run that finds what a spawn would refuse as FORKEXEC_STAGE_VALIDATE or
/// FORKEXEC_STAGE_RESOLVE, the actions on descriptors that the program will not have (FORKEXEC_STAGE_FD_ACTION), that the
/// caller or an emulator rules out the memory which is needed (FORKEXEC_STAGE_IMAGE), and what this kernel's Landlock
/// does not know (FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP). The text is for people and changes between versions.
///
/// Arguments as for forkexec_spawn. Returns 0, what a spawn would return for these and FORKEXEC_STAGE_MEMORY, or the
/// negative errno of write(2), with stage 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_describe(
    attr: *const forkexec_attr,
    path: *const c_char,
    argv: *const *mut c_char,
    envp: *const *mut c_char,
    fd: i32,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    let call = Call { attr, path, argv, envp, purpose: Purpose::Spawn };
    // SAFETY: C caller guarantees the pointers for the length of the call.
    let described = unsafe { call.request(|request| describe(&request, fd)) };
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(described, error) }
}

/// Writes to memory what forkexec_describe writes to a descriptor: size bytes at text, a NUL at the end of what fits
/// included, cut after a whole character. text may be NULL with size 0, to ask for the length alone. snprintf(3).
///
/// Arguments otherwise as for forkexec_spawn. Returns the length of the whole text in bytes, the NUL not counted: what is
/// below size was written whole. Else what forkexec_describe returns; nothing is then written. -EINVAL with stage 0: text
/// is NULL and size is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_describe_text(
    attr: *const forkexec_attr,
    path: *const c_char,
    argv: *const *mut c_char,
    envp: *const *mut c_char,
    text: *mut c_char,
    size: usize,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    let call = Call { attr, path, argv, envp, purpose: Purpose::Spawn };
    // SAFETY: C caller guarantees that text is NULL or `size` bytes.
    let place = unsafe { guard::out_bytes(text.cast(), size) };
    let described = if place.len() == size {
        // SAFETY: C caller guarantees the pointers for the length of the call.
        unsafe { call.request(|request| describe_text(&request, place)) }
    } else {
        Err(Failure::not_now(Errno::EINVAL, sentences::TEXT_NULL))
    };
    let length = described.as_ref().map_or(0, |length| *length);
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    match unsafe { answer(described.map(drop), error) } {
        0 => length,
        failed => failed,
    }
}

fn describe(request: &Request, fd: i32) -> Result<(), Failure> {
    let bad = |errno| Failure::not_now(errno, sentences::NOT_WRITTEN);
    if fd < 0 {
        return Err(bad(Errno::EBADF));
    }
    // SAFETY: C caller guarantees a descriptor that stays open during the call.
    let out = Out { fd: unsafe { BorrowedFd::borrow_raw(fd) }, bytes: [0; 1024], length: 0 };
    let written = parent::describe(request, out)?;
    written.map_err(|error| bad(Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))))
}

/// Writes to a descriptor, a buffer at a time: std's own takes memory without which it aborts.
struct Out<'a> {
    fd: BorrowedFd<'a>,
    bytes: [u8; 1024],
    length: usize,
}

impl Write for Out<'_> {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        if self.length == self.bytes.len() {
            self.flush()?;
        }
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        let fits = room.iter_mut().zip(text).map(|(to, from)| *to = *from).count();
        self.length += fits;
        Ok(fits)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let mut rest = self.bytes.get(..self.length).unwrap_or_default();
        while !rest.is_empty() {
            match nix::unistd::write(self.fd, rest) {
                Ok(0) => return Err(Errno::EIO.into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::EINTR) => (),
                Err(errno) => return Err(errno.into()),
            }
        }
        self.length = 0;
        Ok(())
    }
}

fn describe_text(request: &Request, place: &mut [MaybeUninit<u8>]) -> Result<c_int, Failure> {
    // The last byte is for the NUL.
    let most = place.len().saturating_sub(1);
    let mut out = Memory { place: place.get_mut(..most).unwrap_or_default(), fits: 0, length: 0 };
    // Memory takes everything.
    let _ = parent::describe(request, &mut out)?;
    let Memory { fits, length, .. } = out;
    // A description has some lines, of which none tells all of argv or envp: it never comes near.
    let length = c_int::try_from(length).unwrap_or(c_int::MAX);
    if let Some(end) = place.get_mut(fits) {
        end.write(0);
    }
    Ok(length)
}

/// Keeps what fits, in whole characters, and counts the rest.
struct Memory<'a> {
    place: &'a mut [MaybeUninit<u8>],
    fits: usize,
    length: usize,
}

impl Write for Memory<'_> {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        // After the first byte that was left out nothing is kept.
        let room = if self.fits == self.length { self.place.get_mut(self.fits..).unwrap_or_default() } else { &mut [] };
        let begins = |at: usize| text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
        let most = room.len().min(text.len());
        let kept = (0..=most).rev().find(|at| begins(*at)).unwrap_or(0);
        room.iter_mut().zip(text).take(kept).for_each(|(to, from)| *to = MaybeUninit::new(*from));
        self.fits += kept;
        self.length += text.len();
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
