//! Sockets, a terminal and a network device that the child makes in its namespaces, and whose descriptors the caller gets.

use super::refusal::{Accepted, Refused, invalid};
use crate::fallible::{self, Copied, NoMemory, Text};
use crate::sentences;
use alloc::vec::Vec;
use core::ffi::CStr;
use libc::{AF_INET, AF_INET6, AF_UNIX, IFF_TAP, IFF_TUN, IFNAMSIZ, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
use libc::{sockaddr_in, sockaddr_in6, sockaddr_un};

/// The most sockets of one request.
pub const MOST_SOCKETS: usize = 32;

/// The offset of the path in a sockaddr_un.
const PATH: usize = core::mem::offset_of!(sockaddr_un, sun_path);

/// A bound socket. It listens, unless its type has no connections.
#[derive(Debug)]
pub struct Listen {
    pub kind: i32,
    /// A complete sockaddr.
    pub address: Vec<u8>,
    pub backlog: i32,
}

/// A TUN or TAP device: a descriptor reads and writes its packets.
#[derive(Debug)]
pub struct Tun {
    pub name: Text,
    /// IFF_* flags; TUNSETIFF takes 16 bits of them.
    pub flags: u16,
}

/// Rows and columns. 0: not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub rows: u16,
    pub columns: u16,
}

#[derive(Default, Debug)]
pub struct Handed {
    pub sockets: Vec<Listen>,
    pub tun: Option<Tun>,
    pub terminal: Option<Size>,
}

/// The family of a socket address.
pub fn family(address: &[u8]) -> i32 {
    match address {
        [one, other, ..] => u16::from_ne_bytes([*one, *other]) as i32,
        _ => libc::AF_UNSPEC,
    }
}

/// The path of a unix address, or an abstract name with the NUL at its start.
pub fn unix_name(address: &[u8]) -> &[u8] {
    let name = address.get(PATH..).unwrap_or_default();
    let is_path = name.first().is_some_and(|first| *first != 0);
    if is_path { name.split(|byte| *byte == 0).next().unwrap_or_default() } else { name }
}

impl Handed {
    pub fn listen(&mut self, kind: i32, address: &[u8], backlog: i32) -> Accepted {
        let family = family(address);
        let is_whole = match family {
            AF_INET => address.len() == size_of::<sockaddr_in>(),
            AF_INET6 => address.len() == size_of::<sockaddr_in6>(),
            // Without a byte other than NUL it is the name of nothing: an empty path, as a rule.
            AF_UNIX => address.len() <= size_of::<sockaddr_un>() && unix_name(address).iter().any(|byte| *byte != 0),
            _ if address.len() < 2 => false,
            _ => return Err(Refused { code: libc::EAFNOSUPPORT, why: sentences::LISTEN_FAMILY }),
        };
        if !is_whole {
            return invalid(sentences::LISTEN_ADDRESS);
        }
        if !matches!((kind, family), (SOCK_STREAM | SOCK_DGRAM, _) | (SOCK_SEQPACKET, AF_UNIX)) {
            return invalid(sentences::LISTEN_TYPE);
        }
        if family == AF_UNIX && unix_name(address).first().is_some_and(|first| !matches!(first, 0 | b'/')) {
            return invalid(sentences::INSIDE_SLASH);
        }
        if backlog < 0 {
            return invalid(sentences::LISTEN_BACKLOG);
        }
        if self.sockets.len() >= MOST_SOCKETS {
            return invalid(sentences::TOO_MANY_SOCKETS);
        }
        let address = fallible::copy_of(address)?;
        Ok(fallible::push(&mut self.sockets, Listen { kind, address, backlog })?)
    }
}

impl Handed {
    pub fn open_tun(&mut self, name: Option<&CStr>, flags: u32) -> Accepted {
        let name = name.unwrap_or(c"");
        let bytes = name.to_bytes();
        if bytes.len() >= IFNAMSIZ || bytes.contains(&b'/') || bytes.iter().any(u8::is_ascii_whitespace) {
            return invalid(sentences::TUN_NAME);
        }
        let kinds = flags & (IFF_TUN | IFF_TAP) as u32;
        match u16::try_from(flags) {
            Ok(flags) if kinds.count_ones() == 1 => {
                self.tun = Some(Tun { name: Text::new(name)?, flags });
                Ok(())
            }
            _ => invalid(sentences::TUN_FLAGS),
        }
    }

    pub fn set_terminal(&mut self, rows: u16, columns: u16) -> Accepted {
        self.terminal = Some(Size { rows, columns });
        Ok(())
    }
}

impl Copied for Tun {
    fn copied(&self) -> Result<Tun, NoMemory> {
        Ok(Tun { name: self.name.copied()?, flags: self.flags })
    }
}

impl Copied for Listen {
    fn copied(&self) -> Result<Listen, NoMemory> {
        Ok(Listen { address: fallible::copy_of(&self.address)?, ..*self })
    }
}

impl Copied for Handed {
    fn copied(&self) -> Result<Handed, NoMemory> {
        let sockets = fallible::copy_each(&self.sockets)?;
        Ok(Handed { sockets, tun: self.tun.copied()?, terminal: self.terminal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(name: &[u8]) -> Vec<u8> {
        [&(AF_UNIX as u16).to_ne_bytes(), name].concat()
    }

    #[test]
    fn devices() {
        let mut handed = Handed::default();
        let mut refused = |name, flags| handed.open_tun(Some(name), flags).err().map(|no| no.code);
        assert_eq!(refused(c"0123456789abcdef", 1), Some(libc::EINVAL));
        assert_eq!(refused(c"a/b", 1), Some(libc::EINVAL));
        assert_eq!(refused(c"tun0", 0), Some(libc::EINVAL));
        assert_eq!(refused(c"tun0", 3), Some(libc::EINVAL));
        assert_eq!(refused(c"tun0", 0x10001), Some(libc::EINVAL));
        assert_eq!(refused(c"0123456789abcde", 0x1001), None);
        assert!(handed.open_tun(None, 2).is_ok());
        assert_eq!(handed.copied().map(|copy| copy.tun.map(|tun| tun.flags)).ok(), Some(Some(2)));
    }

    #[test]
    fn addresses() {
        let mut handed = Handed::default();
        let mut refused = |kind, address: &[u8], backlog| handed.listen(kind, address, backlog).err().map(|no| no.code);
        assert_eq!(refused(SOCK_STREAM, &[], 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &unix(b""), 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &unix(b"\0"), 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &unix(&[0; 108]), 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &unix(b"name"), 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &unix(&[b'/'; 109]), 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &[0xff], 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &[0xff; 2], 1), Some(libc::EAFNOSUPPORT));
        assert_eq!(refused(SOCK_STREAM, &[0xff; 16], 1), Some(libc::EAFNOSUPPORT));
        let mut inet = [0; 16];
        inet[..2].copy_from_slice(&(AF_INET as u16).to_ne_bytes());
        assert_eq!(refused(SOCK_STREAM, &inet[..15], 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_SEQPACKET, &inet, 1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_STREAM, &inet, -1), Some(libc::EINVAL));
        assert_eq!(refused(SOCK_DGRAM, &inet, 0), None);
        assert_eq!(refused(SOCK_SEQPACKET, &unix(b"/run/x\0rest"), 1), None);
        assert_eq!(handed.copied().map(|copy| copy.sockets.len()).ok(), Some(2));
        assert_eq!(unix_name(&unix(b"/run/x\0rest")), b"/run/x");
        assert_eq!(unix_name(&unix(b"\0name\0")), b"\0name\0");
    }
}
