"""Import of matplotlib, an optional dependency, when a display is drawn."""

from __future__ import annotations

from typing import Any


def import_pyplot(display: str) -> Any:
    """Return ``matplotlib.pyplot``.

    Parameters
    ----------
    display : str
        Name of the display that needs it, for the error message.

    Returns
    -------
    pyplot : module
        ``matplotlib.pyplot``.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from skdl.inspection._matplotlib import import_pyplot
    >>> import_pyplot("ComparisonDisplay").__name__
    'matplotlib.pyplot'
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            f"{display} needs matplotlib, which could not be imported ({error}). "
            'Install it with: pip install "skdl[plot]"'
        ) from error
    return pyplot
