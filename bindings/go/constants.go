// Code generated from include/forkexec.json by forkexec/internal/generate/make; DO NOT EDIT.

package forkexec

// A Namespace is a set of types of namespaces; namespaces(7).
type Namespace uint32

// The values of Namespace.
const (
	// The cgroup namespace. Equal to CLONE_NEWCGROUP, and the following to the kernel's constants too; namespaces(7).
	NamespaceCgroup Namespace = 33554432
	// The UTS namespace: host name and NIS domain name.
	NamespaceUTS Namespace = 67108864
	// The IPC namespace: System V IPC and POSIX message queues.
	NamespaceIPC Namespace = 134217728
	// The user namespace: user and group ids, and capabilities.
	NamespaceUser Namespace = 268435456
	// The pid namespace: process ids.
	NamespacePID Namespace = 536870912
	// The network namespace: network devices, stacks and ports.
	NamespaceNet Namespace = 1073741824
	// The mount namespace: mount points. The kernel calls it CLONE_NEWNS.
	NamespaceMount Namespace = 131072
	// The time namespace: the boot and monotonic clocks.
	NamespaceTime Namespace = 128
)

// A CapabilitySet names sets of capabilities of a process; capabilities(7).
type CapabilitySet uint32

// The values of CapabilitySet.
const (
	// forkexec_attr_set_capabilities: the permitted set; capabilities(7).
	CapabilityPermitted CapabilitySet = 1
	// The effective set.
	CapabilityEffective CapabilitySet = 2
	// The inheritable set.
	CapabilityInheritable CapabilitySet = 4
	// The bounding set.
	CapabilityBounding CapabilitySet = 8
)

// ProcessFlags are bits of a process; prctl(2).
type ProcessFlags uint32

// The values of ProcessFlags.
const (
	// For forkexec_attr_set_process_flags: no transparent huge pages. PR_SET_THP_DISABLE(2const).
	ProcessNoTHP ProcessFlags = 1
	// Memory that is or was writable never becomes executable; Linux 6.3. PR_SET_MDWE(2const).
	ProcessMDWE ProcessFlags = 2
	// Reading the time stamp counter raises SIGSEGV. PR_SET_TSC(2const).
	ProcessNoTSC ProcessFlags = 4
	// Orphaned descendants become the program's children. PR_SET_CHILD_SUBREAPER(2const).
	ProcessSubreaper ProcessFlags = 8
	// The program's children and threads start without its real-time or deadline policy and its negative nice value. SCHED_RESET_ON_FORK, sched(7).
	ProcessResetOnFork ProcessFlags = 16
	// Only the program and its descendants run at the same time on the threads of a core; Linux 5.14. PR_SCHED_CORE(2const).
	ProcessOwnCore ProcessFlags = 32
	// The kernel may merge its memory with equal memory of others; Linux 6.7. PR_SET_MEMORY_MERGE(2const).
	ProcessKSM ProcessFlags = 64
)

// A Speculation is a way in which a processor runs ahead; prctl(2).
type Speculation uint32

// The values of Speculation.
const (
	// For forkexec_attr_set_speculation: loads ahead of earlier stores to the same place. PR_SPEC_STORE_BYPASS(2const).
	SpeculationStoreBypass Speculation = 0
	// Prediction of indirect jumps, which other programs can train. PR_SPEC_INDIRECT_BRANCH(2const).
	SpeculationIndirectBranch Speculation = 1
	// Flush of the first-level data cache at each switch to another process. PR_SPEC_L1D_FLUSH(2const).
	SpeculationL1DFlush Speculation = 2
)

// Speculate says whether it may; prctl(2).
type Speculate uint32

// The values of Speculate.
const (
	// For forkexec_attr_set_speculation: enables the feature. Equal to PR_SPEC_ENABLE, and the following to the kernel's constants too.
	SpeculateEnable Speculate = 2
	// Disables the feature.
	SpeculateDisable Speculate = 4
	// Disables the feature for ever.
	SpeculateForceDisable Speculate = 8
)

// SeccompFlags are flags of a seccomp filter; seccomp(2).
type SeccompFlags uint32

