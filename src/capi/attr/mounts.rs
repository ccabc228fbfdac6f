//! Mounts and their kin, and the root directory.

use super::{apply, forkexec_attr};
use crate::attr::mounts::{LONGEST_FILE, MOST_LOWERS};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_char, c_int};

/// Adds a mount(2), with its arguments and their meaning, to the list of mounts and their kin: what this and the
/// following sixteen setters ask for, up to change_mode, is done in call order, in the program's mount namespace, which
/// create_namespaces or unshare_namespaces has to ask for; the caller sees nothing of it.
///
/// index in an error is the place in this list. A target is a path in the program's root, which is set_root's where
/// that is called; it begins with "/" and has no "..". It is reached by descriptor, name by name, and never through a
/// symbolic link, so that nothing that stands in the root, or that somebody puts there meanwhile, leads out of it
/// (ELOOP). It has to be there: see make_directory. A target that is a file takes a /proc of the caller's, or Linux
/// 5.12. Sources are the caller's paths. flags are MS_*: with MS_REMOUNT, where target may be "/", or with MS_SHARED,
/// MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE the mount at target is changed; with MS_MOVE it comes from source; with
/// MS_BIND source appears at target, and below it with MS_REC what is mounted there. A bind gets, other than by
/// mount(2) itself, what else is among flags: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME,
/// MS_NOSYMFOLLOW, with MS_REC on all of it. As with mount(2), MS_RELATIME and the four flags of propagation change
/// nothing on a bind: a second call, without MS_BIND, changes the propagation. Else a file system of type fstype is
/// mounted, with the options in data. Paths in data, and a source that is one, should begin with "/". source, fstype
/// and data may be NULL where mount(2) lets them, and are copied like target.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is empty, does not begin with "/", has a ".." or is "/" without MS_REMOUNT,
///   a bind or move without source, a new file system without fstype, a flag that a bind does not take.
/// -ENAMETOOLONG: target, source, fstype or data has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: no new mount namespace, or one whose propagation would bring the mounts to the
///   caller.
/// FORKEXEC_STAGE_ROOT, EACCES: the working directory cannot be kept.
/// FORKEXEC_STAGE_MOUNT with the errno of mount(2) or of open(2) for the way to the target (EOPNOTSUPP: a file, and no
///   /proc).
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "add_mount", |attr| attr.mounts.add_mount(source, target?, fstype, flags, data))
}

/// Lets the caller's file or directory source appear at target, with all that is mounted below it.
///
/// flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, which hold for everything below too, but which a
/// program that keeps CAP_SYS_ADMIN can take back (see make_readonly), _NONRECURSIVE, _CREATE, _FOLLOW and _OPTIONAL,
/// with which a source that does not exist, or a link that leads to nothing, is left out and its target is not made; a
/// source that may not be looked at (EACCES) or that lies below a file (ENOTDIR) is an error. A symbolic link at source
/// is followed. A user namespace must be given what is mounted below too: there _NONRECURSIVE fails (EINVAL) where
/// something is. Both are copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr, source or target is NULL, source is empty, target is not a path inside the root or "/", flags has
///   others.
/// -ENAMETOOLONG: source or target has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT.
/// FORKEXEC_STAGE_RESOLVE: a relative source, and no working directory.
/// FORKEXEC_STAGE_BIND, ENOENT: source or target is missing.
/// FORKEXEC_STAGE_BIND, ENOTDIR: one is a directory, the other not.
/// FORKEXEC_STAGE_BIND, ELOOP: a link on the way to target.
/// FORKEXEC_STAGE_BIND, EPERM.
/// FORKEXEC_STAGE_BIND: the errnos of open_tree(2), mount(2) and mount_setattr(2).
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "bind_mount", |attr| attr.mounts.bind_mount(source?, target?, None, flags))
}

/// The same with ids mapped: what belongs to an id in the user namespace that userns_fd refers to, belongs at target to
/// the id that it is mapped to.
///
/// userns_fd is the caller's number, borrowed: it must be open during each spawn. Takes Linux 5.12, a file system that
/// can do it, and CAP_SYS_ADMIN where that was mounted. mount_setattr(2), MOUNT_ATTR_IDMAP. Returns as bind_mount does;
/// -EBADF: userns_fd is negative.
///
/// A spawn can fail later as: ?? bind_mount does, and as
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_VALIDATE, ENOSYS: the kernel cannot do it.
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "bind_mount_idmapped", |attr| attr.mounts.bind_mount(source?, target?, Some(userns_fd), flags))
}

