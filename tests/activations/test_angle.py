import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from surefit.activations import Relu
from surefit.activations.angle import angle, correlation, gap


def exact_gap(c, s, t):
    with mpmath.workdps(60):
        return mpmath.mpf(s) * mpmath.mpf(t) - mpmath.mpf(c) ** 2


def exact_angle(c, s, t):
    with mpmath.workdps(60):
        return float(mpmath.atan2(mpmath.sqrt(max(exact_gap(c, s, t), 0)), mpmath.mpf(c)))


def cases(spread, sign):
    rng = np.random.default_rng(0)
    s = rng.uniform(0.1, 10, 60)
    t = s * (1 + spread * rng.uniform(0, 1, 60))
    c = sign * np.sqrt(s * t) * (1 - 10.0 ** rng.uniform(-15, -1, 60))
    # Rounding may leave a pair that no Gaussian has.
    keep = [exact_gap(*triple) > 0 for triple in zip(c, s, t, strict=True)]
    return c[keep], s[keep], t[keep]


@pytest.mark.parametrize("sign", [1, -1])
def test_angles_between_features_of_equal_variance_keep_all_digits(sign):
    c, s, t = cases(0.0, sign)
    expected = np.array([exact_angle(*triple) for triple in zip(c, s, t, strict=True)])
    found = np.asarray(angle(*map(jnp.asarray, (c, s, t))))
    if sign < 0:
        expected, found = np.pi - expected, np.pi - found
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=5e-16)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("spread", [0.0, 1e-8, 1e-3, 0.3, 5.0])
def test_gap_loses_no_more_than_the_variances_differ(spread):
    c, s, t = cases(spread, 1)
    expected = np.array([float(exact_gap(*triple)) for triple in zip(c, s, t, strict=True)])
    found = np.asarray(gap(*map(jnp.asarray, (c, s, t))))
    unavoidable = 8 * np.finfo(float).eps * np.maximum(s, t) ** 2
    allowed = 1e-14 * expected + unavoidable * min(spread, 1)
    assert np.all(np.abs(found - expected) <= allowed)


def test_gap_and_angle_at_the_edges():
    one, zero = jnp.ones(()), jnp.zeros(())
    assert gap(one, one, one) == 0 and gap(one * (1 + 1e-15), one, one) == 0
    assert angle(one, one, one) == 0 and angle(-one, one, one) == jnp.pi
    assert angle(zero, zero, one) == jnp.pi / 2 and angle(zero, zero, zero) == jnp.pi / 2
    assert correlation(zero, zero, one) == 0 and correlation(2 * one, one, one) == 1


def test_gradients_are_finite_and_right_also_at_the_edges():
    for c, s, t in ((0.3, 1.0, 1.0), (1.0, 1.0, 1.0), (-1.0, 1.0, 1.0), (0.0, 0.0, 2.0)):
        at = tuple(map(jnp.asarray, (c, s, t)))
        slopes = jax.grad(gap, argnums=(0, 1, 2))(*at)
        np.testing.assert_allclose(slopes, (-2 * c, t, s), atol=1e-15)
        assert np.isfinite(jax.grad(correlation, argnums=(0, 1, 2))(*at)).all()
        # The derivative of the rectifier's dual exists at every correlation.
        slopes = jax.grad(Relu().dual, argnums=(0, 1, 2))(*at)
        assert slopes[0] == Relu().derivative_dual(*at)
        assert np.isfinite(slopes).all()


def test_gradient_of_the_rectifier_dual_by_the_variances():
    at = tuple(map(jnp.asarray, (0.4, 1.3, 0.6)))
    for which in (1, 2):
        slope = jax.grad(Relu().dual, argnums=which)(*at)
        up, down = (
            Relu().dual(*(a + h * (i == which) for i, a in enumerate(at))) for h in (1e-6, -1e-6)
        )
        np.testing.assert_allclose(slope, (up - down) / 2e-6, rtol=1e-8)