// The values of SeccompFlags.
const (
	// For forkexec_attr_add_seccomp_filter: installs the filter on all threads, of which the child has one. Equal to SECCOMP_FILTER_FLAG_TSYNC, and the following to the kernel's constants too; seccomp(2).
	SeccompTsync SeccompFlags = 1
	// Logs all actions of the filter except SECCOMP_RET_ALLOW.
	SeccompLog SeccompFlags = 2
	// Does not turn on the mitigation of speculative store bypass.
	SeccompSpecAllow SeccompFlags = 4
	// Lets the caller answer calls that the filter reports: forkexec_child_seccomp_fd. The kernel calls it NEW_LISTENER.
	SeccompListener SeccompFlags = 8
	// With LISTENER: once the listener has received a call, only a fatal signal interrupts it; Linux 5.19. The kernel calls it WAIT_KILLABLE_RECV.
	SeccompKillable SeccompFlags = 32
)

// LandlockFS is a set of accesses to files; landlock(7).
type LandlockFS uint64

// The values of LandlockFS.
const (
	// For forkexec_attr_add_landlock_path: execute a file. Equal to LANDLOCK_ACCESS_FS_EXECUTE, and the following to the kernel's constants too; landlock(7).
	LandlockFSExecute LandlockFS = 1
	// Open a file for writing.
	LandlockFSWriteFile LandlockFS = 2
	// Open a file for reading.
	LandlockFSReadFile LandlockFS = 4
	// List a directory.
	LandlockFSReadDir LandlockFS = 8
	// Remove a directory from a directory.
	LandlockFSRemoveDir LandlockFS = 16
	// Remove a file from a directory.
	LandlockFSRemoveFile LandlockFS = 32
	// Make a character device.
	LandlockFSMakeChar LandlockFS = 64
	// Make a directory.
	LandlockFSMakeDir LandlockFS = 128
	// Make a regular file.
	LandlockFSMakeReg LandlockFS = 256
	// Make a unix socket.
	LandlockFSMakeSock LandlockFS = 512
	// Make a named pipe.
	LandlockFSMakeFifo LandlockFS = 1024
	// Make a block device.
	LandlockFSMakeBlock LandlockFS = 2048
	// Make a symbolic link.
	LandlockFSMakeSym LandlockFS = 4096
	// Link or rename a file into another directory; Linux 5.19. Landlock denies it also where it is not handled.
	LandlockFSRefer LandlockFS = 8192
	// Truncate a file; Linux 6.2.
	LandlockFSTruncate LandlockFS = 16384
	// Call ioctl(2) for a device; Linux 6.10.
	LandlockFSIoctlDev LandlockFS = 32768
	// Connect, or send, by its path to a unix socket that was not made in the same sandbox; Linux 7.1.
	LandlockFSResolveUnix LandlockFS = 65536
)

// LandlockNet is a set of accesses to TCP ports; landlock(7).
type LandlockNet uint64

// The values of LandlockNet.
const (
	// For forkexec_attr_add_landlock_port: bind a TCP socket to the port; Linux 6.7. Equal to LANDLOCK_ACCESS_NET_BIND_TCP.
	LandlockNetBindTCP LandlockNet = 1
	// Connect a TCP socket to the port; Linux 6.7.
	LandlockNetConnectTCP LandlockNet = 2
	// Bind a UDP socket to the port; Linux 7.2.
	LandlockNetBindUdp LandlockNet = 4
	// Connect a UDP socket to the port, or send to it; Linux 7.2.
	LandlockNetConnectSendUdp LandlockNet = 8
)

// LandlockFlags are flags with which Landlock is put on; landlock_restrict_self(2).
type LandlockFlags uint32

// The values of LandlockFlags.
const (
	// For forkexec_attr_set_landlock_flags: does not log denials before the program runs; Linux 6.15. Equal to LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF, and the following to the kernel's constants too; landlock_restrict_self(2).
	LandlockFlagLogSameExecOff LandlockFlags = 1
	// Logs what is denied to the program and to programs that it runs; Linux 6.15.
	LandlockFlagLogNewExecOn LandlockFlags = 2
	// Does not log denials by rulesets of the program and its descendants; Linux 6.15.
	LandlockFlagLogSubdomainsOff LandlockFlags = 4
	// Restricts all threads, of which the child has one; Linux 7.0.
	LandlockFlagTsync LandlockFlags = 8
)

// A LandlockScope is what the program cannot reach outside its sandbox; landlock(7).
type LandlockScope uint64

