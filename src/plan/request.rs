//! What a plan is made of: the attr, the program with its vectors, and what the child is for.

use super::strings::Strings;
use crate::attr::Attr;
use core::ffi::CStr;

/// What the child is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To run a program.
    Spawn,
    /// To run a program when it is released.
    Start,
    /// To keep namespaces alive.
    Hold,
    /// To build a root that others get clones of.
    Root,
}

/// What is known of this process and its kernel.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// The built-in image can be executed.
    pub image_runs: bool,
    /// A child can really share memory.
    pub memory_is_shared: bool,
    /// clone can put a child into a cgroup.
    pub born_in_cgroup: bool,
    /// The highest capability that the kernel knows; `None`: to be found out where a request needs it.
    pub last_cap: Option<u32>,
    /// The soft limit on descriptors when the library was loaded, if it could be read.
    pub nofile_at_load: Option<u64>,
}

/// A request, and what it is asked with.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub attr: &'a Attr,
    pub path: Option<&'a CStr>,
    pub argv: Strings<'a>,
    pub envp: Strings<'a>,
    pub purpose: Purpose,
    pub host: Host,
}
