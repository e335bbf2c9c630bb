"""What is shown: nothing, one bar, or a line per epoch."""

import contextlib
import sys

import pytest
import torch
from torch import nn

from skdl.engine import Data, Net
from skdl.engine._progress import Progress

ROW = {"epoch": 1, "train_loss": 0.25, "valid_loss": 0.5, "lr": 0.01, "seconds": 0.1}


def train(verbose, n_epochs=3):
    net = Net(
        nn.Linear(1, 1),
        lambda module, batch: module(batch["x"]).square().mean(),
        max_epochs=n_epochs,
        verbose=verbose,
    )
    net.initialize().train(Data({"x": torch.ones(4, 1)}))


def test_silent_by_default(capfd):
    train(verbose=0)
    assert capfd.readouterr() == ("", "")


def test_one_bar_with_loss(capfd):
    train(verbose=1)
    out, err = capfd.readouterr()
    assert out == ""
    last = err.rstrip().splitlines()[-1].split("\r")[-1]
    assert "100%" in last
    assert "3/3" in last
    assert "train_loss=" in last


def test_the_bar_shows_the_remaining_time(capfd):
    with contextlib.closing(Progress(1, n_epochs=2)) as progress:
        progress.bar.mininterval = 0
        progress.update(ROW)
        shown = progress.bar.format_dict
        text = str(progress.bar)
    capfd.readouterr()
    assert shown["n"] == 1
    assert "<" in text, "elapsed<remaining"
    assert "train_loss=0.25, valid_loss=0.5" in text


def test_the_bar_is_closed_when_a_fit_fails(monkeypatch, capfd):
    shown = []
    monkeypatch.setattr(
        "skdl.engine._loop.Progress",
        lambda *args: shown.append(Progress(*args)) or shown[-1],
    )

    def fails(module, batch):
        raise KeyboardInterrupt

    net = Net(nn.Linear(1, 1), fails, verbose=1).initialize()
    with pytest.raises(KeyboardInterrupt):
        net.train(Data({"x": torch.ones(4, 1)}))
    (progress,) = shown
    assert progress.bar.disable, "tqdm disables what is closed"
    capfd.readouterr()


def test_a_line_per_epoch(capfd):
    train(verbose=2)
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["epoch", str(epoch), "train_loss"] for epoch in (1, 2, 3)
    ]
    assert all("lr 1.00e-03" in line and line.endswith("s") for line in lines)


def test_a_loss_that_is_not_there_is_not_shown(capfd):
    with contextlib.closing(Progress(2, n_epochs=1)) as progress:
        progress.update({**ROW, "valid_loss": None})
        progress.update(ROW)
    without, with_valid = capfd.readouterr().out.splitlines()
    assert "valid_loss" not in without
    assert "valid_loss 0.5" in with_valid


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("missing", [("stderr",), ("stdout",), ("stdout", "stderr")])
def test_nothing_is_shown_without_a_console(verbose, missing, monkeypatch):
    """As under pythonw, in a service or a windowed program of Windows."""
    for stream in missing:
        monkeypatch.setattr(sys, stream, None)
    train(verbose)