// The values of LandlockScope.
const (
	// For forkexec_attr_set_landlock_scopes: no connections to abstract unix sockets outside; Linux 6.12. Equal to LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET.
	LandlockScopeAbstractUnixSocket LandlockScope = 1
	// No signals to processes outside; Linux 6.12.
	LandlockScopeSignal LandlockScope = 2
)

// DeathOf says whose death the program is told of.
type DeathOf uint32

// The values of DeathOf.
const (
	// For forkexec_attr_set_parent_death_signal: the thread that made the child ends, as the kernel has it.
	DeathOfThread DeathOf = 1
	// The process that made the child ends.
	DeathOfProcess DeathOf = 2
)

// CwdRights says with whose rights the working directory is entered.
type CwdRights uint32

// The values of CwdRights.
const (
	// For forkexec_attr_set_cwd_rights: those of the program, after its ids and capabilities are set. The default.
	CwdRightsProgram CwdRights = 0
	// Those of the caller, before that.
	CwdRightsCaller CwdRights = 1
	// Those of the caller and, if they are refused, those of the program, as runc and crun do.
	CwdRightsEither CwdRights = 2
)

// A MemoryMode says whose memory the child runs in until it is the program.
type MemoryMode uint32

// The values of MemoryMode.
const (
	// For forkexec_attr_set_memory_mode: the caller's memory where that is safe, else FRESH, else COPIED where that is safe. The default.
	MemoryAuto MemoryMode = 0
	// The memory of the library's own small program, which the child executes first.
	MemoryFresh MemoryMode = 1
	// A copy of the caller's memory, as fork(2) makes it; slow if the caller is large.
	MemoryCopied MemoryMode = 2
)

// MountFlags are flags of the library's own mounts.
type MountFlags uint32

// The values of MountFlags.
const (
	// For forkexec_attr_bind_mount and others: nothing can be written. The first four are mount(2)'s.
	MountReadonly MountFlags = 1
	// Programs get no ids or capabilities from files.
	MountNosuid MountFlags = 2
	// Device nodes cannot be opened.
	MountNodev MountFlags = 4
	// No file can be executed.
	MountNoexec MountFlags = 8
	// Mounts below the source do not appear.
	MountNonrecursive MountFlags = 16
	// A target that does not exist is made, with directories that are missing above it: a directory with mode 0755, or for a file a file with mode 0444.
	MountCreate MountFlags = 32
	// Symbolic links in the target are followed, inside the root. With CREATE what they lead to is made.
	MountFollow MountFlags = 64
	// A bind whose source does not exist (ENOENT) is left out. Other errors fail the spawn.
	MountOptional MountFlags = 128
	// For forkexec_attr_mount_overlay: what is written goes to memory and ends with the mount.
	MountInMemory MountFlags = 256
	// For forkexec_attr_mount_proc: files that change the kernel become read-only, if they exist: bus, fs, irq, sys and sysrq-trigger.
	MountKernelReadonly MountFlags = 512
	// For forkexec_attr_mount_proc: files that show the kernel, its hardware, or keys and activity of others are hidden as by mask_path, if they exist: acpi, asound, interrupts, kcore, keys, latency_stats, sched_debug, scsi, timer_list and timer_stats.
	MountKernelHidden MountFlags = 1024
)

// RootFlags are flags of a root directory.
type RootFlags uint32

// The values of RootFlags.
const (
	// For forkexec_attr_set_root: the root becomes read-only in the end, what is mounted below it before anything is made there.
	RootReadonly RootFlags = 1
	// Programs get no ids or capabilities from files in the root and what is mounted below it.
	RootNosuid RootFlags = 2
	// Device nodes in the root and what is mounted below it cannot be opened.
	RootNodev RootFlags = 4
	// No file in the root and what is mounted below it can be executed.
	RootNoexec RootFlags = 8
)

// StatusFields says which fields of a Status are filled.
type StatusFields uint32

// The values of StatusFields.
const (
	// For status.valid: wait_status, exit_code, signal and core_dumped are filled.
	StatusExit StatusFields = 1
	// ran is filled.
	StatusRan StatusFields = 2
	// The times, faults, blocks, switches and max_rss_bytes are filled.
	StatusUsage StatusFields = 4
	// memory_peak_bytes is filled.
	StatusMemoryPeak StatusFields = 8
	// out_of_memory and oom_kills are filled: the child had a cgroup that counts memory, and it still exists.
	StatusOutOfMemory StatusFields = 16
	// max_rss_bytes has no memory of the caller's in it: see forkexec_attr_measure_memory.
	StatusOwnMemory StatusFields = 32
	// The child has stopped and not ended: wait_status and stop_signal are filled.
	StatusStopped StatusFields = 64
	// The child has been continued and not ended: wait_status is filled.
	StatusContinued StatusFields = 128
	// The program has ended, and its init goes on until the last process in its namespace ends. The child can be waited for again.
	StatusLingers StatusFields = 256
)

