"""The trials at one width: made in batches, kept in a file, continued where it ends."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from surefit.core.jsonable import as_float, read_json, write_json
from surefit.core.laws import success_interval
from surefit.core.layer import Params
from surefit.core.memory import available_bytes
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.training import METHODS, Method, train_many
from surefit.training.lost_equilibrium import require_equilibria
from surefit.workflows.listener import Listener
from surefit.workflows.preparation import prepare_bench
from surefit.workflows.width_finder.outcome import Outcome, outcome

__all__ = ["Probe", "run_probe"]


@dataclasses.dataclass(frozen=True)
class Probe:
    """The trials at one width.

    Args:
        samples: how many.
        width: of the network.
        outcomes: how each run ended, in the order of the seeds.
        steps: how many steps each of them made.
        losses: where each of them ended.
    """

    samples: int
    width: int
    outcomes: tuple[Outcome, ...] = ()
    steps: tuple[int, ...] = ()
    losses: tuple[float, ...] = ()

    @property
    def trials(self) -> int:
        """How many runs were made."""
        return len(self.outcomes)

    def count(self, kind: Outcome) -> int:
        """How many of them ended like this."""
        return self.outcomes.count(kind)

    @property
    def successes(self) -> int:
        """How many of them reached the target."""
        return self.count(Outcome.REACHED)

    def interval(self, level: float) -> tuple[float, float]:
        """The confidence interval of the probability of success, of this width by itself."""
        return success_interval(self.successes, self.trials, level)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Probe:
        """The inverse of `dataclasses.asdict` behind JSON."""
        return cls(
            samples=data["samples"],
            width=data["width"],
            outcomes=tuple(map(Outcome, data["outcomes"])),
            steps=tuple(data["steps"]),
            losses=tuple(map(as_float, data["losses"])),
        )

    def decided(self, probability: float, level: float) -> bool:
        """Whether the interval excludes the probability."""
        low, high = self.interval(level)
        return not low < probability < high


def run_probe(
    spec: WidthFinderSpec,
    samples: int | None,
    width: int,
    steps: int,
    scratch: Path,
    listener: Listener,
) -> Probe:
    """Train at one width until the interval decides or all draws are made.

    Args:
        spec: what is looked for.
        samples: of the data; None: all.
        width: of the network.
        steps: the limit of them.
        scratch: where finished trials are kept.
        listener: hears of progress.
    """
    kept = Path(scratch) / f"samples-{samples}-width-{width}.json"
    probe = Probe.from_dict(read_json(kept)) if kept.is_file() else None
    bench = None
    for look in sorted({-(-spec.seeds // 4), -(-spec.seeds // 2), spec.seeds}):
        if probe is not None and probe.decided(spec.probability, spec.level):
            break
        while probe is None or probe.trials < look:
            bench = bench or prepare_bench(spec.certify(samples, width, spec.seed, steps))
            probe = probe or Probe(bench.problem.samples, width)
            count = min(look - probe.trials, _at_once(bench.problem, bench.params))
            first = spec.seed + probe.trials
            method = _method(spec, bench.method, bench.problem.samples)
            probe = _continued(
                probe, spec, bench.problem, method, range(first, first + count), steps, listener
            )
            _write(kept, probe)
    assert probe is not None
    return probe


def _method(spec: WidthFinderSpec, name: str, samples: int) -> Method:
    options = {"step_size": spec.step_size}
    if name == "sgd":
        own = min(METHODS["sgd"]().batch_size, samples)
        options["batch_size"] = own if spec.batch_size is None else spec.batch_size
    return METHODS[name](**options)


def _continued(
    probe: Probe,
    spec: WidthFinderSpec,
    problem: Problem,
    method: Method,
    seeds: Sequence[int],
    steps: int,
    listener: Listener,
) -> Probe:
    """The probe with one more batch of trials."""
    starts = {seed: problem.init(seed) for seed in seeds}
    sound = [seed for seed in seeds if _has_equilibria(problem, starts[seed])]
    found: dict[int, tuple[Outcome, int, float]] = {}
    if sound:
        many = train_many(
            problem,
            [starts[seed] for seed in sound],
            method,
            steps=steps,
            target_loss=spec.target_loss,
            seeds=sound,
            progress=listener.training,
        )
        scale = problem.loss.residual_scale(problem.samples)
        for at, seed in enumerate(sound):
            half_step = np.nan if scale is None else 2.0 * scale * many.step_size[at]
            ended = outcome(
                problem,
                starts[seed],
                many.status[at],
                many.losses[at],
                float(half_step),
                float(spec.target_loss),
            )
            found[seed] = ended, int(many.steps[at]), float(many.loss[at])
    rows = [found.get(seed, (Outcome.DIVERGED, 0, np.nan)) for seed in seeds]
    outcomes, made, losses = zip(*rows, strict=True)
    return dataclasses.replace(
        probe,
        outcomes=probe.outcomes + outcomes,
        steps=probe.steps + made,
        losses=probe.losses + losses,
    )


def _has_equilibria(problem: Problem, params: Params) -> bool:
    """Whether the network is defined at the start; only an implicit one can fail to be."""
    try:
        require_equilibria(problem, params)
    except InvalidInputError:
        return False
    return True


def _at_once(problem: Problem, params: Params) -> int:
    """How many runs fit into half the memory, at most 5 where they are made one by one."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return 5
    limit = (device.memory_stats() or {}).get("bytes_limit", available_bytes())
    leaves = jax.tree.leaves(params)
    hidden = sum(leaf.shape[0] for leaf in leaves if leaf.ndim)
    weights = 8 * sum(leaf.size for leaf in leaves) * 8
    passes = 8 * problem.samples * hidden * (4 + problem.outputs)
    return max(1, int(limit // (2 * (weights + passes))))


def _write(path: Path, probe: Probe) -> None:
    # Written beside and renamed: after a crash it is there whole, or not at all.
    draft = path.with_suffix(".partial")
    write_json(draft, dataclasses.asdict(probe))
    os.replace(draft, path)
