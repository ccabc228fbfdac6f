//go:build cgo && linux

package forkexec

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// What os.Is... and errors.Is say of an error of os/exec, they say of ours.
func TestErrorsAreAskedAsThoseOfGo(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/not/there\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	if err := os.WriteFile(bin, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		path  string
		dir   string
		sys   *syscall.SysProcAttr
		root  bool // whether root fails, and nobody else; where not, and there is no stage, nobody else but root succeeds
		stage Stage
	}{
		{"no program", "/not/there", "", nil, false, StageExec},
		{"not executable", plain, "", nil, false, StageExec},
		{"a directory", dir, "", nil, false, StageExec},
		{"no interpreter", script, "", nil, false, StageExec},
		{"no format", bin, "", nil, false, StageExec},
		{"no directory", "/bin/true", "/not/there", nil, false, StageCwd},
		{"a file for a directory", "/bin/true", plain, nil, false, StageCwd},
		{"no program, SysProcAttr", "/not/there", "", &syscall.SysProcAttr{Setsid: true}, false, StageExec},
		{"no directory, SysProcAttr", "/bin/true", "/not/there", &syscall.SysProcAttr{Setsid: true}, false, StageCwd},
		{"no root", "/bin/true", "", &syscall.SysProcAttr{Chroot: "/not/there"}, true, 0},
		{"no group", "/bin/true", "", &syscall.SysProcAttr{Setpgid: true, Pgid: 1}, false, 0},
		{"no right to a user", "/bin/true", "", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1, Gid: 1}}, false, 0},
		{"no right to a capability", "/bin/true", "", &syscall.SysProcAttr{AmbientCaps: []uintptr{40}, Credential: &syscall.Credential{Uid: 1, Gid: 1}}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root {
				needRoot(t)
			} else if c.stage == 0 && os.Getuid() == 0 {
				t.Skip("root may")
			}
			theirs := exec.Command(c.path)
			theirs.Dir, theirs.SysProcAttr = c.dir, c.sys
			want := theirs.Run()
			if want == nil {
				t.Skip("Go starts it: this user may")
			}
			compare := func(what string, got error) {
				t.Helper()
				for name, is := range map[string]func(error) bool{"os.IsNotExist": os.IsNotExist, "os.IsPermission": os.IsPermission,
					"os.IsExist": os.IsExist, "os.IsTimeout": os.IsTimeout,
					"fs.ErrNotExist":   func(err error) bool { return errors.Is(err, fs.ErrNotExist) },
					"fs.ErrPermission": func(err error) bool { return errors.Is(err, fs.ErrPermission) },
					"ENOEXEC":          func(err error) bool { return errors.Is(err, syscall.ENOEXEC) },
					"ENOTDIR":          func(err error) bool { return errors.Is(err, syscall.ENOTDIR) },
				} {
					if is(got) != is(want) {
						t.Errorf("%s: %s: %v, and of Go's %v: %v", what, name, got, want, is(want))
					}
				}
				failure := Failure(got)
				if failure == nil || failure.Message == "" || c.stage != 0 && failure.Stage != c.stage {
					t.Errorf("%s: %v has the failure %v", what, got, failure)
				}
			}
			cmd := Command(c.path)
			cmd.Dir, cmd.SysProcAttr = c.dir, c.sys
			got := cmd.Run()
			compare("Cmd", got)
			var mine, its *fs.PathError
			if !errors.As(got, &mine) || !errors.As(want, &its) || c.stage != StageCwd && mine.Path != its.Path {
				t.Errorf("%#v, and Go's %#v", got, want)
			}
			_, got = StartProcess(c.path, []string{"x"}, &os.ProcAttr{Dir: c.dir, Sys: c.sys}, nil)
			compare("StartProcess", got)
			_, got = ForkExec(c.path, []string{"x"}, &syscall.ProcAttr{Dir: c.dir, Sys: c.sys}, nil)
			compare("ForkExec", got)
			if c.stage != 0 {
				cmd = Command(c.path)
				cmd.Dir, cmd.SysProcAttr, cmd.Attr = c.dir, c.sys, &Attr{Umask: To(0)}
				compare("Cmd with an Attr", cmd.Run())
			}
		})
	}
}

func TestErrorsOfAnAttrHaveTheErrorInside(t *testing.T) {
	cmd := Command("/bin/true")
	cmd.Attr = &Attr{Cwd: "/not/there"}
	var failure *Error
	err := cmd.Run()
	if !errors.As(err, &failure) || failure.Stage != StageCwd || Failure(err) != failure || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if Failure(nil) != nil || Failure(os.ErrExist) != nil || Failure(&fs.PathError{Err: syscall.ENOENT}) != nil {
		t.Error("a failure where there is none")
	}
}

// A failure is known as long as its error is, and not longer.
func TestFailuresGoWithTheirErrors(t *testing.T) {
	size := func() (n int) {
		hidden.list.Range(func(any, any) bool { n++; return true })
		return
	}
	kept := Command("/not/there").Run()
	for i := 0; i < 50; i++ {
		_ = Command("/not/there").Run()
	}
	eventually(t, "the end of errors that nobody has", func() bool { runtime.GC(); return size() < 10 })
	if Failure(kept) == nil {
		t.Error("an error that is there has lost its failure")
	}
	runtime.KeepAlive(kept)
}

