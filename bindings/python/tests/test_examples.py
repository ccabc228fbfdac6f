"""The programs of examples/python do what they say."""

from __future__ import annotations

import errno
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import forkexec
from forkexec import Attr, Feature, Namespace

pytestmark = pytest.mark.once

EXAMPLES = Path(__file__).resolve().parents[3] / "examples/python"
LONG = 300
USER_NAMESPACES, WHY = forkexec.probe(Feature.USER_NAMESPACE)
needs_namespaces = pytest.mark.skipif(not USER_NAMESPACES, reason=f"no user namespaces: {WHY}")
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def example(name, *arguments, **keywords):
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True, text=True, timeout=LONG, **keywords,
    )  # fmt: skip


JUDGED = {
    "accepted": "int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n\", a + b);",
    "wrong answer": "puts(\"5\");",
    "runtime error": "abort();",
    "time limit": "for (;;) getpid();",
    "memory limit": "for (;;) { char *p = malloc(1 << 20); if (!p) return 1; memset(p, 1, 1 << 20); }",
    "output limit": "for (;;) puts(\"more and more and more and more and more and more and more and more\");",
}  # fmt: skip


@needs_namespaces
@needs_compiler
def test_the_judge(tmp_path):
    (tmp_path / "1.in").write_text("2 3\n")
    (tmp_path / "1.out").write_text("5\n")
    (tmp_path / "2.in").write_text("40 2\n")
    (tmp_path / "2.out").write_text("42\n")
    source = tmp_path / "program.c"
    head = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint main(void) {"
    for verdict, body in JUDGED.items():
        source.write_text(head + body + "}\n")
        done = example("judge.py", source, tmp_path)
        lines = done.stdout.splitlines()
        assert len(lines) == 2 and lines[1].startswith(f"test 2: {verdict} ("), (verdict, done)
        assert done.returncode == (0 if verdict == "accepted" else 1)
    source.write_text("int main(void) { return x; }")
    done = example("judge.py", source, tmp_path)
    assert done.stdout.startswith("compile error\n") and "x" in done.stdout


def answer(request):
    done = example("code_runner.py", input=json.dumps(request))
    assert done.returncode == 0, done
    return json.loads(done.stdout)


@needs_namespaces
def test_the_code_runner(tmp_path):
    code = (
        "import os, socket, sys\nfrom folder.other import name\nprint(name, sys.stdin.read(), os.getuid(), os.listdir('.'))\n"
        "open('made', 'w').write('x')\n"
        "try: socket.create_connection(('192.0.2.1', 80), 5)\nexcept OSError as error: print(error.errno)\n"
        f"print(os.path.exists({str(tmp_path)!r}))\nsys.exit(3)\n"
    )
    files = {"main.py": code, "folder/other.py": "name = 'other'\n"}
    given = answer({"files": files, "command": ["python3", "main.py"], "stdin": "fed", "timeout": 60})
    assert given["returncode"] == 3, given
    first, error, exists = given["stdout"].splitlines()
    assert first.startswith("other fed 1000 [") and "made" not in first
    assert (error, exists) == ("101", "False") and not given["truncated"] and given["memory"] > 1 << 20
    given = answer({"files": {}, "command": ["sh", "-c", "echo first; sleep 1000 & sleep 1000"], "timeout": 0.5})
    assert given["timed_out"] and given["returncode"] is None and given["stdout"] == "first\n"
    given = answer({"files": {}, "command": ["sh", "-c", "while :; do echo more; done"], "output": 1000, "timeout": 60})
    assert given["truncated"] and len(given["stdout"]) == 1000
    given = answer(
        {"files": {"main.py": "x = bytearray(1 << 30)"}, "command": ["python3", "main.py"], "memory": 1 << 28}
    )
    assert given["returncode"] == 1 and "MemoryError" in given["stderr"]
    assert answer({"files": {}, "command": ["no-such-program"]})["stage"] == "exec"
    assert "does not lie in the folder" in answer({"files": {"../x": ""}, "command": ["true"]})["error"]


@needs_namespaces
@needs_compiler
def test_the_build_sandbox(tmp_path):
    sources, output, second = tmp_path / "sources", tmp_path / "output", tmp_path / "second"
    for folder in (sources, output, second):
        folder.mkdir()
    (sources / "program.c").write_text("#include <stdio.h>\nint main(void) { puts(__FILE__); return 0; }\n")
    for folder in (output, second):
        done = example(
            "build_sandbox.py", sources, folder, "sh", "-ec", "cc -g -o program /sources/program.c; id -un; hostname"
        )
        assert done.returncode == 0, done
        assert done.stdout == "builder\nbuilder\n"
    assert (output / "program").read_bytes() == (second / "program").read_bytes()
    assert subprocess.run([output / "program"], capture_output=True).stdout == b"/sources/program.c\n"
    done = example("build_sandbox.py", sources, output, "sh", "-c", "touch /sources/x")
    assert done.returncode and "Read-only file system" in done.stderr
    assert example("build_sandbox.py", sources, output, "no-such-program").returncode == 125


def asked(path, request):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(LONG)
        client.connect(str(path))
        client.sendall(request)
        return client.recv(1000)


SERVICE = """
import os, socket, subprocess
assert os.environ["LISTEN_FDS"] == "1" and os.environ["LISTEN_PID"] == str(os.getpid())
child = subprocess.Popen(["sleep", "1000"])
listener = socket.socket(fileno=3)
while True:
    connection, _ = listener.accept()
    request = connection.recv(100)
    connection.sendall(f"{os.getpid()} {child.pid}".encode())
    connection.close()
    if request == b"fail":
        os._exit(1)
"""


def gone(pid):
    """Ended: a zombie that nobody here reaps counts as such."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_the_supervisor(tmp_path):
    path = tmp_path / "socket"
    command = [sys.executable, str(EXAMPLES / "supervisor.py"), str(path), sys.executable, "-c", SERVICE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout.readline() == "listening\n"
        first = asked(path, b"who")
        pid, child = map(int, first.split())
        assert supervisor.stdout.readline() == f"started {pid}\n"
        assert asked(path, b"fail") == first
        assert supervisor.stdout.readline() == f"ended {pid}: 1\n"
        second, other = map(int, asked(path, b"who").split())
        assert second != pid
        assert gone(child)
        assert supervisor.stdout.readline() == f"started {second}\n"
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.stdout.readline() == f"stopped {second}: -15\n"
        assert supervisor.wait(LONG) == 0
    assert gone(second) and gone(other) and not path.exists()


REACHES = """
import socket, sys, urllib.request, urllib.error
def get(url):
    request = urllib.request.Request(url, headers={"Host": "another"})
    try: return urllib.request.urlopen(request, timeout=60).read().decode()
    except urllib.error.HTTPError as error: return error.code
print(get(sys.argv[1]), get("http://192.0.2.1/"), get(sys.argv[1].replace("127.0.0.1", "localhost")))
tunnel = socket.create_connection(("127.0.0.1", 3128))
where = sys.argv[1][7:].rstrip("/")
tunnel.sendall(f"CONNECT {where} HTTP/1.1\\r\\n\\r\\n".encode())
assert tunnel.recv(1000).startswith(b"HTTP/1.1 200 ")
tunnel.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(tunnel.makefile("rb").read().splitlines()[-1].decode())
for address in (("192.0.2.1", 80), ("127.0.0.1", int(where.rpartition(":")[2]))):
    try: socket.create_connection(address, 5)
    except OSError as error: print(error.errno)
sys.exit(3)
"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        assert "Proxy-Connection" not in self.headers and self.path == "/"
        assert self.headers["Host"] != "another"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"of the host")

    def log_message(self, *_):
        pass


