//! What the child is given: the plan and its wiring, flat, and without a pointer that is valid in one process only.
//!
//! The plan refers to lists and strings by their offset from its start. So the same bytes serve a child that shares the
//! caller's memory, and the built-in image, which gets them among the strings of its exec.

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
/// Everything that the child will do. `plan::lower` makes it, and nobody changes it afterwards. A reference to a plan covers
/// the lists and strings behind it too. While it is made, nothing is behind it yet, and its type is `Plan<()>`.
#[repr(C)]
pub struct Plan<Rest: ?Sized = [u64]> {
    pub mode: u32,
    /// The child waits at `Wait` for steps of the caller.
    pub wait: u32,
    /// The child tells the caller when it has memory of its own. The caller does its steps only then.
    pub tells_own_memory: u32,
    /// The child may be dumpable while its maps are written, so that its files in /proc belong to its own user.
    pub may_be_dumpable: u32,
    /// A step may block for as long as another process likes. So the child dies with the thread that waits for it.
    pub may_block: u32,
    /// The child is held at `Hold`.
    pub hold: u32,
    /// The child executes a program: it does not stay at `Hold` for ever.
    pub execs: u32,
    /// Nothing was asked of the stages from the first of these up to the second: the child skips them.
    pub skips_from: u32,
    pub skips_until: u32,
    /// Stages that may fail without failing the spawn.
    pub tolerated: List<u32>,

    // exec
    pub candidates: List<Text>,
    /// The candidates come from the search path. Else the only one is the path of the request.
    pub searched: u32,
    pub exec_fd: i32,
    /// A map or action would overwrite the descriptor before it is executed.
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
    /// The child is not dumpable until the exec of the program: no process without privilege may trace it.
    pub nondumpable: u32,

    // fds
    pub inherit: u32,
    /// The caller's descriptors that the child needs, ascending, besides 0 to 2.
    pub needed: List<u32>,
    /// Those of them that are close-on-exec: the exec of the image would close them.
    pub kept_open: List<u32>,
    pub moves: List<Move>,
    pub actions: List<Action>,
    pub closes: List<u32>,
    /// Those that only the first process needs. It closes them before it makes a second one in a pid namespace with other
    /// processes.
    pub first_process_only: List<u32>,
    /// A number above every target. The library's own descriptors below it have to move.
    pub top: i32,
    /// The first number to which they move: `top`, unless RLIMIT_NOFILE leaves no numbers there.
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
    /// The child's pids, from the innermost pid namespace outwards. clone3(2)
    pub pids: List<u32>,
    /// Flags of clone(2) for what the second process shares with the first.
    pub second_shares: u64,
    pub joins: List<Join>,
    /// One of them is a user namespace, in which the child may have a capability that it lacked before.
    pub joins_user: u32,
    /// The uid that owns the new user namespace, if it is not the caller's.
    pub namespace_owner: Maybe<u32>,
    pub unshare_user: u32,
    /// A `clone` constant: when a second process continues.
    pub second_clone: u32,
    /// The program is the first process of a new pid namespace.
    pub first: u32,
    /// The program's pid namespace is not the caller's.
    pub other_pid_namespace: u32,
    /// The user namespace that is joined after the mounts, or -1.
    pub second_user_namespace: i32,
    pub reserved_namespaces: u32,
    pub unshare: u64,
    pub unshare_cgroup: u32,
    pub loopback: u32,
    /// Lines for /proc/self/timens_offsets.
    pub time_offsets: Text,
    /// The child enters its new time namespace by setns(2), before any exec.
    pub enters_time: u32,
    /// The child writes to files of the caller's /proc.
    pub needs_proc: u32,
    pub late_namespaces: u64,
    pub propagation: u64,
    pub hostname: Text,
    pub domainname: Text,
    pub uid_map: Text,
    pub gid_map: Text,
    pub setgroups: Text,
    /// The programs that write the maps which the caller itself may not write.
    pub uid_helper: Text,
    pub gid_helper: Text,
    /// The maps of a second user namespace, which the child makes after the mounts. Empty: there is none.
    pub inner_uid_map: Text,
    pub inner_gid_map: Text,

    // mounts
    pub mounts: List<Mount>,
    /// The program gets another root: the directory `root`, or an empty tmpfs if that is empty.
    pub new_root: u32,
    pub root: Text,
    /// The prepared tree, of which the root is a clone. -1: the child builds the root.
    pub root_tree: i32,
    /// How many of the mounts are in that tree.
    pub root_tree_items: u32,
    /// The root should be a clone, but this kernel cannot clone such a tree.
    pub root_tree_missing: u32,
    /// The child builds the root to be cloned by others.
    pub copies_root: u32,
    /// `MOUNT_ATTR_` bits for the root and what is mounted below it.
    pub root_flags: u32,
    pub chroot: Text,
    /// The child's root is not the caller's. A working directory may be outside of it.
    pub other_root: u32,

