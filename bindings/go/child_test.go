//go:build cgo && linux

package forkexec

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSpawnAndWait(t *testing.T) {
	child, err := Spawn("/bin/sh", []string{"sh", "-c", "exit 7"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	status, err := child.Wait(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, status.ExitCode, 7)
	equal(t, status.Ran, RanYes)
	equal(t, status.Ended, EndedExit)
	again, err := child.Wait(context.Background())
	if err != nil || again.ExitCode != 7 {
		t.Errorf("the second wait: %v, %v", again, err)
	}
}

func TestMemoryOfItsOwn(t *testing.T) {
	weight := make([]byte, 64<<20)
	for i := range weight {
		weight[i] = 1
	}
	run := func(attr *Attr) *Status {
		child, err := Spawn("/bin/true", []string{"true"}, nil, attr)
		if err != nil {
			t.Fatal(err)
		}
		defer child.Close()
		status, err := child.Wait(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	status := run(&Attr{MeasureMemory: true})
	if status.Valid&StatusOwnMemory == 0 || status.MaxRSS > 16<<20 || status.MaxRSSFloor != 0 {
		t.Errorf("measured: %+v", status)
	}
	status = run(nil)
	if status.Valid&StatusOwnMemory != 0 || status.MaxRSSFloor < uint64(len(weight)) {
		t.Errorf("not measured: %+v", status)
	}
	runtime.KeepAlive(weight)
}

func TestAProgramThatIsMissing(t *testing.T) {
	_, err := Spawn("/not/there", nil, nil, nil)
	var failure *Error
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &failure) || failure.Stage != StageExec {
		t.Errorf("%v", err)
	}
	if failure.Stage.String() != "exec" {
		t.Errorf("%v", failure.Stage)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	child, err := Spawn("/bin/sleep", []string{"sleep", "1000"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	if _, err := child.WaitTimeout(20 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := child.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	status, err := child.Wait(context.Background())
	if err != nil || status.Signal != syscall.SIGKILL {
		t.Errorf("%v, %v", status, err)
	}
	if err := child.Signal(0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a signal to nobody: %v", err)
	}
}

func TestHeldUntilReleased(t *testing.T) {
	marker := t.TempDir() + "/marker"
	child, err := Start("/bin/sh", []string{"sh", "-c", ": > " + marker}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	if _, err := os.Stat(marker); err == nil {
		t.Error("the program has run before its release")
	}
	if err := child.Release(-1); err != nil {
		t.Fatal(err)
	}
	if _, err := child.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(marker); err != nil {
		t.Error(err)
	}
}

func TestHolderIsJoined(t *testing.T) {
	ids := []IDMap{{0, os.Getuid(), 1}}
	holder, err := Hold(&Attr{CreateNamespaces: NamespaceUser | NamespaceUTS, UIDMap: ids, Hostname: "held"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, sh(t, &Attr{Joins: []Join{{Child: holder, Types: NamespaceUser | NamespaceUTS}}}, "hostname"), "held")
	file, err := holder.NamespaceFile(NamespaceUTS)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	second, err := holder.NamespaceFile(NamespaceUser)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	equal(t, sh(t, &Attr{SecondUserNamespace: second}, "id -u"), "0")
	joins := []Join{{Child: holder, Types: NamespaceUser}}
	var failed *Error
	if _, err := Spawn("/bin/true", nil, nil, &Attr{Joins: joins, SecondUserNamespace: second}); !errors.As(err, &failed) ||
		failed.Stage != StageSecondUserNamespace {
		t.Errorf("%v", err)
	}
	pid := holder.Pid()
	holder.Close()
	if !gone(pid) {
		t.Error("the holder is still there")
	}
	if err := holder.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the second Close: %v", err)
	}
	if _, err := Spawn("/bin/true", nil, nil, &Attr{Joins: []Join{{Child: holder, Types: NamespaceUTS}}}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestKillTreeReachesGrandchildren(t *testing.T) {
	path := t.TempDir() + "/pid"
	script := "sleep 1000 & echo $! > " + path + ".new; mv " + path + ".new " + path + "; wait"
	child, err := Spawn("/bin/sh", []string{"sh", "-c", script}, nil, &Attr{ProcessGroup: To(0)})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	grandchild := pidIn(t, path)
	if err := child.KillTree(); err != nil {
		t.Fatal(err)
	}
	if _, err := child.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the grandchild", func() bool { return ended(grandchild) })
}

func TestATreeIsSignalledAndTerminated(t *testing.T) {
	start := func(script string) (*Child, *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		child, err := Spawn("/bin/sh", []string{"sh", "-c", script}, nil, &Attr{ProcessGroup: To(0), FDs: []FD{{w, 1}}})
		w.Close()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		return child, r
	}
	ended := func(child *Child, output *os.File, want syscall.Signal) {
		t.Helper()
		defer output.Close()
		defer child.Close()
		if rest, err := io.ReadAll(output); err != nil || len(rest) != 0 { // it ends with the last of them
			t.Errorf("%q, %v", rest, err)
		}
		status, err := child.Wait(context.Background())
		if err != nil || status.Signal != want {
			t.Errorf("%+v, %v", status, err)
		}
	}
	const script = "sleep 1000 & sleep 1000 & echo; wait"
	child, output := start(script)
	if err := child.SignalTree(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	ended(child, output, syscall.SIGUSR1)
	child, output = start("trap '' TERM; " + script)
	if err := child.TerminateTree(syscall.SIGTERM, 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	ended(child, output, syscall.SIGKILL)
	child, err := Spawn("/bin/sleep", []string{"sleep", "1000"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	for _, err := range []error{child.SignalTree(0), child.TerminateTree(syscall.SIGTERM, 0)} {
		if !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Error(err)
		}
	}
	_ = child.Signal(syscall.SIGKILL)
	_, _ = child.Wait(context.Background())
}

func TestDescribeAndProbe(t *testing.T) {
	text, err := Describe("/bin/true", nil, nil, &Attr{Umask: To(0o22)})
	if err != nil || !strings.Contains(text, "umask") {
		t.Errorf("%q, %v", text, err)
	}
	if _, _, err := Probe(12345); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v", err)
	}
	if has, why, err := Probe(FeaturePidfd); err != nil || has != (why == "") {
		t.Errorf("%v, %q, %v", has, why, err)
	}
	if VersionNumber() < 1<<16 || Version() == "" {
		t.Errorf("%v %v", Version(), VersionNumber())
	}
}

func TestStopsAndContinuationsAreTold(t *testing.T) {
	child, err := Spawn("/bin/sleep", []string{"sleep", "1000"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	change := func() *Status {
		ctx, cancel := context.WithTimeoutCause(context.Background(), 30*time.Second, errors.New("nothing was told"))
		defer cancel()
		status, err := child.WaitChange(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	told := make(chan *Status, 1)
	go func() { told <- change() }()
	for _, stop := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGTSTP} {
		equal(t, child.Signal(stop), nil)
		status := <-told
		equal(t, status.StopSignal, stop)
		equal(t, status.Valid, StatusStopped)
		equal(t, syscall.WaitStatus(status.Wait).StopSignal(), stop)
		if _, err := child.WaitTimeout(0); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("stopped, and waited for: %v", err)
		}
		// Each is told once.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		if again, err := child.WaitChange(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("told again: %v, %v", again, err)
		}
		cancel()
		go func() { told <- change() }()
		equal(t, child.Signal(syscall.SIGCONT), nil)
		status = <-told
		equal(t, status.Continued, true)
		equal(t, syscall.WaitStatus(status.Wait).Continued(), true)
		go func() { told <- change() }()
	}
	// A goroutine in Wait and one in WaitChange both learn of the end. It is told as often as it is asked for.
	waited := make(chan *Status, 1)
	go func() {
		status, _ := child.Wait(context.Background())
		waited <- status
	}()
	equal(t, child.Signal(syscall.SIGKILL), nil)
	for _, status := range []*Status{<-told, <-waited, change()} {
		equal(t, status.Signal, syscall.SIGKILL)
		equal(t, status.StopSignal, syscall.Signal(0))
		equal(t, status.Continued, false)
	}
}

func TestTheProgramOfALingeringInit(t *testing.T) {
	attr := &Attr{CreateNamespaces: NamespaceUser | NamespacePID, UIDMap: []IDMap{{0, os.Getuid(), 1}}, LingeringInit: true}
	// One pipe ends the program, the other what it leaves in the background.
	var ends [2]*os.File
	for i := range ends {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		defer write.Close()
		ends[i] = write
		attr.FDs = append(attr.FDs, FD{read, 3 + i})
	}
	child, err := Spawn("/bin/sh", []string{"sh", "-c", "(read line <&4) & read line <&3; exit 5"}, nil, attr)
	if err != nil {
		t.Skipf("no user namespaces: %v", err)
	}
	defer child.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	if status, err := child.WaitProgram(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it goes on: %v, %v", status, err)
	}
	cancel()
	ends[0].Close()
	for range 2 { // as often as it is asked for
		status, err := child.WaitProgram(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, status.ExitCode, 5)
		equal(t, status.Lingers, true)
	}
	if _, err := child.WaitTimeout(0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the init goes on: %v", err)
	}
	ends[1].Close()
	status, err := child.Wait(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, status.ExitCode, 5)
	equal(t, status.Lingers, false)
	if status, err = child.WaitProgram(context.Background()); err != nil || status.ExitCode != 5 || status.Lingers {
		t.Errorf("after the end: %v, %v", status, err)
	}
}

func TestAChangeOfACommand(t *testing.T) {
	cmd := Command("/bin/sh", "-c", "kill -STOP $$; read line; exit 3")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := cmd.Child()
	for _, want := range []string{"stop", "continuation", "end"} {
		status, err := child.WaitChange(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case status.StopSignal != 0:
			equal(t, want, "stop")
			equal(t, child.Signal(syscall.SIGCONT), nil)
		case status.Continued:
			equal(t, want, "continuation")
			stdin.Close()
		default:
			equal(t, want, "end")
			equal(t, status.ExitCode, 3)
		}
	}
	// The end was told, and is left to package os.
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("%v", err)
	}
	if _, err := child.WaitChange(context.Background()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestAHolderThatEndsIsAChange(t *testing.T) {
	holder, err := Hold(&Attr{CreateNamespaces: NamespaceUser, UIDMap: []IDMap{{Inside: 0, Outside: os.Getuid(), Count: 1}}})
	if err != nil {
		t.Skipf("no user namespaces: %v", err)
	}
	defer holder.Close()
	told := make(chan *Status, 1)
	go func() {
		status, _ := holder.WaitChange(context.Background())
		told <- status
	}()
	equal(t, holder.Signal(syscall.SIGKILL), nil)
	if status := <-told; status == nil || status.Signal != syscall.SIGKILL {
		t.Errorf("%+v", status)
	}
}
