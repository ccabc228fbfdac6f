//! A cgroup of one's own for each run.

// What the caller owes is said there, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::attr::forkexec_attr;
use super::error::forkexec_error;
use super::guard;
use crate::attr::Refused;
use crate::capi::entry::Entered;
use crate::cgroup::{Group, Refusal};
use crate::sentences;
use core::ffi::{c_char, c_int};
use core::time::Duration;
use nix::errno::Errno;

/// A cgroup of version 2 that was made for a run, or for several: a directory, whose files are its limits and what it
/// counts. cgroups(7). It belongs to the process that made it: in another, such as a fork of it, every call but
/// forkexec_cgroup_free is -ESRCH.
#[allow(non_camel_case_types)]
pub struct forkexec_cgroup(pub(crate) Group);

/// 0 or what is told, or the negative errno and its sentence.
///
/// # Safety
/// `error` is NULL or memory for one.
unsafe fn answer(result: Result<c_int, Refusal>, error: *mut forkexec_error) -> c_int {
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    let place = unsafe { guard::out(error) };
    let said = place.map(|place| place.write(forkexec_error::none()));
    let refusal = match result {
        Ok(number) => return number,
        Err(refusal) => refusal,
    };
    if let Some(error) = said {
        *error = forkexec_error { stage: refusal.stage as u32, code: refusal.code, ..*error };
        error.say(format_args!("{refusal:.*}", error.message.len() - 1));
    }
    -refusal.code
}

/// A handle that this process may use.
///
/// # Safety
/// `group` is NULL or came from this library and was not freed.
unsafe fn ours<'a>(group: *const forkexec_cgroup) -> Result<&'a Group, Refusal<'a>> {
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let group = unsafe { guard::shared(group) };
    let group = group.ok_or_else(|| Refusal::of_handle(Errno::EINVAL, sentences::GROUP_NULL))?;
    group.0.ours().map_err(|errno| group.0.failed(errno)).map(|()| &group.0)
}

/// Why an argument is not to be used.
fn refused<'a>(Refused { code, why }: Refused) -> Refusal<'a> {
    Refusal::of_handle(Errno::from_raw(code), why)
}

/// Makes a cgroup, with this name, in the directory of another one, parent_fd: one of a cgroup2 file system, open for reading
/// or with O_PATH, in which the caller may make directories. systemd gives such a directory to what it starts with
/// Delegate=yes. parent_fd is borrowed for the call. mkdir(2), cgroups(7).
///
/// Nothing is enabled and nothing is limited by this: which files there are besides those that begin with "cgroup." is
/// decided by cgroup.subtree_control of the cgroup above, and the kernel lets only a cgroup without processes of its own enable
/// most controllers there. In a threaded one a cgroup can be made, and no process can be in it. forkexec_attr_set_cgroup
/// runs a program in it.
///
/// *group is to be freed with forkexec_cgroup_free, which kills all that are in it and removes it. If the caller is killed
/// before, the cgroup and the programs in it stay: then the next forkexec_cgroup_create with the same parent and name kills
/// them, removes what is left, and makes the cgroup anew. It does so only where this function made what is there (an extended
/// attribute of the directory, user.forkexec, says so from Linux 5.7 on) and where the process which did, with all forks
/// of it that have the handle, is gone (it has locked cgroup.kill by flock(2)); anything else of that name is left alone.
///
/// Returns 0, or the negative of error->code. With stage 0: -EINVAL: name or group is NULL; -EBADF: parent_fd is not open.
/// FORKEXEC_STAGE_VALIDATE: -EINVAL: name is not one component of 1 to 255 bytes, or has a newline. FORKEXEC_STAGE_CGROUP:
/// -EINVAL: parent_fd is not a directory of a cgroup2 file system; -EACCES, -EPERM: it was not delegated to the caller;
/// -EROFS: it is mounted read-only; -EEXIST: something of that name is there that this function did not make; -EBUSY: the
/// process that made the cgroup of this name lives; -ETIMEDOUT: a process of what was left does not die; -EAGAIN:
/// cgroup.max.descendants or cgroup.max.depth is reached; -ENOENT: the cgroup above was removed; -ENOMEM; -EMFILE, -ENFILE: too many descriptors.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_create(
    parent_fd: i32,
    name: *const c_char,
    group: *mut *mut forkexec_cgroup,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a string.
    let name = unsafe { guard::string(name) };
    // SAFETY: C caller guarantees that group is NULL or memory for a pointer.
    let place = unsafe { guard::out(group) };
    let made = match (name, place) {
        (Err(why), _) => Err(refused(why)),
        (_, None) => Err(Refusal::of_handle(Errno::EINVAL, sentences::GROUP_PLACE_NULL)),
        (Ok(name), Some(place)) => Group::create(parent_fd, name).and_then(|made| {
            let handle = guard::give(forkexec_cgroup(made));
            if handle.is_null() {
                return Err(Refusal::of_handle(Errno::ENOMEM, sentences::NO_MEMORY_FOR_GROUP));
            }
            place.write(handle);
            Ok(0)
        }),
    };
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(made, error) }
}

