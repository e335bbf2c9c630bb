"""Corpora: reading in memory and to a file, renumbering, lookups, invalid input."""

import tempfile
from collections import Counter, UserList
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skdl.estimators.word2vec import _corpus, _documents
from skdl.estimators.word2vec._corpus import (
    Corpus,
    encode,
    read_corpus,
)
from skdl.estimators.word2vec._vocabulary import choose_vocabulary

DOCUMENTS = [["a", "b", "a"], [], ["c"], ["b", "a", "d"]]
WORDS = st.text(max_size=3)
MANY = st.lists(st.lists(WORDS, max_size=8) | st.text(max_size=20), min_size=1, max_size=12)
small = pytest.mark.parametrize("n_tokens", [1, 2, 2**16])


class Stream:
    """Documents that are created each time they are read."""

    def __init__(self, documents):
        self.documents = documents
        self.n_readings = 0

    def __iter__(self):
        self.n_readings += 1
        yield from map(list, self.documents)


@pytest.fixture
def spilled(monkeypatch, tmp_path):
    """Everything beyond four ids goes to a file, in this folder."""
    monkeypatch.setattr(_corpus, "SPILL_BYTES", 16)
    monkeypatch.setattr(_documents, "BATCH_TOKENS", 4)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def set_pieces(monkeypatch, n_tokens):
    monkeypatch.setattr(_documents, "BATCH_TOKENS", n_tokens)
    monkeypatch.setattr(_corpus, "PIECE_TOKENS", n_tokens)


def in_words(corpus, words):
    """The documents of a corpus, as lists of words."""
    return [
        [words[i] for i in corpus.tokens[start:stop]]
        for start, stop in zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True)
    ]


def prepared(documents, min_count=1, max_vocab=None, analyze=str.split):
    """The words of a vocabulary, and the documents in its rows."""
    words, counts, corpus = read_corpus(documents, analyze)
    order = choose_vocabulary(words, counts, min_count, max_vocab)
    return [words[i] for i in order], corpus.renumbered(order, len(words))


# Reading -----------------------------------------------------------------------------------------


@small
def test_words_counts_and_ids_in_the_order_of_first_occurrence(n_tokens, monkeypatch):
    set_pieces(monkeypatch, n_tokens)
    words, counts, corpus = read_corpus(DOCUMENTS, str.split)
    assert words == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(counts, [3, 2, 1, 1])
    np.testing.assert_array_equal(corpus.tokens, [0, 1, 0, 2, 1, 0, 3])
    np.testing.assert_array_equal(corpus.offsets, [0, 3, 3, 4, 7])
    assert (counts.dtype, corpus.tokens.dtype, corpus.offsets.dtype) == ("i8", "i4", "i8")
    assert corpus.n_documents == 4
    np.testing.assert_array_equal(corpus.lengths, [3, 0, 1, 3])


@settings(deadline=None)
@given(documents=MANY, n_tokens=st.sampled_from([1, 3, 100]))
@example(documents=["\uf900", ["e\u0301"]], n_tokens=1)  # two that are not in NFC
def test_reading_keeps_every_token_of_any_documents(documents, n_tokens):
    with pytest.MonkeyPatch.context() as patch:
        set_pieces(patch, n_tokens)
        words, counts, corpus = read_corpus(documents, list)
    wanted = [[normalize("NFC", word) for word in document] for document in documents]
    assert in_words(corpus, words) == wanted
    found = Counter(word for document in wanted for word in document)
    assert dict(zip(words, counts.tolist(), strict=True)) == found
    assert words == list(found)  # a Counter keeps the order of first occurrence


def test_texts_and_lists_of_tokens_mix():
    words, _, corpus = read_corpus(["a b", ["a b", "c"], ("b",)], str.split)
    assert in_words(corpus, words) == [["a", "b"], ["a b", "c"], ["b"]]


@pytest.mark.parametrize(
    "documents",
    [
        ["a b", "", "b"],
        ("a b", "", "b"),
        np.array(["a b", "", "b"]),
        np.array([["a b"], [""], ["b"]], dtype=object),
        pd.Series(["a b", "", "b"], index=[5, 3, 9]),
        pd.Index(["a b", "", "b"]),
        pd.DataFrame({"text": ["a b", "", "b"]}),
        pd.Series([["a", "b"], [], ["b"]]),
        UserList([UserList(["a", "b"]), (), np.array(["b"])]),
        [pd.Series(["a", "b"], dtype=object), np.array([], dtype=str), "b"],
        Stream([["a", "b"], [], ["b"]]),
    ],
    ids=lambda documents: type(documents).__name__,
)
def test_all_ordered_containers_are_read(documents):
    words, _, corpus = read_corpus(documents, str.split)
    assert in_words(corpus, words) == [["a", "b"], [], ["b"]]
    assert in_words(encode(documents, str.split, {"b": 0}), ["b"]) == [["b"], [], ["b"]]


def test_documents_are_read_once():
    stream = Stream(DOCUMENTS)
    read_corpus(stream, str.split)
    assert stream.n_readings == 1


