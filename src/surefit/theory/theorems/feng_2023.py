"""Feng and Kolter, Gao et al.: deep equilibrium models of infinite width are kernel methods."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.activations import Tanh
from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import implicit_linear
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.clock import spectral_curve
from surefit.theory.implicit.deq_checks import (
    deq_width,
    finite_width_contraction,
    injection,
    kernel_contraction,
    network_of_deq,
    ntk_scaled,
)
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["Feng2023"]


@dataclasses.dataclass(frozen=True)
class Feng2023(Theorem):
    r"""Wide deep equilibrium models follow the kernel whose fixed point is found by root-finding.

    Setting:
        $f = a^\top h/\sqrt m$, $h = \phi(g)$, $g = \frac{\sigma_W}{\sqrt m}Wh +
        \frac{\sigma_U}{\sqrt d}Ux + \sigma_bb$, standard Gaussian entries, all trained; loss
        $\frac12\|f - y\|^2$. The limit kernel is $\Theta_f = E[\phi\phi] +
        E[\phi'\phi']\frac\Sigma{1 - \dot\Sigma}$ over $N(0, \Sigma)$, with the fixed point
        $\Sigma = \sigma_W^2E[\phi\phi] + \frac{\sigma_U^2}dx^\top x' + \sigma_b^2$ and
        $\dot\Sigma = \sigma_W^2E[\phi'\phi']$.

    Algorithm:
        Full-batch gradient descent, $\eta < 2/(\lambda_{\min} + \lambda_{\max})$ of $\Theta_f$.

    Assumptions:
        $\sigma_WL_\phi < 1$, so that the fixed point of covariances is unique;
        $2\sigma_WL_\phi < 1$, so that equilibria of finite width exist almost surely for large
        $m$; $\lambda_{\min}(\Theta_f) > 0$; $m$ is large enough.

    Guarantee:
        Tight: the residual is that of kernel descent, $\|r_k\|^2 =
        \sum_i(1 - \eta\lambda_i)^{2k}(v_i^\top r_0)^2$ over the spectrum of $\Theta_f$, up to a
        deviation that vanishes with growing width.

    Constants:
        `deviation_constant` $C$ in $|f_k(x_i) - f^{\text{kernel}}_k(x_i)| \le C/\sqrt m$ is
        unstated. `accuracy`, the share of $\|r_0\|$ that the curve may be off, is the user's
        choice for the width that is asked for.

    Deviations from the paper:
        The kernel is the papers' (depth and width limits commute, 2310.10767; the tangent kernel
        is deterministic, 2310.14062), read in their abstracts; the formulas above are derived
        and checked by Monte Carlo, the two contraction conditions are derived, and the papers'
        own constants (recalled: $\sigma_W^2 < 1/8$ for the normalised rectifier, which is what
        $2\sigma_WL_\phi < 1$ says of it) are unconfirmed. That training follows the kernel is the
        general theorem on linearisation (Lee et al. 2019) carried over; no paper states it with a
        constant. A rectified injection (Gao et al. 2022) has another limit, which the software
        knows; the papers do not speak of it, and its check stays undecided.

    References:
        Z. Feng, J. Z. Kolter, On the neural tangent kernel of equilibrium models, arXiv 2310.14062
        (2023); T. Gao, X. Huo, H. Liu, H. Gao, Wide neural networks as Gaussian processes: lessons
        from deep equilibrium models, NeurIPS 2023, arXiv 2310.10767.
    """

    accuracy: float = 0.1
    deviation_constant: float = 1.0

    title = "Feng, Kolter (2023), kernels of deep equilibrium models"
    locator = "the limit kernel"
    citation = """@misc{feng2023neural,
  title = {On the Neural Tangent Kernel of Equilibrium Models},
  author = {Feng, Zhili and Kolter, J. Zico},
  year = {2023},
  eprint = {2310.14062},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/2310.14062"
    setting = (
        "Wide deep equilibrium models in NTK parameterisation, trained by gradient descent on "
        "half the squared loss."
    )
    guarantee = Guarantee.TIGHT
    provenance = Provenance.RECALLED
    unstated = ("deviation_constant",)

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network, contraction for the kernel and at finite width, the kernel, step and width."""
        general = (
            network_of_deq(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
        )
        width = deq_width(setting)
        if width is None:
            return general
        spectrum = setting.limit_spectrum
        return (
            *general,
            injection(setting),
            ntk_scaled(setting),
            conditions.independent_start(setting),
            kernel_contraction(setting),
            finite_width_contraction(setting),
            conditions.positive_definite(
                "smallest eigenvalue of the limit kernel", spectrum.smallest if spectrum else None
            ),
            conditions.step_size_at_most(
                setting,
                self._critical_step(setting),
                note="2 / (smallest + largest eigenvalue of the limit kernel)",
                strict=True,
            ),
            conditions.width_at_least(
                setting,
                self.required_width(setting),
                self.unstated,
                f"n k (deviation_constant / ({self.accuracy:g} ||r_0||))^2",
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve of kernel descent, from the spectrum of the limit kernel."""
        width, spectrum = deq_width(setting), None
        if width is not None:
            spectrum = setting.limit_spectrum
        if setting.loss_scale is None or spectrum is None:
            note = "No promise: the loss is not squared, or no limit of the network is known."
            return self._prediction(setting, note=note)
        n, k = setting.problem.samples, setting.problem.outputs
        weights = setting.limit_projections(setting.residual.reshape(n, k))
        curve = spectral_curve(setting, spectrum.eigenvalues, weights)
        off = self.deviation_constant * math.sqrt(n * k / width)
        promises = () if curve is None else (
            Promise(
                "squared_residual", curve, Guarantee.TIGHT, off**2, self.locator, self.unstated,
                "deviation_constant",
            ),
        )  # fmt: skip
        return self._prediction(
            setting,
            promises=promises,
            rate=None if curve is None else max(curve.factors),
            step_size=self._critical_step(setting),
            note="The curve is that of descent with the kernel of infinite width, from the "
            "outputs of this start.",
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""$nk\,(C/(\text{accuracy}\,\|r_0\|))^2$; None without an equilibrium."""
        if deq_width(setting) is None:
            return None
        allowed = self.accuracy * setting.residual_norm.value
        equations = setting.problem.residuals
        return equations * (self.deviation_constant / allowed) ** 2 if allowed else math.inf

    def _critical_step(self, setting: Setting) -> float:
        spectrum = setting.limit_spectrum
        if spectrum is None:
            return math.nan
        return setting.own_step(2.0 / (spectrum.smallest.upper + spectrum.largest.upper))

    def example(self) -> tuple[Problem, Params, float]:
        r"""Three orthogonal inputs, 256 tanh features with $\sigma_W = 0.3$, step 1/2.

        Every assumption without an unstated constant holds.
        """
        network = implicit_linear(256, 0.3, activation=Tanh(), unit_inputs=3)
        problem = Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 0.5
