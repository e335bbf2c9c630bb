"""The Transformer classifier on series."""

import numpy as np
import pytest

from skdl.estimators import TransformerClassifier
from skdl.estimators.transformer._network import POSITIONS
from tests.estimators.transformer.classifiers import (
    NUMBERS,
    NUMBERS_Y,
    RAGGED,
    assert_close,
    classifier,
)

# Series ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("positional", POSITIONS)
@pytest.mark.parametrize("pooling", ["mean", "cls", "attention", "max"])
def test_series_of_any_kind(positional, pooling):
    model = classifier(positional=positional, pooling=pooling, max_epochs=1)
    for data in (NUMBERS, RAGGED):
        model.fit(data, NUMBERS_Y)
        together = model.predict_proba(data)
        assert_close(np.concatenate([model.predict_proba(data[i : i + 1]) for i in range(9)]),
                     together[:9])  # fmt: skip
        assert model.input_type_ == "numeric"


@pytest.mark.parametrize(
    ("n_steps", "patch_size"), [(1, 1), (10, 1), (64, 1), (65, 2), (1000, 16), (5000, 79)]
)
def test_long_series_are_cut_into_at_most_64_patches(n_steps, patch_size):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(6, n_steps, 2))
    model = classifier(max_epochs=1).fit(data, [0, 1] * 3)
    assert model.patch_size_ == patch_size
    n_patches = -(-n_steps // patch_size)
    assert n_patches <= 64
    for found in model.attention_maps(data):
        assert found.shape == (1, 2, n_patches, n_patches)
        assert_close(found.sum(-1), 1)
    assert np.isfinite(model.predict_proba(data)).all()


def test_one_long_series_does_not_decide_the_patches():
    """Nor is a series of very many patches seen whole by attention."""
    rng = np.random.default_rng(0)
    series = [rng.normal(size=n) for n in rng.integers(40, 65, 20)]
    longer = [*series, rng.normal(size=30_000)]
    y = np.arange(21) % 2
    model = classifier(max_epochs=1, linear_model=False).fit(longer, y)
    assert model.patch_size_ == 1
    assert model.attention_maps(longer[-1:])[0].shape[-1] == 1024
    middle, end = longer[-1].copy(), longer[-1].copy()
    middle[15_000] += 9
    end[29_990] += 9
    found = model.predict_proba([longer[-1], middle, end])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)
    assert np.abs(found[2] - found[0]).max() > 1e-6
    together = model.predict_proba(longer)
    np.testing.assert_allclose(model.predict_proba(series), together[:-1], atol=1e-5)


def test_networks_of_halves_have_the_same_patches(monkeypatch):
    """The temperature and weight that a second network of half of the rows learns hold for both."""
    rng = np.random.default_rng(0)
    series = [rng.normal(size=n) for n in [*[80] * 30, *[400] * 30]]
    sizes, make_module = [], TransformerClassifier._make_module

    def seen(self, train):
        module = make_module(self, train)
        sizes.append(module.embed.patch_size)
        return module

    monkeypatch.setattr(TransformerClassifier, "_make_module", seen)
    small = {"d_model": 8, "n_heads": 2, "n_layers": 1, "max_epochs": 2}
    model = TransformerClassifier(**small, device="cpu").fit(series, np.arange(60) % 2)
    assert sizes == [model.patch_size_] * 2


def test_attention_maps_of_ragged_series():
    model = classifier(pooling="cls", max_epochs=1).fit(RAGGED, NUMBERS_Y)
    for row, found in zip(RAGGED, model.attention_maps(RAGGED), strict=True):
        assert found.shape == (1, 2, len(row) + 1, len(row) + 1)


def test_a_series_longer_than_those_of_fit():
    model = classifier(max_epochs=1).fit(RAGGED, NUMBERS_Y)
    proba = model.predict_proba([*RAGGED, np.ones(3000)])
    assert np.isfinite(proba).all()
    assert_close(proba[:-1], model.predict_proba(RAGGED))


def test_the_scale_of_series_does_not_matter():
    first, second = (
        classifier().fit(data, NUMBERS_Y).predict_proba(data)
        for data in (NUMBERS, 1e4 * NUMBERS - 1e5)
    )
    assert_close(first, second, atol=0.02)


def test_numbers_as_objects_and_words_that_look_like_numbers():
    objects = NUMBERS.astype(object)
    assert classifier(max_epochs=1).fit(objects, NUMBERS_Y).input_type_ == "numeric"
    assert classifier(max_epochs=1).fit(["1.5", "2.5"] * 5, [0, 1] * 5).input_type_ == "text"
