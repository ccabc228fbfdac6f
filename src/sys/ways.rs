//! The one table of system calls that not every host has, or lets everybody make, and that this library has another way
//! for. A call is tried when a request needs it, never to find out whether it is there: a seccomp filter may kill whoever
//! makes it, may be put on later, and may be one thread's alone. What a failure teaches is a hint at most (parent::hint).

use super::abi::*;
use super::answer::Errno;

/// A call, and what is done where it fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// clone3(2). Else clone(2), and the child resets the handlers of signals.
    Clone3,
    /// clone3(2) with CLONE_INTO_CGROUP. Else the child is written into cgroup.procs.
    IntoCgroup,
    /// close_range(2). Else each descriptor that /proc/self/fd lists is closed; without /proc, each that there can be.
    CloseRange,
    /// close_range(2) with CLOSE_RANGE_UNSHARE, and unshare(2) after it. Else clone(2) copies the table of descriptors.
    OwnTable,
    /// open_tree(2), mount_setattr(2) and move_mount(2). Else mount(2).
    MountTree,
    /// open_tree(2) of a tree that is in no mount namespace, and move_mount(2) into it, from Linux 6.15 on. Else each spawn
    /// builds the tree.
    DetachedTree,
    /// openat2(2). Else openat(2), name by name, and links are read.
    Openat2,
    /// memfd_create(2), the seals of F_ADD_SEALS(2const), and execveat(2) of the built-in image. Else the child runs in a copy
    /// of the caller's memory.
    Image,
    /// execveat(2) of a program that is given by its descriptor. Else execve(2) of its link in /proc/self/fd, as qemu-user
    /// before 8.0 needs it.
    ExecByFd,
    /// seccomp(2) without flags. Else prctl(2) with PR_SET_SECCOMP.
    Filter,
    /// PR_CAP_AMBIENT(2const), by which capabilities outlive the exec of the image. Else as for the image.
    Carry,
    /// pidfd_getfd(2) of the ends that a child has made. Else the caller makes them.
    Fetch,
    /// clone(2) without memory in common and with an exit signal of 0. Else the signal is SIGCHLD, as for fork(2): qemu-user
    /// knows no other.
    ExitSignal,
}

/// What a failed call means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// The host does not have it: the next way, and a hint that it is not worth trying soon.
    NotHere,
    /// Not for this thread, not with these arguments or not at this moment: the next way, for this spawn only.
    NotNow,
    /// The request has failed: another way would fail too, or do something else than was asked.
    Error,
}

/// The table.
pub fn means(call: Call, Errno(errno): Errno) -> Means {
    match (call, errno) {
        // Kernels that are too old for the call, and filters that say the same.
        (_, ENOSYS) => Means::NotHere,
        // The kernel answers this to an exec for many reasons, and the other call would be refused for the same.
        (Call::ExecByFd, EPERM) => Means::Error,
        // What filters answer otherwise. If it is the kernel's own answer, the next way will say it again.
        (_, EPERM) => Means::NotNow,
        // Too old for a flag, or for the size of the arguments. If it is about a namespace, clone(2) will say it again.
        (Call::Clone3 | Call::IntoCgroup, EINVAL | E2BIG) => Means::NotHere,
        (Call::ExitSignal | Call::DetachedTree, EINVAL) => Means::NotHere,
        // Without a cgroup this is no answer of the kernel's.
        (Call::Clone3, EACCES) => Means::NotNow,
        // The file cannot be executed: its format by this kernel, or memfds by a policy (vm.memfd_noexec, SELinux).
        (Call::Image, ENOEXEC) => Means::NotHere,
        (Call::Image, EACCES) => Means::NotNow,
        // RLIMIT_FSIZE is smaller than the image, or than a file of strings; or they do not fit there either.
        (Call::Image, E2BIG | EFBIG) => Means::NotNow,
        // Not every caller can hand its capabilities on.
        (Call::Carry, _) => Means::NotNow,
        (Call::Fetch, EACCES) => Means::NotNow,
        _ => Means::Error,
    }
}

/// Whether the next way is to be taken.
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
