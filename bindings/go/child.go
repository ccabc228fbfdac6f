package forkexec

import (
	"context"
	"net"
	"os"
	"syscall"
	"time"
)

// A Child is the result of Spawn, Start or Hold. Close it after use. Its methods may be called from any goroutine; after
// Close they return os.ErrClosed. An error is the errno of the C function that the method names, whose manual page has the causes:
// from Wait, ECHILD says that somebody else has reaped the child.
type Child struct{ native }

// A Status tells how a child ended and what it used: struct forkexec_status. Fields that Valid does not name are 0.
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
	StopSignal          syscall.Signal // the signal that stopped the child, with StatusStopped; only WaitChange tells it
	Continued           bool           // the child has continued after a stop, with StatusContinued; only WaitChange tells it
	Lingers             bool           // the program has ended and its init goes on, with StatusLingers; only WaitProgram tells it
	OutOfMemory         bool           // memory was short: SIGKILL killed the child, and OOMKills is not 0; with StatusOutOfMemory
	OOMKills            uint32         // how many processes of its cgroup the out-of-memory killer has killed, with StatusOutOfMemory
}

// Spawn starts a program. It returns when the program runs, or with the reason why it does not: forkexec_spawn. path is
// searched for only where attr has a SearchPath. argv nil means path alone, env nil means os.Environ. The program gets the
// descriptors 0 to 2 of this process, and those that attr names. attr may be nil.
func Spawn(path string, argv, env []string, attr *Attr) (*Child, error) {
	return create(spawned, path, argv, env, attr)
}

// Start is the first half of Spawn: the child makes its namespaces, mounts, session and limits, and waits for Release. Close
// kills a child that is not released: forkexec_start.
func Start(path string, argv, env []string, attr *Attr) (*Child, error) {
	return create(started, path, argv, env, attr)
}

// Hold makes a child that runs no program and keeps its namespaces until Close: forkexec_hold.
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

// A request has the arguments of a start. files are the program's descriptors from 0 on, above what attr says; -1 is closed.
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

// Listener returns socket number index of Listen, which takes connections. It is given once. ListenFile is for other sockets.
func (c *Child) Listener(index int) (net.Listener, error) {
	file, err := c.ListenFile(index)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return net.FileListener(file)
}

// WaitTimeout is Wait with a time-out, after which it returns os.ErrDeadlineExceeded.
func (c *Child) WaitTimeout(timeout time.Duration) (*Status, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), timeout, os.ErrDeadlineExceeded)
	defer cancel()
	return c.Wait(ctx)
}
