//go:build cgo

package gosandbox

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestArgsAndEnvAreTakenAsTheyAre(t *testing.T) {
	r := script(`echo "$0 $1"; env`)
	r.Args = append(r.Args, "zero", "one")
	r.Env = []string{"A=1", "PATH=/usr/bin:/bin"}
	text := says(t, r)
	contains(t, text, "zero one\n")
	contains(t, text, "A=1")
	if strings.Contains(text, "HOME=") {
		t.Errorf("the caller's environment: %s", text)
	}
	if text := says(t, &Runner{Args: []string{"/bin/sh", "-c", "exec /usr/bin/env"}}); strings.Contains(text, "PATH=/usr/bin:/bin\n") {
		t.Errorf("an environment from nowhere: %s", text)
	}
}

func TestWhatCannotBeSaidIsInvalid(t *testing.T) {
	for _, r := range []*Runner{{}, {Args: []string{"a\x00b"}}, {Args: []string{"/bin/true"}, Env: []string{"A\x00"}},
		{Args: []string{"/bin/true"}, WorkDir: "\x00"}, {Args: []string{"/bin/true"}, HostName: "\x00"},
		{Args: []string{"/bin/true"}, DomainName: "\x00"}, {Args: []string{"/bin/true"}, PivotRoot: "\x00"}} {
		if pid, err := r.Start(); err != syscall.EINVAL || pid != 0 {
			t.Errorf("%+v: %d, %v", r, pid, err)
		}
	}
	fails(t, &Runner{Args: []string{"/not/there"}}, ChildError{syscall.ENOENT, LocExecve, 0})
}

func TestExecFileIsRunInsteadOfThePath(t *testing.T) {
	file, err := os.Open("/bin/echo")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for i := 0; i < 2; i++ { // the Runner is not changed by a start
		r := &Runner{Args: []string{"/not/there", "by", "number"}, ExecFile: file.Fd()}
		equal(t, says(t, r), "by number")
		equal(t, r.ExecFile, file.Fd())
	}
	path := t.TempDir() + "/script"
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	fails(t, &Runner{Args: []string{path}, ExecFile: text.Fd()}, ChildError{syscall.ENOENT, LocExecve, 0})
	fails(t, &Runner{Args: []string{path}, ExecFile: 1000}, ChildError{syscall.EBADF, LocExecve, 0})
}

func TestRLimitsAreSetInOrder(t *testing.T) {
	r := script("ulimit -St; ulimit -Ht; ulimit -n; ulimit -c")
	r.RLimits = []RLimit{{syscall.RLIMIT_CPU, syscall.Rlimit{Cur: 9, Max: 9}}, {syscall.RLIMIT_CPU, syscall.Rlimit{Cur: 2, Max: 3}},
		{syscall.RLIMIT_NOFILE, syscall.Rlimit{Cur: 77, Max: 77}}, {syscall.RLIMIT_CORE, syscall.Rlimit{}}}
	equal(t, says(t, r), "2\n3\n77\n0")
	r = script("")
	r.RLimits = []RLimit{{syscall.RLIMIT_CPU, syscall.Rlimit{Cur: 1, Max: 1}}, {syscall.RLIMIT_CORE, syscall.Rlimit{Cur: 2, Max: 1}}}
	fails(t, r, ChildError{syscall.EINVAL, LocSetRlimit, 1})
	_, err := r.Start()
	equal(t, err.Error(), "setrlimt(1): invalid argument")
	r.RLimits[1].Res = 99
	fails(t, r, ChildError{syscall.EINVAL, LocSetRlimit, 1})
	// A hard limit of descriptors above fs.nr_open is nobody's right.
	r.RLimits = []RLimit{r.RLimits[0], r.RLimits[0], {syscall.RLIMIT_NOFILE, syscall.Rlimit{Cur: 1, Max: 1 << 40}}}
	fails(t, r, ChildError{syscall.EPERM, LocSetRlimit, 2})
}

func TestTheSoftLimitThatGoHasRaisedIsPutBack(t *testing.T) {
	if out, err := exec.Command("/bin/sh", "-c", "ulimit -n").Output(); err != nil || strings.TrimSpace(string(out)) != says(t, script("ulimit -n")) {
		t.Errorf("os/exec: %s %v", out, err)
	}
}

