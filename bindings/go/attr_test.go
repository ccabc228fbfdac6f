//go:build cgo && linux

package forkexec

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAttrReachesTheProgram(t *testing.T) {
	coreKinds := uint32(0x21)
	dir := t.TempDir()
	user := NamespaceUser | NamespaceMount
	ids := []IDMap{{0, os.Getuid(), 1}}
	gids := []IDMap{{0, os.Getgid(), 1}}
	usr, err := os.Open("/usr")
	if err != nil {
		t.Fatal(err)
	}
	defer usr.Close()
	passwd, err := os.Open("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	defer passwd.Close()
	for _, c := range []struct {
		name   string
		attr   Attr
		script string
		want   string
	}{
		{"cwd", Attr{Cwd: dir}, "pwd", dir},
		{"pid variable", Attr{PidVariable: "ME"}, "test $ME = $$ && echo me", "me"},
		{"rlimit", Attr{Rlimits: []Rlimit{{syscall.RLIMIT_CPU, 7, 9}}}, "ulimit -St; ulimit -Ht", "7\n9"},
		{"umask", Attr{Umask: To(0o27)}, "umask", "0027"},
		{"nice", Attr{Nice: To(nicer(5))}, "nice", strconv.Itoa(nicer(5))},
		{"affinity", Attr{Affinity: []int{0}}, "nproc", "1"},
		{"oom", Attr{OOMScoreAdj: To(500)}, "cat /proc/self/oom_score_adj", "500"},
		{"slack", Attr{TimerSlack: To(123 * time.Microsecond)}, "exec cat /proc/self/timerslack_ns", "123000"},
		{"session", Attr{Session: true}, "set -- $(cat /proc/$$/stat); test $6 = $$ && echo leader", "leader"},
		{"group", Attr{ProcessGroup: To(0)}, "set -- $(cat /proc/$$/stat); test $5 = $$ && echo leader", "leader"},
		{"no_new_privs", Attr{NoNewPrivs: true}, "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"},
		{"ignored", Attr{SignalIgnore: Signals(syscall.SIGUSR1)}, "kill -USR1 $$; echo lives", "lives"},
		{"mask", Attr{SignalMask: To(Signals(syscall.SIGUSR2))}, "exec grep SigBlk /proc/self/status", "SigBlk:\t0000000000000800"},
		{"closed", Attr{FDActions: []FDAction{OpenFD{5, "/dev/null", os.O_RDONLY, 0}, DupFD{5, 7}, CloseFD(5)}},
			"readlink /proc/$$/fd/7; test -e /proc/$$/fd/5 || echo closed", "/dev/null\nclosed"},
		{"directory", Attr{FDActions: []FDAction{EnterDirectory(dir)}}, "pwd", dir},
		{"user namespace", Attr{CreateNamespaces: NamespaceUser, UIDMap: ids, GIDMap: gids}, "id -u", "0"},
		{"hostname", Attr{CreateNamespaces: NamespaceUser | NamespaceUTS, UIDMap: ids, Hostname: "judge"}, "hostname", "judge"},
		{"pid namespace", Attr{CreateNamespaces: NamespaceUser | NamespacePID, UIDMap: ids}, "echo $$", "1"},
		{"init", Attr{CreateNamespaces: NamespaceUser | NamespacePID, UIDMap: ids, Init: true}, "echo $$", "2"},
		{"lingering init", Attr{CreateNamespaces: NamespaceUser | NamespacePID, UIDMap: ids, LingeringInit: true}, "echo $$", "2"},
		{"mounts", Attr{CreateNamespaces: user, UIDMap: ids, GIDMap: gids, Mounts: []MountItem{Tmpfs{Target: dir, Mode: 0o755},
			Directory{dir + "/a", 0o700}, File{dir + "/a/b", []byte("text"), 0o600}, Symlink{"a", dir + "/l"},
			BindMount{Source: "/usr", Target: dir + "/u", Flags: MountReadonly | MountCreate},
			CopyFile{dir + "/a/passwd", passwd, 0o600}, MountFile{From: passwd, Target: dir + "/a/m", Flags: MountCreate},
			ChangeMode{dir + "/a/b", 0o640}, Remount{dir, MountNoexec},
			BindMount{File: usr, Target: dir + "/f", Flags: MountReadonly | MountCreate},
			BindMount{Source: "/nonexistent", Target: dir + "/n", Flags: MountOptional | MountCreate}}},
			"cat " + dir + "/l/b; test -d " + dir + "/u/bin && test -d " + dir + "/f/bin && test $(stat -c %a " + dir + "/a/b) = 640 && cmp " + dir + "/a/passwd /etc/passwd && test -f " + dir + "/a/m && echo :", "text:"},
		{"overlay", Attr{CreateNamespaces: user, UIDMap: ids, GIDMap: gids, Mounts: []MountItem{
			Overlay{Lowers: []string{"/usr/bin", "/usr/share"}, Target: dir + "/over", Flags: MountCreate | MountInMemory}}},
			"test -e " + dir + "/over/sh && echo text >" + dir + "/over/made && cat " + dir + "/over/made", "text"},
		{"environment of an empty string", Attr{}, "echo ${NOT_THERE-unset}", "unset"},
		{"time", Attr{CreateNamespaces: NamespaceUser | NamespaceTime, UIDMap: ids,
			TimeOffsets: []TimeOffset{{Clock: 7, Offset: 1000 * time.Hour}}}, "test $(cut -d. -f1 /proc/uptime) -gt 3000000 && echo later", "later"},
		{"numa policy", Attr{NUMAPolicy: &NUMAPolicy{Mode: 2, Nodes: []int{0}}}, "grep -q bind:0 /proc/self/numa_maps && echo bound", "bound"},
		{"core", Attr{CoredumpFilter: &coreKinds}, "cat /proc/self/coredump_filter", "00000021"},
		{"pid", Attr{CreateNamespaces: NamespaceUser | NamespacePID, PIDs: []int{1}}, "echo $$", "1"},
		{"process flags", Attr{ProcessFlags: ProcessNoTHP}, "grep THP_enabled /proc/self/status | tr -dc 01", "0"},
		{"no user namespaces", Attr{NoNewPrivs: true, DenyUserNamespaces: true}, "unshare -U true 2>&1 | grep -o 'not permitted'", "not permitted"},
		{"landlock", Attr{NoNewPrivs: true, LandlockPaths: []LandlockPath{{"/", LandlockFSExecute | LandlockFSReadFile | LandlockFSReadDir}},
			LandlockFlags: LandlockFlagLogNewExecOn, AllowPartialLandlock: true,
			LandlockHandled: &LandlockHandled{FS: LandlockFSWriteFile | LandlockFSExecute | LandlockFSReadFile | LandlockFSReadDir}},
			"exec 2>&-; (echo > " + dir + "/new) || echo denied", "denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if has, why, err := Probe(FeatureOverlay); c.name == "overlay" && (err != nil || !has) {
				t.Skip(why, err)
			}
			attr := c.attr
			equal(t, sh(t, &attr, c.script), c.want)
			if err := attr.Prepare(); err != nil {
				t.Fatal(err)
			}
			equal(t, sh(t, &attr, c.script), c.want)
		})
	}
}