/// Writes value to a file of the cgroup, by one write(2): ("memory.max", "64M"), ("pids.max", "32"), ("cpu.max", "50000 100000"),
/// ("memory.oom.group", "1"), ("cgroup.freeze", "1"). What files and values there are is the kernel's matter: its
/// Documentation/admin-guide/cgroup-v2.rst lists them.
///
/// Returns 0, or the negative of error->code. With stage 0: -EINVAL: group, file or value is NULL; -ESRCH: the cgroup of
/// another process. FORKEXEC_STAGE_VALIDATE: -EINVAL: file is not one component of a path, or value is empty.
/// FORKEXEC_STAGE_CGROUP: -ENOENT, -ENODEV: the controller of the file is not enabled in cgroup.subtree_control of the cgroup
/// above, the kernel has no such file, or the cgroup was removed; -EACCES, -EPERM: no right to it; -EBUSY: of
/// cgroup.subtree_control: the cgroup has processes; -EOPNOTSUPP: it is in or beside a threaded one; -EINVAL, -ERANGE and others:
/// the kernel does not take the value. The sentence says which, and what to write where.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_set(
    group: *const forkexec_cgroup,
    file: *const c_char,
    value: *const c_char,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let group = unsafe { ours(group) };
    // SAFETY: C caller guarantees a string.
    let file = unsafe { guard::string(file) }.map_err(refused);
    // SAFETY: C caller guarantees a string.
    let value = unsafe { guard::string(value) }.map_err(refused);
    let set = group.and_then(|group| group.set(file?, value?).map(|()| 0));
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(set, error) }
}

/// Reads a file of the cgroup: "memory.peak", "memory.events" (oom_kill), "cpu.stat" (usage_usec: the processor time of all
/// that ever ran in it), "pids.peak". The text, with its newline, comes with a NUL into buffer, which has size bytes; NULL
/// with size 0 for none. What does not fit is cut.
///
/// Returns the length of the whole text, without the NUL, or the negative of error->code. With stage 0: -EINVAL: group or
/// file is NULL, or buffer is NULL and size is not 0; -ESRCH: the cgroup of another process. FORKEXEC_STAGE_VALIDATE:
/// -EINVAL: file is not one component of a path. FORKEXEC_STAGE_CGROUP: as for forkexec_cgroup_set; -EINVAL: the file is
/// only for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_read(
    group: *const forkexec_cgroup,
    file: *const c_char,
    buffer: *mut c_char,
    size: usize,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let group = unsafe { ours(group) };
    // SAFETY: C caller guarantees a string.
    let file = unsafe { guard::string(file) }.map_err(refused);
    // SAFETY: C caller guarantees `size` bytes.
    let room = unsafe { guard::out_bytes(buffer.cast(), size) };
    let has_room = room.len() == size;
    let read = group.and_then(|group| match has_room {
        true => group.read(file?, room).map(|length| c_int::try_from(length).unwrap_or(c_int::MAX)),
        false => Err(Refusal::of_handle(Errno::EINVAL, sentences::TEXT_NULL)),
    });
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(read, error) }
}

