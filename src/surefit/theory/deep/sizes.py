"""The sizes behind the formulas of results on deep networks, read off a setting."""

from __future__ import annotations

import math

import numpy as np

from surefit.data.pairs import separation
from surefit.theory.deep.demands import Sizes
from surefit.theory.deep.limit import layer_kernels
from surefit.theory.implicit.memo import per_setting
from surefit.theory.setting import Setting

__all__ = ["deep_sizes"]


@per_setting
def deep_sizes(setting: Setting) -> Sizes | None:
    """The numbers behind the formulas; None where a row is zero or there is no hidden layer."""
    norms = setting.input_norms
    width = setting.structure.width
    if width is None or np.any(norms == 0.0):
        return None
    n = setting.problem.samples
    units = np.asarray(setting.problem.x).reshape(n, -1) / norms[:, None]
    phi = separation(units).delta if n > 1 else math.inf
    dense = setting.structure.dense
    # First and last layer are fixed in the network of the paper and not counted there.
    ends_fixed = len(dense) > 2 and not dense[0].trained and not dense[-1].trained
    depth = len(dense) - 2 if ends_fixed else max(1, len(dense) - 1)
    # One more coordinate, 1/sqrt(2), brings unit rows closer by that factor.
    appended = np.allclose(units[:, -1], math.sqrt(0.5), rtol=0.0, atol=1e-9)
    smallest = layer_kernels(units, depth).spectrum(depth).smallest.lower
    return Sizes(n, depth, setting.problem.outputs, width, phi if appended else phi / math.sqrt(2),
                 phi, max(smallest, 0.0), setting.batch)  # fmt: skip