func TestFilesAreTheProgramsDescriptors(t *testing.T) {
	a, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	r := script("readlink /proc/self/fd/0; readlink /proc/self/fd/3; ls /proc/self/fd")
	r.Files = []uintptr{a.Fd(), write.Fd(), ^uintptr(0), a.Fd()}
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, wait(t, pid).ExitStatus(), 0)
	var text [256]byte
	n, _ := read.Read(text[:])
	// ls has the number 2 of its own, of the directory.
	equal(t, string(text[:n]), a.Name()+"\n"+a.Name()+"\n0\n1\n2\n3\n")
	equal(t, len(r.Files), 4)

	r.Files = []uintptr{0, 1, 2, 1000}
	fails(t, r, ChildError{syscall.EBADF, LocDup3, 0})
	r.Files = []uintptr{0, ^uintptr(1)}
	fails(t, r, ChildError{syscall.EBADF, LocDup3, 0})
}

func TestDescriptorsTradePlaces(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	// Each of the two numbers is the other's target.
	files := make([]uintptr, max(write.Fd(), null.Fd())+1)
	for i := range files {
		files[i] = ^uintptr(0)
	}
	files[1], files[write.Fd()], files[null.Fd()] = write.Fd(), null.Fd(), write.Fd()
	// By their paths: a shell may know no redirection to a number of two digits.
	r := script("echo through >/proc/self/fd/" + itoa(int(null.Fd())) + "; readlink /proc/self/fd/" + itoa(int(write.Fd())))
	r.Files = files
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	write.Close()
	equal(t, wait(t, pid).ExitStatus(), 0)
	text, err := io.ReadAll(read)
	if err != nil {
		t.Error(err)
	}
	equal(t, string(text), "through\n/dev/null\n")
}

func TestOf0To2WhatIsNotListedStays(t *testing.T) {
	r := script("test -e /proc/self/fd/1 && test -e /proc/self/fd/2")
	r.Files = []uintptr{0}
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, wait(t, pid).ExitStatus(), 0)
}

func TestWorkDirIsEntered(t *testing.T) {
	directory := t.TempDir()
	r := script("pwd")
	r.WorkDir = directory
	equal(t, says(t, r), directory)
	r = script("")
	r.WorkDir = "/not/there"
	fails(t, r, ChildError{syscall.ENOENT, LocChdir, 0})
}

func TestSeccompImpliesNoNewPrivs(t *testing.T) {
	r := script("grep -E 'NoNewPrivs|Seccomp:' /proc/self/status; uname")
	r.Seccomp = filter(syscall.SYS_UNAME, 0x50000|uint32(syscall.EDOM))
	text, _ := output(t, r)
	contains(t, text, "NoNewPrivs:\t1\nSeccomp:\t2\n")
	contains(t, text, "uname: ")
	r = script("")
	r.Seccomp = &syscall.SockFprog{}
	fails(t, r, ChildError{syscall.EINVAL, LocSeccomp, 0})
	r.Seccomp = &syscall.SockFprog{Len: 1}
	fails(t, r, ChildError{syscall.EFAULT, LocSeccomp, 0})
	r.Seccomp = &syscall.SockFprog{Len: 1, Filter: &syscall.SockFilter{Code: 0xffff}}
	fails(t, r, ChildError{syscall.EINVAL, LocSeccomp, 0})
}

func TestAFilterThatKillsTheExecIsAFailure(t *testing.T) {
	r := script("")
	r.Seccomp = filter(syscall.SYS_EXECVE, kill)
	fails(t, r, ChildError{syscall.ECANCELED, LocExecve, 0})
}

