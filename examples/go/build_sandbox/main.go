// Command build_sandbox builds sources that nobody has read: they are read-only, there is no network, and nothing but OUTPUT can be
// written.
//
// usage: build_sandbox SOURCES OUTPUT COMMAND...      in the sandbox these are /sources and /output, the working directory
//
// Whoever builds the same twice gets the same: the environment, the host's name, the user and the paths are always the same.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"forkexec"
)

const nproc = 6 // RLIMIT_NPROC

func sandbox(sources, output string) *forkexec.Attr {
	const made = forkexec.MountCreate
	var mounts []forkexec.MountItem
	for _, path := range []string{"/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc/alternatives"} {
		if _, err := os.Stat(path); err == nil {
			mounts = append(mounts, forkexec.BindMount{Source: path, Target: path, Flags: forkexec.MountReadonly | made})
		}
	}
	mounts = append(mounts, forkexec.Dev{Target: "/dev", Flags: made}, forkexec.Proc{Target: "/proc", Flags: made},
		forkexec.Tmpfs{Target: "/tmp", Mode: 0o1777, Flags: made},
		forkexec.BindMount{Source: sources, Target: "/sources", Flags: made | forkexec.MountReadonly | forkexec.MountNosuid | forkexec.MountNodev},
		forkexec.BindMount{Source: output, Target: "/output", Flags: made | forkexec.MountNosuid | forkexec.MountNodev},
		forkexec.File{Path: "/etc/passwd", Bytes: []byte("builder:x:1000:1000::/tmp:/bin/sh\n"), Mode: 0o644})
	return &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespacePID | forkexec.NamespaceMount | forkexec.NamespaceNet |
			forkexec.NamespaceIPC | forkexec.NamespaceUTS,
		UIDMap:            []forkexec.IDMap{{Inside: 1000, Outside: os.Geteuid(), Count: 1}},
		GIDMap:            []forkexec.IDMap{{Inside: 1000, Outside: os.Getegid(), Count: 1}},
		Init:              true,
		Root:              &forkexec.Root{Flags: forkexec.RootReadonly},
		Mounts:            mounts,
		Cwd:               "/output",
		Hostname:          "builder",
		Domainname:        "(none)",
		SearchPath:        "/usr/bin:/bin",
		Umask:             forkexec.To(0o022),
		Rlimits:           []forkexec.Rlimit{{Resource: syscall.RLIMIT_CORE}, {Resource: nproc, Soft: 4096, Hard: 4096}},
		Session:           true,
		ParentDeathSignal: syscall.SIGKILL,
		DropCapabilities:  true,
		NoNewPrivs:        true,
	}
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: build_sandbox SOURCES OUTPUT COMMAND...")
		os.Exit(2)
	}
	var folders [2]string
	for i := range folders {
		path, err := filepath.EvalSymlinks(os.Args[1+i])
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "build_sandbox:", err)
			os.Exit(125)
		}
		folders[i] = path
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	cmd := forkexec.CommandContext(ctx, "/"+os.Args[3])
	cmd.Path, cmd.Args = os.Args[3], os.Args[3:] // searched in the sandbox, and not here
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C", "TZ=UTC", "SOURCE_DATE_EPOCH=1"}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Attr = sandbox(folders[0], folders[1])
	err := cmd.Run()
	if cmd.Process == nil {
		fmt.Fprintln(os.Stderr, "build_sandbox:", err)
		os.Exit(125)
	}
	status := cmd.Status()
	fmt.Fprintf(os.Stderr, "exit code %d, %.1f s\n", status.ExitCode, (status.User + status.System).Seconds())
	if status.ExitCode < 0 {
		os.Exit(128 + int(status.Signal))
	}
	os.Exit(status.ExitCode)
}
