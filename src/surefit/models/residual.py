"""The deep residual network of Allen-Zhu, Li and Song."""

from __future__ import annotations

import math
from typing import Literal

from surefit.activations import Relu
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers import Centred, Residual, Serial
from surefit.models.fully_connected import (
    first_layer,
    hidden_layer,
    output_layer,
    require_depth,
)

__all__ = ["BranchScale", "branch_scale", "residual"]

BranchScale = Literal["1/(L log m)", "1/L", "1/sqrt(L)"]


def residual(
    width: int = 512,
    depth: int = 3,
    outputs: int = 1,
    *,
    tau: str | float = "1/(L log m)",
    zero_start: bool = False,
) -> Layer:
    r"""$h_\ell = \phi(h_{\ell-1} + \tau W_\ell h_{\ell-1})$ with ReLU, only the $W_\ell$ trained.

    $h_0 = \phi(Ax)$, the formula above for $\ell = 1..L-1$, $h_L = \phi(W_Lh_{L-1})$ and
    $f = Bh_L$. Entries of $A$ and $W_\ell$ are $N(0, 2/m)$, those of $B$ are $N(0, 1/d)$.

    In the limit of infinite width no closed form is known: $h_{\ell-1}$ is not Gaussian, and the
    rectifier acts on its sum with a Gaussian. The empirical kernel is always there.

    Args:
        width: $m$.
        depth: $L \ge 1$.
        outputs: $d$.
        tau: $\tau$: `1/(L log m)` (the paper), `1/L`, `1/sqrt(L)` (the largest for which norms
            stay bounded for every depth), or a positive number.
        zero_start: subtract the outputs at the start, which the paper does not.

    Raises:
        InvalidInputError: `depth` is below 1, `tau` is not positive.
        UnknownNameError: `tau` is a text and none of the above.

    References:
        Allen-Zhu, Li, Song (2019), appendix on residual networks; unconfirmed. Zhang, Yu, Chen,
        Xie, Zhu (2019), Convergence theory of learning over-parameterized ResNet (abstract: $\tau
        = 1/L$ before, $\tau\le1/\sqrt L$ suffices, beyond it outputs grow with the depth).

    Example:
        >>> import surefit as sf
        >>> sf.models.residual(64, depth=4, tau="1/L").output_shape((5,))
        (1,)
    """
    require_depth("residual", depth, 1)
    scale = branch_scale(tau, depth, width)
    layers: list[Layer] = [first_layer(width), Relu()]
    for _ in range(depth - 1):
        layers += [Residual(hidden_layer(width), scale), Relu()]
    network = Serial(*layers, hidden_layer(width), Relu(), output_layer(outputs))
    return Centred(network) if zero_start else network


def branch_scale(tau: str | float, depth: int, width: int) -> float:
    r"""$\tau$ as a number.

    Raises:
        InvalidInputError: it is not positive and finite; `1/(L log m)` has no value for $m = 1$.
        UnknownNameError: a text that is no `BranchScale`.
    """
    if not isinstance(tau, str):
        if not 0.0 < tau < math.inf:
            raise InvalidInputError(
                f"`residual(tau=...)` must be positive and finite. Got {tau}. It multiplies the "
                f"branches; 0 would leave nothing to train in them. Write one of "
                f"{', '.join(map(repr, BranchScale.__args__))} or a number."
            )
        return float(tau)
    if tau not in BranchScale.__args__:
        raise UnknownNameError("`residual(tau=...)`", tau, BranchScale.__args__)
    if tau == "1/L":
        return 1.0 / depth
    if tau == "1/sqrt(L)":
        return 1.0 / math.sqrt(depth)
    if width < 2:
        raise InvalidInputError(
            f"`residual(width=..., tau='1/(L log m)')` must have a width of at least 2. Got "
            f"{width}. log 1 = 0 has no inverse. Write tau='1/L'."
        )
    return 1.0 / (depth * math.log(width))
