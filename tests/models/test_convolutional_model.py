"""The convolutional network of Allen-Zhu, Li and Song: scales at the start, what is trained."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.testing.claims import quick_jit
from surefit.testing.limit import claim_limit


def feature_norms(network, key, x):
    params, norms = network.init(key, x.shape[1:]), []
    for layer, own in zip(network.layers, params, strict=True):
        x = layer.apply(own, x)
        if isinstance(layer, sf.Relu):
            norms.append(jnp.linalg.norm(x.reshape(-1)))
    return jnp.stack(norms)


@pytest.mark.parametrize("shared", [False, True])
def test_entries_and_masks_are_those_of_the_paper(shared):
    m, outputs = 12, 5
    network = sf.models.convolutional((4, 5), m, 2, outputs, shared=shared, bias_scale=0.2)
    params = network.init(jax.random.key(0), (4, 5, 2))
    mask = network.trainable(params)
    moving = [
        (leaf.shape, moves)
        for leaf, moves in zip(jax.tree.leaves(params), jax.tree.leaves(mask), strict=True)
    ]
    front = () if shared else (20,)
    bias = (m,) if shared else (4, 5, m)
    assert moving == [
        ((*front, m, 18), False), ((*front, m, 9 * m), True), (bias, False),
        ((20 * m, 20 * m), True), ((20 * m,), False), ((outputs, 20 * m), False),
    ]  # fmt: skip
    due = [2 / (9 * m), 2 / (9 * m), 0.2**2 * 2 / m, 2 / (20 * m), 0.2**2 * 2 / m, 1 / outputs]
    for leaf, variance in zip(jax.tree.leaves(params), due, strict=True):
        # The variance of a mean square of N Gaussians is 2/N of its square.
        assert np.mean(leaf**2) == pytest.approx(variance, rel=4.5 * math.sqrt(2 / leaf.size))


@pytest.mark.parametrize("shared", [False, True])
def test_norms_stay_near_one_on_a_ring(shared):
    # On average, at every depth, for every input of norm 1: what q-regularity is for.
    network = sf.models.convolutional((8,), 12, 4, shared=shared, bias_scale=None)
    x = jax.random.normal(jax.random.key(1), (1, 8, 2))
    x = x / jnp.linalg.norm(x)
    draws = 300
    keys = jax.random.split(jax.random.key(2), draws)
    norms = np.asarray(quick_jit(jax.vmap(lambda key: feature_norms(network, key, x)))(keys))
    square = norms**2
    error = square.std(axis=0, ddof=1) / math.sqrt(draws)
    assert norms.shape == (draws, 5)
    assert np.all(np.abs(square.mean(axis=0) - 1) <= 4.5 * error)
    assert np.all(error < 0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("shared", "low", "high"), [(False, 0.82, 1.33), (True, 0.67, 1.20)])
def test_norms_of_the_measured_ring(shared, low, high):
    """16 positions, q = 3, m = 64, L = 6: the measured norms are those of an ordinary draw.

    A single draw may leave the measured range, which has no probability attached to it: of many,
    the mean square is 1 at every depth and the middle half is inside.
    """
    network = sf.models.convolutional((16,), 64, 6, shared=shared, bias_scale=None)
    x = jax.random.normal(jax.random.key(1), (1, 16, 1))
    x = x / jnp.linalg.norm(x)
    compiled, draws = quick_jit(lambda key: feature_norms(network, key, x)), 400
    norms = np.stack([compiled(key) for key in jax.random.split(jax.random.key(2), draws)])
    error = (norms**2).std(axis=0, ddof=1) / math.sqrt(draws)
    assert np.all(np.abs((norms**2).mean(axis=0) - 1) <= 4.5 * error)
    lower, upper = np.quantile(norms, [0.25, 0.75], axis=0)
    assert np.all(lower > low)
    assert np.all(upper < high)


@pytest.mark.parametrize("shared", [False, True])
def test_the_limit_is_the_mean_over_draws(shared):
    network = sf.models.convolutional((4,), 16, 1, shared=shared, bias_scale=0.5)
    x = jax.random.normal(jax.random.key(1), (3, 4, 1))
    claim_limit(network, x, seeds=800, finite_width=0.05)


def test_the_tangent_kernel_of_unit_inputs():
    # With v = m'/(2 d), m' = positions x m, coming back behind the last rectifier: the dense layer
    # sees norm 1; the windows of a convolution see q in total, and v / positions comes back to
    # each. Hence K(x, x) = v (1 + (L - 1) q / positions).
    network = sf.models.convolutional((6,), 8, 3, 2, bias_scale=None)
    x = jax.random.normal(jax.random.key(1), (2, 6, 1))
    x = x / jnp.linalg.norm(x, axis=(1, 2), keepdims=True)
    limit = quick_jit(lambda v: sf.limit_kernel(network, v))(x)
    assert limit.variance1 == pytest.approx(0.5, rel=1e-12)
    assert np.diag(limit.ntk) == pytest.approx(48 / 4 * (1 + 2 * 3 / 6), rel=1e-12)


def test_misuse_is_refused():
    with pytest.raises(InvalidInputError, match=r"depth=...\)` must be at least 1. Got 0"):
        sf.models.convolutional((8,), 4, 0)
    with pytest.raises(
        InvalidInputError, match=r"3 or more positions along every axis. Got \(8, 2"
    ):
        sf.models.convolutional((8, 2), 4)


def test_a_start_at_zero():
    network = sf.models.convolutional((4,), 3, 1, zero_start=True)
    x = jnp.ones((2, 4, 1))
    np.testing.assert_array_equal(network.apply(network.init(jax.random.key(0), (4, 1)), x), 0.0)
