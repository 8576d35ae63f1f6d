"""Attention: every position sees a weighted sum over all positions."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from surefit.activations import Activation, Identity
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers.pooling import require_cross_positions

__all__ = ["Attention"]

Scaling = Literal["1/sqrt(d)", "1/d"]


@dataclasses.dataclass(frozen=True)
class Attention(Layer):
    r"""$z_p = \frac{\sigma_w}{\sqrt{Hd}}\,O\,(\sum_q \zeta(G^h_{pq})\,v^h_q)_{h\le H}$, with heads.

    For inputs $x_p$ of $C$ channels at position $p$, every head $h$ has values
    $v_q = Vx_q/\sqrt C$, queries $Qx_p/\sqrt C$ and keys $Kx_q/\sqrt C$ of $d$ features, and logits

    | scaling | $G_{pq}$ | its limit |
    |---|---|---|
    | `1/sqrt(d)` | $\sigma_g d^{-1/2}\langle Qx_p, Kx_q\rangle/C$ | Gaussian over heads |
    | `1/d` | $\sigma_g d^{-1}\langle Qx_p, Qx_q\rangle/C$ | $\sigma_g\Sigma_{pq}$, not random |

    Entries of all matrices are standard normal. With `1/d` queries and keys share their matrix:
    independent ones would make all logits vanish. There is no mask and no encoding of positions;
    `Bias(shared=False)` in front is a random one.

    Args:
        features: number of outgoing features.
        heads: $H$.
        head_features: $d$.
        scaling: a row of the table.
        nonlinearity: $\zeta$, an activation, or `softmax` over $q$. The identity is linear
            attention.
        weight_std: $\sigma_w$.
        logit_std: $\sigma_g$.
        trained: whether gradient descent moves the layer's parameters.

    References:
        Hron, Bahri, Sohl-Dickstein, Novak (2020), arXiv 2006.10540, sections 2 and 3; Vaswani
        et al. (2017), arXiv 1706.03762, section 3.2.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Attention(8, 4, 16), sf.Flatten(), sf.Dense(1))
        >>> sf.limit_kernel(network, jax.numpy.ones((2, 5, 3))).ntk.shape
        (2, 2)
    """

    features: int
    heads: int
    head_features: int
    scaling: Scaling = "1/sqrt(d)"
    nonlinearity: Activation | Literal["softmax"] = dataclasses.field(default_factory=Identity)
    weight_std: float = 1.0
    logit_std: float = 1.0
    trained: bool = True

    def __post_init__(self) -> None:
        counts = self.features, self.heads, self.head_features
        if min(counts) < 1:
            raise InvalidInputError(
                "`Attention(features=..., heads=..., head_features=...)` must be at least 1. Got "
                f"{counts}. Without heads, or features of a head, nothing is seen. "
                "Write 1 or more of each."
            )
        if not (0.0 < self.weight_std < math.inf and 0.0 < self.logit_std < math.inf):
            raise InvalidInputError(
                "`Attention(weight_std=..., logit_std=...)` must be positive and finite. Got "
                f"{self.weight_std} and {self.logit_std}. They are standard deviations."
            )
        if self.scaling not in Scaling.__args__:
            raise UnknownNameError("`Attention(scaling=...)`", self.scaling, Scaling.__args__)
        if not isinstance(self.nonlinearity, Activation) and self.nonlinearity != "softmax":
            raise UnknownNameError("`Attention(nonlinearity=...)`", self.nonlinearity, ["softmax"])

    @property
    def tied(self) -> bool:
        """Whether queries and keys share their matrix."""
        return self.scaling == "1/d"

    def output_shape(self, input_shape: Shape) -> Shape:
        """The same positions, `features` channels."""
        if len(input_shape) < 2:
            raise InvalidInputError(
                "`Attention` must be given examples with positions and channels. Got examples of "
                f"shape {input_shape}. Positions attend to each other: sequences have the shape "
                "(length, channels). Use `Dense` on vectors."
            )
        return (*input_shape[:-1], self.features)

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"q", "k", "v": (heads, d, channels), "o": (features, heads x d)}`; tied without `k`."""
        self.output_shape(input_shape)
        dtype, inside = jnp.zeros(()).dtype, (self.heads, self.head_features, input_shape[-1])
        outside = (self.features, self.heads * self.head_features)
        shapes = {"q": inside, "v": inside, "o": outside} | ({} if self.tied else {"k": inside})
        keys = jax.random.split(key, len(shapes))
        return {
            name: jax.random.normal(own, shape, dtype)
            for own, (name, shape) in zip(keys, shapes.items(), strict=True)
        }

    def attended(self, logits: Float[Array, "*batch p p"]) -> Float[Array, "*batch p p"]:
        r"""$\zeta(G)$."""
        if isinstance(self.nonlinearity, Activation):
            return self.nonlinearity(logits)
        return jax.nn.softmax(logits, axis=-1)

    def apply(
        self, params: Params, x: Float[Array, "n *space channels"]
    ) -> Float[Array, "n *space features"]:
        """What every position sees."""
        rows = x.reshape(x.shape[0], -1, x.shape[-1]) / math.sqrt(x.shape[-1])

        def per_head(name: str) -> Float[Array, "n h p d"]:
            return jnp.einsum("npc,hdc->nhpd", rows, params[name])

        queries = per_head("q")
        keys = queries if self.tied else per_head("k")
        power = 1.0 if self.tied else 0.5
        logits = jnp.einsum("nhpd,nhqd->nhpq", queries, keys)
        weights = self.attended(self.logit_std * self.head_features**-power * logits)
        seen = jnp.einsum("nhpq,nhqd->nphd", weights, per_head("v"))
        seen = seen.reshape(*rows.shape[:2], self.heads * self.head_features)
        scale = self.weight_std / math.sqrt(self.heads * self.head_features)
        return (scale * (seen @ params["o"].T)).reshape(*x.shape[:-1], self.features)

    def kernel(self, k: Kernel) -> Kernel:
        r"""Weights, independent of the values, times the covariances of what they weigh.

        $\Sigma_{pp'} \to \sigma_w^2\sum_{qq'}S_{pq,p'q'}\Sigma_{qq'}$ with
        $S = E[\zeta(G_{pq})\zeta(G'_{p'q'})]$, where the covariance of logits is
        $\sigma_g^2\Sigma_{pp'}\Sigma_{qq'}$, or with `1/d` they are $\sigma_g\Sigma_{pq}$. See
        `surefit.layers.attention_limits` for the tangent kernel.

        Cost: with `1/d`, and for the identity, a few operations on the covariances of all pairs of
            positions; otherwise duals of all quadruples of positions.

        Raises:
            InvalidInputError: softmax of Gaussian logits, whose covariances have no known form.
            MemoryLimitError: the quadruples of positions would not fit into memory.
        """
        from surefit.layers.attention_limits import fixed_logits, gaussian_logits, linear_logits

        require_cross_positions("Attention", k)
        own, gain = float(self.trained), self.weight_std**2
        if self.tied:
            nngp, ntk, variances = fixed_logits(k, self.attended, self.logit_std, own)
        elif isinstance(self.nonlinearity, Identity):
            nngp, ntk, variances = linear_logits(k, self.logit_std, own)
        elif isinstance(self.nonlinearity, Activation):
            nngp, ntk, variances = gaussian_logits(k, self.nonlinearity, self.logit_std, own)
        else:
            raise InvalidInputError(
                "`Attention.kernel`: the nonlinearity must have a known dual where logits are "
                "random. Got 'softmax' with scaling '1/sqrt(d)'. The logits of a row are then "
                "jointly Gaussian, and the expectation of a product of two softmax weights has no "
                "closed form. Write scaling='1/d', whose logits are not random, or an activation, "
                "for example nonlinearity=Relu()."
            )
        return dataclasses.replace(
            k,
            nngp=gain * nngp,
            ntk=gain * ntk,
            variance1=gain * variances[0],
            variance2=gain * variances[1],
            width=self.features,
            gaussian=True,
            behind=None,
        )

    def needs_cross_positions(self, wanted: bool) -> bool:
        """Always: what a position sees contains the covariances of what all positions are."""
        return True

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """The activation of the logits."""
        return cls(8, 16, max(width // 4, 1), nonlinearity=activation, logit_std=0.5), (3, 2)

    def trainable(self, params: Params) -> PyTree[bool]:
        """All or nothing, as `trained` says."""
        return jax.tree.map(lambda _: self.trained, params)