@needs_namespaces
def test_the_agents_proxy():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"127.0.0.1:{server.server_port}"
        done = example("agent_proxy.py", host, sys.executable, "-c", REACHES, f"http://{host}/")
        server.shutdown()
    lines = done.stdout.splitlines()
    assert lines == ["of the host 403 403", "of the host", str(errno.ENETUNREACH), str(errno.ECONNREFUSED)], done
    assert done.returncode == 3 and "refused: GET http://192.0.2.1/" in done.stderr
    assert example("agent_proxy.py", host, "no-such-program").returncode == 125
    assert example("agent_proxy.py", host, "sh", "-c", "kill $$").returncode == 143


@needs_namespaces
def test_exec_into_a_container():
    types = Namespace.USER | Namespace.PID | Namespace.MOUNT | Namespace.UTS | Namespace.NET | Namespace.IPC
    attr = Attr(
        create_namespaces=types, uid_map=[(0, os.geteuid(), 1)], gid_map=[(0, os.getegid(), 1)], allow_setgroups=True,
        hostname="inside", root="/", mounts=[forkexec.Tmpfs("/tmp"), forkexec.File("/tmp/mark", "of the container")],
    )  # fmt: skip
    if os.geteuid() != 0:
        attr = attr.replace(allow_setgroups=False)
    with forkexec.Popen(["sleep", "1000"], attr=attr) as container:
        done = example("container_exec.py", container.pid, "sh", "-c", "hostname; cat /tmp/mark; echo; id -u; exit 7")
        lost = example("container_exec.py", container.pid, "no-such-program")
        container.kill()
    if os.geteuid() != 0 and "setgroups" in done.stderr:
        pytest.skip("setgroups is denied in a namespace that a user has made")
    assert (done.returncode, done.stdout.split("\n")) == (7, ["inside", "of the container", "0", ""]), done
    assert lost.returncode == 125 and "no-such-program" in lost.stderr
    assert "no container" in example("container_exec.py", os.getpid(), "true").stderr


def test_the_pool():
    commands = "\n".join(f"echo {number}; exit {number % 2}" for number in range(100))
    done = example("pool.py", input=commands)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[-1] == "100 commands, 50 failed" and not done.stderr
    assert sorted(lines[:-1], key=lambda line: int(line.partition(":")[0]))[41].startswith("42: exit code 1, ")
    assert all(line.endswith(f": {int(line.partition(':')[0]) - 1}") for line in lines[:-1])
