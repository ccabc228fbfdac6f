// Code generated from include/forkexec.json by forkexec/internal/generate/make; DO NOT EDIT.

package forkexec

// A Namespace is a set of types of namespaces; namespaces(7).
type Namespace uint32

// The values of Namespace.
const (
	// The cgroup namespace. Equal to CLONE_NEWCGROUP, as the following are to theirs; namespaces(7).
	NamespaceCgroup Namespace = 33554432
	// Host name and NIS domain name.
	NamespaceUTS Namespace = 67108864
	// System V IPC and POSIX message queues.
	NamespaceIPC Namespace = 134217728
	// User and group ids, and capabilities.
	NamespaceUser Namespace = 268435456
	// Process ids.
	NamespacePID Namespace = 536870912
	// Network devices, stacks and ports.
	NamespaceNet Namespace = 1073741824
	// Mount points. The kernel's own name for it is CLONE_NEWNS.
	NamespaceMount Namespace = 131072
	// The boot and monotonic clocks.
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
	// forkexec_attr_set_process_flags: no transparent huge pages. PR_SET_THP_DISABLE(2const).
	ProcessNoTHP ProcessFlags = 1
	// Memory that is or was writable never becomes executable; Linux 6.3. PR_SET_MDWE(2const).
	ProcessMDWE ProcessFlags = 2
	// Reading the time stamp counter is SIGSEGV. PR_SET_TSC(2const).
	ProcessNoTSC ProcessFlags = 4
	// Orphaned descendants become the program's children. PR_SET_CHILD_SUBREAPER(2const).
	ProcessSubreaper ProcessFlags = 8
	// The program's children and threads begin without its real-time or deadline policy and its negative nice value. SCHED_RESET_ON_FORK, sched(7).
	ProcessResetOnFork ProcessFlags = 16
	// The threads of a core run nothing else together with the program and its descendants; Linux 5.14. PR_SCHED_CORE(2const).
	ProcessOwnCore ProcessFlags = 32
	// Its memory may be merged with equal memory of others; Linux 6.7. PR_SET_MEMORY_MERGE(2const).
	ProcessKSM ProcessFlags = 64
)

// A Speculation is a way in which a processor runs ahead; prctl(2).
type Speculation uint32

// The values of Speculation.
const (
	// forkexec_attr_set_speculation: a load before an earlier store to the same place. PR_SPEC_STORE_BYPASS(2const).
	SpeculationStoreBypass Speculation = 0
	// Jumps whose target others have taught the processor. PR_SPEC_INDIRECT_BRANCH(2const).
	SpeculationIndirectBranch Speculation = 1
	// The first cache is flushed at a switch to another process. PR_SPEC_L1D_FLUSH(2const).
	SpeculationL1DFlush Speculation = 2
)

// Speculate says whether it may; prctl(2).
type Speculate uint32

// The values of Speculate.
const (
	// It may. Equal to PR_SPEC_ENABLE, as the following are to theirs.
	SpeculateEnable Speculate = 2
	// It may not.
	SpeculateDisable Speculate = 4
	// It may not, for ever.
	SpeculateForceDisable Speculate = 8
)

// SeccompFlags are flags of a seccomp filter; seccomp(2).
type SeccompFlags uint32

// The values of SeccompFlags.
const (
	// forkexec_attr_add_seccomp_filter: put it on all threads, of which the child has one. Equal to SECCOMP_FILTER_FLAG_TSYNC, as the following are to theirs; seccomp(2).
	SeccompTsync SeccompFlags = 1
	// Log what the filter does, but for what it allows.
	SeccompLog SeccompFlags = 2
	// Leave the mitigation of speculative store bypass off.
	SeccompSpecAllow SeccompFlags = 4
	// Let the caller answer for what the filter asks about: forkexec_child_seccomp_fd. The kernel calls it NEW_LISTENER.
	SeccompListener SeccompFlags = 8
	// With LISTENER: once the listener has received a call, only a signal that kills interrupts it; Linux 5.19. The kernel calls it WAIT_KILLABLE_RECV.
	SeccompKillable SeccompFlags = 32
)