// Ran says whether the program ran.
type Ran uint32

// The values of Ran.
const (
	// For status.ran: the child ended before it was the program.
	RanNo Ran = 0
	// The child ended as the program.
	RanYes Ran = 1
	// A signal ended the child at its exec or later, and the library cannot tell which. Somebody else has reaped the child, or /proc does not show it: there is none, no descriptor is left to look there, or a filter kept the library's image from naming itself (PR_SET_NAME). Or an init was killed before it could tell.
	RanUnknown Ran = 2
)

// Ended says why a child ended, in one word.
type Ended uint32

// The values of Ended.
const (
	// For status.ended: the child exited.
	EndedExit Ended = 1
	// A signal ended it.
	EndedSignal Ended = 2
	// A signal ended it that the kernel sends at a limit: SIGXCPU for processor time, SIGXFSZ for the size of files. Above the hard limit of processor time the kernel sends SIGKILL, which others send too: that is SIGNAL.
	EndedLimit Ended = 3
	// It ran out of memory: status.out_of_memory is 1.
	EndedMemory Ended = 4
)

// A Feature is what a host may have; see Probe.
type Feature uint32

// The values of Feature.
const (
	// For forkexec_probe: clone3(2).
	FeatureClone3 Feature = 1
	// close_range(2).
	FeatureCloseRange Feature = 2
	// pidfd_open(2).
	FeaturePidfd Feature = 3
	// Children can share the caller's memory.
	FeatureSharedMemory Feature = 4
	// Children can execute the library's own small program: FRESH.
	FeatureImage Feature = 5
	// User namespaces with the caller's own ids mapped.
	FeatureUserNamespace Feature = 6
	// Children can be born in a cgroup.
	FeatureBirthInCgroup Feature = 7
	// Time namespaces can be made and entered, perhaps in a new user namespace: a holder of one is tried.
	FeatureTimeNamespace Feature = 8
	// Seccomp filters: seccomp(2).
	FeatureSeccomp Feature = 9
	// Landlock, with sixteen accesses to files, TCP ports and scopes.
	FeatureLandlock Feature = 10
	// LISTENER.
	FeatureSeccompListener Feature = 11
	// The caller may make cgroups in its own, with the controllers memory, pids and cpu: forkexec_cgroup_create.
	FeatureOwnCgroup Feature = 12
	// OWN_CORE.
	FeatureOwnCore Feature = 13
	// forkexec_attr_set_utilization.
	FeatureUtilization Feature = 14
	// forkexec_attr_set_numa_policy.
	FeatureNUMAPolicy Feature = 15
	// KSM.
	FeatureKSM Feature = 16
	// FS_RESOLVE_UNIX.
	FeatureLandlockUnix Feature = 17
	// NET_BIND_UDP and NET_CONNECT_SEND_UDP.
	FeatureLandlockUdp Feature = 18
	// The caller may open /dev/net/tun: forkexec_attr_open_tun.
	FeatureTun Feature = 19
	// A prepared root is cloned (Linux 6.15); elsewhere each spawn builds it: forkexec_root_new.
	FeaturePreparedRoot Feature = 20
	// Overlays in a new user namespace (Linux 5.11): forkexec_attr_mount_overlay.
	FeatureOverlay Feature = 21
)

// A Stage is a step of a spawn: where it failed.
type Stage uint32