func TestCloneFlagsMakeNamespaces(t *testing.T) {
	for kind, flag := range map[string]uintptr{"ipc": syscall.CLONE_NEWIPC, "net": syscall.CLONE_NEWNET, "mnt": syscall.CLONE_NEWNS,
		"pid": syscall.CLONE_NEWPID, "user": syscall.CLONE_NEWUSER, "uts": syscall.CLONE_NEWUTS, "cgroup": syscall.CLONE_NEWCGROUP} {
		r := script("readlink /proc/self/ns/" + kind)
		if kind == "pid" {
			r = script("echo $$") // whose /proc is the caller's
		}
		r.CloneFlags = flag | user()
		text := says(t, r)
		if kind == "pid" {
			equal(t, text, "1")
		} else if text == namespace(t, "self", kind) {
			t.Errorf("%s: %s is the caller's", kind, text)
		}
	}
	r := script("readlink /proc/self/ns/time")
	r.CloneFlags = syscall.CLONE_NEWTIME | syscall.CLONE_IO
	equal(t, says(t, r), namespace(t, "self", "time")) // as what is none of UnshareFlags
	if os.Getuid() != 0 {
		r.CloneFlags = syscall.CLONE_NEWNET
		fails(t, r, ChildError{syscall.EPERM, LocClone, 0})
	}
}

func TestNamesAreSetAndNeverAFailure(t *testing.T) {
	r := script("hostname; cat /proc/sys/kernel/domainname")
	r.CloneFlags = syscall.CLONE_NEWUTS | user()
	r.HostName, r.DomainName = "inside", "domain"
	equal(t, says(t, r), "inside\ndomain")
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	r.HostName = strings.Repeat("long", 99)
	equal(t, says(t, r), own+"\ndomain")
	r.CloneFlags, r.HostName = 0, "outside"
	says(t, r)
	if now, _ := os.Hostname(); now != own {
		t.Errorf("the host is called %s now", now)
	}
}

func TestIDsAreMapped(t *testing.T) {
	r := script("id -u; id -g; cat /proc/self/setgroups; tr -s ' ' </proc/self/uid_map")
	r.CloneFlags = syscall.CLONE_NEWUSER
	equal(t, says(t, r), "0\n0\ndeny\n 0 "+itoa(os.Geteuid())+" 1")
	r.UIDMappings = []syscall.SysProcIDMap{{ContainerID: 7, HostID: os.Geteuid(), Size: 1}}
	r.GIDMappings = []syscall.SysProcIDMap{{ContainerID: 8, HostID: os.Getegid(), Size: 1}}
	equal(t, says(t, r), "7\n8\ndeny\n 7 "+itoa(os.Geteuid())+" 1")
	r.UIDMappings = []syscall.SysProcIDMap{}
	fails(t, r, ChildError{syscall.EINVAL, LocUnshareUserRead, 0})
	r.UIDMappings = []syscall.SysProcIDMap{{ContainerID: -1, HostID: 0, Size: 1}}
	fails(t, r, ChildError{syscall.EINVAL, LocUnshareUserRead, 0})
	if os.Getuid() != 0 {
		r.UIDMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
		fails(t, r, ChildError{syscall.EPERM, LocUnshareUserRead, 0})
	}
	r.CloneFlags = 0 // without the namespace nobody looks at them
	says(t, r)
}

func TestSetgroupsStaysAllowedWhereAsked(t *testing.T) {
	needRoot(t)
	r := script("cat /proc/self/setgroups")
	r.CloneFlags, r.GIDMappingsEnableSetgroups = syscall.CLONE_NEWUSER, true
	equal(t, says(t, r), "deny") // for GIDMappings is nil
	r.GIDMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1000}}
	equal(t, says(t, r), "allow")
}

func TestCredentialDropsGroupsAndCapabilities(t *testing.T) {
	needRoot(t)
	r := script("id -u; id -g; id -G; grep -E 'Cap(Prm|Eff|Bnd|Inh)' /proc/self/status | cut -f 2 | sort -u")
	r.Credential = &syscall.Credential{Uid: 1234, Gid: 1235, Groups: []uint32{7, 8}}
	equal(t, says(t, r), "1234\n1235\n1235 7 8\n0000000000000000")
	r.Credential.Groups = nil
	equal(t, says(t, r), "1234\n1235\n1235\n0000000000000000")
	r.WorkDir = "/root" // as go-sandbox enters it, while the capabilities are there
	says(t, r)
}

