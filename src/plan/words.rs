//! Values as people read them: lists, numbers, addresses, limits, namespaces, and bytes that may not be text.

use super::sealed::{Join, Limit};
use crate::attr::handed::{family, unix_name};
use crate::base::namespaces::NAMESPACES;
use crate::sentences;
use core::fmt::{self, Display, Formatter, Write};
use core::net::{Ipv4Addr, Ipv6Addr};

/// Writes a colon before a text, unless the text is empty.
pub struct Prefixed<'a, 'f> {
    f: &'a mut Formatter<'f>,
    begun: bool,
}

impl<'a, 'f> Prefixed<'a, 'f> {
    pub fn new(f: &'a mut Formatter<'f>) -> Self {
        Prefixed { f, begun: false }
    }
}

impl Write for Prefixed<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !self.begun && !text.is_empty() {
            self.begun = true;
            self.f.write_str(": ")?;
        }
        self.f.write_str(text)
    }
}

/// A list of numbers.
pub struct List<'a>(pub &'a [u32]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}

/// The numbers in a bit set.
pub struct Set<'a>(pub &'a [u64]);

impl Display for Set<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let has = |number: &usize| self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 != 0);
        f.debug_list().entries((0..self.0.len() * 64).filter(has)).finish()
    }
}

/// A number in base 16.
pub struct Hex<T>(pub T);

impl<T: fmt::LowerHex> Display for Hex<T> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// As ss(8) shows it: an abstract name begins with @.
pub struct Address<'a>(pub &'a [u8]);

impl Display for Address<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let part = |from: usize, to: usize| self.0.get(from..to).unwrap_or_default();
        let port = part(2, 4).try_into().map_or(0, u16::from_be_bytes);
        match family(self.0) {
            libc::AF_INET => {
                let ip = part(4, 8).try_into().map_or(Ipv4Addr::UNSPECIFIED, |octets: [u8; 4]| octets.into());
                write!(f, "{ip}:{port}")
            }
            libc::AF_INET6 => {
                let ip = part(8, 24).try_into().map_or(Ipv6Addr::UNSPECIFIED, |octets: [u8; 16]| octets.into());
                write!(f, "[{ip}]:{port}")
            }
            _ => match unix_name(self.0) {
                [0, name @ ..] => write!(f, "@{}", Bytes(name)),
                path => write!(f, "{}", Bytes(path)),
            },
        }
    }
}

pub struct Limited<'a>(pub &'a Limit);

impl Display for Limited<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        const NAMES: [&str; 16] = [
            "cpu",
            "fsize",
            "data",
            "stack",
            "core",
            "rss",
            "nproc",
            "nofile",
            "memlock",
            "as",
            "locks",
            "sigpending",
            "msgqueue",
            "nice",
            "rtprio",
            "rttime",
        ];
        let name = NAMES.get(self.0.resource as usize).unwrap_or(&"unknown");
        sentences::LIMIT.with(&[name, &Half(self.0.limit.soft), &Half(self.0.limit.hard)]).fmt(f)
    }
}

/// One half of a limit, which may be infinite.
struct Half(u64);

impl Display for Half {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self.0 {
            u64::MAX => sentences::UNLIMITED.fmt(f),
            value => value.fmt(f),
        }
    }
}

pub struct Namespaces(pub u64);

impl Display for Namespaces {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let mut separator = "";
        for namespace in NAMESPACES.iter().filter(|namespace| self.0 & namespace.flag != 0) {
            write!(f, "{separator}{}", namespace.word)?;
            separator = ", ";
        }
        Ok(())
    }
}

pub struct Joined<'a>(pub &'a Join);

impl Display for Joined<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        sentences::JOINED.with(&[&Namespaces(self.0.types), &self.0.fd]).fmt(f)
    }
}

/// Bytes on one line: other than UTF-8 and control characters become "?".
pub struct Bytes<'a>(pub &'a [u8]);

impl Display for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        for chunk in self.0.trim_ascii_end().utf8_chunks() {
            for letter in chunk.valid().chars() {
                f.write_char(if letter == '\n' {
                    ';'
                } else if letter.is_control() {
                    '?'
                } else {
                    letter
                })?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char('?')?;
            }
        }
        Ok(())
    }
}
