//! Limits, scheduling and the cgroup.

use super::{apply, forkexec_attr};
use crate::attr::limits::{MOST_CPUS, MOST_NODES};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::c_int;

/// Limits a resource, 0 to 15: RLIMIT_CPU is 0, RLIMIT_NOFILE 7.
///
/// UINT64_MAX is no limit; FORKEXEC_RLIMIT_KEEP in either half leaves that half as the caller has it at the spawn.
/// Raising a hard limit needs CAP_SYS_RESOURCE; with a new or a joined user namespace, where the child could not, the
/// caller's side raises it, before the child joins anything. Limits of memory that are too low for the exec itself kill
/// the child with SIGSEGV where the kernel cannot turn back. Repeated calls add entries; one for the same resource
/// replaces the earlier and keeps its index.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, resource is above 15, soft is above hard and both are given.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_RESOLVE, EINVAL: soft is above hard once the kept half is known.
/// FORKEXEC_STAGE_RLIMIT.
/// FORKEXEC_STAGE_NOFILE for RLIMIT_NOFILE (EPERM: a hard limit raised without the right to, or RLIMIT_NOFILE above
///   /proc/sys/fs/nr_open).
///
/// The error's index is the place among the set_rlimit entries.
///
/// See prlimit(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_rlimit(
    attr: *mut forkexec_attr,
    resource: u32,
    soft: u64,
    hard: u64,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_rlimit", |attr| attr.limits.set_rlimit(resource, soft, hard))
}

/// Sets the nice value, -20 to 19.
///
/// One below the caller's needs CAP_SYS_NICE or RLIMIT_NICE; with a new or a joined user namespace the caller's side
/// sets it, before the child joins anything. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, nice is not -20 to 19.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NICE (EACCES: no right to lower it), unless allowed.
///
/// See setpriority(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_nice(attr: *mut forkexec_attr, nice: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_nice", |attr| attr.limits.set_nice(nice))
}

/// Runs the program only on the n processors of cpus, counted from 0.
///
/// Those that the system does not have are left out, as the kernel does it. cpus is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or cpus is NULL, n is 0 or above 8192, a number is above 8191.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_AFFINITY (EINVAL: none of them is usable), unless allowed.
///
/// See sched_setaffinity(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_affinity(attr: *mut forkexec_attr, cpus: *const u32, n: usize) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that cpus is NULL or a list of n items.
    let cpus = unsafe { guard::list(cpus, n, MOST_CPUS, sentences::NO_PROCESSORS) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_affinity", |attr| attr.limits.set_affinity(cpus?))
}

/// Sets the scheduling policy and the static priority: SCHED_OTHER, SCHED_BATCH and SCHED_IDLE with 0, SCHED_FIFO and
/// SCHED_RR with 1 to 99.
///
/// Real-time policies need CAP_SYS_NICE or RLIMIT_RTPRIO; with a new or a joined user namespace the caller's side sets
/// the policy, before the child joins anything. Takes the place of set_deadline; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, another policy, a priority that is not the policy's.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SCHEDULER, EPERM: no right to it.
///
/// See sched_setscheduler(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_scheduler(attr: *mut forkexec_attr, policy: i32, priority: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_scheduler", |attr| attr.limits.set_scheduler(policy, priority))
}

/// Sets SCHED_DEADLINE: runtime_ns of processor time, within deadline_ns from the beginning of each period_ns; a period
/// of 0 is the deadline.
///
/// Needs CAP_SYS_NICE, and that the program may run on all processors of its cpuset: no set_affinity to fewer. With a
/// new or a joined user namespace the caller's side sets it, before the child joins anything. The program makes no
/// processes and threads (EAGAIN), unless set_process_flags has RESET_ON_FORK. Takes the place of set_scheduler, and
/// the other way round: the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, runtime_ns is below 1024 or above deadline_ns, deadline_ns is above period_ns and that is not
///   0, a number is above INT64_MAX.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: set_init, a listener, a pid namespace that is entered.
/// FORKEXEC_STAGE_SCHEDULER, EPERM: no right to it, or fewer processors.
/// FORKEXEC_STAGE_SCHEDULER, EBUSY: the processors have no such time left.
/// FORKEXEC_STAGE_SCHEDULER, EINVAL: outside the sysctls kernel.sched_deadline_period_min_us and _max_us.
///
/// See sched_setattr(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_deadline(
    attr: *mut forkexec_attr,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_deadline", |attr| attr.limits.set_deadline(runtime_ns, deadline_ns, period_ns))
}

