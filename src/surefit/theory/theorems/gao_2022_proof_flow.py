"""Gao, Liu, Liu, Rajan and Gao: the lemma on gradient flow with the constants of its proof."""

from __future__ import annotations

import dataclasses

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.theory.implicit.gao_example import near_interpolation
from surefit.theory.implicit.gao_paper import SETTING
from surefit.theory.implicit.gao_proof import GaoProof

__all__ = ["Gao2022ProofFlow"]


@dataclasses.dataclass(frozen=True)
class Gao2022ProofFlow(GaoProof):
    r"""The lemma behind Theorem 3.1, with the constants of its proof and its contradiction.

    Setting:
        $\hat y = u^\top z + v^\top\phi$, $z = \sigma(\frac\gamma{\sqrt m}Az + \phi)$,
        $\phi = \frac1{\sqrt m}\sigma(Wx)$, all trained; $\|u(0)\| = \|v(0)\| = \sqrt m$,
        $\|A(0)\|, \|W(0)\| \le c\sqrt m$; $\|x_i\| = 1$; loss $\frac12\|\hat y - y\|^2$;
        $e_0 = \|\hat y(0) - y\|$.

    Algorithm:
        Gradient flow $\dot\theta = -\nabla L$.

    Assumptions:
        $\lambda_{\min}(G(0)) \ge \frac34\lambda_0 > 0$, $0 < \gamma \le \min\{\frac12,
        \frac1{4c}\}$, $m \ge 2048\,c^2n\|X\|^2e_0^2/\lambda_0^3$.

    Guarantee:
        Upper, for all $t$: $\|\hat y(t) - y\|^2 \le e^{-\lambda_0t}e_0^2$,
        $\lambda_{\min}(G) \ge \lambda_0/2$, (ii) $\|u\| \le 16c\sqrt ne_0/\lambda_0$, (iii)
        $\|v\| \le 8c\sqrt ne_0/\lambda_0$, $\|u - u_0\| \le 8c\sqrt ne_0/\lambda_0$,
        $\|v - v_0\| \le 4c\sqrt ne_0/\lambda_0$, $\|W - W_0\| \le
        \frac{128cn}{\lambda_0^2\sqrt m}e_0^2$, $\|A - A_0\| \le
        \frac{64cn}{\lambda_0^2\sqrt m}e_0^2$.

    Constants:
        2048 is what the chain of inequalities of the proof needs ($128 \cdot 16$, the movement of
        $W$ within $R$ of Lemma 3.4); $c$ is measured.

    Deviations from the paper:
        (ii) at $t = 0$ says $\sqrt m \le 16c\sqrt ne_0/\lambda_0$, but with $\lambda_0 \le \frac12$
        and $\|X\| \ge 1$ the width is at least $4096\,c^2ne_0^2/\lambda_0^2$, whose root is four
        times that: the lemma covers no network. The check of (ii) is among the assumptions and
        always fails where the others hold. The bounds on $W$ and $A$ rest on (ii), (iii); the true
        movements do not fall with $m$. $m \ge n$ is asked for. `gao_2022_corrected` has
        $\|u\|, \|v\| \le 2\sqrt m$ instead.

    References:
        T. Gao, H. Liu, J. Liu, H. Rajan, H. Gao, A global convergence theory for deep ReLU
        implicit networks via over-parameterization, ICLR 2022, Lemma 3.5 and its proof.
    """

    title = "Gao, Liu, Liu, Rajan, Gao (2022), Lemma 3.5 with the constants of its proof"
    locator = "Lemma 3.5"
    setting = SETTING.format(dynamics="gradient flow")
    dynamics = "gradient_flow"
    width_factor = 2048.0
    output_factor = 16.0
    share = 1.0

    def example(self) -> tuple[Problem, Params, float]:
        r"""Two orthogonal inputs, width 128, $e_0 = 0.016$: all but the contradiction holds."""
        return *near_interpolation(0.016, 128, 0.1), 1.0
