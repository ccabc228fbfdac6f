package forkexec

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Cmd starts a program. It has the fields and methods of os/exec.Cmd, with the same meaning where nothing else is said here,
// and Attr. A Cmd is used once.
type Cmd struct {
	Path         string
	Args         []string
	Env          []string
	Dir          string
	Stdin        io.Reader
	Stdout       io.Writer
	Stderr       io.Writer
	ExtraFiles   []*os.File
	SysProcAttr  *syscall.SysProcAttr
	Process      *os.Process
	ProcessState *os.ProcessState
	Err          error
	// Cancel is called when the context of CommandContext is done. By default it kills the program and its descendants,
	// as Child.KillTree does; the program alone where Attr and SysProcAttr have neither a pid namespace, a cgroup, a
	// session nor a process group of its own.
	Cancel    func() error
	WaitDelay time.Duration

	// Attr is what more is asked of the child. Its FDs 0 to 2 take the place of a Stdin, Stdout or Stderr that is nil.
	Attr *Attr

	ctx     context.Context
	child   *Child
	status  *Status
	files   []*os.File // the program's, from 0 on
	theirs  []io.Closer
	ours    []io.Closer
	copies  []func() error
	copied  chan error
	ended   chan error // the answer of the goroutine that watches ctx
	over    chan struct{}
	done    time.Time // when ctx was done before the program ended
	saved   *tail
	started bool
	waited  bool
}

// Command is os/exec.Command.
func Command(name string, arg ...string) *Cmd {
	cmd := &Cmd{Path: name, Args: append([]string{name}, arg...)}
	if filepath.Base(name) == name {
		path, err := exec.LookPath(name)
		if path != "" {
			cmd.Path = path
		}
		cmd.Err = err
	}
	return cmd
}

// CommandContext is os/exec.CommandContext; see Cancel.
func CommandContext(ctx context.Context, name string, arg ...string) *Cmd {
	if ctx == nil {
		panic("nil Context")
	}
	cmd := Command(name, arg...)
	cmd.ctx = ctx
	cmd.Cancel = cmd.KillTree
	return cmd
}

// KillTree kills the program and those of its descendants that can be found; see Cancel.
func (c *Cmd) KillTree() error {
	if c.Process == nil {
		return errors.New("forkexec: not started")
	}
	if err := c.child.KillTree(); err == nil {
		return nil
	}
	return c.Process.Kill()
}

// Child returns the child; nil before Start. Do not wait for it, and do not close it: Wait does both.
func (c *Cmd) Child() *Child { return c.child }

// Status tells how the program ended and what it used; nil before Wait.
func (c *Cmd) Status() *Status { return c.status }

func (c *Cmd) String() string {
	if c.Err != nil || len(c.Args) == 0 {
		return strings.Join(c.Args, " ")
	}
	return strings.Join(append([]string{c.Path}, c.Args[1:]...), " ")
}

// Environ returns the environment that the program would get now.
func (c *Cmd) Environ() []string {
	env := c.Env
	if env == nil {
		env = os.Environ() // which has each variable once
		if c.Dir == "" {
			return env
		}
		if dir, err := filepath.Abs(c.Dir); err == nil {
			env = append(env, "PWD="+dir)
		}
	}
	return lastOfEach(env)
}

// lastOfEach keeps the last value of each variable, at its place.
func lastOfEach(env []string) []string {
	kept := make([]string, 0, len(env))
	seen := make(map[string]bool, len(env))
	for i := len(env) - 1; i >= 0; i-- {
		name, _, found := strings.Cut(env[i], "=")
		if env[i] == "" || found && name != "" && seen[name] {
			continue
		}
		if found {
			seen[name] = true
		}
		kept = append(kept, env[i])
	}
	for i, j := 0, len(kept)-1; i < j; i, j = i+1, j-1 {
		kept[i], kept[j] = kept[j], kept[i]
	}
	return kept
}

// Run starts the program and waits for it.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the program and returns its standard output. Where Stderr is nil, an *exec.ExitError has its standard error.
func (c *Cmd) Output() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("forkexec: Stdout already set")
	}
	var out bytes.Buffer
	c.Stdout = &out
	if c.Stderr == nil {
		c.saved = &tail{limit: 32 << 10}
		c.Stderr = c.saved
	}
	err := c.Run()
	var exit *exec.ExitError
	if c.saved != nil && errors.As(err, &exit) {
		exit.Stderr = c.saved.bytes()
	}
	return out.Bytes(), err
}

// CombinedOutput runs the program and returns its standard output and error.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("forkexec: Stdout already set")
	}
	if c.Stderr != nil {
		return nil, errors.New("forkexec: Stderr already set")
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.Bytes(), err
}

