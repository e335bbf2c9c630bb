"""GradCAMDisplay of signals of unequal length: each as if it were alone."""

import matplotlib as mpl
import numpy as np
import pytest

from skdl.datasets import make_sequences
from skdl.estimators import CNNClassifier
from skdl.inspection import GradCAMDisplay

mpl.use("Agg")
from matplotlib import pyplot as plt

SMALL = {"channels": (4, 6), "max_epochs": 2, "device": "cpu", "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("architecture", ["fcn", "resnet"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_each_signal_is_drawn_as_alone(architecture, n_channels):
    X, y = make_sequences(
        40, n_steps=70, n_channels=n_channels, task="classification", ragged=True, min_steps=5,
        random_state=0,
    )  # fmt: skip
    model = CNNClassifier(**SMALL, architecture=architecture).fit(X, y)
    shown = X[:18]  # more than a batch of the display
    display = GradCAMDisplay.from_estimator(model, shown)  # of the last layer: "features"
    assert [len(heat) for heat in display.heat_] == [len(x) for x in shown]
    for row, x in enumerate(shown):
        alone = GradCAMDisplay.from_estimator(
            model, [x], target=display.targets[row], layer="features"
        )
        np.testing.assert_allclose(display.heat_[row], alone.heat_[0], atol=1e-6)
        np.testing.assert_array_equal(display.inputs[row], np.reshape(x, (len(x), -1)))
        lines = display.ax_[row].get_lines()
        assert [len(line.get_xdata()) for line in lines] == [len(x)] * n_channels
        (image,) = display.ax_[row].get_images()
        assert image.get_extent()[:2] == [-0.5, len(x) - 0.5]
    assert any(heat.any() for heat in display.heat_)


def test_one_step_is_drawn_too():
    X = [np.ones(1), np.arange(30.0)] * 5
    model = CNNClassifier(**SMALL).fit(X, ["a", "b"] * 5)
    display = GradCAMDisplay.from_estimator(model, X[:2])
    assert [heat.shape for heat in display.heat_] == [(1,), (30,)]
    assert display.plot(ax=plt.subplots(2)[1]).ax_[1].get_title().startswith(("a", "b"))


def test_neither_the_default_layer_nor_the_map_depends_on_the_other_signals():
    X, y = make_sequences(
        40, n_steps=60, task="classification", ragged=True, min_steps=5, random_state=0
    )
    model = CNNClassifier(**SMALL).fit(X, y)
    shown = [np.sin(np.arange(n) * 0.7) for n in (1, 2, 6, 100)]
    together = GradCAMDisplay.from_estimator(model, shown, target=y[0])
    for row, x in enumerate(shown):
        alone = GradCAMDisplay.from_estimator(model, [x], target=y[0])
        np.testing.assert_allclose(together.heat_[row], alone.heat_[0], atol=1e-6)
