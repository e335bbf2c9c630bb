"""Backbones in training: freezing, their learning rate, copies and searches."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from torch import nn

from skdl.datasets import make_images
from skdl.estimators import CNNClassifier
from tests.estimators.cnn.backbones import (
    FITTED,
    X,
    Y,
    assert_unchanged,
    classifier,
    every,
    every_fitted,
    stages,
    state_of,
    what_changed,
)

# Freezing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freeze", "n_kept"),
    [(False, 0), (0, 0), (1, 1), (2, 2), (3, 3), (True, 3), (np.int64(2), 2), (np.True_, 3)],
)
@pytest.mark.parametrize("params", [{}, {"augment": "flip"}, {"ema_decay": 0.5}], ids=str)
def test_freeze_keeps_the_first_blocks(freeze, n_kept, params):
    backbone = stages()
    model = classifier(backbone, freeze=freeze, lr=0.1, **params).fit(X, Y)
    kept, trained = [(False, False)] * n_kept, [(True, True)] * (3 - n_kept)
    assert what_changed(model, backbone) == kept + trained
    model.partial_fit(X, Y)
    assert what_changed(model, backbone) == kept + trained
    heads = [part for part in model.module_.modules() if isinstance(part, nn.Linear)]
    assert all(param.requires_grad for head in heads for param in head.parameters())
    before = [param.clone() for param in heads[-1].parameters()]
    model.partial_fit(X, Y)
    after = next(p for p in [*model.module_.modules()][::-1] if isinstance(p, nn.Linear))
    assert not all(a.equal(b) for a, b in zip(after.parameters(), before, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop", "adam", "adamw"])
def test_weight_decay_does_not_reach_what_is_frozen(optimizer):
    backbone = stages()
    model = classifier(backbone, freeze=2, optimizer=optimizer, weight_decay=0.5).fit(X, Y)
    assert what_changed(model, backbone) == [(False, False)] * 2 + [(True, True)]
    model = classifier(backbone, freeze=True, optimizer=optimizer, weight_decay=0.5).fit(X, Y)
    assert what_changed(model, backbone) == [(False, False)] * 3


@pytest.mark.parametrize("params", [{}, {"augment": "shift"}, {"mixup": 0.2}], ids=str)
def test_freeze_true_keeps_what_belongs_to_no_block(params):
    """Parameters of the module itself, statistics without weights, dropout between the blocks."""

    class Loose(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.ones(4, 1, 1))
            self.first, self.second = nn.Conv2d(1, 4, 1), nn.Conv2d(4, 4, 1)
            self.norm, self.dropout = nn.BatchNorm2d(4, affine=False), nn.Dropout(0.9)

        def forward(self, x):
            seen.append(self.dropout.training)
            return self.second(self.dropout(self.norm(self.first(x) + self.token)))

    seen, backbone = [], Loose()
    before = copy.deepcopy(backbone.state_dict())
    model = classifier(backbone, freeze=True, lr=0.1, **params).fit(X, Y)
    model.partial_fit(X, Y)
    inside = next(part for part in model.module_.modules() if isinstance(part, Loose))
    assert all(value.equal(before[name]) for name, value in inside.state_dict().items())
    assert not any(seen)


@pytest.mark.parametrize("freeze", [False, True, 1, 2])
def test_what_is_frozen_is_in_evaluation_while_training(freeze):
    class Watched(nn.Conv2d):
        def forward(self, x):
            modes[self.place].append(self.training)
            return super().forward(x)

    modes = {0: [], 1: [], 2: []}
    layers = [Watched(n_in, 4, 1) for n_in in (1, 4, 4)]
    for place, layer in enumerate(layers):
        layer.place = place
    classifier(nn.Sequential(*layers), freeze=freeze, augment="flip").fit(X, Y)
    n_kept = 3 if freeze is True else int(freeze)
    assert [any(modes[place]) for place in range(3)] == [place >= n_kept for place in range(3)]


def test_features_that_are_computed_once_are_those_of_every_epoch():
    params = {"max_epochs": 3, "lr": 0.05}
    once = classifier(stages(), freeze=True, **params).fit(X, Y)
    every_time = classifier(stages(), freeze=3, **params).fit(X, Y)
    np.testing.assert_allclose(once.predict_proba(X), every_time.predict_proba(X), atol=1e-4)
    np.testing.assert_allclose(once.history_.train_loss, every_time.history_.train_loss, atol=1e-4)


def test_a_frozen_backbone_is_asked_once_per_fit():
    class Counted(nn.Conv2d):
        def forward(self, x):
            if len(x) > 2:  # a probe has two
                rows.append(len(x))
            return super().forward(x)

    rows = []
    classifier(Counted(1, 4, 3), freeze=True, max_epochs=7, early_stopping=True).fit(X, Y)
    assert rows == [36, 4, 4]  # and once more for the temperature, on the validation rows
    rows.clear()
    classifier(Counted(1, 4, 3), freeze=True, max_epochs=7, augment="shift").fit(X, Y)
    assert sum(rows) == 7 * 40


def test_warm_starts_and_chunks_keep_what_is_frozen_whatever_changes():
    """augment and mixup may change after a fit; so may what was computed once."""
    backbone = stages()
    for first, then in [({}, {"augment": "shift"}), ({}, {"mixup": 0.2}), ({"mixup": 0.2}, {})]:
        model = classifier(backbone, freeze=True, warm_start=True, **first).fit(X, Y)
        before = model.predict_proba(X)
        model.set_params(**{"augment": None, "mixup": 0.0, **then}).fit(X, Y)
        model.partial_fit(X, Y)
        assert what_changed(model, backbone) == [(False, False)] * 3
        assert not np.array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize("freeze", [4, 100])
def test_more_frozen_blocks_than_there_are(freeze):
    with pytest.raises(ValueError, match=f"freeze={freeze}, but the backbone has 3 blocks"):
        classifier(stages(), freeze=freeze).fit(X, Y)


@pytest.mark.parametrize("freeze", [True, 1, 2])
def test_freeze_needs_a_backbone(freeze):
    model = classifier(freeze=freeze)
    with pytest.raises(ValueError, match=f"freeze={freeze} needs a backbone"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match=f"freeze={freeze} needs a backbone"):
        model.partial_fit(X, Y)
    assert not hasattr(model, "net_")


def test_nothing_frozen_needs_no_backbone():
    classifier(freeze=np.False_).fit(X, Y)


@pytest.mark.parametrize("freeze", [-1, 1.5, "all", None])
def test_bad_values_of_freeze_are_told(freeze):
    with pytest.raises(ValueError, match="'freeze' parameter of CNNClassifier"):
        classifier(stages(), freeze=freeze).fit(X, Y)


def test_what_a_backbone_knows_helps():
    """A head on trained features, from few rows, against one on features as they were drawn."""
    many, labels = make_images(400, size=(8, 8), n_classes=4, noise=0.3, random_state=1)
    rows, answer = make_images(300, size=(8, 8), n_classes=4, noise=0.3, random_state=2)
    params = {"channels": (8, 8), "device": "cpu", "random_state": 0}
    scores = []
    for lr, n_epochs in [(3e-3, 12), (1e-9, 1)]:
        teacher = CNNClassifier(**params, lr=lr, max_epochs=n_epochs).fit(many, labels)
        model = CNNClassifier(**params, backbone=teacher, freeze=True, lr=0.03, max_epochs=30)
        scores.append(model.fit(rows[:16], answer[:16]).score(rows[100:], answer[100:]))
    assert scores[0] > scores[1] + 0.2


def test_parameters_that_came_frozen_are_fine_tuned_all_the_same():
    backbone = stages().requires_grad_(False)
    tuned = classifier(backbone).fit(X, Y).module_.features.network
    frozen = classifier(backbone, freeze=True).fit(X, Y).module_.features.network
    assert not torch.equal(tuned[0][0].weight, backbone[0][0].weight)
    assert torch.equal(frozen[0][0].weight, backbone[0][0].weight)
    assert not backbone[0][0].weight.requires_grad


# The learning rate of the backbone ---------------------------------------------------------------


def step(factor, **params):
    """What one step of plain gradient descent does to the backbone's and the head's weights."""
    backbone = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 1))
    with torch.no_grad():
        for value, param in enumerate(backbone.parameters()):
            param.copy_(torch.linspace(-1, 1, param.numel()).view_as(param) + 0.1 * value)
    plain = {"lr_schedule": "constant", "warmup_fraction": 0.0, "weight_decay": 0.0, "dropout": 0.0}
    descent = {"optimizer": "sgd", "batch_size": 40, "max_epochs": 1, "lr": 0.01}
    model = classifier(backbone, backbone_lr_factor=factor, **{**plain, **descent, **params})
    model.fit(X, Y)
    inside = next(part for part in model.module_.modules() if str(part) == str(backbone))
    pairs = zip(inside.parameters(), backbone.parameters(), strict=True)
    moved = [(new - old).detach().numpy() for new, old in pairs]
    heads = [part for part in model.module_.modules() if isinstance(part, nn.Linear)]
    return moved, [param.detach().numpy() for param in heads[-1].parameters()], model


@pytest.mark.parametrize("factor", [0.1, 0.5, 3])
def test_the_learning_rate_of_the_backbone_is_a_fraction_of_the_heads(factor):
    full, head, _ = step(1.0)
    part, other_head, model = step(factor)
    assert all(np.abs(values).max() > 1e-5 for values in full)
    for slow, fast in zip(part, full, strict=True):
        np.testing.assert_allclose(slow, factor * fast, rtol=1e-2, atol=1e-6)
    for one, other in zip(head, other_head, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)
    assert model.history_.lr.tolist() == [0.01]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "one-cycle", "plateau"])
def test_the_factor_holds_along_the_schedule(schedule):
    params = {"lr_schedule": schedule, "warmup_fraction": 0.3, "max_epochs": 4, "batch_size": 20}
    model = step(0.25, **params)[-1]
    assert model.history_.equals(step(0.25, **params)[-1].history_) is False  # seconds differ
    rates = [group["lr"] for group in model.net_.optimizer_.param_groups]
    assert min(rates) == pytest.approx(0.25 * max(rates))
    model.partial_fit(X, Y)
    rates = [group["lr"] for group in model.net_.optimizer_.param_groups]
    assert sorted(rates) == pytest.approx([0.25 * 0.01, 0.01])


@pytest.mark.parametrize("factor", [0, -1.0, "slow", None])
def test_bad_factors_are_told(factor):
    with pytest.raises(ValueError, match="'backbone_lr_factor' parameter of CNNClassifier"):
        classifier(stages(), backbone_lr_factor=factor).fit(X, Y)


# Copies and searches -----------------------------------------------------------------------------


@every
def test_clones_keep_the_backbone_and_copies_predict_the_same(backbone):
    model = classifier(backbone, freeze=1).fit(X, Y)
    twin = clone(model)
    assert twin.backbone is backbone
    assert not hasattr(twin, "net_")
    assert clone(make_pipeline(model))[-1].backbone is backbone
    expected = model.predict_proba(X)
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(copied.predict_proba(X), expected)
        np.testing.assert_array_equal(clone(copied).fit(X, Y).predict_proba(X), expected)
        copied.partial_fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@every_fitted
def test_a_warm_start_on_a_backbone_goes_on(backbone):
    model = classifier(backbone, warm_start=True).fit(X, Y)
    before = state_of(backbone)
    for again in (model, pickle.loads(pickle.dumps(model))):
        again.fit(X, Y)
        assert_unchanged(backbone, before)
    with pytest.raises(ValueError, match="backbone changed since it was built"):
        model.set_params(backbone=None).fit(X, Y)


def test_a_search_over_backbones():
    fitted = FITTED["own architecture"]
    before = state_of(fitted), fitted.predict_proba(X)
    grid = {"backbone": [None, FrozenEstimator(fitted), stages()]}
    found = []
    for n_jobs in (1, 2):
        search = GridSearchCV(classifier(), grid, cv=2, n_jobs=n_jobs, error_score="raise")
        found.append(search.fit(X, Y).cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*found)
    assert_unchanged(fitted, before[0])
    np.testing.assert_array_equal(fitted.predict_proba(X), before[1])
    assert search.predict_proba(X).shape == (40, 3)


def test_a_search_over_bare_fitted_classifiers_says_what_to_do():
    search = GridSearchCV(
        classifier(), {"backbone": [FITTED["callable"]]}, cv=2, error_score="raise"
    )
    with pytest.raises(ValueError, match=r"must be fitted.*FrozenEstimator"):
        search.fit(X, Y)


@pytest.mark.parametrize("backbone", [FITTED["own architecture"], stages()])
def test_a_search_with_a_fixed_backbone(backbone):
    before = state_of(backbone)
    grid = {"lr": [1e-3, 0.03], "freeze": np.array([True, False])}
    found = []
    for n_jobs in (1, 2):
        search = GridSearchCV(classifier(backbone), grid, cv=2, n_jobs=n_jobs, error_score="raise")
        found.append(search.fit(X, Y).cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*found)
    assert_unchanged(backbone, before)
    assert search.best_estimator_.backbone is backbone
    by_hand = cross_val_score(classifier(backbone, lr=1e-3, freeze=True), X, Y, cv=2)
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(by_hand.mean())


def test_a_shared_backbone_keeps_its_parameters():
    base = classifier().fit(X, Y)
    model = classifier(base)
    assert "backbone__lr" not in model.get_params()
    with pytest.raises(ValueError, match="backbone keeps its parameters; got backbone__lr"):
        clone(model).set_params(backbone__lr=1.0)
    assert base.lr == CNNClassifier().lr
    assert clone(model).set_params(lr=1.0).lr == 1.0
