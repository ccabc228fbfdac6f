//! Where in the child's table of descriptors the library's own are, and what the child closes.

use super::channel;
use super::channel_ends::{self, Ends};
use super::clone::table_of;
use super::strings_file::StringsFile;
use super::ways::Ways;
use super::{file_size, image};
use crate::fallible::{NoMemory, push};
use crate::page::PAGE;
use crate::plan::gaps;
use crate::sealed::{Gap, Plan, mode, table};
use alloc::vec::Vec;

/// The caller's files that a child takes into its image.
pub struct Files<'a> {
    pub image: Option<image::File>,
    pub page: Option<channel::File>,
    pub strings: Option<&'a StringsFile>,
}

pub struct Layout {
    /// The numbers that the child closes first.
    pub gaps: Vec<Gap>,
    /// The first number above all that the child needs.
    pub above: u32,
    pub numbers: channel_ends::Numbers,
    /// The child makes the ends of the channel itself.
    pub makes_ends: bool,
    pub page: Option<channel::File>,
    pub image: image::Source,
}

impl Layout {
    pub fn without_ends(plan: &Plan, ways: Ways) -> Result<Layout, NoMemory> {
        let whole = table_of(plan, ways) == table::WHOLE;
        let (gaps, above) = if whole { (Vec::new(), 0) } else { gaps(plan.list(plan.needed), &[])? };
        Ok(Layout { gaps, above, numbers: [-1; 3], makes_ends: false, page: None, image: image::Source::None })
    }

    #[inline(never)]
    pub fn new(plan: &Plan, ways: Ways, ends: &Ends, files: Files) -> Result<Layout, NoMemory> {
        let Files { image, page, strings } = files;
        let table = table_of(plan, ways);
        let needed = plan.list(plan.needed);
        let far = needed.last().map_or(3, |fd| fd.saturating_add(1)).saturating_add(channel_ends::FAR);
        let is_far = |fd: i32| plan.mode == mode::FRESH && table == table::SHARED && fd > far as i32;
        let image = match image {
            Some(file) => {
                let own = is_far(file.number).then(|| image::source_of_bytes(&file)).flatten();
                own.unwrap_or(image::Source::File(file))
            }
            None => image::Source::None,
        };
        let page_number = page.map_or(-1, |file| file.number);
        let own = ends.numbers().into_iter().chain([page_number]);
        let ends_are_far = own.into_iter().any(|fd| is_far(fd.saturating_sub(channel_ends::ROOM)));
        let makes_ends =
            ends_are_far && channel_ends::can_be_made_by_child(plan) && ways.fetch && file_size::allows(PAGE as u64);
        let [lifeline, go, caller_gone] = if makes_ends { [-1; 3] } else { ends.numbers() };
        let page_number = if makes_ends { -1 } else { page_number };
        let strings = strings.map_or(-1, StringsFile::number);
        let surviving = [lifeline, go, caller_gone, page_number, image.number(), strings];
        let (mut gaps, above) = if table == table::WHOLE { (Vec::new(), 0) } else { gaps(needed, &surviving)? };
        // The caller's end, where no gap has it: 0 to 2 are left as they are, and a whole table has no gaps.
        let callers = ends.callers();
        if callers >= 0 && (table == table::WHOLE || callers < 3) {
            push(&mut gaps, Gap { first: callers as u32, last: callers as u32 })?;
        }
        let numbers = if makes_ends { channel_ends::made_by_child(plan, above) } else { [lifeline, go, caller_gone] };
        let made = channel::File { number: channel_ends::page_made_by_child(above), identity: [0; 2] };
        Ok(Layout { gaps, above, numbers, makes_ends, page: if makes_ends { Some(made) } else { page }, image })
    }
}
