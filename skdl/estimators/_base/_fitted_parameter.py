"""Parameters that hold a fitted estimator: clones share it, for a clone of it would be unfitted."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator


class FittedParameterMixin(BaseEstimator):
    """A parameter, named by ``_fitted_parameter``, may hold a fitted estimator."""

    _fitted_parameter: ClassVar[str]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters; those of a fitted estimator among them are none.

        Parameters
        ----------
        deep : bool, default=True
            Ignored: there is nothing deeper.

        Returns
        -------
        dict
            Names and values.
        """
        return dict(super().get_params(deep=False))

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, as in scikit-learn.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For an unknown name, and for parameters of a fitted estimator, which clones share.
        """
        nested = [name for name in params if name.startswith(f"{self._fitted_parameter}__")]
        if nested:
            raise ValueError(
                f"A fitted {self._fitted_parameter} keeps its parameters; got {', '.join(nested)}."
            )
        super().set_params(**params)
        return self

    def __sklearn_clone__(self) -> Self:
        twin = super().__sklearn_clone__()
        setattr(twin, self._fitted_parameter, getattr(self, self._fitted_parameter))
        return twin
