package forkexec

import (
	"os"
	"syscall"
	"time"
)

// An Attr tells what the child does between fork and exec. A field with its zero value (nil, false, an empty string or list)
// asks for nothing, unless its comment says otherwise; To makes a pointer of a value. Each field names the C function that it
// calls, whose man page has the details.
//
// A value that is out of range, that contradicts another, or that the kernel refuses, is an *Error of the start.
// Files are borrowed: they must be open at each start.
type Attr struct {
	// ExecFile is the program, instead of a path, which then is "": forkexec_attr_set_exec_fd.
	ExecFile *os.File
	// SearchPath lists directories, separated by colons, in which a program without a slash is searched:
	// forkexec_attr_set_search_path.
	SearchPath string
	// Cwd is the working directory, with the program's rights: forkexec_attr_set_cwd.
	Cwd string
	// CwdFile is the working directory: forkexec_attr_set_cwd_fd.
	CwdFile *os.File
	// CwdRights tells with whose rights the working directory is entered: forkexec_attr_set_cwd_rights.
	CwdRights CwdRights
	// BusyRetry is how long the exec is tried again while the program's file is open for writing (ETXTBSY): a child that
	// another goroutine starts at this moment may still have the file open that this one has just written: forkexec_attr_set_busy_retry.
	BusyRetry time.Duration
	// PidVariable names an environment variable that tells the program its pid: forkexec_attr_set_pid_variable.
	PidVariable string
	// MemoryMode chooses whose memory the child runs in until the exec; 0 lets the library choose: forkexec_attr_set_memory_mode.
	MemoryMode MemoryMode
	// Ptrace makes the program a tracee of the calling thread, which has to be locked; only for Start and Release:
	// forkexec_attr_set_ptrace.
	Ptrace bool
	// Stop stops the child before the exec until SIGCONT; only for Start and Release: forkexec_attr_set_stop.
	Stop bool
	// Init makes a small init process 1 of the new pid namespace, and the program process 2: forkexec_attr_set_init.
	Init bool
	// LingeringInit is Init, but the init goes on until the last process in there ends: forkexec_attr_set_lingering_init.
	LingeringInit bool
	// MeasureMemory makes Status.MaxRSS the peak of the program alone; otherwise it is never below the peak of this process:
	// forkexec_attr_measure_memory.
	MeasureMemory bool

	// FDs are the program's descriptors; all others but 0 to 2 are closed: forkexec_attr_map_fd.
	FDs []FD
	// InheritFDs keeps the descriptors that are not close-on-exec, instead of closing them: forkexec_attr_inherit_fds.
	InheritFDs bool
	// FDActions are taken in this order, after FDs, with the program's numbers; each type names its C function.
	FDActions []FDAction

	// Session makes a new session: forkexec_attr_set_session.
	Session bool
	// ProcessGroup is a process group; To(0) makes one: forkexec_attr_set_process_group.
	ProcessGroup *int
	// ControllingTerminal is the terminal that the new session controls: forkexec_attr_set_controlling_terminal.
	ControllingTerminal *os.File
	// Foreground is a terminal, whose foreground group the program's process group becomes: forkexec_attr_set_foreground.
	Foreground *os.File
	// DetachTerminal leaves the program without a controlling terminal: forkexec_attr_detach_terminal.
	DetachTerminal bool

	// SignalMask: exactly these signals are blocked: forkexec_attr_set_signal_mask.
	SignalMask *SignalSet
	// SignalDefault: these get the default action: forkexec_attr_set_signal_default.
	SignalDefault SignalSet
	// SignalIgnore: these are ignored; SIGKILL and SIGSTOP cannot be: forkexec_attr_set_signal_ignore.
	SignalIgnore SignalSet
	// ParentDeathSignal is sent to the program when its parent dies: forkexec_attr_set_parent_death_signal.
	ParentDeathSignal syscall.Signal
	// DeathOf says who the parent is; 0 is DeathOfProcess. DeathOfThread is for goroutines that are locked to their
	// thread until the program has ended: Go ends threads at any time.
	DeathOf DeathOf

	// Rlimits are limits on resources, one entry for each: forkexec_attr_set_rlimit.
	Rlimits []Rlimit
	// Nice is the nice value itself, -20 to 19; below the caller's it needs CAP_SYS_NICE or RLIMIT_NICE: forkexec_attr_set_nice.
	Nice *int
	// Affinity lists the processors that the program may use, counted from 0: forkexec_attr_set_affinity.
	Affinity []int
	// Scheduler is the scheduling policy and its priority: forkexec_attr_set_scheduler.
	Scheduler *Scheduler
	// Deadline asks for SCHED_DEADLINE; it excludes Scheduler: forkexec_attr_set_deadline.
	Deadline *Deadline
	// Utilization tells the kernel how busy the program will be: forkexec_attr_set_utilization.
	Utilization *Utilization
	// NUMAPolicy chooses the NUMA nodes that memory comes from: forkexec_attr_set_numa_policy.
	NUMAPolicy *NUMAPolicy
	// IOPriority is the priority of input and output: forkexec_attr_set_io_priority.
	IOPriority *IOPriority
	// Umask is the file mode creation mask, 0 to 0777: forkexec_attr_set_umask.
	Umask *int
	// Personality is an execution domain, personality(2): forkexec_attr_set_personality.
	Personality *uint32
	// OOMScoreAdj is -1000 (the out-of-memory killer never takes the program) to 1000 (first): forkexec_attr_set_oom_score_adj.
	OOMScoreAdj *int
	// ProcessFlags are attributes that a process has as single bits: forkexec_attr_set_process_flags.
	ProcessFlags ProcessFlags
	// Speculation controls kinds of speculative execution, each by forkexec_attr_set_speculation.
	Speculation map[Speculation]Speculate
	// CoredumpFilter chooses what memory a core has, by bits of core(5): forkexec_attr_set_coredump_filter.
	CoredumpFilter *uint32
	// TimerSlack is by how much the kernel may delay timers, To(time.Duration(0)) the default: forkexec_attr_set_timer_slack.
	TimerSlack *time.Duration
	// Cgroup is the directory of a cgroup in which the program runs: forkexec_attr_set_cgroup_fd.
	Cgroup *os.File
	// OwnCgroup is a cgroup of CreateCgroup in which the program runs: forkexec_attr_set_cgroup.
	OwnCgroup *Cgroup
	// RestoreNofile gives the program the soft limit on descriptors that this process had before Go raised it:
	// forkexec_attr_restore_nofile.
	RestoreNofile bool
	// AllowFailure lists stages that may fail, such as StageNice: forkexec_attr_allow_failure.
	AllowFailure []Stage

	// UID is the program's user, an id of its user namespace: forkexec_attr_set_uid.
	UID *int
	// GID is the program's group. With UID or GID and without Groups or KeepGroups there are no supplementary groups:
	// forkexec_attr_set_gid.
	GID *int
	// Groups are exactly the supplementary groups, none where the list is empty and not nil: forkexec_attr_set_groups.
	Groups []int
	// KeepGroups keeps the caller's supplementary groups: forkexec_attr_keep_groups.
	KeepGroups bool
	// Capabilities makes some of the sets exactly what is given, before the exec: forkexec_attr_set_capabilities.
	Capabilities []Capabilities
	// DropCapabilities leaves no capabilities, and no exec gives any: forkexec_attr_drop_capabilities.
	DropCapabilities bool
	// Ambient is the ambient set; bit n stands for capability n: forkexec_attr_set_ambient.
	Ambient *uint64
	// Securebits are the bits of PR_SET_SECUREBITS: forkexec_attr_set_securebits.
	Securebits *uint32
	// NoNewPrivs: no exec gives more rights, as by a set-user-ID file: forkexec_attr_set_no_new_privs.
	NoNewPrivs bool

	// CreateNamespaces are new from the start: forkexec_attr_create_namespaces.
	CreateNamespaces Namespace
	// UnshareNamespaces are made by the child with unshare(2): forkexec_attr_unshare_namespaces.
	UnshareNamespaces Namespace
	// Joins are namespaces that are joined: forkexec_attr_join_namespace, forkexec_attr_join_pidfd.
	Joins []Join
	// SecondUserNamespace is joined after the mounts: forkexec_attr_join_second_user_namespace.
	SecondUserNamespace *os.File
	// UIDMap maps user ids of the new user namespace to ids outside, by at most 340 ranges: forkexec_attr_map_uid.
	UIDMap []IDMap
	// GIDMap is the same for group ids: forkexec_attr_map_gid.
	GIDMap []IDMap
	// MapSubordinateIDs maps user 0 to the caller, and the ids of /etc/subuid after it: forkexec_attr_map_subordinate_ids.
	MapSubordinateIDs bool
	// MapHelpers are programs that write maps which this process may not write: forkexec_attr_set_map_helpers.
	MapHelpers *MapHelpers
	// AllowSetgroups: setgroups is not denied in the new user namespace: forkexec_attr_allow_setgroups.
	AllowSetgroups bool
	// UserNamespaceOwner is the user that owns the new user namespace: forkexec_attr_set_user_namespace_owner.
	UserNamespaceOwner *int
	// MountPropagation are MS_ flags; To(uint64(0)) leaves it as it is: forkexec_attr_set_mount_propagation.
	MountPropagation *uint64
	// Hostname is that of the new UTS namespace, at most 64 bytes: forkexec_attr_set_hostname.
	Hostname string
	// Domainname is the NIS domain name there, at most 64 bytes: forkexec_attr_set_domainname.
	Domainname string
	// PIDs are the pid in the innermost pid namespace and in those around it: forkexec_attr_set_pid.
	PIDs []int
	// Loopback brings up lo in the new network namespace: forkexec_attr_set_loopback.
	Loopback bool
	// TimeOffsets set clocks of the new time namespace ahead: forkexec_attr_set_time_offset.
	TimeOffsets []TimeOffset

	// Listen are sockets that listen in the child's network namespace; Child.Listener returns them: forkexec_attr_listen.
	Listen []ListenAddress
	// Terminal is a new terminal for the program; Child.Terminal returns the caller's end: forkexec_attr_set_terminal.
	Terminal *TerminalSize
	// Tun is a new network device; Child.Tun returns its descriptor, to read and write packets: forkexec_attr_open_tun.
	Tun *TunDevice

	// PreparedRoot is a root of PrepareRoot, instead of Root; Mounts come on top of its own: forkexec_attr_set_prepared_root.
	PreparedRoot *PreparedRoot
	// Mounts are made in this order, in a new mount namespace; each type names its C function.
	Mounts []MountItem
	// Root is the program's root directory: forkexec_attr_set_root.
	Root *Root
	// Chroot is the program's root by chroot(2), which privileges can leave; Root cannot be left: forkexec_attr_set_chroot.
	Chroot string

	// SessionKeyring is the name of a session keyring, To("") a new one without a name: forkexec_attr_set_session_keyring.
	SessionKeyring *string
	// KeyringPermissions are the permissions of the new session keyring, keyctl(2): forkexec_attr_set_keyring_permissions.
	KeyringPermissions *uint32
	// KeyringLabel is the SELinux context of the new session keyring: forkexec_attr_set_keyring_label.
	KeyringLabel string
	// ExecLabel is the label that SELinux or AppArmor give the program: forkexec_attr_set_exec_label.
	ExecLabel string
	// AppArmorProfile is the profile of AppArmor, where ExecLabel is for SELinux: forkexec_attr_set_apparmor_profile.
	AppArmorProfile string
	// Seccomp filters, in this order: forkexec_attr_add_seccomp_filter.
	Seccomp []SeccompFilter
	// DenyUserNamespaces refuses new user namespaces to the program and its descendants: forkexec_attr_deny_user_namespaces.
	DenyUserNamespaces bool
	// DenyTerminalInjection refuses TIOCSTI and TIOCLINUX: forkexec_attr_deny_terminal_injection.
	DenyTerminalInjection bool
	// LandlockRuleset is a ruleset of landlock_create_ruleset(2): forkexec_attr_set_landlock_ruleset.
	LandlockRuleset *os.File
	// LandlockPaths allow access to files; what none allows is denied: forkexec_attr_add_landlock_path.
	LandlockPaths []LandlockPath
	// LandlockPorts allow ports of TCP and UDP; what none allows is denied: forkexec_attr_add_landlock_port.
	LandlockPorts []LandlockPort
	// LandlockHandled are the accesses that are refused where no path and no port allows them: forkexec_attr_set_landlock_handled.
	LandlockHandled *LandlockHandled
	// LandlockScopes keep the program from processes outside the sandbox: forkexec_attr_set_landlock_scopes.
	LandlockScopes LandlockScope
	// LandlockFlags tell what is logged; bits that only a newer kernel knows may be given: forkexec_attr_set_landlock_flags.
	LandlockFlags LandlockFlags
	// AllowPartialLandlock ignores the rules that this kernel's Landlock is too old for: forkexec_attr_allow_partial_landlock.
	AllowPartialLandlock bool

	prepared *prepared
}

