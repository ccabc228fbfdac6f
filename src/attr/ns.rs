//! Namespaces to create or join, and the settings in them.

use super::refusal::{Accepted, Refused, check_fd, copy_path, invalid};
use crate::fallible::{self, Copied, NoMemory, Text};
use crate::sentences;
use alloc::vec::Vec;
use core::ffi::CStr;

/// All types of namespaces: the `CLONE_NEW*` bits.
pub const TYPES: u32 = 0x7e02_0080;

/// The most lines that the kernel takes in one id map.
pub const MOST_RANGES: usize = 340;

/// The deepest nesting of pid namespaces that the kernel allows.
pub const MOST_PIDS: usize = 32;

/// The longest host name and domain name: `__NEW_UTS_LEN`.
const LONGEST_NAME: usize = 64;

/// A second in nanoseconds.
const SECOND: u32 = 1_000_000_000;

/// One line of an id map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    pub inside: u32,
    pub outside: u32,
    pub count: u32,
}

/// Namespaces to join: one by its descriptor, or those of a process by a pidfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    pub fd: i32,
    pub types: u32,
    pub of_process: bool,
}

/// An offset between a clock of the new time namespace and the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOffset {
    pub clock: i32,
    pub seconds: i64,
    pub nanoseconds: u32,
}

/// `create` and `unshare` are `CLONE_NEW*` bits.
#[derive(Default, Debug)]
pub struct Namespaces {
    pub create: u32,
    pub unshare: u32,
    pub joins: Vec<Join>,
    /// The user namespace that is joined after the mounts.
    pub second_user: Option<i32>,
    pub uid_map: Vec<IdRange>,
    pub gid_map: Vec<IdRange>,
    pub allow_setgroups: bool,
    /// The maps are made of the caller's own id and its subordinate ids.
    pub subordinate: bool,
    /// The programs that write maps which the caller itself may not write.
    pub uid_helper: Option<Text>,
    pub gid_helper: Option<Text>,
    /// The uid of the owner of the new user namespace. `None`: the caller.
    pub owner: Option<u32>,
    /// Propagation flags of mount(2). `None`: MS_PRIVATE in a new mount namespace.
    pub propagation: Option<u64>,
    pub hostname: Option<Text>,
    pub domainname: Option<Text>,
    pub loopback: bool,
    pub time_offsets: Vec<TimeOffset>,
    /// The pids of the child: in the innermost pid namespace first, then in those around it.
    pub pids: Vec<i32>,
}

impl Namespaces {
    pub fn create_namespaces(&mut self, types: u32) -> Accepted {
        check_types(types)?;
        self.create |= types;
        Ok(())
    }

    pub fn set_pid(&mut self, pids: &[i32]) -> Accepted {
        if pids.is_empty() || pids.len() > MOST_PIDS || pids.iter().any(|&pid| pid < 1) {
            return invalid(sentences::PIDS);
        }
        self.pids = fallible::copy_of(pids)?;
        Ok(())
    }

    pub fn unshare_namespaces(&mut self, types: u32) -> Accepted {
        check_types(types)?;
        self.unshare |= types;
        Ok(())
    }

    pub fn join_namespace(&mut self, fd: i32, kind: u32) -> Accepted {
        check_fd(fd)?;
        if !kind.is_power_of_two() || kind & !TYPES != 0 {
            return invalid(sentences::ONE_TYPE);
        }
        self.join(Join { fd, types: kind, of_process: false })
    }

    pub fn join_pidfd(&mut self, pidfd: i32, types: u32) -> Accepted {
        check_fd(pidfd)?;
        check_types(types)?;
        self.join(Join { fd: pidfd, types, of_process: true })
    }

    pub fn join_second_user_namespace(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        self.second_user = Some(fd);
        Ok(())
    }

    fn join(&mut self, join: Join) -> Accepted {
        if self.joins.iter().any(|other| other.types & join.types != 0) {
            return invalid(sentences::JOINED_ALREADY);
        }
        Ok(fallible::push(&mut self.joins, join)?)
    }

    /// The types of all namespaces that are joined.
    pub fn joined(&self) -> u32 {
        self.joins.iter().fold(0, |types, join| types | join.types)
    }

    pub fn map_uid(&mut self, inside: u32, outside: u32, count: u32) -> Accepted {
        map(&mut self.uid_map, IdRange { inside, outside, count })
    }

    pub fn map_gid(&mut self, inside: u32, outside: u32, count: u32) -> Accepted {
        map(&mut self.gid_map, IdRange { inside, outside, count })
    }

    pub fn allow_setgroups(&mut self) -> Accepted {
        self.allow_setgroups = true;
        Ok(())
    }

    pub fn map_subordinate_ids(&mut self) -> Accepted {
        self.subordinate = true;
        Ok(())
    }

    /// Whether a gid_map will be written.
    pub fn maps_gids(&self) -> bool {
        self.subordinate || !self.gid_map.is_empty()
    }

    pub fn set_map_helpers(&mut self, uid: Option<&CStr>, gid: Option<&CStr>) -> Accepted {
        let helpers = (uid.map(copy_path).transpose()?, gid.map(copy_path).transpose()?);
        (self.uid_helper, self.gid_helper) = helpers;
        Ok(())
    }

    pub fn set_user_namespace_owner(&mut self, uid: u32) -> Accepted {
        if uid == u32::MAX {
            return invalid(sentences::NO_ID);
        }
        self.owner = Some(uid);
        Ok(())
    }