/// Sets how busy the kernel takes the program to be when it chooses a processor and its frequency: at least min and at
/// most max, of 1024 for the largest processor at its highest frequency.
///
/// The policy stays as it is. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, min is above max, max is above 1024.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_UTILIZATION: EOPNOTSUPP, or EINVAL before Linux 5.3: the kernel does not know it, see
///   FORKEXEC_PROBE_UTILIZATION.
///
/// See sched_setattr(2), SCHED_FLAG_UTIL_CLAMP_MIN and _MAX.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_utilization(attr: *mut forkexec_attr, min: u32, max: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_utilization", |attr| attr.limits.set_utilization(min, max))
}

/// Says which nodes of a NUMA machine the program's memory comes from: mode is one of MPOL_DEFAULT 0, MPOL_PREFERRED 1,
/// MPOL_BIND 2, MPOL_INTERLEAVE 3, MPOL_LOCAL 4 and those that a newer kernel knows, with MPOL_F_ flags; nodes are n
/// numbers, counted from 0, none for MPOL_DEFAULT and MPOL_LOCAL.
///
/// The kernel leaves out what the machine or the cpuset does not have. nodes is copied and may be NULL where n is 0;
/// the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, nodes is NULL and n is not 0, n is above 1024, a number is above 1023.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NUMA_POLICY, EINVAL: no such mode, nodes that do not go with it, or none that is there.
/// FORKEXEC_STAGE_NUMA_POLICY, ENOSYS: the kernel has no NUMA, see FORKEXEC_PROBE_NUMA_POLICY.
///
/// See set_mempolicy(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_numa_policy(
    attr: *mut forkexec_attr,
    mode: u32,
    nodes: *const u32,
    n: usize,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that nodes is NULL or a list of n items.
    let nodes = unsafe { guard::list(nodes, n, MOST_NODES, sentences::NODES) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_numa_policy", |attr| attr.limits.set_numa_policy(mode, nodes?))
}

/// Sets the I/O scheduling class io_class, 0 none, 1 real-time, 2 best effort, 3 idle, and the level in it, 0 (first)
/// to 7; 0 for class 0.
///
/// Real-time needs CAP_SYS_NICE or CAP_SYS_ADMIN; with a new or a joined user namespace the caller's side sets it,
/// before the child joins anything. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, io_class is above 3, level is above 7, io_class is 0 and level is not.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_IO_PRIORITY (EPERM: real-time without CAP_SYS_NICE or CAP_SYS_ADMIN), unless allowed.
///
/// See ioprio_set(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_io_priority(attr: *mut forkexec_attr, io_class: u32, level: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_io_priority", |attr| attr.limits.set_io_priority(io_class, level))
}

/// Sets the file mode creation mask, for the program and for what open_fd creates.
///
/// Without this call it is the caller's. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, mask is above 0777.
///
/// See umask(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_umask(attr: *mut forkexec_attr, mask: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_umask", |attr| attr.limits.set_umask(mask))
}

/// Sets the execution domain and its flags, for example ADDR_NO_RANDOMIZE, 0x0040000.
///
/// The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, persona is 0xffffffff, which would only ask.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PERSONALITY.
///
/// See personality(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_personality(attr: *mut forkexec_attr, persona: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_personality", |attr| attr.limits.set_personality(persona))
}

/// Sets how readily the out-of-memory killer takes the program: -1000 (never) to 1000 (first).
///
/// One below the lowest that a privileged process set for the caller needs CAP_SYS_RESOURCE; with a new user namespace
/// the caller's side sets it, and before it joins one the child does. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, adjustment is not -1000 to 1000.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_OOM_SCORE (EACCES: no right to lower it, or as for map_uid; EROFS; ENOENT: no /proc), unless allowed.
///
/// See proc_pid_oom_score_adj(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_oom_score_adj(attr: *mut forkexec_attr, adjustment: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_oom_score_adj", |attr| attr.limits.set_oom_score_adj(adjustment))
}

