"""TorchClassifier: what all deep classifiers share."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import ClassifierMixin

from ..._sklearn import StrOptions, fit_context
from ._docs import deep_estimator
from ._estimator import TorchEstimator
from ._targets import ClassificationTarget


@deep_estimator
class TorchClassifier(ClassifierMixin, TorchEstimator):
    """Base of the deep classifiers: any labels outside, class indices inside.

    Parameters
    ----------
    class_weight : dict, "balanced" or None, default=None
        Weight of each label; "balanced" makes the weights of all classes sum to the same, None
        gives each the weight 1. It is multiplied by ``sample_weight``.
    validation_fraction : float, default=0.1
        The rows are drawn at random, in proportion to the classes; rows of less than half the
        weighted median weight of their class are passed over.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    """

    class_weight: dict[Any, Any] | str | None = None

    _changeable: ClassVar[frozenset[str]] = frozenset({"class_weight"})
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _target: ClassificationTarget = field(init=False)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows: for data in chunks.

        The first call builds the network and learns what goes before training, such as the scales
        of X. Later calls keep that; but as long as fewer than 10 rows have come, the next call
        starts again with all of them, for one row tells nothing of scales. The first rows should
        vary as all will.

        Parameters
        ----------
        X, y
            As in ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; on the first call, if its y lacks some.
        sample_weight : array-like of shape (n_samples,), default=None
            As in ``fit``, but relative to the mean weight of the rows of all calls so far; None is
            1 each. The same holds for ``class_weight``, so that chunks of one class each count by
            their weights; "balanced" counts the rows of each class in all calls so far.

        Returns
        -------
        self

        Warns
        -----
        UserWarning
            If most of a channel of X is more than 30 standard deviations from where the first rows
            had it.
        """
        self._declared_classes = classes
        try:
            return self._learn_part(X, y, sample_weight)
        finally:
            del self._declared_classes

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of the classes before the softmax.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes: the second's score less the first's.
        """
        scores = self._outputs(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to 1.
        """
        outputs = self._outputs(X)
        return self._target.probabilities(outputs)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; finite also where a probability is rounded to 0.
        """
        return torch.from_numpy(self._outputs(X)).log_softmax(1).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable label.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        outputs = self._outputs(X)
        return self._target.predictions(outputs)

    def _make_target(self) -> ClassificationTarget:
        return ClassificationTarget(
            type(self).__name__,
            self.class_weight,
            getattr(self, "_declared_classes", None),
            in_parts=hasattr(self, "_declared_classes"),
        )

    def _same_target(self) -> ClassificationTarget:
        return replace(
            self._target,
            class_weight=self.class_weight,
            declared_classes=getattr(self, "_declared_classes", None),
            in_parts=hasattr(self, "_declared_classes"),
        )

    @property
    def classes_(self) -> np.ndarray:
        classes = self._target.classes
        assert classes is not None
        return classes
