//go:build cgo

package nsexec

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// What this program is as `runc init`: the Go runtime has started in the third process.
func init() {
	if strings.HasPrefix(os.Args[0], "nsexec-") {
		fmt.Printf("pid %d uid %d\n", os.Getpid(), os.Getuid())
		os.Exit(0)
	}
}

const (
	cloneFlags = 27281
	paths      = 27282
	uidMap     = 27283
	gidMap     = 27284
	rootless   = 27287
)

// message is what runc sends: a header of netlink(7), and attributes.
func message(attributes ...[]byte) []byte {
	payload := bytes.Join(attributes, nil)
	header := binary.NativeEndian.AppendUint32(nil, uint32(16+len(payload)))
	header = binary.NativeEndian.AppendUint16(header, 62000)
	return append(append(header, make([]byte, 10)...), payload...)
}

func attribute(kind uint16, payload []byte) []byte {
	bytes := binary.NativeEndian.AppendUint16(nil, uint16(4+len(payload)))
	bytes = append(binary.NativeEndian.AppendUint16(bytes, kind), payload...)
	return append(bytes, make([]byte, -len(bytes)&3)...)
}

func number(kind uint16, value uint32) []byte {
	return attribute(kind, binary.NativeEndian.AppendUint32(nil, value))
}

func text(kind uint16, value string) []byte { return attribute(kind, append([]byte(value), 0)) }

// namespaces asks for some new ones; who is not root needs a user namespace.
func namespaces(flags uint32, join ...string) []byte {
	list := [][]byte{number(cloneFlags, flags)}
	if os.Getuid() != 0 {
		list = [][]byte{number(cloneFlags, flags|syscall.CLONE_NEWUSER), number(rootless, 1),
			text(uidMap, fmt.Sprintf("0 %d 1\n", os.Getuid())), text(gidMap, fmt.Sprintf("0 %d 1\n", os.Getgid()))}
	}
	if len(join) > 0 {
		list = append(list, text(paths, strings.Join(join, ",")))
	}
	return message(list...)
}

type started struct {
	*exec.Cmd
	socket *os.File
	log    *os.File
	out    *os.File
}

// start runs this program as runc does: nothing in the environment but the numbers of the descriptors.
func start(t *testing.T, message []byte, logs bool) *started {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	parent, child := os.NewFile(uintptr(fds[0]), "parent"), os.NewFile(uintptr(fds[1]), "child")
	t.Cleanup(func() { parent.Close() })
	out, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	cmd := &exec.Cmd{Path: os.Args[0], Args: []string{"nsexec-test"}, ExtraFiles: []*os.File{child},
		Env: []string{"_LIBCONTAINER_INITPIPE=3"}, Stdout: write, Stderr: os.Stderr}
	s := &started{Cmd: cmd, socket: parent, out: out}
	if logs {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { read.Close() })
		defer write.Close()
		cmd.ExtraFiles, cmd.Env, s.log = append(cmd.ExtraFiles, write), append(cmd.Env, "_LIBCONTAINER_LOGPIPE=4"), read
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child.Close()
	write.Close()
	if _, err := parent.Write(message); err != nil {
		t.Fatal(err)
	}
	return s
}

// comesUp wants all three processes to do what they are for, and gives what the program says.
func (s *started) comesUp(t *testing.T) string {
	t.Helper()
	if err := s.Wait(); err != nil {
		t.Fatalf("the first process: %v", err)
	}
	decoder := json.NewDecoder(s.socket)
	decoder.DisallowUnknownFields()
	var pids struct {
		First  int `json:"stage1_pid"`
		Second int `json:"stage2_pid"`
	}
	if err := decoder.Decode(&pids); err != nil || pids.First == 0 || pids.Second == 0 {
		t.Fatalf("%+v, %v", pids, err)
	}
	for _, pid := range []int{pids.First, pids.Second} {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status != 0 {
			t.Errorf("process %d: status %#x, %v", pid, status, err)
		}
	}
	said, err := io.ReadAll(s.out)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: joins a namespace of the host's")
	}
}

func own(kind string) string { return fmt.Sprintf("%s:/proc/%d/ns/%s", kind, os.Getpid(), kind) }

func TestOfOrdinaryProcessesNothingIsSeen(t *testing.T) {
	out, err := (&exec.Cmd{Path: os.Args[0], Args: []string{"nsexec-ordinary"}, Env: []string{}}).Output()
	if err != nil || string(out) == "" {
		t.Errorf("%s, %v", out, err)
	}
}

func TestGoStartsInTheNewNamespaces(t *testing.T) {
	said := start(t, namespaces(syscall.CLONE_NEWNET|syscall.CLONE_NEWPID), false).comesUp(t)
	if said != "pid 1 uid 0\n" {
		t.Errorf("it says %q", said)
	}
}

func TestItsOwnPidNamespaceIsJoined(t *testing.T) {
	needRoot(t)
	start(t, namespaces(syscall.CLONE_NEWNET, own("pid")), false).comesUp(t)
}

func TestAPathThatIsMissingIsAFailure(t *testing.T) {
	if err := start(t, namespaces(syscall.CLONE_NEWNET, "pid:/proc/-1/ns/pid"), true).Wait(); err == nil {
		t.Error("exit status 0")
	}
}

func TestANamespaceOfAnotherKindIsAFailure(t *testing.T) {
	if err := start(t, namespaces(syscall.CLONE_NEWNET, fmt.Sprintf("net:/proc/%d/ns/pid", os.Getpid())), true).Wait(); err == nil {
		t.Error("exit status 0")
	}
}

func TestTheLogIsLinesOfLevelAndSentence(t *testing.T) {
	s := start(t, namespaces(syscall.CLONE_NEWNET), true)
	decoder := json.NewDecoder(s.log)
	decoder.DisallowUnknownFields()
	all, lines := "", 0
	for {
		var line struct{ Level, Msg string }
		err := decoder.Decode(&line)
		if err == io.EOF {
			break
		}
		if err != nil || line.Level == "" || line.Msg == "" {
			t.Fatalf("%+v, %v", line, err)
		}
		all, lines = all+line.Msg+"\n", lines+1
	}
	s.comesUp(t)
	if lines < 5 || !strings.Contains(all, "nsexec container setup") || !strings.Contains(all, ": affinity: 0x") {
		t.Errorf("%d lines: %s", lines, all)
	}
	if os.Getuid() != 0 && !strings.Contains(all, fmt.Sprintf("/uid_map to '0 %d 1\n'", os.Getuid())) {
		t.Errorf("no map in %s", all)
	}
}

func TestAFailureNamesThePath(t *testing.T) {
	s := start(t, namespaces(0, "uts:/dev/null"), true)
	log, err := io.ReadAll(s.log)
	if err != nil {
		t.Fatal(err)
	}
	if s.Wait() == nil || !strings.Contains(string(log), "failed to join uts namespace (with path /dev/null): Invalid argument") {
		t.Errorf("%s", log)
	}
}
