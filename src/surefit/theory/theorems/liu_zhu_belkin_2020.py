"""Liu, Zhu and Belkin: the local PL condition of over-parameterised systems."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.activations import Tanh
from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import two_layer
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.ball import Ball, ball_condition, extrapolated_width, width_note
from surefit.theory.clock import geometric_curve, geometric_factor
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["LiuZhuBelkin2020"]

# mu = (2 sigma / 3)^2 is the choice for which the ball condition is weakest: R (sigma - L R)^2,
# which must reach 2 L_F ||r_0||, is largest at L R = sigma / 3.
SHARE = 2.0 / 3.0


@dataclasses.dataclass(frozen=True)
class LiuZhuBelkin2020(Theorem):
    r"""PL* on a ball: the tangent kernel stays away from singular, so descent converges.

    Setting:
        Any system $F(w) = y$ with $F$ $L_F$-Lipschitz and $\beta_F$-smooth on the ball
        $B(w_0, R)$; loss $\mathcal L = \frac12\|F(w) - y\|^2$.

    Algorithm:
        Full-batch gradient descent, $\eta \le 1/(L_F^2 + \beta_F\|F(w_0) - y\|)$.

    Assumptions:
        $\mathcal L$ is $\mu$-PL* on the ball, $\frac12\|\nabla\mathcal L\|^2 \ge \mu\mathcal L$,
        with $R = 2L_F\|F(w_0) - y\|/\mu$. Since $\lambda_{\min}(JJ^\top) \ge \mu$ implies it, it
        is enough that $27\,L\,L_F\|r_0\| \le 2\sigma^3$, for $\mu = \frac49\sigma^2$: then
        $LR \le \sigma/3$ on the ball of radius $R = \frac92L_F\|r_0\|/\sigma^2$, with
        $\beta_F = L$ the Lipschitz constant of $J$ there and $L_F = \|J(w_0)\| + \sigma/3$.

    Guarantee:
        Upper: a solution exists in the ball, and
        $\mathcal L(w_k) \le (1 - \eta\mu)^k\mathcal L(w_0)$. The iterates stay in the ball, their
        path is at most $R$ long, and $\lambda_{\min}(JJ^\top) \ge \mu$ on it.

    Constants:
        All explicit. $\mu = \frac49\sigma^2$ is the choice that asks least.

    Deviations from the paper:
        The factor 1/2 in the definition of PL* is the one for which
        $\lambda_{\min}(JJ^\top) \ge \mu$ gives exactly $\mu$. The statement is proved again here:
        $\|\nabla^2\mathcal L\| \le L_F^2 + \beta_F\|r\|$, so a step with $\eta$ as above has
        $\mathcal L_{k+1} \le \mathcal L_k - \frac\eta2\|\nabla\mathcal L_k\|^2 \le
        (1 - \eta\mu)\mathcal L_k$, and the path is at most
        $\sum_k\eta L_F\|r_0\|(1 - \eta\mu)^{k/2} \le 2L_F\|r_0\|/\mu = R$.

    References:
        C. Liu, L. Zhu, M. Belkin, Loss landscapes and optimization in over-parameterized
        non-linear systems and neural networks, Appl. Comput. Harmon. Anal. 59 (2022), section 4:
        local PL* implies existence of a solution and fast convergence.
    """

    title = "Liu, Zhu, Belkin (2020), local PL*"
    locator = "Section 4, local PL* implies existence of a solution and fast convergence"
    citation = """@article{liu2022loss,
  title = {Loss landscapes and optimization in over-parameterized non-linear systems and neural
           networks},
  author = {Liu, Chaoyue and Zhu, Libin and Belkin, Mikhail},
  journal = {Applied and Computational Harmonic Analysis},
  volume = {59},
  pages = {85--116},
  year = {2022},
  eprint = {2003.00307},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/2003.00307"
    setting = (
        "Any smooth system of equations whose tangent kernel is positive definite near the start, "
        "solved by gradient descent on half the squared loss."
    )
    guarantee = Guarantee.UPPER
    provenance = Provenance.RECALLED
    reproved = True

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Counts, the tangent kernel at the start, PL* on the ball, and the step."""
        return (
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            conditions.over_parameterised(setting),
            conditions.smooth_activation(setting),
            conditions.positive_definite(
                "smallest eigenvalue of J J^T at the start", setting.gram_spectrum.smallest
            ),
            self._ball(setting).check("27 L L_F ||r_0|| / (2 sigma_min^3)"),
            conditions.step_size_at_most(
                setting, self._largest_step(setting), note="1 / (L_F^2 + L ||r_0||)"
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """Geometric decay at rate mu; drawn for orientation where the condition fails."""
        sigma = setting.sigma_min.lower
        width = self.required_width(setting)
        if not sigma > 0.0 or setting.loss_scale is None:
            note = "No promise: J is not known to be onto at the start, or the loss is not squared."
            return self._prediction(setting, note=note)
        mu = (SHARE * sigma) ** 2
        radius = _radius(setting.residual_norm.upper, sigma, setting.sigma_max.upper)
        curve = geometric_curve(setting, mu, self.dynamics)
        promises = [] if curve is None else [
            Promise("squared_residual", curve, source="Section 4")
        ]  # fmt: skip
        promises += [
            Promise("distance", radius, source="Section 4"),
            Promise("path_length", radius, source="Section 4, proof"),
            Promise("gram_smallest", mu, Guarantee.LOWER, source="PL* on the ball"),
        ]
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=geometric_factor(setting, mu, self.dynamics),
            step_size=self._largest_step(setting),
            radius=radius,
            note=f"mu = {mu:.4g}. {width_note(width)}".strip(),
        )

    def required_width(self, setting: Setting) -> float | None:
        """Where the condition would hold, extrapolated from this draw (evidence: sampled)."""
        return extrapolated_width(setting, self._ball(setting).ratio)

    def _ball(self, setting: Setting) -> Ball:
        return ball_condition(
            setting,
            radius=_radius,
            ratio=lambda lipschitz, r, low, high: (
                27.0 * lipschitz * (high + low / 3.0) * r / (2.0 * low**3)
            ),
        )

    def _largest_step(self, setting: Setting) -> float:
        ball = self._ball(setting)
        if ball.lipschitz is None:
            return math.nan
        steepest = setting.sigma_max.upper + setting.sigma_min.upper / 3.0
        bend = ball.lipschitz * setting.residual_norm.upper
        return setting.own_step(1.0 / (steepest**2 + bend))

    def example(self) -> tuple[Problem, Params, float]:
        """Three orthogonal inputs, 8 tanh features, small targets, the largest step."""
        network = two_layer(8, Tanh(), antisymmetric=True)
        problem = Problem(network, np.eye(3), 0.015 * np.array([1.0, -1.0, 1.0]))
        params = problem.init(0)
        return problem, params, self._largest_step(Setting(problem, params, 1.0))


def _radius(residual: float, smallest: float, largest: float) -> float:
    r"""$\frac92 L_F\|r_0\|/\sigma^2$ with $L_F = \|J\| + \sigma/3$."""
    return 4.5 * (largest + smallest / 3.0) * residual / smallest**2
