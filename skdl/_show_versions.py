"""Versions of what skdl stands on, for reports of bugs."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

NEEDED = ("skdl", "numpy", "pandas", "scipy", "scikit-learn", "skorch", "torch")
OPTIONAL = (
    "matplotlib",
    "tokenizers",
    "transformers",
    "safetensors",
    "timm",
    "torchvision",
    "dask",
)


def show_versions() -> None:
    """Print the versions of Python, skdl and the packages that it uses, and what torch can use.

    Examples
    --------
    >>> import skdl
    >>> skdl.show_versions()  # doctest: +ELLIPSIS
    Python        ...
    """
    import torch

    lines = {"Python": platform.python_version(), "platform": platform.platform()}
    for package in NEEDED + OPTIONAL:
        try:
            lines[package] = version(package)
        except PackageNotFoundError:
            if package in NEEDED:
                lines[package] = "not installed"
    lines["torch"] = torch.__version__  # with its build, such as +cu130, which metadata may lack
    lines["threads"] = str(torch.get_num_threads())
    lines["CUDA"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    width = max(map(len, lines))
    for name, value in lines.items():
        print(f"{name:{width}}  {value}")  # noqa: T201
