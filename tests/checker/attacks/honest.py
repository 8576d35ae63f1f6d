"""Honest certificates of tiny networks, one of every kind of statement, to be forged."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Honest:
    """A certificate that is proved.

    Args:
        name: for messages.
        spec: its description.
        arrays: its arrays.
        text, archive: the two files.
        numbers: what the checker proved.
    """

    name: str
    spec: dict[str, Any]
    arrays: dict[str, np.ndarray]
    text: bytes
    archive: bytes
    numbers: dict[str, float]


def _rectified(build):
    layers = [
        build.dense("w1", 1.0, "relu"),
        build.dense("w2", 0.6, "relu"),
        build.dense("w3", 0.5, "identity"),
    ]
    return build.case(layers, {"w1": (6, 3), "w2": (6, 6), "w3": (1, 6)}, build.sphere(3, 3))


def _convolution(build):
    x = np.random.default_rng(3).normal(size=(3, 4, 1))
    layers = [
        build.conv("w1", 1.0, [2], bias={"values": "b1", "factor": 0.2, "trained": True}),
        {"type": "pool", "window": [2], "strides": [2], "padding": "valid"},
        {"type": "flatten"},
        build.dense("w2", 0.5, "identity"),
    ]
    return build.case(layers, {"w1": (4, 2), "b1": (4,), "w2": (1, 8)}, x)


def _local(build, case, residual, **others):
    """A statement about descent, for targets at this distance from the outputs."""
    case = case.fitted(residual)
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    own = {
        "kind": "descent",
        "rho": 3.0 * residual / float(values[-1]),
        "step_size": 0.9 / float(values[0]) ** 2,
        "start_radius": 0.0,
    }
    statement = {key: value for key, value in (own | others).items() if value is not None}
    return case, statement


def _classified(build, activation, loss):
    """Labels that the outputs have by far."""
    layers = [build.dense("w1", 1.0, activation), build.dense("w2", 4.0, "identity")]
    case = build.case(layers, {"w1": (8, 3), "w2": (1, 8)}, build.sphere(4, 3))
    outputs = build.forward(case.network, case.arrays)
    case = build.Case(case.network, case.arrays | {"y": np.sign(outputs)})
    return case, {"kind": loss}


def _all(build):
    small = {"n": 3, "d": 3, "m": 6}
    shallow = build.two_layer(**small)
    yield "two layers", *_local(build, shallow, 1e-6, start_radius=1e-8)
    yield "ReLU", *_local(build, _rectified(build), 1e-8)
    flow = {"kind": "flow", "step_size": None}
    yield "residual", *_local(build, build.residual(3, 3, 5), 1e-7, **flow)
    yield "convolution", *_local(build, _convolution(build), 1e-6)
    yield (
        "shadowing",
        *_local(build, shallow, 1e-5, kind="shadowing", start_radius=None, steps=20),
    )
    more = {"kind": "stochastic", "start_radius": None, "batch_size": 2, "growth": 4.0}
    case, statement = _local(build, shallow, 1e-9, failure_probability=0.5, rho=1e-5, **more)
    yield "stochastic", case, statement | {"step_size": statement["step_size"] / 3}
    case, statement = _local(build, shallow, 1e-5, rho=None, start_radius=None)
    yield "initialisation", case, statement | {"kind": "initialisation", "reach": 1e-2}
    yield "accuracy", *_classified(build, "tanh", "accuracy")
    yield "homogeneous", *_classified(build, "relu", "homogeneous")
    yield "equilibrium", *_local(build, build.equilibrium(3, 3, 5), 1e-6)
    case, statement = _local(build, shallow, 1e-7, kind="floor", start_radius=None, rho=1e-5)
    yield "floor", case, statement | {"steps": 100, "error": 1e-11, "arithmetic": "float64"}
    yield "equilibria", build.equilibrium(2, 3, 4), {"kind": "equilibria", "rho": 0.25}


def certificates(build, check, folder: Path) -> list[Honest]:
    """All of them, with claims that hold by a little."""
    found = []
    for name, case, statement in _all(build):
        at = folder / name
        loss = "cross_entropy" if statement["kind"] == "homogeneous" else "squared"
        case.save(at, statement)
        spec = json.loads((at / "certificate.json").read_text())
        spec["loss"]["kind"] = loss
        for last in (False, True):
            (at / "certificate.json").write_text(json.dumps(spec, indent=1))
            verdict = check(at)
            assert verdict.verdict == "proved", (name, verdict.reason)
            assert all(math.isfinite(x) for x in verdict.numbers.values())
            if not last:
                for key, up in (("residual_norm", 1 + 1e-9), ("sigma_min", 1 - 1e-9)):
                    if key in verdict.numbers:
                        spec["claims"][key] = (verdict.numbers[key] * up).hex()
        files = ((at / one).read_bytes() for one in ("certificate.json", "arrays.npz"))
        found.append(Honest(name, spec, case.arrays, *files, verdict.numbers))
    return found
