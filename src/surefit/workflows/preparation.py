"""From a spec to a problem that is ready to be trained."""

from __future__ import annotations

import dataclasses
import math

import jax
import numpy as np
from jaxtyping import Float64

from surefit import data
from surefit.core.layer import Layer, Params
from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError
from surefit.losses import LOSSES, Loss
from surefit.problem import Problem
from surefit.runs import CertifySpec
from surefit.workflows.deep_networks import DEEP, image_shape
from surefit.workflows.large import LARGEST
from surefit.workflows.networks import build_network
from surefit.workflows.sources import load_source

__all__ = ["Bench", "bytes_needed", "prepare_bench", "prepare_data"]


@dataclasses.dataclass(frozen=True)
class Bench:
    """Everything that a run works on.

    Args:
        spec: what was asked.
        prepared: the data with its checks and facts.
        problem: network, loss and data.
        params: the initial parameters.
        method: the catalogue name of the training method, chosen where the spec leaves it open.
        large: whether the Gram matrix of all residuals is too large for its spectrum.
    """

    spec: CertifySpec
    prepared: data.PreparedData
    problem: Problem
    params: Params
    method: str
    large: bool = False


def prepare_bench(spec: CertifySpec) -> Bench:
    """Load and prepare the data, build the network and draw its initial parameters.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable.
        MemoryLimitError: the run would not fit into memory; nothing was allocated yet.
        StorageError: a data file cannot be read.
    """
    loss = LOSSES[spec.loss]()
    prepared, network = _prepare(spec, loss)
    many, large = _many(prepared), _large(spec, prepared)
    _require_memory(network, prepared, large)
    problem = Problem(network, prepared.x, prepared.y, loss)
    method = ("sgd" if many else "gradient_descent") if spec.method == "auto" else spec.method
    return Bench(spec, prepared, problem, problem.init(spec.seed), method, large)


def bytes_needed(spec: CertifySpec) -> int:
    """Bytes that the run will allocate at most; its data are loaded for that.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable.
        StorageError: a data file cannot be read.
    """
    prepared, network = _prepare(spec, LOSSES[spec.loss]())
    return _memory(network, prepared, _large(spec, prepared))[0]


def prepare_data(spec: CertifySpec) -> data.PreparedData:
    """Load and prepare the data, in the shape that the network takes them in.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable.
        StorageError: a data file cannot be read.
    """
    return _prepare_data(spec, LOSSES[spec.loss]())


def _prepare_data(spec: CertifySpec, loss: Loss) -> data.PreparedData:
    labels = _coding(spec, loss)
    prepared = data.prepare(
        load_source(spec, labels, images=spec.network == "cnn"),
        steps=spec.preprocess,
        classes=spec.classes,
        samples=spec.samples,
        samples_per_class=spec.samples_per_class,
        labels=labels,
        noise=spec.noise,
        seed=spec.seed,
    )
    return dataclasses.replace(prepared, x=_inputs(spec, prepared))


def _prepare(spec: CertifySpec, loss: Loss) -> tuple[data.PreparedData, Layer]:
    prepared = _prepare_data(spec, loss)
    shape = prepared.x.shape[1:]
    return prepared, build_network(spec, prepared.y.shape[1], prepared.vectors.shape[1], shape)


def _many(prepared: data.PreparedData) -> bool:
    return prepared.y.size > LARGEST


def _large(spec: CertifySpec, prepared: data.PreparedData) -> bool:
    # Other networks have certificates, which are made of that spectrum: they wait for it.
    return _many(prepared) and spec.network in DEEP


def _inputs(spec: CertifySpec, prepared: data.PreparedData) -> Float64[np.ndarray, "n ..."]:
    """Examples in the shape that the network takes: images with channels, or vectors."""
    if spec.network == "cnn":
        return prepared.x.reshape(len(prepared.x), *image_shape(prepared.x.shape[1:]))
    return prepared.vectors


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


def _memory(network: Layer, prepared: data.PreparedData, large: bool) -> tuple[int, int]:
    """Bytes of a run at most, and its number of parameters."""
    n, k = prepared.y.shape
    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), prepared.x.shape[1:]))
    sizes = [math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes)]
    hidden = sum(leaf.shape[0] for leaf in jax.tree.leaves(shapes) if leaf.ndim)
    # Gram matrices at start and end, a limit kernel, and the work space of an eigenvalue solver;
    # parameters, gradient, start and best; activations of one forward and backward pass.
    # Of large problems the kernel of one output, and the basis of the Lanczos method.
    gram = 8 * n**2 * 8 + 8 * n * k * 100 if large else 8 * (n * k) ** 2 * 8
    weights, passes = 8 * sum(sizes) * 6, 8 * n * hidden * (4 + k)
    return gram + weights + passes, sum(sizes)


def _require_memory(network: Layer, prepared: data.PreparedData, large: bool) -> None:
    """Predict the bytes of a run before anything of that size is allocated."""
    n, k = prepared.y.shape
    needed, parameters = _memory(network, prepared, large)
    require_bytes(
        needed,
        f"a run on {n} samples with {k} outputs and {parameters} parameters "
        f"(Gram matrices of {n if large else n * k} rows)",
        "Use fewer samples (--samples), fewer classes (--classes) or a smaller --width.",
    )
