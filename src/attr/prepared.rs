//! A prepared root: a tree of mounts that is built once, and of which each spawn gets a clone. Which of the mounts are in that
//! tree, and which each spawn makes for itself, is decided here.

use super::mount_item::{Item, Root, flag, names};
use super::ns::Namespaces;
use crate::fallible::{NoMemory, push};
use alloc::vec::Vec;
use core::ffi::CStr;
use std::os::fd::OwnedFd;

#[derive(Debug)]
pub struct Prepared {
    /// The root that was asked for.
    pub root: Option<Root>,
    /// The mounts in it.
    pub items: Vec<Item>,
    /// For each of them, whether the tree or each spawn makes it.
    pub made_by: Vec<MadeBy>,
    /// The request for the user namespace in which the tree was built.
    pub user_namespace: Namespaces,
    /// The user namespace that the caller was in when the tree was built.
    pub callers_user_namespace: NamespaceLink,
    /// `None`: this kernel cannot clone such a tree, and each spawn builds its own.
    pub tree: Option<Tree>,
}

/// What the link of a namespace in /proc/PID/ns says, as "user:[4026531837]". Zeros: it could not be read.
pub type NamespaceLink = [u8; 32];

/// A tmpfs that is in no mount namespace. The tree is in its directory "root".
#[derive(Debug)]
pub struct Tree {
    pub fd: OwnedFd,
    /// Device and inode: the caller may have closed the descriptor, and another file may have its number.
    pub identity: [u64; 2],
}

/// Whether an item is made once or by each spawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MadeBy {
    /// It is part of the tree.
    Tree,
    /// Each spawn makes it in its clone of the tree.
    Spawn,
    /// Each spawn makes it, and its target is in a mount that each spawn makes too: the tree cannot have it.
    SpawnBelow,
}

/// Decides for each item whether the tree or each spawn makes it. Each spawn makes what its program writes to, what belongs to
/// its namespaces, and what the list has behind such an item and at the same place: made before, it would be covered.
pub fn made_by(items: &[Item]) -> Result<Vec<MadeBy>, NoMemory> {
    let mut made_by = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let before = || items.iter().zip(&made_by).take(index);
        let by_spawn = || before().filter(|(_, by)| **by != MadeBy::Tree);
        let partly_by_spawn = || before().filter(|(earlier, by)| **by != MadeBy::Tree || has_part_of_spawn(earlier));
        let by = if by_spawn().any(|(earlier, _)| is_at_or_below(item.target(), earlier.target())) {
            MadeBy::SpawnBelow
        } else if is_own(item) || partly_by_spawn().any(|(earlier, _)| comes_after(item, earlier)) {
            MadeBy::Spawn
        } else {
            MadeBy::Tree
        };
        push(&mut made_by, by)?;
    }
    Ok(made_by)
}

/// Whether spawns cannot share the item: one program would see what another writes to it, or the mount shows the namespaces of
/// the process that makes it. A file system that is mounted by name may do either.
fn is_own(item: &Item) -> bool {
    match item {
        Item::Mount { flags, .. } => flags & libc::MS_BIND == 0 || flags & libc::MS_REMOUNT != 0,
        Item::Overlay { upper, flags, .. } => upper.is_some() || flags & flag::IN_MEMORY != 0,
        Item::Dev { flags, .. } => flags & flag::READONLY == 0,
        Item::Tmpfs { .. } | Item::Proc { .. } | Item::FileMount { .. } => true,
        _ => false,
    }
}

/// Whether each spawn makes a part of an item that is in the tree. The tree has the directory /dev and its devices; each spawn
/// mounts its own pts and shm.
pub fn has_part_of_spawn(item: &Item) -> bool {
    matches!(item, Item::Dev { .. })
}

/// Whether an item changes what an earlier one has made, or covers it.
fn comes_after(item: &Item, earlier: &Item) -> bool {
    let (target, other) = (item.target(), earlier.target());
    item.follows_links()
        || earlier.follows_links()
        || is_at_or_below(target, other)
        || covers(item) && is_at_or_below(other, target)
}

/// Whether the item hides what is mounted below its target, or changes all of that.
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
        self.made_by.iter().filter(|by| **by == MadeBy::Tree).count()
    }

    /// Whether a spawn makes its user namespace in the same way as the tree's was made. In another one the program could take
    /// flags like "read-only" away from the tree's mounts, or the tree's files would belong to the overflow uid.
    pub fn has_same_user_namespace(&self, asked: &Namespaces) -> bool {
        let (ours, users) = (&self.user_namespace, libc::CLONE_NEWUSER as u32);
        let is_new = |namespaces: &Namespaces| (namespaces.create | namespaces.unshare) & users != 0;
        let same = is_new(ours) == is_new(asked) && ours.owner == asked.owner && ours.subordinate == asked.subordinate;
        same && asked.joined() & users == 0 && ours.uid_map == asked.uid_map && ours.gid_map == asked.gid_map
    }
}

#[cfg(test)]
mod tests {
    use super::super::mounts::Mounts;
    use super::*;

    fn of(ask: impl FnOnce(&mut Mounts)) -> Vec<bool> {
        let mut mounts = Mounts::default();
        ask(&mut mounts);
        made_by(&mounts.list).expect("memory").iter().map(|by| *by != MadeBy::Tree).collect()
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
