//! What crosses into the child: the plan and its wiring, flat and without a pointer that only one process understands.
//!
//! Everything in the plan is an offset from its start, so the same bytes serve a child that shares the caller's memory and
//! the built-in image, which finds them among the strings that it is exec'd with.

#[macro_use]
mod layout;
mod caps;
mod exec;
mod fds;
mod filters;
mod handed;
mod landlock;
mod limits;
mod mounts;
mod ns;
mod security;
mod wiring;

pub use caps::*;
pub use exec::*;
pub use fds::*;
pub use filters::*;
pub use handed::*;
pub use landlock::*;
pub use layout::{List, Maybe, Text, Unpadded};
pub use limits::*;
pub use mounts::*;
pub use ns::*;
pub use security::*;
pub use wiring::*;

use crate::sys::abi::{CLONE_NEWUSER, LandlockRuleset, MOUNT_ATTR_RDONLY, SockFilter};

without_padding! {
/// Everything the child will do. Made by `plan::lower`, read by everybody, changed by nobody. A reference to a plan is one
/// to the lists and strings behind it, too; while it is made there is nothing behind it yet, and it is a `Plan<()>`.
#[repr(C)]
pub struct Plan<Rest: ?Sized = [u64]> {
    pub mode: u32,
    /// The child waits at `Wait` for the caller.
    pub wait: u32,
    /// It says so once it has memory of its own; nothing is done for it before.
    pub says_outside: u32,
    /// It may be dumpable while its maps are written, so that its files in /proc are its own.
    pub may_be_dumpable: u32,
    /// A step may block for as long as somebody else likes: the child is not to outlive whoever waits for it.
    pub guarded: u32,
    /// The child is held at `Hold`.
    pub hold: u32,
    /// There is a program: the child does not stay at `Hold` for ever.
    pub execs: u32,
    /// From the one stage up to the other nothing was asked: the child does not even look.
    pub leaves_off_at: u32,
    pub goes_on_at: u32,
    /// Stages whose failure is not the spawn's.
    pub tolerated: List<u32>,

    // exec
    pub candidates: List<Text>,
    /// The candidates are the caller's directories; else there is only the path.
    pub searched: u32,
    pub exec_fd: i32,
    /// The descriptor would be overwritten before it is used.
    pub exec_fd_moves: u32,
    pub busy_retry_ms: u32,
    /// The name of the variable that holds the program's pid; its entry is the first of the environment.
    pub pid_variable: Text,
    pub cwd: Text,
    pub cwd_fd: i32,
    /// A `cwd_rights` constant; PROGRAM where there is no directory to enter.
    pub cwd_rights: u32,
    pub cwd_check: u32,
    pub trace: u32,
    pub stop: u32,
    /// An `init` constant.
    pub init: u32,
    /// Nobody may look into the child before it is the program.
    pub nondumpable: u32,

    // fds
    pub inherit: u32,
    /// The caller's numbers that the child needs, ascending, besides 0 to 2.
    pub needed: List<u32>,
    /// Those of them that would be closed by the exec of the image.
    pub kept_open: List<u32>,
    pub moves: List<Move>,
    pub actions: List<Action>,
    pub closes: List<u32>,
    /// Those that are not needed any more when another process goes on among others.
    pub spent: List<u32>,
    /// A number above every target: our own descriptors below it are in the way.
    pub top: i32,
    /// Where they move to; `top`, unless the limit on descriptors ends there.
    pub spare: i32,

    // session
    pub detach_terminal: u32,
    pub session: u32,
    pub group: Maybe<i32>,
    pub terminal: i32,
    pub foreground: i32,

    // signals
    pub signal_default: u64,
    pub signal_ignore: u64,
    pub signal_mask: Maybe<u64>,
    pub parent_death: i32,
    /// The signal is for the death of the process, not of the thread.
    pub parent_death_process: u32,

    // namespaces
    pub clone_namespaces: u64,
    /// Its pids, from the innermost pid namespace outwards. clone3(2)
    pub pids: List<u32>,
    /// What the first process and the second have in common. clone(2)
    pub second_shares: u64,
    pub joins: List<Join>,
    /// A user namespace is among them: what is out of reach before may be within its.
    pub joins_user: u32,
    /// The user that makes the user namespace, if it is not the caller's.
    pub namespace_owner: Maybe<u32>,
    pub unshare_user: u32,
    /// Another process goes on. `clone`
    pub second_clone: u32,
    /// The program is the first process of a new pid namespace.
    pub first: u32,
    /// Its pid namespace is not the caller's.
    pub foreign: u32,
    /// The user namespace that is joined after the mounts, or -1.
    pub second_user_namespace: i32,
    pub reserved_namespaces: u32,
    pub unshare: u64,
    pub unshare_cgroup: u32,
    pub loopback: u32,
    /// Lines for /proc/self/timens_offsets.
    pub time_offsets: Text,
    /// The child enters its new time namespace before any exec.
    pub enters_time: u32,
    /// The child writes to the caller's procfs.
    pub needs_proc: u32,
    pub late: u64,
    pub propagation: u64,
    pub hostname: Text,
    pub domainname: Text,
    pub uid_map: Text,
    pub gid_map: Text,
    pub setgroups: Text,
    /// The programs that write the maps where the caller may not.
    pub uid_helper: Text,
    pub gid_helper: Text,
    /// The maps of a second user namespace, which the child makes after the mounts; or none.
    pub inner_uid_map: Text,
    pub inner_gid_map: Text,

    // mounts
    pub mounts: List<Mount>,
    /// The program gets a root of its own: the directory `root`, or none for an empty one.
    pub new_root: u32,
    pub root: Text,
    /// The file system with the tree that the root is a clone of; -1: it is built.
    pub root_tree: i32,
    /// What it has of the mounts that were asked for.
    pub root_tree_items: u32,
    /// It was to be a clone, and this kernel makes none.
    pub root_tree_missing: u32,
    /// The root is built to be cloned.
    pub copies_root: u32,
    /// `MOUNT_ATTR_` bits for the root and what is mounted below it.
    pub root_flags: u32,
    pub chroot: Text,
    /// The root is another than the caller's: a working directory may lie outside of it.
    pub other_root: u32,

    // limits
    pub rlimits: List<Limit>,
    /// The limits that the caller raises for a child that is to be in another user namespace.
    pub raises: List<Limit>,
    /// The caller sets what needs its own privilege, while the child waits and has joined nothing yet.
    pub privileged: u32,
    pub nofile: Maybe<Limit>,
    pub affinity: List<u64>,
    pub nice: Maybe<i32>,
    pub scheduler: Maybe<Policy>,
    pub utilization: Maybe<Utilization>,
    pub io_priority: Maybe<u32>,
    pub timer_slack: Maybe<u64>,
    pub deadline: Maybe<Deadline>,
    pub personality: Maybe<u32>,
    pub umask: Maybe<u32>,
    pub oom_score_adj: Text,
    pub coredump_filter: Text,
    pub speculation: List<Speculation>,
    pub cgroup: u32,
    pub cgroup_fd: i32,
    /// The whole hierarchy has no memory controller: nothing of the cgroup's memory is counted.
    pub cgroup_uncounted: u32,
    /// Bits of `process`.
    pub process_flags: u32,
    pub numa_policy: Maybe<u32>,
    pub numa_nodes: List<u64>,

    // ids
    pub groups: Maybe<List<u32>>,
    pub gid: Maybe<u32>,
    pub uid: Maybe<u32>,
    /// What a group that a joined user namespace does not map looks like there.
    pub unmapped_gid: Maybe<u32>,

    // caps
    /// Raised as ambient to survive the exec of the image.
    pub carry: Maybe<Credentials>,
    /// Put back in the image.
    pub credentials: Maybe<Credentials>,
    pub bounding_drop: u64,
    pub keep_caps: u32,
    pub no_new_privs: u32,
    pub regain: Maybe<CapSets>,
    pub ambient: Maybe<Credentials>,
    pub capabilities: Maybe<CapSets>,
    pub securebits: Maybe<u32>,

    // security
    pub keyring: u32,
    pub keyring_name: Text,
    /// Below /proc.
    pub label_path: Text,
    pub label: Text,
    pub profile_path: Text,
    pub profile: Text,
    pub keyring_label: Text,
    pub keyring_permissions: Maybe<u32>,

    // filters
    pub filters: List<Filter>,
    /// The filter that refuses new user namespaces, or none.
    pub no_user_namespaces: List<SockFilter>,
    /// They go on while there is privilege: no_new_privs was not asked for.
    pub filters_privileged: u32,
    /// One of them has a listener, which the caller gets.
    pub listener: u32,
    /// They may refuse the call that sets the signal mask, which is therefore set before them.
    pub mask_before_filters: u32,
    /// They let every process wait by futex(2), whatever it waits for.
    pub futex_allowed: u32,
    /// They kill every exec: a child that ends after it said that exec is next was not the program.
    pub exec_is_killed: u32,

    // landlock
    /// The caller's ruleset.
    pub ruleset_fd: i32,
    /// The flags with which it is put on.
    pub ruleset_fd_flags: u32,
    /// The flags with which ours is put on, or none at all.
    pub ruleset_flags: u32,
    /// The flags that were asked for and this kernel does not know.
    pub ruleset_lacks_flags: u32,
    pub ruleset: Maybe<LandlockRuleset>,
    /// What was asked for and this kernel does not know.
    pub ruleset_lacks: LandlockRuleset,
    pub landlock_rules: List<LandlockRule>,

    // handed
    pub listens: List<Listen>,
    /// How many descriptors the caller is handed: the sockets, then the other end of the terminal, then the device.
    pub handed: u32,
    pub makes_terminal: u32,
    /// Rows, and in the upper half columns.
    pub terminal_size: u32,
    /// The bits of 0 to 2 where the program has it.
    pub terminal_streams: u32,
    /// Of the network device; 0: there is none.
    pub tun_flags: u32,
    pub reserved_handed: u32,
    pub tun_name: Text,

    /// What the lists and strings refer to. Offsets count from the start of the plan.
    rest: Rest,
}
}

