"""Values of tensors that the host needs, each of which synchronizes with the device.

Meanwhile the host cannot queue more work. So a step reads nothing but the sizes of the tensors that
it makes: how many tokens sub-sampling keeps, and which blocks must be cut.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def is_on_host(tensor: Tensor) -> bool:
    """Whether its values can be read without synchronizing with a device."""
    return tensor.device.type == "cpu"


def nonzero_on_host(mask: Tensor) -> Tensor:
    """The indices (k,) of the true values of a mask (n,); synchronizes, for their number."""
    return mask.nonzero().squeeze(1)


def flags_on_host(flags: Tensor) -> list[bool]:
    """The values of some flags (n,); synchronizes."""
    found: list[bool] = flags.tolist()
    return found


def host_generator(generator: torch.Generator | None) -> torch.Generator | None:
    """A generator of numbers on the host, for one of any device; None is torch's global one.

    Numbers drawn on a device would need a synchronization. The state of a device's generator is on
    the host: it seeds the host's generator, and then one number is drawn, unread, to advance it.
    """
    if generator is None or generator.device.type == "cpu":
        return generator
    return seeded_by(generator)


def seeded_by(generator: torch.Generator) -> torch.Generator:
    """A generator on the host whose seed is the state of another one, which moves on."""
    digest = hashlib.blake2b(generator.get_state().numpy().tobytes(), digest_size=7).digest()
    seed = int.from_bytes(digest, "big")
    torch.rand(1, generator=generator, device=generator.device)
    return torch.Generator().manual_seed(seed)
