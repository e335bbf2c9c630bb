"""Parameters that hold a fitted estimator or vectors: clones share them, nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from ..._sklearn import BaseEstimator
from ._given_vectors import WordVectorTable


class GivenMapping(Mapping[Any, Any]):
    """A mapping of the user, as it is shown among the parameters: its repr is one line.

    scikit-learn takes the repr of parameters wherever it shows an estimator, alone or in a
    Pipeline; that of hundreds of thousands of vectors takes minutes.
    """

    def __init__(self, mapping: Mapping[Any, Any]) -> None:
        self.mapping = mapping

    def __getitem__(self, key: Any) -> Any:
        return self.mapping[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.mapping)

    def __len__(self) -> int:
        return len(self.mapping)

    def __contains__(self, key: object) -> bool:
        return key in self.mapping

    def __repr__(self) -> str:
        return f"<{type(self.mapping).__name__} of {len(self)} items>"


class FittedParameterMixin(BaseEstimator):
    """A parameter, named by ``_fitted_parameter``, may hold a fitted estimator or a mapping."""

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
            Names and values. A dict of vectors is an equal mapping with a short repr.
        """
        params = dict(super().get_params(deep=False))
        given = params[self._fitted_parameter]
        if isinstance(given, Mapping) and not isinstance(given, (GivenMapping, WordVectorTable)):
            params[self._fitted_parameter] = GivenMapping(given)
        return params

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
        shown = params.get(self._fitted_parameter)
        if isinstance(shown, GivenMapping):
            params[self._fitted_parameter] = shown.mapping
        super().set_params(**params)
        return self

    def __sklearn_clone__(self) -> Self:
        given, bare = getattr(self, self._fitted_parameter), object.__new__(type(self))
        bare.__dict__.update(vars(self))  # what is shared is not there when the rest is copied
        setattr(bare, self._fitted_parameter, None)
        twin: Self = super(FittedParameterMixin, bare).__sklearn_clone__()
        setattr(twin, self._fitted_parameter, given)
        return twin
