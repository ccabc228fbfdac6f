//go:build linux && cgo

// Package examples has programs that use package forkexec, each in a folder of its own.
package examples

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"forkexec"
)

// programs is the folder of the programs.
var programs string

func TestMain(m *testing.M) {
	if os.Getenv("LISTEN_FDS") != "" {
		serve()
	}
	programs = os.Getenv("FORKEXEC_EXAMPLES")
	if programs == "" {
		folder, err := os.MkdirTemp("", "examples")
		if err != nil {
			panic(err)
		}
		if said, err := exec.Command("go", "build", "-o", folder+"/", "./...").CombinedOutput(); err != nil {
			fmt.Printf("%s%v\n", said, err)
			os.Exit(1)
		}
		programs = folder
		defer os.RemoveAll(folder)
	}
	m.Run()
}

func needNamespaces(t *testing.T) {
	t.Helper()
	if has, why, err := forkexec.Probe(forkexec.FeatureUserNamespace); !has {
		t.Skipf("needs user namespaces: %s %v", why, err)
	}
}

func needCompiler(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/usr/bin/cc"); err != nil {
		t.Skip("needs a C compiler")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

type done struct {
	code     int
	out, err string
}

// example runs a program with some input.
func example(t *testing.T, input, name string, arguments ...string) done {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs, name), arguments...)
	var out, err bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &err
	cmd.WaitDelay = time.Minute
	if failed := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(failed)
	}
	return done{cmd.ProcessState.ExitCode(), out.String(), err.String()}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheJudge(t *testing.T) {
	needNamespaces(t)
	needCompiler(t)
	tests := t.TempDir()
	for name, text := range map[string]string{"1.in": "2 3\n", "1.out": "5\n", "2.in": "40 2\n", "2.out": "42\n"} {
		write(t, tests+"/"+name, text)
	}
	source := filepath.Join(t.TempDir(), "program.c")
	const head = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint main(void) {"
	for verdict, body := range map[string]string{
		"accepted":      `int a, b; scanf("%d %d", &a, &b); printf("%d\n", a + b);`,
		"wrong answer":  `puts("5");`,
		"runtime error": `abort();`,
		"time limit":    `for (;;) getpid();`,
		"memory limit":  `for (;;) { char *p = malloc(1 << 20); if (!p) return 1; memset(p, 1, 1 << 20); }`,
		"output limit":  `for (;;) puts("more and more and more and more and more and more and more");`,
	} {
		write(t, source, head+body+"}\n")
		got := example(t, "", "judge", source, tests)
		lines := strings.Split(got.out, "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[1], "test 2: "+verdict+" (") {
			t.Errorf("%s: %+v", verdict, got)
		}
		if (got.code == 0) != (verdict == "accepted") {
			t.Errorf("%s: exit code %d", verdict, got.code)
		}
	}
	write(t, source, "int main(void) { return x; }")
	if got := example(t, "", "judge", source, tests); !strings.HasPrefix(got.out, "compile error\n") || !strings.Contains(got.out, "x") {
		t.Errorf("%+v", got)
	}
}

type answer struct {
	Error, Stage, Stdout, Stderr string
	ExitCode                     *int `json:"exit_code"`
	TimedOut                     bool `json:"timed_out"`
	Truncated                    bool
	Memory                       uint64
}

func ask(t *testing.T, request map[string]any) (said answer) {
	t.Helper()
	if request["files"] == nil {
		request["files"] = map[string]string{}
	}
	text, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	got := example(t, string(text), "code_runner")
	if err := json.Unmarshal([]byte(got.out), &said); err != nil || got.code != 0 {
		t.Fatalf("%+v: %v", got, err)
	}
	return
}

func TestTheCodeRunner(t *testing.T) {
	needNamespaces(t)
	outside := t.TempDir()
	script := `. folder/name; echo $name $(cat) $(id -u) *; echo x >made; test -e ` + outside + ` || echo nowhere
		grep -c : /proc/net/dev; exit 3`
	said := ask(t, map[string]any{"files": map[string]string{"main.sh": script, "folder/name": "name=other"},
		"command": []string{"sh", "main.sh"}, "stdin": "fed", "timeout": 60})
	if said.ExitCode == nil || *said.ExitCode != 3 || said.Memory < 1<<20 {
		t.Fatalf("%+v", said)
	}
	equal(t, said.Stdout, "other fed 1000 folder main.sh\nnowhere\n1\n")
	said = ask(t, map[string]any{"command": []string{"sh", "-c", "echo first; sleep 1000 & sleep 1000"}, "timeout": 0.5})
	if !said.TimedOut || said.ExitCode != nil || said.Stdout != "first\n" {
		t.Errorf("%+v", said)
	}
	said = ask(t, map[string]any{"command": []string{"sh", "-c", "while :; do echo more; done"}, "output": 1000, "timeout": 60})
	if !said.Truncated || len(said.Stdout) != 1000 {
		t.Errorf("%+v", said)
	}
	said = ask(t, map[string]any{"command": []string{"sh", "-c", "x=0123456789; while :; do x=$x$x; done"}, "memory": 1 << 26, "timeout": 60})
	if said.ExitCode == nil || *said.ExitCode == 0 || said.TimedOut {
		t.Errorf("%+v", said)
	}
	equal(t, ask(t, map[string]any{"command": []string{"no-such-program"}}).Stage, "exec")
	for _, wrong := range []string{"../x", "/x", ""} {
		said = ask(t, map[string]any{"files": map[string]string{wrong: ""}, "command": []string{"true"}})
		if !strings.Contains(said.Error, "does not lie in the folder") {
			t.Errorf("%+v", said)
		}
	}
}

func TestTheBuildSandbox(t *testing.T) {
	needNamespaces(t)
	needCompiler(t)
	sources, output, second := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, sources+"/program.c", "#include <stdio.h>\nint main(void) { puts(__FILE__); return 0; }\n")
	built := [][]byte{}
	for _, folder := range []string{output, second} {
		got := example(t, "", "build_sandbox", sources, folder, "sh", "-ec", "cc -g -o program /sources/program.c; id -un; hostname")
		if got.code != 0 || got.out != "builder\nbuilder\n" {
			t.Fatalf("%+v", got)
		}
		bytes, err := os.ReadFile(folder + "/program")
		if err != nil {
			t.Fatal(err)
		}
		built = append(built, bytes)
	}
	if !slices.Equal(built[0], built[1]) {
		t.Error("the two builds differ")
	}
	out, err := exec.Command(output + "/program").Output()
	if err != nil || string(out) != "/sources/program.c\n" {
		t.Errorf("%s, %v", out, err)
	}
	if got := example(t, "", "build_sandbox", sources, output, "touch", "/sources/x"); got.code == 0 || !strings.Contains(got.err, "Read-only file system") {
		t.Errorf("%+v", got)
	}
	equal(t, example(t, "", "build_sandbox", sources, output, "no-such-program").code, 125)
}

// serve is the service under the supervisor.
func serve() {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		os.Exit(9)
	}
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		os.Exit(8)
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		os.Exit(7)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			os.Exit(6)
		}
		var request [100]byte
		n, _ := connection.Read(request[:])
		fmt.Fprintln(connection, os.Getpid(), child.Process.Pid)
		connection.Close()
		if string(request[:n]) == "fail" {
			os.Exit(1)
		}
	}
}

