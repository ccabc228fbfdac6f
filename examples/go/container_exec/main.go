// Command container_exec runs a program inside a container that is there already, as docker exec does.
//
// usage: container_exec PID COMMAND...        PID is any process of the container
//
// The program joins those namespaces of PID that are not the caller's, and becomes user 0 in them. Its working directory is the
// container's root. Descriptors above 2, the environment and the terminal of the caller stay outside.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"forkexec"
)

// The name of a link in /proc/PID/ns for each type.
var links = map[forkexec.Namespace]string{
	forkexec.NamespaceUser: "user", forkexec.NamespacePID: "pid_for_children", forkexec.NamespaceMount: "mnt", forkexec.NamespaceNet: "net",
	forkexec.NamespaceIPC: "ipc", forkexec.NamespaceUTS: "uts", forkexec.NamespaceCgroup: "cgroup",
}

// differing are the types of namespaces that are not the caller's.
func differing(pid int) (types forkexec.Namespace, err error) {
	for kind, name := range links {
		theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, name))
		if err != nil {
			return 0, err
		}
		ours, err := os.Readlink("/proc/self/ns/" + name)
		if err != nil {
			return 0, err
		}
		if ours != theirs {
			types |= kind
		}
	}
	return types, nil
}

func run(pid int, command []string) (int, error) {
	// A pidfd is this process for ever, and no other that gets its number later.
	const pidfdOpen = 434
	fd, _, errno := syscall.Syscall(pidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		return 0, os.NewSyscallError("pidfd_open", errno)
	}
	pidfd := os.NewFile(fd, "pidfd")
	defer pidfd.Close()
	types, err := differing(pid)
	if err != nil {
		return 0, err
	}
	if types == 0 {
		return 0, fmt.Errorf("%d is in no container: all its namespaces are the caller's", pid)
	}
	child, err := forkexec.Spawn(command[0], command, []string{"PATH=/usr/bin:/bin", "TERM=" + os.Getenv("TERM")}, &forkexec.Attr{
		Joins:                 []forkexec.Join{{Pidfd: pidfd, Types: types}},
		UID:                   forkexec.To(0),
		GID:                   forkexec.To(0),
		Groups:                []int{},
		Cwd:                   "/",
		SearchPath:            "/usr/bin:/bin",
		Session:               true,
		DenyTerminalInjection: true,
		NoNewPrivs:            true,
		ParentDeathSignal:     syscall.SIGKILL,
	})
	if err != nil {
		return 0, err
	}
	defer child.Close()
	status, err := child.Wait(context.Background())
	if err != nil {
		return 0, err
	}
	if status.ExitCode < 0 {
		return 128 + int(status.Signal), nil
	}
	return status.ExitCode, nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: container_exec PID COMMAND...")
		os.Exit(2)
	}
	pid, err := strconv.Atoi(os.Args[1])
	code := 125
	if err == nil {
		code, err = run(pid, os.Args[2:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "container_exec:", err)
		code = 125
	}
	os.Exit(code)
}
