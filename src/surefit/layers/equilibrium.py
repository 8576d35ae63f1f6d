"""Infinitely many layers with the same weights: the state at which they stand still."""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import Literal

from jaxtyping import Array, Float, PRNGKeyArray

from surefit.activations import Activation, Relu
from surefit.core.arguments import require_reals, require_whole
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.implicit import Picard, Solver
from surefit.implicit.well_posedness.projection import Projection, project_weights
from surefit.layers.dense import Dense
from surefit.layers.serial import Serial
from surefit.layers.states import StateLayer
from surefit.layers.weights import Parameterisation, draw_weights, weight_scales

__all__ = ["Equilibrium", "EquilibriumWarning"]

EquilibriumDistribution = Literal["gaussian", "rademacher", "uniform", "non_negative"]


class EquilibriumWarning(UserWarning):
    """An equilibrium need not exist; the solver reports whether it does."""


@dataclasses.dataclass(frozen=True)
class Equilibrium(StateLayer):
    r"""$h = \phi(a\,Wh + x)$: the fixed point of a layer that sees its own output and the input.

    The input $x$, of as many features as the state, is what the layers before it make of the data:
    `Serial(Dense(m), Equilibrium(m), Dense(1))`. Factor $a$ and entries of $W$ as in the table of
    `Dense`; with `ntk`, $a = \gamma/\sqrt m$ and standard normal entries, $\gamma$ being
    `weight_std`. The operator norm of $aW$ tends to $2\gamma$ for wide layers; below 1 (times the
    Lipschitz constant of $\phi$) the equilibrium exists and is unique for every input. That is
    sufficient and not necessary: above it, the solver says sample by sample whether it was found.

    Args:
        features: $m$, the features of state and input.
        activation: $\phi$.
        weight_std: $\gamma$.
        parameterisation: a row of the table of `Dense`.
        distribution: of the entries of $W$: `gaussian`, `rademacher`, `uniform`, or `non_negative`
            (absolute values of Gaussians, scaled so that the operator norm of $aW$ is about
            $\gamma$).
        trained: whether gradient descent moves $W$.
        solver: how the equilibrium is found; see `surefit.implicit`.
        throw: where a sample does not converge: raise `NumericalError` (inside compiled code, where
            nothing can be raised, its output is NaN). False: the last iterate, as it is.
        norm_bound: after every step of descent $\|aW\|_2$ is brought back to at most this number;
            None: never. Theorems are about descent without it: they cover a run only while the
            bound is not reached.
        projection: how: the whole matrix by one factor (`rescale`, a smaller $\gamma$), or its
            singular values above the bound cut off (`clip`, the nearest matrix).

    References:
        Bai, Kolter, Koltun (2019), Deep equilibrium models, section 3; Gao, Liu, Liu, Rajan, Gao
        (2022), equations (1)-(3).

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(64), sf.Equilibrium(64, weight_std=0.3), sf.Dense(1))
        >>> params = network.init(jax.random.key(0), (3,))
        >>> network.apply(params, jax.numpy.ones((2, 3))).shape
        (2, 1)
    """

    features: int
    activation: Activation = dataclasses.field(default_factory=Relu)
    weight_std: float = 0.25
    parameterisation: Parameterisation = "ntk"
    distribution: EquilibriumDistribution = "gaussian"
    trained: bool = True
    solver: Solver = dataclasses.field(default_factory=Picard)
    throw: bool = True
    norm_bound: float | None = None
    projection: Projection = "rescale"

    @property
    def homogeneous(self) -> bool:
        """Where the activation is."""
        return self.activation.homogeneous

    # What taps of weight gradients ask every layer of weights for.
    bias_std = None

    def __post_init__(self) -> None:
        require_whole(
            "`Equilibrium(features=...)`", self.features, "It counts features. Write 512."
        )
        require_reals(
            "`Equilibrium(weight_std=..., norm_bound=...)`", self.weight_std, self.norm_bound
        )
        self.require_parts()
        if not 0.0 < self.weight_std < math.inf:
            raise InvalidInputError(
                "`Equilibrium(weight_std=...)` must be positive and finite. Got "
                f"{self.weight_std}. It is gamma, the size of the weights inside the equilibrium; "
                "below 1/2 (over the Lipschitz constant of the activation) wide layers are "
                "contractions. Use 0.25."
            )
        for kind, name, known in (
            ("parameterisation", self.parameterisation, Parameterisation.__args__),
            ("distribution", self.distribution, EquilibriumDistribution.__args__),
            ("projection", self.projection, Projection.__args__),
        ):
            if name not in known:
                raise UnknownNameError(f"`Equilibrium({kind}=...)`", name, known)
        if self.norm_bound is not None and not self.norm_in_the_limit < self.norm_bound < math.inf:
            raise InvalidInputError(
                "`Equilibrium(norm_bound=...)` must be finite and above the operator norm at the "
                f"start, which is about {self.norm_in_the_limit:g} for wide layers with weight_std="
                f"{self.weight_std:g}. Got {self.norm_bound}. The first step would otherwise "
                "change all weights at once. Use a smaller `weight_std`, or a bound just below 1 "
                "(over the Lipschitz constant of the activation)."
            )
        if self.norm_in_the_limit * self.activation.lipschitz > 1.0:
            warnings.warn(
                f"Equilibrium(weight_std={self.weight_std:g}): the operator norm of the weights "
                f"is about {self.norm_in_the_limit:g} for wide layers, which times the Lipschitz "
                f"constant {self.activation.lipschitz:g} of the activation is above 1. The "
                "equilibrium may not exist for every input; the solver reports where it does not.",
                EquilibriumWarning,
                stacklevel=3,
            )

    @property
    def norm_in_the_limit(self) -> float:
        r"""$\lim\|aW\|$ at the start: $2\gamma$, for non-negative entries $\gamma$."""
        scale, std = weight_scales(self.parameterisation, self.features, self.weight_std)
        gain = scale * std * math.sqrt(self.features)
        return gain if self.distribution == "non_negative" else 2.0 * gain

    def scales(self, width: int) -> tuple[float, float, float, float]:
        """(a, std of W, 0, 0), as `Dense.scales`."""
        return (*weight_scales(self.parameterisation, width, self.weight_std), 0.0, 0.0)

    def matrix(self, params: Params) -> Float[Array, "m m"]:
        """$aW$, what the state is multiplied by."""
        return self.scales(self.features)[0] * params["w"]

    def init(self, key: PRNGKeyArray, input_shape: Shape) -> Params:
        """`{"w": (features, features)}`."""
        self.output_shape(input_shape)
        _, std, _, _ = self.scales(self.features)
        return {"w": std * draw_weights(key, (self.features,) * 2, self.distribution)}

    def kernel(self, k: Kernel) -> Kernel:
        """The covariances of the state, from a fixed point of covariances.

        The input is Gaussian (behind `Dense`), or rectified Gaussian (behind `Dense` and `Relu`)
        with a rectifier inside.
        """
        from surefit.implicit.limits import gaussian_injection, rectified_injection

        if self.distribution == "non_negative":
            raise InvalidInputError(
                "`Equilibrium.kernel`: the weights must have mean zero. Got the distribution "
                "'non_negative'. All features then share a direction, and no limit of their "
                "covariances is known. Use 'gaussian', 'rademacher' or 'uniform'."
            )
        scale, std, _, _ = self.scales(self.features)
        gain = scale * std * math.sqrt(self.features)
        if k.gaussian:
            return gaussian_injection(k, self.activation, gain, self.trained)
        if k.behind is None:
            raise InvalidInputError(
                "`Equilibrium.kernel`: the input must come from a random linear layer, with or "
                "without an activation. Got raw inputs, or features whose source is not known. "
                "Every feature of the state then sees an input of its own, and there is no single "
                "law of them. Put a `Dense` layer before it."
            )
        return rectified_injection(k, self.activation, gain, self.trained)

    def project(self, params: Params) -> Params:
        """The weights with an operator norm of at most `norm_bound`, if they are trained."""
        if self.norm_bound is None or not self.trained:
            return params
        bound = self.norm_bound / self.scales(self.features)[0]
        return {"w": project_weights(params["w"], bound, self.projection)}

    @classmethod
    def example(cls, activation: Layer, width: int) -> tuple[Layer, Shape]:
        """A small contraction of Gaussian inputs."""
        return Serial(Dense(width), cls(width, activation, 0.15), Dense(4)), (3,)
