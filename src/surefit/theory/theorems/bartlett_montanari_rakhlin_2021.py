"""Bartlett, Montanari and Rakhlin: gradient flow in the linear regime."""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit.activations import Tanh
from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import two_layer
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.ball import Ball, ball_condition, extrapolated_width, width_note
from surefit.theory.clock import geometric_curve
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["BartlettMontanariRakhlin2021"]


@dataclasses.dataclass(frozen=True)
class BartlettMontanariRakhlin2021(Theorem):
    r"""Gradient flow with a Jacobian that changes little on the way.

    Setting:
        Any model $f_n(\theta) \in \mathbb R^n$ whose Jacobian $Df_n$ is $L_n$-Lipschitz; loss
        $\hat L(\theta) = \frac1{2n}\|y - f_n(\theta)\|^2$;
        $\sigma = \sigma_{\min}(Df_n(\theta_0))$.

    Algorithm:
        Gradient flow $\dot\theta = -\nabla\hat L(\theta)$.

    Assumptions:
        $L_n\|y - f_n(\theta_0)\| < \frac14\sigma^2$.

    Guarantee:
        Upper: $\hat L(\theta_t) \le \hat L(\theta_0)e^{-\lambda_0t}$ with
        $\lambda_0 = \sigma^2/(2n)$, and $\|\theta_t - \theta_0\| \le \frac2\sigma\|y -
        f_n(\theta_0)\|$; the path is no longer than that, and $\lambda_{\min}(JJ^\top) \ge
        \sigma^2/4$ on it.

    Constants:
        All explicit.

    Deviations from the paper:
        $L_n$ is needed on the ball of radius $2\|r_0\|/\sigma$ only, which is where it is bounded
        here. For a loss $c\|r\|^2$ the exponent is $c\sigma^2$. The bounds on the distance to the
        linearised model are left out. The statement is proved again here: as long as the path
        has length $s \le 2\|r_0\|/\sigma$, $\sigma_{\min}(J) \ge \sigma - L_ns > \sigma/2$, so
        $\frac{d}{ds}\|r\| = -\|J^\top r\|/\|r\| < -\sigma/2$, and $\|r\|$ would reach zero before
        $s$ exceeds $2\|r_0\|/\sigma$; and
        $\frac{d}{dt}\|r\|^2 = -4c\|J^\top r\|^2 \le -c\sigma^2\|r\|^2$.

    References:
        P. L. Bartlett, A. Montanari, A. Rakhlin, Deep learning: a statistical viewpoint, Acta
        Numerica 30 (2021), Theorem 5.1.
    """

    title = "Bartlett, Montanari, Rakhlin (2021), Theorem 5.1"
    locator = "Theorem 5.1"
    citation = """@article{bartlett2021deep,
  title = {Deep learning: a statistical viewpoint},
  author = {Bartlett, Peter L. and Montanari, Andrea and Rakhlin, Alexander},
  journal = {Acta Numerica},
  volume = {30},
  pages = {87--201},
  year = {2021},
  eprint = {2103.09177},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/2103.09177"
    setting = (
        "Any model whose Jacobian is Lipschitz and onto near the start, trained by gradient flow "
        "on the squared loss."
    )
    guarantee = Guarantee.UPPER
    dynamics = "gradient_flow"
    provenance = Provenance.RECALLED
    reproved = True

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """The flow, counts, the Jacobian at the start, and the condition."""
        return (
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            conditions.over_parameterised(setting),
            conditions.smooth_activation(setting),
            conditions.positive_definite(
                "smallest eigenvalue of J J^T at the start", setting.gram_spectrum.smallest
            ),
            self._ball(setting).check("4 L ||r_0|| / sigma_min^2", strict=True),
        )

    def predict(self, setting: Setting) -> Prediction:
        """Exponential decay and a short path; drawn for orientation where the condition fails."""
        sigma = setting.sigma_min.lower
        width = self.required_width(setting)
        if not sigma > 0.0 or setting.loss_scale is None:
            note = "No promise: J is not known to be onto at the start, or the loss is not squared."
            return self._prediction(setting, note=note)
        radius = 2.0 * setting.residual_norm.upper / sigma
        curve = geometric_curve(setting, sigma**2 / 2.0, self.dynamics)
        source = self.locator
        promises = (
            Promise("squared_residual", curve, source=source),
            Promise("distance", radius, source=source),
            Promise("path_length", radius, source=f"{source}, proof"),
            Promise("gram_smallest", sigma**2 / 4.0, Guarantee.LOWER, source=f"{source}, proof"),
        )
        return self._prediction(
            setting,
            promises=promises,
            rate=setting.loss_scale * sigma**2,
            radius=radius,
            note=width_note(width),
        )

    def required_width(self, setting: Setting) -> float | None:
        """Where the condition would hold, extrapolated from this draw (evidence: sampled)."""
        return extrapolated_width(setting, self._ball(setting).ratio)

    def _ball(self, setting: Setting) -> Ball:
        return ball_condition(
            setting,
            radius=lambda r, low, high: 2.0 * r / low,
            ratio=lambda lipschitz, r, low, high: 4.0 * lipschitz * r / low**2,
        )

    def example(self) -> tuple[Problem, Params, float]:
        """Three orthogonal inputs, 8 tanh features, small targets."""
        network = two_layer(8, Tanh(), antisymmetric=True)
        problem = Problem(network, np.eye(3), 0.05 * np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 1.0
