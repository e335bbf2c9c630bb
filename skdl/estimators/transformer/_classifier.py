"""Transformers for classification of texts and of numeric sequences."""

from __future__ import annotations

import os
import warnings
from dataclasses import KW_ONLY
from functools import partial
from itertools import chain
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from ..._reading import input_type_of, plain_container, read_texts
from ..._sklearn import Interval, StrOptions
from ...engine import (
    Batch,
    Data,
    Objective,
    Ragged,
    Streamed,
    Supervised,
    inputs_of,
)
from .._base import (
    FitMode,
    FittedParameterMixin,
    OwnCheck,
    Rows,
    SequenceInputMixin,
    SignalClassifier,
    batch_size_between,
    deep_estimator,
    differ_in_size,
    learn_channel_scales,
    lengths_of,
    network_fraction,
    unit_scales,
)
from ._budget import MAX_LENGTH, epochs_within, longest_within, network_weight
from ._checkpoints import load_tokenization, make_pretrained
from ._linear_model import NgramClassifier
from ._network import POSITIONS, PatchEmbedding, TransformerEncoder, TransformerNetwork
from ._tokenization import Tokenization, check_tokenizer, make_embedding
from ._tokenizers import KINDS as TOKENIZERS

MAX_STEPS = 2**14  # tokens or patches of a batch, padding included
TOKENS_PER_BATCH = 1500  # on average, where batch_size is "auto"
MAX_PATCHES, LONG = 64, 0.9  # of rows of that quantile of the lengths


