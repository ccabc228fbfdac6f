//! Mounts in the program's root.

use super::{apply, forkexec_attr};
use crate::attr::mounts::MOST_LOWERS;
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_char, c_int};

/// Adds a mount(2) to the list of mounts.
///
/// The list of mounts is what this setter and the next sixteen ask for, up to change_mode. Its items are done in call
/// order, in the program's new mount namespace, which create_namespaces or unshare_namespaces has to ask for. The
/// caller sees nothing of it.
///
/// target is a path in the program's root, which set_root may change. It begins with "/" and has no "..". The child
/// reaches it by descriptor, component by component, and follows no symbolic link (ELOOP), so that nothing in the root
/// leads out of it. It has to exist: see make_directory. A target that is a file needs the caller's /proc, or Linux
/// 5.12. source is a path of the caller's.
///
/// flags are the MS_ flags of mount(2). With MS_REMOUNT, where target may be "/", or with MS_SHARED, MS_PRIVATE,
/// MS_SLAVE or MS_UNBINDABLE, the mount at target is changed. With MS_MOVE it comes from source. With MS_BIND source
/// appears at target, and with MS_REC what is mounted below it, too. Otherwise a file system of type fstype is mounted,
/// with the options in data. Paths in data and source should begin with "/".
///
/// A bind also takes MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME and MS_NOSYMFOLLOW, which
/// mount(2) itself ignores, with MS_REC for all of it. As with mount(2), MS_RELATIME and the flags of propagation
/// change nothing on a bind: a second call without MS_BIND changes the propagation.
///
/// source, fstype and data may be NULL where mount(2) allows it. All are copied.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is empty, does not begin with "/", has a ".." or is "/" without MS_REMOUNT,
///   a bind or move has no source, a new file system has no fstype, or a bind has a flag that it does not take.
/// -ENAMETOOLONG: target, source, fstype or data has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new mount namespace, or its propagation would bring the mounts to the
///   caller.
/// FORKEXEC_STAGE_ROOT, EACCES: the working directory cannot be kept.
/// FORKEXEC_STAGE_MOUNT, EOPNOTSUPP: target is a file, and the caller has no /proc.
/// FORKEXEC_STAGE_MOUNT, with the errno of mount(2), or of open(2) for the way to target.
///
/// The error's index is the place in the list of mounts.
///
/// See mount(2), mount_setattr(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_add_mount(
    attr: *mut forkexec_attr,
    source: *const c_char,
    target: *const c_char,
    fstype: *const c_char,
    flags: u64,
    data: *const c_char,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that source is NULL or a string.
    let source = unsafe { guard::optional_string(source) };
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that fstype is NULL or a string.
    let fstype = unsafe { guard::optional_string(fstype) };
    // SAFETY: C caller guarantees that data is NULL or a string.
    let data = unsafe { guard::optional_string(data) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "add_mount", |attr| attr.mounts.add_mount(source, target?, fstype, flags, data))
}

/// Makes the caller's file or directory source appear at target.
///
/// So does all that is mounted below source. A symbolic link at source is followed. flags are any of
/// FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _NONRECURSIVE, _CREATE, _FOLLOW and _OPTIONAL. The first four
/// hold for everything below too, but a program that keeps CAP_SYS_ADMIN can undo them, see make_readonly. With
/// _OPTIONAL a source that does not exist, or a link that leads to nothing, is left out and its target is not made; a
/// source that the caller may not look at (EACCES) or that lies below a file (ENOTDIR) is an error. In a new user
/// namespace _NONRECURSIVE fails with EINVAL if something is mounted below source. source and target are copied. An
/// item of the list of mounts: see add_mount.
///
/// Example:
///
///     forkexec_attr_bind_mount(attr, "/usr", "/usr", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr, source or target is NULL, source is empty, target is not a path inside the root or is "/", or flags
///   has another bit.
/// -ENAMETOOLONG: source or target has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_RESOLVE, ENOENT: source is relative, and the caller's working directory is gone.
/// FORKEXEC_STAGE_BIND, ENOENT: source or target does not exist.
/// FORKEXEC_STAGE_BIND, ENOTDIR: one is a directory and the other is not.
/// FORKEXEC_STAGE_BIND, ELOOP: there is a symbolic link on the way to target.
/// FORKEXEC_STAGE_BIND, EPERM: CAP_SYS_ADMIN is missing.
/// FORKEXEC_STAGE_BIND, with the errnos of open_tree(2), mount(2) and mount_setattr(2).
///
/// See open_tree(2), mount_setattr(2), mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_bind_mount(
    attr: *mut forkexec_attr,
    source: *const c_char,
    target: *const c_char,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that source is NULL or a string.
    let source = unsafe { guard::string(source) };
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "bind_mount", |attr| attr.mounts.bind_mount(source?, target?, None, flags))
}