/// Sets by how many nanoseconds the kernel may delay the program's timers in order to group them; 0 means the default,
/// which is the calling thread's own.
///
/// The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_TIMER_SLACK , unless allowed.
///
/// See PR_SET_TIMERSLACK(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_timer_slack(attr: *mut forkexec_attr, nanoseconds: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_timer_slack", |attr| attr.limits.set_timer_slack(nanoseconds))
}

/// Sets what a process has as a bit of its own, FORKEXEC_PROCESS_ bits: NO_THP, no transparent huge pages; MDWE, no
/// memory that is or was writable becomes executable (compilers at run time then fail); NO_TSC, SIGSEGV for who reads
/// the time stamp counter, which also loaders and clock_gettime(2) of some C libraries do; SUBREAPER, orphans of the
/// program's descendants become its children; KSM, the kernel may merge its memory with equal memory of others;
/// RESET_ON_FORK, no child or thread of the program has its real-time or deadline policy, or a negative nice value;
/// OWN_CORE, only the program and its descendants run on a core's threads at the same time, so that what a core has in
/// common tells nothing to others.
///
/// Threads and children have NO_THP, MDWE, NO_TSC, OWN_CORE and KSM, too; nothing takes MDWE away. NO_THP, MDWE and KSM
/// are kept with the memory, so with them the child is never in the caller's. 0 asks for none. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PROCESS_FLAGS, EINVAL: MDWE needs Linux 6.3, NO_TSC x86, OWN_CORE a kernel with CONFIG_SCHED_CORE,
///   KSM one with CONFIG_KSM.
/// FORKEXEC_STAGE_PROCESS_FLAGS, ENODEV: OWN_CORE, and no core has several threads.
/// FORKEXEC_STAGE_PROCESS_FLAGS, EOPNOTSUPP: KSM before Linux 6.7, where it ends with the exec.
///
/// The error's index is the bit that failed.
///
/// See prctl(2), sched_setscheduler(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_process_flags(attr: *mut forkexec_attr, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_process_flags", |attr| attr.limits.set_process_flags(flags))
}

/// Says whether the processor may run ahead of the program by feature, one of FORKEXEC_SPECULATION_STORE_BYPASS,
/// FORKEXEC_SPECULATION_INDIRECT_BRANCH, FORKEXEC_SPECULATION_L1D_FLUSH (where ENABLE flushes the cache at each switch
/// to another process) or one that a newer kernel knows: control is FORKEXEC_SPECULATE_ENABLE,
/// FORKEXEC_SPECULATE_DISABLE or FORKEXEC_SPECULATE_FORCE_DISABLE, which the program cannot take back.
///
/// Its threads and children have the same. Repeated calls add; for the same feature the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, feature is above 255, another control.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SPECULATION, ENODEV: the kernel does not know the feature.
/// FORKEXEC_STAGE_SPECULATION, ENXIO or EPERM: the processor, the boot parameters or an earlier FORCE_DISABLE have
///   decided it.
///
/// The error's index is the feature.
///
/// See PR_SET_SPECULATION_CTRL(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_speculation(attr: *mut forkexec_attr, feature: u32, control: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_speculation", |attr| attr.limits.set_speculation(feature, control))
}

/// Says which kinds of the program's memory the kernel writes into a core, as bits of core(5): 0x1 private and
/// anonymous, 0x2 shared and anonymous, 0x4 and 0x8 files, 0x10 the first page of programs and libraries, 0x20 and 0x40
/// huge pages, 0x80 and 0x100 DAX; 0 for none of them.
///
/// An exec and children keep it. It is kept with the memory, so the child is never in the caller's, and written by way
/// of the caller's /proc. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_COREDUMP_FILTER, ENOENT: no /proc, or a kernel without CONFIG_ELF_CORE.
/// FORKEXEC_STAGE_COREDUMP_FILTER, EROFS.
///
/// See core(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_coredump_filter(attr: *mut forkexec_attr, kinds: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_coredump_filter", |attr| attr.limits.set_coredump_filter(kinds))
}

