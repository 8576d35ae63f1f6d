"""Runs whose Gram matrix is too large for its spectrum: what is done instead, what is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NoReturn

import jax
import numpy as np
from jaxtyping import Float

from surefit.core.layer import Params
from surefit.core.memory import format_bytes
from surefit.core.precision import as_float64, float64
from surefit.core.prediction import Prediction
from surefit.core.spectrum import Enclosure, SymmetricOperator, lanczos_extremes
from surefit.errors import NumericalError
from surefit.problem import Problem
from surefit.tangent.gram import output_kernel
from surefit.theory import THEOREMS, Setting, assess
from surefit.training import MONITORS

__all__ = [
    "LARGEST",
    "GramEnds",
    "LargeSetting",
    "WholeSpectrumError",
    "assess_large",
    "first_output_kernel",
    "left_out",
    "measurable",
]

# Residuals. The spectrum of a matrix of this size takes about a minute on two cores, and a run
# needs two of them; the time grows with the third power.
LARGEST = 4000
# Operations of one measurement beyond which a monitor is not watched on its own: half a minute.
_MEASUREMENT = 1e12


class WholeSpectrumError(NumericalError):
    """A quantity needs all eigenvalues of a Gram matrix of which only the ends are known."""


@dataclasses.dataclass(frozen=True)
class GramEnds:
    """In the place of a spectrum: the two ends of one.

    Args:
        smallest: at least 0, and at most what the Lanczos method has seen.
        largest: to a thousandth.
    """

    smallest: Enclosure
    largest: Enclosure

    @property
    def eigenvalues(self) -> NoReturn:
        """Not known."""
        raise WholeSpectrumError("The Gram matrix is too large for all of its eigenvalues.")

    @property
    def eigenvectors(self) -> NoReturn:
        """Not known."""
        raise WholeSpectrumError("The Gram matrix is too large for its eigenvectors.")


@dataclasses.dataclass(frozen=True, eq=False)
class LargeSetting(Setting):
    """A setting that never forms the Gram matrix of all residuals."""

    @cached_property
    def gram_spectrum(self) -> GramEnds:
        r"""The ends of the spectrum, by products $JJ^\top v$."""
        params = jax.tree.map(jax.numpy.asarray, self.params)
        operator = SymmetricOperator(
            lambda v: self.problem.gram_product(params, v), self.problem.residuals
        )
        found = lanczos_extremes(operator, tolerance=1e-3, ends="largest")
        # The smallest one is hardly seen after so few products, but a Gram matrix has none below 0.
        seen = max(found.smallest.value, 0.0)
        return GramEnds(Enclosure(0.0, seen, seen, found.smallest.evidence), found.largest)

    @property
    def gram_spread(self) -> None:
        """Needs the sum of squares of all entries."""
        return None


def assess_large(
    setting: LargeSetting, names: Iterable[str] | None = None
) -> tuple[dict[str, Prediction], tuple[str, ...]]:
    r"""As `surefit.theory.assess`, with the names of the theorems that need the whole spectrum.

    Cost: as there, without the Gram matrix of all residuals; the limit kernel is $n \times n$.
    """
    found: dict[str, Prediction] = {}
    missing = []
    for name in THEOREMS.names() if names is None else names:
        try:
            found |= assess(setting, (name,))
        except WholeSpectrumError:
            missing.append(name)
    return found, tuple(missing)


@float64
def measurable(
    problem: Problem, params: Params, names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(monitors that can be watched in a reasonable time, the others)."""
    kept, dropped = [], []
    for name in names:
        monitor = MONITORS[name]()
        possible = monitor.obstacle(problem, params) is None
        dear = monitor.expensive and monitor.flops(problem, params) > _MEASUREMENT
        (kept if possible and not dear else dropped).append(name)
    return tuple(kept), tuple(dropped)


@float64
def first_output_kernel(problem: Problem, params: Params) -> Float[np.ndarray, "n n"]:
    r"""The tangent kernel of the first output alone, $n \times n$.

    In wide networks whose output weights are independent, the Gram matrix of all $k$ outputs is
    about this matrix $\otimes I_k$.
    """
    kernel = output_kernel(problem.network, as_float64(params), problem.x, 0)
    return np.asarray(kernel)


def left_out(problem: Problem, theorems: Sequence[str], monitors: Sequence[str]) -> str:
    """What a run on so many residuals does without, and why, in a sentence or two."""
    size = problem.residuals
    instead = (
        f"the kernel of the first of {problem.outputs} outputs is looked at instead"
        if problem.outputs > 1
        else "only the ends of its spectrum are computed"
    )
    parts = ["certificates"]
    if theorems:
        parts.append(f"the theorems {', '.join(theorems)}")
    if monitors:
        parts.append(f"the monitors {', '.join(monitors)}")
    return (
        f"The Gram matrix of {size} residuals ({problem.samples} samples x {problem.outputs} "
        f"outputs, {format_bytes(8 * size**2)}) is not formed: above {LARGEST} residuals its "
        f"spectrum takes minutes to hours, and {instead}. Left out for that: {'; '.join(parts)}. "
        f"With --samples {LARGEST // problem.outputs} or less nothing is left out."
    )
