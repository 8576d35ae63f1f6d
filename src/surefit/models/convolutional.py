"""The convolutional network of Allen-Zhu, Li and Song."""

from __future__ import annotations

import math

from surefit.activations import Relu
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError
from surefit.layers import Bias, Centred, Conv, Dense, Flatten, Serial
from surefit.models.fully_connected import output_layer, require_depth

__all__ = ["convolutional"]


def convolutional(
    positions: tuple[int, ...],
    width: int = 64,
    depth: int = 3,
    outputs: int = 1,
    *,
    window: int = 3,
    shared: bool = False,
    bias_scale: float | None = 0.01,
    zero_start: bool = False,
) -> Layer:
    r"""Convolutions on a ring or torus, a dense layer, and a fixed output, with ReLU.

    $$h_{0,j} = \phi(A_jx_{Q_j}),\quad h_{\ell,j} = \phi(W_{\ell,j}h_{\ell-1,Q_j} + \tau b_{\ell,j})
    \ (\ell < L),\quad h_L = \phi(W_Lh_{L-1} + \tau b_L),\quad f = Bh_L$$

    with $\mathfrak d$ positions, $m$ channels, neighbourhoods $Q_j$ of $q$ positions, entries of
    $A_j$ and $W_{\ell,j}$ from $N(0, \frac{2}{qm})$, of the dense $W_L$
    ($\mathfrak dm\times\mathfrak dm$) from $N(0, \frac{2}{\mathfrak dm})$, of $b_\ell$ from
    $N(0, \frac2m)$, of $B$ from $N(0, \frac1d)$. Only the $W$ are trained. Every position lies in
    as many neighbourhoods as it has neighbours, so that $\|h_\ell\| \approx 1$ for $\|x\| = 1$.
    Without sharing and biases the tangent kernel then has the diagonal
    $\frac{\mathfrak dm}{2d}(1 + (L-1)\frac{q}{\mathfrak d})$ in the limit.

    Args:
        positions: of an example, (length,) of a ring or (height, width) of a torus; examples have
            the shape (*positions, channels).
        width: $m$.
        depth: $L \ge 1$, the number of trained layers; the last one is dense.
        outputs: $d$.
        window: positions of a neighbourhood along every axis.
        shared: whether all positions have the same weights and biases, as usual convolutions have.
        bias_scale: $\tau$, about $\delta^2/(10L)$ for inputs at distances of $\delta$; None: no
            biases.
        zero_start: subtract the outputs at the start, which the paper does not.

    Raises:
        InvalidInputError: `depth` is below 1, a neighbourhood is larger than the ring, or the
            layers refuse their arguments.

    References:
        Allen-Zhu, Li, Song (2019), arXiv 1811.03962, appendix on convolutional networks;
        unconfirmed, as is whether its weights are shared. That the variance $2/(qm)$ keeps norms
        follows from $\sum_j\|h_{Q_j}\|^2 = q\|h\|^2$.

    Example:
        >>> import surefit as sf
        >>> sf.models.convolutional((8, 8), 4, depth=2, outputs=10).output_shape((8, 8, 1))
        (10,)
    """
    require_depth("convolutional", depth, 1)
    if not positions or min(positions) < window:
        raise InvalidInputError(
            f"`convolutional(positions=..., window=...)` must have {window} or more positions "
            f"along every axis. Got {positions}. On a smaller ring a neighbourhood would contain "
            "a position twice. Write a smaller window."
        )

    def convolution(trained: bool) -> Conv:
        # Of the first layer the variance does not depend on the number of incoming channels.
        scaled = (
            ("standard", math.sqrt(2.0))
            if trained
            else ("unscaled", math.sqrt(2.0 / (window ** len(positions) * max(width, 1))))
        )
        return Conv(
            width,
            window,
            padding="circular",
            weight_std=scaled[1],
            parameterisation=scaled[0],
            trained=trained,
            shared=shared,
        )

    def bias() -> list[Layer]:
        if bias_scale is None:
            return []
        return [Bias(bias_scale * math.sqrt(2.0 / max(width, 1)), trained=False, shared=shared)]

    layers: list[Layer] = [convolution(trained=False), Relu()]
    for _ in range(depth - 1):
        layers += [convolution(trained=True), *bias(), Relu()]
    features = math.prod(positions) * width
    dense = Dense(features, math.sqrt(2.0), parameterisation="standard")
    network = Serial(*layers, Flatten(), dense, *bias(), Relu(), output_layer(outputs))
    return Centred(network) if zero_start else network
