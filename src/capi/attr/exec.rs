//! The program: where it is found, where it starts, whose memory makes it.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::parent;
use crate::sealed::mode;
use core::ffi::{c_char, c_int};

/// Runs the program that the descriptor fd refers to.
///
/// The path given to the spawn must then be NULL. fd is a descriptor of the caller, borrowed: it must be open, for
/// reading or with O_PATH, during each spawn. The program does not get it, unless map_fd or inherit_fds passes it on. A
/// script needs that, for example by map_fd(attr, fd, fd): without it the interpreter finds the descriptor closed, and
/// fails with ENOENT. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_EXEC, with the errno of execveat(2).
///
/// See execveat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_exec_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_exec_fd", |attr| attr.exec.set_exec_fd(fd))
}

/// Searches for a program whose path has no slash in the directories of dirs.
///
/// dirs has directories with colons between them. NULL means "/bin:/usr/bin". An empty item is the program's working
/// directory. Without this call nothing is searched; PATH is never read. The directories are tried in turn. If none has
/// a program that runs, the error is the first one that is neither ENOENT nor ENOTDIR, else the last. dirs is copied.
/// The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or dirs is empty.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_EXEC, with the errno of execve(2).
///
/// The error's index is the place in dirs of the directory that failed. It is -1 for a path with a slash.
///
/// See execvp(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_search_path(attr: *mut forkexec_attr, dirs: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that dirs is NULL or a string.
    let dirs = unsafe { guard::optional_string(dirs) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_search_path", |attr| attr.exec.set_search_path(dirs))
}

/// Starts the program in the directory path.
///
/// The directory is entered inside the program's root, after set_root and set_chroot, and with the program's ids and
/// capabilities, unless set_cwd_rights says otherwise. A relative path begins at the caller's working directory, or at
/// the new root. path is copied. The last call of this and of set_cwd_fd wins.
///
/// Example:
///
///     forkexec_attr_set_cwd(attr, "/var/empty");
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, or path is empty.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_CWD, with the errno of chdir(2).
/// FORKEXEC_STAGE_CWD_BEFORE_IDS, with the errno of chdir(2), if set_cwd_rights asks for the caller's rights.
///
/// See chdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cwd(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_cwd", |attr| attr.exec.set_cwd(path?))
}

/// Starts the program in the directory that the descriptor fd refers to.
///
/// fd is a descriptor of the caller, borrowed: it must be open during each spawn. The directory is entered with the
/// program's ids and capabilities, unless set_cwd_rights says otherwise. The last call of this and of set_cwd wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_CWD, ENOTDIR: fd is no directory.
/// FORKEXEC_STAGE_CWD, EACCES: the program may not enter it.
/// FORKEXEC_STAGE_CWD_CHECK, ENOENT: with set_root or set_chroot, the directory lies outside the root. With set_root
///   every directory that the caller has opened does.
///
/// See fchdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cwd_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_cwd_fd", |attr| attr.exec.set_cwd_fd(fd))
}

/// Chooses with whose rights the working directory is entered.
///
/// rights is one of three. FORKEXEC_CWD_RIGHTS_PROGRAM, the default, takes those of the program, after its ids and
/// capabilities are set. FORKEXEC_CWD_RIGHTS_CALLER takes those of the caller, before that, as CPython and libuv do;
/// the program may then start in a directory that it may not search, where relative paths lead to nothing.
/// FORKEXEC_CWD_RIGHTS_EITHER takes those of the caller and, if they are refused with EACCES or EPERM, those of the
/// program, as runc and crun do.
///
/// The caller's rights are its ids and the capabilities that the child has before its ids change. In a new or joined
/// user namespace these are capabilities of that namespace, which give no access to files of users who are not mapped
/// there. The directory has to lie in the program's root in any case. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or rights is none of the three.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: neither set_cwd nor set_cwd_fd was called.
/// FORKEXEC_STAGE_CWD_BEFORE_IDS, with the errno of chdir(2). With FORKEXEC_CWD_RIGHTS_EITHER not EACCES and EPERM.
/// FORKEXEC_STAGE_CWD, with the errno of chdir(2) and the program's rights.
/// FORKEXEC_STAGE_CWD_CHECK, ENOENT: the directory lies outside the root.
///
/// See chdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cwd_rights(attr: *mut forkexec_attr, rights: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_cwd_rights", |attr| attr.exec.set_cwd_rights(rights))
}

