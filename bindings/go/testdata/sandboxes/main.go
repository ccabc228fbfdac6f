//go:build linux

// Command sandboxes measures starts of a small program by the adapter gosandbox beside go-sandbox, one of the one after one of
// the other. tools/go sandboxes builds it, where go-sandbox is to be had.
//
// usage: sandboxes [-rounds N] [-heap MIB] [-only ROW] PROGRAM
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/criyle/go-sandbox/pkg/forkexec"
	"github.com/criyle/go-sandbox/pkg/mount"
	"github.com/criyle/go-sandbox/pkg/rlimit"

	"forkexec/gosandbox"
)

var (
	rounds = flag.Int("rounds", 500, "how often each is started")
	heap   = flag.Int("heap", 0, "MiB that this process has written to before")
	only   = flag.String("only", "", "a part of the names of the rows to measure")
)

func main() {
	flag.Parse()
	file, err := os.Open(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ballast := make([]byte, *heap<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	root, err := os.MkdirTemp("", "sandboxes")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	defer os.Remove(root)
	fmt.Printf("%-38s %10s %10s %7s %7s\n", "median, us", "forkexec", "go-sandbox", "ratio", "target")
	limits := rlimit.RLimits{CPU: 1, FileSize: 1 << 20, Stack: 8 << 20, AddressSpace: 1 << 30, OpenFile: 64, DisableCore: true}
	allow := []syscall.SockFilter{{Code: 6, K: 0x7fff0000}}
	mounts, err := mount.NewBuilder().WithBind("/usr", "usr", true).WithBind("/bin", "bin", true).WithBind("/lib", "lib", true).
		WithBind("/etc", "etc", true).WithTmpfs("w", "size=8m,nr_inodes=4k").WithTmpfs("tmp", "size=8m,nr_inodes=4k").
		WithProc().Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	maps := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
	base := forkexec.Runner{Args: []string{"tiny"}, Env: os.Environ(), ExecFile: file.Fd(), Files: []uintptr{0, 1, 2}}
	user := base
	user.CloneFlags, user.UIDMappings, user.GIDMappings = syscall.CLONE_NEWUSER, maps(os.Getuid()), maps(os.Getgid())
	full := user
	full.CloneFlags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS |
		syscall.CLONE_NEWIPC | syscall.CLONE_NEWCGROUP
	full.Mounts, full.PivotRoot, full.WorkDir, full.HostName, full.DomainName = mounts, root, "/w", "sandbox", "sandbox"
	full.RLimits, full.DropCaps, full.NoNewPrivs = limits.PrepareRLimit(), true, true
	full.Seccomp = &syscall.SockFprog{Len: uint16(len(allow)), Filter: &allow[0]}
	targets := []float64{0.95, 0.65, 0.75}
	if *heap >= 1024 {
		targets = []float64{0, 0.02, 0.02}
	}
	for i, row := range []struct {
		name   string
		runner forkexec.Runner
	}{{"Runner, plain", base}, {"Runner, user namespace with maps", user}, {"Runner, full sandbox", full}} {
		if strings.Contains(row.name, *only) {
			measure(row.name, targets[i], &row.runner)
		}
	}
	runtime.KeepAlive(file)
	runtime.KeepAlive(ballast)
}

// adapted is the same with the adapter.
func adapted(r *forkexec.Runner) *gosandbox.Runner {
	a := &gosandbox.Runner{Args: r.Args, Env: r.Env, ExecFile: r.ExecFile, Files: r.Files, WorkDir: r.WorkDir, Seccomp: r.Seccomp,
		CloneFlags: r.CloneFlags, PivotRoot: r.PivotRoot, HostName: r.HostName, DomainName: r.DomainName,
		UIDMappings: r.UIDMappings, GIDMappings: r.GIDMappings, NoNewPrivs: r.NoNewPrivs, DropCaps: r.DropCaps}
	for _, limit := range r.RLimits {
		a.RLimits = append(a.RLimits, gosandbox.RLimit(limit))
	}
	for _, mount := range r.Mounts {
		a.Mounts = append(a.Mounts, gosandbox.SyscallParams(mount))
	}
	return a
}

func measure(name string, target float64, theirs *forkexec.Runner) {
	ours := adapted(theirs)
	var took [2][]float64
	for i := -5; i < *rounds; i++ {
		for _, which := range []int{i & 1, 1 - i&1} {
			start := time.Now()
			var pid int
			var err error
			if which == 0 {
				pid, err = ours.Start()
			} else {
				pid, err = theirs.Start()
			}
			var status syscall.WaitStatus
			if err == nil {
				_, err = syscall.Wait4(pid, &status, 0, nil)
			}
			if err != nil || status != 0 {
				fmt.Printf("%-38s %v, status %#x\n", name, err, status)
				return
			}
			if i >= 0 {
				took[which] = append(took[which], float64(time.Since(start))/1e3)
			}
		}
	}
	ours50, theirs50 := median(took[0]), median(took[1])
	goal := ""
	if target != 0 {
		goal = fmt.Sprintf("%.3g", target)
		if ours50/theirs50 > target {
			goal += " missed"
		}
	}
	fmt.Printf("%-38s %10.1f %10.1f %7.3f %7s\n", name, ours50, theirs50, ours50/theirs50, goal)
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
