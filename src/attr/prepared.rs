//! A root that is built once, and of which each spawn gets a clone: what of its mounts can be in the tree that all have in
//! common, and what each spawn makes for itself.

use super::mounts::{Item, Mounts, flag, names};
use super::ns::Namespaces;
use crate::fallible::{NoMemory, push};
use alloc::vec::Vec;
use core::ffi::CStr;
use std::os::fd::OwnedFd;

#[derive(Debug)]
pub struct Prepared {
    /// The root that was asked for, and the mounts in it.
    pub mounts: Mounts,
    /// Who makes them, one by one.
    pub made: Vec<Made>,
    /// The user namespace that the tree was built in, as it was asked for.
    pub users: Namespaces,
    /// The caller's own then.
    pub callers_users: UserNamespace,
    /// `None`: this kernel clones no such tree, and each spawn builds its own.
    pub tree: Option<Tree>,
}

/// The link of a user namespace in /proc; zeros where it could not be read.
pub type UserNamespace = [u8; 32];

/// A file system in memory that is in no mount namespace, and has the tree at its directory "root".
#[derive(Debug)]
pub struct Tree {
    pub fd: OwnedFd,
    /// Device and inode: the caller may have closed the descriptor, and another file may have its number.
    pub identity: [u64; 2],
}

/// Who makes an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// Whoever builds the tree.
    InTree,
    /// Each spawn, anew.
    Fresh,
    /// The same, and its target lies in what is made anew too.
    FreshWithin,
}

/// Each spawn makes what its program writes to, what depends on its namespaces, and whatever has to come after such an item
/// to lie where the order of the list puts it.
pub fn made(items: &[Item]) -> Result<Vec<Made>, NoMemory> {
    let mut made = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let before = || items.iter().zip(&made).take(index);
        let fresh = || before().filter(|(_, made)| **made != Made::InTree);
        let with_parts = || before().filter(|(earlier, made)| **made != Made::InTree || has_fresh_part(earlier));
        let how = if fresh().any(|(earlier, _)| is_at_or_below(item.target(), earlier.target())) {
            Made::FreshWithin
        } else if is_own(item) || with_parts().any(|(earlier, _)| comes_after(item, earlier)) {
            Made::Fresh
        } else {
            Made::InTree
        };
        push(&mut made, how)?;
    }
    Ok(made)
}

/// Two programs would see what the other writes, or the mount is of the spawn's own namespaces. What a file system that is
/// mounted by name does is not known.
fn is_own(item: &Item) -> bool {
    match item {
        Item::Mount { flags, .. } => flags & libc::MS_BIND == 0 || flags & libc::MS_REMOUNT != 0,
        Item::Overlay { upper, flags, .. } => upper.is_some() || flags & flag::IN_MEMORY != 0,
        Item::Dev { flags, .. } => flags & flag::READONLY == 0,
        Item::Tmpfs { .. } | Item::Proc { .. } | Item::FileMount { .. } => true,
        _ => false,
    }
}

/// The tree has the directory and the devices, and each spawn its own terminals and shared memory.
pub fn has_fresh_part(item: &Item) -> bool {
    matches!(item, Item::Dev { .. })
}

/// Whether an item is about what an earlier one has made, or covers it.
fn comes_after(item: &Item, earlier: &Item) -> bool {
    let (target, other) = (item.target(), earlier.target());
    item.follows_links()
        || earlier.follows_links()
        || is_at_or_below(target, other)
        || covers(item) && is_at_or_below(other, target)
}

/// It hides what is mounted below its target, or is about all of that.
fn covers(item: &Item) -> bool {
    !matches!(
        item,
        Item::Directory { .. }
            | Item::Symlink { .. }
            | Item::File { .. }
            | Item::FileOfFd { .. }
            | Item::Remount { .. }
            | Item::Mode { .. }
    )
}

fn is_at_or_below(path: &CStr, directory: &CStr) -> bool {
    let mut here = names(path);
    names(directory).all(|name| here.next() == Some(name))
}

