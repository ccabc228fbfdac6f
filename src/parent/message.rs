//! The whole sentence of a failure: `mount 3 (/proc): Operation not permitted: why`. Where there is too little room, what
//! the step is about is cut in the middle. The errno and the reason are never cut.

use super::failure::Failure;
use super::helper::End;
use crate::errno;
use crate::plan::{Bytes, Item};
use crate::sentences;
use crate::stage::{Row, Stage};
use core::fmt::{self, Display, Formatter, Write};

/// The precision is the number of bytes that there is room for.
impl Display for Failure {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let (step, about, end) = (Step(self), About(self), Ending(self));
        let needed = length(&about);
        if needed == 0 {
            return write!(f, "{step}{end}");
        }
        let others = length(format_args!("{step} (){end}"));
        let room = f.precision().map_or(needed, |room| room.saturating_sub(others));
        write!(f, "{step} (")?;
        Shortened { out: f, length: needed, room, at: 0 }.write_fmt(format_args!("{about}"))?;
        write!(f, "){end}")
    }
}

/// `mount 3`
struct Step<'a>(&'a Failure);

impl Display for Step<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let Failure { stage, index, .. } = *self.0;
        if stage == Stage::None {
            return Ok(());
        }
        f.write_str(Row::of(stage as u32).map_or("", Row::plain_name))?;
        if index >= 0 { write!(f, " {index}") } else { Ok(()) }
    }
}

/// `/proc`: the item of the step, or the setter.
struct About<'a>(&'a Failure);

impl Display for About<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let Failure { stage, index, what, helper, ref plan, .. } = *self.0;
        match plan {
            _ if stage == Stage::None => Ok(()),
            Some(plan) if !helper.is_empty() => Bytes(plan.bytes(helper)).fmt(f),
            _ if !what.is_empty() => f.write_str(what),
            Some(plan) => Item { plan, stage, index }.fmt(f),
            None => Ok(()),
        }
    }
}

/// `: Operation not permitted: why`
struct Ending<'a>(&'a Failure);

impl Display for Ending<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let failure = self.0;
        if failure.stage != Stage::None {
            f.write_str(": ")?;
        }
        match failure.signal {
            0 if failure.died => sentences::ENDED.fmt(f)?,
            0 => errno::Text(failure.code).fmt(f)?,
            signal => sentences::KILLED.with(&[&signal]).fmt(f)?,
        }
        match failure.helped {
            Some(End { code: libc::CLD_EXITED, status }) if status != 0 => {
                write!(f, ": {}", sentences::HELPER_EXITED.with(&[&status]))?;
            }
            Some(End { status, .. }) if status != 0 => write!(f, ": {}", sentences::HELPER_KILLED.with(&[&status]))?,
            _ => (),
        }
        let reason = failure.reason();
        if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
    }
}

fn length(text: impl Display) -> usize {
    let mut length = Length(0);
    // Nothing here fails.
    let _ = write!(length, "{text}");
    length.0
}

/// Counts the bytes.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// Passes on the beginning and the end of a text that is longer than there is room for, in whole characters.
struct Shortened<'a, 'f> {
    out: &'a mut Formatter<'f>,
    length: usize,
    room: usize,
    at: usize,
}

const GAP: &str = "...";

impl Write for Shortened<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.length <= self.room {
            return self.out.write_str(text);
        }
        let kept = self.room.saturating_sub(GAP.len());
        let (begin, end) = (kept.div_ceil(2), self.length - kept / 2);
        for letter in text.chars() {
            let next = self.at + letter.len_utf8();
            if next <= begin || self.at >= end {
                self.out.write_char(letter)?;
            } else if self.at <= begin {
                self.out.write_str(GAP)?;
            }
            self.at = next;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    struct Cut<'a>(&'a str, usize);

    impl Display for Cut<'_> {
        fn fmt(&self, f: &mut Formatter) -> fmt::Result {
            let mut cut = Shortened { out: f, length: self.0.len(), room: self.1, at: 0 };
            // In pieces, as texts come.
            self.0.chars().try_for_each(|letter| cut.write_char(letter))
        }
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(Cut("/a/b/c/d/e", 10).to_string(), "/a/b/c/d/e");
        assert_eq!(Cut("/a/b/c/d/e", 9).to_string(), "/a/...d/e");
        assert_eq!(Cut("/a/b/c/d/e", 4).to_string(), "/...");
        assert_eq!(Cut("/a/b/c/d/e", 0).to_string(), "...");
    }

    #[test]
    fn characters_stay_whole_and_there_is_one_gap() {
        for letter in ["a", "é", "€", "😀"] {
            for shift in 0..4 {
                let text: String = ["/abc".get(..shift).unwrap_or_default(), &letter.repeat(50)].concat();
                for room in 3..text.len() {
                    let cut = Cut(&text, room).to_string();
                    assert!(cut.len() <= room && cut.len() + 2 * letter.len() > room, "{cut}");
                    assert_eq!(cut.matches(GAP).count(), 1, "{cut}");
                }
            }
        }
    }
}
