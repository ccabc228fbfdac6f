"""The pages of the Python package: `tools/python docs BUILD` builds them by sphinx, of this folder and of the docstrings."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive

import forkexec
from forkexec._keywords import KEYWORDS

HERE = Path(__file__).resolve().parent
DESCRIPTION = json.loads((HERE.parents[1] / "include/forkexec.json").read_text(encoding="utf-8"))
FUNCTIONS = {function["name"]: function for function in DESCRIPTION["functions"]}

project = "forkexec"
author = "the authors of libforkexec"
release = version = forkexec.version()
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"forkexec {release}"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
exclude_patterns = []

# A line of a docstring that tells of an argument or a field: "name, name: text", and what goes on below it.
FIELD = re.compile(r"^(\s*)([a-z_]\w*(?:, [a-z_]\w*)*): (.*)")


def fields(lines: list[str]) -> list[str]:
    """Docstrings are written for help(): the lines that tell of arguments become a list."""
    made: list[str] = []
    inside = False
    for line in lines:
        found = FIELD.match(line)
        if found:
            if not inside:
                made.append("")
            inside = True
            names = ", ".join(f"``{name}``" for name in found[2].split(", "))
            made.append(f"* {names}: {found[3]}")
        elif not line.strip():
            inside = False
            made.append("")
        else:
            made.append("  " + line.strip() if inside else line)
    return made


def process(app, what, name, thing, options, lines):
    if name == "forkexec.Attr":
        # The keywords have a page of their own.
        lines[:] = lines[: next(i for i, line in enumerate(lines) if line.startswith("The program:"))]
    lines[:] = fields(lines)


def told() -> dict[str, list[tuple[str, str]]]:
    """What the docstring of Attr tells of each keyword, by its sections."""
    sections: dict[str, list[tuple[str, str]]] = {}
    section, name = "", ""
    for line in inspect.getdoc(forkexec.Attr).splitlines():
        if re.fullmatch(r"[A-Z][\w ]+:", line):
            section, name = line[:-1], ""
            sections[section] = []
        elif section and (found := re.match(r"  (\w+): (.*)", line)):
            name = found[1]
            sections[section].append((name, found[2]))
        elif name and line.startswith("    "):
            text = sections[section][-1][1]
            sections[section][-1] = (name, f"{text} {line.strip()}")
    return sections


def paragraph(*parts) -> nodes.paragraph:
    made = nodes.paragraph()
    for part in parts:
        made += part if isinstance(part, nodes.Node) else nodes.Text(part)
    return made


def items(rows: list[tuple[str, str]]) -> nodes.bullet_list:
    made = nodes.bullet_list()
    for name, text in rows:
        made += nodes.list_item("", paragraph(nodes.literal("", name), f": {text}" if text else ""))
    return made


def of_c(setter: str) -> list[nodes.Node]:
    """What the header says of a setter, and its errors."""
    function = FUNCTIONS[f"forkexec_attr_{setter}"]
    body = re.split(r"\n(?:Returns|Fails later)", function["comment"])[0].replace("\n", " ")
    made: list[nodes.Node] = [paragraph(nodes.literal("", function["name"]), ": ", body)]
    if function["stages"]:
        rows = [(f"Stage.{stage['name'][len('FORKEXEC_STAGE_') :]}", stage["why"]) for stage in function["stages"]]
        made += [paragraph("At the start, SpawnError:"), items(rows)]
    return made


class Keywords(Directive):
    """All keywords of Attr: their types, what they ask for, and what the C function behind them says."""

    def run(self):
        parameters = inspect.signature(forkexec.Attr).parameters
        made = []
        for title, keywords in told().items():
            section = nodes.section(ids=[nodes.make_id(f"keywords {title}")])
            section += nodes.title("", title)
            for name, text in keywords:
                one = nodes.section(ids=[nodes.make_id(f"attr {name}")])
                one += nodes.title("", "", nodes.literal("", name))
                one += paragraph(nodes.literal("", f"{name}: {parameters[name].annotation}"))
                one += paragraph(text)
                for setter in KEYWORDS[name].setters:
                    one += of_c(setter)
                section += one
            made.append(section)
        return made


class Stages(Directive):
    """All stages, in their order."""

    def run(self):
        rows = [(f"{stage['constant'][len('FORKEXEC_STAGE_') :]} = {stage['number']}", " ".join(stage["comment"].split()))
                for stage in DESCRIPTION["stages"]]  # fmt: skip
        return [items(rows)]


def setup(app):
    app.connect("autodoc-process-docstring", process)
    app.add_directive("keywords", Keywords)
    app.add_directive("stages", Stages)
