"""`python -m forkexec --probe` and `python -m forkexec run ...`, which is the command forkexec-run."""

from __future__ import annotations

import os
import sys

from ._child import version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_USAGE = """usage: python -m forkexec --probe      what this host allows, and what helps where it does not
       python -m forkexec run ...      forkexec-run(1): a program with limits, namespaces, mounts and so on;
                                       run --help lists its options
       python -m forkexec --version
"""
_COMMAND = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forkexec-run")


def _become(arguments: list[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(_COMMAND, ["forkexec-run", *arguments])


def main(arguments: list[str]) -> int:
    """The command line."""
    if arguments == ["--version"]:
        print(version())
        return 0
    if arguments[:1] == ["--probe"]:
        _become(arguments)
    if arguments[:1] == ["run"]:
        _become(arguments[1:])
    print(_USAGE, end="", file=sys.stdout if arguments == ["--help"] else sys.stderr)
    return 0 if arguments == ["--help"] else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
