//go:build cgo && linux

package forkexec

// #include <errno.h>
// #include <stdlib.h>
// #include "forkexec.h"
import "C"

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// nativeCgroup is the Cgroup with cgo. The lock makes Close the last call, as the library demands it.
type nativeCgroup struct {
	lock sync.RWMutex
	c    *C.struct_forkexec_cgroup
}

// CreateCgroup makes a cgroup of this name in the directory of an existing one, in which this user may make directories, as
// systemd allows it for a unit with Delegate=yes. A cgroup of this name that a process left behind when it was killed is emptied
// (its processes are killed) and removed first: forkexec_cgroup_create.
func CreateCgroup(above *os.File, name string) (*Cgroup, error) {
	b := &builder{}
	fd := b.file("above", above)
	c := b.text("name", name)
	defer C.free(unsafe.Pointer(c))
	if b.err != nil {
		return nil, b.err
	}
	var failure C.struct_forkexec_error
	g := new(Cgroup)
	result := C.forkexec_cgroup_create(fd, c, &g.c, &failure)
	runtime.KeepAlive(above)
	if result != 0 {
		return nil, errorOf(&failure)
	}
	return g, nil
}

// call runs a function with an open cgroup.
func (g *nativeCgroup) call(do func(c *C.struct_forkexec_cgroup) error) error {
	g.lock.RLock()
	defer g.lock.RUnlock()
	if g.c == nil {
		return os.ErrClosed
	}
	return do(g.c)
}

// named is call for a function with the name of a file and another string.
func (g *nativeCgroup) named(file, value string, do func(c *C.struct_forkexec_cgroup, file, value *C.char) error) error {
	for _, text := range []string{file, value} {
		if strings.IndexByte(text, 0) >= 0 {
			return refused(file, syscall.EINVAL, nil, "invalid argument: %q has a NUL in it", text)
		}
	}
	name, text := C.CString(file), C.CString(value)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(text))
	return g.call(func(c *C.struct_forkexec_cgroup) error { return do(c, name, text) })
}

// Set writes a value to a file of the cgroup, as Set("memory.max", "64M"): forkexec_cgroup_set.
func (g *nativeCgroup) Set(file, value string) error {
	return g.named(file, value, func(c *C.struct_forkexec_cgroup, file, value *C.char) error {
		var failure C.struct_forkexec_error
		if C.forkexec_cgroup_set(c, file, value, &failure) != 0 {
			return errorOf(&failure)
		}
		return nil
	})
}

// Read returns the text of a file of the cgroup, such as cgroup.procs: forkexec_cgroup_read.
func (g *nativeCgroup) Read(file string) (string, error) {
	var text string
	err := g.named(file, "", func(c *C.struct_forkexec_cgroup, file, _ *C.char) error {
		for size := 4096; ; {
			var failure C.struct_forkexec_error
			room := make([]byte, size)
			length := int(C.forkexec_cgroup_read(c, file, (*C.char)(unsafe.Pointer(&room[0])), C.size_t(size), &failure))
			if length < 0 {
				return errorOf(&failure)
			}
			if length < size {
				text = string(room[:length])
				return nil
			}
			size = length + 4096
		}
	})
	return text, err
}

// File returns a new descriptor of the directory, which the caller closes: forkexec_cgroup_fd.
func (g *nativeCgroup) File() (*os.File, error) {
	var file *os.File
	err := g.call(func(c *C.struct_forkexec_cgroup) error {
		fd := C.forkexec_cgroup_fd(c)
		if fd < 0 {
			return called("cgroup_fd", C.int(fd))
		}
		copied, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 3)
		if errno != 0 {
			return os.NewSyscallError("fcntl", errno)
		}
		file = os.NewFile(copied, "cgroup")
		return nil
	})
	return file, err
}

// Kill kills all processes in the cgroup and in those below it, without waiting for their end: forkexec_cgroup_kill.
func (g *nativeCgroup) Kill() error {
	return g.call(func(c *C.struct_forkexec_cgroup) error { return called("cgroup_kill", C.forkexec_cgroup_kill(c)) })
}

// Remove kills all processes in the cgroup, waits for their end, and removes it with those below it. A negative timeout means
// none; after the timeout the error is ETIMEDOUT, and Remove may be called again: forkexec_cgroup_remove.
func (g *nativeCgroup) Remove(timeout time.Duration) error {
	end := time.Now().Add(timeout)
	return g.call(func(c *C.struct_forkexec_cgroup) error {
		for {
			left := time.Duration(-1)
			if timeout >= 0 {
				left = max(0, time.Until(end))
			}
			var failure C.struct_forkexec_error
			result := C.forkexec_cgroup_remove(c, C.int64_t(left), &failure)
			if result == 0 {
				return nil
			}
			// The runtime's own signals.
			if result != -C.EINTR {
				return errorOf(&failure)
			}
		}
	})
}

// Close kills all processes in the cgroup, removes it, and frees it; it waits for 2 seconds at most. Read the counters before:
// forkexec_cgroup_free.
func (g *nativeCgroup) Close() error {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.c == nil {
		return os.ErrClosed
	}
	C.forkexec_cgroup_free(g.c)
	g.c = nil
	return nil
}

// cgroup sets the cgroup of an Attr.
func (b *builder) cgroup(field string, g *Cgroup) {
	err := g.call(func(c *C.struct_forkexec_cgroup) error {
		b.did(field, C.forkexec_attr_set_cgroup(b.c, c))
		return nil
	})
	if err != nil {
		b.refuse(field, syscall.EBADF, err, "bad file descriptor: the cgroup is closed")
	}
}
