//! Subordinate ids: the ranges that /etc/subuid and /etc/subgid grant to the calling user. subuid(5), subgid(5)

use super::caller;
use super::fault::{Fault, Step};
use crate::attr::ns::{IdRange, MOST_RANGES};
use crate::base::decimal;
use crate::fallible::push;
use crate::sentences::{self, Sentence};
use crate::stage::Stage;
use alloc::vec::Vec;

pub struct Maps {
    pub uids: Vec<IdRange>,
    pub gids: Vec<IdRange>,
}

/// The maps for the calling user.
pub fn maps() -> Step<Maps> {
    let (uid, gid) = (caller::effective_uid()?, caller::effective_gid()?);
    let users = read("/etc/passwd")?;
    let user = User { name: name_of(&users, uid), uid };
    let uids = map(&read("/etc/subuid")?, &user, uid)?.ok_or_else(|| none(sentences::NO_SUBUIDS))?;
    let gids = map(&read("/etc/subgid")?, &user, gid)?.ok_or_else(|| none(sentences::NO_SUBGIDS))?;
    Ok(Maps { uids, gids })
}

const WHAT: &str = "map_subordinate_ids";

fn none(why: Sentence) -> Fault {
    Fault { stage: Stage::Resolve, ..Fault::invalid(WHAT, why) }.code(libc::ENOENT)
}

/// Reads a file. A missing one grants nothing.
fn read(path: &str) -> Step<Vec<u8>> {
    std::fs::read(path).or_else(|error| match error.raw_os_error() {
        Some(libc::ENOENT) => Ok(Vec::new()),
        Some(code) => Err(Fault { stage: Stage::Resolve, ..Fault::invalid(WHAT, sentences::NOTHING) }.code(code)),
        None => Err(Fault::no_memory()),
    })
}

/// The user whose lines are looked for, by name or by number.
struct User<'a> {
    name: Option<&'a [u8]>,
    uid: u32,
}

/// The name of a uid: the first one in the file. passwd(5)
fn name_of(users: &[u8], uid: u32) -> Option<&[u8]> {
    lines(users).find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next()?;
        (number(fields.nth(1)?)? == uid).then_some(name)
    })
}

/// The map: id 0 is the user's own id, and the granted ranges follow from id 1 on, in the order of the file. `None`: the
/// file grants nothing.
fn map(text: &[u8], user: &User, own: u32) -> Step<Option<Vec<IdRange>>> {
    let mut ranges = Vec::new();
    push(&mut ranges, IdRange { inside: 0, outside: own, count: 1 })?;
    for (first, count) in lines(text).filter_map(|line| granted(line, user)) {
        add(&mut ranges, first, count)?;
    }
    Ok((ranges.len() > 1).then_some(ranges))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

/// The range of a line `name:first:count`. `None`: it is for another user, or no such line.
fn granted(line: &[u8], user: &User) -> Option<(u32, u32)> {
    let mut fields = line.split(|byte| *byte == b':');
    let (whose, first, count) = (fields.next()?, number(fields.next()?)?, number(fields.next()?)?);
    let for_user = user.name == Some(whose) || number(whose) == Some(user.uid);
    (fields.next().is_none() && for_user && first.checked_add(count).is_some()).then_some((first, count))
}

fn number(digits: &[u8]) -> Option<u32> {
    decimal::parse(digits)?.try_into().ok()
}

/// Adds a range without the ids that the map has already, because the kernel refuses an id that occurs twice: the part
/// before those, and the part behind.
fn add(ranges: &mut Vec<IdRange>, first: u32, count: u32) -> Step<()> {
    let end = first.saturating_add(count);
    let taken = ranges.iter().find(|other| other.outside < end && first < other.outside.saturating_add(other.count));
    if let Some(IdRange { outside, count, .. }) = taken.copied() {
        add(ranges, first, outside.saturating_sub(first))?;
        let behind = outside.saturating_add(count);
        return add(ranges, behind, end.saturating_sub(behind));
    }
    if count == 0 {
        return Ok(());
    }
    if ranges.len() >= MOST_RANGES {
        return Err(
            Fault { stage: Stage::Resolve, ..Fault::invalid(WHAT, sentences::TOO_MANY_RANGES) }.code(libc::E2BIG)
        );
    }
    let inside = ranges.last().map_or(0, |last| last.inside.saturating_add(last.count));
    Ok(push(ranges, IdRange { inside, outside: first, count })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(text: &str, own: u32) -> Vec<(u32, u32, u32)> {
        let user = User { name: Some(b"judge"), uid: 1000 };
        let ranges = map(text.as_bytes(), &user, own).expect("memory").unwrap_or_default();
        ranges.iter().map(|range| (range.inside, range.outside, range.count)).collect()
    }

    #[test]
    fn by_name_and_by_number() {
        let text = "other:1:9\njudge:100000:65536\n1000:300000:5\n1001:7:7\n";
        assert_eq!(mapped(text, 1000), [(0, 1000, 1), (1, 100_000, 65536), (65537, 300_000, 5)]);
        assert_eq!(mapped("other:1:9\n", 1000), []);
        assert_eq!(mapped("", 1000), []);
    }

    #[test]
    fn lines_that_are_none() {
        let lines =
            ["judge:5", "judge:a:b", "judge::1", "judge:1:2:3", ":", "judge:4294967295:1", "judge:9:0", "judge:+9:1"];
        let text = &[&lines[..], &["judge:-1:1", "judge:99999999999:1", ""]].concat().join("\n");
        assert_eq!(mapped(text, 1000), []);
        let last = [text, "judge:7:1"].concat();
        assert_eq!(mapped(&last, 1000), [(0, 1000, 1), (1, 7, 1)]);
    }

    #[test]
    fn each_id_once() {
        assert_eq!(mapped("judge:998:5\n", 1000), [(0, 1000, 1), (1, 998, 2), (3, 1001, 2)]);
        assert_eq!(
            mapped("judge:10:10\n1000:10:10\njudge:5:30\n", 1),
            [(0, 1, 1), (1, 10, 10), (11, 5, 5), (16, 20, 15)]
        );
        assert_eq!(mapped("judge:1000:1\n", 1000), []);
    }

    #[test]
    fn the_first_name() {
        let users = b"root:x:0:0::/:/bin/sh\njudge:x:1000:5::/:/bin/sh\nalias:x:1000:5::/:/bin/sh\nbad:x\n";
        assert_eq!(name_of(users, 1000), Some(&b"judge"[..]));
        assert_eq!(name_of(users, 5), None);
    }
}
