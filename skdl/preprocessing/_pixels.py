"""PixelScaler: standardization by one standard deviation of all pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags
from sklearn.utils.validation import FLOAT_DTYPES, check_is_fitted, validate_data

from .._reading import is_finite
from .._sklearn import BaseEstimator, OneToOneFeatureMixin, TransformerMixin


class PixelScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Standardize pixels: subtract each one's mean, divide all by one standard deviation.

    For columns of one unit, such as the pixels of flattened images. `StandardScaler` scales each
    pixel by itself, and so gives the noise in an almost always empty margin the same variance as
    the pixels in the middle. Here the variances keep their proportions, and are 1 on average.

    Attributes
    ----------
    mean_ : ndarray of shape (`n_features_in_`,)
        Mean of each pixel.
    scale_ : float
        Standard deviation of all pixels about their means, or 1 where there is none.
    n_features_in_ : int
        Columns of X seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names seen in `fit`. Defined only when X is a DataFrame with string columns.

    See Also
    --------
    Flatten : Makes rows of images.
    sklearn.preprocessing.StandardScaler : Standardizes each column by itself.

    Examples
    --------
    >>> from skdl.preprocessing import PixelScaler
    >>> X = [[0, 8, 0], [0, 0, 0], [0, 8, 1], [0, 0, 1]]
    >>> PixelScaler().fit_transform(X).round(1).tolist()
    [[0.0, 1.7, -0.2], [0.0, -1.7, -0.2], [0.0, 1.7, 0.2], [0.0, -1.7, 0.2]]
    """

    mean_: NDArray[Any]
    scale_: float

    def fit(self, X: ArrayLike, y: Any = None) -> PixelScaler:
        """Learn the means and the scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_pixels)
            Rows of pixels, without missing values.
        y : ignored
            Present for the scikit-learn interface.

        Returns
        -------
        self : PixelScaler
            The fitted transformer.
        """
        array = self._validate(X, reset=True)
        self.mean_ = array.mean(axis=0, dtype=np.float64)
        self.scale_ = float(np.sqrt(array.var(axis=0, dtype=np.float64).mean())) or 1.0
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Centre and scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_pixels)
            Rows of pixels, as in `fit`.

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_pixels)
            float32 for float32, else float64.
        """
        check_is_fitted(self)
        array = self._validate(X, reset=False)
        scaled: NDArray[Any] = ((array - self.mean_) / self.scale_).astype(array.dtype, copy=False)
        return scaled

    def _validate(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        """X as floats, all finite: scikit-learn's advice, an imputer, takes no images."""
        array = validate_data(self, X, reset=reset, dtype=FLOAT_DTYPES, ensure_all_finite=False)
        if is_finite(array):  # fast, and enough when all is well
            return np.asarray(array)
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            row, column = bad[0].tolist()
            what = "NaN" if np.isnan(array[row, column]) else "infinity"
            raise ValueError(
                f"Input X contains {what}, first in row {row}, pixel {column}. Replace such pixels "
                "first, for example by 0 with np.nan_to_num(X, posinf=0, neginf=0), or leave such "
                "rows out."
            )
        return np.asarray(array)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
