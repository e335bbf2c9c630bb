"""Laws of names, dates and order: columns are what they are called, and steps are in time order."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tests.laws.common import (
    answers,
    assert_close,
    assert_same,
    classifies,
    every,
    numeric,
    regresses,
    tabular,
    takes_numbers_alone,
)

N = 24
Y = np.arange(N) % 2


def in_lists(instance):
    return instance.kind.name in {"sequences", "signals"}


def frames(columns=("temp", "flow"), n_steps=6, index=None):
    """A frame for each row, their channels in units of their own."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(N, n_steps, 2)) * [1, 50] + [0, 100]
    return [pd.DataFrame(x, columns=["temp", "flow"], index=index)[list(columns)] for x in values]


@every(in_lists)
@pytest.mark.parametrize("cut", [False, True], ids=["equal", "unequal"])
def test_frames_in_a_list_have_the_columns_of_fit(instance, cut):
    """Swapped, missing, further and renamed columns are errors that say how to select them."""
    X = frames()
    if cut:
        if "ragged" not in instance.estimator._input_kinds:
            pytest.skip("takes one length")
        X = [x[: 3 + i % 4] for i, x in enumerate(X)]
    model = instance.fitted(X, Y)
    expected = answers(model, X)
    assert model.channel_names_in_.tolist() == ["temp", "flow"]
    for change in (
        lambda x: x[["flow", "temp"]],
        lambda x: x[["temp"]],
        lambda x: x.assign(more=0.0),
        lambda x: x.rename(columns={"flow": "other"}),
    ):
        wrong = [change(x) for x in X]
        with pytest.raises(ValueError, match=r"columns of fit, \['temp', 'flow'\]"):
            answers(model, wrong)
        one = [*X[:5], change(X[5]), *X[6:]]
        with pytest.raises(ValueError, match=r"columns of item 0, \['temp', 'flow'\].*item 5"):
            clone(model).fit(one, Y)
        with pytest.raises(ValueError, match="item 5"):
            model.partial_fit(one, Y)
        if set(wrong[0]) >= {"temp", "flow"}:  # as advised
            assert_same(answers(model, [x[["temp", "flow"]] for x in wrong]), expected)
    with pytest.warns(UserWarning, match="no column names"):
        assert_close(answers(model, [x.to_numpy() for x in X]), expected)
    if not cut:
        with pytest.warns(UserWarning, match="X has no column names"):
            assert_close(answers(model, np.stack(X)), expected)
    unnamed = model.fit([x.to_numpy() for x in X], Y)
    assert not hasattr(unnamed, "channel_names_in_")
    with pytest.warns(UserWarning, match="fitted without"):
        answers(unnamed, X)


@every(in_lists)
def test_columns_of_cells_have_the_order_of_fit(instance):
    """A frame whose cells are arrays, one column for each channel."""
    X = pd.DataFrame({name: [x[name].to_numpy() for x in frames()] for name in ("temp", "flow")})
    model = instance.fitted(X, Y)
    swapped = X[["flow", "temp"]]
    for answer in (lambda: answers(model, swapped), lambda: model.partial_fit(swapped, Y)):
        with pytest.raises(ValueError, match=r"X must have the columns of fit, \['temp', 'flow'\]"):
            answer()
    assert_same(answers(model, swapped[["temp", "flow"]]), answers(model, X))  # as advised


@every(in_lists)
def test_channels_have_one_order_in_whatever_frames(instance):
    """Frames in a list, and a frame whose cells are arrays."""
    in_list = frames()
    in_cells = pd.DataFrame({name: [x[name].to_numpy() for x in in_list] for name in in_list[0]})
    first, second = in_cells.columns
    for fitted_on, others in ((in_list, in_cells), (in_cells, in_list)):
        model = instance.fitted(fitted_on, Y)
        assert model.channel_names_in_.tolist() == [first, second]
        assert_close(answers(model, others), answers(model, fitted_on))
        swapped = [second, first]
        with pytest.raises(ValueError, match="must have the columns of fit"):
            answers(
                model, in_cells[swapped] if others is in_cells else [x[swapped] for x in others]
            )


@every(in_lists)
def test_numbers_as_names_are_names(instance):
    """Sensors that are called 101 and 205."""
    X = [x.set_axis([205, 101], axis=1) for x in frames()]
    model = instance.fitted(X, Y)
    with pytest.raises(ValueError, match=r"\[205, 101\], in this order"):
        answers(model, [x[[101, 205]] for x in X])


