"""RandomConvolutions: features of series by random convolutions."""

from __future__ import annotations

from collections import Counter
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._minirocket import KERNELS, ConvolutionFeatures
from .._reading import Sequences, SequencesMixin
from .._sklearn import BaseEstimator, Interval, StrOptions, TransformerMixin, fit_context
from ..engine import resolve_device


class RandomConvolutions(SequencesMixin, TransformerMixin, BaseEstimator):
    """Features of series by random convolutions (MiniRocket), for any classifier or regressor.

    Each series is convolved with 84 fixed kernels of 9 weights in several dilations. A feature is
    the proportion of the positions at which one of these convolutions is above a threshold; the
    thresholds are values of the convolutions of random rows of ``fit``. A linear classifier on such
    features is about as accurate as deep networks, and takes seconds.

    Parameters
    ----------
    n_features : int, default=10_000
        Number of proportions, at least 84; it is rounded down to a multiple of 84.
    kernels : {"minirocket"}, default="minirocket"
        The kernels: those of MiniRocket have three weights 2 and six weights -1.
    normalize : {"both"} or bool, default="both"
        Whether each series is standardized to mean 0 and variance 1 by itself. "both" makes half of
        the features of the series as they are and half of standardized ones; or all of standardized
        ones where the series of ``fit`` have the same mean and variance, or ``n_features`` is
        below 168.
    max_dilations : int, default=32
        Maximum number of dilations, at least 1; they grow exponentially to where a kernel is as
        long as the series of ``fit`` of median length. Of several channels, those of short series
        are repeated with other channels.
    max_positions : int or None, default=1024
        Where series are at least twice as long, convolutions are computed at every second, third
        ... step, so that there are about this number, at least 1. None computes all.
    extremes : bool, default=False
        Whether the largest and the smallest convolution of each kernel and dilation, of the series
        as they are, are features too, behind the ``n_features`` others; 1 is the value beyond which
        steps are clipped (see the notes). Of several channels there are at most 8 dilations, mostly
        of single channels. They tell of events of some steps in series of hundreds
        or thousands, which proportions hardly do (150 series of 1,000 steps, events of 6: a ridge
        classifier on proportions is right in 0.71, on extremes in 1.00).
    n_channels : int or None, default=None
        Channels of each step where X is flat: (n_samples, n_steps * n_channels), the channels of
        one step together. None reads a 2-D X as series of one channel.
    device : str or torch.device, default="auto"
        "auto" is CUDA when there is one, else the CPU. Also "cpu", "cuda" and "cuda:1". The
        features are the same on each.
    n_jobs : int or None, default=None
        Number of threads, through joblib: None is 1 or what ``joblib.parallel_config`` sets, -1
        all cores.
    random_state : int, RandomState instance or None, default=None
        Decides the rows that thresholds are taken from, and the channels that are added.

    Attributes
    ----------
    n_features_out_ : int
        Number of features, extremes included.
    dilations_ : ndarray of int
        The dilations, ascending.
    n_features_in_ : int
        Size of the second dimension of X. Not set where X was a list of series.
    n_channels_in_ : int
        Number of channels of X.
    n_steps_in_ : int
        Steps of each series; not set where X was a list of series.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of a DataFrame; only where X was one in ``fit``.

    See Also
    --------
    skdl.estimators.CNNClassifier : Has a linear model on such features beside its network.

    Notes
    -----
    X is read as by :class:`skdl.estimators.LSTMClassifier`: (n_samples, n_steps), (n_samples,
    n_steps, n_channels), or a list of series of any lengths. Of several channels, up to 9 random
    ones are standardized and added before each convolution.

    For every second convolution the series is padded with zeros, after the mean of its channel in
    ``fit`` was subtracted; for the others only those positions count at which the kernel lies
    within the series, where there are any. Kernels that are longer than a series see zeros.

    Values are rounded to integers of 12 bits: of twice the largest value of (up to 256) rows of
    ``fit``, or 32 standard deviations if these are less; values beyond are clipped. So features do
    not depend on the other rows of X or on the device.

    References
    ----------
    A. Dempster, D. F. Schmidt and G. I. Webb, "MiniRocket: a very fast (almost) deterministic
    transform for time series classification", KDD (2021).

    Examples
    --------
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdl.datasets import make_sequences
    >>> from skdl.preprocessing import RandomConvolutions
    >>> X, y = make_sequences(200, n_steps=60, task="classification", random_state=0)
    >>> features = RandomConvolutions(840, random_state=0)
    >>> features.fit_transform(X).shape
    (200, 840)
    >>> model = make_pipeline(features, StandardScaler(), RidgeClassifierCV())
    >>> model.fit(X, y).predict(X[:2]).shape
    (2,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_features": [Interval(Integral, len(KERNELS), None, closed="left")],
        "kernels": [StrOptions({"minirocket"})],
        "normalize": ["boolean", StrOptions({"both"})],
        "max_dilations": [Interval(Integral, 1, None, closed="left")],
        "max_positions": [Interval(Integral, 1, None, closed="left"), None],
        "extremes": ["boolean"],
        "n_channels": [Interval(Integral, 1, None, closed="left"), None],
        "device": [str, torch.device],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_features: int = 10_000,
        *,
        kernels: str = "minirocket",
        normalize: bool | str = "both",
        max_dilations: int = 32,
        max_positions: int | None = 1024,
        extremes: bool = False,
        n_channels: int | None = None,
        device: str | torch.device = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_features = n_features
        self.kernels = kernels
        self.normalize = normalize
        self.max_dilations = max_dilations
        self.max_positions = max_positions
        self.extremes = extremes
        self.n_channels = n_channels
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw channels, and learn thresholds.

        Parameters
        ----------
        X : array-like or list
            See the class's notes.
        y : ignored
            Present for the scikit-learn interface.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X cannot be read as series of finite numbers, or there is no such device.
        """
        return self._fit(self._read_sequences(X, reset=True))

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """The same as ``fit(X).transform(X)``; X is read once.

        Parameters
        ----------
        X : array-like or list
            See the class's notes.
        y : ignored
            Present for the scikit-learn interface.

        Returns
        -------
        ndarray of shape (n_samples, `n_features_out_`)
        """
        sequences = self._read_sequences(X, reset=True)
        return self._fit(sequences)._transform(sequences)

    def _fit(self, sequences: Sequences) -> Self:
        resolve_device(self.device)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        self._convolutions = ConvolutionFeatures.learned(
            sequences,
            int(self.n_features) // len(KERNELS),
            np.random.default_rng(seed),
            max_dilations=self.max_dilations,
            normalize=self.normalize,
            max_positions=self.max_positions,
            extremes=self.extremes,
        )
        self.n_features_out_ = self._convolutions.n_features
        self.dilations_ = np.unique(self._convolutions.views[0].dilations.steps)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """The features of each series.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, `n_features_out_`)
            Proportions, and extremes behind them, of float32.

        Raises
        ------
        ValueError
            If X cannot be read, or has other channels than in ``fit``, or as an array other steps.
        """
        check_is_fitted(self)
        return self._transform(self._read_sequences(X, reset=False))

    def _transform(self, sequences: Sequences) -> NDArray[np.float32]:
        device = resolve_device(self.device)
        on_card = None if device.type == "cpu" else device
        return self._convolutions.transform(sequences, self.n_jobs, on_card)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Name the features.

        Parameters
        ----------
        input_features : ignored
            Present for the scikit-learn interface.

        Returns
        -------
        ndarray of str of shape (`n_features_out_`,)
            "kernel034_dilation4_2" is the third threshold of a kernel whose weights 2 are at taps
            0, 3 and 4; with ``"standardized_"`` before it where each series is standardized. Names
            of extremes end in "largest" and "smallest", of several channels with a number behind.
        """
        check_is_fitted(self)
        names = []
        for view in self._convolutions.views:
            before = "standardized_" if view.standardizes else ""
            n_before: Counter[int] = Counter()  # thresholds of a dilation that is repeated
            for dilation, n in zip(*view.dilations, strict=True):
                numbers = range(n_before[dilation], n_before[dilation] + n)
                names += [
                    f"{before}kernel{a}{b}{c}_dilation{dilation}_{number}"
                    for a, b, c in KERNELS
                    for number in numbers
                ]
                n_before[dilation] += n
        for pooled in self._convolutions.pooled:
            n_times: Counter[int] = Counter()
            for dilation in pooled.dilations:
                behind = f"_{n_times[dilation]}" if self.n_channels_in_ > 1 else ""
                names += [
                    f"kernel{a}{b}{c}_dilation{dilation}_{extreme}{behind}"
                    for a, b, c in KERNELS
                    for extreme in ("largest", "smallest")
                ]
                n_times[dilation] += 1
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
