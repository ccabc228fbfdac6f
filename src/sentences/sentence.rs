//! A sentence, and how its parts are filled in.

use crate::shorten::{Shortened, length};
use core::fmt::{self, Display, Formatter};

/// A sentence of the table. Nothing else can make one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sentence(&'static str);

/// Nothing is said.
pub const NOTHING: Sentence = Sentence("");

impl Sentence {
    /// Only the table has sentences.
    pub(super) const fn new(text: &'static str) -> Sentence {
        Sentence(text)
    }

    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// One that has no parts to fill in.
    pub const fn text(self) -> &'static str {
        self.0
    }

    /// With each `{}` filled in.
    pub const fn with<'a>(self, parts: &'a [&'a dyn Display]) -> Filled<'a> {
        Filled { sentence: self, parts }
    }
}

impl Display for Sentence {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A sentence with its parts.
#[derive(Clone, Copy)]
pub struct Filled<'a> {
    sentence: Sentence,
    parts: &'a [&'a dyn Display],
}

/// The precision is the number of bytes that there is room for: where that is too little the longest parts are cut, to the
/// same length, and never the sentence.
impl Display for Filled<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let mut between = self.sentence.0.split("{}");
        let room = f.precision().map_or(usize::MAX, |room| self.room_of_part(room));
        f.write_str(between.next().unwrap_or_default())?;
        for (place, text) in between.enumerate() {
            self.parts.get(place).map_or(Ok(()), |text| write!(f, "{}", Shortened { text, room }))?;
            f.write_str(text)?;
        }
        Ok(())
    }
}

impl Filled<'_> {
    /// What is left for each of the parts that are longer than that.
    fn room_of_part(&self, room: usize) -> usize {
        let others = self.sentence.0.len().saturating_sub(2 * self.parts.len());
        let mut share = 0;
        for _ in self.parts {
            let short: usize = self.parts.iter().map(length).filter(|length| *length <= share).sum();
            let long = self.parts.iter().filter(|part| length(part) > share).count();
            share = room.saturating_sub(others + short).checked_div(long).unwrap_or(usize::MAX);
        }
        share
    }
}
