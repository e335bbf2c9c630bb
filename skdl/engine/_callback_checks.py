"""Checks, before the training begins, that callbacks can do what they are for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from skorch.callbacks import (
    Callback,
    EpochTimer,
    InputShapeSetter,
    LRScheduler,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    WarmRestartLR,
    lr_scheduler,
)
from skorch.callbacks.scoring import ScoringBase, convert_sklearn_metric_function
from torch.optim import lr_scheduler as torch_schedulers
from torch.optim.lr_scheduler import LRScheduler as TorchScheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau

BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")
VALIDATED = ("valid_loss", "valid_loss_best")


def instances_of(callbacks: Iterable[Any] | None) -> list[Any]:
    """The callbacks among callbacks and pairs of name and callback."""
    return [item[1] if is_pair(item) else item for item in callbacks or []]


def is_pair(item: Any) -> bool:
    """Whether this is a pair (name, callback)."""
    return isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)


def has_batch_hooks(callback: Any) -> bool:
    """Whether a skorch callback has a method that is called at every batch."""
    return any(overrides(callback, event) for event in BATCH_EVENTS)


def overrides(callback: Any, event: str) -> bool:
    """Whether a callback does something at an event."""
    method = getattr(callback, event, None)
    return getattr(method, "__func__", None) is not getattr(Callback, event)


def sets_rate(callbacks: Iterable[Any] | None) -> bool:
    """Whether there is a callback whose purpose is to set the learning rate."""
    return any(isinstance(callback, LRScheduler) for callback in instances_of(callbacks))


def prints(callback: Any) -> bool:
    """Whether a callback is there to print, which skorch's does where ``net.verbose`` is set."""
    return isinstance(callback, PrintLog)


def check_callbacks(callbacks: Iterable[Any] | None) -> None:
    """Raise TypeError for what is no skorch callback, ValueError for one that cannot be of use."""
    for callback in instances_of(callbacks):
        kind = callback if isinstance(callback, type) else type(callback)
        if issubclass(kind, TorchScheduler):
            raise TypeError(
                f"callbacks must hold skorch callbacks, got the scheduler {kind.__name__}. Give "
                f"skorch.callbacks.LRScheduler(policy={kind.__name__}), with the scheduler's "
                "arguments but for the optimizer."
            )
        if kind is callback and issubclass(kind, Callback):
            raise TypeError(
                f"callbacks must hold instances, got the class {kind.__name__}. Give "
                f"{kind.__name__}(), with its arguments if it has some."
            )
        if not isinstance(callback, Callback):
            raise TypeError(
                "callbacks must hold instances of skorch.callbacks.Callback or pairs (name, "
                f"callback), got {callback!r:.200} of type {kind.__module__}.{kind.__qualname__}. "
                "Callbacks of other libraries are called in other ways: write a subclass of "
                "skorch.callbacks.Callback, whose on_epoch_end(self, net, **kwargs) is called "
                "after each epoch."
            )
        if isinstance(callback, InputShapeSetter):
            raise ValueError(
                f"{kind.__name__} cannot change a network that the estimator makes, for the shape "
                "of X. Leave it out of callbacks."
            )
        if isinstance(callback, LRScheduler):
            check_policy(callback.policy)


def check_policy(policy: Any) -> None:
    """Raise ValueError or TypeError where an LRScheduler cannot make its schedule."""
    if isinstance(policy, str):
        known = [name for name, kind in vars(lr_scheduler).items() if is_policy(kind)]
        if policy in known:
            return
        there = is_policy(getattr(torch_schedulers, policy, None))
        advice = f"the class: from torch.optim.lr_scheduler import {policy}, policy={policy}"
        raise ValueError(
            f"callbacks: LRScheduler has policy={policy!r}, and the policies that skorch knows by "
            f"name are {', '.join(sorted(known))}. Give {advice if there else 'one of them'}."
        )
    if not callable(policy):
        raise TypeError(
            f"callbacks: LRScheduler needs a class as policy, such as torch.optim.lr_scheduler."
            f"StepLR, got an instance of {type(policy).__name__}. Give the class, and what it is "
            "made with to LRScheduler."
        )


