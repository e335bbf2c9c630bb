"""CONTRIBUTING.md, "Add an estimator": followed to the letter in a copy of the repository."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.compile(r"<!-- (file|lines): ([^\n]+) -->\n```(?:python|text)\n(.*?)```", re.DOTALL)
COPIED = ["skdl", "tests", "changes", "conftest.py", "pyproject.toml", "README.md", "CHANGELOG.md"]
TOUCHED = ["skdl/estimators/__init__.py", "tests/laws/instances.py"]
NEWCOMERS = ["TCNRegressor", "DenseClassifier"]


def insert(file, before, lines):
    """Put lines behind a line that begins so."""
    text = file.read_text(encoding="utf-8")
    (start,) = re.findall(rf"^{re.escape(before)}[^\n]*\n", text, re.MULTILINE)
    file.write_text(text.replace(start, start + lines), encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository with the estimators of CONTRIBUTING.md in it."""
    root = tmp_path_factory.mktemp("repository")
    for name in COPIED:
        put = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        put(ROOT / name, root / name)
    places = {
        "__all__": "__all__ = [",
        "TABLE": "TABLE: ",
        "imports": "from skdl.estimators import (",
    }
    for kind, where, code in BLOCKS.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        if kind == "file":
            (root / where).parent.mkdir(parents=True, exist_ok=True)
            (root / where).write_text(code, encoding="utf-8")
            continue
        path, place = where.split(", ")
        file = root / path
        if path == "skdl/estimators/__init__.py" and place == "imports":  # make format sorts them
            text = file.read_text("utf-8")
            file.write_text(text.replace("from .classical", code + "from .classical"), "utf-8")
        else:
            insert(file, places[place], code)
    for name in ("README.md", "changes/+newcomers.added.md"):
        with (root / name).open("a", encoding="utf-8") as file:
            file.write("\n" + ", ".join(f"`{name}`" for name in NEWCOMERS) + "\n")
    touched = [*(root / name for name in TOUCHED), *root.rglob("tcn"), *root.rglob("dense")]
    run(root, "ruff", "check", "--fix", "-q", *touched)
    run(root, "ruff", "format", "-q", *touched)
    return root


def run(root, *command):
    """The command's output, where it succeeds."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_every_law_holds_for_the_newcomers(copy):
    """Those of scikit-learn among them; the grid too."""
    laws = ["tests/laws", "tests/pipelines/test_grids.py"]
    output = run(
        copy, "pytest", "-v", "-p", "no:cacheprovider", *laws, "-k", " or ".join(NEWCOMERS)
    )
    for name in NEWCOMERS:
        assert len(re.findall(rf"\[{name}.* PASSED", output)) > 100


@pytest.mark.slow
def test_the_house_and_the_newcomers_own_tests_pass(copy):
    families = [
        f"{part}/estimators/{name}" for part in ("skdl", "tests") for name in ("tcn", "dense")
    ]
    run(copy, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_house.py", *families)


@pytest.mark.slow
def test_types_of_the_newcomers_are_right(copy):
    run(copy, "mypy")
