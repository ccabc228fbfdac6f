// Command judge compiles a C program that nobody trusts, and runs it against tests, each in a sandbox of its own.
//
// usage: judge SOURCE.c TESTS          TESTS holds 1.in and 1.out, 2.in and 2.out, and so on
//
// Verdicts: accepted, wrong answer, runtime error, time limit, memory limit, output limit, compile error.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"forkexec"
)

const (
	seconds = 2
	memory  = 64 << 20
	output  = 1 << 20
	nproc   = 6 // RLIMIT_NPROC
)

// sandbox is an empty root in memory with the system's programs and one directory; no network, no other processes, no host.
func sandbox(work string, seconds, memory uint64, readonly bool) *forkexec.Attr {
	flags := forkexec.MountCreate | forkexec.MountNosuid | forkexec.MountNodev
	if readonly {
		flags |= forkexec.MountReadonly
	}
	var mounts []forkexec.MountItem
	for _, path := range []string{"/bin", "/lib", "/lib64", "/usr", "/etc/alternatives"} {
		if _, err := os.Stat(path); err == nil {
			mounts = append(mounts, forkexec.BindMount{Source: path, Target: path, Flags: forkexec.MountReadonly | forkexec.MountCreate})
		}
	}
	mounts = append(mounts, forkexec.Dev{Target: "/dev", Flags: forkexec.MountCreate},
		forkexec.Tmpfs{Target: "/tmp", Size: 64 << 20, Mode: 0o1777, Flags: forkexec.MountCreate},
		forkexec.BindMount{Source: work, Target: "/work", Flags: flags})
	return &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespacePID | forkexec.NamespaceMount | forkexec.NamespaceNet |
			forkexec.NamespaceIPC | forkexec.NamespaceUTS,
		UIDMap: []forkexec.IDMap{{Inside: 1000, Outside: os.Geteuid(), Count: 1}},
		GIDMap: []forkexec.IDMap{{Inside: 1000, Outside: os.Getegid(), Count: 1}},
		// Process 1 ignores SIGXCPU and SIGABRT: an init takes that place.
		Init:     true,
		Root:     &forkexec.Root{Flags: forkexec.RootReadonly},
		Mounts:   mounts,
		Cwd:      "/work",
		Hostname: "judge",
		Rlimits: []forkexec.Rlimit{
			{Resource: syscall.RLIMIT_CPU, Soft: seconds, Hard: seconds + 1},
			{Resource: syscall.RLIMIT_DATA, Soft: memory, Hard: memory},
			{Resource: syscall.RLIMIT_FSIZE, Soft: 16 << 20, Hard: 16 << 20},
			{Resource: syscall.RLIMIT_CORE},
			{Resource: nproc, Soft: 64, Hard: 64},
		},
		Session:           true,
		ParentDeathSignal: syscall.SIGKILL,
		DropCapabilities:  true,
		NoNewPrivs:        true,
	}
}

// A capped buffer ends the program when it is full.
type capped struct {
	text bytes.Buffer
	stop context.CancelFunc
	full bool
}

func (c *capped) Write(text []byte) (int, error) {
	if c.text.Len()+len(text) > output {
		c.full = true
		c.stop()
		return len(text), nil
	}
	return c.text.Write(text)
}

// compiled gives what the compiler has to say, or nothing.
func compiled(source, work string) (string, error) {
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(work, "program.c"), text, 0o600); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := forkexec.CommandContext(ctx, "cc", "-O2", "-o", "program", "program.c", "-lm")
	cmd.Env = []string{"PATH=/bin:/usr/bin"}
	cmd.Attr = sandbox(work, 10, 1<<30, false)
	said, err := cmd.CombinedOutput()
	if failure := forkexec.Failure(err); failure != nil {
		return "", failure
	}
	if err != nil && len(said) == 0 {
		return err.Error(), nil
	}
	if err != nil {
		return string(said), nil
	}
	return "", nil
}

// judged runs it once: the verdict, and what it took.
func judged(work string, given, expected []byte) (verdict, took string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*seconds*time.Second)
	defer cancel()
	out := &capped{stop: cancel}
	cmd := forkexec.CommandContext(ctx, "/work/program")
	cmd.Env = []string{}
	cmd.Stdin, cmd.Stdout = bytes.NewReader(given), out
	cmd.Attr = sandbox(work, seconds, memory, true)
	err = cmd.Run()
	if cmd.Process == nil {
		return "", "", err
	}
	status := cmd.Status()
	took = fmt.Sprintf("%.2f s, %d MiB", (status.User + status.System).Seconds(), status.MaxRSS>>20)
	code := status.ExitCode // 128 and the signal, from the init
	switch {
	case out.full:
		return "output limit", took, nil
	case ctx.Err() != nil || code == 128+int(syscall.SIGXCPU):
		return "time limit", took, nil
	case code != 0 && status.MaxRSS > memory*9/10:
		return "memory limit", took, nil
	case code != 0:
		return "runtime error", fmt.Sprintf("%d, %s", code, took), nil
	case slices.Equal(strings.Fields(out.text.String()), strings.Fields(string(expected))):
		return "accepted", took, nil
	}
	return "wrong answer", took, nil
}

func run(source, tests string) error {
	work, err := os.MkdirTemp("", "judge")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	complaint, err := compiled(source, work)
	if err != nil {
		return err
	}
	if complaint != "" {
		fmt.Printf("compile error\n%s", complaint)
		os.RemoveAll(work)
		os.Exit(1)
	}
	list, _ := filepath.Glob(filepath.Join(tests, "*.in"))
	slices.SortFunc(list, func(a, b string) int { return (len(a)-len(b))<<1 + strings.Compare(a, b) })
	good := len(list) > 0
	for _, name := range list {
		given, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		name = strings.TrimSuffix(name, ".in")
		expected, err := os.ReadFile(name + ".out")
		if err != nil {
			return err
		}
		verdict, took, err := judged(work, given, expected)
		if err != nil {
			return err
		}
		fmt.Printf("test %s: %s (%s)\n", filepath.Base(name), verdict, took)
		good = good && verdict == "accepted"
	}
	if !good {
		os.RemoveAll(work)
		os.Exit(1)
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: judge SOURCE.c TESTS")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(125)
	}
}
