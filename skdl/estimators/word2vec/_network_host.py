"""What the host must know of tensors that may be on a device, where asking means waiting.

Until it has the answer the host cannot give the device more work. So a step asks for nothing but
the sizes of what it makes: how many tokens sub-sampling keeps, and which blocks must be cut.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def is_on_host(tensor: Tensor) -> bool:
    """Whether its numbers can be read at no cost."""
    return tensor.device.type == "cpu"


def true_places(mask: Tensor) -> Tensor:
    """The places (k,) of the true values of a mask (n,); waits for their number."""
    return mask.nonzero().squeeze(1)


def true_or_false(flags: Tensor) -> list[bool]:
    """The values of some flags (n,); waits for them."""
    found: list[bool] = flags.tolist()
    return found


def host_generator(generator: torch.Generator | None) -> torch.Generator | None:
    """A generator of numbers on the host, for one of any device; None is torch's global one.

    What is drawn on a device would have to be waited for. The state of a device's generator is on
    the host: it is the seed, and drawing a number that nobody reads moves it on.
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
