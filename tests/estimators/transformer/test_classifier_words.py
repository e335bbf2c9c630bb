"""The words that the Transformer classifier knows: few texts, later chunks, given vectors."""

import numpy as np
import pytest

from skdl.estimators.transformer._tokenizers import train_tokenizer
from tests.estimators.transformer.classifiers import VARIANTS, X, Y, classifier, every_own


def trained_on(texts):
    return train_tokenizer("word", texts, vocab_size=99, min_frequency=1, lowercase=True)


@every_own
def test_texts_of_which_no_word_comes_twice(name):
    """With the defaults of the vocabulary, in every way to learn."""
    texts = ["cancel subscription", "close account", "stop membership", "delivery status"]
    model = classifier(**{**VARIANTS[name], "min_frequency": "auto"})
    for method in (model.fit, model.partial_fit):
        assert method(texts, [0, 0, 0, 1]).predict(texts).shape == (4,)


@pytest.mark.parametrize("way", ["partial_fit", "fit"])
def test_a_later_chunk_of_unknown_words_warns(way):
    model = classifier(linear_model=False)
    getattr(model, way)(["good film", "bad film"] * 4, [1, 0] * 4)
    model.partial_fit(["good bad film", "film of words"] * 4, [1, 0] * 4)  # half of it is known
    with pytest.warns(UserWarning, match=r"80% of the tokens .* tokenizer trained on all"):
        model.partial_fit(["film here is quite new", "a bad one it was"] * 4, [1, 0] * 4)
    with pytest.warns(UserWarning, match=r"80% of the tokens .* warm_start knows"):
        model.set_params(warm_start=True).fit(["film here is quite new"] * 8, [1, 0] * 4)
    model.fit(["good film", "bad film of words"] * 4, [1, 0] * 4)


def test_the_advice_for_new_words_helps():
    first, later = ["good film", "bad film"] * 4, ["fine plot", "poor plot"] * 4
    for params in ({"tokenizer": trained_on(first + later)}, {"tokenizer": "char"}):
        model = classifier(**params).partial_fit(first, [1, 0] * 4)
        model.partial_fit(later, [1, 0] * 4)  # a warning would be an error


def test_embeddings_are_found_in_any_case():
    given = {"Good": np.ones(8), "BAD": np.full(8, 2.0), "film": np.full(8, 3.0)}
    model = classifier(embeddings=given, lr=1e-12, token_dropout=0.0)
    model.fit(["good film", "bad film"] * 4, [1, 0] * 4)
    table = model.module_.embed.table.weight.detach().numpy()
    rows = [model.tokenizer_.token_to_id(word) for word in ("good", "bad", "film")]
    np.testing.assert_allclose(table[rows], [given["Good"], given["BAD"], given["film"]], atol=1e-5)


def test_a_changed_dict_of_embeddings_is_noticed_by_warm_start():
    given = {"good": np.ones(8), "bad": np.zeros(8)}
    model = classifier(embeddings=given, warm_start=True).fit(X, Y)
    model.set_params(embeddings=dict(given)).fit(X, Y)  # an equal one
    model.set_params(embeddings={**given, "bad": np.ones(8)})
    with pytest.raises(ValueError, match="embeddings changed since it was built"):
        model.fit(X, Y)
