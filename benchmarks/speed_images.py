"""Images: skdl compared with a hand-written loop, the bare module and skorch.

Seconds of whole fits and predictions, medians of interleaved rounds. All train the same network,
that of ``CNNClassifier()``, from the same pixels with Adam at one rate. Each peer runs with 1 and
with 2 threads, and its better count is the one shown; the hand loop and the bare module run in
both memory formats, channels last and contiguous.

``CNNClassifier()`` has the default precision, which trains in bfloat16 on CPUs with matrix units
for it; ``CNNClassifier(float32)`` trains in float32. The hand loop is there in float32, under
``torch.autocast`` in bfloat16, and tuned: in bfloat16 with Adam's fused kernel and
``index_select``.

Augmentation: an epoch of ``CNNClassifier()`` on images of Fashion-MNIST's size and number of
channels, at the batch size that it chooses for 60,000 of them.

Memory: the peak of a process that fits 60,000 images of 28x28 in a memory map for one epoch, minus
that of a process that only imports torch.
"""

import argparse
import copy
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from _peers import bare_outputs, hand_loop, skorch_classifier
from _report import Report
from torch import nn
from torch.nn import functional as F

from skdl.datasets import make_images
from skdl.estimators import CNNClassifier
from skdl.estimators.cnn._augmentation import AUGMENTATIONS

OURS, OURS_FLOAT32 = "CNNClassifier()", "CNNClassifier(float32)"
HAND, MIXED, TUNED, SKORCH = "hand loop", "hand loop, bfloat16", "tuned, bfloat16", "skorch"
BATCH_SIZE, N_EPOCHS = 64, 3
FORMATS = {"channels last": torch.channels_last, "contiguous": torch.contiguous_format}
PARTS = ("fit", "augment", "predict", "memory")

# The peak of the process itself: getrusage may report that of the parent.
PEAK = """
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
"""
BARE = f"import torch{PEAK}"
FIT = f"""
import sys
import numpy as np
from skdl.estimators import CNNClassifier
X = np.load(sys.argv[1], mmap_mode="r")
CNNClassifier(max_epochs=1, random_state=0, device="cpu").fit(X, np.arange(len(X)) % 10)
{PEAK}
"""


# Adam at a constant rate, like the peers.
estimator = partial(
    CNNClassifier,
    max_epochs=N_EPOCHS,
    batch_size=BATCH_SIZE,
    optimizer="adam",
    lr=1e-3,
    weight_decay=0.0,
    lr_schedule="constant",
    warmup_fraction=0.0,
    gradient_clip=None,
    ema_decay=None,
    device="cpu",
    random_state=0,
)


class Standardized(nn.Module):
    """The network of a fitted CNNClassifier, untrained, as a module of images (B, C, H, W)."""

    def __init__(self, fitted: CNNClassifier) -> None:
        super().__init__()
        module = copy.deepcopy(fitted.module_)
        for layer in module.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        self.module = module

    def forward(self, x):
        return self.module(x.movedim(1, -1))


def make_data(n_samples, side, n_channels):
    X, y = make_images(
        n_samples, size=(side, side), n_channels=n_channels, n_classes=10, random_state=0
    )
    return X.astype(np.float32) / 255, y


def in_formats(X):
    """X (n, H, W[, C]) as tensors (n, C, H, W) of both memory formats."""
    x = torch.from_numpy(X if X.ndim == 4 else X[..., None]).movedim(-1, 1)
    return {
        "channels last": x.contiguous(memory_format=torch.channels_last),
        "contiguous": x.contiguous(),
    }


def in_bfloat16(job):
    def run():
        with torch.autocast("cpu", torch.bfloat16):
            return job()

    return run


