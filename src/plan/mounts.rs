//! Mounts and the root. Each item of the list becomes the steps that the child takes for it. If the root is a clone of a
//! prepared tree, only the steps that are not done in the tree.

use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::{Purpose, Request};
use super::sealed::{List, Mount, Text, mount};
use crate::attr::mount_item::{Item, Upper, flag, names};
use crate::attr::mounts::{IGNORED_BY_BINDS, LONGEST_DATA};
use crate::attr::prepared::{MadeBy, Prepared, Tree, has_part_of_spawn, made_by};
use crate::base::bounded_text::BoundedText;
use crate::base::decimal::Digits;
use crate::fallible::{Text as Owned, push};
use crate::sentences;
use crate::stage::Stage;
use crate::sys;
use crate::sys::abi::{S_IFLNK, S_IFREG};
use alloc::vec::Vec;
use core::ffi::CStr;
use libc::{MS_BIND, MS_MOVE, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT};
use std::os::fd::AsRawFd;

/// The devices that every program expects, by name and number.
const DEVICES: [(&CStr, &CStr, u32); 6] = [
    (c"/dev/null", c"null", NULL_DEVICE),
    (c"/dev/zero", c"zero", 0x105),
    (c"/dev/full", c"full", 0x107),
    (c"/dev/random", c"random", 0x108),
    (c"/dev/urandom", c"urandom", 0x109),
    (c"/dev/tty", c"tty", 0x500),
];
const NULL_DEVICE: u32 = 0x103;

/// The entries of proc by which the kernel is configured. Docker and bubblewrap make the same ones read-only.
const KERNEL_WRITTEN: [&CStr; 5] = [c"bus", c"fs", c"irq", c"sys", c"sysrq-trigger"];
/// The entries of proc that show what other processes or the hardware do. Docker hides the same ones.
const KERNEL_TOLD: [&CStr; 10] = [
    c"acpi",
    c"asound",
    c"interrupts",
    c"kcore",
    c"keys",
    c"latency_stats",
    c"sched_debug",
    c"scsi",
    c"timer_list",
    c"timer_stats",
];

const DEVICE_LINKS: [(&CStr, &CStr); 5] = [
    (c"/proc/self/fd", c"fd"),
    (c"/proc/self/fd/0", c"stdin"),
    (c"/proc/self/fd/1", c"stdout"),
    (c"/proc/self/fd/2", c"stderr"),
    (c"pts/ptmx", c"ptmx"),
];

/// The file systems in /dev that each program gets for itself: name, type, options, and more flags.
const OWN_OF_DEV: [(&CStr, &CStr, &CStr, u64); 2] =
    [(c"pts", c"devpts", c"newinstance,ptmxmode=0666,mode=0620", 0), (c"shm", c"tmpfs", c"mode=1777", MS_NODEV)];

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.mounts;
    draft.plan.chroot = draft.arena.maybe_text(asked.chroot.as_ref().map(Owned::as_cstr))?;
    let prepared = asked.prepared.as_deref();
    if let Some(root) = prepared.map_or(&asked.root, |prepared| &prepared.root) {
        draft.plan.new_root = 1;
        draft.plan.root = draft.arena.maybe_text(root.path.as_ref().map(Owned::as_cstr))?;
        draft.plan.root_flags = root.flags;
    }
    let copies = request.purpose == Purpose::Root;
    draft.plan.copies_root = copies as u32;
    draft.plan.handed += copies as u32;
    let mut steps = Steps { steps: Vec::new(), index: 0, part: Part::Whole, draft };
    if let Some(prepared) = prepared {
        steps.of_prepared(prepared)?;
    }
    if copies {
        steps.part = Part::Tree;
        let made_by = made_by(&asked.list)?;
        asked.list.iter().zip(made_by).try_for_each(|(item, by)| steps.part_of(item, by))?;
    } else {
        asked.list.iter().try_for_each(|item| steps.next(item))?;
    }
    let Steps { steps, draft, .. } = steps;
    draft.plan.mounts = draft.arena.list(&steps)?;
    Ok(())
}

