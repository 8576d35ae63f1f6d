"""Certificates at initial weights (Theorem 3): `python -m benchmarks.tables.at_start`.

One line per row of docs/certificates/initialisation.md, "What was measured"; `--rows` picks numbers
of samples and widths, as `50x512`.
"""

import argparse
import tempfile
import time

import numpy as np

import surefit as sf
from surefit.data import load, prepare

ROWS = ("50x512", "100x768", "360x3072", "1000x6144", "1000x10240")


def problem_of(n, m):
    """Digits 0 and 1; for 1000 samples all digits, even against odd."""
    few = n <= 360
    data = prepare(load("digits"), classes=(0, 1) if few else None, samples=n)
    y = data.y if few else np.where(data.labels % 2 == 0, 1.0, -1.0)
    hidden = sf.Dense(m, 8.0, parameterisation="unscaled")
    output = sf.Dense(1, parameterisation="standard")
    return sf.Problem(sf.Centred(sf.Serial(hidden, sf.Tanh(), output)), data.x, y)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=ROWS, metavar="NxM")
    for row in parser.parse_args().rows:
        n, m = map(int, row.split("x"))
        problem = problem_of(n, m)
        begun = time.perf_counter()
        certificate = sf.certify_at_start(problem, problem.init(0))
        issued = time.perf_counter() - begun
        with tempfile.TemporaryDirectory() as folder:
            verdict = sf.verify(certificate.save(f"{folder}/c")).verdict
        checked = time.perf_counter() - begun - issued
        numbers = {name: f"{value:.3g}" for name, value in certificate.quantities.items()}
        print(f"n={n} m={m}: {verdict}, {issued:.0f} + {checked:.0f} s, {numbers}", flush=True)


if __name__ == "__main__":
    main()