/// Makes source appear at target as bind_mount does, with other owners.
///
/// userns_fd refers to a user namespace. What belongs to an id in it belongs, at target, to the id that this one is
/// mapped to. It is a descriptor of the caller, borrowed: it must be open during each spawn. Needs Linux 5.12, a file
/// system that can do it, and CAP_SYS_ADMIN where that was mounted (MOUNT_ATTR_IDMAP). source, target and flags are
/// those of bind_mount.
///
/// Returns 0, or a negative errno as bind_mount does, and:
/// -EBADF: userns_fd is negative.
///
/// A spawn can fail later as bind_mount says, and as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: userns_fd is not open.
/// FORKEXEC_STAGE_VALIDATE, ENOSYS: the kernel cannot do it.
///
/// See mount_setattr(2), user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_bind_mount_idmapped(
    attr: *mut forkexec_attr,
    source: *const c_char,
    target: *const c_char,
    userns_fd: i32,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that source is NULL or a string.
    let source = unsafe { guard::string(source) };
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "bind_mount_idmapped", |attr| attr.mounts.bind_mount(source?, target?, Some(userns_fd), flags))
}

/// Makes the file or directory that the descriptor fd refers to appear at target.
///
/// It does so as bind_mount does. What appears is what fd refers to, by device and inode, or the spawn fails: a file
/// that somebody renames meanwhile changes nothing. fd is a descriptor of the caller, borrowed: it must be open during
/// each spawn, O_PATH is enough, and the program does not get it unless map_fd passes it on. It must have a path in the
/// caller's root, which is read from the caller's /proc. flags are those of bind_mount except FORKEXEC_MOUNT_OPTIONAL.
/// target is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", or flags has another bit.
/// -EBADF: fd is negative.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as bind_mount says, and as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_VALIDATE, ELOOP: fd refers to a symbolic link.
/// FORKEXEC_STAGE_RESOLVE, ENOENT: there is no /proc.
/// FORKEXEC_STAGE_BIND, ESTALE: what fd refers to was moved, removed or covered, or has no path in the caller's root.
///
/// See open_tree(2), mount_setattr(2), mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_bind_mount_fd(
    attr: *mut forkexec_attr,
    fd: i32,
    target: *const c_char,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "bind_mount_fd", |attr| attr.mounts.bind_mount_fd(fd, target?, flags))
}

/// Mounts an empty file system in memory at target.
///
/// size_bytes is the most that it can hold, rounded up to pages; 0 is the kernel's default, half of the memory. mode is
/// that of its root, up to 07777. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE and
/// _FOLLOW. target is copied. An item of the list of mounts: see add_mount.
///
/// Example:
///
///     forkexec_attr_mount_tmpfs(attr, "/tmp", 64 << 20, 01777, FORKEXEC_MOUNT_CREATE);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", mode is above 07777, or flags has
///   another bit.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_TMPFS, ENOENT, ENOTDIR: target does not exist, or is no directory.
/// FORKEXEC_STAGE_TMPFS, ELOOP: there is a symbolic link on the way to target.
/// FORKEXEC_STAGE_TMPFS, EPERM: CAP_SYS_ADMIN is missing.
///
/// See tmpfs(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mount_tmpfs(
    attr: *mut forkexec_attr,
    target: *const c_char,
    size_bytes: u64,
    mode: u32,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "mount_tmpfs", |attr| attr.mounts.mount_tmpfs(target?, size_bytes, mode, flags))
}

