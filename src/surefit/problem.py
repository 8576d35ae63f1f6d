"""A network, a loss and data: what a theorem speaks about and what training works on."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.arguments import as_numbers, require_instance
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params
from surefit.core.own_params import explained
from surefit.core.precision import as_float64, float64
from surefit.errors import InvalidInputError
from surefit.losses import HalfSquared, Loss
from surefit.tangent.gram import jacobian, tangent_kernel
from surefit.tangent.limit import limit_kernel
from surefit.tangent.moving import trained_part

__all__ = ["Problem", "require_problem"]

FloatArray = Float[Array, "..."] | Float[np.ndarray, "..."]


class Problem(eqx.Module):
    """A network, a loss and data, in float64 whatever JAX is set to.

    Residuals, Jacobians and Gram matrices order their rows sample by sample, outputs innermost:
    row `i * k + r` belongs to output r of sample i.

    Args:
        network: any layer; its output per example must be a vector.
        x: inputs, one example per row.
        y: targets, (n, k) or (n,) for one output.
        loss: half the sum of squares unless said otherwise.

    Raises:
        InvalidInputError: shapes do not fit, or the data is empty or not finite.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> x = np.eye(3)
        >>> problem = sf.Problem(sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(1)), x, np.ones(3))
        >>> problem.gram(problem.init(0)).shape
        (3, 3)
    """

    network: Layer = eqx.field(static=True)
    x: FloatArray
    y: FloatArray
    loss: Loss = eqx.field(static=True)

    def __init__(self, network: Layer, x: Any, y: Any, loss: Loss | None = None) -> None:
        self.network = network
        self.loss = loss if loss is not None else HalfSquared()
        advice = "Write an instance, such as `sf.HalfSquared()`, the default."
        require_instance("`Problem(loss=...)`", self.loss, Loss, "a loss", advice)
        x, y = as_numbers("`Problem(x=...)`", x), as_numbers("`Problem(y=...)`", y)
        y = y[:, None] if y.ndim == 1 else y
        _validate(network, x, y)
        self.loss.require_targets(y)
        with jax.enable_x64(True):
            self.x, self.y = jnp.asarray(x), jnp.asarray(y)

    @property
    def samples(self) -> int:
        """n."""
        return self.x.shape[0]

    @property
    def outputs(self) -> int:
        """k."""
        return self.y.shape[1]

    @property
    def residuals(self) -> int:
        """n k, the number of equations that an interpolating network solves."""
        return self.samples * self.outputs

    def parameters(self, params: Params) -> int:
        """p, the number of trained scalars."""
        moving, _ = trained_part(self.network, params)
        return sum(leaf.size for leaf in jax.tree.leaves(moving))

    @float64
    def init(self, seed: int | Array = 0) -> Params:
        """Random parameters in float64 from an integer seed or a JAX key.

        Raises:
            InvalidInputError: it is neither, or the seed is negative.
        """
        if isinstance(seed, int | np.integer):
            _require_seed(int(seed))
        key = jax.random.key(seed) if isinstance(seed, int | np.integer) else seed
        require_instance(
            "`Problem.init(seed=...)`",
            key,
            jax.Array,
            "a whole number or a JAX key",
            "It decides the draw. Write `problem.init(0)`.",
        )
        return self.network.init(key, self.x.shape[1:])

    @float64
    def predict(self, params: Params, x: Any | None = None) -> Float[Array, "n k"] | np.ndarray:
        """The network's outputs on `x`, or on the problem's inputs."""
        x = self.x if x is None else jnp.asarray(x, jnp.float64)
        with explained("Problem.predict", self.network, params, self.x.shape[1:]):
            return self.network.apply(as_float64(params), x)

    @float64
    def residual(self, params: Params) -> Float[Array, " nk"] | np.ndarray:
        """f - y, flattened."""
        return (self.predict(params) - self.y).reshape(-1)

    @float64
    def objective(self, params: Params) -> Float[Array, ""] | np.ndarray:
        """The loss of the network's outputs."""
        return self.loss(self.predict(params), self.y)

    @float64
    def jacobian(self, params: Params) -> Float[Array, "nk p"] | np.ndarray:
        """Gradients of all outputs with respect to all trained parameters, one row each."""
        with explained("Problem.jacobian", self.network, params, self.x.shape[1:]):
            rows = jacobian(self.network, as_float64(params), self.x)
        return rows.reshape(self.residuals, -1)

    @float64
    def gram(self, params: Params) -> Float[Array, "nk nk"] | np.ndarray:
        r"""The empirical tangent kernel $JJ^\top$ on the data.

        Cost: see `surefit.tangent.tangent_blocks`; never forms J for networks of dense layers.
        """
        with explained("Problem.gram", self.network, params, self.x.shape[1:]):
            return _gram(self, as_float64(params))

    @float64
    def gram_product(
        self, params: Params, v: Float[Array, " nk"] | np.ndarray
    ) -> Float[Array, " nk"] | np.ndarray:
        r"""$JJ^\top v$ without any matrix: one backward and one forward pass."""
        return _gram_product(self, as_float64(params), jnp.asarray(v, jnp.float64))

    @float64
    def limit(self) -> Kernel:
        """NNGP and tangent kernel on the data in the limit of infinite width, per output."""
        return limit_kernel(self.network, self.x)

    def split(self, params: Params) -> tuple[Params, Params]:
        """(trained, fixed) parameters, to be joined by `equinox.combine`."""
        return eqx.partition(params, self.network.trainable(params))


