"""Chains with one feature and positive numbers, where the curvature bound is attained.

There every norm is a number and nothing cancels, so that the bound at the centre is the norm of
the Hessian, and a term that is missing or too small on a ball is seen at once.
"""

import numpy as np
import pytest

from surefit_checker.ball import Ball
from surefit_checker.curvature import chain_curvature
from surefit_checker.network import Network as evaluate
from surefit_checker.reading import read

PLAIN = {"kind": "flow", "rho": 1.0, "start_radius": 0.0}
RNG = np.random.default_rng(0)


def positive(*shape):
    return RNG.uniform(0.3, 1.2, size=shape)


def one(low=0.3, high=1.2):
    return float(RNG.uniform(low, high))


def chain(build, kinds):
    """A case with layers of these kinds, one feature each, all weights positive."""
    layers, arrays = [], {"x": positive(1, 1), "y": np.zeros((1, 1))}
    for number, kind in enumerate(kinds):
        name = f"w{number}"
        others = {"factor": one(), "gain": one()}
        arrays[name] = positive(1, 1)
        if kind == "equilibrium":
            layers.append({
                "type": "equilibrium", "weights": name, "factor": 0.3, "trained": True,
                "activation": {"name": "identity"}, "keep_input": False,
            })  # fmt: skip
            continue
        if kind == "bias":
            arrays[f"b{number}"] = positive(1)
            others["bias"] = {"values": f"b{number}", "factor": one(), "trained": True}
        if kind in ("skip_in", "skip_out"):
            others[kind] = one()
        if kind == "fixed":
            others["trained"] = False
        activation = "identity" if kind == "last" else "quadratic"
        layers.append(build.dense(name, activation=activation, **others))
    return build.case(layers, {}, arrays["x"]).__class__(
        {"inputs": "x", "targets": "y", "offset": None, "layers": layers}, arrays
    )


def hessian(case, h=1e-5):
    theta, rows = case.theta(), []
    for j in range(theta.size):
        step = h * np.eye(theta.size)[j]
        rows.append((case.at(theta + step).jacobian() - case.at(theta - step).jacobian())[0])
    return np.array(rows) / (2 * h)


CHAINS = [
    ["plain", "last"],
    ["plain", "plain", "last"],
    ["plain", "plain", "plain", "last"],
    ["skip_in", "skip_out", "last"],
    ["fixed", "skip_out", "skip_in", "last"],
    ["bias", "last"],
    ["plain", "skip_in", "fixed", "last"],
    ["equilibrium", "last"],
    ["plain", "equilibrium", "skip_out", "last"],
]


@pytest.mark.parametrize("kinds", CHAINS, ids="-".join)
def test_the_bound_is_attained_at_the_centre_and_holds_on_balls(kinds, build, tmp_path):
    for _ in range(3):
        case = chain(build, kinds)
        network = evaluate(read(case.save(tmp_path, PLAIN)), Ball)
        network.kernel()
        exact = np.linalg.norm(hessian(case), 2)
        bound = chain_curvature(network, 1e-12)
        assert exact <= bound * (1 + 1e-6)
        # A weight and a bias share a part, whose norm is all that the bound sees.
        assert bound <= exact * (1.6 if "bias" in kinds else 1 + 1e-5)
        for rho in (0.05, 0.3):
            bound = chain_curvature(network, rho)
            for _ in range(8):
                up = np.abs(RNG.normal(size=case.theta().size))
                far = case.at(case.theta() + rho * up / np.linalg.norm(up))
                assert np.linalg.norm(hessian(far), 2) <= bound * (1 + 1e-6)


def test_samples_add_up(build, tmp_path):
    """Equal samples: the norm is that of one times the root of their number."""
    case = chain(build, ["plain", "skip_out", "last"])
    bounds = []
    for n in (1, 4):
        arrays = case.arrays | {"x": np.repeat(case.arrays["x"], n, 0), "y": np.zeros((n, 1))}
        copies = type(case)(case.network, arrays)
        network = evaluate(read(copies.save(tmp_path, PLAIN)), Ball)
        network.kernel()
        bounds.append(chain_curvature(network, 1e-12))
    assert bounds[1] == pytest.approx(2 * bounds[0], rel=1e-6)