/// Lets the file or directory that the descriptor fd refers to appear at target, as bind_mount does; O_PATH is enough.
///
/// What appears is what fd refers to, by device and inode, or the spawn fails: nothing that others rename meanwhile
/// changes it. fd is the caller's number, borrowed: it must be open during each spawn, and the program does not get it
/// unless it is mapped. It must have a path in the caller's root, which is read in the caller's /proc. flags are those
/// of bind_mount but FORKEXEC_MOUNT_OPTIONAL. target is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or "/", flags has others.
/// -EBADF: fd is negative.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as: ?? bind_mount does, as
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_VALIDATE, ELOOP: it refers to a symbolic link.
/// FORKEXEC_STAGE_RESOLVE, ENOENT: no /proc.
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "bind_mount_fd", |attr| attr.mounts.bind_mount_fd(fd, target?, flags))
}

/// Mounts an empty file system in memory at target.
///
/// size_bytes is the most that it may hold, rounded up to pages; 0 is the kernel's default, half of the memory. mode is
/// that of its root, up to 07777. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE and
/// _FOLLOW. target is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or "/", mode is above 07777, flags has others.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_TMPFS, ENOENT, ENOTDIR or ELOOP: target.
/// FORKEXEC_STAGE_TMPFS, EPERM.
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "mount_tmpfs", |attr| attr.mounts.mount_tmpfs(target?, size_bytes, mode, flags))
}

/// Mounts at target an overlay: the count directories lowers, of which the first lies uppermost, appear as one, and
/// what is written goes to the directory upper, while lowers stay as they are.
///
/// work is an empty directory of the same mount as upper, in which the kernel works; it leaves a directory behind in
/// it. upper and work NULL: with FORKEXEC_MOUNT_IN_MEMORY what is written goes to memory, and with the mount; without,
/// nothing can be written, and there are two lowers at least. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID,
/// _NODEV, _NOEXEC, _CREATE, _FOLLOW and _IN_MEMORY. All four are the caller's paths, as the source of bind_mount is,
/// and may hold any byte: what overlayfs would read as the end of one is escaped. What is mounted below them does not
/// appear, and in a user namespace that is made nothing may be (EINVAL). All are copied. An item of the list of mounts:
/// see add_mount. What the program did stands in upper afterwards, in the kernel's format: what it wrote, whole; for
/// what it removed a character device 0/0 of that name; and for a directory that it removed and made again, or made in
/// the place of another, one with the extended attribute trusted.overlay.opaque. Of an overlay outside of the initial
/// user namespace, the caller's or a new one, the attribute is user.overlay.opaque (the option userxattr), which not
/// every file system holds (tmpfs from Linux 6.6 on): where it cannot be kept, such a change fails with EIO. Renaming a
/// directory that is in lowers fails with EXDEV there, as mv(1) expects. lowers and upper are not to be changed from
/// outside meanwhile. mount(2), https://docs.kernel.org/filesystems/overlayfs.html.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr, lowers, one of them or target is NULL, count is 0 or above 500, an empty path, one of upper and work
///   without the other, both with FORKEXEC_MOUNT_IN_MEMORY, one lower and nothing to write to, target is not a path
///   inside the root or "/", flags has others.
/// -ENAMETOOLONG: one of them has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, ENAMETOOLONG: all of them, with what is escaped, have more than about 4000 bytes.
/// FORKEXEC_STAGE_ROOT.
/// FORKEXEC_STAGE_RESOLVE: a relative path, and no working directory.
/// FORKEXEC_STAGE_OVERLAY, ENOENT or ENOTDIR: one of them, or target.
/// FORKEXEC_STAGE_OVERLAY, ELOOP: one lies within another, or a link on the way to target.
/// FORKEXEC_STAGE_OVERLAY, EINVAL: one of them is no directory, upper and work are not side by side in one mount, or on
///   a file system that cannot be written to so, as another overlay.
/// FORKEXEC_STAGE_OVERLAY, ENODEV: no overlayfs.
/// FORKEXEC_STAGE_OVERLAY, EPERM: a user namespace before Linux 5.11.
/// FORKEXEC_STAGE_OVERLAY, EBUSY: upper or work is in use.
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "mount_overlay", |attr| {
        // SAFETY: C caller guarantees that each of lowers is NULL or a string.
        let lowers = lowers?.iter().map(|lower| unsafe { guard::string(*lower) });
        attr.mounts.mount_overlay(lowers, (upper, work), target?, flags)
    })
}

