//go:build cgo && linux

package forkexec

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sh runs a script under attr and gives its output.
func sh(t *testing.T, attr *Attr, script string) string {
	t.Helper()
	cmd := Command("/bin/sh", "-c", script)
	cmd.Attr = attr
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

// sys runs a script under a syscall.SysProcAttr.
func sys(t *testing.T, attr *syscall.SysProcAttr, script string) string {
	t.Helper()
	cmd := Command("/bin/sh", "-c", script)
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// eventually waits for an event of which nothing tells.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if happened() {
			return
		}
	}
	t.Fatalf("%s: not within 20 s", what)
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// ended is whether nobody or a zombie has the pid: who reaps orphans here may be slow.
func ended(pid int) bool {
	stat, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ") || strings.Contains(string(stat), ") X ")
}

// pidIn reads a pid that a script writes whole into a file.
func pidIn(t *testing.T, path string) (pid int) {
	t.Helper()
	eventually(t, "a pid in "+path, func() bool {
		text, _ := os.ReadFile(path)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid != 0
	})
	return
}

// openFDs counts the descriptors, but for the memory files that the library keeps for the next children.
func openFDs(t *testing.T) (count int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range list {
		if name, _ := os.Readlink("/proc/self/fd/" + entry.Name()); !strings.HasPrefix(name, "/memfd:forkexec") {
			count++
		}
	}
	return
}

func itoa(number int) string { return strconv.Itoa(number) }

func atoi(text string) int {
	number, _ := strconv.Atoi(text)
	return number
}

// nicer is a nice value above this process's, which nobody needs a right for.
func nicer(by int) int {
	raw, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0) // 20 - nice
	return min(20-raw+by, 19)
}
