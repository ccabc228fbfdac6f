package forkexec

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"unsafe"
)

// An Error tells why a start failed: struct forkexec_error. errors.Is compares it with its Errno, so that
// errors.Is(err, fs.ErrNotExist) and errors.Is(err, syscall.EPERM) hold as for the errors of the packages os and syscall.
// Spawn, Start, Hold and Describe return it. For Cmd, StartProcess and ForkExec see Failure.
type Error struct {
	Stage   Stage          // the step that failed; 0: the error is not about a step
	Index   int            // which item of the list that the stage is about, from 0; -1: none
	Errno   syscall.Errno  // its reason
	Signal  syscall.Signal // the signal that killed the child before the exec; Errno is then ECANCELED
	Pid     int            // the child that failed, already reaped; 0: there was none
	Message string         // the whole message
	cause   error
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the Errno, and what else is known of the cause, such as os.ErrClosed.
func (e *Error) Unwrap() []error {
	if e.cause != nil {
		return []error{e.Errno, e.cause}
	}
	return []error{e.Errno}
}

// Failure returns the *Error of an error of this package, nil where there is none. It finds more than errors.As:
//
// os.IsNotExist, os.IsExist and os.IsPermission only look at an errno that is directly in an *os.PathError or
// *os.SyscallError. Where one of them is true of Go's own error (ENOENT, EEXIST, ENOTEMPTY, EACCES, EPERM; a Cmd, StartProcess or
// ForkExec without an Attr, or with a program or Dir that is the reason), the error has the same form as Go's. Such an error
// cannot wrap an *Error: errors.As finds none, but Failure does. All other errors wrap the *Error.
func Failure(err error) *Error {
	var failure *Error
	if errors.As(err, &failure) {
		return failure
	}
	var path *os.PathError
	if errors.As(err, &path) {
		return hidden.of(unsafe.Pointer(path))
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		return hidden.of(unsafe.Pointer(call))
	}
	return nil
}

// failures has the *Error of those errors that cannot wrap it, by their address. It does not keep them from being collected: a
// finalizer removes the entry before the address is used again.
type failures struct{ list sync.Map }

var hidden failures

func (f *failures) of(err unsafe.Pointer) *Error {
	found, _ := f.list.Load(uintptr(err))
	failure, _ := found.(*Error)
	return failure
}

// asGo tells whether the error must have the form of Go's own, which cannot wrap an *Error; see Failure.
func (e *Error) asGo(dir string, more *Attr) bool {
	switch e.Errno {
	case syscall.ENOENT, syscall.EEXIST, syscall.ENOTEMPTY, syscall.EACCES, syscall.EPERM:
		return e.cause == nil && (more == nil || e.Stage == StageExec || e.Stage == StageCwd && dir != "")
	}
	return false
}

// pathError makes the *os.PathError that package os would return.
func pathError(name, dir string, more *Attr, err error) error {
	made := &os.PathError{Op: "fork/exec", Path: name, Err: err}
	var failure *Error
	if !errors.As(err, &failure) {
		return made
	}
	if failure.Stage == StageCwd && dir != "" {
		made.Op, made.Path = "chdir", dir
	}
	if failure.asGo(dir, more) {
		made.Err = failure.Errno
		hidden.list.Store(uintptr(unsafe.Pointer(made)), failure)
		runtime.SetFinalizer(made, func(made *os.PathError) { hidden.list.Delete(uintptr(unsafe.Pointer(made))) })
	}
	return made
}

// syscallError makes the error for which package syscall would return an errno alone.
func syscallError(dir string, more *Attr, err error) error {
	var failure *Error
	if !errors.As(err, &failure) || !failure.asGo(dir, more) {
		return err
	}
	made := &os.SyscallError{Syscall: "fork/exec, " + failure.Stage.String(), Err: failure.Errno}
	hidden.list.Store(uintptr(unsafe.Pointer(made)), failure)
	runtime.SetFinalizer(made, func(made *os.SyscallError) { hidden.list.Delete(uintptr(unsafe.Pointer(made))) })
	return made
}

func (s Stage) String() string {
	if name, found := stageNames[s]; found {
		return name
	}
	return "unknown"
}

// ErrUnsupported is the error of all functions without cgo, or on other systems than Linux. It wraps errors.ErrUnsupported.
var ErrUnsupported = fmt.Errorf("forkexec needs Linux, cgo and a C compiler (CGO_ENABLED=1): %w", errors.ErrUnsupported)

// refused makes the error for a value that has no form in C.
func refused(field string, errno syscall.Errno, cause error, format string, values ...any) *Error {
	return &Error{Stage: StageValidate, Index: -1, Errno: errno, cause: cause,
		Message: fmt.Sprintf("validate (%s): %s", field, fmt.Sprintf(format, values...))}
}
