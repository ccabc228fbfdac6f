//go:build cgo && linux

// Package examples tests that the programs do what they say.
package examples

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"forkexec"
)

var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "examples"); err != nil {
		panic(err)
	}
	code := 1
	if out, err := exec.Command("go", "build", "-o", folder, "./...").CombinedOutput(); err != nil {
		fmt.Printf("%v: %s", err, out)
	} else {
		code = m.Run()
	}
	os.RemoveAll(folder)
	os.Exit(code)
}

func needNamespaces(t *testing.T) {
	t.Helper()
	if has, why, err := forkexec.Probe(forkexec.FeatureUserNamespace); err != nil || !has {
		t.Skipf("no user namespaces: %s %v", why, err)
	}
}

// example runs a program and gives its output, that to stderr, and its exit code.
func example(t *testing.T, name, input string, args ...string) (out, errs string, code int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(folder, name), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestJudge(t *testing.T) {
	needNamespaces(t)
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"1.in": "2 3\n", "1.out": "5\n", "2.in": "40 2\n", "2.out": "42\n"} {
		write(t, filepath.Join(dir, name), text)
	}
	const head = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint main(void) {"
	for verdict, body := range map[string]string{
		"accepted":      `int a, b; scanf("%d %d", &a, &b); printf("%d\n", a + b);`,
		"wrong answer":  `puts("5");`,
		"runtime error": `abort();`,
		"time limit":    `for (;;) getpid();`,
		"memory limit":  `for (;;) { char *p = malloc(1 << 20); if (!p) return 1; memset(p, 1, 1 << 20); }`,
		"output limit":  `for (;;) puts("more and more and more and more and more and more and more");`,
	} {
		source := write(t, filepath.Join(dir, "program.c"), head+body+"}\n")
		out, errs, code := example(t, "judge", "", source, dir)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[1], "test 2: "+verdict+" (") || (code == 0) != (verdict == "accepted") {
			t.Errorf("%s: %d, %s%s", verdict, code, out, errs)
		}
	}
	out, _, code := example(t, "judge", "", write(t, filepath.Join(dir, "program.c"), "int main(void) { return x; }"), dir)
	if code != 1 || !strings.HasPrefix(out, "compile error\n") || !strings.Contains(out, "x") {
		t.Errorf("%d, %s", code, out)
	}
}

func TestCodeRunner(t *testing.T) {
	needNamespaces(t)
	run := func(request map[string]any) (answer map[string]any) {
		text, _ := json.Marshal(request)
		out, errs, code := example(t, "code_runner", string(text))
		if err := json.Unmarshal([]byte(out), &answer); err != nil || code != 0 {
			t.Fatalf("%v, %d: %s%s", err, code, out, errs)
		}
		return answer
	}
	host := t.TempDir()
	script := "cat folder/other; cat; id -u; test -e " + host + " && echo host; cat /proc/net/dev | grep -c eth; : >made; exit 3"
	answer := run(map[string]any{"files": map[string]string{"main.sh": script, "folder/other": "other\n"}, "command": []string{"sh", "main.sh"},
		"stdin": "fed\n", "timeout": 60})
	if answer["returncode"] != 3.0 || answer["stdout"] != "other\nfed\n1000\n0\n" {
		t.Errorf("%v", answer)
	}
	if answer = run(map[string]any{"files": map[string]string{}, "command": []string{"sleep", "1000"}, "timeout": 0.2}); answer["timed_out"] != true {
		t.Errorf("%v", answer)
	}
	answer = run(map[string]any{"files": map[string]string{}, "command": []string{"head", "-c", "100000", "/dev/zero"}, "output": 1000, "timeout": 60})
	if answer["truncated"] != true || len(answer["stdout"].(string)) != 1000 {
		t.Errorf("%v", answer["truncated"])
	}
	if answer = run(map[string]any{"files": map[string]string{"../x": ""}, "command": []string{"true"}}); !strings.Contains(answer["error"].(string), "../x") {
		t.Errorf("%v", answer)
	}
	if answer = run(map[string]any{"files": map[string]string{}, "command": []string{"not-there"}}); answer["stage"] != "exec" {
		t.Errorf("%v", answer)
	}
}

func TestBuildSandbox(t *testing.T) {
	needNamespaces(t)
	sources, output := t.TempDir(), t.TempDir()
	write(t, filepath.Join(sources, "text"), "source")
	script := "cp /sources/text made; whoami >>made; hostname >>made; pwd >>made; (: >/sources/x) 2>/dev/null || echo refused >>made; exit 4"
	_, errs, code := example(t, "build_sandbox", "", sources, output, "sh", "-c", script)
	made, _ := os.ReadFile(filepath.Join(output, "made"))
	if code != 4 || string(made) != "sourcebuilder\nbuilder\n/output\nrefused\n" {
		t.Errorf("%d, %q, %s", code, made, errs)
	}
	if _, errs, code = example(t, "build_sandbox", "", sources, output, "not-there"); code != 125 || !strings.Contains(errs, "build_sandbox: ") {
		t.Errorf("%d, %s", code, errs)
	}
}

func TestSupervisor(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to write a service in")
	}
	path := filepath.Join(t.TempDir(), "socket")
	service := "import os, socket, sys\ns = socket.socket(fileno=3)\nassert os.environ['LISTEN_FDS'] == '1' and int(os.environ['LISTEN_PID']) == os.getpid()\n" +
		"c = s.accept()[0]\nask = c.recv(9)\nc.send(str(os.getpid()).encode())\nc.close()\nsys.exit(1 if ask == b'fail' else 0)\n"
	cmd := exec.Command(filepath.Join(folder, "supervisor"), path, python, "-c", service)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ask := func(text string) string {
		var conn net.Conn
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			var err error
			if conn, err = net.Dial("unix", path); err == nil {
				break
			}
			if time.Now().After(end) {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				t.Fatalf("%v: %s", err, &said)
			}
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Error(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || len(answer) == 0 {
			t.Errorf("%v: %s", err, answer)
		}
		return string(answer)
	}
	first, second, third := ask("a"), ask("fail"), ask("b")
	if first == second || second == third {
		t.Errorf("%s %s %s", first, second, third)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, &said)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left")
	}
}

func TestContainerExec(t *testing.T) {
	needNamespaces(t)
	holder, err := forkexec.Hold(&forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespaceUTS | forkexec.NamespaceNet,
		UIDMap:           []forkexec.IDMap{{Inside: 0, Outside: os.Geteuid(), Count: 1}},
		GIDMap:           []forkexec.IDMap{{Inside: 0, Outside: os.Getegid(), Count: 1}},
		AllowSetgroups:   os.Geteuid() == 0,
		Hostname:         "container",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if os.Geteuid() != 0 {
		t.Skip("a user's namespace lets nobody set groups")
	}
	out, errs, code := example(t, "container_exec", "", strconv.Itoa(holder.Pid()), "sh", "-c", "hostname; id -u; pwd; exit 6")
	if out != "container\n0\n/\n" || code != 6 {
		t.Errorf("%d, %s%s", code, out, errs)
	}
	if _, errs, code = example(t, "container_exec", "", strconv.Itoa(os.Getpid()), "true"); code != 125 || !strings.Contains(errs, "in no container") {
		t.Errorf("%d, %s", code, errs)
	}
}
