"""A network beside a linear model."""

from __future__ import annotations

from torch import Tensor


class BesideLinearModel:
    """Part of a network for classification whose scores are added to those of a linear model.

    The linear model is fitted apart; its scores are an input, in evaluation alone.

    Attributes
    ----------
    network_weight, linear_weight : float, default=0.5
        Factors of the scores.
    """

    network_weight: float = 0.5
    linear_weight: float = 0.5

    def evaluated(self, scores: Tensor, linear: Tensor | None = None, **_: Tensor) -> Tensor:
        """Scores (B, n_classes) of the network with those of the ``linear`` model added."""
        if linear is None:
            return scores
        return self.linear_weight * linear + self.network_weight * scores
