"""Replaces the C names in messages of the library by those of Python. Imported at the first error."""

from __future__ import annotations

import re

from ._abi import PREFIXES
from ._keywords import KEYWORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Match

_WORDS = {setter: name for name, keyword in KEYWORDS.items() for setter in keyword.setters}
_WORDS.update(
    bind_mount="Bind",
    bind_mount_fd="Bind",
    bind_mount_idmapped="Bind(userns=...)",
    make_directory="Directory",
    make_file="File",
    make_file_fd="File",
    mount_file_fd="MountFile",
    mount_tmpfs="Tmpfs",
    mount_overlay="Overlay",
    mount_proc="Proc",
    mount_dev="Dev",
)
# A C name that is not part of a path, or a setter with its argument.
_NAME = re.compile(r"(?<![\w/.-])(\w+_\w+\*?)(?:\((FORKEXEC_\w+)\))?(?![\w/.-])")


def _constant(name: str) -> str:
    for prefix, kind in PREFIXES.items():
        if name.startswith(prefix):
            member = name[len(prefix) :].strip("*")
            return f"{kind}.{member}" if member else kind
    flag = name[len("FORKEXEC_MOUNT_") :].lower()
    return f"{flag}=True" if name.startswith("FORKEXEC_MOUNT_") else name


def _name(found: Match[str]) -> str:
    name, argument = found.groups()
    if name.startswith("FORKEXEC_"):
        return _constant(name)
    if name.startswith("forkexec_"):
        return name[len("forkexec_") :] + "()"
    name = _WORDS.get(name, name)
    return f"{name}={_constant(argument)}" if argument else name


def in_python(sentence: str) -> str:
    """The message in terms of the keywords, enums and functions of this package."""
    return _NAME.sub(_name, sentence)
