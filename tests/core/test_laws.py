"""Success rates, width thresholds, powers and phase diagrams: exact cases and coverage."""

import math

import numpy as np
import pytest
from scipy.special import expit

import surefit as sf
from surefit.core.laws import (
    PowerLaw,
    fit_power_law,
    phase_grid,
    success_interval,
    width_threshold,
)

WIDTHS = np.array([16.0, 32.0, 64.0, 128.0, 256.0, 512.0])


def within(hits, trials, level, errors=3.0):
    """Whether a share of hits is the level, up to standard errors of the binomial distribution."""
    return abs(hits / trials - level) <= errors * math.sqrt(level * (1 - level) / trials)


def test_wilson_is_the_root_of_its_equation():
    z2 = 1.959963984540054**2
    for successes, trials in ((3, 10), (1, 40), (39, 40)):
        for p in success_interval(successes, trials):
            assert abs((successes / trials - p) ** 2 - z2 * p * (1 - p) / trials) < 1e-12
    assert success_interval(0, 7)[0] == 0.0 and success_interval(7, 7)[1] == 1.0
    assert success_interval(0, 0) == (0.0, 1.0)
    narrow, wide = success_interval(5, 10, 0.5), success_interval(5, 10, 0.99)
    assert wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]


def test_wilson_covers_on_average():
    # Over all p alike: exactly, by integrating the binomial distribution.
    p = (np.arange(2000) + 0.5) / 2000
    for trials in (5, 20):
        covered = np.zeros_like(p)
        for k in range(trials + 1):
            low, high = success_interval(k, trials)
            covered += (
                math.comb(trials, k) * p**k * (1 - p) ** (trials - k) * ((low <= p) & (p <= high))
            )
        assert abs(covered.mean() - 0.95) < 0.01


def test_separated_trials_give_their_bracket():
    found = width_threshold([64, 16, 32, 128], [19, 0, 0, 19], [19, 2, 1, 19])
    assert (found.low, found.high, found.sense) == (32.0, 64.0, "bracketed")
    assert found.value == pytest.approx(math.sqrt(32 * 64))
    # 18 successes do not show a probability of 0.9: 0.9^18 > exp(-1.92).
    assert width_threshold([32, 64, 128], [0, 18, 18], [1, 18, 18]).high > 64.0
    assert width_threshold([32, 64], [0, 1], [1, 1]).sense == "unclear"
    # The same trials, told one by one.
    alone = width_threshold([16, 32, 32, 64, 64], [0, 0, 1, 1, 1], [1] * 5, 0.5)
    assert alone == width_threshold([16, 32, 64], [0, 1, 2], [1, 2, 2], 0.5)


def test_all_or_none_succeed():
    below = width_threshold([16, 32], [20, 20], [20, 20])
    assert (below.value, below.low, below.high, below.sense) == (16.0, 0.0, 16.0, "below")
    above = width_threshold([16, 32], [0, 0], [3, 3])
    assert (above.value, above.low, above.high, above.sense) == (32.0, 32.0, math.inf, "above")
    assert width_threshold([16, 32], [2, 2], [2, 2]).high == math.inf
    assert width_threshold([16], [3], [5]).sense == "above"
    # Wider ones succeed less often: no threshold lies among them.
    assert width_threshold([16, 32, 64], [3, 2, 1], [5, 5, 5]).sense == "above"
    assert width_threshold([16, 32, 64], [20, 19, 20], [20, 20, 20]).sense == "below"


def test_the_threshold_maximises_the_likelihood():
    successes, trials = np.array([0, 3, 10, 18, 20, 20]), 20
    found = width_threshold(WIDTHS, successes, [trials] * 6, 0.8)
    # By brute force over threshold and slope.
    at = np.log(np.linspace(60, 250, 1200))[:, None, None]
    slopes = np.linspace(0.01, 6, 800)[None, :, None]
    z = math.log(4.0) + slopes * (np.log(WIDTHS) - at)
    likelihood = -(successes * np.logaddexp(0, -z) + (trials - successes) * np.logaddexp(0, z))
    profile = likelihood.sum(axis=2).max(axis=1)
    inside = np.exp(at.ravel())[profile >= profile.max() - 1.920729]
    assert found.value == pytest.approx(np.exp(at.ravel())[profile.argmax()], rel=2e-3)
    assert (found.low, found.high) == pytest.approx((inside[0], inside[-1]), rel=4e-3)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_the_threshold_lies_next_to_a_width_of_mixed_outcomes(probability):
    widths, successes = np.array([2.0, 4.0, 8.0, 16.0, 32.0]), np.array([0, 0, 3, 12, 12])
    found = width_threshold(widths, successes, [12] * 5, probability)
    at = np.log(np.linspace(3.0, 18.0, 3001))[:, None, None]
    slopes = np.geomspace(0.1, 3e4, 1500)[None, :, None]
    z = math.log(probability / (1 - probability)) + slopes * (np.log(widths) - at)
    likelihood = -(successes * np.logaddexp(0, -z) + (12 - successes) * np.logaddexp(0, z))
    profile = likelihood.sum(axis=2).max(axis=1)
    # The supremum, at infinite slope.
    peak = 3 * math.log(0.25) + 9 * math.log(0.75)
    inside = np.exp(at.ravel())[profile >= peak - 1.920729]
    likely = np.exp(at.ravel())[profile >= peak + math.log(0.9)]
    likely = likely[likely < 8.0] if probability < 0.25 else likely[likely > 8.0]
    assert found.value == pytest.approx(math.sqrt(likely[0] * likely[-1]), abs=0.02)
    assert (found.low, found.high) == pytest.approx((inside[0], inside[-1]), abs=0.011)


