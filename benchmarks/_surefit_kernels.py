"""Kernels by surefit, on request: the other side of `peers/neural_tangents_kernels.py`."""

import jax
import jax.numpy as jnp

import surefit as sf
from benchmarks.empirical_ntk import products
from benchmarks.peers._serving import serve

ACTIVATIONS = {"relu": sf.Relu, "gelu": sf.Gelu, "erf": sf.Erf, "tanh": sf.Tanh}


def network(case):
    std, bias = case["weight_std"], case["bias_std"]
    layers = []
    for width in case["widths"]:
        if case["kind"] == "images":
            layers.append(sf.Conv(width, 3, weight_std=std, bias_std=bias))
        else:
            layers.append(sf.Dense(width, weight_std=std, bias_std=bias))
        layers.append(ACTIVATIONS[case["activation"]]())
    if case["kind"] == "images":
        layers.append({"flatten": sf.Flatten, "average": sf.GlobalAveragePool}[case["end"]]())
    return sf.Serial(*layers, sf.Dense(case["outputs"], weight_std=std, bias_std=bias))


def parameters(case, arrays):
    """Those of `network`: weights (features, width) of every dense layer."""
    weights = iter([jnp.asarray(arrays[f"w{k}"]) for k in range(len(case["widths"]) + 1)])
    layers = network(case).layers
    return tuple({"w": next(weights)} if isinstance(layer, sf.Dense) else () for layer in layers)


def floor(case, arrays):
    """The matrix products that nothing avoids, and what they are made of."""
    x = jnp.asarray(arrays["x"])
    if case["kind"] == "empirical":
        weights = [jnp.asarray(arrays[f"w{k}"]) for k in range(3)]
        return products(case["outputs"], case["output"]), (*weights, x)
    return jax.jit(lambda v: (v @ v.T,)), (x.reshape(len(x), -1),)


def prepare(case, arrays):
    x = jnp.asarray(arrays["x"])
    assert x.dtype == case["dtype"]
    if case["side"] == "floor":
        product, given = floor(case, arrays)
        return lambda: jax.block_until_ready(product(*given))
    if case["kind"] == "empirical":
        net, params = network(case), parameters(case, arrays)
        compiled = jax.jit(
            lambda params, x: sf.empirical_ntk(net, params, x, outputs=case["output"])
        )
        return lambda: (jax.block_until_ready(compiled(params, x)),)
    net = network(case)

    def action():
        kernel = sf.limit_kernel(net, x)
        return jax.block_until_ready((kernel.nngp, kernel.ntk))

    return action


if __name__ == "__main__":
    serve(prepare, lambda: jax.block_until_ready(jax.jit(lambda v: v @ v)(jnp.eye(2))))
