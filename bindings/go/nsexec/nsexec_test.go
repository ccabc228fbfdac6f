//go:build cgo && linux && (amd64 || arm64)

package nsexec

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"forkexec"
)

const initVariable = "FORKEXEC_TEST_INIT"

// The test is runc; as runc's init, whose Go begins in the new namespaces, it says what these are.
func TestMain(m *testing.M) {
	if os.Getenv(initVariable) == "" {
		os.Exit(m.Run())
	}
	uts, _ := os.Readlink("/proc/self/ns/uts")
	name, _ := os.ReadFile("/proc/self/comm")
	fmt.Printf("%s %d %s\n", uts, os.Getuid(), strings.TrimSpace(string(name)))
	os.Exit(0)
}

// attribute is a netlink attribute.
func attribute(kind uint16, data []byte) []byte {
	text := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
	text = append(binary.NativeEndian.AppendUint16(text, kind), data...)
	for len(text)%4 != 0 {
		text = append(text, 0)
	}
	return text
}

// message is the bootstrap message with these attributes.
func message(attributes ...[]byte) []byte {
	const header, initMessage = 16, 62000
	var body []byte
	for _, one := range attributes {
		body = append(body, one...)
	}
	text := binary.NativeEndian.AppendUint32(nil, uint32(header+len(body)))
	text = binary.NativeEndian.AppendUint16(text, initMessage)
	text = append(text, make([]byte, header-len(text))...)
	return append(text, body...)
}

// started runs this test as init, with the message, and gives what it answers, what it writes, and how the first process ended.
func started(t *testing.T, text []byte) (answer, out string, err error) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := forkexec.Command("/proc/self/exe", "init")
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Env = append(os.Environ(), "_LIBCONTAINER_INITPIPE=3", "_LIBCONTAINER_LOGPIPE=4", "_LIBCONTAINER_LOGLEVEL=5", initVariable+"=1")
	cmd.ExtraFiles = []*os.File{theirs, log}
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	write.Close()
	if _, err := ours.Write(text); err != nil {
		t.Error(err)
	}
	answer, _ = bufio.NewReader(ours).ReadString('\n')
	ended := cmd.Wait()
	out, _ = bufio.NewReader(read).ReadString('\n')
	if lines, err := os.ReadFile(log.Name()); err == nil {
		t.Logf("%s", lines)
	}
	return strings.TrimSpace(answer), strings.TrimSpace(out), ended
}

func TestGoBeginsInTheNewNamespaces(t *testing.T) {
	flags := uint32(syscall.CLONE_NEWUTS)
	if os.Getuid() != 0 {
		flags |= syscall.CLONE_NEWUSER
	}
	const cloneFlags, uidmap, gidmap = 27281, 27283, 27284
	list := [][]byte{attribute(cloneFlags, binary.NativeEndian.AppendUint32(nil, flags))}
	if os.Getuid() != 0 {
		list = append(list, attribute(27287, []byte{1, 0, 0, 0}), // rootless
			attribute(uidmap, []byte(fmt.Sprintf("0 %d 1\n\x00", os.Getuid()))), attribute(gidmap, []byte(fmt.Sprintf("0 %d 1\n\x00", os.Getgid()))))
	}
	answer, out, err := started(t, message(list...))
	if err != nil {
		t.Fatalf("%v: %s %s", err, answer, out)
	}
	var pids struct {
		Stage1 int `json:"stage1_pid"`
		Stage2 int `json:"stage2_pid"`
	}
	if err := json.Unmarshal([]byte(answer), &pids); err != nil || pids.Stage1 <= 0 || pids.Stage2 <= pids.Stage1 {
		t.Errorf("%q: %v", answer, err)
	}
	for _, pid := range []int{pids.Stage1, pids.Stage2} { // children of ours, as of runc
		if pid > 0 {
			_, _ = syscall.Wait4(pid, nil, syscall.WALL, nil)
		}
	}
	mine, _ := os.Readlink("/proc/self/ns/uts")
	fields := strings.Fields(out)
	if len(fields) != 3 || fields[0] == mine || !strings.HasPrefix(fields[0], "uts:[") || fields[1] != "0" || !strings.HasPrefix(fields[2], "runc:[2:INIT]") {
		t.Errorf("%q, and here %s", out, mine)
	}
}

func TestAMessageThatIsWrongEndsTheProgram(t *testing.T) {
	answer, out, err := started(t, message(attribute(27281, []byte{1})))
	if err == nil || answer != "" || out != "" {
		t.Errorf("%q, %q, %v", answer, out, err)
	}
}

func TestWithoutTheVariableGoBeginsAsEver(t *testing.T) {
	cmd := forkexec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), initVariable+"=1")
	out, err := cmd.Output()
	mine, _ := os.Readlink("/proc/self/ns/uts")
	if err != nil || !strings.HasPrefix(string(out), mine) {
		t.Errorf("%s, %v", out, err)
	}
}
