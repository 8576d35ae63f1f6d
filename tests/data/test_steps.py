import dataclasses
import math

import hypothesis.extra.numpy as hnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefit.data import STEPS, Step, load, parse_steps
from surefit.data.norms import row_norms
from surefit.errors import InvalidInputError, UnknownNameError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 4)) + 2.0
IMAGES = RNG.standard_normal((5, 3, 2))

finite = st.floats(allow_nan=False, allow_infinity=False)
tables = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=3, max_side=5), elements=finite
)


def test_the_catalogue_is_complete():
    names = {
        "append_coordinate",
        "centre",
        "flatten",
        "scale",
        "sphere",
        "standardise",
        "unit_norm",
    }
    assert names <= set(STEPS.names())
    assert all(STEPS[name].description for name in names)


@pytest.mark.parametrize(
    "name", ["append_coordinate", "centre", "scale", "sphere", "standardise", "unit_norm"]
)
def test_images_are_long_vectors(name):
    step = STEPS[name]()
    shaped = step.apply(IMAGES)
    np.testing.assert_allclose(
        shaped.reshape(5, -1), step.apply(IMAGES.reshape(5, -1)), rtol=1e-14, atol=1e-15
    )
    assert shaped.shape[0] == 5


@pytest.mark.parametrize(
    "name",
    ["append_coordinate", "centre", "flatten", "scale", "sphere", "standardise", "unit_norm"],
)
def test_a_fitted_step_uses_the_data_that_it_was_fitted_on(name):
    fitted = STEPS[name]().fit(X)
    whole = fitted.apply(X)
    np.testing.assert_array_equal(whole, STEPS[name]().apply(X))
    np.testing.assert_allclose(fitted.apply(X[2:4]), whole[2:4], rtol=1e-15)


@given(tables)
@settings(deadline=None, max_examples=60)
def test_unit_norm(x):
    rows = x.reshape(len(x), -1)
    if not rows.any(axis=1).all():
        with pytest.raises(
            InvalidInputError, match="`unit_norm` must be given rows that are not ze"
        ):
            STEPS["unit_norm"]().apply(x)
        return
    unit = STEPS["unit_norm"]().apply(x).reshape(len(x), -1)
    for row, found in zip(rows, unit, strict=True):
        exact = [mpmath.mpf(float(v)) for v in row]
        norm = mpmath.sqrt(sum(v * v for v in exact))
        for value, entry in zip(exact, found, strict=True):
            assert abs(entry - value / norm) <= 8 * 2.0**-53 * abs(value / norm) + 1e-300


@given(tables)
@settings(deadline=None, max_examples=60)
def test_row_norms(x):
    for row, found in zip(x.reshape(len(x), -1), row_norms(x / 8), strict=True):
        exact = mpmath.sqrt(sum((mpmath.mpf(float(v)) / 8) ** 2 for v in row))
        if np.isfinite(found):
            assert abs(found - exact) <= 8 * 2.0**-53 * exact + 1e-300
        else:
            assert exact > 0.9 * np.finfo(float).max


def test_zero_rows_are_named():
    x = X.copy()
    x[[1, 4]] = 0.0
    for name in ("unit_norm", "append_coordinate"):
        with pytest.raises(
            InvalidInputError, match=rf"`{name}`.*zero in rows 1 and 4 \(counted fr"
        ):
            STEPS[name]().apply(x)


def test_centre():
    x = STEPS["centre"]().apply(X)
    exact = [math.fsum(column) / len(X) for column in X.T]
    np.testing.assert_allclose(x, X - np.array(exact)[None, :], rtol=1e-14)


def test_standardise():
    x = np.concatenate([X, np.full((7, 1), 0.1)], axis=1)
    out = STEPS["standardise"]().apply(x)
    np.testing.assert_allclose(out.mean(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose((out[:, :4] ** 2).mean(axis=0), 1.0, rtol=1e-14)
    assert (out[:, 4] == 0.0).all()


def test_append_coordinate():
    out = STEPS["append_coordinate"]().apply(X)
    norms = np.linalg.norm(X, axis=1)[:, None]
    np.testing.assert_allclose(out[:, :4], X / (math.sqrt(2) * norms), rtol=1e-14)
    assert (out[:, 4] == 1 / math.sqrt(2)).all()
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1.0, rtol=1e-15)
    assert (out @ out.T).min() >= 0
    # Opposite rows become orthogonal: the extreme case of the claim.
    pair = STEPS["append_coordinate"]().apply(np.array([[3.0, 4.0], [-3.0, -4.0]]))
    assert abs(pair[0] @ pair[1]) < 1e-16


def test_append_coordinate_shrinks_distances_by_root_two():
    unit = STEPS["unit_norm"]().apply(X)
    out = STEPS["append_coordinate"]().apply(X)
    before = np.linalg.norm(unit[:, None] - unit[None, :], axis=2)
    after = np.linalg.norm(out[:, None] - out[None, :], axis=2)
    np.testing.assert_allclose(after, before / math.sqrt(2), rtol=1e-13)


def test_scale():
    out = STEPS["scale"]().apply(load("digits").x)
    assert (out.min(), out.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(out, load("digits").x / 16)
    with pytest.raises(InvalidInputError, match=r"entries that differ. Got 3 everywhere"):
        STEPS["scale"]().apply(np.full((2, 2), 3.0))


def test_flatten():
    assert STEPS["flatten"]().apply(IMAGES).tolist() == IMAGES.reshape(5, 6).tolist()


def test_parse_steps():
    names = [type(step).__name__ for step in parse_steps(["centre", "unit_norm"])]
    assert names == ["Centre", "UnitNorm"]
    assert [type(s).__name__ for s in parse_steps("centre, unit_norm")] == names
    assert parse_steps("") == parse_steps([]) == ()
    fitted = STEPS["centre"]().fit(X)
    assert parse_steps(("unit_norm", fitted))[1] is fitted


@pytest.mark.parametrize(("name", "near"), [("center", "centre"), ("standardize", "standardise")])
def test_unknown_steps_suggest_the_nearest(name, near):
    with pytest.raises(UnknownNameError, match=f"preprocessing step.*Did you mean '{near}'"):
        parse_steps([name])


def test_a_step_is_one_class():
    @dataclasses.dataclass(frozen=True)
    class Negated(Step):
        description = "every entry negated"

        def apply(self, x):
            return -x

    (step,) = parse_steps("negated")
    assert step.fit(X).apply(X).tolist() == (-X).tolist()


def test_sphere_is_a_bias_behind_standardised_features_whatever_their_units():
    step = STEPS["sphere"]()
    out = step.apply(X)
    np.testing.assert_allclose(row_norms(out), 1.0, rtol=1e-14)
    z = out[:, :-1] / out[:, -1:] * np.sqrt(X.shape[1])
    np.testing.assert_allclose(z, STEPS["standardise"]().apply(X), rtol=1e-12)
    np.testing.assert_allclose(step.apply(X * [1e3, 1.0, 1e-4, 7.0] + 5.0), out, rtol=1e-9)


def test_sphere_keeps_parallel_rows_and_constant_features_apart_from_trouble():
    x = np.array([[1.0, 2.0, 9.0], [2.0, 4.0, 9.0], [-1.0, -2.0, 9.0]])
    out = STEPS["sphere"]().apply(x)
    assert np.linalg.matrix_rank(out) == 2  # the rows lie on a line, away from the origin
    assert np.max(np.abs(out @ out.T - np.diag(np.diag(out @ out.T)))) < 0.99
    np.testing.assert_array_equal(out[:, 2], 0.0)
