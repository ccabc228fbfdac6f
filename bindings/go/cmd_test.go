//go:build cgo && linux

package forkexec

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestOutputAndExitError(t *testing.T) {
	out, err := Command("/bin/sh", "-c", "echo out; echo err >&2; exit 3").Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || string(exit.Stderr) != "err\n" || string(out) != "out\n" {
		t.Errorf("%q, %v", out, err)
	}
	both, err := Command("/bin/sh", "-c", "echo a; echo b >&2").CombinedOutput()
	if err != nil || string(both) != "a\nb\n" {
		t.Errorf("%q, %v", both, err)
	}
}

func TestLookPathRules(t *testing.T) {
	equal(t, Command("sh").Path != "sh", true)
	if err := Command("no-such-program-here").Run(); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v", err)
	}
	err := Command("/not/there").Run()
	var path *fs.PathError
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &path) || path.Op != "fork/exec" || path.Path != "/not/there" {
		t.Errorf("%v", err)
	}
	cmd := Command("/bin/true")
	cmd.Dir = "/not/there"
	if err := cmd.Run(); !errors.As(err, &path) || path.Op != "chdir" || path.Path != "/not/there" {
		t.Errorf("%v", err)
	}
}

func TestEnvironment(t *testing.T) {
	cmd := Command("/bin/sh", "-c", "echo $A $PWD")
	cmd.Env, cmd.Dir = []string{"A=1", "A=2"}, "/"
	out, err := cmd.Output()
	if err != nil || string(out) != "2 /\n" {
		t.Errorf("%q, %v", out, err)
	}
	cmd = Command("/bin/true")
	cmd.Env = []string{"A=\x00"}
	if err := cmd.Run(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v", err)
	}
	cmd = Command("/bin/true", "a\x00")
	if err := cmd.Run(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v", err)
	}
}

func TestMebibyteThroughBothPipes(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	cmd := Command("/bin/cat")
	cmd.Stdin = bytes.NewReader(text)
	out, err := cmd.Output()
	if err != nil || !bytes.Equal(out, text) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	cmd = Command("/bin/cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	back, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = in.Write(text); in.Close() }()
	read, err := io.ReadAll(back)
	if err != nil || !bytes.Equal(read, text) {
		t.Errorf("%d bytes, %v", len(read), err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestProgramThatDoesNotReadItsInput(t *testing.T) {
	cmd := Command("/bin/true")
	cmd.Stdin = strings.NewReader(strings.Repeat("x", 1<<20))
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

func TestExtraFiles(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := Command("/bin/sh", "-c", "echo three >&3")
	cmd.ExtraFiles = []*os.File{write}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	text, _ := io.ReadAll(read)
	equal(t, string(text), "three\n")
	cmd = Command("/bin/true")
	cmd.ExtraFiles = []*os.File{write}
	if err := cmd.Run(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file: %v", err)
	}
}

func TestMisuse(t *testing.T) {
	cmd := Command("/bin/true")
	if cmd.Wait() == nil || cmd.Run() != nil || cmd.Start() == nil || cmd.Wait() == nil {
		t.Error("what a Cmd is used for but once")
	}
	if (&Cmd{}).Run() == nil {
		t.Error("no command")
	}
	if _, err := (&Cmd{Path: "/bin/true", Stdout: os.Stdout}).Output(); err == nil {
		t.Error("Stdout is set")
	}
}

func TestFailuresLeaveNoDescriptors(t *testing.T) {
	before := openFDs(t)
	for i := 0; i < 20; i++ {
		cmd := Command("/not/there")
		cmd.Stdout, cmd.Stdin = new(bytes.Buffer), new(bytes.Buffer)
		_, _ = cmd.StderrPipe()
		if cmd.Run() == nil {
			t.Fatal("it ran")
		}
	}
	equal(t, openFDs(t), before)
}

func TestCancelKillsTheTree(t *testing.T) {
	for _, delay := range []time.Duration{0, 100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 50 * time.Millisecond} {
		path := filepath.Join(t.TempDir(), "pid")
		ctx, cancel := context.WithCancel(context.Background())
		cmd := CommandContext(ctx, "/bin/sh", "-c", "sleep 1000 & echo $! > "+path+"; wait")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		timer := time.AfterFunc(delay, cancel)
		err := cmd.Run()
		timer.Stop()
		cancel()
		if err == nil {
			t.Errorf("%v: no error", delay)
		}
		if cmd.Process == nil {
			continue
		}
		// The shell may have been killed before or after it made its child, but wrote no pid of one that lives.
		if text, _ := os.ReadFile(path); len(text) > 0 {
			pid := atoi(strings.TrimSpace(string(text)))
			eventually(t, "the end of the grandchild", func() bool { return ended(pid) })
		}
	}
}

func TestContextThatIsDoneStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cmd := CommandContext(ctx, "/bin/true")
	if err := cmd.Run(); !errors.Is(err, context.Canceled) || cmd.Process != nil {
		t.Errorf("%v", err)
	}
}

func TestWaitDelayEndsTheReading(t *testing.T) {
	cmd := Command("/bin/sh", "-c", "sleep 1000 & echo $!")
	var out bytes.Buffer
	cmd.Stdout, cmd.WaitDelay = &out, 20*time.Millisecond
	if err := cmd.Run(); !errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("%v", err)
	}
	if pid := atoi(strings.TrimSpace(out.String())); pid > 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestWaitDelayKillsWhoDoesNotHear(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	cmd := CommandContext(ctx, "/bin/sleep", "1000")
	cmd.Cancel = func() error { return nil }
	cmd.WaitDelay = 20 * time.Millisecond
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) {
		t.Errorf("%v", err)
	}
}

func TestStatusOfACmd(t *testing.T) {
	cmd := Command("/bin/sh", "-c", "exit 4")
	_ = cmd.Run()
	if s := cmd.Status(); s == nil || s.ExitCode != 4 || s.Ran != RanYes {
		t.Errorf("%+v", s)
	}
}
