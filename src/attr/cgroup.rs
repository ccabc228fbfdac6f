//! The cgroup of the program.

use super::refusal::{Accepted, check_fd};
use crate::fallible::{Copied, NoMemory};
use crate::shared::Shared;
use std::os::fd::{AsRawFd, OwnedFd};

/// Where it is.
#[derive(Clone)]
pub enum Destination {
    /// A descriptor of the caller's.
    Fd(i32),
    /// The directory of a cgroup that the library has made. It stays open as long as an attr or the handle holds it.
    Own(Shared<OwnedFd>),
}

impl Destination {
    pub fn fd(&self) -> i32 {
        match self {
            Destination::Fd(fd) => *fd,
            Destination::Own(directory) => directory.as_raw_fd(),
        }
    }

    pub fn setter(&self) -> &'static str {
        match self {
            Destination::Fd(_) => "set_cgroup_fd",
            Destination::Own(_) => "set_cgroup",
        }
    }
}

impl core::fmt::Debug for Destination {
    fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
        self.fd().fmt(f)
    }
}

#[derive(Default, Debug)]
pub struct Cgroup {
    pub destination: Option<Destination>,
}

impl Cgroup {
    pub fn set_cgroup_fd(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        self.destination = Some(Destination::Fd(fd));
        Ok(())
    }

    pub fn set_cgroup(&mut self, directory: Shared<OwnedFd>) -> Accepted {
        self.destination = Some(Destination::Own(directory));
        Ok(())
    }
}

impl Copied for Cgroup {
    fn copied(&self) -> Result<Cgroup, NoMemory> {
        Ok(Cgroup { destination: self.destination.clone() })
    }
}
