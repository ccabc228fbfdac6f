//go:build cgo && linux

package forkexec

/*
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "forkexec.h"

// The arguments and the result of a start, in one piece of memory with their strings and descriptors.
struct forkexec_go_call {
	struct forkexec_child *child;
	struct forkexec_error error;
	char *path;
	char **argv, **envp;
	int32_t *files;
};

// The program's descriptors from 0 on; -1 is closed.
static int forkexec_go_files(struct forkexec_attr *attr, const struct forkexec_go_call *call, int32_t count) {
	int result = 0;
	for (int32_t target = 0; target < count && result == 0; target++)
		if (call->files[target] == -1)
			result = forkexec_attr_close_fd(attr, target);
		else
			result = forkexec_attr_map_fd(attr, call->files[target], target);
	return result;
}

enum { FORKEXEC_GO_SPAWN, FORKEXEC_GO_START, FORKEXEC_GO_HOLD };

// A start and the frees after it are one call, since each call into C takes time.
static int forkexec_go_launch(int how, struct forkexec_attr *attr, struct forkexec_go_call *call) {
	int result;
	switch (how) {
	case FORKEXEC_GO_SPAWN:
		result = forkexec_spawn(attr, call->path, call->argv, call->envp, &call->child, &call->error);
		break;
	case FORKEXEC_GO_START:
		result = forkexec_start(attr, call->path, call->argv, call->envp, &call->child, &call->error);
		break;
	default:
		result = forkexec_hold(attr, &call->child, &call->error);
	}
	forkexec_attr_free(attr);
	return result;
}

// A stop or a continuation of the child that was not told yet: a CLD_ code and the signal; 0: there is none. An errno.
static int forkexec_go_change(const struct forkexec_child *child, int *code, int *number) {
	const int options = WSTOPPED | WCONTINUED | WNOHANG | __WALL;
	const int by_pidfd = 3; // P_PIDFD; older headers do not have it
	siginfo_t info;
	int result, pidfd = forkexec_child_pidfd(child);
	info.si_pid = 0;
	do {
		result = waitid(pidfd < 0 ? P_PID : (idtype_t)by_pidfd, pidfd < 0 ? forkexec_child_pid(child) : pidfd, &info, options);
		if (result != 0 && errno == EINVAL && pidfd >= 0) {
			pidfd = -1; // before Linux 5.4 a pidfd is not waited by
			errno = EINTR;
		}
	} while (result != 0 && errno == EINTR);
	*code = result == 0 && info.si_pid != 0 ? info.si_code : 0;
	*number = *code ? info.si_status : 0;
	return result == 0 ? 0 : errno;
}
*/
import "C"

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func errorOf(e *C.struct_forkexec_error) *Error {
	return &Error{Stage: Stage(e.stage), Index: int(e.index), Errno: syscall.Errno(e.code), Signal: syscall.Signal(e.signal),
		Pid: int(e.pid), Message: C.GoString(&e.message[0])}
}

// called makes the error of a function of C that returns an errno and no struct forkexec_error.
func called(what string, result C.int) error {
	if result >= 0 {
		return nil
	}
	return os.NewSyscallError("forkexec_"+what, syscall.Errno(-result))
}

