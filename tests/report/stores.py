"""Synthetic stores: grids of small runs whose success depends on width and samples.

`python tests/report/stores.py DIRECTORY [RUNS]` writes one for people to look at.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np

from surefit.core.curve import Curve
from surefit.core.jsonable import write_json
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.proof import Proof
from surefit.core.record import RunRecord, TheoremRecord
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.core.widths import WidthDemand
from surefit.runs.identity import run_id

TIMES = np.unique(np.geomspace(1, 400, 40).astype(int)).astype(float) - 1.0
STEP = 0.05
EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"' & </script>=1+1"


def spec(width: int, samples: int, seed: int, **more) -> dict:
    """The canonical spec of a run."""
    return {
        "activation": "tanh",
        "classes": [0, 1],
        "data": "digits",
        "data_sha256": None,
        "depth": 1,
        "init": "wide",
        "loss": "half_squared",
        "method": "gradient_descent",
        "network": "shallow",
        "samples": samples,
        "samples_per_class": None,
        "schema": "certify/1",
        "seed": seed,
        "step_size": "auto",
        "steps": 400,
        "target_loss": 1e-6,
        "width": width,
        **more,
    }


def _theorem(curve: Curve, limit: float, width: float) -> TheoremRecord:
    prediction = Prediction(
        "lee_2019",
        (),
        (
            Promise("squared_residual", curve, Guarantee.TIGHT, tolerance=1.0),
            Promise("squared_residual", Curve.geometric(1.2 * limit, curve.factors[-1])),
        ),
        rate=curve.factors[-1],
        width=width,
    )
    return TheoremRecord("lee_2019", "Lee et al. (2019)", "@a{b}", "Wide.", "", prediction)


def _demand(result: str, width: float) -> WidthDemand:
    return WidthDemand(
        result, "depth 2", "gradient_descent", "n^4", "width", width, "n^4", False, 10.0,
        ("c",), "read", "float", "",
    )  # fmt: skip


def record(canonical: dict, **more) -> RunRecord:
    """A run of this spec: it converges if a coin of its own, biased by m / n^1.5, says so."""
    width, samples, seed = (canonical[key] for key in ("width", "samples", "seed"))
    rng = np.random.default_rng([width, samples, seed])
    success = bool(rng.uniform() < 1 / (1 + (0.6 * samples**1.5 / width) ** 3))
    slowest = 0.6 / samples**0.5 * (1 - 0.3 * rng.uniform() / width**0.25)
    eigenvalues = np.geomspace(slowest, 20.0, 12)
    curve = Curve(tuple(np.full(12, samples / 12)), tuple((1 - STEP * eigenvalues) ** 2))
    residual = curve(TIMES) * np.exp(0.02 * rng.normal(size=len(TIMES))) + (0 if success else 0.1)
    kept = len(TIMES) if not success else len(TIMES) - int(np.log2(width))
    series = {
        "squared_residual": Series(TIMES[:kept], residual[:kept]),
        "loss": Series(TIMES[:kept], residual[:kept] / 2),
    }
    status = Status.TARGET_REACHED if success else Status.STEPS_DONE
    proved = success and width > 3 * samples
    return dataclasses.replace(
        RunRecord(
            run_id=run_id(canonical),
            spec=canonical,
            environment={"surefit": "0.1.0", "date": "2026-05-09T14:03:11+00:00"},
            verdict="It fits." if success else "It does not fit.",
            holds=success,
            problem={"samples": samples, "inputs": 64, "outputs": 1, "parameters": 65 * width,
                     "loss_smoothness": 1.0},
            data_checks=(),
            spectra={
                "limit_ntk": np.geomspace(0.6 / samples**0.5, 20.0, 12).tolist(),
                "empirical_ntk_initial": eigenvalues.tolist(),
                "empirical_ntk_final": (1.1 * eigenvalues).tolist(),
            },
            theorems=(_theorem(curve, float(samples), 0.7 * samples**1.6),),
            trajectory=Trajectory(
                "gradient_descent", STEP, float(TIMES[kept - 1]), series, status, "", 0.3
            ),
            widths=(_demand("song_yang_2019", float(samples) ** 4),),
            proofs=(Proof("proved", "It converges.", certificate="two_layer"),)
            if proved
            else (),
        ),
        **more,
    )  # fmt: skip


def save(root: Path, run: RunRecord) -> Path:
    """Write a run into a store."""
    directory = root / run.run_id
    directory.mkdir(parents=True)
    run.save(directory)
    return directory


def fail(root: Path, canonical: dict, message: str = "The step is too large.") -> None:
    """Write a failed cell into a store."""
    directory = root / ".failed" / run_id(canonical)
    directory.mkdir(parents=True)
    write_json(directory / "spec.json", canonical)
    failure = {"schema": 1, "run_id": directory.name, "error": "ArithmeticError",
               "message": message, "traceback": "Traceback", "attempts": 2, "worker_lost": False,
               "when": "2026-05-09T14:03:11+00:00"}  # fmt: skip
    (directory / "failure.json").write_text(json.dumps(failure))


def grid(
    root: Path,
    widths: tuple[int, ...] = (8, 16, 32, 64, 128, 256),
    sizes: tuple[int, ...] = (8, 12, 20, 30),
    seeds: int = 3,
    **more,
) -> Path:
    """A store with one run per width, number of samples and seed."""
    for width in widths:
        for samples in sizes:
            for seed in range(seeds):
                save(root, record(spec(width, samples, seed, **more)))
    return root


def hostile(root: Path) -> None:
    """Add runs and failures whose every text tries to break out of the page."""
    for width in (16, 32):
        run = record(spec(width, 12, 0, data=EVIL, network="deep", init=EVIL))
        theorem = dataclasses.replace(run.theorems[0], title=EVIL, name=EVIL)
        demand = dataclasses.replace(run.widths[0], result=EVIL)
        save(root, dataclasses.replace(run, verdict=EVIL, theorems=(theorem,), widths=(demand,)))
    fail(root, spec(512, 8, 0), EVIL)
    broken = root / 'b"><img src=x onerror=alert(1)>'
    broken.mkdir()
    (broken / "result.json").write_text("{}")


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 120
    grid(Path(sys.argv[1]), seeds=max(count // 24, 1))
    fail(Path(sys.argv[1]), spec(512, 8, 0))
