"""What a theorem is asked about: a problem with its start and step, and the shared quantities."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import cached_property

import jax
import numpy as np
from jaxtyping import Float

from surefit.core.layer import Params
from surefit.core.rounding import UNIT_ROUNDOFF, gamma
from surefit.core.spectrum import Enclosure, Spectrum, symmetric_spectrum
from surefit.curvature import CurvatureBound, curvature_profile
from surefit.errors import InvalidInputError, NumericalError
from surefit.problem import Problem, require_problem
from surefit.tangent.walk import factorises
from surefit.theory.structure import Structure, structure_of

__all__ = ["Setting"]


@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    r"""A problem with its start and its dynamics; every shared quantity is computed once.

    Args:
        problem: network, loss and data.
        params: the parameters at the start.
        step_size: $\eta$ for the problem's own loss; not used for gradient flow.
        dynamics: catalogue name of the training method: `gradient_descent`, `gradient_flow`, ...
        failure_probability: $\delta$, for statements that hold with probability $1 - \delta$.
        batch_size: samples per step of a stochastic method; None: all of them.

    Raises:
        InvalidInputError: the step size or the probability is out of range.
    """

    problem: Problem
    params: Params
    step_size: float
    dynamics: str = "gradient_descent"
    failure_probability: float = 0.1
    batch_size: int | None = None
    _curvature: dict = dataclasses.field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        require_problem("Setting", self.problem)
        if not 0.0 < self.step_size < math.inf:
            raise InvalidInputError(
                f"`Setting(step_size=...)` must be positive and finite. Got {self.step_size}. "
                "Descent does not move otherwise. 1 / (largest eigenvalue of the empirical Gram "
                "matrix) is a good choice for half the sum of squares."
            )
        if not 0.0 < self.failure_probability < 1.0:
            raise InvalidInputError(
                "`Setting(failure_probability=...)` must lie strictly between 0 and 1. Got "
                f"{self.failure_probability}. The theorems about random starts hold with "
                "probability 1 minus this number. Use 0.1."
            )
        if self.batch_size is not None and self.batch_size < 1:
            raise InvalidInputError(
                f"`Setting(batch_size=...)` must be at least 1. Got {self.batch_size}. It is how "
                "many samples a step of a stochastic method looks at. Pass None for all of them."
            )

    @cached_property
    def structure(self) -> Structure:
        """What the network is made of."""
        return structure_of(self.problem.network, self.params, self.problem.x.shape[1:])

    @cached_property
    def loss_scale(self) -> float | None:
        r"""$c$ where the loss is $c\,\|f - y\|^2$; None for other losses."""
        return self.problem.loss.residual_scale(self.problem.samples)

    @property
    def half_step(self) -> float:
        r"""$2c\eta$: the step for $\tfrac12\|r\|^2$ that makes the same descent as $\eta$.

        NaN where the loss is no multiple of the square.
        """
        return 2.0 * self.loss_scale * self.step_size if self.loss_scale else math.nan

    def own_step(self, half_step: float) -> float:
        r"""The step for the problem's loss that is `half_step` for $\tfrac12\|r\|^2$."""
        return half_step / (2.0 * self.loss_scale) if self.loss_scale else math.nan

    @property
    def batch(self) -> int:
        """$b$, the number of samples behind one step."""
        n = self.problem.samples
        return n if self.batch_size is None else min(self.batch_size, n)

    @cached_property
    def residual(self) -> Float[np.ndarray, " nk"]:
        """f - y at the start, flattened."""
        return np.asarray(self.problem.residual(self.params))

    @cached_property
    def residual_norm(self) -> Enclosure:
        r"""$\|r_0\|$.

        The computed outputs are the exact ones of weights that differ relatively by rounding, so
        their error is at most $\gamma\,\sigma_{\max}\|\theta\|$ to first order.
        """
        theta = math.sqrt(sum(float(np.sum(np.square(p))) for p in jax.tree.leaves(self.params)))
        outputs = float(np.linalg.norm(self.problem.predict(self.params)))
        targets = float(np.linalg.norm(self.problem.y))
        value = float(np.linalg.norm(self.residual))
        error = gamma(self._roundings) * (self.sigma_max.upper * theta + outputs + targets)
        return Enclosure(max(value - error, 0.0), value, value + error)

    @cached_property
    def gram_spectrum(self) -> Spectrum:
        r"""Spectrum of the empirical Gram matrix $JJ^\top$ at the start, with eigenvectors.

        The error includes that of forming the matrix: its entries are sums of products whose
        absolute values sum to at most $\|J_i\|\|J_j\|$, hence $4\gamma\operatorname{tr}K$.
        """
        gram = np.asarray(self.problem.gram(self.params))
        error = 4.0 * gamma(self._roundings) * float(np.trace(gram))
        return symmetric_spectrum(gram, error=error)

    @cached_property
    def gram_spread(self) -> float | None:
        r"""$\operatorname{tr}K/\|K\|_F$ of that matrix; None where only its ends are known."""
        values = self.gram_spectrum.eigenvalues
        return float(values.sum() / math.sqrt(float((values**2).sum())))

    @cached_property
    def _roundings(self) -> int:
        """How many roundings stand behind one entry of the Gram matrix, at most."""
        shapes = [np.shape(leaf) for leaf in jax.tree.leaves(self.params)]
        if self.problem.x.ndim == 2 and factorises(self.problem.network, self.params):
            return 16 + sum(sum(shape) for shape in shapes)
        # Convolutions sum over all pairs of positions, or over all weights.
        positions = math.prod(self.problem.x.shape[1:-1])
        return 16 + positions**2 + sum(math.prod(shape) for shape in shapes)

    @property
    def sigma_min(self) -> Enclosure:
        r"""$\sigma_{\min}(J)$ at the start, of the $nk \times p$ Jacobian: 0 where $p < nk$."""
        return _root(self.gram_spectrum.smallest)

    @property
    def sigma_max(self) -> Enclosure:
        r"""$\|J\|$ at the start."""
        return _root(self.gram_spectrum.largest)

    @cached_property
    def limit_spectrum(self) -> Spectrum | None:
        r"""Spectrum of the limit kernel on the data, per output; None where no limit is known.

        With several outputs the Gram matrix tends to this matrix $\otimes I_k$, so that every
        eigenvalue repeats $k$ times. The error allows 256 roundings per entry of the kernel.
        """
        try:
            kernel = np.asarray(self.problem.limit().ntk)
        except (InvalidInputError, NumericalError):  # unknown, or growing without bound
            return None
        error = 256.0 * UNIT_ROUNDOFF * float(np.linalg.norm(kernel))
        return symmetric_spectrum(kernel, error=error)

    def limit_projections(self, vector: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"] | None:
        r"""$\sum_a (v_i^\top u_a)^2$ for the limit kernel's eigenvectors and the columns $u_a$."""
        if self.limit_spectrum is None:
            return None
        return np.sum((self.limit_spectrum.eigenvectors.T @ vector) ** 2, axis=1)

    @cached_property
    def input_norms(self) -> Float[np.ndarray, " n"]:
        r"""$\|x_i\|$."""
        rows = np.asarray(self.problem.x).reshape(self.problem.samples, -1)
        return np.linalg.norm(rows, axis=1)

    @cached_property
    def input_operator_norm(self) -> float:
        r"""$\|X\|$, the largest singular value of the matrix of inputs."""
        rows = np.asarray(self.problem.x).reshape(self.problem.samples, -1)
        return float(np.linalg.norm(rows, 2))

    @cached_property
    def parameters(self) -> int:
        """p, the number of trained scalars."""
        return self.problem.parameters(self.params)

    @cached_property
    def _profile(self) -> Callable[[float], CurvatureBound] | None:
        return curvature_profile(self.problem, self.params)

    def lipschitz(self, radius: float) -> CurvatureBound | None:
        r"""Bound on the Lipschitz constant of $J$ on the ball of `radius`; None: none is known."""
        if self._profile is None:
            return None
        if radius not in self._curvature:
            self._curvature[radius] = self._profile(radius)
        bound = self._curvature[radius]
        # Beyond the first possible kink, or the end of contraction, nothing is known.
        return None if math.isinf(bound.value) else bound


def _root(eigenvalue: Enclosure) -> Enclosure:
    # A Gram matrix has no negative eigenvalue: rounding may put the computed one below zero.
    if eigenvalue.upper < 0:
        return Enclosure(0.0, 0.0, 0.0)
    return eigenvalue.sqrt()
