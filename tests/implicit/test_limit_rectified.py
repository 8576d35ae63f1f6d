"""Equilibria driven by rectified features: the limits of Gao et al. (2022)."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtr

import surefit as sf
from surefit.core.kernel import Behind, Kernel
from surefit.errors import InvalidInputError, NumericalError
from surefit.implicit.limits import hermite_gram, paper_limit, rectified_injection
from surefit.implicit.limits.hermite_gram import rectifier_coefficients
from surefit.implicit.limits.rectified_pair import diagonal, losses, solve
from surefit.implicit.limits.rectified_table import rectified_moments

DIAGONAL = {
    0.1: (0.503740154413, 0.738722943262, 0.488722943262, 0.744220672115, 0.992360120435,
          1.999849213211),
    0.125: (0.505853530205, 0.735887556321, 0.485887556321, 0.744447393401, 0.991539395770,
            2.003277009444),
    0.25: (0.523934772586, 0.721507914380, 0.471507914380, 0.755580234318, 0.993774293157,
           2.042451238133),
    0.45: (0.584555604662, 0.697261290059, 0.447261290059, 0.811897490048, 1.020795179615,
           2.201457127991),
    0.8: (0.882849820587, 0.647412560313, 0.397412560313, 1.105448596075, 1.178576820703,
          3.186031501907),
}  # fmt: skip
PAIRS = {
    (0.1, 0.0): (0.1720184075, 0.5615772867, 0.2389256572, 0.5647487876, 0.4902749869,
                 0.1591549431, 0.3321448225),
    (0.1, 0.3): (0.2513567112, 0.5854917615, 0.2873453327, 0.5889399565, 0.5875309662,
                 0.2413721419, 0.6704684831),
    (0.1, -0.5): (0.0723099464, 0.5296977952, 0.1558009948, 0.5325185342, 0.3232973307,
                  0.0544988905, -0.0344547645),
    (0.25, 0.3): (0.2753371893, 0.5666439104, 0.2708693527, 0.5874485441, 0.5793078077,
                  0.2413721419, 0.7006108255),
    (0.45, 0.3): (0.3311545009, 0.5425171307, 0.2489448276, 0.6094737451, 0.5781625502,
                  0.2413721419, 0.7868459776),
    (0.45, 0.9): (0.5384609481, 0.6327705107, 0.3760254847, 0.7257674721, 0.8595060189,
                  0.4547691994, 1.8459220464),
}  # fmt: skip


def pair(rho):
    return np.array([[1.0, 0.0], [rho, math.sqrt(1.0 - rho**2)]])


def gaussian(x1, x2=None):
    """The kernel behind `Dense` and `Relu` of rows whose norms are the standard deviations."""
    other = x1 if x2 is None else x2
    s, t = jnp.sum(x1**2, axis=1), jnp.sum(other**2, axis=1)
    k = Kernel(x1 @ other.T, x1 @ other.T, s, t, 7, gaussian=True, symmetric=x2 is None)
    behind = sf.Relu().kernel(k)
    return Kernel(
        behind.nngp, behind.ntk, behind.variance1, behind.variance2, 7, symmetric=x2 is None,
        behind=Behind(k, sf.Relu()),
    )  # fmt: skip


@pytest.mark.parametrize("gamma", DIAGONAL)
def test_diagonal_of_the_table(gamma):
    limit = paper_limit(np.eye(2), gamma)
    found = [getattr(limit, name)[0, 0] for name in "KSTMQH"]
    np.testing.assert_allclose(found, DIAGONAL[gamma], atol=1e-12, rtol=0)


@pytest.mark.parametrize(("gamma", "rho"), PAIRS)
def test_pairs_of_the_table(gamma, rho):
    limit = paper_limit(pair(rho), gamma)
    found = [getattr(limit, name)[0, 1] for name in "KSTMQGH"]
    np.testing.assert_allclose(found, PAIRS[gamma, rho], atol=1e-10, rtol=0)


def test_smallest_eigenvalues_of_four_orthonormal_samples():
    limit = paper_limit(np.eye(4), 0.1)
    assert limit.G[0, 0] == 0.5
    smallest = [np.linalg.eigvalsh(matrix)[0] for matrix in (limit.G, limit.K, limit.H)]
    expected = 0.3408450569081046, 0.3317217469, 1.6677043907
    np.testing.assert_allclose(smallest, expected, atol=1e-10, rtol=0)
    np.testing.assert_allclose(smallest[0], 0.5 - 1 / (2 * math.pi), rtol=1e-14)
    for gamma, least, bound in ((0.1, 2.7775e-3, 2.469e-3), (0.45, 6.6199e-2, 5.411e-2)):
        limit = paper_limit(np.eye(4), gamma)
        np.testing.assert_allclose(np.linalg.eigvalsh(limit.H_A)[0], least, rtol=2e-5)
        schur = gamma**2 * limit.M[0, 0] * np.linalg.eigvalsh(limit.K)[0]
        np.testing.assert_allclose(schur, bound, rtol=2e-4)


# An independent route to the moments: polar coordinates for (a, a'), closed forms given them.


def phi2(h, k, c):
    """The bivariate normal distribution function, by its derivative for the correlation."""
    nodes, weights = np.polynomial.legendre.leggauss(48)
    angle = np.arcsin(c) * (nodes + 1) / 2
    h, k = h[..., None], k[..., None]
    density = np.exp(-(h**2 + k**2 - 2 * h * k * np.sin(angle)) / (2 * np.cos(angle) ** 2))
    integral = density @ (weights * np.arcsin(c) / 2)
    return ndtr(h[..., 0]) * ndtr(k[..., 0]) + integral / (2 * math.pi)


def rectified_product(h, k, c):
    """E[(X + h)_+ (Y + k)_+] for standard normal X, Y of correlation c."""
    root = math.sqrt(1 - c**2)

    def density(z):
        return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)

    joint = np.exp(-(h**2 - 2 * c * h * k + k**2) / (2 * root**2)) / (2 * math.pi * root)
    first = h * density(k) * ndtr((h - c * k) / root)
    second = k * density(h) * ndtr((k - c * h) / root)
    return (h * k + c) * phi2(h, k, c) + first + second + root**2 * joint


def moments_by_quadrature(theta, psi, variance):
    c, std = math.cos(psi), math.sqrt(variance)
    nodes, weights = np.polynomial.legendre.leggauss(48)
    zero = np.zeros(1)
    share = (math.pi - theta) / (2 * math.pi)  # of both negative
    k = share * variance * rectified_product(zero, zero, c)[0]
    s, t = share * phi2(zero, zero, c)[0], 0.0
    half = math.pi / 2
    for low, high in ((theta - half, half), (-half, theta - half), (half, half + theta)):
        angle = (low + (high - low) * (nodes + 1) / 2)[:, None]
        r = 4.5 * (nodes + 1)[None, :]
        weight = (weights * (high - low) / 2)[:, None] * (4.5 * weights)[None, :]
        weight = weight * r * np.exp(-(r**2) / 2) / (2 * math.pi)
        a, b = (np.maximum(r * np.cos(angle - shift), 0) / std for shift in (0.0, theta))
        k += np.sum(weight * variance * rectified_product(a, b, c))
        both = np.sum(weight * phi2(a, b, c))
        s += both
        t += both if low == theta - half else 0.0
    return k, s, t


@pytest.mark.parametrize("theta", [0.2, 1.0, math.pi / 2, 2.5, 3.1])
@pytest.mark.parametrize(("psi", "variance"), [(0.4, 0.1), (1.2, 0.8), (2.0, 0.3)])
def test_moments_agree_with_quadrature_in_polar_coordinates(theta, psi, variance):
    both = 0.25 + math.asin(1 / math.sqrt(1 + variance)) / (2 * math.pi)
    own = variance / 4 + (1 + variance) * both + math.sqrt(variance) / (2 * math.pi)
    lost = losses(np.array([theta]), np.array([psi]), variance)
    found = [whole - part[0] for whole, part in zip((own, both + 0.25, both), lost, strict=True)]
    expected = moments_by_quadrature(theta, psi, variance)
    np.testing.assert_allclose(found, expected, atol=2e-11, rtol=0)


def test_derivative_of_the_map_is_price_theorem():
    # K moves by S per covariance of the Gaussian feedback, by T per covariance of the injection.
    theta, psi, variance, h = 1.1, 0.7, 0.4, 1e-5
    _, s, t = moments_by_quadrature(theta, psi, variance)
    feedback = [
        -losses(np.array([theta]), np.arccos([math.cos(psi) + e]), variance)[0][0] for e in (h, -h)
    ]
    np.testing.assert_allclose((feedback[0] - feedback[1]) / (2 * h * variance), s, rtol=1e-9)
    injection = [
        -losses(np.arccos([math.cos(theta) + e]), np.array([psi]), variance)[0][0] for e in (h, -h)
    ]
    np.testing.assert_allclose((injection[0] - injection[1]) / (2 * h), t, rtol=1e-9)


@pytest.mark.parametrize("gain", [1e-4, 0.03, 0.1, 0.45, 0.8, 1.1, 1.3, 1.4])
def test_table_is_as_good_as_the_direct_solution_up_to_both_ends(gain):
    theta = np.concatenate(
        [np.geomspace(1e-3, 3, 60), math.pi - np.geomspace(1e-6, 1, 30), [math.pi]]
    )
    one = jnp.ones(())
    found = rectified_moments(gain, jnp.cos(theta), one, one)
    exact = solve(theta, gain)
    q = diagonal(gain)[0]
    for value, expected, scale, tolerance in zip(
        found, exact, (q, 1, 1), (1e-12, 1e-10, 1e-10), strict=True
    ):
        # cos rounds the angle; near 0 by 1e-16 over the angle.
        np.testing.assert_allclose(value, expected, atol=tolerance * scale, rtol=0)
    edge = rectified_moments(gain, one, one, one)
    np.testing.assert_allclose(edge, diagonal(gain), rtol=1e-12)


def test_a_fixed_point_of_the_map_beyond_contraction():
    for gain in (0.8, 1.1):
        k = solve(np.array([1.0]), gain)[0][0]
        q = diagonal(gain)[0]
        image = moments_by_quadrature(1.0, math.acos(k / q), gain**2 * q)[0]
        np.testing.assert_allclose(image, k, rtol=1e-11)


def test_equal_and_opposite_samples():
    x = np.array([[0.6, 0.8], [0.6, 0.8], [-0.6, -0.8]])
    limit = paper_limit(x, 0.45)
    q, s, t = diagonal(0.45)
    np.testing.assert_allclose(limit.K[0, 1], q, rtol=1e-14)
    np.testing.assert_allclose([limit.S[0, 1], limit.T[0, 1]], [s, t], atol=1e-7)
    assert abs(limit.T[0, 2]) <= 1e-14
    exact = moments_by_quadrature(math.pi - 1e-12, math.acos(limit.K[0, 2] / q), 0.45**2 * q)
    np.testing.assert_allclose([limit.K[0, 2], limit.S[0, 2]], exact[:2], atol=1e-10)
    # A sample and its opposite are told apart by a rectifier.
    np.testing.assert_allclose(np.linalg.eigvalsh(limit.G[1:, 1:])[0], 0.5, rtol=1e-14)


def test_other_norms_and_two_batches_by_monte_carlo():
    x1, x2 = jnp.array([[1.5, 0.2]]), jnp.array([[0.3, 0.6], [-0.4, 0.9]])
    gain = 0.6
    found = rectified_injection(gaussian(x1, x2), sf.Relu(), gain, True)
    draws, rng = 100_000, np.random.default_rng(0)
    for j in range(2):
        rows = jnp.stack([x1[0], x2[j]])
        own = (float(found.variance1[0]), float(found.variance2[j]))
        k = np.array([[own[0], found.nngp[0, j]], [found.nngp[0, j], own[1]]])
        a = rng.normal(size=(draws, 2)) @ np.asarray(rows).T
        g = gain * rng.normal(size=(draws, 2)) @ np.linalg.cholesky(k).T
        h = np.maximum(g + np.maximum(a, 0), 0)
        samples = np.stack([h[:, 0] * h[:, 1], h[:, 0] ** 2, h[:, 1] ** 2])
        error = np.std(samples, axis=1) / draws**0.5
        expected = np.array([k[0, 1], *own])
        assert np.all(np.abs(samples.mean(axis=1) - expected) <= 4 * error)
        # Through probabilities with standard errors of 1.6e-3 or less.
        active = (h > 0).all(axis=1)
        s, t = active.mean(), (active & (a > 0).all(axis=1)).mean()
        theta = (gain**2 * s * k[0, 1] + t * float(rows[0] @ rows[1])) / (1 - gain**2 * s)
        np.testing.assert_allclose(found.ntk[0, j], theta, atol=1e-2)


def test_injection_is_the_paper_limit_and_frozen_weights_drop_out():
    x = np.random.default_rng(1).normal(size=(5, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    limit, k = paper_limit(x, 0.45), gaussian(jnp.asarray(x))
    backward = 1 / (1 - 0.45**2 * limit.S)
    moved = rectified_injection(k, sf.Relu(), 0.45, True)
    frozen = rectified_injection(k, sf.Relu(), 0.45, False)
    np.testing.assert_allclose(moved.nngp, limit.K, rtol=1e-13)
    np.testing.assert_allclose(frozen.ntk, limit.T * backward * (x @ x.T), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(moved.ntk - frozen.ntk, limit.H_A, rtol=1e-11)
    assert moved.width == 7
    assert moved.symmetric
    assert not moved.gaussian
    np.testing.assert_array_equal(moved.variance1, jnp.diag(moved.nngp))


def test_under_jit_in_float32_and_differentiated():
    x = np.random.default_rng(2).normal(size=(4, 3))
    call = functools.partial(rectified_injection, activation=sf.Relu(), gain=0.45, trained=True)
    plain = call(gaussian(jnp.asarray(x)))
    compiled = jax.jit(lambda x: call(gaussian(x)))(jnp.asarray(x))
    np.testing.assert_allclose(compiled.ntk, plain.ntk, rtol=1e-13)
    single = call(gaussian(jnp.asarray(x, jnp.float32)))
    assert single.ntk.dtype == jnp.float32
    np.testing.assert_allclose(single.ntk, plain.ntk, rtol=2e-5, atol=2e-5)

    def at(c, s, t):
        return rectified_moments(0.45, c, s, t)[0]

    point, h = (jnp.asarray(0.3), jnp.asarray(1.2), jnp.asarray(0.7)), 1e-5
    slopes = jax.jit(jax.grad(at, argnums=(0, 1, 2)))(*point)
    for i, slope in enumerate(slopes):
        up, down = (at(*(p + e * (j == i) for j, p in enumerate(point))) for e in (h, -h))
        np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-8)
    one = jnp.ones(())
    _, s, t = diagonal(0.45)
    np.testing.assert_allclose(
        jax.jit(jax.grad(at))(one, one, one), t / (1 - 0.45**2 * s), rtol=1e-12
    )


def test_a_sample_of_zeros_stays_at_zero():
    x = jnp.array([[0.0, 0.0], [1.0, 2.0]])
    found = rectified_injection(gaussian(x), sf.Relu(), 0.5, True)
    np.testing.assert_array_equal(found.nngp[0], 0.0)
    assert bool(jnp.all(jnp.isfinite(found.ntk)))


def test_hermite_series_of_the_rectified_gram():
    squares = rectifier_coefficients(7)
    expected = [1 / (2 * math.pi), 0.25, 1 / (4 * math.pi), 0, 0.0066315, 0, 0.0019894]
    np.testing.assert_allclose(squares, expected, atol=5e-8)
    numeric = sf.activations.hermite_coefficients(sf.Relu(), terms=20)
    difference = np.abs(np.sqrt(rectifier_coefficients(20)) - np.abs(numeric.normalised))
    assert np.all(difference <= numeric.error)
    x = np.random.default_rng(3).normal(size=(6, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    closed = paper_limit(x, 0.1).G
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(hermite_gram(x, 400)[off], closed[off], atol=1e-12)
    for terms in (1, 2, 3, 9, 60):
        rest = closed - hermite_gram(x, terms)
        assert np.linalg.eigvalsh(rest)[0] >= -1e-14
        # The diagonal misses the tail of the coefficients, of the order of terms^(-3/2).
        tail = 0.5 - rectifier_coefficients(terms).sum()
        np.testing.assert_allclose(np.diag(rest), tail, atol=1e-14)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: paper_limit(np.eye(2), 1.5), NumericalError, r"below sqrt\(2\)\. Got 1\.5"),
        (lambda: paper_limit(np.eye(2), 0.0), NumericalError, r"above 0"),
        (lambda: paper_limit(2 * np.eye(2), 0.1), InvalidInputError,
         r"`paper_limit\(x=\.\.\.\)` must have rows of norm 1\. Got 2 in row 0"),
        (lambda: hermite_gram(np.eye(2), 0), InvalidInputError, "at least 1. Got 0"),
        (lambda: rectified_injection(gaussian(jnp.eye(2)), sf.Tanh(), 0.1, True),
         InvalidInputError, r"two rectifiers\. Got Relu\(\) in front of an equilibrium of Tanh"),
        (lambda: rectified_injection(sf.tangent.limit.input_kernel(jnp.eye(2)), sf.Relu(), 0.1,
                                     True),
         InvalidInputError, "source is not known"),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