    // limits
    pub rlimits: List<Limit>,
    /// The limits that the caller raises, because the child will have no privilege for it in another user namespace.
    pub raises: List<Limit>,
    /// The caller does what needs its own privilege, while the child waits and has not joined a namespace yet.
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
    /// The whole hierarchy has no memory controller, so the memory of the cgroup is not counted.
    pub cgroup_uncounted: u32,
    /// Bits of `process`.
    pub process_flags: u32,
    pub numa_policy: Maybe<u32>,
    pub numa_nodes: List<u64>,

    // ids
    pub groups: Maybe<List<u32>>,
    pub gid: Maybe<u32>,
    pub uid: Maybe<u32>,
    /// The gid that getgroups(2) shows for a group which the joined user namespace does not map.
    pub unmapped_gid: Maybe<u32>,

    // caps
    /// The sets before the exec of the image: inheritable and ambient, so that they survive it.
    pub carry: Maybe<Credentials>,
    /// The sets to which the image returns.
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
    /// A path below /proc.
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
    /// They are installed while the child has privilege, because no_new_privs was not asked for.
    pub filters_privileged: u32,
    /// One of them has a listener, which the child sends to the caller.
    pub listener: u32,
    /// They may refuse rt_sigprocmask(2), so the signal mask is set before them.
    pub mask_before_filters: u32,
    /// They allow futex(2) with any arguments.
    pub futex_allowed: u32,
    /// They kill every exec. A child that ends after it has announced the exec was not the program.
    pub exec_is_killed: u32,

    // landlock
    /// The caller's ruleset.
    pub ruleset_fd: i32,
    /// The flags of landlock_restrict_self(2) for it.
    pub ruleset_fd_flags: u32,
    /// The flags for the library's own ruleset, or without a ruleset.
    pub ruleset_flags: u32,
    /// The flags of the request that this kernel does not know.
    pub ruleset_lacks_flags: u32,
    pub ruleset: Maybe<LandlockRuleset>,
    /// The accesses and scopes of the request that this kernel does not know.
    pub ruleset_lacks: LandlockRuleset,
    pub landlock_rules: List<LandlockRule>,

    // handed
    pub listens: List<Listen>,
    /// How many descriptors the caller is handed: the sockets, then the other end of the terminal, then the device.
    pub handed: u32,
    pub makes_terminal: u32,
    /// The rows, and in the upper 16 bits the columns.
    pub terminal_size: u32,
    /// A bit for each of the descriptors 0 to 2 that is the new terminal.
    pub terminal_streams: u32,
    /// The flags of the network device. 0: there is none.
    pub tun_flags: u32,
    pub reserved_handed: u32,
    pub tun_name: Text,

    /// The lists and strings. Offsets count from the start of the plan.
    rest: Rest,
}
}

impl Plan<()> {
    /// A plan to do nothing. All bytes are initialized, because the image is given all of them.
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
    /// The clone makes a user namespace: the child has no privilege in the caller's at any time.
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
    /// A clone puts the child into its cgroup: the first clone, or that of the image.
    pub fn is_born_in_cgroup(&self) -> bool {
        matches!(self.cgroup, cgroup::BORN | cgroup::BORN_OF_IMAGE)
    }

    /// The namespaces that the first clone makes. With a clone of the image that is only the user namespace, which owns the
    /// others.
    pub fn namespaces_of_first(&self) -> u64 {
        let first = if self.second_clone == clone::OF_IMAGE { CLONE_NEWUSER } else { u64::MAX };
        self.clone_namespaces & first
    }

    /// The namespaces that the clone of the image makes.
    pub fn namespaces_of_second(&self) -> u64 {
        self.clone_namespaces & !self.namespaces_of_first()
    }
}

impl Plan {
    /// The plan that these bytes of memory hold.
    ///
    /// # Safety
    /// The bytes are a sealed plan, and do not change while the reference is used.
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

    /// The new root is a tmpfs that the child mounts.
    pub fn root_is_in_memory(&self) -> bool {
        self.new_root != 0 && self.root_tree < 0 && self.root.is_empty()
    }

    /// Nothing was asked of this stage, and the child does not run it.
    pub fn skips(&self, stage: u32) -> bool {
        (self.skips_from..self.skips_until).contains(&stage)
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
