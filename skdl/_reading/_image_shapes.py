"""Shapes of images and signals: what they are likely to mean, and what to do about others."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

from ._lengths import way_to_length

Shape = tuple[int, ...]
MAX_CHANNELS = 4  # of an image, where its last axis may mean something else


def check_channels_last(
    shape: Shape, kind: str, array: str, show_steps: Callable[[], bool], *, is_flat: bool = False
) -> None:
    """Raise ValueError for shapes that are probably channels first, of rows that may be flat.

    ``show_steps`` says whether the values of signals show that the first dimension is time.
    """
    if kind == "image" and _has_channels_first(shape):
        whole = f"{array}.reshape(-1, {', '.join(map(str, shape))})" if is_flat else array
        last = (*shape[1:], shape[0]) if is_flat else "(H, W, C)"
        as_it_is = f"image_shape={shape}" + (f" and {whole}" if is_flat else "")
        raise ValueError(
            f"Images of shape {shape} look as if channels came first: skdl takes (n, H, W, C), "
            f"channels last. Use np.moveaxis({whole}, 1, -1), and image_shape={last}. If the "
            f"channels are last already, pass {as_it_is}."
        )
    is_wide = kind == "signal" and 0 < shape[0] * 2 <= shape[1] and shape[1] > MAX_CHANNELS
    if is_wide and not show_steps():
        raise ValueError(
            f"Signals of {shape[0]} steps and {shape[1]} channels look as if channels came first: "
            f"skdl takes (n, T, C), channels last. Use np.moveaxis({array}, 1, -1), or pass "
            f"image_shape={shape} if the channels are last already."
        )


def _has_channels_first(shape: Shape) -> bool:
    """Whether (C, H, W) is what is meant: a picture of 2 x 64 pixels with 101 channels is not."""
    height, width, n_channels = shape
    smaller = min(width, n_channels)
    colours = height in (1, 3, 4) and smaller > 4
    return colours or (2 * height <= smaller and (smaller > 4 or width == n_channels))


def is_narrow(height: int, width: int) -> bool:
    """Whether images hardly ever have such a shape, as windows of few channels do."""
    short, long = sorted((height, width))
    return 4 * short <= long >= 16 > short or long >= (8 if short < 32 else 16) * short


def warn_of_other_meaning(
    shape: Shape, array: str, *, has_axis: bool, may_be_signals: bool = False
) -> None:
    """Warn where images have another meaning that is as likely or likelier.

    Signals, of 128 steps and 3 channels or the other way round; or squares with the channels first.

    Parameters
    ----------
    shape : tuple of int
        (H, W, C).
    array : str
        Code that makes one array of X.
    has_axis : bool
        Whether X has an axis of channels, (n, H, W, C).
    may_be_signals : bool
        Whether the values of grey images may be those of signals as well.
    """
    height, width, n_channels = shape
    short, long = sorted((height, width))
    grey = f"{array}[..., 0]" if has_axis else array
    if n_channels == 1 and (is_narrow(height, width) or may_be_signals):
        way = f"after np.moveaxis({grey}, 1, -1), which puts channels last"
        if height == long:
            way = f"of {grey}" if has_axis else ""
        meaning = (
            f"{'may hold' if height == long else 'more likely holds'} signals of {long} steps and "
            f'{short} channels: for these pass kind="signal"{way and ", "}{way}'
        )
    elif height != width == n_channels > 4:
        meaning = (
            f"more likely holds {width} x {n_channels} pixels with the channels first: use "
            f"np.moveaxis({array}, 1, -1)"
        )
    else:
        return
    with_channels = "" if n_channels == 1 else f" with {n_channels} channels"
    warnings.warn(
        f"X is read as images of {height} x {width} pixels{with_channels}, and {meaning}. "
        'Pass kind="image" if that is right.',
        UserWarning,
        stacklevel=2,
    )


def check_smallest(shape: Shape, kind: str) -> None:
    """Raise ValueError for images and signals that are too small."""
    if kind == "signal" and not math.prod(shape):
        raise ValueError(f"Signals must have at least one step and one channel, got shape {shape}.")
    if kind == "image" and (min(shape[:2]) < 2 or not shape[2]):
        raise ValueError(
            f"Images must have at least 2x2 pixels, got {shape[0]}x{shape[1]} with {shape[2]} "
            'channels. For rows of measurements use kind="signal".'
        )


def way_out(got: Shape, fitted: Shape, given: Shape, array: str) -> str:
    """What makes rows of one shape rows of another."""
    n_got, n_fitted = got[-1], fitted[-1]
    if given != fitted == (*given[1:], *given[:1]):
        return f"Channels come first here: use np.moveaxis({array}, 1, -1)."
    if got[:-1] == fitted[:-1]:
        return _way_to_channels(n_got, n_fitted, array, has_axis=len(given) == len(fitted))
    if math.prod(got) == fitted[0] and len(fitted) == 2:
        return f"They were flat there: use {array}.reshape(len(X), -1)."
    if len(got) == 2 and n_got == n_fitted:
        return way_to_length(got[0], fitted[0], array, n_dims=1 + len(given), any_length=False)
    if len(got) == 2:
        return "Choose the channels of the fit, and cut, pad or resample them to that length first."
    if got == (fitted[1], fitted[0], n_fitted):
        return (
            f"Height and width are swapped: use np.swapaxes({array}, 1, 2), or resize them first."
        )
    return "Resize them first."


def way_of_one_image(got: Shape, fitted: Shape) -> str | None:
    """What makes X of shape ``got`` images like those of the fit, if it is one of other channels.

    That is a colour image, or one of the size of the fit. None for anything else.
    """
    n_fitted, one = fitted[-1], "np.asarray(X)[None]"
    if len(got) == 2 and got == fitted[:2] and n_fitted > 1:
        return _way_to_channels(1, n_fitted, one, has_axis=False)
    is_colour = len(got) == 3 and got[-1] in (3, 4) and min(got[:2]) > 8
    is_of_size = len(got) == 3 and got[:2] == fitted[:2] and got[2] <= MAX_CHANNELS
    if got[-1] == n_fitted or not (is_of_size or (is_colour and fitted[1] != got[-1])):
        return None
    way = _way_to_channels(got[-1], n_fitted, one, has_axis=True)
    return way if is_of_size else f"{way} Resize it first."


def _way_to_channels(n_got: int, n_fitted: int, array: str, *, has_axis: bool) -> str:
    if n_fitted == 1 and n_got in (3, 4):
        colours = array if n_got == 3 else f"{array}[..., :3]"
        return f"Convert them to grey first: {colours}.mean(-1)."
    if n_got == 1:
        grey = array if has_axis else f"{array}[..., None]"
        return (
            f"Convert them to {n_fitted} equal channels first: np.repeat({grey}, {n_fitted}, -1)."
        )
    if n_got > n_fitted:
        return f"Choose the channels of the fit, such as {array}[..., :{n_fitted}]."
    return "Pass all channels of the fit."