/// Mounts a new proc at target, nosuid, nodev and noexec: that of the child's pid namespace, so in a user namespace a
/// pid namespace has to be created too.
///
/// flags are any of FORKEXEC_MOUNT_READONLY, FORKEXEC_MOUNT_CREATE, FORKEXEC_MOUNT_KERNEL_READONLY and
/// FORKEXEC_MOUNT_KERNEL_HIDDEN: the last two cover what is no process's, as container runtimes do, and hold for whom
/// make_readonly and mask_path hold. A user namespace inside can mount no proc of its own where one of them is given.
/// target is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or "/", flags has others.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_PROC, ENOENT, ENOTDIR or ELOOP: target.
/// FORKEXEC_STAGE_PROC, EPERM: no pid namespace, or the caller's own /proc is covered in parts, as in a container: bind
///   /proc instead.
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "mount_proc", |attr| attr.mounts.mount_proc(target?, flags))
}

/// Mounts at target a file system in memory with what every program expects in /dev: null, zero, full, random, urandom
/// and tty, which are the caller's, verified by number; pts, an instance of its own, with ptmx; shm, empty; and the
/// links fd, stdin, stdout and stderr, which lead to /proc.
///
/// flags are any of FORKEXEC_MOUNT_READONLY, which leaves pts and shm writable, and FORKEXEC_MOUNT_CREATE. In a new
/// user namespace devpts takes a mapped id 0. Where the caller maps its own ids to others than 0, with one range of one
/// id each, the mounts are made as id 0 of a first user namespace, and the program is in a second one with the ids that
/// were asked for (FORKEXEC_STAGE_INNER_USER_NAMESPACE), which does not own the other namespaces. target is copied. An
/// item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or "/", flags has others.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT.
/// FORKEXEC_STAGE_DEV (ENOENT, ENOTDIR or ELOOP: target; ENODEV: the caller's device is another; EINVAL: id 0 is not
///   mapped; EPERM), or for the second user namespace.
/// FORKEXEC_STAGE_PROCFS, ENOENT: no /proc.
/// FORKEXEC_STAGE_INNER_USER_NAMESPACE, ENOSPC: a limit on user namespaces.
///
/// See null(4), devpts(5), user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mount_dev(attr: *mut forkexec_attr, target: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "mount_dev", |attr| attr.mounts.mount_dev(target?, flags))
}

/// Makes the directory path, with exactly that mode, setuid, setgid and sticky bits included, and what is missing of
/// its parents, with mode 0755.
///
/// One that is there stays as it is. It is made in the file system that is there: only in a tmpfs, as that of an empty
/// root, does it go with the program. path is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root or "/", mode is above 07777.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_DIRECTORY, ENOTDIR: something else is there.
/// FORKEXEC_STAGE_DIRECTORY, ELOOP: a link is.
/// FORKEXEC_STAGE_DIRECTORY, EPERM: the kernel does not give this mode, as setgid for a group that is not the child's.
/// FORKEXEC_STAGE_DIRECTORY, EACCES, EROFS.
///
/// See mkdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_directory(
    attr: *mut forkexec_attr,
    path: *const c_char,
    mode: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "make_directory", |attr| attr.mounts.make_directory(path?, mode))
}

/// Makes a symbolic link at path that holds contents, which may be any text, and what is missing of its parents, as
/// make_directory does.
///
/// A link that holds the same may be there. Both are copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr, contents or path is NULL, contents is empty, path is not a path inside the root or "/".
/// -ENAMETOOLONG: contents or path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_SYMLINK, EEXIST: something else is there.
/// FORKEXEC_STAGE_SYMLINK, ELOOP: a link is on the way.
/// FORKEXEC_STAGE_SYMLINK, EACCES, EROFS.
///
/// See symlink(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_symlink(
    attr: *mut forkexec_attr,
    contents: *const c_char,
    path: *const c_char,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that contents is NULL or a string.
    let contents = unsafe { guard::string(contents) };
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "make_symlink", |attr| attr.mounts.make_symlink(contents?, path?))
}

