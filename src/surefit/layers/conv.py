"""The convolutional layer, with weights shared over positions or not."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.arguments import require_reals, require_whole
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.positions import own_positions, with_own_positions
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers.dense import Dense
from surefit.layers.flatten import Flatten
from surefit.layers.serial import Serial
from surefit.layers.weights import (
    Distribution,
    Parameterisation,
    draw_weights,
    layer_scales,
)
from surefit.layers.windows import Padding, Sizes, Windows, require_windows, windows_over

__all__ = ["Conv"]


@dataclasses.dataclass(frozen=True)
class Conv(Layer):
    r"""$z_p = a\sum_\delta W_\delta h_{sp+\delta} + a_b\,b$ at every position $p$.

    Examples have the shape (*space, channels): (length, channels), (height, width, channels), or
    any number of axes. Factors and standard deviations are those of the table of `Dense` for
    $m = qC$ incoming features: $q$ positions in a window, $C$ channels.

    Args:
        features: number of outgoing channels.
        window: positions along every axis, or one number for all axes.
        strides: distance $s$ of neighbouring windows along every axis, or one number for all axes.
        padding: beyond the border lie zeros (`same`) or the opposite border (`circular`: positions
            form a ring or a torus, every neighbourhood has q members and every position lies in
            q neighbourhoods); `valid` windows lie inside.
        weight_std: $\sigma_w$.
        bias_std: $\sigma_b$; None: no bias.
        parameterisation: a row of the table of `Dense`.
        distribution: of the entries of $W$, as for `Dense`.
        trained: whether gradient descent moves the layer's parameters.
        shared: whether all positions have the same weights; False: a locally connected layer, with
            independent weights and biases at every position.

    References:
        Novak et al. (2019), arXiv 1810.05148, section 2; Arora et al. (2019), arXiv 1904.11955,
        section 4.1. Without sharing: Allen-Zhu, Li, Song (2019), arXiv 1811.03962.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Conv(8, 3), sf.Relu(), sf.GlobalAveragePool(), sf.Dense(1))
        >>> params = network.init(jax.random.key(0), (6, 6, 2))
        >>> network.apply(params, jax.numpy.ones((4, 6, 6, 2))).shape
        (4, 1)
    """

    features: int
    window: Sizes
    strides: Sizes = 1
    padding: Padding = "same"
    weight_std: float = 1.0
    bias_std: float | None = None
    parameterisation: Parameterisation = "ntk"
    distribution: Distribution = "gaussian"
    trained: bool = True
    shared: bool = True

    def __post_init__(self) -> None:
        require_whole("`Conv(features=...)`", self.features, "It counts features. Write 512.")
        require_reals("`Conv(weight_std=..., bias_std=...)`", self.weight_std, self.bias_std)
        if self.features < 1:
            raise InvalidInputError(
                f"`Conv(features=...)` must be at least 1. Got {self.features}. A layer without "
                "channels has no output. Write 1 or more."
            )
        if not 0.0 < self.weight_std < math.inf or not 0.0 <= (self.bias_std or 0.0) < math.inf:
            raise InvalidInputError(
                "`Conv(weight_std=..., bias_std=...)` must be positive (bias_std may be 0 or "
                f"None). Got {self.weight_std} and {self.bias_std}. They are standard deviations. "
                "Write weight_std=1.0, bias_std=None."
            )
        require_windows("Conv", self.window, self.strides, self.padding)
        for kind, name, known in (
            ("parameterisation", self.parameterisation, Parameterisation.__args__),
            ("distribution", self.distribution, Distribution.__args__),
        ):
            if name not in known:
                raise UnknownNameError(f"`Conv({kind}=...)`", name, known)

    def windows(self, input_shape: Shape) -> Windows:
        """Where the windows lie on examples of `input_shape`."""
        return windows_over("Conv", input_shape, self.window, self.strides, self.padding)

    def scales(self, width: int) -> tuple[float, float, float, float]:
        """(a, std of W, a_b, std of b), for `width` = positions in a window x channels."""
        return layer_scales(self.parameterisation, width, self.weight_std, self.bias_std)

    def output_shape(self, input_shape: Shape) -> Shape:
        """One position per window, `features` channels."""
        return (*self.windows(input_shape).output, self.features)

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"w": (features, window x channels), "b": (features,)}`; without bias only `w`.

        Columns go through the positions of a window, and through the channels at each. Without
        sharing both have one more axis in front, over all windows.
        """
        windows = self.windows(input_shape)
        width = windows.count * input_shape[-1]
        _, std, _, bias_std = self.scales(width)
        positions = () if self.shared else (math.prod(windows.output),)
        key_w, key_b = jax.random.split(key)
        w = draw_weights(
            key_w, (math.prod(positions) * self.features, width), self.distribution
        ).reshape(*positions, self.features, width)
        params = {"w": std * w}
        if self.bias_std is not None:
            shape = (*positions, self.features)
            params["b"] = bias_std * jax.random.normal(key_b, shape, w.dtype)
        return params

    def apply(
        self, params: Params, x: Float[Array, "n *space channels"]
    ) -> Float[Array, "n *output features"]:
        """The weights on every window."""
        windows = self.windows(x.shape[1:])
        patches = windows.patches(x)
        scale, _, bias_scale, _ = self.scales(patches.shape[-1])
        if self.shared:
            z = scale * (patches @ params["w"].T)
        else:
            z = scale * jnp.einsum("npd,pfd->npf", patches, params["w"])
        if self.bias_std is not None:
            b = params["b"].reshape(1, -1, self.features)
            z = z + bias_scale * jnp.broadcast_to(b, (1, *z.shape[1:]))
        return z.reshape(x.shape[0], *windows.output, self.features)

    def kernel(self, k: Kernel) -> Kernel:
        r"""As for `Dense`, of the mean over the window.

        $\Sigma_{pp'} \to a^2\sigma^2m\,\frac1q\sum_\delta\Sigma_{sp+\delta,\,sp'+\delta} +
        a_b^2\sigma_b^2$; without sharing, different positions are independent.
        """
        windows = self.windows((*k.space, k.width))
        width, rank = windows.count * k.width, len(k.space)
        scale, std, bias_scale, bias_std = self.scales(width)
        gain, shift = (scale * std) ** 2 * width, (bias_scale * bias_std) ** 2
        own = float(self.trained)
        own_bias = own * bias_scale**2 if self.bias_std is not None else 0.0

        def mean(v: Array, batches: int) -> Array:
            return windows.mean(v, *((batches, batches + rank) if k.cross else (batches,)))

        def independent(v: Array) -> Array:
            if self.shared or not k.cross:
                return v
            flat = v.reshape(-1, *windows.output, *windows.output)
            same = own_positions(flat, windows.output)
            apart = with_own_positions(jnp.zeros_like(flat), windows.output, same)
            return apart.reshape(v.shape)

        seen = mean(k.nngp, 2)
        return dataclasses.replace(
            k,
            nngp=independent(gain * seen + shift),
            ntk=independent(gain * mean(k.ntk, 2) + own * scale**2 * width * seen + own_bias),
            variance1=independent(gain * mean(k.variance1, 1) + shift),
            variance2=independent(gain * mean(k.variance2, 1) + shift),
            width=self.features,
            gaussian=True,
            behind=None,
            space=windows.output,
        )

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """Sequences, with biases."""
        return Serial(cls(width, 2, bias_std=0.4), activation, Flatten(), Dense(4)), (4, 2)

    def trainable(self, params: Params) -> PyTree[bool]:
        """All or nothing, as `trained` says."""
        return jax.tree.map(lambda _: self.trained, params)
