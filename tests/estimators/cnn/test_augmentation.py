"""Random changes of images and signals, each against what it may have done at most."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdl.estimators.cnn import _augmentation as _augment
from skdl.estimators.cnn._augmentation import (
    AUGMENTATIONS,
    MAGNITUDES,
    BatchAugmentation,
    cut_out,
    draw_strengths,
    moved_index,
    resample,
)

SHAPES = [(1, 1, 2, 2), (5, 2, 3, 9), (4, 3, 16, 5), (1, 3, 8, 8), (6, 1, 1), (3, 2, 17), (1, 1, 1)]

LARGEST = dict(MAGNITUDES)

every = pytest.mark.parametrize("name", AUGMENTATIONS)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


@pytest.fixture(autouse=True)
def seed():
    """Every test draws the same, and leaves the state of torch as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def distinct(*shape):
    """No two numbers are the same."""
    return torch.randperm(math.prod(shape)).view(shape).float()


def moved(row, *steps):
    """A row (C, *space) moved by hand, the edge repeated."""
    for dim, by in enumerate(steps, start=1):
        index = [min(max(place + by, 0), row.shape[dim] - 1) for place in range(row.shape[dim])]
        row = row.index_select(dim, torch.tensor(index))
    return row


def strengths(n_rows, **given):
    """What ``resample`` is told: these strengths, and no others."""
    return lambda name: torch.full((n_rows,), given.get(name, 0.0))


def only(monkeypatch, name):
    """All operations but one do nothing."""
    for other, largest in LARGEST.items():
        monkeypatch.setitem(MAGNITUDES, other, largest if other == name else 0.0)


# All of them -------------------------------------------------------------------------------------


@every
@every_shape
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_stay_and_the_input_too(name, shape, dtype):
    x = torch.randn(shape, dtype=dtype)
    kept = x.clone()
    for _ in range(5):
        changed = AUGMENTATIONS[name](x)
        assert changed.shape == x.shape
        assert changed.dtype is dtype
        assert changed.isfinite().all()
    assert x.equal(kept)


@pytest.mark.parametrize("name", ["shift", "flip", "crop-flip"])
@every_shape
def test_moves_know_bfloat16_and_integers(name, shape):
    for dtype in (torch.bfloat16, torch.int32):
        x = (100 * torch.randn(shape)).to(dtype)
        changed = AUGMENTATIONS[name](x)
        assert changed.dtype is dtype
        assert torch.isin(changed, x).all()


def test_randaugment_knows_bfloat16():
    x = torch.randn(4, 2, 6, 7, dtype=torch.bfloat16)
    changed = AUGMENTATIONS["randaugment"](x)
    assert changed.dtype is torch.bfloat16
    assert changed.isfinite().all()


@every
@every_shape
def test_the_seed_decides(name, shape):
    x = torch.randn(shape)
    results = []
    for state in (1, 1, 2):
        torch.manual_seed(state)
        results.append(torch.stack([AUGMENTATIONS[name](x) for _ in range(9)]))
    assert results[0].equal(results[1])
    if math.prod(shape[2:]) > 1:
        assert not results[0].equal(results[2])


@every
def test_memory_layout_does_not_matter(name):
    x = torch.randn(4, 6, 7, 3)
    results = []
    for layout in (x.movedim(-1, 1), x.movedim(-1, 1).contiguous()):
        torch.manual_seed(1)
        results.append(AUGMENTATIONS[name](layout))
    torch.testing.assert_close(*results)


@every
@pytest.mark.parametrize("shape", [(2000, 1, 6, 5), (2000, 1, 20)], ids=str)
def test_each_row_has_its_own_luck(name, shape):
    same = torch.randn(1, *shape[1:]).expand(shape)
    changed = AUGMENTATIONS[name](same)
    n_different = len(torch.unique(changed.flatten(1), dim=0))
    assert n_different >= (2 if name == "flip" else 5)
    assert n_different > 1000 or name != "randaugment"


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(sorted(AUGMENTATIONS)),
    st.integers(1, 4),
    st.integers(1, 3),
    st.lists(st.integers(1, 12), min_size=1, max_size=2),
    st.integers(0, 1000),
)
def test_any_size(name, n_rows, n_channels, sides, state):
    with torch.random.fork_rng():
        torch.manual_seed(state)
        x = torch.rand(n_rows, n_channels, *sides)
        changed = AUGMENTATIONS[name](x)
        assert changed.shape == x.shape
        assert changed.isfinite().all()
        if name != "randaugment":
            pooled, own = changed.flatten(2), x.flatten(2)
            assert all(
                torch.isin(pooled[row, channel], own[row, channel]).all()
                for row, channel in itertools.product(range(n_rows), range(n_channels))
            )


