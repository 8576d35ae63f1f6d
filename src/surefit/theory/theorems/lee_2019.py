"""Lee, Xiao, Schoenholz, Bahri, Novak, Sohl-Dickstein and Pennington: wide networks are linear."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.activations import Tanh
from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import shallow
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.clock import spectral_curve
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["Lee2019"]


@dataclasses.dataclass(frozen=True)
class Lee2019(Theorem):
    r"""Wide networks of any depth follow their linearisation: the curve from the empirical kernel.

    Setting:
        Fully connected networks with hidden layers of equal width $m$ in NTK parameterisation,
        all layers trained, activations with Lipschitz derivative; distinct inputs in a compact
        set; loss $\frac12\|f - y\|^2$. $\Theta$ is the limit kernel on the data.

    Algorithm:
        Full-batch gradient descent, $\eta < \eta_{\text{critical}} =
        2/(\lambda_{\min}(\Theta) + \lambda_{\max}(\Theta))$.

    Assumptions:
        $\lambda_{\min}(\Theta) > 0$, and $m$ is large enough.

    Guarantee:
        Tight, with probability close to 1 over the start: $\sup_k\|f_k(x) -
        f^{\text{lin}}_k(x)\| = O(m^{-1/2})$, where the linearisation at the start has the residual
        $(I - \eta\hat\Theta_0)^kr_0$ and ends at distance
        $\sqrt{r_0^\top\hat\Theta_0^{-1}r_0}$ from the start.

    Constants:
        `deviation_constant` $C$ in $|f_k(x_i) - f^{\text{lin}}_k(x_i)| \le C/\sqrt m$ is unstated.
        `accuracy`, the share of $\|r_0\|$ that the curve may be off, is the user's choice for the
        width that is asked for.

    Deviations from the paper:
        The bound per input is summed over the $nk$ outputs:
        $|\,\|r_k\| - \|r^{\text{lin}}_k\|\,| \le C\sqrt{nk/m}$. A first layer without scaling, on
        inputs of unit norm, counts as NTK parameterisation. The distance of the linearised weights
        gets an allowance of the same relative size.

    References:
        J. Lee, L. Xiao, S. S. Schoenholz, Y. Bahri, R. Novak, J. Sohl-Dickstein, J. Pennington,
        Wide neural networks of any depth evolve as linear models under gradient descent, NeurIPS
        2019, Theorem 2.1.
    """

    accuracy: float = 0.05
    deviation_constant: float = 1.0

    title = "Lee, Xiao, Schoenholz, et al. (2019), Theorem 2.1"
    locator = "Theorem 2.1"
    citation = """@inproceedings{lee2019wide,
  title = {Wide Neural Networks of Any Depth Evolve as Linear Models Under Gradient Descent},
  author = {Lee, Jaehoon and Xiao, Lechao and Schoenholz, Samuel S. and Bahri, Yasaman and
            Novak, Roman and Sohl-Dickstein, Jascha and Pennington, Jeffrey},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {32},
  year = {2019},
  eprint = {1902.06720},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/1902.06720"
    setting = (
        "Wide fully connected networks of any depth in NTK parameterisation, trained by gradient "
        "descent on half the squared loss."
    )
    guarantee = Guarantee.TIGHT
    provenance = Provenance.RECALLED
    unstated = ("deviation_constant",)

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network and start, data, the limit kernel, the step, and the width with its constant."""
        spectrum = setting.limit_spectrum
        return (
            conditions.network_is_fully_connected(setting),
            self._parameterisation(setting),
            conditions.every_layer_trained(setting),
            conditions.smooth_activation(setting),
            conditions.independent_start(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
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
        """The curve of the linearised model, from the Gram matrix at the start."""
        width = setting.structure.width
        if setting.loss_scale is None or width is None:
            note = "No promise: the loss is not squared, or there is no hidden layer."
            return self._prediction(setting, note=note)
        spectrum = setting.gram_spectrum
        weights = (spectrum.eigenvectors.T @ setting.residual) ** 2
        curve = spectral_curve(setting, spectrum.eigenvalues, weights)
        off = self.deviation_constant * math.sqrt(setting.problem.residuals / width)
        promises = [] if curve is None else [
            Promise(
                "squared_residual", curve, Guarantee.TIGHT, off**2, self.locator, self.unstated,
                "deviation_constant",
            )
        ]  # fmt: skip
        movement = None
        if spectrum.smallest.lower > 0.0 and setting.residual_norm.value > 0.0:
            movement = math.sqrt(float(np.sum(weights / spectrum.eigenvalues)))
            share = off / setting.residual_norm.value
            promises.append(
                Promise(
                    "distance",
                    movement,
                    tolerance=share * movement,
                    source=f"{self.locator}, linearised weights",
                    unstated=self.unstated,
                    fits="deviation_constant",
                )
            )
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=None if curve is None else max(curve.factors),
            step_size=self._critical_step(setting),
            radius=movement,
            note="The curve is that of the linearised model, exact in the limit of infinite width.",
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""$nk\,(C/(\text{accuracy}\,\|r_0\|))^2$; None without a hidden layer."""
        if setting.structure.width is None:
            return None
        allowed = self.accuracy * setting.residual_norm.value
        equations = setting.problem.residuals
        return equations * (self.deviation_constant / allowed) ** 2 if allowed else math.inf

    def _critical_step(self, setting: Setting) -> float:
        spectrum = setting.limit_spectrum
        if spectrum is None:
            return math.nan
        return setting.own_step(2.0 / (spectrum.smallest.upper + spectrum.largest.upper))

    def _parameterisation(self, setting: Setting) -> Check:
        dense = setting.structure.dense
        names = [layer.parameterisation for layer in dense]
        fits = bool(names) and set(names[1:]) <= {"ntk"} and names[0] in ("ntk", "unscaled")
        equal = len(set(setting.structure.hidden_widths)) == 1
        note = f"dense layers: {', '.join(names)}; hidden widths {setting.structure.hidden_widths}"
        return Check.from_flag("NTK parameterisation, equal hidden widths", fits and equal, note)

    def example(self) -> tuple[Problem, Params, float]:
        """Three orthogonal inputs, 1024 tanh features, both layers trained, step 1/2.

        Every assumption without an unstated constant holds.
        """
        network = shallow(1024, activation=Tanh(), antisymmetric=False)
        problem = Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 0.5
