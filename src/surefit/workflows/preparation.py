"""From a spec to a problem that is ready to be trained."""

from __future__ import annotations

import dataclasses
import math

import jax

from surefit import data
from surefit.core.layer import Params
from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError
from surefit.losses import LOSSES, Loss
from surefit.problem import Problem
from surefit.runs import CertifySpec
from surefit.workflows.networks import build_network

__all__ = ["Bench", "prepare_bench"]


@dataclasses.dataclass(frozen=True)
class Bench:
    """Everything that a run works on.

    Args:
        spec: what was asked.
        prepared: the data with its checks and facts.
        problem: network, loss and data.
        params: the initial parameters.
    """

    spec: CertifySpec
    prepared: data.PreparedData
    problem: Problem
    params: Params


def prepare_bench(spec: CertifySpec) -> Bench:
    """Load and prepare the data, build the network and draw its initial parameters.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable.
        MemoryLimitError: the run would not fit into memory; nothing was allocated yet.
        StorageError: a data file cannot be read.
    """
    loss = LOSSES[spec.loss]()
    prepared = data.prepare(
        data.load(spec.data),
        steps=spec.preprocess,
        classes=spec.classes,
        samples=spec.samples,
        samples_per_class=spec.samples_per_class,
        labels=_coding(spec, loss),
        noise=spec.noise,
        seed=spec.seed,
    )
    network = build_network(spec, prepared.y.shape[1], prepared.vectors.shape[1])
    _require_memory(network, prepared)
    problem = Problem(network, prepared.x, prepared.y, loss)
    return Bench(spec, prepared, problem, problem.init(spec.seed))


def _coding(spec: CertifySpec, loss: Loss) -> str:
    """The label coding: what was asked for, or what the loss is made for."""
    if loss.coding is None or spec.labels == loss.coding:
        return spec.labels
    if spec.labels == "auto":
        return loss.coding
    raise InvalidInputError(
        f"`labels` must be {loss.coding!r} for loss {spec.loss!r}. Got {spec.labels!r}. The loss "
        "compares outputs with classes in this coding only. Leave labels out, or choose a squared "
        "loss, which takes any numbers."
    )


def _require_memory(network, prepared: data.PreparedData) -> None:
    """Predict the bytes of a run before anything of that size is allocated."""
    n, k = prepared.y.shape
    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), prepared.x.shape[1:]))
    sizes = [math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes)]
    hidden = sum(leaf.shape[0] for leaf in jax.tree.leaves(shapes) if leaf.ndim)
    # Gram matrices at start and end, a limit kernel, and the work space of an eigenvalue solver;
    # parameters, gradient, start and best; activations of one forward and backward pass.
    gram, weights, passes = 8 * (n * k) ** 2 * 8, 8 * sum(sizes) * 6, 8 * n * hidden * (4 + k)
    require_bytes(
        gram + weights + passes,
        f"a run on {n} samples with {k} outputs and {sum(sizes)} parameters "
        f"(Gram matrices of {n * k} rows)",
        "Use fewer samples (--samples), fewer classes (--classes) or a smaller --width.",
    )
