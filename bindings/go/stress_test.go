//go:build cgo && linux

package forkexec

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// spawns is how many a goroutine does: few, but as many as FORKEXEC_GO_SPAWNS says where it is there.
func spawns(few int) int {
	if n := atoi(os.Getenv("FORKEXEC_GO_SPAWNS")); n > 0 {
		return n
	}
	if testing.Short() {
		return few/4 + 1
	}
	return few
}

// pressed runs f in goroutines while garbage is collected every few milliseconds and other goroutines are preempted.
func pressed(goroutines int, f func(g int)) {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	stop := make(chan struct{})
	var pressure, group sync.WaitGroup
	pressure.Add(2)
	go func() {
		defer pressure.Done()
		for tick := time.NewTicker(3 * time.Millisecond); ; {
			select {
			case <-tick.C:
				runtime.GC()
			case <-stop:
				return
			}
		}
	}()
	go func() {
		defer pressure.Done()
		for n := 0; ; n++ { // no call in it: it is preempted by a signal
			if n&0xfffff == 0 {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
			}
		}
	}()
	for g := 0; g < goroutines; g++ {
		group.Add(1)
		go func() { defer group.Done(); f(g) }()
	}
	group.Wait()
	close(stop)
	pressure.Wait()
}

// leavesNothing is that f leaves no descriptors and no children behind.
func leavesNothing(t *testing.T, f func()) {
	t.Helper()
	// What the library and the runtime open once.
	for _, attr := range []*Attr{nil, {CreateNamespaces: NamespaceUser}, {Session: true}} {
		if child, err := Spawn("/bin/true", nil, nil, attr); err == nil {
			_, _ = child.Wait(context.Background())
			child.Close()
		}
	}
	_ = exec.Command("/bin/true").Run()
	before := openFDs(t)
	f()
	eventually(t, "no descriptor is left", func() bool {
		runtime.GC() // of an os.Process that nobody waited for
		return openFDs(t) <= before
	})
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG|syscall.WALL, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
}

// A kind of spawn that the stress mixes: it gives the exit code of a shell that exits with code.
type kind func(code int) (int, error)

func shell(code int) []string { return []string{"sh", "-c", "exit " + itoa(code)} }

func kinds() []kind {
	spawn := func(attr *Attr) kind {
		return func(code int) (int, error) {
			child, err := Spawn("/bin/sh", shell(code), nil, attr)
			if err != nil {
				return 0, err
			}
			defer child.Close()
			status, err := child.Wait(context.Background())
			if err != nil {
				return 0, err
			}
			return status.ExitCode, nil
		}
	}
	user := &Attr{CreateNamespaces: NamespaceUser | NamespaceUTS, UIDMap: []IDMap{{0, os.Getuid(), 1}}, Hostname: "stress"}
	return []kind{
		spawn(nil), spawn(&Attr{Session: true}), spawn(&Attr{Umask: To(0o77), Nice: To(nicer(3))}), spawn(user),
		func(code int) (int, error) { // two steps
			child, err := Start("/bin/sh", shell(code), nil, nil)
			if err != nil {
				return 0, err
			}
			defer child.Close()
			if err := child.Release(-1); err != nil {
				return 0, err
			}
			status, err := child.Wait(context.Background())
			if err != nil {
				return 0, err
			}
			return status.ExitCode, nil
		},
		func(code int) (int, error) { // never released
			child, err := Start("/bin/sh", shell(code), nil, nil)
			if err != nil {
				return 0, err
			}
			return code, child.Close()
		},
		func(code int) (int, error) { // streams
			cmd := Command("/bin/sh", "-c", "cat; exit "+itoa(code))
			cmd.Stdin = strings.NewReader("text")
			out, err := cmd.Output()
			if string(out) != "text" {
				return 0, errors.New(string(out))
			}
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return 0, err
			}
			return cmd.ProcessState.ExitCode(), nil
		},
		func(code int) (int, error) { // a failure
			_, err := Spawn("/not/there", nil, nil, nil)
			if !errors.Is(err, fs.ErrNotExist) {
				return 0, errors.Join(errors.New("it is there"), err)
			}
			return code, nil
		},
		func(code int) (int, error) {
			pid, err := ForkExec("/bin/sh", shell(code), &syscall.ProcAttr{Files: []uintptr{0, 1, 2}}, nil)
			return reaped(pid, err)
		},
	}
}

// reaped is the exit code of a child that was forked by its pid.
func reaped(pid int, err error) (int, error) {
	var status syscall.WaitStatus
	for err == nil {
		if _, err = syscall.Wait4(pid, &status, 0, nil); err == nil {
			return status.ExitStatus(), nil
		}
		if err == syscall.EINTR {
			err = nil
		}
	}
	return 0, err
}

