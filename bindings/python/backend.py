"""The build backend of this folder: meson-python, at the top of the repository, where meson.build and pyproject.toml are."""

import os
import pathlib

os.chdir(pathlib.Path(__file__).resolve().parents[2])

from mesonpy import *  # noqa: E402, F403
