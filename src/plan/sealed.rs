//! What crosses into the child: the plan and its wiring, flat and without a pointer that only one process understands.
//!
//! Everything in the plan is an offset from its start, so the same bytes serve a child that shares the caller's memory and
//! the built-in image, which finds them among the strings that it is exec'd with.

use super::stage::Stage;
use super::sys::abi::{
    CLONE_NEWUSER, LandlockRuleset, MOUNT_ATTR_RDONLY, Rlimit64, SCHED_DEADLINE, SchedAttr, SockFilter,
};
use core::marker::PhantomData;

/// Structs without padding, or the library does not compile: an image is given all bytes of plan and wiring, and what is in
/// padding is not known. Where a field leaves a gap, move it, or fill the gap with a reserved field.
macro_rules! without_padding {
    ($(#[$of:meta])* pub struct $name:ident $(<$rest:ident: ?Sized = $behind:ty>)? {
        $($(#[$about:meta])* $visible:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$of])*
        pub struct $name $(<$rest: ?Sized = $behind>)? {
            $($(#[$about])* $visible $field: $type,)*
        }

        const _: () = {
            // Behind a plan that is being made there is nothing.
            $(type $rest = ();)?
            let fields = 0 $(+ size_of::<$type>())*;
            assert!(size_of::<$name $(<$rest>)?>() == fields, "padding: move a field or add a reserved one");
            impl Unpadded for $name $(<$rest>)? {}
        };
    };
}

/// What may cross into the child: numbers, without padding between them.
pub trait Unpadded {}

impl Unpadded for u8 {}
impl Unpadded for u32 {}
impl Unpadded for u64 {}
impl<T> Unpadded for List<T> {}

const _: () = assert!(size_of::<SockFilter>() == 2 * size_of::<u8>() + size_of::<u16>() + size_of::<u32>());
impl Unpadded for SockFilter {}

/// A list in the plan.
#[repr(C)]
pub struct List<T> {
    pub offset: u32,
    pub len: u32,
    of: PhantomData<T>,
}

impl<T> List<T> {
    pub const EMPTY: List<T> = List::at(0, 0);

    pub const fn at(offset: u32, len: u32) -> List<T> {
        List { offset, len, of: PhantomData }
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

/// A string in the plan: `len` bytes and a NUL. Offset 0 is no string at all.
pub type Text = List<u8>;

/// A value that was asked for, or not.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Maybe<T> {
    value: T,
    set: u32,
    reserved: u32,
}

impl<T: Copy + Default> Maybe<T> {
    pub fn get(&self) -> Option<T> {
        if self.set != 0 { Some(self.value) } else { None }
    }
}

impl<T: Default> From<Option<T>> for Maybe<T> {
    fn from(value: Option<T>) -> Maybe<T> {
        const { assert!(size_of::<Maybe<T>>() == size_of::<T>() + 2 * size_of::<u32>()) };
        match value {
            Some(value) => Maybe { value, set: 1, reserved: 0 },
            None => Maybe::default(),
        }
    }
}

/// Whose memory the child runs in.
pub mod mode {
    pub const SHARED: u32 = 0;
    pub const FRESH: u32 = 1;
    pub const COPIED: u32 = 2;
}

/// With whose rights the working directory is entered.
pub mod cwd_rights {
    pub const PROGRAM: u32 = 0;
    pub const CALLER: u32 = 1;
    /// The caller's, and where those are refused, the program's.
    pub const EITHER: u32 = 2;
}

/// Whether the program is the child of an init, and when that ends.
pub mod init {
    pub const NONE: u32 = 0;
    pub const ENDS_WITH_PROGRAM: u32 = 1;
    /// It ends with the last process of its namespace.
    pub const LINGERS: u32 = 2;
}

/// When another process goes on: in the cgroup, in the pid namespace that the child has entered, or to be measured.
pub mod clone {
    pub const NONE: u32 = 0;
    /// The image makes it at once: it is born in the cgroup, and in all namespaces that a clone makes but a user namespace,
    /// and what the kernel counts for it begins anew. Nearly all that follows is done by it.
    pub const OF_IMAGE: u32 = 1;
    /// It is the first one of a pid namespace: what follows is done in there.
    pub const EARLY: u32 = 2;
    /// Others are there, and would stand in the way of filters: before the identity changes.
    pub const LATE: u32 = 3;
    /// Others are there: it is seen by them as late as possible.
    pub const LAST: u32 = 4;
}

/// Whether the program gets another session keyring.
pub mod keyring {
    pub const NONE: u32 = 0;
    pub const NEEDED: u32 = 1;
    /// Not where the kernel has no keyrings.
    pub const IF_THERE_ARE: u32 = 2;
}

/// What the process that becomes the program sets of itself.
pub mod process {
    pub const NO_THP: u32 = 1;
    pub const MDWE: u32 = 2;
    pub const NO_TSC: u32 = 4;
    pub const SUBREAPER: u32 = 8;
    pub const RESET_ON_FORK: u32 = 16;
    pub const OWN_CORE: u32 = 32;
    pub const KSM: u32 = 64;
}

/// How the child gets to its cgroup.
pub mod cgroup {
    pub const NONE: u32 = 0;
    /// The clone puts it there.
    pub const BORN: u32 = 1;
    /// Memory that is not the caller's comes first: the image makes a second process, which is born there.
    pub const BORN_OF_IMAGE: u32 = 2;
    /// The same, and then the caller writes the child's pid into cgroup.procs.
    pub const WRITTEN: u32 = 3;
}

without_padding! {
/// Namespaces to join, and the place in the caller's list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Join {
    pub types: u64,
    pub fd: i32,
    pub index: i32,
}
}

without_padding! {
/// One resource limit and its place in the caller's list.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Limit {
    pub limit: Rlimit64,
    pub resource: u32,
    pub index: i32,
}
}

without_padding! {
/// The three capability sets that capset(2) sets together.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct CapSets {
    pub effective: u64,
    pub permitted: u64,
    pub inheritable: u64,
}
}

without_padding! {
/// The capability sets of a process, as the caller's are put back in the image.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Credentials {
    pub sets: CapSets,
    pub ambient: u64,
}
}

without_padding! {
/// sched_setscheduler(2).
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Policy {
    pub policy: i32,
    pub priority: i32,
}
}

without_padding! {
/// SCHED_DEADLINE: in nanoseconds, with flags of sched_setattr(2).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Deadline {
    pub runtime: u64,
    pub deadline: u64,
    pub period: u64,
    pub flags: u64,
}
}

impl Deadline {
    pub fn attr(&self) -> SchedAttr {
        let Deadline { runtime, deadline, period, flags } = *self;
        let size = size_of::<SchedAttr>() as u32;
        SchedAttr { size, policy: SCHED_DEADLINE as u32, flags, runtime, deadline, period, ..SchedAttr::default() }
    }
}

without_padding! {
/// PR_SET_SPECULATION_CTRL(2const)
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Speculation {
    pub feature: u32,
    pub control: u32,
}
}

without_padding! {
/// How busy the kernel takes the program to be, of 1024.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Utilization {
    pub min: u32,
    pub max: u32,
}
}

