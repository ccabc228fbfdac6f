//go:build cgo && linux

package forkexec

import (
	"os"
	"runtime"
	"syscall"
)

const errBadFD = syscall.EBADF

func startProcess(name string, argv []string, attr *os.ProcAttr, more *Attr) (*os.Process, *Child, error) {
	if attr == nil {
		attr = &os.ProcAttr{}
	}
	asked := &syscall.ProcAttr{Dir: attr.Dir, Env: attr.Env, Sys: attr.Sys, Files: make([]uintptr, 0, 8)}
	if asked.Env == nil {
		asked.Env = os.Environ()
	}
	var nulls nulls
	defer nulls.close()
	for _, file := range attr.Files {
		var fd int
		var err error
		switch file {
		case nullIn:
			fd, err = nulls.open(0)
		case nullOut:
			fd, err = nulls.open(1)
		default:
			fd, err = number("Files", file)
		}
		if err != nil {
			return nil, nil, pathError(name, attr.Dir, more, err)
		}
		asked.Files = append(asked.Files, uintptr(fd))
	}
	child, err := forkExec(name, argv, asked, more)
	runtime.KeepAlive(attr)
	if err != nil {
		return nil, nil, pathError(name, attr.Dir, more, err)
	}
	// Nobody else reaps the child, so that its pid is still its own.
	process, err := os.FindProcess(child.Pid())
	if err != nil {
		child.Close()
		return nil, nil, err
	}
	return process, child, nil
}

// nulls are /dev/null to read and to write, plus 1; 0: not open.
type nulls [2]int

func (n *nulls) open(which int) (int, error) {
	if n[which] == 0 {
		fd, err := syscall.Open(os.DevNull, which|syscall.O_CLOEXEC, 0)
		if err != nil {
			return -1, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
		}
		n[which] = fd + 1
	}
	return n[which] - 1, nil
}

func (n *nulls) close() {
	for _, fd := range n {
		if fd != 0 {
			syscall.Close(fd - 1)
		}
	}
}
