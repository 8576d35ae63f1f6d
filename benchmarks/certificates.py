"""Seconds to polish, issue and check certificates, and where they go; targets in brackets.

`python -m benchmarks.certificates` runs every row, `--rows REGEX` those whose names match, `--list`
names them, `--file FILE` keeps every finished row as a line of JSON and goes on behind them.
"""

import argparse
import cProfile
import json
import pathlib
import pstats
import re
import resource
import tempfile
import time

import jax
import numpy as np

import surefit as sf
import surefit_checker
from surefit.certificates.extremes import gram_extremes
from surefit.certificates.majorant import knots
from surefit.certificates.portable import Statement, portable
from surefit.curvature import curvature_profile
from surefit.workflows.proving import prove

STEPS = 100  # of gradient descent before the polish


def _tanh(m):
    return sf.models.shallow(m, weight_std=4.0, antisymmetric=False)


def _initial(m):
    hidden = sf.Dense(m, 8.0, parameterisation="unscaled")
    return sf.Centred(sf.Serial(hidden, sf.Tanh(), sf.Dense(1, parameterisation="standard")))


def _data(samples):
    """Digits: zeros and ones up to 360 samples, otherwise all digits, odd or even."""
    if samples <= 360:
        data = sf.data.prepare(sf.data.load("digits"), classes=(0, 1), samples=samples)
        return data.vectors, data.y
    data = sf.data.prepare(sf.data.load("digits"), samples=samples)
    return data.vectors, np.where(np.asarray(data.labels) % 2 == 0, -1.0, 1.0)