// LandlockFS is a set of accesses to files; landlock(7).
type LandlockFS uint64

// The values of LandlockFS.
const (
	// forkexec_attr_add_landlock_path: execute a file. Equal to LANDLOCK_ACCESS_FS_EXECUTE, as the following are to theirs; landlock(7).
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
	// Link or rename a file into another directory; Linux 5.19. What is not granted is denied also where it is not handled.
	LandlockFSRefer LandlockFS = 8192
	// Truncate a file; Linux 6.2.
	LandlockFSTruncate LandlockFS = 16384
	// Ioctl(2) of a device; Linux 6.10.
	LandlockFSIoctlDev LandlockFS = 32768
	// connect(2), or send to, a UNIX socket by its path that was not made in the same sandbox; Linux 7.1.
	LandlockFSResolveUnix LandlockFS = 65536
)

// LandlockNet is a set of accesses to TCP ports; landlock(7).
type LandlockNet uint64

// The values of LandlockNet.
const (
	// forkexec_attr_add_landlock_port: bind(2) a TCP socket to it; Linux 6.7. Equal to LANDLOCK_ACCESS_NET_BIND_TCP.
	LandlockNetBindTCP LandlockNet = 1
	// connect(2) a TCP socket to it; Linux 6.7.
	LandlockNetConnectTCP LandlockNet = 2
	// bind(2) a UDP socket to it; Linux 7.2.
	LandlockNetBindUdp LandlockNet = 4
	// connect(2) a UDP socket to it, or send to it; Linux 7.2.
	LandlockNetConnectSendUdp LandlockNet = 8
)

// LandlockFlags are flags with which Landlock is put on; landlock_restrict_self(2).
type LandlockFlags uint32

// The values of LandlockFlags.
const (
	// forkexec_attr_set_landlock_flags: log nothing that is denied to who puts it on, before the program runs; Linux 6.15. Equal to LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF, as the following are to theirs; landlock_restrict_self(2).
	LandlockFlagLogSameExecOff LandlockFlags = 1
	// Log what is denied to the program and to programs that it runs; Linux 6.15.
	LandlockFlagLogNewExecOn LandlockFlags = 2
	// Log nothing that is denied by what the program and its descendants put on themselves; Linux 6.15.
	LandlockFlagLogSubdomainsOff LandlockFlags = 4
	// On all threads, of which the child has one; Linux 7.0.
	LandlockFlagTsync LandlockFlags = 8
)

// A LandlockScope is what the program cannot reach outside its sandbox; landlock(7).
type LandlockScope uint64

// The values of LandlockScope.
const (
	// forkexec_attr_set_landlock_scopes: no abstract unix sockets of others; Linux 6.12. Equal to LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET.
	LandlockScopeAbstractUnixSocket LandlockScope = 1
	// No signals to others; Linux 6.12.
	LandlockScopeSignal LandlockScope = 2
)

// DeathOf says whose death the program is told of.
type DeathOf uint32

// The values of DeathOf.
const (
	// forkexec_attr_set_parent_death_signal: when the thread that made the child ends, as the kernel does it.
	DeathOfThread DeathOf = 1
	// When the process that made the child ends.
	DeathOfProcess DeathOf = 2
)

// CwdRights says with whose rights the working directory is entered.
type CwdRights uint32

// The values of CwdRights.
const (
	// forkexec_attr_set_cwd_rights: those of the program, after its ids and capabilities were set. The default.
	CwdRightsProgram CwdRights = 0
	// Those of the caller, before.
	CwdRightsCaller CwdRights = 1
	// Those of the caller, and where these are refused, those of the program: runc's and crun's rule.
	CwdRightsEither CwdRights = 2
)

// A MemoryMode says whose memory the child runs in until it is the program.
type MemoryMode uint32

