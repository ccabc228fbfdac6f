//! The root directory.

use super::owned::{Copied, NoMemory, Text};
use super::{Accepted, copy_path};
use core::ffi::CStr;

#[derive(Default, Debug)]
pub struct Mounts {
    pub chroot: Option<Text>,
}

impl Mounts {
    pub fn set_chroot(&mut self, path: &CStr) -> Accepted {
        self.chroot = Some(copy_path(path)?);
        Ok(())
    }
}

impl Copied for Mounts {
    fn copied(&self) -> Result<Mounts, NoMemory> {
        Ok(Mounts { chroot: self.chroot.copied()? })
    }
}