func TestCredentialInAUserNamespace(t *testing.T) {
	r := script("id -u; id -g")
	r.CloneFlags = syscall.CLONE_NEWUSER
	r.Credential = &syscall.Credential{Uid: 0, Gid: 0}
	equal(t, says(t, r), "0\n0")
	r.Credential = &syscall.Credential{Uid: 99, Gid: 0}
	fails(t, r, ChildError{syscall.EINVAL, LocSetUid, 0})
	r.Credential = &syscall.Credential{Uid: 0, Gid: 99}
	fails(t, r, ChildError{syscall.EINVAL, LocSetGid, 0})
	r.Credential = &syscall.Credential{Uid: 0, Gid: 0, Groups: []uint32{0}}
	fails(t, r, ChildError{syscall.EPERM, LocSetGroups, 0})
}

func TestSyncFuncIsCalledBeforeTheProgramRuns(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "marker")
	r := script(": >" + marker)
	called := 0
	r.SyncFunc = func(pid int) error {
		called = pid
		exe, err := os.Readlink("/proc/" + itoa(pid) + "/exe")
		if err != nil && !errors.Is(err, os.ErrPermission) || strings.HasSuffix(exe, "sh") {
			t.Errorf("%s, %v", exe, err)
		}
		if _, err := os.Stat(marker); err == nil {
			t.Error("the program has run")
		}
		return nil
	}
	pid, err := r.Start()
	if err != nil || pid != called {
		t.Fatalf("%d, %v: called with %d", pid, err, called)
	}
	equal(t, wait(t, pid).ExitStatus(), 0)
	if _, err := os.Stat(marker); err != nil {
		t.Error(err)
	}
}

func TestTheErrorOfSyncFuncIsStartsAndTheChildIsGone(t *testing.T) {
	for _, namespaces := range []uintptr{0, syscall.CLONE_NEWPID | user()} {
		r := script("exit 1")
		r.CloneFlags = namespaces
		no, child := errors.New("no"), 0
		r.SyncFunc = func(pid int) error { child = pid; return no }
		if pid, err := r.Start(); pid != 0 || err != no {
			t.Errorf("%d, %v", pid, err)
		}
		if err := syscall.Kill(child, 0); err != syscall.ESRCH {
			t.Errorf("the child: %v", err)
		}
	}
	r := script("")
	r.PivotRoot, r.CloneFlags = "/not/there", syscall.CLONE_NEWNS|user()
	r.SyncFunc = func(int) error { t.Error("called for a child that failed"); return nil }
	fails(t, r, ChildError{syscall.ENOENT, LocMountTmpfs, 0})
}

func TestAFailureAfterSyncFuncIsTold(t *testing.T) {
	r := &Runner{Args: []string{"/not/there"}, SyncFunc: func(int) error { return nil }}
	fails(t, r, ChildError{syscall.ENOENT, LocExecve, 0})
}

func TestASessionAlways(t *testing.T) {
	r := script("")
	r.Args = []string{"/bin/sleep", "1000"}
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	sid, _, _ := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	equal(t, int(sid), pid)
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil { // as go-sandbox's callers do
		t.Error(err)
	}
	equal(t, wait(t, pid).Signal(), syscall.SIGKILL)
}

func TestNoNewPrivs(t *testing.T) {
	r := script("grep NoNewPrivs /proc/self/status")
	equal(t, says(t, r), "NoNewPrivs:\t0")
	r.NoNewPrivs = true
	equal(t, says(t, r), "NoNewPrivs:\t1")
}

func TestDropCapsLeavesNone(t *testing.T) {
	const all = "grep -E 'Cap(Prm|Eff|Bnd|Inh|Amb)' /proc/self/status | cut -f 2 | sort -u"
	r := script(all)
	r.CloneFlags, r.DropCaps = syscall.CLONE_NEWUSER, true
	equal(t, says(t, r), "0000000000000000")
	r = script("grep -E 'Cap(Prm|Eff|Inh|Amb)' /proc/self/status | cut -f 2 | sort -u")
	r.DropCaps, r.NoNewPrivs = true, true // no privilege is needed for it
	equal(t, says(t, r), "0000000000000000")
	if os.Getuid() != 0 {
		r.NoNewPrivs = false
		fails(t, r, ChildError{syscall.EPERM, LocDropCapability, 0})
	}
}

