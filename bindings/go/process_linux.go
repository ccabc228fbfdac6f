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
	asked := &syscall.ProcAttr{Dir: attr.Dir, Env: attr.Env, Sys: attr.Sys}
	if asked.Env == nil {
		asked.Env = os.Environ()
	}
	for _, file := range attr.Files {
		fd, err := number("Files", file)
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
