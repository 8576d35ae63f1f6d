"""A cell that needs no JAX: a vector that is multiplied and squashed, with checkpoints.

It writes two lines into the log named by `TINY_LOG`: `start RUN PID` once it holds the cell, and
`end RUN PID` when the cell is published.
"""

import hashlib
import os
import time

import numpy as np

from surefit.core.jsonable import write_json
from surefit.runs import CertifySpec, Store

STEPS = 8


def log(*words):
    line = " ".join(map(str, words)) + "\n"
    descriptor = os.open(os.environ["TINY_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())  # one write is one line, whoever else writes
    os.close(descriptor)


def run(spec, out):
    parsed = CertifySpec.from_canonical(spec)
    store = Store(out)
    found = store.find(parsed)
    if found is not None:
        return found
    with store.begin(parsed) as workspace:
        log("start", parsed.run_id, os.getpid())
        if parsed.width == 13:
            raise ValueError("thirteen")
        if parsed.width == 14:
            os.abort()
        checkpoint = workspace.scratch / "state.npz"
        rng = np.random.default_rng(parsed.seed)
        matrix, state, begun = rng.normal(size=(8, 8)), rng.normal(size=8), 0
        if checkpoint.exists():
            with np.load(checkpoint) as saved:
                state, begun = saved["state"], int(saved["step"])
        for step in range(begun, STEPS):
            state = np.tanh(matrix @ state)
            partial = checkpoint.with_suffix(".partial")
            with partial.open("wb") as file:
                np.savez(file, state=state, step=step + 1)
            partial.replace(checkpoint)
            time.sleep(float(os.environ.get("TINY_PAUSE", "0.01")))
        with (workspace.path / "trajectory.npz").open("wb") as file:
            np.savez(file, state=state)
        told = hashlib.sha256(state.tobytes()).hexdigest()
        write_json(workspace.path / "result.json", {"state": state, "sha256": told})
        write_json(workspace.path / "timings.json", {"total": 0.1})
        path = workspace.publish()
        log("end", parsed.run_id, os.getpid())
        return path


def weigh(spec):
    return int(spec["width"]) * 2**20
