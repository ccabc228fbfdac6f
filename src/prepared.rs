//! A root that is built once: by a child that is made for it as for any root, and that sends the finished tree of mounts and
//! ends.

use crate::attr::Attr;
use crate::attr::mounts::Mounts;
use crate::attr::ns::Namespaces;
use crate::attr::prepared::{Prepared, Tree, made_by};
use crate::fallible::{Copied, NoMemory, Reserved, copy_of};
use crate::parent::{self, Child, Failure, host};
use crate::plan::{Fault, Purpose, Request, Strings, callers_user_namespace};
use crate::sentences;
use crate::stage::Stage;
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Errno};
use nix::errno::Errno as Number;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Where this kernel cannot clone such a tree, nothing is built, and what was asked for is kept alone.
pub fn prepare(attr: &Attr) -> Result<Prepared, Failure> {
    let mut attr = for_root(attr).map_err(no_memory)?;
    let tree = match build(&attr) {
        Err(failure) if failure.stage == Stage::RootTree && goes_on(Call::DetachedTree, Errno(failure.code)) => None,
        tree => Some(tree?),
    };
    let Mounts { list: items, root, .. } = core::mem::take(&mut *attr.mounts);
    Ok(Prepared {
        made_by: made_by(&items).map_err(no_memory)?,
        root,
        items,
        user_namespace: of_users(&attr.ns).map_err(no_memory)?,
        callers_user_namespace: callers_user_namespace().unwrap_or_default(),
        tree,
    })
}

fn no_memory(_: NoMemory) -> Failure {
    Failure::of_plan(Fault::no_memory())
}

/// What of a request its root depends on.
fn for_root(attr: &Attr) -> Result<Attr, NoMemory> {
    let mut part = Attr { mounts: attr.mounts.copied()?, refused: attr.refused, ..Attr::default() };
    if attr.ns.asked() {
        *part.ns = of_users(&attr.ns)?;
    }
    Ok(part)
}

/// The user namespace, and the mount namespace that belongs to it.
fn of_users(asked: &Namespaces) -> Result<Namespaces, NoMemory> {
    let types = (libc::CLONE_NEWUSER | libc::CLONE_NEWNS) as u32;
    Ok(Namespaces {
        create: asked.create & types,
        unshare: asked.unshare & types,
        joins: if asked.joined() & libc::CLONE_NEWUSER as u32 != 0 {
            copy_of(&asked.joins)?
        } else {
            Default::default()
        },
        uid_map: copy_of(&asked.uid_map)?,
        gid_map: copy_of(&asked.gid_map)?,
        allow_setgroups: asked.allow_setgroups,
        subordinate: asked.subordinate,
        uid_helper: asked.uid_helper.copied()?,
        gid_helper: asked.gid_helper.copied()?,
        owner: asked.owner,
        propagation: asked.propagation,
        ..Namespaces::default()
    })
}

fn build(attr: &Attr) -> Result<Tree, Failure> {
    // SAFETY: NULL is no vector at all.
    let none = unsafe { Strings::new(core::ptr::null()) };
    let request = Request { attr, path: None, argv: none, envp: none, purpose: Purpose::Root, host: host::host() };
    let memory = Reserved::<Child>::new().map_err(no_memory)?;
    let child = parent::start(request, memory)?;
    let fd = child.handed_fd(0).and_then(out_of_the_way).map_err(|errno| not_handed(errno as i32))?;
    let identity = sys::identity(fd.as_raw_fd()).map_err(|Errno(errno)| not_handed(errno))?;
    Ok(Tree { fd, identity })
}

fn not_handed(code: i32) -> Failure {
    let fault = Fault::invalid("", sentences::NOTHING).code(code);
    Failure::of_plan(Fault { stage: Stage::HandOver, ..fault })
}

/// Not one of the standard descriptors, which the caller may have closed and take for those of a program.
fn out_of_the_way(fd: OwnedFd) -> Result<OwnedFd, Number> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    let higher =
        sys::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 3).map_err(|Errno(errno)| Number::from_raw(errno))?;
    // SAFETY: the kernel has just made it.
    Ok(unsafe { OwnedFd::from_raw_fd(higher) })
}
