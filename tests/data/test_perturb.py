import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefit.data import parse_steps, perturb, separation
from surefit.errors import InvalidInputError

# The seed of the noise and of the data may be the same: the streams differ.
X = np.random.default_rng(0).standard_normal((40, 30))


def test_zero_noise_is_nothing():
    assert perturb(X, 0.0) is X


@given(
    hnp.arrays(np.float64, (5, 3), elements=st.floats(-1e3, 1e3, width=32)),
    st.floats(1e-8, 0.5),
)
@settings(deadline=None, max_examples=100)
def test_norms_are_kept(x, noise):
    moved = perturb(x, noise, seed=1)
    norms, after = np.linalg.norm(x, axis=1), np.linalg.norm(moved, axis=1)
    varies = np.ptp(x, axis=0) > 0
    # A row that is zero where the others vary has nothing to turn.
    turns = x[:, varies].any(axis=1) | ~varies.any()
    np.testing.assert_allclose(after[turns], norms[turns], rtol=1e-13)
    np.testing.assert_allclose(after[~turns], norms[~turns], rtol=6 * noise)


def test_the_level_is_the_relative_length():
    noise = 1e-3
    x = X * np.linspace(0.1, 50, 40)[:, None]
    moved = perturb(x, noise)
    ratios = np.linalg.norm(moved - x, axis=1) / np.linalg.norm(x, axis=1) / noise
    # The component along the row is undone: the square has mean 29/30 and deviation about
    # sqrt(2/30) per row; five standard errors over 40 rows.
    assert abs(np.mean(ratios**2) - 29 / 30) < 5 * np.sqrt(2 / 30 / 40)


def test_duplicates_end_up_at_the_stated_distance():
    d, noise = 5000, 1e-2
    row = np.random.default_rng(1).standard_normal(d)
    other = np.random.default_rng(2).standard_normal(d)
    moved = perturb(np.stack([row, row, other]), noise)
    delta = np.linalg.norm(moved[0] - moved[1])
    assert delta == pytest.approx(np.sqrt(2) * noise * np.linalg.norm(row), rel=6 / np.sqrt(2 * d))


def test_constant_features_stay_constant():
    (step,) = parse_steps(["append_coordinate"])
    x = step.apply(np.repeat(X, 2, axis=0))
    moved = perturb(x, 1e-4)
    assert (moved[:, -1] == 1 / np.sqrt(2)).all()
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1.0, rtol=1e-14)
    assert separation(x).delta == 0.0
    assert 0 < separation(moved).delta < 1e-3


def test_rows_that_are_all_equal_are_separated_too():
    assert separation(perturb(np.ones((5, 3)), 1e-6)).delta > 0


def test_the_seed_decides():
    assert np.array_equal(perturb(X, 0.1, 3), perturb(X, 0.1, 3))
    assert not np.array_equal(perturb(X, 0.1, 3), perturb(X, 0.1, 4))


def test_images_keep_their_shape():
    images = X.reshape(40, 5, 6)
    assert perturb(images, 0.1).shape == (40, 5, 6)
    np.testing.assert_array_equal(perturb(images, 0.1).reshape(40, 30), perturb(X, 0.1))


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_wrong_levels(noise):
    with pytest.raises(InvalidInputError, match=f"noise=.*at least 0. Got {noise}"):
        perturb(X, noise)


def test_wrong_seed():
    with pytest.raises(InvalidInputError, match=r"seed=.*at least 0. Got -2"):
        perturb(X, 0.1, -2)
