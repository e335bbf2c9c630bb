"""The net that Word2VecTransformer trains, and what must hold before it does."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch

from ...engine import Net, draw_seed, resolve_device, scoped_threads, seeded
from .._base import check_callbacks, given_vectors
from ._network import Word2Vec

if TYPE_CHECKING:
    from ._transformer import Word2VecTransformer

# Tokens of the corpus at one rate of learning, for each thread; fewer where a corpus is small, so
# that the rate falls in many steps.
CHUNK_TOKENS = 2**17
# Words that learn at once on CUDA, where a small step costs as much as a large one.
CUDA_BLOCK = 4096


def new_net(transformer: Word2VecTransformer) -> Net:
    """An untrained net for the vocabulary."""
    seed, device = draw_seed(transformer.random_state), resolve_device(transformer.device)
    n_workers = 1 if transformer.deterministic or device.type != "cpu" else torch.get_num_threads()
    with seeded(seed, device), scoped_threads(1):
        module = _new_module(transformer, device, n_workers)
    n_tokens = CHUNK_TOKENS * n_workers
    return Net(
        module,
        None,
        lr=transformer.lr,
        min_lr=transformer.min_lr,
        lr_schedule="linear",
        max_epochs=transformer.max_epochs,
        batch_size=int(np.clip(transformer.counts_.sum() // 16, module.block_size, n_tokens)),
        device=transformer.device,
        precision="float32",
        seed=seed,
        verbose=transformer.verbose,
        callbacks=transformer.callbacks,
    ).initialize()


def _new_module(transformer: Word2VecTransformer, device: torch.device, n_workers: int) -> Word2Vec:
    if transformer.objective == "hierarchical" and len(transformer.counts_) < 2:
        raise ValueError(
            'objective="hierarchical" needs a tree of at least two words, and the vocabulary has '
            "one. Lower min_count, or pass more documents."
        )
    chosen, best = transformer.batch_size, CUDA_BLOCK if device.type == "cuda" else None
    module = Word2Vec(
        transformer.counts_.tolist(),
        transformer.vector_size,
        window=transformer.window,
        algorithm=transformer.algorithm,
        objective=transformer.objective,
        negative=transformer.negative,
        ns_exponent=transformer.ns_exponent,
        sample=transformer.sample,
        block_size=best if isinstance(chosen, str) else chosen,
        n_workers=n_workers,
    )
    if transformer.init_vectors is not None:
        rows, given = given_vectors(
            transformer.init_vectors, transformer.vocabulary_, "init_vectors"
        )
        if given.shape[1] != transformer.vector_size:
            raise ValueError(
                f"init_vectors must have vector_size={transformer.vector_size} numbers for each "
                f"word, got {given.shape[1]}."
            )
        module.set_vectors(rows, torch.from_numpy(given))
    return module


def net_for_more(transformer: Word2VecTransformer, n_before: int) -> Net:
    """A net for the vocabulary as it is now, with what was learned before."""
    net = new_net(transformer)
    if not n_before:
        return net
    if not hasattr(transformer, "net_"):
        net.module_.set_vectors(range(n_before), torch.from_numpy(transformer.vectors_))
        return net
    net.module_.take_over(transformer.module_)
    net.history_, net.seed = copy.copy(transformer.net_.history), transformer.net_.seed
    return net


def check_parameters(transformer: Word2VecTransformer) -> None:
    """Raise ValueError where parameters do not go together."""
    resolve_device(transformer.device)  # a wrong device is said before any work
    check_callbacks(transformer.callbacks)
    if transformer.objective == "negative" and transformer.negative == 0:
        raise ValueError(
            'objective="negative" needs noise words to tell true ones from, got negative=0: '
            'nothing would be learned. Set negative=5, or objective="hierarchical".'
        )
    if transformer.min_lr > transformer.lr:
        raise ValueError(
            "min_lr must not be above lr, where training starts; got "
            f"min_lr={transformer.min_lr:g}, lr={transformer.lr:g}."
        )


def check_unchanged(transformer: Word2VecTransformer) -> None:
    """Raise ValueError where partial_fit cannot go on with the vectors that there are."""
    now = {name: getattr(transformer, name) for name in ("vector_size", "algorithm", "objective")}
    before = (
        {"vector_size": transformer.vectors_.shape[1]}
        if hasattr(transformer, "vocabulary_")
        else {}
    )
    if hasattr(transformer, "net_"):
        before |= {name: getattr(transformer.module_, name) for name in ("algorithm", "objective")}
    changed = [f"{name}={value!r}" for name, value in before.items() if now[name] != value]
    if changed:
        raise ValueError(
            "partial_fit goes on with the vectors there are, which were learned with "
            f"{', '.join(changed)}. Set it so again, or fit a clone."
        )


def check_sample(transformer: Word2VecTransformer, net: Net) -> None:
    """Raise ValueError where sub-sampling leaves next to nothing of the corpus."""
    n_kept = float(net.module_.keep.double().cpu() @ torch.as_tensor(transformer.counts_).double())
    if n_kept * transformer.max_epochs < 0.1:
        raise ValueError(
            f"sample={transformer.sample:g} leaves out nearly all words, so that nothing would be "
            "learned. Use a larger one; 1e-3 is usual, and 0 leaves out none."
        )