func asked(t *testing.T, path, request string) (pid, child int) {
	t.Helper()
	connection, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscan(connection, &pid, &child); err != nil {
		t.Fatal(err)
	}
	return
}

// ended: a zombie that nobody here reaps counts as such.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ") || strings.Contains(string(stat), ") X ")
}

func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ended(pid); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d is still there", pid)
		}
	}
}

func TestTheSupervisor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	cmd := exec.Command(filepath.Join(programs, "supervisor"), path, os.Args[0])
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	lines := bufio.NewScanner(out)
	says := func(want string) {
		t.Helper()
		lines.Scan()
		equal(t, lines.Text(), want)
	}
	says("listening")
	pid, child := asked(t, path, "who")
	says(fmt.Sprint("started ", pid))
	if again, other := asked(t, path, "fail"); again != pid || other != child {
		t.Errorf("%d %d, then %d %d", pid, child, again, other)
	}
	says(fmt.Sprintf("ended %d: exit code 1", pid))
	gone(t, child)
	second, other := asked(t, path, "who")
	if second == pid {
		t.Error("it is still the first")
	}
	says(fmt.Sprint("started ", second))
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	says(fmt.Sprintf("stopped %d: terminated", second))
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	gone(t, second)
	gone(t, other)
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is still there")
	}
}

