"""The dense layer, in every parameterisation of the field."""

from __future__ import annotations

import dataclasses
import math

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.arguments import require_reals, require_whole
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers.serial import Serial
from surefit.layers.weights import Distribution, Parameterisation, draw_weights, layer_scales

__all__ = ["Dense", "Distribution", "Parameterisation"]


@dataclasses.dataclass(frozen=True)
class Dense(Layer):
    r"""$z = a\,Wh + a_b\,b$ with independent entries of $W$ of standard deviation $\sigma$.

    | parameterisation | $a$ | std of $W$ | $a_b$ | std of $b$ |
    |---|---|---|---|---|
    | `ntk` | $\sigma_w/\sqrt{m}$ | 1 | $\sigma_b$ | 1 |
    | `standard` | 1 | $\sigma_w/\sqrt{m}$ | 1 | $\sigma_b$ |
    | `mean_field` | $1/m$ | $\sigma_w$ | 1 | $\sigma_b$ |
    | `unscaled` | 1 | $\sigma_w$ | 1 | $\sigma_b$ |

    where $m$ is the number of incoming features. `unscaled` is what the two-layer papers use on
    inputs of unit norm ($w_r \sim N(0, I)$). Behind a `mean_field` layer both kernels are of the
    order of $1/m$: $m\Theta$ has a limit, and step sizes are of the order of $m$.

    Args:
        features: number of outgoing features.
        weight_std: $\sigma_w$.
        bias_std: $\sigma_b$; None: no bias.
        parameterisation: a row of the table.
        distribution: of the entries of $W$: `gaussian`, `rademacher` ($\pm\sigma$) or `uniform`
            (on $\pm\sqrt3\sigma$).
        trained: whether gradient descent moves the layer's parameters.

    References:
        Jacot, Gabriel, Hongler (2018), section 2 (NTK parameterisation); Mei, Montanari, Nguyen
        (2018) (mean field); Du et al. (2019), section 3 (unscaled).
    """

    features: int
    weight_std: float = 1.0
    bias_std: float | None = None
    parameterisation: Parameterisation = "ntk"
    distribution: Distribution = "gaussian"
    trained: bool = True

    def __post_init__(self) -> None:
        require_whole("`Dense(features=...)`", self.features, "It counts features. Write 512.")
        require_reals("`Dense(weight_std=..., bias_std=...)`", self.weight_std, self.bias_std)
        if self.features < 1:
            raise InvalidInputError(
                f"`Dense(features=...)` must be at least 1. Got {self.features}. A layer without "
                "features has no output. Write 1 or more."
            )
        if not 0.0 < self.weight_std < math.inf or not 0.0 <= (self.bias_std or 0.0) < math.inf:
            raise InvalidInputError(
                "`Dense(weight_std=..., bias_std=...)` must be positive (bias_std may be 0 or "
                f"None). Got {self.weight_std} and {self.bias_std}. They are standard deviations. "
                "Write weight_std=1.0, bias_std=None."
            )
        for kind, name, known in (
            ("parameterisation", self.parameterisation, Parameterisation.__args__),
            ("distribution", self.distribution, Distribution.__args__),
        ):
            if name not in known:
                raise UnknownNameError(f"`Dense({kind}=...)`", name, known)

    def scales(self, width: int) -> tuple[float, float, float, float]:
        """The row (a, std of W, a_b, std of b) of the table, for `width` incoming features."""
        return layer_scales(self.parameterisation, width, self.weight_std, self.bias_std)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(features,)`."""
        if len(input_shape) != 1:
            raise InvalidInputError(
                "`Dense` must be given examples that are vectors. Got examples of shape "
                f"{input_shape}. A dense layer mixes all features; flatten images first."
            )
        return (self.features,)

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"w": (features, width), "b": (features,)}`; without bias only `w`."""
        self.output_shape(input_shape)
        width = input_shape[0]
        _, std, _, bias_std = self.scales(width)
        key_w, key_b = jax.random.split(key)
        w = draw_weights(key_w, (self.features, width), self.distribution)
        params = {"w": std * w}
        if self.bias_std is not None:
            params["b"] = bias_std * jax.random.normal(key_b, (self.features,), w.dtype)
        return params

    def apply(self, params: Params, x: Float[Array, "n width"]) -> Float[Array, "n features"]:
        """`a x W^T + a_b b`."""
        scale, _, bias_scale, _ = self.scales(x.shape[1])
        z = scale * (x @ params["w"].T)
        return z + bias_scale * params["b"][None, :] if self.bias_std is not None else z

    def kernel(self, k: Kernel) -> Kernel:
        r"""$\Sigma \to a^2\sigma^2 m\,\Sigma + a_b^2\sigma_b^2$, $\Theta$ likewise plus own part.

        The own part is $a^2 m\,\Sigma + a_b^2$ if the layer is trained. In `ntk` parameterisation
        nothing depends on the width $m$; in the others it is the leading order at that width.
        """
        scale, std, bias_scale, bias_std = self.scales(k.width)
        gain = (scale * std) ** 2 * k.width
        shift = (bias_scale * bias_std) ** 2
        own = float(self.trained)
        own_bias = own * bias_scale**2 if self.bias_std is not None else 0.0
        return dataclasses.replace(
            k,
            nngp=gain * k.nngp + shift,
            ntk=gain * k.ntk + own * scale**2 * k.width * k.nngp + own_bias,
            variance1=gain * k.variance1 + shift,
            variance2=gain * k.variance2 + shift,
            width=self.features,
            gaussian=True,
            behind=None,
            # The bias is the same for both examples.
            distance=None if k.distance is None else gain * k.distance,
        )

    closed_form = True

    @property
    def homogeneous(self) -> bool:
        """Without a bias."""
        return self.bias_std is None

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """One hidden layer, with biases."""
        return Serial(cls(width, 1.3, 0.4), activation, cls(4, 0.8, 0.5)), (3,)

    def trainable(self, params: Params) -> PyTree[bool]:
        """All or nothing, as `trained` says."""
        return jax.tree.map(lambda _: self.trained, params)
