"""Kernel regression beyond memory, scaled down: n = 6000 measured, n = 60,000 predicted.

The limit kernel of a ReLU network in blocks on disk, then ridge regression over them. The matrix
grows with the square of n; so do its blocks, their bytes and every product with a vector.
"""

import tempfile
import time

import numpy as np

import surefit as sf
from surefit.tangent import blocks

SAMPLES, TARGET, BLOCK, FEATURES = 6000, 60_000, 1000, 64


def main(samples=SAMPLES, block=BLOCK):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, FEATURES))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.sign(x @ rng.normal(size=FEATURES))
    network = sf.Serial(sf.Dense(1), sf.Relu(), sf.Dense(1), sf.Relu(), sf.Dense(1))
    kernel = blocks.LimitBlocks(network)
    with tempfile.TemporaryDirectory() as directory:
        kernel(x[:block]), kernel(x[:block], x[block : 2 * block])  # compiled once
        wall, cpu = time.perf_counter(), time.process_time()
        store = blocks.fill(directory, kernel, x, block=block)
        filled = time.perf_counter() - wall, time.process_time() - cpu
        wall, cpu = time.perf_counter(), time.process_time()
        fit = blocks.kernel_ridge(store, y, 1e-2, tolerance=1e-6)
        solved = time.perf_counter() - wall, time.process_time() - cpu
        factor = (TARGET / samples) ** 2
        for title, (seconds, busy) in (("blocks", filled), ("regression", solved)):
            print(
                f"{title}, n = {samples}: {busy:.1f} s of CPU ({seconds:.1f} s); predicted for "
                f"n = {TARGET}: {factor * busy / 60:.0f} minutes of CPU"
            )
        print(
            f"{store.bytes / 2**30:.2f} GiB on disk, {factor * store.bytes / 2**30:.1f} GiB "
            f"predicted; {fit.message}, rank {fit.rank}, residual {fit.residuals.max():.1e}"
        )


if __name__ == "__main__":
    main()
