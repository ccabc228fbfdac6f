//go:build cgo && linux

package forkexec_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"forkexec"
)

func ExampleCommand() {
	cmd := forkexec.Command("/bin/sh", "-c", "ulimit -t; umask")
	cmd.Attr = &forkexec.Attr{
		Rlimits:    []forkexec.Rlimit{{Resource: syscall.RLIMIT_CPU, Soft: 2, Hard: 2}},
		Umask:      forkexec.To(0o77),
		NoNewPrivs: true,
	}
	out, err := cmd.Output()
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// 2
	// 0077
	// <nil>
}

func ExampleCommandContext() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	cmd := forkexec.CommandContext(ctx, "/bin/sh", "-c", "sleep 1000 & sleep 1000")
	cmd.Attr = &forkexec.Attr{
		Rlimits:    []forkexec.Rlimit{{Resource: syscall.RLIMIT_CPU, Soft: 2, Hard: 2}},
		Session:    true, // when ctx ends, all that it started ends
		NoNewPrivs: true,
	}
	err := cmd.Run()
	fmt.Println(err, cmd.Status().Signal == syscall.SIGKILL, cmd.Status().User < time.Second)
	// Output: signal: killed true true
}

func ExampleFailure() {
	err := forkexec.Command("/not/there").Run()
	fmt.Println(os.IsNotExist(err), forkexec.Failure(err).Stage)
	// Output: true exec
}

func ExampleError() {
	_, err := forkexec.Spawn("/bin/true", nil, nil, &forkexec.Attr{Cwd: "/not/there"})
	var failure *forkexec.Error
	fmt.Println(errors.Is(err, fs.ErrNotExist), errors.As(err, &failure) && failure.Stage == forkexec.StageCwd)
	fmt.Println(err)
	// Output:
	// true true
	// cwd (/not/there): No such file or directory
}

func ExampleStart() {
	held, err := forkexec.Start("/bin/echo", []string{"echo", "released"}, nil,
		&forkexec.Attr{FDs: []forkexec.FD{{File: os.Stdout, Target: 1}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer held.Close()
	// Here its cgroup may be entered, its network made.
	fmt.Println(held.Pid() > 0)
	if err := held.Release(-1); err != nil {
		fmt.Println(err)
	}
	status, err := held.Wait(context.Background())
	fmt.Println(status.ExitCode, err)
	// Output:
	// true
	// released
	// 0 <nil>
}

// A shell gives each job a process group, and waits until the job ends or stops.
func ExampleChild_WaitChange() {
	job := forkexec.Command("/bin/sh", "-c", "kill -STOP $$; read line; exit 3")
	stdin, _ := job.StdinPipe()
	job.Attr = &forkexec.Attr{ProcessGroup: forkexec.To(0)}
	if err := job.Start(); err != nil {
		fmt.Println(err)
		return
	}
	for {
		status, err := job.Child().WaitChange(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		if status.StopSignal != 0 {
			fmt.Println("stopped:", status.StopSignal)
			_ = job.Child().SignalTree(syscall.SIGCONT) // fg
		} else if status.Continued {
			fmt.Println("continued")
			stdin.Close()
		} else {
			fmt.Println("ended:", job.Wait())
			return
		}
	}
	// Output:
	// stopped: stopped (signal)
	// continued
	// ended: exit status 3
}

func ExampleHold() {
	holder, err := forkexec.Hold(&forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespaceUTS,
		UIDMap:           []forkexec.IDMap{{Inside: 0, Outside: os.Getuid(), Count: 1}},
		Hostname:         "pool",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer holder.Close()
	cmd := forkexec.Command("hostname")
	cmd.Attr = &forkexec.Attr{Joins: []forkexec.Join{
		{Child: holder, Types: forkexec.NamespaceUser | forkexec.NamespaceUTS},
	}}
	out, err := cmd.Output()
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// pool
	// <nil>
}

func ExampleStartProcess() {
	process, err := forkexec.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{}, &forkexec.Attr{Session: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	state, err := process.Wait()
	fmt.Println(state, err)
	// Output: exit status 0 <nil>
}

func ExampleDescribe() {
	_, err := forkexec.Describe("/bin/true", nil, nil, &forkexec.Attr{Session: true, ProcessGroup: forkexec.To(0)})
	fmt.Println(err)
	// Output: validate (set_process_group): Invalid argument: a session leader has a group of its own: remove one
}