// To makes a pointer to a value, for the fields of Attr that are pointers.
func To[T any](value T) *T { return &value }

// An FD gives the program File under the number Target.
type FD struct {
	File   *os.File
	Target int
}

// An FDAction is OpenFD, DupFD, CloseFD, CloseFDsFrom, EnterDirectory or EnterDirectoryFile.
type FDAction interface{ fdAction() }

// OpenFD opens Path as Target, with the program's ids and inside its root: forkexec_attr_open_fd.
type OpenFD struct {
	Target int
	Path   string
	Flags  int
	Mode   uint32
}

// DupFD copies the program's descriptor Source: forkexec_attr_dup_fd.
type DupFD struct{ Source, Target int }

// CloseFD closes the program's descriptor: forkexec_attr_close_fd.
type CloseFD int

// CloseFDsFrom closes the program's descriptor and all above it: forkexec_attr_close_fds_from.
type CloseFDsFrom int

// EnterDirectory changes the working directory: forkexec_attr_enter_directory.
type EnterDirectory string

// EnterDirectoryFD changes the working directory to the program's descriptor: forkexec_attr_enter_directory_fd.
type EnterDirectoryFD int

func (OpenFD) fdAction()           {}
func (DupFD) fdAction()            {}
func (CloseFD) fdAction()          {}
func (CloseFDsFrom) fdAction()     {}
func (EnterDirectory) fdAction()   {}
func (EnterDirectoryFD) fdAction() {}

