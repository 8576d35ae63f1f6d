"""LAPACK of SciPy against that of XLA, on Gram matrices in float64."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg

from surefit.core.spectrum import smallest_eigenvalue_cholesky


def busy(call):
    """CPU seconds of the second of two calls."""
    jax.block_until_ready(call())
    start = time.process_time()
    jax.block_until_ready(call())
    return time.process_time() - start


def on(function, *arrays):
    """The compiled function of these arrays, which must not become constants of the program."""
    compiled = jax.jit(function)
    return lambda: compiled(*arrays)


def main(n=1500):
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(n, 2 * n))
    gram = factor @ factor.T / (2 * n)
    with jax.enable_x64(True):
        on_device = jnp.asarray(gram)
        sides = {
            "product of two": (lambda: gram @ gram, on(jnp.matmul, on_device, on_device)),
            "Cholesky": (
                lambda: scipy.linalg.cholesky(gram, lower=True, check_finite=False),
                on(jnp.linalg.cholesky, on_device),
            ),
            "all eigenvalues and vectors": (
                lambda: np.linalg.eigh(gram),
                on(jnp.linalg.eigh, on_device),
            ),
        }
        for title, (scipy_side, xla_side) in sides.items():
            print(
                f"{title}, n = {n}: SciPy and NumPy {busy(scipy_side):.3f} s of CPU, "
                f"XLA {busy(xla_side):.3f} s"
            )
        spent = busy(lambda: smallest_eigenvalue_cholesky(gram))
        print(f"smallest eigenvalue with proof, n = {n}: {spent:.3f} s of CPU")


if __name__ == "__main__":
    main()
