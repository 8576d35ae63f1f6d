"""The fields of a spec that say how parameters move."""

from __future__ import annotations

from surefit.runs.deep_fields import DeepFields
from surefit.runs.options import AtLeastOne, Name, StepSize, option

__all__ = ["DescentFields"]


class DescentFields(DeepFields):
    """The loss, and the steps that are made on it."""

    loss: Name = option(
        "half_squared",
        "The loss (`surefit list`); the theorems are mostly about the squared loss.",
        "be the name of a loss",
        '"half_squared"',
    )
    method: Name = option(
        "gradient_descent",
        "The training method (`surefit list`), or `auto`: `gradient_descent` up to 4000 residuals "
        "(samples times outputs), `sgd` beyond, where a step on all samples costs much more than "
        "it brings. The deep networks `fc`, `cnn` and `resnet` have `auto` if it is left out.",
        "be the name of a method or `auto`",
        '"gradient_descent"',
    )
    step_size: StepSize = option(
        "auto",
        "The step size (learning rate). `auto` takes it from the largest eigenvalue of the "
        "empirical Gram matrix at the start, where descent is stable.",
        'be a finite number above 0, or "auto"',
        '"auto"',
    )
    batch_size: AtLeastOne | None = option(
        None,
        'Samples per step, for `method = "sgd"` only. Unset: the method\'s own choice.',
        "be a whole number of at least 1",
        "32",
    )
