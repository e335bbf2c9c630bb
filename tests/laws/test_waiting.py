"""Laws of devices that need none: no training step waits for its device, none mixes two."""

import contextlib
import copy
import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest
import torch
from torch import nn
from torch._dispatch.python import enable_python_dispatcher
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from skdl.engine import _tape, inputs_of
from skdl.engine._contract import attribute_or_default
from skdl.engine._gradients import Gradients
from skdl.engine._loop import TrainingRun
from skdl.engine._optim import Schedule, WeightAverage, make_optimizer
from skdl.estimators.cnn import _network as cnn_network
from skdl.estimators.word2vec import _network, _network_host
from skdl.estimators.word2vec._network import Word2Vec
from tests.laws.common import INSTANCES, every, has

takes_gradients = has("optimizer")


def trains_itself(instance):
    """Whether its module takes steps of its own, each over many thousands of tokens: Word2Vec."""
    return not takes_gradients(instance)


def has_own_layers(instance):
    """Whether the layers are ours: those of transformers ask the device for numbers."""
    return getattr(instance.estimator, "pretrained", None) is None


# All that a step may do: gradients are clipped, and weights averaged.
COMPLETE = {"gradient_clip": 1.0, "ema_decay": 0.9}

# Operators that give the host numbers or shapes which only the device knows.
WAITS = {
    "_local_scalar_dense",
    "_unique",
    "_unique2",
    "allclose",
    "bincount",
    "equal",
    "is_nonzero",
    "item",
    "masked_select",
    "nonzero",
    "repeat_interleave",
    "unique_consecutive",
    "unique_dim",
}


class Operations(TorchDispatchMode):
    """Counts the operators that are called inside, and those that would wait for a device."""

    def __init__(self):
        super().__init__()
        self.all, self.waits = Counter(), Counter()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = operator.__name__.split(".")[0]
        self.all[name] += 1
        result = operator(*args, **kwargs)
        waits = name in WAITS or by_booleans(name, args) or between_devices(name, args, result)
        self.waits[name] += waits
        return result

    @property
    def that_wait(self):
        return {name: n for name, n in self.waits.items() if n}


INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")


def by_booleans(name, args):
    """Whether an index is a mask, whose true values must be counted first."""
    return name in INDEXING and any(
        index is not None and index.dtype is torch.bool for index in args[1]
    )


def between_devices(name, args, result):
    """Whether numbers are copied from the host to the device, or back."""
    if name in INDEXING:
        return any(index is not None and index.device != args[0].device for index in args[1])
    if name == "copy_":
        return args[0].device != args[1].device
    return name == "_to_copy" and args[0].device != result.device


def uncounted(all_equal):
    """Whether a tape computes the same is asked once for all steps with batches of one shape."""

    def asked(first, second):
        with _disable_current_modes():
            return all_equal(first, second)

    return asked


def operations_of(instance, patch, **params):
    """Operators that a fit calls in training steps, and the number of steps.

    Those that wait in steps of validation are added.
    """
    steps, operations, of_validation = [], Operations(), Operations()
    original = TrainingRun._pass

    def counted(run, batches, step, *, notify):
        of_pass = operations if run.module.training else of_validation
        with of_pass:
            losses = original(run, batches, step, notify=notify)
        if run.module.training:
            steps.extend(losses)
        return losses

    patch.setattr(TrainingRun, "_pass", counted)
    patch.setattr(cnn_network, "may_pack", lambda x: False)  # as on a card
    patch.setattr(_tape, "all_equal", uncounted(_tape.all_equal))
    instance.fitted(**params)
    n_operators = operations.all.total() / len(steps)
    operations.waits += of_validation.waits
    sys.stdout.write(f"\n{instance}: {n_operators:.0f} operators in a step\n")
    return operations, len(steps)


@every(takes_gradients, has_own_layers)
def test_no_step_waits_for_the_device(instance, monkeypatch):
    """Neither of training nor of validation, nor what makes its batch.

    ``-s`` shows how many operators there are in a step of training.

    A card waits where the host asks it for a number (``item``, ``if`` of a tensor) or for the
    number of true values of a mask (``x[mask]``, ``nonzero``): multiply by the mask, or use
    ``torch.where`` and ``masked_fill``.
    """
    operations, n_steps = operations_of(instance, monkeypatch, **COMPLETE)
    assert n_steps > 2
    assert operations.that_wait == {}