# Shift -------------------------------------------------------------------------------------------


def reach_of(size):
    """An eighth of the side, at least one pixel where there are two."""
    return max(1, round(size / 8)) if size > 1 else 0


@pytest.mark.parametrize(
    ("size", "reach"), [(1, 0), (2, 1), (8, 1), (11, 1), (16, 2), (28, 4), (100, 12)]
)
def test_the_reach_of_a_shift(size, reach):
    index = moved_index(size, 5000, torch.device("cpu"))
    assert index.shape == (5000, size)
    by_hand = {
        tuple(min(max(place + by, 0), size - 1) for place in range(size))
        for by in range(-reach, reach + 1)
    }
    assert {tuple(row) for row in index.tolist()} == by_hand


@pytest.mark.parametrize("shape", [(2, 5, 9), (1, 16, 8), (3, 2, 2), (2, 17), (1, 3), (1, 1)])
def test_every_shift_is_a_move_with_repeated_edges_and_all_occur(shape):
    row = distinct(*shape)
    moves = {
        by: moved(row, *by)
        for by in itertools.product(*(range(-reach_of(n), reach_of(n) + 1) for n in shape[1:]))
    }
    n_rows = 60 * len(moves)
    counts = dict.fromkeys(moves, 0)
    for changed in AUGMENTATIONS["shift"](row.expand(n_rows, *shape)):
        found = [by for by, expected in moves.items() if changed.equal(expected)]
        assert found
        counts[found[0]] += 1
    total = sum(counts.values())
    assert total == n_rows
    assert min(counts.values()) > 20, "all are equally likely"


# Flip --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 4, 5), (1, 3, 2), (2, 7)], ids=str)
def test_flip_mirrors_the_last_side_of_half_of_the_rows(shape):
    row = distinct(*shape)
    changed = AUGMENTATIONS["flip"](row.expand(1000, *shape))
    mirrored = (changed == row.flip(-1)).flatten(1).all(1)
    kept = (changed == row).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert 430 < mirrored.sum() < 570


def test_crop_flip_is_a_shift_that_may_be_mirrored():
    row = distinct(2, 6, 9)
    moves = [moved(row, *by) for by in itertools.product([-1, 0, 1], repeat=2)]
    wanted = [*moves, *(move.flip(-1) for move in moves)]
    counts = [0] * len(wanted)
    for changed in AUGMENTATIONS["crop-flip"](row.expand(1000, *row.shape)):
        counts[next(i for i, expected in enumerate(wanted) if changed.equal(expected))] += 1
    assert min(counts) > 20


# RandAugment: one operation at a time ------------------------------------------------------------


@every_shape
def test_no_operation_is_no_change(monkeypatch, shape):
    only(monkeypatch, "identity")
    x = torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(AUGMENTATIONS["randaugment"](x), x, atol=1e-9, rtol=0)


def test_operations_and_their_strengths():
    names = _augment.OF_IMAGES
    drawn = draw_strengths(names, torch.zeros(40_000, 1, 2, 2, dtype=torch.float64))
    assert list(drawn) == names
    table = torch.stack([*drawn.values()], 1)
    assert table.dtype is torch.float64
    assert ((table != 0).sum(1) <= 2).all(), "two operations for each row"
    for name, values in drawn.items():
        largest = MAGNITUDES[name]
        assert values.abs().max() <= largest
        if largest:
            assert values.max() > 0.95 * largest
            assert values.min() < -0.95 * largest
            share = (values != 0).double().mean()  # 1 - (11/12)²
            assert share == pytest.approx(1 - (1 - 1 / len(names)) ** 2, abs=0.02)


def test_images_and_signals_have_their_own_operations():
    assert set(_augment.OF_SIGNALS) < set(_augment.OF_IMAGES)
    assert not {"rotate", "shear_x", "shear_y", "translate_y"} & set(_augment.OF_SIGNALS)


