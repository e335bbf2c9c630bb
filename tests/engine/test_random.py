"""Random numbers of a training run: from its own generators, whoever draws them, in threads too."""

import inspect
import itertools
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import get_overridable_functions
from torch.utils.checkpoint import checkpoint

from skdl.engine import Augmented, Data, Net, Supervised, cross_entropy, seeded, squared_error
from skdl.engine._random import (
    ForkSafeLock,
    Generators,
    RandomFunctionMode,
    RandomNumbers,
    draws,
    dropout_is_off,
)
from skdl.modules import Dropout

CPU = torch.device("cpu")


# Initial weights ---------------------------------------------------------------------------------


def test_seeded_repeats_inside_and_leaves_the_outside():
    before = torch.get_rng_state()
    with seeded(1, CPU):
        first = torch.rand(3)
    torch.rand(1)
    after_one = torch.get_rng_state()
    with seeded(1, CPU):
        second = torch.rand(3)
    with seeded(2, CPU):
        other = torch.rand(3)
    assert first.equal(second)
    assert not first.equal(other)
    assert torch.get_rng_state().equal(after_one)
    assert not before.equal(after_one)


def test_seeded_gives_back_the_state_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="inside"), seeded(1, CPU):
        raise RuntimeError("inside")
    assert torch.get_rng_state().equal(before)


def test_threads_do_not_disturb_each_others_random_numbers():
    before = torch.get_rng_state()

    def draw(seed):
        with seeded(seed, CPU):
            numbers = []
            for _ in range(5):
                numbers.append(torch.rand(2))
                time.sleep(0.002)
            return torch.cat(numbers)

    with ThreadPoolExecutor(4) as threads:
        together = [*threads.map(draw, range(8))]
    assert torch.stack(together).equal(torch.stack([draw(seed) for seed in range(8)]))
    assert torch.get_rng_state().equal(before)


def test_a_lock_that_another_thread_holds_is_free_once_renewed():
    """As it must be in a fork, where that thread is not."""
    one_at_a_time, done = ForkSafeLock(), threading.Event()
    with ThreadPoolExecutor(1) as other:
        other.submit(lambda: (one_at_a_time.lock.acquire(), done.set()))
        done.wait()
        assert not one_at_a_time.lock.acquire(blocking=False)
        one_at_a_time.renew()
        assert one_at_a_time.lock.acquire(blocking=False)


# Generators --------------------------------------------------------------------------------------


def drawn(generators, n=5):
    return torch.cat([torch.rand(n, generator=g) for g in (generators.shuffle, generators.host)])


def test_generators_follow_seed_and_epochs_before():
    assert drawn(Generators(3, 0, CPU)).equal(drawn(Generators(3, 0, CPU)))
    different = [drawn(Generators(*which, CPU)) for which in ((3, 0), (4, 0), (3, 1), (3, 2))]
    assert len({tuple(numbers.tolist()) for numbers in different}) == 4


def test_shuffling_and_dropout_draw_other_numbers():
    generators = Generators(3, 0, CPU)
    assert generators.host is generators.device
    first, second = drawn(generators).chunk(2)
    assert not first.equal(second)


def test_a_state_is_a_copy_that_is_taken_back():
    generators = Generators(3, 0, CPU)
    drawn(generators)
    state = generators.state()
    first = drawn(generators)
    generators.restore(state)
    assert drawn(generators).equal(first)
    other = Generators(9, 4, CPU)
    other.restore(state)
    assert drawn(other).equal(first)


def test_as_global_lends_the_state_and_takes_it_back():
    generators, twin = Generators(3, 0, CPU), Generators(3, 0, CPU)
    before = torch.get_rng_state()
    numbers = []

    def fails():
        with generators.as_global():
            numbers.append(torch.rand(3))
            raise RuntimeError("inside")

    with generators.as_global():
        numbers.append(torch.rand(3))
    with pytest.raises(RuntimeError, match="inside"):
        fails()
    assert torch.cat(numbers).equal(
        torch.cat([torch.rand(3, generator=twin.host) for _ in range(2)])
    )
    assert torch.get_rng_state().equal(before)


# What others draw --------------------------------------------------------------------------------

X = torch.linspace(-1, 1, 60).reshape(5, 3, 4)


