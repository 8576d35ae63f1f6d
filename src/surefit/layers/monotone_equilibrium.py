"""An equilibrium that exists for every value of its weights."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from surefit.activations import Activation, Relu
from surefit.core.arguments import require_reals, require_whole
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError
from surefit.implicit import PeacemanRachford, Solver
from surefit.implicit.monotone import require_proximal
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial
from surefit.layers.states import StateLayer

__all__ = ["MonotoneEquilibrium"]


@dataclasses.dataclass(frozen=True)
class MonotoneEquilibrium(StateLayer):
    r"""$h = \phi(Wh + x)$ with $W = (1-\mu)I - A^\top A + B - B^\top$.

    Then $I - W$ is strongly monotone: its symmetric part is at least $\mu I$. The equilibrium
    exists, is unique and depends on the input with a Lipschitz constant of at most $1/\mu$, for all
    matrices $A$ and $B$ and every activation with slopes in $[0, 1]$: gradient descent cannot lose
    it, and the norm of $W$ may be far above 1.

    The matrices are $\frac{\sigma}{\sqrt m}$ times the parameters, which start standard normal.

    Args:
        features: $m$, the features of state and input.
        activation: $\phi$, nondecreasing with slopes of at most 1.
        margin: $\mu$, in $(0, 1]$.
        weight_std: $\sigma$.
        trained: whether gradient descent moves $A$ and $B$.
        solver: how the equilibrium is found; `PeacemanRachford`, `ForwardBackward` and `Newton`
            need no more than monotonicity.
        throw: where a sample does not converge: raise `NumericalError` (inside compiled code, where
            nothing can be raised, its output is NaN). False: the last iterate, as it is.

    References:
        Winston, Kolter (2020), Monotone operator equilibrium networks, section 3.1 and appendix D.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(16), sf.MonotoneEquilibrium(16), sf.Dense(1))
        >>> params = network.init(jax.random.key(0), (3,))
        >>> network.apply(params, jax.numpy.ones((2, 3))).shape
        (2, 1)
    """

    features: int
    activation: Activation = dataclasses.field(default_factory=Relu)
    margin: float = 0.1
    weight_std: float = 0.5
    trained: bool = True
    solver: Solver = dataclasses.field(default_factory=PeacemanRachford)
    throw: bool = True

    def __post_init__(self) -> None:
        require_whole(
            "`MonotoneEquilibrium(features=...)`", self.features, "It counts features. Write 512."
        )
        require_reals(
            "`MonotoneEquilibrium(weight_std=..., margin=...)`", self.weight_std, self.margin
        )
        self.require_parts()
        if not 0.0 < self.margin <= 1.0:
            raise InvalidInputError(
                f"`MonotoneEquilibrium(margin=...)` must lie in (0, 1]. Got {self.margin}. It is "
                "the strong monotonicity of I - W: without it the equilibrium need not exist, and "
                "above 1 the weights could not vanish. Use 0.1."
            )
        if not 0.0 < self.weight_std < math.inf:
            raise InvalidInputError(
                "`MonotoneEquilibrium(weight_std=...)` must be positive and finite. Got "
                f"{self.weight_std}. It is the size of the matrices A and B. Use 0.5."
            )
        require_proximal("MonotoneEquilibrium(activation=...)", self.activation)

    def matrix(self, params: Params) -> Float[Array, "m m"]:
        """$W$, what the state is multiplied by."""
        scale = self.weight_std / math.sqrt(self.features)
        a, b = scale * params["a"], scale * params["b"]
        return (1.0 - self.margin) * jnp.eye(self.features, dtype=a.dtype) - a.T @ a + b - b.T

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"a": (features, features), "b": (features, features)}`."""
        self.output_shape(input_shape)
        shape, dtype = (self.features,) * 2, jnp.zeros(()).dtype
        key_a, key_b = jax.random.split(key)
        return {
            "a": jax.random.normal(key_a, shape, dtype),
            "b": jax.random.normal(key_b, shape, dtype),
        }

    def kernel(self, k: Kernel) -> Kernel:
        """None is known.

        Raises:
            InvalidInputError: always.
        """
        raise InvalidInputError(
            "`MonotoneEquilibrium.kernel`: the limit of infinite width must be known. It is not: W "
            "contains A^T A, whose entries are not independent, and the state is correlated with "
            "both factors; the recursion of covariances of independent Gaussian weights does not "
            "apply. Use `Equilibrium`, or the empirical kernel."
        )

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """A network whose limit is not known."""
        return Serial(Dense(width), cls(width), activation, Dense(4)), (3,)
