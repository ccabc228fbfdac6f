//! The message of runc: a header and attributes as in netlink(7), in the byte order of the host.

use super::channel;
use super::log::{Log, Piece::*};
use super::memory::Memory;

const HEADER: usize = 16;
const ATTRIBUTE: usize = 4;
/// The longest message: each attribute once, with the longest length that its field can hold.
const LONGEST: usize = HEADER + 10 * (u16::MAX as usize + 1);

mod kind {
    pub const ERROR: u16 = 2;
    pub const INIT: u16 = 62000;
    pub const CLONE_FLAGS: u16 = 27281;
    pub const PATHS: u16 = 27282;
    pub const UID_MAP: u16 = 27283;
    pub const GID_MAP: u16 = 27284;
    pub const SETGROUP: u16 = 27285;
    pub const OOM_SCORE_ADJ: u16 = 27286;
    pub const ROOTLESS_EUID: u16 = 27287;
    pub const UID_MAP_PATH: u16 = 27288;
    pub const GID_MAP_PATH: u16 = 27289;
    pub const TIME_OFFSETS: u16 = 27290;
}

/// The request. Strings include their NUL.
#[derive(Default)]
pub struct Message<'a> {
    pub clone_flags: u64,
    pub paths: Option<&'a [u8]>,
    pub uid_map: Option<&'a [u8]>,
    pub gid_map: Option<&'a [u8]>,
    pub setgroup: bool,
    pub oom_score_adj: Option<&'a [u8]>,
    pub rootless: bool,
    pub uid_map_path: Option<&'a [u8]>,
    pub gid_map_path: Option<&'a [u8]>,
    pub time_offsets: Option<&'a [u8]>,
}

/// Reads exactly the message: what follows on this socket is for Go.
pub fn receive(log: &Log, socket: i32) -> Memory {
    let mut header = [0u8; HEADER];
    channel::read(log, socket, &mut header, "the bootstrap message's header");
    let [a, b, c, d, low, high, ..] = header;
    let length = u32::from_ne_bytes([a, b, c, d]) as usize;
    match u16::from_ne_bytes([low, high]) {
        kind::INIT => (),
        kind::ERROR => log.fatal(&[Text("the bootstrap message is an error")], None),
        other => log.fatal(&[Text("the bootstrap message is of unexpected type "), Number(i64::from(other))], None),
    }
    if !(HEADER..=LONGEST).contains(&length) {
        log.fatal(&[Text("the bootstrap message has a length of "), Number(length as i64)], None);
    }
    let attributes = length.saturating_sub(HEADER);
    let mut memory = Memory::new(log, attributes);
    let buffer = memory.bytes_mut().get_mut(..attributes).unwrap_or(&mut []);
    channel::read(log, socket, buffer, "the bootstrap message");
    memory.keep(attributes);
    memory
}

pub fn read<'a>(log: &Log, attributes: &'a [u8]) -> Message<'a> {
    parse(attributes)
        .unwrap_or_else(|Wrong(what, kind)| log.fatal(&[Text(what), Text(": "), Number(i64::from(kind))], None))
}

/// An error in the message, and the attribute that it is in.
struct Wrong(&'static str, u16);

fn parse(attributes: &[u8]) -> Result<Message<'_>, Wrong> {
    let mut message = Message::default();
    let (mut rest, mut seen) = (attributes, 0u32);
    while !rest.is_empty() {
        let (kind, payload, after) = split(rest)?;
        let bit = 1u32.checked_shl(u32::from(kind.wrapping_sub(kind::CLONE_FLAGS))).unwrap_or(0);
        // Go never repeats an attribute. A repeated one means that a length was overflowed, to smuggle in attributes.
        if seen & bit != 0 {
            return Err(Wrong("bootstrap attribute given twice", kind));
        }
        seen |= bit;
        message.take(kind, payload)?;
        rest = after;
    }
    Ok(message)
}

/// Splits off the first attribute. Padding may be missing after the last.
fn split(bytes: &[u8]) -> Result<(u16, &[u8], &[u8]), Wrong> {
    let Some(([a, b, c, d], _)) = bytes.split_first_chunk::<ATTRIBUTE>() else {
        return Err(Wrong("bytes behind the last bootstrap attribute", bytes.len() as u16));
    };
    let (length, kind) = (usize::from(u16::from_ne_bytes([*a, *b])), u16::from_ne_bytes([*c, *d]));
    match bytes.get(ATTRIBUTE..length) {
        Some(payload) => Ok((kind, payload, bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]))),
        None => Err(Wrong("bootstrap attribute of a wrong length", kind)),
    }
}

impl<'a> Message<'a> {
    fn take(&mut self, kind: u16, payload: &'a [u8]) -> Result<(), Wrong> {
        match kind {
            kind::CLONE_FLAGS => self.clone_flags = u64::from(number(kind, payload)?),
            kind::SETGROUP => self.setgroup = number(kind, payload)? != 0,
            kind::ROOTLESS_EUID => self.rootless = number(kind, payload)? != 0,
            kind::PATHS => self.paths = Some(string(kind, payload)?),
            kind::UID_MAP => self.uid_map = Some(string(kind, payload)?),
            kind::GID_MAP => self.gid_map = Some(string(kind, payload)?),
            kind::OOM_SCORE_ADJ => self.oom_score_adj = Some(string(kind, payload)?),
            kind::UID_MAP_PATH => self.uid_map_path = Some(string(kind, payload)?),
            kind::GID_MAP_PATH => self.gid_map_path = Some(string(kind, payload)?),
            kind::TIME_OFFSETS => self.time_offsets = Some(string(kind, payload)?),
            _ => return Err(Wrong("unknown bootstrap attribute", kind)),
        }
        Ok(())
    }
}

fn number(kind: u16, payload: &[u8]) -> Result<u32, Wrong> {
    match payload {
        [a, b, c, d] => Ok(u32::from_ne_bytes([*a, *b, *c, *d])),
        _ => Err(Wrong("bootstrap attribute is no number", kind)),
    }
}

/// A string with exactly one NUL, at its end.
fn string(kind: u16, payload: &[u8]) -> Result<&[u8], Wrong> {
    match payload.split_last() {
        Some((0, text)) if text.iter().all(|byte| *byte != 0) => Ok(payload),
        _ => Err(Wrong("bootstrap attribute is no string", kind)),
    }
}

pub fn without_nul(text: &[u8]) -> &[u8] {
    text.split_last().map_or(text, |(_, text)| text)
}
