"""What skdl uses of scikit-learn's private parts: the one place to look after an upgrade.

And its base classes, with the types that mypy needs.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from numpy.typing import NDArray
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import _safe_split as safe_split
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

Method = TypeVar("Method")

# mypy takes it for true. scikit-learn has no types: with its bases, mypy would know neither the
# parameters of an estimator nor its methods. pyright reads scikit-learn's source. It does not know
# this name: where a class statement binds a name beside an import it takes the class, so variables
# bind those of the bases here.
MYPY = False
if MYPY:

    class _BaseEstimator:
        n_features_in_: int
        feature_names_in_: NDArray[Any]

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def get_metadata_routing(self) -> Any: ...
        def set_fit_request(self, **kwargs: bool | str | None) -> Self: ...
        def set_partial_fit_request(self, **kwargs: bool | str | None) -> Self: ...
        def set_score_request(self, **kwargs: bool | str | None) -> Self: ...
        def _validate_params(self) -> None: ...
        def __sklearn_tags__(self) -> Any: ...
        def __sklearn_clone__(self) -> Self: ...
        def __getstate__(self) -> dict[str, Any]: ...
        def __setstate__(self, state: dict[str, Any]) -> None: ...

    class _RegressorMixin:
        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float: ...

    class _ClassifierMixin(_RegressorMixin): ...

    class _TransformerMixin:
        def fit_transform(self, X: Any, y: Any = None) -> Any: ...
        def set_output(self, *, transform: str | None = None) -> Self: ...

    class _OneToOneFeatureMixin:
        def get_feature_names_out(self, input_features: Any = None) -> Any: ...

    class _ClassNamePrefixFeaturesOutMixin(_OneToOneFeatureMixin): ...

    BaseEstimator = _BaseEstimator
    RegressorMixin = _RegressorMixin
    ClassifierMixin = _ClassifierMixin
    TransformerMixin = _TransformerMixin
    OneToOneFeatureMixin = _OneToOneFeatureMixin
    ClassNamePrefixFeaturesOutMixin = _ClassNamePrefixFeaturesOutMixin
else:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        ClassNamePrefixFeaturesOutMixin,
        OneToOneFeatureMixin,
        RegressorMixin,
        TransformerMixin,
    )

if TYPE_CHECKING:  # else type checkers would know nothing of the methods that it decorates

    def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]: ...
    def available_if(check: Callable[..., bool]) -> Callable[[Method], Method]: ...

else:
    from sklearn.utils.metaestimators import available_if

    fit_context = _fit_context

__all__ = [
    "BaseEstimator",
    "ClassNamePrefixFeaturesOutMixin",
    "ClassifierMixin",
    "HasMethods",
    "Interval",
    "OneToOneFeatureMixin",
    "RegressorMixin",
    "StrOptions",
    "TransformerMixin",
    "available_if",
    "check_sample_weight",
    "fit_context",
    "num_samples",
    "safe_indexing",
    "safe_split",
]
