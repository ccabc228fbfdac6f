//! A cgroup of one's own for each run.

// The comments have the C caller's duties, in C's words.
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

/// A cgroup of version 2 that was made to run programs in.
///
/// It is a directory, whose files are its limits and what it counts. It belongs to the process that made it: in
/// another, such as a fork of it, every call but forkexec_cgroup_free is -ESRCH. See cgroups(7).
#[allow(non_camel_case_types)]
pub struct forkexec_cgroup(pub(crate) Group);

/// The result, which is not negative; or the negative errno, with its sentence in `error`.
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

/// The cgroup of a handle that this process may use.
///
/// # Safety
/// `group` is NULL or came from this library and was not freed.
unsafe fn ours<'a>(group: *const forkexec_cgroup) -> Result<&'a Group, Refusal<'a>> {
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let group = unsafe { guard::shared(group) };
    let group = group.ok_or_else(|| Refusal::of_handle(Errno::EINVAL, sentences::GROUP_NULL))?;
    group.0.ours().map_err(|errno| group.0.failed(errno)).map(|()| &group.0)
}

/// The refusal of an argument.
fn refused<'a>(Refused { code, why }: Refused) -> Refusal<'a> {
    Refusal::of_handle(Errno::from_raw(code), why)
}

/// Makes a cgroup of version 2, in which programs can be run.
///
/// name is the name of the new directory, one component of a path. It is made in the cgroup whose directory parent_fd
/// refers to, open for reading or with O_PATH, in which the caller may make directories. systemd gives a service such a
/// directory with Delegate=yes. parent_fd is borrowed for the call.
///
/// The call enables no controllers and sets no limits. cgroup.subtree_control of the parent decides which files there
/// are besides those that begin with "cgroup."; the kernel lets a cgroup that has processes of its own enable only few
/// controllers. In a threaded parent the cgroup can be made, but no process can be in it. forkexec_attr_set_cgroup runs
/// a program in the cgroup.
///
/// *group is to be freed with forkexec_cgroup_free, which kills all processes in the cgroup and removes it. If the
/// caller is killed before, the cgroup and the programs in it stay. The next call with the same parent and name then
/// kills them, removes the cgroup and makes it anew. It does so only if this function made the old one, which from
/// Linux 5.7 on an extended attribute of the directory says, user.forkexec, and if the process that made it is gone,
/// with all its forks that have the handle: they hold a flock(2) on cgroup.kill. It leaves anything else of that name
/// alone.
///
/// Example:
///
///     if (forkexec_cgroup_create(fd, "job", &group, &error) == 0) {
///         forkexec_cgroup_set(group, "memory.max", "64M", &error);
///         forkexec_attr_set_cgroup(attr, group);
///     }
///
/// Returns 0, or the negative of error->code; with stage 0:
/// -EINVAL: name or group is NULL.
/// -EBADF: parent_fd is not open.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: name is not one component of 1 to 255 bytes, or has a newline.
/// FORKEXEC_STAGE_CGROUP, EINVAL: parent_fd is not in a cgroup2 file system.
/// FORKEXEC_STAGE_CGROUP, ENOTDIR: parent_fd is a file there.
/// FORKEXEC_STAGE_CGROUP, EACCES, EPERM: the parent was not delegated to the caller.
/// FORKEXEC_STAGE_CGROUP, EROFS: the file system is mounted read-only.
/// FORKEXEC_STAGE_CGROUP, EEXIST: something of that name is there that this function did not make.
/// FORKEXEC_STAGE_CGROUP, EBUSY: the process that made the cgroup of this name lives.
/// FORKEXEC_STAGE_CGROUP, ETIMEDOUT: a process of an old cgroup does not die.
/// FORKEXEC_STAGE_CGROUP, EAGAIN: cgroup.max.descendants or cgroup.max.depth is reached.
/// FORKEXEC_STAGE_CGROUP, ENOENT: the parent was removed.
/// FORKEXEC_STAGE_CGROUP, ENOMEM: memory is short.
/// FORKEXEC_STAGE_CGROUP, EMFILE, ENFILE: too many descriptors are open.
///
/// See mkdir(2), cgroups(7).
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

/// Writes value to a file of the cgroup, by one write(2).
///
/// Examples of file and value are "memory.max" and "64M", "pids.max" and "32", "cpu.max" and "50000 100000",
/// "memory.oom.group" and "1", "cgroup.freeze" and "1". Documentation/admin-guide/cgroup-v2.rst of the kernel lists
/// them.
///
/// Returns 0, or the negative of error->code, and a sentence that says what to write where; with stage 0:
/// -EINVAL: group, file or value is NULL.
/// -ESRCH: the cgroup belongs to another process.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: file is not one component of a path, or value is empty.
/// FORKEXEC_STAGE_CGROUP, ENOENT, ENODEV: the controller of the file is not enabled in cgroup.subtree_control of the
///   parent, the kernel has no such file, or the cgroup was removed.
/// FORKEXEC_STAGE_CGROUP, EACCES, EPERM: the caller may not write the file.
/// FORKEXEC_STAGE_CGROUP, EBUSY: the file is cgroup.subtree_control, and the cgroup has processes.
/// FORKEXEC_STAGE_CGROUP, EOPNOTSUPP: the cgroup is in or beside a threaded one.
/// FORKEXEC_STAGE_CGROUP, EINVAL, ERANGE: the kernel does not take the value; other errnos of write(2) may come, too.
///
/// See cgroups(7).
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

