//go:build !cgo || !linux

package forkexec

import (
	"context"
	"os"
	"syscall"
	"time"
)

const errBadFD = syscall.EINVAL

type prepared struct{}

type native struct{}

func launch(*request) (*Child, error) { return nil, ErrUnsupported }

func startProcess(name string, _ []string, attr *os.ProcAttr, more *Attr) (*os.Process, *Child, error) {
	return nil, nil, pathError(name, "", more, ErrUnsupported)
}

// Prepare is not for this system.
func (a *Attr) Prepare() error { return ErrUnsupported }

// Release is not for this system.
func (n *native) Release(time.Duration) error { return ErrUnsupported }

// Close is not for this system.
func (n *native) Close() error { return ErrUnsupported }

// Detach is not for this system.
func (n *native) Detach() error { return ErrUnsupported }

// Pid is not for this system.
func (n *native) Pid() int { return 0 }

// Signal is not for this system.
func (n *native) Signal(syscall.Signal) error { return ErrUnsupported }

// KillTree is not for this system.
func (n *native) KillTree() error { return ErrUnsupported }

// Pidfd is not for this system.
func (n *native) Pidfd() (*os.File, error) { return nil, ErrUnsupported }

// NamespaceFile is not for this system.
func (n *native) NamespaceFile(Namespace) (*os.File, error) { return nil, ErrUnsupported }

// SeccompListener is not for this system.
func (n *native) SeccompListener() (*os.File, error) { return nil, ErrUnsupported }

// ListenFile is not for this system.
func (n *native) ListenFile(int) (*os.File, error) { return nil, ErrUnsupported }

// Terminal is not for this system.
func (n *native) Terminal() (*os.File, error) { return nil, ErrUnsupported }

// Tun is not for this system.
func (n *native) Tun() (*os.File, error) { return nil, ErrUnsupported }

// Wait is not for this system.
func (n *native) Wait(context.Context) (*Status, error) { return nil, ErrUnsupported }

// WaitChange is not for this system.
func (n *native) WaitChange(context.Context) (*Status, error) { return nil, ErrUnsupported }

// WaitProgram is not for this system.
func (n *native) WaitProgram(context.Context) (*Status, error) { return nil, ErrUnsupported }

func (n *native) waitNoReap() (*Status, error) { return nil, ErrUnsupported }

type nativeRoot struct{}

// PrepareRoot is not for this system.
func (a *Attr) PrepareRoot() (*PreparedRoot, error) { return nil, ErrUnsupported }

// Close is not for this system.
func (r *nativeRoot) Close() error { return ErrUnsupported }

type nativeCgroup struct{}

// CreateCgroup is not for this system.
func CreateCgroup(*os.File, string) (*Cgroup, error) { return nil, ErrUnsupported }

// Set is not for this system.
func (g *nativeCgroup) Set(string, string) error { return ErrUnsupported }

// Read is not for this system.
func (g *nativeCgroup) Read(string) (string, error) { return "", ErrUnsupported }

// File is not for this system.
func (g *nativeCgroup) File() (*os.File, error) { return nil, ErrUnsupported }

// Kill is not for this system.
func (g *nativeCgroup) Kill() error { return ErrUnsupported }

// Remove is not for this system.
func (g *nativeCgroup) Remove(time.Duration) error { return ErrUnsupported }

// Close is not for this system.
func (g *nativeCgroup) Close() error { return ErrUnsupported }

// Describe is not for this system.
func Describe(string, []string, []string, *Attr) (string, error) { return "", ErrUnsupported }

// Probe is not for this system.
func Probe(Feature) (bool, string, error) { return false, "", ErrUnsupported }

// ForkExec is not for this system.
func ForkExec(string, []string, *syscall.ProcAttr, *Attr) (int, error) { return 0, ErrUnsupported }

// Version is not for this system.
func Version() string { return "" }

// VersionNumber is not for this system.
func VersionNumber() uint32 { return 0 }
