"""Class activation maps of a convolutional network (Grad-CAM, HiResCAM) as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor, nn
from torch.nn import functional as F

from .._sklearn import num_samples
from ..engine import default_torch_modes
from ._matplotlib import import_pyplot
from ._reach import reach_classifier

_MAX_ROWS = 64
_BATCH = 16  # rows at a time: gradients of a large network take memory
_METHODS = ("hirescam", "gradcam")
_MIN_SIDE = 4  # positions along each side of a layer's output that is chosen by default


class GradCAMDisplay:
    """Class activation maps (Grad-CAM, HiResCAM) of images or signals.

    The heat map shows the positions that raised the score of a class. It is scaled for each row by
    itself, from 0 to the maximum. The title is the class, its probability, and the predicted class
    where that is another one. Make one with :meth:`from_estimator`.

    Parameters
    ----------
    inputs : ndarray of shape (n_samples, height, width, n_channels) or (n_samples, n_steps, \
n_channels), or list
        The images or signals; signals of unequal length as a list of arrays (n_steps, n_channels).
    heat : ndarray of shape (n_samples, height, width) or (n_samples, n_steps), or list
        The heat maps: contribution of each position to the score of the target, at least 0. Of
        signals of unequal length a list of arrays (n_steps,).
    targets, predictions : array-like of shape (n_samples,)
        The class whose heat map is shown for each row, and the most probable one.
    probabilities : array-like of shape (n_samples,)
        Predicted probabilities of the targets.

    Attributes
    ----------
    heat_ : ndarray of shape (n_samples, height, width) or (n_samples, n_steps), or list
        The heat maps, as given. A row is all zeros where nothing in the layer raises the score of
        the class.
    ax_ : ndarray of matplotlib Axes, of shape (n_samples,)
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    sklearn.inspection.permutation_importance : Importance of the columns of a table.

    Notes
    -----
    Each feature map of a layer is weighted by the gradient of the class's score (before the
    softmax) with respect to it; the positive part of the sum over the maps is resized to the input
    by linear interpolation. Its resolution is that of the feature maps. A class that is recognized
    by the absence of something may have a heat map of zeros. Where a linear model stands beside the
    network (``linear_model``), the score is that of the network alone; predictions and the
    probabilities in the titles are those of both.

    Grad-CAM weights a whole map by the mean of its gradient, HiResCAM each position by its own
    gradient. Both are the same where the maps are averaged before the head. The head of a
    ``CNNClassifier`` has separate weights for positions, so that gradients of different positions
    cancel in the mean: Grad-CAM left most of scikit-learn's digits without any heat.

    References
    ----------
    R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh and D. Batra, "Grad-CAM: visual
    explanations from deep networks via gradient-based localization", ICCV (2017). R. L. Draelos
    and L. Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional
    neural networks", arXiv:2011.08891 (2020).

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skdl.datasets import make_images
    >>> from skdl.estimators import CNNClassifier
    >>> from skdl.inspection import GradCAMDisplay
    >>> X, y = make_images(200, size=(12, 12), random_state=0)
    >>> classifier = CNNClassifier(channels=(8, 16), max_epochs=5, random_state=0).fit(X, y)
    >>> display = GradCAMDisplay.from_estimator(classifier, X[:6])
    >>> display.heat_.shape
    (6, 12, 12)
    """

    ax_: NDArray[Any]
    figure_: Any

    def __init__(
        self,
        *,
        inputs: NDArray[Any] | list[NDArray[Any]],
        heat: NDArray[Any] | list[NDArray[Any]],
        targets: Any,
        predictions: Any,
        probabilities: Any,
    ) -> None:
        self.inputs = inputs
        self.heat_ = heat
        self.targets = targets
        self.predictions = predictions
        self.probabilities = probabilities

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any,
        *,
        target: Any = None,
        layer: str | nn.Module | None = None,
        method: str = "hirescam",
        ax: Any = None,
        cmap: Any = None,
    ) -> GradCAMDisplay:
        """Compute the heat map of each row and draw it.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier that offers its activations, as ``CNNClassifier`` does by the
            method ``_activation_inputs``, or what holds one: a Pipeline with one at its end, a
            search with one as ``best_estimator_``, or another meta-estimator as ``estimator_``.
        X : array-like or list
            The rows to be shown, as `estimator` takes them; at most 64. Signals of unequal length
            are computed one by one, without padding. In a Pipeline, the steps
            before the classifier transform them first.
        target : label or array-like of shape (n_samples,), default=None
            The class whose heat map is shown: one for all rows or one for each. By default the
            most probable one of each row.
        layer : str or nn.Module, default=None
            The part of ``classifier.module_`` whose output is weighted, or its name in
            ``classifier.module_.named_modules()``. Its output must be (n, n_features, height,
            width) or (n, n_features, n_steps), with more than one position where the row has
            more. By default the last one with at least 4 x 4 positions or 4 steps, or else the last
            one; of signals of unequal length it is chosen for each by itself.
        method : {"hirescam", "gradcam"}, default="hirescam"
            How gradients weight the layer's maps: by position, or by their means. See Notes.
        ax, cmap
            As in :meth:`plot`.

        Returns
        -------
        display : GradCAMDisplay
            The display, plotted.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If there is no classifier with the method ``_activation_inputs`` in the estimator.
        ValueError
            If there are too many rows, a label or `method` is unknown, or the output of the layer
            has no positions.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        if method not in _METHODS:
            raise ValueError(f"method must be one of {_METHODS}, got {method!r}.")
        classifier, X = reach_classifier(
            estimator, X, "_activation_inputs", "GradCAMDisplay", "CNNClassifier"
        )
        n_rows = num_samples(X)
        if n_rows > _MAX_ROWS:
            raise ValueError(
                f"GradCAMDisplay draws at most {_MAX_ROWS} rows, got {n_rows}. Pass some of "
                "them, such as X[:16]."
            )
        classes, module = classifier.classes_, classifier.module_
        probabilities = classifier.predict_proba(X)
        predicted = probabilities.argmax(1)
        shown = predicted if target is None else _indices(classes, target, n_rows)
        with default_torch_modes():  # gradients are needed
            drawn, inputs = zip(*classifier._activation_inputs(X, _BATCH), strict=True)
            of_batches = torch.from_numpy(shown).split([len(x) for x in inputs])
            heat = [
                _heat_of(
                    module, _choose_layer(module, layer, x[:1]), x, of_rows.to(x.device), method
                )
                for x, of_rows in zip(inputs, of_batches, strict=True)
            ]
        display = cls(
            inputs=_joined(drawn),
            heat=_joined(heat),
            targets=classes[shown],
            predictions=classes[predicted],
            probabilities=probabilities[np.arange(len(shown)), shown],
        )
        return display.plot(ax=ax, cmap=cmap)

    def plot(self, ax: Any = None, *, cmap: Any = None) -> GradCAMDisplay:
        """Draw each row with its heat map over it (images) or behind it (signals).

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Axes to draw on, at least one for each row. By default those of a new figure.
        cmap : str or matplotlib Colormap, default=None
            Colours of the heat map, from 0 to the maximum. By default "inferno" over images and
            "OrRd" behind signals.

        Returns
        -------
        display : GradCAMDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are fewer axes than rows.
        """
        n_rows, are_images = len(self.heat_), self.heat_[0].ndim == 2
        axes = np.ravel(_make_axes(n_rows, are_images) if ax is None else ax)
        if len(axes) < n_rows:
            raise ValueError(f"ax must hold {n_rows} axes, one for each row, got {len(axes)}.")
        self.ax_, self.figure_ = axes[:n_rows], axes[0].figure
        inputs = _as_pictures(np.asarray(self.inputs)) if are_images else self.inputs
        draw = _draw_image if are_images else _draw_signal
        for i, axis in enumerate(self.ax_):
            draw(axis, inputs[i], self.heat_[i] / (self.heat_[i].max() or 1), cmap)
            axis.set_title(self._title(i), fontsize="medium")
        return self

    def _title(self, i: int) -> str:
        title = f"{self.targets[i]} ({self.probabilities[i]:.0%})"
        if self.predictions[i] != self.targets[i]:
            separator = "\n" if self.heat_[i].ndim == 2 else ", "
            title += f"{separator}predicted {self.predictions[i]}"
        return title if self.heat_[i].any() else f"{title}, no heat"


