"""The site: `tools/docs BUILD` builds it by sphinx, of this folder, of include/forkexec.json and of the Python docstrings."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import textwrap
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive

import forkexec
from forkexec._keywords import KEYWORDS

HERE = Path(__file__).resolve().parent
DESCRIPTION = json.loads((HERE.parent / "include/forkexec.json").read_text(encoding="utf-8"))
FUNCTIONS = {function["name"]: function for function in DESCRIPTION["functions"]}

project = "libforkexec"
author = "the authors of libforkexec"
release = version = forkexec.version()
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
html_theme = "furo"
html_title = f"libforkexec {release}"
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


def of_c(name: str, stage_names: dict[str, str], error: str) -> list[nodes.Node]:
    """What the header says of a setter, and its errors, by the names that another language has for the stages and the error."""
    function = FUNCTIONS[name]
    body = (
        re.split(r"\n\n(?:Example:|Returns |A spawn can fail later)", function["comment"])[0]
        .replace("\n\n", " ")
        .replace("\n", " ")
    )
    made: list[nodes.Node] = [paragraph(nodes.literal("", function["name"]), ": ", body)]
    if function["stages"]:
        rows = [
            (stage_names[stage["name"]], ": ".join(part for part in (", ".join(stage["errnos"]), stage["why"]) if part))
            for stage in function["stages"]
        ]
        made += [paragraph(f"At the start, {error}:"), items(rows)]
    return made


STAGES_OF_PYTHON = {
    stage["constant"]: f"Stage.{stage['constant'][len('FORKEXEC_STAGE_') :]}" for stage in DESCRIPTION["stages"]
}


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
                    one += of_c(f"forkexec_attr_{setter}", STAGES_OF_PYTHON, "SpawnError")
                section += one
            made.append(section)
        return made


LISTED = re.compile(r"^(?:-E|FORKEXEC_STAGE_)")


def listed(block: str) -> list[nodes.Node]:
    """A paragraph of a comment, the end of which may be a list of errnos or stages: the lines after the first, and below each
    its indented ones."""
    lines, words, rows = block.split("\n"), [], []
    for line in lines:
        if LISTED.match(line):
            rows.append(line)
        elif rows:
            rows[-1] += f" {line.strip()}"
        else:
            words.append(line)
    made: list[nodes.Node] = [paragraph(" ".join(words))] if words else []
    parts = [row.partition(": ") for row in rows]
    return made + ([items([(name, text) for name, _, text in parts])] if parts else [])


def comment_of_c(comment: str) -> list[nodes.Node]:
    """A comment of the header, with its examples and lists."""
    made: list[nodes.Node] = []
    for block in comment.split("\n\n"):
        if block.startswith("    "):
            code = textwrap.dedent(block)
            made.append(nodes.literal_block(code, code, language="c"))
        elif block != "Example:":
            made += listed(block)
    return made


def declaration(function: dict) -> nodes.literal_block:
    def typed(kind: str, name: str) -> str:
        return f"{kind}{'' if kind.endswith('*') else ' '}{name}"

    arguments = [typed(argument["type"], argument["name"]) for argument in function["arguments"]] or ["void"]
    head = typed(function["result"], function["name"])
    code = f"{head}({', '.join(arguments)});"
    if len(code) > 100:
        code = f"{head}(\n    " + ",\n    ".join(arguments) + ");"
    return nodes.literal_block(code, code, language="c")


class CFunctions(Directive):
    """All structs, constants and functions of the header, in its sections and words. Stages have a page of their own."""

    def run(self):
        made = []
        for chapter in DESCRIPTION["chapters"]:
            section = nodes.section(ids=[nodes.make_id(f"c {chapter['name']}")])
            section += nodes.title("", chapter["title"])
            if chapter["name"] == "types":
                for struct in DESCRIPTION["structs"]:
                    one = nodes.section(ids=[nodes.make_id(struct["name"])])
                    one += nodes.title("", "", nodes.literal("", f"struct {struct['name']}"))
                    one += comment_of_c(struct["comment"])
                    one += items(
                        [(f"{f['type']} {f['name']}", " ".join(f["comment"].split())) for f in struct["fields"] or []]
                    )
                    section += one
            constants = [c for c in DESCRIPTION["constants"] if c["chapter"] == chapter["name"]]
            if constants:
                section += items([(c["name"], " ".join(c["comment"].split())) for c in constants])
            for function in DESCRIPTION["functions"]:
                if function["chapter"] == chapter["name"]:
                    one = nodes.section(ids=[nodes.make_id(function["name"])])
                    one += nodes.title("", "", nodes.literal("", function["name"]))
                    one += declaration(function)
                    one += comment_of_c(function["comment"])
                    section += one
            if len(section) > 1:
                made.append(section)
        return made


class Manual(Directive):
    """The manual page of the command."""

    def run(self):
        page = HERE.parent / "tools/forkexec-run.1"
        try:
            html = subprocess.run(
                ["mandoc", "-T", "html", "-O", "fragment", page], check=True, capture_output=True, text=True
            ).stdout
        except FileNotFoundError:
            return [paragraph("It is not shown here, as this site was built without mandoc.")]
        # Below the headings of the page that it stands on.
        html = re.sub(r"(</?h)([12])", lambda found: f"{found[1]}{int(found[2]) + 2}", html)
        return [nodes.raw("", html, format="html")]


GO = HERE.parent / "bindings/go"
GO_FIELD = re.compile(r"((?:^\t// .*\n)+)\t([A-Z]\w*) +(\S.*)$", re.M)
GO_TYPE = re.compile(r"((?:^// .*\n)+)type (\w+) (struct|\w+)", re.M)


class GoFields(Directive):
    """The fields of Go's Attr and the items of its lists: their types, comments, and what the C function behind them says."""

    def run(self):
        text = (GO / "attr.go").read_text(encoding="utf-8")
        numbers = dict(
            re.findall(r"^\t(Stage\w+) +Stage = (\d+)$", (GO / "constants.go").read_text(encoding="utf-8"), re.M)
        )
        by_number = {int(number): name for name, number in numbers.items()}
        stage_names = {stage["constant"]: by_number[stage["number"]] for stage in DESCRIPTION["stages"]}
        attr = text[text.index("type Attr struct {") : text.index("\n}\n")]
        made = []
        for title, found in (("Fields", GO_FIELD.findall(attr)), ("Items of lists", GO_TYPE.findall(text))):
            section = nodes.section(ids=[nodes.make_id(f"go {title}")])
            section += nodes.title("", title)
            for comment, name, kind in found:
                words = " ".join(re.sub(r"^\s*// ?", "", comment, flags=re.M).split())
                setters = re.findall(r"forkexec_attr_\w+", words)
                if title == "Items of lists" and not setters:
                    continue
                one = nodes.section(ids=[nodes.make_id(f"go attr {name}")])
                one += nodes.title("", "", nodes.literal("", name))
                one += paragraph(nodes.literal("", f"{name} {kind}"))
                one += paragraph(words)
                for setter in setters:
                    one += of_c(setter, stage_names, "*Error")
                section += one
            made.append(section)
        return made


