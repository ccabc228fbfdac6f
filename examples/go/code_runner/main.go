// Command code_runner runs what an agent wrote: files in, no network, a time-out, a cap on output; the result as JSON.
//
// usage: code_runner <REQUEST.json
//
// The request: {"files": {"main.sh": "echo 1"}, "command": ["sh", "main.sh"], "stdin": "", "timeout": 5, "memory": bytes,
// "output": bytes}; all but files and command may be left away. The files exist in memory only: nothing is written to the host.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"forkexec"
)

const nproc = 6 // RLIMIT_NPROC

type request struct {
	Files   map[string]string `json:"files"`
	Command []string          `json:"command"`
	Stdin   string            `json:"stdin"`
	Timeout float64           `json:"timeout"`
	Memory  uint64            `json:"memory"`
	Output  int               `json:"output"`
}

type result struct {
	Error      string  `json:"error,omitempty"`
	Stage      string  `json:"stage,omitempty"`
	ReturnCode int     `json:"returncode"`
	TimedOut   bool    `json:"timed_out"`
	Truncated  bool    `json:"truncated"`
	Stdout     string  `json:"stdout"`
	Stderr     string  `json:"stderr"`
	Seconds    float64 `json:"seconds"`
	Memory     uint64  `json:"memory"`
}

// inside is the path of a file in the sandbox; one that leads out of its folder is refused.
func inside(name string) (string, error) {
	if name == "" || path.IsAbs(name) || slices.Contains(strings.Split(name, "/"), "..") {
		return "", fmt.Errorf("%q does not lie in the folder", name)
	}
	return "/work/" + path.Clean(name), nil
}

func sandbox(files map[string]string, memory uint64, seconds float64) (*forkexec.Attr, error) {
	var mounts []forkexec.MountItem
	for _, path := range []string{"/bin", "/lib", "/lib64", "/usr", "/etc/alternatives"} {
		if _, err := os.Stat(path); err == nil {
			mounts = append(mounts, forkexec.BindMount{Source: path, Target: path, Flags: forkexec.MountReadonly | forkexec.MountCreate})
		}
	}
	mounts = append(mounts, forkexec.Dev{Target: "/dev", Flags: forkexec.MountCreate}, forkexec.Proc{Target: "/proc", Flags: forkexec.MountCreate},
		forkexec.Tmpfs{Target: "/tmp", Size: 64 << 20, Mode: 0o1777, Flags: forkexec.MountCreate},
		forkexec.Tmpfs{Target: "/work", Size: 64 << 20, Mode: 0o755, Flags: forkexec.MountCreate | forkexec.MountNosuid | forkexec.MountNodev})
	for name, contents := range files {
		path, err := inside(name)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, forkexec.File{Path: path, Bytes: []byte(contents), Mode: 0o644})
	}
	return &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespacePID | forkexec.NamespaceMount | forkexec.NamespaceNet |
			forkexec.NamespaceIPC | forkexec.NamespaceUTS,
		UIDMap:     []forkexec.IDMap{{Inside: 1000, Outside: os.Geteuid(), Count: 1}},
		GIDMap:     []forkexec.IDMap{{Inside: 1000, Outside: os.Getegid(), Count: 1}},
		Init:       true,
		Root:       &forkexec.Root{Flags: forkexec.RootReadonly},
		Mounts:     mounts,
		Cwd:        "/work",
		Hostname:   "sandbox",
		SearchPath: "/usr/bin:/bin",
		Rlimits: []forkexec.Rlimit{
			{Resource: syscall.RLIMIT_DATA, Soft: memory, Hard: memory},
			{Resource: syscall.RLIMIT_CPU, Soft: uint64(seconds) + 1, Hard: uint64(seconds) + 1},
			{Resource: syscall.RLIMIT_CORE},
			{Resource: nproc, Soft: 256, Hard: 256},
		},
		Session:           true,
		ParentDeathSignal: syscall.SIGKILL,
		DropCapabilities:  true,
		NoNewPrivs:        true,
	}, nil
}

// A budget is what two streams may write together; what is over it is dropped.
type budget struct {
	lock      sync.Mutex
	left      int
	truncated bool
}

type stream struct {
	text   bytes.Buffer
	budget *budget
}

func (s *stream) Write(text []byte) (int, error) {
	s.budget.lock.Lock()
	defer s.budget.lock.Unlock()
	fits := min(len(text), s.budget.left)
	s.budget.left -= fits
	s.budget.truncated = s.budget.truncated || fits < len(text)
	s.text.Write(text[:fits])
	return len(text), nil
}

func ran(r request) (answer result) {
	attr, err := sandbox(r.Files, r.Memory, r.Timeout)
	if err == nil && len(r.Command) == 0 {
		err = fmt.Errorf("there is no command")
	}
	if err != nil {
		return result{Error: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Timeout*float64(time.Second)))
	defer cancel()
	cmd := forkexec.CommandContext(ctx, "/"+r.Command[0])
	cmd.Path, cmd.Args = r.Command[0], r.Command // searched in the sandbox, and not here
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/work", "LANG=C.UTF-8"}
	left := &budget{left: r.Output}
	out, errs := &stream{budget: left}, &stream{budget: left}
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Attr = strings.NewReader(r.Stdin), out, errs, attr
	err = cmd.Run()
	if failure := forkexec.Failure(err); failure != nil {
		return result{Error: failure.Message, Stage: failure.Stage.String()}
	}
	if cmd.Process == nil {
		return result{Error: err.Error()}
	}
	status := cmd.Status()
	return result{ReturnCode: status.ExitCode, TimedOut: ctx.Err() != nil, Truncated: left.truncated, Stdout: out.text.String(), Stderr: errs.text.String(),
		Seconds: (status.User + status.System).Seconds(), Memory: status.MaxRSS}
}

func main() {
	if len(os.Args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: code_runner <REQUEST.json")
		os.Exit(2)
	}
	asked := request{Timeout: 5, Memory: 512 << 20, Output: 64 << 10}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, "code_runner:", err)
		os.Exit(2)
	}
	text, _ := json.MarshalIndent(ran(asked), "", " ")
	fmt.Println(string(text))
}