def is_policy(kind: Any) -> bool:
    """Whether this is a class of schedules."""
    if not isinstance(kind, type) or kind.__name__.startswith("_"):
        return False
    return issubclass(kind, (TorchScheduler, WarmRestartLR))


def check_validated(callbacks: Iterable[Any] | None, remedy: str) -> None:
    """Raise ValueError where a callback reads what is measured on validation rows, without any.

    ``remedy`` says how there would be some.
    """
    for callback in instances_of(callbacks):
        name, monitor = type(callback).__name__, getattr(callback, "monitor", None)
        scores = isinstance(callback, (ScoringBase, PassthroughScoring)) and not callback.on_train
        if scores:
            what, instead = "scores the validation rows", "score the training rows: on_train=True"
        elif isinstance(monitor, str) and monitor in VALIDATED and monitors(callback):
            alike = monitor.replace("valid", "train")
            what, instead = f"has monitor={monitor!r}", f"use monitor={alike!r}"
        else:
            continue
        raise ValueError(
            f"callbacks: {name} {what}, but this training has no validation rows. {remedy}, or "
            f"{instead}."
        )


def check_monitors(callbacks: Iterable[Any] | None, *, validated: bool) -> None:
    """Raise ValueError where a callback reads what nothing before it records, if that is known.

    Callbacks of the user's own may record anything: what comes behind one is not checked. Those of
    skorch must be initialized.
    """
    recorded = ["train_loss", "train_loss_best", "lr", "seconds", "epoch"]
    recorded += VALIDATED if validated else ()
    for callback in instances_of(callbacks):
        name, monitor = type(callback).__name__, getattr(callback, "monitor", None)
        if type(callback).__module__.partition(".")[0] != "skorch":
            return
        if isinstance(monitor, str) and monitors(callback) and monitor not in recorded:
            raise ValueError(
                f"callbacks: {name} has monitor={monitor!r}, which nothing records before it. Put "
                f"the callback that records it, such as EpochScoring, before {name} in the list; "
                f"so far there are {', '.join(recorded)}."
            )
        recorded += names_recorded(callback)


def names_recorded(callback: Any) -> list[str]:
    """Columns of the history that a callback of skorch records by epoch."""
    if isinstance(callback, EpochTimer):
        return ["dur"]
    if isinstance(callback, (ScoringBase, PassthroughScoring)):
        name = callback.name_ if isinstance(callback, ScoringBase) else callback.name
        return [name] if callback.lower_is_better is None else [name, f"{name}_best"]
    event = getattr(callback, "event_name", None)
    return [event] if isinstance(event, str) else []


def monitors(callback: Any) -> bool:
    """Whether a callback reads its ``monitor``; of the schedulers only one does."""
    policy = getattr(callback, "policy", None)
    return not isinstance(callback, LRScheduler) or policy in (
        ReduceLROnPlateau,
        ReduceLROnPlateau.__name__,
    )


def check_own_step(callbacks: Iterable[Any] | None) -> None:
    """Raise ValueError for what is of no use where a module trains itself and does not predict."""
    for callback in instances_of(callbacks):
        name = type(callback).__name__
        if overrides(callback, "on_grad_computed"):
            raise ValueError(
                f"callbacks: {name} waits for gradients (on_grad_computed), and this network "
                "learns by steps of its own, without gradients of torch. Leave it out."
            )
        if isinstance(callback, ParamMapper):
            raise ValueError(
                f"callbacks: {name} changes or freezes the weights of a network one by one, and "
                "this one learns by steps of its own, which change them all. Leave it out."
            )
        if isinstance(callback, ScoringBase) and scores_predictions(callback):
            raise ValueError(
                f"callbacks: {name} scores predictions by {callback.scoring!r}, and this estimator "
                "does not predict. Give a function score(net, X, y) as scoring, or leave it out."
            )


def scores_predictions(callback: ScoringBase) -> bool:
    """Whether a score is one of scikit-learn's, or the net's own."""
    scoring = convert_sklearn_metric_function(callback.scoring)
    return scoring is None or isinstance(scoring, str) or hasattr(scoring, "_score_func")