/// Makes the file path, with exactly that mode, as make_directory does, which holds length bytes, at most 65536:
/// make_file_fd copies a larger one.
///
/// bytes may be NULL where length is 0. What is missing of its parents is made too, as by make_directory. Both are
/// copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, bytes is NULL and length is not 0, length is above 65536, path is not a path inside
///   the root or "/", mode is above 07777.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_FILE, EEXIST: something is there.
/// FORKEXEC_STAGE_FILE, ELOOP: a link is on the way.
/// FORKEXEC_STAGE_FILE, EPERM: see make_directory.
/// FORKEXEC_STAGE_FILE, EACCES, EROFS, ENOSPC.
///
/// See open(2), O_CREAT | O_EXCL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_file(
    attr: *mut forkexec_attr,
    path: *const c_char,
    bytes: *const u8,
    length: usize,
    mode: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that bytes is NULL or has that length.
    let bytes = unsafe { guard::list(bytes, length, LONGEST_FILE, sentences::FILE_TOO_LONG) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "make_file", |attr| attr.mounts.make_file(path?, bytes?, mode))
}

/// Makes the file path as make_file does, of any length: a copy of what the descriptor fd holds from its start on.
///
/// fd refers to a regular file, or to what memfd_create(2) makes, and is the caller's number, borrowed: it must be open
/// for reading during each spawn, whose offset is neither used nor changed. path is copied. An item of the list of
/// mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root or "/", mode is above 07777.
/// -EBADF: fd is negative.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as: ?? make_file does, as
/// FORKEXEC_STAGE_VALIDATE (EBADF: not open; EINVAL: it refers to something else) or as.
/// FORKEXEC_STAGE_FILE, EBADF: not open for reading.
/// FORKEXEC_STAGE_FILE: the errnos of pread(2).
///
/// See pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_file_fd(
    attr: *mut forkexec_attr,
    path: *const c_char,
    fd: i32,
    mode: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "make_file_fd", |attr| attr.mounts.make_file_fd(path?, fd, mode))
}

/// Mounts a file in memory at target, which is a file too: a copy of what fd holds, as make_file_fd makes it.
///
/// It goes with the mount, and what lies at target stays as it is. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID,
/// _NODEV, _NOEXEC, _CREATE and _FOLLOW. target is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or "/", mode is above 07777, flags has others.
/// -EBADF: fd is negative.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as: ?? make_file_fd does, or as
/// FORKEXEC_STAGE_FILE, ENOENT, ELOOP: target.
/// FORKEXEC_STAGE_FILE, ENOTDIR: target is a directory.
/// FORKEXEC_STAGE_FILE, EPERM.
/// FORKEXEC_STAGE_FILE, ENOSPC: memory.
///
/// See tmpfs(5), mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mount_file_fd(
    attr: *mut forkexec_attr,
    fd: i32,
    target: *const c_char,
    mode: u32,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "mount_file_fd", |attr| attr.mounts.mount_file_fd(fd, target?, mode, flags))
}

/// Hides what is at path: a directory under an empty read-only one, a file under the caller's /dev/null, verified by
/// its number.
///
/// Where there is nothing (ENOENT), there is nothing to hide. path is copied. An item of the list of mounts: see
/// add_mount. mount(2). This holds for a program without CAP_SYS_ADMIN in its mount namespace: one that keeps it, as
/// root of a user namespace of its own does unless its capabilities are dropped, can undo it with umount(2) or
/// mount(2). What such a program makes in further user namespaces cannot.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root or "/".
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_MASK, ELOOP: a link is there or on the way.
/// FORKEXEC_STAGE_MASK, ENODEV: /dev/null is something else.
/// FORKEXEC_STAGE_MASK, EPERM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mask_path(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "mask_path", |attr| attr.mounts.mask_path(path?))
}

/// Makes what is at path read-only, with all that is mounted below.
///
/// It has to be there. path is copied. An item of the list of mounts: see add_mount. mount_setattr(2), mount(2). This
/// holds for a program without CAP_SYS_ADMIN in its mount namespace: one that keeps it, as root of a user namespace of
/// its own does unless its capabilities are dropped, can undo it with umount(2) or mount(2). What such a program makes
/// in further user namespaces cannot.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root or "/".
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_READONLY, ENOENT: nothing is there.
/// FORKEXEC_STAGE_READONLY, ELOOP: a link is there or on the way.
/// FORKEXEC_STAGE_READONLY, EPERM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_readonly(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "make_readonly", |attr| attr.mounts.make_readonly(path?))
}

