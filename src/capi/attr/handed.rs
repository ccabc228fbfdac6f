//! Descriptors of what is inside, which the caller is handed.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_int, c_void};

/// Makes a socket inside, in the network namespace and the root that the program gets, and hands it to the caller, who
/// accepts by it what the program connects to: forkexec_child_listen_fd. So a proxy of the caller's needs no interface, no
/// relay and no namespace of its own. type: SOCK_STREAM or SOCK_DGRAM, or SOCK_SEQPACKET with AF_UNIX. address, length: a
/// struct sockaddr_in or sockaddr_in6, whole, or a sockaddr_un with an absolute path or an abstract name; port 0 is any that
/// is free, which getsockname(2) tells. backlog: as listen(2) takes it; a SOCK_DGRAM socket is only bound. In a new network
/// namespace 127.0.0.1 and ::1 need set_loopback. With TCP, SO_REUSEADDR is set. The socket is made before the ids are set,
/// so a new user namespace gives the right to any port. What is at a path is never replaced, and is left to the caller to
/// remove; its mode is what the umask leaves of 0777. The program itself does not get the socket. address is copied; repeated
/// calls add, at most 32. socket(2), bind(2), listen(2), ip(7), unix(7).
/// Returns 0; -EINVAL: attr or address is NULL, length is not that of the family's address, a path is not absolute, no such
/// type, backlog is negative, more than 32 sockets; -EAFNOSUPPORT: another family; -ENOMEM.
/// Fails later as FORKEXEC_STAGE_VALIDATE (a loopback address without set_loopback), FORKEXEC_STAGE_LISTEN (EADDRINUSE;
/// EADDRNOTAVAIL: no interface in there has the address; EACCES: a port below 1024 without CAP_NET_BIND_SERVICE, or no
/// right to write to the directory; ENOENT, EROFS; EAFNOSUPPORT: the kernel has no IPv6) or FORKEXEC_STAGE_HAND_OVER; index is
/// the place among the calls of listen.
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
