"""The extension point of training methods: how parameters move."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PRNGKeyArray

from surefit.core.catalogue import snake_case
from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.costs import gradient_flops
from surefit.training.evaluation import Evaluation
from surefit.training.numbers import is_auto

__all__ = ["Method"]


class Method(eqx.Module):
    """How parameters move.

    To add one, write a subclass in a new file of `surefit/training/methods/` with `start` and
    `step`, both pure functions of their arguments: they are compiled. Fields that are floats may
    change without compiling again; everything else (integers, names) belongs into
    `equinox.field(static=True)`. Randomness comes from the key that `step` is given, which depends
    on the seed and on the number of the step only, so that a resumed run sees the same.

    The `state` of a method is a pytree of arrays of fixed shapes. If it contains the loss at the
    current parameters, `evaluation` returns it: loss and squared residual are then recorded at
    every step, and a run stops at exactly the step that reaches its target.

    Attributes:
        single_precision: whether the method can also step in float32, the precision of the
            parameters that it is given.
    """

    single_precision: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name in the catalogue; a class attribute `name` overrides it."""
        return snake_case(type(self).__name__)

    @property
    def spacing(self) -> float:
        """What a trajectory reports as the step size."""
        return float(getattr(self, "step_size", 1.0))

    @property
    def clock(self) -> float:
        """How much time one step takes: 1 where time is counted in steps."""
        return 1.0

    def settle(self, problem: Problem, params: Params, steps: int) -> Method:
        """The method with every `"auto"` replaced by a number, and its arguments checked.

        Raises:
            InvalidInputError: an argument does not suit the problem.
        """
        return self

    def numbers(self) -> dict[str, float | str]:
        """The fields that are numbers or `"auto"`: what `settle` may have changed."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: x for name, x in fields.items() if isinstance(x, float) or is_auto(x)}

    def identity(self, steps: int) -> str:
        """A text that differs between methods that move differently, before `settle`."""
        return repr(self)

    @abc.abstractmethod
    def start(self, problem: Problem, moving: Params, fixed: Params) -> Any:
        """The state at the first parameters."""

    @abc.abstractmethod
    def step(
        self,
        problem: Problem,
        moving: Params,
        fixed: Params,
        state: Any,
        *,
        step: Int[Array, ""],
        key: PRNGKeyArray,
    ) -> tuple[Params, Any]:
        """The trained parameters and the state after one step.

        Args:
            problem: network, loss and data.
            moving: the trained parameters.
            fixed: the others; `surefit.core.tree.combine` joins both.
            state: what the previous step (or `start`) left.
            step: how many steps were made before.
            key: randomness of this step alone.
        """

    def evaluation(self, state: Any) -> Evaluation | None:
        """Loss and gradient at the current parameters, where the state holds them."""
        return None

    def healthy(self, state: Any) -> Bool[Array, ""]:
        """False ends the run before this step, with `complaint` in the message."""
        return jnp.asarray(True)

    def complaint(self, problem: Problem, params: Params) -> str:
        """Why the run ended where a step was not `healthy` or its loss not finite, if known."""
        return ""

    def sharpness(self, problem: Problem, params: Params) -> float | None:
        """The largest curvature of the loss that a step can meet, bounded from above.

        Steps longer than two over it are unstable. None where no step size is to blame.
        """
        return None

    def flops(self, problem: Problem, params: Params) -> float:
        """Rough number of floating-point operations of one step."""
        return gradient_flops(params, problem.samples)
