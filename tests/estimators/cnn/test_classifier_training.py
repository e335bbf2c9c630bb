"""What a fit trains on: normalization, augmentation and losses."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional as F

from skdl.datasets import make_images
from skdl.estimators.cnn._augmentation import AUGMENTATIONS
from tests.estimators.cnn.classifiers import (
    CHANNELS,
    COLOUR,
    SIGNALS,
    X,
    Y,
    assert_unfitted,
    classifier,
    linear,
)

# Normalization -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_units_do_not_matter(scale, offset):
    rows = X.astype(float)
    expected = classifier().fit(rows, Y).predict_proba(rows)
    other = scale * (rows + offset)
    got = classifier().fit(other, Y).predict_proba(other)
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_each_channel_has_its_own_units():
    rows = COLOUR.astype(float)
    expected = classifier().fit(rows, Y).predict_proba(rows)
    other = rows * [1.0, 1e-4, 1e4] + [0.0, 7.0, -100.0]
    np.testing.assert_allclose(classifier().fit(other, Y).predict_proba(other), expected, atol=2e-3)
    model = classifier().fit(other, Y)
    np.testing.assert_allclose(model.module_.mean.sum(0), other.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(model.module_.scale, other.std((0, 1, 2)), rtol=1e-5)


def test_without_normalize_values_are_as_they_are():
    model = classifier(architecture=linear, normalize=False).fit(X, Y)
    np.testing.assert_array_equal(model.encode(X), X.reshape(40, -1))
    assert model.module_.mean.sum(0).tolist() == [0]
    assert model.module_.scale.tolist() == [1]


def test_statistics_are_those_of_weighted_training_rows():
    weight = np.arange(40.0)
    model = classifier().fit(X, Y, weight)
    mean = np.average(X.mean((1, 2)), weights=weight)
    assert float(model.module_.mean.sum()) == pytest.approx(mean)
    spread = np.average(((X - mean) ** 2).mean((1, 2)), weights=weight) ** 0.5
    assert float(model.module_.scale) == pytest.approx(spread)


def test_statistics_do_not_look_at_the_validation_rows():
    params = {"early_stopping": True, "validation_fraction": 0.25, "max_epochs": 1}
    moved = 0
    for row in range(40):
        far = X.astype(np.float32)
        far[row] += 1e6
        moved += float(classifier(**params).fit(far, Y).module_.mean.sum()) > 1e3
    assert moved == 30


def test_statistics_stay_when_training_goes_on():
    model = classifier(warm_start=True).fit(X, Y)
    mean = float(model.module_.mean.sum())
    model.partial_fit(X // 2, Y).fit(X // 2, Y)
    assert float(model.module_.mean.sum()) == mean


# Augmentation ------------------------------------------------------------------------------------


class Watches:
    """An augmentation that changes nothing and remembers what it was given."""

    def __init__(self):
        self.seen = []

    def __call__(self, x):
        self.seen.append(x.clone())
        return x


@pytest.mark.parametrize(
    ("rows", "params", "shape"),
    [
        (X, {}, (1, 6, 6)),
        (COLOUR, {}, (3, 6, 6)),
        (SIGNALS, {}, (1, 12)),
        (CHANNELS, {"kind": "signal"}, (2, 9)),
    ],
    ids=["grey", "colour", "signal", "channels"],
)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_callable_gets_normalized_rows_channels_first(rows, params, shape, precision):
    augment = Watches()
    model = classifier(augment=augment, batch_size=40, precision=precision, **params).fit(rows, Y)
    assert len(augment.seen) == 2
    for x in augment.seen:
        assert x.shape == (40, *shape)
        assert x.dtype is getattr(torch, precision)
        assert x.device.type == "cpu"
        assert not x.requires_grad
        dims = [0, *range(2, x.ndim)]
        assert x.mean(dims).abs().max() < 1e-3
        torch.testing.assert_close(x.std(dims), torch.ones_like(x.std(dims)), atol=0.02, rtol=0)
    twin = classifier(batch_size=40, precision=precision, **params).fit(rows, Y)
    np.testing.assert_array_equal(model.predict_proba(rows), twin.predict_proba(rows))


@pytest.mark.parametrize("callbacks", [None, "per batch"])
def test_augmentation_is_for_training_rows_only(callbacks):
    class PerBatch(Callback):
        def on_batch_end(self, net, **kwargs):
            pass

    augment = Watches()
    model = classifier(
        augment=augment,
        early_stopping=True,
        validation_fraction=0.25,
        max_epochs=3,
        callbacks=callbacks and [PerBatch()],
    ).fit(X, Y)
    assert sum(map(len, augment.seen)) == 3 * 30
    assert len({row.numpy().tobytes() for batch in augment.seen for row in batch}) == 30
    augment.seen.clear()
    for method in (model.predict, model.predict_proba, model.decision_function, model.encode):
        method(X)
    model.score(X, Y)
    assert augment.seen == []
    model.partial_fit(X[:10], Y[:10])
    assert sum(map(len, augment.seen)) == 10


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("rows", [X, COLOUR, SIGNALS], ids=["grey", "colour", "signal"])
def test_augmentations_are_seeded(name, rows):
    def proba(seed=0):
        return (
            classifier(augment=name, mixup=0.2, random_state=seed).fit(rows, Y).predict_proba(rows)
        )

    first = proba()
    torch.rand(3)
    np.testing.assert_array_equal(proba(), first)
    assert not np.array_equal(proba(1), first)


def test_each_epoch_is_augmented_differently():
    drawn = []

    def noise(x):
        drawn.append(torch.rand(()).item())
        return x + torch.randn_like(x)

    classifier(augment=noise, batch_size=40, max_epochs=5).fit(X, Y)
    assert len(set(drawn)) == 5


def test_what_augments_in_place_spoils_nothing():
    means = []

    def add(x):
        means.append(x.mean().item())
        return x.add_(1)

    model = classifier(augment=add, batch_size=40, max_epochs=3).fit(X, Y)
    np.testing.assert_allclose(means, 0, atol=1e-4)
    model.partial_fit(X, Y)
    np.testing.assert_allclose(means, 0, atol=1e-4)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (lambda x: x[:, :, 1:], r"\(14?0?, 1, 6, 6\)|shape it was given.*1, 6, 6\).*1, 5, 6\)"),
        (lambda x: x[:1], r"shape it was given.*got .*\(1, 1, 6, 6\)"),
        (lambda x: None, "augment must return a tensor, got NoneType"),
        (lambda x: x.int(), r"augment must return floats.*torch\.int32"),
        (lambda x: x * np.nan, "training loss is not finite"),
    ],
    ids=["shape", "rows", "nothing", "integers", "NaN"],
)
def test_bad_augmentations_are_told(augment, message):
    model = classifier(augment=augment)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(X, Y)
        assert_unfitted(model)


def test_an_augmentation_of_another_precision_is_fine():
    model = classifier(augment=lambda x: x.double()).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), classifier().fit(X, Y).predict_proba(X))


def test_a_shift_teaches_that_places_do_not_matter():
    """Trained on bars in the middle, asked for bars beside it."""
    rng = np.random.default_rng(0)
    rows = 20 * rng.normal(size=(200, 16, 16)) + 100
    labels = np.arange(200) % 2
    rows[labels == 0, :, 7:9] += 100
    rows[labels == 1, 7:9, :] += 100
    moved = np.roll(rows, (2, -2), (1, 2))
    params = {"architecture": linear, "max_epochs": 20, "lr": 0.01}
    plain, taught = (
        classifier(augment=augment, **params).fit(rows[:100], labels[:100])
        for augment in (None, "shift")
    )
    assert taught.score(moved[100:], labels[100:]) > plain.score(moved[100:], labels[100:]) + 0.1


# Losses ------------------------------------------------------------------------------------------

# Rows that have one bright pixel each, another one for each: what was mixed can be read off.
ONE_HOT = np.eye(36).reshape(36, 6, 6)
LABELS = np.arange(36) % 3


class Recorder(nn.Module):
    """A linear network that remembers what it was given and gave in training."""

    def __init__(self, shape, n_classes):
        super().__init__()
        self.layer = nn.Linear(36, n_classes)

    def forward(self, x):
        scores = self.layer(x.flatten(1))
        if self.training:
            recorded.append((x.flatten(1).detach().clone(), scores.detach().clone()))
        return scores


recorded = []


@pytest.fixture(autouse=True)
def forget():
    recorded.clear()


def fit_recorder(y=LABELS, weight=None, **params):
    """One epoch of one batch of ONE_HOT; the order of its rows is theirs."""
    model = classifier(
        architecture=Recorder, normalize=False, batch_size=36, max_epochs=1, **params
    )
    return model.fit(ONE_HOT, y, weight)


@pytest.mark.parametrize("mixup", [0.2, 1.0, 8.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
def test_mixup_mixes_pairs_of_rows_and_their_losses(mixup, weighted, label_smoothing):
    weight = np.linspace(0.5, 3, 36) if weighted else None
    for seed in range(3):
        recorded.clear()
        model = fit_recorder(
            weight=weight, mixup=mixup, label_smoothing=label_smoothing, random_state=seed
        )
        [(mixed, scores)] = recorded
        share = 1.0
        order = []
        for row in range(36):
            others = [place for place in mixed[row].nonzero()[:, 0].tolist() if place != row]
            order.append(others[0] if others else row)
            if others:
                share = float(mixed[row, row])
                assert float(mixed[row, others[0]]) == pytest.approx(1 - share, abs=1e-5)
            assert len(others) <= 1
            assert float(mixed[row].sum()) == pytest.approx(1, abs=1e-5)
        by = mixed.diagonal()[torch.tensor(order) != torch.arange(36)]
        torch.testing.assert_close(by, torch.full_like(by, share), atol=1e-5, rtol=0)
        assert sorted(order) == list(range(36)), "each row is a partner once"
        y = torch.tensor(LABELS)
        losses = F.cross_entropy(
            scores, y, reduction="none", label_smoothing=label_smoothing
        ), F.cross_entropy(
            scores, y[order], reduction="none", label_smoothing=label_smoothing
        )  # fmt: skip
        w = torch.ones(36) if weight is None else torch.tensor(weight / weight.mean()).float()
        by_hand = share * (losses[0] * w).mean() + (1 - share) * (losses[1] * w[order]).mean()
        assert model.history_.train_loss[0] == pytest.approx(float(by_hand), rel=1e-4)


def test_mixup_draws_a_share_for_each_batch():
    classifier(architecture=Recorder, normalize=False, batch_size=6, max_epochs=4, mixup=1.0).fit(
        ONE_HOT, LABELS
    )
    largest = {round(float(mixed.max(1).values.min()), 4) for mixed, _ in recorded}
    assert len(recorded) == 24
    assert len(largest) > 12


def test_label_smoothing_is_for_training_only():
    model = fit_recorder(label_smoothing=0.3)
    [(_, scores)] = recorded
    by_hand = F.cross_entropy(scores, torch.tensor(LABELS), label_smoothing=0.3)
    assert model.history_.train_loss[0] == pytest.approx(float(by_hand), rel=1e-5)
    still = {"lr": 1e-9, "early_stopping": True, "validation_fraction": 0.25}
    for more in ({"label_smoothing": 0.3}, {"mixup": 1.0}, {"augment": lambda x: -x}):
        plain, other = fit_recorder(**still), fit_recorder(**still, **more)
        assert other.history_.valid_loss[0] == pytest.approx(plain.history_.valid_loss[0], rel=1e-4)
        assert other.history_.train_loss[0] != pytest.approx(plain.history_.train_loss[0], rel=1e-4)


@pytest.mark.parametrize("params", [{"label_smoothing": 0.4}, {"mixup": 2.0}], ids=str)
def test_smoothed_labels_and_mixed_rows_make_less_sure_of_it(params):
    rows, labels = make_images(120, size=(8, 8), random_state=0)
    base = {"channels": (8, 8), "max_epochs": 15, "lr": 0.01}
    plain, other = (
        classifier(**base, **more).fit(rows, labels).predict_proba(rows).max(1).mean()
        for more in ({}, params)
    )
    assert other < plain - 0.02


def test_class_weights_and_sample_weights_multiply_with_everything_on():
    params = {"mixup": 0.3, "label_smoothing": 0.1, "augment": "shift"}
    weight = np.linspace(0.5, 1.5, 40)
    both = classifier(class_weight={0: 3.0, 1: 1.0, 2: 0.5}, **params).fit(X, Y, weight)
    by_row = classifier(**params).fit(X, Y, weight * np.array([3.0, 1.0, 0.5])[Y])
    np.testing.assert_allclose(both.predict_proba(X), by_row.predict_proba(X), atol=1e-5)
    unweighted = classifier(**params).fit(X, Y)
    assert not np.allclose(both.predict_proba(X), unweighted.predict_proba(X), atol=1e-4)


def test_balanced_classes():
    rows, labels = np.concatenate([X, X[Y == 0], X[Y == 0]]), np.concatenate([Y, np.zeros(28, int)])
    assert len(rows) == len(labels), "28 rows of class 0 were added"
    params = {"architecture": linear, "max_epochs": 20, "lr": 0.01}
    plain, even = (
        classifier(class_weight=weight, **params).fit(rows, labels).predict_proba(rows)[:, 0].mean()
        for weight in (None, "balanced")
    )
    assert even < plain - 0.02
