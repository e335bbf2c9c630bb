"""Flatten: n-dimensional samples as the 2-D table that classical estimators take."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from .._reading import (
    ChannelNamesMixin,
    Given,
    Units,
    check_numbers,
    check_one_scale,
    plain_container,
    rows_of_numbers,
    rows_without_gaps,
)
from .._sklearn import BaseEstimator, OneToOneFeatureMixin, TransformerMixin


class Flatten(ChannelNamesMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Flatten each sample to one row, so that any estimator takes images and sequences.

    Rows are filled in row-major order: images row by row (the channels of a pixel side by
    side), sequences step by step (time-major: all channels of step 0, then of step 1, ...),
    which is the order that ``n_channels`` and ``image_shape`` of the deep estimators expect.
    2-D input passes through as it is. DataFrames in a list must have the same columns in the same
    order.

    Attributes
    ----------
    shape_in_ : tuple of int
        Shape of one sample seen in `fit`: ``(8, 8)`` for images of 8 x 8 pixels.
    n_features_in_ : int
        Size of axis 1 of X seen in `fit`: columns, steps of a sequence, or rows of an image.
        The transformed table has ``prod(shape_in_)`` columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names seen in `fit`. Defined only when X is a DataFrame with string columns.
    channel_names_in_ : ndarray of shape (n_channels,)
        Column names of the DataFrames in a list. Defined only when X is a list of frames with
        named columns.

    See Also
    --------
    sliding_windows : Cuts a series into windows, which `Flatten` makes rows of lags.

    Notes
    -----
    NaN passes through, for an imputer or an estimator that takes missing values to handle;
    infinity raises. No copy is made where numpy can reshape without one. A UserWarning tells of
    samples that seem to be in other units than in `fit`: fractions of 1 where there were bytes.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.preprocessing import Flatten
    >>> sequences = np.arange(12).reshape(2, 3, 2)  # 2 sequences, 3 steps, 2 channels
    >>> Flatten().fit_transform(sequences)
    array([[ 0,  1,  2,  3,  4,  5],
           [ 6,  7,  8,  9, 10, 11]])

    A support vector machine on images:

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from skdl.datasets import load_digits_images
    >>> X, y = load_digits_images(return_X_y=True)
    >>> X.shape
    (1797, 8, 8)
    >>> model = make_pipeline(Flatten(), SVC()).fit(X[:1000], y[:1000])
    >>> model.score(X[1000:], y[1000:]) > 0.95
    True
    """

    shape_in_: tuple[int, ...]
    n_features_in_: int
    _units: Units

    def fit(self, X: ArrayLike, y: Any = None) -> Flatten:
        """Learn the shape of one sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...) or list of n_samples arrays of one shape
            Images (n, H, W) or (n, H, W, C), sequences (n, T) or (n, T, C), tables (n, p),
            DataFrames; or a list, object array or Series that holds one array per sample.
            Numeric; NaN allowed.
        y : ignored
            Present for the scikit-learn interface.

        Returns
        -------
        self : Flatten
            The fitted transformer.

        Raises
        ------
        ValueError
            If samples differ in shape or in the columns that they have as frames, or X is 1-D,
            empty, infinite or not numeric.
        """
        self.shape_in_ = self._validate(X, reset=True).shape[1:]
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Flatten each sample to one row.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...) or list of n_samples arrays of one shape
            Samples of the shape seen in `fit`.

        Returns
        -------
        X_out : ndarray of shape (n_samples, prod(`shape_in_`))
            One row per sample, of the dtype of X. Samples of Python objects become float64.

        Raises
        ------
        ValueError
            If a sample has another shape or other columns than those seen in `fit`.
        """
        check_is_fitted(self)
        array = self._validate(X, reset=False)
        return array.reshape(array.shape[0], -1)  # (n, ...) -> (n, p)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the columns of the output.

        Parameters
        ----------
        input_features : array-like of str of shape (`n_features_in_`,), default=None
            Names along axis 1 of X; by default the column names seen in `fit`, or
            ``x0, x1, ...``.

        Returns
        -------
        feature_names_out : ndarray of str of shape (prod(`shape_in_`),)
            The names themselves for 2-D X, else with the index along the further axes appended:
            ``x3_1`` is channel 1 of step 3, or the pixel in row 3 and column 1.
        """
        names = super().get_feature_names_out(input_features)
        inner = list(itertools.product(*map(range, self.shape_in_[1:])))
        parts = ([str(name), *map(str, place)] for name in names for place in inner)
        return np.array(["_".join(part) for part in parts], dtype=object)

    def _validate(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        """Check X, and against the fitted shape unless `reset`; return it as an array."""
        given = Given(X)
        X = plain_container(X)
        if reset:
            self.__dict__.pop("channel_names_in_", None)
        frame, X = X, rows_of_numbers(X)
        items = _items(X)
        check_numbers(X)
        if items is not None:
            for place, item in enumerate(items):
                check_numbers(item, f"Item {place} of X")
            self._check_channel_names(frame, items, reset=reset)
            X = _stack(items)
        self._check_order_of_names(X, reset=reset)
        if not reset:
            _check_same_shape(X, self.shape_in_)
        array = validate_data(self, X, reset=reset, allow_nd=True, ensure_all_finite="allow-nan")
        if 0 in array.shape:
            raise ValueError(
                f"Flatten needs at least one value per sample, got X of shape {array.shape}. "
                "Drop the empty axis or pass the samples that hold values."
            )
        check_one_scale(array, given)
        if reset:
            self._units = Units.of_fit(array)
        elif len(complete := rows_without_gaps(array)):
            self._units.check(complete, "Flatten", given)
        return array

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _check_same_shape(X: Any, fitted: tuple[int, ...]) -> None:
    """Refuse n-d samples of another shape; scikit-learn's own check counts 2-D columns."""
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    got = tuple(shape[1:])
    if got != fitted and max(len(got), len(fitted)) > 1:
        single = " If X is a single sample, pass [X]." if tuple(shape) == fitted else ""
        raise ValueError(
            f"Each sample must have the shape seen in fit, {fitted}, got samples of shape {got}. "
            "Bring X to the fitted shape, or fit Flatten again, on samples of this shape."
            f"{single}"
        )


def _items(X: Any) -> Any:
    """X as a container of one array per sample; None for anything else."""
    if getattr(X, "ndim", None) == 1 and hasattr(X, "to_numpy"):  # a pandas Series
        X = X.to_numpy()
    is_object_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    if not (is_object_array or isinstance(X, (list, tuple))) or len(X) == 0:
        return None
    return X


def _stack(items: Any) -> NDArray[Any]:
    """One array of all samples."""
    rows = [_row(row, i) for i, row in enumerate(items)]
    shapes = [row.shape for row in rows]
    if len(set(shapes)) > 1:
        raise ValueError(_ragged_message(shapes))
    return np.stack(rows)


def _row(row: Any, i: int) -> NDArray[Any]:
    try:
        return np.asarray(row)
    except ValueError as error:
        raise ValueError(
            f"Each sample must be an array of numbers, but row {i} of X is itself ragged: the "
            "steps in it differ in their number of channels. Give every step the same channels."
        ) from error


def _ragged_message(shapes: list[tuple[int, ...]]) -> str:
    common = Counter(shapes).most_common(1)[0][0]
    odd = [(i, shape) for i, shape in enumerate(shapes) if shape != common]
    shown = ", ".join(f"row {i} has shape {shape}" for i, shape in odd[:5])
    more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
    return (
        f"Flatten needs samples of one shape: most rows have shape {common}, but {shown}{more}. "
        "Pad or truncate the sequences to one length, or leave Flatten out: the recurrent "
        "estimators take sequences of unequal length as they are."
    )
