"""The fitted classifier that a Pipeline or a search holds."""

from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def reach_classifier(
    estimator: Any, X: Any, method: str, display: str, such_as: str
) -> tuple[Any, Any]:
    """Return the fitted classifier with a method that `estimator` is or holds, and its X.

    The class of the classifier must have the method: meta-estimators may hand on any attribute.
    ``such_as`` names one that does.

    Raises
    ------
    TypeError
        If there is none, or several, saying what the display needs.
    NotFittedError
        If it is not fitted.
    """
    inner = estimator
    while not hasattr(type(inner), method):
        if isinstance(inner, Pipeline):
            X = inner[:-1].transform(X) if len(inner) > 1 else X
            inner = inner[-1]
            continue
        if hasattr(inner, "estimator") and hasattr(inner, "fit"):
            check_is_fitted(inner)
        several = getattr(inner, "calibrated_classifiers_", ())
        if len(several) > 1:
            raise TypeError(
                f"{type(inner).__name__} holds {len(several)} classifiers, one a fold; pass one of "
                "them, such as calibrated_classifiers_[0].estimator."
            )
        inner = several[0] if several else inner
        # The parameter `estimator` of other meta-estimators is a template and is not fitted.
        names = ["best_estimator_", "estimator_"]
        names += ["estimator"] * (len(several) or isinstance(inner, FrozenEstimator))
        name = next((name for name in names if hasattr(inner, name)), None)
        if name is None:
            with_it = "" if method.startswith("_") else f" with the method {method},"
            raise TypeError(
                f"{display} needs a classifier{with_it} such as {such_as}: "
                "itself, at the end of a Pipeline, or as best_estimator_ of a search (with "
                f"refit). Got {type(inner).__name__}"
                + (f" in {type(estimator).__name__}." if inner is not estimator else ".")
            )
        inner = getattr(inner, name)
    check_is_fitted(inner)
    return inner, X
