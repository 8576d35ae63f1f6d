"""The empirical tangent kernel: layerwise factors against the Jacobian."""

import jax
import jax.numpy as jnp

import surefit as sf
from benchmarks._pairs import compare
from surefit.tangent import jacobian


def main():
    for name, network in {
        "one hidden layer, m = 512": sf.models.shallow(512),
        "three hidden layers, m = 256": sf.models.multilayer(256, 3),
    }.items():
        x = jax.random.normal(jax.random.key(0), (300, 64))
        params = network.init(jax.random.key(1), (64,))

        @jax.jit
        def factors(params, x, network=network):
            return sf.empirical_ntk(network, params, x)

        @jax.jit
        def direct(params, x, network=network):
            rows = jacobian(network, params, x)[:, 0]
            return rows @ rows.T

        gap = jnp.abs(factors(params, x) - direct(params, x)).max()
        assert gap < 1e-3, gap
        compare(
            f"Gram matrix, n = 300, {name}, layerwise factors against the Jacobian",
            lambda f=factors, p=params, x=x: f(p, x),
            lambda f=direct, p=params, x=x: f(p, x),
        )