/// A descriptor of the directory of the cgroup: borrowed, close-on-exec, valid until forkexec_cgroup_free; for another
/// cgroup in it, or to be watched. -EINVAL: group is NULL. -ESRCH: the cgroup of another process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_fd(group: *const forkexec_cgroup) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    match unsafe { ours(group) } {
        Ok(group) => group.fd(),
        Err(refusal) => -refusal.code,
    }
}

/// Kills, with SIGKILL, all that are in the cgroup and in those below it (cgroup.kill; one by one before Linux 5.14 and in a
/// threaded one); the caller, too, where it is in it. It comes back at once; they die meanwhile. That nobody is in it is no
/// error.
///
/// Returns 0. -EINVAL: group is NULL. -ESRCH: the cgroup of another process. -EPERM: one by one, and one of them may not be
/// killed. -EAGAIN: one by one, and new ones kept appearing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_kill(group: *const forkexec_cgroup) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let killed = unsafe { ours(group) }.map_err(|refusal| refusal.code);
    killed.and_then(|group| group.kill().map_err(|errno| errno as i32)).map_or_else(|code| -code, |()| 0)
}

/// Kills all that are in the cgroup and in those below it, waits until they are dead, and removes it with those below it.
/// Zombies are no hindrance: children are still to be waited for afterwards, but read what the cgroup counted, and call
/// forkexec_wait, before. timeout_ns: nanoseconds, FORKEXEC_FOREVER for ever. The handle stays, and is to be freed.
///
/// Returns 0, also where it was removed before, or the negative of error->code. With stage 0: -EINVAL: group is NULL; -ESRCH:
/// the cgroup of another process. FORKEXEC_STAGE_CGROUP: -ETIMEDOUT: a process in it has not died yet, call again; -EINTR: a
/// signal handler ran, call again; -EACCES, -EPERM: of a cgroup below it, or a process: it is another user's; -EMFILE,
/// -ENFILE: too many descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_remove(
    group: *const forkexec_cgroup,
    timeout_ns: i64,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    let timeout = u64::try_from(timeout_ns).ok().map(Duration::from_nanos);
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let removed =
        unsafe { ours(group) }.and_then(|group| group.remove(timeout).map(|()| 0).map_err(|errno| group.failed(errno)));
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(removed, error) }
}

/// Frees group; NULL is fine. It does what forkexec_cgroup_remove does before, with a time-out of 2 seconds: call that
/// one first to be told whether the cgroup is gone. In a fork of the process that made it, only the handle is freed, and
/// nobody is killed. Attrs with the cgroup stay valid; a spawn of them then fails. Alone and last: no other call may use
/// the group at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_free(group: *mut forkexec_cgroup) {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup of ours, and that this is its last use.
    drop(unsafe { guard::take_back(group) });
}

/// Runs the program in a cgroup of forkexec_cgroup_create: as forkexec_attr_set_cgroup_fd does, which says how, and what
/// may fail later. The attr keeps a descriptor of it, and group may be freed; a spawn then fails. The last call of the two
/// wins.
/// Returns 0; -EINVAL: attr or group is NULL; -ESRCH: the cgroup of another process.
/// Fails later as forkexec_attr_set_cgroup_fd does; FORKEXEC_STAGE_CGROUP (ENODEV, ENOENT: it was removed).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cgroup(attr: *mut forkexec_attr, group: *const forkexec_cgroup) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let group = unsafe { guard::shared(group) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    super::attr::apply(attr, "set_cgroup", |attr| {
        let forkexec_cgroup(group) = group.ok_or(Refused { code: libc::EINVAL, why: sentences::ARGUMENT_IS_NULL })?;
        let others = |errno| Refused { code: errno as i32, why: sentences::CGROUP_OF_OTHER_PROCESS };
        group.ours().map_err(others)?;
        attr.limits.set_cgroup(group.directory().clone())
    })
}
