//! Messages of four bytes between the three processes. If a stream ends early, the error tells how many bytes came.

use super::log::{Log, Piece::*};
use crate::sys::nsexec as calls;
use crate::sys::{self, Answer, Errno, again};

/// To the parent: write the maps. The answer says that they are written.
pub const MAPS: i32 = 0x40;
pub const MAPS_DONE: i32 = 0x41;
/// To the parent: the pid of init follows. The answer says that it was received.
pub const PID: i32 = 0x42;
pub const PID_DONE: i32 = 0x43;
/// To init: continue.
pub const GO: i32 = 0x44;
/// The sender has finished.
pub const FINISHED: i32 = 0x45;
/// To the parent: write the time offsets. The answer says that they are written.
pub const OFFSETS: i32 = 0x46;
pub const OFFSETS_DONE: i32 = 0x47;
/// To init: return to the constructor. From here on the parent does not fail, and does not kill init.
pub const RETURN: i32 = 0x48;

pub fn tell(log: &Log, fd: i32, word: i32) {
    send_all(log, &word.to_ne_bytes(), "a word to the next process", |bytes| calls::send(fd, bytes));
}

pub fn hear(log: &Log, fd: i32, from: &str) -> i32 {
    let mut word = [0u8; 4];
    read(log, fd, &mut word, from);
    i32::from_ne_bytes(word)
}

pub fn expect(log: &Log, fd: i32, from: &str, word: i32) {
    let heard = hear(log, fd, from);
    if heard != word {
        log.fatal(&[Text("unexpected word "), Text(from), Text(": 0x"), Hex(heard as u32 as u64)], None);
    }
}

/// Asks the parent to do something, and waits until it is done.
pub fn ask(log: &Log, fd: i32, words: &[i32], done: i32) {
    words.iter().for_each(|word| tell(log, fd, *word));
    expect(log, fd, "from stage-0", done);
}

/// Reads as many bytes as fit in `buffer`. If there are fewer, this process ends.
pub fn read(log: &Log, fd: i32, buffer: &mut [u8], from: &str) {
    let (length, mut done) = (buffer.len(), 0usize);
    while done < length {
        let errno = match again(|| sys::read(fd, buffer.get_mut(done..).unwrap_or(&mut []))) {
            Ok(0) => None,
            Err(errno) => Some(errno),
            Ok(count) => {
                done = done.saturating_add(count);
                continue;
            }
        };
        broken(log, "failed to read ", from, done, length, errno);
    }
}

pub fn write(log: &Log, fd: i32, bytes: &[u8], what: &str) {
    send_all(log, bytes, what, |bytes| sys::write(fd, bytes));
}

fn send_all(log: &Log, bytes: &[u8], what: &str, mut send: impl FnMut(&[u8]) -> Answer<usize>) {
    let mut done = 0usize;
    while done < bytes.len() {
        match again(|| send(bytes.get(done..).unwrap_or(&[]))) {
            Ok(count) => done = done.saturating_add(count),
            Err(errno) => broken(log, "failed to write ", what, done, bytes.len(), Some(errno)),
        }
    }
}

fn broken(log: &Log, doing: &str, what: &str, done: usize, length: usize, errno: Option<Errno>) -> ! {
    let counted = [Text(" (got "), Number(done as i64), Text(" of "), Number(length as i64), Text(" bytes)")];
    let [got, done, of, length, bytes] = counted;
    log.fatal(&[Text(doing), Text(what), got, done, of, length, bytes], errno)
}
