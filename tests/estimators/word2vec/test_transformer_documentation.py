"""The docstring of Word2VecTransformer: complete, and in the same words as other estimators."""

import inspect
import re

import pytest

from skdl.estimators import LSTMClassifier, TransformerClassifier, Word2VecTransformer

TEXTS = ["the cat sat on the mat", "the dog sat on the rug"] * 5
# Parameters that other estimators have too, with another meaning.
OF_ITS_OWN = {"batch_size", "callbacks", "lowercase", "lr", "max_epochs", "pooling"}
OF_ITS_OWN |= {"random_state", "tokenizer"}


def section_of(cls, title):
    return re.search(rf"{title}\n-+\n(.*?)\n\n", inspect.getdoc(cls), re.S).group(1)


def entries_of(cls):
    """Name to text, of the section Parameters, without defaults."""
    entries = re.split(r"^(?=\S)", section_of(cls, "Parameters"), flags=re.M)[1:]
    return {e.split(" : ")[0]: re.sub(r", default=.*", "", e).strip() for e in entries}


@pytest.mark.parametrize("other", [LSTMClassifier, TransformerClassifier])
def test_what_means_the_same_reads_the_same(other):
    ours, theirs = entries_of(Word2VecTransformer), entries_of(other)
    shared = set(ours) & set(theirs) - OF_ITS_OWN
    assert shared >= {"device", "verbose"}
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
    for name in OF_ITS_OWN & set(theirs):
        assert ours[name] != theirs[name], name
    kept = "None draws a new\n    seed each time. numpy's and torch's global random states"
    assert kept in ours["random_state"]


def test_other_estimators_keep_their_own_words():
    ours, theirs = entries_of(Word2VecTransformer), entries_of(LSTMClassifier)
    assert ours["batch_size"] != theirs["batch_size"]
    assert "window" not in theirs


@pytest.mark.parametrize("pooling", ["mean", "idf", "sif"])
def test_every_learned_attribute_is_documented(pooling):
    """What is there after fit; idf_ and component_ with the pooling that needs them."""
    model = Word2VecTransformer(2, min_count=1, max_epochs=1, pooling=pooling, random_state=0)
    model.fit(TEXTS)
    names = set(re.findall(r"^(\w+) : ", section_of(Word2VecTransformer, "Attributes"), re.M))
    learned = {name for name in dir(model) if re.fullmatch(r"[a-z]\w*[^_]_", name)}
    of_pooling = {"idf": {"idf_"}, "sif": {"component_"}}.get(pooling, set())
    assert learned == names - ({"idf_", "component_"} - of_pooling)


def test_methods_are_documented():
    for name in ("fit", "partial_fit", "transform", "from_word2vec_format", "most_similar", "to"):
        doc = inspect.getdoc(getattr(Word2VecTransformer, name))
        assert "Parameters\n---" in doc, name
        assert "Returns\n---" in doc, name
