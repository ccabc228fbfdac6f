//go:build cgo && linux

package forkexec

// #include "forkexec.h"
import "C"

import (
	"os"
	"runtime"
	"sync"
	"syscall"
)

// nativeRoot is the PreparedRoot with cgo. The lock makes Close the last call, as the library demands it.
type nativeRoot struct {
	lock sync.RWMutex
	c    *C.struct_forkexec_root
}

// PrepareRoot builds the Root of an Attr and its Mounts once, in the user namespace that the Attr asks for. An empty root is
// MountReadonly; what programs write to, such as a Tmpfs, is made anew for each. The programs' Attrs have the same namespaces
// and maps, and the PreparedRoot in the place of Root and Mounts. Before Linux 6.15 each start builds the root: forkexec_root_new.
func (a *Attr) PrepareRoot() (*PreparedRoot, error) {
	c, err := build(a)
	if err != nil {
		return nil, err
	}
	defer C.forkexec_attr_free(c)
	var failure C.struct_forkexec_error
	root := new(PreparedRoot)
	result := C.forkexec_root_new(c, &root.c, &failure)
	runtime.KeepAlive(a)
	if result != 0 {
		return nil, errorOf(&failure)
	}
	return root, nil
}

// Close frees the root: forkexec_root_free.
func (r *nativeRoot) Close() error {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.c == nil {
		return os.ErrClosed
	}
	C.forkexec_root_free(r.c)
	r.c = nil
	return nil
}

// preparedRoot sets the prepared root of an Attr.
func (b *builder) preparedRoot(field string, root *PreparedRoot) {
	root.lock.RLock()
	defer root.lock.RUnlock()
	if root.c == nil {
		b.refuse(field, syscall.EBADF, os.ErrClosed, "bad file descriptor: the root is closed")
		return
	}
	b.did(field, C.forkexec_attr_set_prepared_root(b.c, root.c))
}