func TestUnshareCgroupAfterSync(t *testing.T) {
	r := script("readlink /proc/self/ns/cgroup")
	r.CloneFlags, r.UnshareCgroupAfterSync, r.DropCaps = user(), true, true
	before := ""
	r.SyncFunc = func(pid int) error { before = namespace(t, pid, "cgroup"); return nil }
	if os.Getuid() != 0 {
		before = namespace(t, "self", "cgroup")
		r.SyncFunc = nil // who may not look into it
	}
	if after := says(t, r); after == before || before != namespace(t, "self", "cgroup") {
		t.Errorf("before %s, after %s", before, after)
	}
	if os.Getuid() != 0 {
		r = script("readlink /proc/self/ns/cgroup")
		r.UnshareCgroupAfterSync = true
		equal(t, says(t, r), before) // that it is not allowed to is no failure,
		r.CloneFlags = syscall.CLONE_NEWCGROUP
		fails(t, r, ChildError{syscall.EPERM, LocClone, 0}) // unless it is asked for
	}
}

func TestABusyFileIsTriedAgain(t *testing.T) {
	file := executable(t, "/bin/true")
	// go-sandbox's TestFork_ETXTBSY: the writer never closes it.
	fails(t, &Runner{Args: []string{file.Name()}, ExecFile: file.Fd()}, ChildError{syscall.ETXTBSY, LocExecve, 0})
	fails(t, &Runner{Args: []string{file.Name()}}, ChildError{syscall.ETXTBSY, LocExecve, 0})
	time.AfterFunc(10*time.Millisecond, func() { file.Close() })
	pid, err := (&Runner{Args: []string{file.Name()}}).Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, wait(t, pid).ExitStatus(), 0)
}

func TestLocationsAreCalledAsInGoSandbox(t *testing.T) {
	names := strings.Fields("clone close_write unshare_user_read getpid keep_capability setgroups setgid setuid dup3 fcntl setsid ioctl " +
		"mount(root) mount(tmpfs) mount(chdir) mount mount(mkdir) pivot_root umount unlink mount(readonly) chdir setrlimt " +
		"set_no_new_privs drop_capability set_cap ptrace_me stop seccomp sync_write sync_read execve")
	equal(t, len(names), int(LocExecve))
	for i, name := range names {
		equal(t, ErrorLocation(i+1).String(), name)
	}
	equal(t, ErrorLocation(0).String(), "unknown")
	equal(t, ErrorLocation(33).String(), "unknown")
	equal(t, ChildError{syscall.EPERM, LocMount, 0}.Error(), "mount: operation not permitted")
	equal(t, ChildError{syscall.EPERM, LocMount, 3}.Error(), "mount(3): operation not permitted")
}

func TestNothingIsLeftBehind(t *testing.T) {
	one := func(i int) {
		var r *Runner
		switch i % 5 {
		case 0:
			r = script("exit 7")
		case 1:
			r = script("exit 7")
			r.SyncFunc = func(int) error { return nil }
		case 2:
			r = script("exit 7")
			r.CloneFlags, r.SyncFunc = syscall.CLONE_NEWUSER, func(int) error { return syscall.EDOM }
		case 3:
			r = &Runner{Args: []string{"/not/there"}, CloneFlags: syscall.CLONE_NEWUSER}
		case 4:
			r = script("exit 7")
			r.StopBeforeSeccomp = true
		}
		pid, err := r.Start()
		if (err != nil) != (i%5 == 2 || i%5 == 3) {
			t.Errorf("%d: %v", i%5, err)
		}
		if err != nil {
			return
		}
		if i%5 == 4 {
			equal(t, wait(t, pid).StopSignal(), syscall.SIGSTOP)
			if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				t.Error(err)
			}
		}
		equal(t, wait(t, pid).ExitStatus(), 7)
	}
	for i := range 5 {
		one(i) // what the library opens once
	}
	count := func() int { entries, _ := os.ReadDir("/proc/self/fd"); return len(entries) }
	before := count()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 50 {
				one(worker + i)
			}
		}()
	}
	group.Wait()
	eventually(t, "no descriptor is left", func() bool { return count() <= before })
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
}