// newCall lays out the arguments of a start, in memory that the caller frees. files are the program's descriptors from 0 on.
func newCall(path string, argv, env []string, files []int) (*C.struct_forkexec_go_call, error) {
	const head, word = int(C.sizeof_struct_forkexec_go_call), int(unsafe.Sizeof(uintptr(0)))
	filesAt := head + (len(argv)+len(env)+2)*word
	textsAt := filesAt + len(files)*C.sizeof_int32_t
	size := textsAt
	for i, texts := range [...][]string{argv, env, {path}} {
		for _, text := range texts {
			if strings.IndexByte(text, 0) >= 0 {
				field := [...]string{"argv", "env", "path"}[i]
				return nil, refused(field, syscall.EINVAL, nil, "invalid argument: %q has a NUL in it", text)
			}
			size += len(text) + 1
		}
	}
	place := C.malloc(C.size_t(size))
	bytes := unsafe.Slice((*byte)(place), size)
	// When a pointer is written, the garbage collector looks at what was there before, and malloc has left anything there.
	clear(bytes[:filesAt])
	pointers := unsafe.Slice((*uintptr)(unsafe.Add(place, head)), len(argv)+len(env)+2)
	numbers := unsafe.Slice((*C.int32_t)(unsafe.Add(place, filesAt)), len(files))
	for i, fd := range files {
		numbers[i] = C.int32_t(fd)
	}
	at := textsAt
	add := func(text string) uintptr {
		begin := uintptr(place) + uintptr(at)
		at += copy(bytes[at:], text)
		bytes[at] = 0
		at++
		return begin
	}
	for i, text := range argv {
		pointers[i] = add(text)
	}
	for i, text := range env {
		pointers[len(argv)+1+i] = add(text)
	}
	call := (*C.struct_forkexec_go_call)(place)
	call.argv = (**C.char)(unsafe.Pointer(&pointers[0]))
	call.envp = (**C.char)(unsafe.Pointer(&pointers[len(argv)+1]))
	call.files = unsafe.SliceData(numbers)
	call.path = (*C.char)(unsafe.Pointer(&bytes[at]))
	add(path)
	return call, nil
}

// leaked is called with a child that was collected without Close; only tests set it.
var leaked func(pid int)

// native is the Child with cgo. The lock makes Close the last call, as the library demands it.
type native struct {
	lock sync.RWMutex
	c    *C.struct_forkexec_child
	poll *os.File // a pidfd of its own, which the runtime's poller watches; made by the first wait
	once sync.Once
	// poll is there, or has been tried in vain
	watched atomic.Bool
}

func launch(r *request) (*Child, error) {
	attr, err := attrOf(r.attr)
	if err != nil {
		return nil, err
	}
	b := &builder{c: attr}
	call, err := b.call(r)
	if err != nil {
		C.forkexec_attr_free(attr)
		return nil, err
	}
	defer C.free(unsafe.Pointer(call))
	result := C.forkexec_go_launch(C.int(r.how), attr, call)
	runtime.KeepAlive(r)
	if result != 0 {
		return nil, errorOf(&call.error)
	}
	child := &Child{native{c: call.child}}
	if leaked != nil {
		runtime.SetFinalizer(child, func(child *Child) {
			if child.c != nil {
				leaked(child.Pid())
			}
		})
	}
	return child, nil
}

// call adds to an Attr the other arguments of a start, and returns the arguments for C.
func (b *builder) call(r *request) (*C.struct_forkexec_go_call, error) {
	files := r.files
	for target, fd := range files {
		if fd < -1 {
			b.refuse("Files", syscall.EBADF, nil, "bad file descriptor: %d at place %d", fd, target)
		}
		b.signed("Files", fd)
	}
	for r.shut && len(files) < 3 {
		files = append(files, -1)
	}
	argv, env := r.argv, r.env
	if r.how == holds {
		argv, env = nil, nil
	}
	if b.err != nil {
		return nil, b.err
	}
	call, err := newCall(r.path, argv, env, files)
	if err != nil {
		return nil, err
	}
	if len(files) > 0 {
		b.did("Files", C.forkexec_go_files(b.c, call, C.int32_t(len(files))))
	}
	if r.dir != "" {
		b.string("Dir", r.dir, func(s *C.char) C.int { return C.forkexec_attr_set_cwd(b.c, s) })
	}
	if r.sys != nil {
		b.sys(r)
	}
	if r.execFD > 0 {
		b.did("ExecFile", C.forkexec_attr_set_exec_fd(b.c, b.signed("ExecFile", r.execFD)))
	}
	if r.execFD != 0 || r.path == "" && r.attr != nil && r.attr.ExecFile != nil {
		call.path = nil
	}
	if b.err != nil {
		C.free(unsafe.Pointer(call))
		return nil, b.err
	}
	return call, nil
}