@pytest.mark.parametrize(("slope", "trials"), [(2.0, 20), (6.0, 10)])
def test_the_interval_of_the_threshold_covers(slope, trials):
    rng = np.random.default_rng(0)
    truth = 64.0 * 9.0 ** (1 / slope)  # where the probability is 0.9
    p = expit(slope * np.log(WIDTHS / 64.0))
    found = [width_threshold(WIDTHS, rng.binomial(trials, p), [trials] * 6) for _ in range(150)]
    hits = sum(f.low <= truth <= f.high for f in found)
    assert within(hits, 150, 0.95)
    # Not by being everything: the ends are about a factor of three apart.
    bracketed = [f.high / f.low for f in found if f.sense == "bracketed"]
    assert len(bracketed) > 120 and np.median(bracketed) < 4.0


@pytest.mark.parametrize("sigma", [None, 0.1])
def test_the_interval_of_the_exponent_covers(sigma):
    rng = np.random.default_rng(1)
    x = np.geomspace(10, 1000, 4)
    hits = bands = 0
    for _ in range(1000):
        y = 3.0 * x**1.5 * np.exp(0.1 * rng.normal(size=4))
        law = fit_power_law(x, y, None if sigma is None else np.full(4, sigma))
        hits += law.exponent_low <= 1.5 <= law.exponent_high
        low, high = law.band(50.0)
        bands += low <= 3.0 * 50.0**1.5 <= high
    if sigma is None:
        assert within(hits, 1000, 0.95) and within(bands, 1000, 0.95)
    else:  # widened where the points scatter, and so a little too wide
        assert 0.94 < hits / 1000 < 0.985 and 0.94 < bands / 1000 < 0.985


def test_an_exact_power_is_found():
    law = fit_power_law([1, 2, 4], [3, 12, 48])
    assert law.exponent == pytest.approx(2.0) and law.constant == pytest.approx(3.0)
    assert law.exponent_high - law.exponent_low < 1e-6 and law.points == 3
    np.testing.assert_allclose(law.predict([3.0, 5.0]), [27.0, 75.0])
    # Heavier points count more, and those of infinite error not at all.
    x, y = [1.0, 2.0, 4.0, 8.0], [1.0, 2.0, 4.0, 16.0]
    weighted = fit_power_law(x, y, [0.1, 0.1, 0.1, 100.0])
    assert weighted.exponent == pytest.approx(1.0, abs=1e-4)
    assert fit_power_law(x, y, [0.1, 0.1, 0.1, math.inf]).points == 3
    assert "1 (1 to 1)" in str(fit_power_law(x[:3], y[:3]))


def test_two_points_give_no_interval():
    law = fit_power_law([1, 10], [1, 100])
    assert law.exponent == pytest.approx(2.0)
    assert (law.exponent_low, law.exponent_high) == (-math.inf, math.inf)
    assert law.band(3.0) == (0.0, math.inf)
    assert isinstance(law, PowerLaw)


def test_runs_are_counted():
    rows = [
        {"samples": 20, "width": 8, "converged": False},
        {"samples": 10, "width": 8, "converged": True},
        {"samples": 10, "width": 8, "converged": False},
        {"samples": 10, "width": 16, "converged": True},
        {"samples": 10, "width": 16, "converged": None},
        {"samples": 10, "converged": True},
    ]
    grid = phase_grid(rows)
    assert (grid.x, grid.y) == ((10, 20), (8, 16))
    np.testing.assert_array_equal(grid.trials, [[2, 1], [1, 0]])
    np.testing.assert_array_equal(grid.successes, [[1, 1], [0, 0]])
    np.testing.assert_array_equal(grid.probability, [[0.5, 1.0], [0.0, np.nan]])
    assert phase_grid([]).trials.shape == (0, 0)
    assert phase_grid(rows, x="width", y="samples").trials.tolist() == [[2, 1], [1, 0]]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: success_interval(3, 2), "0 to the number of trials"),
        (lambda: success_interval(1, 2, 1.0), "above 0 and below 1"),
        (lambda: width_threshold([1, 2], [1], [1, 1]), "equally long"),
        (lambda: width_threshold([1], [2], [1]), "0 to the number of trials"),
        (lambda: width_threshold([0], [1], [1]), "positive and finite"),
        (lambda: width_threshold([1], [0], [0]), "must have a trial"),
        (lambda: width_threshold([1], [0], [1], 1.0), "probability=...)` must be above 0"),
        (lambda: fit_power_law([1, 2], [1]), "equally long"),
        (lambda: fit_power_law([1, 2], [1, -1]), "y=...)` must be positive"),
        (lambda: fit_power_law([2, 2], [1, 1]), "two different values"),
    ],
)
def test_what_they_refuse(call, match):
    with pytest.raises(
        sf.errors.InvalidInputError, match=match.replace("(", r"\(").replace(")", r"\)")
    ):
        call()
