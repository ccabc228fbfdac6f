"""subprocess that never forks, with everything that programs ask for between fork and exec.

`forkexec.run`, `Popen`, `call`, `check_call` and `check_output` are those of `subprocess`, with `attr=Attr(...)` for
limits, ids, namespaces, mounts, seccomp, Landlock and more. `install()` gives the same to programs that call
`subprocess` themselves. Only for Linux.
"""

import sys as _sys

if not _sys.platform.startswith("linux"):
    raise ImportError("forkexec is only for Linux: what it sets up for a child is Linux's own")

from subprocess import DEVNULL, PIPE, STDOUT, CalledProcessError, SubprocessError, TimeoutExpired
from typing import TYPE_CHECKING as _TYPE_CHECKING

from ._abi import (
    CapabilitySet,
    CwdRights,
    DeathOf,
    Feature,
    LandlockFs,
    LandlockNet,
    LandlockScope,
    MemoryMode,
    Namespace,
    SeccompFlag,
    Stage,
)
from ._attr import Attr
from ._capability import Capability
from ._child import Child, Status, Usage, hold, probe, spawn, stage_name, start, version, version_info
from ._errors import SpawnError
from ._install import install, installed, uninstall
from ._items import (
    Bind,
    CloseFd,
    CloseFdsFrom,
    Dev,
    Directory,
    DupFd,
    EnterDirectory,
    File,
    Filter,
    Mask,
    Mount,
    OpenFd,
    Proc,
    ReadOnly,
    Root,
    Symlink,
    Tmpfs,
)
from ._popen import CompletedProcess, Popen, call, check_call, check_output, run

if _TYPE_CHECKING:
    from ._asyncio import Process, open_process

__version__ = version()


def __getattr__(name: str) -> object:
    # asyncio takes longer to import than all the rest.
    if name in ("open_process", "Process"):
        from . import _asyncio

        return getattr(_asyncio, name)
    raise AttributeError(f"module 'forkexec' has no attribute {name!r}")


__all__ = [
    "Attr", "Bind", "CalledProcessError", "Capability", "CapabilitySet", "Child", "CloseFd", "CloseFdsFrom",
    "CompletedProcess", "CwdRights", "DEVNULL", "DeathOf", "Dev", "Directory", "DupFd", "EnterDirectory", "Feature", "File", "Filter",
    "LandlockFs", "LandlockNet", "LandlockScope", "Mask", "MemoryMode", "Mount", "Namespace", "OpenFd", "PIPE", "Popen",
    "Proc", "Process", "ReadOnly", "Root", "STDOUT", "SeccompFlag", "SpawnError", "Stage", "Status", "SubprocessError",
    "Symlink", "TimeoutExpired", "Tmpfs", "Usage", "call", "check_call", "check_output", "hold", "install", "installed",
    "open_process", "probe", "run", "spawn", "stage_name", "start", "uninstall", "version", "version_info",
]  # fmt: skip
