"""A supervisor with socket activation: listens, starts the service at the first connection, and starts it again when it fails.

usage: supervisor.py SOCKET COMMAND...

The service finds the listening socket as descriptor 3, with LISTEN_FDS and LISTEN_PID as systemd has them. SIGTERM ends the
service, with all that it started, and then the supervisor. Nothing of it outlives the supervisor's death.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from typing import Optional

import forkexec
from forkexec import Attr

GRACE, SHORTEST = 5.0, 0.1


class Service:
    """One program that is to run whenever somebody connects."""

    def __init__(self, path: str, command: list[str]) -> None:
        self.command = command
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(128)
        self.process: Optional[forkexec.Popen] = None
        self.attr = Attr(
            fds={3: self.listener},
            pid_variable="LISTEN_PID",
            process_group=0,
            parent_death_signal=signal.SIGKILL,
            oom_score_adj=100,
            restore_nofile=True,
        )

    def start(self) -> None:
        env = {**os.environ, "LISTEN_FDS": "1"}
        self.process = forkexec.Popen(self.command, attr=self.attr, env=env, start_timeout=10)
        print(f"started {self.process.pid}", flush=True)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate_tree(GRACE)
            print(f"stopped {self.process.pid}: {self.process.returncode}", flush=True)


def main(path: str, command: list[str]) -> int:
    service = Service(path, command)
    # A signal wakes the loop through this pair, so that no signal is missed.
    wake, ring = socket.socketpair()
    ring.setblocking(False)
    signal.set_wakeup_fd(ring.fileno())
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(wake, selectors.EVENT_READ)
    selector.register(service.listener, selectors.EVENT_READ)
    print("listening", flush=True)
    try:
        while True:
            for key, _ in selector.select():
                if key.fileobj is wake:
                    return 0
                if key.fileobj is service.listener:
                    try:
                        service.start()
                    except (forkexec.SpawnError, forkexec.TimeoutExpired) as error:
                        print(f"not started: {error}", flush=True)
                        time.sleep(SHORTEST)
                        continue
                    # From now on it is the service that accepts; its pidfd is readable when it ends.
                    assert service.process is not None
                    selector.unregister(service.listener)
                    selector.register(service.process.pidfd, selectors.EVENT_READ, service.process)
                else:
                    process = key.data
                    selector.unregister(key.fileobj)
                    print(f"ended {process.pid}: {process.wait()}", flush=True)
                    process.kill_tree()
                    service.process = None
                    if process.returncode:
                        time.sleep(SHORTEST)
                    selector.register(service.listener, selectors.EVENT_READ)
    finally:
        service.stop()
        os.unlink(path)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