impl Plan<()> {
    /// A plan to do nothing, without a byte that is not known: an image is given all of them.
    pub const fn nothing() -> Plan<()> {
        // SAFETY: a plan is numbers, of which any may be 0.
        let mut plan: Plan<()> = unsafe { core::mem::zeroed() };
        (plan.exec_fd, plan.cwd_fd, plan.terminal, plan.foreground) = (-1, -1, -1, -1);
        (plan.cgroup_fd, plan.ruleset_fd, plan.root_tree) = (-1, -1, -1);
        plan.second_user_namespace = -1;
        plan
    }
}

impl<Rest: ?Sized> Plan<Rest> {
    /// The child has no privilege of the caller's from its first instruction on.
    pub fn is_born_in_user_namespace(&self) -> bool {
        self.clone_namespaces & CLONE_NEWUSER != 0
    }

    /// The program's user namespace is one that was there before.
    pub fn ends_in_joined_user_namespace(&self) -> bool {
        self.joins_user != 0 || self.second_user_namespace >= 0
    }

    /// The child joins namespaces, with processes that are nobody of the caller's.
    pub fn joins_any(&self) -> bool {
        !self.joins.is_empty() || self.second_user_namespace >= 0
    }
}

impl Plan {
    /// A clone leads to the cgroup: of the child, or of the image.
    pub fn is_born_in_cgroup(&self) -> bool {
        matches!(self.cgroup, cgroup::BORN | cgroup::BORN_OF_IMAGE)
    }

