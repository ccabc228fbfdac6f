//! The program: where it is found, where it starts, whose memory makes it.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::parent;
use crate::sealed::mode;
use core::ffi::{c_char, c_int};

/// Runs the program that fd refers to; the path given to the spawn must then be NULL.
///
/// fd is the caller's number, borrowed: it must be open, for reading or with O_PATH, during each spawn. It does not
/// reach the program, unless map_fd or inherit_fds gives it to it. A script needs that: map_fd(fd, fd), else its
/// interpreter finds the descriptor closed (ENOENT). The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_EXEC.
///
/// See execveat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_exec_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_exec_fd", |attr| attr.exec.set_exec_fd(fd))
}

/// Searches a program whose path has no slash in the directories of dirs, separated by colons; NULL means
/// "/bin:/usr/bin".
///
/// An empty item is the program's working directory. Without this call nothing is searched, and PATH is never read.
/// Every candidate is tried in turn; of the errors the first that is neither ENOENT nor ENOTDIR is the answer, else the
/// last. dirs is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, dirs is empty.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_EXEC.
///
/// The error's index is the place in dirs of the directory whose error it is, -1 for a path with a slash, which is not
/// searched.
///
/// See execvp(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_search_path(attr: *mut forkexec_attr, dirs: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that dirs is NULL or a string.
    let dirs = unsafe { guard::optional_string(dirs) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_search_path", |attr| attr.exec.set_search_path(dirs))
}

/// Starts the program in the directory path.
///
/// It is entered with the program's ids and capabilities, which set_cwd_rights changes, and inside its root, after
/// set_root and set_chroot; a relative path starts at the caller's working directory, or at the new root. path is
/// copied; the last call of this and of set_cwd_fd wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is empty.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_CWD with the errno of chdir(2), or as set_cwd_rights says.
///
/// See chdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cwd(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_cwd", |attr| attr.exec.set_cwd(path?))
}

/// Starts the program in the directory that fd refers to.
///
/// fd is the caller's number, borrowed: it must be open during each spawn. It is entered with the program's rights, as
/// with set_cwd. The last call of this and of set_cwd wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_CWD (ENOTDIR, EACCES), or with set_chroot or set_root as.
/// FORKEXEC_STAGE_CWD_CHECK, ENOENT: the directory lies outside the root, as with set_root all do that the caller has
///   opened, and would be a way out of it.
///
/// See fchdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cwd_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_cwd_fd", |attr| attr.exec.set_cwd_fd(fd))
}

/// Says with whose rights the directory of set_cwd or set_cwd_fd is entered.
///
/// FORKEXEC_CWD_RIGHTS_PROGRAM, the default: the program's, after its ids and capabilities were set.
/// FORKEXEC_CWD_RIGHTS_CALLER: the caller's, before that, as CPython and libuv do it; the program may then start in a
/// directory that it has no right to search, where a relative path leads to nothing. FORKEXEC_CWD_RIGHTS_EITHER: the
/// caller's, and where these are refused with EACCES or EPERM, the program's, as runc and crun do it. The caller's
/// rights are its ids and the capabilities that the child has before the ids change: in a new or a joined user
/// namespace those of that namespace, which reach no file whose owner is not mapped there. The root is the program's in
/// any case, and the directory has to lie in it. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, rights is none of the three.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: neither set_cwd nor set_cwd_fd.
/// FORKEXEC_STAGE_CWD_BEFORE_IDS: the errno of chdir(2).
/// FORKEXEC_STAGE_CWD_BEFORE_IDS: with EITHER not EACCES and EPERM.
/// FORKEXEC_STAGE_CWD: the errno of chdir(2) with the program's rights.
/// FORKEXEC_STAGE_CWD_CHECK, ENOENT: it lies outside the root.
///
/// See chdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cwd_rights(attr: *mut forkexec_attr, rights: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_cwd_rights", |attr| attr.exec.set_cwd_rights(rights))
}

/// Tries the exec again for that many milliseconds while the file is open for writing somewhere (ETXTBSY), as a program
/// is that was written just now while another thread forked. 0, the default, does not try again.
///
/// The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_EXEC, ETXTBSY: still busy after that time.
///
/// See execve(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_busy_retry(attr: *mut forkexec_attr, milliseconds: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_busy_retry", |attr| attr.exec.set_busy_retry(milliseconds))
}

/// Adds the variable name to the program's environment, in place of one of that name, with the program's process id, as
/// it sees it itself, as its decimal value: LISTEN_PID for socket activation.
///
/// name is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or name is NULL, name is empty or has a '='.
/// -ENOMEM.
///
/// See sd_listen_fds(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_pid_variable(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_pid_variable", |attr| attr.exec.set_pid_variable(name?))
}

/// Makes the program a tracee of the thread that calls forkexec_start: it stops with SIGTRAP at the exec, before its
/// first instruction.
///
/// That thread has to live and to wait for it. Only for forkexec_start and forkexec_release: forkexec_spawn and
/// forkexec_hold refuse it.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: not held.
/// FORKEXEC_STAGE_TRACE, EPERM: already traced, or a security module.
///
/// See ptrace(2), PTRACE_TRACEME.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_ptrace(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_ptrace", |attr| attr.exec.set_ptrace())
}

/// Makes the child stop itself with SIGSTOP right before the signal mask and the exec, so that a tracer may attach or a
/// debugger look; SIGCONT lets it go on.
///
/// Only for forkexec_start and forkexec_release: forkexec_spawn and forkexec_hold refuse it. As process 1 of a new pid
/// namespace it is refused too, unless set_ptrace is asked for as well: the kernel ignores a stop that such a process
/// sends itself, but the tracer of a tracee sees it.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: not held, or pid 1 without set_ptrace.
/// FORKEXEC_STAGE_STOP.
///
/// See signal(7), ptrace(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_stop(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_stop", |attr| attr.exec.set_stop())
}

