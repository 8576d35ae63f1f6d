"""Gao, Liu, Liu, Rajan and Gao: implicit ReLU networks under gradient descent, as printed."""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.models import implicit_relu
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.implicit.gao_paper import SETTING
from surefit.theory.implicit.gao_printed import GaoPrinted
from surefit.theory.implicit.gao_quantities import lambda_0
from surefit.theory.setting import Setting

__all__ = ["Gao2022"]


@dataclasses.dataclass(frozen=True)
class Gao2022(GaoPrinted):
    r"""Implicit ReLU networks under descent: geometric decay at rate $\lambda_0/2$, as printed.

    Setting:
        $\hat y = u^\top z + v^\top\phi$, $z = \sigma(\frac\gamma{\sqrt m}Az + \phi)$,
        $\phi = \frac1{\sqrt m}\sigma(Wx)$; entries of $A$, $W$ standard Gaussian, of $u$, $v$
        $\pm1$, all trained; $\|x_i\| = 1$; loss $\frac12\|\hat y - y\|^2$.
        $G^\infty_{ij} = E_w[\sigma(w^\top x_i)\sigma(w^\top x_j)]$,
        $\lambda_0 = \lambda_{\min}(G^\infty)$.

    Algorithm:
        Full-batch gradient descent with step $\alpha$.

    Assumptions:
        No two inputs parallel, $0 < \gamma \le \min\{\frac12, \frac1{4c}\}$ with $\|A(0)\|,
        \|W(0)\| \le c\sqrt m$, $m \ge C_m\frac{n^2}{\lambda_0}\log\frac n\delta$,
        $\alpha \le C_\alpha\lambda_0/n^2$.

    Guarantee:
        Upper, with probability $1-\delta$ over the start:
        $\|\hat y(k) - y\|^2 \le (1 - \alpha\lambda_0/2)^k\|\hat y(0) - y\|^2$, and
        $\lambda_{\min}(G(k)) \ge \lambda_0/2$ for $G = \Phi\Phi^\top$ (Lemma 3.6), which the
        tangent kernel exceeds.

    Constants:
        `width_constant` $C_m$ and `step_constant` $C_\alpha$ are unstated; $c$ is measured. The
        rate is explicit.

    Deviations from the paper:
        Opposite inputs do not fail: the rectifier separates them. $m \ge n$ is asked for, as the
        rank of $G$ is at most $m$; the paper's own experiment (500 neurons, 1000 samples) does not
        satisfy it. The printed width has $\lambda_0$ to the first power where Lemma 3.3, which it
        rests on, has the second. The proof does not establish the rate of descent: (42) bounds
        $\langle\hat y(k+1) - g, \hat y(k) - y\rangle$ by a multiple of $\alpha n\|\hat y(k) -
        y\|^2$, which no small $\alpha$ makes smaller than $\alpha\lambda_0\|\hat y(k) - y\|^2$;
        and Lemma 3.4 uses $\|\sigma(B)\| \le \|B\|$, which is false for operator norms. The
        dependence of the width on $\|\hat y(0) - y\|$ in Lemma 3.6 is absent from the theorem.

    References:
        T. Gao, H. Liu, J. Liu, H. Rajan, H. Gao, A global convergence theory for deep ReLU
        implicit networks via over-parameterization, ICLR 2022, Assumptions 1 and 2, Theorem 3.2,
        Lemmas 3.3, 3.4 and 3.6.
    """

    step_constant: float = 1.0

    title = "Gao, Liu, Liu, Rajan, Gao (2022), Theorem 3.2 as printed"
    locator = "Theorem 3.2"
    setting = SETTING.format(dynamics="gradient descent")
    dynamics = "gradient_descent"
    unstated = ("width_constant", "step_constant")
    power = 1
    share = 0.5
    lemma = "Lemma 3.6 (i)"
    defects = (
        "As printed: the width has lambda_0 to the first power where Lemma 3.3 needs the second, "
        "and the proof does not establish the rate of descent; gao_2022_corrected has a flow with "
        "all constants."
    )

    def _step(self, setting: Setting) -> tuple[Check, ...]:
        note = "step_constant lambda_0 / n^2"
        bound = self._largest_step(setting)
        return (conditions.step_size_at_most(setting, bound, ("step_constant",), note),)

    def _largest_step(self, setting: Setting) -> float:
        n = setting.problem.samples
        return setting.own_step(self.step_constant * lambda_0(setting) / n**2)

    def example(self) -> tuple[Problem, Params, float]:
        r"""Three orthogonal inputs, width 64, $\gamma = 0.1$, step $0.34/9 < \lambda_0/n^2$.

        Every assumption without an unstated constant holds.
        """
        problem = Problem(implicit_relu(64, 0.1), np.eye(3), np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 0.34 / 9.0