// StdinPipe returns a pipe to the program's standard input. Wait closes it.
func (c *Cmd) StdinPipe() (io.WriteCloser, error) {
	if c.Stdin != nil {
		return nil, errors.New("forkexec: Stdin already set")
	}
	read, write, err := c.pipe("StdinPipe")
	if err != nil {
		return nil, err
	}
	c.Stdin = read
	c.theirs, c.ours = append(c.theirs, read), append(c.ours, write)
	return write, nil
}

// StdoutPipe returns a pipe from the program's standard output. Wait closes it: read all before.
func (c *Cmd) StdoutPipe() (io.ReadCloser, error) {
	if c.Stdout != nil {
		return nil, errors.New("forkexec: Stdout already set")
	}
	read, write, err := c.pipe("StdoutPipe")
	if err == nil {
		c.Stdout = write
		c.theirs, c.ours = append(c.theirs, write), append(c.ours, read)
	}
	return read, err
}

// StderrPipe returns a pipe from the program's standard error. Wait closes it: read all before.
func (c *Cmd) StderrPipe() (io.ReadCloser, error) {
	if c.Stderr != nil {
		return nil, errors.New("forkexec: Stderr already set")
	}
	read, write, err := c.pipe("StderrPipe")
	if err == nil {
		c.Stderr = write
		c.theirs, c.ours = append(c.theirs, write), append(c.ours, read)
	}
	return read, err
}

func (c *Cmd) pipe(name string) (read, write *os.File, err error) {
	if c.started {
		return nil, nil, errors.New("forkexec: " + name + " after the program was started")
	}
	return os.Pipe()
}

func closeAll(list []io.Closer) {
	for _, one := range list {
		one.Close()
	}
}

// Start starts the program. After success, Wait must be called.
func (c *Cmd) Start() error {
	if c.started {
		return errors.New("forkexec: already started")
	}
	c.started = true
	err := c.start()
	closeAll(c.theirs)
	c.theirs = nil
	if err != nil {
		closeAll(c.ours)
		c.ours = nil
		return err
	}
	c.goCopy()
	c.watch()
	return nil
}

func (c *Cmd) start() error {
	if c.Err != nil {
		return c.Err
	}
	if c.Path == "" && (c.Attr == nil || c.Attr.ExecFile == nil) {
		return errors.New("forkexec: no command")
	}
	if c.Cancel != nil && c.ctx == nil {
		return errors.New("forkexec: command with a non-nil Cancel was not created with CommandContext")
	}
	if c.ctx != nil && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if err := c.streams(); err != nil {
		return err
	}
	args := c.Args
	if len(args) == 0 {
		args = []string{c.Path}
	}
	attr := &os.ProcAttr{Dir: c.Dir, Env: c.Environ(), Files: c.files, Sys: c.SysProcAttr}
	process, child, err := startProcess(c.Path, args, attr, c.Attr)
	if err != nil {
		return err
	}
	c.Process, c.child = process, child
	return nil
}

// What stands in a list of files for /dev/null, to be read and to be written. It is opened just before the start: an os.File of it
// would be offered to the runtime's poller, which refuses it.
var nullIn, nullOut = new(os.File), new(os.File)

// named returns the file that Attr gives the program under the number target, else null.
func (c *Cmd) named(target int, null *os.File) *os.File {
	if c.Attr == nil {
		return null
	}
	for i := len(c.Attr.FDs) - 1; i >= 0; i-- {
		if c.Attr.FDs[i].Target == target {
			return c.Attr.FDs[i].File
		}
	}
	return null
}

// streams opens the program's descriptors 0, 1 and 2, and adds ExtraFiles.
func (c *Cmd) streams() error {
	stdin, err := c.reader()
	if err != nil {
		return err
	}
	stdout, err := c.writer(1, c.Stdout)
	if err != nil {
		return err
	}
	stderr := stdout
	if c.Stderr == nil || !same(c.Stderr, c.Stdout) {
		if stderr, err = c.writer(2, c.Stderr); err != nil {
			return err
		}
	}
	c.files = append([]*os.File{stdin, stdout, stderr}, c.ExtraFiles...)
	return nil
}

func same(a, b io.Writer) (equal bool) {
	defer func() { _ = recover() }() // of types that cannot be compared
	return a == b
}

