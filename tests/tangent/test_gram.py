import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.tangent import routes
from surefit.tangent.gram import jacobian, tangent_blocks
from surefit.tangent.walk import factorises

NETWORKS = {
    "ntk": sf.Serial(sf.Dense(6), sf.Tanh(), sf.Dense(2)),
    "bias": sf.Serial(sf.Dense(6, bias_std=0.5), sf.Tanh(), sf.Dense(2, bias_std=0.3)),
    "standard": sf.Serial(sf.Dense(6, parameterisation="standard"), sf.Relu(), sf.Dense(2)),
    "mean_field": sf.Serial(sf.Dense(6), sf.Tanh(), sf.Dense(2, parameterisation="mean_field")),
    "frozen": sf.Serial(sf.Dense(6), sf.Tanh(), sf.Dense(2, trained=False)),
    "residual": sf.Serial(
        sf.Dense(4),
        sf.Residual(sf.Serial(sf.Tanh(), sf.Dense(4, bias_std=1.0)), 0.5),
        sf.Tanh(),
        sf.Dense(2),
    ),
    "centred": sf.Centred(sf.Serial(sf.Dense(6), sf.Tanh(), sf.Dense(2, bias_std=0.3))),
    "centred inside": sf.Serial(
        sf.Dense(4), sf.Centred(sf.Serial(sf.Tanh(), sf.Dense(5))), sf.Tanh(), sf.Dense(2)
    ),
    "antisymmetric": sf.Antisymmetric(sf.Serial(sf.Dense(6), sf.Tanh(), sf.Dense(2))),
}


def data(n=5, d=3, seed=0):
    return jax.random.normal(jax.random.key(seed), (n, d))


@pytest.mark.parametrize("name", NETWORKS)
def test_factored_route_equals_the_jacobian(name):
    network, x1, x2 = NETWORKS[name], data(), data(4, seed=1)
    params = network.init(jax.random.key(2), (3,))
    assert factorises(network, params)
    fast = tangent_blocks(network, params, x1, x2)
    j1, j2 = jacobian(network, params, x1), jacobian(network, params, x2)
    np.testing.assert_allclose(fast, jnp.einsum("iap,jbp->abij", j1, j2), rtol=1e-13, atol=1e-13)


def test_a_plain_function_goes_through_the_jacobian():
    network, x = NETWORKS["bias"], data()
    params = network.init(jax.random.key(2), (3,))
    np.testing.assert_allclose(
        sf.empirical_ntk(network.apply, params, x),
        sf.empirical_ntk(network, params, x),
        rtol=1e-13,
    )


def test_a_kernel_without_trained_parameters_is_zero():
    x = data()
    for network in (
        sf.Tanh(),
        sf.Serial(sf.Dense(4, trained=False), sf.Tanh()),
        sf.Centred(sf.Dense(4, trained=False)),
    ):
        params = network.init(jax.random.key(2), (3,))
        width = network.output_shape((3,))[0]
        assert jacobian(network, params, x).shape == (5, width, 0)
        blocks = tangent_blocks(network, params, x)
        np.testing.assert_array_equal(blocks, np.zeros((width, width, 5, 5)))


def test_outputs_select_blocks():
    network, x = NETWORKS["ntk"], data()
    params = network.init(jax.random.key(2), (3,))
    every = sf.empirical_ntk(network, params, x, outputs="full")
    assert every.shape == (5, 5, 2, 2)
    one = sf.empirical_ntk(network, params, x, outputs=1)
    np.testing.assert_allclose(one, every[..., 1, 1], rtol=1e-13)
    two = sf.empirical_ntk(network, params, x, outputs="per_output")
    np.testing.assert_allclose(two, jnp.einsum("ijaa->ija", every), rtol=1e-13)
    trace = sf.empirical_ntk(network, params, x, outputs="trace")
    np.testing.assert_allclose(trace, jnp.trace(every, axis1=2, axis2=3), rtol=1e-13)
    mean = (every[..., 0, 0] + every[..., 1, 1]) / 2
    np.testing.assert_allclose(sf.empirical_ntk(network, params, x), mean, rtol=1e-14)
    with pytest.raises(sf.errors.InvalidInputError, match="the number of an output below 2"):
        sf.empirical_ntk(network, params, x, outputs=2)


