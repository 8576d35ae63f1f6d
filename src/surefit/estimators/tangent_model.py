"""What regression and classification with the tangent kernel have in common."""

from __future__ import annotations

from surefit.activations import Activation
from surefit.core.layer import Layer
from surefit.estimators.kernel_model import KernelModel

__all__ = ["TangentModel"]


class TangentModel(KernelModel):
    """Kernel ridge regression with the tangent kernel of a network."""

    _which = "ntk"

    def __init__(
        self,
        depth: int = 3,
        activation: str | Activation = "relu",
        *,
        weight_std: float | None = None,
        bias_std: float = 0.1,
        ridge: float | str = "gcv",
        network: Layer | None = None,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.depth = depth
        self.activation = activation
        self.weight_std = weight_std
        self.bias_std = bias_std
        self.ridge = ridge
        self.network = network
        self.input_shape = input_shape
