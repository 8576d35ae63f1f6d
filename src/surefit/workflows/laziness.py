r"""Lazy or not: the network trained beside its linearisation, with the gap between both."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Array, Float

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.errors import InvalidInputError
from surefit.linearisation import linearised
from surefit.problem import Problem
from surefit.theory.structure import structure_of
from surefit.training import GradientDescent, Method, Monitor, View, train

__all__ = ["Lazy", "lazy", "scale_ratio"]

WATCHED = ("lazy_gap", "kernel_drift", "distance")


@dataclasses.dataclass(frozen=True)
class _Outputs(Monitor):
    """All outputs on the data, to be compared between two runs."""

    title = "outputs"
    name = "outputs"

    def measure(self, carry: tuple, view: View) -> Float[Array, " nk"]:
        return view.outputs.reshape(-1)


@dataclasses.dataclass(frozen=True)
class Lazy:
    r"""The network and its linearisation, trained from the same start by the same method.

    Args:
        loss_gap: $|h(\theta_k) - h(\tilde\theta_k)|$ over time, $h$ the loss.
        output_gap: $\|f(\theta_k) - \tilde f(\tilde\theta_k)\|$ over time.
        network: the run of the network, with `lazy_gap` (at the network's own parameters),
            `kernel_drift` and `distance`.
        linear: the run of the linearisation.
        scale_ratio: $\omega_2/\omega_1$; None where the network is not $V\phi(Wx)$.
        checks: the largest gap and the largest drift, each against the tolerance.
        verdict: one sentence.
    """

    loss_gap: Series
    output_gap: Series
    network: Trajectory
    linear: Trajectory
    scale_ratio: float | None
    checks: tuple[Check, ...]
    verdict: str

    @property
    def holds(self) -> bool | None:
        """Whether the run was lazy; None where that cannot be said."""
        verdicts = [check.holds for check in self.checks]
        if any(verdict is False for verdict in verdicts):
            return False
        return None if any(verdict is None for verdict in verdicts) else True


@float64
def lazy(
    problem: Problem,
    params: Params,
    method: Method | None = None,
    *,
    steps: int = 1000,
    every: int | None = None,
    tolerance: float = 0.1,
    seed: int = 0,
) -> Lazy:
    r"""Train the network and its linearisation from `params` and compare them at every time.

    A run is called lazy here if along it $\|f - \tilde f\| \le \varepsilon\|r_0\|$ and the tangent
    kernel moves by at most the share $\varepsilon$ of its norm. It is a statement about this run.

    Args:
        problem: network, loss and data.
        params: the start of both.
        method: how both move, with the same step and the same batches; None: gradient descent with
            the automatic step.
        steps: how many steps both make.
        every: compare every so many steps; None: densely at first, then ever more rarely.
        tolerance: $\varepsilon$.
        seed: of everything random in the method.

    Returns:
        Gaps, both runs, and the verdict.

    Raises:
        InvalidInputError: the tolerance is not positive, or an argument does not suit `train`.

    Cost:
        About three times a run of the network, and one Gram matrix per measurement of its drift.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training; Song et al. (2021), arXiv 2111.01875,
        section on lazy training, for $\omega_2/\omega_1$.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> problem = sf.Problem(sf.models.shallow(4096), np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> sf.workflows.lazy(problem, problem.init(0), steps=50).holds
        True
    """
    if not 0.0 < tolerance < math.inf:
        raise InvalidInputError(
            f"`lazy(tolerance=...)` must be positive and finite. Got {tolerance}. No network of "
            "finite width equals its linearisation along a run. Pass 0.1, say."
        )
    # Settled once: both runs make the same steps, whatever rounding does to an eigenvalue.
    method = (method if method is not None else GradientDescent()).settle(problem, params, steps)
    linear, anchored = linearised(problem, params)
    options = {"steps": steps, "every": every, "seed": seed}
    _, network_run = train(problem, params, method, monitors=[_Outputs(), *WATCHED], **options)
    _, linear_run = train(linear, anchored, method, monitors=[_Outputs()], **options)
    return _compared(problem, params, network_run, linear_run, tolerance)


def _compared(
    problem: Problem, params: Params, network: Trajectory, linear: Trajectory, tolerance: float
) -> Lazy:
    gap = _difference(network["outputs"], linear["outputs"])
    output_gap = Series(gap.times, np.linalg.norm(gap.values, axis=1))
    loss_gap = _difference(network["loss"], linear["loss"])
    start = float(np.linalg.norm(np.asarray(problem.residual(params))))
    diverged = Status.DIVERGED in (network.status, linear.status)
    checks = _checks(output_gap, network["kernel_drift"], start, tolerance, diverged)
    ratio = scale_ratio(problem, params)
    return Lazy(
        loss_gap=Series(loss_gap.times, np.abs(loss_gap.values)),
        output_gap=output_gap,
        network=_without_outputs(network),
        linear=_without_outputs(linear),
        scale_ratio=ratio,
        checks=checks,
        verdict=_verdict(checks, ratio, diverged),
    )


def _checks(
    gap: Series, drift: Series, start: float, tolerance: float, diverged: bool
) -> tuple[Check, ...]:
    names = "largest ||f - f_lin|| / ||r_0||", "largest ||K - K_0|| / ||K_0||"
    if diverged:
        return tuple(Check.undecided(name, "one of the two runs diverged") for name in names)
    shares = np.asarray(gap.values) / start if start > 0.0 else np.zeros_like(gap.values)
    found = []
    for name, times, values in zip(
        names, (gap.times, drift.times), (shares, np.asarray(drift.values)), strict=True
    ):
        worst = int(np.argmax(values))
        note = f"at {times[worst]:.6g}; a linear network has 0"
        found.append(Check(name, float(values[worst]), tolerance, note=note))
    return tuple(found)


def _verdict(checks: tuple[Check, ...], ratio: float | None, diverged: bool) -> str:
    if diverged:
        return "Cannot say: one of the two runs diverged. Take a smaller step."
    gap, drift = checks
    is_lazy = gap.holds and drift.holds
    sentence = (
        f"{'Lazy' if is_lazy else 'Not lazy'}: the outputs left those of the linearised network by "
        f"up to {gap.value:.3g} of the first residual and the tangent kernel moved by up to "
        f"{drift.value:.3g} (at most {gap.bound:g} each counts as lazy)."
    )
    if ratio is None:
        return sentence
    return (
        f"{sentence} omega_2 / omega_1 = {ratio:.3g}: the gap vanishes where this ratio tends to "
        "0, and only where it tends to infinity can it stay; a single value decides nothing."
    )


def scale_ratio(problem: Problem, params: Params) -> float | None:
    r"""$\omega_2/\omega_1$, the scales of output and hidden weights of $V\phi(Wx)$ at the start.

    Args:
        problem: network and data.
        params: its parameters.

    Returns:
        The ratio of the two standard deviations; None for other networks and for layers that
        multiply their weights by a factor, which changes how fast they move.
    """
    two = structure_of(problem.network, params, problem.x.shape[1:]).two_layer
    if two is None or two.hidden_scale != 1.0 or two.output.scales(two.width)[0] != 1.0:
        return None
    return two.output.scales(two.width)[1] / two.weight_std


def _difference(first: Series, second: Series) -> Series:
    """First minus second at the times that both have."""
    times, i, j = np.intersect1d(first.times, second.times, return_indices=True)
    return Series(times, np.asarray(first.values)[i] - np.asarray(second.values)[j])


def _without_outputs(run: Trajectory) -> Trajectory:
    kept = {name: series for name, series in run.series.items() if name != "outputs"}
    return dataclasses.replace(run, series=kept)
