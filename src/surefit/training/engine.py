"""The run itself: compiled chunks, and between them measurements, questions and checkpoints."""

from __future__ import annotations

import dataclasses
import time

import jax
import numpy as np

from surefit.core.layer import Params
from surefit.core.precision import as_float64
from surefit.core.trajectory import Status
from surefit.core.tree import combine
from surefit.training.checkpoint import Checkpoint, Saved
from surefit.training.divergence import GROWTH, divergence_message
from surefit.training.ledger import Ledger
from surefit.training.lost_equilibrium import lost_in_a_step
from surefit.training.progress import Listener
from surefit.training.runner import Runner
from surefit.training.schedule import Pause
from surefit.training.setup import Setup

__all__ = ["Ending", "Engine"]


@dataclasses.dataclass(frozen=True)
class Ending:
    """Why a run ended."""

    status: Status
    message: str


class Engine:
    """One run of training.

    The anchor is the newest position at a pause of the schedule, measured and all. It is replaced
    in one assignment, and it is what a checkpoint stores and an interruption falls back on.

    Args:
        setup: what to do.
        listener: called at every pause.
        checkpoint: where to keep the run.
        saved: where to go on.
    """

    def __init__(
        self,
        setup: Setup,
        listener: Listener,
        checkpoint: Checkpoint | None = None,
        saved: Saved | None = None,
    ) -> None:
        self._begun, self._spent = time.monotonic(), saved.seconds if saved else 0.0
        self.setup, self._listener, self._checkpoint = setup, listener, checkpoint
        self._runner = Runner(setup)
        if saved is not None and checkpoint is not None:
            self.ledger = Ledger(saved.block)
            self.position = self._runner.restored(saved, checkpoint.path)
            self._kept = saved.step
        else:
            origin = self._runner.origin
            rows = self._runner.measure(origin, cheap=True, expensive=True)
            self.ledger = Ledger(self._runner.first_rows() | rows)
            self.position = dataclasses.replace(origin, blocks=1)
            self._kept = -1
        self._anchor = self.position

    @property
    def seconds(self) -> float:
        """Time spent, with that of earlier parts of an interrupted run."""
        return self._spent + time.monotonic() - self._begun

    @property
    def params(self) -> Params:
        """All parameters at the position, in float64."""
        return as_float64(combine(self.position.moving, self.setup.fixed))

    def run(self) -> Ending:
        """Train until an end is reached, and measure everything there."""
        try:
            ending = self._train()
            self._keep()
            self._finish()
        except KeyboardInterrupt:
            self.position = self._anchor
            self.ledger.cut(self._anchor.blocks)
            self._keep()
            kept = "The same call goes on from there." if self._checkpoint else "Nothing is stored."
            return Ending(
                Status.INTERRUPTED, f"Interrupted; the result is that of {self._when()}. {kept}"
            )
        return ending

    def _train(self) -> Ending:
        pauses = self.setup.schedule.pauses(after=self.position.step - 1)
        pause = next(pauses)
        while (ending := self._ending(pause)) is None:
            pause = next(pauses)
            end = min(pause.step, self.setup.steps)
            there, block, broken = self._runner.forward(self.position, end)
            if broken or there.step < pause.step:
                self.position = dataclasses.replace(there, blocks=self.ledger.append(block))
                if broken:
                    return self._broken()
                pause = dataclasses.replace(pause, asked=False)
                continue
            block |= self._runner.measure(there, pause.cheap, pause.expensive)
            self.position = dataclasses.replace(there, blocks=self.ledger.append(block))
            self._anchor = self.position
            self._report()
            if self._checkpoint is not None and self._checkpoint.due:
                self._keep()
        return ending

    def _ending(self, pause: Pause) -> Ending | None:
        setup, (loss, _) = self.setup, self.position.losses
        if loss <= setup.target:
            return Ending(
                Status.TARGET_REACHED,
                f"The loss reached {loss:.3g}, at most the target {setup.target:.3g}, "
                f"at {self._when()}.",
            )
        if loss > self._runner.limit:
            return self._diverged(f"the loss grew to {loss:.3g}, {GROWTH:.0e} times its scale")
        asked = setup.stop if pause.asked else None
        if asked is not None and asked(setup.problem, self.params, self.position.step):
            return Ending(
                Status.TARGET_REACHED,
                f"The stop condition was met at {self._when()}, at the loss {loss:.3g}.",
            )
        if self.position.step >= setup.steps:
            return Ending(
                Status.STEPS_DONE, f"All steps were made: {self._when()}, at the loss {loss:.3g}."
            )
        return None

    def _broken(self) -> Ending:
        setup = self.setup
        complaint = setup.method.complaint(setup.problem, self.params)
        if not complaint:
            beyond = combine(self._runner.beyond(self.position), setup.fixed)
            complaint = lost_in_a_step(setup.problem, as_float64(beyond))
        return self._diverged(complaint or "the loss was no longer a finite number")

    def _diverged(self, what: str) -> Ending:
        setup = self.setup
        initial = as_float64(combine(setup.initial, setup.fixed))
        message = divergence_message(
            setup.problem,
            setup.method,
            initial=initial,
            last=self.params,
            step=self.position.step,
            what=what,
        )
        return Ending(Status.DIVERGED, message)

    def _finish(self) -> None:
        """Measure what was not measured at the last step anyway."""
        step, names = self.position.step, {m.name for m in self.setup.monitors}
        missing = {name for name in names if self.ledger.newest(name) != step}
        if missing:
            block = self._runner.measure(self.position, cheap=True, expensive=True)
            self.ledger.append({name: block[name] for name in missing})
        self._report()

    def _report(self) -> None:
        loss, squared_residual = self.position.losses
        values = {"loss": loss, "squared_residual": squared_residual}
        self._listener(self.position.step, self.setup.steps, values)

    def _keep(self) -> None:
        """Store the anchor, unless it is what is stored already."""
        at = self._anchor
        if self._checkpoint is None or self._kept == at.step:
            return
        self._checkpoint.save(
            Saved(
                step=at.step,
                leaves=[np.asarray(leaf) for leaf in jax.tree.leaves(at.arrays)],
                losses=at.losses,
                numbers=self.setup.method.numbers(),
                block=self.ledger.merged(at.blocks),
                seconds=self.seconds,
            )
        )
        self._kept = at.step

    def _when(self) -> str:
        clock = self.setup.method.clock
        step = self.position.step
        return f"step {step}" if clock == 1.0 else f"time {step * clock:.6g} (record {step})"
