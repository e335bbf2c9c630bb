"""Perceptrons on tables: fits, packs, predictions and memory compared with peers.

Seconds of whole fits, medians of interleaved rounds, on one thread of torch.

- One member: ``MLPRegressor(n_members=1)`` without a linear model, and the same network, batches,
  optimizer and schedule in a hand-written loop and in skorch, which get the numbers as the network
  takes them.
- scikit-learn's default network: 100 hidden units, "relu", Adam at 0.001, batches of 200, for the
  same number of epochs.
- Packs: nets of one hidden layer by ``train_pack`` of the engine and one after the other, each with
  its own order of rows ("K streams"), or all with one. Rates differ from net to net.
- Predictions: of 100,000 rows, compared with the bare networks of the fitted estimator with their
  linear model, in batches of the size that was best in a trial before; of one row, compared with a
  Pipeline of ``StandardScaler`` and scikit-learn's perceptron.
- Memory: the peak of a process that fits 100,000 x 100 numbers in float32, minus that of one that
  makes them and imports skdl. "network" is the size of all weights.

    python benchmarks/speed_tabular.py --write
"""

import copy
import subprocess
import sys
from functools import partial

import numpy as np
import torch
from _peers import SKORCH
from _report import Report, interleave, median, threads
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetRegressor
from skorch.callbacks import LRScheduler
from torch import nn
from torch.nn import functional as F

from skdl.engine import Data, Net, Supervised, seeded, squared_error, train_pack
from skdl.engine._optim import LR_SCHEDULES
from skdl.estimators import MLPRegressor

N_FEATURES = 20
OURS, HAND, SKORCH_NAME = "MLPRegressor", "hand loop", "skorch"
WARMUP = 0.1


def make_data(n_rows, n_columns=N_FEATURES):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
    noise = rng.normal(size=n_rows).astype(np.float32)
    return X, X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + noise


# One member ------------------------------------------------------------------------------------