/// Tries the exec again while the program's file is open for writing.
///
/// milliseconds is for how long it tries. The exec of a file that somebody has open for writing fails with ETXTBSY.
/// This happens to a program that was just written, when another thread forks meanwhile. 0, the default, does not try
/// again. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_EXEC, ETXTBSY: the file was still open for writing after that time.
///
/// See execve(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_busy_retry(attr: *mut forkexec_attr, milliseconds: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_busy_retry", |attr| attr.exec.set_busy_retry(milliseconds))
}

/// Adds an environment variable that holds the program's own process id.
///
/// The variable name gets the pid that the program itself sees, in decimal. It replaces a variable of that name.
/// LISTEN_PID for socket activation is such a variable. name is copied. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or name is NULL, or name is empty or has a '='.
/// -ENOMEM: memory is short.
///
/// See sd_listen_fds(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_pid_variable(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_pid_variable", |attr| attr.exec.set_pid_variable(name?))
}

/// Makes the program a tracee of the thread that calls forkexec_start.
///
/// The program stops with SIGTRAP at the exec, before its first instruction. The thread has to live and to wait for it.
/// Only forkexec_start and forkexec_release can do this; forkexec_spawn and forkexec_hold refuse it.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: the call is not forkexec_start.
/// FORKEXEC_STAGE_TRACE, EPERM: the child is traced already, or a security module forbids it.
///
/// See ptrace(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_ptrace(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_ptrace", |attr| attr.exec.set_ptrace())
}

/// Makes the child stop itself with SIGSTOP right before the exec.
///
/// The child stops before the signal mask is set, so that a tracer can attach or a debugger can look. SIGCONT lets it
/// go on. Only forkexec_start and forkexec_release can do this; forkexec_spawn and forkexec_hold refuse it. A child
/// that is process 1 of a new pid namespace needs set_ptrace too: the kernel ignores a stop that such a process sends
/// itself, unless it has a tracer.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: the call is not forkexec_start, or the child is process 1 and has no tracer.
/// FORKEXEC_STAGE_STOP, with the errno of kill(2).
///
/// See signal(7), ptrace(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_stop(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_stop", |attr| attr.exec.set_stop())
}

/// Chooses whose memory the child runs in until the exec.
///
/// mode is one of three. FORKEXEC_MEMORY_AUTO, the default, shares the caller's memory where this gives nobody new
/// power over the caller. FORKEXEC_MEMORY_FRESH takes the memory of the library's own small program, and
/// FORKEXEC_MEMORY_COPIED a copy of the caller's, as fork(2) does. Sharing cannot be forced. The program sees the same
/// in all modes. The last call wins.
///
/// With set_root, set_chroot or a joined mount or pid namespace, the child is always FRESH. In the caller's memory or a
/// copy of it /proc/self/exe would lead to the caller's own file, and a process inside could overwrite it
/// (CVE-2019-5736).
///
/// For FRESH this call makes the two memory files that all such children use, memfd_create(2), and they stay open in
/// the caller. So a filter or limit that the caller takes on later does not prevent them. If that fails the call still
/// returns 0, and the next spawn that needs them tries again.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or mode is none of the three.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: COPIED was asked for, and the child has to be FRESH.
/// FORKEXEC_STAGE_MEMORY, ENOMEM: memory is short.
/// FORKEXEC_STAGE_IMAGE, EPERM, EACCES, ENOSYS: the system forbids to execute the library's program, or the caller has
///   ids or capabilities that no exec passes on.
/// FORKEXEC_STAGE_IMAGE, EOPNOTSUPP: an emulator shares no memory.
/// FORKEXEC_STAGE_CARRY, EPERM: the caller has capabilities that no exec passes on.
///
/// See clone(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_memory_mode(attr: *mut forkexec_attr, mode: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_memory_mode", |attr| {
        attr.exec.set_memory_mode(mode)?;
        if mode == mode::FRESH {
            parent::prepare_fresh();
        }
        Ok(())
    })
}

