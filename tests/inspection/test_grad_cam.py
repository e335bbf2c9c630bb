"""GradCAMDisplay: where a network looked, against class activation maps computed by hand."""

import sys

import matplotlib as mpl
import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from skdl.datasets import make_images
from skdl.estimators import SVC, CNNClassifier
from skdl.inspection import GradCAMDisplay

mpl.use("Agg")
from matplotlib import pyplot as plt

SMALL = {"channels": (4, 6), "max_epochs": 2, "device": "cpu", "random_state": 0}
NAMES = np.array(["left", "middle", "right"])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def signals(n_channels=1):
    """A bump at one of three places."""
    rng = np.random.default_rng(0)
    y = np.arange(48) % 3
    X = rng.normal(0, 0.3, size=(48, 24, n_channels))
    for row, place in enumerate(y):
        X[row, 8 * place : 8 * place + 4] += 2
    return X, NAMES[y]


@pytest.fixture(scope="module")
def images():
    return make_images(48, size=(8, 8), random_state=0)


@pytest.fixture(scope="module")
def classifier(images):
    return CNNClassifier(**SMALL).fit(*images)


def averaging(pool=1, inplace=False):
    """An architecture that averages its last maps over space, with a linear head."""

    def network(shape, n_classes):
        image = len(shape) == 3
        convolution = (nn.Conv2d if image else nn.Conv1d)(shape[0], 5, 3, padding=1)
        shrink = (nn.MaxPool2d if image else nn.MaxPool1d)(pool)
        average = (nn.AdaptiveAvgPool2d if image else nn.AdaptiveAvgPool1d)(1)
        maps = nn.Sequential(convolution, shrink, nn.ReLU(inplace=inplace))
        return nn.Sequential(maps, average, nn.Flatten(), nn.Linear(5, n_classes))

    return network


def maps_by_hand(fitted, X, target):
    """relu(sum_k W[c, k] A_k) over the number of places: Zhou et al., CVPR (2016)."""
    module = fitted.module_
    x = torch.as_tensor(X).reshape(len(X), *fitted.input_shape_)
    with torch.no_grad():
        seen = module.standardize(x)
        maps = module.network[0](seen.movedim(-1, 1)).numpy()  # (n, F, *space)
    weights = module.network[-1].weight.detach().numpy()[np.searchsorted(fitted.classes_, target)]
    n_places = maps[0, 0].size
    return np.maximum(np.einsum("nf,nf...->n...", weights, maps), 0) / n_places


def state(fitted):
    """What an explanation must not change."""
    module = fitted.module_
    flags = [(p.requires_grad, p.grad) for p in module.parameters()]
    modes = [part.training for part in module.modules()]
    hooks = [len(part._forward_hooks) for part in module.modules()]
    values = {name: value.clone() for name, value in module.state_dict().items()}
    return flags, modes, hooks, values


def assert_same_state(fitted, before):
    now = state(fitted)
    assert now[:3] == before[:3]
    for name, value in before[3].items():
        assert torch.equal(now[3][name], value)


# The heat ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["gradcam", "hirescam"])
@pytest.mark.parametrize("inplace", [False, True])
def test_equals_class_activation_maps(images, inplace, method):
    X, y = images
    params = {**SMALL, "precision": "float64", "architecture": averaging(inplace=inplace)}
    fitted = CNNClassifier(**params).fit(X, y)
    for target in (None, 2, y[:6]):
        display = GradCAMDisplay.from_estimator(fitted, X[:6], target=target, method=method)
        wanted = fitted.predict(X[:6]) if target is None else np.broadcast_to(target, 6)
        expected = maps_by_hand(fitted, X[:6], wanted)
        np.testing.assert_allclose(display.heat_, expected, rtol=1e-10)
        np.testing.assert_array_equal(display.targets, wanted)
        assert expected.any()