def lstm(dropout=0.5, packed=False):
    layer = nn.LSTM(4, 3, 2, dropout=dropout, batch_first=True)
    x = nn.utils.rnn.pack_padded_sequence(X, [3, 3, 2, 1, 1], batch_first=True) if packed else X
    return layer(x)[1][0]


def attended(dropout=0.5):
    return nn.MultiheadAttention(4, 2, dropout=dropout, batch_first=True)(X, X, X)[0]


def in_place():
    return F.dropout(X.clone(), 0.5, inplace=True)


DRAWS = {
    "rand": lambda: torch.rand(5),
    "rand on a device": lambda: torch.rand(5, device="cpu"),
    "randn_like": lambda: torch.randn_like(X),
    "rand_like": lambda: torch.rand_like(X),
    "randint": lambda: torch.randint(100, (5,)),
    "randperm": lambda: torch.randperm(20),
    "bernoulli": lambda: torch.bernoulli(torch.full((50,), 0.5)),
    "bernoulli_": lambda: torch.empty(50).bernoulli_(0.3),
    "normal": lambda: torch.normal(X, 1.0),
    "normal_": lambda: torch.empty(5).normal_(),
    "init.normal_": lambda: nn.init.normal_(torch.empty(5)),
    "init.trunc_normal_": lambda: nn.init.trunc_normal_(torch.empty(5)),
    "init.kaiming_uniform_": lambda: nn.init.kaiming_uniform_(torch.empty(5, 3)),
    "multinomial": lambda: torch.multinomial(torch.ones(50), 9),
    "poisson": lambda: torch.poisson(torch.full((20,), 4.0)),
    "binomial": lambda: torch.binomial(torch.full((20,), 9.0), torch.full((20,), 0.5)),
    "exponential_": lambda: torch.empty(5).exponential_(),
    "Beta": lambda: torch.distributions.Beta(0.4, 0.4).sample((5,)),
    "Gamma": lambda: torch.distributions.Gamma(0.4, 0.4).rsample((5,)),
    "Categorical": lambda: torch.distributions.Categorical(torch.ones(50)).sample((5,)),
    "Normal": lambda: torch.distributions.Normal(0.0, 1.0).sample((5,)),
    "dropout": lambda: F.dropout(X, 0.5),
    "dropout in place": in_place,
    "Dropout": lambda: nn.Dropout(0.5)(X),
    "Dropout1d": lambda: nn.Dropout1d(0.5)(X),
    "Dropout2d": lambda: nn.Dropout2d(0.5)(X[None]),
    "Dropout3d": lambda: nn.Dropout3d(0.5)(torch.ones(2, 20, 1, 2, 2)),
    "AlphaDropout": lambda: nn.AlphaDropout(0.5)(X),
    "FeatureAlphaDropout": lambda: nn.FeatureAlphaDropout(0.5)(X),
    "RReLU": lambda: nn.RReLU()(X),
    "gumbel_softmax": lambda: F.gumbel_softmax(X),
    "fractional_max_pool2d": lambda: nn.FractionalMaxPool2d(2, output_size=20)(
        torch.linspace(0, 1, 2500).reshape(1, 1, 50, 50).sin()
    ),
    "attention": lambda: F.scaled_dot_product_attention(X, X, X, dropout_p=0.5),
    "MultiheadAttention": attended,
    "LSTM": lstm,
    "packed LSTM": lambda: lstm(packed=True),
    "GRU": lambda: nn.GRU(4, 3, 2, dropout=0.5)(X)[0],
    "operator": lambda: torch.ops.aten.bernoulli.p(X, 0.5),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_foreign_draws_come_from_the_generators(draw):
    torch.manual_seed(0)  # for the weights of layers
    before = torch.get_rng_state()

    def drawn(seed, times=2):
        generators = Generators(seed, 0, CPU)
        numbers = []
        for _ in range(times):
            torch.set_rng_state(before)
            with RandomFunctionMode(generators):
                numbers.append(draw())
        return numbers

    first, second = drawn(1)
    again, _ = drawn(1)
    (other,) = drawn(2, times=1)
    assert first.equal(again)
    assert not first.equal(second), "it goes on"
    assert not first.equal(other)


def test_foreign_draws_leave_the_global_state():
    layers = nn.LSTM(4, 3, 2, dropout=0.5), nn.MultiheadAttention(3, 1, dropout=0.5)
    before = torch.get_rng_state()
    with RandomFunctionMode(Generators(0, 0, CPU)):
        torch.rand(3)
        h = layers[0](X)[0]
        layers[1](h, h, h)
        F.dropout1d(X)
    assert torch.get_rng_state().equal(before)


def test_dropout_of_others_is_that_of_torch():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generators = Generators(0, 0, CPU)
        torch.set_rng_state(generators.host.get_state())
        expected = F.dropout(X, 0.3)
        torch.set_rng_state(generators.host.get_state())
        also = F.dropout2d(X[:, None], 0.3)
    state = generators.state()
    with RandomFunctionMode(generators):
        assert F.dropout(X, 0.3).equal(expected)
    generators.restore(state)
    with RandomFunctionMode(generators):
        assert F.dropout2d(X[:, None], 0.3).equal(also)


QUIET = {
    "Dropout in evaluation": lambda: nn.Dropout(0.5).eval()(X),
    "Dropout of nothing": lambda: nn.Dropout(0.0)(X),
    "LSTM without dropout": lambda: lstm(dropout=0.0),
    "packed LSTM without dropout": lambda: lstm(dropout=0.0, packed=True),
    "MultiheadAttention without dropout": lambda: attended(dropout=0.0),
    "attention": lambda: F.scaled_dot_product_attention(X, X, X, scale=0.5),
    "attention with options": lambda: F.scaled_dot_product_attention(X, X, X, None, 0.0, False),
    "linear": lambda: F.linear(X, torch.ones(2, 4)),
}


@pytest.mark.parametrize("call", QUIET.values(), ids=QUIET)
def test_what_draws_nothing_takes_no_lock(call, monkeypatch):
    monkeypatch.setattr(Generators, "as_global", None)
    with torch.random.fork_rng(), RandomFunctionMode(Generators(0, 0, CPU)):
        call()


def test_every_function_of_torch_that_draws_in_python_is_known():
    """What they draw inside is not seen: an upgrade of torch may bring more of them."""
    words = (
        r"\b(\w*dropout_?|bernoulli_?|rand|randn|randint|randperm|normal_?|uniform_?|"
        r"exponential_?|multinomial|rrelu_?)\("
    )
    found = []
    for function in itertools.chain(*get_overridable_functions().values()):
        if isinstance(function, FunctionType):
            source = inspect.getsource(function.__code__)
            code = re.sub(r'""".*?"""', "", source, flags=re.DOTALL)
            found += [function] if re.search(words, code) else []
    assert F.dropout in found
    assert [function for function in found if not draws(function)] == []


def test_devices_without_numbers_are_left_alone():
    with RandomFunctionMode(Generators(0, 0, CPU)):
        assert torch.rand(3, device="meta").device.type == "meta"


def test_a_given_generator_is_used():
    mine = torch.Generator().manual_seed(5)
    with RandomFunctionMode(Generators(0, 0, CPU)):
        got = torch.rand(3, generator=mine)
    assert got.equal(torch.rand(3, generator=torch.Generator().manual_seed(5)))


def test_dropout_is_off_only_where_it_is_sure():
    assert dropout_is_off(F.dropout, (X,), {"training": False})
    assert dropout_is_off(F.dropout, (X, 0.5, False), {})
    assert not dropout_is_off(F.dropout, (X,), {})
    assert not dropout_is_off(torch.rand, (3,), {})


# Which modules are intercepted -------------------------------------------------------------------


class Declares(nn.Module):
    draws_from_generator = True

    def __init__(self):
        super().__init__()
        self.dropout = Dropout(0.5)


def parts_of(module, objective=None):
    return RandomNumbers(0, 0, CPU, module, objective or Supervised(squared_error))


def test_what_says_that_it_draws_from_a_generator_gets_it_and_is_not_intercepted():
    module = Declares()
    random = parts_of(module)
    assert not random.may_use_global_generators
    with random.with_generators():
        assert module.dropout.generator is random.generators.device
    assert module.dropout.generator is None


def test_what_says_nothing_is_intercepted():
    assert parts_of(nn.Linear(1, 1)).may_use_global_generators
    assert parts_of(Declares(), lambda module, batch: None).may_use_global_generators
    foreign = Augmented(cross_entropy, column="x", augment=torch.clone)
    assert parts_of(Declares(), foreign).may_use_global_generators
    assert not parts_of(
        Declares(), Augmented(cross_entropy, column="x", mixup=0.2)
    ).may_use_global_generators


def test_a_part_called_generator_is_left_alone():
    """As in a generative adversarial network."""
    module = nn.Module()
    module.generator = nn.Linear(1, 1)
    with parts_of(module).with_generators():
        assert isinstance(module.generator, nn.Linear)
    assert isinstance(module.generator, nn.Linear)


# Fits --------------------------------------------------------------------------------------------

ROWS = torch.linspace(-3, 3, 24 * 12).reshape(24, 12).sin()
DATA = Data({"x": ROWS, "y": ROWS.sum(1, keepdim=True)})


class Layers(nn.Module):
    """One of several ways to draw, between two linear maps."""

    def __init__(self, between):
        super().__init__()
        with seeded(0, CPU):
            self.first, self.last = nn.Linear(12, 12), nn.Linear(12, 1)
            self.between = between()

    def forward(self, x):
        return self.last(self.between(self.first(x)))


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 4, 2, dropout=0.5, batch_first=True)

    def forward(self, x):
        return self.lstm(x.unflatten(1, (3, 4)))[0].flatten(1)


