//! Landlock: which files, ports and processes the program may reach.

use super::refusal::{Accepted, check_fd, copy_path, invalid};
use crate::fallible::{self, Copied, NoMemory, Text};
use crate::sentences;
use alloc::vec::Vec;
use core::ffi::CStr;

/// The accesses that are denied by default, and the scopes, in the kernel's numbers. Other bits are left to the kernel.
pub mod access {
    pub const FS: u64 = 0xffff;
    pub const NET: u64 = 3;
    pub const SCOPES: u64 = 3;
    /// New in Linux 7.1 and 7.2.
    pub const FS_UNIX: u64 = 0x10000;
    pub const NET_UDP: u64 = 0xc;
}

/// The flags of landlock_restrict_self(2) that have a name in this library, in the kernel's numbers.
pub mod flag {
    pub const LOG_SAME_EXEC_OFF: u32 = 1;
    pub const LOG_NEW_EXEC_ON: u32 = 2;
    pub const LOG_SUBDOMAINS_OFF: u32 = 4;
    pub const TSYNC: u32 = 8;
    pub const LOGS: u32 = LOG_SAME_EXEC_OFF | LOG_NEW_EXEC_ON | LOG_SUBDOMAINS_OFF;
}

#[derive(Debug)]
pub enum Rule {
    Path { path: Text, access: u64 },
    Port { port: u16, access: u64 },
}

#[derive(Clone, Copy, Debug)]
pub struct Handled {
    pub fs: u64,
    pub net: u64,
}

#[derive(Default, Debug)]
pub struct Landlock {
    /// A ruleset of the caller's.
    pub ruleset_fd: Option<i32>,
    pub rules: Vec<Rule>,
    /// The accesses that are denied unless a rule grants them. `None`: all known file accesses if there are rules for paths,
    /// and all known network accesses if there are rules for ports.
    pub handled: Option<Handled>,
    pub scopes: u64,
    /// Flags of landlock_restrict_self(2). Those without a name here are left to the kernel.
    pub flags: u32,
    /// Accesses that the kernel does not know may stay allowed.
    pub partial: bool,
}

impl Landlock {
    pub fn set_landlock_ruleset(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        self.ruleset_fd = Some(fd);
        Ok(())
    }

    pub fn add_landlock_path(&mut self, path: &CStr, access: u64) -> Accepted {
        if access == 0 {
            return invalid(sentences::LANDLOCK_FS);
        }
        let path = copy_path(path)?;
        Ok(fallible::push(&mut self.rules, Rule::Path { path, access })?)
    }

    pub fn add_landlock_port(&mut self, port: u16, access: u64) -> Accepted {
        if access == 0 {
            return invalid(sentences::LANDLOCK_NET);
        }
        Ok(fallible::push(&mut self.rules, Rule::Port { port, access })?)
    }

    pub fn set_landlock_handled(&mut self, fs: u64, net: u64) -> Accepted {
        self.handled = Some(Handled { fs, net });
        Ok(())
    }

    pub fn set_landlock_scopes(&mut self, scopes: u64) -> Accepted {
        self.scopes = scopes;
        Ok(())
    }

    pub fn set_landlock_flags(&mut self, flags: u32) -> Accepted {
        self.flags = flags;
        Ok(())
    }

    pub fn allow_partial_landlock(&mut self) -> Accepted {
        self.partial = true;
        Ok(())
    }
}

impl Copied for Rule {
    fn copied(&self) -> Result<Rule, NoMemory> {
        Ok(match self {
            Rule::Path { path, access } => Rule::Path { path: path.copied()?, access: *access },
            Rule::Port { port, access } => Rule::Port { port: *port, access: *access },
        })
    }
}

impl Copied for Landlock {
    fn copied(&self) -> Result<Landlock, NoMemory> {
        Ok(Landlock { rules: fallible::copy_each(&self.rules)?, ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses() {
        let mut landlock = Landlock::default();
        assert!(landlock.add_landlock_path(c"/usr", 0).is_err());
        assert!(landlock.add_landlock_path(c"", 1).is_err());
        assert!(landlock.add_landlock_path(c"/usr", 1).is_ok());
        assert!(landlock.add_landlock_port(80, 0).is_err());
        assert!(landlock.add_landlock_port(80, 2).is_ok());
        assert_eq!(landlock.copied().map(|copy| copy.rules.len()).ok(), Some(2));
    }
}
