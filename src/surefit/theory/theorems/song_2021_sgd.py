"""Song et al., follow-up: shallow networks under stochastic gradient descent."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.check import Check
from surefit.core.curve import Curve
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import shallow_family
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.setting import Setting
from surefit.theory.shallow_theorem import CITATION
from surefit.theory.shallow_view import ShallowView, shallow_network, shallow_view
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["Song2021Sgd"]


@dataclasses.dataclass(frozen=True)
class Song2021Sgd(Theorem):
    r"""Shallow networks with both layers trained by SGD: $d_0d_1 \gtrsim n^2/\sqrt b$.

    Setting:
        As `Song2021`: $x \mapsto V\phi(Wx)$ with $\mu$, $\nu$, $\beta$ of Lemma 3 at the start;
        batches of $b$ of the $n$ samples, whose gradients satisfy the growth condition with
        $\eta_f = n/b$; $\zeta = 1/\delta$.

    Algorithm:
        Stochastic gradient descent, the gradient of a batch times $n/b$, with the step $\lambda
        \le C_\lambda\min\{\frac{\mu^2}{\eta_f(\beta\nu^2\|\nabla f_0\| + \beta_f\nu^4 +
        \beta_f\mu\nu^3)}, \frac{\mu}{\zeta\sqrt{\eta_f}\,\nu(\beta\|\nabla f_0\| +
        \beta_f\nu\mu)}\}$.

    Assumptions:
        $d_1 \ge n$, $\mu > 0$ and $h_0 \le C_h\frac{\alpha_f\mu^6}{\zeta\beta^2\eta_f\nu^2}$.

    Guarantee:
        Upper, with probability $1 - 1/\zeta$ over the batches and in the mean over them:
        $E\,h_k \le (1 - C\lambda\alpha_f\mu^2)^kh_0$; the mean length of the path is at most
        $\frac{\mu}{2\beta\zeta}$.

    Constants:
        Unstated: `initial_constant` ($C_h$), `step_constant` ($C_\lambda$), `rate_constant` ($C$),
        and `width_constant`, the factor of the width $d_1 \gtrsim n^2/(\sqrt b\,d_0)$, which hides
        the activation, logarithms and $\sigma_{\min}(X^{*t}) \simeq 1$ as well.

    Deviations from the paper:
        The bound on the mean is held against one run. Where $1/\zeta$ is not small that says
        little; a run may lie above the mean. $\alpha_f = \beta_f = 2c$ for the loss $c\|r\|^2$,
        with which the statement does not depend on $c$.

    References:
        The follow-up to C. Song, A. Ramezani-Kebrya, T. Pethick, A. Eftekhari, V. Cevher,
        Subquadratic overparameterization for shallow neural networks, NeurIPS 2021, on stochastic
        gradient descent; its title and year are unconfirmed, the entry cites the first paper.
    """

    initial_constant: float = 1.0
    step_constant: float = 1.0
    rate_constant: float = 1.0
    width_constant: float = 1.0

    title = "Song et al. (2021), follow-up, stochastic gradient descent"
    locator = "Follow-up of the paper, theorem on stochastic gradient descent"
    citation = CITATION
    url = "https://arxiv.org/abs/2111.01875"
    setting = (
        "Two-layer networks with a smooth activation and both layers trained by stochastic "
        "gradient descent on the squared loss."
    )
    guarantee = Guarantee.UPPER
    dynamics = "sgd"
    provenance = Provenance.RECALLED
    unstated = ("initial_constant", "step_constant", "rate_constant", "width_constant")

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Dynamics and loss, the network, the start, and the step with its constant."""
        found = (
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            shallow_network(setting),
            conditions.smooth_activation(setting),
        )
        view = shallow_view(setting)
        if view is None:
            return found
        threshold = self._threshold(setting, view)
        return (
            *found,
            *view.isometry.checks,
            conditions.positive_definite("mu > 0", view.isometry.mu),
            Check(
                "h(w_0) <= initial_constant mu^6 / (zeta beta^2 eta_f nu^2)",
                view.initial.value,
                threshold,
                error=view.initial.error,
                note=f"eta_f = n / b = {self._growth(setting):.4g}, zeta = {self._zeta(setting):g}",
                unstated=("initial_constant",),
            ),
            conditions.step_size_at_most(
                setting,
                setting.own_step(self._largest_half_step(setting, view)),
                ("step_constant",),
                "the smaller of two terms, times step_constant",
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve of the mean and the mean length of the path."""
        view = shallow_view(setting)
        if view is None or setting.loss_scale is None or not view.isometry.mu.lower > 0.0:
            note = "No promise: network or loss is not the theorem's, or mu is not known positive."
            return self._prediction(setting, note=note)
        mu, beta = view.isometry.mu.lower, view.isometry.beta.upper
        factor = 1.0 - self.rate_constant * setting.half_step * mu**2
        radius = mu / (2.0 * beta)
        promises = [
            Promise("path_length", radius / self._zeta(setting), source=self.locator,
                    unstated=("initial_constant", "step_constant"))
        ]  # fmt: skip
        if 0.0 <= factor <= 1.0:
            curve = Curve.geometric(view.initial.value, factor)
            promises.insert(
                0,
                Promise("squared_residual", curve, source=self.locator,
                        unstated=("initial_constant", "step_constant", "rate_constant"),
                        fits="rate_constant"),
            )  # fmt: skip
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=factor if 0.0 <= factor <= 1.0 else None,
            step_size=setting.own_step(self._largest_half_step(setting, view)),
            radius=radius,
            note=f"In the mean over the batches, with probability {1 - 1 / self._zeta(setting):g}.",
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""$\max(n, C n^2/(\sqrt b\,d_0))$; None for other networks."""
        view = shallow_view(setting)
        if view is None:
            return None
        n, inputs = view.x.shape
        return max(float(n), self.width_constant * n**2 / (math.sqrt(setting.batch) * inputs))

    def _growth(self, setting: Setting) -> float:
        return setting.problem.samples / setting.batch

    def _zeta(self, setting: Setting) -> float:
        return 1.0 / setting.failure_probability

    def _threshold(self, setting: Setting, view: ShallowView) -> float:
        # alpha_f / c = 2 for every multiple c of the square.
        constant = 2.0 * self.initial_constant / (self._zeta(setting) * self._growth(setting))
        return (
            constant
            * view.isometry.enclose(
                lambda mu, nu, beta: mu**6 / (beta * nu) ** 2 if beta * nu else math.inf
            ).lower
        )

    def _largest_half_step(self, setting: Setting, view: ShallowView) -> float:
        r"""The step for $\tfrac12\|r\|^2$: there $\beta_f = 1$ and $\|\nabla f_0\| = \|r_0\|$."""
        start, growth, zeta = view.isometry, self._growth(setting), self._zeta(setting)
        mu, nu, beta = start.mu.lower, start.nu.upper, start.beta.upper
        bend = beta * view.residual_norm.upper
        if not mu > 0.0:
            return 0.0
        first = mu**2 / (growth * (bend * nu**2 + nu**4 + mu * nu**3))
        second = mu / (zeta * math.sqrt(growth) * nu * (bend + nu * mu))
        return self.step_constant * min(first, second)

    def example(self) -> tuple[Problem, Params, float]:
        """Two orthogonal inputs, 1024 GELU features, the largest step with `step_constant` 1."""
        network = shallow_family(1024, inputs=2, init="song")
        problem = Problem(network, np.eye(2), np.array([0.5, -0.5]))
        params = problem.init(0)
        setting = Setting(problem, params, 1.0, self.dynamics)
        view = shallow_view(setting)
        step = 1.0 if view is None else setting.own_step(self._largest_half_step(setting, view))
        return problem, params, step
