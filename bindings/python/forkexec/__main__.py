"""`python -m forkexec --probe` and `python -m forkexec run ...`."""

from __future__ import annotations

import os
import shutil
import sys

from ._abi import Feature
from ._child import probe, version

_USAGE = """usage: python -m forkexec --probe      what this host allows, and what helps where it does not
       python -m forkexec --version
       python -m forkexec run ...      forkexec-run(1), where it is installed
"""


def _probe() -> int:
    for feature in Feature:
        has, why = probe(feature)
        print(f"{feature.name.lower():20} {'yes' if has else 'no: ' + why}")
    return 0


def main(arguments: list[str]) -> int:
    """The command line."""
    if arguments == ["--probe"]:
        return _probe()
    if arguments == ["--version"]:
        print(version())
        return 0
    if arguments[:1] == ["run"]:
        command = shutil.which("forkexec-run")
        if command is None:
            print("forkexec: run is the command forkexec-run, which is not installed", file=sys.stderr)
            return 127
        os.execv(command, [command, *arguments[1:]])
    print(_USAGE, end="", file=sys.stdout if arguments == ["--help"] else sys.stderr)
    return 0 if arguments == ["--help"] else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
