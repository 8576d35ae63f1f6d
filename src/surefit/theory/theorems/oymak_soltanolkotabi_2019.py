"""Oymak and Soltanolkotabi: gradient descent on nonlinear least squares takes a short path."""

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

__all__ = ["OymakSoltanolkotabi2019"]


@dataclasses.dataclass(frozen=True)
class OymakSoltanolkotabi2019(Theorem):
    r"""Nonlinear least squares with a Jacobian that stays well conditioned on a small ball.

    Setting:
        Any model with $\theta \mapsto J(\theta)$ $L$-Lipschitz and
        $\alpha \le \sigma_{\min}(J) \le \|J\| \le \beta$ on the ball of radius
        $R = 4\|r_0\|/\alpha$ around the start; loss $\frac12\|f - y\|^2$.

    Algorithm:
        Full-batch gradient descent, $\eta \le \frac1{2\beta^2}\min(1, \frac{\alpha^2}{L\|r_0\|})$.

    Assumptions:
        With $\sigma = \sigma_{\min}(J(\theta_0))$ the bounds above hold with $\alpha = \sigma/2$ as
        soon as $16L\|r_0\| \le \sigma^2$, $L$ on the ball of radius $8\|r_0\|/\sigma$. Then the
        largest admissible $\alpha = \frac12(\sigma + \sqrt{\sigma^2 - 16L\|r_0\|})$, whose ball is
        smaller, is used, and $\beta = \|J(\theta_0)\| + LR$.

    Guarantee:
        Upper: $\|r_k\|^2 \le (1 - \eta\alpha^2/2)^k\|r_0\|^2$ and
        $\frac\alpha4\|\theta_k - \theta_0\| + \|r_k\| \le \|r_0\|$; the path is at most
        $4\|r_0\|/\alpha$ long; on it $\lambda_{\min}(JJ^\top) \ge \alpha^2$.

    Constants:
        All explicit.

    Deviations from the paper:
        The statement is proved again here, so that nothing rests on memory. Let $\ell =
        \eta\|J^\top r\|$ be the length of a step. Since $\eta\|J\|^2 \le \frac12$ and
        $\ell \ge \eta\alpha\|r\|$,
        $\|(I - \eta JJ^\top)r\|^2 \le \|r\|^2 - \frac32\ell^2/\eta \le \|r\|^2 -
        \frac32\alpha\ell\|r\|$, so $\|(I - \eta JJ^\top)r\| \le \|r\| - \frac34\alpha\ell$. The
        Taylor remainder is at most $\frac L2\ell^2 \le \frac L2\eta\beta\|r\|\ell \le
        \frac14\alpha\ell$. Hence $\|r_{k+1}\| \le \|r_k\| - \frac12\alpha\ell_k$. Summed, the path
        is at most $2\|r_0\|/\alpha < R$ long, which keeps it in the ball, the next step with its
        $\ell_k \le \|r_k\|/(2\alpha)$ included; and $\|r_{k+1}\| \le (1 -
        \frac12\eta\alpha^2)\|r_k\|$.

    References:
        S. Oymak, M. Soltanolkotabi, Overparameterized nonlinear learning: gradient descent takes
        the shortest path?, ICML 2019, section 2, the theorem with equation (2.9).
    """

    title = "Oymak, Soltanolkotabi (2019), shortest path"
    locator = "Section 2, the theorem with equation (2.9)"
    citation = """@inproceedings{oymak2019overparameterized,
  title = {Overparameterized Nonlinear Learning: Gradient Descent Takes the Shortest Path?},
  author = {Oymak, Samet and Soltanolkotabi, Mahdi},
  booktitle = {Proceedings of the 36th International Conference on Machine Learning},
  series = {Proceedings of Machine Learning Research},
  volume = {97},
  pages = {4951--4960},
  year = {2019},
  eprint = {1812.10004},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/1812.10004"
    setting = (
        "Any model whose Jacobian is Lipschitz and onto near the start, trained by gradient "
        "descent on half the squared loss."
    )
    guarantee = Guarantee.UPPER
    provenance = Provenance.RECALLED
    reproved = True

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Counts, the Jacobian at the start, the condition on the ball, and the step."""
        return (
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            conditions.over_parameterised(setting),
            conditions.smooth_activation(setting),
            conditions.positive_definite(
                "smallest eigenvalue of J J^T at the start", setting.gram_spectrum.smallest
            ),
            self._ball(setting).check("16 L ||r_0|| / sigma_min^2"),
            conditions.step_size_at_most(
                setting, self._largest_step(setting), note="min(1, alpha^2/(L r_0)) / (2 beta^2)"
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """Geometric decay and a short path; drawn for alpha = sigma/2 if the condition fails."""
        alpha = self._alpha(setting)
        width = self.required_width(setting)
        if not alpha > 0.0 or setting.loss_scale is None:
            note = "No promise: J is not known to be onto at the start, or the loss is not squared."
            return self._prediction(setting, note=note)
        radius = 4.0 * setting.residual_norm.upper / alpha
        speed = alpha**2 / 2.0
        curve = geometric_curve(setting, speed, self.dynamics)
        source = self.locator
        promises = [] if curve is None else [
            Promise("squared_residual", curve, source=source)
        ]  # fmt: skip
        promises += [
            Promise("distance", radius, source=source),
            Promise("path_length", radius, source=source),
            Promise("gram_smallest", alpha**2, Guarantee.LOWER, source="hypothesis on the ball"),
        ]
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=geometric_factor(setting, speed, self.dynamics),
            step_size=self._largest_step(setting),
            radius=radius,
            note=f"alpha = {alpha:.4g}. {width_note(width)}".strip(),
        )

    def required_width(self, setting: Setting) -> float | None:
        """Where the condition would hold, extrapolated from this draw (evidence: sampled)."""
        return extrapolated_width(setting, self._ball(setting).ratio)

    def _ball(self, setting: Setting) -> Ball:
        return ball_condition(
            setting,
            radius=lambda r, low, high: 8.0 * r / low,
            ratio=lambda lipschitz, r, low, high: 16.0 * lipschitz * r / low**2,
        )

    def _alpha(self, setting: Setting) -> float:
        """The largest alpha if the condition holds, else sigma/2."""
        sigma, ball = setting.sigma_min.lower, self._ball(setting)
        if ball.lipschitz is None:
            return sigma / 2.0
        slack = sigma**2 - 16.0 * ball.lipschitz * setting.residual_norm.upper
        return (sigma + math.sqrt(max(slack, 0.0))) / 2.0

    def _largest_step(self, setting: Setting) -> float:
        ball, alpha = self._ball(setting), self._alpha(setting)
        if ball.lipschitz is None or not alpha > 0.0:
            return math.nan
        residual = setting.residual_norm.upper
        beta = setting.sigma_max.upper + ball.lipschitz * 4.0 * residual / alpha
        bend = ball.lipschitz * residual
        share = min(1.0, alpha**2 / bend) if bend > 0.0 else 1.0
        return setting.own_step(share / (2.0 * beta**2))

    def example(self) -> tuple[Problem, Params, float]:
        """Three orthogonal inputs, 8 tanh features, small targets, half the largest step."""
        network = two_layer(8, Tanh(), antisymmetric=True)
        problem = Problem(network, np.eye(3), 0.02 * np.array([1.0, -1.0, 1.0]))
        params = problem.init(0)
        return problem, params, 0.5 * self._largest_step(Setting(problem, params, 1.0))