def fits(report, side, n_channels, n_samples, n_rounds, bar):
    """Fits by skdl, by the hand loop in both formats and precisions, and by skorch."""
    X, y = make_data(256 if report.quick else n_samples, side, n_channels)
    labels = torch.from_numpy(y)
    network = Standardized(estimator().fit(X[:100], y[:100]))
    formats = in_formats(X)
    peers = {}
    for layout, x in formats.items():
        job = partial(fit_by_hand, network, x, labels, FORMATS[layout])
        peers |= {f"{HAND}, {layout}": job, f"{MIXED}, {layout}": in_bfloat16(job)}
        peers[f"{TUNED}, {layout}"] = in_bfloat16(partial(job, fused=True))
    pixels = formats["contiguous"].numpy()
    peers[SKORCH] = lambda: skorch_classifier(
        copy.deepcopy(network), max_epochs=N_EPOCHS, batch_size=BATCH_SIZE, lr=1e-3
    ).fit(pixels, y)
    ours = {
        OURS: lambda: estimator().fit(X, y),
        OURS_FLOAT32: lambda: estimator(precision="float32").fit(X, y),
    }
    times = report.measure(ours, peers, n_rounds=n_rounds)
    report.table(f"Fit: {len(X):,} x {side} x {side} x {n_channels}, {N_EPOCHS} epochs", times)
    best, best_mixed, best_tuned = (best_format(times, name) for name in (HAND, MIXED, TUNED))
    report.ratios(
        times,
        [
            (OURS, best, "at most 1.08"),
            (OURS_FLOAT32, best, "at most 1.08"),
            (OURS, best_mixed, "at most 1.08"),
            (OURS, best_tuned, ""),
        ],
    )
    report.ratios(times, [(name, SKORCH, bar) for name in ours], faster=True)


def best_format(times, name):
    """The faster memory format of a job."""
    rows = [f"{name}, {layout}" for layout in FORMATS]
    return times.loc[rows, "median s"].idxmin()


def fit_by_hand(network, x, y, layout, *, fused=False):
    module, loss = copy.deepcopy(network).to(memory_format=layout), F.cross_entropy
    hand_loop(module, x, y, n_epochs=N_EPOCHS, batch_size=BATCH_SIZE, loss=loss, fused=fused)


def augmentations(report) -> None:
    """Time of a fit with each augmentation."""
    X, y = make_data(256 if report.quick else 2000, 28, 1)
    changes = {name: {"augment": name} for name in AUGMENTATIONS}
    changes |= {"None": {}, "mixup": {"mixup": 0.2}}
    jobs = {
        name: partial(lambda change: estimator(batch_size=128, **change).fit(X, y), change)
        for name, change in changes.items()
    }
    times = report.measure(jobs, {}, n_rounds=5)
    report.table(
        f"Augmentation: {len(X):,} x 28 x 28, {N_EPOCHS} epochs", times.drop(columns="threads")
    )
    report.ratios(times, [(name, "None", "at most 1.15") for name in changes if name != "None"])


def predictions(report) -> None:
    X, y = make_data(500 if report.quick else 10_000, 28, 1)
    fitted = estimator().fit(X[:500], y[:500])
    network = Standardized(fitted).eval()
    peers = {
        f"bare module, {layout}, batch {size}": partial(
            bare_outputs, copy.deepcopy(network).to(memory_format=FORMATS[layout]), x, size
        )
        for layout, x in in_formats(X).items()
        for size in (128, 512)
    }
    times = report.measure({"predict_proba": lambda: fitted.predict_proba(X)}, peers, n_rounds=3)
    report.table(f"Prediction: {len(X):,} x 28 x 28", times)
    best = times.loc[[*peers], "median s"].idxmin()
    report.ratios(times, [("predict_proba", best, "at most 1.1")])


def memory(report) -> None:
    n_images = 600 if report.quick else 60_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        np.save(path, np.random.default_rng(0).integers(0, 256, (n_images, 28, 28), np.uint8))
        bare, fit = (
            int(subprocess.check_output([sys.executable, "-c", code, str(path)], text=True))
            for code in (BARE, FIT)
        )
    table = pd.DataFrame(
        [(bare, fit, fit - bare, "under 600")],
        columns=["torch imported, MiB", "fit, MiB", "difference, MiB", "bar"],
        index=pd.Index([f"{n_images:,} x 28 x 28 uint8"], name="memory map"),
    )
    report.table("Peak memory", table)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    report = Report(__doc__, parser)
    parts = report.args.parts
    if "fit" in parts:
        fits(report, 8, 1, 1797, 9, "at least 1.3")
        fits(report, 28, 1, 1500, 3, "at least 1")
        fits(report, 64, 3, 300, 3, "at least 1")
    if "augment" in parts:
        augmentations(report)
    if "predict" in parts:
        predictions(report)
    if "memory" in parts:
        memory(report)
    report.finish()


if __name__ == "__main__":
    main()
