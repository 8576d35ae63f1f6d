r"""A setting as $V\phi(Wx)$ with both layers trained: what the theorems on that network ask."""

from __future__ import annotations

import dataclasses
import math
import weakref
from functools import cached_property

import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.check import Check
from surefit.core.rounding import down, up
from surefit.core.spectrum import Enclosure
from surefit.theory.setting import Setting
from surefit.theory.shallow.framework import NearIsometry
from surefit.theory.shallow.isometry import shallow_isometry
from surefit.theory.shallow.width import Form, TypicalStart, required_width, typical_start
from surefit.theory.structure import TwoLayer

__all__ = ["ShallowView", "shallow_network", "shallow_view"]


@dataclasses.dataclass(frozen=True, eq=False)
class ShallowView:
    r"""$V_0\phi(W_0X)$ with its data; every shared quantity is computed once.

    Args:
        activation: $\phi$.
        weights: $W_0$.
        output: $V_0$.
        x: samples as rows.
        y: targets.
        omega1: $\omega_1$, the standard deviation of $W_0$ at a fresh draw.
        omega2: $\omega_2$, that of $V_0$.
        residual_norm: $\sqrt{h_0}$.
    """

    activation: Activation
    weights: Float[np.ndarray, "m d"]
    output: Float[np.ndarray, "k m"]
    x: Float[np.ndarray, "n d"]
    y: Float[np.ndarray, "n k"]
    omega1: float
    omega2: float
    residual_norm: Enclosure

    @cached_property
    def isometry(self) -> NearIsometry:
        r"""$\mu$, $\nu$, $\beta$ (Lemma 3, $\sqrt2$ as printed, $\chi$ exact)."""
        return shallow_isometry(self.activation, self.weights, self.output, self.x)

    @cached_property
    def initial(self) -> Enclosure:
        r"""$h_0 = \|V_0\phi(W_0X) - Y\|_F^2$."""
        r = self.residual_norm
        low, high = float(down(r.lower**2)), float(up(r.upper**2))
        return Enclosure(max(0.0, low), r.value**2, high)

    @cached_property
    def typical(self) -> TypicalStart:
        r"""A fresh draw at any width, $\omega_2$ in proportion to $1/\sqrt{d_1}$."""
        base = typical_start(self.activation, self.x, self.y, (self.omega1, self.omega2))
        fields = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
        return _SameFamily(**fields, gain=self.omega2 * math.sqrt(self.weights.shape[0]))

    def typical_width(self, form: Form) -> float:
        r"""The width from which a form holds for a typical draw; evidence: sampled."""
        key = getattr(form, "__name__", repr(form))
        if key not in self._widths:
            self._widths[key] = required_width(self.typical, form)
        return self._widths[key]

    @cached_property
    def _widths(self) -> dict[str, float]:
        return {}


@dataclasses.dataclass(frozen=True)
class _SameFamily(TypicalStart):
    r"""Draws whose $\omega_2\sqrt{d_1}$ does not depend on the width, as in every named start."""

    gain: float = 1.0

    def _omega2(self, width: float) -> float:
        return self.gain / math.sqrt(max(1.0, width))


# By identity, and only as long as the setting lives.
_VIEWS: weakref.WeakKeyDictionary[Setting, ShallowView] = weakref.WeakKeyDictionary()


def shallow_network(setting: Setting) -> Check:
    r"""The network is $V\phi(Wx)$: no biases, no factors, both layers trained."""
    two = setting.structure.two_layer
    name = "network V phi(W x), no biases, no factors, both layers trained"
    problems = ["it does not have one hidden dense layer"] if two is None else _problems(two)
    if not problems:
        return Check.from_flag(name, True, f"d_1 = {two.width}, d_2 = {setting.problem.outputs}")
    note = "; ".join(problems) + "; models.shallow_family has the network of the paper"
    return Check.from_flag(name, False, note)


def shallow_view(setting: Setting) -> ShallowView | None:
    r"""The setting as $V\phi(Wx)$; None for other networks and for activations with kinks.

    Args:
        setting: what is asked about.

    Cost:
        None by itself; the spectra of the view are computed on first use.
    """
    two = setting.structure.two_layer
    if two is None or _problems(two) or not setting.structure.smooth:
        return None
    if not math.isfinite(two.activation.lipschitz):
        return None
    if setting not in _VIEWS:
        _VIEWS[setting] = ShallowView(
            activation=two.activation,
            weights=np.asarray(two.hidden_params["w"], np.float64),
            output=np.asarray(two.output_params["w"], np.float64),
            x=np.asarray(setting.problem.x, np.float64),
            y=np.asarray(setting.problem.y, np.float64),
            omega1=two.weight_std,
            omega2=two.output.scales(two.width)[1],
            residual_norm=setting.residual_norm,
        )
    return _VIEWS[setting]


def _problems(two: TwoLayer) -> list[str]:
    """In what a network with one hidden layer differs from the paper's."""
    found = []
    if two.biased:
        found.append("there are biases")
    factors = two.hidden_scale, two.output.scales(two.width)[0]
    if factors != (1.0, 1.0):
        found.append(f"the layers multiply their weights by {factors[0]:.4g} and {factors[1]:.4g}")
    if not (two.hidden.trained and two.output.trained):
        found.append("a layer is fixed")
    return found