    /// One propagation type, or 0 to leave it as it is.
    pub fn set_mount_propagation(&mut self, flags: u64) -> Accepted {
        const WAYS: [u64; 4] = [libc::MS_PRIVATE, libc::MS_SLAVE, libc::MS_SHARED, libc::MS_UNBINDABLE];
        if flags != 0 && !WAYS.contains(&(flags & !libc::MS_REC)) {
            return invalid(sentences::PROPAGATION);
        }
        self.propagation = Some(flags);
        Ok(())
    }

    pub fn set_hostname(&mut self, name: &CStr) -> Accepted {
        self.hostname = Some(copy_name(name)?);
        Ok(())
    }

    pub fn set_domainname(&mut self, name: &CStr) -> Accepted {
        self.domainname = Some(copy_name(name)?);
        Ok(())
    }

    pub fn set_loopback(&mut self) -> Accepted {
        self.loopback = true;
        Ok(())
    }

    /// A second offset for a clock replaces the first.
    pub fn set_time_offset(&mut self, clock: i32, seconds: i64, nanoseconds: u32) -> Accepted {
        if ![libc::CLOCK_MONOTONIC, libc::CLOCK_BOOTTIME].contains(&clock) {
            return invalid(sentences::CLOCK);
        }
        if nanoseconds >= SECOND {
            return invalid(sentences::NANOSECONDS);
        }
        let offset = TimeOffset { clock, seconds, nanoseconds };
        Ok(fallible::replace_or_push(&mut self.time_offsets, offset, |old| old.clock == clock)?)
    }
}

fn check_types(types: u32) -> Accepted {
    if types == 0 || types & !TYPES != 0 { invalid(sentences::SOME_TYPES) } else { Ok(()) }
}

fn map(lines: &mut Vec<IdRange>, range: IdRange) -> Accepted {
    if range.count == 0 {
        return invalid(sentences::RANGE_EMPTY);
    }
    if range.inside.checked_add(range.count).is_none() || range.outside.checked_add(range.count).is_none() {
        return invalid(sentences::RANGE_END);
    }
    if lines.len() >= MOST_RANGES {
        return invalid(sentences::TOO_MANY_RANGES);
    }
    Ok(fallible::push(lines, range)?)
}

fn copy_name(name: &CStr) -> Result<Text, Refused> {
    if name.to_bytes().len() > LONGEST_NAME {
        return Err(Refused { code: libc::EINVAL, why: sentences::NAME_TOO_LONG });
    }
    Ok(Text::new(name)?)
}

impl Copied for Namespaces {
    fn copied(&self) -> Result<Namespaces, NoMemory> {
        Ok(Namespaces {
            create: self.create,
            unshare: self.unshare,
            joins: fallible::copy_of(&self.joins)?,
            second_user: self.second_user,
            uid_map: fallible::copy_of(&self.uid_map)?,
            gid_map: fallible::copy_of(&self.gid_map)?,
            allow_setgroups: self.allow_setgroups,
            subordinate: self.subordinate,
            uid_helper: self.uid_helper.copied()?,
            gid_helper: self.gid_helper.copied()?,
            owner: self.owner,
            propagation: self.propagation,
            hostname: self.hostname.copied()?,
            domainname: self.domainname.copied()?,
            loopback: self.loopback,
            time_offsets: fallible::copy_of(&self.time_offsets)?,
            pids: fallible::copy_of(&self.pids)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_add_up() {
        let mut ns = Namespaces::default();
        assert!(ns.create_namespaces(libc::CLONE_NEWPID as u32).is_ok());
        assert!(ns.create_namespaces(libc::CLONE_NEWUSER as u32).is_ok());
        assert_eq!(ns.create, (libc::CLONE_NEWPID | libc::CLONE_NEWUSER) as u32);
        assert!(ns.create_namespaces(0).is_err());
        assert!(ns.unshare_namespaces(libc::CLONE_VM as u32).is_err());
        assert_eq!(ns.unshare, 0);
    }

    #[test]
    fn pids() {
        let mut ns = Namespaces::default();
        assert!(ns.set_pid(&[]).is_err());
        assert!(ns.set_pid(&[1, 0]).is_err());
        assert!(ns.set_pid(&[1; MOST_PIDS + 1]).is_err());
        assert!(ns.set_pid(&[1; MOST_PIDS]).is_ok());
        assert!(ns.set_pid(&[1, 77]).is_ok());
        assert_eq!(ns.copied().expect("memory").pids, [1, 77]);
    }

    #[test]
    fn ranges() {
        let mut ns = Namespaces::default();
        assert!(ns.map_uid(0, 1000, 0).is_err());
        assert!(ns.map_uid(0, u32::MAX, 1).is_err());
        assert!(ns.map_uid(1, 0, u32::MAX).is_err());
        assert!(ns.map_uid(0, 0, u32::MAX).is_ok());
        for start in 0..MOST_RANGES as u32 {
            assert!(ns.map_gid(start, start, 1).is_ok());
        }
        assert!(ns.map_gid(999, 999, 1).is_err());
        assert_eq!((ns.uid_map.len(), ns.gid_map.len()), (1, MOST_RANGES));
    }

    #[test]
    fn propagation_and_names() {
        let mut ns = Namespaces::default();
        assert!(ns.set_mount_propagation(libc::MS_REC).is_err());
        assert!(ns.set_mount_propagation(libc::MS_PRIVATE | libc::MS_SLAVE).is_err());
        assert!(ns.set_mount_propagation(libc::MS_SLAVE | libc::MS_REC).is_ok());
        assert!(ns.set_mount_propagation(0).is_ok());
        assert_eq!(ns.propagation, Some(0));
        assert!(ns.set_hostname(c"0123456789012345678901234567890123456789012345678901234567890123").is_ok());
        assert!(ns.set_domainname(c"01234567890123456789012345678901234567890123456789012345678901234").is_err());
        assert!(ns.domainname.is_none());
    }
}