// A SignalSet is a set of signals: bit n-1 stands for signal n.
type SignalSet uint64

// Signals makes a set. What is no signal, 1 to 64, is left out.
func Signals(signals ...syscall.Signal) SignalSet {
	var set SignalSet
	for _, signal := range signals {
		if signal >= 1 && signal <= 64 {
			set |= 1 << (signal - 1)
		}
	}
	return set
}

// An Rlimit limits a resource, such as syscall.RLIMIT_CPU, in the unit of getrlimit(2).
type Rlimit struct {
	Resource   int
	Soft, Hard uint64
}

const (
	// RlimitInfinity is no limit.
	RlimitInfinity = ^uint64(0)
	// RlimitKeep leaves this half of the limit as the caller has it.
	RlimitKeep = ^uint64(1)
)

// A Scheduler is a policy of sched(7), and its priority.
type Scheduler struct{ Policy, Priority int }

// A Deadline is a reservation of SCHED_DEADLINE: Runtime within Deadline of each Period. Period 0 means Deadline.
type Deadline struct{ Runtime, Deadline, Period time.Duration }

// A Utilization bounds, of 1024, how busy the scheduler takes a program to be.
type Utilization struct{ Min, Max int }

// A NUMAPolicy tells from which nodes memory comes; set_mempolicy(2).
type NUMAPolicy struct {
	Mode  uint32
	Nodes []int
}

