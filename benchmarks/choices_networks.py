"""What the networks beside the linear model of signals are: other sizes and training, by folds.

Cross-validation on the training parts of sets of accuracy_signals, and made signals of
choices_signals with new ones as tests: accuracy and log loss of the default parameters of each
family, linear model included, and of others, means over seeds. "4 members" is the mean of the
probabilities of four fits with default parameters that differ in their seeds.

The data are read by ``skdl.datasets.fetch_ucr``; set SKDL_DATA to a folder that has them.
"""

import argparse
from functools import cache

import numpy as np
import pandas as pd
import torch
from _report import Report
from accuracy_signals import ESTIMATORS, parts
from choices_signals import MADE
from joblib import Parallel, delayed
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

SETS = ("GunPoint", "ItalyPowerDemand", "ArrowHead", "BasicMotions", "Plane", "JapaneseVowels")
KINDS = ("frequencies, 150 steps", "phases, 150 steps", "20 shapes a class, 60 steps")
MEMBERS, N_TEST = "4 members", 300
VARIANTS = {
    "CNN": {
        "default": {},
        "half the channels": {"channels": (16, 32)},
        "twice the channels": {"channels": (64, 128)},
        "a block more": {"channels": (32, 64, 64)},
        "resnet": {"architecture": "resnet"},
        "30 epochs": {"max_epochs": 30},
        "120 epochs": {"max_epochs": 120},
        "cosine": {"lr_schedule": "cosine"},
        "shift": {"augment": "shift"},
        "mixup": {"mixup": 0.2},
        "label smoothing": {"label_smoothing": 0.1},
    },
    "LSTM": {
        "default": {},
        "half the size": {"hidden_size": 32},
        "twice the size": {"hidden_size": 128},
        "a layer more": {"n_layers": 2},
        "bidirectional": {"bidirectional": True},
        "attention": {"pooling": "attention"},
    },
    "Transformer": {
        "default": {},
        "half the size": {"d_model": 64},
        "a layer less": {"n_layers": 1},
        "a layer more": {"n_layers": 3},
    },
}


@cache
def divided(name, n_folds):
    """Training and test rows with their class indices, of each fold or draw."""
    if name in MADE:
        make, n_rows = MADE[name]
        draws = map(np.random.default_rng, range(n_folds))
        return [(*make(n_rows, rng), *make(N_TEST, rng)) for rng in draws]
    X, labels, _, _ = parts(name)
    y = np.unique(labels, return_inverse=True)[1]
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=0).split(np.zeros(len(y)), y)
    return [
        ([X[i] for i in train], y[train], [X[i] for i in test], y[test]) for train, test in folds
    ]


def fitted(family, params, name, n_folds, seed):
    """Probabilities of the test rows of all folds, and their class indices."""
    torch.set_num_threads(1)
    found, targets = [], []
    for X, y, X_test, y_test in divided(name, n_folds):
        model = ESTIMATORS[family](random_state=seed, **params).fit(X, y)
        found.append(model.predict_proba(X_test))
        targets.append(y_test)
    return np.concatenate(found), np.concatenate(targets)


def scores(found, target):
    accuracy = (found.argmax(1) == target).mean()
    return accuracy, log_loss(target, found, labels=range(found.shape[1]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--families", nargs="*", default=[*VARIANTS], choices=[*VARIANTS])
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1, help="of others than the default: four")
    parser.add_argument("--n-jobs", type=int, default=1)
    report = Report(__doc__, parser)
    args, quick = report.args, {"max_epochs": 1} if report.quick else {}
    names = SETS[:1] if report.quick else SETS + KINDS
    for family in args.families:
        tasks = [
            (variant, name, seed)
            for variant in VARIANTS[family]
            for name in names
            for seed in range(4 if variant == "default" else args.seeds)
        ]
        results = Parallel(n_jobs=args.n_jobs)(
            delayed(fitted)(family, VARIANTS[family][variant] | quick, name, args.folds, seed)
            for variant, name, seed in tasks
        )
        known = dict(zip(tasks, results, strict=True))
        rows = []
        for (variant, name, _), (found, target) in known.items():
            rows.append((variant, name, *scores(found, target)))
        for name in names:
            members = [known["default", name, seed] for seed in range(4)]
            mean = np.mean([found for found, _ in members], axis=0)
            rows.append((MEMBERS, name, *scores(mean, members[0][1])))
        table = pd.DataFrame(rows, columns=["", "set", "accuracy", "log loss"])
        for measure in ("accuracy", "log loss"):
            wide = table.pivot_table(measure, "", "set", sort=False)
            wide["mean"] = wide.mean(axis=1)
            report.table(f"{family}: {measure}", wide)
    report.finish()


if __name__ == "__main__":
    main()
