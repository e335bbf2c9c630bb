"""Classifiers of signals with a linear model beside the network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import KW_ONLY, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch

from ..._reading import Sequences
from ...engine import Data, Ragged, Streamed
from ._classifier import TorchClassifier
from ._contract import FitMode, Split
from ._docs import deep_estimator
from ._held_out import Passed
from ._known_range import KnownRange
from ._linear_weight import has_weights, network_fraction, set_weights
from ._rows import Rows, RowsBelowMinimum
from ._signal_model import ConvolutionModel, rows_to_learn

# From fewer rows of a class a network learns less than a linear model: it counts in proportion.
ROWS_OF_A_CLASS = 8
STREAMED_VALUES, STREAMED_ROWS = 2**22, (64, 1024)


@deep_estimator
class SignalClassifier(TorchClassifier):
    """Base of the classifiers of signals: a linear model on random convolutions may stand beside.

    Parameters
    ----------
    linear_model : bool, default=True
        Whether a ridge regression on 5,000 random convolutions (MiniRocket), on wins of competing
        convolutions (Hydra), extremes of convolutions (ROCKET) and similarities to the signals of
        ``fit`` (of which up to 2,048 are kept, in pickles too) where these help in
        cross-validation, on means of parts of the signals, of clipped values, and on their lengths
        stands beside the network: in prediction its calibrated scores are added to the network's,
        with weights that are learned (``network_weight_``). Where it helps in cross-validation, the
        classes of the nearest of these signals are a part of its scores; of several channels those
        count that tell of the classes, if that is better. It is fitted to the training rows in
        closed form, and not in ``partial_fit``: rows that come later change the network alone,
        whose weight stays as it is. Where classes come to mean something else, fit again. For more
        than 2,048 rows there are 2,000 convolutions and fewer of the others, and at most 8,192
        random rows are learned from (of a memory map 1,024).

    Attributes
    ----------
    network_weight_ : float
        Weight of the network's scores as a fraction of both weights, that of the linear model's
        being the other; in (0, 1]; 1 where there is no linear model. It is learned from rows that
        neither was trained on, as ``temperature_`` is: those that validate, else, of 50 to 499
        training rows, a half that a second network was not trained on, and of 500 or more those
        that are set aside for it. Without such rows it is 0.1, of a convolutional network 0.2,
        and of fewer than 8 rows a class in proportion less.
        ``partial_fit`` keeps that of the ``fit`` before.
    """

    _: KW_ONLY
    linear_model: bool = True

    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _signal_model: ConvolutionModel | None = field(init=False)
        _known_range: KnownRange | None = field(init=False)
    else:
        _signal_model = _known_range = None
    # ``network_weight_`` before it is learned, as chosen by cross-validation.
    _usual_network_weight: ClassVar[float] = 0.1
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"linear_model": ["boolean"]}

    def _takes_signal_model(self) -> bool:
        """Whether a linear model may stand beside the network of this fit."""
        return True

    def _with_linear_scores(self, data: Data, *, reset: bool) -> Data:
        """Data as read, for ``_read_inputs``; after ``fit`` clipped, with the linear scores."""
        if reset:
            return data
        if self._known_range is not None:
            data = self._known_range.clipped(data)
        if self._signal_model is None:
            return data
        return data.with_columns(linear=self._linear_scores(self._signal_model, data))

    def _read_for_network(self, X: Any) -> Data:
        return self._alone_as_fitted()._read_again(X)

    def _alone_as_fitted(self) -> Self:
        """The estimator as fitted, without the linear model."""
        alone = self._as_fitted()
        alone._signal_model = None
        return alone

    def _linear_scores(self, model: ConvolutionModel, data: Data) -> torch.Tensor:
        return torch.from_numpy(model.scores(as_sequences(data))).to(self._dtype)

    def _learn_inputs(self, X: Any, data: Data, rows: Rows, mode: FitMode) -> Data:
        data = super()._learn_inputs(X, data, rows, mode)
        self._signal_model = None
        if mode is not FitMode.WARM_START:
            that_count = rows_to_learn(rows.train_weight, len(rows.train), len(rows.train))
            self._known_range = self._range_of(data.subset(rows.train[that_count]))
        wanted = self.linear_model and self._takes_signal_model()
        if not wanted or mode is FitMode.PARTIAL_FIT:  # a chunk may lack classes
            return data
        self._leave_out(rows, data)
        x = data.columns["x"]
        most = most_of_streamed(x) if isinstance(x, Streamed) else None
        learned = rows_to_learn(rows.train_weight, len(rows.train), most)
        used = rows.train[learned]
        weight = None if rows.weight is None else rows.weight[used]
        groups = None if self._train_groups is None else self._train_groups[learned]
        model = ConvolutionModel(len(self.classes_))
        model.fit(as_sequences(data.subset(used)), rows.target[used], weight, groups)
        self._signal_model, model.rows = model, learned
        return self._with_scores_to_validate(
            data, rows, lambda some: model.scores(as_sequences(data.subset(some)))
        )

    def _range_of(self, train: Data) -> KnownRange | None:
        if not self._takes_signal_model() or isinstance(train.columns["x"], Streamed):
            return None
        return KnownRange.of(as_sequences(train))

    def _further_rows(self, passed: Passed, seed: int | None, mode: FitMode) -> Split:
        read = partial(super()._further_rows, passed, seed, mode)
        return self._with_growing_range(read, may_be_same=mode is FitMode.WARM_START)

    def _joined_rows(self, first: RowsBelowMinimum, passed: Passed) -> Split:
        return self._with_growing_range(partial(super()._joined_rows, first, passed))

    def _with_growing_range(self, read: Callable[[], Split], *, may_be_same: bool = False) -> Split:
        """Rows to train on, which are read as they are; the known range grows by theirs."""
        before, self._known_range = self._known_range, None
        split = read()
        if before is not None:
            new = self._range_of(split.train)
            joined = partial(before.joined, may_be_same=may_be_same)
            self._known_range = None if new is None else joined(new)
        return split

    def _with_scores_to_validate(
        self, data: Data, rows: Rows, scores_of: Callable[[np.ndarray], np.ndarray]
    ) -> Data:
        """Data of a fit with the scores that a linear model gives for rows by their numbers.

        Training does not need those of its rows; callbacks may ask for their predictions.
        """
        others = np.delete(np.arange(len(data)), rows.train)
        scored = np.arange(len(data)) if self.callbacks else others
        if not len(scored):
            return data
        scores = torch.zeros(len(data), len(self.classes_), dtype=self._dtype)
        scores[scored] = torch.from_numpy(scores_of(scored)).to(self._dtype)
        return data.with_columns(linear=scores)

    def _prepare_module(self, module: Any, mode: FitMode) -> None:
        if mode is FitMode.FIT and self._signal_model is not None and has_weights(module):
            n_rows, n_classes = len(self._signal_model.rows), len(self.classes_)
            fraction = min(1.0, n_rows / (ROWS_OF_A_CLASS * n_classes))
            usual = fraction * self._usual_network_weight
            set_weights(module, usual, 1 - usual)
        super()._prepare_module(module, mode)

    def _as_unseen(self, train: Data) -> Data:
        train = super()._as_unseen(train)
        if self._signal_model is None:
            return train
        model, learned = self._signal_model, self._signal_model.rows
        scores = torch.zeros(len(train), len(self.classes_), dtype=self._dtype)
        scores[learned] = torch.from_numpy(model.unseen_scores).to(self._dtype)
        # Of very many rows those that decide weights are enough.
        asked = np.arange(len(train)) if self._left_out is None else self._left_out
        others = np.setdiff1d(asked, learned)
        if len(others):
            scores[others] = self._linear_scores(model, train.subset(others))
        return train.with_columns_of_rows(linear=scores)

    @property
    def network_weight_(self) -> float:
        return 1.0 if self._signal_model is None else network_fraction(self.module_)


def most_of_streamed(x: Streamed) -> int:
    """How many rows of a memory map the linear model learns from: it copies them."""
    of_row = math.prod(np.shape(x.array)[1:])
    return int(np.clip(STREAMED_VALUES // of_row, *STREAMED_ROWS))


def as_sequences(data: Data) -> Sequences:
    """The column x of the rows in use, as the readers give sequences."""
    x = data.columns["x"]
    rows = np.arange(len(x)) if data.rows is None else data.rows.numpy()
    if isinstance(x, Ragged):
        return Sequences(x.values.numpy(), x.host_lengths).rows(rows)
    array = x.array if isinstance(x, Streamed) else x.numpy()
    return Sequences(array) if data.rows is None else Sequences(array[rows])
