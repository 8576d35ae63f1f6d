"""What to change where Theorem 3 does not hold."""

from __future__ import annotations

import numpy as np

from surefit.certificates.initial.majorant import Majorised
from surefit.certificates.initial.start import Start
from surefit.certificates.wording import count, number

__all__ = ["advice"]

_WIDE = 4.0
"""A pre-activation of that size on an input of norm 1 is a wide start."""


def advice(start: Start, found: Majorised | None) -> list[str]:
    """Which inequality fails, by what factor, and what helps."""
    if start.sigma <= 0.0:
        return [
            "J is not onto within rounding: inputs coincide, or the network is too narrow. Remove "
            "duplicates, remove the mean of the features, draw the first layer wider (weight_std)."
        ]
    if found is None:
        largest = 1.0 / (float(start.values[-1]) * start.factor)
        return [
            f"The step {number(start.step_size)} overshoots: the theorem asks for at most 1 / "
            f"||J||^2, {number(largest)} on this loss. Take that, or None."
        ]
    factor = found.product / found.limit
    return [
        f"Lambda_F V is {number(factor)} times too large: J changes too much along the path that "
        "descent would take if J did not change.",
        _width(start, factor),
        *_others(start),
        "`certify` at the initial weights (Theorem 1) asks for more; training first and then "
        "`certify`, or `shadow`, need no such width.",
    ]


def _width(start: Start, factor: float) -> str:
    m = len(start.layers.v)
    if start.output_factor * np.sqrt(m) < 2.0:  # the 1 / sqrt(m) of the kernel's own scaling
        return (
            f"With the factor {number(start.output_factor)} in front of the output weights it "
            f"falls like m^(-1/2): about m = {count(m * factor**2)} here. Output weights of size "
            '1/sqrt(m) without a factor (parameterisation "standard") make it fall like 1/m.'
        )
    return f"It falls like 1/m: about m = {count(m * factor)} should do."


def _others(start: Start) -> list[str]:
    layers, found = start.layers, []
    deviation = float(np.median(layers.neuron_norms) / np.sqrt(layers.u.shape[1]))
    if deviation < _WIDE:
        found.append(
            f"Draw the first layer wider: its weights have size {number(deviation)}; 4 to 8 on "
            "inputs of norm 1 make the kernel far better conditioned."
        )
    lengths = np.linalg.norm(layers.u, axis=1)
    if np.linalg.norm(np.mean(layers.u, axis=0)) > 0.3 * np.mean(lengths):
        found.append("Remove the mean of the features: inputs with a common part look alike.")
    if np.linalg.norm(start.residual + start.targets) > 0.3 * np.linalg.norm(start.targets):
        found.append("Start at zero output (`sf.Centred(network)`): the first outputs are errors.")
    if _paired(layers.v):
        found.append(
            "Half of the features are copies (`Antisymmetric`): `sf.Centred` instead has twice as "
            "many different ones."
        )
    return found


def _paired(v: np.ndarray) -> bool:
    half = len(v) // 2
    return len(v) == 2 * half and bool(np.array_equal(v[:half], -v[half:]))
