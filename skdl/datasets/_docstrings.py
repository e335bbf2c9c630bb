"""The docstrings of the Python standard library as a labelled text corpus."""

from __future__ import annotations

import ast
import sysconfig
import warnings
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

# Labels and their modules; a module that this Python does not have is left out.
_FAMILIES = {
    "concurrency": (
        "asyncio", "concurrent", "multiprocessing", "queue", "sched", "selectors", "subprocess",
        "threading", "_threading_local",
    ),
    "files": (
        "bz2", "filecmp", "fileinput", "fnmatch", "genericpath", "glob", "gzip", "lzma", "ntpath",
        "os", "pathlib", "posixpath", "_pyio", "shutil", "tarfile", "tempfile", "zipfile",
    ),
    "gui": ("tkinter", "turtle"),
    "language": (
        "abc", "ast", "_collections_abc", "collections", "contextlib", "dataclasses", "dis",
        "enum", "functools", "importlib", "inspect", "symtable", "tokenize", "types", "typing",
        "weakref",
    ),
    "mail": ("email", "imaplib", "mailbox", "mimetypes", "poplib", "smtplib"),
    "math": (
        "bisect", "datetime", "_pydatetime", "fractions", "heapq", "numbers", "operator",
        "_pydecimal", "random", "statistics",
    ),
    "network": (
        "ftplib", "http", "ipaddress", "socket", "socketserver", "ssl", "urllib", "webbrowser",
        "wsgiref", "xmlrpc",
    ),
    "testing": ("bdb", "doctest", "pdb", "profile", "timeit", "trace", "traceback", "unittest"),
    "text": (
        "codecs", "configparser", "csv", "difflib", "encodings", "gettext", "html", "json",
        "locale", "pprint", "re", "string", "textwrap", "tomllib", "xml",
    ),
}  # fmt: skip

_TESTS = frozenset({"test", "tests", "idle_test"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_MIN_WORDS = 6


def load_docstrings(*, return_X_y: bool = False) -> Any:
    """Load the docstrings of the Python standard library, labelled by the subject of their module.

    The sources are parsed, not imported, and nothing is downloaded. The corpus depends only on the
    version of Python (about 5,000 documents in Python 3.11). Labels:
    "concurrency", "files", "gui", "language", "mail", "math", "network", "testing", "text";
    `DESCR` lists the modules behind each.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return the pair (data, target) instead of a Bunch.

    Returns
    -------
    corpus : Bunch
        - data : list of str, one docstring per document: at least six words, no two equal
        - target : ndarray of str of shape (n_documents,), the label
        - target_names : list of str, the labels in sorted order
        - groups : ndarray of str of shape (n_documents,), the module of each document, for
          ``GroupKFold``: docstrings of one module resemble each other, so that scores on modules
          of the training rows are optimistic
        - DESCR : str, the modules behind each label
    (X, y) : tuple of list and ndarray
        `data` and `target`, if `return_X_y`.

    Raises
    ------
    FileNotFoundError
        If this Python comes without the sources of its standard library.

    Notes
    -----
    The first call parses some 500 files, which takes one to two seconds; the result is kept in
    memory, and later calls return copies of it. Documents are in order of label, then module.

    Examples
    --------
    >>> from skdl.datasets import load_docstrings
    >>> corpus = load_docstrings()
    >>> len(corpus.data) >= 1500
    True
    >>> corpus.target_names[:3]
    ['concurrency', 'files', 'gui']
    >>> corpus.data[list(corpus.groups).index("heapq")].splitlines()[0]
    'Heap queue algorithm (a.k.a. priority queue).'
    """
    documents, labels, modules = _parse_stdlib(sysconfig.get_path("stdlib"))
    target = np.array(labels)
    if return_X_y:
        return list(documents), target
    return Bunch(
        data=list(documents),
        target=target,
        target_names=sorted(_FAMILIES),
        groups=np.array(modules),
        DESCR=_describe(),
    )


def _describe() -> str:
    lines = [f"- {label}: {', '.join(modules)}" for label, modules in _FAMILIES.items()]
    head = "Docstrings of modules, classes and functions of the Python standard library (PSF-2.0)."
    return "\n".join([head, "The label is the subject of the module:", *lines])


@lru_cache(maxsize=1)
def _parse_stdlib(root: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return documents, labels and modules. The first of equal docstrings stays."""
    found: dict[str, tuple[str, str]] = {}
    for label, modules in sorted(_FAMILIES.items()):
        for module in modules:
            for path in _sources(Path(root), module):
                for text in _docstrings(path):
                    found.setdefault(text, (label, module))
    if not found:
        raise FileNotFoundError(
            f"load_docstrings needs the sources of the standard library, and {root} holds none "
            "of them. Use a Python that has its .py files on disk."
        )
    labels, names = zip(*found.values(), strict=True)
    return tuple(found), labels, names


def _sources(root: Path, module: str) -> list[Path]:
    """Return the source files of a module or package, tests left out, in a fixed order."""
    files = [root / f"{module}.py", *sorted((root / module).rglob("*.py"))]
    return [f for f in files if f.is_file() and not _TESTS.intersection(f.relative_to(root).parts)]


def _docstrings(path: Path) -> Iterator[str]:
    with warnings.catch_warnings():  # of invalid escape sequences in the sources
        warnings.simplefilter("ignore")
        tree = ast.parse(path.read_bytes())
    for node in _blocks(tree):
        if isinstance(node, _DOCUMENTED):
            text = ast.get_docstring(node)
            if text and len(text.split()) >= _MIN_WORDS:
                yield text


def _blocks(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements, breadth first; unlike ``ast.walk``, no expressions, for speed."""
    queue: deque[ast.AST] = deque([tree])
    while queue:
        node = queue.popleft()
        yield node
        for field in ("body", "handlers", "orelse", "finalbody"):
            queue.extend(getattr(node, field, ()))
