"""The part of the activations' suite that concerns duals."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation, Identity, dual_error
from surefit.core.kernel import Kernel
from surefit.errors import InvalidInputError
from surefit.testing.claims import claim, claim_close, quick_jit
from surefit.testing.pairs import expectation

__all__ = ["claim_duals", "claim_kernel"]

VARIANCES = ((1.0, 1.0), (0.3, 2.5), (4.0, 0.5), (16.0, 16.0))
CORRELATIONS = (-1.0, -0.95, -0.3, 0.0, 0.6, 0.999, 1.0)


def claim_duals(activation: Activation, tolerance: float) -> None:
    """Values, symmetry, gradients and positive semidefiniteness of both duals."""
    s, t, rho = (
        np.array(column)
        for column in zip(*((s, t, r) for s, t in VARIANCES for r in CORRELATIONS), strict=True)
    )
    s, t, rho = (np.append(a, b) for a, b in ((s, [0, 0, 1.7]), (t, [1.7, 0, 0]), (rho, [0] * 3)))
    distinct, which = np.unique(np.concatenate([s, t]), return_inverse=True)
    first, second = which[: s.size], which[s.size :]
    smooth = math.isfinite(activation.smoothness)
    for name, function in (("dual", activation), ("derivative_dual", activation.derivative)):
        dual = getattr(activation, name)
        c = rho * np.sqrt(s * t)
        found = dual(*map(jnp.asarray, (c, s, t)))
        claim(activation, f"`{name}` is finite, also at rho = +-1 and at zero variance",
              jnp.all(jnp.isfinite(found)), f"Got {found}.")  # fmt: skip
        expected = expectation(function, rho, s, t)
        moment = expectation(function, np.ones(distinct.size), distinct, distinct)
        scale = np.sqrt(moment[first] * moment[second])
        allowed = tolerance * (1e-3 + scale)
        if not smooth:
            # A kink away from 0 costs the quadrature digits; a coarser rule shows how many. Where
            # the derivative jumps, the rounding of c counts as its square root.
            coarse = expectation(function, rho, s, t, angles=67, radii=113)
            rounded = (np.abs(rho) == 1) & (s != t)
            allowed = allowed + 8 * np.abs(expected - coarse) + np.where(rounded, 1e-7 * scale, 0)
        if getattr(type(activation), name) is getattr(Activation, name):
            allowed = allowed + np.asarray(dual_error(function, c, s, t))
        if name == "derivative_dual" and not smooth:
            # At zero variance a jump of the derivative at 0 takes its value by convention.
            allowed = np.where(s * t == 0, np.inf, allowed)
        claim_close(activation, f"`{name}` is the expectation over the Gaussian pair (quadrature)",
                    found, expected, allowed)  # fmt: skip
        swapped = dual(*map(jnp.asarray, (c, t, s)))
        claim_close(activation, f"`{name}` is symmetric", swapped, found, 1e-13 * (1 + scale))
    _claim_gradient(activation)
    _claim_gram(activation)


def _claim_gradient(activation: Activation) -> None:
    s, t = jnp.asarray(1.3), jnp.asarray(0.6)
    c = jnp.asarray([-0.9, -0.2, 0.0, 0.5, 0.9]) * math.sqrt(1.3 * 0.6)
    slope = quick_jit(jax.vmap(jax.grad(lambda value: activation.dual(value, s, t))))(c)
    claim_close(
        activation,
        "the derivative of `dual` by the covariance is `derivative_dual` (Price's theorem)",
        slope,
        activation.derivative_dual(c, s, t),
        1e-8 * (1 + float(jnp.max(jnp.abs(slope)))),
    )


def _claim_gram(activation: Activation) -> None:
    x = np.random.default_rng(5).normal(size=(24, 3))
    x[1], x[2], x[3] = x[0], -x[0], 1e-4 * x[0]
    c = x @ x.T
    s = np.diag(c)
    for name in ("dual", "derivative_dual"):
        dual = getattr(activation, name)
        gram = np.asarray(dual(*map(jnp.asarray, (c, s[:, None], s[None, :]))))
        values = np.linalg.eigvalsh((gram + gram.T) / 2)
        # Where the derivative jumps, rounding of the covariances counts as its square root.
        jumps = name == "derivative_dual" and not math.isfinite(activation.smoothness)
        claim(activation, f"Gram matrices of `{name}` are positive semidefinite",
              values[0] >= -(1e-6 if jumps else 1e-12) * values[-1],
              f"Smallest eigenvalue {values[0]:.3g}, largest {values[-1]:.3g}.")  # fmt: skip
        i, j = np.arange(24), np.arange(24) * 7 % 24
        entries = dual(*map(jnp.asarray, (c[i, j], s[i], s[j])))
        claim_close(activation, f"`{name}` broadcasts its arguments",
                    gram[i, j], entries, 1e-10 * values[-1])  # fmt: skip


def claim_kernel(activation: Activation) -> None:
    """The kernel behind a layer: Gaussian inputs only, exact diagonal, the same under jit."""
    x = np.random.default_rng(6).normal(size=(5, 3))
    c = jnp.asarray(x @ x.T)
    variance = jnp.diag(c)
    kernel = Kernel(c, c, variance, variance, width=3, gaussian=True, symmetric=True)
    out = activation.kernel(kernel)
    claim(activation, "the kernel behind an activation is not Gaussian", not out.gaussian)
    claim(activation, "the diagonal of the kernel is its variance",
          jnp.all(jnp.diag(out.nngp) == out.variance1))  # fmt: skip
    scale = float(jnp.max(jnp.abs(out.nngp)) + jnp.max(jnp.abs(out.ntk)))
    traced = quick_jit(activation.kernel)(kernel)
    for name in ("nngp", "ntk", "variance1"):
        claim_close(activation, f"`kernel` gives the same {name} under `jax.jit`",
                    getattr(traced, name), getattr(out, name), 1e-7 * scale)  # fmt: skip
    try:
        again = activation.kernel(out)
    except InvalidInputError:
        return
    linear = isinstance(activation, Identity)
    claim(activation, "`kernel` refuses features that are not Gaussian", linear)
    claim(activation, "features that are not Gaussian stay what they are", again is out)
