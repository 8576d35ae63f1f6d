"""What the theorems of Allen-Zhu, Li and Song on descent and on stochastic descent share."""

from __future__ import annotations

import abc
import dataclasses
import math

from surefit.core.check import Check, Sense
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.theory import conditions
from surefit.theory.clock import geometric_curve, geometric_factor
from surefit.theory.deep.network import DeepNetwork, deep_network, network_checks
from surefit.theory.setting import Setting
from surefit.theory.theorem import Theorem

__all__ = ["CITATION", "CONSTANTS", "AllenZhu"]

CITATION = """@inproceedings{allenzhu2019convergence,
  title = {A Convergence Theory for Deep Learning via Over-Parameterization},
  author = {Allen-Zhu, Zeyuan and Li, Yuanzhi and Song, Zhao},
  booktitle = {International Conference on Machine Learning},
  year = {2019},
  eprint = {1811.03962},
  archiveprefix = {arXiv}
}"""
CONSTANTS = (
    "width_constant",
    "step_constant",
    "rate_constant",
    "radius_constant",
    "separation_constant",
    "upper_constant",
    "lower_constant",
    "semi_smoothness_constant",
    "flip_constant",
    "product_constant",
    "kernel_constant",
)
UNCONFIRMED = "unconfirmed"


@dataclasses.dataclass(frozen=True)
class AllenZhu(Theorem):
    """The checks and promises that do not depend on how gradients are estimated."""

    width_constant: float = 1.0
    step_constant: float = 1.0
    rate_constant: float = 1.0
    radius_constant: float = 1.0
    separation_constant: float = 1.0
    upper_constant: float = 1.0
    lower_constant: float = 1.0
    semi_smoothness_constant: float = 1.0
    flip_constant: float = 1.0
    product_constant: float = 1.0
    kernel_constant: float = 1.0
    target_bound: float = 1.0

    citation = CITATION
    url = "https://arxiv.org/abs/1811.03962"
    guarantee = Guarantee.UPPER
    unstated = CONSTANTS

    @abc.abstractmethod
    def width_for(self, net: DeepNetwork, batch: int) -> float:
        """The width that is asked for."""

    @abc.abstractmethod
    def half_step_for(self, net: DeepNetwork, batch: int) -> float:
        """The step for half the sum of squares."""

    @abc.abstractmethod
    def radius_for(self, net: DeepNetwork, batch: int) -> float:
        r"""$\\omega$, which bounds $\\|W - W_0\\|_F$ along the run."""

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network and start, dynamics, data, and the conditions with constants."""
        step = self._step(setting)
        return (
            *network_checks(setting),
            conditions.independent_start(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            conditions.unit_norm_inputs(setting),
            conditions.bounded_targets(setting, self.target_bound),
            *self._separation(setting),
            conditions.width_at_least(
                setting, self.required_width(setting), ("width_constant",), self._width_note()
            ),
            conditions.step_size_at_most(
                setting, math.nan if step is None else step, ("step_constant",)
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve, the radius, and the inequalities of the proof along the run."""
        net = deep_network(setting)
        if net is None or setting.loss_scale is None or not 0.0 < net.delta < math.inf:
            note = "No promise: network or loss is not the theorem's, or two inputs are equal."
            return self._prediction(setting, note=note)
        speed = self.rate_constant * net.delta * net.width / (net.outputs * net.samples**2)
        curve = geometric_curve(setting, speed, self.dynamics)
        promises = () if curve is None else (
            Promise("squared_residual", curve, source=self.locator,
                    unstated=("width_constant", "step_constant", "rate_constant"),
                    fits="rate_constant"),
        )  # fmt: skip
        radius = self.radius_for(net, setting.batch)
        return self._prediction(
            setting,
            promises=(*promises, *self._proof(setting, net, radius)),
            rate=geometric_factor(setting, speed, self.dynamics),
            step_size=self._step(setting),
            radius=radius,
            note=f"delta = {net.delta:.4g}; with probability 1 - exp(-Omega(log^2 m)) over the "
            "start.",
        )

    def required_width(self, setting: Setting) -> float | None:
        """From the separation of the inputs; None for other networks."""
        net = deep_network(setting)
        if net is None:
            return None
        return self.width_for(net, setting.batch) if net.delta > 0.0 else math.inf

    def _separation(self, setting: Setting) -> tuple[Check, ...]:
        """Looked for where the network is the theorem's: it costs a Gram matrix of the inputs."""
        net = deep_network(setting)
        if net is None:
            return ()
        bound = self.separation_constant / net.depth
        note = "a larger separation may be replaced by the bound in the formulas"
        return (
            Check("delta = min || x_i - x_j || > 0", net.delta, 0.0, Sense.GREATER),
            Check("delta <= separation_constant / L", net.delta, bound, note=note,
                  unstated=("separation_constant",)),
        )  # fmt: skip

    def _step(self, setting: Setting) -> float | None:
        net = deep_network(setting)
        return None if net is None else setting.own_step(self.half_step_for(net, setting.batch))

    @abc.abstractmethod
    def _width_note(self) -> str:
        """The formula of the width."""

    def _proof(self, setting: Setting, net: DeepNetwork, radius: float) -> tuple[Promise, ...]:
        """What the proof says of quantities that are monitored, at movements up to `radius`."""
        depth, log = net.depth, math.log(max(net.width, 2))
        # |dK_ij| <= e sqrt(K_ii K_jj) for all pairs; in Frobenius norm that is e tr K.
        spread = setting.gram_spread
        drift = self.kernel_constant * math.sqrt(log) * radius ** (1 / 3) * depth**3

        def promise(
            monitor: str, bound: float, source: str, constant: str,
            kind: Guarantee = Guarantee.UPPER,
        ) -> Promise:  # fmt: skip
            names = ("width_constant", constant)
            return Promise(monitor, bound, kind, source=source, unstated=names, fits=constant)

        return (
            promise("distance", radius, "radius of the run", "radius_constant"),
            promise("gradient_upper_ratio", self.upper_constant, "Theorem 3", "upper_constant"),
            promise("gradient_lower_ratio", self.lower_constant,
                    f"Theorem 3, {UNCONFIRMED}", "lower_constant", Guarantee.LOWER),
            promise("semi_smoothness_step", self.semi_smoothness_constant,
                    f"Theorem 4, {UNCONFIRMED}", "semi_smoothness_constant"),
            promise("semi_smoothness_random", self.semi_smoothness_constant,
                    f"Theorem 4, {UNCONFIRMED}", "semi_smoothness_constant"),
            promise("flip_ratio", self.flip_constant, "Lemma 8.2", "flip_constant"),
            promise("product_norm", self.product_constant * math.sqrt(depth),
                    f"Lemma 7.3 (a), {UNCONFIRMED}", "product_constant"),
            *(() if spread is None else (
                promise("kernel_drift", drift * spread, "Theorem 5 (c)", "kernel_constant"),
            )),
        )  # fmt: skip