/// Reads a file of the cgroup.
///
/// Examples of file are "memory.peak", "memory.events" with its line oom_kill, "cpu.stat" with its line usage_usec, the
/// processor time of all that ever ran in the cgroup, and "pids.peak". The text, with its newline and a NUL, is written
/// to buffer, which has size bytes. What does not fit is cut. buffer may be NULL with size 0.
///
/// Returns the length of the whole text, without the NUL, or the negative of error->code; with stage 0:
/// -EINVAL: group or file is NULL, or buffer is NULL and size is not 0.
/// -ESRCH: the cgroup belongs to another process.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: file is not one component of a path.
/// FORKEXEC_STAGE_CGROUP, EINVAL: the file is only for writing.
/// FORKEXEC_STAGE_CGROUP: otherwise as for forkexec_cgroup_set.
///
/// See cgroups(7).
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

/// Gives a descriptor of the directory of the cgroup.
///
/// The library keeps it: it is close-on-exec and valid until forkexec_cgroup_free of group. It can be the parent of
/// another cgroup, or be watched.
///
/// Returns the descriptor, or a negative errno:
/// -EINVAL: group is NULL.
/// -ESRCH: the cgroup belongs to another process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_fd(group: *const forkexec_cgroup) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    match unsafe { ours(group) } {
        Ok(group) => group.fd(),
        Err(refusal) => -refusal.code,
    }
}

/// Kills all processes in the cgroup and in those below it with SIGKILL.
///
/// The call returns at once, and the processes die meanwhile. If the caller is in group, it dies too. An empty cgroup
/// is no error. The kernel kills them all at once by cgroup.kill. Before Linux 5.14 and in a threaded cgroup they are
/// killed one by one.
///
/// Returns 0, or a negative errno:
/// -EINVAL: group is NULL.
/// -ESRCH: the cgroup belongs to another process.
/// -EPERM: they are killed one by one, and the caller may not kill one of them.
/// -EAGAIN: they are killed one by one, and new ones kept appearing.
///
/// See cgroups(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_kill(group: *const forkexec_cgroup) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup that lives during the call.
    let killed = unsafe { ours(group) }.map_err(|refusal| refusal.code);
    killed.and_then(|group| group.kill().map_err(|errno| errno as i32)).map_or_else(|code| -code, |()| 0)
}

/// Kills all processes in the cgroup, waits for their death, and removes it.
///
/// So it does with the cgroups below it. Zombies do not prevent it: children are still to be waited for. Call
/// forkexec_wait, and read what the cgroup has counted, before this. timeout_ns is in nanoseconds; FORKEXEC_FOREVER
/// waits without end. The handle group stays, and is to be freed.
///
/// Returns 0, also where the cgroup was removed before, or the negative of error->code; with stage 0:
/// -EINVAL: group is NULL.
/// -ESRCH: the cgroup belongs to another process.
/// FORKEXEC_STAGE_CGROUP, ETIMEDOUT: a process in it has not died yet. Call again.
/// FORKEXEC_STAGE_CGROUP, EINTR: a signal handler ran. Call again.
/// FORKEXEC_STAGE_CGROUP, EACCES, EPERM: a cgroup below it, or a process in it, is another user's.
/// FORKEXEC_STAGE_CGROUP, EMFILE, ENFILE: too many descriptors are open.
///
/// See cgroups(7), rmdir(2).
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

/// Kills all processes in the cgroup, removes it, and frees group.
///
/// NULL is allowed. The call does what forkexec_cgroup_remove does with a timeout of 2 seconds: call that one before to
/// be told whether the cgroup is gone. In a fork of the process that made group only the handle is freed. Attrs with
/// the cgroup stay valid, but a spawn from them fails.
///
/// No other call may use group at the same time or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_cgroup_free(group: *mut forkexec_cgroup) {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a cgroup of ours, and that this is its last use.
    drop(unsafe { guard::take_back(group) });
}

/// Runs the program in a cgroup of forkexec_cgroup_create.
///
/// The attr keeps a descriptor of the cgroup, so group may be freed; a spawn then fails. forkexec_attr_set_cgroup_fd
/// says how the child gets into the cgroup. The last call of the two wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or group is NULL.
/// -ESRCH: the cgroup belongs to another process.
///
/// A spawn can fail later as set_cgroup_fd says, and as:
/// FORKEXEC_STAGE_CGROUP, ENODEV, ENOENT: the cgroup was removed.
///
/// See cgroups(7).
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
        attr.cgroup.set_cgroup(group.directory().clone())
    })
}