/// Runs the program as pid 2 below a small init in its new pid namespace.
///
/// Without it the program is pid 1 of the namespace, and the kernel drops signals that it does not handle: SIGTERM,
/// SIGINT, SIGXCPU, SIGABRT. With it every signal acts on the program. Needs create_namespaces with FORKEXEC_NS_PID.
///
/// The init reaps orphans and ends with the program, with its exit code or with 128 plus the signal that killed it.
/// Then the kernel kills all others in the namespace. The init has no descriptors and no capabilities, has no_new_privs
/// set, and a filter allows it only what it does. It has the program's ids, is in its session and process group, and
/// leads the session of set_session. It gets the signal of set_parent_death_signal.
///
/// forkexec_child_pid and other functions of a child are about the init. forkexec_wait waits for the init and tells how
/// the program ended, and what it and its own reaped children used. If the init was killed before it could tell,
/// forkexec_wait tells how the init ended.
///
/// The init sends signals from outside the namespace on to the program, except SIGKILL, which ends all, and SIGSTOP,
/// which stops the init alone. A signal for the whole process group therefore reaches the program twice. Without
/// CAP_KILL the init cannot signal a program that has become another user; forkexec_signal signals the program itself.
///
/// Filters of add_seccomp_filter hold for the init only without set_no_new_privs. They then have to allow clone,
/// close_range, kill, rt_sigaction, rt_sigtimedwait, waitid, futex, set_robust_list, gettid, capset, prctl, seccomp and
/// exit_group.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new pid namespace, or set_ptrace was called.
/// FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes is reached.
/// FORKEXEC_STAGE_INIT, ENOMEM: memory is short.
///
/// See pid_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_init(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_init", |attr| attr.exec.set_init())
}

/// As set_init, with an init that goes on until the last process has ended.
///
/// What the program has left running in the background is not killed when the program ends. From then on the init sends
/// no signal on; in the end it has the program's exit code, or 128 plus the signal that killed it. forkexec_wait waits
/// for the init, and tells how the program ended. With FORKEXEC_WAIT_PROGRAM it returns when the program has ended, with
/// FORKEXEC_STATUS_LINGERS in status.valid where the init still goes on. forkexec_kill_tree ends all. The last call of
/// set_init and this wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new pid namespace, or set_ptrace was called.
/// FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes.
/// FORKEXEC_STAGE_INIT, ENOMEM: memory is short.
///
/// See pid_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_lingering_init(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_lingering_init", |attr| attr.exec.set_lingering_init())
}

/// Lets forkexec_wait tell the peak of memory of the program alone.
///
/// status.max_rss_bytes then has FORKEXEC_STATUS_OWN_MEMORY. Without this call it includes the caller's peak: the
/// kernel keeps for a process the peak of the memory it had before an exec. With it the library's small image clones
/// once more, so that the program is a process that never was in the caller's memory. The peak still includes the
/// image, about 1 MiB. Since Linux 6.2 the kernel counts a few pages of each processor late, so a tiny program may show
/// 0.
///
/// It costs one more clone, but none with set_init or a joined pid namespace. Limits on processes count a second
/// process for a moment.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: the memory mode is FORKEXEC_MEMORY_COPIED, or the call is forkexec_hold.
/// FORKEXEC_STAGE_IMAGE, EOPNOTSUPP: an emulator shares no memory.
/// FORKEXEC_STAGE_IMAGE, EPERM: an exec would change the caller's saved ids. Otherwise as for FORKEXEC_MEMORY_FRESH.
/// FORKEXEC_STAGE_CLONE, EAGAIN: a limit on processes is reached.
/// FORKEXEC_STAGE_CLONE, ENOMEM: memory is short.
///
/// See clone(2), getrusage(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_measure_memory(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "measure_memory", |attr| {
        attr.exec.measure_memory()?;
        parent::prepare_fresh();
        Ok(())
    })
}
