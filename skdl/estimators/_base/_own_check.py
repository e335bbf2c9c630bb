"""A parameter constraint in words, for values that an estimator checks itself."""

from __future__ import annotations

from typing import Any

from ..._sklearn import HasMethods


class OwnCheck(HasMethods):  # a subclass, for scikit-learn takes no constraint of a new class
    """Constraint of a parameter that the estimator checks itself, with errors that say more.

    It lets every value through. Strings that are accepted are told by ``StrOptions`` beside it.

    Parameters
    ----------
    *kinds : str
        As the type of the parameter says them.
    """

    def __init__(self, *kinds: str) -> None:
        super().__init__([])
        self.kinds = kinds

    def is_satisfied_by(self, val: Any) -> bool:
        return True

    def __str__(self) -> str:
        return ", ".join(self.kinds)
