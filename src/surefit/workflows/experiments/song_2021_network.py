r"""The network of teacher and students of Song et al. (2021), and how it is trained."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from surefit.activations import Activation
from surefit.core.layer import Params
from surefit.core.trajectory import Status, Trajectory
from surefit.layers import Dense, Serial
from surefit.models import initial_scales
from surefit.problem import Problem
from surefit.runs.experiments import Song2021Spec
from surefit.training import Monitor, StochasticGradientDescent, train
from surefit.workflows.listener import Listener

__all__ = ["at_ratio", "descend", "one_hot", "song_2021_network", "steps_per_epoch"]

# So many points of the curves.
_POINTS = 30


def song_2021_network(
    spec: Song2021Spec, inputs: int, outputs: int, activation: Activation
) -> Serial:
    r"""$V\phi(Wx)$ with He's scales, and with biases if asked for."""
    hidden, outer = initial_scales("he", spec.width, inputs)
    # The variance of the uniform distribution on +- 1/sqrt(fan-in), PyTorch's default.
    biases = (1.0 / math.sqrt(3.0 * inputs), 1.0 / math.sqrt(3.0 * spec.width))
    first, second = biases if spec.biases else (None, None)
    return Serial(
        Dense(spec.width, hidden, first, parameterisation="unscaled"),
        activation,
        Dense(outputs, outer, second, parameterisation="unscaled"),
    )


def at_ratio(params: Params, ratio: float) -> Params:
    r"""The start with $\omega_1$ divided and $\omega_2$ multiplied by `ratio`; biases stay."""
    hidden, activation, output = params
    return (
        {**hidden, "w": hidden["w"] / ratio},
        activation,
        {**output, "w": output["w"] * ratio},
    )


def steps_per_epoch(spec: Song2021Spec) -> int:
    """How many batches pass over the samples."""
    return math.ceil(spec.samples / min(spec.batch_size, spec.samples))


def descend(
    spec: Song2021Spec,
    problem: Problem,
    start: Params,
    step_size: float,
    seed: int,
    monitors: list[Monitor | str],
    checkpoint: Path,
    listener: Listener,
) -> tuple[Params, Trajectory] | None:
    r"""Stochastic gradient descent for all epochs, in float32; None if interrupted.

    Args:
        spec: epochs and size of the batches.
        problem: network, loss and data.
        start: the initial parameters.
        step_size: $\eta$.
        seed: of the batches.
        monitors: what to measure.
        checkpoint: where an unfinished run is kept.
        listener: hears of progress.
    """
    method = StochasticGradientDescent(
        step_size=step_size, batch_size=min(spec.batch_size, problem.samples)
    )
    steps = spec.epochs * steps_per_epoch(spec)
    params, trajectory = train(
        problem,
        start,
        method,
        steps=steps,
        monitors=monitors,
        every=max(1, steps // _POINTS),
        seed=seed,
        precision="float32",
        checkpoint=checkpoint,
        progress=listener.training,
    )
    return None if trajectory.status is Status.INTERRUPTED else (params, trajectory)


def one_hot(classes: Int[np.ndarray, " n"], count: int) -> Float[np.ndarray, "n k"]:
    """1 at the class, 0 elsewhere."""
    return np.eye(count)[classes]
