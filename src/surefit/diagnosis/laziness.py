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
from jaxtyping import Array, Float

from surefit.core.check import Check, Evidence
from surefit.diagnosis.descent import Course
from surefit.diagnosis.kernel import DenseKernel, gram
from surefit.diagnosis.subject import Subject

__all__ = ["Laziness", "Movement", "laziness_of", "movement"]


@dataclasses.dataclass(frozen=True)
class Movement:
    r"""What a displacement of the parameters does.

    Args:
        distance: $\|\theta - \theta_0\|$.
        relative: the same over $\|\theta_0\|$.
        gap: $\|f(\theta) - f(\theta_0) - J(\theta - \theta_0)\|$ over the norm of the first
            residual; for other than squared losses over $\|J(\theta - \theta_0)\|$.
        drift: $\|K - K_0\|_F/\|K_0\|_F$.
    """

    distance: float
    relative: float
    gap: float
    drift: float


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
        shift = _pulled(subject.apply, subject.moving, subject.x, jnp.asarray(course.coefficients))
        probe = movement(kernel, _moved(subject.moving, shift), memory_limit)
    measured = None if trained is None else movement(kernel, trained, memory_limit)
    seen = measured if measured is not None else probe
    checks = () if seen is None else _checks(seen, tolerance, measured is not None)
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
        verdict=_verdict(seen, holds, measured is not None, course.steps, tolerance, ratio),
    )


def movement(
    kernel: DenseKernel,
    moving: Any,
    memory_limit: int | None,
    now: Float[np.ndarray, "nk nk"] | None = None,
) -> Movement:
    """From the parameters of the kernel to others, on its samples.

    Args:
        kernel: at the start.
        moving: the others.
        memory_limit: bytes that a kernel may use.
        now: the kernel matrix there, if it is known already.
    """
    subject = kernel.subject
    shift = jax.tree.map(jnp.subtract, moving, subject.moving)
    linear = np.asarray(_pushed(subject.apply, subject.moving, subject.x, shift), np.float64)
    start, end = np.asarray(subject.predictions()), np.asarray(subject.predictions(moving))
    gap = float(np.linalg.norm(end - start - linear))
    squared = subject.scale is not None
    whole = np.linalg.norm(start - np.asarray(subject.y)) if squared else np.linalg.norm(linear)
    now = gram(subject.at(moving), memory_limit) if now is None else now
    drift = np.linalg.norm(now - kernel.matrix)
    length, first = _norm(shift), _norm(subject.moving)
    return Movement(
        distance=length,
        relative=length / first if first > 0.0 else np.inf,
        gap=gap / float(whole) if whole > 0.0 else (0.0 if gap == 0.0 else np.inf),
        drift=float(drift) / float(np.linalg.norm(kernel.matrix)),
    )


def _norm(tree: Any) -> float:
    return float(np.sqrt(sum(np.sum(np.square(np.asarray(leaf, np.float64)))
                             for leaf in jax.tree.leaves(tree))))  # fmt: skip


def _moved(moving: Any, shift: Any) -> Any:
    return jax.tree.map(lambda a, b: a + b.astype(a.dtype), moving, shift)


@eqx.filter_jit
def _pulled(apply: Callable, moving: Any, x: Array, rows: Float[Array, " nk"]) -> Any:
    with jax.default_matmul_precision("highest"):
        outputs, pull = jax.vjp(lambda part: apply(part, x), moving)
        return pull(rows.reshape(outputs.shape).astype(outputs.dtype))[0]


@eqx.filter_jit
def _pushed(apply: Callable, moving: Any, x: Array, shift: Any) -> Float[Array, "n k"]:
    with jax.default_matmul_precision("highest"):
        return jax.jvp(lambda part: apply(part, x), (moving,), (shift,))[1]


def _curvature_ratio(subject: Subject) -> float:
    outputs = subject.predictions()
    slope = subject.loss.output_gradient(outputs, subject.y)
    direction = _pulled(subject.apply, subject.moving, subject.x, slope.reshape(-1))
    if _norm(direction) == 0.0:
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


def _checks(seen: Movement, tolerance: float, measured: bool) -> tuple[Check, ...]:
    evidence = Evidence.FLOAT if measured else Evidence.SAMPLED
    note = "at the trained weights" if measured else "at the end of the linearised run"
    return (
        Check("||f - f_lin|| / ||r_0||", seen.gap, tolerance, note=note, evidence=evidence),
        Check("||K - K_0|| / ||K_0||", seen.drift, tolerance, note=note, evidence=evidence),
    )


def _verdict(
    seen: Movement | None,
    holds: bool | None,
    measured: bool,
    steps: int,
    tolerance: float,
    ratio: float,
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
        f"{word}: {where}, the outputs are {seen.gap:.3g} of the first residual away from those of "
        f"the linearised network and the tangent kernel has moved by {seen.drift:.3g} (at most "
        f"{tolerance:g} each counts as lazy); the weights moved by {seen.relative:.3g} of their "
        f"norm. Curvature over squared slope along the gradient: {ratio:.3g}."
    )
