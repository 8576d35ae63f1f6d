"""Runs of one problem that move together: their arrays are stacked, one row per run."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from surefit.core.layer import Params
from surefit.core.trajectory import Series, Status
from surefit.problem import Problem
from surefit.training.compiled import Window, with_traced_numbers
from surefit.training.divergence import loss_limit
from surefit.training.method import Method
from surefit.training.rows import advance_rows, loss_of_rows, stacked, start_rows
from surefit.training.schedule import Schedule
from surefit.training.setup import chunk_length

__all__ = ["Batch", "ManyRuns"]


@dataclasses.dataclass(frozen=True)
class ManyRuns:
    """How far every run got.

    Args:
        status: why each of them ended.
        steps: how many steps each of them made.
        step_size: of each of them.
        losses: of each of them, at some times or all; the last one is the last finite loss.
    """

    status: tuple[Status, ...]
    steps: Int[np.ndarray, " s"]
    step_size: Float[np.ndarray, " s"]
    losses: tuple[Series, ...]

    @property
    def loss(self) -> Float[np.ndarray, " s"]:
        """Where each of them ended."""
        return np.array([float(series.last) for series in self.losses])


class Batch:
    """The runs while they are under way.

    Args:
        problem: network, loss and data.
        starts: all parameters, one per run.
        methods: settled, one per run.
        seeds: one per run.
        target_loss: where a run ends.
    """

    def __init__(
        self,
        problem: Problem,
        starts: Sequence[Params],
        methods: Sequence[Method],
        seeds: Sequence[int],
        target_loss: float | None,
    ) -> None:
        split = [problem.split(each) for each in starts]
        self._problem, self._count = problem, len(starts)
        self._moving, self._fixed = (stacked([each[i] for each in split]) for i in (0, 1))
        self._method = stacked([with_traced_numbers(method) for method in methods])
        self._key = jnp.stack([jax.random.key(seed) for seed in seeds])
        self._state = start_rows(problem, self._method, self._moving, self._fixed)
        self._knows_loss = methods[0].evaluation(self._state) is not None
        self._step_size = np.array([method.spacing for method in methods])
        self._target = -math.inf if target_loss is None else float(target_loss)
        self._loss = np.array(self._losses())
        self._limit = np.array([loss_limit(problem, loss) for loss in self._loss.tolist()])
        self._flops = max(methods[0].flops(problem, starts[0]), 1.0)
        self._steps = np.zeros(self._count, np.int64)
        self._status: list[Status | None] = [None] * self._count
        # Which run each row of the arrays belongs to: rows of runs that ended are dropped.
        self._rows = np.arange(self._count)

    def run(
        self,
        steps: int,
        schedule: Schedule,
        progress: Callable[[int, int, dict[str, float]], Any] | None,
    ) -> ManyRuns:
        """Until every run has ended."""
        self._judge(np.isfinite(self._loss))
        seen: list[list[tuple[float, float]]] = [[(0.0, loss)] for loss in self._loss.tolist()]
        for end in self._pauses(steps, schedule):
            going = self._going
            if not going.any():
                break
            self._compact()
            self._forward(end, self._chunk(schedule))
            for run in np.flatnonzero(going):
                seen[run].append((float(self._steps[run]), float(self._loss[run])))
            if progress is not None:
                worst = float(self._loss[going].max())
                progress(end, steps, {"loss": worst, "runs left": float(self._going.sum())})
        return ManyRuns(
            status=tuple(Status.STEPS_DONE if s is None else s for s in self._status),
            steps=self._steps,
            step_size=self._step_size,
            losses=tuple(Series(*np.array(each, np.float64).T) for each in seen),
        )

    @property
    def _going(self) -> Bool[np.ndarray, " s"]:
        return np.array([status is None for status in self._status])

    def _chunk(self, schedule: Schedule) -> int:
        """Steps between pauses: an interruption waits for the end of a chunk."""
        if not self._knows_loss:
            return schedule.chunk
        return chunk_length(self._flops * self._count)

    def _pauses(self, steps: int, schedule: Schedule) -> Iterator[int]:
        """Where all runs pause; those that do not know their loss do so where `train` does."""
        if self._knows_loss:
            chunk = self._chunk(schedule)
            yield from range(chunk, steps, chunk)
        else:
            for pause in schedule.pauses(after=0):
                if pause.step >= steps:
                    break
                yield pause.step
        if steps:
            yield steps

    def _compact(self) -> None:
        """Drop the rows of runs that ended, once they are half of all."""
        going = self._going[self._rows]
        if 2 * going.sum() > len(self._rows):
            return
        kept = np.flatnonzero(going)
        arrays = (self._moving, self._fixed, self._method, self._key, self._state)
        self._moving, self._fixed, self._method, self._key, self._state = jax.tree.map(
            lambda leaf: leaf[kept], arrays
        )
        self._rows = self._rows[kept]

    def _forward(self, end: int, chunk: int) -> None:
        rows = self._rows
        going = self._going[rows]
        arrived = advance_rows(
            self._problem,
            self._method,
            chunk,
            self._fixed,
            jnp.asarray(self._steps[rows]),
            jnp.asarray(np.where(going, end, self._steps[rows])),
            self._moving,
            self._state,
            Window(jnp.full(len(rows), self._target), jnp.asarray(self._limit[rows])),
            self._key,
        )
        self._moving, self._state = arrived.moving, arrived.state
        made = np.asarray(arrived.step) - self._steps[rows]
        healthy = np.asarray(arrived.healthy)
        if self._knows_loss:
            records = np.asarray(arrived.records)[:, :, 0]
        else:
            records = np.broadcast_to(self._losses()[:, None], (len(rows), chunk))
        sound = np.ones(self._count, bool)
        for row in np.flatnonzero(going):
            run, last = rows[row], records[row, made[row] - 1]
            sound[run] = healthy[row] and np.isfinite(last)
            # As in `train`: the step whose loss is not finite does not count.
            behind = made[row] - 1 if self._knows_loss else 0
            count = made[row] if sound[run] else behind
            self._steps[run] += count
            if count:
                self._loss[run] = records[row, count - 1]
        self._judge(sound)

    def _judge(self, sound: Bool[np.ndarray, " s"]) -> None:
        for run in np.flatnonzero(self._going):
            if not sound[run] or self._loss[run] > self._limit[run]:
                self._status[run] = Status.DIVERGED
            elif self._loss[run] <= self._target:
                self._status[run] = Status.TARGET_REACHED

    def _losses(self) -> Float[np.ndarray, " r"]:
        return np.asarray(loss_of_rows(self._problem, self._moving, self._fixed))
