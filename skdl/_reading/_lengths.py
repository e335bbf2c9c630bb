"""What to do about sequences and signals of another length than in fit."""

from __future__ import annotations


def other_length(
    what: str, got: int, n_steps: int, array: str, *, n_channels: int, any_length: bool
) -> str:
    """What is said of flat rows of another number of steps than in fit.

    Parameters
    ----------
    what : {"sequences", "signals"}
    got, n_steps : int
        Steps of the rows, and of those of the fit.
    array : str
        Code that is the rows (n, got * n_channels).
    n_channels : int
    any_length : bool
        As for `way_to_length`.
    """
    array = as_steps(array, got, n_channels)
    way = way_to_length(got, n_steps, array, n_dims=2 + (n_channels > 1), any_length=any_length)
    return f"These are {what} of {got} steps, those of fit have {n_steps}. {way}"


def as_steps(array: str, got: int, n_channels: int) -> str:
    """Code for the flat rows of ``array`` with their steps in the second dimension."""
    return array if n_channels == 1 else f"{array}.reshape(len(X), {got}, {n_channels})"


def way_to_length(got: int, n_steps: int, array: str, *, n_dims: int, any_length: bool) -> str:
    """What makes rows of ``got`` steps like those of the fit, which have ``n_steps``.

    Parameters
    ----------
    got, n_steps : int
    array : str
        Code that is the rows, of ``n_dims`` dimensions, steps in the second.
    n_dims : int
    any_length : bool
        Whether the estimator takes lists of sequences of any length.
    """
    if got > n_steps:
        way = f"Cut them, for example {array}[:, -{n_steps}:]"
    elif any_length:
        way = f"Fit on a list of sequences, list({array}), which may have any length"
    else:
        widths = ", ".join(["(0, 0)", f"({n_steps - got}, 0)", "(0, 0)"][:n_dims])
        way = f"Pad them, for example np.pad({array}, ({widths}))"
    resampled = f"scipy.signal.resample({array}, {n_steps}, axis=1)"
    return f"{way}; or, where they last as long in other steps, resample them: {resampled}."
