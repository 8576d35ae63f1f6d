"""Seconds to polish, issue and check certificates, and where they go; targets in brackets."""

import cProfile
import pathlib
import pstats
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

# name -> (network, samples, seconds that issuing and checking may take each)
CASES = {
    "two layers, tanh, m = 512, n = 360": (
        lambda: sf.models.shallow(512, weight_std=4.0, antisymmetric=False), 360, None,
    ),
    "two layers, ReLU, m = 1024, n = 1000": (
        lambda: sf.models.shallow(1024, activation=sf.Relu(), antisymmetric=False), 1000, 30,
    ),
    "three hidden layers, ReLU, m = 256, n = 1000": (
        lambda: sf.models.multilayer(256, 3, 1, sf.Relu(), zero_start=False), 1000, 60,
    ),
}  # fmt: skip
STEPS = 100  # of gradient descent before the polish


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


def _timed(action):
    wall, own = time.perf_counter(), _clock()
    result = action()
    return result, time.perf_counter() - wall, _clock() - own


def _say(what, wall, own, limit=None):
    target = "" if limit is None else f" [{limit} s]"
    print(f"  {what}: {wall:.3g} s{target}, {own:.3g} s of processor time")


def _stages(problem, params, certificate):
    """The parts of issuing, one by one, everything compiled."""
    gram, *seconds = _timed(lambda: np.asarray(problem.gram(params)))
    _say("  of which tangent kernel", *seconds)
    ends, *seconds = _timed(lambda: gram_extremes(gram, 0.0))
    _say("  of which its spectrum", *seconds)
    sigma = ends[0].sqrt().lower
    profile, *seconds = _timed(lambda: curvature_profile(problem, params))
    _say("  of which curvature at the weights", *seconds)
    _, *seconds = _timed(lambda: knots(lambda s: profile(s).value, sigma, reach=profile.limit))
    _say("  of which curvature on eight balls", *seconds)
    radius = certificate.quantities["radius"]
    _, *seconds = _timed(lambda: portable(problem, params, Statement("flow", radius)))
    _say("  of which document and arrays", *seconds)


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
    print(f"    of which, with all that they call: {shares} ({verdict.verdict})")


def _case(name, network, samples, limit):
    print(name)
    x, y = _data(samples)
    problem = sf.Problem(network(), x, y)
    params, _ = sf.train(problem, problem.init(0), steps=STEPS, monitors=[])
    (params, done), *seconds = _timed(lambda: sf.polish(problem, params))
    _say(f"polish, {done.steps[-1].number} steps, {done.status}", *seconds)
    certificate, *seconds = _timed(lambda: sf.certify(problem, params))
    _say("issue, with compilation", *seconds, limit)
    certificate, *seconds = _timed(lambda: sf.certify(problem, params))
    _say("issue, compiled", *seconds, limit)
    if not certificate.holds:
        print(f"  {certificate.note}")
        return
    _stages(problem, params, certificate)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "certificate"
        proof, *seconds = _timed(lambda: prove([certificate], place))
        _say(f"write and check: {proof.verdict}", *seconds, limit)
        _hot_spots(place)


def _shadowing(samples=100, width=512, limit=10):
    print(f"exact descent from the start, shadowed: tanh, m = {width}, n = {samples}")
    x, y = _data(samples)
    network = sf.models.shallow(width, weight_std=4.0, antisymmetric=False)
    problem = sf.Problem(sf.Centred(network), x, y)
    certificate, *seconds = _timed(lambda: sf.shadow(problem, problem.init(0)))
    _say("run and issue", *seconds, limit)
    if not certificate.holds:
        print(f"  {certificate.note}")
        return
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "certificate"
        proof, *seconds = _timed(lambda: prove([certificate], place))
        _say(f"write and check: {proof.verdict}", *seconds)


def main(names=tuple(CASES)):
    jax.config.update("jax_enable_x64", True)
    for name in names:
        _case(name, *CASES[name])
    _shadowing()


if __name__ == "__main__":
    main()