/// Adds flags, any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV and _NOEXEC, to what is mounted at path, beside those
/// that it has, and not to what is mounted below.
///
/// With FORKEXEC_MOUNT_FOLLOW symbolic links in path are followed, inside the root. path may be "/", where nothing can
/// be made any more after FORKEXEC_MOUNT_READONLY: see set_root for a root that is read-only in the end. For whom this
/// holds, see make_readonly. path is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root, flags has none of the four, or others.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_REMOUNT, EINVAL: nothing is mounted at this very path.
/// FORKEXEC_STAGE_REMOUNT, ENOENT.
/// FORKEXEC_STAGE_REMOUNT, ELOOP: a link is there or on the way.
/// FORKEXEC_STAGE_REMOUNT, EPERM.
///
/// See mount(2), MS_REMOUNT | MS_BIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_remount(attr: *mut forkexec_attr, path: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "remount", |attr| attr.mounts.remount(path?, flags))
}

/// Gives what is at path exactly that mode, setuid, setgid and sticky bits included: in the file system that is there,
/// which only in memory, as that of an empty root, goes with the program.
///
/// path is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root, mode is above 07777.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE.
/// FORKEXEC_STAGE_ROOT or.
/// FORKEXEC_STAGE_MODE, ENOENT.
/// FORKEXEC_STAGE_MODE, ELOOP: a link is there or on the way.
/// FORKEXEC_STAGE_MODE, EPERM: it is another's, or see make_directory.
/// FORKEXEC_STAGE_MODE, EROFS.
/// FORKEXEC_STAGE_MODE, EOPNOTSUPP: a file, and the caller has no /proc.
///
/// See chmod(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_change_mode(attr: *mut forkexec_attr, path: *const c_char, mode: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "change_mode", |attr| attr.mounts.change_mode(path?, mode))
}

/// Gives the program a root of its own: the directory path with all that is mounted below it, or for NULL an empty one
/// in memory, which goes with the program.
///
/// The list of mounts is made in it; then the old root is detached, and not even privilege leads back, other than with
/// set_chroot. The program starts in "/", unless set_cwd says otherwise; its path, set_cwd and the actions are looked
/// up in the new root. flags are any of FORKEXEC_ROOT_READONLY, _NOSUID, _NODEV and _NOEXEC, which hold for the root
/// and what is mounted below path; READONLY for the root itself in the end, when all is made. A program that keeps
/// CAP_SYS_ADMIN, also in its own new user namespace, can make it writable again. What this attr mounts in it is as it
/// was asked for. The caller's root has to be a mount, as it is everywhere but in a chroot or an initramfs. Needs a new
/// mount namespace. path is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, path is empty, flags has others.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: no new mount namespace, its propagation would bring the mounts to the caller,
///   set_chroot.
/// FORKEXEC_STAGE_IMAGE: see set_memory_mode.
/// FORKEXEC_STAGE_ROOT, ENOENT: path is missing.
/// FORKEXEC_STAGE_ROOT, ENOTDIR: it is no directory.
/// FORKEXEC_STAGE_ROOT, EPERM.
/// FORKEXEC_STAGE_PIVOT_ROOT, EINVAL: the caller's root is not a mount.
/// FORKEXEC_STAGE_ROOT_READONLY.
///
/// See pivot_root(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_root(attr: *mut forkexec_attr, path: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::optional_string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_root", |attr| attr.mounts.set_root(path, flags))
}

/// Makes the directory path the program's root, and its working directory too, unless set_cwd or set_cwd_fd says
/// otherwise: nothing of the program starts outside.
///
/// It is entered before the ids change, with CAP_SYS_CHROOT. The program's path, set_cwd and the actions are looked up
/// in the new root. A program with privileges can leave a chroot. path is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is empty.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_IMAGE: see set_memory_mode.
/// FORKEXEC_STAGE_CHROOT with the errno of chroot(2) or chdir(2).
///
/// See chroot(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_chroot(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_chroot", |attr| attr.mounts.set_chroot(path?))
}
