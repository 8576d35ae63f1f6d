"""Networks drawn at random: what is computed of them is right, what is accepted is true."""

from collections import Counter

import numpy as np
import pytest

from surefit_checker import check
from surefit_checker.ball import Ball
from surefit_checker.curvature import curvature
from surefit_checker.network import Network as evaluate
from surefit_checker.reading import read
from surefit_checker.verdict import RefusedError, UndecidedError

PLAIN = {"kind": "flow", "rho": 1.0, "start_radius": 0.0}


def steepest(case, rho, rng):
    """How much the Jacobian changes per distance, where it seems to change most."""
    theta, best = case.theta(), 0.0
    direction = rng.normal(size=theta.size)
    for _ in range(4):
        direction *= 0.5 * rho / np.linalg.norm(direction)
        centre = theta + 0.4 * rho * rng.uniform(-1, 1) * direction / np.linalg.norm(direction)
        ends = [centre + side * direction for side in (1, -1)]
        change = case.at(ends[0]).jacobian() - case.at(ends[1]).jacobian()
        _, values, v = np.linalg.svd(change, full_matrices=False)
        best = max(best, values[0] / np.linalg.norm(ends[0] - ends[1]))
        direction = v[0] if values[0] > 0 else rng.normal(size=theta.size)
    return best


def compared(case, folder, rng):
    """The curvature, the residual and the kernel against the interpreter."""
    network = evaluate(read(case.save(folder, PLAIN)), Ball)
    kernel, j = network.kernel(), case.jacobian()
    r, gram = case.residual(), j @ j.T
    size = 1e-13 * (1 + np.max(np.abs(j) @ np.abs(case.theta())) + np.max(np.abs(r)))
    found = network.residual.reshape(-1)
    assert np.all(np.abs(found.mid - r) <= found.rad + size)
    known = [layer.get("activation", {}).get("name") for layer in case.network["layers"]]
    error = 1e-12 * (np.max(np.abs(gram)) + size)
    assert np.all(np.abs(kernel.mid - gram) <= kernel.rad + error), known
    judged = 0
    for rho in 10.0 ** rng.uniform(-5, 0.5, size=2):
        try:
            bound = curvature(network, rho)
        except RefusedError as refusal:
            assert "change its sign" in str(refusal) or "no contraction" in str(refusal)
            continue
        error = 1e-13 * np.linalg.norm(j) / rho
        assert steepest(case, rho, rng) <= bound * (1 + 1e-9) + 4 * error, known
        judged += 1
    return judged


def proved(case, folder, truth, rng):
    """The verdict on a statement that may be true, and whether it is."""
    size = 10.0 ** rng.uniform(-9, -1)
    case = case.fitted(size)
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    if not values[-1] > 1e-6 * values[0]:
        return "singular"
    statement = {
        "kind": "descent",
        "rho": float(rng.uniform(1.0, 3.0)) * size / float(values[-1]),
        "step_size": float(rng.uniform(0.3, 2.0)) / float(values[0]) ** 2,
        "start_radius": float(rng.choice([0.0, 1e-2])) * size / float(values[-1]),
    }
    verdict = check(case.save(folder, statement))
    if verdict.verdict == "proved":
        truth(folder, verdict, None)
    return verdict.verdict


def judged(numbers, build, drawn, truth, folder):
    counts = Counter()
    for seed in numbers:
        case, rng = drawn(seed), np.random.default_rng(seed)
        try:
            with np.errstate(all="ignore"):
                counts["curvature"] += compared(case, folder, rng)
                counts[proved(case, folder, truth, rng)] += 1
        except UndecidedError:
            counts["undecided"] += 1
        except BaseException as error:
            error.add_note(f"network {seed}: {case.network['layers']}")
            raise
    return counts


def test_networks_drawn_at_random(build, drawn, truth, tmp_path):
    counts = judged(range(40), build, drawn, truth, tmp_path)
    assert counts["curvature"] >= 30 and counts["proved"] >= 8, counts


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_many_networks_drawn_at_random(block, build, drawn, truth, tmp_path):
    counts = judged(range(1000 + 200 * block, 1200 + 200 * block), build, drawn, truth, tmp_path)
    assert counts["curvature"] >= 130 and counts["proved"] >= 30, counts
