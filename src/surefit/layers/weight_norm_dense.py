"""A dense layer whose weights are given by directions and lengths."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.core.arguments import require_reals, require_whole
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["WeightNormDense"]


@dataclasses.dataclass(frozen=True)
class WeightNormDense(Layer):
    r"""$z_r = \sigma_w\,g_r\frac{v_r^\top h}{\|v_r\|} + \sigma_b b_r$.

    Entries of $v_r$ and $b$ are standard normal and $g_r = 1$ at the start, where the layer then is
    `Dense` in NTK parameterisation with rows of the exact norm $\sigma_w$.

    Args:
        features: number of outgoing features.
        weight_std: $\sigma_w$.
        bias_std: $\sigma_b$; None: no bias.
        gains_trained: whether gradient descent moves the lengths $g_r$ too.
        trained: whether it moves anything.

    References:
        Salimans, Kingma (2016), arXiv 1602.07868, section 2.
    """

    features: int
    weight_std: float = 1.0
    bias_std: float | None = None
    gains_trained: bool = True
    trained: bool = True

    def __post_init__(self) -> None:
        require_whole(
            "`WeightNormDense(features=...)`", self.features, "It counts features. Write 512."
        )
        require_reals(
            "`WeightNormDense(weight_std=..., bias_std=...)`", self.weight_std, self.bias_std
        )
        if self.features < 1:
            raise InvalidInputError(
                f"`WeightNormDense(features=...)` must be at least 1. Got {self.features}. A layer "
                "without features has no output. Write 1 or more."
            )
        if not 0.0 < self.weight_std < math.inf or not 0.0 <= (self.bias_std or 0.0) < math.inf:
            raise InvalidInputError(
                "`WeightNormDense(weight_std=..., bias_std=...)` must be positive (bias_std may be "
                f"0 or None). Got {self.weight_std} and {self.bias_std}. They are standard "
                "deviations. Write weight_std=1.0, bias_std=None."
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(features,)`."""
        if len(input_shape) != 1:
            raise InvalidInputError(
                "`WeightNormDense` must be given examples that are vectors. Got examples of shape "
                f"{input_shape}. A dense layer mixes all features; flatten images first."
            )
        return (self.features,)

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"v": (features, width), "g": (features,), "b": (features,)}`."""
        self.output_shape(input_shape)
        dtype = jnp.zeros(()).dtype
        key_v, key_b = jax.random.split(key)
        params = {
            "v": jax.random.normal(key_v, (self.features, *input_shape), dtype),
            "g": jnp.ones(self.features, dtype),
        }
        if self.bias_std is not None:
            params["b"] = jax.random.normal(key_b, (self.features,), dtype)
        return params

    def apply(self, params: Params, x: Float[Array, "n width"]) -> Float[Array, "n features"]:
        """The products with the directions, times the lengths."""
        length = self.weight_std * params["g"] / jnp.linalg.norm(params["v"], axis=1)
        z = (x @ params["v"].T) * length[None, :]
        return z if self.bias_std is None else z + self.bias_std * params["b"][None, :]

    def kernel(self, k: Kernel) -> Kernel:
        r"""$\Sigma \to \sigma_w^2\Sigma + \sigma_b^2$, $\Theta$ likewise plus own part, as `Dense`.

        The gradient with respect to $v_r$ lacks the direction $v_r$ itself, one of infinitely many.

        Raises:
            InvalidInputError: the lengths are trained.
        """
        if self.trained and self.gains_trained:
            raise InvalidInputError(
                "`WeightNormDense.kernel`: the lengths must not be trained. They are. Their "
                "gradients are the features themselves, which differ from feature to feature; the "
                "tangent kernel behind an activation then does not follow from second moments. "
                "Write `gains_trained=False`, or use the empirical kernel."
            )
        gain = self.weight_std**2
        shift = 0.0 if self.bias_std is None else self.bias_std**2
        own = float(self.trained)
        return dataclasses.replace(
            k,
            nngp=gain * k.nngp + shift,
            ntk=gain * k.ntk + own * (gain * k.nngp + shift),
            variance1=gain * k.variance1 + shift,
            variance2=gain * k.variance2 + shift,
            width=self.features,
            gaussian=True,
            behind=None,
        )

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """Normalised output weights."""
        return Serial(Dense(width), activation, cls(4, 1.3, 0.4, gains_trained=False)), (3,)

    def trainable(self, params: Params) -> PyTree[bool]:
        """Directions and biases as `trained` says, lengths as both say."""
        return {name: self.trained and (name != "g" or self.gains_trained) for name in params}