func TestTheAgentsProxy(t *testing.T) {
	needNamespaces(t)
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash, which connects by itself")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "of the host: %s", r.URL.Path)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	script := `ask() { exec 5<>/dev/tcp/127.0.0.1/3128; printf "$1" >&5; tr -d '\r' <&5; echo; exec 5>&-; }
		ask 'GET http://` + host + `/page HTTP/1.0\r\n\r\n' | tail -n 1
		ask 'GET http://192.0.2.1/ HTTP/1.0\r\n\r\n' | head -n 1
		ask 'CONNECT ` + host + ` HTTP/1.1\r\nHost: x\r\n\r\nGET /tunnel HTTP/1.0\r\n\r\n' | tail -n 1
		(exec 5<>/dev/tcp/` + strings.Replace(host, ":", "/", 1) + `) 2>&- || echo refused
		(exec 5<>/dev/tcp/192.0.2.1/80) 2>&- || echo unreachable
		exit 3`
	said := example(t, "", "agent_proxy", host, bash, "-c", script)
	equal(t, said.out, "of the host: /page\nHTTP/1.0 403 Forbidden\nof the host: /tunnel\nrefused\nunreachable\n")
	equal(t, said.code, 3)
	if !strings.Contains(said.err, "refused: GET 192.0.2.1") {
		t.Error(said.err)
	}
	equal(t, example(t, "", "agent_proxy", host, "no-such-program").code, 125)
	equal(t, example(t, "", "agent_proxy", host, "sh", "-c", "kill $$").code, 143)
}

func TestExecIntoAContainer(t *testing.T) {
	needNamespaces(t)
	attr := &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespacePID | forkexec.NamespaceMount | forkexec.NamespaceUTS |
			forkexec.NamespaceNet | forkexec.NamespaceIPC,
		UIDMap: []forkexec.IDMap{{Inside: 0, Outside: os.Geteuid(), Count: 1}},
		GIDMap: []forkexec.IDMap{{Inside: 0, Outside: os.Getegid(), Count: 1}},
		// Only root may leave it allowed.
		AllowSetgroups: os.Geteuid() == 0,
		Hostname:       "inside", Root: &forkexec.Root{Path: "/"},
		Mounts: []forkexec.MountItem{forkexec.Tmpfs{Target: "/tmp", Mode: 0o1777},
			forkexec.File{Path: "/tmp/mark", Bytes: []byte("of the container"), Mode: 0o644}},
	}
	container, err := forkexec.Spawn("/bin/sleep", []string{"sleep", "1000"}, nil, attr)
	if err != nil {
		t.Fatal(err)
	}
	defer container.Close()
	defer func() {
		_ = container.Signal(syscall.SIGKILL)
		_, _ = container.WaitTimeout(time.Minute)
	}()
	pid := strconv.Itoa(container.Pid())
	got := example(t, "", "container_exec", pid, "sh", "-c", "hostname; cat /tmp/mark; echo; id -u; exit 7")
	if os.Geteuid() != 0 && strings.Contains(got.err, "setgroups") {
		t.Skip("setgroups is denied in a namespace that a user has made")
	}
	if got.code != 7 || got.out != "inside\nof the container\n0\n" {
		t.Errorf("%+v", got)
	}
	if lost := example(t, "", "container_exec", pid, "no-such-program"); lost.code != 125 || !strings.Contains(lost.err, "no-such-program") {
		t.Errorf("%+v", lost)
	}
	if none := example(t, "", "container_exec", strconv.Itoa(os.Getpid()), "true"); !strings.Contains(none.err, "no container") {
		t.Errorf("%+v", none)
	}
}
