"""The architectures: ``nn.Module`` only, no scikit-learn, no skorch."""

from ._recurrent import (
    LineAndRecurrence,
    RecurrentEncoder,
    RecurrentNetwork,
    is_real,
    last_steps,
    standardized,
)

__all__ = [
    "LineAndRecurrence",
    "RecurrentEncoder",
    "RecurrentNetwork",
    "is_real",
    "last_steps",
    "standardized",
]
