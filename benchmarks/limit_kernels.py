"""Limit kernels of vectors against the product of the batch with itself, in one run.

Seconds of all processors together, so that other work on the machine does not count.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

import surefit as sf
from benchmarks._interleaved import medians

ROUNDS = 3


def hidden(depth, activation, bias=None):
    layers = [sf.Dense(512, 2**0.5, bias), activation] * depth
    return sf.Serial(*layers, sf.Dense(1, 2**0.5, bias))


def report(title, n, networks):
    x = jnp.asarray(np.random.default_rng(0).standard_normal((n, 784)))
    product = jax.jit(lambda v: v @ v.T)
    actions = {"X X^T": lambda: jax.block_until_ready(product(x))}
    routes = {}
    for name, network in networks.items():

        def run(name=name, network=network):
            kernel = sf.limit_kernel(network, x)
            routes[name] = kernel.route
            jax.block_until_ready((kernel.nngp, kernel.ntk))

        actions[name] = run
    found = medians(ROUNDS, time.process_time, **actions)
    floor = found.pop("X X^T")
    print(f"{title}: X X^T takes {floor:.3g} s of processor time")
    for name, seconds in found.items():
        print(f"  {name}: {seconds:.3g} s, {seconds / floor:.2f} times X X^T ({routes[name]})")


def main():
    with jax.enable_x64(True):
        report(
            "NNGP and NTK, n = 4000, d = 784, float64",
            4000,
            {f"ReLU, {depth} hidden layers": hidden(depth, sf.Relu()) for depth in (3, 10, 50)},
        )
        report(
            "NNGP and NTK with biases, n = 2000, d = 784, float64, 3 hidden layers",
            2000,
            {
                type(activation).__name__: hidden(3, activation, 0.1)
                for activation in (sf.Relu(), sf.Gelu(), sf.Erf())
            },
        )


if __name__ == "__main__":
    main()