def test_words_are_plain_str():
    words, _, _ = read_corpus([np.array(["a", "b"]), [np.str_("c"), "c"]], str.split)
    assert words == ["a", "b", "c"]
    assert {type(word) for word in words} == {str}


def test_batches_hold_whole_documents():
    _, _, corpus = read_corpus([*DOCUMENTS, []], str.split)
    for n_tokens in range(1, 9):
        batches = list(corpus.batches(n_tokens))
        np.testing.assert_array_equal(np.concatenate([b.tokens for _, b in batches]), corpus.tokens)
        np.testing.assert_array_equal(
            np.concatenate([b.lengths for _, b in batches]), [3, 0, 1, 3, 0]
        )
        covered = [row for documents, _ in batches for row in range(5)[documents]]
        assert covered == list(range(5))
        assert all(len(b.tokens) <= n_tokens or b.n_documents == 1 for _, b in batches)
    assert len(list(corpus.batches(7))) == 1


# Files -------------------------------------------------------------------------------------------


def test_many_ids_go_to_an_anonymous_file(spilled):
    documents = DOCUMENTS * 9
    words, counts, corpus = read_corpus(documents, str.split)
    assert isinstance(corpus.tokens, np.memmap)
    assert list(spilled.iterdir()) == []
    assert in_words(corpus, words) == documents
    np.testing.assert_array_equal(counts, [27, 18, 9, 9])
    order = choose_vocabulary(words, counts, 10, None)
    kept = corpus.renumbered(order, len(words))
    assert isinstance(kept.tokens, np.memmap)
    assert in_words(kept, "ab") == [[w for w in d if w in "ab"] for d in documents]


def test_few_ids_stay_in_memory(monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", None)
    _, _, corpus = read_corpus(DOCUMENTS * 100, str.split)
    assert not isinstance(corpus.tokens, np.memmap)
    assert corpus.tokens.flags.writeable


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_error_leaves_no_file(spilled, monkeypatch, error):
    files = []
    make = tempfile.TemporaryFile

    class Broken(Stream):
        def __iter__(self):
            yield from super().__iter__()
            assert len(files) == 1
            raise error

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: files.append(make()) or files[0])
    with pytest.raises(error):
        read_corpus(Broken(DOCUMENTS * 9), str.split)
    assert files[0].closed
    assert list(spilled.iterdir()) == []


def test_a_full_disk_says_where(spilled, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match="No space") as raised:
        read_corpus(DOCUMENTS, str.split)
    assert "TMPDIR" in raised.value.__notes__[0]
    assert str(spilled) in raised.value.__notes__[0]


# Renumbering -------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    documents=MANY.filter(any),
    min_count=st.integers(1, 2),
    max_vocab=st.none() | st.integers(1, 3),
    n_tokens=st.sampled_from([1, 2, 100]),
)
def test_renumbering_equals_looking_up(documents, min_count, max_vocab, n_tokens):
    with pytest.MonkeyPatch.context() as patch:
        set_pieces(patch, n_tokens)
        words, counts, corpus = read_corpus(documents, list)
        if counts.max() < min_count:
            return
        order = choose_vocabulary(words, counts, min_count, max_vocab)
        kept = [words[i] for i in order]
        renumbered = corpus.renumbered(order, len(words))
        looked_up = encode(documents, list, {word: row for row, word in enumerate(kept)})
    in_nfc = [[normalize("NFC", word) for word in document] for document in documents]
    wanted = [[word for word in document if word in set(kept)] for document in in_nfc]
    assert in_words(renumbered, kept) == in_words(looked_up, kept) == wanted
    np.testing.assert_array_equal(renumbered.offsets, looked_up.offsets)
    assert renumbered.tokens.dtype == looked_up.tokens.dtype == np.int32
    np.testing.assert_array_equal(renumbered.count(len(kept)), counts[order])


def test_encoding_leaves_unknown_words_out():
    words, corpus = prepared(["a b a", "c", "b a"], min_count=2)
    assert words == ["a", "b"]
    found = encode(["x", "b x a", ["a", "y"], ""], str.split, {"a": 0, "b": 1})
    assert in_words(found, words) == [[], ["b", "a"], ["a"], []]
    assert in_words(corpus, words) == [["a", "b", "a"], [], ["b", "a"]]


# Invalid input -----------------------------------------------------------------------------------


def lookup(documents, analyze=str.split):
    return encode(documents, analyze, {"a": 0})


both = pytest.mark.parametrize("read", [lambda X, f=str.split: read_corpus(X, f), lookup])


