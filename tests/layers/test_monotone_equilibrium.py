"""The equilibrium that no value of the weights can destroy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.activations import Gelu, Relu, Tanh
from surefit.errors import InvalidInputError
from surefit.implicit import Newton, PeacemanRachford, Picard
from surefit.layers import Dense, MonotoneEquilibrium, Serial
from surefit.tangent import empirical_ntk, limit_kernel
from surefit.tangent.walk import factorises

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (3, 6))

REFUSED = {
    "features": (lambda: MonotoneEquilibrium(0), r"features=...\)` must be at least 1. Got 0"),
    "no margin": (lambda: MonotoneEquilibrium(4, margin=0.0), r"margin=...\)` must lie in \(0, 1"),
    "margin": (lambda: MonotoneEquilibrium(4, margin=1.5), r"Got 1.5. It is the strong monoton"),
    "std": (lambda: MonotoneEquilibrium(4, weight_std=-1.0), r"weight_std=...\)` must be positive"),
    "activation": (lambda: MonotoneEquilibrium(4, Gelu()), r"nowhere decreases.*Got Gelu\(\)"),
    "input shape": (
        lambda: MonotoneEquilibrium(4).output_shape((3,)),
        r"must be given examples of shape \(4,\). Got \(3,\).*Put `Dense\(4\)` before it",
    ),
    "limit": (
        lambda: limit_kernel(Serial(Dense(6), MonotoneEquilibrium(6)), X),
        r"`MonotoneEquilibrium.kernel`.*A\^T A, whose entries are not independent.*`Equilibrium`",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_refused_with_the_reason(name):
    call, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        call()


def test_the_weights_are_monotone_whatever_the_parameters_are():
    layer = MonotoneEquilibrium(6, margin=0.2)
    for scale in (0.0, 1.0, 30.0):
        w = layer.matrix(jax.tree.map(lambda p, s=scale: s * p, layer.init(KEY, (6,))))
        symmetric = np.eye(6) - (w + w.T) / 2
        assert np.linalg.eigvalsh(symmetric)[0] >= 0.2 - 1e-12 * (1 + scale**2)
    assert np.linalg.norm(w, 2) > 100


@pytest.mark.parametrize("activation", [Relu(), Tanh()], ids=lambda a: type(a).__name__)
def test_the_equilibrium_exists_far_beyond_contraction_and_is_lipschitz(activation):
    layer = MonotoneEquilibrium(6, activation, margin=0.3, solver=Newton())
    params = jax.tree.map(lambda p: 4.0 * p, layer.init(KEY, (6,)))
    h = layer.apply(params, X)
    w = layer.matrix(params)
    assert np.linalg.norm(w, 2) > 3
    np.testing.assert_allclose(activation(h @ w.T + X), h, atol=1e-13)
    splitting = MonotoneEquilibrium(6, activation, margin=0.3, solver=PeacemanRachford())
    np.testing.assert_allclose(splitting.apply(params, X), h, atol=1e-11)
    assert not np.any(
        MonotoneEquilibrium(6, activation, margin=0.3, solver=Picard()).solve(params, X).converged
    )
    moved = layer.apply(params, X + 0.5 * jnp.cos(X))
    assert np.all(
        np.linalg.norm(moved - h, axis=1) <= np.linalg.norm(0.5 * jnp.cos(X), axis=1) / 0.3
    )


def test_the_tangent_kernel_goes_through_the_jacobian():
    network = Serial(Dense(6), MonotoneEquilibrium(6), Dense(1))
    params = network.init(KEY, (6,))
    assert not factorises(network, params)
    jacobian = jax.jacobian(lambda p: network.apply(p, X)[:, 0])(params)
    rows = np.concatenate([np.asarray(a).reshape(3, -1) for a in jax.tree.leaves(jacobian)], 1)
    np.testing.assert_allclose(empirical_ntk(network, params, X), rows @ rows.T, rtol=1e-11)


def test_only_what_is_trained_moves():
    layer = MonotoneEquilibrium(6, trained=False)
    assert layer.trainable(layer.init(KEY, (6,))) == {"a": False, "b": False}
