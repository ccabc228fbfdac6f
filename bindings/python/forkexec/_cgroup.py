"""A cgroup (version 2) for one or several programs. Limits and counters have the names of its files."""

from __future__ import annotations

import errno as errnos
import os
import time
from _thread import get_ident

from ._convert import descriptor, text
from ._convert import timeout as nanoseconds_of
from ._errors import from_c, os_error
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, Union

    from ._attr import Fd
    from ._items import Path

_PLACE, _ERROR = ffi.typeof("struct forkexec_cgroup **"), ffi.typeof("struct forkexec_error *")


class Cgroup:
    """A new cgroup below an existing one; forkexec_cgroup_create. Attr(cgroup=...) runs programs in it.

    parent: the directory of the existing cgroup, a path or a descriptor. It is on a cgroup2 file system, and this user may make
      directories in it, as systemd allows it for a unit with Delegate=yes.
    name: the name of the new directory. A cgroup of this name that a process left behind when it was killed is emptied (its
      processes are killed) and removed first.
    values: {"memory.max": "64M", "pids.max": 32}: files that are written at once.

    The end of `with`, of the last reference, or close() kills all processes in the cgroup, and removes it. A Cgroup belongs to
    the process that made it: in a fork of that process each method raises ProcessLookupError.
    """

    __slots__ = ("_busy", "_c", "name", "__weakref__")

    def __init__(
        self, parent: Union[Path, Fd], name: Path, values: Optional[Mapping[str, Union[str, bytes, int]]] = None
    ) -> None:
        self._c: Any = None
        # The threads that are inside a C function with this cgroup.
        self._busy: dict[int, bool] = {}
        self.name: Path = name
        chars, error = text(name, "the name"), ffi.new(_ERROR)
        place = ffi.gc(ffi.new(_PLACE), lib.python_free_cgroup)
        own = -1
        if not isinstance(parent, int) and not hasattr(parent, "fileno"):
            path: Any = parent
            own = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fd = descriptor(parent, "the parent") if own < 0 else own
            result = lib.forkexec_cgroup_create(fd, chars, place, error)
        finally:
            if own >= 0:
                os.close(own)
        if result < 0:
            raise from_c(result, error)
        self._c = place
        try:
            for file, value in (values or {}).items():
                self.set(file, value)
        except BaseException:
            self.close()
            raise

    def _open(self) -> Any:
        place = self._c
        if place is None:
            raise ValueError("the cgroup is closed")
        return place

    def _call(self, function: Any, *arguments: Any) -> int:
        thread = get_ident()
        # First this, then the look whether close() was called: close() does the two in the other order.
        self._busy[thread] = True
        try:
            place = self._open()
            return int(function(place[0], *arguments))
        finally:
            self._busy.pop(thread, None)

    def set(self, file: Path, value: Union[str, bytes, int]) -> None:
        """Writes a value to a file of the cgroup: set("memory.max", "64M"). forkexec_cgroup_set."""
        if isinstance(value, bool) or not isinstance(value, (str, bytes, int)):
            raise TypeError(f"a value is a string, bytes or an integer, not {value!r}")
        chars = str(value) if isinstance(value, int) else value
        error = ffi.new(_ERROR)
        result = self._call(lib.forkexec_cgroup_set, text(file, "the file"), text(chars, "the value"), error)
        if result < 0:
            raise from_c(result, error)

    def read(self, file: Path) -> str:
        """The text of a file of the cgroup: read("cgroup.procs"). forkexec_cgroup_read."""
        chars, error = text(file, "the file"), ffi.new(_ERROR)
        size = 4096
        while True:
            room = ffi.new("char[]", size)
            length = self._call(lib.forkexec_cgroup_read, chars, room, size, error)
            if length < 0:
                raise from_c(length, error)
            if length < size:
                return bytes(ffi.buffer(room, length)).decode(errors="surrogateescape")
            size = length + 4096

    def number(self, file: Path) -> Optional[int]:
        """The number in a file of the cgroup: number("memory.peak"). None: the file says "max", no limit."""
        value = self.read(file).strip()
        return None if value == "max" else int(value)

    def counters(self, file: Path) -> dict[str, int]:
        """The numbers of a file that has a name and a number on each line: counters("cpu.stat")["usage_usec"],
        counters("memory.events")["oom_kill"]."""
        return {name: int(value) for name, value in (line.split() for line in self.read(file).splitlines())}

    def fileno(self) -> int:
        """A descriptor of the directory, borrowed: valid until close(). forkexec_cgroup_fd."""
        fd = self._call(lib.forkexec_cgroup_fd)
        if fd < 0:
            raise os_error(fd, "the cgroup of another process")
        return fd

    def kill(self) -> None:
        """Kills all processes in the cgroup and in those below it, without waiting for their end; forkexec_cgroup_kill."""
        result = self._call(lib.forkexec_cgroup_kill)
        if result < 0:
            raise os_error(result, "the cgroup cannot be killed")

    def remove(self, timeout: Optional[float] = None) -> None:
        """Kills all processes in the cgroup, waits for their end, and removes it with those below it; forkexec_cgroup_remove.
        TimeoutError: a process has not ended yet; call again. close() then has nothing left to do."""
        error = ffi.new(_ERROR)
        left = nanoseconds_of(timeout)
        end = time.monotonic() + left / 1e9 if left > 0 else 0.0
        while True:
            result = self._call(lib.forkexec_cgroup_remove, left, error)
            if result != -errnos.EINTR:
                break
            # Python's signal handlers ran before this line.
            if left > 0:
                left = max(0, int((end - time.monotonic()) * 1e9))
        if result < 0:
            raise from_c(result, error)

    def close(self) -> None:
        """Kills all processes in the cgroup, removes it, and frees it; waits for 2 seconds at most. forkexec_cgroup_free. Read
        its counters before."""
        place, self._c = self._c, None
        # While another thread is in a call, the end of that call frees the cgroup.
        if place is not None and not self._busy:
            lib.python_free_cgroup(place)

    def __enter__(self) -> Cgroup:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}{' closed' if self._c is None else ''}>"
