"""The deep fully connected network of Allen-Zhu, Li and Song."""

from __future__ import annotations

import math

from surefit.activations import Relu
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError
from surefit.layers import Centred, Dense, Serial

__all__ = ["first_layer", "fully_connected", "hidden_layer", "output_layer", "require_depth"]


def fully_connected(
    width: int = 512, depth: int = 3, outputs: int = 1, *, zero_start: bool = False
) -> Layer:
    r"""$f(x) = B\,\phi(W_L\cdots\phi(W_1\phi(Ax)))$ with ReLU, only $W_1, \dots, W_L$ trained.

    Entries of $A$ ($m\times d_x$) and of $W_\ell$ ($m\times m$) are $N(0, 2/m)$, those of $B$
    ($d\times m$) are $N(0, 1/d)$; no biases. For $\|x\| = 1$ every feature vector has norm
    about 1 and every output variance $1/d$.

    Args:
        width: $m$.
        depth: $L \ge 1$, the number of trained layers; there are $L + 1$ layers of features.
        outputs: $d$. (In the paper also the dimension of the inputs.)
        zero_start: subtract the outputs at the start, which the paper does not.

    Raises:
        InvalidInputError: `depth` is below 1, or the layers refuse their arguments.

    References:
        Allen-Zhu, Li, Song (2019), A convergence theory for deep learning via
        over-parameterization, section 2. Entries of $A$ and $W_\ell$ as restated by Basri et al.
        (2020), arXiv 2003.04560, appendix D; the variance of $B$ is unconfirmed.

    Example:
        >>> import surefit as sf
        >>> sf.models.fully_connected(64, depth=2, outputs=10).output_shape((5,))
        (10,)
    """
    require_depth("fully_connected", depth, 1)
    layers: list[Layer] = [first_layer(width), Relu()]
    for _ in range(depth):
        layers += [hidden_layer(width), Relu()]
    network = Serial(*layers, output_layer(outputs))
    return Centred(network) if zero_start else network


def first_layer(width: int) -> Dense:
    r"""$A$, with entries $N(0, 2/m)$ for $m$ outgoing features; fixed."""
    return Dense(width, math.sqrt(2.0 / max(width, 1)), parameterisation="unscaled", trained=False)


def hidden_layer(width: int) -> Dense:
    r"""$W_\ell$, with entries $N(0, 2/m)$; trained."""
    return Dense(width, math.sqrt(2.0), parameterisation="standard")


def output_layer(outputs: int) -> Dense:
    r"""$B$, with entries $N(0, 1/d)$ for $d$ outputs; fixed."""
    return Dense(
        outputs, 1.0 / math.sqrt(max(outputs, 1)), parameterisation="unscaled", trained=False
    )


def require_depth(call: str, depth: int, least: int) -> None:
    """Refuse networks without trained layers.

    Raises:
        InvalidInputError: `depth` is below `least`.
    """
    if depth < least:
        raise InvalidInputError(
            f"`{call}(depth=...)` must be at least {least}. Got {depth}. It counts the trained "
            "layers; first and last layer are fixed, so that nothing could be learnt. Write "
            f"depth={least}."
        )
