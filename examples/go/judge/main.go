// A judge of programs that nobody trusts: compiles a C program and runs it against tests, each in a sandbox of its own.
//
// usage: judge SOURCE.c TESTS          TESTS holds 1.in and 1.out, 2.in and 2.out, and so on
//
// Verdicts: accepted, wrong answer, runtime error, time limit, memory limit, output limit, compile error.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
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
func sandbox(work string, seconds, memory uint64, flags forkexec.MountFlags) *forkexec.Attr {
	mounts := []forkexec.MountItem{}
	for _, path := range []string{"/bin", "/lib", "/lib64", "/usr", "/etc/alternatives"} {
		if _, err := os.Stat(path); err == nil {
			mounts = append(mounts, forkexec.BindMount{Source: path, Target: path, Flags: forkexec.MountReadonly | forkexec.MountCreate})
		}
	}
	mounts = append(mounts,
		forkexec.Dev{Target: "/dev", Flags: forkexec.MountCreate},
		forkexec.Tmpfs{Target: "/tmp", Size: 64 << 20, Mode: 0o1777, Flags: forkexec.MountCreate},
		forkexec.BindMount{Source: work, Target: "/box",
			Flags: flags | forkexec.MountCreate | forkexec.MountNosuid | forkexec.MountNodev})
	return &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespacePID | forkexec.NamespaceMount | forkexec.NamespaceNet |
			forkexec.NamespaceIPC | forkexec.NamespaceUTS,
		UIDMap: []forkexec.IDMap{{Inside: 1000, Outside: os.Geteuid(), Count: 1}},
		GIDMap: []forkexec.IDMap{{Inside: 1000, Outside: os.Getegid(), Count: 1}},
		// Process 1 ignores SIGXCPU and SIGABRT: an init takes that place.
		Init:     true,
		Root:     &forkexec.Root{Flags: forkexec.RootReadonly},
		Mounts:   mounts,
		Cwd:      "/box",
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

// limited keeps what is written, up to a limit, beyond which it ends the program.
type limited struct {
	kept bytes.Buffer // not embedded: its ReadFrom would take the place of Write
	end  func()
	cut  bool
}

func (l *limited) Write(text []byte) (int, error) {
	if l.kept.Len()+len(text) > output {
		l.cut = true
		l.end()
		return 0, errors.New("too much output")
	}
	return l.kept.Write(text)
}

// compiled compiles the program: what the compiler has to say, or nothing.
func compiled(source, work string) (string, error) {
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(work, "program.c"), text, 0o644); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := forkexec.CommandContext(ctx, "/usr/bin/cc", "-O2", "-o", "program", "program.c", "-lm")
	cmd.Attr = sandbox(work, 10, 1<<30, 0)
	cmd.Env = []string{"PATH=/bin:/usr/bin"}
	said, err := cmd.CombinedOutput()
	if err != nil {
		return string(said) + err.Error(), nil
	}
	return "", nil
}

// judged runs it once: the verdict, and what it took.
func judged(work string, given, expected []byte) (verdict, took string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*seconds*time.Second)
	defer cancel()
	cmd := forkexec.CommandContext(ctx, "/box/program")
	cmd.Attr = sandbox(work, seconds, memory, forkexec.MountReadonly)
	cmd.Env = []string{}
	cmd.Stdin = bytes.NewReader(given)
	out := &limited{end: cancel}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	status := cmd.Status()
	if status == nil {
		return "", "", err
	}
	took = fmt.Sprintf("%.2f s, %d MiB", (status.User + status.System).Seconds(), status.MaxRSS>>20)
	switch {
	case out.cut:
		return "output limit", took, nil
	case ctx.Err() != nil:
		return "time limit", fmt.Sprintf("%d s asleep", 2*seconds), nil
	case status.Signal == syscall.SIGXCPU || status.ExitCode == 128+int(syscall.SIGXCPU):
		return "time limit", took, nil
	case status.ExitCode != 0 && status.MaxRSS > memory/10*9:
		return "memory limit", took, nil
	case status.ExitCode != 0:
		return "runtime error", fmt.Sprintf("%d, %s", status.ExitCode, took), nil
	case !slices.Equal(strings.Fields(out.kept.String()), strings.Fields(string(expected))):
		return "wrong answer", took, nil
	}
	return "accepted", took, nil
}

func run(source, tests string) (accepted bool, err error) {
	work, err := os.MkdirTemp("", "judge")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(work)
	complaint, err := compiled(source, work)
	if err != nil || complaint != "" {
		fmt.Printf("compile error\n%s\n", complaint)
		return false, err
	}
	inputs, err := filepath.Glob(filepath.Join(tests, "*.in"))
	if err != nil {
		return false, err
	}
	sort.Slice(inputs, func(i, j int) bool {
		a, b := inputs[i], inputs[j]
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
	accepted = true
	for _, input := range inputs {
		name := strings.TrimSuffix(input, ".in")
		given, err := os.ReadFile(input)
		if err != nil {
			return false, err
		}
		expected, err := os.ReadFile(name + ".out")
		if err != nil {
			return false, err
		}
		verdict, took, err := judged(work, given, expected)
		if err != nil {
			return false, err
		}
		fmt.Printf("test %s: %s (%s)\n", filepath.Base(name), verdict, took)
		accepted = accepted && verdict == "accepted"
	}
	return accepted, nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: judge SOURCE.c TESTS")
		os.Exit(2)
	}
	accepted, err := run(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(125)
	}
	if !accepted {
		os.Exit(1)
	}
}
