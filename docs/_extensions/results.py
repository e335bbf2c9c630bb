"""The reports of ``benchmarks/results`` as pages: they are copied beside their index."""

import shutil
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def copied(app):
    pages = Path(app.srcdir, "benchmarks", "results")
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(RESULTS, pages)


def setup(app):
    app.connect("builder-inited", copied)
    return {"parallel_read_safe": True}
