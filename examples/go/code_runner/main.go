// Runs what an agent wrote: files in, no network, a time-out, a cap on output; the result as JSON.
//
// usage: code_runner <REQUEST.json
//
// The request: {"files": {"main.py": "print(1)"}, "command": ["python3", "main.py"], "stdin": "", "timeout": 5,
// "memory": bytes, "output": bytes}; all but files and command may be left away. The files exist in memory only: nothing is
// written to the host.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"forkexec"
)

const nproc = 6 // RLIMIT_NPROC

type request struct {
	Files   map[string]string
	Command []string
	Stdin   string
	Timeout float64
	Memory  uint64
	Output  int
}

type result struct {
	Error     string   `json:"error,omitempty"`
	Stage     string   `json:"stage,omitempty"`
	ExitCode  *int     `json:"exit_code"`
	TimedOut  bool     `json:"timed_out"`
	Truncated bool     `json:"truncated"`
	Stdout    string   `json:"stdout"`
	Stderr    string   `json:"stderr"`
	Seconds   *float64 `json:"seconds,omitempty"`
	Memory    uint64   `json:"memory,omitempty"`
}

// sandbox is an empty root in memory with the system's programs and the request's files.
func sandbox(asked *request) (*forkexec.Attr, error) {
	mounts := []forkexec.MountItem{}
	for _, path := range []string{"/bin", "/lib", "/lib64", "/usr", "/etc/alternatives"} {
		if _, err := os.Stat(path); err == nil {
			mounts = append(mounts, forkexec.BindMount{Source: path, Target: path, Flags: forkexec.MountReadonly | forkexec.MountCreate})
		}
	}
	mounts = append(mounts,
		forkexec.Dev{Target: "/dev", Flags: forkexec.MountCreate},
		forkexec.Proc{Target: "/proc", Flags: forkexec.MountCreate},
		forkexec.Tmpfs{Target: "/tmp", Size: 64 << 20, Mode: 0o1777, Flags: forkexec.MountCreate},
		forkexec.Tmpfs{Target: "/box", Size: 64 << 20, Mode: 0o755,
			Flags: forkexec.MountCreate | forkexec.MountNosuid | forkexec.MountNodev})
	names := []string{}
	for name := range asked.Files {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%q does not lie in the folder", name)
		}
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		// What is missing of its folders is made.
		mounts = append(mounts, forkexec.File{Path: path.Join("/box", name), Bytes: []byte(asked.Files[name]), Mode: 0o644})
	}
	cpu := uint64(asked.Timeout) + 1
	return &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespacePID | forkexec.NamespaceMount | forkexec.NamespaceNet |
			forkexec.NamespaceIPC | forkexec.NamespaceUTS,
		UIDMap:   []forkexec.IDMap{{Inside: 1000, Outside: os.Geteuid(), Count: 1}},
		GIDMap:   []forkexec.IDMap{{Inside: 1000, Outside: os.Getegid(), Count: 1}},
		Init:     true,
		Root:     &forkexec.Root{Flags: forkexec.RootReadonly},
		Mounts:   mounts,
		Cwd:      "/box",
		Hostname: "sandbox",
		Rlimits: []forkexec.Rlimit{
			{Resource: syscall.RLIMIT_DATA, Soft: asked.Memory, Hard: asked.Memory},
			{Resource: syscall.RLIMIT_CPU, Soft: cpu, Hard: cpu},
			{Resource: syscall.RLIMIT_CORE},
			{Resource: nproc, Soft: 256, Hard: 256},
		},
		Session:           true,
		ParentDeathSignal: syscall.SIGKILL,
		DropCapabilities:  true,
		NoNewPrivs:        true,
		SearchPath:        "/usr/bin:/bin",
	}, nil
}

// A budget is what all streams of a program may write together; whoever writes more ends it.
type budget struct {
	lock sync.Mutex
	left int
	cut  bool
	end  func()
}

// A stream keeps its part of a budget.
type stream struct {
	kept bytes.Buffer // not embedded: its ReadFrom would take the place of Write
	*budget
}

func (s *stream) Write(text []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(text) > s.left {
		s.kept.Write(text[:s.left])
		s.left, s.cut = 0, true
		s.end()
		return 0, errors.New("too much output")
	}
	s.left -= len(text)
	return s.kept.Write(text)
}

func run(asked *request) *result {
	attr, err := sandbox(asked)
	if err == nil && len(asked.Command) == 0 {
		err = errors.New("there is no command")
	}
	if err != nil {
		return &result{Error: err.Error(), Stage: forkexec.StageNone.String()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(asked.Timeout*float64(time.Second)))
	defer cancel()
	cmd := forkexec.CommandContext(ctx, asked.Command[0], asked.Command[1:]...)
	// The program is searched in the sandbox, whatever there is out here.
	cmd.Path, cmd.Err, cmd.Attr = asked.Command[0], nil, attr
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/box", "LANG=C.UTF-8"}
	cmd.Stdin = strings.NewReader(asked.Stdin)
	shared := &budget{left: asked.Output, end: cancel}
	out, failed := &stream{budget: shared}, &stream{budget: shared}
	cmd.Stdout, cmd.Stderr = out, failed
	err = cmd.Run()
	status := cmd.Status()
	if status == nil {
		said := &result{Error: err.Error()}
		if failure := forkexec.Failure(err); failure != nil {
			said.Error, said.Stage = failure.Message, failure.Stage.String()
		}
		return said
	}
	said := &result{Truncated: shared.cut, Stdout: strings.ToValidUTF8(out.kept.String(), "\ufffd"),
		Stderr: strings.ToValidUTF8(failed.kept.String(), "\ufffd"), Memory: status.MaxRSS}
	said.TimedOut = errors.Is(ctx.Err(), context.DeadlineExceeded) && !shared.cut
	took := (status.User + status.System).Seconds()
	said.Seconds = &took
	if !said.TimedOut && !said.Truncated {
		said.ExitCode = &status.ExitCode
	}
	return said
}

func main() {
	asked := &request{Timeout: 5, Memory: 512 << 20, Output: 64 << 10}
	if err := json.NewDecoder(os.Stdin).Decode(asked); err != nil {
		fmt.Fprintln(os.Stderr, "code_runner: the request:", err)
		os.Exit(2)
	}
	text, err := json.MarshalIndent(run(asked), "", " ")
	if err != nil {
		fmt.Fprintln(os.Stderr, "code_runner:", err)
		os.Exit(125)
	}
	fmt.Println(string(text))
}