def test_problem_gram_is_the_jacobian_gram_and_the_product():
    network, x = NETWORKS["residual"], np.asarray(data())
    problem = sf.Problem(network, x, np.ones((5, 2)))
    params = problem.init(0)
    j = problem.jacobian(params)
    np.testing.assert_allclose(problem.gram(params), j @ j.T, rtol=1e-12, atol=1e-13)
    v = np.linspace(-1, 1, 10)
    np.testing.assert_allclose(problem.gram_product(params, v), j @ (j.T @ v), rtol=1e-12)


@pytest.mark.parametrize(
    ("network", "width"),
    [
        (lambda m: sf.Serial(sf.Dense(m), sf.Relu(), sf.Dense(1)), 1024),
        (sf.models.two_layer, 1024),
        (lambda m: sf.Serial(sf.Dense(m, 1.3, 0.4), sf.Relu(), sf.Dense(1, 0.7, 0.2)), 1024),
        (lambda m: sf.Serial(sf.Dense(m, bias_std=0.3), sf.Relu(), sf.Dense(m), sf.Relu(),
                             sf.Dense(1)), 256),
    ],
)  # fmt: skip
def test_empirical_kernel_tends_to_its_limit(network, width):
    x = data(6, 4)
    seeds = 8
    limit = sf.limit_kernel(network(width), x).ntk
    draws = jnp.stack(
        [
            sf.empirical_ntk(network(width), network(width).init(jax.random.key(s), (4,)), x)
            for s in range(seeds)
        ]
    )
    error = jnp.std(draws, axis=0, ddof=1) / seeds**0.5
    # Six standard errors of the mean; the bias of a finite width is of the order of 1/m.
    bound = 6 * error + 4 * jnp.max(limit) / width
    assert bool(jnp.all(jnp.abs(jnp.mean(draws, axis=0) - limit) <= bound))


IMAGE_NETWORKS = {
    "shared": (sf.Conv(3, 2, bias_std=0.5), sf.Tanh(), sf.Flatten()),
    "strides": (sf.Conv(3, 2, 2, "circular", parameterisation="standard"), sf.Relu(), sf.Flatten()),
    "not shared": (sf.Conv(3, 2, bias_std=0.5, shared=False), sf.Tanh(), sf.GlobalAveragePool()),
    "two, one frozen": (
        sf.Conv(3, 2), sf.Tanh(), sf.Conv(2, 2, trained=False), sf.AveragePool(2, 1), sf.Flatten()
    ),
    "fixed biases": (sf.Conv(3, 2), sf.Bias(0.4, trained=False), sf.Tanh(), sf.Flatten()),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
@pytest.mark.parametrize("pairs", [True, False])
def test_both_routes_of_convolutions_equal_the_jacobian(name, pairs, monkeypatch):
    monkeypatch.setattr(routes, "pairs_are_cheaper", lambda *sizes: pairs)
    network = sf.Serial(*IMAGE_NETWORKS[name], sf.Dense(2))
    x1, x2 = (jax.random.normal(jax.random.key(s), (n, 3, 4, 2)) for s, n in ((0, 3), (1, 2)))
    params = network.init(jax.random.key(2), (3, 4, 2))
    assert factorises(network, params)
    fast = jax.jit(lambda p: tangent_blocks(network, p, x1, x2))(params)
    j1, j2 = (jax.jit(lambda p, x=x: jacobian(network, p, x))(params) for x in (x1, x2))
    np.testing.assert_allclose(fast, jnp.einsum("iap,jbp->abij", j1, j2), rtol=1e-12, atol=1e-13)


def test_the_cheaper_route_is_taken():
    # Few positions and many weights: pairs of positions; many positions: gradients of examples.
    assert routes.pairs_are_cheaper(routes.Sizes(1, 10, 10, 1, 4, 576, 64))
    many = routes.Sizes(1, 10, 10, 1, 1024, 27, 16)
    assert not routes.pairs_are_cheaper(many)
    assert many.cost().operations == 4 * 10 * 1024 * 27 * 16 + 2 * 100 * 27 * 16
    few = routes.Sizes(1, 10, 10, 1, 4, 576, 64)
    assert few.cost().operations == 2 * 100 * 4 * (4 * 576 + 4 * 64 + 64)
    dense = routes.Sizes(2, 5, 5, 1, 1, 4, 3)
    assert dense.cost().operations == 2 * 25 * (4 + 4 * 3)
    assert dense.cost("trace").operations == 2 * 25 * (4 + 2 * 3)


def test_trained_biases_of_their_own_do_not_factorise():
    network = sf.Serial(sf.Dense(4), sf.Bias(0.4), sf.Tanh(), sf.Dense(1))
    params = network.init(jax.random.key(2), (3,))
    assert not factorises(network, params)