without_padding! {
/// One step of the descriptor shuffle.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Move {
    pub step: u32,
    pub from: i32,
    pub to: i32,
    pub index: i32,
}
}

/// The steps of `Move`.
pub mod step {
    /// `from` is duplicated out of the way of a cycle.
    pub const SAVE: u32 = 0;
    /// `from` becomes `to`.
    pub const MOVE: u32 = 1;
    /// What was saved becomes `to`.
    pub const RESTORE: u32 = 2;
    /// `from` is already where it belongs and only loses its close-on-exec flag.
    pub const KEEP: u32 = 3;
}

without_padding! {
/// One descriptor action.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Action {
    pub kind: u32,
    pub fd: i32,
    pub other: i32,
    pub flags: i32,
    pub mode: u32,
    pub path: Text,
}
}

/// The kinds of `Action`.
pub mod action {
    pub const OPEN: u32 = 0;
    pub const DUP: u32 = 1;
    pub const CLOSE: u32 = 2;
    pub const CLOSE_FROM: u32 = 3;
    pub const ENTER: u32 = 4;
    pub const ENTER_FD: u32 = 5;
}

without_padding! {
/// One seccomp filter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Filter {
    pub program: List<SockFilter>,
    pub flags: u32,
    /// An earlier filter refuses seccomp(2), and lets prctl(2) load this one.
    pub by_prctl: u32,
}
}

