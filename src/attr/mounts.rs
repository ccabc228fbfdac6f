//! Mounts and changes of mounts, in the order of the calls, and the root directory.

use super::mount_item::{Item, Root, Upper, flag, names};
use super::prepared::Prepared;
use super::refusal::{Accepted, Refused, check_fd, copy_path, invalid};
use crate::fallible::{self, Copied, NoMemory, Text};
use crate::sentences;
use crate::shared::Shared;
use alloc::vec::Vec;
use core::ffi::CStr;

/// The flags of a root, which hold for its whole tree.
pub const ROOT_FLAGS: u32 = flag::ATTRIBUTES;

/// The longest content of a file that is made in the new root. A longer file can be bind-mounted.
pub const LONGEST_FILE: usize = 65536;

/// The most lower directories that the kernel takes. https://docs.kernel.org/filesystems/overlayfs.html
pub const MOST_LOWERS: usize = 500;

/// mount(2) takes a page of options, their NUL included.
pub const LONGEST_DATA: usize = 4095;

/// The flags besides MS_BIND and MS_REC that a bind mount of add_mount may have.
const BIND_FLAGS: u64 = flag::ATTRIBUTES as u64 | libc::MS_NOATIME | libc::MS_NODIRATIME | MS_NOSYMFOLLOW;
const MS_NOSYMFOLLOW: u64 = 256;

const PROPAGATION: u64 = libc::MS_SHARED | libc::MS_PRIVATE | libc::MS_SLAVE | libc::MS_UNBINDABLE;

/// Flags without effect on a bind mount: mount(2) looks at MS_BIND first, and the bind mount is relatime if its source is.
pub const IGNORED_BY_BINDS: u64 = PROPAGATION | libc::MS_RELATIME;

#[derive(Default, Debug)]
pub struct Mounts {
    pub list: Vec<Item>,
    pub root: Option<Root>,
    /// A prepared root, with mounts in it. Those of `list` are made on top of it.
    pub prepared: Option<Shared<Prepared>>,
    pub chroot: Option<Text>,
}

impl Mounts {
    pub fn add_mount(
        &mut self,
        source: Option<&CStr>,
        target: &CStr,
        kind: Option<&CStr>,
        flags: u64,
        data: Option<&CStr>,
    ) -> Accepted {
        let binds = flags & libc::MS_BIND != 0 && flags & libc::MS_REMOUNT == 0;
        let changes = flags & (libc::MS_REMOUNT | PROPAGATION) != 0;
        if flags & libc::MS_REMOUNT == 0 {
            not_the_root(target)?;
        }
        if binds && flags & !(libc::MS_BIND | libc::MS_REC | BIND_FLAGS | IGNORED_BY_BINDS) != 0 {
            return invalid(sentences::BIND_FLAGS);
        }
        if (binds || flags & libc::MS_MOVE != 0) && source.is_none() {
            return invalid(sentences::NO_SOURCE);
        }
        if !changes && !binds && flags & libc::MS_MOVE == 0 && kind.is_none() {
            return invalid(sentences::NO_TYPE);
        }
        let short = |text: Option<&CStr>| text.is_none_or(|text| text.to_bytes().len() <= LONGEST_DATA);
        if ![source, kind, data].into_iter().all(short) {
            return Err(Refused { code: libc::ENAMETOOLONG, why: sentences::MOUNT_TOO_LONG });
        }
        let copy = |text: Option<&CStr>| text.map(Text::new).transpose();
        let (source, target) = (copy(source)?, inside(target)?);
        self.push(Item::Mount { source, target, kind: copy(kind)?, flags, data: copy(data)? })
    }

    pub fn bind_mount(&mut self, source: &CStr, target: &CStr, user_namespace: Option<i32>, flags: u32) -> Accepted {
        check_flags(flags, flag::OF_BINDS)?;
        user_namespace.map_or(Ok(()), check_fd)?;
        not_the_root(target)?;
        self.push(Item::Bind { source: copy_path(source)?, target: inside(target)?, user_namespace, flags })
    }

