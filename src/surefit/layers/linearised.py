"""The first-order expansion of a network in its parameters."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params
from surefit.core.tree import difference
from surefit.layers.around import Anchored

__all__ = ["Linearised"]


@dataclasses.dataclass(frozen=True)
class Linearised(Anchored):
    r"""$g(x; \theta_0) + Dg(x; \theta_0)(\theta - \theta_0)$: linear in what is trained.

    The anchor $\theta_0$ is part of the parameters and is never trained. The tangent kernel is that
    of $g$ at the anchor, wherever $\theta$ goes.

    Args:
        network: the layer $g$.

    Cost:
        Twice that of the network: values and directional derivatives in one forward pass.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training, section 1.1; Lee et al. (2019), section 2.2.
    """

    network: Layer

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        r"""$g(x; \theta_0) + Dg(x; \theta_0)(\theta - \theta_0)$."""
        anchor = params["anchor"]
        value, slope = jax.jvp(
            lambda at: self.network.apply(at, x),
            (anchor,),
            (difference(params["network"], anchor),),
        )
        return value + slope

    def kernel(self, k: Kernel) -> Kernel:
        """Both kernels of the network: at the start value and gradient are the network's own."""
        return self.network.kernel(k)
