"""Expectations over Gaussian pairs by a quadrature that shares nothing with the library's."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

__all__ = ["expectation"]

EDGE = 12.5


def expectation(
    f: Callable,
    rho: np.ndarray,
    variance1: np.ndarray,
    variance2: np.ndarray,
    *,
    angles: int = 72,
    radii: int = 144,
) -> np.ndarray:
    r"""$E[f(u)f(v)]$ in polar coordinates, for arrays of correlations and variances.

    $u = \sqrt s\,r\cos\vartheta$ and $v = \sqrt t\,r\cos(\vartheta - \alpha)$ with
    $\cos\alpha = \rho$. The circle is cut where $u$ or $v$ changes sign, so that functions with a
    kink or a jump at 0 are smooth in every piece; each piece and the radius get a Gauss-Legendre
    rule.
    """
    alpha = np.arccos(np.clip(rho, -1, 1))[:, None]
    quarter = np.pi / 2
    cuts = np.sort(
        np.concatenate(
            [np.mod(shift + sign * quarter, 2 * np.pi)
             for shift in (np.zeros_like(alpha), alpha) for sign in (-1, 1)],
            axis=1,
        ),
        axis=1,
    )  # fmt: skip
    cuts = np.concatenate([cuts, cuts[:, :1] + 2 * np.pi], axis=1)
    nodes, weights = np.polynomial.legendre.leggauss(angles)
    length = np.diff(cuts, axis=1)[:, :, None] / 2
    theta = (cuts[:, :-1, None] + length * (1 + nodes)).reshape(len(rho), -1)
    theta_weight = (length * weights / (2 * np.pi)).reshape(len(rho), -1)
    nodes, weights = np.polynomial.legendre.leggauss(radii)
    r = EDGE / 2 * (1 + nodes)
    r_weight = EDGE / 2 * weights * r * np.exp(-(r**2) / 2)
    u = np.sqrt(variance1)[:, None, None] * np.cos(theta)[:, :, None] * r
    v = np.sqrt(variance2)[:, None, None] * np.cos(theta - alpha)[:, :, None] * r
    product = np.asarray(f(jnp.asarray(u))) * np.asarray(f(jnp.asarray(v)))
    return np.sum((product @ r_weight) * theta_weight, axis=1)
