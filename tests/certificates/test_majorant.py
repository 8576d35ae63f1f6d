"""The scalar majorant against its closed form, quadrature, and the lemma behind it."""

import math

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize

from surefit.certificates.majorant import Majorant, knots


@pytest.mark.parametrize("h", [1e-12, 0.1, 0.3, 0.49, 0.4999999])
def test_constant_curvature(h):
    sigma, curvature = 0.3, 1.7
    r = h * sigma**2 / curvature
    majorant = Majorant(sigma, ((10.0, curvature),))
    root = majorant.root(r)
    with mpmath.workdps(40):
        discriminant = mpmath.mpf(sigma) ** 2 - 2 * mpmath.mpf(curvature) * mpmath.mpf(r)
        exact = (sigma - mpmath.sqrt(discriminant)) / curvature
        slope = mpmath.sqrt(discriminant)
    np.testing.assert_allclose(root.radius, float(exact), rtol=1e-12)
    np.testing.assert_allclose(root.slope, float(slope), rtol=1e-7)
    np.testing.assert_allclose(root.bend, curvature * root.radius, rtol=1e-12)
    np.testing.assert_allclose(majorant.fire_residual(), sigma**2 / (2 * curvature), rtol=1e-14)


def test_there_is_no_zero_beyond_one_half():
    majorant = Majorant(0.3, ((10.0, 1.7),))
    assert majorant.root(1.000001 * majorant.fire_residual()) is None
    assert majorant.root(0.999999 * majorant.fire_residual()) is not None


def test_nothing_is_claimed_beyond_the_last_knot():
    majorant = Majorant(1.0, ((0.5, 1.0),))
    assert majorant.root(0.6) is None  # the zero of the parabola does not exist; at 0.5 g > 0
    assert majorant.root(0.376) is None  # the zero lies at 0.502
    np.testing.assert_allclose(majorant.root(0.374).radius, 1 - math.sqrt(1 - 2 * 0.374))
    np.testing.assert_allclose(majorant.fire_residual(), 0.5 - 0.125)


def random_steps(rng):
    ends = np.cumsum(rng.exponential(0.3, size=6))
    return tuple(zip(ends.tolist(), np.cumsum(rng.exponential(0.4, size=6)).tolist(), strict=True))


@pytest.mark.parametrize("seed", range(8))
def test_step_functions_against_quadrature(seed):
    rng = np.random.default_rng(seed)
    steps, sigma = random_steps(rng), 1.0
    ends, values = map(np.array, zip(*steps, strict=True))

    def curvature(u):
        return values[np.searchsorted(ends, u)]

    def fallen(s):
        inside = [e for e in ends if e < s]
        weight = scipy.integrate.quad(lambda u: (s - u) * curvature(u), 0, s, points=inside)[0]
        return sigma * s - weight

    grid = np.linspace(0, ends[-1], 400)
    heights = np.array([fallen(s) for s in grid])
    majorant = Majorant(sigma, steps)
    best = majorant.fire_residual()
    assert heights.max() <= best + 1e-12
    np.testing.assert_allclose(best, heights.max(), rtol=1e-3)
    for share in (0.05, 0.5, 0.95):
        r = share * best
        root = majorant.root(r)
        first = grid[np.argmax(heights >= r)]
        exact = scipy.optimize.brentq(lambda s, r=r: fallen(s) - r, 0, first)
        np.testing.assert_allclose(root.radius, exact, rtol=1e-8)
        inside = [e for e in ends if e < exact]
        bend = scipy.integrate.quad(curvature, 0, exact, points=inside)[0]
        np.testing.assert_allclose(root.bend, bend, rtol=1e-8)
        np.testing.assert_allclose(root.slope, sigma - bend, rtol=1e-6)


def test_knots_reach_as_far_as_the_majorant_can_fall():
    steps = knots(lambda s: 2.0 + s, 0.5)
    assert [end for end, _ in steps] == pytest.approx([0.25 * (i / 8) ** 2 for i in range(1, 9)])
    assert all(value == 2.0 + end for end, value in steps)
    exact = Majorant(0.5, knots(lambda s: 2.0 + s, 0.5, pieces=400)).fire_residual()
    coarse = Majorant(0.5, steps).fire_residual()
    assert 0.98 * exact < coarse <= exact


def test_knots_of_an_affine_network():
    steps = knots(lambda s: 0.0, 0.5, affine=True)
    majorant = Majorant(0.5, steps)
    assert majorant.fire_residual() == math.inf
    root = majorant.root(3.0)
    assert (root.radius, root.bend, root.slope) == (6.0, 0.0, 0.5)


def test_knots_where_only_the_centre_is_flat():
    majorant = Majorant(0.5, knots(lambda s: 3.0 * s, 0.5))
    # g = r - s / 2 + s^3 / 2 falls until s = 1 / sqrt(3).
    exact = 0.5 / math.sqrt(3) * (1 - 1 / 3)
    assert 0.8 * exact < majorant.fire_residual() <= exact


def c_of(alpha, b):
    return 1.0 if b == 1.0 else math.sqrt(b * (2 - b - alpha) / (1 - b * alpha))


@pytest.mark.parametrize("b", [1.0, 1.05, 1.5, 1.9])
def test_one_linear_step_loses_nothing(b):
    # Lemma 2 of docs/certificates/descent.md: valid for random spectra, attained for some vector.
    rng = np.random.default_rng(0)
    smallest_gap = math.inf
    for _ in range(3000):
        alpha = (2 - b) * rng.random() * rng.choice([0.01, 0.999])
        spectrum = np.concatenate([[alpha, b], rng.uniform(alpha, b, size=rng.integers(0, 4))])
        c = c_of(alpha, b)
        assert 0 < c <= 1
        weights = rng.dirichlet(np.full(len(spectrum), 0.3))  # squares of the entries of r
        left = math.sqrt(np.sum(weights * (1 - spectrum) ** 2))
        right = 1 - c * math.sqrt(alpha) * math.sqrt(np.sum(weights * spectrum))
        assert left <= right + 1e-14
        smallest_gap = min(smallest_gap, right - left)
    assert smallest_gap < 1e-4
    # The constant is attained on two eigenvalues, where Cauchy-Schwarz is an equality.
    alpha = 0.3 * (2 - b)
    x = alpha * b * (1 - alpha * b) / (2 - alpha - b)
    assert alpha <= x <= b
    share = (b - x) / (b - alpha)
    left = math.sqrt(share * (1 - alpha) ** 2 + (1 - share) * (1 - b) ** 2)
    np.testing.assert_allclose(left, 1 - c_of(alpha, b) * math.sqrt(alpha * x), rtol=1e-9)
