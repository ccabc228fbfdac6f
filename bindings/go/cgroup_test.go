//go:build cgo && linux

package forkexec

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// cgroupTop is where this user may make cgroups of version 2.
func cgroupTop(t *testing.T) *os.File {
	t.Helper()
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for _, line := range strings.Split(string(mounts), "\n") {
		if words := strings.Fields(line); len(words) > 2 && words[2] == "cgroup2" {
			trial := filepath.Join(words[1], "forkexec-go-trial-"+itoa(os.Getpid()))
			if os.Mkdir(trial, 0o755) == nil {
				os.Remove(trial)
				top, err := os.Open(words[1])
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { top.Close() })
				return top
			}
		}
	}
	t.Skip("no place where cgroups may be made")
	return nil
}

func newCgroup(t *testing.T, top *os.File) *Cgroup {
	t.Helper()
	group, err := CreateCgroup(top, cgroupName(t))
	if err != nil {
		t.Fatal(err)
	}
	return group
}

func cgroupName(t *testing.T) string {
	return "forkexec-go-" + itoa(os.Getpid()) + "-" + strings.ReplaceAll(t.Name(), "/", "-")
}

func TestCgroupMadeUsedAndRemoved(t *testing.T) {
	top := cgroupTop(t)
	group := newCgroup(t, top)
	folder := filepath.Join(top.Name(), cgroupName(t))
	if err := group.Set("cgroup.max.depth", "3"); err != nil {
		t.Error(err)
	}
	if text, err := group.Read("cgroup.max.depth"); text != "3\n" || err != nil {
		t.Error(text, err)
	}
	if number, err := group.Number("cgroup.max.depth"); number != 3 || err != nil {
		t.Error(number, err)
	}
	if number, err := group.Number("cgroup.max.descendants"); number != -1 || err != nil {
		t.Error(number, err)
	}
	cmd := Command("/bin/cat", "/proc/self/cgroup")
	cmd.Attr = &Attr{OwnCgroup: group}
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), filepath.Base(folder)) {
		t.Error(string(out), err)
	}
	child, err := Spawn("/bin/sleep", []string{"sleep", "1000"}, nil, &Attr{OwnCgroup: group})
	if err != nil {
		t.Fatal(err)
	}
	if counters, err := group.Counters("cgroup.events"); counters["populated"] != 1 || err != nil {
		t.Error(counters, err)
	}
	if file, err := group.File(); err != nil {
		t.Error(err)
	} else {
		one, _ := file.Stat()
		other, _ := os.Stat(folder)
		if !os.SameFile(one, other) {
			t.Error("another directory")
		}
		file.Close()
	}
	if err := group.Remove(time.Minute); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	status, err := child.Wait(context.Background())
	if err != nil || status.Signal != syscall.SIGKILL {
		t.Error(status, err)
	}
	child.Close()
	err = group.Set("cgroup.max.depth", "3")
	if failure := Failure(err); failure == nil || failure.Stage != StageCgroup || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := group.Close(); err != nil {
		t.Error(err)
	}
	for _, err := range []error{group.Close(), group.Kill(), group.Remove(0), group.Set("a", "b")} {
		if !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := Spawn("/bin/true", nil, nil, &Attr{OwnCgroup: group}); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestCgroupKilledAndClosed(t *testing.T) {
	top := cgroupTop(t)
	group := newCgroup(t, top)
	for turn := 0; turn < 2; turn++ {
		child, err := Spawn("/bin/sleep", []string{"sleep", "1000"}, nil, &Attr{OwnCgroup: group})
		if err != nil {
			t.Fatal(err)
		}
		end := group.Kill
		if turn == 1 {
			end = group.Close
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		if status, err := child.Wait(context.Background()); err != nil || status.Signal != syscall.SIGKILL {
			t.Error(status, err)
		}
		child.Close()
	}
}

func TestCgroupNamesAndPlaces(t *testing.T) {
	top := cgroupTop(t)
	group := newCgroup(t, top)
	defer group.Close()
	for _, name := range []string{"", "..", "a/b", "a\nb", "a\x00b"} {
		_, made := CreateCgroup(top, name)
		_, read := group.Read(name)
		for _, err := range []error{made, read, group.Set(name, "1")} {
			if failure := Failure(err); failure == nil || failure.Stage != StageValidate || !errors.Is(err, syscall.EINVAL) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	if _, err := CreateCgroup(top, cgroupName(t)); !errors.Is(err, syscall.EBUSY) && !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	root, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateCgroup(root, "a"); !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "cgroup") {
		t.Error(err)
	}
	root.Close()
	if _, err := CreateCgroup(root, "a"); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if _, err := CreateCgroup(nil, "a"); !errors.Is(err, syscall.EBADF) {
		t.Error(err)
	}
}

func TestCgroupsOfManyGoroutines(t *testing.T) {
	top := cgroupTop(t)
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for turn := 0; turn < 10; turn++ {
				group, err := CreateCgroup(top, cgroupName(t)+itoa(i))
				if err != nil {
					t.Error(err)
					return
				}
				cmd := Command("/bin/true")
				cmd.Attr = &Attr{OwnCgroup: group}
				if err := cmd.Run(); err != nil {
					t.Error(err)
				}
				if err := group.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
}

func TestCgroupLimitOfMemory(t *testing.T) {
	group := newCgroup(t, cgroupTop(t))
	defer group.Close()
	if err := group.Set("memory.max", "16M"); errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	_ = group.Set("memory.swap.max", "0")
	child, err := Spawn("/bin/sh", []string{"sh", "-c", "exec head -c 256m /dev/zero | tail"}, nil, &Attr{OwnCgroup: group})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	if _, err := child.Wait(context.Background()); err != nil {
		t.Error(err)
	}
	if counters, err := group.Counters("memory.events"); err != nil || counters["oom_kill"] == 0 {
		t.Error(counters, err)
	}
}

// A cgroup of version 1 serves as well as one of version 2.
func TestStatusTellsOfTheOutOfMemoryKiller(t *testing.T) {
	attr := &Attr{}
	if top := filepath.Join("/sys/fs/cgroup/memory", cgroupName(t)); os.Mkdir(top, 0o755) == nil {
		t.Cleanup(func() { os.Remove(top) })
		if err := os.WriteFile(filepath.Join(top, "memory.limit_in_bytes"), []byte("16M"), 0o644); err != nil {
			t.Fatal(err)
		}
		_ = os.WriteFile(filepath.Join(top, "memory.memsw.limit_in_bytes"), []byte("16M"), 0o644)
		directory, err := os.Open(top)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { directory.Close() })
		attr.Cgroup = directory
	} else {
		attr.OwnCgroup = newCgroup(t, cgroupTop(t))
		t.Cleanup(func() { attr.OwnCgroup.Close() })
		if err := attr.OwnCgroup.Set("memory.max", "16M"); errors.Is(err, fs.ErrNotExist) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		_ = attr.OwnCgroup.Set("memory.swap.max", "0")
	}
	child, err := Spawn("/bin/sh", []string{"sh", "-c", "exec tail </dev/zero"}, nil, attr)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	status, err := child.Wait(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, status.Ended, EndedMemory)
	if status.Valid&StatusOutOfMemory == 0 || !status.OutOfMemory || status.OOMKills == 0 {
		t.Errorf("%+v", status)
	}
}
