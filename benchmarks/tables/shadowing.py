"""Descent followed from its start (Theorem 4): `python -m benchmarks.tables.shadowing`.

One line per row of docs/certificates/shadowing.md, "What was measured"; `--rows` picks some, as
`100x512` or `100x512s` ("standard").
"""

import argparse
import resource
import tempfile
import time

import surefit as sf
from surefit.certificates.shadowing import shadow
from surefit.data import load, prepare

SHOWN = ("steps", "shadow_radius", "amplification", "condition", "radius")
ROWS = ("50x64", "100x128", "100x512", "100x512s", "360x512")


def problem_of(n, m, parameterisation):
    """Digits 0 and 1, and two tanh layers."""
    data = prepare(load("digits"), classes=(0, 1), samples=n)
    hidden = sf.Dense(m, 4.0, parameterisation="unscaled")
    network = sf.Serial(hidden, sf.Tanh(), sf.Dense(1, parameterisation=parameterisation))
    return sf.Problem(network, data.x, data.y)


def children():
    """Seconds of the processor that processes of ours took, which ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=ROWS, metavar="NxM")
    for row in parser.parse_args().rows:
        n, m = map(int, row.removesuffix("s").split("x"))
        problem = problem_of(n, m, "standard" if row.endswith("s") else "ntk")
        begun = time.process_time()
        certificate = shadow(problem, problem.init(0))
        issued = time.process_time() - begun
        begun = children()
        with tempfile.TemporaryDirectory() as folder:
            verdict = sf.verify(certificate.save(f"{folder}/c")).verdict
        found = certificate.quantities
        numbers = {name: f"{found[name]:.3g}" for name in SHOWN}
        seconds = f"{issued:.0f} + {children() - begun:.0f} s"
        print(
            f"{row}: {verdict}, {seconds}, {numbers}, 1 - rate {1 - found['rate']:.2g}", flush=True
        )


if __name__ == "__main__":
    main()
