"""Outputs measured from their values at the start."""

from __future__ import annotations

import dataclasses

from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params
from surefit.layers.around import Anchored

__all__ = ["Centred"]


@dataclasses.dataclass(frozen=True)
class Centred(Anchored):
    r"""$g(x; \theta) - g(x; \theta_0)$: any network, started at zero output.

    The anchor $\theta_0$ is part of the parameters and is never trained.

    Args:
        network: the layer $g$.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training, section 2.
    """

    network: Layer

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        r"""$g(x; \theta) - g(x; \theta_0)$."""
        return self.network.apply(params["network"], x) - self.network.apply(params["anchor"], x)

    def kernel(self, k: Kernel) -> Kernel:
        """The network's own tangent kernel; the outputs at the start are exactly 0."""
        # At the start the output does not depend on the input: no gradient reaches what lies
        # before.
        return self.network.kernel(k.without_tangent()).without_output()

    def project(self, params: Params) -> Params:
        """The network as it says; the anchor stays where it is."""
        now = params["network"]
        projected = self.network.project(now)
        return params if projected is now else {**params, "network": projected}
