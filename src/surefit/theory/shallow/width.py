r"""The width at which a form of the theorem would apply, from the limits of its ingredients.

At width $d_1$, with $W_{ij} \sim N(0, \omega_1^2)$ and $V_{ij} \sim N(0, \omega_2^2)$,

$$\sigma^2(\phi(WX)) \approx d_1\lambda(K), \quad
  \sigma_{\max}(V) \approx \omega_2(\sqrt{d_1} + \sqrt{d_2}), \quad
  E h(w_0) = d_2d_1\omega_2^2\operatorname{tr}K + \|Y\|_F^2.$$

The first is a limit: at $d_1 = n$ the smallest singular value is still near 0, at $d_1 = 16n$ it
is within some 15 per cent. What comes out is an estimate for typical draws and no bound.

Orders for $n \sim d_0^2$ unit rows in general position, $\omega_1 = 1$, $\omega_2 =
1/\sqrt{d_0d_1}$, where $\sigma_{\max}(X)^2 \sim \sqrt n$, $\lambda_{\min}(K) \sim 1$,
$\lambda_{\max}(K) \sim n$ and $h(w_0) \sim \sqrt n$: the condition of `descent` reads
$d_1^2 \gtrsim \chi^2n^2$. With $\chi \sim 1$, as assumed, $d_1 \sim n$; with the fixed point,
$\chi^2 \sim \sqrt{d_1}/\sigma_{\max}(X)$ gives $d_1^{3/2} \sim n^{7/4}$, $d_1 \sim n^{7/6}$. The
conditions without $\nu$ ask for $d_1 \sim \sqrt n$ either way, besides $d_1 \ge n$.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from surefit.activations import Activation
from surefit.core.check import Evidence
from surefit.core.precision import float64
from surefit.core.spectrum import Enclosure
from surefit.core.spectrum.validation import finite_matrix
from surefit.errors import InvalidInputError
from surefit.models import initial_scales
from surefit.theory.shallow.feature_kernel import FeatureKernel, feature_kernel
from surefit.theory.shallow.features import width_at_least_samples
from surefit.theory.shallow.framework import Convergence, NearIsometry
from surefit.theory.shallow.isometry import smoothness_constant

__all__ = ["TypicalStart", "required_width", "typical_start"]

Form = Callable[[NearIsometry, Enclosure], Convergence]

_WIDEST = 2.0**200


@dataclasses.dataclass(frozen=True)
class TypicalStart:
    r"""A typical draw of the family $V\phi(WX)$ on a data set, as a function of the width.

    Args:
        activation: $\phi$.
        kernel: the feature kernel; $\omega_1$ does not depend on the width in any named start.
        init: as for `models.initial_scales`.
        samples: $n$.
        inputs: $d_0$.
        outputs: $d_2$.
        input_norm: $\sigma_{\max}(X)$.
        largest_row: $\max_i\|x_i\|$.
        trace: $\operatorname{tr}K$, which is $nE\phi(\omega_1g)^2$ for unit rows.
        target: $\|Y\|_F^2$.
        smoothness: how $\beta$ is made a number; see `isometry`.
    """

    activation: Activation
    kernel: FeatureKernel
    init: Any
    samples: int
    inputs: int
    outputs: int
    input_norm: float
    largest_row: float
    trace: float
    target: float
    smoothness: str

    def isometry(self, width: int | float) -> NearIsometry:
        r"""$\mu$, $\nu$, $\beta$ at that width, as `shallow_isometry`; evidence: sampled."""
        omega2 = self._omega2(width)
        output = omega2 * (math.sqrt(width) + math.sqrt(self.outputs))
        mu = math.sqrt(max(self.kernel.smallest.value, 0.0) * width)
        top = math.sqrt(self.kernel.largest.value * width)
        nu = self.activation.lipschitz * self.input_norm * output + top
        beta = smoothness_constant(
            self.activation, mu, self.input_norm, output, self.largest_row, self.smoothness
        )
        checks = (width_at_least_samples(math.floor(width), self.samples),)
        mu, nu, beta = map(_typical, (mu, nu, beta))
        return NearIsometry(mu, nu, beta, checks, "typical draw, limit kernel")

    def initial(self, width: int | float) -> Enclosure:
        r"""$E h(w_0)$ at that width."""
        return _typical(self.outputs * width * self._omega2(width) ** 2 * self.trace + self.target)

    def _omega2(self, width: int | float) -> float:
        return initial_scales(self.init, max(1, math.floor(width)), self.inputs)[1]


def _typical(value: float) -> Enclosure:
    return Enclosure(value, value, value, Evidence.SAMPLED, None)


@float64
def typical_start(
    activation: Activation,
    x: Any,
    y: Any,
    init: Any = "he",
    smoothness: str = "fixed_point",
) -> TypicalStart:
    r"""What a draw of the family looks like on this data at any width.

    Args:
        activation: $\phi$.
        x: samples as rows, float64.
        y: targets, one row per sample, float64.
        init: as for `models.initial_scales`.
        smoothness: how $\beta$ is made a number; see `isometry`.

    Raises:
        InvalidInputError: `x` and `y` do not have as many rows each, or as for `feature_kernel`.

    Cost:
        That of `feature_kernel`, once for all widths.
    """
    rows = finite_matrix(x, "typical_start(x=...)")
    targets = finite_matrix(y, "typical_start(y=...)")
    if len(rows) != len(targets):
        raise InvalidInputError(
            "`typical_start(x=..., y=...)` must have one row of targets per sample. Got "
            f"{len(rows)} and {len(targets)} rows. Targets are matched to samples row by row. "
            "Transpose y, or write y[:, None] for one output."
        )
    omega1 = initial_scales(init, 1, rows.shape[1])[0]
    kernel = feature_kernel(rows, activation, omega1)
    return TypicalStart(
        activation=activation,
        kernel=kernel,
        init=init,
        samples=len(rows),
        inputs=rows.shape[1],
        outputs=targets.shape[1],
        input_norm=float(np.linalg.norm(rows, 2)),
        largest_row=float(np.max(np.linalg.norm(rows, axis=1))),
        trace=float(np.sum(kernel.spectrum.eigenvalues)),
        target=float(np.sum(targets**2)),
        smoothness=smoothness,
    )


def required_width(start: TypicalStart, form: Form, at_least_samples: bool = True) -> float:
    r"""The smallest $d_1$ at which the condition of a form on $h(w_0)$ holds for a typical draw.

    Args:
        start: of the data.
        form: `flow`, `descent` or `descent_short_path`, or one like them.
        at_least_samples: whether to ask for $d_1 \ge n$ as well, without which $\mu = 0$.

    Returns:
        The width, to 1e-3 of itself; infinite where the condition fails at every width below
        $2^{200}$, as it does where the kernel is singular, or at scales for which the ratio of
        $h(w_0)$ to its threshold does not fall with the width.

    Cost:
        A hundred evaluations of the formula.
    """

    def holds(width: float) -> bool:
        return form(start.isometry(width), start.initial(width)).excess <= 1.0

    low, high = 1.0, 1.0
    while not holds(high):
        low, high = high, 2.0 * high
        if high > _WIDEST:
            return math.inf
    while high - low > 1e-3 * high:
        middle = (low + high) / 2.0
        low, high = (low, middle) if holds(middle) else (middle, high)
    return max(high, float(start.samples)) if at_least_samples else high
