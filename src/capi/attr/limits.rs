//! Limits, scheduling and the cgroup.

use super::{apply, forkexec_attr};
use crate::attr::limits::{MOST_CPUS, MOST_NODES};
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::c_int;

/// Sets a resource limit of the program.
///
/// resource is 0 to 15, an RLIMIT_ constant: RLIMIT_CPU is 0, RLIMIT_NOFILE 7. soft and hard are the limits, in the
/// units of prlimit(2). UINT64_MAX is no limit. FORKEXEC_RLIMIT_KEEP leaves that half as the caller has it at the
/// spawn. Raising a hard limit needs CAP_SYS_RESOURCE. With a new or joined user namespace the caller's side raises it
/// before the child joins anything, because the child could not. A limit on memory that is too low for the exec kills
/// the child with SIGSEGV, if the kernel is past the point of no return.
///
/// Repeated calls add entries. An entry for the same resource replaces the earlier one and keeps its index.
///
/// Example:
///
///     forkexec_attr_set_rlimit(attr, RLIMIT_CPU, 10, 11);
///     forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, FORKEXEC_RLIMIT_KEEP);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, resource is above 15, or soft is above hard and both are given.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_RESOLVE, EINVAL: soft is above hard once the kept half is known.
/// FORKEXEC_STAGE_RLIMIT, EPERM: the caller may not raise the hard limit.
/// FORKEXEC_STAGE_NOFILE, EPERM: the caller may not raise the hard limit of RLIMIT_NOFILE, or it is above
///   /proc/sys/fs/nr_open.
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_rlimit", |attr| attr.limits.set_rlimit(resource, soft, hard))
}

/// Sets the nice value of the program, -20 to 19.
///
/// A value nice below the caller's needs CAP_SYS_NICE or RLIMIT_NICE. With a new or joined user namespace the caller's
/// side sets it before the child joins anything. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or nice is not -20 to 19.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NICE, EACCES: the caller may not lower it. allow_failure lets this pass.
///
/// See setpriority(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_nice(attr: *mut forkexec_attr, nice: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_nice", |attr| attr.limits.set_nice(nice))
}

/// Runs the program only on the n processors of cpus.
///
/// Processors are counted from 0. The kernel leaves out those that the machine does not have. cpus is copied. The last
/// call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or cpus is NULL, n is 0 or above 8192, or a number is above 8191.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_AFFINITY, EINVAL: none of the processors can be used. allow_failure lets this pass.
///
/// See sched_setaffinity(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_affinity(attr: *mut forkexec_attr, cpus: *const u32, n: usize) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that cpus is NULL or a list of n items.
    let cpus = unsafe { guard::list(cpus, n, MOST_CPUS, sentences::NO_PROCESSORS) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_affinity", |attr| attr.limits.set_affinity(cpus?))
}

/// Sets the scheduling policy of the program and its static priority.
///
/// policy is SCHED_OTHER, SCHED_BATCH or SCHED_IDLE with priority 0, or SCHED_FIFO or SCHED_RR with priority 1 to 99.
/// Real-time policies need CAP_SYS_NICE or RLIMIT_RTPRIO. With a new or joined user namespace the caller's side sets
/// the policy before the child joins anything. The last call of this and of set_deadline wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, the policy is another, or the priority is not one of the policy's.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SCHEDULER, EPERM: the caller has no right to the policy.
///
/// See sched_setscheduler(2), sched(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_scheduler(attr: *mut forkexec_attr, policy: i32, priority: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_scheduler", |attr| attr.limits.set_scheduler(policy, priority))
}

/// Runs the program under SCHED_DEADLINE.
///
/// It gets runtime_ns of processor time within deadline_ns from the beginning of each period_ns, all in nanoseconds. A
/// period of 0 is the deadline. Needs CAP_SYS_NICE, and that the program may run on all processors of its cpuset, so no
/// set_affinity to fewer. With a new or joined user namespace the caller's side sets it before the child joins
/// anything. The program cannot make processes or threads (EAGAIN), unless set_process_flags has
/// FORKEXEC_PROCESS_RESET_ON_FORK. The last call of this and of set_scheduler wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, runtime_ns is below 1024 or above deadline_ns, deadline_ns is above period_ns and that is not
///   0, or a number is above INT64_MAX.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: the child has to make a process or thread: set_init, a listener, a pid namespace
///   that is entered.
/// FORKEXEC_STAGE_SCHEDULER, EPERM: the caller has no right to it, or the program may run on fewer processors.
/// FORKEXEC_STAGE_SCHEDULER, EBUSY: the processors have no such time left.
/// FORKEXEC_STAGE_SCHEDULER, EINVAL: the period is outside the sysctls kernel.sched_deadline_period_min_us and
///   kernel.sched_deadline_period_max_us.
///
/// See sched_setattr(2), sched(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_deadline(
    attr: *mut forkexec_attr,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_deadline", |attr| attr.limits.set_deadline(runtime_ns, deadline_ns, period_ns))
}

