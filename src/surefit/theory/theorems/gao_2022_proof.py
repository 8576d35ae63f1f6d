"""Gao, Liu, Liu, Rajan and Gao: the lemma on gradient descent with the constants of its proof."""

from __future__ import annotations

import dataclasses

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.implicit.gao_example import near_interpolation
from surefit.theory.implicit.gao_paper import SETTING
from surefit.theory.implicit.gao_proof import GaoProof
from surefit.theory.implicit.gao_quantities import lambda_0
from surefit.theory.setting import Setting

__all__ = ["Gao2022Proof"]


@dataclasses.dataclass(frozen=True)
class Gao2022Proof(GaoProof):
    r"""The lemma behind Theorem 3.2, with the constants of its proof and its contradiction.

    Setting:
        $\hat y = u^\top z + v^\top\phi$, $z = \sigma(\frac\gamma{\sqrt m}Az + \phi)$,
        $\phi = \frac1{\sqrt m}\sigma(Wx)$, all trained; $\|u(0)\| = \|v(0)\| = \sqrt m$,
        $\|A(0)\|, \|W(0)\| \le c\sqrt m$; $\|x_i\| = 1$; loss $\frac12\|\hat y - y\|^2$;
        $e_0 = \|\hat y(0) - y\|$.

    Algorithm:
        Full-batch gradient descent with step $\alpha$.

    Assumptions:
        $\lambda_{\min}(G(0)) \ge \frac34\lambda_0 > 0$, $0 < \gamma \le \min\{\frac12,
        \frac1{4c}\}$, $m \ge 8192\,c^2n\|X\|^2e_0^2/\lambda_0^3$, $\alpha \le
        C_\alpha\lambda_0/n^2$.

    Guarantee:
        Upper, for all $k$: $\|\hat y(k) - y\|^2 \le (1 - \alpha\lambda_0/2)^ke_0^2$,
        $\lambda_{\min}(G(k)) \ge \lambda_0/2$, (ii) $\|u\| \le 32c\sqrt ne_0/\lambda_0$, (iii)
        $\|v\| \le 16c\sqrt ne_0/\lambda_0$, $\|u - u_0\| \le 16c\sqrt ne_0/\lambda_0$,
        $\|v - v_0\| \le 8c\sqrt ne_0/\lambda_0$, $\|W - W_0\| \le
        \frac{512cn}{\lambda_0^2\sqrt m}e_0^2$, $\|A - A_0\| \le
        \frac{256cn}{\lambda_0^2\sqrt m}e_0^2$.

    Constants:
        8192 is what the chain of inequalities of the proof needs ($512 \cdot 16$, the movement of
        $W$ within $R$ of Lemma 3.4); `step_constant` $C_\alpha$ is unstated; $c$ is measured.

    Deviations from the paper:
        (ii) at $k = 0$ says $\sqrt m \le 32c\sqrt ne_0/\lambda_0$, but with $\lambda_0 \le \frac12$
        and $\|X\| \ge 1$ the width is at least $16384\,c^2ne_0^2/\lambda_0^2$, whose root is four
        times that: the lemma covers no network. The check of (ii) is among the assumptions and
        always fails where the others hold. The bounds on $W$ and $A$ rest on (ii), (iii); the true
        movements do not fall with $m$. The step (42) of the proof is wrong as well, and no rate of
        descent is proved. $m \ge n$ is asked for.

    References:
        T. Gao, H. Liu, J. Liu, H. Rajan, H. Gao, A global convergence theory for deep ReLU
        implicit networks via over-parameterization, ICLR 2022, Lemma 3.6 and its proof.
    """

    step_constant: float = 1.0

    title = "Gao, Liu, Liu, Rajan, Gao (2022), Lemma 3.6 with the constants of its proof"
    locator = "Lemma 3.6"
    setting = SETTING.format(dynamics="gradient descent")
    dynamics = "gradient_descent"
    unstated = ("step_constant",)
    width_factor = 8192.0
    output_factor = 32.0
    share = 0.5

    def _step(self, setting: Setting) -> tuple[Check, ...]:
        note = "step_constant lambda_0 / n^2"
        bound = self._largest_step(setting)
        return (conditions.step_size_at_most(setting, bound, ("step_constant",), note),)

    def _largest_step(self, setting: Setting) -> float:
        n = setting.problem.samples
        return setting.own_step(self.step_constant * lambda_0(setting) / n**2)

    def example(self) -> tuple[Problem, Params, float]:
        r"""Two orthogonal inputs, width 128, $e_0 = 0.008$: all but the contradiction holds."""
        return *near_interpolation(0.008, 128, 0.1), 0.34 / 4.0
