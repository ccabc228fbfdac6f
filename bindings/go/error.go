package forkexec

import (
	"errors"
	"fmt"
	"syscall"
)

// An Error is why a start failed: struct forkexec_error. errors.Is compares it with its Errno, so that
// errors.Is(err, fs.ErrNotExist) and errors.Is(err, syscall.EPERM) hold as for the errors of the packages os and syscall.
type Error struct {
	Stage   Stage          // the step that failed; 0: the error is not about a step
	Index   int            // which item of the list that the stage is about, from 0; -1: none
	Errno   syscall.Errno  // its reason
	Signal  syscall.Signal // what killed the child before it was the program; Errno is then ECANCELED
	Pid     int            // the child that failed, already reaped; 0: there was none
	Message string         // the whole sentence
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

func (s Stage) String() string {
	if name, found := stageNames[s]; found {
		return name
	}
	return "unknown"
}

// ErrUnsupported is errors.ErrUnsupported, which says so without cgo and on other systems than Linux.
var ErrUnsupported = fmt.Errorf("forkexec needs Linux, cgo and a C compiler (CGO_ENABLED=1): %w", errors.ErrUnsupported)

// refused is a value that cannot even be said to the library.
func refused(field string, errno syscall.Errno, cause error, format string, values ...any) *Error {
	return &Error{Stage: StageValidate, Index: -1, Errno: errno, cause: cause,
		Message: fmt.Sprintf("validate (%s): %s", field, fmt.Sprintf(format, values...))}
}
