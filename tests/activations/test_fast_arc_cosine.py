"""The arc-cosine kernels as polynomials, against mpmath."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from surefit.activations import LeakyRelu
from surefit.activations.fast_arc_cosine import (
    DEGREES,
    angle_and_excess,
    arc_cosine_pair,
    coefficients,
    rectifier_pair,
)


def exact(defect):
    """The angle and sine minus angle times cosine, for an exact binary number."""
    with mpmath.workdps(60):
        theta = 2 * mpmath.asin(mpmath.sqrt(mpmath.mpf(float(defect)) / 2))
        return theta, mpmath.sin(theta) - theta * mpmath.cos(theta)


# Six roundings at most; a step of the machine's floats is twice the half unit of one rounding.
@pytest.mark.parametrize(("dtype", "units"), [("float64", 2.0), ("float32", 2.0)])
def test_both_functions_have_the_accuracy_of_the_type(dtype, units):
    defects = np.concatenate([np.linspace(0, 1, 101)[1:], 10.0 ** -np.arange(1, 20)]).astype(dtype)
    found = angle_and_excess(jnp.asarray(defects))
    for position, e in enumerate(defects):
        for value, true in zip(found, exact(e), strict=True):
            error = abs(float(mpmath.mpf(float(value[position])) / true - 1))
            assert error <= units * np.finfo(dtype).eps, (e, error)


def test_coefficients_are_those_of_the_chebyshev_expansion():
    # The integrals of the projection onto Chebyshev polynomials, by mpmath's quadrature.
    degree = DEGREES["float64"]
    first, _ = coefficients("float64")
    with mpmath.workdps(40):

        def a(e):
            return 2 * mpmath.asin(mpmath.sqrt(e / 2)) / mpmath.sqrt(e) if e else mpmath.sqrt(2)

        nodes = 64
        angles = [mpmath.pi * (2 * k + 1) / (2 * nodes) for k in range(nodes)]
        values = [a((1 + mpmath.cos(t)) / 2) for t in angles]
        chebyshev = [
            2
            * mpmath.fsum(v * mpmath.cos(j * t) for v, t in zip(values, angles, strict=True))
            / nodes
            for j in range(degree + 1)
        ]
        chebyshev[0] /= 2
        total = mpmath.mpf(0)
        for e in (mpmath.mpf("0.1"), mpmath.mpf("0.7")):
            cut = mpmath.fsum(c * mpmath.chebyt(j, 2 * e - 1) for j, c in enumerate(chebyshev))
            total = mpmath.fsum(mpmath.mpf(c) * e**k for k, c in enumerate(first))
            assert abs(total - cut) < 3e-16


def test_the_ends_and_the_middle_are_exact():
    step, ramp = arc_cosine_pair(jnp.asarray([1.0, -1.0, 0.0]))
    np.testing.assert_allclose(step, [1.0, 0.0, 0.5], rtol=0, atol=2e-16)
    np.testing.assert_allclose(ramp, [1.0, 0.0, 1 / np.pi], rtol=0, atol=2e-16)
    beyond = jnp.asarray([1.0 + 1e-15, -1.0 - 1e-15])
    assert np.isfinite(np.asarray(arc_cosine_pair(beyond))).all()


def test_a_known_defect_keeps_its_digits():
    tiny = 1e-18
    step, ramp = arc_cosine_pair(jnp.ones(()), jnp.asarray(tiny))
    assert float(1 - step) == pytest.approx(np.sqrt(2 * tiny) / np.pi, rel=1e-6)
    assert float(ramp) == 1.0


@pytest.mark.parametrize("slope", [0.0, 0.2, -1.0])
def test_pairs_of_rectifiers_are_their_duals(slope):
    rho = jnp.linspace(-1.0, 1.0, 9)
    value, derivative = rectifier_pair(rho, slope)
    activation, one = LeakyRelu(slope), jnp.ones(())
    np.testing.assert_allclose(value, activation.dual(rho, one, one), atol=1e-15)
    np.testing.assert_allclose(derivative, activation.derivative_dual(rho, one, one), atol=1e-15)


def test_derivatives_are_finite_at_the_ends():
    def total(rho):
        return sum(jnp.sum(part) for part in arc_cosine_pair(rho))

    assert np.isfinite(jax.grad(total)(jnp.asarray([1.0, -1.0, 0.3]))).all()