// The values of MemoryMode.
const (
	// forkexec_attr_set_memory_mode: the caller's memory where that is safe, else FRESH, else COPIED where that is. The default.
	MemoryAuto MemoryMode = 0
	// The library's own small program, which then becomes the program.
	MemoryFresh MemoryMode = 1
	// A copy of the caller's memory, as fork(2) makes it; slow where the caller is large.
	MemoryCopied MemoryMode = 2
)

// MountFlags are flags of the library's own mounts.
type MountFlags uint32

// The values of MountFlags.
const (
	// forkexec_attr_bind_mount and its kin: nothing can be written. The first four are mount(2)'s.
	MountReadonly MountFlags = 1
	// Programs get no ids and capabilities from files.
	MountNosuid MountFlags = 2
	// Device nodes are none.
	MountNodev MountFlags = 4
	// Nothing can be executed.
	MountNoexec MountFlags = 8
	// What is mounted below the source stays away.
	MountNonrecursive MountFlags = 16
	// A target that is missing is made, with what leads to it: a directory, mode 0755, or for a file a file, mode 0444.
	MountCreate MountFlags = 32
	// Symbolic links in the target are followed, inside the root. With CREATE what they lead to is made there.
	MountFollow MountFlags = 64
	// A bind whose source does not exist (ENOENT) is left out. Every other error stays one.
	MountOptional MountFlags = 128
	// forkexec_attr_mount_overlay: what is written goes to memory, and with the mount.
	MountInMemory MountFlags = 256
	// forkexec_attr_mount_proc: what changes the kernel and not a process is read-only, where it exists: bus, fs, irq, sys and sysrq-trigger.
	MountKernelReadonly MountFlags = 512
	// forkexec_attr_mount_proc: what tells of the kernel, its hardware or the keys and doings of others is hidden as by mask_path, where it exists: acpi, asound, interrupts, kcore, keys, latency_stats, sched_debug, scsi, timer_list and timer_stats.
	MountKernelHidden MountFlags = 1024
)

// RootFlags are flags of a root directory.
type RootFlags uint32

// The values of RootFlags.
const (
	// forkexec_attr_set_root: the root is made read-only in the end, and what is mounted below it before anything is made there.
	RootReadonly RootFlags = 1
	// In the root and what is mounted below it programs get no ids and capabilities from files.
	RootNosuid RootFlags = 2
	// Device nodes of the root and of what is mounted below it are none.
	RootNodev RootFlags = 4
	// Nothing of the root and of what is mounted below it can be executed.
	RootNoexec RootFlags = 8
)

// StatusFields says which fields of a Status are filled.
type StatusFields uint32

// The values of StatusFields.
const (
	// forkexec_wait: status.wait_status, exit_code, signal and core_dumped are filled.
	StatusExit StatusFields = 1
	// status.ran is filled.
	StatusRan StatusFields = 2
	// The times, faults, blocks, switches and max_rss are filled.
	StatusUsage StatusFields = 4
	// status.memory_peak_bytes is filled.
	StatusMemoryPeak StatusFields = 8
	// status.out_of_memory and oom_kills are filled: the child had a cgroup that counts memory, and that is still there.
	StatusOutOfMemory StatusFields = 16
	// status.max_rss_bytes has nothing of the caller's in it: see forkexec_attr_measure_memory.
	StatusOwnMemory StatusFields = 32
	// The child has stopped, and not ended: status.wait_status and stop_signal are filled.
	StatusStopped StatusFields = 64
	// The child has been continued, and not ended: status.wait_status is filled.
	StatusContinued StatusFields = 128
	// The program has ended, and its init goes on until the last process in its namespace ends: the child is still to be waited for.
	StatusLingers StatusFields = 256
)

// Ran says whether the program ran.
type Ran uint32

