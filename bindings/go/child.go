package forkexec

import (
	"context"
	"net"
	"os"
	"syscall"
	"time"
)

// A Child was spawned, started or made to hold. It is to be closed. Its methods may be called from any goroutine; after
// Close they say os.ErrClosed.
type Child struct{ native }

// A Status is how a child ended and what it used: struct forkexec_status. Fields that Valid does not name are 0.
type Status struct {
	Valid               StatusFields
	Wait                int // as waitpid(2) has it
	ExitCode            int // -1 when a signal ended the child
	Signal              syscall.Signal
	CoreDumped          bool
	Ran                 Ran
	Ended               Ended
	User, System        time.Duration // of the child and what it waited for
	MaxRSS              uint64        // bytes
	MaxRSSFloor         uint64        // only a larger MaxRSS is the program's; 0 with StatusOwnMemory
	MemoryPeak          uint64        // bytes, of the cgroup
	MinorFaults         uint64
	MajorFaults         uint64
	BlockReads          uint64
	BlockWrites         uint64
	VoluntarySwitches   uint64
	InvoluntarySwitches uint64
}

// Spawn starts a program and comes back when it runs, or with the reason why it does not: forkexec_spawn. path is not
// searched, unless attr has a SearchPath; argv nil is path alone, env nil is os.Environ. The program gets the descriptors
// 0 to 2 of this process, and what attr names. attr nil asks for nothing.
func Spawn(path string, argv, env []string, attr *Attr) (*Child, error) {
	return create(spawned, path, argv, env, attr)
}

// Start is the first half of Spawn: the child is held, with its namespaces, mounts, session and limits made; Release lets
// it go. It ends if it is closed before: forkexec_start.
func Start(path string, argv, env []string, attr *Attr) (*Child, error) {
	return create(started, path, argv, env, attr)
}

// Hold makes a child that only holds its namespaces until it is closed: forkexec_hold.
func Hold(attr *Attr) (*Child, error) { return create(holds, "", nil, nil, attr) }

type way int

const (
	spawned way = iota
	started
	holds
)

func create(how way, path string, argv, env []string, attr *Attr) (*Child, error) {
	if argv == nil {
		argv = []string{path}
	}
	if env == nil {
		env = os.Environ()
	}
	return launch(&request{how: how, path: path, argv: argv, env: env, attr: attr})
}

// A request is what a start is asked for. files are the program's descriptors from 0 on, above what attr says; -1 is closed.
type request struct {
	how       way
	path      string
	argv, env []string
	attr      *Attr
	files     []int
	shut      bool   // of 0 to 2 close what files does not name
	dir       string // before attr's
	execFD    int    // instead of path; 0: none
	sys       *syscall.SysProcAttr
}

// Listener is the socket of the so many-th of Listen, which has connections; handed over once. ListenFile has any.
func (c *Child) Listener(index int) (net.Listener, error) {
	file, err := c.ListenFile(index)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return net.FileListener(file)
}

// WaitTimeout is Wait for a limited time; os.ErrDeadlineExceeded says that it has passed.
func (c *Child) WaitTimeout(timeout time.Duration) (*Status, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), timeout, os.ErrDeadlineExceeded)
	defer cancel()
	return c.Wait(ctx)
}