    pub fn bind_mount_fd(&mut self, fd: i32, target: &CStr, flags: u32) -> Accepted {
        check_flags(flags, flag::OF_BINDS & !flag::OPTIONAL)?;
        check_fd(fd)?;
        not_the_root(target)?;
        self.push(Item::BindFd { fd, target: inside(target)?, flags })
    }

    pub fn mount_tmpfs(&mut self, target: &CStr, size: u64, mode: u32, flags: u32) -> Accepted {
        check_flags(flags, flag::COMMON)?;
        check_mode(mode)?;
        not_the_root(target)?;
        self.push(Item::Tmpfs { target: inside(target)?, size, mode, flags })
    }

    pub fn mount_overlay<'a>(
        &mut self,
        lowers: impl Iterator<Item = Result<&'a CStr, Refused>>,
        written: (Option<&CStr>, Option<&CStr>),
        target: &CStr,
        flags: u32,
    ) -> Accepted {
        check_flags(flags, flag::OF_OVERLAYS)?;
        not_the_root(target)?;
        let mut list = Vec::new();
        for lower in lowers {
            fallible::push(&mut list, copy_path(lower?)?)?;
        }
        let in_memory = flags & flag::IN_MEMORY != 0;
        let upper = match written {
            (None, None) if !in_memory && list.len() < 2 => return invalid(sentences::OVERLAY_OF_ONE),
            (None, None) => None,
            (Some(upper), Some(work)) if !in_memory => Some(Upper { upper: copy_path(upper)?, work: copy_path(work)? }),
            (Some(_), Some(_)) => return invalid(sentences::OVERLAY_WRITTEN_TWICE),
            _ => return invalid(sentences::OVERLAY_NEEDS_BOTH),
        };
        if list.is_empty() {
            return invalid(sentences::OVERLAY_OF_NONE);
        }
        self.push(Item::Overlay { lowers: list, upper, target: inside(target)?, flags })
    }

    pub fn mount_proc(&mut self, target: &CStr, flags: u32) -> Accepted {
        check_flags(flags, flag::OF_PROC)?;
        not_the_root(target)?;
        self.push(Item::Proc { target: inside(target)?, flags })
    }

    pub fn mount_dev(&mut self, target: &CStr, flags: u32) -> Accepted {
        check_flags(flags, flag::READONLY | flag::CREATE)?;
        not_the_root(target)?;
        self.push(Item::Dev { target: inside(target)?, flags })
    }

    pub fn make_directory(&mut self, path: &CStr, mode: u32) -> Accepted {
        check_mode(mode)?;
        not_the_root(path)?;
        self.push(Item::Directory { path: inside(path)?, mode })
    }

    pub fn make_symlink(&mut self, text: &CStr, path: &CStr) -> Accepted {
        not_the_root(path)?;
        self.push(Item::Symlink { text: copy_path(text)?, path: inside(path)? })
    }

    pub fn make_file(&mut self, path: &CStr, bytes: &[u8], mode: u32) -> Accepted {
        check_mode(mode)?;
        not_the_root(path)?;
        self.push(Item::File { path: inside(path)?, bytes: fallible::copy_of(bytes)?, mode })
    }

    pub fn make_file_fd(&mut self, path: &CStr, fd: i32, mode: u32) -> Accepted {
        check_mode(mode)?;
        check_fd(fd)?;
        not_the_root(path)?;
        self.push(Item::FileOfFd { path: inside(path)?, fd, mode })
    }

    pub fn mount_file_fd(&mut self, fd: i32, target: &CStr, mode: u32, flags: u32) -> Accepted {
        check_flags(flags, flag::COMMON)?;
        check_mode(mode)?;
        check_fd(fd)?;
        not_the_root(target)?;
        self.push(Item::FileMount { fd, target: inside(target)?, mode, flags })
    }

    pub fn mask_path(&mut self, path: &CStr) -> Accepted {
        not_the_root(path)?;
        self.push(Item::Mask { path: inside(path)? })
    }

    pub fn make_readonly(&mut self, path: &CStr) -> Accepted {
        not_the_root(path)?;
        self.push(Item::Readonly { path: inside(path)? })
    }

    pub fn remount(&mut self, path: &CStr, flags: u32) -> Accepted {
        check_flags(flags, flag::OF_REMOUNTS)?;
        if flags & flag::ATTRIBUTES == 0 {
            return invalid(sentences::REMOUNT_NOTHING);
        }
        self.push(Item::Remount { path: inside(path)?, flags })
    }

    pub fn change_mode(&mut self, path: &CStr, mode: u32) -> Accepted {
        check_mode(mode)?;
        self.push(Item::Mode { path: inside(path)?, mode })
    }

    pub fn set_root(&mut self, path: Option<&CStr>, flags: u32) -> Accepted {
        check_flags(flags, ROOT_FLAGS)?;
        let path = path.map(copy_path).transpose()?;
        self.root = Some(Root { path, flags });
        self.prepared = None;
        Ok(())
    }

    /// Replaces the root and the mounts that were set before.
    pub fn set_prepared_root(&mut self, root: Shared<Prepared>) -> Accepted {
        self.prepared = Some(root);
        self.root = None;
        self.list.clear();
        Ok(())
    }

    pub fn has_root(&self) -> bool {
        self.root.is_some() || self.prepared.is_some()
    }

    /// All items, in order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.prepared.iter().flat_map(|prepared| &prepared.items).chain(&self.list)
    }

    /// Whether devpts(5) is mounted, for which id 0 must be mapped.
    pub fn mount_terminals(&self) -> bool {
        self.items().any(|item| match item {
            Item::Dev { .. } => true,
            Item::Mount { kind: Some(kind), .. } => kind.as_cstr() == c"devpts",
            _ => false,
        })
    }

    pub fn set_chroot(&mut self, path: &CStr) -> Accepted {
        self.chroot = Some(copy_path(path)?);
        Ok(())
    }

    fn push(&mut self, item: Item) -> Accepted {
        Ok(fallible::push(&mut self.list, item)?)
    }
}