// Release lets a child of Start execute the program. It returns when the program runs, or with the reason why it does not; then
// only Close is left to do. A negative timeout means none; after the timeout the error is ETIMEDOUT, and Release may be called
// again: forkexec_release.
func (n *native) Release(timeout time.Duration) error {
	n.lock.RLock()
	defer n.lock.RUnlock()
	if n.c == nil {
		return os.ErrClosed
	}
	if timeout < 0 {
		timeout = -1
	}
	var failure C.struct_forkexec_error
	if C.forkexec_release(n.c, C.int64_t(timeout), &failure) != 0 {
		return errorOf(&failure)
	}
	return nil
}

// Close frees the child. A child that has not executed the program is killed and reaped; a running program is neither killed
// nor waited for: forkexec_close.
func (n *native) Close() error {
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.c == nil {
		return os.ErrClosed
	}
	C.forkexec_close(n.c)
	n.forget()
	return nil
}

// Detach frees the child without killing it; a held child then executes the program: forkexec_detach.
func (n *native) Detach() error {
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.c == nil {
		return os.ErrClosed
	}
	if err := called("detach", C.forkexec_detach(n.c)); err != nil {
		return err
	}
	n.forget()
	return nil
}

func (n *native) forget() {
	n.c = nil
	if n.poll != nil {
		n.poll.Close()
	}
}

// call runs a function with an open child.
func (n *native) call(do func(c *C.struct_forkexec_child) error) error {
	n.lock.RLock()
	defer n.lock.RUnlock()
	if n.c == nil {
		return os.ErrClosed
	}
	return do(n.c)
}

// Pid returns the child's pid; 0 after Close. After the child was reaped, another process may have it: forkexec_child_pid.
func (n *native) Pid() int {
	pid := 0
	_ = n.call(func(c *C.struct_forkexec_child) error {
		pid = int(C.forkexec_child_pid(c))
		return nil
	})
	return pid
}

// pidfd returns the pidfd of the child, which stays the child's; -1 after Close.
func (n *native) pidfd() int {
	fd := -1
	_ = n.call(func(c *C.struct_forkexec_child) error {
		fd = int(C.forkexec_child_pidfd(c))
		return nil
	})
	return fd
}

// Signal sends the child a signal, and never another process that got its pid later: forkexec_signal.
func (n *native) Signal(signal syscall.Signal) error {
	return n.call(func(c *C.struct_forkexec_child) error {
		return called("signal", C.forkexec_signal(c, C.int32_t(signal)))
	})
}

// KillTree kills the child and all its descendants, by its pid namespace, else its cgroup, else its session or process
// group; EOPNOTSUPP where the Attr asked for none of these: forkexec_kill_tree.
func (n *native) KillTree() error {
	return n.call(func(c *C.struct_forkexec_child) error {
		return called("kill_tree", C.forkexec_kill_tree(c))
	})
}

// SignalTree sends a signal to all processes of the child's cgroup, else of its process group, else to the program in its pid
// namespace; EOPNOTSUPP where the Attr asked for none of these: forkexec_signal_tree.
func (n *native) SignalTree(signal syscall.Signal) error {
	return n.call(func(c *C.struct_forkexec_child) error {
		return called("signal_tree", C.forkexec_signal_tree(c, C.int32_t(signal)))
	})
}