# Pages that lie elsewhere in the repository, and where the site has them.
PAGES = {"README.md": "index.md", "bindings/go/README.md": "go.md", "CHANGELOG.md": "changelog.md",
         "SECURITY.md": "security.md"}  # fmt: skip
INCLUDE = re.compile(r"^<!-- include (\S+) -->$", re.M)
LINK = re.compile(r"(\]\()([^)#\s:]+)((?:#[^)\s]*)?\))")


def relinked(text: str, folder: Path, page: Path) -> str:
    """The links of a text that lies in one folder, for a page of the site that shows it."""

    def link(found: re.Match[str]) -> str:
        path = os.path.relpath(os.path.normpath(folder / found[2]), HERE.parent)
        target = HERE / PAGES[path] if path in PAGES else HERE.parent / path
        return found[1] + os.path.relpath(target, page) + found[3]

    return LINK.sub(link, text)


def read(app, name, source):
    """A page of the repository is shown where a page of the site asks for it; the links of both lead to the site's pages."""
    page = (HERE / name).parent

    def include(found: re.Match[str]) -> str:
        path = HERE.parent / found[1]
        return relinked(path.read_text(encoding="utf-8"), path.parent, page)

    source[0] = INCLUDE.sub(include, relinked(source[0], page, page))


LINUX = re.compile(r"(?:before )?Linux (\d+\.\d+)")


def table(heads: list[str], rows: list[list[nodes.Node]], widths: list[int]) -> nodes.table:
    made = nodes.table()
    group = nodes.tgroup(cols=len(heads))
    made += group
    for width in widths:
        group += nodes.colspec(colwidth=width)
    head = nodes.thead()
    group += head
    head += nodes.row("", *(nodes.entry("", paragraph(text)) for text in heads))
    body = nodes.tbody()
    group += body
    for row in rows:
        body += nodes.row("", *(nodes.entry("", cell) for cell in row))
    return made


def first_sentence(comment: str) -> str:
    return comment.split("\n\n")[0].replace("\n", " ")


class Setters(Directive):
    """All setters by topic: what each asks for, the versions of Linux that it names, and how a start can fail by it."""

    def run(self):
        made = []
        setters = [function for function in DESCRIPTION["functions"] if function["name"].startswith("forkexec_attr_")]
        chapters = {function["chapter"] for function in setters}
        for row in DESCRIPTION["chapters"]:
            chapter = row["name"]
            if chapter not in chapters - {"mod"}:
                continue
            section = nodes.section(ids=[nodes.make_id(f"setters {chapter}")])
            section += nodes.title("", row["title"])
            rows = []
            for function in setters:
                if function["chapter"] != chapter:
                    continue
                linux = sorted(
                    {found for found in LINUX.findall(function["comment"])},
                    key=lambda v: [int(n) for n in v.split(".")],
                )
                fails = [
                    (
                        stage["name"][len("FORKEXEC_STAGE_") :],
                        ": ".join(part for part in (", ".join(stage["errnos"]), stage["why"]) if part),
                    )
                    for stage in function["stages"]
                ]
                rows.append([
                    paragraph(nodes.reference("", "", nodes.literal("", function["name"][len("forkexec_attr_") :]), refuri=f"c-reference.html#{nodes.make_id(function['name'])}")),
                    paragraph(first_sentence(function["comment"])),
                    paragraph(", ".join(linux)),
                    items(fails) if fails else paragraph(),
                ])  # fmt: skip
            section += table(["setter", "what it asks for", "Linux", "later failures"], rows, [20, 35, 8, 37])
            made.append(section)
        return made


class Stages(Directive):
    """All stages, in their order."""

    def run(self):
        rows = [(f"{stage['constant'][len('FORKEXEC_STAGE_') :]} = {stage['number']}", " ".join(stage["comment"].split()))
                for stage in DESCRIPTION["stages"]]  # fmt: skip
        return [items(rows)]


def setup(app):
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", process)
    app.add_directive("keywords", Keywords)
    app.add_directive("stages", Stages)
    app.add_directive("gofields", GoFields)
    app.add_directive("cfunctions", CFunctions)
    app.add_directive("manual", Manual)
    app.add_directive("setters", Setters)
