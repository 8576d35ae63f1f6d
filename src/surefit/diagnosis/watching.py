"""`sf.watch`: the quantities of the theory in a training loop of one's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.spectrum import Extremes
from surefit.diagnosis.curvature import sharpness
from surefit.diagnosis.kernel import DenseKernel, chosen_rows, gram
from surefit.diagnosis.modes import dense_modes
from surefit.diagnosis.movement import movement
from surefit.diagnosis.prepare import like, prepare
from surefit.diagnosis.watched import Record, Watched, judged
from surefit.errors import InvalidInputError
from surefit.function_space.curves import loss_of
from surefit.function_space.filters import Descent
from surefit.losses import Loss

__all__ = ["Watch", "watch"]


class Watch:
    """A monitor that is called with the number of steps made and the parameters.

    Made by `surefit.watch`. `report()` judges what was seen so far.
    """

    def __init__(
        self,
        subject: Any,
        original: Any,
        kernel: DenseKernel,
        step_size: float | None,
        tolerance: float,
        sharp: bool,
        memory_limit: int | None,
    ) -> None:
        self._subject, self._original, self._kernel = subject, original, kernel
        self._step_size, self._tolerance = step_size, tolerance
        self._sharp, self._memory_limit = sharp, memory_limit
        self._modes = self._start_modes()
        self._records: list[Record] = []
        self._look(0, subject.moving)

    def __call__(self, step: int, params: Params) -> Record:
        """Look at the parameters after so many steps.

        Raises:
            InvalidInputError: the steps do not increase, or the parameters have another form.
        """
        last = self._records[-1].step
        if not step > last:
            raise InvalidInputError(
                f"`watch(step=...)` must be above the last one. Got {step} after {last}. Records "
                "are a history; step 0 was recorded with the watch. Count the steps that were made."
            )
        return self._seen(int(step), params)

    @property
    def records(self) -> tuple[Record, ...]:
        """Every look so far, the start first."""
        return tuple(self._records)

    def report(self) -> Watched:
        """Lazy or not, and whether the measured rate agrees with the predicted one."""
        return judged(self._subject, self.records, self._tolerance, self._step_size)

    @float64
    def _seen(self, step: int, params: Params) -> Record:
        return self._look(step, like("watch", "params", self._subject, self._original, params))

    def _look(self, step: int, moving: Any) -> Record:
        subject, kernel = self._subject, self._kernel
        now = gram(kernel.subject.at(moving), self._memory_limit)
        moved = movement(kernel, moving, self._memory_limit, now)
        found = sharpness(subject.at(moving), self._memory_limit) if self._sharp else ""
        record = Record(
            step=step,
            loss=float(subject.loss(subject.predictions(moving), subject.y)),
            predicted=self._predicted(step),
            gap=moved.gap,
            drift=moved.drift,
            distance=moved.distance,
            relative=moved.relative,
            lambda_min=float(np.linalg.eigvalsh(now)[0]),
            sharpness=found.largest.value if isinstance(found, Extremes) else math.nan,
        )
        self._records.append(record)
        return record

    def _start_modes(self) -> Any:
        subject = self._subject
        whole = self._kernel.subject.samples == subject.samples
        if self._step_size is None or subject.scale is None or not whole:
            return None
        residual = np.asarray(subject.predictions()) - np.asarray(subject.y)
        return dense_modes(self._kernel, residual.reshape(-1))

    def _predicted(self, step: int) -> float:
        if self._modes is None:
            return math.nan
        twice = 2.0 * self._subject.scale
        half = loss_of(Descent(step, twice * self._step_size), self._modes.values,
                       self._modes.weights)  # fmt: skip
        return twice * half


@float64
def watch(
    network: Any,
    params: Params | None,
    x: Any,
    y: Any,
    *,
    loss: str | Loss = "squared",
    step_size: float | None = None,
    tolerance: float = 0.1,
    trainable: Any = None,
    sharpness: bool = True,
    samples: int | None = 200,
    memory_limit: int | None = None,
    seed: int = 0,
) -> Watch:
    r"""A monitor for a training loop of one's own, whatever makes the steps.

    Call it every so often with the number of steps made and the parameters; afterwards `report()`
    says whether the run was lazy and, for plain gradient descent with a constant step, whether the
    loss fell as fast as the tangent kernel of the start predicts.

    Args:
        network: as for `diagnose`.
        params: the parameters at the start; None with a module of Equinox or PyTorch.
        x: inputs.
        y: targets.
        loss: as for `diagnose`.
        step_size: of gradient descent on this very loss; None: no prediction.
        tolerance: how far a lazy network may leave its linearisation and the predicted rate.
        trainable: as for `diagnose`.
        sharpness: whether to compute the largest eigenvalue of the Hessian at every look.
        samples: on how many samples the kernel is formed at most, drawn at random.
        memory_limit: bytes that may be used; None: what is available.
        seed: of the samples.

    Raises:
        InvalidInputError: as `diagnose`.

    Cost:
        Per look a kernel matrix with its eigenvalues, and about forty products with the Hessian
        for the sharpness.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import surefit as sf
        >>> def f(w, x):
        ...     return x @ w
        >>> x, y, w = jnp.eye(3), jnp.ones(3), jnp.zeros(3)
        >>> seen = sf.watch(f, w, x, y, step_size=0.5)
        >>> for step in range(1, 11):
        ...     w = w - 0.5 * jax.grad(lambda w: 0.5 * jnp.sum((f(w, x) - y) ** 2))(w)
        ...     record = seen(step, w)
        >>> seen.report().lazy
        True
    """
    if step_size is not None and not 0.0 < step_size < math.inf:
        raise InvalidInputError(
            f"`watch(step_size=...)` must be positive and finite. Got {step_size}. Descent goes "
            "downhill by it. Leave it out where the optimiser is not plain gradient descent."
        )
    if not 0.0 < tolerance < math.inf:
        raise InvalidInputError(
            f"`watch(tolerance=...)` must be positive and finite. Got {tolerance}. No network of "
            "finite width equals its linearisation. Write 0.1, say."
        )
    subject = prepare("watch", network, params, x, y, loss, trainable)
    rows = chosen_rows(subject, samples, memory_limit, seed)
    kernel = DenseKernel.of(subject, rows, memory_limit)
    original = network if params is None else params
    return Watch(subject, original, kernel, step_size, tolerance, sharpness, memory_limit)
