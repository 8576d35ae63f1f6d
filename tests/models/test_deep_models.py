"""Deep networks of Allen-Zhu, Li and Song: scales at the start, and what is trained."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.models.residual import branch_scale
from surefit.testing import check_layer


def unit_input(d=10):
    x = jax.random.normal(jax.random.key(0), (1, d))
    return x / jnp.linalg.norm(x)


def feature_norms(network, key, x):
    """Norms behind every activation, and all parameters."""
    params, norms = network.init(key, x.shape[1:]), []
    for layer, own in zip(network.layers, params, strict=True):
        x = layer.apply(own, x)
        if isinstance(layer, sf.Relu):
            norms.append(jnp.linalg.norm(x[0]))
    return jnp.stack(norms), x[0]


def test_only_hidden_matrices_are_trained():
    for network in (sf.models.fully_connected(6, 3, 2), sf.models.residual(6, 3, 2)):
        params = network.init(jax.random.key(0), (4,))
        trained = [
            (own["w"].shape, mask["w"])
            for own, mask in zip(params, network.trainable(params), strict=True)
            if own
        ]
        assert trained == [((6, 4), False), *[((6, 6), True)] * 3, ((2, 6), False)]


def test_entries_have_the_variances_of_the_paper():
    m, d, outputs = 300, 40, 50
    params = sf.models.fully_connected(m, 2, outputs).init(jax.random.key(3), (d,))
    matrices = [own["w"] for own in params if own]
    for w, variance in zip(matrices, (2 / m, 2 / m, 2 / m, 1 / outputs), strict=True):
        # The variance of a mean square of N Gaussians is 2/N of its square.
        assert np.mean(w**2) == pytest.approx(variance, rel=4 * math.sqrt(2 / w.size))


def test_norms_of_features_at_the_start():
    """Check values 1 and 2, by Fact 7.2: mean 1 and standard deviation sqrt(5 (l+1) / m) / 2."""
    m, depth, draws = 128, 3, 200
    network, x = sf.models.fully_connected(m, depth, 4), unit_input()
    keys = jax.random.split(jax.random.key(1), draws)
    norms, outputs = jax.jit(jax.vmap(lambda key: feature_norms(network, key, x)))(keys)
    norms = np.asarray(norms)
    spread = 0.5 * np.sqrt(5 * np.arange(1, depth + 2) / m)
    # Standard errors of a standard deviation and of a mean square; 4 of them, and O(1/m) beyond.
    np.testing.assert_allclose(norms.std(axis=0), spread, rtol=4 / math.sqrt(2 * draws) + 2 / m)
    assert np.all(np.abs(np.mean(norms**2, axis=0) - 1) <= 4 * 2 * spread / math.sqrt(draws))
    per_output = np.asarray(outputs).ravel()
    assert np.mean(per_output**2) == pytest.approx(1 / 4, rel=4 * math.sqrt(2.2 / draws))


@pytest.mark.slow
def test_norms_of_features_at_the_start_in_full():
    """Check values 1 and 2 as measured for the theory: 10 % and 2 % at width 256, 300 draws."""
    network, x = sf.models.fully_connected(256, 5), unit_input()
    keys = jax.random.split(jax.random.key(2), 300)
    norms = np.asarray(jax.lax.map(lambda key: feature_norms(network, key, x)[0], keys))
    spread = 0.5 * np.sqrt(5 * np.arange(1, 7) / 256)
    np.testing.assert_allclose(norms.std(axis=0), spread, rtol=0.10)
    np.testing.assert_allclose(np.mean(norms**2, axis=0), 1.0, atol=0.03)


def test_spectral_norms_at_the_start():
    """Check value 11: 2 sqrt(2) within 2 % at width 512."""
    params = sf.models.fully_connected(512, 1).init(jax.random.key(0), (3,))
    assert np.linalg.norm(params[2]["w"], 2) == pytest.approx(2 * math.sqrt(2), rel=0.02)


def test_norms_of_residual_features_stay_near_one():
    """Check value 12: depth 30, width 512, the tau of the paper: within 15 %."""
    network = sf.models.residual(512, 30)
    norms, _ = feature_norms(network, jax.random.key(4), unit_input())
    assert np.all(np.abs(np.asarray(norms) - 1) <= 0.15)


def test_residual_features_grow_with_larger_tau():
    growth = {}
    for tau in ("1/(L log m)", "1/L", "1/sqrt(L)", 1.0):
        norms, _ = feature_norms(
            sf.models.residual(128, 20, tau=tau), jax.random.key(5), unit_input()
        )
        growth[tau] = float(norms[-2])  # the last block; the layer behind it is a plain one
    order = list(growth.values())
    assert order == sorted(order)
    assert growth["1/sqrt(L)"] < 5 and growth[1.0] > 100


@pytest.mark.parametrize(
    ("tau", "value"),
    [("1/(L log m)", 1 / (4 * math.log(16))), ("1/L", 0.25), ("1/sqrt(L)", 0.5), (0.3, 0.3)],
)
def test_tau(tau, value):
    network = sf.models.residual(16, 4, tau=tau)
    assert {a.scale for a in network.layers if isinstance(a, sf.Residual)} == {value}
    assert branch_scale(tau, 4, 16) == value


def test_a_residual_network_by_hand():
    network, x = sf.models.residual(5, 2, 3, tau=0.4), jnp.ones((2, 4))
    params = network.init(jax.random.key(6), (4,))
    a, w1, w2, b = (np.asarray(own["w"]) for own in params if own)
    h = np.maximum(x @ a.T, 0)
    h = np.maximum(h + 0.4 * h @ w1.T, 0)
    h = np.maximum(h @ w2.T, 0)
    np.testing.assert_allclose(network.apply(params, x), h @ b.T, rtol=1e-12)


def test_zero_start():
    for build in (sf.models.fully_connected, sf.models.residual):
        problem = sf.Problem(build(8, 2, 2, zero_start=True), np.eye(3), np.ones((3, 2)))
        assert np.all(problem.predict(problem.init(0)) == 0)


def test_layers_conform():
    # Two hidden matrices: what a finite width adds is of the order of 1/width.
    check_layer(sf.models.fully_connected(32, 1, 8), (3,), seeds=1024, finite_width=2 / 32)


def test_the_limit_of_a_residual_network_is_refused_with_the_reason():
    with pytest.raises(InvalidInputError, match="activation"):
        sf.limit_kernel(sf.models.residual(8, 3), jnp.eye(3))


def test_refusals():
    with pytest.raises(InvalidInputError, match=r"`fully_connected\(depth=...\)` must be at least"):
        sf.models.fully_connected(8, 0)
    with pytest.raises(InvalidInputError, match=r"`residual\(depth=...\)` must be at least 1"):
        sf.models.residual(8, 0)
    with pytest.raises(InvalidInputError, match=r"`residual\(tau=...\)` must be positive"):
        sf.models.residual(8, 2, tau=0.0)
    with pytest.raises(InvalidInputError, match="must have a width of at least 2"):
        sf.models.residual(1, 2)
    with pytest.raises(UnknownNameError, match="1/L"):
        sf.models.residual(8, 2, tau="1/l")
    with pytest.raises(InvalidInputError, match=r"Dense\(features=...\)` must be at least 1"):
        sf.models.fully_connected(0, 2)