// The values of Stage.
const (
	// No stage: nothing failed, or the error is not about a step.
	StageNone Stage = 0
	// The request is checked: setters that contradict each other, refused setters, descriptors that are not open.
	StageValidate Stage = 10
	// What the request names is looked up: limits, capabilities, the cgroup. getrlimit(2), capget(2), statfs(2).
	StageResolve Stage = 20
	// Memory for the plan, for the child's stack and for its image is mapped. mmap(2), memfd_create(2).
	StageMemory Stage = 30
	// The close-on-exec descriptors between caller and child are made, among them the page in which the child reports, if the child has made it. pipe(2), eventfd(2), memfd_create(2), pidfd_open(2), pidfd_getfd(2); for a child that sends descriptors socketpair(2), recvmsg(2).
	StagePipe Stage = 40
	// The child is made. clone(2).
	StageClone Stage = 50
	// The child is moved to its cgroup; or the cgroup has refused a child that was to be born in it. cgroups(7), clone(2).
	StageCgroup Stage = 60
	// The user and group ids of the waiting child are mapped. user_namespaces(7).
	StageIDMap Stage = 70
	// The child was killed, or died, while it was set up, before it could say where.
	StageChild Stage = 90
	// The child gets its own descriptor table. Before this it may not change any descriptor. close_range(2).
	StageFDTable Stage = 100
	// Descriptors that the plan does not need are closed, so that no child holds the pipe of another. close_range(2).
	StageFDUnneeded Stage = 110
	// The capabilities are made to survive the change to the image. capabilities(7).
	StageCarry Stage = 115
	// The child executes the library's own small program, and so leaves the caller's memory. The files of that program, and of the page in which the child reports, belong to this stage. execveat(2), memfd_create(2).
	StageImage Stage = 120
	// Descriptors that had to survive the change to the image become close-on-exec again. F_SETFD(2const).
	StageFDFlags Stage = 125
	// The score for the out-of-memory killer is set. This comes before the ids: a change of ids loses the right to write it. proc_pid_oom_score_adj(5).
	StageOOMScore Stage = 130
	// The kinds of memory that a core dump has are set. The kernel keeps them with the memory, so this comes after the child has its own. core(5).
	StageCoredumpFilter Stage = 135
	// The capability sets are set back to what they were before the change to the image. capabilities(7).
	StageCredentials Stage = 200
	// The library's own small program makes a second process, which goes on. It is born in the cgroup, where a member that shares the caller's memory would endanger the caller, or has a peak of memory of its own. If the cgroup, a namespace or a limit refuses it, the error names the stage clone. clone(2).
	StageCgroupBirth Stage = 205
	// The child waits for what the caller does for it: id maps, the cgroup, limits that need privileges. poll(2).
	StageWait Stage = 210
	// The file for the clocks of a new time namespace is opened, while /proc is still the caller's. time_namespaces(7).
	StageTimeFile Stage = 215
	// The child becomes non-dumpable: from here on no process may look into it, whatever user it becomes. PR_SET_DUMPABLE(2const).
	StageNondumpable Stage = 220
	// The caller's /proc is opened; labels are written through it later. openat(2).
	StageProcfs Stage = 225
	// Namespaces are joined: first those that need the caller's privileges, then the user namespace, then those that need the privileges there. setns(2).
	StageJoin Stage = 230
	// The child becomes the user that is to own the user namespace. This comes after the joins, which need privileges. setresuid(2).
	StageNamespaceOwner Stage = 235
	// The child makes its own user namespace, because it has joined others or because another user is to own it. unshare(2).
	StageUnshareUser Stage = 240
	// The child waits until that user namespace has its maps. poll(2).
	StageWaitMaps Stage = 245
	// The child enters the new namespaces in which it was not born. unshare(2).
	StageUnshare Stage = 250
	// The clocks of the new time namespace are set while it has no process; then the child enters it. time_namespaces(7), setns(2).
	StageTimeOffsets Stage = 252
	// A second process goes on, as pid 1 of a pid namespace that the child has entered. clone(2).
	StageFirstProcess Stage = 255
	// The child enters a cgroup namespace. This comes after it entered the cgroup, so that this cgroup is the root there. cgroup_namespaces(7).
	StageCgroupNamespace Stage = 260
	// The child gives up the controlling terminal. TIOCNOTTY(2const).
	StageDetachTerminal Stage = 300
	// The child starts a new session. setsid(2).
	StageSession Stage = 310
	// The child joins the process group. setpgid(2).
	StageProcessGroup Stage = 320
	// The child takes the controlling terminal. This needs the new session. TIOCSCTTY(2const).
	StageControllingTerminal Stage = 330
	// The process group becomes the foreground group. This needs the group and the terminal; without the terminal it is ENOTTY. tcsetpgrp(3).
	StageForeground Stage = 340
	// The host name is set, in the new UTS namespace. sethostname(2).
	StageHostname Stage = 410
	// The NIS domain name is set, in the new UTS namespace. setdomainname(2).
	StageDomainname Stage = 420
	// The loopback interface is brought up, in the new network namespace. netdevice(7).
	StageLoopback Stage = 430
	// The network device for the caller is made, in the new network namespace and while the caller's mounts are still there. netdevice(7).
	StageTun Stage = 435
	// Mounts stop propagating to the caller. This comes before any mount or change of root. mount_namespaces(7).
	StagePropagation Stage = 440
	// It is tried whether this kernel clones a tree of mounts that is in no mount namespace, before a root is built to be cloned. open_tree(2), fsmount(2), move_mount(2).
	StageRootTree Stage = 443
	// The new root is mounted over the old one. Mounts are brought in from the old root, which the new one covers in the end. mount(2), mount_setattr(2).
	StageRoot Stage = 445
	// A mount of add_mount is made. The items of the list of mounts share one index and are done in call order, whatever their stages are. mount(2).
	StageMount Stage = 451
	// A file or directory of the caller's appears at its place in the root. open_tree(2), move_mount(2), mount_setattr(2), mount(2).
	StageBind Stage = 452
	// An empty file system in memory is mounted. tmpfs(5).
	StageTmpfs Stage = 453
	// A proc file system of the child's pid namespace is mounted. proc(5).
	StageProc Stage = 454
	// A small /dev is mounted, with a devpts of its own. devpts(5), mount(2).
	StageDev Stage = 455
	// A directory is made, with those above it that are missing. mkdir(2).
	StageDirectory Stage = 456
	// A symbolic link is made. symlink(2).
	StageSymlink Stage = 457
	// A file is made and filled. open(2), write(2).
	StageFile Stage = 458
	// A path is hidden by a mount over it. mount(2).
	StageMask Stage = 459
	// A path becomes read-only, with all that is mounted below. mount_setattr(2), mount(2).
	StageReadonly Stage = 460
	// Directories of the caller's are mounted as one, laid over each other. What is written goes to one of them, or to memory. mount(2).
	StageOverlay Stage = 461
	// A mount gets additional flags. mount(2).
	StageRemount Stage = 462
	// A file or directory gets another mode. chmod(2).
	StageMode Stage = 463
	// The new root replaces the old one, which is detached. This comes after the last mount, whose source was in the old root. pivot_root(2).
	StagePivotRoot Stage = 470
	// The root becomes read-only. This comes after everything that is made in it. mount(2).
	StageRootReadonly Stage = 480
	// A root that is prepared is copied to a tree of mounts that is in no mount namespace, for later spawns to clone. open_tree(2), fsmount(2), move_mount(2).
	StageRootCopy Stage = 485
	// The child enters its root directory, and its working directory moves inside. This comes before the ids change, as it needs a privilege. chroot(2).
	StageChroot Stage = 490
	// The new pseudoterminal is made. This needs the final root, whose devpts it belongs to. pty(7).
	StageTerminal Stage = 495
	// The child enters a second user namespace, which has the ids that were asked for. In the first it had to be id 0, which devpts(5) needs. unshare(2), user_namespaces(7).
	StageInnerUserNamespace Stage = 497
	// The child joins a second user namespace, below the one in which the mounts were made. From here on it has privileges in the second alone. setns(2), user_namespaces(7).
	StageSecondUserNamespace Stage = 498
	// Resource limits are set, except the one on descriptors, of which the child still needs some. prlimit(2).
	StageRlimit Stage = 500
	// The processors to run on are set. sched_setaffinity(2).
	StageAffinity Stage = 510
	// The nodes that memory comes from are set. set_mempolicy(2).
	StageNUMAPolicy Stage = 515
	// The nice value is set. setpriority(2).
	StageNice Stage = 520
	// The scheduling policy is set. This comes after the nice value, which some policies ignore. sched_setscheduler(2).
	StageScheduler Stage = 530
	// The expected utilization is set. sched_setattr(2).
	StageUtilization Stage = 535
	// The I/O priority is set. ioprio_set(2).
	StageIOPriority Stage = 540
	// The slack of timers is set. PR_SET_TIMERSLACK(2const).
	StageTimerSlack Stage = 550
	// The execution domain and its flags are set. personality(2).
	StagePersonality Stage = 560
	// The file mode creation mask is set. This comes after everything that the library itself makes. umask(2).
	StageUmask Stage = 570
	// A socket for the caller is made and bound. This needs the final network namespace, the final root and the umask. bind(2), listen(2).
	StageListen Stage = 574
	// The child sends the caller the descriptors that it has made for it. This comes before a held child waits, as the caller may need them then. unix(7).
	StageHandOver Stage = 576
	// A held child waits here until it is released. Its surroundings are complete, and its privileges are still those of the caller. poll(2).
	StageHold Stage = 580
	// The child enters the namespaces that were asked for after the hold. unshare(2).
	StageLateNamespaces Stage = 590
	// A second process goes on, in the pid namespace that was entered. It is made here if filters without no_new_privs follow. clone(2).
	StageSecondClone Stage = 595
	// The working directory is entered with the caller's rights, before anything takes them away. chdir(2).
	StageCwdBeforeIds Stage = 600
	// The label for the program is written, by the process that becomes the program. This comes early, as the file by which it is written gives access to much. proc_pid_attr(5).
	StageExecLabel Stage = 602
	// The AppArmor profile for the program is written, beside the label of another module. proc_pid_attr(5).
	StageApparmorProfile Stage = 603
	// The SELinux label for the session keyring is written, before the keyring is made. proc_pid_attr(5).
	StageKeyringLabel Stage = 604
	// The session keyring is joined or made. This comes before the ids change: the new ids may have no access to one of that name. keyctl(2).
	StageKeyring Stage = 605
	// The permissions of the session keyring are set, while it belongs to the child. keyctl(2).
	StageKeyringPermissions Stage = 606
	// The bounding set is reduced, while CAP_SETPCAP is still there. capabilities(7).
	StageBounding Stage = 610
	// The capabilities are made to survive the change of ids. PR_SET_KEEPCAPS(2const).
	StageKeepCaps Stage = 620
	// Seccomp filters without no_new_privs are installed, while CAP_SYS_ADMIN is there. They have to allow what follows. seccomp(2).
	StagePrivilegedSeccomp Stage = 630
	// The supplementary groups are set, before a change of ids forbids it. setgroups(2).
	StageGroups Stage = 640
	// The group id is set, before a change of the user id forbids it. setresgid(2).
	StageGID Stage = 645
	// The user id is set. setresuid(2).
	StageUID Stage = 650
	// The kept capabilities become effective again, as the change of the user id has cleared them. capset(2).
	StageEffective Stage = 655
	// The securebits are set, before CAP_SETPCAP goes. PR_SET_SECUREBITS(2const).
	StageSecurebits Stage = 660
	// The ambient set is set. Its capabilities have to be in the permitted and inheritable sets. PR_CAP_AMBIENT(2const).
	StageAmbient Stage = 670
	// The final permitted, effective and inheritable sets are set. Nothing after this needs a privilege. capset(2).
	StageCapabilities Stage = 680
	// The working directory is entered with the program's ids and capabilities, unless it was entered before. chdir(2).
	StageCwd Stage = 690
	// The working directory has to lie inside the root. getcwd(2).
	StageCwdCheck Stage = 695
	// A second process goes on, in the pid namespace that was entered. This comes late, so that processes in there see no more rights than the program's. clone(2).
	StageLastClone Stage = 697
	// The library's own descriptors move away from numbers that the program is to have. F_DUPFD_CLOEXEC(2const).
	StageFDInternal Stage = 700
	// The mapped descriptors move to their numbers, all at once. dup(2).
	StageFDMap Stage = 710
	// The new terminal becomes the controlling terminal and the standard streams, in the process that becomes the program or its init. TIOCSCTTY(2const), dup(2).
	StageStreams Stage = 715
	// The actions on descriptors are done in call order. open(2), dup(2), close(2), chdir(2).
	StageFDAction Stage = 720
	// The Landlock rules are made. Their paths are looked up in the final root, with the program's ids. landlock_add_rule(2).
	StageLandlockRule Stage = 730
	// The signal for the parent's death is set, and it is checked that the parent has not died meanwhile. This comes after the ids, whose change clears it. PR_SET_PDEATHSIG(2const).
	StageParentDeath Stage = 740
	// The program is forked from the init, which stays pid 1. This comes before the steps that are for the program alone. fork(2).
	StageInit Stage = 745
	// The process flags are set, in the process that becomes the program. prctl(2).
	StageProcessFlags Stage = 747
	// Speculative execution is controlled, in the process that becomes the program. PR_SET_SPECULATION_CTRL(2const).
	StageSpeculation Stage = 748
	// no_new_privs is set. PR_SET_NO_NEW_PRIVS(2const).
	StageNoNewPrivs Stage = 750
	// Landlock restricts the child. It needs no_new_privs, and comes after the last path is opened. landlock_restrict_self(2).
	StageLandlock Stage = 755
	// Descriptors that were needed until here are closed. Close-on-exec would be too late: an exec wakes the caller before it closes them. close(2).
	StageFDClose Stage = 760
	// The limit on descriptors is set, after the last descriptor has moved. prlimit(2).
	StageNofile Stage = 770
	// The child becomes a tracee of the thread that started it. ptrace(2).
	StageTrace Stage = 780
	// The child stops itself. signal(7).
	StageStop Stage = 785
	// Signals are set to their default action or ignored. sigaction(2).
	StageSignalActions Stage = 790
	// A filter denies user namespaces, and the child tries whether it does. This comes before filters that may forbid to try. seccomp(2).
	StageUserNamespaces Stage = 791
	// Seccomp filters are installed. This comes so late that they need to allow little more than the exec. seccomp(2).
	StageSeccomp Stage = 792
	// The signal mask is set, unless it was set before a filter that may refuse it. Pending signals act here. sigprocmask(2).
	StageSignalMask Stage = 795
	// The program is executed. execve(2).
	StageExec Stage = 799
)

