"""skdl of another commit, imported beside this one."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from _report import Report

ROOT = Path(__file__).parents[1]
# Parameters that the other commit knows by another name.
RENAMED = {"linear_model": "highway"}


def add_commit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--commit", default="HEAD~1", help="what to compare with")


@contextlib.contextmanager
def both_versions(report: Report) -> Iterator[tuple[Path, tuple[ModuleType, ModuleType]]]:
    """The folder of the other commit, and skdl.estimators here and there.

    The other one is the package ``skdl_other``.
    """
    git = partial(subprocess.run, cwd=ROOT, capture_output=True, check=True)
    commit = git(["git", "rev-parse", "--short", report.args.commit]).stdout.decode().strip()
    report.say(f"The other commit: {commit}.")
    archive = git(["git", "archive", commit, "skdl"]).stdout
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        (folder / "skdl").rename(folder / "skdl_other")
        for file in (folder / "skdl_other").rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            text = re.sub(r"^(\s*(?:from|import) )skdl\b", r"\1skdl_other", text, flags=re.M)
            file.write_text(text, encoding="utf-8")
        sys.path.insert(0, name)
        packages = ("skdl.estimators", "skdl_other.estimators")
        yield folder, tuple(map(importlib.import_module, packages))


def maker(package: ModuleType, name: str, **params: Any) -> Callable[..., Any]:
    """Makes an estimator of either version."""
    cls = getattr(package, name)
    known = cls().get_params()
    params = {k if k in known else RENAMED[k]: v for k, v in params.items()}
    return partial(cls, **{"device": "cpu", "random_state": 0, **params})