func runMixed(t *testing.T, list []kind, each int) {
	leavesNothing(t, func() {
		pressed(8, func(g int) {
			for i := 0; i < each; i++ {
				code := (g*31 + i) % 100
				if got, err := list[(g+i)%len(list)](code); err != nil || got != code {
					t.Errorf("goroutine %d, spawn %d: %d and not %d, %v", g, i, got, code, err)
					return
				}
			}
		})
	})
}

func TestStressOfMixedSpawns(t *testing.T) { runMixed(t, kinds(), spawns(60)) }

// Children of Go's own get no descriptor of ours, and ours none of theirs.
func TestStressBesideGoItself(t *testing.T) {
	theirs := []kind{
		func(code int) (int, error) {
			pid, err := syscall.ForkExec("/bin/sh", shell(code), &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
			return reaped(pid, err)
		},
		func(code int) (int, error) {
			cmd := exec.Command("/bin/sh", "-c", "cat; exit "+itoa(code))
			cmd.Stdin = strings.NewReader("text")
			out, _ := cmd.Output()
			if string(out) != "text" {
				return 0, errors.New(string(out))
			}
			return cmd.ProcessState.ExitCode(), nil
		},
		func(code int) (int, error) {
			out, err := Command("/bin/sh", "-c", "ls /proc/self/fd | wc -w").Output()
			if got := strings.TrimSpace(string(out)); got != "4" { // and that of ls itself
				return 0, errors.Join(errors.New(got+" descriptors"), err)
			}
			return code, nil
		},
	}
	runMixed(t, append(kinds(), theirs...), spawns(40))
}

// Whenever a context ends, the program and its children end, and Run says so.
func TestCancelAtAnyInstant(t *testing.T) {
	rounds := spawns(25)
	leavesNothing(t, func() {
		pressed(4, func(g int) {
			random := rand.New(rand.NewSource(int64(g)))
			for i := 0; i < rounds; i++ {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.Intn(4000))*time.Microsecond)
				cmd := CommandContext(ctx, "/bin/sh", "-c", "sleep 1000 & sleep 1000")
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: i%2 == 0, Setpgid: i%2 == 1}
				var out bytes.Buffer
				cmd.Stdout = &out // a grandchild that lives would keep this open
				err := cmd.Run()
				cancel()
				var exit *exec.ExitError
				if !errors.As(err, &exit) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
			}
		})
	})
}

// Programs that are written while other goroutines start theirs (ETXTBSY).
func TestBusyFilesAreTriedAgain(t *testing.T) {
	dir := t.TempDir()
	rounds := min(spawns(30), 320)
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for g := 0; g < 16; g++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < rounds; i++ {
				path := filepath.Join(dir, itoa(g)+"-"+itoa(i))
				if err := os.WriteFile(path, text, 0o700); err != nil {
					t.Error(err)
				}
				cmd := Command(path)
				cmd.Attr = &Attr{BusyRetry: 5 * time.Second}
				if err := cmd.Run(); err != nil {
					t.Error(err)
				}
				os.Remove(path)
			}
		}()
	}
	group.Wait()
}

// In a process of its own: other tests have made threads. A thread for each child would be 200 and more.
func TestWaitingChildrenCostNoThreads(t *testing.T) {
	const variable = "FORKEXEC_TEST_THREADS"
	if os.Getenv(variable) == "" {
		cmd := Command("/proc/self/exe", "-test.run=^TestWaitingChildrenCostNoThreads$", "-test.v", "-test.cpu=2")
		cmd.Env = append(os.Environ(), variable+"=1", "GOMAXPROCS=2")
		out, err := cmd.CombinedOutput()
		_, rest, _ := strings.Cut(string(out), "threads: ")
		number, _, _ := strings.Cut(rest, "\n")
		most := 8 + 6 // 8 on a quiet machine; where others run, calls take longer, and Go makes more
		if n := atoi(number); err != nil || n == 0 || n > most {
			t.Errorf("%d threads, %v: %s", n, err, out)
		}
		t.Logf("200 waiting children, %s threads", number)
		return
	}
	var group sync.WaitGroup
	cmds := make([]*Cmd, 200)
	for i := range cmds {
		cmds[i] = Command("/bin/sleep", "1000")
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
		group.Add(1)
		go func() { defer group.Done(); _ = cmds[i].Wait() }()
	}
	eventually(t, "200 goroutines that wait", func() bool {
		parked := 0
		for _, cmd := range cmds {
			if cmd.child.native.watched.Load() {
				parked++
			}
		}
		return parked >= len(cmds)-waitingThreads
	})
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "Threads:\t")
	number, _, _ := strings.Cut(rest, "\n")
	os.Stdout.WriteString("threads: " + number + "\n")
	for _, cmd := range cmds {
		_ = cmd.Process.Kill()
	}
	group.Wait()
}
