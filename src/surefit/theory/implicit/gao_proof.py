"""The lemmas behind the theorems of Gao et al. (2022), with the constants of their proofs."""

from __future__ import annotations

import abc
import dataclasses
import math
from typing import ClassVar

from surefit.core.check import Check, Sense
from surefit.core.prediction import Guarantee, Prediction
from surefit.theory import conditions
from surefit.theory.clock import geometric_factor
from surefit.theory.implicit import gao_checks as checks
from surefit.theory.implicit.gao_network import GaoNetwork, gao_network
from surefit.theory.implicit.gao_paper import CITATION, URL
from surefit.theory.implicit.gao_promises import (
    decay,
    exponent,
    features_stay,
    movement_promises,
    weights_stay,
)
from surefit.theory.implicit.gao_quantities import lambda_0, norm_constant
from surefit.theory.implicit.gao_radii import Movement, printed_radius, proof_movement
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["OUTPUT_BOUND", "GaoProof"]

OUTPUT_BOUND = "(ii) at t = 0: ||u(0)||"
"""The name of the check that no network passes which passes the others."""


@dataclasses.dataclass(frozen=True)
class GaoProof(Theorem, abc.ABC):
    r"""What Lemmas 3.5 and 3.6 share.

    Attributes:
        width_factor: what $c^2n\|X\|^2e_0^2/\lambda_0^3$ is multiplied by in the proof.
        output_factor: what $c\sqrt ne_0/\lambda_0$ is multiplied by in (ii).
        share: the decay of $\|r\|^2$ per unit of time, over $\lambda_0$.
    """

    citation = CITATION
    url = URL
    guarantee = Guarantee.UPPER
    provenance = Provenance.READ
    contradiction = OUTPUT_BOUND
    width_factor: ClassVar[float]
    output_factor: ClassVar[float]
    share: ClassVar[float]

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network, start, gamma and width, all measured; and conclusion (ii) at time 0."""
        general = (
            checks.network_of_gao(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
        )
        network = gao_network(setting)
        if not isinstance(network, GaoNetwork):
            return general
        note = f"{self.width_factor:g} c^2 n ||X||^2 e_0^2 / lambda_0^3"
        return (
            *general,
            checks.all_trained(network),
            checks.output_signs(network),
            conditions.unit_norm_inputs(setting),
            checks.lambda_0_positive(setting),
            checks.wide_enough_for_rank(setting, network),
            checks.features_at_start(setting),
            checks.gamma_at_most(setting, network),
            checks.width_at_least(network, self.required_width(setting), note=note),
            *self._step(setting),
            self._output_bound(setting, network),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve and the movements as printed; the contradiction in the note."""
        least, network = lambda_0(setting), gao_network(setting)
        if not least > 0.0 or setting.loss_scale is None or not isinstance(network, GaoNetwork):
            note = "No promise: the network is not the lemma's, or lambda_0 is not positive."
            return self._prediction(setting, note=note)
        speed, flow = self.share * least, setting.dynamics == "gradient_flow"
        movement, source = self._movement(setting, network), f"{self.locator}, proof"
        radius = printed_radius(
            network.width, norm_constant(setting).upper, least, setting.input_operator_norm
        )
        return self._prediction(
            setting,
            promises=(
                *decay(setting, speed, self.dynamics, self.locator),
                *features_stay(least, f"{self.locator} (i)"),
                *movement_promises(movement, source),
                *weights_stay(network.gamma, norm_constant(setting).upper, f"{self.locator} (v)"),
            ),
            rate=exponent(setting, speed)
            if flow
            else geometric_factor(setting, speed, self.dynamics),
            step_size=self._largest_step(setting),
            radius=movement.total,
            note=(
                f"Moves (A, W, u, v) by at most ({movement.A:.3g}, {movement.W:.3g}, "
                f"{movement.u:.3g}, {movement.v:.3g}) as printed, W within R = {radius:.3g}. The "
                "lemma contradicts itself at time 0: its bound (ii) on ||u|| is below sqrt(m) "
                "whenever its width suffices, so it covers no network and the bounds on W and A "
                "have no proof. gao_2022_corrected is the statement that holds."
            ),
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""$C\,c^2n\|X\|^2e_0^2/\lambda_0^3$ with the proof's $C$; None for other networks."""
        least, c = lambda_0(setting), norm_constant(setting)
        if c is None:
            return None
        if least <= 0.0:
            return math.inf
        unit = c.upper * setting.input_operator_norm * setting.residual_norm.upper
        return self.width_factor * setting.problem.samples * unit**2 / least**3

    def _movement(self, setting: Setting, network: GaoNetwork) -> Movement:
        return proof_movement(
            setting.problem.samples,
            network.width,
            norm_constant(setting).upper,
            lambda_0(setting),
            setting.residual_norm.upper,
            self.dynamics == "gradient_descent",
        )

    def _output_bound(self, setting: Setting, network: GaoNetwork) -> Check:
        least = lambda_0(setting)
        unit = norm_constant(setting).upper * math.sqrt(setting.problem.samples)
        bound = self.output_factor * unit * setting.residual_norm.upper
        return Check(
            OUTPUT_BOUND,
            math.hypot(*network.u),
            bound / least if least > 0.0 else math.inf,
            Sense.AT_MOST,
            note=(
                f"conclusion (ii) claims ||u|| <= {self.output_factor:g} c sqrt(n) e_0 / lambda_0 "
                "at all times, but ||u(0)|| = sqrt(m) is above it whenever the width suffices, as "
                "lambda_0 <= 1/2 and ||X|| >= 1; the right form is ||u|| <= 2 sqrt(m)"
            ),
        )

    def _step(self, setting: Setting) -> tuple[Check, ...]:
        """The condition on the step; none for flow."""
        return ()

    def _largest_step(self, setting: Setting) -> float | None:
        return None
