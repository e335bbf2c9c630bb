"""TorchClassifier: what all deep classifiers share."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Iterator
from dataclasses import KW_ONLY, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch

from ..._sklearn import ClassifierMixin, StrOptions, fit_context
from ...engine import Data, Net
from ._calibration import (
    all_of,
    guessed_at_first,
    halves,
    n_counted,
    rows_of_known_classes,
    temperature_of,
)
from ._contract import FitMode, Split
from ._docs import deep_estimator
from ._estimator import TorchEstimator
from ._linear_weight import (
    OF_HALF,
    best_ratio,
    has_weights,
    rows_set_aside,
    set_weights,
    weights_of,
    without_linear,
)
from ._rows import Rows
from ._targets import ClassificationTarget

# Training rows of which a second network is trained on half, for the temperature: an overfitted
# network gives probabilities of 0 and 1. With fewer rows a half is too small to estimate the
# temperature. With more it is done only where the first pass over them, which were new then, was
# not much better than guessing: then it may be noise that later passes have overfitted.
FEW_ROWS, SOME_ROWS = range(50, 500), range(500, 10_000)
MIN_EPOCHS = 2  # in one pass each row is new


@deep_estimator
class TorchClassifier(ClassifierMixin, TorchEstimator):
    """Base of the deep classifiers: any labels outside, class indices inside.

    Parameters
    ----------
    class_weight : dict, "balanced" or None, default=None
        Weight of each label; "balanced" makes the weights of all classes sum to the same, None
        gives each the weight 1. It is multiplied by ``sample_weight``.
    validation_fraction : float, default=0.1
        The rows are drawn at random, in proportion to the classes; rows of less than half the
        weighted median weight of their class are passed over.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    temperature_ : float
        What the scores of the network are divided by, at least 1, so that probabilities are not
        more certain than they are right; the predicted labels do not depend on it. It is fitted to
        the validation rows; without such, where there are 50 to 499 training rows and two epochs or
        more, by another network that is trained on half of them, or half of their ``groups``, which
        takes half the time again; and so for up to 10,000 rows where the first epoch was little
        better than guessing. Else it is 1. Where the scores of a linear model are added to the
        network's, a tenth of 500 rows or more, 100 to 500, is set aside for it in place of
        that. ``partial_fit`` keeps that of the ``fit`` before. Like the labels it is kept by the
        estimator, not with the weights of ``module_``.
    """

    _: KW_ONLY
    class_weight: dict[Any, Any] | str | None = None

    _changeable: ClassVar[frozenset[str]] = frozenset({"class_weight"})
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    # For the calibration: whether the first epoch of the fit was little better than guessing; the
    # epochs of all fits; for warm starts, the number of rows and the net of one half.
    _near_chance, _n_epochs = False, 0
    if TYPE_CHECKING:  # an annotation at run time would be a parameter
        _target: ClassificationTarget = field(init=False)
        _net_of_half: tuple[int, Net] | None = field(init=False)
        # Of the network and of the linear model beside it, before they are learned; and while
        # ``fit`` trains, the rows that decide them, and their numbers, if any are set aside.
        _usual_weights: tuple[float, float] | None = field(init=False)
        _left_out: np.ndarray | None = field(init=False)
        _decide: Data | None = field(init=False)
    else:
        _net_of_half = _usual_weights = _left_out = _decide = None

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows: for data in chunks.

        The first call builds the network and learns what goes before training, such as the scales
        of X. Later calls keep that; but as long as fewer than 10 rows have come, the next call
        starts again with all of them, for one row tells nothing of scales. The first rows should
        vary as all will.

        Parameters
        ----------
        X, y
            As in ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; on the first call, if its y lacks some.
        sample_weight : array-like of shape (n_samples,), default=None
            As in ``fit``, but relative to the mean weight of the rows of all calls so far; None is
            1 each. The same holds for ``class_weight``, so that chunks of one class each count by
            their weights; "balanced" counts the rows of each class in all calls so far.

        Returns
        -------
        self

        Warns
        -----
        UserWarning
            If most of a channel of X is more than 30 standard deviations from where the first rows
            had it.
        """
        self._declared_classes = classes
        try:
            return self._learn_part(X, y, sample_weight)
        finally:
            del self._declared_classes

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of the classes before the softmax.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes: the second's score less the first's.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to 1.
        """
        outputs = self._outputs(X)
        return self._target.probabilities(outputs)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; finite also where a probability is rounded to 0.
        """
        return torch.from_numpy(self._scores(X)).log_softmax(1).numpy()

    def _scores(self, X: Any) -> np.ndarray:
        outputs = self._outputs(X)
        return self._target.scores(outputs)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable label.

        Parameters
        ----------
        X : array-like or list
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels of ``classes_``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X is not as in ``fit``: other columns, channels or types, values that are missing or
            infinite where ``fit`` takes none.
        """
        outputs = self._outputs(X)
        return self._target.predictions(outputs)

    # Calibration ---------------------------------------------------------------------------------

    def _train_new(self, rows: Split, seed: int, mode: FitMode) -> None:
        with self._deciding(rows) as others:
            super()._train_new(others, seed, mode)

    def _train_further(self, rows: Split, seed: int) -> None:
        with self._deciding(rows) as others:
            super()._train_further(others, seed)

    def _leave_out(self, rows: Rows, data: Data) -> np.ndarray | None:
        """Numbers of the training rows that decide how much a linear model counts, if any do.

        A family calls it in ``_learn_inputs`` before it fits a linear model: ``_as_unseen`` then
        has the scores of these rows by a linear model of all others. The network is not trained on
        them.
        """
        self._left_out, train = None, rows.train
        if rows.valid is None:
            of_train = rows.target[train], rows.train_weight, data.subset(train)
            self._left_out = rows_set_aside(self._target, *of_train, self._train_groups)
        return self._left_out

    @contextlib.contextmanager
    def _deciding(self, rows: Split) -> Iterator[Split]:
        """Inside, some of many rows decide how much a linear model counts; the others train."""
        if self._left_out is not None and rows.valid is None:
            self._decide = self._as_unseen(rows.train).subset(self._left_out)
            others = np.delete(np.arange(len(rows.train)), self._left_out)
            rows = rows._replace(train=rows.train.subset(others))
        try:
            yield rows
        finally:
            for name in ("_left_out", "_decide"):
                self.__dict__.pop(name, None)

    def _prepare_module(self, module: Any, mode: FitMode) -> None:
        """Begin with the usual weights of network and linear model, but not in ``partial_fit``."""
        super()._prepare_module(module, mode)
        if not has_weights(module) or mode is FitMode.PARTIAL_FIT:
            return
        if mode is FitMode.FIT or self._usual_weights is None:
            self._usual_weights = weights_of(module)
        module.network_weight, module.linear_weight = self._usual_weights

    def _after_training(self, net: Net, train: Data, valid: Data | None, mode: FitMode) -> None:
        """Learn the weight of the network and the temperature, but not in ``partial_fit``."""
        if mode is FitMode.PARTIAL_FIT:
            return
        if mode is FitMode.FIT:
            self._near_chance = guessed_at_first(net, train)
            self._n_epochs, self._net_of_half = 0, None
        self._n_epochs += net.best_epoch_ or net.max_epochs
        unseen = self._decide if valid is None else valid
        if unseen is not None:
            self._target.temperature = self._calibrated(net, net, unseen)
            return
        n_rows = n_counted(train, self._train_groups)
        few = n_rows in FEW_ROWS or (self._near_chance and n_rows in SOME_ROWS)
        if few and self._n_epochs >= MIN_EPOCHS:
            self._target.temperature = self._temperature_of_halves(net, train)

    def _calibrated(self, net: Net, judged: Net, unseen: Data) -> float:
        """The temperature, once the weight of the network beside a linear model is set.

        ``unseen`` are rows that ``judged`` was not trained on, which is the net or that of a half.
        """
        if not len(unseen):
            return 1.0
        known = all_of(unseen)
        y, weight = known["y"], known.get("weight")
        if "linear" not in unseen.columns or not has_weights(net.module_):
            return temperature_of(judged.outputs(unseen), y, weight)
        scores, linear = judged.outputs(without_linear(unseen)), unseen.column("linear").cpu()
        usual, of_linear = weights_of(net.module_)
        of_half = judged is not net
        if of_half and usual < of_linear:
            scores = OF_HALF * scores
        ratio = best_ratio(scores, linear, y, weight, usual / of_linear, of_half=of_half)
        set_weights(net.module_, ratio, 1.0)
        of_network, of_linear = weights_of(net.module_)
        return temperature_of(of_network * scores + of_linear * linear, y, weight)

    def _temperature_of_halves(self, net: Net, train: Data) -> float:
        """The temperature, for the other half, of a network trained on one half of the rows."""
        rows, others = halves(train, len(train), self._train_groups)
        if not len(rows) or not len(others):  # one group
            return 1.0
        half = train.subset(rows)
        trained = self._trained_on_half(net, half)
        if trained is None:
            return 1.0
        unseen = self._as_unseen(train).subset(others)
        unseen = rows_of_known_classes(unseen, len(self.classes_), half)
        return self._calibrated(net, trained, unseen)

    def _trained_on_half(self, net: Net, half: Data) -> Net | None:
        """Another net, trained on half of the rows as the net was; None where that fails.

        In a warm start that of the fit before is trained further, if it is of as many rows: then it
        is of the same ones, where the rows are.
        """
        twin = copy.copy(self)
        twin.callbacks, twin.verbose, twin.early_stopping = None, 0, False
        before, twin.batch_size = self._net_of_half, net.batch_size
        # As many epochs as brought the weights that are kept, which may be those of an earlier one.
        twin.max_epochs = net.best_epoch_ or net.max_epochs
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the network of all rows has given them
            try:
                if before is not None and before[0] == len(half):
                    module = copy.deepcopy(before[1].module_)
                    trained = twin._new_net(module, half, net.seed, FitMode.WARM_START)
                    trained.resume_state = before[1].resume_state
                else:
                    twin.max_epochs = self._n_epochs
                    module = twin._new_module(half, half, net.seed)
                    trained = twin._new_net(module, half, net.seed, FitMode.FIT)
                trained.train(half)
            except ValueError:  # half of the rows may be too few to train on
                return None
        if self.warm_start:
            trained.clear_optimizer()
            self._net_of_half = len(half), trained
        return trained

    def _as_unseen(self, train: Data) -> Data:
        """The training rows, with no column of what was learned from their targets."""
        return train

    @property
    def temperature_(self) -> float:
        return self._target.temperature

    # For TorchEstimator --------------------------------------------------------------------------

    def _make_target(self) -> ClassificationTarget:
        return ClassificationTarget(
            type(self).__name__,
            self.class_weight,
            getattr(self, "_declared_classes", None),
            is_partial_fit=hasattr(self, "_declared_classes"),
        )

    def _same_target(self, mode: FitMode) -> ClassificationTarget:
        before = self._target.temperature
        return replace(
            self._target,
            temperature=before if mode is FitMode.PARTIAL_FIT else 1.0,
            class_weight=self.class_weight,
            declared_classes=getattr(self, "_declared_classes", None),
            is_partial_fit=hasattr(self, "_declared_classes"),
        )

    @property
    def classes_(self) -> np.ndarray:
        classes = self._target.classes
        assert classes is not None
        return classes