// The values of Ran.
const (
	// status.ran: the child ended before it was the program.
	RanNo Ran = 0
	// The child ended as the program.
	RanYes Ran = 1
	// A signal ended the child at its exec or later, and before or after cannot be told: somebody else has reaped it, or /proc does not tell: there is none, no descriptor is left to look there, or a filter kept the library's image from naming itself, PR_SET_NAME; or it is an init that was killed before it could tell.
	RanUnknown Ran = 2
)

// Ended says why a child ended, in one word.
type Ended uint32

// The values of Ended.
const (
	// status.ended: the child exited by itself.
	EndedExit Ended = 1
	// A signal ended it.
	EndedSignal Ended = 2
	// A signal by which the kernel tells of a limit that was set: of processor time, SIGXCPU, or of the size of files, SIGXFSZ. Beyond the hard limit of processor time the kernel sends SIGKILL, which is anybody's.
	EndedLimit Ended = 3
	// It ran out of memory: status.out_of_memory is 1.
	EndedMemory Ended = 4
)

// A Feature is what a host may have; see Probe.
type Feature uint32

// The values of Feature.
const (
	// forkexec_probe: clone3(2).
	FeatureClone3 Feature = 1
	// close_range(2).
	FeatureCloseRange Feature = 2
	// pidfd_open(2).
	FeaturePidfd Feature = 3
	// Children can share the caller's memory.
	FeatureSharedMemory Feature = 4
	// The built-in image can be executed: FRESH.
	FeatureImage Feature = 5
	// User namespaces with the caller's own ids mapped.
	FeatureUserNamespace Feature = 6
	// Children can be born in a cgroup.
	FeatureBirthInCgroup Feature = 7
	// A time namespace can be made and entered, perhaps in a new user namespace: a holder of one is tried.
	FeatureTimeNamespace Feature = 8
	// Seccomp filters: seccomp(2).
	FeatureSeccomp Feature = 9
	// Landlock, with the sixteen accesses to files, TCP ports and scopes.
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
)

// A Stage is a step of a spawn: where it failed.
type Stage uint32

