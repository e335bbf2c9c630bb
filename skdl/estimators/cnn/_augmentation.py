"""Random changes of whole batches of images (B, C, H, W) or signals (B, C, T), for training.

Functions with ``lengths`` take padded signals of so many steps each (B,): sides and edges are those
of each signal, and what comes behind its end is arbitrary.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...modules import padding_mask

Generator = torch.Generator | None  # of random numbers; None is torch's global one

SHIFT = 1 / 8  # maximum translation, as a fraction of each side
N_OPERATIONS = 2  # of randaugment, for each row
# Maximum of each operation: radians, fractions of the side, standard deviations, factors.
MAGNITUDES = {
    "identity": 0.0,
    "rotate": math.radians(20),
    "shear_x": 0.2,
    "shear_y": 0.2,
    "translate_x": SHIFT,
    "translate_y": SHIFT,
    "stretch": 0.2,
    "brightness": 0.4,
    "contrast": 0.4,
    "sharpness": 0.9,
    "noise": 0.2,
    "cutout": 0.4,
}
OF_IMAGES = [*MAGNITUDES]
OF_SIGNALS = ["identity", "translate_x", "stretch", "brightness", "contrast", "noise", "cutout"]


def moved_index(
    size: int, n_rows: int, device: torch.device, generator: Generator = None
) -> Tensor:
    """(B, size) indices along a side, each row moved by a random step; the edge is repeated."""
    reach = max(1, round(SHIFT * size)) if size > 1 else 0
    by = torch.randint(-reach, reach + 1, (n_rows, 1), device=device, generator=generator)
    return (torch.arange(size, device=device) + by).clamp_(0, size - 1)


def moved_steps(size: int, lengths: Tensor, generator: Generator = None) -> Tensor:
    """The same (B, size) for padded signals: each by up to an 8th of its own steps."""
    n_steps, device = lengths[:, None], lengths.device
    reach = (SHIFT * n_steps).round().clamp_min(1) * (n_steps > 1)
    drawn = torch.rand(n_steps.shape, device=device, generator=generator)
    by = (drawn * (2 * reach + 1)).long() - reach.long()
    return torch.minimum((torch.arange(size, device=device) + by).clamp_(0), n_steps - 1)


def shift(x: Tensor, generator: Generator = None, lengths: Tensor | None = None) -> Tensor:
    """Each image or signal moved by up to an 8th of its sides; the edge is repeated."""
    if lengths is not None:
        return picked(x, moved_steps(x.shape[2], lengths, generator))
    rows = torch.arange(len(x), device=x.device)
    if x.ndim == 3:
        along = moved_index(x.shape[2], len(x), x.device, generator)  # (B, T)
        return x.transpose(1, 2)[rows[:, None], along].transpose(1, 2)
    down = moved_index(x.shape[2], len(x), x.device, generator)[:, :, None]  # (B, H, 1)
    across = moved_index(x.shape[3], len(x), x.device, generator)[:, None]  # (B, 1, W)
    return x.permute(0, 2, 3, 1)[rows[:, None, None], down, across].permute(0, 3, 1, 2)


def picked(x: Tensor, steps: Tensor) -> Tensor:
    """Steps (B, T), by number, of signals (B, C, T)."""
    return x.gather(2, steps[:, None].expand_as(x))


def flip(x: Tensor, generator: Generator = None, lengths: Tensor | None = None) -> Tensor:
    """Every second image, at random, mirrored left to right; a signal backwards in time."""
    mirrored = torch.rand(len(x), device=x.device, generator=generator) < 0.5
    if lengths is None:
        backwards = x.flip(-1)
    else:
        steps = lengths[:, None] - 1 - torch.arange(x.shape[2], device=x.device)
        backwards = picked(x, steps.clamp_min(0))
    return torch.where(mirrored.view(-1, *[1] * (x.ndim - 1)), backwards, x)


def crop_flip(x: Tensor, generator: Generator = None, lengths: Tensor | None = None) -> Tensor:
    """Cut from a frame of repeated edges at a random place, and mirrored at random."""
    return flip(shift(x, generator, lengths), generator, lengths)


def rand_augment(x: Tensor, generator: Generator = None, lengths: Tensor | None = None) -> Tensor:
    """Two random operations for each row, such as rotation, translation, contrast or noise.

    After Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search
    space" (2020), on whole batches: the geometric operations of a row are one resampling.
    """
    if x.ndim == 3:
        return rand_augment(x[:, :, None], generator, lengths)[:, :, 0]
    names = OF_SIGNALS if x.shape[2] == 1 else OF_IMAGES
    strength = draw_strengths(names, x, generator)
    get = lambda name: strength.get(name, x.new_zeros(()))  # noqa: E731
    x = resample(x, get) if lengths is None else resample_steps(x, get, lengths)
    if "sharpness" in strength:
        x = torch.lerp(
            F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), x, 1 + wide(get("sharpness"))
        )
    x = x * (1 + wide(get("contrast"))) + wide(get("brightness"))
    x = x + wide(get("noise").abs()) * torch.empty_like(x).normal_(generator=generator)
    return cut_out(x, get("cutout").abs(), generator, lengths)


def wide(of_row: Tensor) -> Tensor:
    """(B,) to (B, 1, 1, 1)."""
    return of_row.view(-1, 1, 1, 1)


def draw_strengths(names: list[str], x: Tensor, generator: Generator = None) -> dict[str, Tensor]:
    """How strongly each operation is done on each row (B,): 0 for those not drawn."""
    n_rows, device = len(x), x.device
    shape = n_rows, N_OPERATIONS
    drawn = torch.randint(len(names), shape, device=device, generator=generator)
    times = torch.zeros(n_rows, len(names), device=device)
    times.scatter_(1, drawn, 1.0)
    signs = 2 * torch.rand(n_rows, len(names), device=device, generator=generator) - 1
    strengths = (times * signs).to(x.dtype).unbind(1)
    return {
        name: MAGNITUDES[name] * strength for name, strength in zip(names, strengths, strict=True)
    }


def resample(x: Tensor, get: Callable[[str], Tensor]) -> Tensor:
    """Rotate, shear, stretch and translate about the centre; outside, the edge is repeated."""
    zero = torch.zeros(len(x), dtype=x.dtype, device=x.device)
    height, width = x.shape[2:]
    angle, grow = get("rotate") + zero, 1 + get("stretch") + zero
    cos, sin = angle.cos() * grow, angle.sin() * grow
    aspect = width / height  # turning happens in pixels, the grid goes from -1 to 1
    top = torch.stack([cos, get("shear_x") - sin / aspect, 2 * get("translate_x") + zero], 1)
    low = torch.stack([get("shear_y") + sin * aspect, cos, 2 * get("translate_y") + zero], 1)
    if height == 1:
        top[:, 1], low = 0, torch.stack([zero, zero + 1, zero], 1)
    grid = F.affine_grid(torch.stack([top, low], 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def resample_steps(x: Tensor, get: Callable[[str], Tensor], lengths: Tensor) -> Tensor:
    """Stretch and translate padded signals (B, C, 1, T), each about its own centre."""
    n_steps = lengths[:, None].to(x.dtype)
    zero = x.new_zeros(len(x), 1)
    place = torch.arange(x.shape[3], device=x.device, dtype=x.dtype)
    from_centre = (place + 0.5) / n_steps * 2 - 1  # -1 and 1 are the ends
    grow, by = (zero + get(name).view(-1, 1) for name in ("stretch", "translate_x"))
    moved = (1 + grow) * from_centre + 2 * by
    place = torch.minimum(((moved + 1) / 2 * n_steps - 0.5).clamp_min(0), n_steps - 1)  # (B, T)
    across = (place + 0.5) / x.shape[3] * 2 - 1
    grid = torch.stack([across, torch.zeros_like(across)], 2)[:, None]  # (B, 1, T, 2)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def cut_out(
    x: Tensor, share: Tensor, generator: Generator = None, lengths: Tensor | None = None
) -> Tensor:
    """Set a window at a random place to 0, the mean; ``share`` is the fraction of each side."""
    if max(x.shape[2:]) == 1:
        return x
    inside = torch.ones(len(x), 1, 1, 1, dtype=torch.bool, device=x.device)
    for dim, size in ((2, x.shape[2]), (3, x.shape[3])):
        if size == 1:
            continue
        side = size if lengths is None else lengths[:, None]
        place = torch.arange(size, device=x.device, dtype=x.dtype)
        drawn = torch.rand(len(x), 1, device=x.device, dtype=x.dtype, generator=generator)
        center = drawn * side
        near = (place + 0.5 - center).abs() < share[:, None] * side / 2  # (B, size)
        if lengths is not None:
            near = near & (side > 1)  # as of whole batches of one step
        inside = inside & near.view(len(x), 1, *((-1, 1) if dim == 2 else (1, -1)))
    return x.masked_fill(inside, 0.0)


AUGMENTATIONS: dict[str, Callable[..., Tensor]] = {
    "shift": shift,
    "flip": flip,
    "crop-flip": crop_flip,
    "randaugment": rand_augment,
}


class BatchAugmentation:
    """An augmentation of (B, C, *space) on a batch whose channels come last.

    Parameters
    ----------
    augment : callable
        One of ``AUGMENTATIONS``, or the user's function of (B, C, *space). Of padded signals, with
        ``lengths`` on the host, the latter gets each by itself, (1, C, T), without padding.

    Raises
    ------
    ValueError
        If it gives anything but floats of the shape it was given.
    """

    def __init__(self, augment: Callable[..., Tensor]) -> None:
        self.augment = augment
        self.draws_from_generator = augment in AUGMENTATIONS.values()

    def __call__(
        self, seen: Tensor, *generator: Generator, lengths: Tensor | np.ndarray | None = None
    ) -> Tensor:
        x = seen.movedim(-1, 1)
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 rounds indices
            if lengths is None:
                changed = self._changed(x, *generator)
            elif isinstance(lengths, Tensor):
                changed = self._changed(x, *generator, lengths=lengths)
                changed = changed * padding_mask(seen, lengths).mT
            else:
                changed = x.clone()
                for row, n_steps in enumerate(lengths.tolist()):
                    own = changed[row : row + 1, :, :n_steps]
                    own.copy_(self._changed(own))
        return changed.movedim(1, -1).to(seen.dtype)

    def _changed(self, x: Tensor, *generator: Generator, **lengths: Tensor) -> Tensor:
        changed = self.augment(x.clone(), *generator, **lengths)  # it may work in place
        if not isinstance(changed, Tensor):
            raise ValueError(f"augment must return a tensor, got {type(changed).__name__}.")
        if changed.shape != x.shape or not changed.is_floating_point():
            raise ValueError(
                f"augment must return floats of the shape it was given, {tuple(x.shape)}: (n, "
                f"n_channels, ...); got {changed.dtype} of shape {tuple(changed.shape)}."
            )
        return changed