impl Prepared {
    /// How many of the items are in the tree.
    pub fn in_tree(&self) -> usize {
        self.made.iter().filter(|made| **made == Made::InTree).count()
    }

    /// Whether a spawn makes its user namespace as the tree's was made. In any other the kernel would let the program take
    /// flags from the tree's mounts, or its files would belong to nobody.
    pub fn has_users_of(&self, asked: &Namespaces) -> bool {
        let (ours, users) = (&self.users, libc::CLONE_NEWUSER as u32);
        let is_new = |namespaces: &Namespaces| (namespaces.create | namespaces.unshare) & users != 0;
        let same = is_new(ours) == is_new(asked) && ours.owner == asked.owner && ours.subordinate == asked.subordinate;
        same && asked.joined() & users == 0 && ours.uid_map == asked.uid_map && ours.gid_map == asked.gid_map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ask: impl FnOnce(&mut Mounts)) -> Vec<bool> {
        let mut mounts = Mounts::default();
        ask(&mut mounts);
        made(&mounts.list).expect("memory").iter().map(|made| *made != Made::InTree).collect()
    }

    #[test]
    fn what_is_written_to_is_made_anew() {
        let made = of(|mounts| {
            mounts.bind_mount(c"/usr", c"/usr", None, flag::READONLY).expect("a bind");
            mounts.mount_tmpfs(c"/tmp", 0, 0o777, flag::CREATE).expect("a tmpfs");
            mounts.mount_dev(c"/dev", flag::READONLY).expect("a dev");
            mounts.mount_dev(c"/dev2", 0).expect("a dev");
            mounts.mount_proc(c"/proc", 0).expect("a proc");
            let lowers = || [Ok(c"/a"), Ok(c"/b")].into_iter();
            mounts.mount_overlay(lowers(), (None, None), c"/o", 0).expect("an overlay");
            mounts.mount_overlay(lowers(), (None, None), c"/p", flag::IN_MEMORY).expect("an overlay");
            mounts.mount_overlay(lowers(), (Some(c"/u"), Some(c"/w")), c"/q", 0).expect("an overlay");
            mounts.add_mount(Some(c"/a"), c"/a", None, libc::MS_BIND, None).expect("a bind");
            mounts.add_mount(Some(c"a"), c"/m", Some(c"mqueue"), 0, None).expect("a mount");
        });
        assert_eq!(made, [false, true, false, true, true, false, true, true, false, true]);
    }

    #[test]
    fn what_depends_on_it_is_made_after_it() {
        let made = of(|mounts| {
            mounts.make_directory(c"/work/in", 0o755).expect("a directory");
            mounts.mount_tmpfs(c"/work", 0, 0o777, 0).expect("a tmpfs");
            mounts.bind_mount(c"/usr", c"/work/usr", None, flag::CREATE).expect("below it");
            mounts.bind_mount(c"/usr", c"/worker", None, flag::CREATE).expect("beside it");
            mounts.make_file(c"/work/./file", b"", 0o644).expect("below it");
            mounts.change_mode(c"/", 0o700).expect("above it");
            mounts.change_mode(c"/work", 0o700).expect("it");
        });
        assert_eq!(made, [false, true, true, false, true, false, true]);
        let made = of(|mounts| {
            mounts.mount_tmpfs(c"/a/b", 0, 0o777, 0).expect("a tmpfs");
            mounts.bind_mount(c"/usr", c"/a", None, 0).expect("over it");
            mounts.bind_mount(c"/usr", c"/c", None, 0).expect("beside it");
            mounts.make_readonly(c"/a").expect("with it");
            mounts.bind_mount(c"/usr", c"/d", None, flag::FOLLOW).expect("wherever it leads");
            mounts.bind_mount(c"/usr", c"/e", None, 0).expect("after what is wherever");
        });
        assert_eq!(made, [true, true, false, true, true, true]);
        let made = of(|mounts| {
            mounts.mount_dev(c"/dev", flag::READONLY).expect("a dev");
            mounts.bind_mount(c"/dev/kvm", c"/dev/shm", None, 0).expect("over its fresh part");
        });
        assert_eq!(made, [false, true]);
    }
}
