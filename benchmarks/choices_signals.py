"""What the linear model of signals is made of: each part left out, on training parts alone.

On the training parts of the sets of accuracy_signals: accuracy and log loss of leave-one-out
cross-validation, as the model finds them itself. On made signals: accuracy on 500 new ones; beside
it 1-nearest-neighbour and a random forest on the values. "proportions" is MiniRocket with a ridge
regression; "levels" are means of parts of the signals, "competing" kernels those of Hydra,
"extremes" the largest and smallest convolutions, "similarities" a kernel of the distances to the
signals of ``fit``, "neighbours" the classes of the nearest of them.

The data are read by ``skdl.datasets.fetch_ucr``; set SKDL_DATA to a folder that has them.
"""

import numpy as np
import pandas as pd
import torch
from _report import Report
from accuracy_signals import BARS, parts
from scipy.special import softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

from skdl.estimators._base._signal_model import ConvolutionModel
from skdl.preprocessing import RandomConvolutions

# Places of ``ConvolutionModel._sizes`` that a variant has no features of, and one for neighbours.
NEIGHBOURS = 5
VARIANTS = {
    "all": (),
    "no levels": (3,),
    "no competing": (1,),
    "no extremes": (2,),
    "no similarities": (4,),
    "no neighbours": (NEIGHBOURS,),
    "proportions": (1, 2, 3, 4, NEIGHBOURS),
}
N_TEST = 500


def without(places):
    """The linear model without some of its parts."""

    class Variant(ConvolutionModel):
        def _best(self, fitted, sizes, *args):
            def kept(factors):
                return fitted([0 if place in places else f for place, f in enumerate(factors)])

            left = [0 if place in places else size for place, size in enumerate(sizes)]
            return super()._best(kept, left, *args)

        def _choose_share(self, fit, *args):
            super()._choose_share(fit, *args)
            if NEIGHBOURS in places:
                self.neighbours, self.unseen_scores = None, fit.unseen_scores

    return Variant


def sequences(X):
    """X as the classifiers read it."""
    return RandomConvolutions()._read_sequences(X, reset=True)


# Made signals: each (n, rng) -> X, y -----------------------------------------------------------


def events(n_steps, n_channels=1):
    """An event of 6 steps somewhere, in one of the channels."""

    def make(n, rng):
        y, X = rng.integers(0, 2, n), 0.7 * rng.normal(size=(n, n_steps, n_channels))
        for x, label in zip(X, y, strict=True):
            start = rng.integers(n_steps - 6)
            high = np.arange(6) % 2 if label else np.arange(6) < 3
            x[start : start + 6, 0] += 2.4 * np.where(high, 1, -1)
        return X, y

    return make


def spikes(n, rng):
    """One step or two higher, somewhere on a random walk of 450 steps."""
    y, X = rng.integers(0, 2, n), 0.3 * rng.normal(size=(n, 450)).cumsum(1)
    for x, label in zip(X, y, strict=True):
        start = rng.integers(447)
        x[start : start + 2] += (3, 0) if label else (2, 2)
    return X, y


def frequencies(n, rng):
    """Three frequencies in noise, at random phases."""
    y, steps = rng.integers(0, 3, n), np.arange(150)
    waves = np.sin(2 * np.pi * ((0.2 + 0.02 * y)[:, None] * steps + rng.uniform(size=(n, 1))))
    return waves + 2.5 * rng.normal(size=(n, 150)), y


def phases(n, rng):
    """Two waves at one of two phases to each other."""
    y, steps = rng.integers(0, 2, n), np.arange(150)
    start = rng.uniform(0, 2 * np.pi, (n, 1))
    waves = np.sin(0.3 * steps + start) + np.sin(0.6 * steps + 2 * start + np.pi / 2 * y[:, None])
    return waves + 1.5 * rng.normal(size=(n, 150)), y


def noise_of_colours(n, rng):
    """Noise whose steps are more alike, or less."""
    y, X = rng.integers(0, 2, n), rng.normal(size=(n, 200))
    alike = np.where(y, 0.45, 0.3)
    for step in range(1, 200):
        X[:, step] += alike * X[:, step - 1]
    return X[:, 50:], y


def shapes(n_shapes, n_channels=1):
    """Two classes of several random walks, with noise; in other channels are other walks."""
    walks = np.random.default_rng(0).normal(size=(2, n_shapes, 60)).cumsum(2)

    def make(n, rng):
        y, number = rng.integers(0, 2, n), rng.integers(0, n_shapes, n)
        X = rng.normal(size=(n, 60, n_channels)).cumsum(1)
        X[..., 0] = walks[y, number] + rng.normal(size=(n, 60))
        return X, y

    return make


