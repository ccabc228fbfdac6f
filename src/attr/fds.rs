//! Descriptors: the map, which takes effect all at once, and the actions that follow one by one.

use super::refusal::{Accepted, check_fd, copy_path, invalid};
use crate::fallible::{self, Copied, NoMemory, Text};
use crate::sentences;
use alloc::vec::Vec;
use core::ffi::CStr;

/// `source` is a descriptor of the caller, `target` its number in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    pub source: i32,
    pub target: i32,
}

/// An action on the program's descriptors.
#[derive(Debug)]
pub enum Action {
    Open { target: i32, path: Text, flags: i32, mode: u32 },
    Dup { source: i32, target: i32 },
    Close { fd: i32 },
    CloseFrom { fd: i32 },
    Enter { path: Text },
    EnterFd { fd: i32 },
}

#[derive(Default, Debug)]
pub struct Fds {
    pub maps: Vec<Map>,
    pub actions: Vec<Action>,
    pub inherit: bool,
}

impl Fds {
    /// A second map for a target replaces the first.
    pub fn map_fd(&mut self, source: i32, target: i32) -> Accepted {
        check_fd(source)?;
        check_fd(target)?;
        Ok(fallible::replace_or_push(&mut self.maps, Map { source, target }, |old| old.target == target)?)
    }

    pub fn inherit_fds(&mut self) -> Accepted {
        self.inherit = true;
        Ok(())
    }

    pub fn open_fd(&mut self, target: i32, path: &CStr, flags: i32, mode: u32) -> Accepted {
        check_fd(target)?;
        if mode > 0o7777 {
            return invalid(sentences::FILE_MODE);
        }
        let path = copy_path(path)?;
        Ok(fallible::push(&mut self.actions, Action::Open { target, path, flags, mode })?)
    }

    pub fn dup_fd(&mut self, source: i32, target: i32) -> Accepted {
        check_fd(source)?;
        check_fd(target)?;
        Ok(fallible::push(&mut self.actions, Action::Dup { source, target })?)
    }

    pub fn close_fd(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        Ok(fallible::push(&mut self.actions, Action::Close { fd })?)
    }

    pub fn close_fds_from(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        Ok(fallible::push(&mut self.actions, Action::CloseFrom { fd })?)
    }

    pub fn enter_directory(&mut self, path: &CStr) -> Accepted {
        let path = copy_path(path)?;
        Ok(fallible::push(&mut self.actions, Action::Enter { path })?)
    }

    pub fn enter_directory_fd(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        Ok(fallible::push(&mut self.actions, Action::EnterFd { fd })?)
    }
}

impl Copied for Action {
    fn copied(&self) -> Result<Action, NoMemory> {
        Ok(match *self {
            Action::Open { target, ref path, flags, mode } => {
                Action::Open { target, path: path.copied()?, flags, mode }
            }
            Action::Dup { source, target } => Action::Dup { source, target },
            Action::Close { fd } => Action::Close { fd },
            Action::CloseFrom { fd } => Action::CloseFrom { fd },
            Action::Enter { ref path } => Action::Enter { path: path.copied()? },
            Action::EnterFd { fd } => Action::EnterFd { fd },
        })
    }
}

impl Copied for Fds {
    fn copied(&self) -> Result<Fds, NoMemory> {
        Ok(Fds {
            maps: fallible::copy_of(&self.maps)?,
            actions: fallible::copy_each(&self.actions)?,
            inherit: self.inherit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_mapped_once_and_keeps_its_place() {
        let mut fds = Fds::default();
        assert!(fds.map_fd(5, 0).is_ok());
        assert!(fds.map_fd(5, 1).is_ok());
        assert!(fds.map_fd(7, 0).is_ok());
        assert_eq!(fds.maps, [Map { source: 7, target: 0 }, Map { source: 5, target: 1 }]);
        assert_eq!(fds.map_fd(-1, 2).map_err(|refused| refused.code), Err(libc::EBADF));
        assert_eq!(fds.maps.len(), 2);
    }

    #[test]
    fn actions_are_appended_and_copied() {
        let mut fds = Fds::default();
        assert!(fds.open_fd(4, c"/dev/null", libc::O_RDWR, 0o10000).is_err());
        assert!(fds.open_fd(4, c"/dev/null", libc::O_RDWR, 0).is_ok());
        assert!(fds.close_fd(4).is_ok());
        assert!(fds.close_fd(4).is_ok());
        assert!(fds.close_fds_from(-1).is_err());
        let copy = fds.copied().expect("memory");
        assert_eq!(copy.actions.len(), 3);
        assert!(
            matches!(copy.actions.first(), Some(Action::Open { target: 4, path, .. }) if path.as_cstr() == c"/dev/null")
        );
    }
}
