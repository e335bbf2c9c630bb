"""The docstring of Word2VecTransformer: attributes and methods; parameters are under the laws."""

import inspect
import re

import pytest

from skdl.estimators import Word2VecTransformer

TEXTS = ["the cat sat on the mat", "the dog sat on the rug"] * 5


def section_of(cls, title):
    return re.search(rf"{title}\n-+\n(.*?)\n\n", inspect.getdoc(cls), re.S).group(1)


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
