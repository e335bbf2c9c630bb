"""TorchRegressor: what all deep regressors share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Tags

from ..._sklearn import RegressorMixin, StrOptions, available_if, fit_context
from ._docs import deep_estimator
from ._estimator import TorchEstimator
from ._targets import REGRESSION_LOSSES, RegressionTarget


def estimates_quantiles(estimator: TorchRegressor) -> bool:
    """Whether predict_quantiles exists: by the loss fitted with, before fit by the one set."""
    fitted = hasattr(estimator, "net_")
    loss = estimator._target.loss_name if fitted else estimator.loss
    if loss != "quantile":
        raise AttributeError(
            'predict_quantiles needs a fit with loss="quantile", and this estimator '
            f"{'was fitted with' if fitted else 'has'} loss={loss!r}. Use "
            'set_params(loss="quantile", warm_start=False) and fit again.'
        )
    return True


@deep_estimator
class TorchRegressor(RegressorMixin, TorchEstimator):
    """Base of the deep regressors: y in its own units outside, standardized inside.

    Parameters
    ----------
    standardize : bool, default=True
        If True, y is scaled to mean 0 and variance 1 inside; learned from the training rows of
        ``fit`` only.
    loss : {"squared_error", "absolute_error", "huber", "quantile"}, default="squared_error"
        What is minimised, on standardized y: "squared_error", "absolute_error", "huber", squared up
        to an error of one standard deviation of y and absolute beyond, or "quantile", the pinball
        loss of ``quantiles``.
    quantiles : array-like of float or None, default=None
        Levels for ``loss="quantile"``, sorted, each in (0, 1); None means (0.1, 0.5, 0.9). The
        median is always estimated too: it is what ``predict`` gives.
    early_stopping : bool or "auto", default="auto"
        "auto" does so for 8 rows or more, unless weights are so uneven that a few heavy rows would
        decide, and where ``fit`` is given validation rows, ``X_val``.
    validation_fraction : float, default=0.1
        At least 4 rows are set aside if there are 8. They are the last rows of each of up to 10
        parts of the data, of up to 3 where y is alike in neighbouring rows, as in windows of a
        series, for these overlap. With ``sample_weight`` they carry this fraction of the weight,
        and rows of less than half the weighted median weight are passed over.

    Attributes
    ----------
    y_mean_, y_scale_ : ndarray of shape (`n_targets_`,)
        Mean and standard deviation of y, by which it is standardized. Under the losses that are
        robust, all but "squared_error", values of more than 10 robust standard deviations (1.48
        times the median absolute deviation) from the median are left out.
    n_targets_ : int
        Columns of y.
    quantiles_ : list of float or None
        Levels of the columns of ``predict_quantiles``; None unless ``loss="quantile"``.
    """

    _: KW_ONLY
    standardize: bool = True
    loss: str = "squared_error"
    quantiles: Sequence[float] | NDArray[Any] | None = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "standardize": ["boolean"],
        "loss": [StrOptions({*REGRESSION_LOSSES, "quantile"})],
        "quantiles": ["array-like", None],
    }

    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _target: RegressionTarget = field(init=False)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows: for data in chunks.

        The first call builds the network and learns what goes before training, such as the scales
        of X and y. Later calls keep that; but as long as fewer than 10 rows have come, the next
        call starts again with all of them, for one row tells nothing of scales. The first rows
        should vary as all will.

        Parameters
        ----------
        X, y
            As in ``fit``.
        sample_weight : array-like of shape (n_samples,), default=None
            As in ``fit``, but relative to the mean weight of the rows of all calls so far; None is
            1 each.

        Returns
        -------
        self

        Warns
        -----
        UserWarning
            If most of y or of a channel of X is more than 30 standard deviations from where the
            first rows had it.

        Raises
        ------
        ValueError
            As in ``fit``; if X or y have other columns than in the first call.
        """
        return self._learn_part(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Predict in the units of y.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            The median when ``loss="quantile"``. float64; float32 for one target whose mean is at
            most 4 standard deviations from 0, unless ``precision="float64"``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X is not as in ``fit``: other columns, channels or types, values that are missing or
            infinite where ``fit`` takes none.
        """
        outputs = self._outputs(X)
        return self._target.predictions(outputs)

    @available_if(estimates_quantiles)
    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict the ``quantiles``; a higher one is never below a lower one.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or (n_samples, n_targets, n_quantiles)
            Of the dtype of ``predict``.

        Raises
        ------
        AttributeError
            If the loss is not "quantile".
        """
        outputs = self._outputs(X)
        return self._target.quantile_predictions(outputs)

    def _make_target(self) -> RegressionTarget:
        return RegressionTarget(
            type(self).__name__, self.loss, self.quantiles, bool(self.standardize)
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.quantiles is None:
            return
        if self.loss != "quantile":
            raise ValueError(
                f'quantiles={self.quantiles} needs loss="quantile", got loss={self.loss!r}.'
            )
        try:
            levels = np.asarray(self.quantiles, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"quantiles must be numbers, got {self.quantiles}.") from error
        if levels.ndim != 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(f"quantiles must lie between 0 and 1, got {self.quantiles}.")
        if (np.diff(levels) <= 0).any():
            raise ValueError(f"quantiles must be sorted and distinct, got {self.quantiles}.")

    @property
    def y_mean_(self) -> np.ndarray:
        return self._target.mean

    @property
    def y_scale_(self) -> np.ndarray:
        return self._target.scale

    @property
    def n_targets_(self) -> int:
        return self._target.n_targets

    @property
    def quantiles_(self) -> list[float] | None:
        return self._target.asked_quantiles if self._target.quantiles else None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags
