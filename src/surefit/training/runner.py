"""Calls the compiled functions of one run and turns what they return into positions and rows."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from threadpoolctl import ThreadpoolController

from surefit.core.layer import Params
from surefit.errors import InvalidInputError, StorageError
from surefit.training.checkpoint import Saved
from surefit.training.compiled import Arrived, Window, advance, measure, start
from surefit.training.compiled import with_traced_numbers as traced
from surefit.training.divergence import loss_limit
from surefit.training.ledger import Block
from surefit.training.monitor import Monitor
from surefit.training.monitors.loss import Loss
from surefit.training.monitors.squared_residual import SquaredResidual
from surefit.training.setup import Setup

__all__ = ["Position", "Runner"]

_ONE_THREAD = 1000
_BASE = (Loss(), SquaredResidual())


@dataclasses.dataclass(frozen=True)
class Position:
    """A step of the run with everything that belongs to it.

    Args:
        step: how many steps were made.
        moving: the trained parameters.
        state: of the method.
        carries: of the accumulating monitors.
        losses: loss and squared residual.
        blocks: how many blocks of the ledger belong to it.
    """

    step: int
    moving: Params
    state: Any
    carries: dict[str, Any]
    losses: tuple[float, float]
    blocks: int = 0

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the rest of the run depends on."""
        return self.moving, self.state, self.carries


class Runner:
    """The compiled functions, applied to one run.

    Args:
        setup: what to do.

    Raises:
        InvalidInputError: the loss is not finite at the start.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._method = traced(setup.method)
        self._accumulating = tuple(m for m in setup.monitors if m.accumulates)
        state, carries = start(
            setup.problem,
            setup.stepping,
            self._method,
            setup.monitors,
            setup.initial,
            setup.fixed,
        )
        moves = {m.name: carries.pop(m.name) for m in self._accumulating}
        self._constant = carries | {m.name: () for m in _BASE}
        self._knows_loss = setup.method.evaluation(state) is not None
        losses = self._losses(setup.initial, state)
        if not math.isfinite(losses[0]):
            raise InvalidInputError(
                f"`train(params=...)` must give a finite loss. Got {losses[0]}. The outputs of the "
                "network overflow at these parameters. Initialise with smaller weights, or scale "
                "the data."
            )
        self.origin = Position(0, setup.initial, state, moves, losses)
        self.limit = loss_limit(setup.problem, losses[0])
        # The eigenvalues of a small matrix take a hundred times longer on two threads than on one
        # where the machine is busy with something else as well.
        self._blas = ThreadpoolController()
        self._blas_threads = 1 if setup.problem.residuals <= _ONE_THREAD else None
        self._window = Window(jnp.asarray(setup.target), jnp.asarray(self.limit))

    def restored(self, saved: Saved, where: Any) -> Position:
        """The position that was saved.

        Raises:
            StorageError: it does not fit this run.
        """
        template, structure = jax.tree.flatten(self.origin.arrays)
        shapes = [(leaf.shape, leaf.dtype) for leaf in template]
        if shapes != [(leaf.shape, leaf.dtype) for leaf in saved.leaves]:
            raise StorageError(
                f"{where} must hold the arrays of this run. Got other shapes or types. The file "
                "was edited. Delete it to start this run anew."
            )
        arrays = jax.tree.unflatten(structure, [jnp.array(leaf) for leaf in saved.leaves])
        return Position(saved.step, *arrays, saved.losses, blocks=1)

    def forward(self, here: Position, end: int) -> tuple[Position, Block, bool]:
        """Steps until `end`, or until the loss leaves its window.

        Returns:
            The last position whose loss is finite, its losses since `here`, and whether the step
            behind it cannot be used.
        """
        arrived = self._advance(here, end)
        made = int(arrived.step) - here.step
        if not self._knows_loss:
            losses = self._losses(arrived.moving, arrived.state)
            if not (math.isfinite(losses[0]) and bool(arrived.healthy)):
                return here, {}, True
            return _position(arrived, losses), _rows(here.step + made - 1, [losses]), False
        records = np.asarray(arrived.records)[:made]
        broken = not (math.isfinite(records[-1, 0]) and bool(arrived.healthy))
        if broken:
            # Once more from where the chunk began, one step less: the same numbers again.
            made -= 1
            if made == 0:
                return here, {}, True
            arrived, records = self._advance(here, here.step + made), records[:-1]
        losses = float(records[-1, 0]), float(records[-1, 1])
        return _position(arrived, losses), _rows(here.step, records), broken

    def beyond(self, here: Position) -> Params:
        """The trained parameters one step on, whatever they are."""
        return self._advance(here, here.step + 1).moving

    def measure(self, at: Position, cheap: bool, expensive: bool) -> Block:
        """One row for every cheap or expensive monitor, or both."""
        wanted = {m.name for m in self.setup.monitors if (expensive if m.expensive else cheap)}
        # Two compiled versions are enough: with and without the expensive ones.
        used = [m for m in self.setup.monitors if expensive or not m.expensive]
        if not wanted:
            return {}
        with self._blas.limit(limits=self._blas_threads, user_api="blas"):
            found = self._measure(tuple(used), at.moving, at.state, at.carries)
            rows = {name: np.asarray(value)[None] for name, value in found.items()}
        return {name: (np.array([at.step]), row) for name, row in rows.items() if name in wanted}

    def first_rows(self) -> Block:
        """The losses at the start."""
        return _rows(-1, [self.origin.losses])

    def _advance(self, here: Position, end: int) -> Arrived:
        setup = self.setup
        moving, state, carries = here.arrays
        return advance(
            setup.stepping,
            self._method,
            self._accumulating,
            length=setup.schedule.chunk,
            fixed=setup.fixed,
            begin=jnp.asarray(here.step),
            end=jnp.asarray(end),
            moving=moving,
            state=state,
            carries=carries,
            window=self._window,
            key=setup.key,
        )

    def _losses(self, moving: Params, state: Any) -> tuple[float, float]:
        known = self._method.evaluation(state)
        if known is not None:
            return float(known.loss), float(known.squared_residual)
        found = self._measure(_BASE, moving, state, {})
        return float(found["loss"]), float(found["squared_residual"])

    def _measure(
        self, monitors: tuple[Monitor, ...], moving: Params, state: Any, carries: dict[str, Any]
    ) -> dict[str, Any]:
        setup = self.setup
        carries = {m.name: (self._constant | carries)[m.name] for m in monitors}
        return measure(
            setup.problem,
            self._method,
            monitors,
            initial=setup.initial,
            moving=moving,
            fixed=setup.fixed,
            state=state,
            carries=carries,
        )


def _position(arrived: Arrived, losses: tuple[float, float]) -> Position:
    return Position(int(arrived.step), arrived.moving, arrived.state, arrived.carries, losses)


def _rows(before: int, losses: Any) -> Block:
    values = np.asarray(losses, np.float64).reshape(-1, 2)
    steps = before + 1 + np.arange(len(values))
    return {"loss": (steps, values[:, 0]), "squared_residual": (steps, values[:, 1])}
