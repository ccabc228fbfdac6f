//! Descriptors of what is inside, which the caller is handed.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_char, c_int, c_void};

/// Makes a socket inside, in the network namespace and the root that the program gets, and hands it to the caller, who
/// accepts by it what the program connects to: forkexec_child_listen_fd.
///
/// So a proxy of the caller's needs no interface, no relay and no namespace of its own. type: SOCK_STREAM or
/// SOCK_DGRAM, or SOCK_SEQPACKET with AF_UNIX. address, length: a struct sockaddr_in or sockaddr_in6, whole, or a
/// sockaddr_un with an absolute path or an abstract name; port 0 is any that is free, which getsockname(2) tells.
/// backlog: as listen(2) takes it; a SOCK_DGRAM socket is only bound. In a new network namespace 127.0.0.1 and ::1 need
/// set_loopback. With TCP, SO_REUSEADDR is set. The socket is made before the ids are set, so a new user namespace
/// gives the right to any port, except where mount_dev under other ids than 0 takes a second one. What is at a path is
/// never replaced, and is left to the caller to remove; its mode is what the umask leaves of 0777. The program itself
/// does not get the socket. address is copied; repeated calls add, at most 32.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or address is NULL, length is not that of the family's address, a path is not absolute, no such type,
///   backlog is negative, more than 32 sockets.
/// -EAFNOSUPPORT: another family.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: a loopback address without set_loopback.
/// FORKEXEC_STAGE_LISTEN, EADDRINUSE.
/// FORKEXEC_STAGE_LISTEN, EADDRNOTAVAIL: no interface in there has the address.
/// FORKEXEC_STAGE_LISTEN, EACCES: a port below 1024 without CAP_NET_BIND_SERVICE, or no right to write to the
///   directory.
/// FORKEXEC_STAGE_LISTEN, ENOENT, EROFS.
/// FORKEXEC_STAGE_LISTEN, EAFNOSUPPORT: the kernel has no IPv6.
/// FORKEXEC_STAGE_HAND_OVER.
///
/// The error's index is the place among the calls of listen.
///
/// See socket(2), bind(2), listen(2), ip(7), unix(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_listen(
    attr: *mut forkexec_attr,
    r#type: i32,
    address: *const c_void,
    length: usize,
    backlog: i32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that address is NULL or so many bytes.
    let address = unsafe { guard::list(address.cast::<u8>(), length, LONGEST, sentences::LISTEN_ADDRESS) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "listen", |attr| attr.handed.listen(r#type, address?, backlog))
}

/// No address is longer.
const LONGEST: usize = size_of::<libc::sockaddr_storage>();

/// Gives the program a terminal of its own: a new pseudoterminal, opened inside as /dev/ptmx, so it is of the devpts of
/// mount_dev, or of the caller's where the program has the caller's root.
///
/// The program leads a new session, as with set_session, the terminal is its controlling terminal, and its descriptors
/// 0 to 2, unless map_fd gives it others there. The caller is handed the other end: forkexec_child_terminal_fd. rows,
/// columns: its size, both 0 where it is not known; TIOCSWINSZ on the other end changes it later. The file below
/// /dev/pts belongs to the uid of set_uid, where the kernel permits that. Nothing is mounted at /dev/console; programs
/// find the terminal as /dev/tty. With a filter and without no_new_privs, the filter has to allow setsid(2), ioctl(2)
/// and dup3(2). The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: with set_process_group, set_controlling_terminal, set_foreground or detach_terminal.
/// FORKEXEC_STAGE_VALIDATE: in a holder.
/// FORKEXEC_STAGE_TERMINAL, ENOENT: the root has no /dev/ptmx: add mount_dev.
/// FORKEXEC_STAGE_TERMINAL, ENODEV: it is another device.
/// FORKEXEC_STAGE_TERMINAL, ENOSPC: too many terminals.
/// FORKEXEC_STAGE_TERMINAL, EINVAL, ENOTTY: the kernel, before Linux 4.13, has no TIOCGPTPEER.
/// FORKEXEC_STAGE_STREAMS, EPERM: the session has a terminal already.
///
/// See pty(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_terminal(attr: *mut forkexec_attr, rows: u16, columns: u16) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_terminal", |attr| attr.handed.set_terminal(rows, columns))
}

/// Makes a network device in the network namespace of the program, and hands the caller the descriptor that reads and
/// writes its packets: forkexec_child_tun_fd.
///
/// name: at most 15 bytes; NULL, or one with %d, lets the kernel choose. flags: IFF_TUN or IFF_TAP, as a rule with
/// IFF_NO_PI, and others of TUNSETIFF. The device is down and has no address: whoever has CAP_NET_ADMIN in the
/// namespace gives it one (setns(2) with forkexec_child_namespace_fd, while the child is held, or the program itself).
/// It is gone when the descriptor is closed. /dev/net/tun is opened in the caller's mounts, or in those of a mount
/// namespace that is joined. The last call wins. netdevice(7), and Documentation/networking/tuntap.rst of the kernel.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, a longer name or one with a slash or a space, no or both kinds in flags, a flag above 0xffff.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_TUN, ENOENT, ENXIO, ENODEV: there is no /dev/net/tun, see FORKEXEC_PROBE_TUN.
/// FORKEXEC_STAGE_TUN, EACCES: no right to open it.
/// FORKEXEC_STAGE_TUN, EPERM: no CAP_NET_ADMIN in the network namespace, or the cgroup forbids the device.
/// FORKEXEC_STAGE_TUN, EBUSY: there is such a device.
/// FORKEXEC_STAGE_TUN, EINVAL: an unknown flag.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_open_tun(attr: *mut forkexec_attr, name: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::optional_string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "open_tun", |attr| attr.handed.open_tun(name, flags))
}
