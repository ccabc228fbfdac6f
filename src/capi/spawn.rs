//! To spawn, to start, to hold, and to say what would happen.

// The comments have the C caller's duties, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::answer::answer;
use super::attr::forkexec_attr;
use super::child::forkexec_child;
use super::error::forkexec_error;
use super::guard;
use crate::capi::entry::Entered;
use crate::fallible::Reserved;
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
            Some(place) => Reserved::new()
                .map_err(|_| Failure::not_now(Errno::ENOMEM, sentences::NO_MEMORY_FOR_HANDLE))
                // SAFETY: C caller guarantees the pointers of the call.
                .and_then(|memory| unsafe { self.request(|request| parent::start(request, memory)) })
                .map(|child| {
                    place.write(Box::into_raw(child));
                }),
            None => Err(Failure::not_now(Errno::EINVAL, sentences::PLACE_NULL)),
        };
        // SAFETY: C caller guarantees that error is NULL or memory for one.
        unsafe { answer(made, error) }
    }
}

/// Starts a program, and returns when it runs or with the reason why it does not.
///
/// path is the program. It is not searched for, unless forkexec_attr_set_search_path was called. With
/// forkexec_attr_set_exec_fd it must be NULL, and only then may it be. argv and envp end with NULL. envp NULL is the
/// caller's environ, which no thread may change during the call. The caller may free path, argv, envp and attr when the
/// call returns.
///
/// *child is to be freed with forkexec_close. A caller that only wants the program to run may do so at once.
///
/// When the call returns 0 the exec cannot fail any more: it has passed the point of no return of execve(2). For a few
/// microseconds /proc may still show the process before the exec. If a SIGKILL arrives in the middle of execve, only
/// forkexec_wait tells: status.ran is then FORKEXEC_RAN_NO.
///
/// When the call fails, the child has been reaped and nothing of it is left behind, except what it had made in file
/// systems that stay: files of forkexec_attr_open_fd, mount points, sockets of forkexec_attr_listen.
///
/// Any thread may call this at any time.
///
/// Example:
///
///     if (forkexec_spawn(attr, "/bin/true", argv, NULL, &child, &error))
///         fprintf(stderr, "%s\n", error.message);
///     else
///         forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
///
/// Returns 0, or the negative of error->code, which is the errno of the step that error->stage names, or:
/// -EINVAL: attr, child, path or argv is NULL, or argv is empty.
/// -ECANCELED: a signal killed the child before it was the program; error->signal is that signal.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: setters contradict each other, or one was refused.
/// FORKEXEC_STAGE_VALIDATE, E2BIG: attr holds more than 2 GiB.
/// FORKEXEC_STAGE_EXEC, E2BIG: argv and envp are larger than the kernel takes. Strings that the library adds are not
///   counted.
///
/// See execve(2).
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

/// Makes a child and returns when it is held, before it becomes the program.
///
/// The namespaces, the root, the session and the limits of a held child are set up. Its ids, descriptors and filters
/// are not: these are the stages after FORKEXEC_STAGE_HOLD. The child has left the caller's memory. It waits until
/// forkexec_release lets it go on, and ends if the caller ends before.
///
/// attr, path, argv, envp, child and error are those of forkexec_spawn. Descriptors that attr names need not be open
/// any more when this returns.
///
/// Example:
///
///     if (forkexec_start(attr, "/bin/true", argv, NULL, &child, &error) == 0) {
///         printf("configure the namespaces of %d now\n", (int)forkexec_child_pid(child));
///         result = forkexec_release(child, FORKEXEC_FOREVER, &error);
///     }
///
/// Returns 0, or a negative errno as forkexec_spawn does.
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

/// Makes a child that holds its namespaces and never runs a program.
///
/// It ends when it is closed, and when the caller ends. forkexec_child_namespace_fd gives descriptors of its
/// namespaces, and forkexec_attr_join_pidfd lets other children join them. *child is to be freed with forkexec_close.
///
/// With the child all processes in its pid namespace are killed, and it has ended when they are reaped. If some of them
/// are children of the caller that it has not waited for yet, forkexec_close returns after 0.2 seconds, and the library
/// reaps the holder when it closes one of its next children.
///
/// A holder takes no step after FORKEXEC_STAGE_HOLD: an attr with a program, descriptors, ids, capabilities or signals
/// is refused.
///
/// Example:
///
///     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_NET);
///     result = forkexec_hold(attr, &child, &error);
///
/// Returns 0, or the negative of error->code, as forkexec_spawn does, and:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: attr asks for a step that comes after FORKEXEC_STAGE_HOLD.
///
/// See namespaces(7).
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

/// Writes the steps of a spawn to fd, as text, and takes none of them.
///
/// Each step has a line, with its number in enum forkexec_stage. The call finds what a spawn would refuse before it
/// makes a child, actions on descriptors that the program will not have, a caller or an emulator that rules out the
/// memory which the child needs, and what this kernel's Landlock does not know. The text is for people and changes
/// between versions.
///
/// attr, path, argv and envp are those of forkexec_spawn. fd is open for writing, and stays open.
///
/// Returns 0, or the negative of error->code. With stage 0 it is the errno of write(2); else:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: as for a spawn.
/// FORKEXEC_STAGE_RESOLVE: as for a spawn.
/// FORKEXEC_STAGE_MEMORY: as for a spawn.
/// FORKEXEC_STAGE_IMAGE, EPERM, EOPNOTSUPP: the child cannot have the memory that it needs.
/// FORKEXEC_STAGE_FD_ACTION, EBADF: an action names a descriptor that the program will not have.
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: this kernel's Landlock does not know what is asked for.
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

/// Writes to memory what forkexec_describe writes to a descriptor.
///
/// text has size bytes. What does not fit is cut after a whole character, and a NUL ends the text. text may be NULL
/// with size 0, to ask for the length alone. attr, path, argv and envp are those of forkexec_spawn.
///
/// Returns the length of the whole text in bytes, without the NUL: below size, all was written. On failure it writes
/// nothing and returns the negative of error->code, as forkexec_describe does, and with stage 0:
/// -EINVAL: text is NULL and size is not 0.
///
/// See snprintf(3).
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

/// Writes to a descriptor, one buffer at a time. std's writer would allocate its buffer, and abort if there is no memory.
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
    // A write to memory does not fail.
    let _ = parent::describe(request, &mut out)?;
    let Memory { fits, length, .. } = out;
    // The text never gets so long: it has a line for each step, and no line has all of argv or envp.
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
        // Once a byte did not fit, nothing more is kept.
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
