"""Epochs of full-batch training against their matrix products, and steps of a tiny network.

Prepared runs of two lengths are subtracted, so that preparation and compilation cancel; what
compilation takes is printed by itself.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

import surefit as sf
from benchmarks._interleaved import medians

SAMPLES, INPUTS, WIDTH = 1000, 784, 1024
EPOCHS, TINY_STEPS = 10, 20_000


def network_and_data():
    """784-1024-1024-1 with ReLU on random inputs of norm 1 and random signs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, INPUTS))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    layers = (sf.Dense(WIDTH), sf.Relu(), sf.Dense(WIDTH), sf.Relu(), sf.Dense(1))
    problem = sf.Problem(sf.Serial(*layers), x, np.sign(rng.normal(size=SAMPLES)))
    return problem, problem.init(0)


def products():
    """All matrix products of one epoch, compiled: three forward, two and three backward."""
    keys = jax.random.split(jax.random.key(0), 5)
    shapes = ((SAMPLES, INPUTS), (SAMPLES, WIDTH), (INPUTS, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))
    x, h, w1, w2, w3 = (
        jax.random.normal(k, s, jnp.float32) for k, s in zip(keys, shapes, strict=True)
    )
    g = h + 1.0

    @jax.jit
    def all_of_them(x, h, g, w1, w2, w3):
        forward = x @ w1, h @ w2, h @ w3
        last = g[:, :1]
        return *forward, h.T @ last, last @ w3.T, h.T @ g, g @ w2.T, x.T @ g

    return lambda: jax.block_until_ready(all_of_them(x, h, g, w1, w2, w3))


def trained(problem, params, steps, monitors=(), **options):
    """A run as an action."""
    method = sf.GradientDescent(step_size=1e-3)
    return lambda: sf.train(
        problem, params, method, steps=steps, monitors=list(monitors), **options
    )


def _compilation(action):
    begun = time.perf_counter()
    action()
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    action()
    return first - (time.perf_counter() - begun)


def main():
    problem, params = network_and_data()
    short = trained(problem, params, 1, precision="float32")
    print(f"Compiling a training loop, 784-1024-1024-1: {_compilation(short):.2g} s")
    one = products()

    def many():
        for _ in range(EPOCHS):
            one()

    times = medians(
        5,
        products=many,
        short=short,
        long=trained(problem, params, 1 + EPOCHS, precision="float32"),
    )
    epoch, floor = (times["long"] - times["short"]) / EPOCHS, times["products"] / EPOCHS
    print(
        f"Epoch of 784-1024-1024-1, n = 1000, float32: {epoch:.3g} s against {floor:.3g} s for its "
        f"matrix products, {epoch / floor:.2f} times"
    )
    x = np.eye(4)[:, :3]
    tiny = sf.Problem(sf.models.shallow(8), x, np.ones(4))
    start = tiny.init(0)
    times = medians(
        5,
        short=trained(tiny, start, 1000),
        long=trained(tiny, start, 1000 + TINY_STEPS),
        standard_short=trained(tiny, start, 1000, ["standard"]),
        standard_long=trained(tiny, start, 1000 + TINY_STEPS, ["standard"]),
    )
    for title, name in (("no monitors", ""), ("standard monitors", "standard_")):
        step = (times[f"{name}long"] - times[f"{name}short"]) / TINY_STEPS
        print(f"Step of a tiny network, {title}: {1e6 * step:.3g} microseconds")