// An IOPriority is a class, 0 to 3, and the level in it, 0 to 7; ioprio_set(2).
type IOPriority struct{ Class, Level int }

// Capabilities makes the Sets exactly Mask, in which bit n stands for capability n.
type Capabilities struct {
	Sets CapabilitySet
	Mask uint64
}

// A Join names one of: File, a namespace of the type Types (forkexec_attr_join_namespace); Pidfd, a process whose namespaces of
// the types Types are joined (forkexec_attr_join_pidfd); Child, a child for the same, which must be open.
type Join struct {
	File  *os.File
	Pidfd *os.File
	Child *Child
	Types Namespace
}

// An IDMap maps Count ids that begin with Inside to those that begin with Outside.
type IDMap struct{ Inside, Outside, Count int }

// MapHelpers are the paths of newuidmap(1) and newgidmap(1); "" is none.
type MapHelpers struct{ Newuidmap, Newgidmap string }

// A TimeOffset moves a clock, 1 (monotonic) or 7 (boot time), of the new time namespace.
type TimeOffset struct {
	Clock  int
	Offset time.Duration
}

// A MountItem is Mount, BindMount, Tmpfs, Overlay, Proc, Dev, Directory, Symlink, File, CopyFile, MountFile, MaskPath, ReadonlyPath,
// Remount or ChangeMode.
type MountItem interface{ mountItem() }

// Mount calls mount(2) with these arguments: forkexec_attr_add_mount.
type Mount struct {
	Source, Target, Type string
	Flags                uint64
	Data                 string
}

// BindMount binds Source, or the file of File, to Target. UserNamespace maps the ids on the mount of Source:
// forkexec_attr_bind_mount, forkexec_attr_bind_mount_fd, forkexec_attr_bind_mount_idmapped.
type BindMount struct {
	Source, Target string
	Flags          MountFlags
	UserNamespace  *os.File
	File           *os.File
}

