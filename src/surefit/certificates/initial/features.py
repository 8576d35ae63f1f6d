r"""How far features move, and how fast J changes with them, in the metric of the kernel."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.certificates.initial.layers import TwoLayers

__all__ = ["ROOM", "Features", "features"]

ROOM = 1.5
"""The ball of a feature, over the way that it would go if nothing bent; as the checker has it."""

_KEPT = 48
_CHUNK = 2**20


@dataclasses.dataclass(frozen=True)
class Features:
    r"""Numbers of every hidden feature, from which its curvature on any ball follows.

    Args:
        moves: $u_j = \lVert K^{-1/2}J_{(j)}\rVert$.
        slopes: $s\lVert K^{-1/2}D'_jX\rVert$.
        bends: $\lVert K^{-1/2}D''_jZ\rVert$, bounded from above.
        sharpest: $\max_i|\phi''_{ij}|$.
        layers: where they come from.
        sigma: $\sigma_{\min}(J)$.
        spread: $\lVert X\rVert$ and $\lVert Z\rVert$.
    """

    moves: Float[np.ndarray, " m"]
    slopes: Float[np.ndarray, " m"]
    bends: Float[np.ndarray, " m"]
    sharpest: Float[np.ndarray, " m"]
    layers: TwoLayers
    sigma: float
    spread: tuple[float, float]

    def lipschitz(self, radii: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        r"""$\Lambda_j$, where feature j stays within `radii[j]` of its start."""
        own = self.layers
        way = float(np.max(np.linalg.norm(own.u, axis=1))) * radii
        swing = np.minimum(own.bend, self.sharpest + own.third * way) * way
        inner = self.bends + own.third * way * self.spread[1] / self.sigma
        a = own.scale * (np.abs(own.v) + radii) * inner
        b = self.slopes + own.scale * swing * self.spread[0] / self.sigma
        return 0.5 * (a + np.sqrt(a**2 + 4.0 * b**2))


def features(
    layers: TwoLayers, eigenvalues: Float[np.ndarray, " n"], vectors: Float[np.ndarray, "n n"]
) -> Features:
    r"""The numbers of all features.

    Args:
        layers: the network.
        eigenvalues: of the tangent kernel $K$, ascending, all positive.
        vectors: its eigenvectors.

    Cost:
        $2n^2(d + 48)m$ operations for the products of $K^{-1/2}$ with $n \times d$ matrices, one
        (of X) and one (of the 48 leading eigenvectors of $(XX^\top)^{\circ2}$) per feature.

    References:
        Derived for this project, docs/certificates/initialisation.md, "Whitened curvature".
    """
    root = vectors.T / np.sqrt(eigenvalues)[:, None]
    sigma = float(np.sqrt(eigenvalues[0]))
    slopes = layers.scale * _norms(root, layers.d1, layers.u)
    direct = layers.scale * np.linalg.norm(root @ layers.h, axis=0)
    values, basis = np.linalg.eigh((layers.u @ layers.u.T) ** 2)
    values = np.maximum(values, 0.0)
    kept = min(_KEPT, len(values))
    leading = basis[:, -kept:] * np.sqrt(values[-kept:])
    rest = float(values[-kept - 1]) if kept < len(values) else 0.0
    sharpest = np.max(np.abs(layers.d2), axis=0)
    bends = np.hypot(_norms(root, layers.d2, leading), sharpest * np.sqrt(rest) / sigma)
    return Features(
        moves=np.hypot(direct, np.abs(layers.v) * slopes),
        slopes=slopes,
        bends=bends,
        sharpest=sharpest,
        layers=layers,
        sigma=sigma,
        spread=(float(np.linalg.norm(layers.u, 2)), float(np.sqrt(values[-1]))),
    )


def _norms(
    root: Float[np.ndarray, "n n"], scales: Float[np.ndarray, "n m"], x: Float[np.ndarray, "n p"]
) -> Float[np.ndarray, " m"]:
    """Operator norms of root diag(s_j) x, one per column s_j."""
    n, p = x.shape
    count = max(1, _CHUNK // (n * p))
    found = []
    for start in range(0, scales.shape[1], count):
        part = scales[:, start : start + count]
        # One product with all scaled copies side by side.
        y = root @ (part[:, :, None] * x[:, None, :]).reshape(n, -1)
        y = y.reshape(n, part.shape[1], p).transpose(1, 2, 0)
        found.append(np.linalg.eigvalsh(y @ y.transpose(0, 2, 1))[:, -1])
    return np.sqrt(np.maximum(np.concatenate(found), 0.0))
