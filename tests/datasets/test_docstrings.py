"""The standard library as a corpus: large enough, labelled, without repeats, the same each time."""

from collections import Counter

import numpy as np
import pytest

from skdl.datasets import _docstrings, load_docstrings

_LONG = "A docstring of more than six words, {}."


def test_the_corpus_is_large_labelled_and_without_repeats():
    corpus = load_docstrings()
    n_documents = len(corpus.data)
    assert n_documents >= 1500
    assert corpus.target.shape == corpus.groups.shape == (n_documents,)
    assert len(set(corpus.data)) == n_documents
    assert min(len(text.split()) for text in corpus.data) >= 6
    counts = Counter(corpus.target.tolist())
    assert sorted(counts) == corpus.target_names == sorted(set(corpus.target_names))
    assert min(counts.values()) >= 100
    assert "heapq" in corpus.DESCR
    X, y = load_docstrings(return_X_y=True)
    assert corpus.data == X
    np.testing.assert_array_equal(y, corpus.target)


def test_each_module_has_one_label():
    modules = [module for family in _docstrings._FAMILIES.values() for module in family]
    assert len(set(modules)) == len(modules)
    corpus = load_docstrings()
    pairs = set(zip(corpus.groups.tolist(), corpus.target.tolist(), strict=True))
    assert len(pairs) == len(set(corpus.groups.tolist()))


def test_callers_get_their_own_copies():
    first = load_docstrings()
    first.data.clear()
    first.target[:] = "spoilt"
    first.target_names.clear()
    again = load_docstrings()
    assert len(again.data) >= 1500
    assert "spoilt" not in again.target
    assert again.target_names


def _write(root, name, *texts):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(f'def f{i}():\n    """{text}"""\n' for i, text in enumerate(texts)))


def test_sources_are_read_not_run_and_tests_are_left_out(tmp_path):
    _write(tmp_path, "json/a.py", _LONG.format("json"), "Too short.", _LONG.format("twice"))
    _write(tmp_path, "json/tests/b.py", _LONG.format("of a test"))
    _write(tmp_path, "bisect.py", _LONG.format("twice"))
    (tmp_path / "bz2.py").write_text(f'"""{_LONG.format("old escapes")}"""\nx = "\\d"\n1 / 0\n')
    texts, labels, modules = _docstrings._parse_stdlib(str(tmp_path))
    assert texts == tuple(_LONG.format(k) for k in ("old escapes", "twice", "json"))
    assert labels == ("files", "math", "text")
    assert modules == ("bz2", "bisect", "json")


def test_without_sources_the_error_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="sources of the standard library"):
        _docstrings._parse_stdlib(str(tmp_path))


@pytest.fixture(autouse=True)
def _keep_the_corpus_out_of_small_trees(monkeypatch):
    """Give the tests that parse small trees a cache of their own, for the real one is dear."""
    parse = _docstrings._parse_stdlib
    tree = _docstrings.sysconfig.get_path("stdlib")
    monkeypatch.setattr(
        _docstrings,
        "_parse_stdlib",
        lambda root: parse(root) if root == tree else parse.__wrapped__(root),
    )