var stageNames = map[Stage]string{
	0:   "none",
	10:  "validate",
	20:  "resolve",
	30:  "memory",
	40:  "pipe",
	50:  "clone",
	60:  "cgroup",
	70:  "id map",
	90:  "child",
	100: "fd table",
	110: "unneeded fds",
	115: "carry capabilities",
	120: "image",
	125: "fd flags",
	130: "oom_score_adj",
	135: "coredump filter",
	200: "credentials",
	205: "cgroup birth",
	210: "wait",
	215: "time file",
	220: "nondumpable",
	225: "procfs",
	230: "join",
	235: "namespace owner",
	240: "unshare user namespace",
	245: "wait for maps",
	250: "unshare",
	252: "time offsets",
	255: "first process",
	260: "cgroup namespace",
	300: "detach terminal",
	310: "session",
	320: "process group",
	330: "controlling terminal",
	340: "foreground",
	410: "hostname",
	420: "domainname",
	430: "loopback",
	435: "tun",
	440: "mount propagation",
	443: "root tree",
	445: "root",
	451: "mount",
	452: "bind",
	453: "tmpfs",
	454: "proc",
	455: "dev",
	456: "directory",
	457: "symlink",
	458: "file",
	459: "mask",
	460: "read-only path",
	461: "overlay",
	462: "remount",
	463: "mode",
	470: "pivot_root",
	480: "read-only root",
	485: "root copy",
	490: "chroot",
	495: "terminal",
	497: "inner user namespace",
	498: "second user namespace",
	500: "rlimit",
	510: "affinity",
	515: "numa policy",
	520: "nice",
	530: "scheduler",
	535: "utilization",
	540: "io priority",
	550: "timer slack",
	560: "personality",
	570: "umask",
	574: "listen",
	576: "hand over",
	580: "hold",
	590: "late namespaces",
	595: "second clone",
	600: "cwd before ids",
	602: "exec label",
	603: "apparmor profile",
	604: "keyring label",
	605: "keyring",
	606: "keyring permissions",
	610: "bounding set",
	620: "keep capabilities",
	630: "privileged seccomp",
	640: "groups",
	645: "gid",
	650: "uid",
	655: "effective set",
	660: "securebits",
	670: "ambient set",
	680: "capabilities",
	690: "cwd",
	695: "cwd check",
	697: "last clone",
	700: "internal fds",
	710: "fd map",
	715: "standard streams",
	720: "fd action",
	730: "landlock rule",
	740: "parent death",
	745: "init",
	747: "process flags",
	748: "speculation",
	750: "no_new_privs",
	755: "landlock",
	760: "fd close",
	770: "nofile",
	780: "trace",
	785: "stop",
	790: "signal actions",
	791: "user namespaces",
	792: "seccomp",
	795: "signal mask",
	799: "exec",
}
