"""Kernels by neural-tangents, on request, in an environment of its own (`make bench-peers`)."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import functools
import math

import jax
import jax.numpy as jnp
import neural_tangents as nt
from _serving import serve
from neural_tangents import stax


def activation(name):
    return {
        "relu": stax.Relu,
        "gelu": stax.Gelu,
        "erf": stax.Erf,
        # Not in closed form; 25 nodes are its default.
        "tanh": functools.partial(stax.ElementwiseNumerical, jnp.tanh, deg=25),
    }[name]()


def network(case):
    std, bias = case["weight_std"], case["bias_std"]
    layers = []
    for width in case["widths"]:
        if case["kind"] == "images":
            layers.append(stax.Conv(width, (3, 3), padding="SAME", W_std=std, b_std=bias))
        else:
            layers.append(stax.Dense(width, W_std=std, b_std=bias))
        layers.append(activation(case["activation"]))
    if case["kind"] == "images":
        layers.append({"flatten": stax.Flatten, "average": stax.GlobalAvgPool}[case["end"]]())
    return stax.serial(*layers, stax.Dense(case["outputs"], W_std=std, b_std=bias))


def limit(case, x):
    _, _, kernel_fn = network(case)
    compiled = jax.jit(kernel_fn, static_argnames="get")

    def action():
        kernel = compiled(x, None, get=("nngp", "ntk"))
        return jax.block_until_ready((kernel.nngp, kernel.ntk))

    return action


def empirical(case, x, arrays):
    init_fn, apply_fn, _ = network(case)
    _, params = init_fn(jax.random.PRNGKey(0), x.shape)
    weights = iter([jnp.asarray(arrays[f"w{k}"].T) for k in range(len(case["widths"]) + 1)])
    params = jax.tree_util.tree_map(lambda v: next(weights) if v.ndim == 2 else v, params)
    full = case["output"] == "full"
    kernel_fn = nt.empirical_ntk_fn(
        apply_fn,
        trace_axes=() if full else (-1,),
        vmap_axes=0,
        implementation=nt.NtkImplementation[case["implementation"]],
    )
    compiled = jax.jit(lambda x, params: kernel_fn(x, None, params))
    # Its trace is a mean over outputs.
    times = 1.0 if full else float(case["outputs"])

    def action():
        kernel = compiled(x, params)
        # (n, n, k, k) where full.
        return (jax.block_until_ready(kernel if times == 1.0 else times * kernel),)

    return action


def prepare(case, arrays):
    x = jnp.asarray(arrays["x"])
    assert x.dtype == case["dtype"] and math.isfinite(case["weight_std"])
    return empirical(case, x, arrays) if case["kind"] == "empirical" else limit(case, x)


if __name__ == "__main__":
    serve(prepare, lambda: jax.block_until_ready(jax.jit(lambda v: v @ v)(jnp.eye(2))))
