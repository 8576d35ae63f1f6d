"""Gradient flow, integrated with error control."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from surefit.core.layer import Params
from surefit.core.projection import projects
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.costs import gradient_flops
from surefit.training.evaluation import Evaluation, evaluate
from surefit.training.method import Method
from surefit.training.numbers import is_auto, number_or_auto, require_positive
from surefit.training.sharpness import gram_largest, loss_smoothness

__all__ = ["GradientFlow"]


class FlowState(NamedTuple):
    """Where the flow is: loss and gradient, a first guess of the next step, success so far."""

    evaluation: Evaluation
    guess: Float[Array, ""]
    succeeded: Bool[Array, ""]


class GradientFlow(Method):
    r"""Gradient flow, integrated with adaptive steps.

    $$\dot\theta = -\nabla L(\theta).$$

    The steps of `train` are records, at equal distances of time; the integrator chooses its own
    steps in between. With `time` = `"auto"` a record is made every $1/(\beta\lambda_{\max})$, the
    automatic step of `GradientDescent`, so that both methods cover the same time in as many steps.

    An explicit solver needs about $\beta\lambda_{\max}t/3$ steps for a time $t$, whatever the
    tolerance: the slow directions make the loss decay like $e^{-2\beta\lambda_{\min}t}$ while the
    fastest one limits the step, which is what "stiff" means here. An implicit solver
    (`diffrax.Kvaerno5()`) has no such limit, but factorises a $p \times p$ matrix for $p$
    parameters: worth it up to a few thousand.

    Args:
        time: when to stop, or `"auto"`.
        interval: the time between two records, instead of `time`; such a run can be prolonged
            by more steps.
        rtol: relative tolerance of one step of the integrator.
        atol: its absolute tolerance.
        solver: a solver of diffrax; None: `Tsit5()`.
        max_steps: how many steps it may take between two records. A flow that needs more ends with
            the status `diverged` and a message.

    References:
        P. Kidger, On Neural Differential Equations (2021), chapter 5 (the integrator).
    """

    time: float | str = eqx.field(default="auto", converter=number_or_auto)
    interval: float | None = eqx.field(default=None, converter=number_or_auto)
    rtol: float = eqx.field(default=1e-7, converter=number_or_auto)
    atol: float = eqx.field(default=1e-9, converter=number_or_auto)
    solver: Any = eqx.field(default=None, static=True)
    max_steps: int = eqx.field(default=100_000, static=True)

    def __check_init__(self) -> None:
        why = "The flow is followed from time 0 on."
        require_positive(self.time, "GradientFlow(time=...)", why)
        if self.interval is not None:
            require_positive(self.interval, "GradientFlow(interval=...)", why, auto=False)
        tolerances = {"rtol": self.rtol, "atol": self.atol}
        for name, value in tolerances.items():
            require_positive(
                value, f"GradientFlow({name}=...)", "It bounds the error of a step.", auto=False
            )
        if self.max_steps < 1:
            raise InvalidInputError(
                f"`GradientFlow(max_steps=...)` must be at least 1. Got {self.max_steps}. Without "
                "a step there is no next record. Leave it out for 100 000."
            )
        if self.interval is not None and not is_auto(self.time):
            raise InvalidInputError(
                "`GradientFlow(time=..., interval=...)` must be given one of the two. Got "
                f"time={self.time} and interval={self.interval}. The steps of `train` are the "
                "records: their number times the interval is the time. Leave one out."
            )

    @property
    def spacing(self) -> float:
        """The time between records."""
        return self.clock

    @property
    def clock(self) -> float:
        """The time between records."""
        return float(self.interval)

    def identity(self, steps: int) -> str:
        """With a given end the number of records decides where they are."""
        return repr(self) if is_auto(self.time) else f"{self!r} in {steps} records"

    def settle(self, problem: Problem, params: Params, steps: int) -> Method:
        """The time between records as a number.

        Raises:
            InvalidInputError: the loss has no bounded curvature to take it from; the network has
                layers that project.
        """
        if projects(problem.network, params):
            raise InvalidInputError(
                "`GradientFlow` must be given a network without projections. Got layers with a "
                "`norm_bound`. A projection follows a step, and a flow has none. Use "
                "`GradientDescent`, or leave `norm_bound` out."
            )
        if self.interval is not None:
            return self
        if is_auto(self.time):
            smoothness = loss_smoothness(problem, 'GradientFlow(time="auto")')
            interval = 1.0 / (smoothness * gram_largest(problem, params))
        else:
            interval = self.time / max(steps, 1)
        return dataclasses.replace(self, time="auto", interval=interval)

    def start(self, problem: Problem, moving: Params, fixed: Params) -> FlowState:
        """Loss and gradient at the start, and a cautious first step."""
        return FlowState(
            evaluate(problem, moving, fixed), 0.1 * jnp.asarray(self.interval), jnp.asarray(True)
        )

    def step(
        self,
        problem: Problem,
        moving: Params,
        fixed: Params,
        state: FlowState,
        *,
        step: Int[Array, ""],
        key: PRNGKeyArray,
    ) -> tuple[Params, FlowState]:
        """Follow the flow up to the next record."""
        import diffrax  # takes a second, which other methods need not wait for

        # The solver takes no empty containers, which stand for layers without parameters.
        leaves, structure = jax.tree.flatten(moving)

        def velocity(time: Float[Array, ""], leaves: list, args: None) -> list:
            part = jax.tree.unflatten(structure, leaves)
            return [-leaf for leaf in jax.tree.leaves(evaluate(problem, part, fixed).gradient)]

        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(velocity),
            diffrax.Tsit5() if self.solver is None else self.solver,
            t0=0.0,
            t1=self.interval,
            dt0=state.guess,
            y0=leaves,
            stepsize_controller=diffrax.PIDController(rtol=self.rtol, atol=self.atol),
            max_steps=self.max_steps,
            throw=False,
        )
        moving = jax.tree.unflatten(structure, [leaf[0] for leaf in solution.ys])
        # The mean of the last steps, from where the controller goes on.
        guess = self.interval / jnp.maximum(solution.stats["num_accepted_steps"], 1)
        succeeded = solution.result == diffrax.RESULTS.successful
        return moving, FlowState(
            evaluate(problem, moving, fixed), guess.astype(state.guess.dtype), succeeded
        )

    def evaluation(self, state: FlowState) -> Evaluation:
        """Loss and gradient at the record."""
        return state.evaluation

    def healthy(self, state: FlowState) -> Bool[Array, ""]:
        """Whether the integrator reached the record."""
        return state.succeeded

    def complaint(self, problem: Problem, params: Params) -> str:
        """The integrator gave up; why, in terms of stiffness."""
        sharpness = loss_smoothness(problem, "GradientFlow()") * gram_largest(problem, params)
        return (
            f"the integrator did not reach the next record with max_steps={self.max_steps}: an "
            f"explicit solver needs about {sharpness * self.clock / 3:.3g} steps for the time "
            f"{self.clock:.3g} between two records, where the largest curvature is "
            f"{sharpness:.3g}. Record more often (a shorter `interval`), raise `max_steps`, or "
            "for at most a few thousand parameters pass solver=diffrax.Kvaerno5()"
        )

    def flops(self, problem: Problem, params: Params) -> float:
        """A record takes one step of a fifth-order solver at least."""
        return 8 * gradient_flops(params, problem.samples)