@both
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a b", ValueError, r"got one str: 'a b'. Pass \[X\]"),
        (b"a b", ValueError, r"got one bytes: b'a b'. Pass \[X\]"),
        (iter([["a"]]), TypeError, "more than once, got list_iterator.* object whose __iter__"),
        ((d for d in [["a"]]), TypeError, "more than once, got generator"),
        ({"a": ["b"]}, TypeError, "in order; got dict. Make it a list"),
        ({"a"}, TypeError, "in order; got set"),
        (None, TypeError, "got NoneType"),
        (3, TypeError, "got int"),
        (np.array("a"), TypeError, "got ndarray"),
        (np.array([["a", "b"]]), ValueError, r"one column, got ndarray of shape \(1, 2\)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"DataFrame of shape \(1, 2\)"),
        ([], ValueError, "Found no document in X"),
        (pd.Series([], dtype=object), ValueError, "Found no document in X"),
        (["a", None], ValueError, "missing document, None, first at place 1"),
        (["a", "b", np.nan], ValueError, "missing document, nan, first at place 2"),
        (pd.Series(["a", pd.NA]), ValueError, "missing document, .*, first at place 1"),
        ([pd.NaT], ValueError, "missing document, NaT, first at place 0"),
        (["a", 3], ValueError, "str or a list of str, got int at place 1: 3. Pass its text"),
        (np.arange(3), ValueError, "got int64 at place 0"),
        (["a", b"b"], ValueError, "got bytes at place 1: b'b'. Decode it first"),
        ([["a"], {"a": 1}], ValueError, "got dict at place 1"),
        ([["a"], {"a"}], ValueError, "got set at place 1"),
        ([["a"], iter(["a"])], ValueError, "got list_iterator at place 1: .* Make it a list"),
        ([["a"], np.array([["a"]])], ValueError, "got ndarray at place 1"),
        ([["a"], [], ["a", 7]], ValueError, "must be str, got int in document 2 of X: 7"),
        ([["a", None]], ValueError, "got NoneType in document 0 of X: None"),
        ([["a"], [["a"]]], ValueError, "got list in document 1 of X"),
        ([["a"], ["a", b"b"]], ValueError, "got bytes in document 1"),
        ([np.array([1.5])], ValueError, "got float in document 0 of X: 1.5"),
        ([range(3)], ValueError, "got int in document 0 of X: 0"),
    ],
)
def test_invalid_documents(read, X, error, message):
    with pytest.raises(error, match=message):
        read(X)


@both
def test_places_count_all_documents_before(read, monkeypatch):
    monkeypatch.setattr(_documents, "BATCH_TOKENS", 3)
    with pytest.raises(ValueError, match="got int in document 12 of X: 5"):
        read([*DOCUMENTS * 3, ["a", 5], ["a"]])


@both
@pytest.mark.parametrize(
    ("analyze", "message"),
    [
        (lambda text: None, "must return a list of str, got NoneType for document 1 of X: None"),
        (str.lower, "must return a list of str, got str for document 1"),
        (len, "must return a list of str, got int for document 1"),
        (lambda text: [len(text)], "must be str, got int in document 1 of X: 3"),
    ],
)
def test_an_analyzer_that_returns_no_tokens(read, analyze, message):
    with pytest.raises(ValueError, match=message):
        read([["a"], "a b"], analyze)


@both
def test_errors_of_an_analyzer_are_its_own(read):
    def broken(text):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        read(["a"], broken)


def test_an_analyzer_may_return_any_iterable():
    words, _, corpus = read_corpus(["a b", "b"], lambda text: (word for word in text.split()))
    assert in_words(corpus, words) == [["a", "b"], ["b"]]


# Numbers of documents ----------------------------------------------------------------------------


def numbered(lengths):
    return Corpus(None, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


LENGTHS = st.lists(st.integers(0, 4), min_size=1, max_size=8)


@settings(deadline=None)
@given(
    lengths=LENGTHS, start=st.none() | st.integers(-40, 40), stop=st.none() | st.integers(-40, 40)
)
def test_numbers_change_where_documents_do(lengths, start, stop):
    """They count from the first document of the slice."""
    numbers, every = numbered(lengths).document_numbers(), np.repeat(range(len(lengths)), lengths)
    assert len(numbers) == len(every)
    found, wanted = numbers[start:stop], every[start:stop]
    assert found.dtype == np.int32
    assert found.shape == wanted.shape
    np.testing.assert_array_equal(np.diff(found), np.diff(wanted))
    if len(found):
        assert 0 <= found[0] < len(lengths)


def test_numbers_are_not_kept_in_memory():
    """A slice of a corpus of 10**12 tokens costs no more than the slice."""
    numbers = numbered([5, 10**12]).document_numbers()
    assert len(numbers) == 10**12 + 5
    np.testing.assert_array_equal(numbers[3:8], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(np.unique(numbers[10**11 : 10**11 + 4]), [0])


def test_numbers_after_renumbering():
    words, corpus = prepared(["a x b", "y", "b a a"], min_count=2)
    assert words == ["a", "b"]
    np.testing.assert_array_equal(corpus.document_numbers()[:], [0, 0, 2, 2, 2])


def test_an_empty_corpus():
    corpus = Corpus(np.zeros(0, np.int32), np.zeros(3, np.int64))
    assert corpus.n_documents == 2
    np.testing.assert_array_equal(corpus.count(2), [0, 0])
    assert corpus.renumbered(np.array([1]), 2).offsets.tolist() == [0, 0, 0]
