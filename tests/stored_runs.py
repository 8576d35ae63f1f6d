"""Small finished, failed and interrupted runs written as plain files, nothing computed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from surefit.runs import CertifySpec

STEP, SMALLEST = 0.05, 0.3


def spec(**fields):
    return CertifySpec(**{"classes": (0, 1), "samples": 40, "width": 64, **fields})


def write(path: Path, content) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def theorem(name, *, applies, rate):
    check = {
        "name": "size", "value": 1.0 if applies else 3.0, "bound": 2.0, "sense": "<=",
        "error": 0.0, "evidence": "float", "note": "", "unstated": [], "holds": applies,
    }  # fmt: skip
    prediction = {
        "theorem": name, "applies": applies, "assumptions": [check], "promises": [], "rate": rate,
        "step_size": None, "width": None, "radius": None, "unstated": {}, "note": "",
    }  # fmt: skip
    return {
        "name": name, "title": name, "citation": "", "setting": "", "url": "",
        "prediction": prediction, "outcome": [], "fitted": [],
    }  # fmt: skip


def proof(verdict, **more):
    told = {"verdict": verdict, "statement": "It converges.", "reason": "", "steps": []}
    return {**told, "numbers": {"radius": 0.5}, "certificate": "c", "folder": "certificate", **more}


def finished(
    root: Path, *, status="target_reached", proved=True, losses=None, series=True, **fields
) -> Path:
    """A run of the first schema, as plain JSON: seconds stand in its results."""
    told = spec(**fields)
    path = root / told.run_id
    path.mkdir(parents=True)
    write(path / "spec.json", told.canonical())
    write(path / "environment.json", {"date": "2026-01-02T03:04:05+00:00", "surefit": "0.1.0"})
    head = {
        "method": "gradient_descent", "step_size": STEP, "steps": 100.0, "status": status,
        "message": "", "seconds": 1.5,
        "labels": {"loss": [], "squared_residual": [], "distance": []},
    }  # fmt: skip
    write(path / "trajectory.json", head)
    times = np.arange(101.0)
    residual = 8.0 * 0.9**times if losses is None else 2.0 * np.asarray(losses)
    values = {"loss": residual / 2.0, "squared_residual": residual, "distance": np.sqrt(times)}
    if series:
        arrays = {f"{name}/times": times[: len(value)] for name, value in values.items()}
        arrays |= {f"{name}/values": value for name, value in values.items()}
        np.savez_compressed(path / "trajectory.npz", **arrays)
    result = {
        "schema": 1, "run_id": told.run_id, "verdict": "It fits.", "holds": proved or None,
        "problem": {
            "samples": 40, "inputs": 64, "outputs": 1, "width": told.width, "parameters": 65,
            "loss_smoothness": 1.0, "classes": "0: 20, 1: 20", "search_seconds": 0.25,
        },
        "data_checks": [],
        "spectra": {
            "limit_ntk": [0.4, 2.0], "empirical_ntk_initial": [SMALLEST, 2.0],
            "empirical_ntk_final": [0.2, 2.0],
        },
        "theorems": [
            theorem("loose", applies=True, rate=0.99),
            theorem("sharp", applies=True, rate=0.95),
            theorem("foreign", applies=False, rate=0.5),
            theorem("silent", applies=True, rate=None),
        ],
        "certificates": [],
        "proofs": [proof("proved" if proved else "refused", seconds=0.75)],
        "command": "surefit certify --samples 40",
    }  # fmt: skip
    write(path / "result.json", result)
    return path


def failed(root: Path, **fields) -> str:
    """A failure as a sweep leaves it; its run id."""
    told = spec(**fields)
    path = root / ".failed" / told.run_id
    path.mkdir(parents=True)
    write(path / "spec.json", told.canonical())
    failure = {
        "schema": 1, "run_id": told.run_id, "error": "MemoryLimitError", "message": "Too large.",
        "traceback": "Traceback: line 7\nMemoryLimitError: Too large.", "attempts": 2,
        "worker_lost": False, "when": "2026-01-03T00:00:00+00:00",
    }  # fmt: skip
    write(path / "failure.json", failure)
    return told.run_id


def interrupted(root: Path, **fields) -> str:
    """A run that was begun and not finished; its run id."""
    told = spec(**fields)
    path = root / ".incomplete" / told.run_id
    path.mkdir(parents=True)
    write(path / "spec.json", told.canonical())
    scratch = path.with_name(f"{told.run_id}.scratch")
    scratch.mkdir()
    (scratch / "checkpoint.npz").write_bytes(b"x" * 1000)
    return told.run_id
