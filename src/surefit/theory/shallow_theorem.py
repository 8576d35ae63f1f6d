r"""What the explicit forms of the theorem on $V\phi(Wx)$ share: checks, promises, widths.

A form says: if $h_0 = \|V_0\phi(W_0X) - Y\|_F^2$ is at most a threshold made of $\mu$, $\nu$ and
$\beta$ (Lemma 3), training converges at a rate made of them. It is about one start and holds with
certainty; how likely such a start is, is another question, which the width answers for typical
draws.
"""

from __future__ import annotations

import abc
import dataclasses
import math

import numpy as np

from surefit.core.check import Check
from surefit.core.curve import Curve
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.spectrum import Enclosure
from surefit.models import shallow_family
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.clock import geometric_factor
from surefit.theory.setting import Setting
from surefit.theory.shallow.framework import Convergence, NearIsometry
from surefit.theory.shallow_view import ShallowView, shallow_network, shallow_view
from surefit.theory.theorem import Theorem

__all__ = ["CITATION", "ShallowTheorem"]

CITATION = """@inproceedings{song2021subquadratic,
  title = {Subquadratic Overparameterization for Shallow Neural Networks},
  author = {Song, Chaehwan and Ramezani-Kebrya, Ali and Pethick, Thomas and Eftekhari, Armin and
            Cevher, Volkan},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {34},
  year = {2021},
  eprint = {2111.01875},
  archiveprefix = {arXiv}
}"""


@dataclasses.dataclass(frozen=True)
class ShallowTheorem(Theorem):
    """A theorem about one start of the shallow network, every constant of it explicit."""

    @staticmethod
    @abc.abstractmethod
    def form(isometry: NearIsometry, initial: Enclosure) -> Convergence:
        """Condition, rate, step and path from near-isometry and initial loss."""

    def convergence(self, view: ShallowView) -> Convergence:
        """What the form says of a start."""
        return type(self).form(view.isometry, view.initial)

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Dynamics and loss, the network, width, features, the condition on the start, the step."""
        found = (
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            shallow_network(setting),
            conditions.smooth_activation(setting),
        )
        view = shallow_view(setting)
        if view is None:
            return found
        said = self.convergence(view)
        *others, condition = said.hypotheses
        found += (*others, dataclasses.replace(condition, note=_numbers(view, said)))
        if said.step is None:
            return found
        largest = setting.own_step(2.0 * said.step)
        note = f"at most {said.step:.4g} for h = ||f - y||^2, as the paper writes it"
        return (*found, conditions.step_size_at_most(setting, largest, note=note))

    def predict(self, setting: Setting) -> Prediction:
        """Geometric decay and a short path; drawn for orientation where the condition fails."""
        view = shallow_view(setting)
        if view is None or setting.loss_scale is None:
            note = "No promise: the network or the loss is not the theorem's."
            return self._prediction(setting, note=note)
        said = self.convergence(view)
        if not said.speed > 0.0:
            note = "No promise: sigma_min(phi(W X)) is not known to be positive at the start."
            return self._prediction(setting, note=note)
        factor = geometric_factor(setting, said.speed / 2.0, self.dynamics)
        factor = None if factor is None else factor**said.power
        promises = [] if factor is None else [
            Promise("squared_residual", Curve.geometric(said.initial.value, factor),
                    source=self.locator)
        ]  # fmt: skip
        promises += [
            Promise("distance", said.path, source=self.locator),
            Promise("path_length", said.path, source=self.locator),
            Promise("gram_smallest", view.isometry.mu.lower**2 / 4.0, Guarantee.LOWER,
                    source="Lemma 1 and Lemma 3"),
        ]  # fmt: skip
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=said.speed * setting.loss_scale if said.step is None else factor,
            step_size=None if said.step is None else setting.own_step(2.0 * said.step),
            radius=said.path,
            note=" ".join((_numbers(view, said), self._width_note(view), _sharper(setting, view))),
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""From where on the condition holds for typical draws with the same $\omega_2\sqrt{d_1}$.

        Extrapolated from the limit of the feature kernel (evidence: sampled); at least $n$.
        """
        view = shallow_view(setting)
        return None if view is None else view.typical_width(type(self).form)

    def example(self) -> tuple[Problem, Params, float]:
        """Two orthogonal inputs, 1024 GELU features, the largest step where there is one."""
        network = shallow_family(1024, inputs=2, init="song")
        problem = Problem(network, np.eye(2), np.array([0.5, -0.5]))
        params = problem.init(0)
        setting = Setting(problem, params, 1.0, self.dynamics)
        view = shallow_view(setting)
        step = None if view is None else self.convergence(view).step
        return problem, params, 1.0 if step is None else setting.own_step(2.0 * step)

    def _width_note(self, view: ShallowView) -> str:
        width = view.typical_width(type(self).form)
        if math.isinf(width):
            return "At no width does the condition hold for a typical draw."
        return (
            f"For a typical draw the condition holds from a width of about {width:.3g} on, omega_2 "
            "shrinking with the root of the width (evidence: sampled)."
        )


def _numbers(view: ShallowView, said: Convergence) -> str:
    start = view.isometry
    return (
        f"mu = {start.mu:.4g}, nu = {start.nu:.4g}, beta = {start.beta:.4g} (Lemma 3); h(w_0) is "
        f"{said.excess:.3g} times what the condition allows."
    )


def _sharper(setting: Setting, view: ShallowView) -> str:
    """How much smaller the curvature of this very draw is, on the ball of Lemma 3."""
    start = view.isometry
    radius = start.mu.value / (2.0 * start.beta.value) if start.beta.value else math.inf
    bound = setting.lipschitz(radius) if math.isfinite(radius) else None
    if bound is None:
        return ""
    return (
        f"On the ball of radius {radius:.3g} the Jacobian of this draw has a Lipschitz constant of "
        f"at most {bound.value:.4g}, where Lemma 3 says {start.beta:.4g}."
    )
