"""Empirical tangent kernels against the matrix products that they consist of, in float32.

Both sides run alternately in one process; CPU seconds of all threads, so that other work on the
machine does not count.
"""

import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

import surefit as sf

ROUNDS = 5


def products(k, form):
    """Forward and backward passes and Gram products of 784-m-m-k, each as large as it has to be."""

    @jax.jit
    def run(w1, w2, w3, x):
        n, m = x.shape[0], w2.shape[0]
        h1 = x @ w1.T
        h2 = h1 @ w2.T
        y = h2 @ w3.T
        g2 = jnp.broadcast_to(w3[None], (n, k, m)).reshape(n * k, m)
        g1 = g2 @ w2
        seen = [v @ v.T for v in (x, h1, h2)]
        if form == "full":
            back = [g @ g.T for g in (g1, g2)]
        else:
            back = [g.reshape(n, -1) @ g.reshape(n, -1).T for g in (g1, g2)]
        return y, seen, back

    return run


def alternately(first, second):
    """Medians of CPU seconds of both sides."""
    spent = ([], [])
    for number in range(ROUNDS + 1):
        for side, call in enumerate((first, second)):
            start = time.process_time()
            jax.block_until_ready(call())
            if number:
                spent[side].append(time.process_time() - start)
    return tuple(statistics.median(times) for times in spent)


def deviation(k, form, x):
    """From float64, of a smooth network: the sign of a rectifier's input may not be settled."""
    network = sf.Serial(sf.Dense(1024), sf.Tanh(), sf.Dense(1024), sf.Tanh(), sf.Dense(k))
    params = network.init(jax.random.key(2), (784,))
    kernel = np.asarray(sf.empirical_ntk(network, params, x, outputs=form))
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda p: jnp.asarray(np.asarray(p, np.float64)), (params, x))
        exact = np.asarray(sf.empirical_ntk(network, *wide, outputs=form))
    return np.abs(kernel - exact).max() / np.abs(exact).max()


def main():
    for n, k, form in ((1000, 1, "trace"), (256, 10, "trace"), (256, 10, "full")):
        network = sf.Serial(sf.Dense(1024), sf.Relu(), sf.Dense(1024), sf.Relu(), sf.Dense(k))
        params = network.init(jax.random.key(0), (784,))
        x = jax.random.normal(jax.random.key(1), (n, 784))
        weights = [p["w"] for p in params if p]
        floor_of = products(k, form)
        own, floor = alternately(
            lambda p=params, x=x, n=network, f=form: sf.empirical_ntk(n, p, x, outputs=f),
            lambda w=weights, x=x, run=floor_of: run(*w, x),
        )
        error = deviation(k, form, x[:64])
        print(
            f"empirical NTK 784-1024-1024-{k}, {form}, n = {n}: {own:.3f} s of CPU, "
            f"{own / floor:.2f} times its matrix products alone ({floor:.3f} s); "
            f"error with tanh {error:.1e} of the largest entry"
        )
