"""Ling, Xie, Wang, Zhang and Lin: deep equilibrium models under gradient descent."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import ling
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.clock import geometric_curve, geometric_factor
from surefit.theory.implicit.ling_checks import ball, condition_1, ling_network_checks, repair
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["Ling2023"]


@dataclasses.dataclass(frozen=True)
class Ling2023(Theorem):
    r"""Deep equilibrium models under Condition 1: geometric decay at rate $\lambda_0/2$.

    Setting:
        $\hat y = a^\top z$, $z = \sigma(Wz + Ux)$, all of $W$, $U$, $a$ trained; loss
        $\Phi = \frac12\|\hat y - y\|^2$, $e_0 = \|\hat y(0) - y\|$. $G = ZZ^\top$ over the
        samples, $\lambda_0 = \lambda_{\min}(G(0))$. Any start.

    Algorithm:
        Full-batch gradient descent with step $\eta$.

    Assumptions:
        Condition 1, for some $\delta > 0$ with $\|W(0)\| + \delta < 1$; $\bar\rho_\bullet =
        \|\bullet(0)\| + \delta$, $c_w = \frac{\bar\rho_u\bar\rho_a}{(1-\bar\rho_w)^2}$, $c_u =
        \frac{\bar\rho_a}{1-\bar\rho_w}$, $c_a = \frac{\bar\rho_u}{1-\bar\rho_w}$:
        (7) $\lambda_0 \ge \frac4\delta\max(c_w, c_u, c_a)\|X\|_Fe_0$,
        (8) $\lambda_0^{3/2} \ge 4(2+\sqrt2)\bar\rho_a^{-1}(c_w^2 + c_u^2)\|X\|_F^2e_0$,
        (9) $\lambda_0 \ge 4(c_w^2 + c_u^2)\|X\|_F^2$; and
        $\eta < \min\{\frac2{\lambda_0},
        \frac{2(c_w^2 + c_u^2)}{(c_w^2 + c_u^2 + c_a^2)^2\|X\|_F^2}\}$.

    Guarantee:
        Upper, for all $k$: $\Phi(k) \le (1 - \eta\lambda_0/2)^k\Phi(0)$, $\|W(k)\| < 1$ and
        $\lambda_{\min}(G(k)) > \lambda_0/2$, which the tangent kernel exceeds. $W$, $U$, $a$ stay
        within $\frac4{\lambda_0}(c_w, c_u, c_a)\|X\|_Fe_0 \le \delta$ of their start.

    Constants:
        All explicit. $\delta$ is chosen here, so that the smallest slack of (7) to (9) is largest.

    Deviations from the paper:
        (9) cannot be satisfied under the paper's Assumption 1: $\lambda_0 \le c_a^2\|X\|_F^2/n$
        and $c_w = c_a\bar\rho_a/(1 - \bar\rho_w)$ turn it into $\|a(0)\| + \delta \le
        \frac{1 - \bar\rho_w}{2\sqrt n}$, but $a_i \sim N(0, 1/m)$ has $\|a(0)\|$ close to 1. With
        $a_i \sim N(0, \kappa^2/m)$ and $\kappa = O(1/\sqrt n)$ it can; the note says which
        $\kappa$ this data allows. Theorem 2, the width at which $\lambda_0 \ge \frac m2\lambda_*$,
        has an unstated constant and is shown in the note. The movement is in Frobenius norm: the
        sum of the gradients in the proof.

    References:
        Z. Ling, X. Xie, Q. Wang, Z. Zhang, Z. Lin, Global convergence of over-parameterized deep
        equilibrium models, AISTATS 2023, Assumptions 1 and 2, Condition 1, Theorems 1 and 2.
    """

    title = "Ling, Xie, Wang, Zhang, Lin (2023), Theorem 1"
    locator = "Theorem 1"
    citation = """@inproceedings{ling2023global,
  title = {Global Convergence of Over-parameterized Deep Equilibrium Models},
  author = {Ling, Zenan and Xie, Xingyu and Wang, Qiuhao and Zhang, Zongpeng and Lin, Zhouchen},
  booktitle = {Proceedings of the 26th International Conference on Artificial Intelligence and
               Statistics},
  series = {Proceedings of Machine Learning Research},
  volume = {206},
  year = {2023},
  eprint = {2205.13814},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/2205.13814"
    setting = (
        "Deep equilibrium ReLU models without skip term, all weights trained by gradient descent "
        "on half the squared loss."
    )
    guarantee = Guarantee.UPPER
    provenance = Provenance.READ

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network, descent, and Condition 1 with the step at the best radius."""
        found = ball(setting)
        step = math.nan if found is None else setting.own_step(found.step)
        return (
            *ling_network_checks(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            *condition_1(setting),
            conditions.step_size_at_most(setting, step, strict=True),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve, the movement and the Gram matrix; what Condition 1 lacks in the note."""
        found = ball(setting)
        if found is None or setting.loss_scale is None:
            note = "No promise: the network is not the theorem's, or lambda_0 is not positive."
            return self._prediction(setting, note=note)
        speed, movement = found.least / 2.0, math.hypot(*found.movement)
        curve = geometric_curve(setting, speed, self.dynamics)
        promises = [] if curve is None else [
            Promise("squared_residual", curve, source=self.locator)
        ]  # fmt: skip
        proof = f"{self.locator}, proof"
        promises += [
            Promise("distance", movement, source=f"{proof}, all weights together"),
            Promise("distance_per_layer", max(found.movement), source=f"{proof}, the largest"),
            Promise("scaled_operator_norm", found.w + found.movement[0], source=proof),
            Promise("gram_smallest", speed, Guarantee.LOWER, source=f"{self.locator}, H >= G"),
        ]
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=geometric_factor(setting, speed, self.dynamics),
            step_size=setting.own_step(found.step),
            radius=movement,
            note=repair(setting),
        )

    def required_width(self, setting: Setting) -> float | None:
        """None: Condition 1 is about numbers of the start and does not name the width."""
        return None

    def example(self) -> tuple[Problem, Params, float]:
        r"""Two orthogonal inputs, width 400, $\sigma_w^2 = 10^{-3}$, $\kappa = 0.01$.

        Condition 1 holds for this draw, as for all draws tried of width 600 and for few of width
        300.
        """
        network = ling(400, 1e-3, output_scale=0.01)
        problem = Problem(network, math.sqrt(2.0) * np.eye(2), np.array([0.1, -0.1]))
        return problem, problem.init(8), 1.4e-5
