"""What a random output at the start costs: `python -m benchmarks.tables.implicit_start DIR`.

The table of docs/implicit.md, "One deviation": full-batch descent on 500 + 500 images of the digits
0 and 1 of the MNIST test file in DIR, linearised at the start, after 1000 epochs at one over the
largest eigenvalue.
"""

import argparse
from pathlib import Path

import numpy as np

import surefit as sf
from surefit.data import load, prepare, select

EPOCHS = 1000


def errors(data, width):
    """Mean squared errors with the random output of the start, and with it subtracted."""
    problem = sf.Problem(sf.models.implicit_relu(width), data.x, data.y)
    params = problem.init(0)
    values, vectors = np.linalg.eigh(np.asarray(problem.gram(params)))
    shrunk = (1.0 - values / values[-1]) ** EPOCHS
    start = np.asarray(problem.predict(params))
    return [
        float(np.mean((shrunk * (vectors.T @ (output - data.y).ravel())) ** 2))
        for output in (start, np.zeros_like(start))
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", metavar="DIR", help="with t10k-images-idx3-ubyte and its labels")
    parser.add_argument("--widths", nargs="+", type=int, default=(500, 1000, 2000, 4000))
    given = parser.parse_args()
    found = sorted(Path(given.folder).glob("t10k-images*idx3-ubyte*"))
    images = select(load(found[0]), (0, 1), samples_per_class=500, shuffle=True, seed=0)
    data = prepare(images, ("flatten", "unit_norm"), classes=(0, 1), labels="zero_one")
    for width in given.widths:
        random, subtracted = errors(data, width)
        print(f"m = {width}: {random:.3g} random, {subtracted:.3g} subtracted", flush=True)


if __name__ == "__main__":
    main()
