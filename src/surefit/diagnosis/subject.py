"""The function, its moving parameters and the data that a diagnosis is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from surefit.core.layer import Layer, Params
from surefit.core.tree import count, leaf_names
from surefit.losses import Loss
from surefit.tangent.footprint import bytes_per_example

__all__ = ["Subject"]

# A kernel computed in lower precision is off by so many units of its rounding times the largest
# eigenvalue: 1e-6 in float32. A rule of experience, no bound.
_UNITS = 8.0


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A network at given weights on given data, checked.

    Args:
        network: a layer, or a function of the moving parameters and of a batch.
        params: what `network` takes; of a function the moving parameters only.
        moving: the parameters that move, every leaf floating.
        apply: `f(moving, x)` of a batch, outputs of the shape (n, k).
        fixed: names of arrays that do not move.
        x: inputs, one example per row.
        y: targets, (n, k), float64.
        labels: the class of every example; None: targets are numbers.
        loss: of outputs and targets.
        unit: the distance from 1 to the next number in the narrowest type that the function
            computes in.
    """

    network: Layer | Callable
    params: Params
    moving: Params
    apply: Callable
    fixed: tuple[str, ...]
    x: Shaped[Array, "n ..."]
    y: Float[Array, "n k"]
    labels: np.ndarray | None
    loss: Loss
    unit: float

    @property
    def double(self) -> bool:
        """Whether the function computes in float64 throughout."""
        return self.unit <= float(np.finfo(np.float64).eps)

    @property
    def precision(self) -> str:
        """The name of the narrowest type."""
        names = {2.0**-52: "float64", 2.0**-23: "float32", 2.0**-10: "float16", 2.0**-7: "bfloat16"}
        return names.get(self.unit, "low precision")

    @property
    def samples(self) -> int:
        """n."""
        return len(self.x)

    @property
    def outputs(self) -> int:
        """k."""
        return self.y.shape[1]

    @property
    def residuals(self) -> int:
        """n k."""
        return self.samples * self.outputs

    @property
    def parameters(self) -> int:
        """p, the number of moving scalars."""
        return count(self.moving)

    @property
    def relative_error(self) -> float:
        """What forming a kernel may lose, as a share of its largest eigenvalue."""
        return self.unit * (self.residuals if self.double else _UNITS)

    @property
    def scale(self) -> float | None:
        r"""$c$ where the loss is $c\\|f - y\\|^2$; None otherwise."""
        return self.loss.residual_scale(self.samples)

    def parts(self) -> tuple[str, ...]:
        """Names of the moving leaves."""
        return leaf_names(self.moving)

    def predictions(self, moving: Params | None = None) -> Float[Array, "n k"]:
        """The outputs on the data, in float64."""
        found = _outputs(self.apply, self.moving if moving is None else moving, self.x)
        return found.astype(jnp.float64)

    def on(self, rows: np.ndarray) -> Subject:
        """The same network on some of the samples; a mean is one over these."""
        labels = None if self.labels is None else self.labels[rows]
        return dataclasses.replace(self, x=self.x[rows], y=self.y[rows], labels=labels)

    def at(self, moving: Params) -> Subject:
        """The same function at other parameters."""
        if not isinstance(self.network, Layer):
            return dataclasses.replace(self, params=moving, moving=moving)
        _, fixed = eqx.partition(self.params, self.network.trainable(self.params))
        return dataclasses.replace(self, params=eqx.combine(moving, fixed), moving=moving)

    def flat(self) -> Float[Array, " p"]:
        """The moving parameters in one vector."""
        return jax.flatten_util.ravel_pytree(self.moving)[0]

    def unflatten(self, vector: Any) -> Params:
        """A vector back in the form of the moving parameters."""
        flat, back = jax.flatten_util.ravel_pytree(self.moving)
        return back(jnp.asarray(vector, flat.dtype))

    def product_bytes(self) -> int:
        """What a product with the Hessian holds: everything computed from all samples, twice."""
        per_example = bytes_per_example(self.apply, self.moving, self.x)
        return 2 * self.samples * per_example + 32 * self.parameters


@eqx.filter_jit
def _outputs(apply: Callable, moving: Params, x: Shaped[Array, "n ..."]) -> Float[Array, "n k"]:
    with jax.default_matmul_precision("highest"):
        return apply(moving, x)