def prototypes(n, rng):
    """Twenty classes of one smooth shape each, with much noise."""
    smooth = np.random.default_rng(5).normal(size=(20, 65)).cumsum(1)
    smooth = np.stack([smooth[:, start : start + 60] for start in range(6)]).mean(0)
    smooth = (smooth - smooth.mean(1, keepdims=True)) / smooth.std(1, keepdims=True)
    y = rng.permutation(np.arange(n) % 20)
    return smooth[y] + 1.5 * rng.normal(size=(n, 60)), y


def bands(n, rng):
    """Eight bands of the level of one of 5 channels, of two classes in turn."""
    level, X = rng.uniform(0, 8, n), rng.normal(size=(n, 30, 5))
    X[..., 0] = level[:, None] + 0.1 * rng.normal(size=(n, 30))
    return X, level.astype(int) % 2


def signs(n_channels):
    """Whether the levels of two of the channels have the same sign."""

    def make(n, rng):
        sign = rng.choice([-1, 1], (n, 2))
        X = rng.normal(size=(n, 20, n_channels)) + 2 * rng.normal(size=(n, 1, n_channels))
        X[..., :2] = 2 * sign[:, None] + 0.5 * rng.normal(size=(n, 20, 2))
        return X, (sign.prod(1) > 0).astype(int)

    return make


def steps_that_decide(n, rng):
    """Three of 30 steps, in a sum."""
    X = rng.normal(size=(n, 30))
    return X, (X[:, 3] - X[:, 11] + X[:, 24] > 0).astype(int)


def glitches(n, rng):
    """Two levels of noise of 100 steps, of which 5 in 100 are far away."""
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 100)) + 0.35 * y[:, None] + 0.2 * rng.normal(size=(n, 1))
    return np.where(rng.random(X.shape) < 0.05, X + 30 * rng.normal(size=X.shape), X), y


MADE = {
    "events, 150 steps": (events(150), 150),
    "events, 1,000 steps": (events(1000), 150),
    "events, 3,000 steps": (events(3000), 150),
    "events in one of 20 channels, 300 steps": (events(300, 20), 150),
    "spikes, 450 steps": (spikes, 150),
    "frequencies, 150 steps": (frequencies, 150),
    "phases, 150 steps": (phases, 150),
    "colours of noise, 150 steps": (noise_of_colours, 150),
    "20 shapes a class, 60 steps": (shapes(20), 150),
    "100 shapes a class, 60 steps": (shapes(100), 400),
    "20 shapes a class in one of 6 channels": (shapes(20, 6), 200),
    "20 prototypes, 3 rows of each": (prototypes, 60),
    "bands of levels in one of 5 channels": (bands, 150),
    "signs of two of 4 channels": (signs(4), 100),
    "signs of two of 12 channels": (signs(12), 100),
    "3 of 30 steps": (steps_that_decide, 200),
    "3 of 30 steps, few": (steps_that_decide, 30),
    "levels with glitches, 100 steps": (glitches, 150),
}


def of_training_part(name):
    X, y, _, _ = parts(name)
    labels, target = np.unique(y, return_inverse=True)
    row = {}
    for title, places in VARIANTS.items():
        model = without(places)(len(labels)).fit(sequences(X), target, None)
        found = softmax(model.unseen_scores.astype(float), axis=1)
        row[title] = (found.argmax(1) == target).mean()
        row[f"{title}, log loss"] = log_loss(target, found, labels=range(len(labels)))
    return row


def of_made(make, n_rows, n_draws):
    found = []
    for draw in range(n_draws):
        rng = np.random.default_rng(draw)
        (X, y), (X_test, y_test) = make(n_rows, rng), make(N_TEST, rng)
        flat, flat_test = X.reshape(len(X), -1), X_test.reshape(N_TEST, -1)
        row = {}
        for title, places in VARIANTS.items():
            model = without(places)(y.max() + 1).fit(sequences(X), y, None)
            row[title] = (model.scores(sequences(X_test)).argmax(1) == y_test).mean()
        row["1NN"] = KNeighborsClassifier(1).fit(flat, y).score(flat_test, y_test)
        forest = RandomForestClassifier(random_state=draw).fit(flat, y)
        row["forest"] = forest.score(flat_test, y_test)
        found.append(row)
    return pd.DataFrame(found).mean()


def main() -> None:
    report = Report(__doc__)
    torch.set_num_threads(1)
    names = [*BARS][: 1 if report.quick else None]
    rows = pd.DataFrame({name: of_training_part(name) for name in names}).T
    report.table("Leave-one-out on training parts: accuracy", rows[[*VARIANTS]])
    losses = rows[[f"{title}, log loss" for title in VARIANTS]]
    report.table("Leave-one-out on training parts: log loss", losses.set_axis([*VARIANTS], axis=1))
    n_draws, made = (1, list(MADE.items())[:1]) if report.quick else (3, MADE.items())
    rows = {name: of_made(make, n_rows, n_draws) for name, (make, n_rows) in made}
    report.table("Made signals: accuracy", pd.DataFrame(rows).T)
    report.finish()


if __name__ == "__main__":
    main()
