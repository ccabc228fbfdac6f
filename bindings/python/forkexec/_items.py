"""The items of an Attr's lists: mounts and their kin, actions on descriptors, filters."""

from __future__ import annotations

import os

from . import _abi
from ._abi import SeccompFlag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from dataclasses import dataclass
    from typing import Any, Optional, Union

    Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
    Address = Union[Path, tuple[str, int], tuple[str, int, int, int]]
else:
    from ._record import dataclass


@dataclass(frozen=True)
class Mount:
    """A mount(2) with its arguments; forkexec_attr_add_mount."""

    source: Optional[Path]
    target: Path
    fstype: Optional[str] = None
    flags: int = 0
    data: Optional[str] = None


@dataclass(frozen=True)
class Bind:
    """The caller's file or directory `source`, a path or a descriptor, appears at `target`; forkexec_attr_bind_mount,
    _bind_mount_fd, _bind_mount_idmapped.

    readonly, nosuid, nodev, noexec: hold for all that is mounted below, too.
    recursive: what is mounted below the source comes along.
    create: make a target that is missing. follow: follow symbolic links in the target, inside the root.
    optional: a source that does not exist is left out.
    userns: a descriptor of a user namespace by which ids are mapped.
    """

    source: Any
    target: Path
    readonly: bool = False
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False
    recursive: bool = True
    create: bool = False
    follow: bool = False
    optional: bool = False
    userns: Any = None


@dataclass(frozen=True)
class Tmpfs:
    """An empty file system in memory of at most `size` bytes; 0: half of the memory. forkexec_attr_mount_tmpfs."""

    target: Path
    size: int = 0
    mode: int = 0o755
    readonly: bool = False
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False
    create: bool = False
    follow: bool = False


@dataclass(frozen=True)
class Overlay:
    """The directories `lowers`, of which the first lies uppermost, as one at `target`; forkexec_attr_mount_overlay.

    upper, work: where what is written goes, and where the kernel works, which is empty and lies beside it.
    in_memory: what is written goes to memory, and with the mount. Without either nothing can be written.
    """

    lowers: Iterable[Path]
    target: Path
    upper: Optional[Path] = None
    work: Optional[Path] = None
    in_memory: bool = False
    readonly: bool = False
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False
    create: bool = False
    follow: bool = False


@dataclass(frozen=True)
class Proc:
    """A proc of the child's pid namespace; forkexec_attr_mount_proc.

    kernel_readonly: what changes the kernel and no process, as sys, is read-only.
    kernel_hidden: what tells of the kernel or of others, as kcore and keys, is hidden.
    """

    target: Path = "/proc"
    readonly: bool = False
    create: bool = False
    kernel_readonly: bool = False
    kernel_hidden: bool = False


@dataclass(frozen=True)
class Dev:
    """The devices that every program expects; forkexec_attr_mount_dev."""

    target: Path = "/dev"
    readonly: bool = False
    create: bool = False


@dataclass(frozen=True)
class Directory:
    """A directory, with its missing parents; forkexec_attr_make_directory."""

    path: Path
    mode: int = 0o755


@dataclass(frozen=True)
class Symlink:
    """A symbolic link at `path` that holds `contents`; forkexec_attr_make_symlink."""

    contents: Path
    path: Path


@dataclass(frozen=True)
class File:
    """A file of at most 65536 bytes, or of any length a copy of what a descriptor's file holds; forkexec_attr_make_file,
    forkexec_attr_make_file_fd."""

    path: Path
    contents: Any = b""
    mode: int = 0o644


@dataclass(frozen=True)
class MountFile:
    """A file in memory over the file `target`, a copy of what a descriptor's file holds; forkexec_attr_mount_file_fd."""

    source: Any
    target: Path
    mode: int = 0o644
    readonly: bool = False
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False
    create: bool = False
    follow: bool = False


@dataclass(frozen=True)
class Mask:
    """Hides what is at `path`; forkexec_attr_mask_path."""

    path: Path


@dataclass(frozen=True)
class ReadOnly:
    """Makes what is at `path` read-only, with all below; forkexec_attr_make_readonly."""

    path: Path


@dataclass(frozen=True)
class Remount:
    """Adds flags to what is mounted at `path`, and not to what is mounted below; forkexec_attr_remount."""

    path: Path
    readonly: bool = False
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False
    follow: bool = False


@dataclass(frozen=True)
class Mode:
    """Gives what is at `path` exactly this mode; forkexec_attr_change_mode."""

    path: Path
    mode: int


@dataclass(frozen=True)
class Root:
    """A root of its own: the directory `path`, or for None an empty one in memory; forkexec_attr_set_root."""

    path: Optional[Path] = None
    readonly: bool = False
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False


@dataclass(frozen=True)
class OpenFd:
    """Opens `path` as descriptor `fd` of the program; forkexec_attr_open_fd. flags and mode as for os.open."""

    fd: int
    path: Path
    flags: int = os.O_RDONLY
    mode: int = 0o666


@dataclass(frozen=True)
class DupFd:
    """Makes descriptor `fd` of the program a copy of its descriptor `source`; forkexec_attr_dup_fd."""

    source: int
    fd: int


@dataclass(frozen=True)
class CloseFd:
    """Closes descriptor `fd` of the program; forkexec_attr_close_fd."""

    fd: int


@dataclass(frozen=True)
class CloseFdsFrom:
    """Closes descriptor `fd` of the program and all above; forkexec_attr_close_fds_from."""

    fd: int


@dataclass(frozen=True)
class EnterDirectory:
    """Changes the working directory, to a path or to the program's descriptor of that number;
    forkexec_attr_enter_directory, forkexec_attr_enter_directory_fd."""

    directory: Union[Path, int]


@dataclass(frozen=True)
class Listen:
    """A socket that is made inside and is the caller's, who accepts by it: Child.listener, Popen.listener;
    forkexec_attr_listen.

    address: (host, port) with a numeric host, of IPv4 or IPv6; or an absolute path, or an abstract name that begins with
    "\\0". type: socket.SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. backlog: how many connections may wait.
    """

    address: Address
    type: int = 1
    backlog: int = 128


@dataclass(frozen=True)
class Filter:
    """A seccomp filter: its instructions as bytes, 8 each, as seccomp_export_bpf writes them;
    forkexec_attr_add_seccomp_filter."""

    program: bytes
    flags: SeccompFlag = SeccompFlag(0)


def flags_of(item: Any) -> int:
    """The flags for C of a mount's fields."""
    flags = 0
    for name in (
        "readonly",
        "nosuid",
        "nodev",
        "noexec",
        "create",
        "follow",
        "optional",
        "in_memory",
        "kernel_readonly",
        "kernel_hidden",
    ):
        if getattr(item, name, False):
            flags |= getattr(_abi, "MOUNT_" + name.upper())
    if not getattr(item, "recursive", True):
        flags |= _abi.MOUNT_NONRECURSIVE
    return flags


if TYPE_CHECKING:
    FdAction = Union[OpenFd, DupFd, CloseFd, CloseFdsFrom, EnterDirectory]
    MountItem = Union[
        Mount, Bind, Tmpfs, Overlay, Proc, Dev, Directory, Symlink, File, MountFile, Mask, ReadOnly, Remount, Mode
    ]
