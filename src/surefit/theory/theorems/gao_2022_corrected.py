"""Gao, Liu, Liu, Rajan and Gao: implicit ReLU networks, corrected and with all constants."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.implicit import gao_checks as checks
from surefit.theory.implicit.gao_example import near_interpolation
from surefit.theory.implicit.gao_network import GaoNetwork, gao_network
from surefit.theory.implicit.gao_paper import CITATION, SETTING, URL
from surefit.theory.implicit.gao_promises import (
    decay,
    exponent,
    features_stay,
    movement_promises,
    weights_stay,
)
from surefit.theory.implicit.gao_quantities import lambda_0, norm_constant
from surefit.theory.implicit.gao_radii import Movement, corrected_movement, corrected_radius
from surefit.theory.implicit.initialisation import required_corrected_width, width_before_drawing
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["Gao2022Corrected"]


@dataclasses.dataclass(frozen=True)
class Gao2022Corrected(Theorem):
    r"""Implicit ReLU networks under gradient flow, with explicit constants and a valid proof.

    Setting:
        $\hat y = u^\top z + v^\top\phi$, $z = \sigma(\tilde\gamma Az + \phi)$,
        $\phi = \frac1{\sqrt m}\sigma(Wx)$, $\tilde\gamma = \gamma/\sqrt m$, all trained;
        $\|u(0)\|, \|v(0)\| \le \sqrt m$, $\|A(0)\|, \|W(0)\| \le c\sqrt m$; $\|x_i\| = 1$; loss
        $\frac12\|\hat y - y\|^2$; $e_0 = \|\hat y(0) - y\|$. Any start with these norms.

    Algorithm:
        Gradient flow $\dot\theta = -\nabla L$, along which the rectifiers are taken to be
        differentiable almost everywhere, as in the paper.

    Assumptions:
        $\lambda_{\min}(G(0)) \ge \frac34\lambda_0 > 0$, $0 < \gamma \le \min\{\frac12,
        \frac1{4c}\}$, $m \ge \max\{\frac{5702n\|X\|^2e_0^2}{\lambda_0^3},
        \frac{64c^2ne_0^2}{\lambda_0^2}, \frac{144ne_0^2}{c^2\lambda_0^2}\}$.

    Guarantee:
        Upper, for all $t$: $\|\hat y(t) - y\|^2 \le e^{-\lambda_0t}e_0^2$; $\lambda_{\min}(G)
        \ge \lambda_0/2$; $\|u\|, \|v\| \le 2\sqrt m$; $\|A\|, \|W\| \le 2c\sqrt m$; and with
        $\rho = \sqrt ne_0/\lambda_0$: $\|v - v_0\| \le 4c\rho$, $\|u - u_0\| \le 8c\rho$,
        $\|W - W_0\|_F \le 12\rho$, $\|A - A_0\|_F \le 32\gamma c\rho$.

    Constants:
        All explicit; $c$ is measured.

    Deviations from the paper:
        Proof, by induction over time, while $\|A\|, \|W\| \le 2c\sqrt m$, $\|u\|, \|v\| \le
        2\sqrt m$ and $\|W - W_0\|_F \le R' = (\sqrt{3/4} - \sqrt{1/2})\sqrt{m\lambda_0}/\|X\|$:
        $\tilde\gamma\|A\| \le \frac12$, so $\|(I - \tilde\gamma DA)^{-1}\| \le 2$, $\|\phi_i\| \le
        2c$, $\|z_i\| \le 4c$. $\|\Phi - \Phi_0\| \le \|\Phi - \Phi_0\|_F \le \|X\|\|W -
        W_0\|_F/\sqrt m$ gives $\sigma_{\min}(\Phi) \ge \sqrt{\lambda_0/2}$; the tangent kernel
        exceeds $\Phi\Phi^\top$, so $\|r\| \le e^{-\lambda_0t/2}e_0$ and $\int\|r\| \le
        2e_0/\lambda_0$. Gradients are at most $(16\gamma c, 6, 4c, 2c)\sqrt n\|r\|$ for
        $(A, W, u, v)$. Integrated, the width keeps each of them strictly inside what was assumed.
        The paper has $\|u\|, \|v\| = O(\sqrt ne_0/\lambda_0)$ instead, which is false at time 0,
        and a bound on $\|\sigma(B)\|$ that is false for operator norms. Its rate for descent is
        not proved by this argument and not promised: (42) leaves a term of order $\alpha
        n\|r\|^2$, which no small $\alpha$ makes smaller than $\alpha\lambda_0\|r\|^2$.

    References:
        T. Gao, H. Liu, J. Liu, H. Rajan, H. Gao, A global convergence theory for deep ReLU
        implicit networks via over-parameterization, ICLR 2022, Theorem 3.1 and Lemma 3.5.
    """

    title = "Gao, Liu, Liu, Rajan, Gao (2022), Theorem 3.1 corrected, all constants explicit"
    locator = "Theorem 3.1, corrected"
    citation = CITATION
    url = URL
    setting = SETTING.format(dynamics="gradient flow")
    guarantee = Guarantee.UPPER
    dynamics = "gradient_flow"
    provenance = Provenance.READ
    reproved = True

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network, flow, data, and the start as measured: norms, $G(0)$, gamma and width."""
        general = (
            checks.network_of_gao(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
        )
        network = gao_network(setting)
        if not isinstance(network, GaoNetwork):
            return general
        note = "max(5702 n ||X||^2 / lambda_0, 64 c^2 n, 144 n / c^2) e_0^2 / lambda_0^2"
        return (
            *general,
            checks.all_trained(network),
            checks.output_norms(network),
            conditions.unit_norm_inputs(setting),
            checks.lambda_0_positive(setting),
            checks.wide_enough_for_rank(setting, network),
            checks.features_at_start(setting),
            checks.gamma_at_most(setting, network),
            checks.width_at_least(network, self.required_width(setting), note=note),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve and the movements of the flow; under descent the reason for silence."""
        least, network = lambda_0(setting), gao_network(setting)
        if not least > 0.0 or setting.loss_scale is None or not isinstance(network, GaoNetwork):
            note = "No promise: the network is not the theorem's, or lambda_0 is not positive."
            return self._prediction(setting, note=note)
        movement = self._movement(setting, network)
        radius = corrected_radius(network.width, least, setting.input_operator_norm)
        facts = (
            f"lambda_0 = {least:.4g}, c = {norm_constant(setting).upper:.4g}, gamma may be up to "
            f"{checks.admissible_gamma(setting):.4g}. (A, W, u, v) move by at most "
            f"({movement.A:.3g}, {movement.W:.3g}, {movement.u:.3g}, {movement.v:.3g}); W may move "
            f"by R' = {radius:.3g}. {self._in_advance(setting, network)}"
        )
        if setting.dynamics != "gradient_flow":
            return self._prediction(
                setting,
                note="No promise for descent: the rate (1 - alpha lambda_0 / 2)^k is not proved by "
                f"the argument of the paper, nor by its correction. For flow: {facts}",
            )
        promises = (
            *decay(setting, least, self.dynamics, self.locator),
            *features_stay(least, self.locator),
            *movement_promises(movement, self.locator),
            *weights_stay(network.gamma, norm_constant(setting).upper, self.locator),
        )
        return self._prediction(
            setting,
            promises=promises,
            rate=exponent(setting, least),
            radius=movement.total,
            note=facts,
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""The largest of the three terms, for this start; None for other networks."""
        c = norm_constant(setting)
        if c is None:
            return None
        return required_corrected_width(
            setting.problem.samples,
            c.upper,
            lambda_0(setting),
            setting.input_operator_norm,
            setting.residual_norm.upper,
        )

    def _movement(self, setting: Setting, network: GaoNetwork) -> Movement:
        return corrected_movement(
            setting.problem.samples,
            norm_constant(setting).upper,
            network.gamma,
            lambda_0(setting),
            setting.residual_norm.upper,
        )

    def _in_advance(self, setting: Setting, network: GaoNetwork) -> str:
        width = width_before_drawing(
            setting.problem.samples,
            network.W.shape[1],
            lambda_0(setting),
            setting.input_operator_norm,
            float(np.linalg.norm(np.asarray(setting.problem.y))),
            network.gamma,
            setting.failure_probability,
        )
        likely = f"with probability {1.0 - setting.failure_probability:g} over the start"
        if math.isinf(width):
            return f"No width makes the hypotheses hold {likely}: gamma is not below 1/8."
        return f"A width of {width:.3g} would make all hypotheses hold {likely}."

    def example(self) -> tuple[Problem, Params, float]:
        r"""Two orthogonal inputs, width 128, $\gamma = 0.1$, $e_0 = 0.02$."""
        return *near_interpolation(0.02, 128, 0.1), 1.0