# Values ------------------------------------------------------------------------------------------


def _indices(classes: NDArray[Any], target: Any, n_rows: int) -> NDArray[np.intp]:
    """Return the index among the classes of one label, or of a label for each row."""
    labels = np.asarray(target)
    if labels.shape not in ((), (n_rows,)):
        raise ValueError(
            f"target must be one label or one for each of the {n_rows} rows, got an array of "
            f"shape {labels.shape}."
        )
    index = {label: i for i, label in enumerate(classes.tolist())}
    wanted = np.broadcast_to(labels, n_rows).tolist()
    unknown = next((label for label in wanted if label not in index), None)
    if unknown is not None:
        raise ValueError(f"target must be one of the classes {[*index]}, got {unknown!r}.")
    return np.array([index[label] for label in wanted])


def _joined(batches: Sequence[Tensor]) -> NDArray[Any] | list[NDArray[Any]]:
    """Return the rows of all batches: one array, or a list of arrays where their shapes differ."""
    if len({batch.shape[1:] for batch in batches}) == 1:
        return torch.cat([*batches]).cpu().numpy()
    return [row for batch in batches for row in batch.cpu().numpy()]


def _choose_layer(module: nn.Module, layer: str | nn.Module | None, inputs: Tensor) -> nn.Module:
    """Return the layer given, or the default one; its output must have several positions."""
    n_positions: dict[nn.Module, int] = {}  # in the order in which the forward passes end
    fewest = min(2, inputs[0, ..., 0].numel())  # a signal of one step has one position

    def count(part: nn.Module, _inputs: Any, output: Any) -> None:
        has_positions = isinstance(output, Tensor) and output.ndim == inputs.ndim
        if has_positions and output[0, 0].numel() >= fewest:
            n_positions.pop(part, None)
            n_positions[part] = output[0, 0].numel()

    hooks = [part.register_forward_hook(count) for part in module.modules()]
    try:
        with torch.no_grad():
            module(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if layer is None and n_positions:
        least = _MIN_SIDE ** (inputs.ndim - 2)
        fine = [part for part, n in n_positions.items() if n >= least]
        return (fine or [*n_positions])[-1]
    names = {name: part for name, part in module.named_modules() if part in n_positions}
    chosen = names.get(layer) if isinstance(layer, str) else layer
    if chosen not in n_positions:
        raise ValueError(
            "layer must be a part of classifier.module_, or its name, whose output has positions: "
            f"(n, n_features, {'height, width' if inputs.ndim == 4 else 'n_steps'}), with more "
            f"than one. Got {layer!r}; there {f'are {[*names]}' if names else 'is none'}."
        )
    return chosen


@torch.enable_grad()
def _heat_of(
    module: nn.Module, layer: nn.Module, inputs: Tensor, classes: Tensor, method: str
) -> Tensor:
    """Return the heat maps (B, *space) of the rows, each for one class index."""
    kept: list[Tensor] = []

    def keep(_part: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()  # the next layer may change it in place

    hook = layer.register_forward_hook(keep)
    try:
        scores: Tensor = module(inputs)
    finally:
        hook.remove()
    total = scores.gather(1, classes[:, None]).sum()  # rows do not depend on each other
    gradient = None
    if total.requires_grad:  # with respect to activations; .grad of parameters is not changed
        (gradient,) = torch.autograd.grad(total, kept[-1], allow_unused=True)
    if gradient is None:
        raise ValueError(
            "The scores of the classes have no gradient with respect to the output of layer "
            f"{type(layer).__name__}. Pass another part of classifier.module_ as layer."
        )
    if method == "gradcam":
        gradient = gradient.flatten(2).mean(2).view(*gradient.shape[:2], *[1] * (inputs.ndim - 2))
    heat = (gradient * kept[-1].detach()).sum(1).relu()
    mode = "bilinear" if inputs.ndim == 4 else "linear"
    return F.interpolate(heat[:, None], inputs.shape[1:-1], mode=mode, align_corners=False)[:, 0]


# Drawing -----------------------------------------------------------------------------------------


def _make_axes(n_rows: int, are_images: bool) -> NDArray[Any]:
    """Return the axes of a new figure, at least `n_rows`."""
    pyplot = import_pyplot("GradCAMDisplay")
    n_columns = min(n_rows, 8 if n_rows > 15 else 5) if are_images else 1
    size = (1.7, 1.9) if are_images else (7, 1.5)
    n_lines = -(-n_rows // n_columns)
    _, axes = pyplot.subplots(
        n_lines, n_columns, figsize=(size[0] * n_columns, size[1] * n_lines),
        layout="constrained", squeeze=False, sharex=True,
    )  # fmt: skip
    for ax in axes.ravel()[n_rows:]:
        ax.remove()
    if not are_images:
        axes[-1, 0].set_xlabel("step")
    return axes


def _as_pictures(images: NDArray[Any]) -> NDArray[Any]:
    """Return images in pale colours (n, H, W, 3), for contrast with the heat map.

    Three channels are red, green and blue; of another number, the mean is shown.
    """
    grey = images.mean(axis=-1, keepdims=True)
    pictures = 0.6 * images + 0.4 * grey if images.shape[-1] == 3 else grey.repeat(3, axis=-1)
    low, high = (0, 255) if images.dtype == np.uint8 else (pictures.min(), pictures.max())
    return 0.15 + 0.7 * (pictures - low) / ((high - low) or 1)


def _draw_image(ax: Any, image: NDArray[Any], heat: NDArray[Any], cmap: Any) -> None:
    """Draw the heat map over the image, more transparent where it is lower."""
    ax.imshow(image)
    ax.imshow(
        heat, cmap=cmap or "inferno", vmin=0, vmax=1, alpha=0.75 * heat**0.75,
        interpolation="bilinear",
    )  # fmt: skip
    ax.set_axis_off()


def _draw_signal(ax: Any, signal: NDArray[Any], heat: NDArray[Any], cmap: Any) -> None:
    """Draw the heat map behind the curves of all channels."""
    low, high = signal.min(), signal.max()
    margin = 0.05 * ((high - low) or 1)
    extent = (-0.5, len(signal) - 0.5, low - margin, high + margin)
    ax.imshow(
        heat[None], cmap=cmap or "OrRd", vmin=0, vmax=1, alpha=0.8, extent=extent, aspect="auto"
    )
    for channel, grey in zip(signal.T, np.linspace(0, 0.6, signal.shape[1]), strict=True):
        ax.plot(channel, color=str(grey), linewidth=1)
    ax.spines[["top", "right"]].set_visible(False)