class Checkpointed(nn.Module):
    """What is between is computed again in the backward pass."""

    def __init__(self, use_reentrant):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(12, 12), nn.Dropout(0.5))
        self.norm, self.before = nn.BatchNorm1d(12), nn.Dropout(0.1)
        self.use_reentrant = use_reentrant

    def forward(self, x):
        x = self.before(self.norm(x))
        if not self.training:
            return self.inner(x)
        return checkpoint(self.inner, x, use_reentrant=self.use_reentrant)


class Own(Layers):
    draws_from_generator = True


FOREIGN = {
    "nn.Dropout": lambda: Layers(lambda: nn.Dropout(0.5)),
    "F.dropout": lambda: Layers(lambda: Function(lambda x: F.dropout(x, 0.4))),
    "rand_like": lambda: Layers(lambda: Function(lambda x: x + torch.rand_like(x))),
    "LSTM": lambda: Layers(Recurrent),
    "beside own layers": lambda: Layers(lambda: nn.Sequential(nn.Dropout(0.3), Dropout(0.5))),
    "scripted": lambda: Layers(
        lambda: torch.jit.trace(nn.Dropout(0.5), torch.ones(8, 12), check_trace=False)
    ),
    "checkpoint": lambda: Layers(lambda: Checkpointed(False)),
    "reentrant checkpoint": lambda: Layers(lambda: Checkpointed(True)),
}
MODULES = {**FOREIGN, "own": lambda: Own(lambda: Dropout(0.5))}


