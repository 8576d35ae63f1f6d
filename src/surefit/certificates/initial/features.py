r"""How far features move, and how fast J changes with them, in the metric of the kernel."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.certificates.initial.layers import TwoLayers

__all__ = ["ROOM", "Ball", "Features", "features"]

ROOM = 1.1
"""A radius, over the way that weights would go if nothing bent; as the checker has it."""

_KEPT = 48
_CHUNK = 2**20


@dataclasses.dataclass(frozen=True)
class Ball:
    r"""Of every feature: how far its weights may be, how fast they move, how J bends there.

    Args:
        radii: of output weights and hidden weights.
        speeds: $\lVert K^{-1/2}J\rVert$ of output weights and hidden weights, within the radii.
        lipschitz: $\Lambda_j$, within the radii.
    """

    radii: tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]
    speeds: tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]
    lipschitz: Float[np.ndarray, " m"]


@dataclasses.dataclass(frozen=True)
class Features:
    r"""Numbers of every hidden feature, from which its curvature on any ball follows.

    Args:
        direct: $s\lVert K^{-1/2}\phi_j\rVert$.
        slopes: $\lVert K^{-1/2}D'_jX\rVert$.
        bends: $\lVert K^{-1/2}D''_jZ\rVert$, bounded from above.
        layers: where they come from.
        jerk: $\kappa_3\max_i\lVert x_i\rVert\,\lVert Z\rVert/\sigma$, with the bound $\kappa_3$ of
            the third derivative of the activation.
    """

    direct: Float[np.ndarray, " m"]
    slopes: Float[np.ndarray, " m"]
    bends: Float[np.ndarray, " m"]
    layers: TwoLayers
    jerk: float

    def within(self, reach: float) -> Ball:
        r"""What holds on the balls that are made from a proposed reach $t$.

        The radii are $1.1\,t$ times what the weights move per unit of $\sum\eta\lVert g\rVert$ at
        the start.
        """
        s, v = self.layers.scale, np.abs(self.layers.v)
        first = ROOM * reach * self.direct
        second = ROOM * reach * (v + first) * s * self.slopes
        jerk = self.jerk * second
        steep = s * (self.slopes + second * (self.bends + 0.5 * jerk))
        curved = s * (v + first) * (self.bends + jerk)
        return Ball(
            radii=(first, second),
            speeds=(self.direct + steep * second, (v + first) * steep),
            lipschitz=0.5 * (curved + np.sqrt(curved**2 + 4.0 * steep**2)),
        )


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
        Derived for this project, docs/certificates/initialisation.md, section "Two-layer networks".
    """
    root = vectors.T / np.sqrt(eigenvalues)[:, None]
    sigma = float(np.sqrt(eigenvalues[0]))
    values, basis = np.linalg.eigh((layers.u @ layers.u.T) ** 2)
    values = np.maximum(values, 0.0)
    kept = min(_KEPT, len(values))
    leading = basis[:, -kept:] * np.sqrt(values[-kept:])
    rest = float(values[-kept - 1]) if kept < len(values) else 0.0
    beyond = np.max(np.abs(layers.d2), axis=0) * np.sqrt(rest) / sigma
    longest = float(np.max(np.linalg.norm(layers.u, axis=1)))
    return Features(
        direct=layers.scale * np.linalg.norm(root @ layers.h, axis=0),
        slopes=_norms(root, layers.d1, layers.u),
        bends=np.hypot(_norms(root, layers.d2, leading), beyond),
        layers=layers,
        jerk=layers.third * longest * float(np.sqrt(values[-1])) / sigma,
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
