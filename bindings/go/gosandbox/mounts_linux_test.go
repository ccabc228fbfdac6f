//go:build cgo

package gosandbox

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// rooted is a shell in an empty root.
func rooted(t *testing.T, text string, more ...SyscallParams) *Runner {
	r := script(text)
	r.CloneFlags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUSER | syscall.CLONE_NEWUTS | syscall.CLONE_NEWCGROUP
	r.PivotRoot = t.TempDir()
	r.Mounts = append(system(), more...)
	return r
}

func TestPivotRootIsEmptyAndReadOnly(t *testing.T) {
	r := rooted(t, "pwd; echo *; : >/file")
	text, status := output(t, r)
	if status == 0 {
		t.Error("a file was made in the root")
	}
	contains(t, text, "/\nbin lib lib64 usr\n")
	contains(t, text, "Read-only file system")
	entries, err := os.ReadDir(r.PivotRoot)
	if err != nil || len(entries) != 0 {
		t.Errorf("the caller sees %v, %v", entries, err)
	}
	r.PivotRoot += "/not/there"
	fails(t, r, ChildError{syscall.ENOENT, LocMountTmpfs, 0})
}

func TestMountsInTheNewRoot(t *testing.T) {
	directory := t.TempDir()
	name := filepath.Join(directory, "name")
	if err := os.WriteFile(name, []byte("contents"), 0o644); err != nil {
		t.Fatal(err)
	}
	tmpfs := SyscallParams{Source: c("tmpfs"), Target: c("tmp"), FsType: c("tmpfs"), Data: c("size=1m"),
		Flags: syscall.MS_NOSUID | syscall.MS_NODEV, Prefixes: []*byte{c("tmp")}}
	proc := SyscallParams{Source: c("proc"), Target: c("proc"), FsType: c("proc"), Prefixes: []*byte{c("proc")},
		Flags: syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC | syscall.MS_RDONLY}
	r := rooted(t, `cat /a/b/file /deep/er/name; echo; : >/tmp/x && echo wrote; touch /deep/er/new || echo refused; echo $$
		grep -E ' /(tmp|deep/er|a/b/file) ' /proc/mounts | cut -d ' ' -f 2,4 | cut -d , -f 1-3`,
		tmpfs, proc, bind(name, "a/b/file", syscall.MS_RDONLY|syscall.MS_NOSUID, true),
		bind(directory, "deep/er", syscall.MS_RDONLY|syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_PRIVATE|syscall.MS_REC, false))
	text := says(t, r)
	contains(t, text, "contentscontents\nwrote\n")
	contains(t, text, "refused\n1\n")
	contains(t, text, "/deep/er ro,nosuid,nodev")
	contains(t, text, "/a/b/file ro,nosuid")
	contains(t, text, "/tmp rw,nosuid,nodev")
}

func TestATargetMayBeNamedByTheCallersPath(t *testing.T) {
	r := rooted(t, "echo /in/*")
	directory := t.TempDir()
	if err := os.WriteFile(directory+"/name", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r.Mounts = append(r.Mounts, bind(directory, "in", 0, false))
	last := &r.Mounts[len(r.Mounts)-1]
	last.Target, last.Prefixes = c(r.PivotRoot+"/in"), []*byte{c(r.PivotRoot + "/in")}
	equal(t, says(t, r), "/in/name")
	last.Target = c("/elsewhere")
	fails(t, r, ChildError{syscall.EINVAL, LocMount, len(r.Mounts) - 1})
	last.Target = c("../in")
	fails(t, r, ChildError{syscall.EINVAL, LocMount, len(r.Mounts) - 1})
}

func TestAMountThatFailsIsNamedByItsPlace(t *testing.T) {
	r := rooted(t, "")
	place := len(r.Mounts)
	for _, wrong := range []struct {
		mount SyscallParams
		want  ChildError
	}{
		{bind("/not/there", "in", 0, false), ChildError{syscall.ENOENT, LocMount, place}},
		{bind("/usr", "bin/in/side", 0, false), ChildError{syscall.EROFS, LocMountMkdir, place}},
		{bind("/dev/null", "usr/file", 0, true), ChildError{syscall.EROFS, LocMount, place}},
		{bind("usr", "in", 0, false), ChildError{syscall.EINVAL, LocMount, place}},
		{SyscallParams{Source: c("x"), Target: c("in"), FsType: c("nofs"), Prefixes: []*byte{c("in")}},
			ChildError{syscall.ENODEV, LocMount, place}},
		{SyscallParams{Source: c("x"), Target: c("in"), FsType: c("tmpfs")}, ChildError{syscall.ENOENT, LocMount, place}},
		{SyscallParams{Source: c("x"), FsType: c("tmpfs"), Prefixes: []*byte{nil}}, ChildError{syscall.ENOENT, LocMountMkdir, place}},
	} {
		r.Mounts = append(r.Mounts[:place], wrong.mount)
		fails(t, r, wrong.want)
	}
}

// go-sandbox's TestFork_ENOENT.
func TestAnEmptyTargetIsNowhere(t *testing.T) {
	r := &Runner{Args: []string{"/bin/echo"}, CloneFlags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		Mounts: []SyscallParams{{Source: c("NOT_EXISTS"), Target: c(""), FsType: c(""), Prefixes: []*byte{c("")}}}}
	fails(t, r, ChildError{syscall.ENOENT, LocMountMkdir, 0})
}

func TestMountsInTheCallersRoot(t *testing.T) {
	directory := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(directory, link); err != nil {
		t.Fatal(err)
	}
	r := script("echo contents >" + directory + "/name; cat " + directory + "/name; grep -c " + directory + " /proc/self/mountinfo")
	r.CloneFlags = syscall.CLONE_NEWNS | user()
	mount := SyscallParams{Source: c("tmpfs"), Target: c(link), FsType: c("tmpfs"), Prefixes: []*byte{c(link)}}
	r.Mounts = []SyscallParams{mount}
	equal(t, says(t, r), "contents\n1")
	if _, err := os.Stat(directory + "/name"); err == nil {
		t.Error("the caller sees it")
	}
	if text, _ := os.ReadFile("/proc/self/mountinfo"); strings.Contains(string(text), directory) {
		t.Error("the mount is the caller's")
	}
	r.CloneFlags = user()
	fails(t, r, ChildError{syscall.EINVAL, LocMount, 0}) // never in the caller's own
}