def test_equals_class_activation_maps_of_signals_brought_to_their_length():
    X, y = signals(2)
    params = {**SMALL, "kind": "signal", "precision": "float64", "max_epochs": 30}
    fitted = CNNClassifier(**params, architecture=averaging(pool=2)).fit(X, y)
    display = GradCAMDisplay.from_estimator(fitted, X[:9], target=y[:9])
    coarse = maps_by_hand(fitted, X[:9], y[:9])
    assert coarse.shape == (9, 12)
    # The middle of each of 12 places, in steps.
    middles = 2 * np.arange(12) + 0.5
    expected = [np.interp(np.arange(24), middles, row) for row in coarse]
    np.testing.assert_allclose(display.heat_, expected, rtol=1e-10)


def placing(shape, n_classes):
    """A network whose head tells places apart."""
    return nn.Sequential(
        nn.Conv2d(shape[0], 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(320, n_classes)
    )


@pytest.mark.parametrize("method", ["gradcam", "hirescam"])
def test_where_the_head_tells_places_apart(images, method):
    X, y = images
    fitted = CNNClassifier(**SMALL, precision="float64", architecture=placing).fit(X, y)
    display = GradCAMDisplay.from_estimator(fitted, X[:6], target=y[:6], method=method)
    network = fitted.module_.network
    with torch.no_grad():
        maps = network[:2](
            fitted.module_.standardize(torch.as_tensor(X[:6])[..., None]).movedim(-1, 1)
        )
    weights = network[-1].weight.detach()[y[:6]].reshape(6, 5, 8, 8)
    if method == "gradcam":
        weights = weights.mean((2, 3), keepdim=True)
    np.testing.assert_allclose(display.heat_, (weights * maps).sum(1).relu(), rtol=1e-10)


NETWORKS = {
    "plain": {"architecture": "plain"},
    "resnet": {"architecture": "resnet"},
    "custom": {"architecture": averaging()},
    "module": {"backbone": nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True))},
    "frozen module": {"backbone": nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), "freeze": True},
    "flat features": {
        "backbone": nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten()),
        "freeze": True,
    },
    "colour module": {"backbone": nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), "freeze": True},
    "fitted": {"backbone": {}},
    "frozen fitted": {"backbone": {}, "freeze": True},
    "frozen in part": {"backbone": {}, "freeze": 1},
    "frozen custom": {"backbone": {"architecture": averaging()}, "freeze": True},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_and_leaves_it_alone(name, images):
    X, y = images
    params = dict(NETWORKS[name])
    if isinstance(params.get("backbone"), dict):
        params["backbone"] = CNNClassifier(**SMALL, **params["backbone"]).fit(X, y)
    fitted = CNNClassifier(**SMALL, **params).fit(X, y)
    before, answers = state(fitted), fitted.predict_proba(X)
    display = GradCAMDisplay.from_estimator(fitted, X[:20], target=1)
    assert display.heat_.shape == (20, 8, 8)
    assert np.isfinite(display.heat_).all()
    assert (display.heat_ >= 0).all()
    assert display.heat_.any()
    assert_same_state(fitted, before)
    np.testing.assert_array_equal(fitted.predict_proba(X), answers)
    np.testing.assert_array_equal(display.probabilities, answers[:20, 1])


@pytest.mark.parametrize("architecture", ["auto", "plain", "resnet", "fcn", averaging()])
def test_signals(architecture):
    X, y = signals()
    fitted = CNNClassifier(**SMALL, architecture=architecture).fit(X[..., 0], y)
    display = GradCAMDisplay.from_estimator(fitted, X[:4, :, 0])
    assert display.heat_.shape == (4, 24)
    assert list(display.targets) == list(fitted.predict(X[:4, :, 0]))


def test_one_row_does_not_depend_on_the_others(classifier, images):
    X, _ = images
    together = GradCAMDisplay.from_estimator(classifier, X[:40]).heat_
    for row in (0, 17, 39):
        alone = GradCAMDisplay.from_estimator(classifier, X[row : row + 1]).heat_[0]
        np.testing.assert_allclose(together[row], alone, rtol=1e-4, atol=1e-7)


def test_works_where_gradients_are_off(classifier, images):
    expected = GradCAMDisplay.from_estimator(classifier, images[0][:3]).heat_
    with torch.no_grad():
        heat = GradCAMDisplay.from_estimator(classifier, images[0][:3]).heat_
    np.testing.assert_array_equal(heat, expected)