func TestSeccompFilterReachesTheProgram(t *testing.T) {
	// errno 7 (E2BIG) for uname(2), 63 on x86_64.
	program := []SockFilter{{Code: 0x20, K: 0}, {Code: 0x15, Jf: 1, K: 63}, {Code: 6, K: 0x50007}, {Code: 6, K: 0x7fff0000}}
	cmd := Command("/bin/uname")
	cmd.Attr = &Attr{NoNewPrivs: true, Seccomp: []SeccompFilter{{Program: program}}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "too long") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestFilesGetTheirNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("seven"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	equal(t, sh(t, &Attr{FDs: []FD{{file, 7}}}, "cat <&7"), "seven")
}

func TestErrorsAreThoseOfTheErrno(t *testing.T) {
	closed, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, c := range []struct {
		name  string
		attr  Attr
		stage Stage
		is    error
		says  string
	}{
		{"cwd", Attr{Cwd: "/not/there"}, StageCwd, fs.ErrNotExist, "/not/there"},
		{"uid", Attr{UID: To(-1)}, StageValidate, syscall.EINVAL, "-1"},
		{"large", Attr{Umask: To(1 << 40)}, StageValidate, syscall.EINVAL, "1099511627776"},
		{"nul", Attr{Cwd: "/a\x00b"}, StageValidate, syscall.EINVAL, "NUL"},
		{"closed", Attr{FDs: []FD{{closed, 3}}}, StageValidate, os.ErrClosed, "closed"},
		{"nil", Attr{FDs: []FD{{nil, 3}}}, StageValidate, syscall.EBADF, "nil"},
		{"negative", Attr{FDActions: []FDAction{CloseFD(-1)}}, StageValidate, syscall.EBADF, "negative"},
		{"contradiction", Attr{Session: true, ProcessGroup: To(0)}, StageValidate, syscall.EINVAL, "set_process_group"},
		{"hostname", Attr{Hostname: "judge"}, StageValidate, syscall.EINVAL, "hostname"},
		{"setter", Attr{Root: &Root{Flags: 1 << 30}}, StageValidate, syscall.EINVAL, "set_root"},
		{"namespace", Attr{CreateNamespaces: 1}, StageValidate, syscall.EINVAL, "create_namespaces"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := openFDs(t)
			child, err := Spawn("/bin/true", nil, nil, &c.attr)
			if err == nil {
				child.Close()
				t.Fatal("it started")
			}
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatalf("%T: %v", err, err)
			}
			equal(t, failure.Stage, c.stage)
			if !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
			equal(t, openFDs(t), before)
		})
	}
}

func TestOfTwoFieldsForTheSameThingNoneCountsLess(t *testing.T) {
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for name, attr := range map[string]Attr{
		"LingeringInit": {Init: true, LingeringInit: true, CreateNamespaces: NamespacePID},
		"Deadline":      {Scheduler: &Scheduler{}, Deadline: &Deadline{Runtime: 1 << 20, Deadline: 1 << 24}},
		"OwnCgroup":     {Cgroup: null, OwnCgroup: &Cgroup{}},
	} {
		if _, err := Spawn("/bin/true", nil, nil, &attr); !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), name) ||
			!strings.Contains(err.Error(), "is set, too") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