func (c *Cmd) reader() (*os.File, error) {
	if c.Stdin == nil {
		return c.named(0, nullIn), nil
	}
	if file, is := c.Stdin.(*os.File); is {
		return file, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.theirs, c.ours = append(c.theirs, read), append(c.ours, write)
	c.copies = append(c.copies, func() error {
		_, err := io.Copy(write, c.Stdin)
		if errors.Is(err, syscall.EPIPE) {
			err = nil // the program did not want all of it
		}
		if closed := write.Close(); err == nil {
			err = closed
		}
		return err
	})
	return read, nil
}

func (c *Cmd) writer(target int, to io.Writer) (*os.File, error) {
	if to == nil {
		return c.named(target, nullOut), nil
	}
	if file, is := to.(*os.File); is {
		return file, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.theirs, c.ours = append(c.theirs, write), append(c.ours, read)
	c.copies = append(c.copies, func() error {
		_, err := io.Copy(to, read)
		read.Close() // an error of to is a broken pipe for the program
		return err
	})
	return write, nil
}

func (c *Cmd) goCopy() {
	c.copied = make(chan error, len(c.copies))
	for _, copy := range c.copies {
		go func(copy func() error) { c.copied <- copy() }(copy)
	}
}

// watch waits for the end of the context, or of the program.
func (c *Cmd) watch() {
	if c.ctx == nil || c.Cancel == nil && c.WaitDelay == 0 || c.ctx.Done() == nil {
		return
	}
	c.over, c.ended = make(chan struct{}), make(chan error, 1)
	go func() {
		select {
		case <-c.over:
			c.ended <- nil
			return
		case <-c.ctx.Done():
		}
		c.done = time.Now()
		err := c.ctx.Err()
		if c.Cancel != nil {
			switch cancelled := c.Cancel(); {
			case errors.Is(cancelled, os.ErrProcessDone):
				err = nil
			case cancelled != nil:
				err = wrapped{"forkexec: canceling Cmd", cancelled}
			}
		}
		if c.WaitDelay > 0 {
			timer := time.NewTimer(c.WaitDelay)
			defer timer.Stop()
			select {
			case <-c.over:
			case <-timer.C:
				// Errors are those of a program that has ended meanwhile.
				if c.KillTree() == nil && err == nil {
					err = c.ctx.Err()
				}
			}
		}
		c.ended <- err
	}()
}

type wrapped struct {
	text string
	err  error
}

func (w wrapped) Error() string { return w.text + ": " + w.err.Error() }
func (w wrapped) Unwrap() error { return w.err }

// Wait waits for the program, and until its streams are copied. Many such waits take few threads.
func (c *Cmd) Wait() error {
	if c.Process == nil {
		return errors.New("forkexec: not started")
	}
	if c.waited {
		return errors.New("forkexec: Wait was already called")
	}
	c.waited = true
	// The runtime's poller tells the end; package os reaps it, for only it makes a ProcessState.
	c.status, _ = c.child.waitNoReap()
	state, err := c.Process.Wait()
	c.ProcessState = state
	if err == nil && !state.Success() {
		err = &exec.ExitError{ProcessState: state}
	}
	var timer *time.Timer
	if c.over != nil {
		close(c.over)
		if ended := <-c.ended; ended != nil && err == nil {
			err = ended
		}
	}
	if c.WaitDelay > 0 {
		left := c.WaitDelay
		if !c.done.IsZero() {
			left -= time.Since(c.done)
		}
		timer = time.NewTimer(left)
		defer timer.Stop()
	}
	if copied := c.await(timer); err == nil {
		err = copied
	}
	closeAll(c.ours)
	c.ours = nil
	c.child.Close()
	return err
}

// await waits until all is copied, or the timer ends.
func (c *Cmd) await(timer *time.Timer) (first error) {
	var rung <-chan time.Time
	if timer != nil {
		rung = timer.C
	}
	for range c.copies {
		select {
		case err := <-c.copied:
			if first == nil {
				first = err
			}
			continue
		default:
		}
		select {
		case err := <-c.copied:
			if first == nil {
				first = err
			}
		case <-rung:
			closeAll(c.ours)
			rung = nil
			if first == nil {
				first = exec.ErrWaitDelay
			}
			<-c.copied
		}
	}
	return first
}

// A tail keeps the beginning and the end of what is written.
type tail struct {
	lock    sync.Mutex
	limit   int
	head    []byte
	end     []byte
	skipped int64
}

func (t *tail) Write(text []byte) (int, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	length := len(text)
	if room := t.limit - len(t.head); room > 0 {
		n := min(room, len(text))
		t.head = append(t.head, text[:n]...)
		text = text[n:]
	}
	t.end = append(t.end, text...)
	if over := len(t.end) - t.limit; over > 0 {
		t.skipped += int64(over)
		t.end = append(t.end[:0], t.end[over:]...)
	}
	return length, nil
}

func (t *tail) bytes() []byte {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.skipped == 0 {
		return append(t.head, t.end...)
	}
	text := append(t.head, "\n... omitting "+strconv.FormatInt(t.skipped, 10)+" bytes ...\n"...)
	return append(text, t.end...)
}