// Go takes the end of file of its pipe for a success.
func TestAChildThatIsKilledBeforeTheProgramIsAnError(t *testing.T) {
	execve, execveat := uint32(59), uint32(322)
	if runtime.GOARCH == "arm64" {
		execve, execveat = 221, 281
	}
	kill := []SockFilter{{Code: 0x20, K: 0}, {Code: 0x15, Jt: 1, K: execve}, {Code: 0x15, Jf: 1, K: execveat},
		{Code: 6, K: 0x80000000}, {Code: 6, K: 0x7fff0000}}
	cmd := Command("/bin/true")
	cmd.Attr = &Attr{NoNewPrivs: true, Seccomp: []SeccompFilter{{Program: kill}}}
	err := cmd.Run()
	failure := Failure(err)
	if !errors.Is(err, syscall.ECANCELED) || failure == nil || failure.Signal != syscall.SIGSYS || cmd.Process != nil {
		t.Fatalf("%v", err)
	}
	if !gone(failure.Pid) {
		t.Error("it was not reaped")
	}
}

// Under Go the working directory stays outside.
func TestChrootWithoutDirStartsInTheNewRoot(t *testing.T) {
	needRoot(t)
	sys := &syscall.SysProcAttr{Chroot: "/"}
	theirs := exec.Command("/bin/pwd")
	theirs.SysProcAttr = sys
	outside, err := theirs.Output()
	if err != nil || string(outside) == "/\n" {
		t.Errorf("Go: %s, %v", outside, err)
	}
	ours := Command("/bin/pwd")
	ours.SysProcAttr = sys
	inside, err := ours.Output()
	if err != nil || string(inside) != "/\n" {
		t.Errorf("%s, %v", inside, err)
	}
	ours = Command("/bin/pwd")
	ours.SysProcAttr, ours.Dir = sys, "/usr"
	inside, err = ours.Output()
	if err != nil || string(inside) != "/usr\n" {
		t.Errorf("with Dir: %s, %v", inside, err)
	}
}

// Go closes the number in the child.
func TestAClosedFileIsAnError(t *testing.T) {
	file, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	for name, start := range map[string]func() error{
		"Stdin":      func() error { cmd := Command("/bin/true"); cmd.Stdin = file; return cmd.Run() },
		"Stdout":     func() error { cmd := Command("/bin/true"); cmd.Stdout = file; return cmd.Run() },
		"ExtraFiles": func() error { cmd := Command("/bin/true"); cmd.ExtraFiles = []*os.File{file}; return cmd.Run() },
		"StartProcess": func() error {
			_, err := StartProcess("/bin/true", nil, &os.ProcAttr{Files: []*os.File{file}}, nil)
			return err
		},
		"Cgroup":    func() error { cmd := Command("/bin/true"); cmd.Attr = &Attr{Cgroup: file}; return cmd.Run() },
		"ExecFile":  func() error { _, err := Spawn("", []string{"x"}, nil, &Attr{ExecFile: file}); return err },
		"typed nil": func() error { cmd := Command("/bin/true"); cmd.Stdin = (*os.File)(nil); return cmd.Run() },
	} {
		err := start()
		if name == "typed nil" {
			if err == nil {
				continue // as Go: it is closed in the child
			}
			t.Errorf("%s: %v", name, err)
		} else if !errors.Is(err, os.ErrClosed) || !errors.Is(err, syscall.EBADF) || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Go waits for ever.
func TestMapsWithoutAUserNamespaceAreRefused(t *testing.T) {
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	for _, sys := range []*syscall.SysProcAttr{{UidMappings: ids}, {GidMappings: ids}, {UidMappings: ids, Cloneflags: syscall.CLONE_NEWUTS}} {
		_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: sys}, nil)
		refusedBefore(t, err, syscall.EINVAL, "user namespace")
	}
}

// refusedBefore is that no process came to be, and that the error says why.
func refusedBefore(t *testing.T, err error, errno syscall.Errno, says string) {
	t.Helper()
	failure := Failure(err)
	if failure == nil || failure.Stage != StageValidate || failure.Pid != 0 || !errors.Is(err, errno) {
		t.Errorf("%v: %+v", err, failure)
	} else if !strings.Contains(err.Error(), says) {
		t.Errorf("%q does not say %q", err, says)
	}
}

func TestUnmappedCredentialsAreRefused(t *testing.T) {
	uids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	gids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	for name, sys := range map[string]*syscall.SysProcAttr{
		"uid":     {Cloneflags: syscall.CLONE_NEWUSER, UidMappings: uids, GidMappings: gids, Credential: &syscall.Credential{Uid: 5}},
		"gid":     {Cloneflags: syscall.CLONE_NEWUSER, UidMappings: uids, GidMappings: gids, Credential: &syscall.Credential{Gid: 5}},
		"unshare": {Unshareflags: syscall.CLONE_NEWUSER, UidMappings: uids, GidMappings: gids, Credential: &syscall.Credential{Uid: 5}},
		"no maps": {Cloneflags: syscall.CLONE_NEWUSER, Credential: &syscall.Credential{Uid: 0}},
		"groups": {Cloneflags: syscall.CLONE_NEWUSER, UidMappings: uids, GidMappings: gids, GidMappingsEnableSetgroups: true,
			Credential: &syscall.Credential{Groups: []uint32{7}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ForkExec("/bin/true", nil, &syscall.ProcAttr{Sys: sys}, nil)
			refusedBefore(t, err, syscall.EINVAL, "map")
		})
	}
}
