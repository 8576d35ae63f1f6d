"""What a kernel run says in words: its title, its facts and its verdict."""

from __future__ import annotations

from typing import Any

from surefit.core.kernel_record import KernelOutcome
from surefit.runs.kernel_spec import KernelSpec
from surefit.workflows.kernels.samples import Samples

__all__ = ["facts", "title", "verdict"]

_NAMES = {"fc": "fully connected", "cnn": "convolutional", "resnet": "residual"}
# A share of the squared targets below this is rounding.
_NOTHING = 1e-12


def title(spec: KernelSpec) -> str:
    """Data and network in a few words."""
    kind = _NAMES.get(spec.network, spec.network)
    depth = "" if spec.network in ("shallow", "implicit") else f", depth {spec.depth}"
    return f"Kernels of a {kind} {spec.activation} network{depth}, on {spec.data}"


def facts(spec: KernelSpec, samples: Samples) -> dict[str, Any]:
    """Of data and network, each a number or a short text."""
    prepared = samples.prepared
    found: dict[str, Any] = {
        "data": prepared.description,
        "training_samples": len(samples.x),
        "test_samples": 0 if samples.x_test is None else len(samples.x_test),
        "inputs": int(prepared.vectors.shape[1]),
        "outputs": int(prepared.y.shape[1]),
        "network": spec.network,
        "activation": spec.activation,
        "depth": spec.depth,
    }
    for name in ("tau", "window", "pooling", "gamma"):
        if (value := getattr(spec, name)) is not None:
            found[name] = value
    return {**found, "ridge": spec.ridge}


def verdict(spec: KernelSpec, kernels: tuple[KernelOutcome, ...]) -> tuple[str, bool | None]:
    """(sentence, holds): whether descent at infinite width fits the training samples."""
    first = kernels[0]
    name = "NTK" if first.name == "ntk" else "NNGP kernel, last layer trained"
    if first.status == "indefinite":
        return f"Cannot say. {first.message}", None
    fits = first.status == "positive_definite" or first.unlearnable <= _NOTHING
    if fits:
        sentence = (
            "At infinite width gradient descent fits the training samples: the smallest eigenvalue "
            f"of the {name} is {first.smallest:.3g}."
        )
    else:
        sentence = (
            "At infinite width gradient descent does not fit the training samples: "
            f"{first.unlearnable:.2g} of the squared targets lie where the {name} vanishes. "
            f"{first.message}"
        )
    if spec.ridge > 0.0:
        sentence += f" With the ridge {spec.ridge:g} it ends before an exact fit."
    hundredth = next(steps for share, steps, _ in first.goals if share == 0.01)
    if hundredth is not None:
        sentence += f" The loss falls to a hundredth in {hundredth} steps of size "
        sentence += f"{first.step_size:.3g}."
    parts = []
    for kernel in kernels:
        scores = kernel.scores
        own = "NTK" if kernel.name == "ntk" else "NNGP"
        if "test_accuracy" in scores:
            parts.append(f"{scores['test_accuracy']:.1%} ({own})")
        elif "test_rmse" in scores and "train_accuracy" not in scores:
            parts.append(f"{scores['test_rmse']:.3g} ({own})")
    if parts:
        what = "Test accuracy" if "test_accuracy" in first.scores else "Test RMSE"
        sentence += f" {what}: {', '.join(parts)}."
    return sentence, fits
