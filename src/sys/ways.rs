//! The table of system calls that may be missing or forbidden on a host, and for which this library has another way. A call
//! is tried when a request needs it, never to find out whether it works: a seccomp filter may kill the process that makes
//! it, may be installed later, and may be one thread's alone. A failure gives at most a hint for later spawns
//! (parent::hint).

use super::abi::*;
use super::answer::Errno;

/// A call, and what is done where it fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// clone3(2). Else clone(2), and the child resets the signal handlers.
    Clone3,
    /// clone3(2) with CLONE_INTO_CGROUP. Else the child's pid is written to cgroup.procs.
    IntoCgroup,
    /// close_range(2). Else each descriptor that /proc/self/fd lists is closed; without /proc, each possible number.
    CloseRange,
    /// close_range(2) with CLOSE_RANGE_UNSHARE, and then unshare(2). Else clone(2) copies the descriptor table.
    OwnTable,
    /// open_tree(2), mount_setattr(2) and move_mount(2). Else mount(2).
    MountTree,
    /// open_tree(2) of a tree that is in no mount namespace, and move_mount(2) into it, since Linux 6.15. Else each spawn
    /// builds the tree.
    DetachedTree,
    /// openat2(2). Else openat(2), component by component, with readlinkat(2) for links.
    Openat2,
    /// memfd_create(2), the seals of F_ADD_SEALS(2const), and execveat(2) of the built-in image. Else the child runs in a copy
    /// of the caller's memory.
    Image,
    /// execveat(2) of the caller's descriptor. Else execve(2) of its link in /proc/self/fd, as qemu-user before 8.0 needs
    /// it.
    ExecByFd,
    /// seccomp(2) without flags. Else prctl(2) with PR_SET_SECCOMP.
    Filter,
    /// PR_CAP_AMBIENT(2const), by which capabilities survive the exec of the image. Else as for the image.
    Carry,
    /// pidfd_getfd(2) of the ends that a child has made. Else the caller makes them.
    Fetch,
    /// clone(2) without CLONE_VM and with exit signal 0. Else the exit signal is SIGCHLD, as for fork(2): qemu-user knows no
    /// other.
    ExitSignal,
}

/// The meaning of a failed call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// The host does not have the call. Try the next way, and remember the hint.
    NotHere,
    /// The call is refused to this thread, with these arguments, or at this moment. Try the next way in this spawn only.
    NotNow,
    /// The request has failed. Another way would fail as well, or would not do what was asked.
    Error,
}

/// The table.
pub fn means(call: Call, Errno(errno): Errno) -> Means {
    match (call, errno) {
        // The kernel is too old for the call, or a filter says so.
        (_, ENOSYS) => Means::NotHere,
        // The kernel refuses an exec with EPERM for many reasons, which hold for the other call as well.
        (Call::ExecByFd, EPERM) => Means::Error,
        // The other common answer of filters. If it came from the kernel, the next way gets it too.
        (_, EPERM) => Means::NotNow,
        // The kernel is too old for a flag, or for the size of the arguments. If the cause is a namespace, clone(2) fails
        // too.
        (Call::Clone3 | Call::IntoCgroup, EINVAL | E2BIG) => Means::NotHere,
        (Call::ExitSignal | Call::DetachedTree, EINVAL) => Means::NotHere,
        // Without a cgroup the kernel never answers this.
        (Call::Clone3, EACCES) => Means::NotNow,
        // The file cannot be executed: this kernel does not know its format, or a policy forbids it (vm.memfd_noexec,
        // SELinux).
        (Call::Image, ENOEXEC) => Means::NotHere,
        (Call::Image, EACCES) => Means::NotNow,
        // The strings are too long for the image's exec, or RLIMIT_FSIZE is too small for the image or the file of strings.
        (Call::Image, E2BIG | EFBIG) => Means::NotNow,
        // Not every caller can make its capabilities ambient.
        (Call::Carry, _) => Means::NotNow,
        (Call::Fetch, EACCES) => Means::NotNow,
        _ => Means::Error,
    }
}

/// Whether to try the next way.
pub fn goes_on(call: Call, errno: Errno) -> bool {
    means(call, errno) != Means::Error
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: [Call; 13] = [
        Call::Filter,
        Call::Clone3,
        Call::IntoCgroup,
        Call::CloseRange,
        Call::OwnTable,
        Call::MountTree,
        Call::DetachedTree,
        Call::Openat2,
        Call::Image,
        Call::Carry,
        Call::Fetch,
        Call::ExitSignal,
        Call::ExecByFd,
    ];

    #[test]
    fn what_filters_answer_is_never_an_error() {
        for call in CALLS {
            assert_eq!(means(call, Errno(ENOSYS)), Means::NotHere, "{call:?}");
            let refused = means(call, Errno(EPERM));
            assert_eq!(refused, if call == Call::ExecByFd { Means::Error } else { Means::NotNow }, "{call:?}");
        }
    }

    #[test]
    fn what_runs_short_is_an_error_and_never_learnt() {
        for call in CALLS.into_iter().filter(|call| *call != Call::Carry) {
            for errno in [EAGAIN, EMFILE, ENOSPC, EINTR, libc::ENOMEM, libc::ENFILE, libc::EUSERS] {
                assert_eq!(means(call, Errno(errno)), Means::Error, "{call:?} {errno}");
            }
        }
    }
}