/// Runs the program in the cgroup whose directory fd refers to.
///
/// With cgroup v2 the child is born there (clone3(2), CLONE_INTO_CGROUP) where the kernel can; else, and with v1
/// always, the waiting child is moved there by writing cgroup.procs, which may take the kernel 10 ms and more. Where
/// memory.oom.group is set the kernel kills all members at once, and all who share memory with one of them. So where
/// the hierarchy has the memory controller, or others than the caller and root can freeze the cgroup, no member ever
/// shares the caller's memory: the library's own program makes the child (FORKEXEC_STAGE_CGROUP_BIRTH), or, where the
/// child is born in a user namespace, or is not the only process that the spawn makes, it is moved. Two processes count
/// against the caller's limits on processes meanwhile. A cgroup that is frozen, or in a frozen one, is refused (EBUSY):
/// the spawn would never return. fd is the caller's number, borrowed: it must be open, for reading or with O_PATH,
/// during each spawn. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_RESOLVE, EBUSY: frozen.
/// FORKEXEC_STAGE_RESOLVE, EINVAL: not a cgroup directory.
/// FORKEXEC_STAGE_CGROUP, EACCES or EPERM: no right to it.
/// FORKEXEC_STAGE_CGROUP, EBUSY: it has controllers enabled for its children.
/// FORKEXEC_STAGE_CGROUP, EOPNOTSUPP: it is beside or in a threaded one.
/// FORKEXEC_STAGE_CGROUP, ENOENT or ENODEV: it was removed, or lies outside the cgroup namespace.
/// FORKEXEC_STAGE_CGROUP, ENOSPC: a cpuset without processors or memory.
/// FORKEXEC_STAGE_CLONE, EAGAIN: its pids.max is reached.
///
/// See cgroups(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cgroup_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_cgroup_fd", |attr| attr.limits.set_cgroup_fd(fd))
}

/// Gives the program the soft limit on descriptors (RLIMIT_NOFILE) that the process had when the library was loaded:
/// for callers whose runtime raises its own, as Go's does.
///
/// An entry of set_rlimit for RLIMIT_NOFILE goes before it.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NOFILE.
///
/// See getrlimit(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_restore_nofile(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "restore_nofile", |attr| attr.limits.restore_nofile())
}

/// The same as restore_nofile, but only while the caller's limits at the spawn are still soft and hard, what a runtime
/// has made of them at its start; FORKEXEC_RLIMIT_KEEP in either half is any.
///
/// Else somebody has set them since, and the program has the caller's. Takes the place of restore_nofile; the last call
/// of the two wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NOFILE.
///
/// See getrlimit(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_restore_nofile_from(attr: *mut forkexec_attr, soft: u64, hard: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "restore_nofile_from", |attr| attr.limits.restore_nofile_from(soft, hard))
}

/// Lets the spawn go on when the stage fails, one of FORKEXEC_STAGE_NICE, FORKEXEC_STAGE_IO_PRIORITY,
/// FORKEXEC_STAGE_OOM_SCORE, FORKEXEC_STAGE_TIMER_SLACK, FORKEXEC_STAGE_AFFINITY, FORKEXEC_STAGE_HOSTNAME,
/// FORKEXEC_STAGE_DOMAINNAME and FORKEXEC_STAGE_LOOPBACK: none of them protects anything;
/// FORKEXEC_STAGE_LATE_NAMESPACES: after a failure neither the cgroup nor the pid namespace that unshare_namespaces
/// asked for is there; or FORKEXEC_STAGE_KEYRING, then where the kernel has no keyrings (ENOSYS) and for no other
/// reason.
///
/// Without this call every failure is the spawn's. Repeated calls add stages.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, another stage.
/// -ENOMEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_allow_failure(attr: *mut forkexec_attr, stage: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "allow_failure", |attr| attr.limits.allow_failure(stage))
}
