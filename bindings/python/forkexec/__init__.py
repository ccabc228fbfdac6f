"""subprocess without fork, and with every step that programs need between fork and exec.

`forkexec.run`, `Popen`, `call`, `check_call` and `check_output` are those of `subprocess`, with `attr=Attr(...)` for
limits, ids, namespaces, mounts, seccomp, Landlock and more. `install()` gives the same to programs that call
`subprocess` themselves. Only for Linux.
"""

from __future__ import annotations

import sys as _sys

if not _sys.platform.startswith("linux"):
    raise ImportError("forkexec is only for Linux: what it sets up for a child is Linux's own")

from ._abi import (
    CapabilitySet,
    CwdRights,
    DeathOf,
    Feature,
    LandlockFlag,
    LandlockFs,
    LandlockNet,
    LandlockScope,
    MemoryMode,
    Namespace,
    ProcessFlag,
    SeccompFlag,
    Speculate,
    Speculation,
    Stage,
)
from ._attr import Attr
from ._cgroup import Cgroup
from ._child import Child, Status, Usage, hold, probe, spawn, stage_name, start, version, version_info
from ._errors import SpawnError
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
    Listen,
    Mask,
    Mode,
    Mount,
    MountFile,
    OpenFd,
    Overlay,
    Proc,
    ReadOnly,
    Remount,
    Root,
    Symlink,
    Tmpfs,
)
from ._prepared import PreparedRoot

# Type checkers know this name, so that no module has to import typing, which takes as long as all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import DEVNULL, PIPE, STDOUT, CalledProcessError, SubprocessError, TimeoutExpired

    from ._asyncio import Process, open_process
    from ._capability import Capability
    from ._install import install, installed, uninstall
    from ._popen import CompletedProcess, Popen, call, check_call, check_output, run

__version__ = version()

# Imported at the first use: subprocess and asyncio each take longer than all the rest.
_LATER = {
    "subprocess": ("DEVNULL", "PIPE", "STDOUT", "CalledProcessError", "SubprocessError", "TimeoutExpired"),
    "forkexec._asyncio": ("Process", "open_process"),
    "forkexec._capability": ("Capability",),
    "forkexec._install": ("install", "installed", "uninstall"),
    "forkexec._popen": ("CompletedProcess", "Popen", "call", "check_call", "check_output", "run"),
}


def __getattr__(name: str) -> object:
    for module, names in _LATER.items():
        if name in names:
            __import__(module)
            for one in names:
                globals()[one] = getattr(_sys.modules[module], one)
            return globals()[name]
    raise AttributeError(f"module 'forkexec' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Attr", "Bind", "CalledProcessError", "Capability", "CapabilitySet", "Cgroup", "Child", "CloseFd", "CloseFdsFrom",
    "CompletedProcess", "CwdRights", "DEVNULL", "DeathOf", "Dev", "Directory", "DupFd", "EnterDirectory", "Feature", "File", "Filter",
    "LandlockFlag", "LandlockFs", "LandlockNet", "LandlockScope", "Listen", "Mask", "MemoryMode", "Mode", "Mount", "MountFile", "Namespace", "OpenFd", "Overlay", "PIPE",
    "Popen", "PreparedRoot", "Proc", "Process", "ProcessFlag", "ReadOnly", "Remount", "Root", "STDOUT", "SeccompFlag", "SpawnError", "Speculate", "Speculation", "Stage", "Status", "SubprocessError",
    "Symlink", "TimeoutExpired", "Tmpfs", "Usage", "call", "check_call", "check_output", "hold", "install", "installed",
    "open_process", "probe", "run", "spawn", "stage_name", "start", "uninstall", "version", "version_info",
]  # fmt: skip
