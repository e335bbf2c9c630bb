"""What a fit shows while it runs: nothing, one bar, or a line per epoch."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from .._progress_bar import progress_bar


class Progress:
    """``verbose=0``: silent; 1: one bar with loss and remaining time; 2: a line per epoch."""

    def __init__(self, verbose: int, n_epochs: int) -> None:
        self.verbose = verbose
        self.bar = progress_bar(n_epochs, unit="epoch", shown=True) if verbose == 1 else None

    def close(self) -> None:
        """Nothing more is shown."""
        if self.bar is not None:
            self.bar.close()

    def update(self, row: dict[str, Any]) -> None:
        """Show one finished epoch: a row of the history."""
        losses = {
            name: f"{row[name]:.4g}"
            for name in ("train_loss", "valid_loss")
            if row.get(name) is not None
        }
        if self.bar is not None:
            self.bar.set_postfix(losses, refresh=False)
            self.bar.update()
        elif self.verbose >= 2 and sys.stdout is not None:
            shown = "  ".join(f"{name} {value}" for name, value in losses.items())
            tqdm.write(
                f"epoch {row['epoch']:>4}  {shown}  lr {row['lr']:.2e}  {row['seconds']:.2f} s"
            )