/// Chooses whose memory the child runs in until the exec: FORKEXEC_MEMORY_AUTO (the default), FORKEXEC_MEMORY_FRESH or
/// FORKEXEC_MEMORY_COPIED.
///
/// AUTO shares the caller's only where nobody gains access to the caller by it; sharing cannot be forced. What the
/// program sees is the same in all modes. With set_root, set_chroot or a joined mount or pid namespace the child is
/// always FRESH: in the caller's memory or a copy of it /proc/self/exe would lead to the caller's own file, which
/// somebody in there could overwrite (CVE-2019-5736). The last call wins. clone(2). FRESH makes, in this call, the two
/// memory files that all such children use, memfd_create(2), and they stay open in the caller: a filter or a limit that
/// the caller takes on later does not matter then. Where that fails it is not told here, and the next spawn that needs
/// them tries again.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, mode is none of the three.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: COPIED where only FRESH will do.
/// FORKEXEC_STAGE_MEMORY (ENOMEM), or, where FRESH was demanded or is needed, as.
/// FORKEXEC_STAGE_IMAGE or.
/// FORKEXEC_STAGE_CARRY, EPERM, EACCES or ENOSYS: the system forbids it, or the caller has ids or capabilities that no
///   exec hands on.
/// FORKEXEC_STAGE_CARRY, EOPNOTSUPP: under an emulator that shares no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_memory_mode(attr: *mut forkexec_attr, mode: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_memory_mode", |attr| {
        attr.exec.set_memory_mode(mode)?;
        if mode == mode::FRESH {
            parent::prepare_fresh();
        }
        Ok(())
    })
}

/// Leaves an init behind as the first process of a new pid namespace, for programs that do not know how to be one: the
/// program is its child, with pid 2, and may be killed by every signal.
///
/// The init reaps what is left to it, has no descriptors and no capabilities, is under no_new_privs and a filter that
/// allows what it does and nothing else, and ends with the program: with its exit code, or 128 and the signal that
/// killed it; then all others in the namespace are killed. It is what forkexec_child_pid is about. forkexec_wait waits
/// for it, and tells how the program ended, and what the program and those used that it waited for; of an init that was
/// killed before it could tell, it tells how the init ended. Signals that are sent to it from outside of the namespace
/// it sends on to the program, but for SIGKILL, which ends all, and SIGSTOP, which stops the init alone; one for its
/// whole process group then reaches the program twice. Without CAP_KILL it cannot send them to a program that has
/// become another user: forkexec_signal sends to the program itself. It has the program's ids, is in its session and
/// process group (of set_session it is the leader), gets the signal of set_parent_death_signal, and is subject to the
/// filters of add_seccomp_filter only without set_no_new_privs, which then have to allow clone, close_range, kill,
/// rt_sigaction, rt_sigtimedwait, waitid, futex, set_robust_list, gettid, capset, prctl, seccomp and exit_group.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without create_namespaces(FORKEXEC_NS_PID).
/// FORKEXEC_STAGE_VALIDATE: with set_ptrace.
/// FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes.
/// FORKEXEC_STAGE_INIT, ENOMEM.
///
/// See pid_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_init(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_init", |attr| attr.exec.set_init())
}

/// Leaves an init behind as set_init does, but one that goes on until the last process in its namespace ends.
///
/// What the program has left running in the background is not killed when the program ends. The init then ends with the
/// program's exit code, or 128 and the signal that killed it; no signal is sent on any more. forkexec_wait waits for the
/// init, and tells how the program ended. With FORKEXEC_WAIT_PROGRAM it returns when the program has ended, with
/// FORKEXEC_STATUS_LINGERS in status.valid where the init still goes on. forkexec_kill_tree ends all. The last call of
/// set_init and this wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without create_namespaces(FORKEXEC_NS_PID).
/// FORKEXEC_STAGE_VALIDATE: with set_ptrace.
/// FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes.
/// FORKEXEC_STAGE_INIT, ENOMEM.
///
/// See pid_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_lingering_init(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_lingering_init", |attr| attr.exec.set_lingering_init())
}

/// Lets forkexec_wait tell the program's own peak of memory, status.max_rss_bytes with FORKEXEC_STATUS_OWN_MEMORY.
///
/// The kernel keeps for a process the peak of the memory in which it was before an exec, and that is the caller's. With
/// this the library's small image clones once more, so that the program is a process that was never in the caller's
/// memory; but for the image itself, about 1 MiB. Since Linux 6.2 the kernel counts a few pages of each processor late,
/// so that a tiny program may show 0. It costs another clone, or nothing with set_init, and for a child that joins a
/// pid namespace. A second process counts for limits on processes for a moment.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: with FORKEXEC_MEMORY_COPIED, or for forkexec_hold.
/// FORKEXEC_STAGE_IMAGE, EOPNOTSUPP: no memory is shared here, as under an emulator.
/// FORKEXEC_STAGE_IMAGE, EPERM: an exec would change the caller's saved ids.
/// FORKEXEC_STAGE_IMAGE: what FORKEXEC_MEMORY_FRESH fails with.
/// FORKEXEC_STAGE_CLONE, EAGAIN: a limit on processes.
/// FORKEXEC_STAGE_CLONE, ENOMEM.
///
/// See clone(2), getrusage(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_measure_memory(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "measure_memory", |attr| {
        attr.exec.measure_memory()?;
        parent::prepare_fresh();
        Ok(())
    })
}