    /// The namespaces that the first process is born in. A user namespace owns the others, and so comes first.
    pub fn namespaces_of_first(&self) -> u64 {
        let first = if self.second_clone == clone::OF_IMAGE { CLONE_NEWUSER } else { u64::MAX };
        self.clone_namespaces & first
    }

    /// Those that a second process of the image is born in.
    pub fn namespaces_of_second(&self) -> u64 {
        self.clone_namespaces & !self.namespaces_of_first()
    }
}

impl Plan {
    /// The plan in so many bytes of memory.
    ///
    /// # Safety
    /// They are a sealed plan, and stay so for as long as the reference is used.
    pub unsafe fn from_bytes<'a>(start: *const u64, bytes: usize) -> &'a Plan {
        let behind = bytes.saturating_sub(size_of::<Plan<()>>()) / size_of::<u64>();
        let plan = core::ptr::slice_from_raw_parts(start, behind) as *const Plan;
        // SAFETY: the caller vouches for it. What ends a plan has no padding before it.
        unsafe { &*plan }
    }

    /// The memory of the whole plan.
    fn start(&self) -> *const u8 {
        (&raw const *self).cast()
    }

    pub fn root_is_readonly(&self) -> bool {
        self.root_flags & MOUNT_ATTR_RDONLY as u32 != 0
    }

    /// The new root is a file system in memory that is built for it.
    pub fn root_is_in_memory(&self) -> bool {
        self.new_root != 0 && self.root_tree < 0 && self.root.is_empty()
    }

    /// Nothing was asked of this stage: the child does not run it.
    pub fn skips(&self, stage: u32) -> bool {
        (self.leaves_off_at..self.goes_on_at).contains(&stage)
    }

    /// The items of a list.
    pub fn list<T: Unpadded>(&self, list: List<T>) -> &[T] {
        if list.len == 0 {
            return &[];
        }
        // SAFETY: plan::lower guarantees that offset and length lie in the plan, aligned and filled with `T`s.
        unsafe { core::slice::from_raw_parts(self.start().add(list.offset as usize).cast(), list.len as usize) }
    }

    /// The bytes of a string, without its NUL.
    pub fn bytes(&self, text: Text) -> &[u8] {
        self.list(text)
    }

    /// The NUL-terminated string, if there is one.
    pub fn text(&self, text: Text) -> Option<*const u8> {
        if text.offset == 0 {
            return None;
        }
        // SAFETY: plan::lower guarantees that the offset lies in the plan.
        Some(unsafe { self.start().add(text.offset as usize) })
    }

    /// The NUL-terminated string, or NULL.
    pub fn text_or_null(&self, text: Text) -> *const u8 {
        self.text(text).unwrap_or(core::ptr::null())
    }
}

const _: () = assert!(align_of::<Plan<()>>() == 8);