/// Tells the kernel how busy it shall expect the program to be.
///
/// The kernel uses it to choose a processor and its frequency. min and max bound the expectation, on a scale where 1024
/// is the largest processor at its highest frequency (SCHED_FLAG_UTIL_CLAMP_MIN and SCHED_FLAG_UTIL_CLAMP_MAX). The
/// policy stays as it is. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, min is above max, or max is above 1024.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_UTILIZATION, EOPNOTSUPP: the kernel is built without this, see FORKEXEC_PROBE_UTILIZATION.
/// FORKEXEC_STAGE_UTILIZATION, EINVAL: the kernel is older than Linux 5.3.
///
/// See sched_setattr(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_utilization(attr: *mut forkexec_attr, min: u32, max: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_utilization", |attr| attr.limits.set_utilization(min, max))
}

/// Chooses the NUMA nodes that the program's memory comes from.
///
/// mode is MPOL_DEFAULT 0, MPOL_PREFERRED 1, MPOL_BIND 2, MPOL_INTERLEAVE 3, MPOL_LOCAL 4 or one that a newer kernel
/// knows, with MPOL_F_ flags. nodes has n numbers of nodes, counted from 0, none for MPOL_DEFAULT and MPOL_LOCAL. The
/// kernel leaves out nodes that the machine or the cpuset does not have. nodes is copied, and may be NULL if n is 0.
/// The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, nodes is NULL and n is not 0, n is above 1024, or a number is above 1023.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_NUMA_POLICY, EINVAL: there is no such mode, it does not go with the nodes, or there are no such
///   nodes.
/// FORKEXEC_STAGE_NUMA_POLICY, ENOSYS: the kernel is built without NUMA, see FORKEXEC_PROBE_NUMA_POLICY.
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_numa_policy", |attr| attr.limits.set_numa_policy(mode, nodes?))
}

/// Sets the I/O priority of the program.
///
/// io_class is 0 none, 1 real-time, 2 best effort or 3 idle. level is the priority in the class, from 0, the first, to
/// 7; it is 0 for class 0. Real-time needs CAP_SYS_NICE or CAP_SYS_ADMIN. With a new or joined user namespace the
/// caller's side sets it before the child joins anything. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, io_class is above 3, level is above 7, or io_class is 0 and level is not.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_IO_PRIORITY, EPERM: real-time needs CAP_SYS_NICE or CAP_SYS_ADMIN. allow_failure lets this pass.
///
/// See ioprio_set(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_io_priority(attr: *mut forkexec_attr, io_class: u32, level: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_io_priority", |attr| attr.limits.set_io_priority(io_class, level))
}

/// Sets the file mode creation mask of the program.
///
/// Files that open_fd creates get it, too. Without this call the mask is the caller's. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or mask is above 0777.
///
/// See umask(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_umask(attr: *mut forkexec_attr, mask: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_umask", |attr| attr.limits.set_umask(mask))
}

/// Sets the execution domain of the program and its flags.
///
/// persona is as in personality(2), for example ADDR_NO_RANDOMIZE, 0x0040000. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or persona is 0xffffffff, which only asks for the current one.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PERSONALITY, with the errno of personality(2).
///
/// See personality(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_personality(attr: *mut forkexec_attr, persona: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_personality", |attr| attr.limits.set_personality(persona))
}

/// Sets how readily the out-of-memory killer takes the program.
///
/// adjustment is -1000, never, to 1000, first. A value below the lowest that a privileged process has set for the
/// caller needs CAP_SYS_RESOURCE. With a new user namespace the caller's side sets it; a child that joins one sets it
/// before. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or adjustment is not -1000 to 1000.
///
/// A spawn can fail later, unless allow_failure lets it pass, as:
/// FORKEXEC_STAGE_OOM_SCORE, EACCES: the caller may not lower it, or a Landlock domain forbids it, or the caller is not
///   dumpable and the child has a copy of its memory.
/// FORKEXEC_STAGE_OOM_SCORE, EROFS: /proc is read-only.
/// FORKEXEC_STAGE_OOM_SCORE, ENOENT: there is no /proc.
///
/// See proc_pid_oom_score_adj(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_oom_score_adj(attr: *mut forkexec_attr, adjustment: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_oom_score_adj", |attr| attr.limits.set_oom_score_adj(adjustment))
}

