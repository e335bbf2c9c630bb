"""Encoder: the features that a deep estimator learned, as a transformer."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from .._sklearn import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    safe_indexing,
)


class Encoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Feature extraction with a deep estimator: its learned features as a transformer.

    `fit` trains a clone of `estimator`; `transform` returns the learned features of each sample,
    one row of numbers. So the layers below the output of a deep estimator can stand before any
    other estimator in a Pipeline. To use an estimator that is trained already, freeze it:
    ``Encoder(FrozenEstimator(fitted))``.

    Parameters
    ----------
    estimator : estimator with a method ``encode``
        ``encode(X)`` returns an array of shape (n_samples, n_features), as the deep estimators of
        ``skdl.estimators`` do; or a `sklearn.frozen.FrozenEstimator` of a fitted one, which is
        neither cloned nor trained.

    Attributes
    ----------
    estimator_ : estimator
        The trained clone, or the frozen estimator itself.
    n_features_in_ : int
        That of `estimator_`. Defined only when it has one.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Those of `estimator_`. Defined only when it has them.

    See Also
    --------
    sklearn.frozen.FrozenEstimator : Keeps a fitted estimator from being fitted again.

    Notes
    -----
    In a Pipeline, the next step learns from the rows that the encoder was trained on, which its
    features separate better than new ones. Where that makes the next step overfit, train the
    encoder on other rows and freeze it. Scores of cross-validation are unbiased either way: neither
    step has seen the rows held out.

    X reaches `estimator` as it is, whatever it takes: images, or sequences of unequal length.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from skdl.datasets import make_sequences
    >>> from skdl.estimators import LSTMClassifier
    >>> from skdl.preprocessing import Encoder
    >>> X, y = make_sequences(200, task="classification", ragged=True, random_state=0)
    >>> network = LSTMClassifier(hidden_size=8, max_epochs=20, random_state=0)
    >>> model = make_pipeline(Encoder(network), SVC()).fit(X, y)
    >>> model[0].transform(X).shape  # hidden_size numbers in each direction
    (200, 16)

    The same network, trained once:

    >>> from sklearn.frozen import FrozenEstimator
    >>> frozen = Encoder(FrozenEstimator(network.fit(X, y)))
    >>> frozen.fit(X).transform(X[:3]).shape
    (3, 16)
    """

    estimator_: Any
    _n_features_out: int

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Encoder:
        """Train a clone of the estimator, unless it is frozen.

        Parameters
        ----------
        X : array-like or list of n_samples samples
            What `estimator` takes.
        y : array-like of shape (n_samples, ...), default=None
            What `estimator` is trained on. Not needed when it is frozen.
        sample_weight : array-like of shape (n_samples,), default=None
            Handed to the fit of `estimator` when given.

        Returns
        -------
        self : Encoder
            The fitted transformer.

        Raises
        ------
        TypeError
            If `estimator` has no method ``encode``.
        ValueError
            If y is None and `estimator` needs it, or ``encode`` returns no 2-D array.
        sklearn.exceptions.NotFittedError
            If `estimator` is frozen and was never fitted.
        """
        if not hasattr(self.estimator, "encode"):
            raise TypeError(
                "estimator must have a method encode(X), as the deep estimators of "
                f"skdl.estimators do, got {self.estimator!r}. Pass one of them, or leave Encoder "
                "out."
            )
        if y is None and _requires_y(self.estimator):
            raise ValueError(
                "This Encoder estimator requires y to be passed, but the target y is None: "
                f"{type(self.estimator).__name__} is trained on y. Pass y, or a fitted estimator "
                "as Encoder(FrozenEstimator(fitted))."
            )
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        estimator = clone(self.estimator).fit(X, y, **weights)
        shape = estimator.encode(_first_row(X)).shape
        if len(shape) != 2:
            raise ValueError(
                f"encode must return an array of shape (n_samples, n_features), got {shape} of "
                f"one sample from {self.estimator!r}. Let it return one row per sample."
            )
        self.estimator_, self._n_features_out = estimator, shape[1]
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Encode each sample.

        Parameters
        ----------
        X : array-like or list of n_samples samples
            As in `fit`.

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_features)
            ``estimator_.encode(X)``.
        """
        check_is_fitted(self)
        return self.estimator_.encode(X)

    @property
    def n_features_in_(self) -> int:  # type: ignore[override]
        return self._of_fitted("n_features_in_")

    @property
    def feature_names_in_(self) -> NDArray[Any]:  # type: ignore[override]
        return self._of_fitted("feature_names_in_")

    def _of_fitted(self, name: str) -> Any:
        """The attribute of the fitted estimator; an AttributeError before `fit`."""
        if "estimator_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name} before fit.")
        return getattr(self.estimator_, name)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # the dtype of the network, whatever that of X
        if hasattr(self.estimator, "__sklearn_tags__"):
            inner = deepcopy(get_tags(self.estimator))
            tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
            tags.target_tags.required = _requires_y(self.estimator)
            tags.non_deterministic = inner.non_deterministic
        return tags


def _first_row(X: Any) -> Any:
    return safe_indexing(X if hasattr(X, "__getitem__") else np.asarray(X), slice(1))


def _requires_y(estimator: Any) -> bool:
    return not isinstance(estimator, FrozenEstimator) and get_tags(estimator).target_tags.required
