"""Means over windows."""

from __future__ import annotations

import dataclasses

from jaxtyping import Array, Float, PRNGKeyArray

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.layers.conv import Conv
from surefit.layers.dense import Dense
from surefit.layers.flatten import Flatten
from surefit.layers.pooling import require_cross_positions
from surefit.layers.serial import Serial
from surefit.layers.windows import Padding, Sizes, Windows, require_windows, windows_over

__all__ = ["AveragePool"]


@dataclasses.dataclass(frozen=True)
class AveragePool(Layer):
    r"""The mean over every window of positions, channel by channel.

    Args:
        window: positions along every axis, or one number for all axes.
        strides: distance of neighbouring windows; None: that of the window, so that windows tile.
        padding: `valid` windows lie inside; `same` counts zeros beyond the border; `circular`
            continues at the opposite border.

    References:
        Novak et al. (2019), arXiv 1810.05148, section 3.2.
    """

    window: Sizes = 2
    strides: Sizes | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        require_windows("AveragePool", self.window, self._steps, self.padding)

    @property
    def _steps(self) -> Sizes:
        return self.window if self.strides is None else self.strides

    def windows(self, shape: Shape) -> Windows:
        """Where the windows lie on examples of `shape`."""
        return windows_over("AveragePool", shape, self.window, self._steps, self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        """One position per window, and the same channels."""
        return (*self.windows(input_shape).output, input_shape[-1])

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """No parameters."""
        return ()

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """The means."""
        return self.windows(x.shape[1:]).mean(x, 1)

    def kernel(self, k: Kernel) -> Kernel:
        """Means over both windows of a pair."""
        require_cross_positions("AveragePool", k)
        windows, rank = self.windows((*k.space, k.width)), len(k.space)

        def pooled(v: Array, batches: int) -> Array:
            return windows.mean(windows.mean(v, batches), batches + rank)

        return dataclasses.replace(
            k,
            nngp=pooled(k.nngp, 2),
            ntk=pooled(k.ntk, 2),
            variance1=pooled(k.variance1, 1),
            variance2=pooled(k.variance2, 1),
            behind=None,
            space=windows.output,
        )

    @property
    def passes_input(self) -> bool:
        """True: a mean over neighbours is correlated with every one of them."""
        return True

    def needs_cross_positions(self, wanted: bool) -> bool:
        """Always: the variance of a mean contains the covariances of what it is of."""
        return True

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """Sequences, means of neighbours."""
        return Serial(Conv(width, 2), activation, cls(2), Flatten(), Dense(4)), (4, 2)