without_padding! {
/// What Landlock grants: to a path, or else to a port.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LandlockRule {
    pub access: u64,
    pub port: u64,
    pub path: Text,
    pub index: i32,
    pub reserved: u32,
}
}

without_padding! {
/// A socket that listens for the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Listen {
    /// A whole sockaddr.
    pub address: Text,
    pub kind: i32,
    pub backlog: i32,
}
}

without_padding! {
/// One step on the list of mounts. What was asked for as one item may take several.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Mount {
    /// The stage of the item, and its place in the caller's list.
    pub stage: Stage,
    pub index: i32,
    pub kind: u32,
    /// The mode of what is made.
    pub mode: u32,
    /// A target that is missing is made.
    pub create: u32,
    /// It lies in the directory of the step before.
    pub beside: u32,
    /// Links in the target are followed, inside the root.
    pub follow: u32,
    /// The device that the source must be the node of; 0: whatever.
    pub device: u32,
    /// The user namespace that maps ids; -1: none.
    pub user_namespace: i32,
    /// Where its source is missing, or what it is about, the step is left out.
    pub optional: u32,
    /// The descriptor that the source must be what it refers to, or whose file is copied; -1: none.
    pub source_fd: i32,
    pub reserved: u32,
    /// As mount(2) has them.
    pub flags: u64,
    pub source: Text,
    pub target: Text,
    /// The names that make up the target.
    pub names: List<Text>,
    pub file_system: Text,
    /// What the file system is told, or the bytes of a file.
    pub data: Text,
}
}

/// The kinds of `Mount`.
pub mod mount {
    /// mount(2), as it is.
    pub const PLAIN: u32 = 0;
    pub const BIND: u32 = 1;
    pub const DIRECTORY: u32 = 2;
    pub const SYMLINK: u32 = 3;
    pub const FILE: u32 = 4;
    pub const MASK: u32 = 5;
    pub const READONLY: u32 = 6;
    /// A device in a directory where nobody else is.
    pub const DEVICE: u32 = 7;
    /// An overlay, and a file system in memory for what is written to it.
    pub const OVERLAY_IN_MEMORY: u32 = 8;
    /// Flags for what is mounted there already.
    pub const REMOUNT: u32 = 9;
    pub const MODE: u32 = 10;
    /// A file in memory that is bound to its target.
    pub const FILE_IN_MEMORY: u32 = 11;
    /// A directory to mount on later, where it is missing.
    pub const PLACE: u32 = 12;
    pub const PLACE_OF_FILE: u32 = 13;
}

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
    /// `init`
    pub init: u32,
    /// Nobody may look into the child before it is the program.
    pub nondumpable: u32,

    // fds
    pub inherit: u32,
    /// The caller's numbers that the child needs, ascending, besides 0 to 2.
    pub needed: List<u32>,
    /// Those of them that would be closed by the exec of the image.
    pub survivors: List<u32>,
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

impl<T> Default for List<T> {
    fn default() -> Self {
        List::EMPTY
    }
}

impl Plan<()> {
    /// A plan to do nothing, without a byte that is not known: an image is given all of them.
    pub const fn nothing() -> Plan<()> {
        // SAFETY: a plan is numbers, of which any may be 0.
        let mut plan: Plan<()> = unsafe { core::mem::zeroed() };
        (plan.exec_fd, plan.cwd_fd, plan.terminal, plan.foreground) = (-1, -1, -1, -1);
        (plan.cgroup_fd, plan.ruleset_fd, plan.root_tree) = (-1, -1, -1);
        plan
    }
}