def trained(make, seed=0, objective=None, **params):
    net = Net(
        make(),
        objective or Supervised(squared_error),
        **{"max_epochs": 4, "batch_size": 8, "seed": seed, **params},
    )
    net.initialize().train(DATA, DATA)
    return torch.cat([weight.detach().flatten() for weight in net.module_.parameters()])


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("make", MODULES.values(), ids=MODULES)
def test_fits_repeat_and_leave_the_global_state(make):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = trained(make)
    assert torch.get_rng_state().equal(before)
    torch.rand(3)
    assert trained(make).equal(first)
    assert not trained(make, seed=1).equal(first)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("make", MODULES.values(), ids=MODULES)
def test_fits_in_threads_are_those_alone(make):
    alone = [trained(make, seed) for seed in range(8)]
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda seed: trained(make, seed), range(8)))
    assert torch.stack(together).equal(torch.stack(alone))
    assert torch.get_rng_state().equal(before)


@pytest.fixture(params=["alone", "in threads"])
def surroundings(request, monkeypatch):
    """With and without other threads, whom an exchange of the global state would disturb."""
    n_threads = 1 if request.param == "alone" else 2
    monkeypatch.setattr(threading, "active_count", lambda: n_threads)
    return request.param


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_fits_are_the_same_alone_and_in_threads(make, monkeypatch):
    fits = []
    for n_threads in (1, 2):
        monkeypatch.setattr(threading, "active_count", lambda n=n_threads: n)
        fits.append(trained(make))
    assert fits[0].equal(fits[1])


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_is_computed_again_draws_the_same(reentrant, surroundings):
    """Gradient checkpointing changes nothing but memory; it is found out in the first step."""

    def run_of(is_checkpointed):
        module = Layers(lambda: Checkpointed(reentrant))
        if not is_checkpointed:
            module.between.forward = lambda x: module.between.inner(
                module.between.before(module.between.norm(x))
            )
        net = Net(module, Supervised(squared_error), max_epochs=3, batch_size=8).initialize()
        return net.start(DATA, DATA)

    losses = []
    for run in map(run_of, (False, True)):
        while not run.finished:
            run.epoch()
        losses.append(run.net.history[:, ("train_loss", "valid_loss")])
        assert run.random.needs_global_state is (surroundings == "in threads" and len(losses) == 2)
    assert losses[0] == losses[1]


