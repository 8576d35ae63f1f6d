"""The theorems of Gao et al. (2022) as they are printed, constants in O and Omega unstated."""

from __future__ import annotations

import abc
import dataclasses
import math
from typing import ClassVar

from surefit.core.check import Check
from surefit.core.prediction import Guarantee, Prediction
from surefit.theory import conditions
from surefit.theory.clock import geometric_factor
from surefit.theory.implicit import gao_checks as checks
from surefit.theory.implicit.directions import distinct_directions
from surefit.theory.implicit.gao_network import GaoNetwork, gao_network
from surefit.theory.implicit.gao_paper import CITATION, URL
from surefit.theory.implicit.gao_promises import decay, exponent, features_stay
from surefit.theory.implicit.gao_quantities import lambda_0
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["GaoPrinted"]


@dataclasses.dataclass(frozen=True)
class GaoPrinted(Theorem, abc.ABC):
    r"""What Theorems 3.1 and 3.2 share.

    Attributes:
        power: of $\lambda_0$ in the denominator of the width.
        share: the decay of $\|r\|^2$ per unit of time, over $\lambda_0$.
        lemma: where $\lambda_{\min}(G) \ge \lambda_0/2$ is stated.
        defects: what is wrong with the statement or its proof, for the note.
    """

    width_constant: float = 1.0

    citation = CITATION
    url = URL
    guarantee = Guarantee.UPPER
    provenance = Provenance.READ
    unstated = ("width_constant",)
    power: ClassVar[int]
    share: ClassVar[float]
    lemma: ClassVar[str]
    defects: ClassVar[str]

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network, random start, data, gamma, and the conditions with unstated constants."""
        general = (
            checks.network_of_gao(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
        )
        network = gao_network(setting)
        if not isinstance(network, GaoNetwork):
            return general
        power = "" if self.power == 1 else f"^{self.power}"
        return (
            *general,
            checks.all_trained(network),
            checks.gaussian_start(network),
            checks.output_signs(network),
            conditions.independent_start(setting),
            conditions.unit_norm_inputs(setting),
            distinct_directions(setting),
            checks.lambda_0_positive(setting),
            checks.wide_enough_for_rank(setting, network),
            checks.gamma_at_most(setting, network),
            checks.width_at_least(
                network,
                self.required_width(setting),
                ("width_constant",),
                f"width_constant n^2 / lambda_0{power} log(n / delta)",
            ),
            *self._step(setting),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The geometric curve and the bound on the Gram matrix."""
        least = lambda_0(setting)
        if not least > 0.0 or setting.loss_scale is None:
            note = "No promise: the network is not the theorem's, or lambda_0 is not positive."
            return self._prediction(setting, note=note)
        speed, flow = self.share * least, setting.dynamics == "gradient_flow"
        note = (
            f"lambda_0 = {least:.4g}, gamma may be up to "
            f"{checks.admissible_gamma(setting):.4g}; holds with probability "
            f"{1.0 - setting.failure_probability:g} over the start. {self.defects}"
        )
        return self._prediction(
            setting,
            promises=(
                *decay(setting, speed, self.dynamics, self.locator),
                *features_stay(least, self.lemma),
            ),
            rate=exponent(setting, speed)
            if flow
            else geometric_factor(setting, speed, self.dynamics),
            step_size=self._largest_step(setting),
            note=note,
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""$C_m\frac{n^2}{\lambda_0^p}\log\frac n\delta$; None for other networks."""
        least = lambda_0(setting)
        if math.isnan(least):
            return None
        if least <= 0.0:
            return math.inf
        n, delta = setting.problem.samples, setting.failure_probability
        return self.width_constant * n**2 / least**self.power * math.log(n / delta)

    def _step(self, setting: Setting) -> tuple[Check, ...]:
        """The condition on the step; none for flow."""
        return ()

    def _largest_step(self, setting: Setting) -> float | None:
        return None