NAMES_IN_TWO_ORDERS = {
    "numbers": (range(8), range(7, -1, -1)),
    "years": (range(2000, 2008), range(2007, 1999, -1)),
    "channels": (
        [(i, c) for i in range(4) for c in "ab"],
        [(i, c) for i in range(4) for c in "ba"],
    ),
    "later years": (range(2000, 2008), range(2015, 2007, -1)),
    "later channels": (
        [(i, c) for i in range(4) for c in "ab"],
        [(i, c) for i in range(10, 14) for c in "ba"],
    ),
}


@every(tabular)
@pytest.mark.parametrize(("names", "order"), NAMES_IN_TWO_ORDERS.values(), ids=NAMES_IN_TWO_ORDERS)
def test_columns_that_are_not_called_by_text_have_the_order_of_fit(instance, names, order):
    """Scikit-learn compares text alone."""
    X, y = instance.data()
    if X.shape[1] < 8:
        pytest.skip("has fewer columns")
    wide = pd.DataFrame(X[:, :8]).set_axis(pd.Index(names), axis=1)
    model = instance.fitted(wide, y)
    expected = answers(model, wide)
    wrong = wide.set_axis(pd.Index(order), axis=1)
    # Where columns are steps, years that fall are no order at all.
    with pytest.raises(ValueError, match=r"must be in (the order of fit|time order)"):
        answers(model, wrong)
    if set(order) == set(names):
        assert_same(answers(model, wide[wrong.columns][wide.columns]), expected)  # as advised
    assert_same(answers(model, wrong.to_numpy()), expected)  # as advised
    if names == range(2000, 2008):
        assert_same(answers(model, wide.set_axis(range(2001, 2009), axis=1)), expected)
    if names != range(2000, 2008):
        model.fit(wrong.to_numpy(), y)
        assert_same(answers(model, wrong), answers(model, wide))


DAYS = pd.date_range("2024-02-27", periods=6)


@every(tabular)
def test_columns_that_look_alike_are_told_and_the_advice_helps(instance):
    """An accented letter may be one character or two."""
    X, y = instance.data()
    wide = pd.DataFrame(X).add_prefix("caf\u00e9 ")
    model = instance.fitted(wide, y)
    other = wide.rename(columns={"caf\u00e9 1": "cafe\u0301 1"})
    with pytest.raises(ValueError, match=r"'cafe\\u0301 1' looks like 'caf\\xe9 1'") as told:
        answers(model, other)
    renamed = eval(str(told.value).partition("columns: ")[2].removesuffix("."), {"X": other})
    assert_same(answers(model, renamed), answers(model, wide))


TIMES_NEWEST_FIRST = {
    "years": range(2024, 2018, -1),
    "text": ["10:00", "09:30", "09:00", "08:30", "08:00", "07:30"],
    "months": ["Mar", "Feb", "Jan", "Dec", "Nov", "Oct"],
    "steps back": range(0, -6, -1),
}


@every(in_lists)
@pytest.mark.parametrize("times", TIMES_NEWEST_FIRST.values(), ids=TIMES_NEWEST_FIRST)
def test_steps_from_the_newest_on_are_told(instance, times):
    """By the index of a sequence, and by the columns of a frame of flat ones."""
    X = [frame[["temp"]] for frame in frames(index=pd.Index(times[::-1]))]
    wrong = [*X[:2], X[2][::-1], *X[3:]]
    with pytest.raises(ValueError, match=r"(sequence|row|item) 2.* after .*X\[2\]\[::-1\]"):
        instance.fitted(wrong, Y)
    wrong[2] = wrong[2][::-1]  # as advised
    assert_same(instance.answers_of_fit(wrong, Y), instance.answers_of_fit(X, Y))
    wide = pd.DataFrame(np.stack([frame["temp"] for frame in X]), columns=pd.Index(times[::-1]))
    falling = wide[wide.columns[::-1]]
    with pytest.raises(ValueError, match=r"in time order.*which is newer.*X\[X\.columns"):
        instance.fitted(falling, Y)
    as_advised = falling[falling.columns[::-1]]
    assert_same(instance.answers_of_fit(as_advised, Y), instance.answers_of_fit(wide, Y))