class Meets(nn.Module):
    """Waits until another fit is in the same place."""

    def __init__(self, barrier):
        super().__init__()
        self.barrier = barrier

    def forward(self, x):
        if self.training:
            self.barrier.wait(timeout=30)
        return F.dropout(x, 0.5, self.training)


def test_fits_in_threads_run_at_once():
    """No lock is held while a module computes: else they would wait for each other for ever."""
    barrier = threading.Barrier(4)

    def fit(seed):
        return trained(lambda: Layers(lambda: Meets(barrier)), seed)

    with ThreadPoolExecutor(4) as threads:
        assert len(list(threads.map(fit, range(4)))) == 4


def test_a_fit_leaves_the_numbers_of_another_thread():
    """Of a user who draws in the meantime."""
    net = Net(FOREIGN["nn.Dropout"](), Supervised(squared_error), max_epochs=60, batch_size=2)
    net.initialize()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = [torch.rand(2) for _ in range(100)]
        torch.manual_seed(3)
        fit = threading.Thread(target=lambda: net.train(DATA))
        fit.start()
        got = []
        for _ in range(100):
            got.append(torch.rand(2))
            time.sleep(0.001)
        fit.join()
    assert torch.stack(got).equal(torch.stack(expected))


def test_augmentations_of_others_draw_from_the_fit():
    def fit(seed):
        objective = Augmented(
            squared_error,
            column="x",
            augment=lambda x: x + torch.rand(len(x), 1) * torch.randn_like(x),
            mixup=0.3,
        )
        return trained(MODULES["own"], seed, objective)

    alone = [fit(seed) for seed in range(6)]
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(fit, range(6)))
    assert torch.stack(together).equal(torch.stack(alone))
    assert len({tuple(weights.tolist()) for weights in alone}) == 6
    assert torch.get_rng_state().equal(before)


def test_callbacks_draw_from_the_fit():
    from skorch.callbacks import Callback

    class Noise(Callback):
        def on_epoch_end(self, net, **kwargs):
            with torch.no_grad():
                net.module_.first.weight.add_(0.1 * torch.randn_like(net.module_.first.weight))

    before = torch.get_rng_state()
    first = trained(MODULES["own"], callbacks=[Noise()])
    assert torch.get_rng_state().equal(before)
    torch.rand(1)
    assert trained(MODULES["own"], callbacks=[Noise()]).equal(first)


@pytest.mark.parametrize("event", ["on_train_begin", "on_batch_end", "on_epoch_end"])
def test_a_callback_that_draws_changes_nothing_but_its_own_numbers(event):
    from skorch.callbacks import Callback

    class Draws(Callback):
        drawn = ()

        def note(self, net, **kwargs):
            self.drawn = [*self.drawn, float(torch.randn(3).sum()), float(torch.rand(()))]

    setattr(Draws, event, Draws.note)
    first, second = Draws(), Draws()
    alone = trained(MODULES["own"])
    assert trained(MODULES["own"], callbacks=[first]).equal(alone)
    assert trained(MODULES["own"], callbacks=[second]).equal(alone)
    assert first.drawn == second.drawn
    assert len(set(first.drawn)) == len(first.drawn)