// TerminateTree ends the child and its descendants: SignalTree, then KillTree when the child has ended, or after grace. Call
// Wait after it. It parks the goroutine, where forkexec_terminate_tree would keep a thread.
func (n *native) TerminateTree(signal syscall.Signal, grace time.Duration) error {
	gone := func(err error) bool { return err == nil || errors.Is(err, syscall.ESRCH) }
	if err := n.SignalTree(signal); !gone(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if _, err := n.wait(ctx, C.FORKEXEC_WAIT_NOREAP); err != nil && ctx.Err() == nil && !errors.Is(err, syscall.ECHILD) {
		return err
	}
	if err := n.KillTree(); !gone(err) {
		return err
	}
	return nil
}

// file makes an os.File of a new descriptor.
func (n *native) file(what string, get func(c *C.struct_forkexec_child) C.int32_t) (*os.File, error) {
	var file *os.File
	err := n.call(func(c *C.struct_forkexec_child) error {
		fd := get(c)
		if fd < 0 {
			return called(what, C.int(fd))
		}
		file = os.NewFile(uintptr(fd), what)
		return nil
	})
	return file, err
}

// Pidfd returns a new pidfd of the child, which the caller closes: forkexec_child_take_pidfd.
func (n *native) Pidfd() (*os.File, error) {
	return n.file("child_take_pidfd", func(c *C.struct_forkexec_child) C.int32_t { return C.forkexec_child_take_pidfd(c) })
}

// NamespaceFile returns a new descriptor of one of the child's namespaces, which the caller closes: forkexec_child_namespace_fd.
func (n *native) NamespaceFile(kind Namespace) (*os.File, error) {
	return n.file("child_namespace_fd", func(c *C.struct_forkexec_child) C.int32_t {
		return C.forkexec_child_namespace_fd(c, C.uint32_t(kind))
	})
}

// SeccompListener returns the listener of the filter with the flag SeccompListener. It is given once: forkexec_child_seccomp_fd.
func (n *native) SeccompListener() (*os.File, error) {
	return n.file("child_seccomp_fd", func(c *C.struct_forkexec_child) C.int32_t { return C.forkexec_child_seccomp_fd(c) })
}

// look asks for the end of the child without waiting; done tells whether there is an answer.
func (n *native) look(flags C.uint32_t) (status *Status, err error, done bool) {
	return n.ask(0, flags)
}

// ask waits for the given nanoseconds; a negative number means for ever.
func (n *native) ask(timeout C.int64_t, flags C.uint32_t) (status *Status, err error, done bool) {
	var s C.struct_forkexec_status
	result := C.int(-C.EINTR)
	err = n.call(func(c *C.struct_forkexec_child) error {
		for result == -C.EINTR {
			result = C.forkexec_wait(c, timeout, flags, &s, C.sizeof_struct_forkexec_status)
		}
		return nil
	})
	if err != nil {
		return nil, err, true
	}
	if result == -C.ETIMEDOUT || result == -C.EAGAIN {
		return nil, nil, false
	}
	if err := called("wait", result); err != nil {
		return nil, err, true
	}
	return &Status{Valid: StatusFields(s.valid), Wait: int(s.wait_status), ExitCode: int(s.exit_code),
		Signal: syscall.Signal(s.signal), CoreDumped: s.core_dumped != 0, Ran: Ran(s.ran), Ended: Ended(s.ended), User: time.Duration(s.user_ns),
		System: time.Duration(s.system_ns), MaxRSS: uint64(s.max_rss_bytes), MaxRSSFloor: uint64(s.max_rss_floor_bytes),
		MemoryPeak: uint64(s.memory_peak_bytes), MinorFaults: uint64(s.minor_faults), MajorFaults: uint64(s.major_faults),
		BlockReads: uint64(s.block_reads), BlockWrites: uint64(s.block_writes), VoluntarySwitches: uint64(s.voluntary_switches),
		InvoluntarySwitches: uint64(s.involuntary_switches), StopSignal: syscall.Signal(s.stop_signal),
		Continued: s.valid&C.FORKEXEC_STATUS_CONTINUED != 0, Lingers: s.valid&C.FORKEXEC_STATUS_LINGERS != 0, OutOfMemory: s.out_of_memory != 0, OOMKills: uint32(s.oom_kills)}, nil, true
}

// Wait waits until the child has ended, and reaps it. It parks the goroutine and keeps no thread: forkexec_wait. Where ctx ends
// first, the child is left as it is, and the error is the cause of ctx.
func (n *native) Wait(ctx context.Context) (*Status, error) { return n.wait(ctx, 0) }

func (n *native) wait(ctx context.Context, flags C.uint32_t) (status *Status, err error) {
	if err := n.call(func(*C.struct_forkexec_child) error { n.once.Do(n.watch); return nil }); err != nil {
		return nil, err
	}
	if n.poll == nil {
		return n.waitByTime(ctx, flags)
	}
	raw, err := n.poll.SyscallConn()
	if err != nil {
		return nil, err
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { _ = n.poll.SetReadDeadline(time.Unix(1, 0)) })
		defer func() {
			if !stop() {
				_ = n.poll.SetReadDeadline(time.Time{})
			}
		}()
	}
	done := false
	for {
		readErr := raw.Read(func(uintptr) bool {
			status, err, done = n.look(flags)
			return done
		})
		if done {
			return status, err
		}
		if ctx.Err() != nil {
			// An end that came first counts.
			if status, err, done = n.look(flags); done {
				return status, err
			}
			return nil, context.Cause(ctx)
		}
		if errors.Is(readErr, os.ErrDeadlineExceeded) { // the context of somebody else's wait
			_ = n.poll.SetReadDeadline(time.Time{})
			continue
		}
		if readErr != nil {
			return nil, os.ErrClosed
		}
	}
}

