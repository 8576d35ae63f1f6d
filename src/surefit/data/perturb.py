"""Breaking ties between rows with noise of a stated level."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from surefit.data.norms import row_norms
from surefit.data.require import at_least, non_negative

__all__ = ["perturb"]

STREAM = 1_000_003


def perturb(
    x: Float64[np.ndarray, "n ..."], noise: float, seed: int = 0
) -> Float64[np.ndarray, "n ..."]:
    r"""Move every row by a random vector of relative length `noise`, keeping its norm.

    With $v_i$ the features of row $i$ that vary over the data (all of them if none does),
    $v_i \mapsto \lVert v_i\rVert\,\frac{v_i + e_i}{\lVert v_i + e_i\rVert}$ where
    $e_i \sim N(0, \frac{\nu^2 \lVert x_i\rVert^2}{p} I_p)$, $p$ the number of varying features and
    $\nu$ = `noise`. So $\lVert x_i\rVert$ is kept exactly (up to rounding), features that are
    constant, such as an appended coordinate, stay constant, and duplicates end up at a distance of
    about $\sqrt2\,\nu\lVert x_i\rVert$. A mean of zero becomes a mean of order $\nu/\sqrt n$.

    Args:
        x: the rows.
        noise: the noise level $\nu$; 0 returns `x` itself.
        seed: of the random generator.

    Raises:
        InvalidInputError: the noise is negative or not finite.
    """
    non_negative("perturb", "noise", noise, "It is the length of the noise relative to the row.")
    at_least("perturb", "seed", seed, 0, "Seeds of random generators are not negative.")
    if noise == 0.0:
        return x
    rows = x.reshape(len(x), -1)
    varies = np.max(rows, axis=0) > np.min(rows, axis=0)
    if not varies.any():
        varies = np.ones_like(varies)
    v = rows[:, varies]
    # A stream of its own: data drawn with the same seed must not be parallel to the noise.
    e = np.random.default_rng([seed, STREAM]).standard_normal(v.shape)
    moved = v + noise / np.sqrt(v.shape[1]) * row_norms(rows)[:, None] * e
    before, after = row_norms(v), row_norms(moved)
    # A row that is zero where the others vary has no direction to keep there; it just moves.
    ratio = np.divide(before, after, out=np.ones_like(after), where=(before > 0) & (after > 0))
    result = rows.copy()
    result[:, varies] = moved * ratio[:, None]
    return result.reshape(x.shape)
