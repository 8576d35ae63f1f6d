"""Arora, Du, Hu, Li and Wang: the training curve, eigenvector by eigenvector."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.check import Check, Sense
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.layers import Centred
from surefit.models import two_layer
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.clock import spectral_curve
from surefit.theory.relu_model import lambda_0, model_checks
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["Arora2019"]


@dataclasses.dataclass(frozen=True)
class Arora2019(Theorem):
    r"""The training curve of two-layer ReLU networks from the eigenvectors of $H^\infty$.

    Setting:
        $f(x) = \frac1{\sqrt m}\sum_r a_r\max(w_r^\top x, 0)$, $a_r = \pm1$ fixed,
        $w_r \sim N(0, \kappa^2 I)$ trained; $\|x_i\| = 1$, $|y_i| \le 1$; loss
        $\frac12\|f - y\|^2$. $H^\infty = \sum_i\lambda_i v_iv_i^\top$ as in Du et al. (2019).

    Algorithm:
        Full-batch gradient descent with step $\eta$.

    Assumptions:
        $\lambda_0 > 0$, $\kappa \le C_\kappa\epsilon\delta/\sqrt n$,
        $m \ge C_m n^7/(\lambda_0^4\kappa^2\delta^4\epsilon^2)$, $\eta \le C_\eta\lambda_0/n^2$.

    Guarantee:
        Tight, with probability $1-\delta$ over the start:
        $\|r_k\| = \sqrt{\sum_i(1-\eta\lambda_i)^{2k}(v_i^\top y)^2} \pm \epsilon$. Moreover
        $\|W(k) - W(0)\|_F \le \sqrt{y^\top(H^\infty)^{-1}y}$ plus a remainder that vanishes with
        growing width and shrinking $\kappa$, and the population loss is at most the complexity
        measure $\sqrt{2y^\top(H^\infty)^{-1}y/n}$ plus $O(\sqrt{\log(n/\lambda_0\delta)/n})$.

    Constants:
        `width_constant`, `step_constant`, `start_constant` ($C_\kappa$) and `movement_constant`
        are unstated. $\epsilon$ = `accuracy` times $\|y\|$ is the user's choice.

    Deviations from the paper:
        A start at zero output needs no small $\kappa$ (which only serves to make $f$ small at the
        start): then that condition counts as fulfilled. The remainder of the movement,
        a polynomial in $n, 1/\lambda_0, 1/\delta$ over $m^{1/4}$, is represented by
        `movement_constant` times the leading term over $m^{1/4}$.

    References:
        S. Arora, S. S. Du, W. Hu, Z. Li, R. Wang, Fine-grained analysis of optimization and
        generalization for overparameterized two-layer neural networks, ICML 2019, Theorems 4.1
        and 5.1, Lemma 5.3.
    """

    accuracy: float = 0.05
    width_constant: float = 1.0
    step_constant: float = 1.0
    start_constant: float = 1.0
    movement_constant: float = 1.0

    title = "Arora, Du, Hu, Li, Wang (2019), Theorem 4.1"
    locator = "Theorem 4.1"
    citation = """@inproceedings{arora2019fine,
  title = {Fine-Grained Analysis of Optimization and Generalization for Overparameterized
           Two-Layer Neural Networks},
  author = {Arora, Sanjeev and Du, Simon S. and Hu, Wei and Li, Zhiyuan and Wang, Ruosong},
  booktitle = {Proceedings of the 36th International Conference on Machine Learning},
  series = {Proceedings of Machine Learning Research},
  volume = {97},
  pages = {322--332},
  year = {2019},
  eprint = {1901.08584},
  archiveprefix = {arXiv}
}"""
    url = "https://arxiv.org/abs/1901.08584"
    setting = (
        "Two-layer ReLU networks with fixed random signs at the output and a small start, trained "
        "by gradient descent on half the squared loss."
    )
    guarantee = Guarantee.TIGHT
    provenance = Provenance.RECALLED
    unstated = ("width_constant", "step_constant", "start_constant", "movement_constant")

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network and start as in section 3, data, and the three conditions with constants."""
        spectrum = setting.limit_spectrum
        n = setting.problem.samples
        step = setting.own_step(self.step_constant * lambda_0(setting) / n**2)
        return (
            *model_checks(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            conditions.unit_norm_inputs(setting),
            conditions.bounded_targets(setting, 1.0),
            conditions.positive_definite(
                "lambda_0 = smallest eigenvalue of the limit kernel",
                spectrum.smallest if spectrum else None,
            ),
            self._small_start(setting),
            conditions.width_at_least(
                setting,
                self.required_width(setting),
                ("width_constant",),
                "width_constant n^7 / (lambda_0^4 kappa^2 delta^4 epsilon^2)",
            ),
            conditions.step_size_at_most(
                setting, step, ("step_constant",), "step_constant lambda_0 / n^2"
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve from the limit kernel, the movement, and the complexity measure in the note."""
        if not lambda_0(setting) > 0.0 or setting.loss_scale is None:
            note = "No promise: the network is not the theorem's, or lambda_0 is not positive."
            return self._prediction(setting, note=note)
        targets = np.asarray(setting.problem.y)
        eigenvalues = setting.limit_spectrum.eigenvalues
        curve = spectral_curve(setting, eigenvalues, setting.limit_projections(targets))
        tolerance = (self.accuracy * float(np.linalg.norm(targets))) ** 2
        promises = [] if curve is None else [
            Promise("squared_residual", curve, Guarantee.TIGHT, tolerance, "Theorem 4.1")
        ]  # fmt: skip
        n = setting.problem.samples
        complexity = self.complexity(setting)
        movement = complexity * math.sqrt(n / 2.0)
        remainder = self.movement_constant * movement / setting.structure.width**0.25
        promises.append(
            Promise(
                "distance",
                movement,
                tolerance=remainder,
                source="Lemma 5.3",
                unstated=("movement_constant",),
                fits="movement_constant",
            )
        )
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=None if curve is None else max(curve.factors),
            step_size=setting.own_step(self.step_constant * lambda_0(setting) / n**2),
            radius=movement + remainder,
            note=f"Complexity measure sqrt(2 y^T H^-1 y / n) = {complexity:.3g} (Theorem 5.1); "
            "labels without structure give a number far above 1.",
        )

    @float64
    def complexity(self, setting: Setting) -> float | None:
        r"""$\sqrt{2y^\top(H^\infty)^{-1}y/n}$.

        Up to $O(n^{-1/2})$ it bounds the population loss of the trained network. None where the
        network is not the theorem's or $\lambda_0$ is not positive.
        """
        if not lambda_0(setting) > 0.0:
            return None
        projections = setting.limit_projections(np.asarray(setting.problem.y))
        energy = float(np.sum(projections / setting.limit_spectrum.eigenvalues))
        return math.sqrt(2.0 * energy / setting.problem.samples)

    def required_width(self, setting: Setting) -> float | None:
        r"""$C_m n^7/(\lambda_0^4\kappa^2\delta^4\epsilon^2)$; None for other networks."""
        least = lambda_0(setting)
        if math.isnan(least):
            return None
        epsilon = self.accuracy * float(np.linalg.norm(setting.problem.y))
        kappa = setting.structure.two_layer.weight_std
        n, delta = setting.problem.samples, setting.failure_probability
        bottom = least**4 * kappa**2 * delta**4 * epsilon**2
        return self.width_constant * n**7 / bottom if bottom > 0.0 else math.inf

    def _small_start(self, setting: Setting) -> Check:
        name = "kappa small, so that the outputs start near 0"
        two = setting.structure.two_layer
        if two is None:
            return Check.from_flag(name, False, "the network does not have one hidden dense layer")
        if setting.structure.starts_at_zero:
            return Check.from_flag(name, True, "the outputs start at 0 exactly")
        n, delta = setting.problem.samples, setting.failure_probability
        epsilon = self.accuracy * float(np.linalg.norm(setting.problem.y))
        return Check(
            name,
            two.weight_std,
            self.start_constant * epsilon * delta / math.sqrt(n),
            Sense.AT_MOST,
            note="start_constant epsilon delta / sqrt(n)",
            unstated=("start_constant",),
        )

    def example(self) -> tuple[Problem, Params, float]:
        r"""Three orthogonal inputs, width 4096, outputs from 0, step $\lambda_0/n^2 = 1/18$.

        Every assumption without an unstated constant holds.
        """
        network = Centred(two_layer(4096))
        problem = Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 0.5 / 9.0