/// Mounts directories laid over each other at target, as one.
///
/// lowers are count directories, the first of which lies on top. They stay as they are; what is written goes to the
/// directory upper. work is an empty directory of the same mount as upper, in which the kernel works, and where it
/// leaves a directory behind. With upper and work NULL and FORKEXEC_MOUNT_IN_MEMORY, what is written goes to memory and
/// ends with the mount. With both NULL and without that flag nothing can be written, and there are at least two lowers.
///
/// flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE, _FOLLOW and _IN_MEMORY. lowers, upper
/// and work are the caller's paths, as the source of bind_mount is, and may have any byte: what overlayfs would read as
/// a separator is escaped. What is mounted below them does not appear, and in a new user namespace nothing may be
/// mounted there (EINVAL). lowers and upper must not be changed from outside meanwhile. All are copied. An item of the
/// list of mounts: see add_mount.
///
/// Afterwards upper has the program's changes in the kernel's format. A file that it wrote is there whole. For what it
/// removed there is a character device 0/0 of that name. A directory that it removed and made again, or made in the
/// place of something else, has the extended attribute trusted.overlay.opaque. Outside the initial user namespace the
/// attribute is user.overlay.opaque, which not every file system can hold, tmpfs from Linux 6.6 on; elsewhere such a
/// change fails with EIO. There, renaming a directory of lowers fails with EXDEV, as mv(1) expects.
///
/// https://docs.kernel.org/filesystems/overlayfs.html describes overlayfs.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr, lowers, one of them or target is NULL, count is 0 or above 500, a path is empty, upper or work is
///   given without the other or with FORKEXEC_MOUNT_IN_MEMORY, there is one lower and nothing to write to, target is
///   not a path inside the root or is "/", or flags has another bit.
/// -ENAMETOOLONG: a path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_VALIDATE, ENAMETOOLONG: all paths together, with what is escaped, have more than about 4000 bytes.
/// FORKEXEC_STAGE_RESOLVE, ENOENT: a path is relative, and the caller's working directory is gone.
/// FORKEXEC_STAGE_OVERLAY, ENOENT, ENOTDIR: a directory, or target, does not exist or is none.
/// FORKEXEC_STAGE_OVERLAY, ELOOP: one directory lies within another, or there is a symbolic link on the way to target.
/// FORKEXEC_STAGE_OVERLAY, EINVAL: upper and work are not in the same mount, or on a file system that cannot be upper,
///   such as another overlay.
/// FORKEXEC_STAGE_OVERLAY, ENODEV: the kernel has no overlayfs.
/// FORKEXEC_STAGE_OVERLAY, EPERM: a user namespace needs Linux 5.11.
/// FORKEXEC_STAGE_OVERLAY, EBUSY: upper or work is in use.
///
/// See mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mount_overlay(
    attr: *mut forkexec_attr,
    lowers: *const *const c_char,
    count: usize,
    upper: *const c_char,
    work: *const c_char,
    target: *const c_char,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that lowers is NULL or has that count.
    let lowers = unsafe { guard::list(lowers, count, MOST_LOWERS, sentences::OVERLAY_OF_MANY) };
    // SAFETY: C caller guarantees that upper is NULL or a string.
    let upper = unsafe { guard::optional_string(upper) };
    // SAFETY: C caller guarantees that work is NULL or a string.
    let work = unsafe { guard::optional_string(work) };
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "mount_overlay", |attr| {
        // SAFETY: C caller guarantees that each of lowers is NULL or a string.
        let lowers = lowers?.iter().map(|lower| unsafe { guard::string(*lower) });
        attr.mounts.mount_overlay(lowers, (upper, work), target?, flags)
    })
}

/// Mounts a new proc file system at target.
///
/// It shows the processes of the child's pid namespace, so with a new user namespace a new pid namespace is needed too.
/// It is nosuid, nodev and noexec. flags are any of FORKEXEC_MOUNT_READONLY, FORKEXEC_MOUNT_CREATE,
/// FORKEXEC_MOUNT_KERNEL_READONLY and FORKEXEC_MOUNT_KERNEL_HIDDEN. The last two cover what belongs to the kernel and
/// not to a process, as container runtimes do; a program that keeps CAP_SYS_ADMIN can undo them, see make_readonly.
/// With one of them, a user namespace inside cannot mount a proc of its own. target is copied. An item of the list of
/// mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", or flags has another bit.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_PROC, ENOENT, ENOTDIR: target does not exist, or is no directory.
/// FORKEXEC_STAGE_PROC, ELOOP: there is a symbolic link on the way to target.
/// FORKEXEC_STAGE_PROC, EPERM: there is no new pid namespace, or parts of the caller's own /proc are covered, as in a
///   container. Bind /proc there.
///
/// See proc(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mount_proc(
    attr: *mut forkexec_attr,
    target: *const c_char,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "mount_proc", |attr| attr.mounts.mount_proc(target?, flags))
}

/// Mounts a small /dev in memory at target.
///
/// It has null, zero, full, random, urandom and tty, which are the caller's, and whose device numbers are verified;
/// pts, a new devpts, with ptmx; an empty shm; and the links fd, stdin, stdout and stderr to /proc. flags are any of
/// FORKEXEC_MOUNT_READONLY, which leaves pts and shm writable, and FORKEXEC_MOUNT_CREATE. target is copied. An item of
/// the list of mounts: see add_mount.
///
/// In a new user namespace devpts needs a mapped id 0. If the caller maps its own ids to others than 0, with one range
/// of one id each, the mounts are made as id 0 of a first user namespace. The program is then in a second one, with the
/// ids that were asked for (FORKEXEC_STAGE_INNER_USER_NAMESPACE); it does not own the other namespaces.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", or flags has another bit.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_DEV, ENOENT, ENOTDIR: target does not exist, or is no directory.
/// FORKEXEC_STAGE_DEV, ELOOP: there is a symbolic link on the way to target.
/// FORKEXEC_STAGE_DEV, ENODEV: a device of the caller's has another number.
/// FORKEXEC_STAGE_DEV, EINVAL: id 0 is not mapped.
/// FORKEXEC_STAGE_DEV, EPERM: CAP_SYS_ADMIN is missing.
/// FORKEXEC_STAGE_PROCFS, ENOENT: there is no /proc for the second user namespace.
/// FORKEXEC_STAGE_INNER_USER_NAMESPACE, ENOSPC: a limit on user namespaces is reached.
///
/// See null(4), devpts(5), user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mount_dev(attr: *mut forkexec_attr, target: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "mount_dev", |attr| attr.mounts.mount_dev(target?, flags))
}
