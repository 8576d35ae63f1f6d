"""Gao, Liu, Liu, Rajan and Gao: implicit ReLU networks under gradient flow, as printed."""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit.core.layer import Params
from surefit.models import implicit_relu
from surefit.problem import Problem
from surefit.theory.implicit.gao_paper import SETTING
from surefit.theory.implicit.gao_printed import GaoPrinted

__all__ = ["Gao2022Flow"]


@dataclasses.dataclass(frozen=True)
class Gao2022Flow(GaoPrinted):
    r"""Implicit ReLU networks under gradient flow: decay at rate $\lambda_0$, as printed.

    Setting:
        $\hat y = u^\top z + v^\top\phi$, $z = \sigma(\frac\gamma{\sqrt m}Az + \phi)$,
        $\phi = \frac1{\sqrt m}\sigma(Wx)$; entries of $A$, $W$ standard Gaussian, of $u$, $v$
        $\pm1$, all trained; $\|x_i\| = 1$; loss $\frac12\|\hat y - y\|^2$.
        $G^\infty_{ij} = E_w[\sigma(w^\top x_i)\sigma(w^\top x_j)]$,
        $\lambda_0 = \lambda_{\min}(G^\infty)$.

    Algorithm:
        Gradient flow $\dot\theta = -\nabla L$.

    Assumptions:
        No two inputs parallel, $0 < \gamma \le \min\{\frac12, \frac1{4c}\}$ with $\|A(0)\|,
        \|W(0)\| \le c\sqrt m$, $m \ge C_m\frac{n^2}{\lambda_0^2}\log\frac n\delta$.

    Guarantee:
        Upper, with probability $1-\delta$ over the start:
        $\|\hat y(t) - y\|^2 \le e^{-\lambda_0t}\|\hat y(0) - y\|^2$, and
        $\lambda_{\min}(G(t)) \ge \lambda_0/2$ for $G = \Phi\Phi^\top$ (Lemma 3.5), which the
        tangent kernel exceeds.

    Constants:
        `width_constant` $C_m$ is unstated; $c$ is measured. The rate is explicit.

    Deviations from the paper:
        Opposite inputs do not fail: the rectifier separates them. $m \ge n$ is asked for, as the
        rank of $G$ is at most $m$. The width of Lemma 3.5 depends on $\|\hat y(0) - y\|$, which
        the theorem does not mention; its conclusions (ii) and (iii) contradict that width at
        time 0, see `gao_2022_proof_flow`. `gao_2022_corrected` has all constants.

    References:
        T. Gao, H. Liu, J. Liu, H. Rajan, H. Gao, A global convergence theory for deep ReLU
        implicit networks via over-parameterization, ICLR 2022, Assumptions 1 and 2, Theorem 3.1,
        Lemmas 3.3 and 3.5.
    """

    title = "Gao, Liu, Liu, Rajan, Gao (2022), Theorem 3.1 as printed"
    locator = "Theorem 3.1"
    setting = SETTING.format(dynamics="gradient flow")
    dynamics = "gradient_flow"
    power = 2
    share = 1.0
    lemma = "Lemma 3.5 (i)"
    defects = (
        "As printed: the width of the lemma behind it grows with the initial residual, which the "
        "theorem does not mention; gao_2022_corrected has all constants."
    )

    def example(self) -> tuple[Problem, Params, float]:
        r"""Three orthogonal inputs, width 64, $\gamma = 0.1$.

        Every assumption without an unstated constant holds.
        """
        problem = Problem(implicit_relu(64, 0.1), np.eye(3), np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 1.0