@pytest.mark.parametrize("shape", [(1, 9, 9), (2, 6, 11), (1, 12, 5)], ids=str)
@pytest.mark.parametrize("n_pixels", [-2, -1, 1, 3])
def test_translations_by_whole_pixels(shape, n_pixels):
    row = distinct(*shape)
    x = row.expand(2, *shape)
    across = resample(x, strengths(2, translate_x=n_pixels / shape[2]))
    torch.testing.assert_close(across[0], moved(row, 0, n_pixels), atol=1e-3, rtol=0)
    down = resample(x, strengths(2, translate_y=n_pixels / shape[1]))
    torch.testing.assert_close(down[1], moved(row, n_pixels, 0), atol=1e-3, rtol=0)


@pytest.mark.parametrize("n_steps", [-3, 1, 2])
def test_translations_of_signals(n_steps):
    row = distinct(2, 11)
    got = resample(row.expand(3, 2, 11)[:, :, None], strengths(3, translate_x=n_steps / 11))[
        :, :, 0
    ]
    torch.testing.assert_close(got[1], moved(row, n_steps), atol=1e-3, rtol=0)


@pytest.mark.parametrize("size", [5, 8])
def test_turning_by_right_angles(size):
    x = distinct(1, 2, size, size)
    quarter = resample(x, strengths(1, rotate=math.pi / 2))
    ways = [torch.rot90(x, times, (2, 3)) for times in (1, -1)]
    assert any(torch.allclose(quarter, way, atol=1e-3) for way in ways)
    half = resample(x, strengths(1, rotate=math.pi))
    torch.testing.assert_close(half, torch.rot90(x, 2, (2, 3)), atol=1e-3, rtol=0)


@pytest.mark.parametrize("shape", [(21, 21), (21, 41), (41, 21)], ids=str)
@pytest.mark.parametrize("degrees", [10, 20, 45, 90])
def test_turning_keeps_circles_round_whatever_the_sides(shape, degrees):
    """Turning happens in pixels: what is the same in all directions stays as it is."""
    down, across = (torch.arange(n) - (n - 1) / 2 for n in shape)
    circle = torch.exp(-(down[:, None] ** 2 + across**2) / 20)[None, None]
    turned = resample(circle, strengths(1, rotate=math.radians(degrees)))
    torch.testing.assert_close(turned, circle, atol=0.02, rtol=0)


@pytest.mark.parametrize("degrees", [-30, 20])
def test_turning_turns_by_the_angle(degrees):
    """The longer axis of a bar, from its moments, before and after."""
    down, across = torch.meshgrid(torch.arange(31) - 15, torch.arange(41) - 20, indexing="ij")
    bar = torch.exp(-(across**2) / 60 - down**2 / 6)

    def angle(image):
        mass = image / image.sum()
        xx, yy, xy = (
            (mass * a * b).sum() for a, b in ((across, across), (down, down), (across, down))
        )
        return math.degrees(0.5 * math.atan2(2 * xy, xx - yy))

    assert angle(bar) == pytest.approx(0, abs=0.01)
    turned = resample(bar[None, None], strengths(1, rotate=math.radians(degrees)))[0, 0]
    assert abs(angle(turned)) == pytest.approx(abs(degrees), abs=0.5)
    assert (
        angle(turned)
        * angle(resample(bar[None, None], strengths(1, rotate=-math.radians(degrees)))[0, 0])
        < 0
    )


def test_shears_move_each_line_by_its_distance_from_the_middle():
    ramp = torch.arange(20.0).expand(1, 1, 20, 20)
    sheared = resample(ramp, strengths(1, shear_x=0.2))[0, 0]
    middle = sheared[:, 8:12]  # far from the repeated edges
    slope = torch.diff(middle, dim=0)
    torch.testing.assert_close(slope, torch.full_like(slope, 0.2), atol=1e-4, rtol=0)
    torch.testing.assert_close(resample(ramp, strengths(1, shear_y=0.2)), ramp, atol=1e-4, rtol=0)
    upright = ramp.transpose(2, 3)
    sheared = resample(upright, strengths(1, shear_y=-0.2))[0, 0]
    slope = torch.diff(sheared[8:12], dim=1)
    torch.testing.assert_close(slope, torch.full_like(slope, -0.2), atol=1e-4, rtol=0)


