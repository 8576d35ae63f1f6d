r"""Is training lazy: does the network stay near its linearisation, and its kernel near its start?

The definitions are those of `surefit.workflows.lazy`: $\|f - \tilde f\| \le \varepsilon\|r_0\|$ and
$\|K - K_0\|_F \le \varepsilon\|K_0\|_F$.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from surefit.core.check import Check, Evidence
from surefit.diagnosis.descent import Course
from surefit.diagnosis.kernel import DenseKernel
from surefit.diagnosis.movement import Movement, gap_in_symbols, movement, norm, unit_of_gap
from surefit.diagnosis.subject import Subject
from surefit.tangent.moving import pulled

__all__ = ["Laziness", "laziness_of"]


@dataclasses.dataclass(frozen=True, eq=False)
class Laziness:
    r"""Lazy or not.

    Args:
        tolerance: $\varepsilon$.
        probe: at the point where descent of the linearised network ends; None: no displacement
            could be computed.
        probe_steps: after so many of its steps.
        measured: at the trained weights, where they were given.
        curvature_ratio: $\|r\|\,\|D^2f[u, u]\|/\|Df\,u\|^2$ along the gradient $u$; small where the
            linearisation is good along it. A value below the one with operator norms.
        checks: gap and drift against the tolerance, at the trained weights if there are some.
        holds: whether both hold.
        verdict: one sentence.
    """

    tolerance: float
    probe: Movement | None
    probe_steps: int
    measured: Movement | None
    curvature_ratio: float
    checks: tuple[Check, ...]
    holds: bool | None
    verdict: str


def laziness_of(
    kernel: DenseKernel,
    course: Course,
    trained: Any,
    tolerance: float,
    memory_limit: int | None,
) -> Laziness:
    """Look at the end of the linearised run, and at the trained weights where they are given."""
    subject = kernel.subject
    probe = None
    if np.any(course.coefficients) and np.isfinite(course.coefficients).all():
        shift = pulled(subject.apply, subject.moving, subject.x, jnp.asarray(course.coefficients))
        probe = movement(kernel, _moved(subject.moving, shift), memory_limit)
    measured = None if trained is None else movement(kernel, trained, memory_limit)
    seen = measured if measured is not None else probe
    checks = () if seen is None else _checks(subject, seen, tolerance, measured is not None)
    verdicts = [check.holds for check in checks]
    holds = None if not verdicts or None in verdicts else all(verdicts)
    ratio = float(_curvature_ratio(subject))
    return Laziness(
        tolerance=tolerance,
        probe=probe,
        probe_steps=course.steps,
        measured=measured,
        curvature_ratio=ratio,
        checks=checks,
        holds=holds,
        verdict=_verdict(seen, holds, measured is not None, course.steps, tolerance, ratio,
                         unit_of_gap(subject)),
    )  # fmt: skip


def _moved(moving: Any, shift: Any) -> Any:
    return jax.tree.map(lambda a, b: a + b.astype(a.dtype), moving, shift)


def _curvature_ratio(subject: Subject) -> float:
    outputs = subject.predictions()
    slope = subject.loss.output_gradient(outputs, subject.y)
    direction = pulled(subject.apply, subject.moving, subject.x, slope.reshape(-1))
    if norm(direction) == 0.0:
        return 0.0
    first, second = _derivatives(subject.apply, subject.moving, subject.x, direction)
    size = float(np.linalg.norm(np.asarray(first, np.float64)))
    residual = float(np.linalg.norm(np.asarray(outputs - subject.y)))
    return residual * float(np.linalg.norm(np.asarray(second, np.float64))) / size**2


@eqx.filter_jit
def _derivatives(apply: Callable, moving: Any, x: Array, direction: Any) -> tuple[Array, Array]:
    with jax.default_matmul_precision("highest"):

        def slope(part: Any) -> Array:
            return jax.jvp(lambda p: apply(p, x), (part,), (direction,))[1]

        return jax.jvp(slope, (moving,), (direction,))


def _checks(
    subject: Subject, seen: Movement, tolerance: float, measured: bool
) -> tuple[Check, ...]:
    evidence = Evidence.FLOAT if measured else Evidence.SAMPLED
    note = "at the trained weights" if measured else "at the end of the linearised run"
    return (
        Check(gap_in_symbols(subject), seen.gap, tolerance, note=note, evidence=evidence),
        Check("||K - K_0|| / ||K_0||", seen.drift, tolerance, note=note, evidence=evidence),
    )


def _verdict(
    seen: Movement | None,
    holds: bool | None,
    measured: bool,
    steps: int,
    tolerance: float,
    ratio: float,
    unit: str,
) -> str:
    if seen is None or holds is None:
        return "Cannot say: the linearised network does not move from these weights."
    word = "Lazy" if holds else "Not lazy"
    where = (
        "at the trained weights"
        if measured
        else f"moved to where the linearised network would be after {steps} steps"
    )
    return (
        f"{word}: {where}, the outputs differ from those of the linearised network by "
        f"{seen.gap:.3g} of {unit}, and the tangent kernel has moved by {seen.drift:.3g} of its "
        f"norm (at most {tolerance:g} each counts as lazy); the weights moved by "
        f"{seen.relative:.3g} of their norm. Curvature over squared slope along the gradient, "
        f"small where training can be lazy: {ratio:.3g}."
    )
