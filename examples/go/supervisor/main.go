//go:build linux

// A supervisor with socket activation: listens, starts the service at the first connection, and starts it again when it fails.
//
// usage: supervisor SOCKET COMMAND...
//
// The service finds the listening socket as descriptor 3, with LISTEN_FDS and LISTEN_PID as systemd has them. SIGTERM ends the
// service, with all that it started, and then the supervisor. Nothing of it outlives the supervisor's death.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"forkexec"
)

const (
	grace    = 5 * time.Second
	shortest = 100 * time.Millisecond
)

// A service is one program that is to run whenever somebody connects.
type service struct {
	command  []string
	listener *os.File
	attr     *forkexec.Attr
}

// awaited waits until somebody connects, without accepting: that is for the service to do. It ends with ctx.
func (s *service) awaited(ctx context.Context) error {
	raw, err := s.listener.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.listener.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	err = raw.Read(func(fd uintptr) bool { return connected(int(fd)) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// connected is whether there is a connection to accept.
func connected(fd int) bool {
	var set syscall.FdSet
	set.Bits[fd/64] |= 1 << (fd % 64)
	n, err := syscall.Select(fd+1, &set, nil, nil, &syscall.Timeval{})
	return err == nil && n > 0
}

// once starts the service and waits until it ends, or until ctx does, and then ends it.
func (s *service) once(ctx context.Context) error {
	env := append(os.Environ(), "LISTEN_FDS=1")
	child, err := forkexec.Spawn(s.command[0], s.command, env, s.attr)
	if err != nil {
		return err
	}
	defer child.Close()
	pid := child.Pid()
	fmt.Println("started", pid)
	status, err := child.Wait(ctx)
	if err != nil {
		_ = child.Signal(syscall.SIGTERM)
		status, err = child.WaitTimeout(grace)
		_ = child.KillTree()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			status, err = child.Wait(context.Background())
		}
		if err == nil {
			fmt.Printf("stopped %d: %s\n", pid, said(status))
		}
		return err
	}
	// What it has started and left.
	_ = child.KillTree()
	fmt.Printf("ended %d: %s\n", pid, said(status))
	if status.ExitCode != 0 {
		return errors.New(said(status))
	}
	return nil
}

func said(status *forkexec.Status) string {
	if status.Signal != 0 {
		return status.Signal.String()
	}
	return fmt.Sprint("exit code ", status.ExitCode)
}

func run(path string, command []string) error {
	program, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", path) // which Close unlinks
	if err != nil {
		return err
	}
	defer listener.Close()
	// One is to wait with. The other is the service's, which gets it blocking.
	waits, err := listener.(*net.UnixListener).File()
	if err != nil {
		return err
	}
	defer waits.Close()
	file, err := listener.(*net.UnixListener).File()
	if err != nil {
		return err
	}
	defer file.Close()
	s := &service{command: append([]string{program}, command[1:]...), listener: waits}
	s.attr = &forkexec.Attr{
		FDs:               []forkexec.FD{{File: file, Target: 3}},
		PidVariable:       "LISTEN_PID",
		ProcessGroup:      forkexec.To(0),
		ParentDeathSignal: syscall.SIGKILL,
		OOMScoreAdj:       forkexec.To(100),
		RestoreNofile:     true,
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	fmt.Println("listening")
	for ctx.Err() == nil {
		if err := s.awaited(ctx); err != nil {
			break
		}
		if err := s.once(ctx); err != nil && ctx.Err() == nil {
			var failure *forkexec.Error
			if errors.As(err, &failure) {
				fmt.Println("not started:", err)
			}
			time.Sleep(shortest)
		}
	}
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: supervisor SOCKET COMMAND...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		os.Exit(1)
	}
}