# The layer ---------------------------------------------------------------------------------------


def shrinking(shape, n_classes):
    """Maps of 8 x 8, 4 x 4, 2 x 2 and 1 x 1."""
    blocks = [
        nn.Sequential(nn.Conv2d(n_in, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        for n_in in (shape[0], 4, 4)
    ]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(4, n_classes))


def heat_of(fitted, X, layer):
    return GradCAMDisplay.from_estimator(fitted, X[:5], layer=layer).heat_


def test_layer_by_name_or_itself_and_by_default_a_fine_one(images):
    X, y = images
    fitted = CNNClassifier(**SMALL, architecture=shrinking).fit(X, y)
    network = fitted.module_.network
    by_name = heat_of(fitted, X, "network.1.1")
    np.testing.assert_array_equal(by_name, heat_of(fitted, X, network[1][1]))
    np.testing.assert_array_equal(by_name, heat_of(fitted, X, None))  # the last of 4 x 4
    assert not np.array_equal(by_name, heat_of(fitted, X, "network.0"))


def test_coarse_layer_where_there_is_no_other(images):
    X, y = images
    backbone = nn.Sequential(nn.Conv2d(1, 4, 4, stride=4), nn.ReLU())
    fitted = CNNClassifier(**SMALL, backbone=backbone).fit(X, y)
    assert heat_of(fitted, X, None).shape == (5, 8, 8)


@pytest.mark.parametrize("layer", ["network.3", "network.4", "nowhere", nn.ReLU()])
def test_layers_without_places_are_refused(images, layer):
    X, y = images
    fitted = CNNClassifier(**SMALL, architecture=shrinking).fit(X, y)
    with pytest.raises(ValueError, match=r"layer must be a part.*'network\.0\.1'"):
        heat_of(fitted, X, layer)


def test_a_network_without_places_is_refused(images):
    X, y = images
    fitted = CNNClassifier(
        **SMALL,
        architecture=lambda shape, k: nn.Sequential(nn.Flatten(), nn.Linear(64, k)),
    ).fit(X, y)
    with pytest.raises(ValueError, match="there is none"):
        heat_of(fitted, X, None)


class Aside(nn.Module):
    """Scores that a part of the network has no gradient to."""

    def __init__(self, n_classes):
        super().__init__()
        self.maps, self.head = nn.Conv2d(1, 3, 3), nn.Linear(64, n_classes)

    def forward(self, x):
        return self.head(x.flatten(1)) + self.maps(x).detach().mean()


def test_a_layer_without_gradient_is_refused(images):
    X, y = images
    fitted = CNNClassifier(**SMALL, architecture=lambda _, k: Aside(k)).fit(X, y)
    with pytest.raises(ValueError, match="no gradient with respect to the output of layer Conv2d"):
        heat_of(fitted, X, None)


# What it is asked --------------------------------------------------------------------------------


def test_through_pipelines_searches_and_other_wrappers(images):
    X, y = images
    fitted = CNNClassifier(**SMALL).fit(X[:, ::-1], y)
    expected = GradCAMDisplay.from_estimator(fitted, X[:4, ::-1])
    pipeline = make_pipeline(FunctionTransformer(lambda X: X[:, ::-1]), CNNClassifier(**SMALL))
    for wrapped in (
        pipeline.fit(X, y),
        GridSearchCV(pipeline, {"cnnclassifier__lr": [3e-3]}, cv=2).fit(X, y),
        make_pipeline(GridSearchCV(pipeline, {"cnnclassifier__lr": [3e-3]}, cv=2)).fit(X, y),
        FrozenEstimator(pipeline),
    ):
        display = GradCAMDisplay.from_estimator(wrapped, X[:4])
        np.testing.assert_array_equal(display.inputs, expected.inputs)
        np.testing.assert_allclose(display.heat_, expected.heat_, rtol=1e-4, atol=1e-7)


def test_through_a_threshold(images):
    X, y = images
    model = FixedThresholdClassifier(CNNClassifier(**SMALL)).fit(X, y == 0)
    assert list(GradCAMDisplay.from_estimator(model, X[:2], target=True).targets) == [True] * 2


def test_labels_that_are_words(images):
    X, y = images
    fitted = CNNClassifier(**SMALL).fit(X, NAMES[y])
    display = GradCAMDisplay.from_estimator(fitted, X[:2], target=["right", "left"])
    assert list(display.targets) == ["right", "left"]
    assert list(GradCAMDisplay.from_estimator(fitted, X[:2], target="left").targets) == ["left"] * 2


@pytest.mark.parametrize("target", [3, "1", [0, 1, 5]])
def test_unknown_labels_are_refused(classifier, images, target):
    with pytest.raises(ValueError, match=r"one of the classes \[0, 1, 2\], got (3|'1'|5)\."):
        GradCAMDisplay.from_estimator(classifier, images[0][:3], target=target)


def test_a_wrong_number_of_labels_is_refused(classifier, images):
    with pytest.raises(ValueError, match=r"each of the 3 rows, got an array of shape \(2,\)"):
        GradCAMDisplay.from_estimator(classifier, images[0][:3], target=[0, 1])


def test_not_fitted(images):
    for unfitted in (
        CNNClassifier(),
        make_pipeline(FunctionTransformer(), CNNClassifier()),
        GridSearchCV(CNNClassifier(), {}),
    ):
        with pytest.raises(NotFittedError):
            GradCAMDisplay.from_estimator(unfitted, images[0][:2])


def test_unknown_method(classifier, images):
    with pytest.raises(ValueError, match=r"method must be one of .*, got 'cam'"):
        GradCAMDisplay.from_estimator(classifier, images[0][:2], method="cam")


def test_other_estimators_are_refused(images):
    X, y = images
    flat = X.reshape(len(X), -1)
    with pytest.raises(TypeError, match=r"needs a classifier such as CNNClassifier.*Got SVC\."):
        GradCAMDisplay.from_estimator(SVC().fit(flat, y), flat)
    with pytest.raises(TypeError, match=r"Got SVC in Pipeline\."):
        GradCAMDisplay.from_estimator(make_pipeline(SVC()).fit(flat, y), flat)
    with pytest.raises(TypeError, match="Got NoneType"):
        GradCAMDisplay.from_estimator(None, flat)


class Brightest(nn.Module):
    """Scores from the means of two maps: the images themselves, and their negatives."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Identity()

    def forward(self, inputs):
        maps = self.maps(torch.cat([inputs, -inputs], -1).movedim(-1, 1))
        return maps.mean((2, 3))


class OtherClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of another kind that offers what the display asks for."""

    def fit(self, X, y):
        self.classes_, self.module_ = np.unique(y), Brightest()
        return self

    def predict_proba(self, X):
        with torch.no_grad():
            return self.module_(self._tensor(X)).softmax(1).numpy()

    def _activation_inputs(self, X, batch_size):
        return [(rows, rows) for rows in self._tensor(X).split(batch_size)]

    def _tensor(self, X):
        return torch.as_tensor(X, dtype=torch.float32)[..., None]


def test_another_classifier_that_offers_it(images):
    X = images[0][:20] - images[0].mean()
    fitted = OtherClassifier().fit(X, ["bright", "dark"] * 10)
    display = GradCAMDisplay.from_estimator(
        make_pipeline(FunctionTransformer(), fitted).fit(X, ["bright", "dark"] * 10), X
    )
    bright = fitted.predict_proba(X)[:, 0] > 0.5
    assert 0 < bright.sum() < 20
    sign = np.where(bright, 1, -1)[:, None, None]
    np.testing.assert_allclose(display.heat_, np.maximum(sign * X, 0) / X[0].size, atol=1e-6)
    np.testing.assert_array_equal(display.targets == "bright", bright)
    np.testing.assert_allclose(display.inputs[..., 0], X, rtol=1e-6)


def test_too_many_rows_are_refused(classifier, images):
    X = np.concatenate([images[0]] * 2)
    with pytest.raises(ValueError, match=r"at most 64 rows, got 96\. Pass some"):
        GradCAMDisplay.from_estimator(classifier, X)


# The picture -------------------------------------------------------------------------------------


def make_display(inputs, heat, predictions=(0, 0), targets=(0, 1)):
    return GradCAMDisplay(
        inputs=inputs,
        heat=np.asarray(heat, dtype=float),
        targets=np.array(targets),
        predictions=np.array(predictions),
        probabilities=np.array([0.978, 0.02]),
    )


def test_draws_a_grid_of_images(classifier, images):
    display = GradCAMDisplay.from_estimator(classifier, images[0][:7])
    assert display.ax_.shape == (7,)
    assert display.figure_.axes == list(display.ax_)  # no empty ones
    for ax in display.ax_:
        picture, heat = ax.get_images()
        assert picture.get_array().shape == (8, 8, 3)
        assert heat.get_array().max() == pytest.approx(1)


def test_titles():
    display = make_display(np.zeros((2, 4, 4, 1)), np.ones((2, 4, 4))).plot()
    assert [ax.get_title() for ax in display.ax_] == ["0 (98%)", "1 (2%)\npredicted 0"]
    display = make_display(np.zeros((2, 4, 1)), [[0, 0, 0, 1], [0] * 4]).plot()
    assert [ax.get_title() for ax in display.ax_] == ["0 (98%)", "1 (2%), predicted 0, no heat"]


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["bytes", "floats", "large floats", "constant"])
def test_images_of_any_range_and_number_of_channels(n_channels, kind):
    rng = np.random.default_rng(0)
    X = rng.random((2, 4, 5, n_channels))
    X = {"bytes": (X * 255).astype(np.uint8), "floats": X, "large floats": 1e3 * X - 700}.get(
        kind, np.full_like(X, 7.0)
    )
    display = make_display(X, np.ones((2, 4, 5))).plot()
    shown = np.stack([ax.get_images()[0].get_array() for ax in display.ax_])
    assert shown.min() >= 0.149
    assert shown.max() <= 0.851
    if kind != "constant":
        assert np.ptp(shown) > 0.3
    grey = np.ptp(shown, axis=-1).max() == 0
    assert grey == (n_channels != 3 or kind == "constant")


