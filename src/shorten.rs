//! Text for which there may be too little room: the middle is left out, in whole characters.

use crate::base::bounded_text::BoundedText;
use core::fmt::{self, Display, Formatter, Write};

/// How many bytes a text has.
pub fn length(text: impl Display) -> usize {
    let mut length = Length(0);
    // Nothing here fails.
    let _ = write!(length, "{text}");
    length.0
}

struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// What stands in the place of the middle, however little room there is.
pub const GAP: &str = "...";

/// A text, and the number of bytes that there is room for.
pub struct Shortened<T> {
    pub text: T,
    pub room: usize,
}

impl<T: Display> Display for Shortened<T> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let length = length(&self.text);
        if length <= self.room.max(GAP.len()) {
            return write!(f, "{}", self.text);
        }
        let kept = self.room.saturating_sub(GAP.len());
        let (begin, end) = (kept.div_ceil(2), length - kept / 2);
        write!(Ends { out: f, begin, end, at: 0 }, "{}", self.text)
    }
}

/// Passes on what ends before `begin` or starts after `end`.
struct Ends<'a, 'f> {
    out: &'a mut Formatter<'f>,
    begin: usize,
    end: usize,
    at: usize,
}

impl Write for Ends<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            let next = self.at + letter.len_utf8();
            if next <= self.begin || self.at >= self.end {
                self.out.write_char(letter)?;
            } else if self.at <= self.begin {
                self.out.write_str(GAP)?;
            }
            self.at = next;
        }
        Ok(())
    }
}

impl<const N: usize> Write for BoundedText<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.add(text.as_bytes()) { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    fn cut(text: &str, room: usize) -> String {
        Shortened { text, room }.to_string()
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(cut("/a/b/c/d/e", 10), "/a/b/c/d/e");
        assert_eq!(cut("/a/b/c/d/e", 9), "/a/...d/e");
        assert_eq!(cut("/a/b/c/d/e", 4), "/...");
        assert_eq!(cut("/a/b/c/d/e", 0), "...");
    }

    #[test]
    fn characters_stay_whole_and_there_is_one_gap() {
        for letter in ["a", "é", "€", "😀"] {
            for shift in 0..4 {
                let text: String = ["/abc".get(..shift).unwrap_or_default(), &letter.repeat(50)].concat();
                for room in 3..text.len() {
                    let cut = cut(&text, room);
                    assert!(cut.len() <= room && cut.len() + 2 * letter.len() > room, "{cut}");
                    assert_eq!(cut.matches(GAP).count(), 1, "{cut}");
                }
            }
        }
    }
}
