"""The budget of tokens: what the cost of a default fit on texts is bounded by."""

import numpy as np
import pytest

from skdl.estimators import TransformerClassifier
from skdl.estimators.transformer import _budget
from skdl.estimators.transformer._budget import (
    MAX_LENGTH,
    MAX_TOKENS,
    MIN_EPOCHS,
    MIN_LENGTH,
    epochs_within,
    longest_within,
    n_tokens,
    network_weight,
)
from tests.texts import make_texts


def cost(lengths, batch_size=64):
    """Tokens of all epochs of a fit."""
    n_each = n_tokens(lengths, longest_within(lengths))
    return n_each * epochs_within(-(-len(lengths) // batch_size), n_each)


@pytest.mark.parametrize("n_texts", [50, 1000, 10_000, 40_000])
@pytest.mark.parametrize("length", [5, 20, 60, 300, 5000])
def test_the_tokens_of_all_epochs_are_within_the_budget(n_texts, length):
    lengths = np.random.default_rng(0).integers(length // 2, 2 * length, n_texts)
    assert cost(lengths) <= MAX_TOKENS


def test_beyond_it_one_epoch_of_short_texts_is_left():
    assert cost(np.full(200_000, 300)) == 200_000 * MIN_LENGTH


@pytest.mark.parametrize(("n_texts", "length", "n_epochs"), [(300, 500, 8), (8000, 24, 4)])
def test_where_it_is_not_reached_it_changes_nothing(n_texts, length, n_epochs):
    lengths = np.full(n_texts, length)
    assert longest_within(lengths) == MAX_LENGTH
    n_each = n_tokens(lengths, MAX_LENGTH)
    assert epochs_within(-(-n_texts // 64), n_each) == n_epochs


def test_texts_are_as_long_as_the_budget_allows():
    lengths = np.random.default_rng(0).integers(10, 600, 10_000)
    longest = longest_within(lengths)
    assert MIN_LENGTH < longest < MAX_LENGTH
    assert n_tokens(lengths, longest) * MIN_EPOCHS <= MAX_TOKENS
    assert n_tokens(lengths, longest + 8) * MIN_EPOCHS > MAX_TOKENS


def test_n_grams_count_more_the_longer_texts_are():
    weights = [network_weight(length) for length in (0, 10, 64, 128, 640)]
    assert weights == pytest.approx([0.25, 0.25, 0.25, 0.125, 0.025])


def model(**params):
    small = {"d_model": 8, "n_heads": 2, "n_layers": 1, "random_state": 0, "device": "cpu"}
    return TransformerClassifier(**{**small, **params})


@pytest.fixture
def small_budget(monkeypatch):
    monkeypatch.setattr(_budget, "MAX_TOKENS", 3000)
    monkeypatch.setattr(_budget, "MIN_LENGTH", 8)
    monkeypatch.setattr(_budget, "USUAL_LENGTH", 16)


def long_texts():
    texts, y = make_texts(60, 2)
    return [" ".join([text] * 8) for text in texts], y


def test_a_fit_is_within_the_budget(small_budget):
    X, y = long_texts()
    fitted = model().fit(X, y)
    longest = max(map(len, fitted.tokenize(X)))
    assert 8 <= longest < max(len(text.split()) for text in X)
    assert sum(map(len, fitted.tokenize(X))) * fitted.n_iter_ <= 3000
    assert fitted.n_iter_ == 3
    assert fitted.network_weight_ < 0.2


def test_what_the_user_asks_for_is_done(small_budget):
    X, y = long_texts()
    fitted = model(max_length=30, max_epochs=4).fit(X, y)
    assert max(map(len, fitted.tokenize(X))) == 30
    assert fitted.n_iter_ == 4


def test_the_first_of_several_parts_decides_nothing(small_budget):
    X, y = long_texts()
    fitted = model().partial_fit(X[:30], y[:30])
    assert max(map(len, fitted.tokenize(X))) == max(len(text.split()) for text in X)
