"""How something public is deprecated: documentation/guarantees says for how long."""

from __future__ import annotations

from typing_extensions import deprecated as _deprecated


def deprecated(instead: str, *, since: str, removal: str) -> _deprecated:
    """Decorate a function or method that will go; of a class, its ``__init__``.

    It keeps its signature, type checkers and editors strike it through, and a call warns.

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
    return _deprecated(message, category=FutureWarning)
