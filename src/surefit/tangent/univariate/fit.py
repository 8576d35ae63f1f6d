r"""The function of the angle that a limit kernel is, as one polynomial per branch.

Bias-free homogeneous networks have $K(x, x') = |x||x'|\kappa(\rho)$, and the layers behind inputs
of equal norms see one function of the correlation $\rho$ as well. With $e = 1 - |\rho|$ it is
smooth in $\sqrt e$ on both branches, $\rho \ge 0$ and $\rho < 0$, because angles are. Networks of
depth $L$ change within angles of the order of $1/L$; $w = (1+c)\sqrt e/(\sqrt e+c)$ spreads them.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.core.precision import float64
from surefit.errors import SurefitError
from surefit.tangent.formulas import formula
from surefit.tangent.univariate.polynomial import Polynomial, chop, nodes

__all__ = ["Univariate", "argument", "at_correlation", "fit"]

Entries = Float[Array, "..."] | Float[np.ndarray, "..."]

# Values of c that are tried: none at all, then smaller ones for deeper networks.
MAPS = (math.inf, 1.0, 0.3, 0.1)
GOOD = 28  # a degree that needs no further trial
# Where the polynomials are compared with the recursion, from nearly parallel to orthogonal.
TESTS = np.concatenate([10.0 ** np.linspace(-16, -3, 27), np.linspace(0.0, 1.0, 33)[1:]])
FAR = 1e-3


@dataclasses.dataclass(frozen=True)
class Univariate:
    r"""$\kappa$ of the NNGP and of the NTK per unit of the inputs' $\sqrt{st}$.

    Args:
        bend: c of the map of $\sqrt e$; infinite: none.
        nngp: the polynomials of both branches, $\rho \ge 0$ first.
        ntk: likewise.
        ends: NNGP and NTK at $\rho = 1$.
        error: estimated error relative to the largest value.
        width: the kernel's width.
        gaussian: whether the outputs are Gaussian.
    """

    bend: float
    nngp: tuple[Polynomial, Polynomial]
    ntk: tuple[Polynomial, Polynomial]
    ends: tuple[float, float]
    error: float
    width: int
    gaussian: bool

    @property
    def degree(self) -> int:
        """The largest degree."""
        return max(p.degree for p in (*self.nngp, *self.ntk))

    def branch(self, defect: Entries, negative: bool, get: tuple[str, ...]) -> tuple[Entries, ...]:
        r"""NNGP and NTK as `get` asks, from $1 - |\rho|$ for correlations of one sign."""
        z = argument(defect, self.bend)
        return tuple(getattr(self, name)[negative](z) for name in get)


def argument(defect: Entries, bend: float) -> Entries:
    """The variable of the polynomials, in [-1, 1]."""
    root = defect**0.5
    if math.isinf(bend):
        return 2.0 * root - 1.0
    return 2.0 * (1.0 + bend) * (root / (root + bend)) - 1.0


def at_correlation(
    network: Layer, defect: np.ndarray, sign: np.ndarray, variance: float, width: int
) -> tuple[tuple[np.ndarray, np.ndarray], int, bool]:
    r"""The network's kernels for pairs of equal variances; sign and $1 - |\rho|$ per pair.

    Returns:
        NNGP and NTK, the kernel's width, and whether it is Gaussian.
    """
    distance, variances = variance * np.where(sign > 0, defect, 2.0 - defect), variance + 0 * defect
    known = formula(network, width, "float64")
    if known is not None:
        values = known.at(("nngp", "ntk"), distance, variances, variances)
        nngp, ntk = (np.broadcast_to(v, defect.shape) for v in values)
        return (nngp, ntk), known.width, known.gaussian
    covariance = variance * (1.0 - defect)
    nngp = jnp.asarray(np.where(sign > 0, covariance, -covariance))[None, :]
    kernel = Kernel(
        nngp=nngp,
        ntk=jnp.zeros_like(nngp),
        variance1=jnp.full(1, variance, nngp.dtype),
        variance2=jnp.asarray(variances),
        width=width,
        distance=jnp.asarray(distance)[None, :] if network.closed_form else None,
    )
    kernel = network.kernel(kernel)
    nngp, ntk = (np.asarray(v) for v in (kernel.nngp, kernel.ntk))
    return (nngp.reshape(-1), ntk.reshape(-1)), kernel.width, kernel.gaussian


@functools.lru_cache(maxsize=64)
@float64
def fit(network: Layer, width: int, variance: float, dtype: str) -> Univariate | None:
    r"""The polynomials of a network's kernels; None where they are not found to be smooth.

    Args:
        network: homogeneous, or behind inputs of one norm.
        width: number of input features.
        variance: $|x|^2/d$; 1 for homogeneous networks.
        dtype: the precision that the polynomials will be evaluated in.

    Cost: the recursion for about 400 pairs for each of at most four maps.
    """
    best = None
    for bend in MAPS:
        found = _fit(network, width, variance, float(np.finfo(dtype).eps), bend)
        if found is None:
            return None
        if best is None or (
            found.error <= best.error / 2
            or (found.error <= 2 * best.error and found.degree < best.degree)
        ):
            best = found
        if best.degree <= GOOD and best.error <= 16 * np.finfo(dtype).eps:
            break
    return best


def _fit(network: Layer, width: int, variance: float, eps: float, bend: float) -> Univariate | None:
    w = (nodes() + 1) / 2
    inner = w**2 if math.isinf(bend) else (bend * w / (1 + bend - w)) ** 2
    # Correlations are rounded; what is left to 1 is then known exactly.
    outer = 1.0 - (1.0 - inner)
    # The recursion itself is exact for close pairs where it carries their distances along.
    tests = TESTS if network.closed_form else TESTS[TESTS >= FAR]
    opposite = 1.0 - (1.0 - TESTS[TESTS >= FAR])
    parts = (inner, outer, np.zeros(1), tests, opposite)
    sign = np.concatenate(
        [np.full(p.size, s) for p, s in zip(parts, (1, -1, 1, 1, -1), strict=True)]
    )
    try:
        kernels, features, gaussian = at_correlation(
            network, np.concatenate(parts), sign, variance, width
        )
    except SurefitError:
        return None
    found = [v / variance for v in kernels]
    if any(v.shape != sign.shape or not np.isfinite(v).all() for v in found):
        return None
    cuts = np.cumsum([p.size for p in parts])[:-1]
    branches, ends, error = [], [], eps
    for values in found:
        near, far, end, *true = np.split(values, cuts)
        size = np.abs(values).max()
        pair = tuple(
            Polynomial.of(chop(argument(e, bend), own, eps / 8 * size))
            for e, own in ((inner, near), (outer, far))
        )
        for polynomial, e, value in zip(pair, (tests, opposite), true, strict=True):
            gap = np.abs(polynomial(argument(e, bend)) - value).max()
            error = max(error, float(gap) / (size or 1.0))
        branches.append(pair)
        ends.append(float(end[0]))
    return Univariate(bend, *branches, tuple(ends), error, features, gaussian)