@deep_estimator
class TransformerClassifier(FittedParameterMixin, SequenceInputMixin, SignalClassifier):
    """Classification of texts and numeric sequences with a Transformer.

    Parameters
    ----------
    d_model : int, default=128
        Number of features of each token or patch, at least 1.
    n_heads : int, default=4
        Number of attention heads; must divide ``d_model``.
    n_layers : int, default=2
        Number of stacked layers, at least 1. Each is a Transformer block.
    dim_feedforward : int or None, default=None
        Number of hidden features of the feed-forward networks; None is 4 times ``d_model``.
    dropout : float, default=0.1
        Fraction of the features that is zeroed in training, in [0, 1). It is applied in the blocks
        and before the head.
    positional : {"rotary", "sinusoidal", "learned"}, default="rotary"
        Positional encoding: "rotary" rotates queries and keys by angles that grow with their
        position, "sinusoidal" adds fixed sinusoids to the tokens, "learned" adds learned vectors.
    pooling : {"mean", "cls", "attention", "max"}, default="mean"
        Pooling of the states over the steps: "mean" and "max" take the mean and maximum,
        "attention" a weighted mean whose weights are learned. "cls" takes the state of a learned
        token before the others. Steps are tokens or patches.
    max_length : int or "auto", default="auto"
        Maximum number of tokens of a text for the Transformer, at least 1: longer texts are
        truncated in the middle. The linear model uses the whole text. "auto" is 256; on text less,
        but at least 64, where 3 epochs would be more than 3 million tokens.
    input_type : {"auto", "text", "numeric"}, default="auto"
        What the rows of X are, "text" or "numeric"; "auto" takes what holds a str for text.
    tokenizer : {"word", "bpe", "wordpiece", "char"} or tokenizers.Tokenizer, default="word"
        The tokenizer: a kind, trained on the training rows in ``fit``, or one trained before, used
        as it is; of a fast tokenizer of transformers, the one inside. Tokens of "word" are words,
        punctuation marks and, of scripts without spaces between words (Chinese, Thai, Lao, Burmese,
        Khmer), characters; those of "char" characters; "bpe" (byte-pair encoding) and "wordpiece"
        learn subwords, within words of 100 characters: longer ones are cut.
    vocab_size : int, default=20000
        Maximum number of tokens of a tokenizer trained in ``fit``, at least 3.
    min_frequency : int or "auto", default="auto"
        Minimum number of occurrences of a token of the vocabulary (in "bpe" and "wordpiece": of a
        pair to be merged), at least 1. "auto" is 2, or 1 where more than half of the tokens of the
        training texts occur only once.
    lowercase : bool, default=True
        Whether texts are lowercased before they are tokenized.
    token_dropout : float, default=0.3
        Fraction of the tokens that is replaced by the unknown token in training, or of the patches
        that is masked; in [0, 1).
    embeddings : mapping, KeyedVectors, fitted Word2VecTransformer or None, default=None
        Initial word vectors: word -> array of shape (size,), also as gensim's KeyedVectors or in a
        fitted estimator; None draws all. A token that is not there as it is written gets the vector
        of its first spelling that differs in case or normal form of Unicode alone; the vectors of
        others are drawn from a normal distribution with the same mean and variance. Where ``size``
        is not ``d_model``, a learned linear map follows. In a grid of candidates a fitted estimator
        must be wrapped as ``sklearn.frozen.FrozenEstimator(fitted)``, because scikit-learn clones
        the candidates, which makes them unfitted.
    linear_model : bool, default=True
        On text it is a linear support vector machine on n-grams of words and characters instead.
    label_smoothing : float, default=0.0
        Fraction of the target that is spread over all classes in training, in [0, 1).
    pretrained : str, path or None, default=None
        A checkpoint that gives tokenizer and network, for fine-tuning: a local folder or the name
        of a model of the Hugging Face hub, with weights in safetensors. None trains a new network.
    freeze : bool or int, default=False
        Which part of the pretrained network is not trained: all of it (True), nothing (False), or
        that number of first blocks.
    max_epochs : int or "auto", default="auto"
        "auto" is the number that makes 500 steps of the optimizer, within 3 to 8 epochs, on text,
        fewer, but at least 1, where that would be more than 3 million tokens (which one epoch of
        very many texts may be); 600 steps, within 15
        to 100 epochs, on numbers; with ``pretrained`` 500 steps, within 2 to 5 epochs, but at least
        60 steps; with ``freeze=True`` 1,000 steps, within 10 to 100 epochs.
    batch_size : int or "auto", default="auto"
        "auto" is rows of 1,500 tokens in all on text, 16 on numbers and with ``pretrained``; a
        quarter of the training rows where there are few, a 40th where there are many; from 8 to 64
        (32 with ``pretrained``). Sequences of unequal length are batched by length, with fewer rows
        where a batch would exceed 16,384 tokens or patches, padding included (4,096 with
        ``pretrained``).
    warm_start : bool, default=False
        On text the tokenizer is kept, and the linear model is fitted to the new rows; a fit of
        fewer than 10 rows is continued too. It warns where more than half of the tokens of the new
        rows are unknown.
    random_state : int, RandomState instance or None, default=None
        Token dropout is random too.
    callbacks : list or None, default=None
        Scores of training rows, too, are of the sum with the linear model, which was fitted to
        these rows: they may be near the best from the first epoch on.

    Attributes
    ----------
    module_ : torch.nn.Module
        On text ``x`` holds ids of tokens, always with ``lengths``, and where there is a linear
        model its scores come as ``linear`` (n_samples, n_classes).
    input_type_ : str
        "text" or "numeric".
    tokenizer_ : tokenizers.Tokenizer or None
        A copy of the tokenizer in use; None on numbers.
    patch_size_ : int
        Steps of a patch; on numbers only.
    network_weight_ : float
        On text, without such rows, it depends on the length of the texts; see Notes.
    history_ : DataFrame
        ``train_loss`` is that of the network alone, ``valid_loss`` that of the sum with the linear
        model.
    n_features_in_ : int
        Not set by texts.
    n_channels_in_ : int
        On numbers only.
    n_steps_in_ : int
        On numbers only.

    Notes
    -----
    X may be

    - a list, 1-D array, Series or DataFrame with one column of str: raw text. The tokenizer is
      trained inside ``fit``, on the training rows alone. An empty text is one unknown token;
    - (n_samples, n_steps), (n_samples, n_steps, n_channels), (n_samples, n_steps * n_channels)
      with ``n_channels``, or a list of sequences of any lengths: numbers, as in
      :class:`LSTMClassifier`.

    Texts are read in Unicode's normal form C (NFC), in which an accent is one character with its
    letter. A tokenizer that was trained before, and that of a checkpoint, gets them as they are:
    how they are normalized is part of it.

    Of a text longer than ``max_length``, the first and last ``max_length / 2`` tokens are kept.
    (With ``pretrained`` its end is cut off, because the special tokens of the checkpoint must
    stay.) Series are divided into patches, so that nine of ten of ``fit`` have at most 64 of them;
    up to that length, cost grows linearly. Of series of more than 1,024 patches the first and the
    last 512 are seen by the network. The last patch ends with the series; the distance
    of each patch from both ends is an input. Batches hold rows of about the same length, attention
    to padding is masked, and no prediction depends on it (but for rounding, with
    ``precision="bfloat16"``).

    On text a linear support vector machine on n-grams stands beside the Transformer
    (``linear_model``), because the two err on different texts. It is fitted to the training rows
    before the network is, and its scores are calibrated by cross-validation. In prediction both
    scores are added, with weights. The usual weight of the network's is a fifth of both, less for
    texts of more than 64 tokens on average, of which n-grams tell more; with ``pretrained`` it is
    four fifths. From there it is moved as far as rows that neither was trained on ask for
    (``network_weight_``). Of 500 training rows or more, a tenth is set aside for that, 100 to 500,
    which the linear model learns from and the network does not. The linear model costs about a
    tenth of the time of a fit, more with dozens of classes, and memory for its n-grams.
    ``partial_fit`` makes none, and leaves one that ``fit`` made as it is.

    ``partial_fit`` trains the tokenizer on the first chunk alone: words that come later are unknown
    tokens permanently. Make the first chunk one with the words of all, pass a tokenizer that was
    trained on all texts, or set ``tokenizer="bpe"`` or "char", whose tokens are parts of words. It
    warns where more than half of the tokens of a later chunk are unknown.

    ``pretrained`` checkpoints are loaded from safetensors only, and none of their own code is run:
    an architecture that transformers does not know is an error. ``d_model``, ``n_heads``,
    ``n_layers``, ``dim_feedforward``, ``positional``, ``tokenizer``, ``vocab_size``,
    ``min_frequency``, ``token_dropout`` and ``embeddings`` are then ignored. The learning rate of
    the last layer is a tenth of ``lr``, that of each layer before 0.85 times that of the next one.
    Blocks, for ``freeze``, are the embeddings and then each layer.

    Candidates of a grid search with the same texts and tokenizer share the tokens and the linear
    model: recent ones are cached in memory, up to 256 MiB in a process.

    See Also
    --------
    skdl.pipelines.make_text_classifier : Lets any classifier take text.
    skdl.inspection.AttentionDisplay : Attention weights of the Transformer.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", NeurIPS (2017). R. Xiong et al., "On layer
    normalization in the Transformer architecture", ICML (2020), for the order within blocks. Y.
    Nie et al., "A time series is worth 64 words", ICLR (2023), for patches. H.-T. Cheng et al.,
    "Wide & deep learning for recommender systems", DLRS (2016), for the linear model beside.

    Examples
    --------
    >>> from skdl.estimators import TransformerClassifier
    >>> texts = ["good film", "a bad film", "very good", "very bad indeed"] * 5
    >>> labels = ["+", "-", "+", "-"] * 5
    >>> classifier = TransformerClassifier(d_model=16, max_epochs=5, random_state=0)
    >>> classifier.fit(texts, labels).predict(["good", "bad"])
    array(['+', '-'], dtype='<U1')
    """

    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 2
    _: KW_ONLY
    dim_feedforward: int | None = None
    dropout: float = 0.1
    positional: str = "rotary"
    pooling: str = "mean"
    max_length: int | str = "auto"
    input_type: str = "auto"
    tokenizer: Any = "word"
    vocab_size: int = 20_000
    min_frequency: int | str = "auto"
    lowercase: bool = True
    token_dropout: float = 0.3
    embeddings: Any = None
    label_smoothing: float = 0.0
    pretrained: str | os.PathLike[str] | None = None
    freeze: bool | int = False
    max_epochs: int | str = "auto"
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    lr_schedule: str = "cosine"
    warmup_fraction: float = 0.1
    gradient_clip: float | None = 1.0

    _input_kinds: ClassVar[frozenset[str]] = frozenset({"sequences", "ragged", "texts"})
    _fitted_parameter: ClassVar[str] = "embeddings"
    _changeable: ClassVar[frozenset[str]] = frozenset({"label_smoothing"})
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "d_model": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "dim_feedforward": [Interval(Integral, 1, None, closed="left"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "positional": [StrOptions(set(POSITIONS))],
        "pooling": [StrOptions({"mean", "cls", "attention", "max"})],
        "max_length": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "input_type": [StrOptions({"auto", "text", "numeric"})],
        "tokenizer": [StrOptions(set(TOKENIZERS)), OwnCheck("tokenizers.Tokenizer")],
        "vocab_size": [Interval(Integral, 3, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "lowercase": ["boolean"],
        "token_dropout": [Interval(Real, 0, 1, closed="left")],
        "embeddings": [OwnCheck("mapping", "KeyedVectors", "fitted Word2VecTransformer"), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "pretrained": [str, os.PathLike, None],
        "freeze": ["boolean", Interval(Integral, 0, None, closed="left")],
    }

    # Reading ------------------------------------------------------------------------------------

    def _read_inputs(self, X: Any, *, reset: bool) -> Data:
        plain = plain_container(X)
        if reset:
            self._forget_inputs()
            self.input_type_ = input_type_of(plain, self.input_type)
        else:
            input_type_of(plain, self.input_type_)
        if self.input_type_ == "numeric":
            for name in ("pretrained", "embeddings"):
                if reset and getattr(self, name) is not None:
                    raise ValueError(
                        f"{name} needs texts, and X holds numbers. Pass the texts themselves, not "
                        f"the ids of their tokens; or set {name}=None for series of numbers."
                    )
            data = super()._read_inputs(X, reset=reset)
            return self._with_linear_scores(data, reset=reset)
        texts = read_texts(plain)
        if isinstance(plain, pd.DataFrame):
            validate_data(self, plain, reset=reset, skip_check_array=True)  # the column's name
        if reset:  # the tokenizer is trained when the training rows are known
            return Data({"text": Streamed(np.array(texts, dtype=object))})
        if self._ngram_model is None:
            return self._tokens(texts)
        scores = torch.from_numpy(self._ngram_model.scores(texts)).to(self._dtype)
        return self._tokens(texts).with_columns(linear=scores)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.pretrained is not None:
            return
        check_heads(self.d_model, self.n_heads, rotary=self.positional == "rotary")
        check_tokenizer(self.tokenizer)
        if self.freeze:
            raise ValueError(f"freeze={self.freeze} needs pretrained: there is nothing to freeze.")

    def _forget_inputs(self) -> None:
        super()._forget_inputs()
        for name in (
            "_tokenization",
            "_ngram_model",
            "_signal_model",
            "_known_range",
            "patch_size_",
        ):
            self.__dict__.pop(name, None)

    def _learn_inputs(self, X: Any, data: Data, rows: Rows, mode: FitMode) -> Data:
        if self.input_type_ == "numeric":
            return super()._learn_inputs(X, data, rows, mode)
        texts = read_texts(X)
        training = [texts[row] for row in rows.train]
        if mode is not FitMode.WARM_START:
            self._tokenization = self._make_tokenization(training, mode)
        else:
            self._warn_of_unknown(texts, "warm_start", "the first fit")
        self._ngram_model = None
        data = self._tokens(texts)
        if not self.linear_model or mode is FitMode.PARTIAL_FIT:  # a chunk may lack classes
            return data
        target, left_out = rows.target[rows.train], self._leave_out(rows, data)
        model = NgramClassifier(len(self.classes_), lowercase=self.lowercase)
        weight, groups = rows.train_weight, self._train_groups
        model = model.fitted_or_cached(training, target, weight, left_out, groups)
        self._ngram_model = model
        return self._with_scores_to_validate(
            data, rows, lambda some: model.scores([texts[row] for row in some])
        )

    def _make_tokenization(self, texts: list[str], mode: FitMode) -> Tokenization:
        max_length = self._longest()
        if self.pretrained is not None:
            return load_tokenization(os.fspath(self.pretrained), max_length)
        made = Tokenization.trained(
            self.tokenizer,
            texts,
            max_length=max_length,
            vocab_size=self.vocab_size,
            min_frequency=self.min_frequency,
            lowercase=self.lowercase,
        )
        if mode is FitMode.FIT:
            lengths = made.lengths(texts)
            made.mean_length = float(lengths.mean())
            if isinstance(self.max_length, str):
                made.max_length = longest_within(lengths)
        return made

    def _longest(self) -> int:
        """The maximum length, before the lengths of the texts are known."""
        return MAX_LENGTH if isinstance(self.max_length, str) else self.max_length

    def _tokens(self, texts: list[str]) -> Data:
        values, lengths = self._tokenization.ids(texts)
        return Data({"x": Ragged(torch.from_numpy(values), torch.from_numpy(lengths))})

    # The network --------------------------------------------------------------------------------

    def _make_module(self, train: Data) -> nn.Module:
        is_text = self.input_type_ == "text"
        if self.pretrained is not None:
            return make_pretrained(
                os.fspath(self.pretrained),
                len(self.classes_),
                n_tokens=self._tokenization.n_tokens,
                max_length=self._tokenization.max_length,
                dropout=self.dropout,
                pooling=self.pooling,
                freeze=bool(self.freeze) if isinstance(self.freeze, np.bool_) else self.freeze,
                max_steps=MAX_STEPS // 4,
                mean_length=train.mean_length(),
            )
        if is_text:
            embed: nn.Module = make_embedding(
                self._tokenization, self.d_model, self.token_dropout, self.embeddings, self._dtype
            )
        else:
            embed = self._embed_steps(train)
        patch_size = getattr(self, "patch_size_", 1)
        n_hidden = self.dim_feedforward or 4 * self.d_model
        encoder = TransformerEncoder(
            self.d_model,
            self.n_heads,
            self.n_layers,
            n_hidden,
            dropout=self.dropout,
            positional=self.positional,
            pooling=self.pooling,
            max_length=self._tokenization.max_length if is_text else self._longest(),
        )
        return TransformerNetwork(
            embed,
            encoder,
            self.d_model,
            len(self.classes_),
            dropout=self.dropout,
            max_steps=MAX_STEPS * patch_size,
            work_per_row=int(self.d_model * n_hidden * train.mean_length() / patch_size),
            normalize=is_text,
            weights=(network_weight(self._tokenization.mean_length), 1.0) if is_text else None,
        )

    def _embed_steps(self, train: Data) -> nn.Module:
        # Once: a network of half of the rows, for calibration, shall be the same.
        if not hasattr(self, "patch_size_"):
            usual = int(np.quantile(lengths_of(train), LONG, method="lower"))
            self.patch_size_ = -(-usual // MAX_PATCHES)
        mean, scale = unit_scales(self.n_channels_in_, self._dtype)
        return PatchEmbedding(
            self.n_channels_in_,
            self.d_model,
            self.patch_size_,
            token_dropout=self.token_dropout,
            mean=mean,
            scale=scale,
            own_scale=differ_in_size(train),
        )

    def _learn_before_training(self, module: Any, train: Data, used: Data) -> None:
        if self.input_type_ == "numeric":
            learn_channel_scales(module.embed, train, measured=True)

    def _as_unseen(self, train: Data) -> Data:
        if self.input_type_ == "numeric" or self._ngram_model is None:
            return super()._as_unseen(train)
        scores = torch.from_numpy(self._ngram_model.unseen_scores).to(self._dtype)
        return train.with_columns_of_rows(linear=scores)

    def _alone_as_fitted(self) -> Self:
        alone = super()._alone_as_fitted()
        alone._ngram_model = None
        return alone

    def _make_objective(self) -> Objective:
        return Supervised(
            self._target.loss,
            self._target,
            partial(self._target.loss, label_smoothing=self.label_smoothing),
        )

    def _auto_training(self, train: Data, batch_size: int | None) -> tuple[int, int]:
        """Batch size and epochs: a number of steps, within limits of the epochs."""
        own_text = self.input_type_ == "text" and self.pretrained is None
        usual = TOKENS_PER_BATCH / train.mean_length() if own_text else 16
        largest = 32 if self.pretrained else 64
        batch_size = batch_size or batch_size_between(len(train), usual, largest)
        n_batches = train.n_batches(batch_size)
        if self.freeze is True:
            return batch_size, int(np.clip(np.ceil(1000 / n_batches), 10, 100))
        if self.pretrained is not None:
            few = np.clip(np.ceil(500 / n_batches), 2, 5)
            return batch_size, int(max(few, np.ceil(60 / n_batches)))
        if self.input_type_ == "numeric":
            return batch_size, int(np.clip(np.ceil(600 / n_batches), 15, 100))
        return batch_size, epochs_within(n_batches, len(train) * train.mean_length())

    def _search_grid(self) -> dict[str, list[Any]]:
        if self.pretrained is not None:
            return {"freeze": [False, True], "lr": [1e-4, 1e-3]}
        return {"d_model": [64, 128], "lr": [1e-3, 3e-3], "token_dropout": [0.1, 0.3]}

    # In chunks ----------------------------------------------------------------------------------

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows: for data in chunks.

        On text the vocabulary is that of the first chunk, or of the ``fit`` before.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; on the first call, if its y lacks some.

        Returns
        -------
        self

        Warns
        -----
        UserWarning
            If more than half of the tokens of a later chunk are unknown.
        """
        is_later = hasattr(self, "net_")
        super().partial_fit(X, y, classes, sample_weight)
        if is_later and self.input_type_ == "text":
            self._warn_of_unknown(read_texts(X), "partial_fit", "the first chunk")
        return self

    def _warn_of_unknown(self, texts: list[str], way: str, where: str) -> None:
        ids, _ = self._tokenization.ids(texts)
        unknown = float(np.mean(ids == self._tokenization.unknown))
        if unknown > 0.5:
            ways = "Begin with texts that have the words of all, or pass a tokenizer trained on all"
            if isinstance(self.tokenizer, str) and self.tokenizer == "word":
                ways += ', or set tokenizer="bpe" or "char"'
            warnings.warn(
                f"{unknown:.0%} of the tokens of X are unknown: {way} knows those of {where} "
                f"alone. {ways}.",
                stacklevel=3,
            )

    # After fit ----------------------------------------------------------------------------------

    def tokenize(self, X: Any) -> list[list[str]]:
        """Tokenize texts: the tokens that are the network's input.

        Parameters
        ----------
        X : list, array, Series or DataFrame of str
            As in ``fit``.

        Returns
        -------
        list of list of str
            With ``pooling="cls"`` the first one is the token that is pooled, "[CLS]".

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
        own_step = isinstance(self.module_, TransformerNetwork) and self._pools_first
        return [["[CLS]", *found] for found in tokens] if own_step else tokens

    @property
    def _pools_first(self) -> bool:
        """Whether the fitted network classifies the state of the first token alone."""
        module: Any = self.module_
        pooling: str = getattr(module, "encoder", module).pooling
        return pooling == "cls"

    def attention_maps(self, X: Any) -> list[np.ndarray]:
        """Attention weights between the tokens or patches of each row.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        list of ndarray of shape (n_layers, n_heads, L, L)
            One for each row of X, of queries (third axis) on keys (last axis), which are its L
            tokens (see ``tokenize``) or patches of ``patch_size_`` steps. The last axis sums to 1.
        """
        check_is_fitted(self)
        data = self._read_for_network(X)

        def attention_maps(module: Any, batch: Batch) -> list[Tensor]:
            maps: list[Tensor] = module.attention_maps(**inputs_of(batch))
            return maps

        maps = self.net_.outputs_of_batches(data, attention_maps, batch_size=16, prepared=False)
        return [of_row.float().cpu().numpy() for of_row in chain.from_iterable(maps)]

    def _attention_positions(self, X: Any) -> dict[str, Any]:
        """What the positions of the attention maps of one row are, as AttentionDisplay takes it."""
        positions: dict[str, Any] = {"pooled_first": self._pools_first}
        if self.input_type_ == "text":
            return {**positions, "tokens": self.tokenize(X)[0]}
        steps = {"patch_size": self.patch_size_, "n_steps": self._read_for_network(X).longest()}
        return {**positions, **steps}

    @property
    def network_weight_(self) -> float:
        if getattr(self, "_ngram_model", None) is None:
            return super().network_weight_
        return network_fraction(self.module_)

    @property
    def tokenizer_(self) -> Any:
        return None if self.input_type_ == "numeric" else self._tokenization.to_tokenizer()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = self.input_type != "numeric"
        return tags


def check_heads(d_model: int, n_heads: int, *, rotary: bool) -> None:
    """Raise ValueError if the features cannot be divided among the attention heads."""
    if d_model % n_heads:
        raise ValueError(f"n_heads must divide d_model, got d_model={d_model}, n_heads={n_heads}.")
    if rotary and d_model // n_heads % 2:
        raise ValueError(
            'positional="rotary" needs an even number of features in each head, got d_model / '
            f"n_heads = {d_model // n_heads}."
        )