/// Sets by how much the kernel may delay the program's timers to group them.
///
/// nanoseconds is the time. 0 is the default, which is that of the calling thread. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_TIMER_SLACK, with the errno of prctl(2). allow_failure lets this pass.
///
/// See PR_SET_TIMERSLACK(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_timer_slack(attr: *mut forkexec_attr, nanoseconds: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_timer_slack", |attr| attr.limits.set_timer_slack(nanoseconds))
}

/// Sets attributes that a process has as single bits.
///
/// flags are FORKEXEC_PROCESS_ bits; 0 sets none. FORKEXEC_PROCESS_NO_THP, _MDWE, _NO_TSC, _OWN_CORE and _KSM hold for
/// threads and children too, and nothing takes MDWE away. With MDWE compilers at run time fail. With NO_TSC loaders and
/// clock_gettime(2) of some C libraries fail, as they read the time stamp counter. With OWN_CORE what the threads of a
/// core have in common tells nothing to other programs. The kernel keeps NO_THP, MDWE and KSM with the memory, so with
/// them the child is never in the caller's. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or flags has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PROCESS_FLAGS, EINVAL: the kernel or the processor does not have it: MDWE needs Linux 6.3, NO_TSC
///   x86, OWN_CORE a kernel with CONFIG_SCHED_CORE, KSM one with CONFIG_KSM.
/// FORKEXEC_STAGE_PROCESS_FLAGS, ENODEV: OWN_CORE was asked for, and no core has several threads.
/// FORKEXEC_STAGE_PROCESS_FLAGS, EOPNOTSUPP: KSM was asked for, and before Linux 6.7 it ends with the exec.
///
/// The error's index is the bit that failed.
///
/// See prctl(2), sched_setscheduler(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_process_flags(attr: *mut forkexec_attr, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_process_flags", |attr| attr.limits.set_process_flags(flags))
}

/// Controls one kind of speculative execution of the program.
///
/// feature is FORKEXEC_SPECULATION_STORE_BYPASS, FORKEXEC_SPECULATION_INDIRECT_BRANCH, FORKEXEC_SPECULATION_L1D_FLUSH
/// or one that a newer kernel knows. control is FORKEXEC_SPECULATE_ENABLE, FORKEXEC_SPECULATE_DISABLE or
/// FORKEXEC_SPECULATE_FORCE_DISABLE, which the program cannot take back. For L1D_FLUSH, ENABLE flushes the cache at
/// each switch to another process. It holds for the program's threads and children too. Repeated calls add features;
/// for the same feature the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, feature is above 255, or control is another.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SPECULATION, ENODEV: the kernel does not know the feature.
/// FORKEXEC_STAGE_SPECULATION, ENXIO, EPERM: the processor, the boot parameters or an earlier FORCE_DISABLE do not let
///   it be changed.
///
/// The error's index is the feature.
///
/// See PR_SET_SPECULATION_CTRL(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_speculation(attr: *mut forkexec_attr, feature: u32, control: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_speculation", |attr| attr.limits.set_speculation(feature, control))
}

/// Chooses which kinds of the program's memory a core dump has.
///
/// kinds has the bits of core(5): 0x1 private anonymous, 0x2 shared anonymous, 0x4 private file, 0x8 shared file, 0x10
/// the first page of programs and libraries, 0x20 and 0x40 huge pages, 0x80 and 0x100 DAX. 0 is none. Execs and
/// children keep it. The kernel keeps it with the memory, so the child is never in the caller's. It is written through
/// the caller's /proc. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or kinds has another bit.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_COREDUMP_FILTER, ENOENT: there is no /proc, or the kernel is built without CONFIG_ELF_CORE.
/// FORKEXEC_STAGE_COREDUMP_FILTER, EROFS: /proc is read-only.
///
/// See core(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_coredump_filter(attr: *mut forkexec_attr, kinds: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_coredump_filter", |attr| attr.limits.set_coredump_filter(kinds))
}

