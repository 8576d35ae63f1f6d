"""Du, Zhai, Poczos and Singh: two-layer ReLU networks of polynomial width."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import two_layer
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.clock import geometric_curve, geometric_factor
from surefit.theory.relu_model import lambda_0, model_checks
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["Du2018"]


@dataclasses.dataclass(frozen=True)
class Du2018(Theorem):
    r"""Two-layer ReLU networks of width $n^6/\lambda_0^4$: geometric decay at rate $\lambda_0/2$.

    Setting:
        $f(x) = \frac1{\sqrt m}\sum_r a_r\max(w_r^\top x, 0)$, $a_r = \pm1$ fixed,
        $w_r \sim N(0, I)$ trained; $\|x_i\| = 1$, $|y_i| \le C$; loss $\frac12\|f - y\|^2$.
        $H^\infty_{ij} = x_i^\top x_j(\pi - \arccos x_i^\top x_j)/(2\pi)$,
        $\lambda_0 = \lambda_{\min}(H^\infty)$.

    Algorithm:
        Full-batch gradient descent with step $\eta$.

    Assumptions:
        $\lambda_0 > 0$ (so if no two inputs are parallel),
        $m \ge C_m n^6/(\lambda_0^4\delta^3)$ and $\eta \le C_\eta\lambda_0/n^2$.

    Guarantee:
        Upper, with probability $1-\delta$ over the start:
        $\|r_k\|^2 \le (1 - \eta\lambda_0/2)^k\|r_0\|^2$;
        $\|w_r(k) - w_r(0)\| \le 4\sqrt n\|r_0\|/(\sqrt m\lambda_0)$ for every neuron, hence
        $\|W(k) - W(0)\|_F \le 4\sqrt n\|r_0\|/\lambda_0$; $\lambda_{\min}(H(k)) \ge \lambda_0/2$.

    Constants:
        `width_constant` $C_m$ and `step_constant` $C_\eta$ are unstated. The rate is explicit.

    Deviations from the paper:
        The bound on the movement is the sum over neurons of the paper's bound. The paper's $C$
        for the targets is the field `target_bound`. Later versions of the theorem allow steps
        of order $1/\|H^\infty\|$; not used here.

    References:
        S. S. Du, X. Zhai, B. Poczos, A. Singh, Gradient descent provably optimizes
        over-parameterized neural networks, ICLR 2019, Assumption 3.1, Theorems 3.1 and 4.1,
        Corollary 4.1, Lemma 3.2.
    """

    width_constant: float = 1.0
    step_constant: float = 1.0
    target_bound: float = 1.0

    title = "Du, Zhai, Poczos, Singh (2018), Theorem 4.1"
    locator = "Theorem 4.1"
    citation = """@inproceedings{du2019gradient,
  title = {Gradient Descent Provably Optimizes Over-parameterized Neural Networks},
  author = {Du, Simon S. and Zhai, Xiyu and Poczos, Barnabas and Singh, Aarti},
  booktitle = {International Conference on Learning Representations},
  year = {2019},
  eprint = {1810.02054},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/1810.02054"
    setting = (
        "Two-layer ReLU networks with fixed random signs at the output, trained by gradient "
        "descent on half the squared loss."
    )
    guarantee = Guarantee.UPPER
    provenance = Provenance.RESTATED
    unstated = ("width_constant", "step_constant")

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network and start as in section 3.1, data, and the two conditions with constants."""
        spectrum = setting.limit_spectrum
        return (
            *model_checks(setting, std=1.0),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            conditions.unit_norm_inputs(setting),
            conditions.no_parallel_inputs(setting),
            conditions.bounded_targets(setting, self.target_bound),
            conditions.positive_definite(
                "lambda_0 = smallest eigenvalue of the limit kernel",
                spectrum.smallest if spectrum else None,
            ),
            conditions.width_at_least(
                setting,
                self.required_width(setting),
                ("width_constant",),
                "width_constant n^6 / (lambda_0^4 delta^3)",
            ),
            conditions.step_size_at_most(
                setting,
                self._largest_step(setting),
                ("step_constant",),
                "step_constant lambda_0 / n^2",
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The geometric curve, the bound on the movement and the one on the Gram matrix."""
        least = lambda_0(setting)
        if not least > 0.0 or setting.loss_scale is None:
            note = "No promise: the network is not the theorem's, or lambda_0 is not positive."
            return self._prediction(setting, note=note)
        radius = 4.0 * math.sqrt(setting.problem.samples) * setting.residual_norm.upper / least
        curve = geometric_curve(setting, least / 2.0, self.dynamics)
        promises = [] if curve is None else [
            Promise("squared_residual", curve, source="Theorem 4.1")
        ]  # fmt: skip
        promises += [
            Promise("distance", radius, source="Corollary 4.1, summed over the neurons"),
            Promise("gram_smallest", least / 2.0, Guarantee.LOWER, source="Lemma 3.2"),
        ]
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=geometric_factor(setting, least / 2.0, self.dynamics),
            step_size=self._largest_step(setting),
            radius=radius,
            note=f"lambda_0 = {least:.4g}; holds with probability "
            f"{1.0 - setting.failure_probability:g} over the start.",
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""$C_m n^6/(\lambda_0^4\delta^3)$ from the limit kernel; None for other networks."""
        least = lambda_0(setting)
        if math.isnan(least):
            return None
        if least <= 0.0:
            return math.inf
        n, delta = setting.problem.samples, setting.failure_probability
        return self.width_constant * n**6 / (least**4 * delta**3)

    def _largest_step(self, setting: Setting) -> float:
        n = setting.problem.samples
        return setting.own_step(self.step_constant * lambda_0(setting) / n**2)

    def example(self) -> tuple[Problem, Params, float]:
        r"""Three orthogonal inputs, width 1024, step $\lambda_0/n^2 = 1/18$.

        With `width_constant` 1 the width would have to be $3^6\,2^4/\delta^3$; every assumption
        without an unstated constant holds.
        """
        problem = Problem(two_layer(1024), np.eye(3), np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 0.5 / 9.0