@eqx.filter_jit
def _gram(problem: Problem, params: Params) -> Float[Array, "nk nk"]:
    kernel = tangent_kernel(problem.network, params, problem.x)
    return kernel.reshape(problem.residuals, problem.residuals)


@eqx.filter_jit
def _gram_product(problem: Problem, params: Params, v: Float[Array, " nk"]) -> Float[Array, " nk"]:
    moving, apply = trained_part(problem.network, params)

    def outputs(part: Params) -> Float[Array, " nk"]:
        return apply(part, problem.x).reshape(-1)

    _, pull = jax.vjp(outputs, moving)
    return jax.jvp(outputs, (moving,), pull(v))[1]


def require_problem(call: str, problem: Any) -> None:
    """Refuse what is no problem.

    Args:
        call: the function that was called.
        problem: what it was given.

    Raises:
        InvalidInputError: it is something else.
    """
    advice = "It holds the network, the data and the loss. Write `sf.Problem(network, x, y)`."
    require_instance(f"`{call}(problem=...)`", problem, Problem, "a problem", advice)


def _require_seed(seed: int) -> None:
    if seed < 0:
        raise InvalidInputError(
            f"`Problem.init(seed=...)` must be a whole number of at least 0. Got {seed}. It "
            "decides the draw. Write 0."
        )


def _validate(network: Layer, x: np.ndarray, y: np.ndarray) -> None:
    if not isinstance(network, Layer):
        raise InvalidInputError(
            f"`Problem(network=...)` must be a layer. Got {type(network).__name__}. Compose one, "
            "for example `Serial(Dense(512), Tanh(), Dense(1))`."
        )
    if x.ndim < 2 or x.shape[0] == 0 or x.size == 0:
        raise InvalidInputError(
            "`Problem(x=...)` must hold at least one example per row, with features. Got shape "
            f"{x.shape}. One example is one row; write `x[None, :]` for a single example."
        )
    if y.ndim != 2 or y.shape[0] != x.shape[0]:
        raise InvalidInputError(
            f"`Problem(y=...)` must have one row per example: ({x.shape[0]}, k) or "
            f"({x.shape[0]},). Got shape {y.shape}. Rows of x and y belong together. "
            "Pass a target for every example."
        )
    for name, array in (("x", x), ("y", y)):
        bad = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
        if bad.size:
            raise InvalidInputError(
                f"`Problem({name}=...)` must be finite. Got NaN or infinity in rows "
                f"{bad[:10].tolist()}{' and more' if bad.size > 10 else ''}. No theorem speaks of "
                "them; remove or impute these rows."
            )
    shape = network.output_shape(x.shape[1:])
    if shape != (y.shape[1],):
        raise InvalidInputError(
            f"`Problem(network=..., y=...)` must agree on the number of outputs. Got a network "
            f"with outputs of shape {shape} and targets of shape {(y.shape[1],)} per example. Give "
            "the last `Dense` as many features as y has columns."
        )
