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


def test_entries_are_sentences_of_fitting_width():
    for name, entry in entries_of(Word2VecTransformer).items():
        first, text = entry.split("\n", 1)
        assert first.startswith(f"{name} : "), name
        assert text.endswith("."), name
        assert all(len(line) <= 100 for line in text.splitlines()), name


def test_every_parameter_is_documented_with_its_default_and_constrained():
    documented = section_of(Word2VecTransformer, "Parameters")
    params = Word2VecTransformer().get_params()
    assert set(entries_of(Word2VecTransformer)) == set(params)
    assert set(Word2VecTransformer._parameter_constraints) == set(params)
    for name, default in params.items():
        shown = f'"{default}"' if isinstance(default, str) else str(default)
        assert re.search(rf"^{name} : .*, default={re.escape(shown)}$", documented, re.M), name


@pytest.mark.parametrize("name", ["algorithm", "objective", "pooling", "analyzer"])
def test_every_value_of_an_option_is_explained(name):
    kind, text = entries_of(Word2VecTransformer)[name].split("\n", 1)
    values = set(re.findall(r'"([^"]+)"', kind))
    (options,) = [
        constraint.options
        for constraint in Word2VecTransformer._parameter_constraints[name]
        if hasattr(constraint, "options")
    ]
    assert values == set(options)
    for value in values:
        assert f'"{value}"' in text, value


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


def test_order_of_the_signature():
    """Its own parameters come first, vector_size by position."""
    parameters = inspect.signature(Word2VecTransformer).parameters
    assert next(iter(parameters)) == "vector_size"
    kinds = [parameter.kind for parameter in list(parameters.values())[1:]]
    assert set(kinds) == {inspect.Parameter.KEYWORD_ONLY}
    assert list(entries_of(Word2VecTransformer)) == list(parameters)


def test_the_source_has_the_whole_docstring():
    """Readers of the source, and tools that do not import it, see all parameters."""
    source = inspect.getsource(Word2VecTransformer)
    for name in Word2VecTransformer().get_params():
        assert re.search(rf"^    {name} : .*, default=", source, re.M), name
