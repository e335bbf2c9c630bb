"""The architectures: ``nn.Module`` only, no scikit-learn, no skorch."""

from ._recurrent import RecurrentEncoder, RecurrentNetwork, is_real

__all__ = ["RecurrentEncoder", "RecurrentNetwork", "is_real"]
