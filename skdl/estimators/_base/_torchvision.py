"""A torchvision that does not fit torch, which other packages import and report in their words."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def torchvision_explained(what: str) -> Iterator[None]:
    """Around imports that may import torchvision: an error says what to install if it is broken.

    Parameters
    ----------
    what : str
        What needs the import, such as a parameter.

    Raises
    ------
    ImportError
        In place of any other error, if torchvision is installed and cannot be imported.
    """
    try:
        yield
    except Exception as error:
        reason = _broken()
        if reason is None:
            raise
        raise ImportError(
            f"{what} cannot be loaded, because the torchvision that is installed does not fit "
            f"torch {torch.__version__}: {reason}. Uninstall torchvision, or install both from one "
            "place: pip install --force-reinstall torch torchvision (for the CPU with "
            "--index-url https://download.pytorch.org/whl/cpu)."
        ) from error


def _broken() -> str | None:
    """Why the torchvision that is installed cannot be imported; None if it can or is not there."""
    try:
        importlib.import_module("torchvision")
    except Exception as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == "torchvision"
        return None if absent else f"{type(error).__name__}: {error}"
    return None
