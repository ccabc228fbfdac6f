package forkexec

import "os"

// StartProcess is os.StartProcess with an Attr, which may be nil. The error is an *os.PathError; Failure returns the *Error of it.
func StartProcess(name string, argv []string, attr *os.ProcAttr, more *Attr) (*os.Process, error) {
	process, child, err := startProcess(name, argv, attr, more)
	if err != nil {
		return nil, err
	}
	child.Close()
	return process, nil
}

// number is the descriptor of a file, -1 for nil. It makes the file blocking, as os.StartProcess does: the program shares
// the flag.
func number(field string, file *os.File) (int, error) {
	if file == nil {
		return -1, nil
	}
	fd := int(file.Fd())
	if fd < 0 {
		return -1, refused(field, errBadFD, os.ErrClosed, "bad file descriptor: %s is closed", file.Name())
	}
	return fd, nil
}