@pytest.mark.parametrize("by", [-0.2, 0.1])
def test_stretching_is_about_the_middle(by):
    ramp = (torch.arange(21.0) - 10).expand(1, 1, 21, 21)
    stretched = resample(ramp, strengths(1, stretch=by))
    torch.testing.assert_close(stretched[..., 5:16], ramp[..., 5:16] * (1 + by), atol=1e-4, rtol=0)
    torch.testing.assert_close(stretched[..., 5:16, :], stretched[..., 5:16, :].roll(1, 2))
    signal = ramp[:, :, :1]
    torch.testing.assert_close(resample(signal, strengths(1, stretch=by)), stretched[:, :, :1])


def test_resampling_is_exact_in_mixed_precision(monkeypatch):
    """Half precision is for products of weights, not for places in an image."""
    only(monkeypatch, "identity")
    for x in (torch.randn(2, 224, 224, 1), torch.randn(2, 500, 1)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            changed = BatchAugmentation(AUGMENTATIONS["randaugment"])(x)
        torch.testing.assert_close(changed, x, atol=1e-2, rtol=0)


def test_brightness_adds_and_contrast_multiplies(monkeypatch):
    x = torch.randn(2000, 2, 6, 5, dtype=torch.float64)
    only(monkeypatch, "brightness")
    added = (AUGMENTATIONS["randaugment"](x) - x).flatten(1)
    torch.testing.assert_close(added, added[:, :1].expand_as(added), atol=1e-9, rtol=0)
    assert 0.38 < added.abs().max() <= 0.4 + 1e-9
    only(monkeypatch, "contrast")
    factors = (AUGMENTATIONS["randaugment"](x) / x).flatten(1)
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors), atol=1e-6, rtol=0)
    assert factors.min() == pytest.approx(0.6, abs=0.02)
    assert factors.max() == pytest.approx(1.4, abs=0.02)


def test_noise_is_drawn_for_each_pixel(monkeypatch):
    only(monkeypatch, "noise")
    noise = AUGMENTATIONS["randaugment"](torch.zeros(1000, 1, 20, 20))
    spread = noise.flatten(1).std(1)
    assert 0.18 < spread.max() < 0.23
    assert spread.min() < 0.02
    assert noise.mean().abs() < 0.01


def test_sharpness_keeps_what_is_even_and_changes_edges(monkeypatch):
    only(monkeypatch, "sharpness")
    even = torch.full((1000, 1, 5, 4), 3.0)
    torch.testing.assert_close(AUGMENTATIONS["randaugment"](even), even, atol=1e-5, rtol=0)
    point = torch.zeros(1000, 1, 5, 5)
    point[:, :, 2, 2] = 9.0
    changed = AUGMENTATIONS["randaugment"](point)
    beside = changed[:, 0, 2, 1]
    # A blurred point has 1 everywhere around; sharpening takes as much away.
    torch.testing.assert_close(changed[:, 0, 2, 2], 9 - 8 * beside, atol=1e-4, rtol=0)
    assert beside.max() == pytest.approx(0.9, abs=0.05)
    assert beside.min() == pytest.approx(-0.9, abs=0.05)


@pytest.mark.parametrize("shape", [(2, 20, 30), (1, 9, 9), (1, 1, 50)], ids=str)
@pytest.mark.parametrize("share", [0.0, 0.2, 0.4])
def test_cutting_out_sets_a_window_to_zero(shape, share):
    x = torch.ones(2000, *shape)
    changed = cut_out(x, torch.full((2000,), share))
    assert set(changed.unique().tolist()) <= {0.0, 1.0}
    gone = changed[:, 0] == 0
    if shape[0] > 1:
        assert changed[:, 0].equal(changed[:, 1]), "in all channels"
    for dim, size in ((1, shape[1]), (2, shape[2])):
        n_gone = gone.any(3 - dim).sum(1)  # rows or columns that the window touches
        assert n_gone.max() <= (math.ceil(share * size) if size > 1 else 1)
    area = gone.flatten(1).sum(1)
    windows = gone.any(1).sum(1) * gone.any(2).sum(1)
    assert area.equal(windows), "the window has no holes"
    if share:
        # The centre lies anywhere, so near the edge a part of the window is outside.
        sides = [share * (1 - share / 4) * size if size > 1 else 1 for size in shape[1:]]
        assert area.float().mean() == pytest.approx(math.prod(sides), rel=0.05)
        assert gone.any(0).all(), "any place may be hit"
    else:
        assert not gone.any()


