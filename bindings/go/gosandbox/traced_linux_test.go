//go:build cgo

package gosandbox

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func exe(pid int) string {
	link, _ := os.Readlink("/proc/" + itoa(pid) + "/exe")
	return link
}

// stoppedBy waits for a stop of a tracee.
func stoppedBy(t *testing.T, pid int) syscall.WaitStatus {
	t.Helper()
	status := wait(t, pid)
	if !status.Stopped() {
		t.Fatalf("%#x is no stop", status)
	}
	return status
}

func on(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.PtraceCont(pid, 0); err != nil {
		t.Fatal(err)
	}
}

func locked(t *testing.T) {
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
}

func sandboxes() map[string]uintptr {
	return map[string]uintptr{"": 0, "user": syscall.CLONE_NEWUSER, "pid": syscall.CLONE_NEWPID | user()}
}

func TestATraceeStopsAtTheExec(t *testing.T) {
	locked(t)
	for name, flags := range sandboxes() {
		r := script("exit 3")
		r.CloneFlags, r.Ptrace = flags, true
		pid, err := r.Start()
		if err != nil {
			t.Fatal(name, err)
		}
		equal(t, stoppedBy(t, pid).StopSignal(), syscall.SIGTRAP)
		equal(t, status(pid, "TracerPid"), itoa(syscall.Gettid()))
		on(t, pid)
		equal(t, wait(t, pid).ExitStatus(), 3)
	}
}

func TestATraceeWithAFilterStopsBeforeIt(t *testing.T) {
	locked(t)
	for name, flags := range sandboxes() {
		for _, sync := range []func(int) error{nil, func(int) error { return nil }} {
			r := script("exit 4")
			r.CloneFlags, r.Ptrace, r.SyncFunc = flags, true, sync
			r.Seccomp = filter(syscall.SYS_EXECVE, trace) // which is ENOSYS until there is a tracer
			pid, err := r.Start()
			if err != nil {
				t.Fatal(name, err)
			}
			equal(t, stoppedBy(t, pid).StopSignal(), syscall.SIGSTOP)
			if strings.HasSuffix(exe(pid), "sh") {
				t.Errorf("%s: the program is there already", name)
			}
			equal(t, status(pid, "Seccomp"), "0")
			const tracesSeccomp, tracesExec = 0x80, 0x10
			if err := syscall.PtraceSetOptions(pid, tracesSeccomp|tracesExec); err != nil {
				t.Fatal(err)
			}
			on(t, pid)
			equal(t, stoppedBy(t, pid).TrapCause(), 7) // PTRACE_EVENT_SECCOMP
			on(t, pid)
			equal(t, stoppedBy(t, pid).TrapCause(), syscall.PTRACE_EVENT_EXEC)
			on(t, pid)
			equal(t, wait(t, pid).ExitStatus(), 4)
		}
	}
}

func TestStopBeforeSeccompIsContinuedIntoTheProgram(t *testing.T) {
	for name, flags := range map[string]uintptr{"": 0, "user": syscall.CLONE_NEWUSER} {
		for _, program := range []*syscall.SockFprog{nil, filter(syscall.SYS_KILL, kill)} {
			r := script("exit 5")
			r.CloneFlags, r.StopBeforeSeccomp, r.Seccomp = flags, true, program
			pid, err := r.Start()
			if err != nil {
				t.Fatal(name, err)
			}
			equal(t, stoppedBy(t, pid).StopSignal(), syscall.SIGSTOP)
			if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			equal(t, wait(t, pid).ExitStatus(), 5)
		}
	}
}

func TestAFailureBeforeTheStopIsTold(t *testing.T) {
	locked(t)
	for _, traced := range []bool{false, true} {
		r := script("")
		r.WorkDir, r.Ptrace, r.StopBeforeSeccomp = "/not/there", traced, true
		fails(t, r, ChildError{syscall.ENOENT, LocChdir, 0})
	}
}

func TestAFailureAfterTheStopIsAnExitStatus(t *testing.T) {
	r := &Runner{Args: []string{"/not/there"}, StopBeforeSeccomp: true}
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, stoppedBy(t, pid).StopSignal(), syscall.SIGSTOP)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	equal(t, wait(t, pid).ExitStatus(), 127)
}

func TestProcess1CannotStopItself(t *testing.T) {
	r := script("exit 6")
	r.CloneFlags, r.StopBeforeSeccomp = syscall.CLONE_NEWPID|user(), true
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, wait(t, pid).ExitStatus(), 6)
}

func TestAStoppedChildMayBeKilled(t *testing.T) {
	r := script("")
	r.StopBeforeSeccomp = true
	pid, err := r.Start()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, stoppedBy(t, pid).StopSignal(), syscall.SIGSTOP)
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	equal(t, wait(t, pid).Signal(), syscall.SIGKILL)
}