/// The descriptor of the prepared tree, of which the child makes a clone.
fn tree_of(tree: &Tree, draft: &mut Draft) -> Step<i32> {
    const WHAT: &str = "set_prepared_root";
    let fd = tree.fd.as_raw_fd();
    // The caller may have closed the descriptor, for example with close_range(2).
    let lost = || Fault::invalid(WHAT, sentences::TREE_CLOSED).code(libc::EBADF);
    if sys::identity(fd) != Ok(tree.identity) {
        return Err(lost());
    }
    draft.need(fd, WHAT)
}

/// Which part of a prepared root these steps make.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The root is not prepared, and they make all of it.
    Whole,
    /// They make the tree that all spawns clone.
    Tree,
    /// They make what each spawn adds to its clone.
    Spawn,
}

/// The steps so far, and the index of the current item.
struct Steps<'a> {
    steps: Vec<Mount>,
    index: i32,
    part: Part,
    draft: &'a mut Draft,
}

impl Steps<'_> {
    fn of_prepared(&mut self, prepared: &Prepared) -> Step<()> {
        if let Some(tree) = &prepared.tree {
            self.draft.plan.root_tree = tree_of(tree, self.draft)?;
            self.draft.plan.root_tree_items = prepared.in_tree() as u32;
            self.part = Part::Spawn;
        } else {
            self.draft.plan.root_tree_missing = 1;
        }
        let mut items = prepared.items.iter().zip(&prepared.made_by);
        items.try_for_each(|(item, by)| self.part_of(item, *by))?;
        self.part = Part::Whole;
        Ok(())
    }

    /// Adds the steps of an item that belong to this part.
    fn part_of(&mut self, item: &Item, by: MadeBy) -> Step<()> {
        match (self.part, by) {
            (Part::Tree, MadeBy::Spawn) => self.place_of(item)?,
            (Part::Tree, MadeBy::SpawnBelow) => (),
            (Part::Spawn, MadeBy::Tree) if !has_part_of_spawn(item) => (),
            (Part::Spawn, MadeBy::Spawn | MadeBy::SpawnBelow) => self.whole(item)?,
            _ => self.item(item)?,
        }
        self.index += 1;
        Ok(())
    }

    /// Adds all steps of an item. Nothing of it is in the tree.
    fn whole(&mut self, item: &Item) -> Step<()> {
        let part = core::mem::replace(&mut self.part, Part::Whole);
        let made = self.item(item);
        self.part = part;
        made
    }

    fn next(&mut self, item: &Item) -> Step<()> {
        self.item(item)?;
        self.index += 1;
        Ok(())
    }

    /// Makes the mount point, in the tree, for a mount that each spawn makes later. It must be there by then, because the
    /// tree is read-only.
    fn place_of(&mut self, item: &Item) -> Step<()> {
        let (stage, kind) = match item {
            Item::Tmpfs { .. } => (Stage::Tmpfs, mount::PLACE),
            Item::Proc { .. } => (Stage::Proc, mount::PLACE),
            Item::Dev { .. } => (Stage::Dev, mount::PLACE),
            Item::Overlay { .. } => (Stage::Overlay, mount::PLACE),
            Item::FileMount { .. } => (Stage::File, mount::PLACE_OF_FILE),
            _ => return Ok(()),
        };
        if !item.creates() {
            return Ok(());
        }
        let follow = item.follows_links() as u32;
        let step = self.step(stage, kind, item.target())?;
        self.add(Mount { create: 1, follow, ..step })
    }

    fn item(&mut self, item: &Item) -> Step<()> {
        match item {
            Item::Mount { source, target, kind, flags, data } => {
                self.mount(source.as_ref(), target, kind.as_ref(), *flags, data.as_ref())
            }
            Item::Bind { source, target, user_namespace, flags } => {
                let mut step = self.step(Stage::Bind, mount::BIND, target.as_cstr())?;
                step.source = self.source(source.as_cstr(), "bind_mount")?;
                if let Some(fd) = *user_namespace {
                    let needed = self.draft.need(fd, "bind_mount_idmapped");
                    step.user_namespace = needed.map_err(|fault| self.about(fault))?;
                }
                let below = if flags & flag::NONRECURSIVE != 0 { 0 } else { MS_REC };
                self.add(with(step, *flags, below))
            }
            Item::BindFd { fd, target, flags } => {
                let mut step = self.step(Stage::Bind, mount::BIND, target.as_cstr())?;
                step.source_fd = self.draft.need(*fd, "bind_mount_fd").map_err(|fault| self.about(fault))?;
                step.source = self.path_of(*fd)?;
                let below = if flags & flag::NONRECURSIVE != 0 { 0 } else { MS_REC };
                self.add(with(step, *flags, below))
            }
            Item::Tmpfs { target, size, mode, flags } => {
                let step = self.file_system(Stage::Tmpfs, target.as_cstr(), c"tmpfs", options(*size, *mode).bytes())?;
                self.add(with(step, *flags, 0))
            }
            Item::Overlay { lowers, upper, target, flags } => {
                self.overlay(lowers, upper.as_ref(), target.as_cstr(), *flags)
            }
            Item::Proc { target, flags } => {
                let step = self.file_system(Stage::Proc, target.as_cstr(), c"proc", b"")?;
                self.add(with(step, *flags, MS_NOSUID | MS_NODEV | MS_NOEXEC))?;
                self.kernel_of_proc(target.as_cstr(), *flags)
            }
            Item::Dev { target, flags } => self.dev(target.as_cstr(), *flags),
            Item::Directory { path, mode } => {
                let step = self.step(Stage::Directory, mount::DIRECTORY, path.as_cstr())?;
                self.add(Mount { mode: *mode, ..step })
            }
            Item::Symlink { text, path } => {
                let step = self.step(Stage::Symlink, mount::SYMLINK, path.as_cstr())?;
                let data = self.draft.arena.text(text.as_cstr())?;
                self.add(Mount { data, ..step })
            }
            Item::File { path, bytes, mode } => {
                let step = self.step(Stage::File, mount::FILE, path.as_cstr())?;
                let data = self.draft.arena.joined(&[bytes])?;
                self.add(Mount { data, mode: *mode, ..step })
            }
            Item::FileOfFd { path, fd, mode } => {
                let source_fd = self.file_to_copy(*fd, "make_file_fd")?;
                let step = self.step(Stage::File, mount::FILE, path.as_cstr())?;
                self.add(Mount { source_fd, mode: *mode, ..step })
            }
            Item::FileMount { fd, target, mode, flags } => {
                let source_fd = self.file_to_copy(*fd, "mount_file_fd")?;
                let step = self.step(Stage::File, mount::FILE_IN_MEMORY, target.as_cstr())?;
                let source = self.draft.arena.text(c"/../file")?;
                self.add(with(Mount { source_fd, source, mode: *mode, ..step }, *flags, 0))
            }
            Item::Mask { path } => {
                let step = self.step(Stage::Mask, mount::MASK, path.as_cstr())?;
                self.mask(step)
            }
            Item::Readonly { path } => {
                let step = self.step(Stage::Readonly, mount::READONLY, path.as_cstr())?;
                self.add(Mount { flags: MS_RDONLY | MS_REC, ..step })
            }
            Item::Remount { path, flags } => {
                let step = self.step(Stage::Remount, mount::REMOUNT, path.as_cstr())?;
                self.add(with(step, *flags, 0))
            }
            Item::Mode { path, mode } => {
                let step = self.step(Stage::Mode, mount::MODE, path.as_cstr())?;
                self.add(Mount { mode: *mode, ..step })
            }
        }
    }

    fn mask(&mut self, step: Mount) -> Step<()> {
        let flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
        let source = self.draft.arena.text(c"/dev/null")?;
        let file_system = self.draft.arena.text(c"tmpfs")?;
        let data = self.draft.arena.text(c"mode=0555,nr_inodes=1")?;
        self.add(Mount { source, file_system, data, device: NULL_DEVICE, flags, ..step })
    }

    /// Makes the kernel's own entries in proc read-only or hides them. Not every kernel has each of them.
    fn kernel_of_proc(&mut self, target: &CStr, flags: u32) -> Step<()> {
        for name in KERNEL_WRITTEN.into_iter().filter(|_| flags & flag::KERNEL_READONLY != 0) {
            let step = self.below(Stage::Proc, mount::READONLY, target, name)?;
            self.add(Mount { flags: MS_RDONLY | MS_REC, optional: 1, ..step })?;
        }
        for name in KERNEL_TOLD.into_iter().filter(|_| flags & flag::KERNEL_HIDDEN != 0) {
            let step = self.below(Stage::Proc, mount::MASK, target, name)?;
            self.mask(step)?;
        }
        Ok(())
    }

    /// A mount by the flags of mount(2). Unlike mount(2), a bind mount also gets the flags that are given with it.
    fn mount(
        &mut self,
        source: Option<&Owned>,
        target: &Owned,
        kind: Option<&Owned>,
        flags: u64,
        data: Option<&Owned>,
    ) -> Step<()> {
        let binds = flags & MS_BIND != 0 && flags & MS_REMOUNT == 0;
        let how = if binds { mount::BIND } else { mount::PLAIN };
        let mut step = self.step(Stage::Mount, how, target.as_cstr())?;
        step.source = match source.map(Owned::as_cstr) {
            Some(source) if flags & (MS_BIND | MS_MOVE) != 0 && flags & MS_REMOUNT == 0 => {
                self.source(source, "add_mount")?
            }
            source => self.draft.arena.maybe_text(source)?,
        };
        step.file_system = self.draft.arena.maybe_text(kind.map(Owned::as_cstr))?;
        step.data = self.draft.arena.maybe_text(data.map(Owned::as_cstr))?;
        step.flags = if binds { flags & !(MS_BIND | IGNORED_BY_BINDS) } else { flags };
        self.add(step)
    }

    /// An overlay, by mount(2) and the options of overlayfs. mount(2) takes 4095 bytes of options. fsconfig(2) would take
    /// only 255 bytes for each directory.
    fn overlay(&mut self, lowers: &[Owned], upper: Option<&Upper>, target: &CStr, flags: u32) -> Step<()> {
        let mut words = Vec::new();
        add_bytes(&mut words, b"lowerdir=")?;
        for (place, lower) in lowers.iter().enumerate() {
            add_bytes(&mut words, if place > 0 { b":" } else { b"" })?;
            self.add_directory(&mut words, lower)?;
        }
        if let Some(Upper { upper, work }) = upper {
            add_bytes(&mut words, b",upperdir=")?;
            self.add_directory(&mut words, upper)?;
            add_bytes(&mut words, b",workdir=")?;
            self.add_directory(&mut words, work)?;
        }
        let in_memory = flags & flag::IN_MEMORY != 0;
        if in_memory {
            // At that step the child's working directory is the tmpfs with these two directories.
            add_bytes(&mut words, b",upperdir=upper,workdir=work")?;
        }
        if self.draft.has_other_users() {
            add_bytes(&mut words, b",userxattr")?;
        }
        if words.len() > LONGEST_DATA {
            return Err(self.about(Fault::invalid(OVERLAY, sentences::OVERLAY_TOO_LONG).code(libc::ENAMETOOLONG)));
        }
        let mut step = self.file_system(Stage::Overlay, target, c"overlay", &words)?;
        if let (true, Some(first)) = (in_memory, lowers.first()) {
            step.kind = mount::OVERLAY_IN_MEMORY;
            step.source = self.source(first.as_cstr(), OVERLAY)?;
        }
        self.add(with(step, flags, 0))
    }

    /// Adds a directory to the options of overlayfs. A backslash, colon or comma in its name is escaped.
    fn add_directory(&mut self, words: &mut Vec<u8>, path: &Owned) -> Step<()> {
        let start = self.start(path.as_cstr(), OVERLAY)?;
        for byte in start.iter().chain(path.as_cstr().to_bytes()) {
            if b"\\:,".contains(byte) {
                push(words, b'\\')?;
            }
            push(words, *byte)?;
        }
        Ok(())
    }

    /// /dev: a tmpfs with the devices, and in it devpts and shm, which each program gets for itself.
    fn dev(&mut self, target: &CStr, flags: u32) -> Step<()> {
        let is_readonly = flags & flag::READONLY != 0;
        if self.part == Part::Spawn && is_readonly {
            return self.own_of_dev(target);
        }
        self.devices(target, flags)?;
        if self.part == Part::Tree {
            self.places_of_dev(target)?;
        } else {
            self.own_of_dev(target)?;
        }
        if !is_readonly {
            return Ok(());
        }
        // In a prepared tree the file system itself becomes read-only, otherwise this mount of it.
        let alone = if self.part == Part::Tree { 0 } else { MS_BIND };
        let step = self.step(Stage::Dev, mount::PLAIN, target)?;
        self.add(Mount { flags: MS_REMOUNT | alone | MS_RDONLY | MS_NOSUID | MS_NOEXEC, ..step })
    }

    /// The devices are bind mounts of the caller's. mknod(2) would need privilege in the initial user namespace.
    fn devices(&mut self, target: &CStr, flags: u32) -> Step<()> {
        let step = self.file_system(Stage::Dev, target, c"tmpfs", b"mode=0755")?;
        self.add(with(step, flags & flag::CREATE, MS_NOSUID | MS_NOEXEC))?;
        for (source, name, device) in DEVICES {
            let step = self.below(Stage::Dev, mount::DEVICE, target, name)?;
            let source = self.draft.arena.text(source)?;
            self.add(Mount { source, device, ..step })?;
        }
        for (text, name) in DEVICE_LINKS {
            let step = self.below(Stage::Dev, mount::SYMLINK, target, name)?;
            let data = self.draft.arena.text(text)?;
            self.add(Mount { data, ..step })?;
        }
        Ok(())
    }

    fn own_of_dev(&mut self, target: &CStr) -> Step<()> {
        for (name, kind, options, more) in OWN_OF_DEV {
            let step = self.below(Stage::Dev, mount::PLAIN, target, name)?;
            let kind = self.draft.arena.text(kind)?;
            let data = self.draft.arena.text(options)?;
            let flags = MS_NOSUID | MS_NOEXEC | more;
            self.add(Mount { source: kind, file_system: kind, data, flags, create: 1, ..step })?;
        }
        Ok(())
    }

    fn places_of_dev(&mut self, target: &CStr) -> Step<()> {
        for (name, ..) in OWN_OF_DEV {
            let step = self.below(Stage::Dev, mount::PLACE, target, name)?;
            self.add(Mount { create: 1, ..step })?;
        }
        Ok(())
    }

    /// A step for an entry of a directory that an earlier step has just mounted.
    fn below(&mut self, stage: Stage, kind: u32, directory: &CStr, name: &CStr) -> Step<Mount> {
        let is_in_it =
            |before: &Mount| before.index == self.index && before.names.len as usize > names(directory).count();
        let in_same_directory = self.steps.last().is_some_and(is_in_it) as u32;
        let path = self.draft.arena.joined(&[directory.to_bytes(), b"/", name.to_bytes()])?;
        let parts = names(directory).chain([name.to_bytes()]);
        Ok(Mount { in_same_directory, ..self.step_at(stage, kind, path, parts)? })
    }

    fn file_system(&mut self, stage: Stage, target: &CStr, kind: &CStr, data: &[u8]) -> Step<Mount> {
        let step = self.step(stage, mount::PLAIN, target)?;
        let kind = self.draft.arena.text(kind)?;
        let data = if data.is_empty() { List::EMPTY } else { self.draft.arena.joined(&[data])? };
        Ok(Mount { source: kind, file_system: kind, data, ..step })
    }

    fn step(&mut self, stage: Stage, kind: u32, target: &CStr) -> Step<Mount> {
        let path = self.draft.arena.text(target)?;
        self.step_at(stage, kind, path, names(target))
    }

    fn step_at<'n>(
        &mut self,
        stage: Stage,
        kind: u32,
        target: Text,
        parts: impl Iterator<Item = &'n [u8]>,
    ) -> Step<Mount> {
        let mut list: Vec<Text> = Vec::new();
        for name in parts {
            push(&mut list, self.draft.arena.joined(&[name])?)?;
        }
        Ok(Mount {
            stage,
            index: self.index,
            kind,
            mode: 0,
            create: 0,
            in_same_directory: 0,
            follow: 0,
            device: 0,
            user_namespace: -1,
            optional: 0,
            source_fd: -1,
            reserved: 0,
            flags: 0,
            source: List::EMPTY,
            target,
            names: self.draft.arena.list(&list)?,
            file_system: List::EMPTY,
            data: List::EMPTY,
        })
    }

    /// The absolute path of a source. A relative one starts at the caller's working directory, because the child's changes
    /// meanwhile.
    fn source(&mut self, path: &CStr, what: &'static str) -> Step<Text> {
        let start = self.start(path, what)?;
        self.draft.arena.joined(&[&start, path.to_bytes()])
    }

    /// The text to put before a relative path to make it absolute.
    fn start(&self, path: &CStr, what: &'static str) -> Step<Vec<u8>> {
        let mut start = Vec::new();
        if path.to_bytes().first() == Some(&b'/') {
            return Ok(start);
        }
        let mut cwd = [0; LONGEST_CWD];
        let length = sys::getcwd(&mut cwd).map_err(|sys::Errno(errno)| self.about(unresolved(what, errno)))?;
        let cwd = cwd.get(..length.saturating_sub(1)).unwrap_or_default();
        // getcwd(2) answers "(unreachable)/..." for a directory outside the caller's root.
        if cwd.first() != Some(&b'/') {
            return Err(self.about(unresolved(what, libc::ENOENT)));
        }
        add_bytes(&mut start, cwd)?;
        add_bytes(&mut start, b"/")?;
        Ok(start)
    }

    /// Takes a descriptor whose file the child copies. It must be a regular file: a read of a pipe or device may never end.
    fn file_to_copy(&mut self, fd: i32, what: &'static str) -> Step<i32> {
        let fd = self.draft.need(fd, what).map_err(|fault| self.about(fault))?;
        let kind = sys::kind(fd).map_err(|sys::Errno(errno)| self.about(unresolved(what, errno)))?;
        if kind.format != S_IFREG {
            return Err(self.about(Fault::invalid(what, sentences::FD_IS_NO_FILE)));
        }
        Ok(fd)
    }

    /// The path of the file that a descriptor refers to. Empty: it has no path in the caller's root. In its new mount
    /// namespace the child cannot clone a mount of the caller's namespace by a descriptor. So it looks the path up, and then
    /// checks that it has found the same file.
    fn path_of(&mut self, fd: i32) -> Step<Text> {
        const WHAT: &str = "bind_mount_fd";
        let kind = sys::kind(fd).map_err(|sys::Errno(errno)| self.about(unresolved(WHAT, errno)))?;
        if kind.format == S_IFLNK {
            return Err(self.about(Fault::invalid(WHAT, sentences::FD_IS_A_LINK).code(libc::ELOOP)));
        }
        let link = BoundedText::<40>::numbered(b"/proc/thread-self/fd/", fd);
        let mut path = [0u8; LONGEST_CWD];
        // SAFETY: the path is NUL-terminated.
        let length = unsafe { sys::readlinkat(libc::AT_FDCWD, link.c_str().unwrap_or(c"").as_ptr().cast(), &mut path) };
        let length = length.map_err(|sys::Errno(errno)| {
            let fault = Fault { why: sentences::FD_PATH_NEEDS_PROC, ..unresolved(WHAT, errno) };
            self.about(fault)
        })?;
        let path = path.get(..length).unwrap_or_default();
        if path.first() == Some(&b'/') { self.draft.arena.joined(&[path]) } else { Ok(List::EMPTY) }
    }

    fn about(&self, fault: Fault) -> Fault {
        fault.at(self.index as usize)
    }

    fn add(&mut self, step: Mount) -> Step<()> {
        Ok(push(&mut self.steps, step)?)
    }
}