def _clock():
    """Seconds of all processors together, of this process and of those that it waited for."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + child.ru_utime + child.ru_stime


class Report:
    """Times of one row, said as they come and kept."""

    def __init__(self, name):
        self.name, self.kept = name, []
        print(name, flush=True)

    def timed(self, what, action, limit=None):
        """What the action returns; `what` may be a function of that."""
        wall, own = time.perf_counter(), _clock()
        result = action()
        wall, own = time.perf_counter() - wall, _clock() - own
        what = what if isinstance(what, str) else what(result)
        target = "" if limit is None else f" [{limit} s]"
        print(f"  {what}: {wall:.3g} s{target}, {own:.3g} s of processor time", flush=True)
        self.kept.append([what, round(wall, 2), round(own, 2), limit])
        return result

    def prove(self, certificate, limit=None, hot_spots=False):
        """Have it checked, from its files."""
        if not certificate.holds:
            print(f"  {certificate.note}", flush=True)
            return
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder) / "certificate"
            self.timed(
                lambda proof: f"write and check: {proof.verdict}",
                lambda: prove([certificate], place),
                limit,
            )
            if hot_spots:
                _hot_spots(place)


def _stages(report, problem, params, certificate):
    """The parts of issuing, one by one, everything compiled."""
    gram = report.timed("  of which tangent kernel", lambda: np.asarray(problem.gram(params)))
    ends = report.timed("  of which its spectrum", lambda: gram_extremes(gram, 0.0))
    sigma = ends[0].sqrt().lower
    profile = report.timed(
        "  of which curvature at the weights", lambda: curvature_profile(problem, params)
    )
    report.timed(
        "  of which curvature on eight balls",
        lambda: knots(lambda s: profile(s).value, sigma, reach=profile.limit),
    )
    statement = Statement("flow", certificate.quantities["radius"])
    report.timed("  of which document and arrays", lambda: portable(problem, params, statement))


def _hot_spots(folder, count=6):
    """The parts of the checker that take longest, by what they take with all they call."""
    profile = cProfile.Profile()
    verdict = profile.runcall(surefit_checker.check, folder)
    stats = pstats.Stats(profile)
    own = {
        f"{pathlib.Path(file).stem}.{name}": row[3]
        for (file, _, name), row in stats.stats.items()
        if "surefit_checker" in file and name not in ("check", "<module>", "<lambda>")
    }
    total = stats.total_tt
    longest = sorted(own.items(), key=lambda item: -item[1])[:count]
    shares = ", ".join(f"{name} {100 * seconds / total:.0f} %" for name, seconds in longest)
    print(f"    of which, with all that they call: {shares} ({verdict.verdict})", flush=True)


def _polished(network, samples, issue=None, check=None):
    """After some descent and a polish."""

    def row(report):
        x, y = _data(samples)
        problem = sf.Problem(network(), x, y)
        trained, _ = sf.train(problem, problem.init(0), steps=STEPS, monitors=[])
        params, _ = report.timed(
            lambda done: f"polish, {done[1].steps[-1].number} steps, {done[1].status}",
            lambda: sf.polish(problem, trained),
        )
        report.timed("issue, with compilation", lambda: sf.certify(problem, params), issue)
        certificate = report.timed("issue, compiled", lambda: sf.certify(problem, params), issue)
        if certificate.holds:
            _stages(report, problem, params, certificate)
        report.prove(certificate, check, hot_spots=True)

    return row


def _shadowed(samples, width, limit):
    """Exact descent from the start, by shadowing a run."""

    def row(report):
        problem = sf.Problem(sf.Centred(_tanh(width)), *_data(samples))
        certificate = report.timed(
            "run and issue", lambda: sf.shadow(problem, problem.init(0)), limit
        )
        report.prove(certificate, limit)

    return row


def _at_start(samples, width, limit):
    """Before any training."""

    def row(report):
        problem = sf.Problem(_initial(width), *_data(samples))
        certificate = report.timed(
            "issue", lambda: sf.certify_at_start(problem, problem.init(0)), limit
        )
        report.prove(certificate, limit)

    return row


# name -> what is timed, with the seconds that it may take
ROWS = {
    "two layers, tanh, m = 512, n = 360": _polished(lambda: _tanh(512), 360, check=3),
    "two layers, tanh, m = 512, n = 1000": _polished(lambda: _tanh(512), 1000, check=25),
    "two layers, ReLU, m = 1024, n = 1000": _polished(
        lambda: sf.models.shallow(1024, activation=sf.Relu(), antisymmetric=False), 1000, 30, 30
    ),
    "three hidden layers, ReLU, m = 256, n = 1000": _polished(
        lambda: sf.models.multilayer(256, 3, 1, sf.Relu(), zero_start=False), 1000, 60, 60
    ),
    "from the start, shadowed, m = 512, n = 100": _shadowed(100, 512, 10),
    "from the start, shadowed, m = 512, n = 360": _shadowed(360, 512, 240),
    "before training, m = 10240, n = 1000": _at_start(1000, 10240, 300),
    "from the start, shadowed, m = 1024, n = 1000": _shadowed(1000, 1024, 900),
}


# Those that take seconds, for `python -m benchmarks`.
SHORT = ("two layers, tanh, m = 512, n = 360", "from the start, shadowed, m = 512, n = 100")


def main(names=SHORT, file=None):
    """Run rows, those of the file aside."""
    jax.config.update("jax_enable_x64", True)
    lines = file.read_text().splitlines() if file is not None and file.exists() else []
    known = {one["row"]: one["times"] for one in map(json.loads, lines)}
    for name in names:
        if name in known:
            for what, wall, own, limit in known[name]:
                print(f"{name}, {what}: {wall} s [{limit}], {own} s of processor time")
            continue
        report = Report(name)
        ROWS[name](report)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"  {peak:.2g} GB at most so far", flush=True)
        if file is not None:
            with file.open("a") as out:
                out.write(json.dumps({"row": name, "times": report.kept}) + "\n")


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", help="a regular expression of names of rows")
    parser.add_argument("--list", action="store_true", help="only print the names")
    parser.add_argument("--file", type=pathlib.Path, help="finished rows, as lines of JSON")
    options = parser.parse_args()
    names = [name for name in ROWS if re.search(options.rows, name)]
    if options.list:
        print("\n".join(names))
    else:
        main(names, options.file)


if __name__ == "__main__":
    _arguments()
