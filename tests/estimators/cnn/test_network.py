"""Convolutional networks around features that can be computed by hand."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from skdl.estimators.cnn._network import (
    Backbone,
    ConvolutionalNetwork,
    CustomNetwork,
    MeanPool,
    StandardizedNetwork,
    UnusableOutputError,
    blocks_of,
    channels_first,
    one_tensor,
    work_per_row,
)

MEAN, SCALE = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 4.0])
IMAGES, SIGNALS = (5, 3, 4, 2), (5, 6, 2)  # channels last


@pytest.fixture(autouse=True)
def seed():
    """Every test draws the same, and leaves the state of torch as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def rows(shape=IMAGES):
    return torch.randn(shape) * SCALE + MEAN


def pointwise(shape=IMAGES, n_features=3):
    """Convolutions of one pixel: a linear layer at each place."""
    convolution = nn.Conv2d if len(shape) == 4 else nn.Conv1d
    return nn.Sequential(convolution(2, 4, 1), nn.Tanh(), convolution(4, n_features, 1))


def convolutional(features=None, n_features=3, **params):
    params = {"dropout": 0.0, "mean": MEAN, "scale": SCALE, **params}
    features = pointwise() if features is None else features
    return ConvolutionalNetwork(features, MeanPool(), n_features, 4, **params).eval()


def normalized(*widths):
    """Blocks of a pointwise convolution and its normalization."""
    pairs = zip((2, *widths), widths, strict=False)
    return nn.Sequential(
        *(nn.Sequential(nn.Conv2d(n_in, n, 1), nn.BatchNorm2d(n)) for n_in, n in pairs)
    )


def by_hand(features, x):
    """Features of each row: at each place a linear layer, a tanh and a linear layer; the mean."""
    first, _, last = features
    h = (x - MEAN) / SCALE
    h = torch.tanh(h @ first.weight.flatten(1).T + first.bias)
    return (h @ last.weight.flatten(1).T + last.bias).flatten(1, -2).mean(1)


def state_of(module):
    return copy.deepcopy(module.state_dict())


def same_state(module, state):
    return {name: value.equal(state[name]) for name, value in module.state_dict().items()}


# Inputs ------------------------------------------------------------------------------------------


def test_channels_first_is_a_view():
    for shape, turned in [(IMAGES, (5, 2, 3, 4)), (SIGNALS, (5, 2, 6))]:
        x = rows(shape)
        assert channels_first(x).shape == turned
        assert channels_first(x).data_ptr() == x.data_ptr()
        assert channels_first(x)[0, 1].equal(x[0, ..., 1])


@pytest.mark.parametrize("shape", [IMAGES, SIGNALS])
@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.bool, torch.int64, torch.float32, torch.float64]
)
@pytest.mark.parametrize("weights", [torch.float32, torch.float64])
def test_inputs_are_standardized_by_channel(shape, dtype, weights):
    x = (10 * torch.rand(shape)).to(dtype)
    seen = StandardizedNetwork(MEAN.to(weights), SCALE.to(weights)).prepare(x)["inputs"]
    assert seen.dtype is weights
    torch.testing.assert_close(seen, ((x.double() - MEAN) / SCALE).to(weights))


def test_large_offsets_are_taken_off_in_the_precision_of_the_inputs():
    x = 1e9 + torch.randn(5, 6, 1, dtype=torch.float64)
    seen = StandardizedNetwork(torch.tensor([1e9]), torch.ones(1)).standardize(x)
    torch.testing.assert_close(seen, (x - 1e9).float())


def test_mean_and_scale_are_kept_and_moved_but_not_trained():
    network = convolutional()
    assert {"mean", "scale"} <= set(network.state_dict())
    assert not {"mean", "scale"} & {name for name, _ in network.named_parameters()}
    assert network.double().mean.dtype is torch.float64


