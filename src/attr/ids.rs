//! User id, group id and supplementary groups.

use super::refusal::{Accepted, invalid};
use crate::fallible::{self, Copied, NoMemory};
use crate::sentences;
use alloc::vec::Vec;

/// -1, which chown(2) and setresuid(2) read as "leave it": it is no id.
const NO_ID: u32 = u32::MAX;

/// The most supplementary groups that the kernel takes: NGROUPS_MAX.
pub const MOST_GROUPS: usize = 65536;

#[derive(Default, Debug)]
pub struct Ids {
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub groups: Option<Vec<u32>>,
    pub keep_groups: bool,
}

impl Ids {
    pub fn set_uid(&mut self, uid: u32) -> Accepted {
        if uid == NO_ID {
            return invalid(sentences::NO_USER);
        }
        self.uid = Some(uid);
        Ok(())
    }

    pub fn set_gid(&mut self, gid: u32) -> Accepted {
        if gid == NO_ID {
            return invalid(sentences::NO_GROUP);
        }
        self.gid = Some(gid);
        Ok(())
    }

    pub fn set_groups(&mut self, groups: &[u32]) -> Accepted {
        if groups.len() > MOST_GROUPS {
            return invalid(sentences::TOO_MANY_GROUPS);
        }
        if groups.contains(&NO_ID) {
            return invalid(sentences::NO_GROUP);
        }
        self.groups = Some(fallible::copy_of(groups)?);
        Ok(())
    }

    pub fn keep_groups(&mut self) -> Accepted {
        self.keep_groups = true;
        Ok(())
    }
}

impl Copied for Ids {
    fn copied(&self) -> Result<Ids, NoMemory> {
        Ok(Ids {
            uid: self.uid,
            gid: self.gid,
            groups: self.groups.as_deref().map(fallible::copy_of).transpose()?,
            keep_groups: self.keep_groups,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_groups() {
        let mut ids = Ids::default();
        assert!(ids.set_uid(NO_ID).is_err());
        assert!(ids.set_gid(NO_ID).is_err());
        assert!(ids.set_groups(&[1, NO_ID]).is_err());
        assert!(ids.set_groups(&alloc::vec![0; MOST_GROUPS + 1]).is_err());
        assert_eq!(ids.groups, None);
        assert!(ids.set_groups(&[]).is_ok());
        assert_eq!(ids.copied().expect("memory").groups, Some(Vec::new()));
    }
}
