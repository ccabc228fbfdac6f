//! The input of a plan: the attr, the program with its vectors, and the purpose of the child.

use super::strings::Strings;
use crate::attr::Attr;
use core::ffi::CStr;

/// The purpose of the child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To run a program.
    Spawn,
    /// To run a program once the caller releases the child.
    Start,
    /// To keep namespaces alive.
    Hold,
    /// To build a root, of which later children get clones.
    Root,
}

/// Facts about this process and its kernel.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// The built-in image can be executed.
    pub image_runs: bool,
    /// CLONE_VM really shares memory; under valgrind and qemu-user it does not.
    pub memory_is_shared: bool,
    /// clone3(2) can make a child in a cgroup.
    pub born_in_cgroup: bool,
    /// The highest capability that the kernel knows. `None`: it is found out when a request needs it.
    pub last_cap: Option<u32>,
    /// The soft RLIMIT_NOFILE when the library was loaded, if it could be read.
    pub nofile_at_load: Option<u64>,
}

/// A request: an attr, and the arguments of the spawn.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub attr: &'a Attr,
    pub path: Option<&'a CStr>,
    pub argv: Strings<'a>,
    pub envp: Strings<'a>,
    pub purpose: Purpose,
    pub host: Host,
}
