"""The Transformer family: classification of texts and of numeric sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY
from functools import partial
from itertools import chain
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from .._sklearn import Interval, StrOptions
from ..engine import (
    Batch,
    Data,
    Objective,
    Ragged,
    Streamed,
    Supervised,
    cross_entropy,
    inputs_of,
    most_likely,
)
from ..modules import (
    POSITIONS,
    PatchEmbedding,
    TokenEmbedding,
    TransformerEncoder,
    TransformerNetwork,
)
from ._docs import deep_estimator
from ._inputs import channel_scales, read_sequences
from ._ngram_line import NgramLine
from ._targets import TorchClassifier
from ._texts import holds_text, read_texts
from ._tokenization import Tokenization, check_tokenizer, token_vectors

MAX_STEPS = 2**14  # tokens or patches of a batch
MAX_PATCHES = 64


@deep_estimator
class TransformerClassifier(TorchClassifier):
    """Classification of texts and numeric sequences with a Transformer.

    Notes
    -----
    TODO
    """

    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 2
    _: KW_ONLY
    dim_feedforward: int | None = None
    dropout: float = 0.1
    positional: str = "rotary"
    pooling: str = "mean"
    max_length: int = 256
    input_type: str = "auto"
    tokenizer: Any = "word"
    vocab_size: int = 20_000
    min_frequency: int = 2
    lowercase: bool = True
    token_dropout: float = 0.1
    embeddings: Any = None
    n_channels: int | None = None
    highway: bool = True
    label_smoothing: float = 0.0
    pretrained: str | None = None
    freeze: bool | int = False
    max_epochs: int | str = "auto"
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    lr_schedule: str = "cosine"
    warmup_fraction: float = 0.1
    gradient_clip: float | None = 1.0

    _learned: ClassVar[tuple[str, ...]] = (
        "input_type_",
        "tokenizer_",
        "patch_size_",
        "n_channels_in_",
        "n_steps_in_",
    )
    _of_training: ClassVar[set[str]] = {"label_smoothing"}
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "d_model": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "dim_feedforward": [Interval(Integral, 1, None, closed="left"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "positional": [StrOptions(set(POSITIONS))],
        "pooling": [StrOptions({"mean", "cls", "attention", "max"})],
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "input_type": [StrOptions({"auto", "text", "numeric"})],
        "tokenizer": "no_validation",  # see check_tokenizer
        "vocab_size": [Interval(Integral, 3, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "lowercase": ["boolean"],
        "token_dropout": [Interval(Real, 0, 1, closed="left")],
        "embeddings": "no_validation",  # see token_vectors
        "n_channels": [Interval(Integral, 1, None, closed="left"), None],
        "highway": ["boolean"],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "pretrained": [str, None],
        "freeze": ["boolean", Interval(Integral, 0, None, closed="left")],
    }

    # Reading ------------------------------------------------------------------------------------

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        if reset:
            self._check_parameters()
            self._forget_inputs()
            self.input_type_ = self._type_of(X)
        else:
            self._check_type(X)
        if self.input_type_ == "numeric":
            return read_sequences(self, X, n_channels=self.n_channels, reset=reset)
        texts = read_texts(X)
        if reset:  # the tokenizer is trained when the training rows are known
            return Data({"text": Streamed(np.array(texts, dtype=object))})
        return self._columns(texts)

    def _check_parameters(self) -> None:
        if self.d_model % self.n_heads:
            raise ValueError(
                f"n_heads must divide d_model, got d_model={self.d_model}, n_heads={self.n_heads}."
            )
        if self.positional == "rotary" and self.d_model // self.n_heads % 2:
            raise ValueError(
                f'positional="rotary" needs an even number of features in each head, got d_model / '
                f"n_heads = {self.d_model // self.n_heads}."
            )
        check_tokenizer(self.tokenizer)

    def _forget_inputs(self) -> None:
        """A fit on texts leaves nothing of one on numbers, and the other way round."""
        for name in (
            "_tokenization",
            "_line",
            "patch_size_",
            "n_channels_in_",
            "n_steps_in_",
            "n_features_in_",
            "feature_names_in_",
        ):
            self.__dict__.pop(name, None)

    def _type_of(self, X: Any) -> str:
        found = "text" if holds_text(X) else "numeric"
        if self.input_type == "numeric" and found == "text":
            raise ValueError(
                'X holds text, but input_type="numeric" asks for sequences of numbers. Use '
                'input_type="text" or "auto".'
            )
        return found if self.input_type == "auto" else self.input_type

    def _check_type(self, X: Any) -> None:
        found = "text" if holds_text(X) else "numeric"
        if found == "text" and self.input_type_ == "numeric":
            raise ValueError(
                f"X holds text, but this {type(self).__name__} was fitted on sequences of numbers."
            )

    def _learn_inputs(
        self, data: Data, rows: np.ndarray, target: np.ndarray, weight: np.ndarray | None, seed: int
    ) -> Data:
        if self.input_type_ == "numeric":
            return data
        texts = data.columns["text"].array  # type: ignore[union-attr]
        training = texts[rows].tolist()
        self._tokenization = Tokenization.trained(
            self.tokenizer,
            training,
            max_length=self.max_length,
            vocab_size=self.vocab_size,
            min_frequency=self.min_frequency,
            lowercase=self.lowercase,
        )
        self._line = None
        if self.highway:
            line = NgramLine(len(self.classes_), lowercase=self.lowercase, seed=seed)
            self._line = line.fit(training, target[rows], None if weight is None else weight[rows])
        return self._columns(texts.tolist())

    def _columns(self, texts: Sequence[str]) -> Data:
        """Tokens of texts, and the scores that the line gives them."""
        values, lengths = self._tokenization.ids(texts)
        data = Data({"x": Ragged(torch.from_numpy(values), torch.from_numpy(lengths))})
        if self._line is None:
            return data
        return data.with_columns(line=torch.from_numpy(self._line.scores(texts)).to(self._dtype))

    # The network --------------------------------------------------------------------------------

    def _make_module(self, train: Data, data: Data) -> nn.Module:
        embed = self._embed_texts() if self.input_type_ == "text" else self._embed_steps(train)
        n_hidden = self.dim_feedforward or 4 * self.d_model
        encoder = TransformerEncoder(
            self.d_model,
            self.n_heads,
            self.n_layers,
            n_hidden,
            dropout=self.dropout,
            positional=self.positional,
            pooling=self.pooling,
            max_length=self.max_length,
        )
        patch_size = self.patch_size_ if self.input_type_ == "numeric" else 1
        mean_length = min(train.longest() / patch_size, self.max_length)  # TODO mean
        return TransformerNetwork(
            embed,
            encoder,
            self.d_model,
            len(self.classes_),
            dropout=self.dropout,
            max_steps=MAX_STEPS * patch_size,
            work_per_row=int(self.d_model * max(n_hidden, 3 * self.d_model) * mean_length),
        )

    def _embed_texts(self) -> nn.Module:
        found, vectors = self._tokenization, None
        if self.embeddings is not None:
            seed = int(torch.randint(2**31, ()))
            vectors = token_vectors(self.embeddings, found, self._dtype, seed)
        return TokenEmbedding(
            found.n_tokens,
            self.d_model,
            unknown=found.unknown,
            token_dropout=self.token_dropout,
            vectors=vectors,
        )

    def _embed_steps(self, train: Data) -> nn.Module:
        self.patch_size_ = -(-train.longest() // MAX_PATCHES)
        mean, scale = channel_scales(train, self.n_channels_in_, self._dtype, measured=True)
        return PatchEmbedding(
            self.n_channels_in_,
            self.d_model,
            self.patch_size_,
            token_dropout=self.token_dropout,
            mean=mean,
            scale=scale,
        )

    def _make_objective(self) -> Objective:
        return Supervised(
            cross_entropy,
            most_likely,
            partial(cross_entropy, label_smoothing=self.label_smoothing),
        )

    def _auto_batch_size(self, n_train: int) -> int:
        return int(np.clip(2 ** np.floor(np.log2(max(n_train / 8, 1))), 8, 64))

    def _auto_epochs(self, n_batches: int) -> int:
        return int(np.clip(np.ceil(300 / n_batches), 8, 40))

    # After fit ----------------------------------------------------------------------------------

    def tokenize(self, X: Any) -> list[list[str]]:
        """The tokens that the network sees of each text.

        Parameters
        ----------
        X : list, array, Series or DataFrame of str
            As in ``fit``.

        Returns
        -------
        list of list of str
            With ``pooling="cls"`` the first one is the step that is pooled, "[CLS]".

        Raises
        ------
        ValueError
            If the classifier was fitted on numbers.
        """
        check_is_fitted(self)
        if self.input_type_ == "numeric":
            raise ValueError(
                f"tokenize needs texts, but this {type(self).__name__} was fitted on numbers."
            )
        tokens = self._tokenization.strings(read_texts(X))
        return [["[CLS]", *found] for found in tokens] if self.pooling == "cls" else tokens

    def attention_maps(self, X: Any) -> list[np.ndarray]:
        """How much each token looks at each other one.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        list of ndarray of shape (n_layers, n_heads, L, L)
            One for each row of X, over its L tokens (see ``tokenize``) or patches of
            ``patch_size_`` steps. The last axis sums to 1.
        """
        check_is_fitted(self)
        data = self._read_inputs(X, reset=False)
        maps = self.net_.outputs_of_batches(data, attention_maps, batch_size=16)
        return [of_row.float().cpu().numpy() for of_row in chain.from_iterable(maps)]

    @property
    def tokenizer_(self) -> Any:
        return self._tokenization.tokenizer

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = self.input_type != "numeric"
        return tags


def attention_maps(module: nn.Module, batch: Batch) -> list[Tensor]:
    """The maps of each row of a batch."""
    maps: list[Tensor] = module.attention_maps(**inputs_of(batch))  # type: ignore[operator]
    return maps