@every(trains_itself)
def test_word2vec_waits_twice_for_a_piece_of_text(instance, monkeypatch):
    """For the number of tokens that sub-sampling keeps, and for which blocks must be cut.

    Both decide how much work there is: a fixed size would be that of all tokens, of which
    sub-sampling leaves out more than half. Blocks that are cut are looked at again.
    """
    pieces, asked = [], Counter()
    train_on_piece = Word2Vec._train_on_piece

    def watched(*args):
        pieces.append(args)
        return train_on_piece(*args)

    def counted(name):
        ask = getattr(_network_host, name)

        def answer(tensor):
            asked[name] += 1
            with _disable_current_modes():
                return ask(tensor)

        monkeypatch.setattr(_network_host, name, answer)

    counted("nonzero_on_host")
    counted("flags_on_host")
    monkeypatch.setattr(_network_host, "is_on_host", lambda tensor: False)
    monkeypatch.setattr(Word2Vec, "_train_on_piece", watched)
    operations, _ = operations_of(instance, monkeypatch, batch_size=8, lr=1e-4)
    assert operations.that_wait == {}
    assert asked == {"nonzero_on_host": len(pieces), "flags_on_host": len(pieces)}


# A pretended card -------------------------------------------------------------------------------

# A device that anyone may define for torch. (Without CUDA, torch cannot index a tensor that it
# pretends to be on "cuda:0".)
CARD = "card:0"


@pytest.fixture(scope="module")
def elsewhere():
    """Runs functions in a process that has the card: torch cannot forget it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=define_card) as process:
        yield lambda function, *args: process.submit(function, *args).result()


class Card(backend_registration._DummyBackendModule):
    def get_amp_supported_dtype(self):
        return [torch.bfloat16]


def define_card():
    backend_registration._setup_privateuseone_for_python_backend("card", Card())


def on_card(tensor):
    """A tensor like it, without numbers; inside a FakeTensorMode."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=CARD)


def move_to_card(module):
    for part in module.modules():
        for name, weight in part._parameters.items():
            if weight is not None:
                moved = nn.Parameter(on_card(weight), requires_grad=weight.requires_grad)
                part._parameters[name] = moved
        for name, buffer in part._buffers.items():
            part._buffers[name] = buffer if buffer is None else on_card(buffer)
        if isinstance(part, nn.RNNBase):  # keeps its weights in a list too
            part._flat_weights = [getattr(part, name) for name in part._flat_weights_names]


def affine_grid(theta, size, align_corners):
    return theta.new_empty(len(theta), *size[2:], 2)


# What torch cannot pretend, or not without a copy from the host that its kernels do not make.
STAND_INS = {
    (nn.functional, "affine_grid"): affine_grid,
    (torch, "_sample_dirichlet"): lambda alpha, generator=None: torch.empty_like(alpha),
}


def move_run_to_card(moved):
    """Module, optimizer and weight average of a run."""
    net = moved.net
    move_to_card(moved.module.train())
    moved.params = [weight for weight in moved.module.parameters() if weight.requires_grad]
    moved.optimizer = make_optimizer(net.optimizer, moved.module, net.lr, net.weight_decay)
    moved.schedule = Schedule(moved.optimizer, 10, "linear")
    moved.average = WeightAverage(moved.module, net.ema_decay)
    moved.mixed, moved.events = contextlib.nullcontext(), None
    moved.gradients = Gradients(moved.module, moved.random, by_tape=False)


def step_on_card(run):
    """A step with the first batch, from its preparation to the average; what would wait."""
    stored = next(run.data.batches(run.net.batch_size))
    operations, moved = Operations(), copy.copy(run)
    moved.module, moved.objective = copy.deepcopy((run.module, run.objective))
    with pytest.MonkeyPatch.context() as patch, FakeTensorMode(), enable_python_dispatcher():
        for place, stand_in in STAND_INS.items():
            patch.setattr(*place, stand_in)
        move_run_to_card(moved)
        batch = {name: on_card(column) for name, column in stored.items()}
        with operations:
            prepare = attribute_or_default(moved.module, "prepare")
            if prepare is not None:
                inputs = inputs_of(batch)
                rest = {name: column for name, column in batch.items() if name not in inputs}
                batch = {**prepare(**inputs), **rest}
            loss = moved._step(batch)
    assert_on_card(loss, moved)
    return operations.that_wait


def assert_on_card(loss, moved):
    moments = [value for state in moved.optimizer.state.values() for value in state.values()]
    assert moments
    tensors = [loss, *moved.module.parameters(), *moved.average.average, *moments]
    assert {tensor.device for tensor in tensors} == {torch.device(CARD)}


