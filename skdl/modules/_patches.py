"""Patches of long sequences as vectors."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ._maxima import largest
from ._sequences import padding_mask

SHORT = 16  # steps of a short window
N_RESPONSES = 32  # of each


class ShortWindows(nn.Module):
    """Vectors of windows (..., C, K) around patches: the largest responses of short windows there.

    A linear map of a whole window, however long, does not see a wave within it whose phase differs
    from row to row; the largest response to a shorter one does.

    Parameters
    ----------
    n_channels, n_features : int
    patch_size : int
        Steps of a patch, at least ``SHORT``, at most K - SHORT / 2.
    """

    def __init__(self, n_channels: int, n_features: int, patch_size: int) -> None:
        super().__init__()
        self.size = patch_size + SHORT // 2
        self.respond = nn.Linear(n_channels * SHORT, N_RESPONSES)
        self.mix = nn.Linear(N_RESPONSES, n_features, bias=False)

    def forward(self, windows: Tensor) -> Tensor:
        """(..., n_features)."""
        middle = windows.narrow(-1, (windows.shape[-1] - self.size) // 2, self.size)
        short = middle.unfold(-1, SHORT, SHORT // 2).movedim(-2, -3)  # (..., m, C, SHORT)
        responses = self.respond(short.flatten(-2))  # (..., m, N_RESPONSES)
        mixed: Tensor = self.mix(largest(responses, responses.ndim - 2))
        return mixed


def short_windows(n_channels: int, n_features: int, patch_size: int) -> ShortWindows | None:
    """None where patches are shorter than short windows."""
    return ShortWindows(n_channels, n_features, patch_size) if patch_size >= SHORT else None


class StridedSteps(nn.Module):
    """Long sequences (B, T, C) as fewer steps (B, ceil(T / stride), F), each of a window.

    Linear maps of windows of twice the stride, as in a strided convolution, and of short windows
    within long ones; layer normalization. The centres of the windows are multiples of the stride,
    and there is nothing but zeros outside of each sequence.
    """

    def __init__(self, n_channels: int, n_features: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.project = nn.Linear(n_channels * (2 * stride + 1), n_features)
        self.short = short_windows(n_channels, n_features, stride)
        self.norm = nn.LayerNorm(n_features)

    def forward(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The steps, and how many there are of each sequence."""
        if lengths is not None:
            x = x * padding_mask(x, lengths)
            lengths = -(-lengths // self.stride)
        padded = F.pad(x, (0, 0, self.stride, self.stride))
        windows = padded.unfold(1, 2 * self.stride + 1, self.stride)  # (B, t, C, K)
        h = self.project(windows.flatten(2))
        if self.short is not None:
            h = h + self.short(windows)
        return self.norm(h), lengths
