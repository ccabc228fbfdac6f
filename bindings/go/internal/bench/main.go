//go:build linux

// Command bench measures starts of a small program by this package beside os/exec and syscall.ForkExec, one of the one after one of
// the other, so that both meet the same machine. tools/go bench runs it.
//
// usage: bench [-rounds N] [-heap MIB] [-only ROW] PROGRAM
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"forkexec"
)

var (
	rounds  = flag.Int("rounds", 1000, "how often each is started")
	heap    = flag.Int("heap", 0, "MiB that this process has written to before")
	only    = flag.String("only", "", "a part of the names of the rows to measure")
	program string
	ballast []byte
)

// A row compares one way to start with another.
type row struct {
	name         string
	target       float64 // of ours, as a part of theirs; 0: none
	ours, theirs func() error
	rounds       int // fewer than asked for; 0: all
}

func main() {
	flag.Parse()
	program = flag.Arg(0)
	if program == "" {
		flag.Usage()
		os.Exit(2)
	}
	ballast = make([]byte, *heap<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	fmt.Printf("%-38s %10s %10s %7s %7s\n", "median, us", "forkexec", "Go", "ratio", "target")
	fd, undo := cgroup()
	defer undo()
	for _, r := range rows(fd) {
		if strings.Contains(r.name, *only) {
			measure(r)
		}
	}
	if strings.Contains("waiting", *only) {
		waiting()
	}
	if strings.Contains("pauses", *only) {
		pauses()
	}
	runtime.KeepAlive(ballast)
}

func measure(r row) {
	count := *rounds
	if r.rounds != 0 {
		count = min(count, r.rounds)
	}
	var took [2][]float64
	for i := -5; i < count; i++ {
		for _, which := range []int{i & 1, 1 - i&1} {
			start := time.Now()
			var err error
			if which == 0 {
				err = r.ours()
			} else {
				err = r.theirs()
			}
			if err != nil {
				fmt.Printf("%-38s %v\n", r.name, err)
				return
			}
			if i >= 0 {
				took[which] = append(took[which], float64(time.Since(start))/1e3)
			}
		}
	}
	ours, theirs := at(took[0], 0.5), at(took[1], 0.5)
	target := ""
	if r.target != 0 {
		target = fmt.Sprintf("%.3g", r.target)
		if ours/theirs > r.target {
			target += " missed"
		}
	}
	fmt.Printf("%-38s %10.1f %10.1f %7.3f %7s\n", r.name, ours, theirs, ours/theirs, target)
}

// at is a quantile.
func at(list []float64, part float64) float64 {
	slices.Sort(list)
	return list[min(int(part*float64(len(list))), len(list)-1)]
}

// commands are os/exec's Cmd and ours, with the same attributes.
func commands(sys func() *syscall.SysProcAttr) (ours, theirs func() error) {
	return func() error {
			cmd := forkexec.Command(program)
			cmd.SysProcAttr = sys()
			return cmd.Run()
		}, func() error {
			cmd := exec.Command(program)
			cmd.SysProcAttr = sys()
			return cmd.Run()
		}
}

func reap(pid int) error {
	for {
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != syscall.EINTR {
			return err
		}
	}
}

// forks are syscall.ForkExec and ours.
func forks(sys func() *syscall.SysProcAttr) (ours, theirs func() error) {
	run := func(fork func(*syscall.ProcAttr) (int, error)) func() error {
		return func() error {
			fd := -1
			attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: sys()}
			if attr.Sys.PidFD != nil {
				attr.Sys.PidFD = &fd
			}
			pid, err := fork(attr)
			if err != nil {
				return err
			}
			if fd >= 0 {
				syscall.Close(fd)
			}
			return reap(pid)
		}
	}
	return run(func(attr *syscall.ProcAttr) (int, error) {
			return forkexec.ForkExec(program, []string{program}, attr, nil)
		}),
		run(func(attr *syscall.ProcAttr) (int, error) { return syscall.ForkExec(program, []string{program}, attr) })
}

func rows(cgroup int) []row {
	none := func() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
	user := func() *syscall.SysProcAttr {
		return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	}
	var list []row
	add := func(name string, target float64, rounds int, ours, theirs func() error) {
		list = append(list, row{name, target, ours, theirs, rounds})
	}
	ours, theirs := commands(none)
	add("Cmd, plain", 0.90, 0, ours, theirs)
	ours, theirs = forks(none)
	add("ForkExec, plain", 0, 0, ours, theirs)
	ours, theirs = commands(func() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} })
	add("Cmd, Setsid", 0.90, 0, ours, theirs)
	ours, theirs = forks(func() *syscall.SysProcAttr { return &syscall.SysProcAttr{PidFD: new(int)} })
	add("ForkExec, PidFD", 0.90, 0, ours, theirs)
	if cgroup >= 0 {
		ours, theirs = commands(func() *syscall.SysProcAttr { return &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: cgroup} })
		add("Cmd, CgroupFD", 0.90, 0, ours, theirs)
	}
	if os.Getuid() == 0 {
		ours, theirs = commands(func() *syscall.SysProcAttr {
			return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		})
		add("Cmd, Credential", 1.4, 0, ours, theirs)
	}
	target := 0.55
	if *heap >= 1024 {
		target = 0.005
	}
	ours, theirs = commands(user)
	add("Cmd, user namespace with maps", target, 300, ours, theirs)
	return list
}

// cgroup makes a cgroup where this process may, and removes it in the end.
func cgroup() (fd int, undo func()) {
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		folder := filepath.Join(root, fmt.Sprintf("forkexec-bench-%d", os.Getpid()))
		if _, err := os.Stat(root + "/cgroup.procs"); err != nil || os.Mkdir(folder, 0o755) != nil {
			continue
		}
		if fd, err := syscall.Open(folder, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0); err == nil {
			return fd, func() { os.Remove(folder) }
		}
		os.Remove(folder)
	}
	return -1, func() {}
}

// waiting counts the threads of a process with 200 children that are waited for.
func waiting() {
	var group sync.WaitGroup
	var cmds []*forkexec.Cmd
	for range 200 {
		cmd := forkexec.Command("/bin/sleep", "1000")
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
			break
		}
		cmds = append(cmds, cmd)
		group.Add(1)
		go func() { defer group.Done(); _ = cmd.Wait() }()
	}
	time.Sleep(200 * time.Millisecond)
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), "Threads:\t")
	threads, _, _ := strings.Cut(rest, "\n")
	fmt.Printf("%-38s %10s %26s\n", "threads with 200 waiting children", threads, "8")
	for _, cmd := range cmds {
		_ = cmd.Process.Kill()
	}
	group.Wait()
}

// pauses measures how long the world takes to stop while two goroutines start programs.
func pauses() {
	one := func(start func() error) (float64, float64) {
		ctx, cancel := context.WithCancel(context.Background())
		var group sync.WaitGroup
		var started atomic.Int64
		for range 2 {
			group.Add(1)
			go func() {
				defer group.Done()
				for ctx.Err() == nil && start() == nil {
					started.Add(1)
				}
			}()
		}
		var took []float64
		var stats runtime.MemStats
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			begin := time.Now()
			runtime.ReadMemStats(&stats)
			took = append(took, float64(time.Since(begin))/1e3)
		}
		cancel()
		group.Wait()
		return at(took, 0.99), float64(started.Load())
	}
	ours, theirs := commands(func() *syscall.SysProcAttr { return nil })
	mine, _ := one(ours)
	its, _ := one(theirs)
	fmt.Printf("%-38s %10.1f %10.1f %7.3f %7s\n", "stop of the world, p99", mine, its, mine/its, "0.2")
}
