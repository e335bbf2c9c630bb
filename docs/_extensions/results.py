"""The reports of ``benchmarks/results``: pages beside their index, and tables for the index itself.

``{result} accuracy_text 1`` is the first table of accuracy_text.md, with a link to all of it.
"""

import re
import shutil
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def copied(app):
    pages = Path(app.srcdir, "benchmarks", "results")
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(RESULTS, pages)


def tables_of(name):
    """The tables of a report, each with its heading."""
    text = (RESULTS / f"{name}.md").read_text(encoding="utf-8")
    found = []
    for part in re.split("^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, rest = part.partition("\n")
        found += [(heading, table) for table in re.findall(r"(?:^\|.*\n)+", rest, re.MULTILINE)]
    return found


class Result(Directive):
    """``{result} NAME NUMBER ...``: tables of a report, by their numbers from 1."""

    required_arguments = 2
    final_argument_whitespace = True

    def run(self):
        name, numbers = self.arguments
        tables, shown, before = tables_of(name), [], None
        for number in map(int, numbers.split()):
            if number > len(tables):
                raise self.error(f"{name}.md has {len(tables)} tables, none with number {number}.")
            heading, table = tables[number - 1]
            if heading != before:
                shown.append(self.parsed(f"*{heading}*", ""))
            shown.append(self.parsed(table, "wide-table"))
            before = heading
        return [*shown, self.parsed(f"[All of {name}](results/{name}.md)", "")]

    def parsed(self, text, style):
        node = nodes.container(classes=[style] if style else [])
        self.state.nested_parse(StringList(text.splitlines(), RESULTS.name), 0, node)
        return node


def setup(app):
    app.connect("builder-inited", copied)
    app.add_directive("result", Result)
    return {"parallel_read_safe": True}
