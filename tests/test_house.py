"""The rules of the house: who may import whom, mirrored tests, sorted catalogues, short files."""

import ast
import importlib
import inspect
import sys
from pathlib import Path

import pytest

import skdl
from skdl import estimators

ROOT = Path(skdl.__file__).parent
TESTS = Path(__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
PACKAGES = sorted(file.parent for file in FILES if file.name == "__init__.py")

FAMILIES = [
    package
    for package in PACKAGES
    if package.parent == ROOT / "estimators" and package.name != "_base"
]

# Imports point one way: a part may import the parts named here, and itself.
BELOW = {
    "__init__": {"_show_versions", "_version"},
    "_version": set(),
    "_show_versions": set(),
    "_deprecation": set(),
    "_sklearn": set(),
    "_progress_bar": set(),
    "_reading": {"_sklearn"},
    "_minirocket": {"_reading"},
    "datasets": set(),
    "modules": set(),
    "engine": {"_sklearn", "_progress_bar", "modules"},
    "preprocessing": {"_sklearn", "_reading", "_minirocket", "engine"},
    "estimators": {
        "_version",
        "_sklearn",
        "_reading",
        "_minirocket",
        "engine",
        "modules",
        "preprocessing",
    },
    "pipelines": {"_sklearn", "_reading", "estimators", "engine", "modules", "preprocessing"},
    "model_selection": {
        "_sklearn",
        "_progress_bar",
        "_reading",
        "estimators",
        "engine",
        "modules",
        "preprocessing",
    },
    # A display shows what model_selection found.
    "inspection": {"_sklearn", "model_selection", "estimators", "engine"},
}
ONLY_IN_ENGINE = {"skorch"}
TORCH_ONLY = sys.stdlib_module_names | {"torch"}
# Files without a test of their own, and why.
UNMIRRORED = {
    "_sklearn.py": "imports only; it breaks loudly",
    "_version.py": "a constant",
}

every_file = pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))


def tree_of(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def imports_of(file):
    """Full dotted names that a file imports, its relative imports made absolute."""
    package = ["skdl", *file.relative_to(ROOT).parent.parts]
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def part_of(name):
    """Which part of skdl a dotted name lies in, or None when elsewhere."""
    first, *rest = name.split(".")
    return rest[0] if first == "skdl" and rest else None


def functions_of(file):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree_of(file)) if isinstance(node, kinds)]


# Imports -----------------------------------------------------------------------------------------


def test_every_part_is_in_the_table():
    parts = {file.relative_to(ROOT).parts[0].removesuffix(".py") for file in FILES}
    assert parts == set(BELOW)


def test_the_table_itself_points_one_way():
    for part, below in BELOW.items():
        assert all(part not in BELOW[other] for other in below)


@every_file
def test_imports_point_one_way(file):
    own = file.relative_to(ROOT).parts[0].removesuffix(".py")
    parts = {part_of(name) for name in imports_of(file)} - {None}
    assert parts <= BELOW.get(own, set()) | {own}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda p: p.name)
def test_families_do_not_import_each_others_private_files(family):
    """What two need moves to _base, modules or preprocessing."""
    for file in family.glob("*.py"):
        for name in imports_of(file):
            parts = name.split(".")
            if parts[:2] == ["skdl", "estimators"] and len(parts) > 3:
                assert parts[2] in (family.name, "_base"), f"{file.name} imports {name}"


@every_file
def test_private_files_are_imported_in_their_own_package(file):
    """Others import what the package's ``__init__`` offers; _base and _reading are packages too."""
    package = ("skdl", *file.relative_to(ROOT).parent.parts)
    for name in imports_of(file):
        parts = tuple(name.split("."))
        owners = [parts[:i] for i, part in enumerate(parts) if part.startswith("_")]
        for owner in owners if parts[0] == "skdl" else []:
            assert package[: len(owner)] == owner, f"{name} is private to {'.'.join(owner)}"


@every_file
def test_skorch_is_imported_by_the_engine_only(file):
    tops = {name.split(".")[0] for name in imports_of(file)}
    assert file.is_relative_to(ROOT / "engine") or not tops & ONLY_IN_ENGINE


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if file.parent.name == "modules" or file.name.startswith("_network")],
    ids=lambda f: str(f.relative_to(ROOT)),
)
def test_networks_import_torch_only(file):
    tops = {name.split(".")[0] for name in imports_of(file)}
    assert tops <= TORCH_ONLY | {"skdl"}


