// Builds sources that nobody has read: they are read-only, there is no network, and nothing but OUTPUT can be written.
//
// usage: build_sandbox SOURCES OUTPUT COMMAND...      in the sandbox these are /sources and /output, the working directory
//
// Whoever builds the same twice gets the same: the environment, the host's name, the user and the paths are always the same.
package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"forkexec"
)

const nproc = 6 // RLIMIT_NPROC

func sandbox(sources, output string) *forkexec.Attr {
	mounts := []forkexec.MountItem{}
	for _, path := range []string{"/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc/alternatives"} {
		if _, err := os.Stat(path); err == nil {
			mounts = append(mounts, forkexec.BindMount{Source: path, Target: path, Flags: forkexec.MountReadonly | forkexec.MountCreate})
		}
	}
	const safe = forkexec.MountNosuid | forkexec.MountNodev | forkexec.MountCreate
	mounts = append(mounts,
		forkexec.Dev{Target: "/dev", Flags: forkexec.MountCreate},
		forkexec.Proc{Target: "/proc", Flags: forkexec.MountCreate},
		forkexec.Tmpfs{Target: "/tmp", Mode: 0o1777, Flags: forkexec.MountCreate},
		forkexec.BindMount{Source: sources, Target: "/sources", Flags: safe | forkexec.MountReadonly},
		forkexec.BindMount{Source: output, Target: "/output", Flags: safe},
		forkexec.File{Path: "/etc/passwd", Bytes: []byte("builder:x:1000:1000::/tmp:/bin/sh\n"), Mode: 0o644})
	return &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespacePID | forkexec.NamespaceMount | forkexec.NamespaceNet |
			forkexec.NamespaceIPC | forkexec.NamespaceUTS,
		UIDMap:     []forkexec.IDMap{{Inside: 1000, Outside: os.Geteuid(), Count: 1}},
		GIDMap:     []forkexec.IDMap{{Inside: 1000, Outside: os.Getegid(), Count: 1}},
		Init:       true,
		Root:       &forkexec.Root{Flags: forkexec.RootReadonly},
		Mounts:     mounts,
		Cwd:        "/output",
		Hostname:   "builder",
		Domainname: "(none)",
		Umask:      forkexec.To(0o022),
		Rlimits: []forkexec.Rlimit{
			{Resource: syscall.RLIMIT_CORE},
			{Resource: nproc, Soft: 4096, Hard: 4096},
		},
		Session:           true,
		ParentDeathSignal: syscall.SIGKILL,
		DropCapabilities:  true,
		NoNewPrivs:        true,
		SearchPath:        "/usr/bin:/bin",
	}
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: build_sandbox SOURCES OUTPUT COMMAND...")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	command := os.Args[3:]
	cmd := forkexec.CommandContext(ctx, command[0], command[1:]...)
	// The program is searched in the sandbox, whatever there is out here.
	cmd.Path, cmd.Err, cmd.Attr = command[0], nil, sandbox(os.Args[1], os.Args[2])
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C", "TZ=UTC", "SOURCE_DATE_EPOCH=1"}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	status := cmd.Status()
	if status == nil || ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "build_sandbox:", err)
		os.Exit(125)
	}
	fmt.Fprintf(os.Stderr, "exit code %d, %.1f s\n", status.ExitCode, (status.User + status.System).Seconds())
	if status.Signal != 0 {
		os.Exit(128 + int(status.Signal))
	}
	os.Exit(status.ExitCode)
}