def test_draws_signals_before_their_heat():
    X = np.random.default_rng(0).normal(size=(2, 30, 3))
    display = make_display(X, np.ones((2, 30))).plot()
    for ax, signal in zip(display.ax_, X, strict=True):
        for line, channel in zip(ax.get_lines(), signal.T, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), channel)
        (heat,) = ax.get_images()
        assert heat.get_extent()[:2] == [-0.5, 29.5]
    assert display.ax_[-1].get_xlabel() == "step"


def test_colours_of_the_heat():
    display = make_display(np.zeros((2, 4, 4, 1)), np.ones((2, 4, 4)))
    assert display.plot().ax_[0].get_images()[1].get_cmap().name == "inferno"
    assert display.plot(cmap="magma").ax_[0].get_images()[1].get_cmap().name == "magma"


def test_on_axes_of_the_user(classifier, images):
    _, axes = plt.subplots(2, 2)
    display = GradCAMDisplay.from_estimator(classifier, images[0][:3], ax=axes)
    assert list(display.ax_) == list(axes.ravel()[:3])
    assert display.figure_ is axes[0, 0].figure
    _, ax = plt.subplots()
    assert list(GradCAMDisplay.from_estimator(classifier, images[0][:1], ax=ax).ax_) == [ax]
    with pytest.raises(ValueError, match="ax must hold 5 axes, one for each row, got 4"):
        GradCAMDisplay.from_estimator(classifier, images[0][:5], ax=axes)


def test_missing_matplotlib(classifier, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delattr("matplotlib.pyplot")
    with pytest.raises(ImportError, match="GradCAMDisplay needs matplotlib"):
        GradCAMDisplay.from_estimator(classifier, images[0][:2])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda(classifier, images):
    X, y = images
    expected = GradCAMDisplay.from_estimator(classifier, X[:4]).heat_
    fitted = CNNClassifier(**SMALL).fit(X, y).to("cuda")
    heat = GradCAMDisplay.from_estimator(fitted, X[:4]).heat_
    np.testing.assert_allclose(heat, expected, rtol=1e-3, atol=1e-5)
    assert fitted.device_.startswith("cuda")