def test_cutting_out_by_row():
    share = torch.tensor([0.0, 0.4, 0.0])
    changed = cut_out(torch.ones(3, 1, 10, 10), share)
    assert changed[[0, 2]].all()
    assert not changed[1].all()


@pytest.mark.parametrize("n_steps", [1, 2, 9])
def test_randaugment_of_signals_is_that_of_images_of_one_row(n_steps):
    x = torch.randn(50, 2, n_steps)
    results = []
    for rows in (x, x[:, :, None]):
        torch.manual_seed(1)
        results.append(AUGMENTATIONS["randaugment"](rows).flatten(2))
    assert results[0].equal(results[1])


def test_signals_of_one_point_are_not_cut_out():
    x = 10 + torch.randn(200, 2, 1)
    changed = AUGMENTATIONS["randaugment"](x)
    assert (changed > 1).all()


def test_randaugment_leaves_some_rows_alone_and_keeps_images_alike():
    x = torch.rand(3000, 1, 8, 8, dtype=torch.float64)
    changed = AUGMENTATIONS["randaugment"](x)
    differences = (changed - x).abs().flatten(1).mean(1)
    alone = (differences < 1e-9).double().mean()
    assert alone == pytest.approx((1 / len(_augment.OF_IMAGES)) ** 2, abs=0.01)
    rows = torch.stack([changed.flatten(1), x.flatten(1)])
    centered = rows - rows.mean(2, keepdim=True)
    alike = (centered[0] * centered[1]).sum(1) / (centered.norm(dim=2).prod(0) + 1e-12)
    assert alike.mean() > 0.5
    assert alike.mean() < 0.95


# On batches with channels last -------------------------------------------------------------------


def test_a_batch_has_its_channels_last_and_the_augmentation_first():
    seen = []

    def double(x):
        seen.append(tuple(x.shape))
        return 2 * x

    for x in (torch.randn(3, 5, 4, 2), torch.randn(3, 7, 2)):
        assert BatchAugmentation(double)(x).equal(2 * x)
    assert seen == [(3, 2, 5, 4), (3, 2, 7)]


@every
def test_a_batch_is_changed_as_the_augmentation_says(name):
    x = torch.randn(6, 5, 4, 2)
    torch.manual_seed(1)
    expected = AUGMENTATIONS[name](x.movedim(-1, 1).contiguous()).movedim(1, -1)
    torch.manual_seed(1)
    torch.testing.assert_close(BatchAugmentation(AUGMENTATIONS[name])(x), expected)


def test_what_works_in_place_does_not_change_the_batch():
    x = torch.zeros(3, 4, 4, 1)
    assert BatchAugmentation(lambda batch: batch.add_(1))(x).equal(torch.ones_like(x))
    assert not x.any()


def test_the_dtype_of_the_batch_stays():
    x = torch.randn(3, 4, 4, 1)
    got = BatchAugmentation(lambda batch: batch.double())(x)
    assert got.dtype is torch.float32
    assert got.equal(x)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (lambda x: None, "must return a tensor, got NoneType"),
        (lambda x: x.numpy(), "must return a tensor, got ndarray"),
        (lambda x: (x, x), "must return a tensor, got tuple"),
        (lambda x: x[:, :, 1:], r"shape it was given, \(3, 1, 4, 5\).*got .*\(3, 1, 3, 5\)"),
        (lambda x: x[1:], r"shape it was given, \(3, 1, 4, 5\).*got .*\(2, 1, 4, 5\)"),
        (lambda x: x.movedim(1, -1), r"\(n, n_channels, ...\).*got .*\(3, 4, 5, 1\)"),
        (lambda x: x.int(), "must return floats.*got torch.int32"),
        (lambda x: x > 0, "must return floats.*got torch.bool"),
    ],
)
def test_what_an_augmentation_must_give(augment, message):
    with pytest.raises(ValueError, match=f"augment {message}|augment .*{message}"):
        BatchAugmentation(augment)(torch.randn(3, 4, 5, 1))
