r"""The lengths V and c of linear paths of descent, from the spectrum of the tangent kernel."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

__all__ = ["largest_constant", "linear_path_length"]

_RATIO = 1.05  # of neighbouring numbers of steps at which the terms are evaluated
_DECAY = 40.0


def linear_path_length(
    eigenvalues: Float[np.ndarray, " n"], components: Float[np.ndarray, " n"], step: float
) -> float:
    r"""$V(r) = \sum_{j\ge0}\eta\lVert K^{1/2}(I-\eta K)^jr\rVert$, bounded from above.

    Args:
        eigenvalues: of $K$, all positive.
        components: of $r$ in the eigenvectors.
        step: $\eta \le 1/\lambda_{\max}$.

    Cost:
        A few hundred terms of $n$ operations, whatever the number of steps: the terms are convex
        in their number, so that their sum lies below trapezia (docs/certificates/initialisation.md,
        Lemma 7).

    References:
        Derived for this project, docs/certificates/initialisation.md.

    Example:
        >>> import numpy as np
        >>> one = np.ones(1)  # a single direction: the path is straight, of length |r| / sigma
        >>> round(linear_path_length(4.0 * one, 2.0 * one, 0.1), 2)
        1.0
    """
    weights, terms = _quadrature(eigenvalues, step)
    return float(weights @ np.sqrt(terms @ (components**2 / eigenvalues)))


def largest_constant(eigenvalues: Float[np.ndarray, " n"], step: float, rounds: int = 600) -> float:
    r"""$c = \sup_{\lVert h\rVert=1}\sum_{j\ge0}\eta\lVert K(I-\eta K)^jh\rVert$, from above.

    The sum is a concave function of the squares $\varrho$ of the components of $h$, which is
    increased by $\varrho_i \leftarrow \varrho_i(\partial_i)^2$ until half of it plus the largest
    $\partial_i$, an upper bound of its maximum, is close (Lemma 8).

    Args:
        eigenvalues: of $K$, all positive.
        step: $\eta \le 1/\lambda_{\max}$.
        rounds: of the maximisation.

    Cost:
        A few hundred times $n$ operations a round.

    References:
        Derived for this project, docs/certificates/initialisation.md.
    """
    weights, terms = _quadrature(eigenvalues, step)
    rho = np.full(len(eigenvalues), 1.0 / len(eigenvalues))
    best = np.inf
    for _ in range(rounds):
        sums = np.sqrt(np.maximum(terms @ rho, 1e-280))
        slopes = 0.5 * (weights / sums) @ terms
        best = min(best, 0.5 * float(weights @ sums) + float(np.max(slopes)))
        rho = np.maximum(rho * slopes**2, 1e-60)
        rho /= np.sum(rho)
    return best


def _quadrature(
    eigenvalues: Float[np.ndarray, " n"], step: float
) -> tuple[Float[np.ndarray, " l"], Float[np.ndarray, "l n"]]:
    r"""Weights, and $\mu_i^2(1-\mu_i)^{2j_l}$."""
    mu = np.minimum(step * eigenvalues, 1.0)
    least = float(np.min(mu))
    ends = [0]
    while ends[-1] * least < _DECAY:
        ends.append(max(ends[-1] + 1, int(_RATIO * ends[-1])))
    places = np.array(ends, np.float64)
    lengths = np.diff(places)
    weights = np.concatenate([0.5 * (lengths + 1.0), np.zeros(1)])
    weights[1:] += 0.5 * (lengths - 1.0)
    weights[-1] += 1.0 / least
    with np.errstate(divide="ignore"):
        logarithms = np.maximum(np.log1p(-mu), -1e3)
    return weights, mu**2 * np.exp(2.0 * places[:, None] * logarithms[None])
