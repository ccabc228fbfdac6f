//! The whole sentence of a failure: `mount 3 (/proc): Operation not permitted: why`. If there is too little room, the item
//! is cut in the middle. The errno and the reason are never cut.

use super::failure::Failure;
use super::process::End;
use crate::errno;
use crate::plan::{Bytes, Item};
use crate::sentences;
use crate::shorten::{Shortened, length};
use crate::stage::{Row, Stage};
use core::fmt::{self, Display, Formatter};

/// The precision is the number of bytes that there is room for.
impl Display for Failure {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let (step, about, how, reason) = (Step(self), About(self), How(self), self.reason());
        let [about_length, reason_length] = [length(about), length(&reason)];
        let separator = if reason_length > 0 { ": " } else { "" };
        let fixed = length(format_args!("{step} (): {how}{separator}"));
        let room = f.precision().map_or(about_length + reason_length, |room| room.saturating_sub(fixed));
        // Each gets one half, or more if the other needs less.
        let about_room = about_length.min((room / 2).max(room.saturating_sub(reason_length)));
        let least = length(format_args!("{reason:.0}"));
        let about_room = about_room.min(room.saturating_sub(least));
        let reason_room = room.saturating_sub(about_room);
        write!(f, "{step}")?;
        if about_length > 0 {
            write!(f, " ({})", Shortened { text: about, room: about_room })?;
        }
        if self.stage != Stage::None {
            f.write_str(": ")?;
        }
        write!(f, "{how}{separator}{reason:.reason_room$}")
    }
}

/// `mount 3`
#[derive(Clone, Copy)]
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
#[derive(Clone, Copy)]
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

/// `Operation not permitted`, and what a helper has to do with it.
#[derive(Clone, Copy)]
struct How<'a>(&'a Failure);

impl Display for How<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let failure = self.0;
        match failure.signal {
            0 if failure.died => sentences::ENDED.fmt(f)?,
            0 => errno::Text(failure.code).fmt(f)?,
            signal => sentences::KILLED.with(&[&signal]).fmt(f)?,
        }
        match failure.helped {
            Some(End { code: libc::CLD_EXITED, status }) if status != 0 => {
                write!(f, ": {}", sentences::HELPER_EXITED.with(&[&status]))
            }
            Some(End { status, .. }) if status != 0 => write!(f, ": {}", sentences::HELPER_KILLED.with(&[&status])),
            _ => Ok(()),
        }
    }
}