// WaitChange waits until the child has stopped, continued or ended. It tells each stop and continuation once; then
// Status.StopSignal or Status.Continued is set. The kernel keeps the last change alone: after a SIGCONT and an end in short
// order, the end is told. The end it only tells: the child is still to be waited for, by Wait, or by
// Cmd.Wait for the Cmd.Child of a command. It parks the goroutine until SIGCHLD comes, for which it uses os/signal: a program
// must not ignore SIGCHLD. Where ctx ends first, the error is the cause of ctx. waitid(2) with WSTOPPED and WCONTINUED.
func (n *native) WaitChange(ctx context.Context) (*Status, error) {
	// From here on no SIGCHLD is lost: each look comes after the signal that it answers.
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	// A holder ends without SIGCHLD.
	ended := make(chan struct{})
	waiting, cancel := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		_, _ = n.wait(waiting, C.FORKEXEC_WAIT_NOREAP)
	}()
	defer func() { cancel(); <-ended }()
	for end := ended; ; {
		if status, err := n.change(); status != nil || err != nil {
			return status, err
		}
		if status, err, done := n.look(C.FORKEXEC_WAIT_NOREAP); done {
			return status, err
		}
		select {
		case <-children:
		case <-end:
			end = nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// How long a thread waits in the kernel for the end of a program before it looks whether the context has ended.
const programTurn = 50 * time.Millisecond

// WaitProgram waits until the program of Attr.LingeringInit has ended, or of any other child the child. Status.Lingers tells
// whether the init goes on. The end is only told: the child is still to be waited for, by Wait. The init tells by a futex, which
// no poller watches, so this keeps a thread. Where ctx ends first, the error is the cause of ctx. FORKEXEC_WAIT_PROGRAM.
func (n *native) WaitProgram(ctx context.Context) (*Status, error) {
	for {
		over, turn := ctx.Err() != nil, programTurn
		if at, has := ctx.Deadline(); has {
			turn = min(turn, max(time.Until(at), 0))
		}
		if over {
			turn = 0 // an end that came first counts
		}
		status, err, done := n.ask(C.int64_t(turn), C.FORKEXEC_WAIT_PROGRAM|C.FORKEXEC_WAIT_NOREAP)
		if done {
			return status, err
		}
		if over {
			return nil, context.Cause(ctx)
		}
	}
}

// change returns the stop or the continuation that nobody was told of; nil: there is none. forkexec_wait would also reap a child
// that ends meanwhile, and package os has to reap the child of a Cmd.
func (n *native) change() (status *Status, err error) {
	err = n.call(func(c *C.struct_forkexec_child) error {
		var code, number C.int
		if errno := C.forkexec_go_change(c, &code, &number); errno != 0 && errno != C.ECHILD {
			return os.NewSyscallError("waitid", syscall.Errno(errno))
		}
		switch code {
		case C.CLD_STOPPED, C.CLD_TRAPPED:
			stop := syscall.Signal(number & 0x7f)
			status = &Status{Valid: StatusStopped, Wait: int(stop)<<8 | 0x7f, ExitCode: -1, StopSignal: stop}
		case C.CLD_CONTINUED:
			status = &Status{Valid: StatusContinued, Wait: 0xffff, ExitCode: -1, Continued: true}
		}
		return nil
	})
	return status, err
}

// watch opens the pidfd that the runtime's poller watches.
func (n *native) watch() {
	defer n.watched.Store(true)
	fd := C.forkexec_child_take_pidfd(n.c)
	if fd < 0 || syscall.SetNonblock(int(fd), true) != nil {
		return
	}
	n.poll = os.NewFile(uintptr(fd), "pidfd")
}

// waitByTime waits on kernels without pidfds: it looks again after a while.
func (n *native) waitByTime(ctx context.Context, flags C.uint32_t) (*Status, error) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if status, err, done := n.look(flags); done {
			return status, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// A program that is waited for at once usually ends soon. A thread that waits in the kernel learns of it 20 us earlier than a
// goroutine that the poller has to wake. At most this many threads wait so; all other waits use the poller.
const waitingThreads = 1

var threadsThatWait atomic.Int32

// waitNoReap waits for the end of the child without reaping it. The child cannot be closed meanwhile.
func (n *native) waitNoReap() (*Status, error) {
	timeout := C.int64_t(0)
	if threadsThatWait.Add(1) <= waitingThreads {
		timeout = -1
	}
	status, err, done := n.ask(timeout, C.FORKEXEC_WAIT_NOREAP)
	threadsThatWait.Add(-1)
	if done {
		return status, err
	}
	return n.wait(context.Background(), C.FORKEXEC_WAIT_NOREAP)
}

// Describe returns the steps of a start, one a line, without starting anything: forkexec_describe_text.
func Describe(path string, argv, env []string, attr *Attr) (string, error) {
	c, err := attrOf(attr)
	if err != nil {
		return "", err
	}
	defer C.forkexec_attr_free(c)
	if argv == nil {
		argv = []string{path}
	}
	call, err := newCall(path, argv, env, nil)
	if err != nil {
		return "", err
	}
	defer C.free(unsafe.Pointer(call))
	if path == "" {
		call.path = nil
	}
	size := 4096
	for {
		var failure C.struct_forkexec_error
		text := (*C.char)(C.malloc(C.size_t(size)))
		length := int(C.forkexec_describe_text(c, call.path, call.argv, call.envp, text, C.size_t(size), &failure))
		said := ""
		if length >= 0 && length < size {
			said = C.GoStringN(text, C.int(length))
		}
		C.free(unsafe.Pointer(text))
		runtime.KeepAlive(attr)
		switch {
		case length < 0:
			return "", errorOf(&failure)
		case length < size:
			return said, nil
		}
		size = length + 1
	}
}

// Probe finds out by trying whether this host has a feature. Where not, why tells the reason and what helps: forkexec_probe.
func Probe(feature Feature) (has bool, why string, err error) {
	var sentence [512]C.char
	result := C.forkexec_probe(C.uint32_t(feature), &sentence[0], C.size_t(len(sentence)))
	if err := called("probe", result); err != nil {
		return false, "", err
	}
	return result == 1, C.GoString(&sentence[0]), nil
}

// Version returns the version of the library: forkexec_version.
func Version() string { return C.GoString(C.forkexec_version()) }

// VersionNumber returns major * 65536 + minor * 256 + patch: forkexec_version_number.
func VersionNumber() uint32 { return uint32(C.forkexec_version_number()) }