impl<Rest: ?Sized> Plan<Rest> {
    /// The child has no privilege of the caller's from its first instruction on.
    pub fn is_born_in_user_namespace(&self) -> bool {
        self.clone_namespaces & CLONE_NEWUSER != 0
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

    /// Whether the child passes a stage by.
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
}

/// How the child's descriptor table comes about.
pub mod table {
    /// Shared until the child takes a copy of the part it needs.
    pub const SHARED: u32 = 0;
    /// Copied by clone; what is not needed is closed by close_range(2).
    pub const COPIED: u32 = 1;
    /// Copied by clone; close_range(2) is missing.
    pub const LISTED: u32 = 2;
    /// Copied by clone; everything stays.
    pub const WHOLE: u32 = 3;
}

/// What a message of the child's is, in its one byte.
pub mod message {
    /// There is something to read in the page.
    pub const WORD: u8 = 0;
    /// The listener of a filter.
    pub const LISTENER: u8 = 1;
    /// All other descriptors that the caller is handed.
    pub const HANDED: u8 = 2;
}

/// The places of ends that the child makes itself, counted from the first number above all that it needs.
pub mod ends {
    /// The eventfd with which the caller lets the child go on.
    pub const GO: u32 = 0;
    /// The lifeline: the caller's end.
    pub const READER: u32 = 1;
    /// The lifeline: the child's end.
    pub const LIFELINE: u32 = 2;
    /// The page that child and caller share.
    pub const PAGE: u32 = 3;
}

without_padding! {
/// Numbers from `first` to `last`.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Gap {
    pub first: u32,
    pub last: u32,
}
}

without_padding! {
/// What only the launch knows: the library's own descriptors, and how the caller hears of the child.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Wiring {
    /// The page where the child says how far it is, as long as it is in the caller's memory or a copy of it; 0 in the image.
    pub page: u64,
    /// The gaps between the needed descriptors; only for a child in the caller's memory or a copy of it.
    pub gaps: u64,
    pub gaps_len: u32,
    /// The first number above all that are needed.
    pub above: u32,
    pub table: u32,
    /// The last stage that is already done.
    pub done: u32,
    /// The end of a pipe or socket whose other end closes with the caller.
    pub lifeline: i32,
    /// The eventfd with which the caller lets the child go on.
    pub go: i32,
    /// What becomes readable when the caller is gone.
    pub owner: i32,
    pub owner_pid: i32,
    /// The child makes the ends itself, from the number `above` on.
    pub makes_ends: u32,
    /// The file of the page, by which the image finds it; its device and inode.
    pub page_fd: i32,
    pub page_identity: [u64; 2],
    /// The caller's signal mask.
    pub mask: u64,
    /// clone could not clear the handlers.
    pub reset_handlers: u32,
    /// The built-in image, if the child is to become it: the file's descriptor, device and inode, and the image's own vectors.
    pub image: i32,
    /// The vectors for execve; in the image, its own.
    pub argv: u64,
    pub envp: u64,
    pub image_identity: [u64; 2],
    /// What the file holds, where the child makes that itself too.
    pub image_bytes: u64,
    pub image_length: u32,
    pub image_flags: u32,
    pub image_argv: u64,
    pub image_envp: u64,
    /// The bytes of wiring and plan together.
    pub length: u64,
    /// The file with plan and strings, where the image does not find them among its own strings; -1: there is none. Its device
    /// and inode, its length, the length of the plan at its beginning, and where in it the vectors are.
    pub strings_fd: i32,
    pub strings_plan: u32,
    pub strings_argv: u32,
    pub strings_envp: u32,
    pub strings_length: u64,
    pub strings_identity: [u64; 2],
}
}

/// How wiring and plan become strings, which may hold every byte but 0: in pieces, each behind a key that does not occur
/// in it and exclusive-ored with that key.
pub mod strings {
    /// The bytes of a piece; the last may have fewer. Few enough that there always is a key.
    pub const PIECE: usize = 248;
    /// A piece with its key before it and the NUL behind it.
    pub const STRING: usize = PIECE + 2;
}

const _: () = assert!(size_of::<Wiring>() <= strings::PIECE);
const _: () = assert!(size_of::<Wiring>() % 8 == 0);
const _: () = assert!(align_of::<Plan<()>>() == 8);
