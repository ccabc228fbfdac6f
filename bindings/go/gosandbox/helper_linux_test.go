//go:build cgo

package gosandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var environment = []string{"PATH=/usr/bin:/bin"}

// script is a Runner of a shell.
func script(text string) *Runner {
	return &Runner{Args: []string{"/bin/sh", "-c", text}, Env: environment}
}

// output runs it, and gives what it wrote and its exit status.
func output(t *testing.T, r *Runner) (string, int) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	with := *r
	if with.Files == nil {
		with.Files = []uintptr{os.Stdin.Fd(), write.Fd(), write.Fd()}
	}
	pid, err := with.Start()
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text)), wait(t, pid).ExitStatus()
}

// says is the output of what succeeds.
func says(t *testing.T, r *Runner) string {
	t.Helper()
	text, status := output(t, r)
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, text)
	}
	return text
}

func wait(t *testing.T, pid int) (status syscall.WaitStatus) {
	t.Helper()
	for {
		got, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil)
		if err == nil && got == pid {
			return
		}
		if err != syscall.EINTR {
			t.Fatalf("wait for %d: %v", pid, err)
		}
	}
}

// fails wants a start to fail with exactly that, and no child to be left.
func fails(t *testing.T, r *Runner, want ChildError) {
	t.Helper()
	pid, err := r.Start()
	got, is := err.(ChildError)
	if !is || got != want || pid != 0 {
		t.Errorf("got %d, %T %v (%+v), want %v (%+v)", pid, err, err, got, want, want)
	}
	if !errors.Is(err, want.Err) {
		t.Errorf("%v is not %v", err, want.Err)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not in %q", part, text)
	}
}

func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if happened() {
			return
		}
	}
	t.Fatalf("%s: not within 20 s", what)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
}

// user is CLONE_NEWUSER for who may make no namespace without one.
func user() uintptr {
	if os.Getuid() == 0 {
		return 0
	}
	return syscall.CLONE_NEWUSER
}

// status is a line of /proc/PID/status.
func status(pid any, key string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%v/status", pid))
	for _, line := range strings.Split(string(text), "\n") {
		if value, found := strings.CutPrefix(line, key+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func namespace(t *testing.T, pid any, kind string) string {
	t.Helper()
	link, err := os.Readlink(fmt.Sprintf("/proc/%v/ns/%s", pid, kind))
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func c(text string) *byte {
	pointer, err := syscall.BytePtrFromString(text)
	if err != nil {
		panic(err)
	}
	return pointer
}

// bind is what go-sandbox's mount builder makes of a bind mount.
func bind(source, target string, flags uintptr, file bool) SyscallParams {
	var prefixes []*byte
	for i := 1; i < len(target); i++ {
		if target[i] == '/' {
			prefixes = append(prefixes, c(target[:i]))
		}
	}
	return SyscallParams{Source: c(source), Target: c(target), FsType: c(""), Flags: syscall.MS_BIND | flags,
		Prefixes: append(prefixes, c(target)), MakeNod: file}
}

// system are the binds that a shell needs in an empty root.
func system() (list []SyscallParams) {
	for _, path := range []string{"/usr", "/bin", "/lib", "/lib64"} {
		if _, err := os.Stat(path); err == nil {
			list = append(list, bind(path, path[1:], syscall.MS_REC|syscall.MS_RDONLY|syscall.MS_NOSUID|syscall.MS_PRIVATE, false))
		}
	}
	return
}

// executable is a copy of a program that its writer still has open.
func executable(t *testing.T, program string) *os.File {
	t.Helper()
	bytes, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(t.TempDir()+"/program", os.O_RDWR|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if _, err := file.Write(bytes); err != nil {
		t.Fatal(err)
	}
	return file
}

const (
	load   = syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS
	jump   = syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K
	answer = syscall.BPF_RET | syscall.BPF_K
	allow  = 0x7fff0000
	trace  = 0x7ff00000
	kill   = 0x80000000
)

// filter answers one system call, and allows all others.
func filter(call, with uint32) *syscall.SockFprog {
	program := []syscall.SockFilter{{Code: load}, {Code: jump, K: call, Jf: 1}, {Code: answer, K: with}, {Code: answer, K: allow}}
	return &syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
}

func itoa(number int) string { return strconv.Itoa(number) }