const OVERLAY: &str = "mount_overlay";

fn add_bytes(words: &mut Vec<u8>, bytes: &[u8]) -> Step<()> {
    Ok(bytes.iter().try_for_each(|byte| push(words, *byte))?)
}

/// PATH_MAX: the longest path that the kernel takes.
const LONGEST_CWD: usize = 4096;

fn unresolved(what: &'static str, errno: i32) -> Fault {
    Fault { stage: Stage::Resolve, ..Fault::invalid(what, sentences::NOTHING) }.code(errno)
}

/// A step with the flags of the request, and those that it always has.
fn with(step: Mount, asked: u32, always: u64) -> Mount {
    let attributes = (asked & flag::ATTRIBUTES) as u64;
    let (create, follow, optional) = (asked & flag::CREATE, asked & flag::FOLLOW, asked & flag::OPTIONAL);
    Mount { flags: attributes | always, create, follow, optional, ..step }
}

/// The options of tmpfs. Without a size the kernel takes half of the memory.
fn options(size: u64, mode: u32) -> BoundedText<48> {
    let mut text = BoundedText::new();
    text.add(b"mode=0");
    text.add(Digits::octal(mode.into()).as_bytes());
    if size != 0 {
        text.add(b",size=");
        text.add(Digits::of(size).as_bytes());
    }
    text
}