// The values of Stage.
const (
	// No stage: there was no failure, or it is not about a step.
	StageNone Stage = 0
	// The request is checked: values that contradict each other, refused setters, fds that are not open.
	StageValidate Stage = 10
	// What the request names is looked up: limits, capabilities, cgroup. getrlimit(2), capget(2), statfs(2).
	StageResolve Stage = 20
	// Memory for the plan, the child's stack and its image. mmap(2), memfd_create(2).
	StageMemory Stage = 30
	// The close-on-exec descriptors between caller and child, among them the page where the child has made it. pipe(2), eventfd(2), memfd_create(2), pidfd_open(2), pidfd_getfd(2); where the child sends descriptors socketpair(2), recvmsg(2).
	StagePipe Stage = 40
	// The child is made. clone(2).
	StageClone Stage = 50
	// The child is put in its cgroup; where it was to be born there, the cgroup has refused it. cgroups(7), clone(2).
	StageCgroup Stage = 60
	// The waiting child's user and group ids are mapped. user_namespaces(7).
	StageIDMap Stage = 70
	// The child died, or was killed, while it was being set up and before it could say where.
	StageChild Stage = 90
	// A file descriptor table of its own: before this nothing may touch a descriptor. close_range(2).
	StageFDTable Stage = 100
	// Every descriptor that the plan does not need is closed, so that no child holds another's ends. close_range(2).
	StageFDUnneeded Stage = 110
	// Capabilities are made to survive the change of image. capabilities(7).
	StageCarry Stage = 115
	// The child becomes the library's own small program and leaves the caller's memory; the files of that program and of the page that caller and child share. execveat(2), memfd_create(2).
	StageImage Stage = 120
	// The descriptors that had to survive the change of image close on exec again. F_SETFD(2const).
	StageFDFlags Stage = 125
	// Badness for the out-of-memory killer; before identity, which would lose the right to write it. proc_pid_oom_score_adj(5).
	StageOOMScore Stage = 130
	// What of its memory the kernel writes into a core; in memory of its own, which keeps it. core(5).
	StageCoredumpFilter Stage = 135
	// The capability sets are put back to what they were before the change of image. capabilities(7).
	StageCredentials Stage = 200
	// A second process goes on from the library's own small program: born in the cgroup, where a member that shared the caller's memory would be a danger to the caller, or with a peak of memory of its own; if the cgroup, a namespace or a limit refuses it, that is told as clone. clone(2).
	StageCgroupBirth Stage = 205
	// The child waits for what the caller does on its behalf: id maps, cgroup, privileged limits. poll(2).
	StageWait Stage = 210
	// What a new time namespace needs of /proc is opened, while it is the child's own and /proc the caller's. time_namespaces(7).
	StageTimeFile Stage = 215
	// From here on nobody may look into the child, whatever it becomes. PR_SET_DUMPABLE(2const).
	StageNondumpable Stage = 220
	// The caller's procfs is taken hold of, by which the label is written later. openat(2).
	StageProcfs Stage = 225
	// Namespaces are joined: what the caller's privileges reach, then the user namespace, then what its reach. setns(2).
	StageJoin Stage = 230
	// The user that is to own the user namespace makes it; after the joins, which need privileges. setresuid(2).
	StageNamespaceOwner Stage = 235
	// A user namespace of its own, after others were joined, or because another user is to own it. unshare(2).
	StageUnshareUser Stage = 240
	// The child waits for the maps of that user namespace. poll(2).
	StageWaitMaps Stage = 245
	// The namespaces that are entered rather than born in. unshare(2).
	StageUnshare Stage = 250
	// The clocks of the new time namespace are set, before anybody is in it; then the child enters it. time_namespaces(7), setns(2).
	StageTimeOffsets Stage = 252
	// The first process of a pid namespace that was entered rather than born in goes on. clone(2).
	StageFirstProcess Stage = 255
	// The cgroup namespace; after the cgroup was entered, so that its root is that cgroup. cgroup_namespaces(7).
	StageCgroupNamespace Stage = 260
	// The controlling terminal is given up. TIOCNOTTY(2const).
	StageDetachTerminal Stage = 300
	// A new session. setsid(2).
	StageSession Stage = 310
	// The process group. setpgid(2).
	StageProcessGroup Stage = 320
	// The controlling terminal; needs the session. TIOCSCTTY(2const).
	StageControllingTerminal Stage = 330
	// The foreground process group; needs the group, and the terminal: before it this is ENOTTY. tcsetpgrp(3).
	StageForeground Stage = 340
	// The host name; in the new namespace. sethostname(2).
	StageHostname Stage = 410
	// The NIS domain name; in the new namespace. setdomainname(2).
	StageDomainname Stage = 420
	// The loopback interface is brought up; in the new namespace. netdevice(7).
	StageLoopback Stage = 430
	// The network device whose descriptor the caller is handed; in the new namespace, and while the caller's mounts are there. netdevice(7).
	StageTun Stage = 435
	// Mounts stop propagating to the caller; before any mount or change of root. mount_namespaces(7).
	StagePropagation Stage = 440
	// The new root's tree lies over the old root, from where the mounts are brought in and which it covers in the end. mount(2), mount_setattr(2).
	StageRoot Stage = 445
	// One of the mounts and their kin, which share one list and are made in call order, whatever their stage. mount(2).
	StageMount Stage = 451
	// A tree of the caller's appears at its place in the root. open_tree(2), move_mount(2), mount_setattr(2), mount(2).
	StageBind Stage = 452
	// A file system in memory, empty. tmpfs(5).
	StageTmpfs Stage = 453
	// The processes of the child's pid namespace. proc(5).
	StageProc Stage = 454
	// The devices that every program expects, and a pts of their own. devpts(5), mount(2).
	StageDev Stage = 455
	// A directory, with what leads to it. mkdir(2).
	StageDirectory Stage = 456
	// A symbolic link. symlink(2).
	StageSymlink Stage = 457
	// A file with its bytes. open(2), write(2).
	StageFile Stage = 458
	// What must not be seen is covered. mount(2).
	StageMask Stage = 459
	// What must not be changed becomes read-only, with all that is mounted below. mount_setattr(2), mount(2).
	StageReadonly Stage = 460
	// Directories of the caller's appear as one, laid over each other; what is written goes to a directory of its own, or to memory. mount(2).
	StageOverlay Stage = 461
	// A mount gets flags beside those that it has. mount(2).
	StageRemount Stage = 462
	// A file or directory gets another mode. chmod(2).
	StageMode Stage = 463
	// The root changes places with the old one, which is detached; after the last mount, whose source it was. pivot_root(2).
	StagePivotRoot Stage = 470
	// The root becomes read-only; after everything that was made in it. mount(2).
	StageRootReadonly Stage = 480
	// The root directory, and the working directory moved inside it; before ids, while still allowed to. chroot(2).
	StageChroot Stage = 490
	// The new terminal; in the final root, whose devpts it is of. pty(7).
	StageTerminal Stage = 495
	// The ids that were asked for, in a second user namespace: in the first the child had to have id 0, which devpts(5) needs. unshare(2), user_namespaces(7).
	StageInnerUserNamespace Stage = 497
	// Resource limits except the number of descriptors, which the child itself still needs. prlimit(2).
	StageRlimit Stage = 500
	// The processors to run on. sched_setaffinity(2).
	StageAffinity Stage = 510
	// The nodes that memory comes from. set_mempolicy(2).
	StageNUMAPolicy Stage = 515
	// The nice value. setpriority(2).
	StageNice Stage = 520
	// The scheduling policy; after nice, which it may make meaningless. sched_setscheduler(2).
	StageScheduler Stage = 530
	// How busy the kernel takes the program to be. sched_setattr(2).
	StageUtilization Stage = 535
	// The I/O priority. ioprio_set(2).
	StageIOPriority Stage = 540
	// The slack of timers. PR_SET_TIMERSLACK(2const).
	StageTimerSlack Stage = 550
	// The execution domain and its flags. personality(2).
	StagePersonality Stage = 560
	// The file mode creation mask; after everything that creates. umask(2).
	StageUmask Stage = 570
	// A socket that is bound inside, for the caller to accept by; in the final network namespace and root, and with the umask. bind(2), listen(2).
	StageListen Stage = 574
	// The caller is sent the descriptors of what is inside; before it may want them, for a child that is held. unix(7).
	StageHandOver Stage = 576
	// A held child waits here until it is released: its surroundings are complete, its privileges still whole. poll(2).
	StageHold Stage = 580
	// The namespaces that were asked for late, after the caller had its turn. unshare(2).
	StageLateNamespaces Stage = 590
	// A second process goes on, in the pid namespace that was entered, already here if privileged filters follow. clone(2).
	StageSecondClone Stage = 595
	// The working directory, where the caller's rights are to count; before all that takes them away. chdir(2).
	StageCwdBeforeIds Stage = 600
	// The label that the program gets; by a process that becomes it, and at once, since what leads to it leads to much. proc_pid_attr(5).
	StageExecLabel Stage = 602
	// The profile of AppArmor that the program gets, beside the label of another module. proc_pid_attr(5).
	StageApparmorProfile Stage = 603
	// The label that SELinux gives the session keyring, before that is made. proc_pid_attr(5).
	StageKeyringLabel Stage = 604
	// The session keyring; the ids that come may not reach one of that name. keyctl(2).
	StageKeyring Stage = 605
	// Who may do what with the session keyring; while it is the child's own. keyctl(2).
	StageKeyringPermissions Stage = 606
	// The bounding set; while CAP_SETPCAP is still there. capabilities(7).
	StageBounding Stage = 610
	// Capabilities are kept over the change of ids. PR_SET_KEEPCAPS(2const).
	StageKeepCaps Stage = 620
	// Seccomp filters without no_new_privs; while CAP_SYS_ADMIN is there, so they have to allow what follows. seccomp(2).
	StagePrivilegedSeccomp Stage = 630
	// The supplementary groups; before the ids that would forbid it. setgroups(2).
	StageGroups Stage = 640
	// The group id; before the user id that would forbid it. setresgid(2).
	StageGID Stage = 645
	// The user id. setresuid(2).
	StageUID Stage = 650
	// The kept capabilities take effect again: the change of uid cleared them. capset(2).
	StageEffective Stage = 655
	// The securebits; before the last use of CAP_SETPCAP goes. PR_SET_SECUREBITS(2const).
	StageSecurebits Stage = 660
	// The ambient set; needs the sets it is raised from. PR_CAP_AMBIENT(2const).
	StageAmbient Stage = 670
	// The final permitted, effective and inheritable sets; nothing after this needs a privilege. capset(2).
	StageCapabilities Stage = 680
	// The working directory, unless it was entered before; with the new ids, so that the program's rights count. chdir(2).
	StageCwd Stage = 690
	// The working directory lies inside the root. getcwd(2).
	StageCwdCheck Stage = 695
	// A second process goes on, in the pid namespace that was entered; so late that those in there see no more rights than the program's. clone(2).
	StageLastClone Stage = 697
	// The library's own descriptors move out of the way of those that the caller asked for. F_DUPFD_CLOEXEC(2const).
	StageFDInternal Stage = 700
	// The mapped descriptors move to their numbers, all at once. dup(2).
	StageFDMap Stage = 710
	// The new terminal becomes the controlling one and the standard streams; of the process that becomes the program, or its init. TIOCSCTTY(2const), dup(2).
	StageStreams Stage = 715
	// The descriptor actions, in call order. open(2), dup(2), close(2), chdir(2).
	StageFDAction Stage = 720
	// Landlock's rules; their paths are looked up in the final root, as the program. landlock_add_rule(2).
	StageLandlockRule Stage = 730
	// The signal for the parent's death, and whether it happened meanwhile; after the ids, which clear it. PR_SET_PDEATHSIG(2const).
	StageParentDeath Stage = 740
	// The first process of a pid namespace stays behind as its init; before what only the program is to suffer. fork(2).
	StageInit Stage = 745
	// What a process may do without, and the orphans it gets; by the process that becomes the program. prctl(2).
	StageProcessFlags Stage = 747
	// Whether the processor may run ahead of the program; by the process that becomes it. PR_SET_SPECULATION_CTRL(2const).
	StageSpeculation Stage = 748
	// No new privileges. PR_SET_NO_NEW_PRIVS(2const).
	StageNoNewPrivs Stage = 750
	// Landlock; needs no_new_privs, and the last path is opened. landlock_restrict_self(2).
	StageLandlock Stage = 755
	// What was only needed until here is closed, for real: exec wakes the caller before close-on-exec closes. close(2).
	StageFDClose Stage = 760
	// The limit on descriptors; after the last descriptor moved. prlimit(2).
	StageNofile Stage = 770
	// The child is traced by the thread that started it. ptrace(2).
	StageTrace Stage = 780
	// The child stops itself. signal(7).
	StageStop Stage = 785
	// Signal dispositions. sigaction(2).
	StageSignalActions Stage = 790
	// No more user namespaces, by a filter that is seen to work; before filters that may forbid to look. seccomp(2).
	StageUserNamespaces Stage = 791
	// Seccomp filters; so late that they need to allow next to nothing but exec. seccomp(2).
	StageSeccomp Stage = 792
	// The signal mask; last, since pending signals arrive here. sigprocmask(2).
	StageSignalMask Stage = 795
	// The program. execve(2).
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
	490: "chroot",
	495: "terminal",
	497: "inner user namespace",
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
