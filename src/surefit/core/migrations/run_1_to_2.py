"""Schema 2 of a run: seconds stand in `timings.json`, so that results can be compared as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["seconds_to_timings"]


def seconds_to_timings(documents: Mapping[str, Any]) -> dict[str, Any]:
    """Move the seconds of training, of proofs and of facts of the problem to `timings.json`."""
    result = dict(documents["result.json"])
    trajectory = dict(documents.get("trajectory.json") or {})
    timings = dict(documents.get("timings.json") or {})
    if "seconds" in trajectory:
        timings["training"] = trajectory.pop("seconds")
    proofs = [dict(proof) for proof in result.get("proofs", ())]
    if any("seconds" in proof for proof in proofs):
        timings["proofs"] = [proof.pop("seconds", None) for proof in proofs]
    problem = dict(result.get("problem", {}))
    for name in [name for name in problem if name.endswith("_seconds")]:
        timings[name] = problem.pop(name)
    result |= {"schema": 2, "proofs": proofs, "problem": problem}
    return {
        **documents,
        "result.json": result,
        "trajectory.json": trajectory,
        "timings.json": timings,
    }