@every(in_lists)
def test_a_missing_step_in_a_list_of_dated_frames_is_told(instance):
    X = frames(index=DAYS)
    holed = [*X[:3], X[3].drop(DAYS[2]), *X[4:]]
    filled = [*X[:3], holed[3].asfreq("D").ffill(), *X[4:]]  # as advised
    model = instance.fitted(filled, Y)
    for answer in (lambda: instance.fitted(holed, Y), lambda: answers(model, holed)):
        with pytest.raises(ValueError, match=r"sequence 3 in X goes from 2024-02-28.*X\[3\]\.asf"):
            answer()
    events = DAYS[0] + pd.to_timedelta([0, 1, 3, 8, 9, 18], "D")  # of which none is missing
    instance.fitted([x.set_axis(events) for x in X], Y)
    if "ragged" in instance.estimator._input_kinds:
        instance.fitted([x.reset_index(drop=True) for x in holed], Y)  # as advised


@every(in_lists)
@pytest.mark.parametrize("index", [DAYS, DAYS.to_period("D"), DAYS - DAYS[0], pd.Index(DAYS.date)])
def test_dates_of_steps_do_not_fall(instance, index):
    """Newest first, or shuffled."""
    X = frames(index=index)
    model = instance.fitted(X, Y)
    expected = answers(model, X)
    for order in ([5, 4, 3, 2, 1, 0], [0, 1, 3, 2, 4, 5]):
        wrong = [*X[:2], X[2].iloc[order], *X[3:]]
        with pytest.raises(ValueError, match=r"(sequence|row|item) 2.* after .*sort_index"):
            answers(model, wrong)
        with pytest.raises(ValueError, match="sort_index"):
            clone(model).fit(wrong, Y)
        assert_same(answers(model, [x.sort_index(kind="stable") for x in wrong]), expected)
        as_they_are = [x.reset_index(drop=True) for x in wrong]
        assert len(answers(model, as_they_are)) == N
    single = [x["temp"] for x in X]
    with pytest.raises(ValueError, match="sort_index"):
        instance.fitted([*single[:-1], single[-1][::-1]], Y)


NOT_NUMBERS = {
    "date": DAYS[0],
    "date in a time zone": DAYS.tz_localize("UTC")[0],
    "duration": pd.Timedelta(days=3),
    "period": pd.Period("2024-01", "M"),
    "text": "north",
    "object": object(),
    "complex": 1j,
}


