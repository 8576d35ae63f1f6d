r"""How far the weights move, by the statements of Gao et al. (2022) and by the corrected one.

$e_0 = \|\hat y(0) - y\|$, $\|A(0)\|, \|W(0)\| \le c\sqrt m$. The proofs bound gradients along the
path by $\|r\|$ and integrate its decay.
"""

from __future__ import annotations

import dataclasses
import math

__all__ = ["Movement", "corrected_movement", "corrected_radius", "printed_radius", "proof_movement"]


@dataclasses.dataclass(frozen=True)
class Movement:
    r"""Bounds on $\|\theta - \theta(0)\|_F$ for each of the four parameters.

    Args:
        A: weights inside the equilibrium.
        W: input weights.
        u: output weights of the equilibrium.
        v: output weights of the features.
    """

    A: float
    W: float
    u: float
    v: float

    @property
    def total(self) -> float:
        """For all parameters together."""
        return math.hypot(self.A, self.W, self.u, self.v)

    @property
    def largest(self) -> float:
        """The largest of the four."""
        return max(self.A, self.W, self.u, self.v)


def corrected_movement(n: int, c: float, gamma: float, least: float, e0: float) -> Movement:
    r"""$(32\gamma c, 12, 8c, 4c)\cdot\sqrt ne_0/\lambda_0$ for $(A, W, u, v)$.

    With $\|u\|, \|v\| \le 2\sqrt m$ and $\|(I - \tilde\gamma DA)^{-1}\| \le 2$ along the path,
    $\|\nabla_WL\|_F \le 6\sqrt n\|r\|$, $\|\nabla_AL\|_F \le 16\gamma c\sqrt n\|r\|$,
    $\|\nabla_uL\| \le 4c\sqrt n\|r\|$, $\|\nabla_vL\| \le 2c\sqrt n\|r\|$, and
    $\int\|r\| \le 2e_0/\lambda_0$. None of them falls with $m$.

    Args:
        n: samples.
        c: bound on the norms.
        gamma: of the equilibrium.
        least: $\lambda_0$.
        e0: residual norm at the start.
    """
    unit = math.sqrt(n) * e0 / least
    return Movement(32.0 * gamma * c * unit, 12.0 * unit, 8.0 * c * unit, 4.0 * c * unit)


def corrected_radius(m: int, least: float, x_norm: float) -> float:
    r"""$R' = (\sqrt{3/4} - \sqrt{1/2})\sqrt{m\lambda_0}/\|X\|$, how far $W$ may move.

    $\sigma_{\min}(\Phi) \ge \sigma_{\min}(\Phi_0) - \|\Phi - \Phi_0\|_F$, and
    $\|\Phi - \Phi_0\|_F \le \|X\|\|W - W_0\|_F/\sqrt m$: then $\lambda_{\min}(G) \ge \lambda_0/2$.
    """
    return (math.sqrt(0.75) - math.sqrt(0.5)) * math.sqrt(m * least) / x_norm


def printed_radius(m: int, c: float, least: float, x_norm: float) -> float:
    r"""$R = \sqrt m\lambda_0/(16c\|X\|^2)$, how far $W$ may move by Lemma 3.4 of the paper.

    Its proof takes $\|\sigma(B)\| \le \|B\|$ for the operator norm, which is false:
    $B = (1, 1; 1, -1)$ has 1.618 against 1.414.
    """
    return math.sqrt(m) * least / (16.0 * c * x_norm**2)


def proof_movement(n: int, m: int, c: float, least: float, e0: float, descent: bool) -> Movement:
    r"""The bounds in the proofs of Lemma 3.5 (flow) and Lemma 3.6 (descent).

    $(\|u - u_0\|, \|v - v_0\|) \le (8, 4)\cdot c\sqrt ne_0/\lambda_0$ and $(\|W - W_0\|,
    \|A - A_0\|) \le (128, 64)\cdot cne_0^2/(\lambda_0^2\sqrt m)$ for flow; twice and four times
    that for descent. Those of $W$ and $A$ rest on (ii) and (iii) of the lemmas, which are false at
    the start; small residuals and wide networks break them.

    Args:
        n: samples.
        m: width.
        c: bound on the norms.
        least: $\lambda_0$.
        e0: residual norm at the start.
        descent: Lemma 3.6 instead of 3.5.
    """
    first, second = (2.0, 4.0) if descent else (1.0, 1.0)
    linear = first * c * math.sqrt(n) * e0 / least
    quadratic = second * c * n * e0**2 / (least**2 * math.sqrt(m))
    return Movement(64.0 * quadratic, 128.0 * quadratic, 8.0 * linear, 4.0 * linear)
