"""Theorem 1 at initial weights: `python -m benchmarks.tables.at_start_deep`.

One line per row of docs/certificates/initialisation.md, "Deep and implicit networks"; `--rows`
picks some, counted from 0.
"""

import argparse
import tempfile

import surefit as sf
from surefit.data import load, prepare

ROWS = (
    ("two hidden layers", 3, 768, 1.0),
    ("two hidden layers", 4, 1024, 1.0),
    ("two hidden layers", 10, 2048, 1.0),
    ("implicit", 4, 1024, 1.0 / 30.0),
    ("implicit", 10, 1024, 1.0 / 120.0),
)


def problem_of(kind, n, m, size):
    """The first digits 0 and 1, and a network with zero output at the start."""
    data = prepare(load("digits"), classes=(0, 1), samples=n)
    if kind == "implicit":
        network = sf.models.implicit_linear(
            m, 0.1, input_std=4.0, unit_inputs=64, activation=sf.Tanh()
        )
    else:
        network = sf.Serial(
            sf.Dense(m, 4.0, parameterisation="unscaled"),
            sf.Tanh(),
            sf.Dense(m),
            sf.Tanh(),
            sf.Dense(1, parameterisation="standard"),
        )
    return sf.Problem(sf.Centred(network), data.x, size * data.y)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", type=int, default=range(len(ROWS)))
    for row in (ROWS[place] for place in parser.parse_args().rows):
        problem = problem_of(*row)
        certificate = sf.certify(problem, problem.init(0))
        with tempfile.TemporaryDirectory() as folder:
            verdict = sf.verify(certificate.save(f"{folder}/c")).verdict
        numbers = {name: f"{value:.3g}" for name, value in certificate.quantities.items()}
        print(f"{row}: {verdict}, {numbers}", flush=True)


if __name__ == "__main__":
    main()