/// Runs the program in the cgroup whose directory fd refers to.
///
/// fd is a descriptor of the caller, borrowed: it must be open, for reading or with O_PATH, during each spawn. The last
/// call of this and of forkexec_attr_set_cgroup wins.
///
/// In a cgroup of version 2 the child is born (clone3(2), CLONE_INTO_CGROUP) if the kernel can do it. Otherwise, and
/// always with version 1, the waiting child is moved there by a write to cgroup.procs, which may take the kernel 10 ms
/// and more.
///
/// Where memory.oom.group is set, the kernel kills all members of a cgroup at once, and all processes that share memory
/// with one of them. So a member never shares the caller's memory if the hierarchy has the memory controller, or if
/// others than the caller and root can freeze the cgroup. The library's own program then makes the child
/// (FORKEXEC_STAGE_CGROUP_BIRTH). If the child is born in a user namespace, or is one of several processes that the
/// spawn makes, it is moved. For a moment limits on processes count two.
///
/// A frozen cgroup, or one below a frozen one, is refused, because the spawn would never return.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_RESOLVE, EBUSY: the cgroup is frozen.
/// FORKEXEC_STAGE_RESOLVE, EINVAL: fd is no directory of a cgroup.
/// FORKEXEC_STAGE_CGROUP, EACCES, EPERM: the caller has no right to it.
/// FORKEXEC_STAGE_CGROUP, EBUSY: it has controllers enabled for its children.
/// FORKEXEC_STAGE_CGROUP, EOPNOTSUPP: it is in or beside a threaded one.
/// FORKEXEC_STAGE_CGROUP, ENOENT, ENODEV: it was removed, or lies outside the cgroup namespace.
/// FORKEXEC_STAGE_CGROUP, ENOSPC: its cpuset has no processors or no memory.
/// FORKEXEC_STAGE_CLONE, EAGAIN: its pids.max is reached.
///
/// See cgroups(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_cgroup_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_cgroup_fd", |attr| attr.cgroup.set_cgroup_fd(fd))
}

/// Gives the program the limit on descriptors from before the caller raised it.
///
/// It is the soft RLIMIT_NOFILE that the process had when the library was loaded. This is for callers whose runtime
/// raises its own, as Go's does. An entry of set_rlimit for RLIMIT_NOFILE takes precedence.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_RESOLVE, EPERM: that limit is not known.
/// FORKEXEC_STAGE_NOFILE, with the errno of prlimit(2).
///
/// See getrlimit(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_restore_nofile(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "restore_nofile", |attr| attr.limits.restore_nofile())
}

/// Does what restore_nofile does, if the limit is still what a runtime made it.
///
/// soft and hard are what a runtime sets RLIMIT_NOFILE to at its start; FORKEXEC_RLIMIT_KEEP in either half matches any
/// value. If the caller's limits at the spawn are others, somebody has set them since, and the program gets the
/// caller's. The last call of this and of restore_nofile wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_RESOLVE, EPERM: the earlier limit is not known.
/// FORKEXEC_STAGE_NOFILE, with the errno of prlimit(2).
///
/// See getrlimit(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_restore_nofile_from(attr: *mut forkexec_attr, soft: u64, hard: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "restore_nofile_from", |attr| attr.limits.restore_nofile_from(soft, hard))
}

/// Lets a spawn go on if a certain stage fails.
///
/// Without this call every failure fails the spawn. stage is one that protects nothing: FORKEXEC_STAGE_NICE,
/// FORKEXEC_STAGE_IO_PRIORITY, FORKEXEC_STAGE_OOM_SCORE, FORKEXEC_STAGE_TIMER_SLACK, FORKEXEC_STAGE_AFFINITY,
/// FORKEXEC_STAGE_HOSTNAME, FORKEXEC_STAGE_DOMAINNAME or FORKEXEC_STAGE_LOOPBACK. It can be
/// FORKEXEC_STAGE_LATE_NAMESPACES: if that fails, the program has neither the cgroup nor the pid namespace that
/// unshare_namespaces asked for. It can be FORKEXEC_STAGE_KEYRING, where only ENOSYS passes, of a kernel without
/// keyrings. Repeated calls add stages.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or stage is another.
/// -ENOMEM: memory is short.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_allow_failure(attr: *mut forkexec_attr, stage: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "allow_failure", |attr| attr.limits.allow_failure(stage))
}
