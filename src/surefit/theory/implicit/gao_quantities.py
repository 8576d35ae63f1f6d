r"""What the statements of Gao et al. (2022) ask of a start: $c$, $\lambda_0$ and $G(0)$."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np

from surefit.activations.arc_cosine import rectifier_dual
from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF, gamma, gram_operator_error
from surefit.core.spectrum import Enclosure, symmetric_spectrum
from surefit.theory.implicit.gao_network import GaoNetwork, gao_network
from surefit.theory.implicit.memo import per_setting
from surefit.theory.implicit.norms import weight_norm
from surefit.theory.setting import Setting

__all__ = ["feature_gram_smallest", "lambda_0", "limit_feature_gram_smallest", "norm_constant"]

# Of the closed form of an entry of the limit: an angle, a root and three products.
_ROUNDINGS = 256


@per_setting
def norm_constant(setting: Setting) -> Enclosure | None:
    r"""The smallest $c$ with $\|A(0)\|, \|W(0)\| \le c\sqrt m$; None for other networks.

    Cost: the norms of an $m \times m$ and an $m \times d$ matrix.
    """
    network = gao_network(setting)
    if not isinstance(network, GaoNetwork):
        return None
    root = math.sqrt(network.width)
    norms = [weight_norm(network.A), weight_norm(network.W)]
    evidence = min((norm.evidence for norm in norms), key=lambda item: item.strength)
    return Enclosure(
        max(norm.lower for norm in norms) / root * (1.0 - 4.0 * UNIT_ROUNDOFF),
        max(norm.value for norm in norms) / root,
        max(norm.upper for norm in norms) / root * (1.0 + 4.0 * UNIT_ROUNDOFF),
        evidence,
        sum(norm.failure_probability or 0.0 for norm in norms),
    )


@per_setting
@float64
def limit_feature_gram_smallest(setting: Setting) -> Enclosure | None:
    r"""$\lambda_0 = \lambda_{\min}(G^\infty)$, (17) of the paper; None for other networks.

    $G^\infty_{ij} = E_w[\sigma(w^\top x_i)\sigma(w^\top x_j)]$ for $w \sim N(0, I)$, in closed
    form; inputs need not be of unit norm.

    Cost: the spectrum of an $n \times n$ matrix.
    """
    if not isinstance(gao_network(setting), GaoNetwork):
        return None
    x = jnp.asarray(setting.problem.x)
    squares = jnp.sum(x**2, axis=1)
    gram = jnp.where(jnp.eye(len(x), dtype=bool), squares[:, None], x @ x.T)
    first = jnp.broadcast_to(squares[:, None], gram.shape)
    limit = np.asarray(rectifier_dual(gram, first, first.T))
    error = _ROUNDINGS * UNIT_ROUNDOFF * float(np.linalg.norm(limit))
    return symmetric_spectrum(limit, error, eigenvectors=False).smallest


def lambda_0(setting: Setting) -> float:
    r"""The lower end of $\lambda_0$, at least 0; NaN for other networks.

    The lemmas hold for every positive number in the place of $\lambda_0$ that satisfies their
    hypotheses, so that the lower end is as good as the truth.
    """
    smallest = limit_feature_gram_smallest(setting)
    return math.nan if smallest is None else max(smallest.lower, 0.0)


@per_setting
def feature_gram_smallest(setting: Setting) -> Enclosure | None:
    r"""$\lambda_{\min}(G(0))$ with $G = \Phi\Phi^\top$, $\Phi = \frac1{\sqrt m}\sigma(XW^\top)$.

    Where $m < n$ it is exactly 0, as the rank of $G$ is at most $m$. None for other networks.

    Cost: $2n^2m$ operations for the product and the spectrum of an $n \times n$ matrix.
    """
    network = gao_network(setting)
    if not isinstance(network, GaoNetwork):
        return None
    if network.width < setting.problem.samples:
        return Enclosure(0.0, 0.0, 0.0)
    x = np.asarray(setting.problem.x)
    features = np.maximum(x @ network.W.T, 0.0) / math.sqrt(network.width)
    # The features are off by gamma_d |x||w|, which moves the product by that times its size.
    inner = gamma(x.shape[1] + 4) * float(
        np.linalg.norm(x) * np.linalg.norm(network.W) / math.sqrt(network.width)
    )
    error = gram_operator_error(features) + inner * (2.0 * float(np.linalg.norm(features)) + inner)
    gram = features @ features.T
    return symmetric_spectrum((gram + gram.T) / 2.0, error, eigenvectors=False).smallest