def test_mean_pool():
    x = torch.randn(3, 4, 5, 6)
    torch.testing.assert_close(MeanPool()(x), x.mean((2, 3)))
    torch.testing.assert_close(MeanPool()(x[..., 0]), x[..., 0].mean(2))
    assert MeanPool()(x[..., 0, 0]).equal(x[..., 0, 0])


# Features and a head -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [IMAGES, SIGNALS, (1, 1, 1, 2), (1, 1, 2)], ids=str)
def test_scores_are_a_linear_head_on_mean_features(shape):
    features = pointwise(shape)
    network, x = convolutional(features), rows(shape)
    expected = by_hand(features, x)
    seen = network.prepare(x)["inputs"]
    torch.testing.assert_close(network.encode(seen), expected, atol=1e-5, rtol=1e-5)
    scores = expected @ network.head.weight.T + network.head.bias
    torch.testing.assert_close(network(seen), scores, atol=1e-5, rtol=1e-5)
    assert network(seen).shape == (len(x), 4)


def test_features_without_space_are_taken_as_they_are():
    linear = nn.Sequential(nn.Flatten(), nn.Linear(24, 3))
    network, x = convolutional(linear), rows()
    seen = (x - MEAN) / SCALE
    expected = F.linear(seen.movedim(-1, 1).flatten(1), linear[1].weight, linear[1].bias)
    torch.testing.assert_close(network.encode(**network.prepare(x)), expected)


def test_dropout_stands_before_the_head_in_training_only():
    network = convolutional(dropout=0.5)
    inputs = network.prepare(rows())
    calm = network(**inputs)
    assert calm.equal(network(**inputs))
    network.train()
    drawn = torch.stack([network(**inputs) for _ in range(400)])
    assert not drawn[0].equal(calm)
    torch.testing.assert_close(drawn.mean(0), calm, atol=0.15, rtol=0)
    assert network.encode(**inputs).equal(network.encode(**inputs)), "not on the representation"


def test_fixed_features_are_prepared():
    features = pointwise()
    network, x = convolutional(features, freeze=True, fixed=True), rows()
    prepared = network.prepare(x)
    assert set(prepared) == {"encoded"}
    torch.testing.assert_close(prepared["encoded"], by_hand(features, x), atol=1e-5, rtol=1e-5)
    assert network.encode(**prepared) is prepared["encoded"]
    plain = convolutional(features)
    plain.head = network.head
    torch.testing.assert_close(network(**prepared), plain(**plain.prepare(x)))
    assert (network.prepare_is_costly, plain.prepare_is_costly) == (True, False)


