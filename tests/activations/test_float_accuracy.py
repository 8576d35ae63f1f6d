"""The accuracy of elementary functions that certificates about float64 assume, against mpmath."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from surefit.activations import ACTIVATIONS

EXACT = {
    "tanh": mpmath.tanh,
    "sin": mpmath.sin,
    "erf": mpmath.erf,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "gelu": lambda z: z * mpmath.ncdf(z),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
}
# docs/certificate-format.md, of values relative to those above 1.
VALUES, DERIVATIVES = 2.0**-48, 2.0**-44


def points():
    """Where activations bend, where they are flat, and next to zero."""
    rng = np.random.default_rng(0)
    far = rng.uniform(14, 22, 60)
    near = 10.0 ** rng.uniform(-12, 0, 40)
    return np.concatenate([3 * rng.normal(size=80), far, -far, near, -near])


def worst(found, exact):
    return max(
        abs(mpmath.mpf(float(value)) - true) / max(1, abs(true))
        for value, true in zip(found, exact, strict=True)
    )


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_are_as_accurate_as_certificates_assume(name, compiled):
    activation, function, z = ACTIVATIONS[name](), EXACT[name], points()
    run = jax.jit if compiled else (lambda f: f)
    value = np.asarray(run(activation.__call__)(jnp.asarray(z)))
    slope = np.asarray(run(activation.derivative)(jnp.asarray(z)))
    with mpmath.workdps(60):
        at = [mpmath.mpf(float(one)) for one in z]
        assert worst(value, [function(one) for one in at]) <= VALUES
        assert worst(slope, [mpmath.diff(function, one) for one in at]) <= DERIVATIVES