def factor(n_steps, step):
    n_warmup = round(WARMUP * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    return LR_SCHEDULES["cosine"](min(1.0, (step - n_warmup) / max(1, n_steps - n_warmup)))


def groups_of(module, lr):
    return [{"params": params, "lr": lr * each} for params, each in module.parameter_groups()]


class OfOneMember(nn.Module):
    """The network of an estimator with one member, as a function of tensors."""

    def __init__(self, module):
        super().__init__()
        self.module = copy.deepcopy(module)

    def forward(self, numbers, flat):
        return self.module.members(numbers, flat)[:, 0]

    def parameter_groups(self):
        return self.module.parameter_groups()


def by_hand(module, columns, y, *, n_epochs, batch_size, lr, weight_decay):
    optimizer = torch.optim.AdamW(groups_of(module, lr), lr=lr, weight_decay=weight_decay)
    n_steps = n_epochs * -(-len(y) // batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(factor, n_steps))
    module.train()
    for _ in range(n_epochs):
        order = torch.randperm(len(y))
        for start in range(0, len(y), batch_size):
            rows = order[start : start + batch_size]
            optimizer.zero_grad()
            loss = F.mse_loss(module(*(column[rows] for column in columns)), y[rows])
            loss.backward()
            optimizer.step()
            schedule.step()


def by_skorch(module, columns, y, *, n_epochs, batch_size, lr, weight_decay):
    n_steps = n_epochs * -(-len(y) // batch_size)
    schedule = LRScheduler(
        torch.optim.lr_scheduler.LambdaLR,
        lr_lambda=partial(factor, n_steps),
        step_every="batch",
    )
    settings = {**SKORCH, "optimizer": torch.optim.AdamW, "optimizer__weight_decay": weight_decay}
    net = NeuralNetRegressor(
        module, max_epochs=n_epochs, batch_size=batch_size, lr=lr, callbacks=[schedule], **settings
    )
    net.fit(dict(zip(("numbers", "flat"), columns, strict=True)), y)


def one_member(report, sizes, n_rows, n_epochs) -> None:
    X, y = make_data(2000 if report.quick else n_rows)
    batch_size, n_epochs = 128, 1 if report.quick else n_epochs
    estimator = MLPRegressor(
        sizes,
        n_members=1,
        linear_model=False,
        early_stopping=False,
        max_epochs=n_epochs,
        batch_size=batch_size,
        warmup_fraction=WARMUP,
        random_state=0,
    )
    module = copy.deepcopy(estimator).set_params(max_epochs=1).fit(X[:500], y[:500]).module_
    prepared = module.prepare(torch.from_numpy(X))
    columns = prepared["numbers"], prepared["flat"]
    scaled = torch.from_numpy((y - y.mean()) / y.std())[:, None]
    settings = {
        "n_epochs": n_epochs,
        "batch_size": batch_size,
        "lr": estimator.lr,
        "weight_decay": estimator.weight_decay,
    }
    times = report.measure(
        {OURS: lambda: copy.deepcopy(estimator).fit(X, y)},
        {
            HAND: lambda: by_hand(OfOneMember(module), columns, scaled, **settings),
            SKORCH_NAME: lambda: by_skorch(OfOneMember(module), columns, scaled, **settings),
        },
        n_rounds=5,
        peer_threads=(1,),
    )
    report.table(f"One member of {sizes}, {len(X):,} x {N_FEATURES}, {n_epochs} epochs", times)
    report.ratios(times, [(OURS, HAND, "at most 1.10")])
    report.ratios(times, [(OURS, SKORCH_NAME, "at least 2")], faster=True)


def default_network_of_scikit_learn(report, n_epochs) -> None:
    X, y = make_data(2000 if report.quick else 20_000)
    n_epochs = 1 if report.quick else n_epochs
    ours = MLPRegressor(
        (100,),
        activation="relu",
        numeric_embedding=None,
        n_members=1,
        linear_model=False,
        early_stopping=False,
        dropout=0.0,
        batch_size=200,
        lr=1e-3,
        optimizer="adam",
        weight_decay=0.0,
        lr_schedule="constant",
        warmup_fraction=0.0,
        max_epochs=n_epochs,
        random_state=0,
    )
    peer = PeerRegressor(max_iter=n_epochs, tol=0, n_iter_no_change=10_000, random_state=0)
    times = report.measure(
        {OURS: lambda: copy.deepcopy(ours).fit(X, y)},
        {"scikit-learn": lambda: copy.deepcopy(peer).fit(X, y)},
        n_rounds=5,
        peer_threads=(1,),
    )
    title = f"scikit-learn's default network, {len(X):,} x {N_FEATURES}, {n_epochs} epochs"
    report.table(title, times)
    report.ratios(times, [(OURS, "scikit-learn", "at least 1")], faster=True)


# Packs -----------------------------------------------------------------------------------------


class Perceptron(nn.Module):
    stackable = draws_from_generator = True

    def __init__(self, size):
        super().__init__()
        self.hidden, self.head = nn.Linear(N_FEATURES, size), nn.Linear(size, 1)

    def forward(self, x):
        return self.head(torch.relu(self.hidden(x)))


def make_nets(n_members, size, batch_size, *, one_stream):
    nets = []
    for k in range(n_members):
        with seeded(k, torch.device("cpu")):
            module = Perceptron(size)
        net = Net(
            module,
            Supervised(squared_error),
            lr=1e-3 * (1 + k / n_members),
            max_epochs=5,
            batch_size=batch_size,
            seed=0 if one_stream else k,
        )
        nets.append(net.initialize())
    return nets


def packs(report) -> None:
    rows = []
    for size, n_rows, batch_size, n_members, one_stream in (
        (64, 20_000, 128, 16, False),
        (64, 20_000, 128, 16, True),
        (64, 2_000, 64, 16, False),
        (64, 20_000, 128, 60, False),
        (256, 20_000, 128, 16, False),
        (256, 20_000, 256, 16, False),
    ):
        X, y = make_data(1000 if report.quick else n_rows)
        data = Data({"x": torch.from_numpy(X), "y": torch.from_numpy(y)[:, None]})
        make = partial(make_nets, n_members, size, batch_size, one_stream=one_stream)

        def alone(make=make, data=data):
            for net in make():
                net.train(data)

        def together(make=make, data=data, n_members=n_members):
            train_pack(make(), [data] * n_members)

        seconds = interleave({"alone": alone, "pack": together}, 1 if report.quick else 5)
        times = {name: median(of_job) for name, of_job in seconds.items()}
        rows.append(
            {
                "units": str(size),
                "members": n_members,
                "rows": str(n_rows),
                "batch": batch_size,
                "streams": 1 if one_stream else n_members,
                "s, one after the other": times["alone"],
                "s, pack": times["pack"],
                "times as fast": times["alone"] / times["pack"],
            }
        )
    import pandas as pd

    note = "Bars: at least 4 for 16 members of 64 units, at least 1 for 256 units."
    report.table(
        f"Packs: {N_FEATURES} inputs, 5 epochs", pd.DataFrame(rows).set_index("units"), note
    )


# Predictions and memory -------------------------------------------------------------------------


def predictions(report) -> None:
    X, y = make_data(2000 if report.quick else 100_000)
    fitted = MLPRegressor(max_epochs=2, random_state=0).fit(X[:1000], y[:1000])
    peer = make_pipeline(StandardScaler(), PeerRegressor(max_iter=20)).fit(X[:1000], y[:1000])
    data = fitted._read_again(X)

    @torch.inference_mode()
    def bare(size):
        module = fitted.module_.eval()
        for start in range(0, len(X), size):
            part = slice(start, start + size)
            inputs = {name: column[part] for name, column in data.columns.items()}
            module(**module.prepare(**inputs))

    sizes = (256, 512, 1024, 2048)
    trial = interleave({size: partial(bare, size) for size in sizes}, 1)
    best = min(sizes, key=lambda size: median(trial[size]))
    times = report.measure(
        {"MLPRegressor().predict": lambda: fitted.predict(X)},
        {"bare networks and linear model": lambda: bare(best)},
        n_rounds=5,
        peer_threads=(1,),
    )
    report.table(f"Predicting {len(X):,} rows with 8 members of three layers of 256", times)
    report.ratios(
        times, [("MLPRegressor().predict", "bare networks and linear model", "at most 1.3")]
    )
    single = MLPRegressor((100,), n_members=1, max_epochs=2, random_state=0).fit(X[:1000], y[:1000])
    row, n_calls = X[:1], 20 if report.quick else 200

    def repeated(model):
        for _ in range(n_calls):
            model.predict(row)

    models = {"MLPRegressor()": fitted, "MLPRegressor((100,), n_members=1)": single}
    jobs = {
        name: partial(repeated, model) for name, model in {**models, "scikit-learn": peer}.items()
    }
    seconds = {name: median(of_job) / n_calls for name, of_job in interleave(jobs, 5).items()}
    lines = [
        f"{name}: {1000 * each:.2f} ms, {1000 * (each - seconds['scikit-learn']):+.2f}"
        for name, each in seconds.items()
    ]
    report.say("## Predicting one row", "\n".join(f"- {line}" for line in lines))
    report.say("Bar: less than 1 ms more than scikit-learn's perceptron behind a scaler.")


PEAK = """
import sys
import numpy as np
from skdl.estimators import MLPRegressor
X = np.random.default_rng(0).normal(size=(int(sys.argv[1]), 100)).astype(np.float32)
y = X[:, 0] + X[:, 1]
if sys.argv[2] == "fit":
    model = MLPRegressor(max_epochs=1, device="cpu", random_state=0).fit(X, y)
    print(sum(weight.nbytes for weight in model.module_.parameters()))
else:
    print(0)
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")))
"""


def memory(report) -> None:
    n_rows = 2000 if report.quick else 100_000
    found = {}
    for work in ("import", "fit"):
        command = [sys.executable, "-c", PEAK, str(n_rows), work]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[work] = [int(line) for line in done.stdout.split()]
    table, network = n_rows * 100 * 4, found["fit"][0]
    more = found["fit"][1] - found["import"][1]
    report.say(
        f"## Memory: a fit of {n_rows:,} x 100 numbers",
        f"The table has {table / 2**20:.0f} MiB, the networks {network / 2**20:.1f} MiB. The fit "
        f"took {more / 2**20:.0f} MiB beyond the table: {more / table:.2f} times it. Bar: at most "
        "3 times the table, and the networks with their gradients and moments.",
    )


def main() -> None:
    report = Report(__doc__)
    with threads(1):
        one_member(report, (64,), 10_000, 5)
        one_member(report, (256, 256, 256), 5_000, 3)
        default_network_of_scikit_learn(report, 50)
        packs(report)
        predictions(report)
    memory(report)
    report.finish()


if __name__ == "__main__":
    main()
