//! Descriptors of what is inside, which the caller is handed.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_char, c_int, c_void};

/// Makes a socket in the program's network namespace and root for the caller.
///
/// The caller gets it from forkexec_child_listen_fd and accepts by it what the program connects to. So a proxy of the
/// caller's needs no interface, no relay and no namespace of its own. The program does not get the socket.
///
/// type is SOCK_STREAM or SOCK_DGRAM, or with AF_UNIX SOCK_SEQPACKET. address has length bytes: a whole struct
/// sockaddr_in or sockaddr_in6, or a sockaddr_un with an absolute path or an abstract name. Port 0 is any free one,
/// which getsockname(2) tells. backlog is that of listen(2); a SOCK_DGRAM socket is only bound. address is copied.
/// Repeated calls add sockets, at most 32.
///
/// In a new network namespace 127.0.0.1 and ::1 need set_loopback. TCP sockets have SO_REUSEADDR. The socket is made
/// before the ids are set, so a new user namespace gives the right to every port, except if mount_dev makes a second
/// one for ids other than 0. Something that exists at a path is never replaced. The caller removes the socket's file,
/// also after a spawn that failed at a later stage; its mode is what the umask leaves of 0777.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or address is NULL, length is not that of the family's address, a path is not absolute, a path or
///   name is empty, there is no such type, backlog is negative, or there are 32 sockets already.
/// -EAFNOSUPPORT: the family is another.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: a loopback address in a new network namespace needs set_loopback.
/// FORKEXEC_STAGE_LISTEN, EADDRINUSE: the address is in use, or something exists at the path.
/// FORKEXEC_STAGE_LISTEN, EADDRNOTAVAIL: no interface in there has the address.
/// FORKEXEC_STAGE_LISTEN, EACCES: a port below 1024 needs CAP_NET_BIND_SERVICE, or the directory cannot be written to.
/// FORKEXEC_STAGE_LISTEN, ENOENT, EROFS: the directory does not exist, or is read-only.
/// FORKEXEC_STAGE_LISTEN, EAFNOSUPPORT: the kernel has no IPv6.
/// FORKEXEC_STAGE_HAND_OVER, with the errno of sendmsg(2).
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "listen", |attr| attr.handed.listen(r#type, address?, backlog))
}

/// No address is longer.
const LONGEST: usize = size_of::<libc::sockaddr_storage>();

/// Gives the program a new pseudoterminal, whose other end the caller gets.
///
/// The caller gets its end from forkexec_child_terminal_fd. The child opens /dev/ptmx in its root: that of mount_dev,
/// or the caller's if the program has the caller's root. The program leads a new session, as with set_session. The
/// terminal is its controlling terminal and its descriptors 0 to 2, unless map_fd gives it others there.
///
/// rows and columns are the size, both 0 if it is not known; TIOCSWINSZ on the caller's end changes it later. The file
/// below /dev/pts belongs to the uid of set_uid, if the kernel permits that. Nothing is mounted at /dev/console;
/// programs find the terminal as /dev/tty. Without set_no_new_privs, filters of add_seccomp_filter have to allow
/// setsid(2), ioctl(2) and dup3(2). The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_process_group, set_controlling_terminal, set_foreground or detach_terminal was
///   called, or the call is forkexec_hold.
/// FORKEXEC_STAGE_TERMINAL, ENOENT: the root has no /dev/ptmx: call mount_dev.
/// FORKEXEC_STAGE_TERMINAL, ENODEV: /dev/ptmx is another device.
/// FORKEXEC_STAGE_TERMINAL, ENOSPC: there are too many terminals.
/// FORKEXEC_STAGE_TERMINAL, EINVAL, ENOTTY: the kernel, before Linux 4.13, has no TIOCGPTPEER.
/// FORKEXEC_STAGE_STREAMS, EPERM: the session has a terminal already.
///
/// See pty(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_terminal(attr: *mut forkexec_attr, rows: u16, columns: u16) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_terminal", |attr| attr.handed.set_terminal(rows, columns))
}

/// Makes a network device in the program's network namespace for the caller.
///
/// The caller gets a descriptor that reads and writes the device's packets from forkexec_child_tun_fd. name has at most
/// 15 bytes; with NULL or a %d in it the kernel chooses. flags are IFF_TUN or IFF_TAP, as a rule with IFF_NO_PI, and
/// others of TUNSETIFF. The last call wins.
///
/// The device is down and has no address. Whoever has CAP_NET_ADMIN in the namespace configures it: the program, or the
/// caller while the child is held, by setns(2) with forkexec_child_namespace_fd. The device ends when the descriptor is
/// closed. /dev/net/tun is opened in the caller's mounts, or in those of a joined mount namespace.
/// Documentation/networking/tuntap.rst of the kernel describes such devices.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, name is longer or has a slash or a space, or flags has none or both of IFF_TUN and IFF_TAP or
///   is above 0xffff.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_TUN, ENOENT, ENXIO, ENODEV: there is no /dev/net/tun, see FORKEXEC_PROBE_TUN.
/// FORKEXEC_STAGE_TUN, EACCES: the caller may not open it.
/// FORKEXEC_STAGE_TUN, EPERM: CAP_NET_ADMIN in the network namespace is missing, or the cgroup forbids the device.
/// FORKEXEC_STAGE_TUN, EBUSY: a device of that name exists.
/// FORKEXEC_STAGE_TUN, EINVAL: a flag is unknown.
///
/// See netdevice(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_open_tun(attr: *mut forkexec_attr, name: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::optional_string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "open_tun", |attr| attr.handed.open_tun(name, flags))
}