@every(tabular, takes_numbers_alone)
@pytest.mark.parametrize("value", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_columns_that_are_no_numbers_are_named(instance, value):
    """Dates are no numbers, also where all columns are dates."""
    if value == "north" and "texts" in instance.estimator._input_kinds:
        pytest.skip("takes texts")
    X, y = instance.data(N)
    frame = pd.DataFrame(X).add_prefix("t")
    mixed = frame.assign(when=[value] * N)
    with pytest.raises(ValueError, match=r"X must hold numbers, got .* of column 'when'.*[Dd]rop"):
        instance.fitted(mixed, y)
    with pytest.raises(ValueError, match="of column 't0'"):
        instance.fitted(pd.DataFrame({name: [value] * N for name in frame}), y)
    instance.fitted(mixed.drop(columns="when"), y)  # as advised


@every(in_lists)
def test_frames_in_a_list_with_a_column_of_dates_are_told(instance):
    X = [x.assign(day=DAYS) for x in frames()]
    with pytest.raises(ValueError, match=r"0.* must hold numbers.* of column 'day'"):
        instance.fitted(X, Y)


@every(numeric, takes_numbers_alone)
def test_arrays_of_dates_are_no_numbers(instance):
    X, y = instance.data()
    dates = instance.kind.map(lambda x: np.round(x).astype("datetime64[s]"), X)
    with pytest.raises(ValueError, match=r"must hold numbers, got the dtype datetime64\[s\]"):
        instance.fitted(dates, y)


@every(regresses)
@pytest.mark.parametrize(
    "dates",
    [pd.date_range("2024-01-01", periods=60), pd.period_range("2024-01", periods=60, freq="M")],
)
def test_targets_are_no_dates(instance, dates):
    """They have no unit: nanoseconds, microseconds, days."""
    X, _ = instance.data()
    for y in (dates, pd.Series(dates), pd.DataFrame({"when": dates})):
        with pytest.raises(ValueError, match=r"y must hold numbers, got .*Timedelta\(days=1\)"):
            instance.fitted(X, y)
    if isinstance(dates, pd.DatetimeIndex):
        assert instance.answers_of_fit(X, (dates - dates[0]) / pd.Timedelta(days=1)).ndim == 1


@every(regresses)
def test_targets_in_a_frame_have_the_order_of_fit(instance):
    X, y = instance.data()
    targets = pd.DataFrame({"load": y, "price": -y})
    swapped = targets[["price", "load"]]
    message = r"must have the columns of fit, \['load', 'price'\]"
    with pytest.raises(ValueError, match=rf"y_val: y {message}"):
        clone(instance.estimator).fit(X, targets, X_val=X, y_val=swapped)
    model = clone(instance.estimator).set_params(warm_start=True).fit(X, targets)
    for learn in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            learn(X, swapped)
        learn(X, swapped[["load", "price"]])  # as advised
        learn(X, swapped[["load", "price"]].to_numpy())
    clone(model).fit(X, swapped)


@every(regresses)
def test_targets_of_three_dimensions_are_told_how_to_be_flat(instance):
    X, y = instance.data()
    path = np.stack([np.column_stack([y, -y, 2 * y])] * 2, 1)  # (n, 2, 3)
    for given in (path, path.tolist()):
        with pytest.raises(
            ValueError, match=r"reshape\(y, \(len\(y\), -1\)\).*reshape\(-1, 2, 3\)"
        ):
            instance.fitted(X, given)
        predicted = instance.answers_of_fit(X, np.reshape(given, (len(given), -1)))
        assert predicted.reshape(-1, 2, 3).shape == path.shape


@every(classifies)
def test_labels_in_several_columns_are_told_how_to_be_one(instance):
    X, y = instance.data()
    one_hot = pd.get_dummies(pd.Series(np.where(y, "yes", "no")))
    with pytest.raises(ValueError, match=r"one-hot: pass y\.idxmax\(axis=1\)"):
        instance.fitted(X, one_hot)
    assert instance.fitted(X, one_hot.idxmax(axis=1)).classes_.tolist() == ["no", "yes"]
    for given in (one_hot.to_numpy(), one_hot.to_numpy(float), one_hot.to_numpy(int).tolist()):
        with pytest.raises(ValueError, match=r"one-hot: pass np\.argmax\(y, axis=1\)"):
            instance.fitted(X, given)
        assert instance.fitted(X, np.argmax(given, axis=1)).classes_.tolist() == [0, 1]
    several = np.column_stack([y, np.ones_like(y)])
    with pytest.raises(ValueError, match=r"1d array .*MultiOutputClassifier"):
        instance.fitted(X, several)


@every(classifies, lambda instance: hasattr(instance.estimator, "partial_fit"))
@pytest.mark.parametrize("label", [0, "a", 2.0, True, np.int64(3)])
def test_a_first_part_of_one_class_is_told_to_name_all(instance, label):
    X, _ = instance.data()
    for y in (pd.Series([label] * len(X)), np.full(len(X), label), [label] * len(X)):
        with pytest.raises(ValueError, match=r"only one class: .*classes=\.\.\.") as error:
            clone(instance.estimator).partial_fit(X, y)
        assert "np." not in str(error.value)
        with pytest.raises(ValueError, match="only one class") as error:
            clone(instance.estimator).fit(X, y)
        assert "classes=" not in str(error.value)
    other = "b" if label == "a" else 1 - int(label)
    model = clone(instance.estimator).partial_fit(X, y, classes=[label, other])
    with pytest.raises(ValueError, match=r"among the classes .*classes=\.\.\."):
        model.partial_fit(X, np.full(len(X), "new" if label == "a" else 77))


@every(regresses)
@pytest.mark.parametrize("offset", [1.7e9, -1.7e9, 2_000, 1e12])
@pytest.mark.parametrize("kind", ["float", "int", "two"])
def test_predictions_far_from_zero_keep_their_digits(instance, offset, kind):
    """Times in seconds, years: the steps between predictions are those of y, not of float32."""
    X, y = instance.data()
    near = np.round(20 * y) if kind == "int" else y
    if kind == "two":
        near = np.column_stack([near, near])
    far = near + offset
    params = instance.known(linear_model=False, max_epochs=4)
    expected = instance.fitted(X, near, **params)
    model = instance.fitted(X, far.astype(np.int64) if kind == "int" else far, **params)
    assert model.predict(X).dtype == np.float64
    scale = np.ptp(near)
    assert_close((model.predict(X) - offset) / scale, expected.predict(X) / scale, atol=2e-3)
    if hasattr(model, "predict_quantiles"):
        assert model.predict_quantiles(X).dtype == np.float64
        got, wanted = (np.diff(m.predict_quantiles(X)) / scale for m in (model, expected))
        assert_close(got, wanted, atol=2e-3)
