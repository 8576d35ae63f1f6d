"""How far parameters moved, and what of the network and its kernel moved with them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.diagnosis.kernel import DenseKernel, gram
from surefit.diagnosis.subject import Subject
from surefit.tangent.moving import pushed

__all__ = ["Movement", "gap_in_symbols", "movement", "norm", "unit_of_gap"]


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
    linear = np.asarray(pushed(subject.apply, subject.moving, subject.x, shift), np.float64)
    start, end = np.asarray(subject.predictions()), np.asarray(subject.predictions(moving))
    gap = float(np.linalg.norm(end - start - linear))
    squared = subject.scale is not None
    whole = np.linalg.norm(start - np.asarray(subject.y)) if squared else np.linalg.norm(linear)
    now = gram(subject.at(moving), memory_limit) if now is None else now
    drift = np.linalg.norm(now - kernel.matrix)
    length, first = norm(shift), norm(subject.moving)
    return Movement(
        distance=length,
        relative=length / first if first > 0.0 else np.inf,
        gap=gap / float(whole) if whole > 0.0 else (0.0 if gap == 0.0 else np.inf),
        drift=float(drift) / float(np.linalg.norm(kernel.matrix)),
    )


def norm(tree: Any) -> float:
    """The Euclidean norm of all leaves together."""
    return float(np.sqrt(sum(np.sum(np.square(np.asarray(leaf, np.float64)))
                             for leaf in jax.tree.leaves(tree))))  # fmt: skip


def unit_of_gap(subject: Subject) -> str:
    """What the gap of a `Movement` is a share of, in words."""
    if subject.scale is not None:
        return "the first residual"
    return "the distance that the linearised outputs moved"


def gap_in_symbols(subject: Subject) -> str:
    """The gap of a `Movement`, as checks name it."""
    below = "||r_0||" if subject.scale is not None else "||f_lin - f_0||"
    return f"||f - f_lin|| / {below}"
