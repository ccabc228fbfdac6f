// Command supervisor has socket activation: it listens, starts the service at the first connection, and starts it again at the next one
// after it has ended.
//
// usage: supervisor SOCKET COMMAND...
//
// The service finds the listening socket as descriptor 3, with LISTEN_FDS and LISTEN_PID as systemd has them. SIGTERM ends the service,
// with all that it started, and then the supervisor. Nothing of it outlives the supervisor's death.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"forkexec"
)

const grace, shortest = 5 * time.Second, 100 * time.Millisecond

// connected waits until somebody connects, and accepts nobody: that is the service's.
func connected(ctx context.Context, socket *os.File) error {
	fd := socket.Fd()
	for ctx.Err() == nil {
		var set syscall.FdSet
		set.Bits[fd/64] |= 1 << (fd % 64)
		n, err := syscall.Select(int(fd)+1, &set, nil, nil, &syscall.Timeval{Usec: 100000})
		if n > 0 {
			return nil
		}
		if err != nil && err != syscall.EINTR {
			return os.NewSyscallError("select", err)
		}
	}
	return ctx.Err()
}

// served runs the service once.
func served(ctx context.Context, socket *os.File, command []string) error {
	cmd := forkexec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Attr = &forkexec.Attr{
		PidVariable:       "LISTEN_PID",
		ProcessGroup:      forkexec.To(0),
		ParentDeathSignal: syscall.SIGKILL,
		RestoreNofile:     true,
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace // then all of it is killed
	if err := cmd.Start(); err != nil {
		return err
	}
	fmt.Println("started", cmd.Process.Pid)
	err := cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it has left
	fmt.Println("ended", cmd.Process.Pid, cmd.ProcessState)
	return err
}

func supervise(ctx context.Context, path string, command []string) error {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	defer listener.Close() // and the socket's name
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	fmt.Println("listening")
	for {
		if err := connected(ctx, socket); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := served(ctx, socket, command); err != nil && ctx.Err() == nil {
			if failure := forkexec.Failure(err); failure != nil {
				fmt.Println("not started:", failure)
			}
			time.Sleep(shortest)
		}
	}
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: supervisor SOCKET COMMAND...")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := supervise(ctx, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		os.Exit(1)
	}
}