fn check_flags(flags: u32, known: u32) -> Accepted {
    if flags & !known != 0 { invalid(sentences::FLAG_OF_OTHERS) } else { Ok(()) }
}

fn check_mode(mode: u32) -> Accepted {
    if mode > 0o7777 { invalid(sentences::FILE_MODE) } else { Ok(()) }
}

/// Copies a path inside the new root.
fn inside(path: &CStr) -> Result<Text, Refused> {
    let copy = copy_path(path)?;
    let refused = |why| Err(Refused { code: libc::EINVAL, why });
    if path.to_bytes().first() != Some(&b'/') {
        return refused(sentences::INSIDE_SLASH);
    }
    if names(path).any(|name| name == b"..") {
        return refused(sentences::INSIDE_DOTS);
    }
    Ok(copy)
}

fn not_the_root(path: &CStr) -> Accepted {
    let is_root = !path.is_empty() && names(path).next().is_none();
    if is_root { invalid(sentences::ROOT_ITSELF) } else { Ok(()) }
}

impl Copied for Mounts {
    fn copied(&self) -> Result<Mounts, NoMemory> {
        let (list, root, chroot) = (fallible::copy_each(&self.list)?, self.root.copied()?, self.chroot.copied()?);
        Ok(Mounts { list, root, prepared: self.prepared.clone(), chroot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_inside() {
        let mut mounts = Mounts::default();
        for path in [c"", c"proc", c"/a/../b", c"..", c"/", c"//.", c"/.."] {
            assert!(mounts.mount_proc(path, 0).is_err(), "{path:?}");
        }
        for path in [c"/proc", c"//a/./b/", c"/..a"] {
            assert!(mounts.mount_proc(path, 0).is_ok(), "{path:?}");
        }
        assert_eq!(names(c"//a/./b/").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(mounts.copied().expect("memory").list.len(), 3);
    }

    #[test]
    fn what_mount_takes() {
        let mut mounts = Mounts::default();
        assert!(mounts.add_mount(None, c"/", None, libc::MS_REMOUNT | libc::MS_RDONLY, None).is_ok());
        assert!(mounts.add_mount(None, c"/a", None, libc::MS_SHARED | libc::MS_REC, None).is_ok());
        assert!(mounts.add_mount(None, c"/a", None, 0, None).is_err());
        assert!(mounts.add_mount(None, c"/a", None, libc::MS_BIND, None).is_err());
        assert!(mounts.add_mount(Some(c"/"), c"/a", None, libc::MS_BIND | libc::MS_SYNCHRONOUS, None).is_err());
        assert!(mounts.add_mount(Some(c"/"), c"/a", None, libc::MS_BIND | libc::MS_RDONLY, None).is_ok());
        for flag in [libc::MS_PRIVATE, libc::MS_SLAVE, libc::MS_SHARED, libc::MS_UNBINDABLE, libc::MS_RELATIME] {
            assert!(mounts.add_mount(Some(c"/"), c"/a", None, libc::MS_BIND | libc::MS_REC | flag, None).is_ok());
            assert!(mounts.add_mount(None, c"/a", None, libc::MS_BIND | flag, None).is_err());
        }
        assert!(mounts.add_mount(Some(c"x"), c"/", Some(c"tmpfs"), 0, None).is_err());
    }

    #[test]
    fn what_an_overlay_takes() {
        let mut mounts = Mounts::default();
        let mut add = |lowers: &[&'static CStr], written, flags| {
            mounts.mount_overlay(lowers.iter().map(|lower| Ok(*lower)), written, c"/o", flags)
        };
        let both = (Some(c"/u"), Some(c"/w"));
        assert!(add(&[c"/a"], both, 0).is_ok());
        assert!(add(&[c"/a"], (None, None), flag::IN_MEMORY).is_ok());
        assert!(add(&[c"/a", c"/b"], (None, None), flag::READONLY).is_ok());
        assert!(add(&[c"/a"], (None, None), 0).is_err());
        assert!(add(&[], both, 0).is_err());
        assert!(add(&[c""], both, 0).is_err());
        assert!(add(&[c"/a"], (Some(c"/u"), None), 0).is_err());
        assert!(add(&[c"/a"], (None, Some(c"/w")), 0).is_err());
        assert!(add(&[c"/a"], both, flag::IN_MEMORY).is_err());
        assert!(add(&[c"/a"], both, flag::OPTIONAL).is_err());
        assert_eq!(mounts.list.len(), 3);
    }

    #[test]
    fn flags_and_modes() {
        let mut mounts = Mounts::default();
        assert!(mounts.mount_proc(c"/proc", flag::FOLLOW).is_err());
        assert!(mounts.mount_tmpfs(c"/tmp", 0, 0o10000, 0).is_err());
        assert!(mounts.bind_mount(c"/", c"/a", None, flag::IN_MEMORY).is_err());
        assert!(mounts.mount_tmpfs(c"/tmp", 0, 0o755, flag::OPTIONAL).is_err());
        assert!(mounts.bind_mount(c"/", c"/a", Some(-1), 0).is_err());
        assert!(mounts.bind_mount_fd(0, c"/a", flag::OPTIONAL).is_err());
        assert!(mounts.bind_mount_fd(-1, c"/a", 0).is_err());
        assert!(mounts.remount(c"/", flag::FOLLOW).is_err());
        assert!(mounts.remount(c"/", flag::READONLY | flag::CREATE).is_err());
        assert!(mounts.change_mode(c"/", 0o10000).is_err());
        assert!(mounts.set_root(None, 16).is_err());
        assert!(mounts.list.is_empty() && mounts.root.is_none());
    }
}