// Tmpfs mounts an empty tmpfs of at most Size bytes: forkexec_attr_mount_tmpfs.
type Tmpfs struct {
	Target string
	Size   uint64
	Mode   uint32
	Flags  MountFlags
}

// Overlay mounts directories as one, the first on top. What is written goes to Upper (Work is an empty directory on the same
// file system), or with MountInMemory to memory: forkexec_attr_mount_overlay.
type Overlay struct {
	Lowers              []string
	Upper, Work, Target string
	Flags               MountFlags
}

// Proc mounts the proc of the child's pid namespace; MountKernelReadonly and MountKernelHidden restrict its files of the kernel: forkexec_attr_mount_proc.
type Proc struct {
	Target string
	Flags  MountFlags
}

// Dev mounts a small /dev with null, zero, full, random, urandom, tty, pts and shm: forkexec_attr_mount_dev.
type Dev struct {
	Target string
	Flags  MountFlags
}

// Directory makes a directory: forkexec_attr_make_directory.
type Directory struct {
	Path string
	Mode uint32
}

// Symlink makes a symbolic link: forkexec_attr_make_symlink.
type Symlink struct{ Contents, Path string }

// File makes a file: forkexec_attr_make_file.
type File struct {
	Path  string
	Bytes []byte
	Mode  uint32
}

// CopyFile makes a file, a copy of From of any length: forkexec_attr_make_file_fd.
type CopyFile struct {
	Path string
	From *os.File
	Mode uint32
}

// MountFile copies From to memory, and mounts the copy over the file Target: forkexec_attr_mount_file_fd.
type MountFile struct {
	From   *os.File
	Target string
	Mode   uint32
	Flags  MountFlags
}

// MaskPath mounts an empty file or directory over a path: forkexec_attr_mask_path.
type MaskPath string

// ReadonlyPath makes a path and all mounts below it read-only: forkexec_attr_make_readonly.
type ReadonlyPath string

// Remount adds flags to the mount at a path, and not to mounts below it: forkexec_attr_remount.
type Remount struct {
	Path  string
	Flags MountFlags
}

// ChangeMode changes the mode of a path, whatever the umask is: forkexec_attr_change_mode.
type ChangeMode struct {
	Path string
	Mode uint32
}

func (Mount) mountItem()        {}
func (BindMount) mountItem()    {}
func (Tmpfs) mountItem()        {}
func (Overlay) mountItem()      {}
func (Proc) mountItem()         {}
func (Dev) mountItem()          {}
func (Directory) mountItem()    {}
func (Symlink) mountItem()      {}
func (File) mountItem()         {}
func (CopyFile) mountItem()     {}
func (MountFile) mountItem()    {}
func (MaskPath) mountItem()     {}
func (ReadonlyPath) mountItem() {}
func (Remount) mountItem()      {}
func (ChangeMode) mountItem()   {}

// A Root is the program's root: a directory, or for "" an empty tmpfs.
type Root struct {
	Path  string
	Flags RootFlags
}

// A SeccompFilter is a program of classic BPF; seccomp(2).
type SeccompFilter struct {
	Program []SockFilter
	Flags   SeccompFlags
}

// A SockFilter is an instruction, as struct sock_filter.
type SockFilter struct {
	Code   uint16
	Jt, Jf uint8
	K      uint32
}

// A ListenAddress is the address of a socket inside, in the words of net.Listen and net.ListenPacket: the Network is "tcp",
// "udp", "unix", "unixgram" or "unixpacket"; the Address has a numeric host, or is an absolute path, or an abstract name that
// begins with "@". Backlog 0 is 128.
type ListenAddress struct {
	Network, Address string
	Backlog          int
}

// TerminalSize is the size of a terminal; 0, 0 means that it is not known.
type TerminalSize struct {
	Rows, Columns uint16
}

// A TunDevice is a network device. Without a Name the kernel chooses one. Flags 0 means IFF_TUN and IFF_NO_PI.
type TunDevice struct {
	Name  string
	Flags uint16
}

// A LandlockPath allows Access to Path and what is below it.
type LandlockPath struct {
	Path   string
	Access LandlockFS
}

// A LandlockPort allows Access to the port, of TCP or UDP.
type LandlockPort struct {
	Port   uint16
	Access LandlockNet
}

// LandlockHandled are the accesses that are refused where no rule allows them.
type LandlockHandled struct {
	FS  LandlockFS
	Net LandlockNet
}
