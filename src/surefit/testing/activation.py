"""What every activation must satisfy."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation
from surefit.core.precision import float64
from surefit.testing.claims import claim, claim_close, claim_value_semantics, quick_jit
from surefit.testing.duals import claim_duals, claim_kernel

__all__ = ["check_activation"]

EDGE, CELLS = 40.0, 80_000


@float64
def check_activation(activation: Activation, tolerance: float = 1e-9) -> None:
    """The conformance suite of activations.

    Derivatives against differentiation and finite differences, away from kinks; `lipschitz` and
    `smoothness` valid and attained; both duals against a quadrature in two dimensions, at unequal
    variances, at zero variance and at correlation plus and minus one; Price's theorem; symmetry
    and positive semidefiniteness; the homogeneity flag; the kernel.

    Args:
        activation: what to check.
        tolerance: of the duals, relative to the second moments.

    Raises:
        AssertionError: naming the property that fails.

    Example:
        >>> import surefit as sf
        >>> from surefit.testing import check_activation
        >>> check_activation(sf.Gelu())
    """
    claim_value_semantics(activation)
    _claim_shapes(activation)
    _claim_derivatives(activation)
    _claim_supremum(activation, "lipschitz", activation, activation.derivative)
    _claim_supremum(activation, "smoothness", activation.derivative, activation.second_derivative)
    _claim_homogeneity(activation)
    claim_duals(activation, tolerance)
    claim_kernel(activation)


def _claim_shapes(activation: Activation) -> None:
    for shape, dtype in (((), jnp.float64), ((2, 3), jnp.float32), ((0,), jnp.float64)):
        z = jnp.full(shape, 0.3, dtype)
        for name in ("__call__", "derivative", "second_derivative"):
            out = getattr(activation, name)(z)
            claim(activation, f"`{name}` keeps shape and precision",
                  out.shape == shape and out.dtype == dtype,
                  f"{shape} {z.dtype} became {out.shape} {out.dtype}.")  # fmt: skip


def _claim_derivatives(activation: Activation) -> None:
    z = jnp.asarray(np.random.default_rng(3).normal(size=400) * 3)
    step = 1e-5
    for name, function in (
        ("derivative", activation),
        ("second_derivative", activation.derivative),
    ):
        found = getattr(activation, name)(z)
        by_rule = quick_jit(jax.vmap(jax.grad(function)))(z)
        right = (function(z + step) - function(z)) / step
        left = (function(z) - function(z - step)) / step
        scale = 1 + jnp.abs(found)
        # Where the two sides disagree there is a kink, if the class says that there may be one.
        regular = jnp.abs(right - left) <= 1e-3 * scale
        if math.isfinite(activation.smoothness) and name == "derivative":
            regular = jnp.ones_like(regular)
        claim_close(activation, f"`{name}` agrees with differentiation",
                    jnp.where(regular, found, 0), jnp.where(regular, by_rule, 0),
                    1e-9 * scale)  # fmt: skip
        claim_close(activation, f"`{name}` agrees with finite differences",
                    jnp.where(regular, found, 0), jnp.where(regular, (left + right) / 2, 0),
                    1e-6 * scale)  # fmt: skip


def _claim_supremum(activation: Activation, name: str, function: Callable, slope: Callable) -> None:
    """`name` is the supremum of |slope|, where slope is the derivative of function."""
    claimed = getattr(activation, name)
    claim(activation, f"`{name}` is a number that is not negative", claimed >= 0, f"Got {claimed}.")
    z = jnp.linspace(-EDGE, EDGE, CELLS + 1)
    quotient = jnp.abs(jnp.diff(function(z))) / (2 * EDGE / CELLS)
    found = max(float(jnp.max(jnp.abs(slope(z)))), float(jnp.max(quotient)))
    if math.isfinite(claimed):
        claim(activation, f"`{name}` is valid", found <= claimed * (1 + 1e-9) + 1e-9,
              f"The slope reaches {found:.9g}, claimed is {claimed:.9g}.")  # fmt: skip
        claim(activation, f"`{name}` is attained", found >= claimed * (1 - 1e-6) - 1e-9,
              f"The slope reaches {found:.9g} only, claimed is {claimed:.9g}: every bound built on "
              "it is looser than it need be.")  # fmt: skip
        return
    far = float(jnp.max(jnp.abs(slope(jnp.asarray([-1e6, 1e6])))))
    jump = _steepest(function, z, int(jnp.argmax(quotient)))
    claim(activation, f"`{name}` is infinite only if there is no bound", max(far, jump) > 1e4,
          f"The slope stays below {max(far, jump, found):.3g}.")  # fmt: skip


def _steepest(function: Callable, z: jnp.ndarray, cell: int) -> float:
    """The difference quotient over ever smaller cells around the steepest place."""
    low, high = float(z[cell]), float(z[cell + 1])
    quotient = 0.0
    for _ in range(30):
        points = np.array([low, (low + high) / 2, high])
        rise = np.abs(np.diff(np.asarray(function(jnp.asarray(points)))))
        low, high = (points[0], points[1]) if rise[0] > rise[1] else (points[1], points[2])
        quotient = float(rise.max() / (high - low))
    return quotient


def _claim_homogeneity(activation: Activation) -> None:
    z = jnp.linspace(-3.0, 3.0, 61)
    factor = jnp.asarray([0.0, 0.5, 2.0, 3.0])[:, None]
    change = jnp.max(jnp.abs(activation(factor * z[None]) - factor * activation(z)[None]))
    claim(activation, "`homogeneous` says whether phi(az) = a phi(z) for all a >= 0",
          bool(change <= 1e-12) == activation.homogeneous,
          f"The two sides differ by up to {float(change):.3g}.")  # fmt: skip