def first_step_of(place, step_on_card, params):
    """The first step of a fit of one of ``INSTANCES``, taken on the card."""
    waits = []
    original = TrainingRun._pass

    def first_step(run, *args, **kwargs):
        if not waits and run.module.training:
            waits.append(step_on_card(run))
        return original(run, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingRun, "_pass", first_step)
        INSTANCES[place].fitted(**params)
    return waits[0]


@every(takes_gradients, has_own_layers)
def test_a_training_step_stays_on_its_device(instance, elsewhere):
    """Tensors of two devices do not meet, nor are any copied from one to the other."""
    assert elsewhere(first_step_of, INSTANCES.index(instance), step_on_card, COMPLETE) == {}


class NoGenerator:
    """In the place of a generator of the card, which is not there."""

    def __init__(self, device):
        pass

    def manual_seed(self, seed):
        pass


class Answers:
    """What the card would answer Word2Vec: half of the tokens are kept, blocks are cut once."""

    def __init__(self):
        self.n_asked = 0

    def nonzero_on_host(self, mask):
        return torch.empty(len(mask) // 2, dtype=torch.int64, device=mask.device)

    def flags_on_host(self, flags):
        self.n_asked += 1
        return [self.n_asked == 1 and i % 3 == 0 for i in range(len(flags))]


def word2vec_step_on_card(run):
    stored = next(run.data.batches(run.net.batch_size))
    operations, moved = Operations(), copy.copy(run)
    moved.module = copy.deepcopy(run.module)
    moved.own_step, answers = moved.module.train_on, Answers()
    with pytest.MonkeyPatch.context() as patch, FakeTensorMode(), enable_python_dispatcher():
        patch.setattr(torch, "Generator", NoGenerator)
        patch.setattr(_network, "compiled", lambda step: step)
        patch.setattr(_network_host, "nonzero_on_host", answers.nonzero_on_host)
        patch.setattr(_network_host, "flags_on_host", answers.flags_on_host)
        patch.setattr(Word2Vec, "_draw_seeds", lambda module, n_seeds: [0] * n_seeds)
        move_to_card(moved.module.train())
        batch = {name: on_card(column) for name, column in stored.items()}
        with operations:
            loss = moved._own_step(batch)
    assert answers.n_asked == 2
    assert loss.device == torch.device(CARD)
    return operations.that_wait


@every(trains_itself)
def test_a_step_of_word2vec_stays_on_its_device(instance, elsewhere):
    place = INSTANCES.index(instance)
    assert elsewhere(first_step_of, place, word2vec_step_on_card, {"batch_size": 8}) == {}


# Whether all this sees anything -----------------------------------------------------------------

WAITING = {
    "item": lambda x: x.sum().item(),
    "mask": lambda x: x[x > 0],
    "branch": lambda x: 1 if (x > 0).any() else 0,
    "nonzero": lambda x: torch.nonzero(x),
    "unique": lambda x: x.unique(),
    "equal": lambda x: torch.equal(x, x),
    "masked_select": lambda x: x.masked_select(x > 0),
    "assignment by a mask": lambda x: x.__setitem__(x > 0, torch.zeros(5)),
}
COPYING = {
    "to": lambda: torch.ones(3).to(CARD),
    "cpu": lambda: torch.ones(3, device=CARD).cpu(),
    "copy": lambda: torch.ones(3, device=CARD).copy_(torch.ones(3)),
    "index": lambda: torch.ones(3, device=CARD)[torch.arange(2)],
}
MIXING = {
    "add": lambda: torch.ones(3, device=CARD) + torch.ones(3),
    "matmul": lambda: torch.ones(3, 3, device=CARD) @ torch.ones(3, 3),
    "cat": lambda: torch.cat([torch.ones(3, device=CARD), torch.ones(3)]),
    "numbers": lambda: torch.tensor([1.0, 2.0], device=CARD),
}


@pytest.mark.parametrize("wait", WAITING.values(), ids=WAITING)
def test_what_waits_is_seen(wait):
    operations = Operations()
    with operations:
        wait(torch.linspace(-1, 1, 10))
    assert operations.that_wait


def copies_seen(name):
    operations = Operations()
    with FakeTensorMode(), operations:
        COPYING[name]()
    return operations.that_wait


@pytest.mark.parametrize("name", COPYING)
def test_copies_between_devices_are_seen(name, elsewhere):
    assert elsewhere(copies_seen, name)


def mix(name):
    try:
        with FakeTensorMode():
            MIXING[name]()
    except (RuntimeError, NotImplementedError):
        return "error"
    return "nothing"


@pytest.mark.parametrize("name", MIXING)
def test_devices_that_mix_are_errors(name, elsewhere):
    assert elsewhere(mix, name) == "error"