@pytest.mark.parametrize(("freeze", "n_kept"), [(False, 0), (0, 0), (1, 1), (2, 2), (True, 3)])
def test_what_is_frozen_keeps_weights_and_statistics(freeze, n_kept):
    blocks = normalized(3, 4, 3)
    network = convolutional(blocks, freeze=freeze).train()
    assert [block.training for block in blocks] == [False] * n_kept + [True] * (3 - n_kept)
    before = [state_of(block) for block in blocks]
    trained = [param for param in network.parameters() if param.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    inputs = network.prepare(rows())
    F.cross_entropy(network(**inputs), torch.arange(5) % 4).backward()
    optimizer.step()
    kept = [
        all(same_state(block, state).values()) for block, state in zip(blocks, before, strict=True)
    ]
    assert kept == [True] * n_kept + [False] * (3 - n_kept)
    assert all(param.requires_grad for param in network.head.parameters())
    assert not any(part.training for part in network.eval().modules())


def test_freezing_all_freezes_what_belongs_to_no_block():
    class Loose(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.ones(2, 1, 1))
            self.norm, self.dropout = nn.BatchNorm2d(2, affine=False), nn.Dropout(0.5)

        def forward(self, x):
            return self.dropout(self.norm(x) * self.token)

    loose = Loose()
    network = convolutional(loose, n_features=2, freeze=True).train()
    before, inputs = state_of(loose), network.prepare(rows())
    assert network(**inputs).equal(network(**inputs))
    assert all(same_state(loose, before).values())
    assert not loose.token.requires_grad
    assert not any(part.training for part in loose.modules())


def test_parameter_groups_hold_every_parameter_once():
    network = convolutional(normalized(3, 3), lr_factor=0.1)
    (slow, factor), (fast, one) = network.parameter_groups()
    assert (factor, one) == (0.1, 1.0)
    assert list(slow) == list(network.features.parameters())
    assert list(fast) == list(network.head.parameters())
    n_all = len(list(network.parameters()))
    assert sum(len(list(params)) for params, _ in network.parameter_groups()) == n_all


def test_a_dropped_head_leaves_the_representation_and_freezes_nothing():
    features = pointwise()
    network, x = convolutional(features, freeze=True, fixed=True), rows()
    expected = by_hand(features, x)
    network.drop_head()
    network.requires_grad_(True).train()
    assert all(part.training for part in features.modules())
    torch.testing.assert_close(
        network.encode(network.standardize(x)), expected, atol=1e-5, rtol=1e-5
    )
    assert {name.split(".")[0] for name, _ in network.named_parameters()} == {"features"}


# Networks of others ------------------------------------------------------------------------------


def custom(network):
    return CustomNetwork(network, MEAN, SCALE).eval()


def two_layers():
    return nn.Sequential(nn.Flatten(), nn.Linear(24, 6), nn.Tanh(), nn.Linear(6, 4))


def test_a_custom_network_sees_standardized_channels_first():
    network, x = two_layers(), rows()
    seen = ((x - MEAN) / SCALE).movedim(-1, 1)
    torch.testing.assert_close(custom(network)(**custom(network).prepare(x)), network(seen))
    taken = custom(network).encode(**custom(network).prepare(x))
    torch.testing.assert_close(taken, network[:3](seen))
    assert not network[3]._forward_pre_hooks


class Nested(nn.Module):
    """The head lies deep, is defined first and has more behind it."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Flatten(), nn.Linear(24, 6))
        self.top = nn.ModuleDict({"head": nn.Linear(6, 4)})
        self.last = nn.BatchNorm1d(4)

    def forward(self, x):
        return self.last(self.top["head"](self.first(x).relu()))


@pytest.mark.parametrize("make", [two_layers, Nested])
def test_a_custom_network_without_its_head_gives_the_same_representation(make):
    network = custom(make())
    inputs = network.prepare(rows())
    expected = network.encode(**inputs)
    assert expected.shape == (5, 6)
    n_before = sum(param.numel() for param in network.parameters())
    network.drop_head()
    assert network.encode(**inputs).equal(expected)
    assert sum(param.numel() for param in network.parameters()) == n_before - (6 * 4 + 4)
    again = pickle.loads(pickle.dumps(network))
    assert again.encode(**inputs).equal(expected)


def test_a_custom_network_that_is_its_head():
    class Head(nn.Linear):
        def forward(self, x):
            return super().forward(x.flatten(1))

    network = custom(Head(24, 4))
    inputs = network.prepare(rows())
    expected = channels_first(inputs["inputs"]).flatten(1)
    assert network.encode(**inputs).equal(expected)
    network.drop_head()
    assert network.encode(**inputs).equal(expected)
    assert list(network.parameters()) == []


def test_a_custom_network_without_linear_layers():
    network = custom(nn.Sequential(nn.Conv2d(2, 4, (3, 4)), nn.Flatten()))
    inputs = network.prepare(rows())
    assert network(**inputs).shape == (5, 4)
    with pytest.raises(ValueError, match=r"no torch\.nn\.Linear"):
        network.encode(**inputs)
    network.drop_head()
    assert network(**inputs).shape == (5, 4)


def test_a_custom_network_whose_last_linear_layer_is_for_training_only():
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.main, self.auxiliary = nn.Linear(24, 4), nn.Linear(24, 4)

        def forward(self, x):
            return self.main(x.flatten(1))

    network = custom(Auxiliary())
    with pytest.raises(UnusableOutputError, match=r"auxiliary.*takes no part in prediction"):
        network.encode(**network.prepare(rows()))


def test_what_comes_after_the_head_is_not_asked_for_a_representation():
    class Fragile(nn.Module):
        def forward(self, x):
            raise RuntimeError("never to be reached")

    network = custom(nn.Sequential(two_layers(), Fragile()))
    assert network.encode(**network.prepare(rows())).shape == (5, 6)


def test_a_hook_does_not_stay_when_a_custom_network_fails():
    network = custom(two_layers())
    with pytest.raises(RuntimeError):
        network.encode(torch.zeros(5, 2, 2, 2))
    assert not any(part._forward_pre_hooks for part in network.modules())


def test_gradients_reach_a_custom_network_through_its_representation():
    network = custom(two_layers())
    network.encode(**network.prepare(rows())).sum().backward()
    assert network.network[1].weight.grad.abs().sum() > 0
    assert network.network[3].weight.grad is None


@pytest.mark.parametrize(
    ("output", "got"),
    [
        ((torch.ones(2),), "tuple"),
        ({"x": torch.ones(2)}, "dict"),
        (None, "NoneType"),
        (1.0, "float"),
        (torch.ones(2, dtype=torch.int64), "torch.int64"),
        (torch.ones(2, dtype=torch.bool), "torch.bool"),
        (torch.ones(2, dtype=torch.complex64), "torch.complex64"),
    ],
)
def test_one_tensor(output, got):
    class Gives(nn.Module):
        def forward(self, x):
            return output

    for call in (
        lambda: one_tensor("architecture", output),
        lambda: custom(Gives())(torch.zeros(IMAGES)),
    ):
        with pytest.raises(UnusableOutputError, match=f"architecture must give .*got {got}"):
            call()
    with pytest.raises(UnusableOutputError, match=f"backbone must give .*got {got}"):
        Backbone(Gives())(torch.zeros(IMAGES))
    assert one_tensor("backbone", fine := torch.ones(2).half()) is fine


# Backbones ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_dims", [1, 2])
def test_a_backbone_repeats_its_channels(n_dims):
    network = (nn.Conv1d, nn.Conv2d)[n_dims - 1](3, 2, 1)
    grey = torch.randn(4, 1, *[5] * n_dims)
    expected = network(torch.cat([grey] * 3, 1))
    assert Backbone(network, 3)(grey).equal(expected)
    assert Backbone(network)(torch.cat([grey] * 3, 1)).equal(expected)


def test_a_backbone_takes_the_representation_of_a_trained_network():
    x = torch.randn(5, 2, 3, 4)
    for network in (convolutional(), custom(two_layers())):
        assert Backbone(network)(x).equal(network.encode(x.movedim(1, -1)))
        inner = copy.deepcopy(network)
        inner.drop_head()
        assert Backbone(inner)(x).equal(network.encode(x.movedim(1, -1)))
        outer = ConvolutionalNetwork(
            Backbone(inner), MeanPool(), 3 if network.__class__ is ConvolutionalNetwork else 6, 2,
            dropout=0.0, mean=network.mean, scale=network.scale,
        )  # fmt: skip
        seen = outer.prepare(rows())["inputs"]
        assert outer.eval().encode(seen).equal(network.encode(seen)), "standardized only once"


# Blocks ------------------------------------------------------------------------------------------


def conv():
    return nn.Conv1d(1, 1, 1)


def two():
    return nn.Sequential(conv(), conv())


BLOCKS = {
    "layers": (nn.Sequential(conv(), nn.ReLU(), conv()), lambda m: [m[0], m[2]]),
    "blocks": (nn.Sequential(two(), nn.ReLU(), two()), lambda m: [m[0], m[2]]),
    "one block": (nn.Sequential(two()), lambda m: [m[0]]),
    "one block beside layers without weights": (
        nn.Sequential(nn.Identity(), two(), nn.Flatten()),
        lambda m: [m[1]],
    ),
    "backbone": (Backbone(two()), lambda m: [*m.network]),
    "backbone of a backbone": (Backbone(Backbone(two())), lambda m: [*m.network.network]),
    "one layer": (nn.Sequential(conv()), lambda m: [m[0]]),
    "a layer in a wrap": (Backbone(conv()), lambda m: [m.network]),
    "a bare layer": (conv(), lambda m: []),
    "no weights": (nn.Sequential(nn.ReLU(), nn.Flatten()), lambda m: []),
    "statistics alone": (
        nn.Sequential(conv(), nn.BatchNorm1d(1, affine=False), conv()),
        lambda m: [m[0], m[2]],
    ),
}


@pytest.mark.parametrize(("module", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_blocks(module, expected):
    found = blocks_of(module)
    assert len(found) == len(expected(module))
    assert all(one is other for one, other in zip(found, expected(module), strict=True))


# Work --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "n_features", "expected"),
    [
        (nn.Conv2d(2, 5, 3, padding=1), 5, 5 * 2 * 9 * 24 * 16),
        (nn.Conv2d(2, 5, 3), 5, 5 * 2 * 9 * 22 * 14),
        (nn.Conv2d(2, 5, 3, stride=2, padding=1), 5, 5 * 2 * 9 * 12 * 8),
        (nn.Conv2d(2, 6, (1, 5), groups=2), 6, 6 * 1 * 5 * 24 * 12),
        (nn.Sequential(nn.Conv2d(2, 1, 1), nn.Conv2d(1, 7, 1)), 7, 7 * 24 * 16),
        (nn.Sequential(nn.Conv2d(2, 50, (24, 16)), nn.Flatten()), 50, 50 * 2 * 24 * 16),
        (nn.Sequential(nn.Flatten(), nn.Linear(2 * 24 * 16, 9)), 9, 2 * 24 * 16 * 9),
        (nn.Flatten(), 768, 768 * 4),
        (nn.Sequential(nn.AvgPool2d(8)), 2, 2 * 4),
    ],
    ids=lambda value: "" if isinstance(value, nn.Module) else str(value),
)
def test_work_per_row_is_that_of_the_largest_product(features, n_features, expected):
    network = convolutional(features, n_features)
    probe = torch.zeros(2, 2, 24, 16)
    assert work_per_row(network, probe) == expected
    assert work_per_row(network, probe[:1]) == expected
    assert not any(part._forward_hooks for part in network.modules())


def test_work_per_row_of_signals_and_of_networks_of_others():
    signals = convolutional(nn.Conv1d(2, 3, 5, padding=2), 3)
    assert work_per_row(signals, torch.zeros(2, 2, 100)) == 3 * 2 * 5 * 100
    assert work_per_row(custom(two_layers()), torch.zeros(2, 2, 3, 4)) == 24 * 6
    shared = nn.Conv2d(2, 2, 1)
    twice = convolutional(nn.Sequential(shared, nn.AvgPool2d(2), shared), 2)
    assert work_per_row(twice, torch.zeros(2, 2, 4, 4)) == 4 * 16


def test_work_per_row_leaves_the_network_as_it_was():
    network = convolutional(normalized(3, 3))
    before, modes = state_of(network), [part.training for part in network.modules()]
    assert work_per_row(network, torch.randn(2, 2, 3, 4)) == 3 * 3 * 12
    assert all(same_state(network, before).values())
    assert [part.training for part in network.modules()] == modes
    assert all(param.grad is None and param.requires_grad for param in network.parameters())
    failing = custom(two_layers())
    with pytest.raises(RuntimeError):
        work_per_row(failing, torch.zeros(2, 2, 2, 2))
    assert not any(part._forward_hooks for part in failing.modules())
