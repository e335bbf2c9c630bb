"""How something public is deprecated: docs/guarantees.rst says for how long."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from typing_extensions import deprecated as _deprecated

Named = TypeVar("Named", bound=Callable[..., Any])


def deprecated(instead: str, *, since: str, removal: str) -> Callable[[Named], Named]:
    """Decorate a function, method or class that will go: a call warns.

    It keeps its signature; estimators can be cloned and searched. On a class it stands above
    ``@deep_estimator``.

    Parameters
    ----------
    instead : str
        What to do, as a sentence: "Use ``other``.".
    since, removal : str
        Versions: that from which it warns, and that in which it goes.

    Examples
    --------
    >>> import warnings
    >>> @deprecated("Use ``double``.", since="0.2", removal="0.4")
    ... def twice(x):
    ...     return 2 * x
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     twice(2)
    4
    >>> print(caught[0].message)
    Deprecated since skdl 0.2, removed in 0.4. Use ``double``.
    """
    message = f"Deprecated since skdl {since}, removed in {removal}. {instead}"

    def decorated(named: Any) -> Any:
        if not isinstance(named, type):
            return _deprecated(message, category=FutureWarning)(named)
        init = named.__init__  # type: ignore[misc]

        @functools.wraps(init)
        def warned(self: Any, *args: Any, **kwargs: Any) -> None:
            if type(self) is named:
                warnings.warn(message, FutureWarning, stacklevel=2)
            init(self, *args, **kwargs)

        named.__init__ = warned  # type: ignore[misc]
        return named

    return decorated
