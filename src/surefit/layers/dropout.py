"""Features that are left out at random."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.positions import own_positions, with_own_positions
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial

__all__ = ["Dropout", "drops"]

DropoutMode = Literal["train", "test"]
# An example is recognised by this many random coordinates, rounded to this part of its size.
_COORDINATES, _CELLS = 8, 2.0**10


@dataclasses.dataclass(frozen=True)
class Dropout(Layer):
    r"""Every feature is 0 with probability $p$, and otherwise divided by $1 - p$.

    Every example has masks of its own. They belong to the start: a seed among the parameters and
    the features of an example, rounded to a thousandth of their size, determine its mask. A
    network is thus a fixed function, with the gradient of the masked network; an example keeps its
    mask until training has moved the features in front of the layer noticeably, and the same
    example has the same mask in every batch. Behind training, write the same network with
    `mode="test"`; its parameters fit.

    Args:
        rate: $p$, the probability to be left out, in [0, 1).
        mode: `train`, or `test`: nothing is left out, and the layer is the identity.

    References:
        Srivastava et al. (2014), JMLR 15, section 4. Kernels: Schoenholz et al. (2017), arXiv
        1611.01232, section 4 (variances); Novak et al. (2020), arXiv 1912.02803.
    """

    rate: float
    mode: DropoutMode = "train"

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate < 1.0:
            raise InvalidInputError(
                f"`Dropout(rate=...)` must lie in [0, 1). Got {self.rate}. It is the probability "
                "that a feature is left out; what remains is divided by 1 - rate. Use 0.5 or less."
            )
        if self.mode not in DropoutMode.__args__:
            raise UnknownNameError("`Dropout(mode=...)`", self.mode, DropoutMode.__args__)

    @property
    def active(self) -> bool:
        """Whether anything is left out."""
        return self.mode == "train" and self.rate > 0.0

    def output_shape(self, input_shape: Shape) -> Shape:
        """Unchanged."""
        return input_shape

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"seed": ()}`, a whole number of 24 bits, which every precision holds."""
        seed = jax.random.randint(key, (), 0, 2**24)
        return {"seed": seed.astype(jnp.zeros(()).dtype)}

    def apply(self, params: Params, x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        """The masked features."""
        if not self.active:
            return x
        kept = _kept(params["seed"], jax.lax.stop_gradient(x), 1.0 - self.rate)
        return jnp.where(kept, x / (1.0 - self.rate), 0.0)

    def kernel(self, k: Kernel) -> Kernel:
        r"""What meets itself is divided by $1 - p$; masks of different examples are independent.

        $E[m_im_j] = 1$ for the factors $m \in \{0, 1/(1-p)\}$ of different examples, or of
        different positions of one, and $E[m_i^2] = 1/(1-p)$. The examples of two batches count as
        different, also where they are equal.
        """
        if not self.active:
            return k
        gain = 1.0 / (1.0 - self.rate)

        def own(v: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
            if not k.cross:
                return gain * v
            return with_own_positions(v, k.space, gain * own_positions(v, k.space))

        def pairs(v: Float[Array, "n1 n2 ..."]) -> Float[Array, "n1 n2 ..."]:
            if not k.symmetric:
                return v
            each = jnp.arange(v.shape[0])
            return v.at[each, each].set(own(v[each, each]))

        return dataclasses.replace(
            k,
            nngp=pairs(k.nngp),
            ntk=pairs(k.ntk),
            variance1=own(k.variance1),
            variance2=own(k.variance2),
            gaussian=False,
            behind=None,
        )

    @property
    def homogeneous(self) -> bool:
        """Where nothing is left out: masks do not scale."""
        return not self.active

    @property
    def closed_form(self) -> bool:
        """Where nothing is left out: what meets itself is different otherwise."""
        return not self.active

    @property
    def passes_input(self) -> bool:
        """True: what is kept is the input up to a factor."""
        return True

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """Masks behind the activation."""
        return Serial(Dense(width), activation, cls(0.3), Dense(4)), (3,)

    def trainable(self, params: Params) -> PyTree[bool]:
        """Nothing: the seed stays."""
        return {"seed": False}


def _kept(seed: Float[Array, ""], x: Float[Array, "n ..."], share: float) -> Bool[Array, "n ..."]:
    """Which features are kept: independent for examples that differ by more than a thousandth."""
    flat = x.reshape(x.shape[0], -1)
    key, directions = jax.random.split(jax.random.key(jnp.round(seed).astype(jnp.int32)))
    directions = jax.random.normal(directions, (flat.shape[1], _COORDINATES), x.dtype)
    size = jnp.sqrt(jnp.sum(flat**2, axis=1))
    # A power of 2, so that the cells are the same for all examples of about this size.
    exponent = jnp.ceil(jnp.log2(jnp.where(size > 0, size, 1.0)))
    cells = (flat @ directions) * (_CELLS * jnp.exp2(-exponent))[:, None]
    # Half a cell further on, zeros lie in the middle of theirs.
    code = jnp.concatenate([exponent[:, None], jnp.floor(cells + 0.5)], axis=1).astype(jnp.int32)

    def of_one(numbers: Array) -> Bool[Array, "..."]:
        own = key
        for i in range(numbers.shape[0]):
            own = jax.random.fold_in(own, numbers[i])
        return jax.random.bernoulli(own, share, x.shape[1:])

    return jax.vmap(of_one)(code)


def drops(thing: Any) -> bool:
    """Whether a network leaves out features at random, so that examples have draws of their own."""
    if isinstance(thing, Dropout):
        return thing.active
    if isinstance(thing, tuple):
        return any(map(drops, thing))
    if isinstance(thing, Layer) and dataclasses.is_dataclass(thing):
        return any(drops(getattr(thing, field.name)) for field in dataclasses.fields(thing))
    return False
