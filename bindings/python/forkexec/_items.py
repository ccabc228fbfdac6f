"""The items of an Attr's lists: mounts, actions on descriptors, listening sockets, filters."""

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
    """Calls mount(2) with these arguments; forkexec_attr_add_mount."""

    source: Optional[Path]
    target: Path
    fstype: Optional[str] = None
    flags: int = 0
    data: Optional[str] = None


@dataclass(frozen=True)
class Bind:
    """Binds `source`, a path of this process or a descriptor, to `target` in the child; forkexec_attr_bind_mount,
    _bind_mount_fd, _bind_mount_idmapped.

    readonly, nosuid, nodev, noexec: apply to the mount and to all mounts below it.
    recursive: mounts below the source are bound, too.
    create: makes the target where it is missing. follow: follows symbolic links in the target, inside the root.
    optional: does nothing where the source does not exist.
    userns: a descriptor of a user namespace; ids on the mount are mapped by it.
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
    """Mounts an empty tmpfs of at most `size` bytes; 0: half of the memory. forkexec_attr_mount_tmpfs."""

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
    """Mounts the directories `lowers` at `target` as one, the first on top; forkexec_attr_mount_overlay.

    upper: the directory that takes what is written. work: an empty directory on the same file system, for the kernel.
    in_memory: what is written goes to memory, and is lost with the mount. Without upper and in_memory, the mount is
    read-only.
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
    """Mounts the proc of the child's pid namespace; forkexec_attr_mount_proc.

    kernel_readonly: files that change the kernel, such as those below sys, are read-only.
    kernel_hidden: files that tell of the kernel or of other users, such as kcore and keys, are hidden.
    """

    target: Path = "/proc"
    readonly: bool = False
    create: bool = False
    kernel_readonly: bool = False
    kernel_hidden: bool = False


@dataclass(frozen=True)
class Dev:
    """Mounts a small /dev with null, zero, full, random, urandom, tty, pts and shm; forkexec_attr_mount_dev."""

    target: Path = "/dev"
    readonly: bool = False
    create: bool = False


@dataclass(frozen=True)
class Directory:
    """Makes a directory, with its missing parents; forkexec_attr_make_directory."""

    path: Path
    mode: int = 0o755


@dataclass(frozen=True)
class Symlink:
    """Makes a symbolic link `path` to `contents`; forkexec_attr_make_symlink."""

    contents: Path
    path: Path


@dataclass(frozen=True)
class File:
    """Makes a file. contents: at most 65536 bytes, or a descriptor of a file of any length, which is copied;
    forkexec_attr_make_file, forkexec_attr_make_file_fd."""

    path: Path
    contents: Any = b""
    mode: int = 0o644


@dataclass(frozen=True)
class MountFile:
    """Copies the file of the descriptor `source` to memory, and mounts the copy over the file `target`;
    forkexec_attr_mount_file_fd."""

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
    """Mounts an empty file or directory over `path`; forkexec_attr_mask_path."""

    path: Path


@dataclass(frozen=True)
class ReadOnly:
    """Makes `path` and all mounts below it read-only; forkexec_attr_make_readonly."""

    path: Path


@dataclass(frozen=True)
class Remount:
    """Adds flags to the mount at `path`, and not to mounts below it; forkexec_attr_remount."""

    path: Path
    readonly: bool = False
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False
    follow: bool = False


@dataclass(frozen=True)
class Mode:
    """Changes the mode of `path`, whatever the umask is; forkexec_attr_change_mode."""

    path: Path
    mode: int


@dataclass(frozen=True)
class Root:
    """The root of the program: the directory `path`; None: an empty tmpfs. forkexec_attr_set_root."""

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
    """Closes the descriptors of the program from `fd` on; forkexec_attr_close_fds_from."""

    fd: int


@dataclass(frozen=True)
class EnterDirectory:
    """Changes the working directory to a path, or to a descriptor of the program;
    forkexec_attr_enter_directory, forkexec_attr_enter_directory_fd."""

    directory: Union[Path, int]


@dataclass(frozen=True)
class Listen:
    """A socket that listens in the network namespace of the child. This process gets it by Child.listener or
    Popen.listener, and accepts connections from inside; forkexec_attr_listen.

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
    """The FORKEXEC_MOUNT_ flags of an item."""
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
