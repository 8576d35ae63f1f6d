"""Dropout: masks that belong to examples, and what they do to kernels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers.dropout import drops
from surefit.tangent.limit import input_kernel
from surefit.testing.claims import quick_jit
from surefit.testing.limit import claim_limit

KEY = jax.random.key(8)
X = jax.random.normal(jax.random.key(9), (4, 2000))
LAYER = sf.Dropout(0.25)
PARAMS = LAYER.init(KEY, (2000,))


# One program for all tests: four examples.
APPLY = quick_jit(LAYER.apply)


def masks(x, params=PARAMS):
    return np.asarray(APPLY(params, x)) != 0.0


def test_what_is_kept_is_divided_by_its_probability():
    kept = masks(X)
    # 8000 draws of a coin with probability 3/4.
    assert abs(kept.mean() - 0.75) <= 4 * np.sqrt(0.75 * 0.25 / 8000)
    np.testing.assert_allclose(APPLY(PARAMS, X), np.where(kept, X / 0.75, 0.0), rtol=1e-15)


def test_masks_of_different_examples_are_independent():
    # Also of an example and its double, of its negative, and of one that is a hundredth away.
    first = np.asarray(X[:1])
    others = np.concatenate([2.0 * first, -first, 1.01 * first, np.roll(first, 1)])
    centred = (np.concatenate([masks(X), masks(others)]) - 0.75) / np.sqrt(0.75 * 0.25)
    correlations = centred @ centred.T / 2000
    assert np.max(np.abs(correlations - np.diag(np.diag(correlations)))) <= 5 / np.sqrt(2000)


def test_an_example_keeps_its_mask():
    np.testing.assert_array_equal(masks(X[np.array([2, 0, 2, 1])]), masks(X)[[2, 0, 2, 1]])
    np.testing.assert_array_equal(masks(X * (1.0 + 1e-9)), masks(X))
    other = LAYER.init(jax.random.key(10), (2000,))
    assert abs(np.mean(masks(X) == masks(X, other)) - 0.625) <= 4 * np.sqrt(0.625 * 0.375 / 8000)


def test_gradients_are_those_of_the_masked_network():
    gradient = quick_jit(jax.grad(lambda x: jnp.sum(LAYER.apply(PARAMS, x))))(X)
    np.testing.assert_allclose(gradient, masks(X) / 0.75, rtol=1e-15)
    assert not np.any(APPLY(PARAMS, jnp.zeros((4, 2000))))


def test_nothing_is_left_out_in_test_mode_and_the_parameters_fit():
    network = sf.Serial(sf.Dense(8), sf.Relu(), sf.Dropout(0.5), sf.Dense(1))
    tested = sf.Serial(*network.layers[:2], sf.Dropout(0.5, mode="test"), network.layers[3])
    plain = sf.Serial(*network.layers[:2], network.layers[3])
    params = quick_jit(network.init, static_argnums=1)(KEY, (3,))
    x = X[:, :3]
    due = plain.apply((*params[:2], params[3]), x)
    np.testing.assert_array_equal(tested.apply(params, x), due)
    k = input_kernel(x)
    assert sf.Dropout(0.5, mode="test").kernel(k) is k and sf.Dropout(0.0).kernel(k) is k
    assert drops(network) and not drops(tested) and drops(sf.Residual(network))
    assert network.trainable(params)[2] == {"seed": False}


def test_only_what_meets_itself_grows():
    x = X[:, :3]
    noisy = sf.Serial(sf.Dense(4), sf.Dropout(0.2))
    plain, found, two = quick_jit(
        lambda x: (sf.limit_kernel(sf.Dense(4), x), sf.limit_kernel(noisy, x),
                   sf.limit_kernel(noisy, x, x))
    )(x)  # fmt: skip
    gain = np.ones((4, 4)) + 0.25 * np.eye(4)
    for name in ("nngp", "ntk"):
        np.testing.assert_allclose(getattr(found, name), gain * getattr(plain, name), rtol=1e-14)
    assert not found.gaussian
    # Equal examples of two batches have masks of their own.
    np.testing.assert_allclose(two.nngp, plain.nngp, rtol=1e-12)
    np.testing.assert_allclose(two.variance2, found.variance1, rtol=1e-12)


def test_positions_have_masks_of_their_own():
    x = jax.random.normal(KEY, (2, 3, 4))
    network = sf.Serial(sf.Conv(2, 1), sf.Dropout(0.2))
    plain, found = quick_jit(
        lambda x: [
            sf.limit_kernel(own, x, cross_positions=True) for own in (sf.Conv(2, 1), network)
        ]
    )(x)
    own = np.eye(2)[:, :, None, None] * np.eye(3)[None, None]
    np.testing.assert_allclose(found.nngp, (1 + 0.25 * own) * plain.nngp, rtol=1e-13)


@pytest.mark.slow
def test_limit_of_a_deep_network_with_dropout_is_the_mean_over_draws():
    network = sf.Serial(
        sf.Dropout(0.1), sf.Dense(256), sf.Relu(), sf.Dropout(0.4), sf.Dense(256), sf.Relu(),
        sf.Dropout(0.3), sf.Dense(4),
    )  # fmt: skip
    claim_limit(network, X[:3, :8], seeds=192, finite_width=0.02, at_once=16)
    images = sf.Serial(sf.Conv(16, 1), sf.Dropout(0.2))
    claim_limit(images, X[:2, :12].reshape(2, 3, 4), seeds=256)


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_rates_that_are_no_probabilities_are_refused(rate):
    with pytest.raises(InvalidInputError, match=rf"must lie in \[0, 1\). Got {rate}"):
        sf.Dropout(rate)


def test_unknown_modes_suggest_the_nearest():
    # Below the checked annotation, which would refuse the value first.
    layer = object.__new__(sf.Dropout)
    object.__setattr__(layer, "rate", 0.5)
    object.__setattr__(layer, "mode", "tran")
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        layer.__post_init__()
