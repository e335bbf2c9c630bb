"""Loading model and tokenizer of a checkpoint: a folder or a name of the Hugging Face hub."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .._base import torchvision_explained
from ._network_pretrained import PretrainedNetwork
from ._tokenization import Tokenization, content_of, copied

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
# Without one of these, transformers makes a tokenizer with an empty vocabulary.
TOKENIZER_FILES = (
    "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model",
    "spm.model", "tokenizer.model",
)  # fmt: skip
# Learning rate of the last layer relative to the head's, and of each one before to the next one's.
LR_FACTOR, LR_DECAY = 0.1, 0.85
SAFE: dict[str, Any] = {"trust_remote_code": False}


def import_transformers() -> Any:
    """The package transformers.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    with torchvision_explained("pretrained"):
        try:
            import transformers
        except ImportError as error:
            raise ImportError(
                'pretrained needs the package transformers; install it with: pip install "skdl'
                '[pretrained]".'
            ) from error
    return transformers


def load_tokenization(name: str, max_length: int) -> Tokenization:
    """The tokenizer of a checkpoint, truncating at ``max_length`` or the model's maximum.

    Raises
    ------
    ValueError
        If the folder lacks a tokenizer, or has a slow one only.
    """
    transformers = import_transformers()
    _check_folder(name)
    with quiet(transformers), explained(name):
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **SAFE)
        config = transformers.AutoConfig.from_pretrained(name, **SAFE)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ValueError(
            f"The tokenizer of pretrained={name!r} has no fast form (tokenizer.json). Save one "
            "with transformers.AutoTokenizer.from_pretrained(...).save_pretrained(folder)."
        )
    longest = min(tokenizer.model_max_length, _n_positions(config))
    kept = copied(backend)
    n_special = kept.num_special_tokens_to_add(False)
    if max_length <= n_special:
        raise ValueError(
            f"max_length must be above {n_special}, the number of special tokens of pretrained="
            f"{name!r}; got {max_length}."
        )
    kept.enable_truncation(min(max_length, longest))
    return Tokenization(kept, min(max_length, longest), content_of(kept), truncates=True)


def load_model(name: str, n_tokens: int) -> nn.Module:
    """The model of a checkpoint, from safetensors only, in float32.

    Parameters
    ----------
    name : str
    n_tokens : int
        Size of the vocabulary of its tokenizer.

    Raises
    ------
    ValueError
        If the folder lacks weights in safetensors, needs code of its own, or its model does not map
        tokens to hidden states.
    """
    transformers = import_transformers()
    _check_folder(name)
    with quiet(transformers), explained(name):
        model, report = transformers.AutoModel.from_pretrained(
            name, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **SAFE
        )
    missing = [key for key in report["missing_keys"] if not key.startswith("pooler.")]
    if missing:
        raise ValueError(
            f"The weights of pretrained={name!r} are not those of its configuration: "
            f"{len(missing)} are missing, {sorted(missing)[0]} among them."
        )
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # PretrainedNetwork pools the hidden states
    tokens = torch.ones(1, 2, dtype=torch.long)
    try:
        with torch.no_grad():
            model.eval()(input_ids=tokens, attention_mask=tokens).last_hidden_state  # noqa: B018
        n_rows = len(model.get_input_embeddings().weight)
    except Exception as error:
        raise ValueError(
            f"The model of pretrained={name!r}, a {type(model).__name__}, does not return hidden "
            f"states of tokens as BERT-like models do: {type(error).__name__}: {error}"
        ) from error
    if model.config.is_encoder_decoder:
        raise ValueError(
            f"pretrained={name!r} is an encoder-decoder model, {type(model).__name__}. Use an "
            "encoder such as BERT."
        )
    if n_rows < n_tokens:
        raise ValueError(
            f"The tokenizer of pretrained={name!r} has {n_tokens} tokens, but its model has "
            f"embeddings of {n_rows}: they are not of one checkpoint."
        )
    return model


def make_pretrained(
    name: str,
    n_classes: int,
    *,
    n_tokens: int,
    max_length: int,
    dropout: float,
    pooling: str,
    freeze: bool | int,
    max_steps: int,
    mean_length: float,
) -> PretrainedNetwork:
    """The network of a checkpoint, for texts of ``mean_length`` tokens on average.

    Raises
    ------
    ValueError
        As ``load_model`` does.
    """
    model = load_model(name, n_tokens)
    n_features = int(model.config.hidden_size)  # type: ignore[union-attr,arg-type]
    return PretrainedNetwork(
        model,
        n_features,
        n_classes,
        dropout=dropout,
        pooling=pooling,
        freeze=freeze,
        lr_factor=LR_FACTOR,
        lr_decay=LR_DECAY,
        max_length=max_length,
        max_steps=max_steps,
        work_per_row=int(4 * n_features**2 * mean_length),
    )


# Model types whose first position comes after that of padding.
OFFSET_POSITIONS = (
    "roberta", "camembert", "mpnet", "longformer", "xmod", "data2vec", "ibert", "esm",
)  # fmt: skip


def _n_positions(config: Any) -> int:
    """Maximum number of tokens of a model."""
    n_positions = getattr(config, "max_position_embeddings", None) or 0
    if n_positions <= 0:
        return 2**20
    pad = getattr(config, "pad_token_id", None) or 0
    offset = any(kind in str(config.model_type) for kind in OFFSET_POSITIONS)
    return int(n_positions) - (pad + 1 if offset else 0)


def _check_folder(name: str) -> None:
    folder = Path(name)
    if not folder.is_dir():
        if folder.is_absolute() or name.startswith((".", "~")):
            raise ValueError(f"The folder pretrained={name!r} does not exist.")
        return  # a name of the hub
    needed = {
        "a configuration (config.json)": ("config.json",),
        "weights in safetensors (model.safetensors)": WEIGHTS,
        "a tokenizer (tokenizer.json or a vocabulary)": TOKENIZER_FILES,
    }
    missing = [
        what
        for what, names in needed.items()
        if not any((folder / file).exists() for file in names)
    ]
    if missing:
        raise ValueError(
            f"The folder pretrained={name!r} lacks {' and '.join(missing)}. Save a checkpoint "
            "there with save_pretrained of both the model and the tokenizer of transformers."
        )


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn errors of transformers into a ValueError that names the parameter."""
    from safetensors import SafetensorError

    try:
        with torchvision_explained(f"pretrained={name!r}"):
            yield
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        if "trust_remote_code" in str(error):
            raise ValueError(
                f"pretrained={name!r} needs code of its own, which skdl does not run. Use a "
                "checkpoint of an architecture that transformers knows."
            ) from error
        raise ValueError(
            f"pretrained={name!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error


@contextlib.contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Turn off progress bars and logging of transformers inside."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