@every_file
def test_private_scikit_learn_is_imported_in_one_place(file):
    private = [
        name
        for name in imports_of(file)
        if name.startswith("sklearn.") and any(part.startswith("_") for part in name.split("."))
    ]
    assert bool(private) is (file == ROOT / "_sklearn.py"), private


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_what_a_package_offers_is_sorted_and_there(package):
    dotted = ".".join(["skdl", *package.relative_to(ROOT).parts])
    module = importlib.import_module(dotted)
    names = getattr(module, "__all__", [])
    # As ruff sorts (RUF022): SCREAMING names, then classes, then the rest.
    assert names == sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    assert len(set(names)) == len(names)
    assert all(hasattr(module, name) for name in names)
    assert names or package == ROOT
    assert module.__doc__


@every_file
def test_every_file_says_what_it_is_for(file):
    assert ast.get_docstring(tree_of(file))


def mirrors_of(file):
    """``test_<stem>.py`` beside the mirrored path, or several: ``test_<stem>_<subject>.py``."""
    folder, stem = TESTS / file.relative_to(ROOT).parent, file.stem.removeprefix("_")
    return [*folder.glob(f"test_{stem}.py"), *folder.glob(f"test_{stem}_*.py")]


@every_file
def test_every_private_file_has_its_tests(file):
    inside = file.relative_to(ROOT)
    if file.name == "__init__.py" or str(inside) in UNMIRRORED:
        return
    mirrors = mirrors_of(file)
    assert mirrors, f"{inside} has no tests"
    assert any("def test_" in mirror.read_text(encoding="utf-8") for mirror in mirrors)


def test_every_test_file_tests_a_file():
    """tests/laws is about all estimators."""
    found = {test for file in FILES for test in mirrors_of(file)}
    mirrored = {file for file in TESTS.glob("*/**/test_*.py") if file.parent.name != "laws"}
    assert mirrored - found == set()


@pytest.mark.parametrize("documents", [["README.md"], ["CHANGELOG.md", "changes/*.md"]])
def test_every_deep_estimator_is_told_of(documents):
    files = [file for document in documents for file in TESTS.parent.glob(document)]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    deep = [n for n in estimators.__all__ if hasattr(getattr(estimators, n), "_input_kinds")]
    assert [name for name in deep if f"`{name}`" not in text] == []


# Code --------------------------------------------------------------------------------------------


@every_file
def test_nothing_is_printed_outside_of_the_progress(file):
    if file.name == "_show_versions.py":
        return
    calls = [node.func for node in ast.walk(tree_of(file)) if isinstance(node, ast.Call)]
    assert "print" not in {getattr(call, "id", None) for call in calls}


@every_file
def test_no_assert_stands_for_an_error(file):
    """A type checker may be told what is known; a user must get an error."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Assert):
            text = ast.unparse(node.test)
            assert text.endswith("is not None") or text.startswith("isinstance("), text


def code_lines(file):
    """Numbers of the lines that are neither blank nor in a docstring."""
    text, quoted = file.read_text(encoding="utf-8"), set()
    for node in ast.walk(ast.parse(text)):
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            quoted.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return {number for number, line in lines if line.strip() and number not in quoted}


@every_file
def test_files_are_short(file):
    assert len(code_lines(file)) <= 400


@pytest.mark.parametrize(
    "file", sorted(TESTS.rglob("*.py")), ids=lambda f: str(f.relative_to(TESTS))
)
def test_files_of_tests_are_short(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 600


def n_code_lines(file, function):
    """Lines of the body without docstring, blank lines and comments."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    lines = file.read_text(encoding="utf-8").splitlines()
    stripped = (line.strip() for line in lines[body[0].lineno - 1 : body[-1].end_lineno])
    return sum(bool(line) and not line.startswith("#") for line in stripped)


@every_file
def test_functions_are_short(file):
    for function in functions_of(file):
        limit = 25 if function.name == "forward" else 50
        assert n_code_lines(file, function) <= limit, function.name


@every_file
def test_parameters_are_explicit(file):
    """``**kwargs`` only where skorch or sklearn hands it over, under a name with an underscore."""
    for function in functions_of(file):
        name = function.args.kwarg and function.args.kwarg.arg
        public = not function.name.startswith("_") or function.name == "__init__"
        inside = file.is_relative_to(ROOT / "estimators")
        of_sklearn = function.name == "set_params"
        assert not (name and public and inside) or of_sklearn, function.name


@every_file
def test_annotations_everywhere(file):
    for function in functions_of(file):
        args = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        bare = [a.arg for a in args if a.annotation is None and a.arg not in ("self", "cls")]
        assert not bare, f"{function.name}: {bare}"
        assert function.returns is not None, function.name


def test_typed():
    assert (ROOT / "py.typed").exists()
    assert inspect.getdoc(skdl)
