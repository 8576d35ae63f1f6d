r"""Lemma 3: near-isometry and smoothness of $\Phi(W, V) = V\phi(WX)$, both layers trained.

$$\mu = \sigma_{\min}(\phi(W_0X)), \quad
  \nu = \sup|\phi'|\,\sigma_{\max}(X)\,\sigma_{\max}(V_0) + \sigma_{\max}(\phi(W_0X)), \quad
  \beta = c\,\sigma_{\max}(X)\big(\sup|\phi'| + \sup|\phi''|\,\chi\big)$$

with $\chi = \sup\sigma_{\max}(V)$ over the ball of radius $\mu/(2\beta)$, and $c = \sqrt2$ as
printed. Ways to make it a number:

* `printed`: $c = \sqrt2$, $\chi = \sigma_{\max}(V_0) + \mu/(2\sqrt2\,\sigma_{\max}(X)\sup|\phi'|)$,
  which covers the ball because $\beta \ge \sqrt2\,\sigma_{\max}(X)\sup|\phi'|$;
* `fixed_point`: $c = \sqrt2$, and the exact $\chi = \sigma_{\max}(V_0) + \mu/(2\beta)$. With $a =
  c\,\sigma_{\max}(X)\big(\sup|\phi'| + \sup|\phi''|\sigma_{\max}(V_0)\big)$ and
  $b = c\,\sigma_{\max}(X)\sup|\phi''|$ this is $\beta^2 - a\beta - \frac12b\mu = 0$;
* `sharp`: the same with $c = 1$;
* `assumed`: $c = \sqrt2$, $\chi = \sup|\phi'|/\sup|\phi''|$, as Assumption 2 asks of the run, up to
  a constant. The ball of radius $\mu/(2\beta)$ holds larger $V$, so nothing proves it. The order of
  the width in the paper, $d_0d_1 \sim n^{3/2}$, rests on it: with the fixed point the same
  condition asks for $d_1 \sim n^{7/6}$, $d_0d_1 \sim n^{5/3}$ (see `width`).

A form asks that its path $R$ fit into the ball, $R \le \mu/(2\beta(R))$ with $\chi =
\sigma_{\max}(V_0) + R$; as $\beta$ rises with $R$, that is the same as $R \le \mu/(2\beta)$ at the
fixed point, so that a smaller ball around the path alone gains nothing.

Proof of $c = 1$: in the direction $(\dot W, \dot V)$, for two points with the differences
$\Delta W$, $\Delta V$,
$$\|\dot V(\phi(W'X) - \phi(WX))\|_F \le \|\dot V\|\,\sup|\phi'|\,\sigma_{\max}(X)\|\Delta W\|,
  \quad \|\Delta V(\phi'(WX) \circ \dot WX)\|_F \le
  \|\Delta V\|\,\sup|\phi'|\,\sigma_{\max}(X)\|\dot W\|,$$
which sum to at most $\sup|\phi'|\sigma_{\max}(X)$ for unit directions (Cauchy-Schwarz), and
$$\|V(\phi''(\cdot) \circ \Delta WX \circ \dot WX)\|_F \le
  \chi\sup|\phi''|\,\|\Delta W\|\sigma_{\max}(X)\,\|\dot W\|\max_i\|x_i\|.$$
The last factor is 1 for unit rows; it is kept here, so that the numbers hold for any rows.

References:
    Song et al. (2021), arXiv 2111.01875, Lemma 3; the explicit $\chi$ is that of the follow-up on
    stochastic gradient descent, Lemma 3, with the factor $\sup|\phi''|$ on $\sigma_{\max}(V_0)$
    that its printed expansion drops.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from surefit.activations import Activation
from surefit.core.check import Check
from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.core.spectrum import Enclosure, matrix_norm
from surefit.core.spectrum.validation import finite_matrix
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.theory.shallow.features import feature_spectrum, width_at_least_samples
from surefit.theory.shallow.framework import NearIsometry

__all__ = ["SMOOTHNESS", "shallow_isometry", "smoothness_constant"]

SMOOTHNESS = ("printed", "fixed_point", "sharp", "assumed")
"""The ways to make $\beta$ a number, as the module describes them."""

_SLACK = 64.0 * UNIT_ROUNDOFF


def smoothness_constant(
    activation: Activation,
    mu: float,
    input_norm: float,
    output_norm: float,
    largest_row: float = 1.0,
    smoothness: str = "fixed_point",
) -> float:
    r"""$\beta$ on the ball of radius $\mu/(2\beta)$; rises with each of the four numbers.

    Args:
        activation: $\phi$.
        mu: $\mu$.
        input_norm: $\sigma_{\max}(X)$.
        output_norm: $\sigma_{\max}(V_0)$.
        largest_row: $\max_i\|x_i\|$.
        smoothness: which of the ways.

    Raises:
        UnknownNameError: no such way.
        InvalidInputError: $\phi'$ or $\phi''$ is unbounded.
    """
    if smoothness not in SMOOTHNESS:
        raise UnknownNameError("smoothness", smoothness, SMOOTHNESS)
    slope, bend = activation.lipschitz, activation.smoothness
    if not (math.isfinite(slope) and math.isfinite(bend)):
        raise InvalidInputError(
            "`smoothness_constant(activation=...)` must have bounded first and second derivatives. "
            f"Got {activation!r} with suprema {slope:g} and {bend:g}. Without them the derivative "
            "of the network is not Lipschitz. Use gelu, tanh, softplus or another smooth one."
        )
    scale = input_norm * (1.0 if smoothness == "sharp" else math.sqrt(2.0))
    bend = bend * largest_row
    if scale * slope == 0.0:
        return 0.0
    if smoothness == "assumed":
        return scale * slope * (1.0 + largest_row)
    if smoothness == "printed":
        chi = output_norm + mu / (2.0 * scale * slope)
        return scale * (slope + bend * chi)
    a, b = scale * (slope + bend * output_norm), scale * bend
    return (a + math.sqrt(a**2 + 2.0 * b * mu)) / 2.0


@float64
def shallow_isometry(
    activation: Activation,
    weights: Any,
    output: Any,
    x: Any,
    smoothness: str = "fixed_point",
) -> NearIsometry:
    r"""$\mu$, $\nu$ and $\beta$ of $V\phi(WX)$ at given weights, with enclosures.

    Args:
        activation: $\phi$.
        weights: $W_0$, one row per hidden feature, float64.
        output: $V_0$, one row per output, float64.
        x: samples as rows, float64.
        smoothness: how $\beta$ is made a number; see the module.

    Raises:
        UnknownNameError: no such way to bound $\beta$.
        InvalidInputError: sizes that do not match, or an activation that is not smooth.

    Cost:
        As `feature_spectrum`, and the norms of `x` and `output`.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> from surefit.theory.shallow import shallow_isometry
        >>> start = shallow_isometry(sf.Tanh(), np.eye(3), np.ones((1, 3)), np.eye(3))
        >>> f"{start.mu:.4f}"
        '0.7616'
    """
    inputs = finite_matrix(x, "shallow_isometry(x=...)")
    hidden = finite_matrix(weights, "shallow_isometry(weights=...)")
    outer = finite_matrix(output, "shallow_isometry(output=...)")
    if outer.shape[1] != len(hidden):
        raise InvalidInputError(
            "`shallow_isometry(output=...)` must have one column per hidden feature. Got "
            f"{outer.shape[1]} columns for {len(hidden)} features. Its rows are the outputs. "
            "Transpose it."
        )
    norms = matrix_norm(inputs), matrix_norm(outer)
    row = float(np.max(np.linalg.norm(inputs, axis=1)))
    # Rows that are normalised to rounding have the paper's constant exactly.
    row = 1.0 if abs(row - 1.0) <= 1e-15 * inputs.shape[1] else row * (1.0 + 1e-12)
    ends = [(s.lower, s.value, s.upper) for s in norms]
    # First, so that an activation without bounds is refused by what the lemma asks of it.
    smoothness_constant(activation, 0.0, ends[0][1], ends[1][1], row, smoothness)
    features = feature_spectrum(activation, hidden, inputs)
    mu, top = features.smallest, features.largest
    betas, nus = [], []
    lows, highs = (mu.lower, mu.value, mu.upper), (top.lower, top.value, top.upper)
    for low, high, inner, outer_norm in zip(lows, highs, *ends, strict=True):
        betas.append(smoothness_constant(activation, low, inner, outer_norm, row, smoothness))
        nus.append(activation.lipschitz * inner * outer_norm + high)
    extra = _bounded_output(activation, norms[1]) if smoothness == "assumed" else ()
    return NearIsometry(
        mu=mu,
        nu=_ordered(nus),
        beta=_ordered(betas),
        checks=(width_at_least_samples(len(hidden), len(inputs)), *extra),
        source=f"Lemma 3, beta: {smoothness.replace('_', ' ')}",
    )


def _bounded_output(activation: Activation, norm: Enclosure) -> tuple[Check]:
    """What is assumed of the output weights along the run: refuted by the start, or undecided."""
    name = "sigma_max(V) <= sup|phi'| / sup|phi''| along the run"
    # An activation without curvature has no use for the assumption.
    ratio = activation.lipschitz / activation.smoothness if activation.smoothness else math.inf
    if norm.lower > ratio:
        return (Check(name, norm.value, ratio, error=norm.error, note="exceeded at the start"),)
    note = f"{norm.value:.4g} <= {ratio:.4g} at the start; assumed of the run"
    return (Check.undecided(name, note),)


def _ordered(ends: list[float]) -> Enclosure:
    low, value, high = ends
    return Enclosure(low * (1.0 - _SLACK), value, high * (1.0 + _SLACK))
