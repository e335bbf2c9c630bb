"""Convolutional networks for classification of images and signals."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from ..._sklearn import Interval, StrOptions
from ...engine import Augmented, Data, Objective, host_lengths
from .._base import (
    FitMode,
    FittedParameterMixin,
    ImageInputMixin,
    Rows,
    SignalClassifier,
    batch_size_between,
    deep_estimator,
    differ_in_size,
    learn_channel_scales,
    unfrozen,
    unit_scales,
)
from ._augmentation import AUGMENTATIONS, BatchAugmentation
from ._backbones import check_units_of, kind_of_backbone, read_backbone
from ._network import (
    ConvolutionalNetwork,
    CustomNetwork,
    MeanPool,
    StandardizedNetwork,
    UnusableOutputError,
    blocks_of,
    channels_first,
    one_tensor,
    work_per_row,
)
from ._network_architectures import (
    ARCHITECTURES,
    BEST_ARCHITECTURE,
    POOL_GRID,
    WORKING_SIDES,
    GridPool,
)

# Steps to which longer signals are reduced, where there are few rows; of more half as many, so that
# a fit takes no longer. Cross-validation finds them as good.
MOST_STEPS, FEW_ROWS = 512, 256
MAX_POSITIONS = 2**16  # of the first feature maps of a training batch of signals, with padding


@deep_estimator
class CNNClassifier(FittedParameterMixin, ImageInputMixin, SignalClassifier):
    """Classification of images and signals with a convolutional network.

    Parameters
    ----------
    linear_model : bool, default=True
        There is none on images, with a callable ``architecture`` or with a ``backbone``.
    channels : array-like of int, default=(32, 64)
        Number of channels of each block of the network, at least 1 each; height and width (or the
        number of steps) are halved from block to block while they are large enough.
    architecture : {"auto", "plain", "resnet", "fcn"} or callable, default="auto"
        "plain" stacks convolutions, batch normalization, rectifiers and pooling; "resnet" has
        residual blocks; "fcn" is for signals, with convolutions of several scales; "auto" is
        "plain" for images and "fcn" for signals. A callable takes the shape of one row, channels
        first, (n_channels, height, width) or (n_channels, n_steps), and the number of classes, and
        returns a ``torch.nn.Module`` that maps rows ``(n, *shape)`` to scores (n, n_classes); it
        takes signals of one length only.
    kernel_size : int, default=3
        Side of the kernels, odd, in pixels or steps. In "fcn" they have 3 * kernel_size steps and
        dilations 1, 2 and 4, and so span 9, 17 and 33 steps by default.
    kind : {"auto", "image", "signal"}, default="auto"
        What the rows of X are, "image" or "signal". "auto" takes a 2-D X without ``image_shape``
        for signals, and a list of arrays (n_steps,) or (n_steps, n_channels) that differ in their
        steps alone, unless they look like cropped images: over 4 channels of bytes or of numbers
        from 0 to 1. A 3-D X is read as signals (n_samples, n_steps, n_channels) where this is
        likelier, as for 128 steps of an accelerometer with 3 axes, with a warning that says so; see
        Notes. All else are images, with a warning where they may be something else. ``fit``
        decides, also for later calls.
    image_shape : array-like of int or None, default=None
        Shape of one row of X: (height, width) or (height, width, n_channels), row by row when
        flattened; for ``kind="signal"`` (n_steps, n_channels). None takes the shape of X.
    dropout : float, default=0.2
        Fraction of the features that is zeroed in training, in [0, 1). It is applied before the
        head.
    normalize : bool, default=True
        Whether each channel is scaled to mean 0 and variance 1 inside; learned from the training
        rows of ``fit`` only. Signals whose levels or spreads differ by an order of magnitude are
        seen a second time, each standardized by itself, beside the logarithm of its spread.
    augment : {"shift", "flip", "crop-flip", "randaugment"}, callable or None, default=None
        Data augmentation in training, drawn for each batch: "shift" translates by up to an eighth
        of the side, "flip" mirrors every second image left to right (a signal in time), "crop-flip"
        does both, "randaugment" applies two of rotation, shear, translation, scaling, brightness,
        contrast, sharpness, noise and cutout (on signals: those that exist in one dimension). A
        callable takes a batch of normalized rows (n, n_channels, height, width) or (n, n_channels,
        n_steps) on the device and returns one of that shape; signals of unequal length are given
        one by one, n = 1. The strengths are meant for normalized rows. None leaves rows as they
        are.
    mixup : float, default=0.0
        Parameter of mixup, 0 or more. When above 0, training rows are mixed in pairs, and their
        losses with them, in a proportion drawn from Beta(mixup, mixup); of two signals of unequal
        length the shorter one is taken to go on at the mean.
    label_smoothing : float, default=0.0
        Fraction of the target that is spread over all classes in training, in [0, 1).
    backbone : torch.nn.Module, fitted CNNClassifier, str or None, default=None
        Transfer learning: a trained network to start from in place of ``architecture``: a module, a
        fitted ``CNNClassifier``, or the name of a network of timm or torchvision. None trains a new
        network.
    freeze : bool or int, default=False
        Which part of the pretrained network is not trained: all of it (True), nothing (False), or
        that number of first blocks. Statistics of batch normalization are frozen with it.
    backbone_lr_factor : float, default=0.1
        Learning rate of the backbone as a fraction of ``lr``; above 0.
    max_epochs : int or "auto", default="auto"
        "auto" is the number that makes 1,200 steps of the optimizer, but at least 20 and at most
        60.
    batch_size : int or "auto", default="auto"
        "auto" is 16; a quarter of the training rows where there are fewer than 64, but at least 8;
        a 40th where there are more than 640, but at most 128.
    random_state : int, RandomState instance or None, default=None
        Augmentation and mixup are random too.

    Notes
    -----
    X may be

    - (n_samples, height, width) or (n_samples, height, width, n_channels): grey and colour
      images of any real numbers, channels last;
    - (n_samples, height * width * n_channels) with ``image_shape``: the same, flattened row by
      row, as arrays or DataFrames of pixels;
    - (n_samples, n_steps): signals of one channel;
    - (n_samples, n_steps, n_channels): signals of several channels, with ``kind="signal"`` where
      they are not to be mistaken for images;
    - a list, Series or object array of arrays or frames (n_steps,) or (n_steps, n_channels):
      signals of unequal length.

    ``kind="auto"`` tells grey images (n_samples, height, width) from signals (n_samples, n_steps,
    n_channels) by up to 64 rows. They are signals for certain where there is one channel, where X
    is a list of frames whose columns have names that are not numbered, or where the backbone takes
    signals. Bytes are images. Else they are signals if neighbouring steps are alike, but columns
    are not, or no more than columns far apart; if columns have levels of their own; and if
    neighbouring columns are not alike where there are few columns beside many rows, or at least
    twice as many rows as columns and values that are not those of pixels (from 0 to 1, or whole up
    to 255). Where rows are more than 16 times as many as columns, or 8 times for up to 4 columns,
    other values than those of pixels are signals. Noise in squares, and sensors that measure nearly
    the same, cannot be told from images in the shapes that images have: say ``kind`` where you know
    it.

    Images may have 2x2 pixels or more, signals one step or more. Images, and signals in one array,
    have one shape, in ``fit`` and in prediction. After a fit on a list of signals, those to predict
    may have any length. They are padded by batch, and each is answered as it is alone: padding is
    zero before each convolution, and counts neither in batch normalization nor in pooling. The
    strides of the network are those for the median length of the training rows. Signals of over 512
    steps, with more than 256 training rows those of over 256, are reduced to about that many by the
    first convolution.

    Rows stay in the dtype of X in memory (in memory maps of over 256 MiB where they are) and are
    converted batch by batch on the device, unless all of them take less than 64 MiB as floats. X to
    predict must be in the units of ``fit``: bytes for fractions of 1, or the other way round, are
    warned of.

    A ``backbone`` is copied, never changed, and followed by a new linear head; ``architecture``,
    ``channels`` and ``kernel_size`` are then ignored. Its output must be (n, n_features), or (n,
    n_features, height, width), which is averaged over the image: take off the head of a module
    that has one. A fitted ``CNNClassifier`` gets inputs standardized as in its own fit, a module
    as ``normalize`` sets. Signals of unequal length need a fitted one, of any of the architectures
    that have a name. Grey images are repeated for a network of colour images. Blocks, for
    ``freeze``, are the parts of the module with weights, in order. A fitted ``CNNClassifier`` in
    a grid of candidates must be wrapped as ``sklearn.frozen.FrozenEstimator(fitted)``, because
    scikit-learn clones the candidates, which makes them unfitted.

    ``fit`` raises ValueError for X, y and parameters that do not fit together, and leaves the
    estimator as it was. ``encode`` returns the input of the last layer; with a callable
    ``architecture`` the module must end in a ``torch.nn.Linear`` for it.

    See Also
    --------
    skdl.pipelines.make_image_classifier : Lets any classifier take images.
    skdl.preprocessing.Encoder : The learned features, for another estimator.
    skdl.inspection.GradCAMDisplay : Class activation maps of the network.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR
    (2016), for "resnet". H. Ismail Fawaz et al., "InceptionTime: finding AlexNet for time series
    classification", Data Mining and Knowledge Discovery 34 (2020), for the blocks of "fcn".

    Examples
    --------
    >>> from skdl.datasets import make_images
    >>> from skdl.estimators import CNNClassifier
    >>> X, y = make_images(200, size=(12, 12), random_state=0)
    >>> classifier = CNNClassifier(channels=(8, 16), max_epochs=5, random_state=0).fit(X, y)
    >>> classifier.predict_proba(X[:2]).shape
    (2, 3)
    """

    channels: Sequence[int] | NDArray[Any] = (32, 64)
    _: KW_ONLY
    architecture: str | Callable[..., nn.Module] = "auto"
    kernel_size: int = 3
    kind: str = "auto"
    image_shape: Sequence[int] | NDArray[Any] | None = None
    dropout: float = 0.2
    normalize: bool = True
    augment: str | Callable[[Tensor], Tensor] | None = None
    mixup: float = 0.0
    label_smoothing: float = 0.0
    backbone: Any = None
    freeze: bool | int = False
    backbone_lr_factor: float = 0.1
    max_epochs: int | str = "auto"
    lr: float = 3e-3
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    lr_schedule: str = "cosine"
    warmup_fraction: float = 0.1

    _input_kinds: ClassVar[frozenset[str]] = frozenset({"signals", "ragged", "images"})
    _fitted_parameter: ClassVar[str] = "backbone"
    _usual_network_weight: ClassVar[float] = 0.2
    _changeable: ClassVar[frozenset[str]] = frozenset(
        {"augment", "mixup", "label_smoothing", "backbone_lr_factor"}
    )
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "channels": ["array-like"],
        "architecture": [StrOptions({"auto", *ARCHITECTURES}), callable],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "kind": [StrOptions({"auto", "image", "signal"})],
        "image_shape": ["array-like", None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "normalize": ["boolean"],
        "augment": [StrOptions(set(AUGMENTATIONS)), callable, None],
        "mixup": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "backbone": [nn.Module, BaseEstimator, str, None],
        "freeze": ["boolean", Interval(Integral, 0, None, closed="left")],
        "backbone_lr_factor": [Interval(Real, 0, None, closed="neither")],
    }

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        shape = None if self.image_shape is None else tuple(self.image_shape)
        data = self._read_images(X, kind=self.kind, shape=shape, reset=reset)
        return self._with_linear_scores(data, reset=reset)

    def _learn_inputs(self, X: Any, data: Data, rows: Rows, mode: FitMode) -> Data:
        # Not in _make_module: a network of half of the rows, for calibration, shall be the same.
        self._most_steps = MOST_STEPS if len(rows.train) <= FEW_ROWS else MOST_STEPS // 2
        return super()._learn_inputs(X, data, rows, mode)

    def _takes_signal_model(self) -> bool:
        of_blocks = self.backbone is None and not callable(self.architecture)
        return self.kind_ == "signal" and of_blocks

    def _kind_of_network(self) -> str:
        return kind_of_backbone(self.backbone, CNNClassifier)

    def _one_length_because(self) -> str:
        if self.backbone is None:
            return "a callable as architecture" if callable(self.architecture) else ""
        backbone = unfrozen(self.backbone)
        if not isinstance(backbone, CNNClassifier):
            return "a module as backbone"
        # One that is not fitted is an error of its own.
        takes_lengths = not hasattr(backbone, "net_") or backbone.module_.takes_lengths
        return "" if takes_lengths else "a backbone whose architecture is a callable or a module"

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_sizes("channels", "image_shape")
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, got {self.kernel_size}.")
        if isinstance(self.architecture, nn.Module):
            raise TypeError(
                "architecture must be a callable that takes the shape of a row and the number of "
                "classes and returns a module, got a module. Pass a trained one as backbone."
            )
        if self.backbone is None and self.freeze:
            raise ValueError(f"freeze={self.freeze} needs a backbone: there is nothing to freeze.")

    # The network --------------------------------------------------------------------------------

    def _make_module(self, train: Data) -> nn.Module:
        shape: tuple[Any, ...] = self.input_shape_
        if self._any_length:
            shape = (self._learn_length(train), *shape[1:])
        probe = channels_first(torch.zeros(2, *shape, dtype=self._dtype))
        if self.backbone is not None:
            module = self._with_backbone(probe)
        elif callable(self.architecture):
            module = self._of_callable(probe)
        else:
            own_scale = self.kind_ == "signal" and self.normalize and differ_in_size(train)
            module = self._of_blocks(probe, own_scale=own_scale)
        module = module.to(self._dtype).eval()
        module.work_per_row = work_per_row(module, probe)
        if train.by_length() is not None:  # one long signal would fill the memory
            module.max_steps = MAX_POSITIONS * max(1, shape[0] // WORKING_SIDES[1])
        return module

    def _learn_before_training(self, module: Any, train: Data, used: Data) -> None:
        if module.learns_scales:
            learn_channel_scales(module, train, measured=self.normalize)
        check_units_of(self.backbone, next(train.chunks()))

    def _unit_scales(self) -> tuple[Tensor, Tensor]:
        return unit_scales(self.n_channels_in_, self._dtype)

    def _of_blocks(self, probe: Tensor, *, own_scale: bool) -> StandardizedNetwork:
        name = BEST_ARCHITECTURE[self.kind_]
        if isinstance(self.architecture, str) and self.architecture != "auto":
            name = self.architecture
        if name == "fcn" and self.kind_ == "image":
            raise ValueError(
                'architecture="fcn" is for signals, and X was read as images: for signals pass '
                'kind="signal", for images use architecture="plain" or "resnet".'
            )
        channels = tuple(self.channels)
        n_channels, *space = probe.shape[1:]
        shape = (3 * n_channels if own_scale else n_channels, *space)
        of_fcn = {"most_steps": self._most_steps} if name == "fcn" else {}
        features = ARCHITECTURES[name](shape, channels, self.kernel_size, **of_fcn)
        pool, scales = GridPool(POOL_GRID[self.kind_]), self._unit_scales()
        probe = probe.repeat(1, 3, 1) if own_scale else probe
        module = self._with_head(features, pool, scales, probe, own_scale=own_scale)
        module.bfloat16_safe = self.kind_ == "image"  # signals gain nothing by it
        return module

    def _of_callable(self, probe: Tensor) -> StandardizedNetwork:
        network = self.architecture(tuple(probe.shape[1:]), len(self.classes_))  # type: ignore[operator]
        if not isinstance(network, nn.Module):
            raise TypeError(
                f"architecture must return a torch.nn.Module, got {type(network).__name__}."
            )
        network = copy.deepcopy(network)  # the callable may return the same module in each call
        scores = self._probe_output("architecture", network, probe)
        if scores.shape != (2, len(self.classes_)):
            raise ValueError(
                f"architecture must return a module that gives scores of shape (n, "
                f"{len(self.classes_)}), one for each class; got {tuple(scores.shape)} for n=2."
            )
        return CustomNetwork(network, *self._unit_scales())

    def _with_backbone(self, probe: Tensor) -> StandardizedNetwork:
        features, known_scales = read_backbone(self.backbone, CNNClassifier, probe)
        n_blocks = len(blocks_of(features))
        freeze = bool(self.freeze) if isinstance(self.freeze, (bool, np.bool_)) else self.freeze
        if freeze is not True and freeze > n_blocks:
            raise ValueError(f"freeze={self.freeze}, but the backbone has {n_blocks} blocks.")
        module = self._with_head(
            features,
            MeanPool(),
            known_scales or self._unit_scales(),
            probe,
            freeze=freeze,
            lr_factor=self.backbone_lr_factor,
        )
        module.learns_scales = known_scales is None
        return module

    def _with_head(
        self,
        features: nn.Module,
        pool: nn.Module,
        scales: tuple[Tensor, Tensor],
        probe: Tensor,
        **options: Any,
    ) -> ConvolutionalNetwork:
        mean, scale = (values.to(self._dtype) for values in scales)
        found = self._probe_output("backbone", features, probe)
        fits = found.ndim in (2, probe.ndim) and len(found) == 2 and found.numel()
        if not fits or found.dtype != probe.dtype:
            space = "height, width" if self.kind_ == "image" else "n_steps"
            raise ValueError(
                "The output of backbone cannot be used: it must be (n, n_features) or (n, "
                f"n_features, {space}) in the dtype of its input, {probe.dtype}; got "
                f"{tuple(found.shape)} for n=2, of {found.dtype}. Wrap it in a module that does."
            )
        return ConvolutionalNetwork(
            features,
            pool,
            pool(found).shape[1],
            len(self.classes_),
            dropout=self.dropout,
            mean=mean,
            scale=scale,
            **options,
        )

    @staticmethod
    @torch.no_grad()
    def _probe_output(name: str, network: nn.Module, probe: Tensor) -> Tensor:
        """The output of a user's network for two rows of zeros, checked to be one tensor."""
        try:
            output = network.to(probe.dtype).eval()(probe)
        except UnusableOutputError:
            raise
        except Exception as error:
            raise ValueError(
                f"{name} fails on an input of shape {tuple(probe.shape)} (n, n_channels, ...): "
                f"{type(error).__name__}: {error}"
            ) from error
        return one_tensor(name, output)

    def _prepare_module(self, module: nn.Module, mode: FitMode) -> None:
        """Frozen features of inputs that do not change are computed once."""
        super()._prepare_module(module, mode)
        if isinstance(module, ConvolutionalNetwork):
            module.fixed = module.freeze is True and self.augment is None and not self.mixup

    def _activation_inputs(self, X: Any, batch_size: int) -> list[tuple[Tensor, Tensor]]:
        """Batches of X for class activation maps: the rows, and what ``module_`` takes of them.

        Both are (B, *space, C). What layers give for them is (B, n_features, *space), the scores
        of the module are (B, n_classes). Signals of unequal length come one by one, without
        padding.
        """
        module: Any = self.module_
        data = self._read_for_network(X).to(self.net_.device)
        if data.by_length() is not None:
            batch_size = 1
        rows = [
            batch["x"][:, : host_lengths(batch)[0]] if "lengths" in batch else batch["x"]
            for batch in data.batches(batch_size)
        ]
        return [(x, module.standardize(x)) for x in rows]

    def _make_objective(self) -> Objective:
        augment = AUGMENTATIONS[self.augment] if isinstance(self.augment, str) else self.augment
        return Augmented(
            self._target.loss,
            self._target,
            partial(self._target.loss, label_smoothing=self.label_smoothing),
            column="inputs",
            augment=None if augment is None else BatchAugmentation(augment),
            mixup=self.mixup,
        )

    def _auto_training(self, train: Data, batch_size: int | None) -> tuple[int, int]:
        """Batch size and epochs: about 1,200 steps, more epochs where there are fewer rows."""
        batch_size = batch_size or batch_size_between(len(train), usual=16, largest=128)
        return batch_size, int(np.clip(np.ceil(1200 / train.n_batches(batch_size)), 20, 60))

    def _search_grid(self) -> dict[str, list[Any]]:
        augment = [None, "shift", "randaugment"]
        if self.backbone is not None:
            return {"freeze": [False, True], "lr": [1e-3, 3e-3]}
        if callable(self.architecture):
            return {"augment": augment, "lr": [1e-3, 3e-3]}
        return {"augment": augment, "architecture": ["auto", "resnet"]}
